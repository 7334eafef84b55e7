//! Why the embedded chain does not open, or does not go on.

use std::path::PathBuf;

use alloy::primitives::B256;

/// Why the embedded chain does not open, or does not go on.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The journal's file.
    #[error("[SH-STL-101] cannot {action} the chain's journal {}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Two processes would each write blocks that the other does not know.
    #[error("[SH-STL-102] the chain's journal {} is in use by another process", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Not a journal, or of a chain with another beginning.
    #[error("[SH-STL-103] {} is no journal of this chain: expected it to begin with {expected}, got {got}", path.display())]
    OtherGenesis {
        /// The file.
        path: PathBuf,
        /// Of this chain.
        expected: String,
        /// In the file.
        got: String,
    },
    /// A record before the last is not what was written: nothing after it can be believed.
    #[error("[SH-STL-104] the chain's journal {} is damaged at byte {offset}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the record begins.
        offset: u64,
    },
    /// Executing the journal gives another block than when it was written.
    #[error("[SH-STL-105] block {number} replays differently: expected {expected}, got {got}")]
    Replay {
        /// The block.
        number: u64,
        /// In the journal.
        expected: B256,
        /// When executed.
        got: B256,
    },
    /// The transaction cannot be in a block now.
    #[error("[SH-STL-106] transaction cannot be mined: {why}")]
    Transaction {
        /// The EVM's words.
        why: String,
    },
}

impl EmbeddedError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "SH-STL-101",
            Self::InUse { .. } => "SH-STL-102",
            Self::OtherGenesis { .. } => "SH-STL-103",
            Self::Damaged { .. } => "SH-STL-104",
            Self::Replay { .. } => "SH-STL-105",
            Self::Transaction { .. } => "SH-STL-106",
        }
    }
}

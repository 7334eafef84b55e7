//! Why a poster cannot start or go on. That a chain is slow, dear or silent is no error: the poster waits.

use alloy::primitives::Address;

use super::store::StoreError;
use crate::rpc::RpcError;

/// Why a poster cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum PosterError {
    /// Not a name of a chain.
    #[error("[SH-STL-401] name of a chain: expected 1 to 32 of a-z, 0-9 and -, got {got:?}")]
    ChainName {
        /// What was given, cut.
        got: String,
    },
    /// A value of the configuration is out of its range.
    #[error("[SH-STL-402] {key}: expected {expected}, got {got}")]
    Config {
        /// Which value.
        key: &'static str,
        /// Its range.
        expected: String,
        /// What was given.
        got: String,
    },
    /// An endpoint is on another chain than the configuration says.
    #[error(transparent)]
    Endpoint(#[from] RpcError),
    /// The key is for another chain, and signs for no other.
    #[error("[SH-STL-403] key {signer} signs for chain {expected} alone, not for chain {got}")]
    KeyChain {
        /// Whose key.
        signer: Address,
        /// The key's chain.
        expected: u64,
        /// The chain asked for.
        got: u64,
    },
    /// The key does not sign.
    #[error("[SH-STL-404] cannot sign: {why}")]
    Signing {
        /// Why not.
        why: String,
    },
    /// There is no key in the environment.
    #[error("[SH-STL-405] environment variable {variable} is not set, or not text")]
    KeyMissing {
        /// Its name.
        variable: String,
    },
    /// What should be a key is none. Says nothing of it.
    #[error(
        "[SH-STL-406] {origin} holds no key: expected 32 bytes in hexadecimal digits, below the group order"
    )]
    KeyMalformed {
        /// Where it was read.
        origin: String,
    },
    /// The keystore or its password file cannot be read.
    #[error("[SH-STL-407] cannot read {path}")]
    KeyFile {
        /// The file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The keystore does not open.
    #[error("[SH-STL-408] keystore {path} does not open: not a keystore, or another password")]
    Keystore {
        /// The file.
        path: String,
    },
    /// Nobody but its owner may read a file with a secret in it.
    #[error("[SH-STL-409] {path} can be read by others: expected mode 0600 or 0400, got {mode:04o}")]
    KeyFileMode {
        /// The file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// A posting is for a registry or chain other than this poster's.
    #[error("[SH-STL-410] posting is for {what} {expected}, and this poster is configured for {got}")]
    OtherTarget {
        /// What differs.
        what: &'static str,
        /// The posting's.
        expected: String,
        /// The poster's.
        got: String,
    },
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PosterError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ChainName { .. } => "SH-STL-401",
            Self::Config { .. } => "SH-STL-402",
            Self::Endpoint(error) => error.code(),
            Self::KeyChain { .. } => "SH-STL-403",
            Self::Signing { .. } => "SH-STL-404",
            Self::KeyMissing { .. } => "SH-STL-405",
            Self::KeyMalformed { .. } => "SH-STL-406",
            Self::KeyFile { .. } => "SH-STL-407",
            Self::Keystore { .. } => "SH-STL-408",
            Self::KeyFileMode { .. } => "SH-STL-409",
            Self::OtherTarget { .. } => "SH-STL-410",
            Self::Store(error) => error.code(),
        }
    }
}

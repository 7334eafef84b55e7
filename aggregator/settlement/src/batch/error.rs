//! Why bytes are no batch.

use super::MAX_LEAVES;

/// Why bytes, or parts, are no batch: the first thing that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// Shorter or longer than the runs say.
    #[error("[SH-STL-001] wrong length of a batch: expected {expected} bytes, got {got}")]
    Length {
        /// Bytes that a batch with these runs has, or the least a batch can have.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// More runs than a batch can have leaves.
    #[error("[SH-STL-002] too many runs: expected at most {MAX_LEAVES}, got {got}")]
    RunCount {
        /// Runs given.
        got: usize,
    },
    /// A run of nothing would be a second spelling of the batch without it.
    #[error("[SH-STL-003] run {index} is empty")]
    EmptyRun {
        /// Position of the run.
        index: usize,
    },
    /// No leaves, or too many.
    #[error("[SH-STL-004] number of leaves: expected 1 to {MAX_LEAVES}, got {got}")]
    LeafCount {
        /// Leaves that the runs count.
        got: u64,
    },
    /// The runs count another number of leaves than there are digests.
    #[error("[SH-STL-005] number of digests: expected {expected} as the runs count, got {got}")]
    DigestCount {
        /// Counted by the runs.
        expected: u64,
        /// Digests given.
        got: usize,
    },
    /// A part of it is at or above the Goldilocks modulus, so that it spells an element that has another spelling.
    #[error("[SH-STL-006] {what} {index} is not canonical: expected four numbers below 2^64 - 2^32 + 1")]
    NotCanonical {
        /// Which kind of value.
        what: &'static str,
        /// Position of the run or digest.
        index: usize,
    },
    /// No such leaf.
    #[error("[SH-STL-007] leaf index: expected below {leaves}, got {got}")]
    LeafIndex {
        /// Leaves of the tree.
        leaves: usize,
        /// Index asked for.
        got: usize,
    },
}

impl BatchError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "SH-STL-001",
            Self::RunCount { .. } => "SH-STL-002",
            Self::EmptyRun { .. } => "SH-STL-003",
            Self::LeafCount { .. } => "SH-STL-004",
            Self::DigestCount { .. } => "SH-STL-005",
            Self::NotCanonical { .. } => "SH-STL-006",
            Self::LeafIndex { .. } => "SH-STL-007",
        }
    }
}

//! Why there is no list of these statements.

use sheaf_plonky2::hash::Digest;
use sheaf_statement::{ProofSystem, StatementError, StatementId, VkDigest};

/// Why statements cannot be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// Nothing to list, or too much.
    #[error("[SH-LST-001] statements in a list: expected 1 to {expected}, got {got}")]
    Size {
        /// The list's capacity.
        expected: usize,
        /// Statements given.
        got: usize,
    },
    /// The statement is of a proof system that has no leaf circuit.
    #[error("[SH-LST-002] statement {id} is of proof system {got}, which is not proven in batches")]
    System {
        /// The statement's id.
        id: StatementId,
        /// Its system.
        got: ProofSystem,
    },
    /// The statement's public inputs are not field elements.
    #[error("[SH-LST-003] public inputs of statement {id} refused: {source}")]
    PublicInputs {
        /// The statement's id.
        id: StatementId,
        /// What is wrong with them.
        source: StatementError,
    },
    /// The program's key and leaf circuit do not hash to the statement's vk.
    #[error("[SH-LST-004] program does not belong to statement {id}: expected vk {expected}, got {got}")]
    VkMismatch {
        /// The statement's id.
        id: StatementId,
        /// In the statement.
        expected: VkDigest,
        /// Of the keys.
        got: VkDigest,
    },
    /// A path with more steps than any batch has.
    #[error("[SH-LST-005] path of entry {index} too long: expected at most {expected} steps, got {got}")]
    PathLength {
        /// Which of the entries given.
        index: usize,
        /// Most steps on that side of the leaf.
        expected: usize,
        /// Steps in the path.
        got: usize,
    },
    /// A path leads elsewhere than to the batch.
    #[error(
        "[SH-LST-006] path at place {position} does not lead to the batch: expected {expected}, got {got}"
    )]
    Path {
        /// Place in the list.
        position: usize,
        /// The batch digest.
        expected: Digest,
        /// Where the path leads.
        got: Digest,
    },
    /// A coordinate that does not fit a contract's public input.
    #[error("[SH-LST-007] coordinate of the evaluation point: expected below 2^60, got {got:#x}")]
    Point {
        /// The coordinate.
        got: u64,
    },
}

impl ListingError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ListingError::Size { .. } => "SH-LST-001",
            ListingError::System { .. } => "SH-LST-002",
            ListingError::PublicInputs { .. } => "SH-LST-003",
            ListingError::VkMismatch { .. } => "SH-LST-004",
            ListingError::PathLength { .. } => "SH-LST-005",
            ListingError::Path { .. } => "SH-LST-006",
            ListingError::Point { .. } => "SH-LST-007",
        }
    }
}

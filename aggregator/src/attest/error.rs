//! Why nothing is attested, or an attestation refused.

use sheaf_statement::{StatementId, TrustTier};

use super::{Address, KeccakDigest};
use crate::documents::DocumentError;
use crate::plan::MAX_BATCH;

/// Why statements cannot be attested, or an attestation is refused: the first thing that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum AttestError {
    /// Not an attestation.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The secret is zero, or not below the group order.
    #[error(
        "[SH-ATT-002] operator key refused: expected 32 bytes of a number from 1 to below the order of secp256k1"
    )]
    Key,
    /// Nothing to attest, or too much.
    #[error("[SH-ATT-003] batch size: expected 1 to {MAX_BATCH} statements, got {got}")]
    BatchSize {
        /// Statements given.
        got: usize,
    },
    /// A batch is a set.
    #[error("[SH-ATT-004] statement {id} is in the batch more than once")]
    Duplicate {
        /// The statement's id.
        id: StatementId,
    },
    /// The key gives no signature that the EVM takes. Happens with probability 2^-127.
    #[error("[SH-ATT-005] cannot sign this root with this key")]
    Signing,
    /// The id is not the statement's.
    #[error("[SH-ATT-010] statement id does not belong to the statement: expected {expected}, got {got}")]
    StatementId {
        /// Of the statement.
        expected: StatementId,
        /// In the attestation.
        got: StatementId,
    },
    /// An attestation proves nothing and may not say that it does.
    #[error("[SH-ATT-011] unsupported trust tier: expected attested, got {got}")]
    TrustTier {
        /// In the attestation.
        got: TrustTier,
    },
    /// No batch has so many statements.
    #[error("[SH-ATT-012] impossible count: expected 1 to {MAX_BATCH}, got {got}")]
    Count {
        /// In the attestation.
        got: u32,
    },
    /// A path longer than any in a batch of that count.
    #[error("[SH-ATT-013] path too long: expected at most {expected} steps, got {got}")]
    PathLength {
        /// For the count.
        expected: usize,
        /// In the attestation.
        got: usize,
    },
    /// The path leads elsewhere.
    #[error("[SH-ATT-014] path does not lead to the root: expected {expected}, got {got}")]
    Path {
        /// The root in the attestation.
        expected: KeccakDigest,
        /// Where the path leads.
        got: KeccakDigest,
    },
    /// The last byte of the signature is none of the EVM's.
    #[error("[SH-ATT-015] malformed signature: expected a v of 27 or 28, got {got}")]
    RecoveryByte {
        /// In the attestation.
        got: u8,
    },
    /// The other of the two signatures that anyone can make from one.
    #[error("[SH-ATT-016] malleable signature: expected an s of at most half the group order")]
    HighS,
    /// r or s is out of range, or belongs to no public key.
    #[error("[SH-ATT-017] signature is of no key")]
    NoSigner,
    /// Somebody signed, and not the operator that is named.
    #[error("[SH-ATT-018] signature is not the operator's: expected {expected}, got {got}")]
    Signer {
        /// The operator in the attestation.
        expected: Address,
        /// Who signed.
        got: Address,
    },
    /// The operator is another than the one the caller trusts.
    #[error("[SH-ATT-019] attestation is by another operator: expected {expected}, got {got}")]
    Operator {
        /// The caller's.
        expected: Address,
        /// In the attestation.
        got: Address,
    },
}

impl AttestError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            AttestError::Document(error) => error.code(),
            AttestError::Key => "SH-ATT-002",
            AttestError::BatchSize { .. } => "SH-ATT-003",
            AttestError::Duplicate { .. } => "SH-ATT-004",
            AttestError::Signing => "SH-ATT-005",
            AttestError::StatementId { .. } => "SH-ATT-010",
            AttestError::TrustTier { .. } => "SH-ATT-011",
            AttestError::Count { .. } => "SH-ATT-012",
            AttestError::PathLength { .. } => "SH-ATT-013",
            AttestError::Path { .. } => "SH-ATT-014",
            AttestError::RecoveryByte { .. } => "SH-ATT-015",
            AttestError::HighS => "SH-ATT-016",
            AttestError::NoSigner => "SH-ATT-017",
            AttestError::Signer { .. } => "SH-ATT-018",
            AttestError::Operator { .. } => "SH-ATT-019",
        }
    }
}

//! Verification of proof documents.
//!
//! Owns the order of the checks: form, key, statement against key, proof. Every byte of a document is hostile; what is
//! returned has been verified here, whatever the document's sender says. Does not own what to make of a statement under a
//! given key, or of a development setup; see the crate's documentation.

use sheaf_statement::{ProofSystem, Statement, VkDigest};
use thiserror::Error;

use crate::document::{DocumentError, ProofDocument, Setup};
use crate::encoding::EncodingError;
use crate::key::VerifyingKey;

/// What a document proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedProof {
    /// The statement, proven under its vk.
    pub statement: Statement,
    /// How the document says that the key came about.
    pub setup: Setup,
}

/// Why a proof is refused.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The bytes are not a document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The statement is of another proof system.
    #[error("[SH-G16-032] wrong proof system: expected {}, got {got}", ProofSystem::Groth16Bn254)]
    System {
        /// The statement's.
        got: ProofSystem,
    },
    /// The key's bytes are not a key.
    #[error(transparent)]
    Key(EncodingError),
    /// The key is not the one that the statement names.
    #[error("[SH-G16-033] key of another program: expected the digest {expected}, got {got}")]
    KeyDigest {
        /// The statement's vk.
        expected: VkDigest,
        /// The digest of the key.
        got: VkDigest,
    },
    /// The statement has more or fewer words than the key has inputs.
    #[error("[SH-G16-034] wrong number of public inputs: expected {expected}, got {got}")]
    InputCount {
        /// The key's number.
        expected: usize,
        /// The statement's number.
        got: usize,
    },
    /// The proof's bytes are not a proof.
    #[error(transparent)]
    Proof(EncodingError),
    /// The proof is not one of this statement.
    #[error("[SH-G16-035] proof does not verify for this key and these public inputs")]
    Equation,
}

impl VerifyError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Document(error) => error.code(),
            Self::System { .. } => "SH-G16-032",
            Self::Key(error) | Self::Proof(error) => error.code(),
            Self::KeyDigest { .. } => "SH-G16-033",
            Self::InputCount { .. } => "SH-G16-034",
            Self::Equation => "SH-G16-035",
        }
    }
}

/// Decodes and verifies a [`ProofDocument`].
///
/// Takes memory in proportion to the bytes, which are limited, and time in proportion to the number of public inputs.
///
/// # Errors
/// [`VerifyError`] for the first check that fails: the document's form, the statement's system, the key's form, its
/// digest, the number of public inputs, the proof's form, the pairing equation. That words are below r is part of a
/// statement's form.
pub fn verify_proof(bytes: &[u8]) -> Result<VerifiedProof, VerifyError> {
    let ProofDocument { version: _, statement, key, setup, proof } = ProofDocument::from_json(bytes)?;
    if statement.system() != ProofSystem::Groth16Bn254 {
        return Err(VerifyError::System { got: statement.system() });
    }
    let key = VerifyingKey::from_bytes(&key).map_err(VerifyError::Key)?;
    let (expected, got) = (statement.vk(), key.digest());
    if got != expected {
        return Err(VerifyError::KeyDigest { expected, got });
    }
    key.verify(statement.public_inputs(), &proof)?;
    Ok(VerifiedProof { statement, setup })
}

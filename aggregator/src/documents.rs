//! The JSON documents that cross Sheaf's border: proofs, aggregates, receipts.
//!
//! Decoding is strict: a size limit first, then exactly the fields below, each value in its one spelling (white space and
//! the order of fields are free, so that a document survives a database). Every field of a
//! receipt and of an aggregate is either checked by [`verify`](crate::verify) or covered by the aggregate's SHA-256, so
//! that no bit of either can change unnoticed.

use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use sheaf_embedded::{ProgramKey, Shape};
use sheaf_plonky2::Profile;
use sheaf_plonky2::hash::Digest;
use sheaf_statement::{Statement, StatementId, TrustTier};

use crate::tree::InclusionPath;

/// Largest document that is read, unless its kind says otherwise: room for the longest statement and the largest proof.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;

/// The format of a [`ProofDocument`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProofVersion {
    /// The first.
    #[serde(rename = "sheaf/proof/v1")]
    V1,
}

/// The format of an [`AggregateDocument`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AggregateVersion {
    /// The first.
    #[serde(rename = "sheaf/aggregate/v1")]
    V1,
}

/// The format of a [`ReceiptDocument`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReceiptVersion {
    /// The first.
    #[serde(rename = "sheaf/receipt/v1")]
    V1,
}

/// A proof of one statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofDocument {
    /// Format.
    pub version: ProofVersion,
    /// What is proven.
    pub statement: Statement,
    /// The key that the proof verifies with; together with the shape's leaf circuit it hashes to the statement's vk.
    pub program: ProgramKey,
    /// Canonical proof bytes, in base64.
    #[serde(with = "base64_bytes")]
    pub proof: Vec<u8>,
}

/// The one proof of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AggregateDocument {
    /// Format.
    pub version: AggregateVersion,
    /// The profile of its recursion circuits.
    pub profile: Profile,
    /// Digest of the root circuit's verifier key.
    pub root_key: Digest,
    /// The batch digest: root of the tree of statements, and the proof's public input.
    pub batch: Digest,
    /// The statements, in the order of their places in the tree.
    pub statements: Vec<StatementId>,
    /// Canonical proof bytes, in base64.
    #[serde(with = "base64_bytes")]
    pub proof: Vec<u8>,
}

/// The program of a receipt's statement, as far as the tree knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptProgram {
    /// The shape of its circuit.
    pub shape: Shape,
    /// Digest of its verifier key.
    pub key: Digest,
    /// Digest of the verifier key of the leaf circuit that verified it.
    pub leaf_key: Digest,
}

/// Which aggregate a receipt belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AggregateReference {
    /// SHA-256 of the aggregate document's bytes.
    pub sha256: Sha256Digest,
    /// Its batch digest.
    pub batch: Digest,
}

/// What a user keeps: the statement and how it hangs in a proven batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptDocument {
    /// Format.
    pub version: ReceiptVersion,
    /// Id of the statement.
    pub statement_id: StatementId,
    /// What is proven.
    pub statement: Statement,
    /// How far it is proven.
    pub trust_tier: TrustTier,
    /// The program.
    pub program: ReceiptProgram,
    /// Where the statement is in the batch.
    pub path: InclusionPath,
    /// The batch's aggregate.
    pub aggregate: AggregateReference,
}

/// Why bytes are not a document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// Larger than any document.
    #[error("[SH-DOC-001] {kind} too large: expected at most {MAX_DOCUMENT_BYTES} bytes, got {got}")]
    TooLarge {
        /// Which document was expected.
        kind: &'static str,
        /// Bytes given.
        got: usize,
    },
    /// Larger than documents of a kind that has a limit of its own.
    #[error("[SH-DOC-003] {kind} too large: expected at most {limit} bytes, got {got}")]
    OverLimit {
        /// Which document was expected.
        kind: &'static str,
        /// The kind's limit.
        limit: usize,
        /// Bytes given.
        got: usize,
    },
    /// Not JSON of this format.
    #[error("[SH-DOC-002] not a {kind}: {source}")]
    Malformed {
        /// Which document was expected.
        kind: &'static str,
        /// Where and why.
        source: serde_json::Error,
    },
}

impl DocumentError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            DocumentError::TooLarge { .. } => "SH-DOC-001",
            DocumentError::OverLimit { .. } => "SH-DOC-003",
            DocumentError::Malformed { .. } => "SH-DOC-002",
        }
    }
}

/// A kind of document.
pub trait Document: DeserializeOwned + Serialize {
    /// What messages call it.
    const KIND: &'static str;
    /// Most bytes that are read.
    const MAX_BYTES: usize = MAX_DOCUMENT_BYTES;

    /// Decodes a document.
    ///
    /// # Errors
    /// [`DocumentError`] if the bytes are too many, or not this kind of document.
    fn from_json(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > Self::MAX_BYTES {
            let (kind, got) = (Self::KIND, bytes.len());
            return Err(match Self::MAX_BYTES {
                MAX_DOCUMENT_BYTES => DocumentError::TooLarge { kind, got },
                limit => DocumentError::OverLimit { kind, limit, got },
            });
        }
        let malformed = |source| DocumentError::Malformed { kind: Self::KIND, source };
        let document: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        // serde also takes a list of a structure's fields in their order, which would be a second spelling.
        let given: serde_json::Value = serde_json::from_slice(bytes).map_err(malformed)?;
        if serde_json::to_value(&document).map_err(malformed)? != given {
            let source = serde::de::Error::custom("expected an object with the document's fields");
            return Err(malformed(source));
        }
        Ok(document)
    }

    /// Encodes the document, indented and with a final newline.
    ///
    /// # Panics
    /// Never: documents have string keys and no fallible serializers.
    fn to_json(&self) -> Vec<u8> {
        let mut bytes = match serde_json::to_vec_pretty(self) {
            Ok(bytes) => bytes,
            Err(error) => unreachable!("documents serialize: {error}"),
        };
        bytes.push(b'\n');
        bytes
    }
}

impl Document for ProofDocument {
    const KIND: &'static str = "proof document";
}

impl Document for AggregateDocument {
    const KIND: &'static str = "aggregate document";
}

impl Document for ReceiptDocument {
    const KIND: &'static str = "receipt";
}

/// The profile of a proof document, by its program's shape.
///
/// # Errors
/// [`DocumentError`] if the bytes are not a proof document.
pub fn profile_of_proof(bytes: &[u8]) -> Result<Profile, DocumentError> {
    Ok(ProofDocument::from_json(bytes)?.program.shape.profile)
}

/// A SHA-256 digest, written `0x` and 64 lower-case digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "sheaf_statement::Word", into = "sheaf_statement::Word")]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// The digest of bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl From<sheaf_statement::Word> for Sha256Digest {
    fn from(word: sheaf_statement::Word) -> Self {
        Self(*word.as_bytes())
    }
}

impl From<Sha256Digest> for sheaf_statement::Word {
    fn from(digest: Sha256Digest) -> Self {
        digest.0.into()
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&sheaf_statement::Word::from(*self), f)
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Bytes as standard base64 with padding; other spellings of the same bytes are refused.
pub(crate) mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}

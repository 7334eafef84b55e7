//! The JSON document that carries a proof across the border.
//!
//! Decoding is strict: a size limit first, then exactly the fields below, each value in its one spelling (white space and
//! the order of fields are free, so that a document survives a database). Owns the form; what is inside the key and the
//! proof is [`verify_proof`](crate::verify_proof)'s.

use serde::{Deserialize, Serialize};
use sheaf_statement::Statement;
use thiserror::Error;

/// Largest document that is read. Room for a statement and a key of [`MAX_PUBLIC_INPUTS`](crate::MAX_PUBLIC_INPUTS), which
/// a test checks.
pub const MAX_DOCUMENT_BYTES: usize = 8 << 20;

/// The format of a [`ProofDocument`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProofVersion {
    /// The first.
    #[serde(rename = "sheaf/groth16-proof/v1")]
    V1,
}

/// Who could know a key's trapdoor, as far as whoever hands out the key says.
///
/// A label and no proof: nothing in a key shows how it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Setup {
    /// One process drew the trapdoor. Whoever ran it could have kept it and could prove anything.
    Development,
}

/// A proof of one statement, with the key that it verifies under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofDocument {
    /// Format.
    pub version: ProofVersion,
    /// What is proven. Its system is Groth16 over BN254, its vk the digest of `key`.
    pub statement: Statement,
    /// Canonical bytes of the [`VerifyingKey`](crate::VerifyingKey), in base64.
    #[serde(with = "base64_bytes")]
    pub key: Vec<u8>,
    /// How the key came about.
    pub setup: Setup,
    /// Canonical bytes of the proof, in base64: A, B, C uncompressed, as EIP-197 has them.
    #[serde(with = "base64_bytes")]
    pub proof: Vec<u8>,
}

/// Why bytes are not a document.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// Larger than any document.
    #[error("[SH-G16-030] proof document too large: expected at most {MAX_DOCUMENT_BYTES} bytes, got {got}")]
    TooLarge {
        /// Bytes given.
        got: usize,
    },
    /// Not JSON of this format.
    #[error("[SH-G16-031] not a Groth16 proof document: {source}")]
    Malformed {
        /// Where and why.
        source: serde_json::Error,
    },
}

impl DocumentError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "SH-G16-030",
            Self::Malformed { .. } => "SH-G16-031",
        }
    }
}

impl ProofDocument {
    /// Decodes a document. Verifies nothing.
    ///
    /// # Errors
    /// [`DocumentError`] if the bytes are too many, or not a document of this kind.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > MAX_DOCUMENT_BYTES {
            return Err(DocumentError::TooLarge { got: bytes.len() });
        }
        let malformed = |source| DocumentError::Malformed { source };
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
    pub fn to_json(&self) -> Vec<u8> {
        let mut bytes = match serde_json::to_vec_pretty(self) {
            Ok(bytes) => bytes,
            Err(error) => unreachable!("documents have string keys and no fallible serialisers: {error}"),
        };
        bytes.push(b'\n');
        bytes
    }
}

/// Bytes as standard base64 with padding; other spellings of the same bytes are refused.
mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use sheaf_statement::{ProofSystem, Word};

    use super::*;
    use crate::MAX_PUBLIC_INPUTS;

    #[test]
    fn longest_statement_and_key_fit_a_document() {
        let words = vec![Word::from(u64::MAX); MAX_PUBLIC_INPUTS];
        let document = ProofDocument {
            version: ProofVersion::V1,
            statement: Statement::new(ProofSystem::Groth16Bn254, [7; 32].into(), words).unwrap(),
            key: vec![0; 542 + 64 * MAX_PUBLIC_INPUTS],
            setup: Setup::Development,
            proof: vec![0; crate::PROOF_BYTES],
        };
        let bytes = document.to_json();
        assert!(bytes.len() < MAX_DOCUMENT_BYTES, "{}", bytes.len());
        assert_eq!(ProofDocument::from_json(&bytes).unwrap(), document);
    }
}

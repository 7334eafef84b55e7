//! Why a statement, or a part of one, was refused. Only the gateway turns these into HTTP.

use serde::de;

use crate::{ProofSystem, ProofSystemId, Word};

/// A value that is not a statement, or not a part of one.
///
/// Every variant has a stable [`code`](Self::code), which the shared test vectors name. Codes are never reused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum StatementError {
    /// The id is not that of a proof system we know.
    #[error("unknown proof system id: expected the id of a known system, got {id}")]
    UnknownProofSystem {
        /// The id as given.
        id: ProofSystemId,
    },
    /// The name is not the canonical name of a proof system we know.
    #[error("unknown proof system name: expected a canonical name, got {got:?}")]
    UnknownProofSystemName {
        /// The name as given, cut at 64 characters.
        got: String,
    },
    /// Hexadecimal text does not begin with a lower-case `0x`.
    #[error("{what} has no hex prefix: expected 0x")]
    HexPrefix {
        /// What was being read.
        what: &'static str,
    },
    /// Hexadecimal text is not of its type's exact length.
    #[error("{what} has a wrong length: expected {expected} hex digits, got {got}")]
    HexLength {
        /// What was being read.
        what: &'static str,
        /// Digits after the prefix that this type has.
        expected: usize,
        /// UTF-8 bytes after the prefix that the text has.
        got: usize,
    },
    /// Hexadecimal text holds an upper-case digit, a second spelling of the same value.
    #[error("{what} has an upper-case hex digit at {index}: expected lower-case only")]
    HexUpperCase {
        /// What was being read.
        what: &'static str,
        /// Position after the prefix.
        index: usize,
    },
    /// Hexadecimal text holds a character that is no digit.
    #[error("{what} is not hexadecimal: expected 0-9 and a-f")]
    HexDigit {
        /// What was being read.
        what: &'static str,
        /// The character and its position.
        #[source]
        source: hex::FromHexError,
    },
    /// A public-input word is not below its proof system's modulus, so that v and v + modulus would both stand for v.
    #[error(
        "public input {index} is not canonical: expected a word below the modulus of {system}, got {got}"
    )]
    WordNotCanonical {
        /// Position of the word.
        index: usize,
        /// The system whose modulus applies.
        system: ProofSystem,
        /// The word as given.
        got: Word,
    },
    /// More public-input words than any statement may have.
    #[error("too many public inputs: expected at most {limit}, got {got}")]
    TooManyWords {
        /// The most a statement may have.
        limit: usize,
        /// The number given; a lower bound where reading stopped at the limit.
        got: usize,
    },
    /// Words were asked for as u64 of a system whose words do not fit.
    #[error("public inputs are not u64: expected a system of 64-bit words, got {system}")]
    WordsNotU64 {
        /// The system of the public inputs.
        system: ProofSystem,
    },
    /// The bytes are of some other kind of document, or of another version of this one.
    #[error("wrong domain tag: expected 0x{}, got 0x{}", hex::encode(crate::DOMAIN_TAG), hex::encode(got))]
    WrongDomainTag {
        /// The tag as given.
        got: [u8; crate::DOMAIN_TAG.len()],
    },
    /// The bytes end inside a field.
    #[error("encoding ends inside {field}: expected {expected} more bytes, got {got}")]
    Truncated {
        /// The field that is cut.
        field: &'static str,
        /// Bytes that the field or its length needs.
        expected: usize,
        /// Bytes that are left.
        got: usize,
    },
    /// A field of fixed size states another length.
    #[error("{field} states a wrong length: expected {expected}, got {got}")]
    FieldLength {
        /// The field whose length is wrong.
        field: &'static str,
        /// Its length in bytes.
        expected: usize,
        /// The length stated.
        got: usize,
    },
    /// The name is not of the form that prover ids have.
    #[error("malformed prover id: expected 1 to 64 of a-z, 0-9 and -, beginning with a letter, got {got:?}")]
    ProverId {
        /// The name as given, cut at 64 characters.
        got: String,
    },
    /// Bytes follow the last word.
    #[error("encoding has trailing bytes: expected 0, got {got}")]
    TrailingBytes {
        /// How many.
        got: usize,
    },
}

impl StatementError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownProofSystem { .. } => "SH-STM-001",
            Self::UnknownProofSystemName { .. } => "SH-STM-002",
            Self::HexPrefix { .. } => "SH-STM-003",
            Self::HexLength { .. } => "SH-STM-004",
            Self::HexUpperCase { .. } => "SH-STM-005",
            Self::HexDigit { .. } => "SH-STM-006",
            Self::WordNotCanonical { .. } => "SH-STM-007",
            Self::TooManyWords { .. } => "SH-STM-008",
            Self::WordsNotU64 { .. } => "SH-STM-009",
            Self::WrongDomainTag { .. } => "SH-STM-010",
            Self::Truncated { .. } => "SH-STM-011",
            Self::FieldLength { .. } => "SH-STM-012",
            Self::TrailingBytes { .. } => "SH-STM-013",
            Self::ProverId { .. } => "SH-STM-014",
        }
    }

    /// The error as a deserialiser's own. Serde keeps only text, so the code goes into it.
    pub(crate) fn into_serde<E: de::Error>(self) -> E {
        E::custom(format_args!("{}: {self}", self.code()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn one_of_each() -> Vec<StatementError> {
        use StatementError::*;
        let (what, field, system) = ("vk digest", "vk digest", ProofSystem::Plonky2Goldilocks);
        vec![
            UnknownProofSystem { id: [0; 4].into() },
            UnknownProofSystemName { got: "Groth16".into() },
            HexPrefix { what },
            HexLength { what, expected: 64, got: 62 },
            HexUpperCase { what, index: 3 },
            HexDigit { what, source: hex::FromHexError::InvalidHexCharacter { c: 'g', index: 3 } },
            WordNotCanonical { index: 3, system, got: u64::MAX.into() },
            TooManyWords { limit: 65_536, got: 65_537 },
            WordsNotU64 { system },
            WrongDomainTag { got: [0; 18] },
            Truncated { field, expected: 32, got: 31 },
            FieldLength { field, expected: 32, got: 31 },
            TrailingBytes { got: 1 },
        ]
    }

    #[test]
    fn codes_are_distinct_and_in_order() {
        let codes: Vec<_> = one_of_each().iter().map(StatementError::code).collect();
        assert!(codes.is_sorted());
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
    }

    #[test]
    fn messages_say_what_was_expected() {
        for error in one_of_each() {
            let message = error.to_string();
            assert!(message.contains("expected ") && !message.ends_with('.'), "{message}");
            assert!(message.starts_with(|first: char| first.is_ascii_lowercase()), "{message}");
        }
    }
}

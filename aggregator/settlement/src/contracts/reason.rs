//! What a contract says when it refuses.

use std::fmt;

use alloy::primitives::{B256, Bytes, FixedBytes};
use alloy::sol_types::{Revert, SolError as _, SolInterface as _};

use super::{BatchRegistry, IBatchVerifier, VerifierRouter};

/// Why a contract reverted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevertReason {
    /// The registry has this root already, under a verifier in force.
    AlreadyPosted(B256),
    /// The router knows no verifier under the selector.
    UnknownVerifier(FixedBytes<4>),
    /// The verifier is not in force yet.
    VerifierPending(FixedBytes<4>),
    /// The verifier is frozen, for ever.
    VerifierIsFrozen(FixedBytes<4>),
    /// The verifier refuses the batch. Its words.
    Batch(String),
    /// The contract said why, in words.
    Text(String),
    /// Data that belongs to no error that we know, as `0x` and digits, cut after 68 bytes.
    Unknown(String),
    /// It said nothing: out of gas, an invalid opcode, or a bare revert.
    Silent,
}

impl RevertReason {
    /// What revert data says.
    #[must_use]
    pub fn of(data: &Bytes) -> Self {
        if data.is_empty() {
            return Self::Silent;
        }
        if let Ok(BatchRegistry::AlreadyPosted { root }) = BatchRegistry::AlreadyPosted::abi_decode(data) {
            return Self::AlreadyPosted(root);
        }
        use VerifierRouter::VerifierRouterErrors as Router;
        match Router::abi_decode(data) {
            Ok(Router::UnknownVerifier(error)) => return Self::UnknownVerifier(error.selector),
            Ok(Router::VerifierPending(error)) => return Self::VerifierPending(error.selector),
            Ok(Router::VerifierIsFrozen(error)) => return Self::VerifierIsFrozen(error.selector),
            Err(_) => {}
        }
        if let Ok(error) = IBatchVerifier::IBatchVerifierErrors::abi_decode(data) {
            use IBatchVerifier::IBatchVerifierErrors as Verifier;
            let words = match error {
                Verifier::BatchLength(it) => format!("expected {} bytes, got {}", it.expected, it.received),
                Verifier::EmptyBatch(_) => "no statements".to_owned(),
                Verifier::EmptyRun(it) => format!("run {} is empty", it.run),
                Verifier::TooManyLeaves(it) => {
                    format!("expected at most {} leaves, got {}", it.maximum, it.received)
                }
                Verifier::NonCanonicalDigest(_) => "a digest is not canonical".to_owned(),
                Verifier::InvalidProof(_) => "the proof is not valid".to_owned(),
                Verifier::InvalidKey(_) => "the key is not valid".to_owned(),
                Verifier::UnsafeKey(_) => "the key is not safe".to_owned(),
            };
            return Self::Batch(words);
        }
        match Revert::abi_decode(data) {
            // Contracts can be anybody's: their words are cut and escaped.
            Ok(revert) => Self::Text(revert.reason.escape_default().take(200).collect()),
            Err(_) => Self::Unknown(format!("0x{}", hex::encode(&data[..data.len().min(68)]))),
        }
    }

    /// Whether waiting can help: the verifier may come into force.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::VerifierPending(_) | Self::UnknownVerifier(_))
    }
}

impl fmt::Display for RevertReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyPosted(root) => write!(f, "root {root} is posted already"),
            Self::UnknownVerifier(selector) => write!(f, "no verifier has selector {selector}"),
            Self::VerifierPending(selector) => write!(f, "verifier {selector} is not in force yet"),
            Self::VerifierIsFrozen(selector) => write!(f, "verifier {selector} is frozen"),
            Self::Batch(words) => write!(f, "the verifier refuses the batch: {words}"),
            Self::Text(words) => write!(f, "the contract says: {words}"),
            Self::Unknown(data) => write!(f, "the contract reverts with {data}"),
            Self::Silent => f.write_str("the contract gives no reason, as when it runs out of gas"),
        }
    }
}

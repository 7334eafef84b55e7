//! Why something cannot be wrapped.

/// An error with a stable code.
#[derive(Debug, thiserror::Error)]
pub enum WrapError {
    /// The circuit has a gate that the verifier knows no constraints of.
    #[error("[SH-WRP-001] gate without a verifier: {gate}")]
    UnknownGate {
        /// plonky2's name of the gate.
        gate: String,
    },
    /// The circuit is of a kind that the verifier does not cover.
    #[error("[SH-WRP-002] circuit cannot be wrapped: {what}")]
    Circuit {
        /// What it has that it should not.
        what: String,
    },
    /// The proof is not of the circuit's shape.
    #[error("[SH-WRP-003] proof of another shape: {what}")]
    Shape {
        /// What differs.
        what: &'static str,
    },
    /// plonky2 could not prove the last circuit.
    #[error("[SH-WRP-004] the last plonky2 proof failed: {what}")]
    Plonky2 {
        /// plonky2's words.
        what: String,
    },
    /// The proof does not satisfy the verifier's constraints.
    #[error("[SH-WRP-005] proof does not verify: constraint {constraint} fails")]
    Unsatisfied {
        /// The first constraint that fails.
        constraint: usize,
    },
    /// The key is of another circuit.
    #[error("[SH-WRP-006] key of another circuit: expected {expected} {what}, got {got}")]
    Key {
        /// What is counted.
        what: &'static str,
        /// What the circuit has.
        expected: usize,
        /// What the key has.
        got: usize,
    },
    /// The proof that was just made does not verify under its key.
    #[error("[SH-WRP-007] Groth16 proof does not verify")]
    Proof,
    /// Bytes that are no proof.
    #[error("[SH-WRP-008] malformed Groth16 proof: {what}")]
    Encoding {
        /// What is wrong.
        what: &'static str,
    },
}

impl WrapError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            WrapError::UnknownGate { .. } => "SH-WRP-001",
            WrapError::Circuit { .. } => "SH-WRP-002",
            WrapError::Shape { .. } => "SH-WRP-003",
            WrapError::Plonky2 { .. } => "SH-WRP-004",
            WrapError::Unsatisfied { .. } => "SH-WRP-005",
            WrapError::Key { .. } => "SH-WRP-006",
            WrapError::Proof => "SH-WRP-007",
            WrapError::Encoding { .. } => "SH-WRP-008",
        }
    }
}

//! Why a program cannot be set up, stored or used.

use ark_relations::gr1cs::SynthesisError;
use ark_serialize::SerializationError;
use rand::rand_core::OsError;
use sheaf_model::reference::ReferenceError;
use sheaf_model::{DecodeError, ModelError};
use sheaf_statement::StatementError;
use thiserror::Error;

use crate::circuit::SizeError;
use crate::encoding::EncodingError;
use crate::verify::VerifyError;

/// A program that cannot be set up, stored or used. Codes are never reused.
#[derive(Debug, Error)]
pub enum Groth16Error {
    /// The model breaks an invariant.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model's circuit is too large, which is found before anything is built.
    #[error(transparent)]
    Size(#[from] SizeError),
    /// Commitments to inputs are not supported: the circuit has no hash.
    #[error("[SH-G16-004] input visibility not supported: expected public or private, got committed")]
    CommittedInput,
    /// The operating system gave no randomness.
    #[error("[SH-G16-005] no randomness from the operating system")]
    Randomness {
        /// Its account.
        #[source]
        source: OsError,
    },
    /// Setup failed.
    #[error("[SH-G16-006] setup failed")]
    Setup {
        /// arkworks' account.
        #[source]
        source: SynthesisError,
    },
    /// Setup gave a key that no verifier would take.
    #[error("[SH-G16-007] setup gave an unusable key")]
    SetupKey {
        /// What is wrong with it.
        #[source]
        source: EncodingError,
    },
    /// There is no execution for this input, so there is nothing to prove.
    #[error(transparent)]
    Execution(#[from] ReferenceError),
    /// Circuit and reference execution disagree: a defect of the lowering.
    #[error("[SH-G16-008] circuit disagrees with reference execution in output {output}")]
    Disagreement {
        /// The first output that differs.
        output: usize,
    },
    /// The words are no statement; cannot occur within the limits.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The prover failed.
    #[error("[SH-G16-009] prover failed")]
    Prover {
        /// arkworks' account.
        #[source]
        source: SynthesisError,
    },
    /// What the prover made does not verify: a damaged proving key, or a defect.
    #[error("[SH-G16-010] own proof does not verify")]
    OwnProof {
        /// The verifier's account.
        #[source]
        source: VerifyError,
    },
    /// The bytes are of another kind or version.
    #[error("[SH-G16-011] not a prover package: expected the tag `sheaf/groth16-program/v1`")]
    PackageTag,
    /// The package is not what was written.
    #[error("[SH-G16-012] damaged prover package: its digest is not that of its bytes")]
    PackageDigest,
    /// The package is not in its layout.
    #[error("[SH-G16-013] malformed prover package")]
    PackageLayout {
        /// Postcard's account.
        #[source]
        source: postcard::Error,
    },
    /// The package's model does not encode or decode.
    #[error(transparent)]
    PackageModel(#[from] DecodeError),
    /// The package's verifying key is not a key.
    #[error("[SH-G16-014] verifying key of a prover package refused")]
    PackageKey {
        /// What is wrong with it.
        #[source]
        source: EncodingError,
    },
    /// The package's key is of a circuit with another number of public inputs.
    #[error("[SH-G16-015] prover package with a foreign key: expected {expected} public inputs, got {got}")]
    PackageInputs {
        /// The circuit's number.
        expected: usize,
        /// The key's number.
        got: usize,
    },
    /// The package's proving key is of a circuit of another size.
    #[error("[SH-G16-016] prover package with a foreign proving key: expected {expected} bytes, got {got}")]
    PackagePoints {
        /// Bytes of this circuit's proving key.
        expected: usize,
        /// Bytes of the package's.
        got: usize,
    },
    /// A point of the proving key does not encode or decode.
    #[error("[SH-G16-017] malformed point in a proving key")]
    PackagePoint {
        /// arkworks' account.
        #[source]
        source: SerializationError,
    },
}

impl Groth16Error {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Model(error) => error.code(),
            Self::Size(error) => error.code(),
            Self::CommittedInput => "SH-G16-004",
            Self::Randomness { .. } => "SH-G16-005",
            Self::Setup { .. } => "SH-G16-006",
            Self::SetupKey { .. } => "SH-G16-007",
            Self::Execution(error) => error.code(),
            Self::Disagreement { .. } => "SH-G16-008",
            Self::Statement(error) => error.code(),
            Self::Prover { .. } => "SH-G16-009",
            Self::OwnProof { .. } => "SH-G16-010",
            Self::PackageTag => "SH-G16-011",
            Self::PackageDigest => "SH-G16-012",
            Self::PackageLayout { .. } => "SH-G16-013",
            Self::PackageModel(error) => error.code(),
            Self::PackageKey { .. } => "SH-G16-014",
            Self::PackageInputs { .. } => "SH-G16-015",
            Self::PackagePoints { .. } => "SH-G16-016",
            Self::PackagePoint { .. } => "SH-G16-017",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::encoding::Point;

    #[test]
    fn codes_are_distinct_and_begin_the_messages() {
        let source = EncodingError::Identity { point: Point::Alpha };
        let errors = [
            SizeError::Rows { got: 1 }.into(),
            SizeError::Terms { got: 1 }.into(),
            SizeError::PublicInputs { got: 1 }.into(),
            Groth16Error::CommittedInput,
            Groth16Error::Setup { source: SynthesisError::AssignmentMissing },
            Groth16Error::SetupKey { source: source.clone() },
            Groth16Error::Disagreement { output: 1 },
            Groth16Error::Prover { source: SynthesisError::AssignmentMissing },
            Groth16Error::OwnProof { source: VerifyError::Equation },
            Groth16Error::PackageTag,
            Groth16Error::PackageDigest,
            Groth16Error::PackageLayout { source: postcard::Error::DeserializeBadEncoding },
            Groth16Error::PackageKey { source },
            Groth16Error::PackageInputs { expected: 1, got: 2 },
            Groth16Error::PackagePoints { expected: 1, got: 2 },
            Groth16Error::PackagePoint { source: SerializationError::InvalidData },
        ];
        let codes: BTreeSet<_> = errors.iter().map(Groth16Error::code).collect();
        assert_eq!(codes.len(), errors.len());
        for error in &errors {
            let message = error.to_string();
            assert!(
                message.starts_with(&format!("[{}] ", error.code())) && !message.ends_with('.'),
                "{message}"
            );
        }
    }
}

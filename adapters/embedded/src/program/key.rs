//! Program keys and the verification of program proofs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plonky2::plonk::circuit_data::{CommonCircuitData, VerifierCircuitData};
use plonky2::plonk::proof::ProofWithPublicInputs;
use serde::{Deserialize, Serialize};
use sheaf_plonky2::hash::{Digest, Tag, tagged_hash};
use sheaf_plonky2::key::CircuitKey;
use sheaf_plonky2::proof::{self, ProofDecodeError};
use sheaf_plonky2::{C, D, F};

use crate::circuit::{Shape, ShapeError};

/// What verifying a program's proofs takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramKey {
    /// The shape, from which plonky2's common data are rebuilt.
    pub shape: Shape,
    /// The circuit among those of the shape.
    pub circuit: CircuitKey,
}

/// Why a key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No circuit has its shape.
    #[error("key of an impossible shape: {0}")]
    Shape(#[from] ShapeError),
}

/// Why a proof is refused.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The bytes are not a proof of the key's shape.
    #[error("{0}")]
    Decode(#[from] ProofDecodeError),
    /// The proof does not hold for this key and these public values.
    #[error("proof does not verify for this key and these public values: {reason}")]
    Invalid {
        /// plonky2's message.
        reason: String,
    },
}

impl ProgramKey {
    /// Poseidon digest of the circuit's key. The shape is not covered: the leaf circuit that a program id also commits
    /// to verifies exactly one shape.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.circuit.digest()
    }

    /// Prepares verification, which rebuilds the shape's common data.
    ///
    /// # Errors
    /// [`KeyError`] if no circuit has the key's shape.
    pub fn verifier(&self) -> Result<ProgramVerifier, KeyError> {
        let common = self.shape.common_data()?;
        Ok(ProgramVerifier(VerifierCircuitData { verifier_only: self.circuit.to_verifier_data(), common }))
    }
}

/// A verifier of one program's proofs.
///
/// Verifies bytes from outside in the calling process; services that cannot afford a crash run it in a process of its
/// own.
#[derive(Debug)]
pub struct ProgramVerifier(VerifierCircuitData<F, C, D>);

impl ProgramVerifier {
    /// The shape's common data.
    #[must_use]
    pub fn common(&self) -> &CommonCircuitData<F, D> {
        &self.0.common
    }

    /// Checks a proof for public values, and returns it decoded.
    ///
    /// # Errors
    /// [`VerifyError`] if the bytes are not a canonical proof, or do not prove this.
    pub fn verify(
        &self,
        public_values: &[F],
        proof: &[u8],
    ) -> Result<ProofWithPublicInputs<F, C, D>, VerifyError> {
        let digest = public_values_digest(public_values);
        let proof = proof::decode(proof, &self.0.common)?;
        let proof = proof::with_public_inputs(proof, digest.elements().to_vec());
        // plonky2 indexes into proofs in places; a panic there is a refusal.
        let checked = catch_unwind(AssertUnwindSafe(|| self.0.verify(proof.clone())));
        match checked {
            Ok(Ok(())) => Ok(proof),
            Ok(Err(error)) => Err(VerifyError::Invalid { reason: error.to_string() }),
            Err(_) => {
                Err(VerifyError::Invalid { reason: "the verifier stopped on malformed data".to_owned() })
            }
        }
    }
}

/// The digest that a program circuit exposes in place of its public values.
#[must_use]
pub fn public_values_digest(values: &[F]) -> Digest {
    tagged_hash(Tag::PublicInputs, values)
}

//! Strict bytes of plonky2 proofs.
//!
//! plonky2's own decoder takes v and v + p for one element, and ignores what follows the proof. Here bytes are a proof
//! only if encoding the decoded proof gives the same bytes again. Public inputs are not part of the bytes: whoever
//! verifies computes them from the statement, so that they cannot disagree.

use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::proof::{Proof, ProofWithPublicInputs};
use plonky2::util::serialization::{Buffer, Read, Write};

use crate::engine::{C, D, F};

/// A proof longer than this is refused before it is looked at. The largest honest one is below 300 kB.
pub const MAX_PROOF_BYTES: usize = 1 << 20;

/// Why bytes are not a proof of a circuit shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofDecodeError {
    /// Longer than any proof.
    #[error("proof too long: expected at most {MAX_PROOF_BYTES} bytes, got {got}")]
    TooLong {
        /// Bytes given.
        got: usize,
    },
    /// The bytes end early or hold lengths that the shape does not have.
    #[error("malformed proof: the bytes do not have the layout of this circuit shape")]
    Malformed,
    /// A field element at or above the modulus, or bytes after the proof.
    #[error("non-canonical proof: decoding and encoding again gives other bytes")]
    NonCanonical,
}

/// Encodes a proof without its public inputs.
#[must_use]
pub fn encode(proof: &Proof<F, C, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    match bytes.write_proof(proof) {
        Ok(()) => bytes,
        Err(_) => unreachable!("writing to a vector cannot fail"),
    }
}

/// Decodes a proof of a circuit with the given common data.
///
/// # Errors
/// [`ProofDecodeError`] if the bytes are not the one encoding of a proof of this shape.
pub fn decode(bytes: &[u8], common: &CommonCircuitData<F, D>) -> Result<Proof<F, C, D>, ProofDecodeError> {
    if bytes.len() > MAX_PROOF_BYTES {
        return Err(ProofDecodeError::TooLong { got: bytes.len() });
    }
    let proof: Proof<F, C, D> =
        Buffer::new(bytes).read_proof(common).map_err(|_| ProofDecodeError::Malformed)?;
    if encode(&proof) == bytes { Ok(proof) } else { Err(ProofDecodeError::NonCanonical) }
}

/// Puts a proof and the public inputs it is claimed for together, as plonky2's verifier takes them.
#[must_use]
pub fn with_public_inputs(proof: Proof<F, C, D>, public_inputs: Vec<F>) -> ProofWithPublicInputs<F, C, D> {
    ProofWithPublicInputs { proof, public_inputs }
}

//! From a proof of an inner circuit to the bytes that a contract takes.

use ark_bn254::Bn254;
use ark_groth16::ProvingKey;
use plonky2::plonk::circuit_data::{CircuitConfig, VerifierCircuitData};
use plonky2::plonk::proof::ProofWithPublicInputs;
use sheaf_plonky2::{C, D, F};

use crate::encoding::{self, PROOF_BYTES};
use crate::groth16::{self, Blinding};
use crate::layers::{LastCircuit, wrap_config};
use crate::r1cs::Matrices;
use crate::{InnerVerifier, WrapError, circuit};

/// Told what a long operation is doing.
pub type Progress<'a> = &'a dyn Fn(&str);

/// The wrap of one inner circuit.
#[derive(Debug)]
pub struct Wrapper {
    last: LastCircuit,
    verifier: InnerVerifier,
}

impl Wrapper {
    /// The wrap of a circuit's proofs. Builds the last plonky2 circuit, which takes some 15 CPU-seconds.
    #[must_use]
    pub fn new(inner: &VerifierCircuitData<F, C, D>) -> Self {
        Self::with_config(inner, wrap_config())
    }

    /// The same with another configuration of the last circuit, for tests.
    #[must_use]
    pub fn with_config(inner: &VerifierCircuitData<F, C, D>, config: CircuitConfig) -> Self {
        let last = LastCircuit::new(inner, config);
        let verifier = last.verifier();
        Self { last, verifier }
    }

    /// What verifies proofs of the last plonky2 circuit.
    #[must_use]
    pub fn verifier(&self) -> &InnerVerifier {
        &self.verifier
    }

    /// The Groth16 circuit: what keys are made for.
    ///
    /// # Errors
    /// As [`circuit::constraints`].
    pub fn constraints(&self) -> Result<Matrices, WrapError> {
        circuit::constraints(&self.verifier)
    }

    /// Wraps a proof. The result is verified before it is returned.
    ///
    /// # Errors
    /// [`WrapError`] if the proof does not verify, or the key is of another circuit.
    pub fn prove(
        &self,
        key: &ProvingKey<Bn254>,
        inner: &ProofWithPublicInputs<F, C, D>,
        blinding: Blinding,
        progress: Progress<'_>,
    ) -> Result<[u8; PROOF_BYTES], WrapError> {
        progress("last plonky2 proof");
        let proof = self.last.prove(inner)?;
        progress("Groth16 proof");
        let assignment = circuit::assignment(&self.verifier, &proof)?;
        let inputs = assignment.instance[1..].to_vec();
        let proof = groth16::prove(key, assignment, blinding)?;
        if !groth16::verify(&key.vk, &inputs, &proof) {
            return Err(WrapError::Proof);
        }
        encoding::encode(&proof)
    }
}

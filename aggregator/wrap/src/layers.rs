//! The last plonky2 circuit: verifies a proof of an inner one, hashing with Poseidon over BN254.
//!
//! Its public inputs are the inner circuit's. The inner circuit is a constant: another one is another last circuit, and
//! another Groth16 key.

use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData, VerifierCircuitData};
use plonky2::plonk::proof::{ProofWithPublicInputs, ProofWithPublicInputsTarget};
use sheaf_plonky2::{C, D, F, Profile};

use crate::WrapError;
use crate::config::Bn254Config;
use crate::verifier::{InnerProof, InnerVerifier};

/// The configuration of the last plonky2 circuit, for which a constraint of the Groth16 circuit is what counts.
///
/// - Every opened column costs some 80 constraints a query, and a routed wire is two columns: as few as the gates of the
///   inner verifier take.
/// - Rate 1/32, at which 34 queries and 18 bits of work reach 100 bits at the Johnson radius.
/// - Two foldings by 8 and a final polynomial of 64 coefficients cost less than any other way down from 2^12 rows.
#[must_use]
pub fn wrap_config() -> CircuitConfig {
    CircuitConfig {
        num_routed_wires: 37,
        fri_config: FriConfig {
            rate_bits: 5,
            cap_height: 5,
            proof_of_work_bits: 18,
            reduction_strategy: FriReductionStrategy::Fixed(vec![3, 3]),
            num_query_rounds: 34,
        },
        ..Profile::Provable.recursion_config()
    }
}

/// The last plonky2 circuit.
pub struct LastCircuit {
    data: CircuitData<F, Bn254Config, D>,
    proof: ProofWithPublicInputsTarget<D>,
}

impl std::fmt::Debug for LastCircuit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastCircuit")
            .field("degree_bits", &self.data.common.degree_bits())
            .finish_non_exhaustive()
    }
}

impl LastCircuit {
    /// Builds the circuit that verifies proofs of `inner`.
    #[must_use]
    pub fn new(inner: &VerifierCircuitData<F, C, D>, config: CircuitConfig) -> Self {
        let mut builder = CircuitBuilder::<F, D>::new(config);
        let proof = builder.add_virtual_proof_with_pis(&inner.common);
        let key = builder.constant_verifier_data(&inner.verifier_only);
        builder.verify_proof::<C>(&proof, &key, &inner.common);
        builder.register_public_inputs(&proof.public_inputs);
        Self { data: builder.build::<Bn254Config>(), proof }
    }

    /// What verifies its proofs.
    #[must_use]
    pub fn verifier(&self) -> InnerVerifier {
        self.data.verifier_data()
    }

    /// Proves that an inner proof is valid.
    ///
    /// # Errors
    /// `SH-WRP-004` if it is not.
    pub fn prove(&self, inner: &ProofWithPublicInputs<F, C, D>) -> Result<InnerProof, WrapError> {
        let failed = |error: anyhow::Error| WrapError::Plonky2 { what: error.to_string() };
        let mut witness = PartialWitness::new();
        witness.set_proof_with_pis_target(&self.proof, inner).map_err(failed)?;
        let proof = self.data.prove(witness).map_err(failed)?;
        self.data.verify(proof.clone()).map_err(failed)?;
        Ok(proof)
    }
}

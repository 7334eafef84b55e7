//! The shrink circuit: a commit proof, proven again at a rate that makes it cheap to verify.
//!
//! It has one constant key and passes the eight public inputs of the [`commit`](super::commit) circuit on as they are. What
//! it is for is its configuration: fewer queries, so that the circuit above it, whose proof is wrapped for a contract and
//! where every row is dear, has few rows.

use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CommonCircuitData};
use plonky2::plonk::proof::ProofWithPublicInputsTarget;
use sheaf_plonky2::engine::Proof;
use sheaf_plonky2::key::CircuitKey;
use sheaf_plonky2::{C, D, F};

use super::CircuitError;

/// The inputs of a shrink circuit.
pub(crate) struct ShrinkTargets {
    proof: ProofWithPublicInputsTarget<D>,
}

impl ShrinkTargets {
    /// The witness for a commit proof.
    pub(crate) fn witness(&self, proof: &Proof) -> Result<PartialWitness<F>, CircuitError> {
        let mut witness = PartialWitness::new();
        witness
            .set_proof_with_pis_target(&self.proof, proof)
            .map_err(|source| CircuitError::Witness { source: source.into() })?;
        Ok(witness)
    }
}

/// Lays down a shrink circuit for the commit circuit with this key.
pub(crate) fn assemble(
    config: CircuitConfig,
    common: &CommonCircuitData<F, D>,
    key: &CircuitKey,
) -> (CircuitBuilder<F, D>, ShrinkTargets) {
    let mut builder = CircuitBuilder::<F, D>::new(config);
    let proof = builder.add_virtual_proof_with_pis(common);
    let key = builder.constant_verifier_data(&key.to_verifier_data());
    builder.verify_proof::<C>(&proof, &key, common);
    builder.register_public_inputs(&proof.public_inputs);
    (builder, ShrinkTargets { proof })
}

//! The root: the top of a batch's tree, whether leaf or node, into the proof that leaves the house.
//!
//! Here the node circuit's key is a constant, which ends the induction of [`node`](super::node). The root's four public
//! inputs are the batch digest; its own key is the only one that a verifier of aggregates has to know.

use plonky2::iop::target::BoolTarget;
use plonky2::iop::witness::PartialWitness;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::{D, F, Profile};

use super::CircuitError;
use super::node::{Child, set_flag};
use super::uniform::{ChildTargets, child_digest};

/// The inputs of a root circuit.
pub(crate) struct RootTargets {
    child: ChildTargets,
    is_node: BoolTarget,
}

impl RootTargets {
    /// The witness of a root over the top of a tree.
    pub(crate) fn witness(&self, child: Child<'_>) -> Result<PartialWitness<F>, CircuitError> {
        let mut witness = PartialWitness::new();
        self.child.set(&mut witness, child.proof, child.key)?;
        set_flag(&mut witness, self.is_node, child.is_node)?;
        Ok(witness)
    }
}

/// Lays down the root of a profile.
pub(crate) fn assemble(
    profile: Profile,
    common: &CommonCircuitData<F, D>,
    node_key: &Digest,
) -> (CircuitBuilder<F, D>, RootTargets) {
    let mut builder = CircuitBuilder::<F, D>::new(profile.recursion_config());
    let node_key = builder.constant_hash(node_key.to_hash());
    let (child, key_digest) = ChildTargets::verify(&mut builder, common);
    let is_node = builder.add_virtual_bool_target_safe();
    let digest = child_digest(&mut builder, &child, key_digest, is_node, node_key);
    builder.register_public_inputs(&digest.elements);
    (builder, RootTargets { child, is_node })
}

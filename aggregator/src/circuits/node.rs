//! Nodes: two subtrees into one.
//!
//! Each child is a leaf or a node, as the prover declares; [`child_digest`](super::uniform::child_digest) makes sure
//! that a declared node has the key which this node claims as its own. The claim is carried upward and compared at
//! every step; the root compares the last one with the node circuit's true key, which is a constant there. By induction
//! every digest that is not bound to a leaf circuit was computed by the genuine node circuit.
//!
//! This replaces plonky2's cyclic recursion, which carries a whole key (68 elements) in every proof's public inputs
//! where four suffice, and whose check of the key outside the circuit is easily forgotten.

use plonky2::hash::hash_types::HashOutTarget;
use plonky2::iop::target::BoolTarget;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::proof::ProofWithPublicInputs;
use sheaf_plonky2::hash::{Digest, Tag, tagged_hash_digests_circuit};
use sheaf_plonky2::key::CircuitKey;
use sheaf_plonky2::{C, D, F, Profile};

use super::CircuitError;
use super::uniform::{self, ChildTargets, child_digest};

/// Children of a node.
pub(crate) const ARITY: usize = 2;

/// A child as its parent takes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Child<'a> {
    pub(crate) proof: &'a ProofWithPublicInputs<F, C, D>,
    pub(crate) key: &'a CircuitKey,
    pub(crate) is_node: bool,
}

/// The inputs of a node circuit.
pub(crate) struct NodeTargets {
    children: [(ChildTargets, BoolTarget); ARITY],
    node_key: HashOutTarget,
}

impl NodeTargets {
    /// The witness of a node over two children, claiming `node_key` as the digest of the node circuit's key.
    pub(crate) fn witness(
        &self,
        node_key: &Digest,
        children: [Child<'_>; ARITY],
    ) -> Result<PartialWitness<F>, CircuitError> {
        let mut witness = PartialWitness::new();
        for ((targets, is_node), child) in self.children.iter().zip(children) {
            targets.set(&mut witness, child.proof, child.key)?;
            set_flag(&mut witness, *is_node, child.is_node)?;
        }
        witness
            .set_hash_target(self.node_key, node_key.to_hash())
            .map_err(|source| CircuitError::Witness { source: source.into() })?;
        Ok(witness)
    }
}

pub(super) fn set_flag(
    witness: &mut PartialWitness<F>,
    target: BoolTarget,
    value: bool,
) -> Result<(), CircuitError> {
    witness.set_bool_target(target, value).map_err(|source| CircuitError::Witness { source: source.into() })
}

/// Lays down the node of a profile.
pub(crate) fn assemble(
    profile: Profile,
    common: &CommonCircuitData<F, D>,
) -> (CircuitBuilder<F, D>, NodeTargets) {
    let mut builder = CircuitBuilder::<F, D>::new(profile.recursion_config());
    uniform::declare_gates(&mut builder);
    let node_key = builder.add_virtual_hash();
    let mut digests = Vec::with_capacity(ARITY);
    let children = std::array::from_fn(|_| {
        let (child, key_digest) = ChildTargets::verify(&mut builder, common);
        let is_node = builder.add_virtual_bool_target_safe();
        digests.push(child_digest(&mut builder, &child, key_digest, is_node, node_key));
        (child, is_node)
    });
    let digest = tagged_hash_digests_circuit(&mut builder, Tag::Node, &digests);
    builder.register_public_inputs(&digest.elements);
    builder.register_public_inputs(&node_key.elements);
    uniform::pad(&mut builder, profile);
    (builder, NodeTargets { children, node_key })
}

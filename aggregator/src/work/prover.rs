//! From decoded parts to a proof: what a worker and the aggregator in process have in common.

use plonky2::hash::hash_types::HashOut;
use plonky2::iop::witness::PartialWitness;
use sheaf_embedded::{ProgramKey, Shape};
use sheaf_plonky2::F;
use sheaf_plonky2::engine::{self, Engine, Proof};
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::key::CircuitKey;

use super::{ProveError, Role};
use crate::circuits::node::{ARITY, Child};
use crate::circuits::{CircuitError, Circuits, Progress};

/// Proves tasks with one engine.
#[derive(Clone, Copy)]
pub(crate) struct Prover<'a> {
    pub(crate) circuits: &'a Circuits,
    pub(crate) engine: &'a dyn Engine,
    pub(crate) progress: Progress<'a>,
}

/// A proof of the uniform shape, and the circuit that it is of.
pub(crate) struct Part {
    pub(crate) role: Role,
    pub(crate) proof: Proof,
}

impl Prover<'_> {
    /// A leaf over program proofs of a shape, which must come to `expected`.
    pub(crate) fn leaf(
        &self,
        shape: &Shape,
        proofs: &[(&ProgramKey, &Proof)],
        expected: &Digest,
    ) -> Result<Proof, ProveError> {
        let leaf = self.circuits.leaf(shape, self.progress)?;
        self.prove("a leaf", &leaf.data, leaf.targets.witness(proofs)?, expected)
    }

    /// A node over two subtrees, which must come to `expected`.
    pub(crate) fn node(&self, children: &[Part; ARITY], expected: &Digest) -> Result<Proof, ProveError> {
        let node = self.circuits.node(self.progress)?;
        let [left, right] = children;
        let keys = [self.key(left.role)?, self.key(right.role)?];
        let children = [as_child(left, &keys[0]), as_child(right, &keys[1])];
        self.prove("a node", &node.data, node.targets.witness(&node.key_digest, children)?, expected)
    }

    /// The root over the top of a tree, which must come to `expected`.
    pub(crate) fn root(&self, top: &Part, expected: &Digest) -> Result<Proof, ProveError> {
        let root = self.circuits.root(self.progress)?;
        let key = self.key(top.role)?;
        self.prove("the root", &root.data, root.targets.witness(as_child(top, &key))?, expected)
    }

    fn key(&self, role: Role) -> Result<CircuitKey, CircuitError> {
        match role {
            Role::Leaf { shape } => self.circuits.leaf_circuit_key(&shape, self.progress),
            Role::Node => self.circuits.node_circuit_key(self.progress),
        }
    }

    fn prove(
        &self,
        what: &'static str,
        circuit: &engine::Circuit,
        witness: PartialWitness<F>,
        expected: &Digest,
    ) -> Result<Proof, ProveError> {
        let proof =
            self.engine.prove(circuit, witness).map_err(|source| ProveError::Engine { what, source })?;
        let elements = std::array::from_fn(|index| proof.public_inputs[index]);
        let got = Digest::from(HashOut { elements });
        if got == *expected { Ok(proof) } else { Err(ProveError::Digest { what, expected: *expected, got }) }
    }
}

fn as_child<'a>(part: &'a Part, key: &'a CircuitKey) -> Child<'a> {
    Child { proof: &part.proof, key, is_node: matches!(part.role, Role::Node) }
}

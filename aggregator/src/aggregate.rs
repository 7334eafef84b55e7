//! From verified proofs to one aggregate and a receipt each.

use std::collections::{BTreeMap, BTreeSet};

use plonky2::plonk::proof::ProofWithPublicInputs;
use sheaf_embedded::Shape;
use sheaf_plonky2::engine::{Engine, EngineError};
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::key::CircuitKey;
use sheaf_plonky2::{C, D, F, proof};
use sheaf_statement::TrustTier;

use crate::circuits::node::{ARITY, Child};
use crate::circuits::{CircuitError, Circuits, Progress};
use crate::documents::{
    AggregateDocument, AggregateReference, AggregateVersion, Document, ReceiptDocument, ReceiptProgram,
    ReceiptVersion, Sha256Digest,
};
use crate::tree::{InclusionPath, Step, leaf_digest, node_digest, statement_digest, subtree};
use crate::verify::VerifiedProof;

/// Most statements in a batch.
pub const MAX_BATCH: usize = 4096;

/// Why a batch cannot be aggregated.
#[derive(Debug, thiserror::Error)]
pub enum AggregateError {
    /// Nothing to aggregate, or too much.
    #[error("[SH-AGG-020] batch size: expected 1 to {MAX_BATCH} statements, got {got}")]
    BatchSize {
        /// Statements given.
        got: usize,
    },
    /// A proof is of another profile than the circuits.
    #[error("[SH-AGG-021] proof of shape {shape} does not belong in a {expected} batch")]
    Profile {
        /// The proof's shape.
        shape: String,
        /// The profile of the circuits.
        expected: sheaf_plonky2::Profile,
    },
    /// A circuit cannot be had or filled.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// The root proof does not verify: the engine is defective.
    #[error("[SH-AGG-023] root proof does not verify: {reason}")]
    Root {
        /// plonky2's message.
        reason: String,
    },
    /// Proving failed.
    #[error("[SH-AGG-022] proving {what} failed: {source}")]
    Engine {
        /// Which proof.
        what: String,
        /// Why.
        source: EngineError,
    },
}

/// What aggregating a batch gives.
#[derive(Debug, Clone)]
pub struct BatchResult {
    /// The aggregate.
    pub aggregate: AggregateDocument,
    /// Its bytes, which the receipts' reference is the SHA-256 of.
    pub aggregate_bytes: Vec<u8>,
    /// One per distinct statement, in the order of [`AggregateDocument::statements`].
    pub receipts: Vec<ReceiptDocument>,
    /// How many leaves were proven.
    pub leaves: usize,
    /// How many nodes were proven.
    pub nodes: usize,
}

/// Proves batches with one engine.
#[derive(Clone, Copy)]
pub struct Aggregator<'a> {
    circuits: &'a Circuits,
    engine: &'a dyn Engine,
}

impl std::fmt::Debug for Aggregator<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aggregator").field("engine", &self.engine.name()).finish_non_exhaustive()
    }
}

/// A proof of the uniform shape, with the statements below it.
struct Subtree {
    proof: ProofWithPublicInputs<F, C, D>,
    key: CircuitKey,
    is_node: bool,
    /// As its parent knows it.
    digest: Digest,
    /// Statements by position in the batch, and their paths so far.
    paths: Vec<(usize, InclusionPath)>,
}

impl Subtree {
    fn child(&self) -> Child<'_> {
        Child { proof: &self.proof, key: &self.key, is_node: self.is_node }
    }
}

impl<'a> Aggregator<'a> {
    /// An aggregator over the circuits of one profile.
    #[must_use]
    pub fn new(circuits: &'a Circuits, engine: &'a dyn Engine) -> Self {
        Self { circuits, engine }
    }

    /// Aggregates a batch. A batch is a set: a statement given twice is proven once.
    ///
    /// # Errors
    /// [`AggregateError`] if the batch is empty or too large, or something in it cannot be proven.
    pub fn aggregate(
        &self,
        proofs: &[VerifiedProof],
        progress: Progress<'_>,
    ) -> Result<BatchResult, AggregateError> {
        let mut seen = BTreeSet::new();
        let batch: Vec<&VerifiedProof> = proofs.iter().filter(|p| seen.insert(p.statement.id())).collect();
        if batch.is_empty() || batch.len() > MAX_BATCH {
            return Err(AggregateError::BatchSize { got: batch.len() });
        }
        let mut by_shape: BTreeMap<Shape, Vec<usize>> = BTreeMap::new();
        for (index, proof) in batch.iter().enumerate() {
            let shape = proof.program.shape;
            if shape.profile != self.circuits.profile() {
                let expected = self.circuits.profile();
                return Err(AggregateError::Profile { shape: shape.name(), expected });
            }
            by_shape.entry(shape).or_default().push(index);
        }

        let mut level = Vec::new();
        for (shape, members) in &by_shape {
            self.leaves(shape, members, &batch, &mut level, progress)?;
        }
        let leaves = level.len();
        let mut nodes = 0;
        while level.len() > 1 {
            let mut next = Vec::with_capacity(level.len().div_ceil(ARITY));
            let mut rest = level.into_iter();
            while let Some(left) = rest.next() {
                next.push(match rest.next() {
                    Some(right) => {
                        nodes += 1;
                        progress(&format!("node {nodes} of {}", leaves - 1));
                        self.node(left, right, progress)?
                    }
                    // A node takes leaves and nodes alike, so an odd one moves up as it is.
                    None => left,
                });
            }
            level = next;
        }
        let Some(top) = level.pop() else { return Err(AggregateError::BatchSize { got: 0 }) };
        progress("root");
        self.finish(&top, &batch, leaves, nodes, progress)
    }

    fn leaves(
        &self,
        shape: &Shape,
        members: &[usize],
        batch: &[&VerifiedProof],
        level: &mut Vec<Subtree>,
        progress: Progress<'_>,
    ) -> Result<(), AggregateError> {
        let leaf = self.circuits.leaf(shape, progress)?;
        let slots = leaf.targets.slots();
        let total = members.len().div_ceil(slots);
        for (number, chunk) in members.chunks(slots).enumerate() {
            progress(&format!("leaf {} of {total} for {}", number + 1, shape.name()));
            let inputs: Vec<_> = chunk.iter().map(|i| (&batch[*i].program, &batch[*i].proof)).collect();
            let witness = leaf.targets.witness(&inputs)?;
            let proof = self.engine.prove(&leaf.data, witness).map_err(engine_error("a leaf"))?;
            let statements: Vec<Digest> = chunk
                .iter()
                .map(|i| statement_digest(&batch[*i].program.digest(), &batch[*i].values))
                .collect();
            let (digest, steps) = subtree(&statements, slots);
            let path = |leaf: Vec<Step>| InclusionPath { leaf, tree: Vec::new() };
            level.push(Subtree {
                proof,
                key: leaf.key.clone(),
                is_node: false,
                digest: leaf_digest(&leaf.key_digest, &digest),
                paths: chunk.iter().copied().zip(steps.into_iter().map(path)).collect(),
            });
        }
        Ok(())
    }

    fn node(&self, left: Subtree, right: Subtree, progress: Progress<'_>) -> Result<Subtree, AggregateError> {
        let node = self.circuits.node(progress)?;
        let witness = node.targets.witness(&node.key_digest, [left.child(), right.child()])?;
        let proof = self.engine.prove(&node.data, witness).map_err(engine_error("a node"))?;
        let extend = |paths: Vec<(usize, InclusionPath)>, step: Step| {
            paths.into_iter().map(move |(index, mut path)| {
                path.tree.push(step);
                (index, path)
            })
        };
        let digest = node_digest(&left.digest, &right.digest);
        let (left_step, right_step) = (Step::Right(right.digest), Step::Left(left.digest));
        let paths = extend(left.paths, left_step).chain(extend(right.paths, right_step)).collect();
        Ok(Subtree { proof, key: node.key.clone(), is_node: true, digest, paths })
    }

    fn finish(
        &self,
        top: &Subtree,
        batch: &[&VerifiedProof],
        leaves: usize,
        nodes: usize,
        progress: Progress<'_>,
    ) -> Result<BatchResult, AggregateError> {
        let root = self.circuits.root(progress)?;
        let witness = root.targets.witness(top.child())?;
        let proof = self.engine.prove(&root.data, witness).map_err(engine_error("the root"))?;
        // Children are verified by their parents' circuits; the root has no parent but this.
        root.data
            .verify(proof.clone())
            .map_err(|error| AggregateError::Root { reason: error.to_string() })?;
        let aggregate = AggregateDocument {
            version: AggregateVersion::V1,
            profile: self.circuits.profile(),
            root_key: root.key_digest,
            batch: top.digest,
            statements: top.paths.iter().map(|(index, _)| batch[*index].statement.id()).collect(),
            proof: proof::encode(&proof.proof),
        };
        let aggregate_bytes = aggregate.to_json();
        let reference = AggregateReference { sha256: Sha256Digest::of(&aggregate_bytes), batch: top.digest };
        let receipts = top
            .paths
            .iter()
            .map(|(index, path)| {
                let proof = batch[*index];
                ReceiptDocument {
                    version: ReceiptVersion::V1,
                    statement_id: proof.statement.id(),
                    statement: proof.statement.clone(),
                    trust_tier: TrustTier::Proven,
                    program: ReceiptProgram {
                        shape: proof.program.shape,
                        key: proof.program.digest(),
                        leaf_key: proof.leaf_key,
                    },
                    path: path.clone(),
                    aggregate: reference,
                }
            })
            .collect();
        Ok(BatchResult { aggregate, aggregate_bytes, receipts, leaves, nodes })
    }
}

fn engine_error(what: &str) -> impl FnOnce(EngineError) -> AggregateError {
    move |source| AggregateError::Engine { what: what.to_owned(), source }
}

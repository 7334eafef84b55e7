//! From verified proofs to one aggregate and a receipt each, in process.
//!
//! Goes through a [`plan`](crate::plan), task by task. Who has other machines to prove on hands the plan's tasks out
//! instead ([`work`](crate::work)); layout, digests and documents are the plan's either way.

use std::collections::BTreeSet;

use sheaf_plonky2::engine::{Engine, Proof};
use sheaf_plonky2::proof;

use crate::circuits::{CircuitError, Circuits, Progress};
use crate::plan::{BatchPlan, Member, PlanError, PlannedTask, TaskKind};
use crate::verify::VerifiedProof;
use crate::work::{Part, ProveError, Prover, Role};

pub use crate::plan::{BatchResult, MAX_BATCH};

/// Why a batch cannot be aggregated.
#[derive(Debug, thiserror::Error)]
pub enum AggregateError {
    /// The proofs are no batch.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A circuit cannot be had.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// A task cannot be proven.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The root proof does not verify: the engine is defective.
    #[error("[SH-AGG-023] root proof does not verify: {reason}")]
    Root {
        /// plonky2's message.
        reason: String,
    },
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
        let members: Vec<Member> = batch.iter().copied().map(Member::from).collect();
        let plan = BatchPlan::new(&members, self.circuits)?;
        let prover = Prover { circuits: self.circuits, engine: self.engine, progress };
        let mut run = Run { prover, plan: &plan, batch, waiting: Vec::with_capacity(plan.tasks.len()) };
        for (index, task) in plan.tasks.iter().enumerate() {
            progress(&plan.title(index));
            let proof = run.prove(task)?;
            run.waiting.push(Some(proof));
        }
        let root_proof = run.take(plan.tasks.len() - 1).proof;
        // Children are verified by their parents' circuits; the root has no parent but this.
        let root = self.circuits.root(progress)?;
        root.data
            .verify(root_proof.clone())
            .map_err(|error| AggregateError::Root { reason: error.to_string() })?;
        Ok(plan.assemble(&members, proof::encode(&root_proof.proof))?)
    }
}

/// A batch on its way through its plan.
struct Run<'a> {
    prover: Prover<'a>,
    plan: &'a BatchPlan,
    batch: Vec<&'a VerifiedProof>,
    /// A proof for every task so far, until its parent takes it: large batches have many, and a parent each.
    waiting: Vec<Option<Proof>>,
}

impl Run<'_> {
    fn prove(&mut self, task: &PlannedTask) -> Result<Proof, ProveError> {
        match &task.kind {
            TaskKind::Leaf { shape, members } => {
                let proofs = members.iter().map(|index| self.batch[*index]);
                let proofs: Vec<_> = proofs.map(|proof| (&proof.program, &proof.proof)).collect();
                self.prover.leaf(shape, &proofs, &task.digest)
            }
            TaskKind::Node { left, right } => {
                let children = [self.take(*left), self.take(*right)];
                self.prover.node(&children, &task.digest)
            }
            TaskKind::Root { child } => {
                let top = self.take(*child);
                self.prover.root(&top, &task.digest)
            }
        }
    }

    fn take(&mut self, task: usize) -> Part {
        let role = Role::of(&self.plan.tasks[task].kind);
        match self.waiting[task].take() {
            Some(proof) => Part { role, proof },
            None => unreachable!("tasks come after those that they need, and each is needed once"),
        }
    }
}

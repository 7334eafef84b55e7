//! The plan of a batch: which tasks make its aggregate, and what each of them must come to.
//!
//! ```text
//! members ── by shape, as many as fit ──▶ leaf tasks ── two by two, an odd one moves up ──▶ node tasks ──▶ root task
//! ```
//!
//! Owns the layout of the tree, the digest of every task, and the documents that the finished tasks make. Proves
//! nothing and keeps no state: the same members in the same order give the same plan, and what is done already is the
//! caller's to know. [`Aggregator`](crate::Aggregator) goes through a plan in process; [`work`](crate::work) takes its
//! tasks to other machines.

mod error;
mod layout;

use serde::{Deserialize, Serialize};
use sheaf_embedded::Shape;
use sheaf_plonky2::Profile;
use sheaf_plonky2::hash::Digest;
use sheaf_statement::{Statement, TrustTier};

pub use error::PlanError;

use self::layout::Layout;
use crate::circuits::Circuits;
use crate::documents::{
    AggregateDocument, AggregateReference, AggregateVersion, Document, ProofDocument, ReceiptDocument,
    ReceiptProgram, ReceiptVersion, Sha256Digest,
};
use crate::tree::InclusionPath;
use crate::verify::VerifiedProof;

/// Most statements in a batch.
pub const MAX_BATCH: usize = 4096;

/// A verified proof as far as a plan needs it: everything but the proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// What is proven.
    pub statement: Statement,
    /// The shape of the program's circuit.
    pub shape: Shape,
    /// Digest of the program's verifier key.
    pub program_key: Digest,
    /// Digest of the verifier key of the leaf circuit that the statement's vk commits to.
    pub leaf_key: Digest,
}

impl Member {
    /// The member that a verified document makes, given the key of its shape's leaf circuit
    /// ([`Circuits::leaf_key`]).
    #[must_use]
    pub fn new(document: &ProofDocument, leaf_key: Digest) -> Self {
        Self {
            statement: document.statement.clone(),
            shape: document.program.shape,
            program_key: document.program.digest(),
            leaf_key,
        }
    }
}

impl From<&VerifiedProof> for Member {
    fn from(proof: &VerifiedProof) -> Self {
        Self {
            statement: proof.statement.clone(),
            shape: proof.program.shape,
            program_key: proof.program.digest(),
            leaf_key: proof.leaf_key,
        }
    }
}

/// What one proof of a batch's tree is made of. Members and tasks are named by their indices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum TaskKind {
    /// Proofs of programs of one shape.
    Leaf {
        /// The programs' shape.
        shape: Shape,
        /// Whose proofs, in the order of the leaf's slots.
        members: Vec<usize>,
    },
    /// Two subtrees into one.
    Node {
        /// The task of the left subtree.
        left: usize,
        /// The task of the right subtree.
        right: usize,
    },
    /// The top of the tree into the aggregate's proof.
    Root {
        /// The task of the top: the last node, or a lone leaf.
        child: usize,
    },
}

/// One proof that a batch takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedTask {
    /// What is to be proven.
    pub kind: TaskKind,
    /// What the first four public inputs of its proof must be: the digest of the subtree, which for a leaf is not yet
    /// bound to the leaf circuit; the batch digest for the root.
    pub digest: Digest,
}

/// A shape that is in the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedShape {
    /// The shape.
    pub shape: Shape,
    /// How many statements its leaf circuit takes.
    pub slots: usize,
}

/// A batch's tree, task by task.
///
/// Its serde form is for the store of whoever made it, and no document: it is checked against the members again when
/// their documents are put together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchPlan {
    /// The profile of the circuits.
    pub profile: Profile,
    /// Digest of the root circuit's verifier key.
    pub root_key: Digest,
    /// The members' shapes.
    pub shapes: Vec<PlannedShape>,
    /// Every task after those that it needs; the last is the root.
    pub tasks: Vec<PlannedTask>,
    /// The batch digest.
    pub batch: Digest,
}

/// What aggregating a batch gives.
#[derive(Debug, Clone)]
pub struct BatchResult {
    /// The aggregate.
    pub aggregate: AggregateDocument,
    /// Its bytes, which the receipts' reference is the SHA-256 of.
    pub aggregate_bytes: Vec<u8>,
    /// One per statement, in the order of [`AggregateDocument::statements`].
    pub receipts: Vec<ReceiptDocument>,
    /// How many leaves were proven.
    pub leaves: usize,
    /// How many nodes were proven.
    pub nodes: usize,
}

impl BatchPlan {
    /// Plans a batch. Members are taken as verified; what is checked is that they make a batch of these circuits.
    ///
    /// Builds no circuit as long as the root of the profile is pinned.
    ///
    /// # Errors
    /// [`PlanError`] if the members are none or too many, are not all different, or one does not belong here.
    pub fn new(members: &[Member], circuits: &Circuits) -> Result<Self, PlanError> {
        let profile = circuits.profile();
        let mut shapes: Vec<PlannedShape> = Vec::new();
        for member in members {
            let shape = member.shape;
            if shape.profile != profile {
                return Err(PlanError::Profile { shape: shape.name(), expected: profile });
            }
            // Where the key is not known, tasks cannot be verified before it is, and refuse a wrong one then.
            if let Some(expected) = circuits.known_leaf_key(&shape)
                && member.leaf_key != expected
            {
                return Err(PlanError::LeafKey { shape: shape.name(), expected, got: member.leaf_key });
            }
            if shapes.iter().all(|planned| planned.shape != shape) {
                shapes.push(PlannedShape { shape, slots: circuits.slots(&shape)? });
            }
        }
        let Layout { tasks, batch, .. } = Layout::new(members, &shapes)?;
        Ok(Self { profile, root_key: circuits.root_key()?, shapes, tasks, batch })
    }

    /// The tasks that a task needs the proofs of. None for a leaf, and for what is no task.
    #[must_use]
    pub fn dependencies(&self, task: usize) -> Vec<usize> {
        match self.tasks.get(task).map(|task| &task.kind) {
            None | Some(TaskKind::Leaf { .. }) => Vec::new(),
            Some(TaskKind::Node { left, right }) => vec![*left, *right],
            Some(TaskKind::Root { child }) => vec![*child],
        }
    }

    /// The tasks that are not done and could be, in their order.
    #[must_use]
    pub fn ready(&self, done: &dyn Fn(usize) -> bool) -> Vec<usize> {
        let is_ready = |task: &usize| !done(*task) && self.dependencies(*task).into_iter().all(done);
        (0..self.tasks.len()).filter(is_ready).collect()
    }

    /// Puts the aggregate and the receipts together once the root is proven.
    ///
    /// Does not verify the proof: whoever got it from elsewhere has done so with
    /// [`verify_task`](crate::work::verify_task).
    ///
    /// # Errors
    /// [`PlanError`] if these are not the members that the plan was made for, in their order.
    pub fn assemble(&self, members: &[Member], root_proof: Vec<u8>) -> Result<BatchResult, PlanError> {
        let layout = self.layout(members)?;
        let aggregate = AggregateDocument {
            version: AggregateVersion::V1,
            profile: self.profile,
            root_key: self.root_key,
            batch: self.batch,
            statements: layout.paths.iter().map(|(index, _)| members[*index].statement.id()).collect(),
            proof: root_proof,
        };
        let aggregate_bytes = aggregate.to_json();
        let reference = AggregateReference { sha256: Sha256Digest::of(&aggregate_bytes), batch: self.batch };
        let receipts =
            layout.paths.into_iter().map(|(index, path)| receipt(&members[index], path, reference)).collect();
        let (leaves, nodes) = (self.leaves(), self.nodes());
        Ok(BatchResult { aggregate, aggregate_bytes, receipts, leaves, nodes })
    }

    /// Where each member's statement is in the batch, in the members' order.
    ///
    /// # Errors
    /// [`PlanError`] if these are not the members that the plan was made for, in their order.
    pub fn paths(&self, members: &[Member]) -> Result<Vec<InclusionPath>, PlanError> {
        let mut paths = self.layout(members)?.paths;
        paths.sort_by_key(|(index, _)| *index);
        Ok(paths.into_iter().map(|(_, path)| path).collect())
    }

    /// The layout of the plan's members, again.
    fn layout(&self, members: &[Member]) -> Result<Layout, PlanError> {
        let layout = Layout::new(members, &self.shapes)?;
        if layout.tasks != self.tasks || layout.batch != self.batch {
            return Err(PlanError::Members { expected: self.batch, got: layout.batch });
        }
        Ok(layout)
    }

    /// How many leaves the batch takes.
    #[must_use]
    pub fn leaves(&self) -> usize {
        self.tasks.iter().filter(|task| matches!(task.kind, TaskKind::Leaf { .. })).count()
    }

    /// How many nodes the batch takes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.tasks.iter().filter(|task| matches!(task.kind, TaskKind::Node { .. })).count()
    }

    /// What a task is called in messages, such as `node 2 of 5`.
    #[must_use]
    pub fn title(&self, task: usize) -> String {
        let numbered = |same: &dyn Fn(&TaskKind) -> bool| {
            let places = self.tasks.iter().enumerate().filter(|(_, other)| same(&other.kind));
            let (before, all) = places
                .fold((0, 0), |(before, all), (index, _)| (before + usize::from(index < task), all + 1));
            format!("{} of {all}", before + 1)
        };
        match self.tasks.get(task).map(|task| &task.kind) {
            None => "no task".to_owned(),
            Some(TaskKind::Leaf { shape, .. }) => {
                let number =
                    numbered(&|kind| matches!(kind, TaskKind::Leaf { shape: other, .. } if other == shape));
                format!("leaf {number} for {}", shape.name())
            }
            Some(TaskKind::Node { .. }) => {
                format!("node {}", numbered(&|kind| matches!(kind, TaskKind::Node { .. })))
            }
            Some(TaskKind::Root { .. }) => "root".to_owned(),
        }
    }
}

fn receipt(member: &Member, path: InclusionPath, aggregate: AggregateReference) -> ReceiptDocument {
    ReceiptDocument {
        version: ReceiptVersion::V1,
        statement_id: member.statement.id(),
        statement: member.statement.clone(),
        trust_tier: TrustTier::Proven,
        program: ReceiptProgram { shape: member.shape, key: member.program_key, leaf_key: member.leaf_key },
        path,
        aggregate,
    }
}

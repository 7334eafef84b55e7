//! A task as it travels: everything that proving it takes, and what it must come to.

use serde::{Deserialize, Serialize};
use sheaf_embedded::Shape;
use sheaf_plonky2::Profile;
use sheaf_plonky2::hash::Digest;

use crate::documents::{Document, MAX_DOCUMENT_BYTES, ProofDocument, base64_bytes};
use crate::plan::{BatchPlan, PlanError, TaskKind};

/// Largest task document that is read: a leaf of any shape takes at most three proofs (a test counts), and each comes as
/// its whole document. Anything less, and whoever sends the longest statements there are could stall a batch.
pub const MAX_TASK_BYTES: usize = 3 * MAX_DOCUMENT_BYTES;

/// The format of a [`TaskDocument`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskVersion {
    /// The first.
    #[serde(rename = "sheaf/task/v1")]
    V1,
}

/// One proof to be made, with all that it is made of. Needs no state of the batch's and no trust in either direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskDocument {
    /// Format.
    pub version: TaskVersion,
    /// The profile of the circuits.
    pub profile: Profile,
    /// What is to be proven.
    pub kind: Work,
    /// What the first four public inputs of the proof must be, as
    /// [`PlannedTask::digest`](crate::plan::PlannedTask::digest) has it.
    pub expected: Digest,
}

/// What a task is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Work {
    /// Proofs of programs of one shape.
    Leaf {
        /// The programs' shape.
        shape: Shape,
        /// The proofs, in the order of the leaf's slots.
        proofs: Vec<ProofDocument>,
    },
    /// Two subtrees into one.
    Node {
        /// The left subtree.
        left: Child,
        /// The right subtree.
        right: Child,
    },
    /// The top of a batch's tree into the aggregate's proof.
    Root {
        /// The top.
        child: Child,
    },
}

/// A proof of the uniform shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Child {
    /// Which circuit it is of.
    pub role: Role,
    /// Its first four public inputs. The other four follow from the role.
    pub digest: Digest,
    /// Canonical proof bytes, in base64.
    #[serde(with = "base64_bytes")]
    pub proof: Vec<u8>,
}

/// The circuits that have the uniform shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Role {
    /// The leaf of a program shape.
    Leaf {
        /// The programs' shape.
        shape: Shape,
    },
    /// The node.
    Node,
}

impl Role {
    /// The role of a task's proof under its parent.
    pub(crate) fn of(kind: &TaskKind) -> Self {
        match kind {
            TaskKind::Leaf { shape, .. } => Role::Leaf { shape: *shape },
            // A root is nobody's child. Offered as one, it is refused as the node that it is not.
            TaskKind::Node { .. } | TaskKind::Root { .. } => Role::Node,
        }
    }
}

impl TaskDocument {
    /// The document of a plan's task, from the proof documents of members and the proofs of tasks, both fetched by their
    /// index in the plan.
    ///
    /// # Errors
    /// [`PlanError::NoTask`] if the plan has no such task, or whatever fetching fails with.
    pub fn new<E: From<PlanError>>(
        plan: &BatchPlan,
        task: usize,
        mut member: impl FnMut(usize) -> Result<ProofDocument, E>,
        mut proof: impl FnMut(usize) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let planned = |index: usize| {
            let missing = PlanError::NoTask { expected: plan.tasks.len(), got: index };
            plan.tasks.get(index).ok_or(missing)
        };
        let mut child = |index: usize| {
            let task = planned(index)?;
            Ok::<_, E>(Child { role: Role::of(&task.kind), digest: task.digest, proof: proof(index)? })
        };
        let task = planned(task)?;
        let kind = match &task.kind {
            TaskKind::Leaf { shape, members } => {
                let proofs = members.iter().map(|index| member(*index)).collect::<Result<_, _>>()?;
                Work::Leaf { shape: *shape, proofs }
            }
            TaskKind::Node { left, right } => Work::Node { left: child(*left)?, right: child(*right)? },
            TaskKind::Root { child: top } => Work::Root { child: child(*top)? },
        };
        Ok(Self { version: TaskVersion::V1, profile: plan.profile, kind, expected: task.digest })
    }
}

impl Document for TaskDocument {
    const KIND: &'static str = "task";
    const MAX_BYTES: usize = MAX_TASK_BYTES;

    /// Encodes the document without white space: no person reads it, and indentation would cost a long statement a
    /// fifth of its size.
    fn to_json(&self) -> Vec<u8> {
        match serde_json::to_vec(self) {
            Ok(bytes) => bytes,
            Err(error) => unreachable!("documents serialize: {error}"),
        }
    }
}

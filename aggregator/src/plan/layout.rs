//! Where every statement of a batch goes: the one place that lays out trees.

use std::collections::{BTreeMap, BTreeSet};

use sheaf_embedded::{Shape, public_values_digest};
use sheaf_plonky2::hash::Digest;
use sheaf_statement::ProofSystem;

use super::{MAX_BATCH, Member, PlanError, PlannedShape, PlannedTask, TaskKind};
use crate::circuits::leaf::MAX_SLOTS;
use crate::circuits::node::ARITY;
use crate::tree::{InclusionPath, Step, leaf_digest, node_digest, program_vk, statement_digest, subtree};
use crate::verify::public_values;

/// A laid-out tree.
pub(super) struct Layout {
    /// Every task after those that it needs; the last is the root.
    pub(super) tasks: Vec<PlannedTask>,
    /// What the root proves.
    pub(super) batch: Digest,
    /// Members by their index, from left to right in the tree, and their paths.
    pub(super) paths: Vec<(usize, InclusionPath)>,
}

/// The circuit that a shape's proofs go into.
struct LeafCircuit {
    shape: Shape,
    slots: usize,
    key: Digest,
}

/// A task of the uniform shape, with the statements below it.
struct Subtree {
    task: usize,
    /// As its parent knows it.
    digest: Digest,
    paths: Vec<(usize, InclusionPath)>,
}

impl Layout {
    /// Sorts members by shape, fills leaves, and joins them two by two, where an odd one moves up.
    pub(super) fn new(members: &[Member], shapes: &[PlannedShape]) -> Result<Self, PlanError> {
        let mut level = Vec::new();
        let mut tasks = Vec::new();
        for (shape, indices) in by_shape(members)? {
            let circuit = LeafCircuit {
                shape,
                slots: slots(&shape, shapes)?,
                key: leaf_key(&shape, indices.iter().map(|index| &members[*index]))?,
            };
            for chunk in indices.chunks(circuit.slots) {
                level.push(leaf(&circuit, chunk, members, &mut tasks)?);
            }
        }
        while level.len() > 1 {
            let mut next = Vec::with_capacity(level.len().div_ceil(ARITY));
            let mut rest = level.into_iter();
            while let Some(left) = rest.next() {
                next.push(match rest.next() {
                    Some(right) => node(left, right, &mut tasks),
                    // A node takes leaves and nodes alike, so an odd one moves up as it is.
                    None => left,
                });
            }
            level = next;
        }
        let Some(top) = level.pop() else { return Err(PlanError::BatchSize { got: 0 }) };
        tasks.push(PlannedTask { kind: TaskKind::Root { child: top.task }, digest: top.digest });
        Ok(Self { tasks, batch: top.digest, paths: top.paths })
    }
}

/// Indices of the members of each shape, in their order. Refuses what is no batch.
fn by_shape(members: &[Member]) -> Result<BTreeMap<Shape, Vec<usize>>, PlanError> {
    if members.is_empty() || members.len() > MAX_BATCH {
        return Err(PlanError::BatchSize { got: members.len() });
    }
    let mut seen = BTreeSet::new();
    let mut by_shape: BTreeMap<Shape, Vec<usize>> = BTreeMap::new();
    for (index, member) in members.iter().enumerate() {
        let id = member.statement.id();
        if !seen.insert(id) {
            return Err(PlanError::Duplicate { id });
        }
        by_shape.entry(member.shape).or_default().push(index);
    }
    Ok(by_shape)
}

/// The plan's slots for a shape. A stored plan is not trusted to hold a possible number.
fn slots(shape: &Shape, shapes: &[PlannedShape]) -> Result<usize, PlanError> {
    shapes
        .iter()
        .find(|planned| planned.shape == *shape && (1..=MAX_SLOTS).contains(&planned.slots))
        .map(|planned| planned.slots)
        .ok_or_else(|| PlanError::NoLeaf { shape: shape.name() })
}

/// The leaf key that all members of a shape have.
fn leaf_key<'a>(shape: &Shape, mut members: impl Iterator<Item = &'a Member>) -> Result<Digest, PlanError> {
    let no_leaf = || PlanError::NoLeaf { shape: shape.name() };
    let expected = members.next().ok_or_else(no_leaf)?.leaf_key;
    match members.find(|member| member.leaf_key != expected) {
        Some(other) => Err(PlanError::LeafKey { shape: shape.name(), expected, got: other.leaf_key }),
        None => Ok(expected),
    }
}

fn leaf(
    circuit: &LeafCircuit,
    indices: &[usize],
    members: &[Member],
    tasks: &mut Vec<PlannedTask>,
) -> Result<Subtree, PlanError> {
    let statements: Vec<Digest> =
        indices.iter().map(|index| slot_digest(&members[*index])).collect::<Result<_, _>>()?;
    let (digest, steps) = subtree(&statements, circuit.slots);
    let path = |leaf: Vec<Step>| InclusionPath { leaf, tree: Vec::new() };
    let paths = indices.iter().copied().zip(steps.into_iter().map(path)).collect();
    let kind = TaskKind::Leaf { shape: circuit.shape, members: indices.to_vec() };
    tasks.push(PlannedTask { kind, digest });
    Ok(Subtree { task: tasks.len() - 1, digest: leaf_digest(&circuit.key, &digest), paths })
}

fn node(left: Subtree, right: Subtree, tasks: &mut Vec<PlannedTask>) -> Subtree {
    let digest = node_digest(&left.digest, &right.digest);
    tasks.push(PlannedTask { kind: TaskKind::Node { left: left.task, right: right.task }, digest });
    let (left_step, right_step) = (Step::Right(right.digest), Step::Left(left.digest));
    let mut paths = left.paths;
    paths.iter_mut().for_each(|(_, path)| path.tree.push(left_step));
    paths.extend(right.paths.into_iter().map(|(index, mut path)| {
        path.tree.push(right_step);
        (index, path)
    }));
    Subtree { task: tasks.len() - 1, digest, paths }
}

/// The digest of a member's statement in its slot. Refuses a statement that a receipt could not be verified for.
fn slot_digest(member: &Member) -> Result<Digest, PlanError> {
    let statement = &member.statement;
    if statement.system() != ProofSystem::Plonky2Goldilocks {
        return Err(PlanError::System { id: statement.id(), got: statement.system() });
    }
    let (expected, got) = (statement.vk(), program_vk(&member.leaf_key, &member.program_key));
    if expected != got {
        return Err(PlanError::VkMismatch { id: statement.id(), expected, got });
    }
    let values =
        public_values(statement).map_err(|source| PlanError::PublicInputs { id: statement.id(), source })?;
    Ok(statement_digest(&member.program_key, &public_values_digest(&values)))
}

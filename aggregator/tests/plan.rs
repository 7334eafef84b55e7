//! Plans: the tree that circuits and receipts agree on, and what is no batch. Proves nothing, and builds no circuit.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use plonky2::field::types::Field;
use sheaf_aggregator::artefacts::ArtefactStore;
use sheaf_aggregator::documents::ProofDocument;
use sheaf_aggregator::plan::{BatchPlan, MAX_BATCH, Member, PlanError, TaskKind};
use sheaf_aggregator::tree::{leaf_digest, node_digest, program_vk, statement_digest, subtree};
use sheaf_aggregator::{Circuits, TaskDocument};
use sheaf_embedded::{Shape, public_values_digest};
use sheaf_plonky2::hash::{Digest, Tag, empty_digest, tagged_hash};
use sheaf_plonky2::{F, Profile};
use sheaf_statement::{ProofSystem, Statement};

static CIRCUITS: LazyLock<Circuits> = LazyLock::new(|| Circuits::new(Profile::Standard, None));

const fn shape(degree_bits: usize, zero_knowledge: bool) -> Shape {
    Shape { profile: Profile::Standard, degree_bits, zero_knowledge }
}

/// Not in the order of the tree, of three slots and of two.
const SHAPES: [Shape; 4] = [shape(10, false), shape(8, false), shape(13, true), shape(9, false)];
/// Not pinned.
const RARE: Shape = shape(13, false);

fn digest(seed: u64) -> Digest {
    tagged_hash(Tag::VerifierKey, &[F::from_canonical_u64(seed)])
}

fn member_with_leaf_key(seed: u64, shape: Shape, leaf_key: Digest) -> Member {
    let program_key = digest(seed % 5);
    let vk = program_vk(&leaf_key, &program_key);
    let statement = Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, vk, &[seed, 7]).unwrap();
    Member { statement, shape, program_key, leaf_key }
}

fn member(seed: u64, shape: Shape) -> Member {
    member_with_leaf_key(seed, shape, CIRCUITS.leaf_key(&shape, &|_| ()).unwrap())
}

/// Members of mixed shapes.
fn members(count: usize) -> Vec<Member> {
    (0..count).map(|seed| member(seed as u64, SHAPES[(seed * seed % 7 + seed / 3) % SHAPES.len()])).collect()
}

fn slot_digest(member: &Member) -> Digest {
    let words = member.statement.u64_words().unwrap();
    let values: Vec<F> = words.into_iter().map(F::from_canonical_u64).collect();
    statement_digest(&member.program_key, &public_values_digest(&values))
}

/// The tree in the plainest way: members in their order in the tree, digests of leaves, and the batch digest.
fn reference(members: &[Member]) -> (Vec<usize>, Vec<Digest>, Digest) {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|index| members[*index].shape);
    let mut leaves = Vec::new();
    let mut level = Vec::new();
    for same in order.chunk_by(|a, b| members[*a].shape == members[*b].shape) {
        for leaf in same.chunks(CIRCUITS.slots(&members[same[0]].shape).unwrap()) {
            let statements: Vec<Digest> = leaf.iter().map(|index| slot_digest(&members[*index])).collect();
            // Of four places, or of two.
            let slots = CIRCUITS.slots(&members[leaf[0]].shape).unwrap();
            leaves.push(subtree(&statements, slots).0);
            level.push(leaf_digest(&members[leaf[0]].leaf_key, leaves.last().unwrap()));
        }
    }
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| if let [left, right] = pair { node_digest(left, right) } else { pair[0] })
            .collect();
    }
    (order, leaves, level[0])
}

fn plan(members: &[Member]) -> BatchPlan {
    BatchPlan::new(members, &CIRCUITS).unwrap()
}

fn refusal(members: &[Member]) -> PlanError {
    BatchPlan::new(members, &CIRCUITS).unwrap_err()
}

const SIZES: [usize; 8] = [1, 2, 3, 5, 17, 64, 100, 333];

#[test]
fn plan_is_the_tree_that_the_circuits_compute() {
    for count in SIZES {
        let members = members(count);
        let (_, leaves, batch) = reference(&members);
        let plan = plan(&members);
        assert_eq!(plan.batch, batch, "{count}");
        let planned = plan.tasks.iter().filter(|task| matches!(task.kind, TaskKind::Leaf { .. }));
        assert!(planned.map(|task| task.digest).eq(leaves.iter().copied()), "{count}");
        assert_eq!((plan.leaves(), plan.nodes()), (leaves.len(), leaves.len() - 1));
        assert_eq!(plan.tasks.len(), 2 * leaves.len());
        let root = plan.tasks.last().unwrap();
        assert_eq!((&root.kind, root.digest), (&TaskKind::Root { child: plan.tasks.len() - 2 }, batch));
    }
}

#[test]
fn every_receipt_of_an_assembled_batch_leads_to_its_digest() {
    for count in SIZES {
        let members = members(count);
        let (order, _, batch) = reference(&members);
        let result = plan(&members).assemble(&members, vec![1, 2, 3]).unwrap();
        assert_eq!((result.aggregate.batch, &result.aggregate.proof[..]), (batch, &[1, 2, 3][..]));
        let listed = order.iter().map(|index| members[*index].statement.id());
        assert!(listed.eq(result.aggregate.statements.iter().copied()), "{count}");
        assert_eq!(result.receipts.len(), count);
        for (receipt, index) in result.receipts.iter().zip(order) {
            let member = &members[index];
            assert_eq!(
                (&receipt.statement, receipt.statement_id),
                (&member.statement, member.statement.id())
            );
            assert_eq!(receipt.path.root(&member.leaf_key, &slot_digest(member)), batch);
        }
    }
}

#[test]
fn every_task_comes_after_what_it_needs_and_is_needed_once() {
    for count in SIZES {
        let plan = plan(&members(count));
        let mut needed = BTreeSet::new();
        for task in 0..plan.tasks.len() {
            for dependency in plan.dependencies(task) {
                assert!(dependency < task && needed.insert(dependency), "{count}: {dependency} of {task}");
            }
        }
        assert!(needed.into_iter().eq(0..plan.tasks.len() - 1));
    }
}

#[test]
fn tasks_are_ready_when_what_they_need_is_done() {
    let plan = plan(&members(17));
    let mut done = BTreeSet::new();
    assert_eq!(plan.ready(&|task| done.contains(&task)), (0..plan.leaves()).collect::<Vec<_>>());
    // Always the one that is furthest up.
    while let Some(task) = plan.ready(&|task| done.contains(&task)).pop() {
        assert!(plan.dependencies(task).iter().all(|dependency| done.contains(dependency)));
        done.insert(task);
    }
    assert_eq!(done.len(), plan.tasks.len());
    assert!(plan.dependencies(plan.tasks.len()).is_empty());
}

/// Whoever restarts with a stored plan goes on with the same one.
#[test]
fn plans_are_deterministic_and_survive_storage() {
    let members = members(17);
    let json = serde_json::to_string(&plan(&members)).unwrap();
    assert_eq!(json, serde_json::to_string(&plan(&members)).unwrap());
    assert_eq!(serde_json::from_str::<BatchPlan>(&json).unwrap(), plan(&members));
    let json = serde_json::to_string(&members).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Member>>(&json).unwrap(), members);
}

#[test]
fn tasks_have_titles() {
    let members: Vec<Member> = (0..5).map(|seed| member(seed, SHAPES[seed as usize / 4])).collect();
    let plan = plan(&members);
    let titles: Vec<String> = (0..=plan.tasks.len()).map(|task| plan.title(task)).collect();
    assert_eq!(
        titles,
        [
            "leaf 1 of 1 for program-standard-8",
            "leaf 1 of 2 for program-standard-10",
            "leaf 2 of 2 for program-standard-10",
            "node 1 of 2",
            "node 2 of 2",
            "root",
            "no task",
        ]
    );
}

#[test]
fn planning_builds_no_circuit() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("circuits");
    let circuits = Circuits::new(Profile::Standard, Some(ArtefactStore::new(&store)));
    let mut members = members(17);
    members.extend((100..105).map(|seed| member_with_leaf_key(seed, RARE, digest(1))));
    let plan = BatchPlan::new(&members, &circuits).unwrap();
    let rare = plan.shapes.iter().find(|planned| planned.shape == RARE).unwrap();
    assert_eq!(rare.slots, 2);
    // Whatever is built is stored.
    assert!(!store.exists());
}

#[test]
fn largest_batch_is_planned_and_none_larger() {
    let largest: Vec<Member> = (0..MAX_BATCH as u64).map(|seed| member(seed, SHAPES[1])).collect();
    assert_eq!(plan(&largest).leaves(), MAX_BATCH.div_ceil(3));
    let mut larger = largest;
    larger.push(member(MAX_BATCH as u64, SHAPES[1]));
    assert!(matches!(refusal(&larger), PlanError::BatchSize { got } if got == MAX_BATCH + 1));
    assert!(matches!(refusal(&[]), PlanError::BatchSize { got: 0 }));
}

/// A plan with a statement twice would have two receipts of one id.
#[test]
fn statement_that_is_there_twice_is_rejected() {
    let mut members = members(5);
    members.push(members[1].clone());
    let error = refusal(&members);
    assert!(matches!(error, PlanError::Duplicate { id } if id == members[1].statement.id()), "{error}");
}

#[test]
fn member_of_another_profile_is_rejected() {
    let mut members = members(3);
    members[1].shape.profile = Profile::Provable;
    let error = refusal(&members);
    assert!(matches!(error, PlanError::Profile { expected: Profile::Standard, .. }), "{error}");
}

/// Attack: a statement that no leaf verifies, listed among the proven.
#[test]
fn statement_of_another_proof_system_is_rejected() {
    let mut members = members(3);
    let foreign = Statement::new(ProofSystem::Groth16Bn254, members[1].statement.vk(), Vec::new()).unwrap();
    members[1].statement = foreign;
    let error = refusal(&members);
    assert!(matches!(error, PlanError::System { got: ProofSystem::Groth16Bn254, .. }), "{error}");
}

/// Attack: a proof of one program listed under the name of another.
#[test]
fn program_that_is_not_the_statements_is_rejected() {
    let mut members = members(3);
    members[1].program_key = digest(99);
    let vk = members[1].statement.vk();
    let error = refusal(&members);
    assert!(matches!(error, PlanError::VkMismatch { expected, .. } if expected == vk), "{error}");
}

/// Attack: a program id that commits to a leaf circuit of one's own. Of a rare shape the genuine one is not known
/// without building it; there, all members have to agree, and no task over a wrong one can be proven.
#[test]
fn unknown_leaf_circuit_is_rejected() {
    let mut members = members(3);
    let genuine = members[1].leaf_key;
    members[1] = member_with_leaf_key(1, members[1].shape, digest(99));
    let error = refusal(&members);
    assert!(
        matches!(error, PlanError::LeafKey { expected, got, .. } if expected == genuine && got == digest(99)),
        "{error}"
    );
    let rare = [1, 2].map(|seed| member_with_leaf_key(seed, RARE, digest(seed)));
    let error = refusal(&rare);
    assert!(
        matches!(error, PlanError::LeafKey { expected, got, .. } if expected == digest(1) && got == digest(2)),
        "{error}"
    );
}

#[test]
fn impossible_shape_is_rejected() {
    let members = [member_with_leaf_key(1, shape(40, false), digest(1))];
    assert!(matches!(refusal(&members), PlanError::Circuit(_)));
}

#[test]
fn members_of_another_plan_are_rejected() {
    let members = members(5);
    let plan = plan(&members);
    let refusal = |members: &[Member]| plan.assemble(members, Vec::new()).unwrap_err();
    let mut reordered = members.clone();
    reordered.swap(1, 2);
    let mut replaced = members.clone();
    replaced[4] = member(99, members[4].shape);
    let mut fewer = members.clone();
    fewer.pop();
    for other in [reordered, replaced, fewer] {
        let error = refusal(&other);
        assert!(matches!(error, PlanError::Members { expected, .. } if expected == plan.batch), "{error}");
    }
    let mut reshaped = members.clone();
    reshaped[4] = member(4, SHAPES[2]);
    assert!(matches!(refusal(&reshaped), PlanError::NoLeaf { .. }));
    assert!(matches!(refusal(&[]), PlanError::BatchSize { got: 0 }));
}

/// A store is not always what was written to it.
#[test]
fn damaged_plan_is_rejected() {
    let members = members(5);
    let damaged = |change: fn(&mut BatchPlan)| {
        let mut plan = plan(&members);
        change(&mut plan);
        plan.assemble(&members, Vec::new()).unwrap_err()
    };
    for error in [
        damaged(|plan| plan.shapes[0].slots = 0),
        damaged(|plan| plan.shapes[0].slots = usize::MAX),
        damaged(|plan| plan.shapes.clear()),
    ] {
        assert!(matches!(error, PlanError::NoLeaf { .. }), "{error}");
    }
    for error in [
        damaged(|plan| plan.batch = empty_digest()),
        damaged(|plan| plan.tasks[0].digest = empty_digest()),
        damaged(|plan| plan.tasks.truncate(1)),
        damaged(|plan| plan.shapes.iter_mut().for_each(|planned| planned.slots = 1)),
    ] {
        assert!(matches!(error, PlanError::Members { .. }), "{error}");
    }
}

#[test]
fn document_of_no_task_is_rejected() {
    let mut plan = plan(&members(5));
    let document = |plan: &BatchPlan, task: usize| {
        let member = |_| -> Result<ProofDocument, PlanError> { unreachable!("no leaf is asked for") };
        TaskDocument::new(plan, task, member, |_| Ok(Vec::new()))
    };
    let root = plan.tasks.len() - 1;
    document(&plan, root).unwrap();
    let error = document(&plan, root + 1).unwrap_err();
    assert!(matches!(error, PlanError::NoTask { expected, got } if expected == root + 1 && got == root + 1));
    plan.tasks[root].kind = TaskKind::Root { child: 1000 };
    let error = document(&plan, root).unwrap_err();
    assert!(matches!(error, PlanError::NoTask { got: 1000, .. }), "{error}");
}

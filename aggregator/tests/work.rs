//! Tasks on other machines: workers that refuse bad tasks, and a coordinator that is not fooled by bad workers.
//!
//! One batch of five statements of two shapes serves all tests: three leaves, two nodes (the upper one over a node and a
//! leaf that moved up) and the root, each proven from its document, by whichever worker has the circuit.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::LazyLock;

use plonky2::iop::witness::PartitionWitness;
use sheaf_aggregator::artefacts::ArtefactStore;
use sheaf_aggregator::documents::{
    AggregateDocument, AggregateReference, Document, DocumentError, MAX_DOCUMENT_BYTES, ProofDocument,
    ProofVersion, ReceiptDocument, Sha256Digest,
};
use sheaf_aggregator::plan::{BatchPlan, Member, TaskKind};
use sheaf_aggregator::tree::program_vk;
use sheaf_aggregator::verify::{
    CircuitsByProfile, ProofError, verify_aggregate, verify_proof, verify_receipt,
};
use sheaf_aggregator::work::{
    Child, MAX_TASK_BYTES, Role, TaskDocument, TaskVersion, VerifyKind, Work, WorkError, prove_task,
    verify_task,
};
use sheaf_aggregator::{Aggregator, BatchResult, CircuitError, Circuits, PlanError, pins};
use sheaf_embedded::{Program, Shape};
use sheaf_plonky2::engine::{Circuit, Engine, EngineError, FastEngine, Proof};
use sheaf_plonky2::hash::{Digest, GOLDILOCKS_MODULUS, empty_digest};
use sheaf_plonky2::proof::{MAX_PROOF_BYTES, ProofDecodeError};
use sheaf_plonky2::{F, Profile};
use sheaf_statement::{MAX_PUBLIC_INPUTS, ProofSystem, Statement, VkDigest};

#[path = "../src/testing.rs"]
mod testing;

/// Of 2^8 and of 2^9 rows.
static PROGRAMS: LazyLock<[Program; 2]> =
    LazyLock::new(|| [testing::program(1, 3), testing::program(2, 800)]);

/// Which program each member is of.
const PROGRAM_OF: [usize; 5] = [0, 1, 0, 0, 0];

/// Where the coordinator would store the circuits that it builds.
static STORE: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = format!("sheaf-work-test-{}", std::process::id());
    std::env::temp_dir().join(folder)
});

static COORDINATOR: LazyLock<Circuits> =
    LazyLock::new(|| Circuits::new(Profile::Standard, Some(ArtefactStore::new(STORE.clone()))));

/// One proves leaves, the other what is above them.
static WORKERS: LazyLock<[Circuits; 2]> =
    LazyLock::new(|| [(); 2].map(|()| Circuits::new(Profile::Standard, None)));

static PROOFS: LazyLock<Vec<ProofDocument>> = LazyLock::new(|| {
    let documents = PROGRAM_OF.iter().enumerate().map(|(index, program)| {
        let program = &PROGRAMS[*program];
        let inference = program.prove(&FastEngine::new(), &[10 + index as i64, 700]).unwrap();
        let key = program.key().clone();
        let leaf_key = COORDINATOR.leaf_key(&key.shape, &|_| ()).unwrap();
        let vk = program_vk(&leaf_key, &key.digest());
        let system = ProofSystem::Plonky2Goldilocks;
        let statement = Statement::from_u64_words(system, vk, &inference.public_values).unwrap();
        ProofDocument { version: ProofVersion::V1, statement, program: key, proof: inference.proof }
    });
    documents.collect()
});

static MEMBERS: LazyLock<Vec<Member>> = LazyLock::new(|| {
    let leaf_key = |document: &ProofDocument| COORDINATOR.leaf_key(&document.program.shape, &|_| ()).unwrap();
    PROOFS.iter().map(|document| Member::new(document, leaf_key(document))).collect()
});

static PLAN: LazyLock<BatchPlan> = LazyLock::new(|| BatchPlan::new(&MEMBERS, &COORDINATOR).unwrap());

/// Every task's document and proof. Proven out of order: always the task furthest up that is ready.
static DONE: LazyLock<BTreeMap<usize, (TaskDocument, Vec<u8>)>> = LazyLock::new(|| {
    let mut done: BTreeMap<usize, (TaskDocument, Vec<u8>)> = BTreeMap::new();
    while let Some(task) = PLAN.ready(&|task| done.contains_key(&task)).pop() {
        let sent = TaskDocument::new::<PlanError>(
            &PLAN,
            task,
            |member| Ok(PROOFS[member].clone()),
            |task| Ok(done[&task].1.clone()),
        );
        let received = TaskDocument::from_json(&sent.unwrap().to_json()).unwrap();
        let worker = usize::from(!matches!(PLAN.tasks[task].kind, TaskKind::Leaf { .. }));
        let proof = prove_task(&received, &WORKERS[worker], &FastEngine::new(), &|_| ()).unwrap();
        check(task, &proof).unwrap();
        done.insert(task, (received, proof));
    }
    done
});

static BATCH: LazyLock<BatchResult> =
    LazyLock::new(|| PLAN.assemble(&MEMBERS, proof(PLAN.tasks.len() - 1).to_vec()).unwrap());

/// What the coordinator says of a proof for a task.
fn check(task: usize, proof: &[u8]) -> Result<(), WorkError> {
    let task = &PLAN.tasks[task];
    verify_task(&(&task.kind).into(), PLAN.profile, &task.digest, proof, &COORDINATOR)
}

fn proof(task: usize) -> &'static [u8] {
    &DONE[&task].1
}

/// Leaves over three statements and over one of the first program, over one of the second; the nodes; the root.
const LEAVES: [usize; 3] = [0, 1, 2];
const NODES: [usize; 2] = [3, 4];
const ROOT: usize = 5;

/// Refuses to prove, so that a test fails fast where a refusal should have come first.
struct NoEngine;

impl Engine for NoEngine {
    fn name(&self) -> &'static str {
        "none"
    }

    fn prove_witness(&self, _: &Circuit, _: PartitionWitness<'_, F>) -> Result<Proof, EngineError> {
        Err(EngineError::Unsatisfied)
    }
}

/// A worker's refusal of a task after a change.
fn refusal(task: usize, change: impl FnOnce(&mut TaskDocument)) -> WorkError {
    let honest = &DONE[&task].0;
    let mut document = honest.clone();
    change(&mut document);
    assert!(document != *honest, "the change changes nothing");
    prove_task(&document, &COORDINATOR, &NoEngine, &|_| ()).unwrap_err()
}

fn leaf_parts(document: &mut TaskDocument) -> (&mut Shape, &mut Vec<ProofDocument>) {
    match &mut document.kind {
        Work::Leaf { shape, proofs } => (shape, proofs),
        other => unreachable!("no leaf: {other:?}"),
    }
}

fn children(document: &mut TaskDocument) -> Vec<&mut Child> {
    match &mut document.kind {
        Work::Leaf { .. } => unreachable!("a leaf has no children"),
        Work::Node { left, right } => vec![left, right],
        Work::Root { child } => vec![child],
    }
}

fn flipped(bytes: &[u8], byte: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[byte] ^= 1;
    flipped
}

#[test]
fn tasks_proven_out_of_order_by_several_workers_make_valid_receipts() {
    assert_eq!(DONE.len(), 6);
    let circuits = CircuitsByProfile::new(None);
    let aggregate = verify_aggregate(&BATCH.aggregate_bytes, &circuits).unwrap();
    assert_eq!(BATCH.receipts.len(), 5);
    for receipt in &BATCH.receipts {
        let checked = verify_receipt(&receipt.to_json(), &aggregate, None, &circuits).unwrap();
        assert_eq!(checked, *receipt);
    }
}

/// The root over a leaf that never met a node. The leaf is one of the batch's, so that only the root is left to prove.
#[test]
fn batch_of_one_statement_needs_no_node() {
    let members = &MEMBERS[4..];
    let plan = BatchPlan::new(members, &COORDINATOR).unwrap();
    let digest = PLAN.tasks[LEAVES[1]].digest;
    assert_eq!((plan.tasks.len(), plan.tasks[0].digest), (2, digest));
    let root = TaskDocument::new::<PlanError>(
        &plan,
        1,
        |_| unreachable!("no leaf is asked for"),
        |_| Ok(proof(LEAVES[1]).to_vec()),
    );
    let proof = prove_task(&root.unwrap(), &WORKERS[1], &FastEngine::new(), &|_| ()).unwrap();
    verify_task(&VerifyKind::Root, plan.profile, &plan.batch, &proof, &COORDINATOR).unwrap();
    let batch = plan.assemble(members, proof).unwrap();
    let circuits = CircuitsByProfile::new(None);
    let aggregate = verify_aggregate(&batch.aggregate_bytes, &circuits).unwrap();
    verify_receipt(&batch.receipts[0].to_json(), &aggregate, None, &circuits).unwrap();
}

/// A coordinator has no minutes to spend on circuits before it can say no.
#[test]
fn coordinator_builds_no_circuit() {
    LazyLock::force(&DONE);
    assert!(!STORE.exists(), "whatever is built is stored");
}

#[test]
fn aggregating_in_process_gives_the_same_batch() {
    let verified: Vec<_> =
        PROOFS.iter().map(|document| verify_proof(&document.to_json(), &WORKERS[1]).unwrap()).collect();
    // A batch is a set.
    let twice = [&verified[..], &verified[..1]].concat();
    let other = Aggregator::new(&WORKERS[1], &FastEngine::new()).aggregate(&twice, &|_| ()).unwrap();
    assert_eq!((other.leaves, other.nodes), (3, 2));
    // Proofs differ in their nonces, and with them the aggregate's hash.
    let without_proof =
        |batch: &BatchResult| AggregateDocument { proof: Vec::new(), ..batch.aggregate.clone() };
    assert_eq!(without_proof(&other), without_proof(&BATCH));
    let sha256 = Sha256Digest::of(b"");
    let without_hash = |receipt: &ReceiptDocument| ReceiptDocument {
        aggregate: AggregateReference { sha256, ..receipt.aggregate },
        ..receipt.clone()
    };
    assert!(other.receipts.iter().map(without_hash).eq(BATCH.receipts.iter().map(without_hash)));
}

/// Attack: bytes that are nearly the proof.
#[test]
fn damaged_proofs_are_rejected() {
    for task in [LEAVES[0], NODES[1], ROOT] {
        let honest = proof(task);
        for byte in (0..honest.len()).step_by(honest.len() / 61).chain([honest.len() - 1]) {
            let error = check(task, &flipped(honest, byte)).unwrap_err();
            assert!(matches!(error, WorkError::Invalid { .. } | WorkError::Decode(_)), "{byte}: {error}");
        }
        for cut in [0, 1, honest.len() / 2, honest.len() - 1] {
            let error = check(task, &honest[..cut]).unwrap_err();
            assert!(matches!(error, WorkError::Decode(ProofDecodeError::Malformed)), "{cut}: {error}");
        }
        let error = check(task, &[honest, &[0]].concat()).unwrap_err();
        assert!(matches!(error, WorkError::Decode(ProofDecodeError::NonCanonical)), "{error}");
        let error = check(task, &vec![0; MAX_PROOF_BYTES + 1]).unwrap_err();
        assert!(matches!(error, WorkError::Decode(ProofDecodeError::TooLong { .. })), "{error}");
    }
}

/// Attack: v + p in place of v, so that one proof is stored under two hashes.
#[test]
fn non_canonical_proof_is_rejected() {
    let mut bytes = proof(ROOT).to_vec();
    // The last element is the proof of work, a small number.
    let at = bytes.len() - 8;
    let value = u64::from_le_bytes(bytes[at..].try_into().unwrap());
    assert!(value < u64::from(u32::MAX));
    bytes[at..].copy_from_slice(&(value + GOLDILOCKS_MODULUS).to_le_bytes());
    let error = check(ROOT, &bytes).unwrap_err();
    assert!(matches!(error, WorkError::Decode(ProofDecodeError::NonCanonical)), "{error}");
}

/// Attack: an honest proof of other statements of the same batch, or of another subtree.
#[test]
fn proof_of_another_task_is_rejected() {
    for (task, other) in [(LEAVES[0], LEAVES[1]), (NODES[0], NODES[1]), (NODES[1], NODES[0])] {
        let error = check(task, proof(other)).unwrap_err();
        assert!(matches!(error, WorkError::Invalid { .. }), "{error}");
    }
}

/// Attack: a genuine circuit's proof for exactly the digest, in a role that it does not have. A node taken for a leaf
/// would list as statements what are subtrees; a leaf of another shape verifies other programs.
#[test]
fn proof_in_another_role_is_rejected() {
    let [shape, other] = PROGRAMS.each_ref().map(|program| program.key().shape);
    let kind = |task: usize| VerifyKind::from(&PLAN.tasks[task].kind);
    assert_eq!(
        (kind(LEAVES[0]), kind(LEAVES[2])),
        (VerifyKind::Leaf { shape }, VerifyKind::Leaf { shape: other })
    );
    for (task, role) in [
        (NODES[0], VerifyKind::Leaf { shape }),
        (LEAVES[0], VerifyKind::Node),
        (LEAVES[0], VerifyKind::Leaf { shape: other }),
        (LEAVES[2], VerifyKind::Leaf { shape }),
    ] {
        let digest = PLAN.tasks[task].digest;
        verify_task(&kind(task), PLAN.profile, &digest, proof(task), &COORDINATOR).unwrap();
        let error = verify_task(&role, PLAN.profile, &digest, proof(task), &COORDINATOR).unwrap_err();
        assert!(matches!(error, WorkError::Invalid { .. }), "{task} as {role:?}: {error}");
    }
    for (task, role) in [(ROOT, VerifyKind::Node), (NODES[1], VerifyKind::Root)] {
        let digest = PLAN.tasks[task].digest;
        let error = verify_task(&role, PLAN.profile, &digest, proof(task), &COORDINATOR).unwrap_err();
        assert!(matches!(error, WorkError::Decode(_)), "{task} as {role:?}: {error}");
    }
}

#[test]
fn proof_of_another_profile_is_rejected() {
    let task = &PLAN.tasks[LEAVES[0]];
    let kind = VerifyKind::from(&task.kind);
    let verify = |kind, profile| verify_task(&kind, profile, &task.digest, proof(LEAVES[0]), &COORDINATOR);
    let is_refused = |result| {
        matches!(result, Err(WorkError::Profile { expected: Profile::Standard, got: Profile::Provable }))
    };
    assert!(is_refused(verify(kind, Profile::Provable)));
    let shape = Shape { profile: Profile::Provable, ..PROGRAMS[0].key().shape };
    assert!(is_refused(verify(VerifyKind::Leaf { shape }, Profile::Standard)));
    let shape = Shape { degree_bits: 40, ..PROGRAMS[0].key().shape };
    let error = verify(VerifyKind::Leaf { shape }, Profile::Standard).unwrap_err();
    assert!(matches!(error, WorkError::Circuit(CircuitError::Shape(_))), "{error}");
}

/// Attack: a coordinator that has its workers prove something else than it says. It gains nothing, but a worker's time
/// is a worker's.
#[test]
fn task_that_asks_for_another_digest_is_rejected() {
    for task in [LEAVES[0], NODES[0], NODES[1], ROOT] {
        let error = refusal(task, |document| document.expected = empty_digest());
        let honest = PLAN.tasks[task].digest;
        assert!(
            matches!(error, WorkError::Expected { expected, got } if expected == empty_digest() && got == honest),
            "{error}"
        );
    }
    let is_expected = |error| matches!(error, WorkError::Expected { .. });
    assert!(is_expected(refusal(LEAVES[0], |document| leaf_parts(document).1.swap(0, 1))));
    assert!(is_expected(refusal(LEAVES[0], |document| leaf_parts(document).1.truncate(2))));
    assert!(is_expected(refusal(NODES[0], |document| {
        let Work::Node { left, right } = &mut document.kind else { unreachable!("a node") };
        std::mem::swap(left, right);
    })));
}

#[test]
fn task_of_another_profile_is_rejected() {
    let other =
        |error| matches!(error, WorkError::Profile { expected: Profile::Standard, got: Profile::Provable });
    assert!(other(refusal(ROOT, |document| document.profile = Profile::Provable)));
    assert!(other(refusal(LEAVES[0], |document| leaf_parts(document).0.profile = Profile::Provable)));
    let error = refusal(NODES[0], |document| {
        let shape = Shape { profile: Profile::Provable, ..PROGRAMS[0].key().shape };
        children(document)[1].role = Role::Leaf { shape };
    });
    let WorkError::Child { index: 1, source } = error else { panic!("{error}") };
    assert!(other(*source));
}

#[test]
fn leaf_task_with_too_many_proofs_or_none_is_rejected() {
    let error = refusal(LEAVES[0], |document| leaf_parts(document).1.push(PROOFS[4].clone()));
    assert!(matches!(error, WorkError::ProofCount { expected: 3, got: 4 }), "{error}");
    let error = refusal(LEAVES[0], |document| leaf_parts(document).1.clear());
    assert!(matches!(error, WorkError::ProofCount { expected: 3, got: 0 }), "{error}");
}

/// One bad proof, and the leaf cannot be proven: the coordinator has to learn which, or the batch never ends.
#[test]
fn bad_proof_in_a_leaf_task_is_named() {
    let error = refusal(LEAVES[0], |document| {
        let proof = &mut leaf_parts(document).1[1].proof;
        *proof = flipped(proof, proof.len() / 2);
    });
    assert_eq!(error.refused_proof(), Some(1));
    assert!(matches!(error, WorkError::Proof { index: 1, source: ProofError::Proof(_) }), "{error}");

    let error = refusal(LEAVES[0], |document| {
        let document = &mut leaf_parts(document).1[2];
        let mut words = document.statement.u64_words().unwrap();
        *words.last_mut().unwrap() += 1;
        let (system, vk) = (document.statement.system(), document.statement.vk());
        document.statement = Statement::from_u64_words(system, vk, &words).unwrap();
    });
    assert_eq!(error.refused_proof(), Some(2));

    let error = refusal(LEAVES[0], |document| leaf_parts(document).1[0] = PROOFS[1].clone());
    assert!(matches!(error, WorkError::ProofShape { index: 0, .. }), "{error}");
    assert_eq!(error.refused_proof(), Some(0));
}

#[test]
fn impossible_shape_is_rejected() {
    for degree_bits in [0, 7, 40, usize::MAX] {
        let error = refusal(LEAVES[0], |document| leaf_parts(document).0.degree_bits = degree_bits);
        assert!(matches!(error, WorkError::Circuit(CircuitError::Shape(_))), "{error}");
    }
}

/// Attack: a child that does not hold. No proof over it exists, and looking for one would take a worker as long as a
/// real one.
#[test]
fn bad_child_is_named() {
    for index in [0, 1] {
        let error = refusal(NODES[1], |document| {
            let child = children(document).swap_remove(index);
            child.proof = flipped(&child.proof, 1000);
        });
        assert!(matches!(error, WorkError::Child { index: i, .. } if i == index), "{error}");
        assert_eq!((error.code(), error.refused_proof()), ("SH-WRK-005", None));
    }
    let error = refusal(ROOT, |document| children(document)[0].proof.clear());
    assert!(matches!(error, WorkError::Child { index: 0, .. }), "{error}");
}

/// Attack: children in roles that are not theirs, which the circuits refuse as well, only later.
#[test]
fn child_in_another_role_is_rejected() {
    let leaf = Role::Leaf { shape: PROGRAMS[0].key().shape };
    let cases = [(NODES[0], 0, Role::Node), (NODES[1], 0, leaf), (NODES[1], 1, leaf), (ROOT, 0, leaf)];
    for (task, index, role) in cases {
        let error = refusal(task, |document| children(document)[index].role = role);
        let WorkError::Child { index: i, source } = error else { panic!("{error}") };
        assert!(i == index && matches!(*source, WorkError::Invalid { .. }), "{source}");
    }
    let error = refusal(NODES[0], |document| children(document)[0].digest = PLAN.tasks[LEAVES[1]].digest);
    assert!(matches!(error, WorkError::Child { index: 0, .. }), "{error}");
}

/// A worker whose machine is broken must not have members thrown out.
#[test]
fn engine_that_fails_is_not_blamed_on_a_proof() {
    let error = prove_task(&DONE[&LEAVES[0]].0, &WORKERS[0], &NoEngine, &|_| ()).unwrap_err();
    assert_eq!((error.code(), error.refused_proof()), ("SH-AGG-022", None));
}

fn is_malformed(text: &str) -> bool {
    matches!(TaskDocument::from_json(text.as_bytes()), Err(DocumentError::Malformed { .. }))
}

#[test]
fn other_spellings_of_a_task_are_rejected() {
    let leaf = String::from_utf8(DONE[&LEAVES[1]].0.to_json()).unwrap();
    let node = String::from_utf8(DONE[&NODES[0]].0.to_json()).unwrap();
    for (text, from, to) in [
        (&leaf, "{", "{\"note\":1,"),
        (&leaf, "\"shape\":", "\"note\":1,\"shape\":"),
        (&leaf, "\"leaf\":", "\"Leaf\":"),
        (&leaf, "\"leaf\":", "\"node\":"),
        (&leaf, "task/v1", "task/v2"),
        (&leaf, "task/v1", "proof/v1"),
        (&leaf, "\"profile\":\"standard\",", ""),
        (&node, "\"role\":", "\"note\":1,\"role\":"),
        (&node, "\"proof\":\"", "\"proof\":\" "),
        (&node, "\"expected\":\"0x", "\"expected\":\""),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(is_malformed(&text.replacen(from, to, 1)), "{from} → {to}");
    }
    let TaskDocument { version, profile, kind, expected } = &DONE[&NODES[0]].0;
    assert!(is_malformed(&serde_json::json!([version, profile, kind, expected]).to_string()));
    for (pointer, len) in [("/kind/node", 2), ("/kind/node/left", 3)] {
        let mut value: serde_json::Value = serde_json::from_str(&node).unwrap();
        let object = value.pointer_mut(pointer).unwrap();
        let fields: Vec<_> = object.as_object().unwrap().values().cloned().collect();
        assert_eq!(fields.len(), len);
        *object = fields.into();
        assert!(is_malformed(&value.to_string()), "{pointer}");
    }
}

/// Attack: the longest statements there are, three to a leaf, so that the batch's task fits no message.
#[test]
fn largest_leaf_task_fits_the_limit_and_nothing_larger_is_read() {
    for profile in Profile::ALL {
        let circuits = Circuits::new(profile, None);
        // Larger programs take more rows to verify, so that none have more slots than the smallest.
        for shape in pins::pinned_shapes(profile) {
            assert!(circuits.slots(&shape).unwrap() * MAX_DOCUMENT_BYTES <= MAX_TASK_BYTES);
        }
    }
    let words = vec![GOLDILOCKS_MODULUS - 1; MAX_PUBLIC_INPUTS];
    let vk = VkDigest::from([0xff; 32]);
    let statement = Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, vk, &words).unwrap();
    let proof = ProofDocument { statement, proof: vec![0xff; MAX_PROOF_BYTES], ..PROOFS[0].clone() };
    let task = TaskDocument {
        version: TaskVersion::V1,
        profile: Profile::Standard,
        kind: Work::Leaf { shape: proof.program.shape, proofs: vec![proof; 3] },
        expected: Digest::from_bytes(&[0; 32]).unwrap(),
    };
    let mut bytes = task.to_json();
    assert!(bytes.len() > 2 * MAX_DOCUMENT_BYTES, "two of the usual limit are not enough: {}", bytes.len());
    assert_eq!(TaskDocument::from_json(&bytes).unwrap(), task);
    bytes.resize(MAX_TASK_BYTES + 1, b' ');
    let error = TaskDocument::from_json(&bytes).unwrap_err();
    assert!(
        matches!(error, DocumentError::OverLimit { limit: MAX_TASK_BYTES, got, .. } if got == MAX_TASK_BYTES + 1)
    );
    assert_eq!(error.code(), "SH-DOC-003");
}

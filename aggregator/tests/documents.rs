//! Documents from strangers: no damaged, truncated, swapped or merely respelled document passes for another.
//!
//! One real batch serves all tests: a statement each of two programs of different shapes, so that the receipts' paths
//! have steps on both sides of the leaf.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use std::sync::LazyLock;

use plonky2::field::types::Field;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;
use sheaf_aggregator::documents::{
    AggregateDocument, Document, DocumentError, MAX_DOCUMENT_BYTES, ProofDocument, ProofVersion,
    ReceiptDocument, Sha256Digest,
};
use sheaf_aggregator::tree::{MAX_PATH_LEN, Step, program_vk};
use sheaf_aggregator::verify::{
    AggregateVerifyError, CircuitsByProfile, ProofError, ReceiptError, VerifiedAggregate, VerifiedProof,
    verify_aggregate, verify_proof, verify_receipt,
};
use sheaf_aggregator::{Aggregator, BatchResult, CircuitError, Circuits};
use sheaf_embedded::{Program, ProgramKey, VerifyError};
use sheaf_plonky2::engine::FastEngine;
use sheaf_plonky2::hash::{Digest, GOLDILOCKS_MODULUS, empty_digest};
use sheaf_plonky2::proof::{MAX_PROOF_BYTES, ProofDecodeError};
use sheaf_plonky2::{F, Profile};
use sheaf_statement::{ProofSystem, Statement, TrustTier, VkDigest};

#[path = "../src/testing.rs"]
mod testing;

static CIRCUITS: LazyLock<CircuitsByProfile> = LazyLock::new(|| CircuitsByProfile::new(None));

/// Of 2^8 and of 2^9 rows.
static PROGRAMS: LazyLock<[Program; 2]> =
    LazyLock::new(|| [testing::program(1, 3), testing::program(2, 800)]);

static PROOFS: LazyLock<[ProofDocument; 2]> = LazyLock::new(|| {
    assert!(PROGRAMS[0].key().shape != PROGRAMS[1].key().shape);
    PROGRAMS.each_ref().map(|program| {
        let inference = program.prove(&FastEngine::new(), &[10, 700]).unwrap();
        let key = program.key().clone();
        let leaf_key = circuits().leaf_key(&key.shape, &|_| ()).unwrap();
        let vk = program_vk(&leaf_key, &key.digest());
        let system = ProofSystem::Plonky2Goldilocks;
        let statement = Statement::from_u64_words(system, vk, &inference.public_values).unwrap();
        ProofDocument { version: ProofVersion::V1, statement, program: key, proof: inference.proof }
    })
});

static BATCH: LazyLock<BatchResult> = LazyLock::new(|| {
    let proofs = PROOFS.each_ref().map(|document| check_proof(document).unwrap());
    Aggregator::new(circuits(), &FastEngine::new()).aggregate(&proofs, &|_| ()).unwrap()
});

static AGGREGATE: LazyLock<VerifiedAggregate> =
    LazyLock::new(|| verify_aggregate(&BATCH.aggregate_bytes, &CIRCUITS).unwrap());

fn circuits() -> &'static Circuits {
    CIRCUITS.get(Profile::Standard)
}

fn check_proof(document: &ProofDocument) -> Result<VerifiedProof, ProofError> {
    verify_proof(&document.to_json(), circuits())
}

fn check_receipt(bytes: &[u8]) -> Result<ReceiptDocument, ReceiptError> {
    verify_receipt(bytes, &AGGREGATE, None, &CIRCUITS)
}

/// The refusal of the first receipt after a change.
fn refusal(change: impl FnOnce(&mut ReceiptDocument)) -> ReceiptError {
    let mut receipt = BATCH.receipts[0].clone();
    change(&mut receipt);
    assert!(receipt != BATCH.receipts[0], "the change changes nothing");
    check_receipt(&receipt.to_json()).unwrap_err()
}

/// The refusal of the first proof document after a change.
fn proof_refusal(change: impl FnOnce(&mut ProofDocument)) -> ProofError {
    let mut document = PROOFS[0].clone();
    change(&mut document);
    assert!(document != PROOFS[0], "the change changes nothing");
    check_proof(&document).unwrap_err()
}

fn words(statement: &Statement) -> Vec<u64> {
    statement.u64_words().unwrap()
}

fn statement(vk: VkDigest, words: &[u64]) -> Statement {
    Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, vk, words).unwrap()
}

/// The statement with another output.
fn falsified(honest: &Statement) -> Statement {
    let mut words = words(honest);
    *words.last_mut().unwrap() += 1;
    statement(honest.vk(), &words)
}

fn foreign_statement() -> Statement {
    Statement::new(ProofSystem::Groth16Bn254, [7; 32].into(), Vec::new()).unwrap()
}

fn flipped(bytes: &[u8], byte: usize, bit: usize) -> Vec<u8> {
    let mut flipped = bytes.to_vec();
    flipped[byte] ^= 1 << bit;
    flipped
}

/// Text around a byte, for messages.
fn around(bytes: &[u8], byte: usize) -> String {
    String::from_utf8_lossy(&bytes[byte.saturating_sub(24)..bytes.len().min(byte + 24)]).into_owned()
}

fn position(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap()
}

#[test]
fn honest_documents_are_accepted() {
    assert_eq!((BATCH.leaves, BATCH.nodes), (2, 1));
    for (receipt, program) in BATCH.receipts.iter().zip(PROGRAMS.iter()) {
        assert!(!receipt.path.leaf.is_empty() && !receipt.path.tree.is_empty());
        let bytes = receipt.to_json();
        let checked = verify_receipt(&bytes, &AGGREGATE, Some(program.key()), &CIRCUITS).unwrap();
        assert_eq!(checked, *receipt);
    }
}

#[test]
fn documents_round_trip() {
    fn round_trips<T: Document + PartialEq + std::fmt::Debug>(document: &T) {
        assert_eq!(T::from_json(&document.to_json()).unwrap(), *document);
    }
    PROOFS.iter().for_each(round_trips);
    BATCH.receipts.iter().for_each(round_trips);
    round_trips(&BATCH.aggregate);
}

/// Attack: change a receipt where nobody looks.
#[test]
fn every_flipped_bit_of_a_receipt_is_rejected() {
    for receipt in &BATCH.receipts {
        let bytes = receipt.to_json();
        for (byte, bit) in (0..bytes.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            let Err(error) = check_receipt(&flipped(&bytes, byte, bit)) else {
                panic!("bit {bit} of byte {byte}, at {:?}", around(&bytes, byte));
            };
            assert!(error.to_string().starts_with(&format!("[{}]", error.code())), "{error}");
        }
    }
}

fn assert_flip_of_aggregate_is_rejected(byte: usize, bit: usize) {
    let bytes = &BATCH.aggregate_bytes;
    match verify_aggregate(&flipped(bytes, byte, bit), &CIRCUITS) {
        Err(error) => assert!(error.to_string().starts_with(&format!("[{}]", error.code())), "{error}"),
        // The list of statements is not proven; it cannot change under the receipts, though.
        Ok(other) => {
            let place = around(bytes, byte);
            let list = position(bytes, "\"statements\"")..position(bytes, "\"proof\"");
            assert!(list.contains(&byte), "bit {bit} of byte {byte}, at {place:?}");
            for receipt in &BATCH.receipts {
                let error = verify_receipt(&receipt.to_json(), &other, None, &CIRCUITS).unwrap_err();
                assert!(matches!(error, ReceiptError::AggregateReference { .. }), "{error}");
            }
        }
    }
}

/// Attack: change an aggregate where nobody looks: any bit before the proof.
#[test]
fn every_flipped_bit_of_an_aggregate_outside_its_proof_is_rejected() {
    let bytes = &BATCH.aggregate_bytes;
    let proof = position(bytes, "\"proof\"") + "\"proof\": \"".len();
    for byte in (0..proof).chain(bytes.len() - 4..bytes.len()) {
        (0..8).for_each(|bit| assert_flip_of_aggregate_is_rejected(byte, bit));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    /// Attack: change an aggregate's proof where nobody looks.
    #[test]
    fn flipped_bits_of_an_aggregate_are_rejected(byte: Index, bit in 0..8_usize) {
        assert_flip_of_aggregate_is_rejected(byte.index(BATCH.aggregate_bytes.len()), bit);
    }

    /// Attack: change a program's proof where nobody looks. What stops plonky2 stops there.
    #[test]
    fn flipped_bits_of_a_program_proof_are_rejected(byte: Index, bit in 0..8_usize) {
        let bytes = &PROOFS[0].proof;
        prop_assert!(verify_bytes(&flipped(bytes, byte.index(bytes.len()), bit)).is_err());
    }
}

/// Verifies proof bytes for the first statement, without a document around them.
fn verify_bytes(proof: &[u8]) -> Result<(), VerifyError> {
    let values: Vec<F> = words(&PROOFS[0].statement).into_iter().map(F::from_canonical_u64).collect();
    static VERIFIER: LazyLock<sheaf_embedded::ProgramVerifier> =
        LazyLock::new(|| PROOFS[0].program.verifier().unwrap());
    VERIFIER.verify(&values, proof).map(|_| ())
}

/// Every length near the ends, and of the long proof in the middle every hundredth or so.
fn cuts(len: usize) -> impl Iterator<Item = usize> {
    (0..len).filter(move |cut| *cut < 4096 || len - cut < 2048 || cut % 97 == 0)
}

fn assert_truncations_are_rejected<T: Document>(document: &T) {
    let bytes = document.to_json();
    // The final newline is none of the document.
    for cut in cuts(bytes.len() - 1) {
        let error = T::from_json(&bytes[..cut]).err();
        assert_eq!(error.map(|error| error.code()), Some("SH-DOC-002"), "{} cut at {cut}", T::KIND);
    }
}

#[test]
fn truncated_documents_are_rejected() {
    BATCH.receipts.iter().for_each(assert_truncations_are_rejected);
    PROOFS.iter().for_each(assert_truncations_are_rejected);
    assert_truncations_are_rejected(&BATCH.aggregate);
    let key = serde_json::to_vec(&PROOFS[0].program).unwrap();
    for cut in 0..key.len() {
        serde_json::from_slice::<ProgramKey>(&key[..cut]).unwrap_err();
    }
}

#[test]
fn truncated_proof_bytes_are_rejected() {
    let proof = &PROOFS[0].proof;
    for cut in cuts(proof.len()) {
        let error = verify_bytes(&proof[..cut]).unwrap_err();
        assert!(matches!(error, VerifyError::Decode(ProofDecodeError::Malformed)), "cut at {cut}: {error}");
    }
}

/// Reads bytes as every document, and as a key. Returns whether any of them took it.
fn taken(bytes: &[u8]) -> bool {
    verify_proof(bytes, circuits()).is_ok()
        || verify_aggregate(bytes, &CIRCUITS).is_ok()
        || check_receipt(bytes).is_ok()
        || serde_json::from_slice::<ProgramKey>(bytes).is_ok()
}

/// Bytes that look like JSON more often than chance has them.
fn jsonish() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        "[\\[\\]{}:,\" 0-9a-fx]{0,8}",
        Just("\"version\": \"sheaf/receipt/v1\",".to_owned()),
        Just("\"proof\": \"".to_owned()),
        Just(
            "\"shape\": {\"profile\": \"standard\", \"degree_bits\": 8, \"zero_knowledge\": false},"
                .to_owned()
        ),
        Just("\"path\": {\"leaf\": [], \"tree\": []},".to_owned()),
        Just("{\"left\": ".to_owned()),
        Just(format!("\"{}\"", empty_digest())),
        Just("[".repeat(200)),
    ];
    vec(token, 0..24).prop_map(|tokens| tokens.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4096) })]

    #[test]
    fn random_bytes_are_rejected(bytes in vec(any::<u8>(), 0..600)) {
        prop_assert!(!taken(&bytes));
    }

    #[test]
    fn random_json_is_rejected(bytes in jsonish()) {
        prop_assert!(!taken(&bytes));
    }

    #[test]
    fn random_proof_bytes_are_rejected(bytes in vec(any::<u8>(), 0..4000)) {
        prop_assert!(verify_bytes(&bytes).is_err());
    }

    /// Attack: several changes at once. What still passes must be the same receipt in other white space.
    #[test]
    fn receipts_with_several_changes_are_rejected(changes in vec((any::<Index>(), any::<Index>(), 0..12_usize), 1..4)) {
        let receipt = &BATCH.receipts[0];
        let mut bytes = receipt.to_json();
        for (to, from, len) in changes {
            let (to, from) = (to.index(bytes.len()), from.index(bytes.len()));
            let piece = bytes[from..bytes.len().min(from + len)].to_vec();
            let end = bytes.len().min(to + piece.len());
            bytes.splice(to..end, piece);
        }
        if let Ok(taken) = check_receipt(&bytes) {
            prop_assert_eq!(&taken, receipt);
        }
    }
}

#[test]
fn random_bytes_of_a_whole_proofs_length_are_rejected() {
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    for _ in 0..16 {
        let bytes: Vec<u8> = (0..PROOFS[0].proof.len()).map(|_| next()).collect();
        assert!(matches!(verify_bytes(&bytes), Err(VerifyError::Decode(_))));
    }
}

#[test]
fn oversized_documents_are_rejected() {
    let mut bytes = BATCH.aggregate_bytes.clone();
    bytes.resize(MAX_DOCUMENT_BYTES, b' ');
    AggregateDocument::from_json(&bytes).unwrap();
    bytes.push(b' ');
    let error = AggregateDocument::from_json(&bytes).unwrap_err();
    assert!(
        matches!(error, DocumentError::TooLarge { kind: "aggregate document", got } if got == MAX_DOCUMENT_BYTES + 1)
    );
    let error = proof_refusal(|document| document.proof.resize(MAX_PROOF_BYTES + 1, 0));
    assert!(matches!(error, ProofError::Proof(VerifyError::Decode(ProofDecodeError::TooLong { .. }))));
}

/// Attack: v + p in place of v, which plonky2's decoder takes for the same element.
#[test]
fn non_canonical_proof_elements_are_rejected() {
    let proof = &PROOFS[0].proof;
    // Elements are eight little-endian bytes; only those below 2^32 − 1 have a second form. Unused constant columns
    // open to zero; the last element is the proof of work.
    let openings = 3 * 16 * 32;
    let small = |at: &usize| u64::from_le_bytes(proof[*at..at + 8].try_into().unwrap()) < u64::from(u32::MAX);
    let places: Vec<usize> =
        (openings..openings + 80 * 16).step_by(8).chain([proof.len() - 8]).filter(small).collect();
    assert!(places.len() > 10 && places.last() == Some(&(proof.len() - 8)));
    for at in places {
        let mut respelled = proof.clone();
        let value = u64::from_le_bytes(proof[at..at + 8].try_into().unwrap());
        respelled[at..at + 8].copy_from_slice(&(value + GOLDILOCKS_MODULUS).to_le_bytes());
        let error = verify_bytes(&respelled).unwrap_err();
        assert!(matches!(error, VerifyError::Decode(ProofDecodeError::NonCanonical)), "at {at}: {error}");
        if at == proof.len() - 8 {
            let error = proof_refusal(|document| document.proof = respelled);
            assert_eq!(error.code(), "SH-PRF-007");
        }
    }
}

#[test]
fn bytes_after_the_proof_are_rejected() {
    for tail in [&[0][..], &[0; 8], &PROOFS[0].proof] {
        let error = proof_refusal(|document| document.proof.extend_from_slice(tail));
        let ProofError::Proof(VerifyError::Decode(ProofDecodeError::NonCanonical)) = error else {
            panic!("{error}");
        };
    }
    let mut aggregate = BATCH.aggregate.clone();
    aggregate.proof.push(0);
    let error = verify_aggregate(&aggregate.to_json(), &CIRCUITS).unwrap_err();
    assert!(matches!(error, AggregateVerifyError::Decode(ProofDecodeError::NonCanonical)));
}

#[test]
fn proof_of_another_shape_is_rejected() {
    for (document, other) in [(&PROOFS[0], &PROOFS[1].proof), (&PROOFS[1], &PROOFS[0].proof)] {
        let swapped = ProofDocument { proof: other.clone(), ..document.clone() };
        let error = check_proof(&swapped).unwrap_err();
        assert!(matches!(error, ProofError::Proof(VerifyError::Decode(_))), "{error}");
    }
    let mut aggregate = BATCH.aggregate.clone();
    aggregate.proof.clone_from(&PROOFS[0].proof);
    let error = verify_aggregate(&aggregate.to_json(), &CIRCUITS).unwrap_err();
    assert!(matches!(error, AggregateVerifyError::Decode(_)), "{error}");
}

#[test]
fn proof_documents_with_parts_that_do_not_belong_together_are_rejected() {
    let other = &PROOFS[1];
    let error = proof_refusal(|document| document.statement = foreign_statement());
    assert!(matches!(error, ProofError::System { got: ProofSystem::Groth16Bn254, .. }));
    let error = proof_refusal(|document| document.program = other.program.clone());
    assert!(matches!(error, ProofError::Proof(VerifyError::Decode(_))));
    let error = proof_refusal(|document| document.program.circuit = other.program.circuit.clone());
    assert!(matches!(error, ProofError::Proof(VerifyError::Invalid { .. })));
    let error = proof_refusal(|document| document.program.shape = other.program.shape);
    assert!(matches!(error, ProofError::Proof(VerifyError::Decode(_))));
    // A good proof, under the name of another program.
    let named = other.statement.vk();
    let error = proof_refusal(|document| document.statement = statement(named, &words(&document.statement)));
    assert!(matches!(error, ProofError::VkMismatch { expected, .. } if expected == named));
    let error = proof_refusal(|document| document.statement = falsified(&document.statement));
    assert!(matches!(error, ProofError::Proof(VerifyError::Invalid { .. })));
    let error = verify_proof(&PROOFS[0].to_json(), CIRCUITS.get(Profile::Provable)).unwrap_err();
    assert!(matches!(error, ProofError::Profile { expected: Profile::Provable, got: Profile::Standard }));
}

#[test]
fn impossible_shapes_are_rejected() {
    for degree_bits in [0, 7, 18, 64, usize::MAX] {
        let error = proof_refusal(|document| document.program.shape.degree_bits = degree_bits);
        assert!(matches!(error, ProofError::Key(_)), "{error}");
        let error = refusal(|receipt| receipt.program.shape.degree_bits = degree_bits);
        assert!(matches!(error, ReceiptError::Circuit(CircuitError::Shape(_))), "{error}");
    }
    // Blinding alone takes more rows.
    let error = proof_refusal(|document| document.program.shape.zero_knowledge = true);
    assert!(matches!(error, ProofError::Key(_)), "{error}");
}

#[test]
fn wrong_statement_id_is_rejected() {
    let error = refusal(|receipt| receipt.statement_id = BATCH.receipts[1].statement_id);
    let expected = BATCH.receipts[0].statement_id;
    assert!(
        matches!(error, ReceiptError::StatementId { expected: e, got } if e == expected && got == BATCH.receipts[1].statement_id)
    );
    let error = refusal(|receipt| receipt.statement = falsified(&receipt.statement));
    assert!(matches!(error, ReceiptError::StatementId { got, .. } if got == expected));
}

/// Attack: an attested statement under the proven root.
#[test]
fn attested_tier_is_rejected() {
    let error = refusal(|receipt| receipt.trust_tier = TrustTier::Attested);
    assert!(matches!(error, ReceiptError::TrustTier { got: TrustTier::Attested }));
}

#[test]
fn statement_of_another_proof_system_is_rejected() {
    let error = refusal(|receipt| {
        receipt.statement = foreign_statement();
        receipt.statement_id = receipt.statement.id();
    });
    assert!(matches!(error, ReceiptError::System { got: ProofSystem::Groth16Bn254 }));
}

#[test]
fn another_program_is_rejected() {
    let [first, second] = &BATCH.receipts[..] else { panic!("two receipts") };
    let expected = first.statement.vk();
    for error in [
        refusal(|receipt| receipt.program.key = second.program.key),
        refusal(|receipt| receipt.program.leaf_key = second.program.leaf_key),
        refusal(|receipt| receipt.program = second.program),
    ] {
        assert!(matches!(error, ReceiptError::VkMismatch { expected: e, .. } if e == expected), "{error}");
    }
    // Genuine, but not what the caller asked for.
    let keys = PROGRAMS.each_ref().map(|program| program.key());
    let error = verify_receipt(&first.to_json(), &AGGREGATE, Some(keys[1]), &CIRCUITS).unwrap_err();
    assert!(matches!(error, ReceiptError::Program { expected, got }
        if expected == keys[1].digest() && got == keys[0].digest()));
    let reshaped = ProgramKey { shape: keys[1].shape, circuit: keys[0].circuit.clone() };
    let error = verify_receipt(&first.to_json(), &AGGREGATE, Some(&reshaped), &CIRCUITS).unwrap_err();
    assert!(matches!(error, ReceiptError::Program { .. }));
}

/// Attack: a program id that commits to a leaf circuit of one's own, which verifies nothing.
#[test]
fn rogue_leaf_circuit_is_rejected() {
    for rogue in [empty_digest(), BATCH.receipts[1].program.leaf_key, AGGREGATE.document.root_key] {
        let error = refusal(|receipt| {
            receipt.program.leaf_key = rogue;
            let vk = program_vk(&rogue, &receipt.program.key);
            receipt.statement = statement(vk, &words(&receipt.statement));
            receipt.statement_id = receipt.statement.id();
        });
        // No path leads there: the tree binds every leaf to the circuit that made it.
        assert!(matches!(error, ReceiptError::Path { .. }), "{error}");
    }
    let error = refusal(|receipt| receipt.program.shape = BATCH.receipts[1].program.shape);
    assert!(
        matches!(error, ReceiptError::LeafKey { expected, .. } if expected == BATCH.receipts[1].program.leaf_key)
    );
}

/// Attack: the honest path under a statement with another output, consistently rewritten.
#[test]
fn falsified_statement_is_rejected() {
    let error = refusal(|receipt| {
        receipt.statement = falsified(&receipt.statement);
        receipt.statement_id = receipt.statement.id();
    });
    assert!(matches!(error, ReceiptError::Path { expected, .. } if expected == AGGREGATE.document.batch));
}

fn other_side(step: Step) -> Step {
    match step {
        Step::Left(sibling) => Step::Right(sibling),
        Step::Right(sibling) => Step::Left(sibling),
    }
}

fn other_sibling(step: Step) -> Step {
    match step {
        Step::Left(_) => Step::Left(AGGREGATE.document.batch),
        Step::Right(_) => Step::Right(AGGREGATE.document.batch),
    }
}

#[test]
fn every_altered_step_of_a_path_is_rejected() {
    let honest = &BATCH.receipts[0].path;
    let mut altered = Vec::new();
    for change in [other_side, other_sibling] {
        for index in 0..honest.leaf.len() {
            let mut path = honest.clone();
            path.leaf[index] = change(path.leaf[index]);
            altered.push(path);
        }
        for index in 0..honest.tree.len() {
            let mut path = honest.clone();
            path.tree[index] = change(path.tree[index]);
            altered.push(path);
        }
    }
    // Steps left out, repeated, or moved to the other side of the leaf.
    let mut without = [honest.clone(), honest.clone()];
    let (leaf_step, tree_step) = (without[0].leaf.pop().unwrap(), without[1].tree.pop().unwrap());
    let mut moved = without.clone();
    moved[0].tree.insert(0, leaf_step);
    moved[1].leaf.push(tree_step);
    let mut repeated = [honest.clone(), honest.clone()];
    repeated[0].leaf.push(leaf_step);
    repeated[1].tree.push(tree_step);
    altered.extend([without, moved, repeated].concat());
    altered.push(BATCH.receipts[1].path.clone());
    for path in altered {
        let error = refusal(|receipt| receipt.path = path.clone());
        assert!(
            matches!(error, ReceiptError::Path { expected, got }
            if expected == AGGREGATE.document.batch && got != expected),
            "{path:?}: {error}"
        );
    }
}

#[test]
fn path_too_long_is_rejected() {
    let step = Step::Left(empty_digest());
    for got in [MAX_PATH_LEN + 1, 10_000] {
        let error = refusal(|receipt| receipt.path.leaf = vec![step; got]);
        assert!(matches!(error, ReceiptError::PathLength { got: g } if g == got));
        let error = refusal(|receipt| receipt.path.tree = vec![step; got]);
        assert!(matches!(error, ReceiptError::PathLength { got: g } if g == got));
    }
    let error = refusal(|receipt| receipt.path.tree = vec![step; MAX_PATH_LEN]);
    assert!(matches!(error, ReceiptError::Path { .. }));
}

/// The aggregate in other bytes, which are another aggregate to its receipts.
fn respelled(change: impl FnOnce(&mut AggregateDocument)) -> VerifiedAggregate {
    let mut document = BATCH.aggregate.clone();
    change(&mut document);
    verify_aggregate(&serde_json::to_vec(&document).unwrap(), &CIRCUITS).unwrap()
}

#[test]
fn receipt_for_another_aggregate_is_rejected() {
    let other = respelled(|_| ());
    assert_eq!(other.document, AGGREGATE.document);
    let receipt = &BATCH.receipts[0];
    let error = verify_receipt(&receipt.to_json(), &other, None, &CIRCUITS).unwrap_err();
    assert!(matches!(error, ReceiptError::AggregateReference { expected, got }
        if expected == AGGREGATE.sha256 && got == other.sha256));
    let error = refusal(|receipt| receipt.aggregate.sha256 = Sha256Digest::of(b""));
    assert!(matches!(error, ReceiptError::AggregateReference { got, .. } if got == AGGREGATE.sha256));
    let error = refusal(|receipt| receipt.aggregate.batch = empty_digest());
    assert!(matches!(error, ReceiptError::Batch { expected, got }
        if expected == AGGREGATE.document.batch && got == empty_digest()));
}

/// Attack: an aggregate whose list hides a statement that its tree holds.
#[test]
fn statement_that_the_aggregate_does_not_list_is_rejected() {
    let mut receipt = BATCH.receipts[0].clone();
    let other = respelled(|document| document.statements.retain(|id| *id != receipt.statement_id));
    assert_eq!(other.document.statements.len(), 1);
    receipt.aggregate.sha256 = other.sha256;
    let error = verify_receipt(&receipt.to_json(), &other, None, &CIRCUITS).unwrap_err();
    assert!(matches!(error, ReceiptError::NotListed { got } if got == receipt.statement_id));
}

#[test]
fn altered_aggregates_are_rejected() {
    let refusal = |change: fn(&mut AggregateDocument)| {
        let mut document = BATCH.aggregate.clone();
        change(&mut document);
        verify_aggregate(&document.to_json(), &CIRCUITS).unwrap_err()
    };
    let error = refusal(|document| document.root_key = BATCH.receipts[0].program.leaf_key);
    assert!(
        matches!(error, AggregateVerifyError::RootKey { expected, .. } if expected == BATCH.aggregate.root_key)
    );
    // The top's left child is a subtree of the batch, not the batch.
    let error = refusal(|document| document.batch = sibling(&BATCH.receipts[0].path.tree[0]));
    assert!(matches!(error, AggregateVerifyError::Invalid { .. }));
    let error = refusal(|document| document.proof.clear());
    assert!(matches!(error, AggregateVerifyError::Decode(ProofDecodeError::Malformed)));
}

fn sibling(step: &Step) -> Digest {
    match step {
        Step::Left(sibling) | Step::Right(sibling) => *sibling,
    }
}

fn is_malformed<T: Document>(text: &str) -> bool {
    matches!(T::from_json(text.as_bytes()), Err(DocumentError::Malformed { .. }))
}

/// A receipt's JSON with one piece of text replaced.
fn edited(from: &str, to: &str) -> String {
    let text = String::from_utf8(BATCH.receipts[0].to_json()).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    text.replacen(from, to, 1)
}

#[test]
fn receipts_with_unknown_missing_or_repeated_fields_are_rejected() {
    for (from, to) in [
        ("{", "{\"note\": 1,"),
        ("\"leaf\":", "\"note\": 1, \"leaf\":"),
        ("\"profile\":", "\"note\": 1, \"profile\":"),
        ("\"sha256\":", "\"note\": 1, \"sha256\":"),
        ("\"trust_tier\": \"proven\",", ""),
        ("\"trust_tier\": \"proven\",", "\"trust_tier\": \"proven\", \"trust_tier\": \"proven\","),
        ("\"proven\"", "\"Proven\""),
        ("\"zero_knowledge\": false", "\"zero_knowledge\": 0"),
        ("\"degree_bits\": 8", "\"degree_bits\": 8.0"),
        ("\"degree_bits\": 8", "\"degree_bits\": \"8\""),
        ("\"degree_bits\": 8", "\"degree_bits\": -8"),
        ("receipt/v1", "receipt/v2"),
        ("receipt/v1", "proof/v1"),
        ("\"right\"", "\"Right\""),
        ("\"0x", "\"0X"),
        ("\"0x", "\""),
    ] {
        assert!(is_malformed::<ReceiptDocument>(&edited(from, to)), "{from} → {to}");
    }
    assert!(is_malformed::<ReceiptDocument>(&edited("\n}", "\n}{}")));
}

/// Attack: v + p in a digest, a second spelling of the same element.
#[test]
fn non_canonical_digests_are_rejected() {
    let digest = BATCH.receipts[0].program.key.to_string();
    for element in 0..4 {
        let mut text = digest.clone();
        text.replace_range(2 + 16 * element..18 + 16 * element, &format!("{GOLDILOCKS_MODULUS:016x}"));
        assert!(is_malformed::<ReceiptDocument>(&edited(&digest, &text)));
    }
    assert!(is_malformed::<ReceiptDocument>(&edited(&digest, &digest.to_uppercase().replace("0X", "0x"))));
}

#[test]
fn other_spellings_of_base64_are_rejected() {
    let text = String::from_utf8(BATCH.aggregate_bytes.clone()).unwrap();
    let start = position(text.as_bytes(), "\"proof\"") + "\"proof\": \"".len();
    let mut changed = Vec::new();
    for inserted in [" ", "\\n", "=", "-", "_"] {
        changed.push(format!("{}{inserted}{}", &text[..start], &text[start..]));
    }
    let end = start + text[start..].find('"').unwrap();
    changed.push(format!("{}={}", &text[..end], &text[end..]));
    if text[..end].ends_with('=') {
        changed.push(format!("{}{}", &text[..end - 1], &text[end..]));
    }
    for text in changed {
        assert!(is_malformed::<AggregateDocument>(&text));
    }
}

#[test]
fn keys_with_another_cap_are_rejected() {
    let key = serde_json::to_value(&PROOFS[0].program).unwrap();
    let reads = |value: serde_json::Value| serde_json::from_value::<ProgramKey>(value).is_ok();
    assert!(reads(key.clone()));
    let mut longer = key.clone();
    let cap = longer["circuit"]["cap"].as_array_mut().unwrap();
    cap.push(cap[0].clone());
    assert!(!reads(longer));
    let mut shorter = key.clone();
    shorter["circuit"]["cap"].as_array_mut().unwrap().pop();
    assert!(!reads(shorter));
    let mut unknown = key;
    unknown["circuit"]["note"] = 1.into();
    assert!(!reads(unknown));
}

/// Attack: a derived decoder takes an array of a struct's fields in their order for the struct, a second form of the
/// same document.
#[test]
fn array_forms_are_rejected() {
    let receipt = &BATCH.receipts[0];
    let ReceiptDocument { version, statement_id, statement, trust_tier, program, path, aggregate } = receipt;
    let shape = program.shape;
    let honest = serde_json::to_value(receipt).unwrap();
    let replaced = |pointer: &str, value: serde_json::Value| {
        let mut receipt = honest.clone();
        *receipt.pointer_mut(pointer).unwrap() = value;
        receipt
    };
    let forms = [
        replaced("", json!([version, statement_id, statement, trust_tier, program, path, aggregate])),
        replaced("/program", json!([program.shape, program.key, program.leaf_key])),
        replaced("/program/shape", json!([shape.profile, shape.degree_bits, shape.zero_knowledge])),
        replaced("/path", json!([path.leaf, path.tree])),
        replaced("/aggregate", json!([aggregate.sha256, aggregate.batch])),
    ];
    let taken: Vec<_> =
        forms.iter().filter(|form| check_receipt(form.to_string().as_bytes()).is_ok()).collect();
    assert!(taken.is_empty(), "{taken:#?}");
}

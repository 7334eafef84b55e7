//! From an aggregate to a shrink proof, with the circuits in use, and what is refused on the way.
//!
//! One batch of five statements of two programs serves all tests.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use std::sync::LazyLock;

use plonky2::field::types::Field;
use plonky2::iop::witness::PartitionWitness;
use sheaf_aggregator::commit::{
    CommitError, CommitProof, prove_commit, prove_shrink, verify_commit, verify_shrink,
};
use sheaf_aggregator::documents::{ProofDocument, ProofVersion};
use sheaf_aggregator::listing::{Claim, Entry, Listing, ListingError, Point};
use sheaf_aggregator::plan::{BatchPlan, Member};
use sheaf_aggregator::tree::{Step, program_vk};
use sheaf_aggregator::verify::{VerifiedProof, verify_proof_document};
use sheaf_aggregator::{Aggregator, BatchResult, Circuits, PlanError};
use sheaf_embedded::Program;
use sheaf_plonky2::engine::{Circuit, Engine, EngineError, FastEngine, Proof};
use sheaf_plonky2::proof::ProofDecodeError;
use sheaf_plonky2::{F, Profile};
use sheaf_statement::{ProofSystem, Statement};

#[path = "../src/testing.rs"]
mod testing;

static CIRCUITS: LazyLock<Circuits> = LazyLock::new(|| Circuits::new(Profile::Standard, None));

static PROOFS: LazyLock<Vec<VerifiedProof>> = LazyLock::new(|| {
    let programs: [Program; 2] = [testing::program(1, 3), testing::program(2, 3)];
    let proofs = (0..5).map(|index| {
        let program = &programs[index % 2];
        let inference = program.prove(&FastEngine::new(), &[10 + index as i64, 700]).unwrap();
        let key = program.key().clone();
        let leaf_key = CIRCUITS.leaf_key(&key.shape, &|_| ()).unwrap();
        let vk = program_vk(&leaf_key, &key.digest());
        let system = ProofSystem::Plonky2Goldilocks;
        let statement = Statement::from_u64_words(system, vk, &inference.public_values).unwrap();
        let document =
            ProofDocument { version: ProofVersion::V1, statement, program: key, proof: inference.proof };
        verify_proof_document(document, &CIRCUITS).unwrap()
    });
    proofs.collect()
});

static BATCH: LazyLock<BatchResult> = LazyLock::new(|| {
    let engine = FastEngine::new();
    Aggregator::new(&CIRCUITS, &engine).aggregate(&PROOFS, &|_| ()).unwrap()
});

/// Every statement of the batch, in the order of its receipts.
static LISTING: LazyLock<Listing> = LazyLock::new(|| Listing::new(entries()).unwrap());

static COMMIT: LazyLock<CommitProof> = LazyLock::new(|| prove(&LISTING, &FastEngine::new()).unwrap());

static SHRINK: LazyLock<Proof> =
    LazyLock::new(|| prove_shrink(&COMMIT, &CIRCUITS, &FastEngine::new(), &|_| ()).unwrap());

fn entries() -> Vec<Entry> {
    BATCH.receipts.iter().map(|receipt| Entry::of_receipt(receipt).unwrap()).collect()
}

fn point() -> Point {
    Point::new([(1 << Point::BITS) - 1, 77]).unwrap()
}

fn prove(listing: &Listing, engine: &dyn Engine) -> Result<CommitProof, CommitError> {
    let aggregate = &BATCH.aggregate;
    prove_commit(&aggregate.batch, &aggregate.proof, listing, point(), &CIRCUITS, engine, &|_| ())
}

/// Fails a test that gets as far as proving.
struct Unwanted;

impl Engine for Unwanted {
    fn name(&self) -> &'static str {
        "unwanted"
    }

    fn prove_witness(&self, _: &Circuit, _: PartitionWitness<'_, F>) -> Result<Proof, EngineError> {
        Err(EngineError::Unsatisfied)
    }
}

#[test]
fn batch_is_listed_and_proven_up_to_the_wrap() {
    assert_eq!(LISTING.runs().map(|(_, run)| run.len()).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(COMMIT.claim, LISTING.claim(point()));
    verify_commit(&COMMIT, &CIRCUITS).unwrap();
    assert_eq!(SHRINK.public_inputs, COMMIT.claim.elements());
    verify_shrink(&COMMIT.claim, &SHRINK, &CIRCUITS).unwrap();
}

#[test]
fn entries_of_members_and_of_receipts_are_the_same() {
    let members: Vec<Member> = PROOFS.iter().map(Member::from).collect();
    let plan = BatchPlan::new(&members, &CIRCUITS).unwrap();
    let paths = plan.paths(&members).unwrap();
    for (member, path) in members.iter().zip(paths) {
        let entry = Entry::of_member(member, path).unwrap();
        let place = BATCH.receipts.iter().position(|receipt| receipt.statement == member.statement);
        assert_eq!(entry, entries()[place.unwrap()]);
        // A list need not hold the whole batch.
        Listing::new(vec![entry]).unwrap().check_paths(&BATCH.aggregate.batch).unwrap();
    }
    let error = plan.paths(&members[1..]).unwrap_err();
    assert!(matches!(error, PlanError::Members { .. }), "{error}");
}

/// Attack, or mistake: a statement that is not in the batch, or is there by another path.
#[test]
fn path_that_leads_elsewhere_is_rejected_before_anything_is_proven() {
    let mut entries = entries();
    let steps = &mut entries[4].path.tree;
    let (Step::Left(sibling) | Step::Right(sibling)) = steps[0];
    steps[0] = match steps[0] {
        Step::Left(_) => Step::Right(sibling),
        Step::Right(_) => Step::Left(sibling),
    };
    let listing = Listing::new(entries).unwrap();
    let error = prove(&listing, &Unwanted).unwrap_err();
    let CommitError::Listing(ListingError::Path { position, .. }) = error else { panic!("{error}") };
    assert_eq!(position, listing.positions()[4]);
    assert_eq!(error.code(), "SH-LST-006");
}

/// Attack: an aggregate that is no proof of its batch digest.
#[test]
fn altered_aggregate_is_rejected_before_anything_is_proven() {
    let prove = |proof: &[u8]| {
        let batch = &BATCH.aggregate.batch;
        prove_commit(batch, proof, &LISTING, point(), &CIRCUITS, &Unwanted, &|_| ()).unwrap_err()
    };
    let mut altered = BATCH.aggregate.proof.clone();
    altered[0] ^= 1;
    let error = prove(&altered);
    assert!(matches!(error, CommitError::Invalid { circuit: "root", .. }), "{error}");
    altered.push(0);
    let error = prove(&altered);
    assert!(
        matches!(error, CommitError::Decode { circuit: "root", source: ProofDecodeError::NonCanonical }),
        "{error}"
    );
}

/// Nothing is wrong with what goes in: the engine is asked, and its refusal handed on.
#[test]
fn engine_that_fails_is_named() {
    let error = prove(&LISTING, &Unwanted).unwrap_err();
    assert!(matches!(error, CommitError::Engine { circuit: "commit", .. }), "{error}");
}

/// Attack: the proof of one claim as that of another, in each of its parts.
#[test]
fn commit_proof_of_another_claim_is_rejected() {
    let other = Listing::new(entries()[..4].to_vec()).unwrap();
    let claim = COMMIT.claim;
    let claims = [
        Claim { commitment: other.commitment(), ..claim },
        Claim { point: Point::new([1, 2]).unwrap(), ..claim },
        Claim { value: other.evaluate(&point()), ..claim },
    ];
    for claim in claims {
        let commit = CommitProof { claim, proof: COMMIT.proof.clone() };
        let error = verify_commit(&commit, &CIRCUITS).unwrap_err();
        assert!(matches!(error, CommitError::Invalid { circuit: "commit", .. }), "{error}");
        let error = prove_shrink(&commit, &CIRCUITS, &Unwanted, &|_| ()).unwrap_err();
        assert!(matches!(error, CommitError::Invalid { circuit: "commit", .. }), "{error}");
        let error = verify_shrink(&claim, &SHRINK, &CIRCUITS).unwrap_err();
        assert!(matches!(error, CommitError::Claim { circuit: "shrink", .. }), "{error}");
    }
}

/// Attack: public inputs that fit the claim, beside a proof of others.
#[test]
fn shrink_proof_of_another_claim_is_rejected() {
    let claim = LISTING.claim(Point::new([1, 2]).unwrap());
    let shrink = Proof { public_inputs: claim.elements().to_vec(), ..SHRINK.clone() };
    let error = verify_shrink(&claim, &shrink, &CIRCUITS).unwrap_err();
    assert!(matches!(error, CommitError::Invalid { circuit: "shrink", .. }), "{error}");
    let mut longer = SHRINK.clone();
    longer.public_inputs.push(F::ZERO);
    let error = verify_shrink(&COMMIT.claim, &longer, &CIRCUITS).unwrap_err();
    assert!(matches!(error, CommitError::Claim { circuit: "shrink", .. }), "{error}");
}

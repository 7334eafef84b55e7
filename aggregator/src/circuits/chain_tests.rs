//! Dishonest settlers below the list: proofs that are not of the root or the commit circuit, or not of what they should be.
//! As in [`commit_tests`](super::commit_tests), for the whole circuits.

use std::sync::LazyLock;

use plonky2::field::types::Field;
use plonky2::gates::noop::NoopGate;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData, CommonCircuitData};
use sheaf_plonky2::engine::Proof;
use sheaf_plonky2::hash::{Digest, empty_digest};
use sheaf_plonky2::key::CircuitKey;
use sheaf_plonky2::{C, D, F, Profile};

use super::Circuits;
use super::commit::{self, CommitTargets};
use super::forgery::{assert_rejected, assert_verification_rejected, honest, idle_config};
use super::shrink::{self, ShrinkTargets};
use crate::listing::{Claim, Entry, Listing, Point};
use crate::tree::{InclusionPath, leaf_digest};

const CAPACITY: usize = 2;

/// A list of the one statement of a batch, and the batch.
static LISTING: LazyLock<Listing> = LazyLock::new(|| {
    let any = empty_digest();
    let entry = Entry { leaf_key: any, program_key: any, values: any, path: InclusionPath::default() };
    Listing::with_capacity(vec![entry], CAPACITY).unwrap()
});

fn batch() -> Digest {
    LISTING.entries()[0].batch()
}

fn point() -> Point {
    Point::new([3, 5]).unwrap()
}

/// A circuit of a given shape that proves nothing: its public inputs are whatever its prover likes. Twisted, it has
/// another key.
struct StandIn {
    data: CircuitData<F, C, D>,
    key: CircuitKey,
    inputs: Vec<Target>,
}

impl StandIn {
    fn new(config: CircuitConfig, rows: usize, public_inputs: usize, twisted: bool) -> Self {
        Self::build(CircuitBuilder::new(config), rows, public_inputs, twisted)
    }

    fn of_shape(common: &CommonCircuitData<F, D>, twisted: bool) -> Self {
        let mut builder = CircuitBuilder::new(common.config.clone());
        for gate in &common.gates {
            builder.add_gate_to_gate_set(gate.clone());
        }
        let stand_in = Self::build(builder, common.degree(), common.num_public_inputs, twisted);
        assert!(stand_in.data.common == *common, "of another shape it would prove nothing about the attack");
        stand_in
    }

    fn build(mut builder: CircuitBuilder<F, D>, rows: usize, public_inputs: usize, twisted: bool) -> Self {
        let inputs = builder.add_virtual_targets(public_inputs);
        builder.register_public_inputs(&inputs);
        if twisted {
            builder.connect(inputs[0], inputs[1]);
        }
        while builder.num_gates() <= rows / 2 {
            builder.add_gate(NoopGate, Vec::new());
        }
        let data = builder.build::<C>();
        let key = CircuitKey::new(&data.verifier_only).unwrap();
        Self { data, key, inputs }
    }

    fn prove(&self, values: &[F]) -> Proof {
        let mut witness = PartialWitness::new();
        witness.set_target_arr(&self.inputs, values).unwrap();
        honest(&self.data, witness)
    }
}

/// A commit circuit, and what passes for the root below it.
struct CommitCircuit {
    root: StandIn,
    data: CircuitData<F, C, D>,
    targets: CommitTargets,
}

static COMMIT: LazyLock<CommitCircuit> = LazyLock::new(|| {
    let circuits = Circuits::unpinned(Profile::Standard);
    let common = circuits.root_common();
    let root = StandIn::of_shape(common, false);
    let (builder, targets) = commit::assemble(Profile::Standard, common, &root.key, CAPACITY);
    CommitCircuit { root, data: builder.build::<C>(), targets }
});

#[test]
fn list_under_a_root_proof_is_proven() {
    let root = COMMIT.root.prove(&batch().elements());
    let proof = honest(&COMMIT.data, COMMIT.targets.witness(&root, &LISTING, &point()).unwrap());
    assert_eq!(proof.public_inputs.len(), Claim::ELEMENTS);
    assert_eq!(proof.public_inputs, LISTING.claim(point()).elements());
}

/// Attack: a circuit of one's own in the root's place, of the same shape, which proves any batch digest.
#[test]
fn root_proof_of_another_key_is_rejected() {
    let rogue = StandIn::of_shape(&COMMIT.root.data.common, true);
    assert_ne!(rogue.key, COMMIT.root.key);
    let mut batch = batch().elements();
    batch[1] = batch[0];
    let root = rogue.prove(&batch);
    let inputs = COMMIT.targets.witness(&root, &LISTING, &point()).unwrap();
    assert_verification_rejected(&COMMIT.data, inputs);
}

/// Attack: the root proof of one batch for a list of another.
#[test]
fn root_proof_of_another_batch_is_rejected() {
    let other = COMMIT.root.prove(&leaf_digest(&batch(), &batch()).elements());
    // With the digest it proves, the list is not there; with the one of the list, the proof does not hold.
    let inputs = COMMIT.targets.witness(&other, &LISTING, &point()).unwrap();
    assert_rejected(&COMMIT.data, inputs, 4 * CAPACITY);
    let altered = Proof { public_inputs: batch().elements().to_vec(), ..other };
    let inputs = COMMIT.targets.witness(&altered, &LISTING, &point()).unwrap();
    assert_verification_rejected(&COMMIT.data, inputs);
}

/// A shrink circuit, and what passes for the commit circuit below it. Neither has the configuration or the size of the
/// genuine one.
struct ShrinkCircuit {
    commit: StandIn,
    data: CircuitData<F, C, D>,
    targets: ShrinkTargets,
}

static SHRINK: LazyLock<ShrinkCircuit> = LazyLock::new(|| {
    let config = idle_config();
    let commit = StandIn::new(config.clone(), 1 << 5, Claim::ELEMENTS, false);
    let (builder, targets) = shrink::assemble(config, &commit.data.common, &commit.key);
    ShrinkCircuit { commit, data: builder.build::<C>(), targets }
});

#[test]
fn shrink_passes_the_public_inputs_on() {
    let claim = LISTING.claim(point()).elements();
    let commit = SHRINK.commit.prove(&claim);
    let proof = honest(&SHRINK.data, SHRINK.targets.witness(&commit).unwrap());
    assert_eq!(proof.public_inputs, claim);
}

/// Attack: a commit proof of one claim as that of another.
#[test]
fn commit_proof_of_another_claim_is_rejected() {
    let mut commit = SHRINK.commit.prove(&LISTING.claim(point()).elements());
    commit.public_inputs[0] += F::ONE;
    assert_verification_rejected(&SHRINK.data, SHRINK.targets.witness(&commit).unwrap());
}

/// Attack: a circuit of one's own in the commit circuit's place, which proves any claim.
#[test]
fn commit_proof_of_another_key_is_rejected() {
    let config = idle_config();
    let rogue = StandIn::new(config, 1 << 5, Claim::ELEMENTS, true);
    assert!(rogue.data.common == SHRINK.commit.data.common);
    assert_ne!(rogue.key, SHRINK.commit.key);
    let commit = rogue.prove(&[F::TWO; Claim::ELEMENTS]);
    assert_verification_rejected(&SHRINK.data, SHRINK.targets.witness(&commit).unwrap());
}

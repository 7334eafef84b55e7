//! Dishonest settlers. As in [`soundness_tests`](super::soundness_tests): each test proves the witness of one by force, and
//! finds that no proof comes out which the circuit's verifier accepts.
//!
//! Here what a list may hold, on the part of the circuit that knows no proofs, over a batch that nobody proved. What is
//! verified below the list is in [`chain_tests`](super::chain_tests).

use std::sync::LazyLock;

use plonky2::field::types::Field;
use plonky2::hash::hash_types::HashOutTarget;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitData;
use sheaf_plonky2::hash::{Digest, Tag, empty_digest, tagged_hash};
use sheaf_plonky2::{C, D, F};

use super::CircuitError;
use super::commit::{self, ListTargets, MAX_LEAF_STEPS, MAX_TREE_STEPS};
use super::forgery::{assert_rejected, assert_verification_rejected, honest, idle_config};
use crate::listing::{ELEMENTS, Entry, Listing, Point};
use crate::tree::{InclusionPath, Step, leaf_digest, node_digest, statement_digest, subtree};

const CAPACITY: usize = 4;

/// A digest of nothing in particular.
fn any(seed: u64) -> Digest {
    tagged_hash(Tag::Input, &[F::from_canonical_u64(seed)])
}

/// Leaf keys of two genuine circuits, and of one that the prover made himself.
const GENUINE: [u64; 2] = [100, 101];
const ROGUE: u64 = 102;

/// A batch of four leaves:
///
/// ```text
///           batch
///          /     \
///       pair     pair
///      /   \    /    \
///  GENUINE GENUINE ROGUE GENUINE
///  2 of 3  5 of 8  1 of 1  1 of 1
/// ```
struct Batch {
    digest: Digest,
    leaves: [Vec<Entry>; 4],
}

impl Batch {
    fn new() -> Self {
        let shapes = [(GENUINE[0], 2, 3), (GENUINE[1], 5, 8), (ROGUE, 1, 1), (GENUINE[0], 1, 1)];
        let mut leaves = shapes.map(|_| Vec::new());
        let mut digests = Vec::new();
        for (number, (key, used, slots)) in shapes.into_iter().enumerate() {
            let leaf_key = any(key);
            // Two programs take turns, except that a rogue leaf can put any value under any program key.
            let statements: Vec<_> =
                (0..used).map(|i| (any(200 + i % 2), any(300 + 10 * number as u64 + i))).collect();
            let hashes: Vec<_> =
                statements.iter().map(|(program, values)| statement_digest(program, values)).collect();
            let (digest, paths) = subtree(&hashes, slots);
            digests.push(leaf_digest(&leaf_key, &digest));
            leaves[number] = statements
                .into_iter()
                .zip(paths)
                .map(|((program_key, values), leaf)| {
                    let path = InclusionPath { leaf, tree: Vec::new() };
                    Entry { leaf_key, program_key, values, path }
                })
                .collect();
        }
        let pairs = [node_digest(&digests[0], &digests[1]), node_digest(&digests[2], &digests[3])];
        for (number, entries) in leaves.iter_mut().enumerate() {
            for entry in entries {
                let (leaf, pair) = (digests[number ^ 1], pairs[1 - number / 2]);
                entry.path.tree.push(if number % 2 == 0 { Step::Right(leaf) } else { Step::Left(leaf) });
                entry.path.tree.push(if number / 2 == 0 { Step::Right(pair) } else { Step::Left(pair) });
            }
        }
        Self { digest: node_digest(&pairs[0], &pairs[1]), leaves }
    }

    fn entry(&self, leaf: usize, slot: usize) -> Entry {
        self.leaves[leaf][slot].clone()
    }
}

static BATCH: LazyLock<Batch> = LazyLock::new(Batch::new);

/// The list's part of the circuit, whose batch digest is the prover's to choose, and public.
struct ListCircuit {
    data: CircuitData<F, C, D>,
    list: ListTargets,
    batch: HashOutTarget,
}

static LIST: LazyLock<ListCircuit> = LazyLock::new(|| {
    let mut builder = CircuitBuilder::<F, D>::new(idle_config());
    let batch = builder.add_virtual_hash_public_input();
    let list = commit::list(&mut builder, batch, CAPACITY);
    list.register_public_inputs(&mut builder);
    ListCircuit { data: builder.build::<C>(), list, batch }
});

fn listing(entries: Vec<Entry>) -> Listing {
    Listing::with_capacity(entries, CAPACITY).unwrap()
}

/// Three statements of the batch, the first two of one program.
fn three() -> Listing {
    listing(vec![BATCH.entry(0, 0), BATCH.entry(3, 0), BATCH.entry(1, 4)])
}

fn point() -> Point {
    Point::new([(1 << Point::BITS) - 1, 0x0123_4567_89ab_cdef]).unwrap()
}

/// The witness for a list under the batch, whether or not it is there.
fn witness(listing: &Listing) -> PartialWitness<F> {
    let mut witness = PartialWitness::new();
    witness.set_hash_target(LIST.batch, BATCH.digest.to_hash()).unwrap();
    LIST.list.set(&mut witness, listing, &point()).unwrap();
    witness
}

/// Sets values whatever the circuit makes of them.
fn overruled(mut witness: PartialWitness<F>, values: &[(Target, F)]) -> PartialWitness<F> {
    witness.target_values.extend(values.iter().copied());
    witness
}

fn digest_overruled(witness: PartialWitness<F>, target: HashOutTarget, digest: &Digest) -> PartialWitness<F> {
    let values: Vec<_> = target.elements.into_iter().zip(digest.elements()).collect();
    overruled(witness, &values)
}

fn assert_listed(listing: &Listing) {
    listing.check_paths(&BATCH.digest).unwrap();
    let proof = honest(&LIST.data, witness(listing));
    assert_eq!(proof.public_inputs[..4], BATCH.digest.elements());
    assert_eq!(proof.public_inputs[4..], listing.claim(point()).elements());
}

#[test]
fn circuit_and_native_list_agree() {
    // Statements on either side, in leaves of one, three and eight slots.
    let entries = [BATCH.entry(1, 4), BATCH.entry(0, 1), BATCH.entry(3, 0), BATCH.entry(1, 0)];
    for used in 1..=CAPACITY {
        assert_listed(&listing(entries[..used].to_vec()));
    }
}

/// A repetition lists what is true twice. Nothing that a contract concludes from a list depends on how often it is said.
#[test]
fn repeated_statement_is_listed_again() {
    assert_listed(&listing(vec![BATCH.entry(0, 0); 2]));
}

/// Whoever makes a leaf circuit of his own may list what he likes under it: it is another program's id.
#[test]
fn statement_of_a_rogue_leaf_is_listed_under_the_rogues_program() {
    let rogue = BATCH.entry(2, 0);
    assert_listed(&listing(vec![rogue.clone()]));
    let genuine = Entry { leaf_key: any(GENUINE[0]), ..rogue.clone() };
    assert_ne!(rogue.program(), genuine.program());
}

#[test]
fn longest_paths_are_taken_and_longer_ones_rejected() {
    let step = |index: usize| {
        let sibling = any(index as u64);
        if index.is_multiple_of(2) { Step::Left(sibling) } else { Step::Right(sibling) }
    };
    let longest = |leaf: usize, tree: usize| Entry {
        path: InclusionPath { leaf: (0..leaf).map(step).collect(), tree: (0..tree).map(step).collect() },
        ..BATCH.entry(0, 0)
    };
    let listing = listing(vec![longest(MAX_LEAF_STEPS, MAX_TREE_STEPS)]);
    let batch = listing.entries()[0].batch();
    let inputs = digest_overruled(witness(&listing), LIST.batch, &batch);
    let proof = honest(&LIST.data, inputs);
    assert_eq!(proof.public_inputs[..4], batch.elements());
    for (leaf, tree) in [(MAX_LEAF_STEPS + 1, 0), (0, MAX_TREE_STEPS + 1)] {
        assert!(Listing::with_capacity(vec![longest(leaf, tree)], CAPACITY).is_err());
    }
}

#[test]
fn list_of_another_capacity_is_rejected() {
    let other = Listing::with_capacity(vec![BATCH.entry(0, 0)], CAPACITY + 1).unwrap();
    let error = LIST.list.set(&mut PartialWitness::new(), &other, &point()).unwrap_err();
    assert!(matches!(error, CircuitError::Capacity { expected: CAPACITY, got } if got == CAPACITY + 1));
}

/// Attack: list what nobody proved, on the path of a statement that is in the batch.
#[test]
fn statement_that_is_not_in_the_batch_is_rejected() {
    let forged = Entry { values: any(999), ..BATCH.entry(0, 0) };
    let listing = listing(vec![BATCH.entry(1, 0), forged.clone()]);
    assert!(listing.check_paths(&BATCH.digest).is_err());
    assert_rejected(&LIST.data, witness(&listing), 4);
    // The same in the first place, whose path stands in the places that are not in use too.
    assert_rejected(&LIST.data, witness(&self::listing(vec![forged])), 4 * CAPACITY);
}

/// Attack: prove a statement with a leaf circuit of one's own, which proves anything, and list it under the program id that
/// the genuine leaf circuit would have given it.
#[test]
fn statement_of_a_rogue_leaf_under_the_genuine_leaf_key_is_rejected() {
    let dressed = Entry { leaf_key: any(GENUINE[0]), ..BATCH.entry(2, 0) };
    assert_rejected(&LIST.data, witness(&listing(vec![BATCH.entry(1, 0), dressed])), 4);
}

/// Attack: claim a statement's values for another program of the same leaf circuit.
#[test]
fn statement_under_another_program_key_is_rejected() {
    let other = Entry { program_key: any(201), ..BATCH.entry(0, 0) };
    assert_rejected(&LIST.data, witness(&listing(vec![BATCH.entry(1, 0), other])), 4);
}

/// Attack: a true path, of another statement.
#[test]
fn path_of_another_leaf_is_rejected() {
    let other = Entry { path: BATCH.entry(1, 4).path, ..BATCH.entry(0, 0) };
    assert_rejected(&LIST.data, witness(&listing(vec![BATCH.entry(1, 0), other])), 4);
}

/// Attack: leave out a step, or turn one around.
#[test]
fn path_with_a_step_missing_or_turned_is_rejected() {
    let mut missing = BATCH.entry(1, 4);
    missing.path.leaf.pop();
    let mut moved = BATCH.entry(1, 4);
    let step = moved.path.leaf.pop().unwrap();
    moved.path.tree.insert(0, step);
    let mut turned = BATCH.entry(1, 4);
    let Step::Right(sibling) = turned.path.tree.pop().unwrap() else { panic!("of the left half") };
    turned.path.tree.push(Step::Left(sibling));
    for entry in [missing, moved, turned] {
        assert_rejected(&LIST.data, witness(&listing(vec![BATCH.entry(1, 0), entry])), 4);
    }
}

/// Attack: start halfway up, from an inner node, which is a digest under the batch too. What is listed would be a preimage
/// of that node, chosen freely; the hash that it would have to be of says `Statement` and not `Node`.
#[test]
fn inner_node_as_a_statement_is_rejected() {
    let mut entry = BATCH.entry(1, 0);
    let Step::Right(sibling) = entry.path.leaf.remove(0) else { panic!("the first slot") };
    let below = statement_digest(&entry.program_key, &entry.values);
    let node = node_digest(&below, &sibling);
    (entry.program_key, entry.values) = (below, sibling);
    let witness = witness(&listing(vec![BATCH.entry(1, 0), entry.clone()]));
    assert_rejected(&LIST.data, digest_overruled(witness.clone(), LIST.list.slots[1].statement, &node), 4);
    // Without force, the path of the node does not start there.
    assert_rejected(&LIST.data, witness, 4);
}

/// Attack: list a place of no statement. Nothing hashes to it as a statement.
#[test]
fn empty_place_as_a_statement_is_rejected() {
    let (first, mut entry) = (BATCH.entry(0, 0), BATCH.entry(0, 0));
    // The third of three slots in four places: beside it another empty one, and on the left the two statements.
    let statements = [0, 1].map(|slot| {
        let entry = BATCH.entry(0, slot);
        statement_digest(&entry.program_key, &entry.values)
    });
    let left = node_digest(&statements[0], &statements[1]);
    entry.path.leaf = vec![Step::Right(empty_digest()), Step::Left(left)];
    assert_eq!(entry.path.root(&entry.leaf_key, &empty_digest()), BATCH.digest);
    let witness = witness(&listing(vec![first, entry]));
    assert_rejected(&LIST.data, digest_overruled(witness, LIST.list.slots[1].statement, &empty_digest()), 4);
}

/// Attack: a side that is neither left nor right mixes a digest and its sibling. Here in a step that is not in use, so that
/// nothing but the side itself is wrong.
#[test]
fn side_that_is_no_bit_is_rejected() {
    let slot = &LIST.list.slots[1];
    for steps in [&slot.leaf.steps, &slot.tree.steps] {
        let side = steps.last().unwrap().1.target;
        let inputs = witness(&listing(vec![BATCH.entry(0, 0); 2]));
        assert_rejected(&LIST.data, overruled(inputs, &[(side, F::TWO)]), 0);
    }
}

/// Attack: a number of steps that no choice belongs to.
#[test]
fn number_of_steps_beyond_every_choice_is_rejected() {
    let count = LIST.list.slots[1].tree.count;
    for steps in [F::from_canonical_usize(16), F::NEG_ONE] {
        let inputs = witness(&listing(vec![BATCH.entry(0, 0); 2]));
        assert_verification_rejected(&LIST.data, overruled(inputs, &[(count, steps)]));
    }
}

/// Attack: true statements, listed as something else: of another proof system, another program, other values. Also in a
/// place that is not in use, where zeros belong.
#[test]
fn altered_element_is_rejected() {
    for place in [0, 1, CAPACITY - 1] {
        for element in 0..ELEMENTS {
            let target = LIST.list.slots[place].elements[element];
            let inputs = overruled(witness(&three()), &[(target, F::from_canonical_u64(7))]);
            // The first place is always in use, so that its values are listed as they are, and its path breaks.
            let wrong_values = if place == 0 && element >= 5 { 4 } else { 1 };
            assert_rejected(&LIST.data, inputs, wrong_values);
        }
    }
}

/// Attack: leave a place out, so that what follows is not where the evaluation has it.
#[test]
fn gap_in_the_list_is_rejected() {
    let used = LIST.list.slots[1].used.target;
    assert_rejected(&LIST.data, overruled(witness(&three()), &[(used, F::ZERO)]), 1);
}

/// Attack: a list of nothing, which would pass for a proof of any batch.
#[test]
fn empty_list_is_rejected() {
    let used = LIST.list.slots[0].used.target;
    let inputs = overruled(witness(&listing(vec![BATCH.entry(0, 0)])), &[(used, F::ZERO)]);
    assert_rejected(&LIST.data, inputs, 1);
}

/// Attack: a flag other than 0 and 1 multiplies the elements of a statement.
#[test]
fn flag_that_is_no_bit_is_rejected() {
    let used = LIST.list.slots[1].used.target;
    let inputs = witness(&listing(vec![BATCH.entry(0, 0); 2]));
    assert_rejected(&LIST.data, overruled(inputs, &[(used, F::TWO)]), 1);
}

/// Attack: a list that is said to be longer or shorter than it is.
#[test]
fn wrong_count_is_rejected() {
    for count in [0, 2, 4] {
        let value = F::from_canonical_usize(count);
        assert_rejected(&LIST.data, overruled(witness(&three()), &[(LIST.list.count, value)]), 1);
    }
}

/// Attack: the commitment, or the value, of the same statements in another order: a contract would give them the places of
/// one another.
#[test]
fn list_in_another_order_is_rejected() {
    let [first, second] = [BATCH.entry(0, 0), BATCH.entry(3, 0)];
    assert_eq!(first.program(), second.program(), "or the runs put them back");
    let (given, turned) = (listing(vec![first.clone(), second.clone()]), listing(vec![second, first]));
    let (given_claim, turned_claim) = (given.claim(point()), turned.claim(point()));
    assert_ne!(given_claim.commitment, turned_claim.commitment);
    assert_ne!(given_claim.value, turned_claim.value);
    let commitment = digest_overruled(witness(&given), LIST.list.commitment, &turned_claim.commitment);
    assert_rejected(&LIST.data, commitment, 4);
    assert_rejected(&LIST.data, value_overruled(&given, turned_claim.value), 2);
}

/// Attack: a value that the list does not have, such as that of a list which a contract is shown instead.
#[test]
fn wrong_value_is_rejected() {
    let [s0, s1] = three().evaluate(&point());
    for value in [[s0 ^ 1, s1], [s0, s1 ^ 1]] {
        assert_rejected(&LIST.data, value_overruled(&three(), value), 1);
    }
}

fn value_overruled(listing: &Listing, value: [u64; 2]) -> PartialWitness<F> {
    let targets = LIST.list.value.0.into_iter();
    let values: Vec<_> = targets.zip(value.map(F::from_canonical_u64)).collect();
    overruled(witness(listing), &values)
}

/// Attack: a coordinate of 2^60, which in a contract's packed public input would run into what stands beside it.
#[test]
fn point_out_of_range_is_rejected() {
    for coordinate in LIST.list.point.0 {
        let too_large = F::from_canonical_u64(1 << Point::BITS);
        assert_rejected(&LIST.data, overruled(witness(&three()), &[(coordinate, too_large)]), 1);
    }
}

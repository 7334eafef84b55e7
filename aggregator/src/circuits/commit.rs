//! The commit circuit: statements under a batch digest, listed so that a contract can be told of them.
//!
//! ```text
//! root proof ─ constant key ─▶ batch digest ◀─ path ─ slot 0: leaf key, program key, values ─▶ nine elements ─┐
//!                                           ◀─ path ─ slot 1: …                              ─▶ nine elements ─┤
//!                                                                                                              ▼
//!                                  public inputs: c = H(Listing, n, elements)    r, free    s = list evaluated at r
//! ```
//!
//! The mathematics, and what a contract does with the public inputs, are in docs/adr/0011-settlement.md;
//! [`listing`](crate::listing) computes the same natively.
//!
//! Proves: the prover knows a root proof of some batch, and each of the first `n` places of the list that `c` commits to is
//! a statement of that batch, `1 ≤ n ≤` capacity; the other places are zeros; `s` is the list evaluated at `r`. Does not
//! prove that the whole batch is listed, nor that no statement is listed twice: a list is a claim that each of its
//! statements holds, which a repetition does not change.
//!
//! # Paths
//! A path has any number of steps up to a maximum, on both sides of the leaf. All steps are computed; an index picks the
//! digest after the last one in use. That paths may have any length rests on the tags: what a path starts with is a
//! `H(Statement, …)`, which by collision resistance is neither an inner node (`H(Node, …)`), nor a leaf, nor the place of
//! no statement (`H(Empty)`); a path cannot start halfway, and one that passes a leaf passes it as `H(Leaf, leaf key, …)`
//! with the leaf key that is also in the program id. So it ends at the batch digest only if the circuit with that leaf key
//! put the statement there.
//!
//! # Slots that are not in use
//! They are filled with a true path too, any one, so that the constraint on paths has no exceptions; their elements are
//! multiplied by zero before they are listed. Slots in use come first, and the first is in use always.

use plonky2::field::types::Field;
use plonky2::hash::hash_types::HashOutTarget;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::proof::ProofWithPublicInputsTarget;
use sheaf_plonky2::config::CAP_HEIGHT;
use sheaf_plonky2::engine::Proof;
use sheaf_plonky2::hash::{
    Tag, empty_digest, tagged_hash_circuit, tagged_hash_digests_circuit, tagged_hash_pair_circuit,
};
use sheaf_plonky2::key::CircuitKey;
use sheaf_plonky2::{C, D, F, Profile};

use super::CircuitError;
use super::leaf::MAX_SLOTS;
use crate::listing::{ELEMENTS, Entry, Listing, Point, SYSTEM_ELEMENT};
use crate::plan::MAX_BATCH;
use crate::tree::Step;

/// Most steps within a leaf.
pub(crate) const MAX_LEAF_STEPS: usize = MAX_SLOTS.next_power_of_two().ilog2() as usize;
/// Most steps above a leaf: a batch has at most as many leaves as statements, and an odd subtree that moves up gets fewer
/// steps, never more.
pub(crate) const MAX_TREE_STEPS: usize = MAX_BATCH.next_power_of_two().ilog2() as usize;

/// Choices of the gate that picks a path's end: as many as the one that picks from Merkle caps in the verifier has, so that
/// the circuit needs no gate of its own for it.
const CHOICES: usize = 1 << CAP_HEIGHT;
const _: () = assert!(MAX_LEAF_STEPS < CHOICES && MAX_TREE_STEPS < CHOICES);

/// Steps of Merkle paths, of which a prover uses as many as he likes.
pub(super) struct StepsTargets {
    /// From the bottom up: the sibling, and whether it is on the left.
    pub(super) steps: Vec<(HashOutTarget, BoolTarget)>,
    /// How many are in use.
    pub(super) count: Target,
}

/// A place of the list, and how its statement hangs in the batch.
pub(super) struct SlotTargets {
    pub(super) leaf_key: HashOutTarget,
    pub(super) program_key: HashOutTarget,
    pub(super) values: HashOutTarget,
    pub(super) leaf: StepsTargets,
    pub(super) tree: StepsTargets,
    /// Whether the place is in use. A constant in the first.
    pub(super) used: BoolTarget,
    /// `H(Statement, …)`, before the path.
    #[cfg_attr(not(test), expect(dead_code, reason = "an inner target, for tests that overrule it"))]
    pub(super) statement: HashOutTarget,
    /// Zeros if the place is not in use.
    pub(super) elements: [Target; ELEMENTS],
}

/// The part of the circuit that knows no proofs: a list under a batch digest.
pub(super) struct ListTargets {
    pub(super) slots: Vec<SlotTargets>,
    /// How many are in use.
    #[cfg_attr(not(test), expect(dead_code, reason = "an inner target, for tests that overrule it"))]
    pub(super) count: Target,
    pub(super) commitment: HashOutTarget,
    pub(super) point: ExtensionTarget<D>,
    pub(super) value: ExtensionTarget<D>,
}

/// The inputs of a commit circuit.
pub(crate) struct CommitTargets {
    root: ProofWithPublicInputsTarget<D>,
    pub(super) list: ListTargets,
}

impl CommitTargets {
    /// The witness for a list of statements of the root proof's batch.
    pub(crate) fn witness(
        &self,
        root: &Proof,
        listing: &Listing,
        point: &Point,
    ) -> Result<PartialWitness<F>, CircuitError> {
        let mut witness = PartialWitness::new();
        witness.set_proof_with_pis_target(&self.root, root).map_err(refused)?;
        self.list.set(&mut witness, listing, point)?;
        Ok(witness)
    }
}

impl ListTargets {
    /// Fills in a list and the point to evaluate it at.
    pub(super) fn set(
        &self,
        witness: &mut PartialWitness<F>,
        listing: &Listing,
        point: &Point,
    ) -> Result<(), CircuitError> {
        let entries = listing.entries();
        let Some(filler) = entries.first().filter(|_| listing.capacity() == self.slots.len()) else {
            return Err(CircuitError::Capacity { expected: self.slots.len(), got: listing.capacity() });
        };
        for (index, slot) in self.slots.iter().enumerate() {
            slot.set(witness, entries.get(index).unwrap_or(filler))?;
            if index > 0 {
                witness.set_bool_target(slot.used, index < entries.len()).map_err(refused)?;
            }
        }
        witness.set_target_arr(&self.point.0, &point.elements()).map_err(refused)
    }
}

impl SlotTargets {
    fn set(&self, witness: &mut PartialWitness<F>, entry: &Entry) -> Result<(), CircuitError> {
        for (target, digest) in [
            (self.leaf_key, entry.leaf_key),
            (self.program_key, entry.program_key),
            (self.values, entry.values),
        ] {
            witness.set_hash_target(target, digest.to_hash()).map_err(refused)?;
        }
        self.leaf.set(witness, &entry.path.leaf)?;
        self.tree.set(witness, &entry.path.tree)
    }
}

impl StepsTargets {
    fn set(&self, witness: &mut PartialWitness<F>, steps: &[Step]) -> Result<(), CircuitError> {
        if steps.len() > self.steps.len() {
            return Err(CircuitError::PathLength { expected: self.steps.len(), got: steps.len() });
        }
        // What stands in steps that are not in use is of no account.
        let unused = Step::Right(empty_digest());
        for (index, (sibling, on_left)) in self.steps.iter().enumerate() {
            let (digest, left) = match steps.get(index).unwrap_or(&unused) {
                Step::Left(digest) => (digest, true),
                Step::Right(digest) => (digest, false),
            };
            witness.set_hash_target(*sibling, digest.to_hash()).map_err(refused)?;
            witness.set_bool_target(*on_left, left).map_err(refused)?;
        }
        witness.set_target(self.count, F::from_canonical_usize(steps.len())).map_err(refused)
    }
}

fn refused(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> CircuitError {
    CircuitError::Witness { source: source.into() }
}

/// Lays down the commit circuit of a profile for the root with this key, for lists of up to `capacity` statements.
pub(crate) fn assemble(
    profile: Profile,
    root_common: &CommonCircuitData<F, D>,
    root_key: &CircuitKey,
    capacity: usize,
) -> (CircuitBuilder<F, D>, CommitTargets) {
    let mut builder = CircuitBuilder::<F, D>::new(profile.recursion_config());
    let root = builder.add_virtual_proof_with_pis(root_common);
    let key = builder.constant_verifier_data(&root_key.to_verifier_data());
    builder.verify_proof::<C>(&root, &key, root_common);
    let batch = HashOutTarget { elements: std::array::from_fn(|index| root.public_inputs[index]) };
    let list = list(&mut builder, batch, capacity);
    list.register_public_inputs(&mut builder);
    (builder, CommitTargets { root, list })
}

/// Lays down a list of statements under a batch digest.
pub(super) fn list(builder: &mut CircuitBuilder<F, D>, batch: HashOutTarget, capacity: usize) -> ListTargets {
    let mut slots: Vec<SlotTargets> = Vec::with_capacity(capacity);
    for _ in 0..capacity {
        let used = match slots.last() {
            // An empty list would be a proof about no batch in particular.
            None => builder._true(),
            Some(before) => used_after(builder, before.used),
        };
        slots.push(slot(builder, batch, used));
    }
    let flags: Vec<Target> = slots.iter().map(|slot| slot.used.target).collect();
    let count = builder.add_many(flags);
    let mut hashed = vec![count];
    hashed.extend(slots.iter().flat_map(|slot| slot.elements));
    let commitment = tagged_hash_circuit(builder, Tag::Listing, &hashed);
    let point = point(builder);
    let value = evaluate(builder, count, &slots, point);
    ListTargets { slots, count, commitment, point, value }
}

impl ListTargets {
    /// In the order of [`Claim::elements`](crate::listing::Claim::elements).
    pub(super) fn register_public_inputs(&self, builder: &mut CircuitBuilder<F, D>) {
        builder.register_public_inputs(&self.commitment.elements);
        builder.register_public_inputs(&self.point.0);
        builder.register_public_inputs(&self.value.0);
    }
}

/// A flag that may be set only if the one before it is.
fn used_after(builder: &mut CircuitBuilder<F, D>, before: BoolTarget) -> BoolTarget {
    let used = builder.add_virtual_bool_target_safe();
    let gap = builder.mul_sub(used.target, before.target, used.target);
    builder.assert_zero(gap);
    used
}

fn slot(builder: &mut CircuitBuilder<F, D>, batch: HashOutTarget, used: BoolTarget) -> SlotTargets {
    let [leaf_key, program_key, values] = std::array::from_fn(|_| builder.add_virtual_hash());
    let program = tagged_hash_digests_circuit(builder, Tag::Program, &[leaf_key, program_key]);
    let statement = tagged_hash_digests_circuit(builder, Tag::Statement, &[program_key, values]);
    let (leaf, subtree) = steps(builder, statement, MAX_LEAF_STEPS);
    let bound = tagged_hash_digests_circuit(builder, Tag::Leaf, &[leaf_key, subtree]);
    let (tree, top) = steps(builder, bound, MAX_TREE_STEPS);
    builder.connect_hashes(top, batch);

    let system = builder.constant(SYSTEM_ELEMENT);
    let listed: Vec<Target> = [system].into_iter().chain(program.elements).chain(values.elements).collect();
    let elements = std::array::from_fn(|index| builder.mul(used.target, listed[index]));
    SlotTargets { leaf_key, program_key, values, leaf, tree, used, statement, elements }
}

/// A path from `start` of up to `most` steps. Returns where it leads.
fn steps(
    builder: &mut CircuitBuilder<F, D>,
    start: HashOutTarget,
    most: usize,
) -> (StepsTargets, HashOutTarget) {
    let mut after = vec![start];
    let mut steps = Vec::with_capacity(most);
    for index in 0..most {
        let sibling = builder.add_virtual_hash();
        // The hash constrains it to be a bit.
        let on_left = builder.add_virtual_bool_target_unsafe();
        after.push(tagged_hash_pair_circuit(builder, Tag::Node, [after[index], sibling], on_left));
        steps.push((sibling, on_left));
    }
    // Beyond the longest path there is its end again, so that no choice leads elsewhere.
    after.resize(CHOICES, after[most]);
    let count = builder.add_virtual_target();
    let end = builder.random_access_hash(count, after);
    (StepsTargets { steps, count }, end)
}

/// The point of evaluation: any, with coordinates that leave a contract's public inputs room beside them.
fn point(builder: &mut CircuitBuilder<F, D>) -> ExtensionTarget<D> {
    let point = builder.add_virtual_extension_target();
    for coordinate in point.0 {
        builder.range_check(coordinate, Point::BITS);
    }
    point
}

/// Horner's rule over the slots in use: `a ← a · r^9 + Σ e_j · r^j`, from the count on.
fn evaluate(
    builder: &mut CircuitBuilder<F, D>,
    count: Target,
    slots: &[SlotTargets],
    point: ExtensionTarget<D>,
) -> ExtensionTarget<D> {
    let start = builder.convert_to_ext(count);
    slots.iter().fold(start, |before, slot| {
        let after = slot.elements.iter().rev().fold(before, |sum, element| {
            let element = builder.convert_to_ext(*element);
            builder.mul_add_extension(sum, point, element)
        });
        ExtensionTarget(std::array::from_fn(|index| {
            builder.select(slot.used, after.0[index], before.0[index])
        }))
    })
}

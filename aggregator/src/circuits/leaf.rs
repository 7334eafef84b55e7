//! Leaves: proofs of programs, verified and listed.
//!
//! A leaf circuit belongs to one program [`Shape`] and has a number of slots. Each slot verifies a program proof whose
//! key is a witness and lists `H(Statement, key digest, public values digest)`; a slot declared empty lists the empty
//! digest instead. What stands in an empty slot still has to be a valid proof, any one: the prover repeats another.
//! Nothing is ever claimed of it, so there is no such thing as a dummy proof of a false statement.
//!
//! Proves: for every non-empty slot, the prover knows a proof that a circuit with that key and the shape's common data
//! accepts for that digest of public values. Leaves to the caller: whether the key is one of a program he knows.

use plonky2::iop::target::BoolTarget;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::proof::ProofWithPublicInputs;
use sheaf_embedded::{ProgramKey, Shape};
use sheaf_plonky2::hash::{Tag, empty_digest, tagged_hash_digests_circuit};
use sheaf_plonky2::{C, D, F};

use super::uniform::{self, ChildTargets, select};
use super::{CircuitError, merkle_root_circuit};

/// Most slots of a leaf, whatever the shape.
pub(crate) const MAX_SLOTS: usize = 8;

struct Slot {
    child: ChildTargets,
    empty: BoolTarget,
}

/// The inputs of a leaf circuit.
pub(crate) struct LeafTargets {
    slots: Vec<Slot>,
}

impl LeafTargets {
    /// How many statements a leaf takes.
    pub(crate) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// The witness of a leaf over at least one and at most [`slots`](Self::slots) proofs.
    pub(crate) fn witness(
        &self,
        proofs: &[(&ProgramKey, &ProofWithPublicInputs<F, C, D>)],
    ) -> Result<PartialWitness<F>, CircuitError> {
        let Some(filler) = proofs.first().filter(|_| proofs.len() <= self.slots.len()) else {
            return Err(CircuitError::SlotCount { expected: self.slots.len(), got: proofs.len() });
        };
        let mut witness = PartialWitness::new();
        for (index, slot) in self.slots.iter().enumerate() {
            let (key, proof) = proofs.get(index).unwrap_or(filler);
            slot.child.set(&mut witness, proof, &key.circuit)?;
            witness
                .set_bool_target(slot.empty, index >= proofs.len())
                .map_err(|source| CircuitError::Witness { source: source.into() })?;
        }
        Ok(witness)
    }
}

/// Lays down the leaf of a shape with as many slots as fit.
pub(crate) fn assemble(shape: &Shape) -> Result<(CircuitBuilder<F, D>, LeafTargets), CircuitError> {
    let rows = 1 << shape.profile.recursion_degree_bits();
    let common = shape.common_data()?;
    // Slots cost nearly the same each, so the cost of one gives a first guess that is at most one off.
    let mut probe = CircuitBuilder::<F, D>::new(shape.profile.recursion_config());
    ChildTargets::verify(&mut probe, &common);
    let guess = (rows / probe.num_gates().max(1)).min(MAX_SLOTS);
    for slots in (1..=guess).rev() {
        let (builder, targets) = assemble_slots(shape, &common, slots);
        if builder.num_gates() + CLOSING_ROWS <= rows {
            return Ok((builder, targets));
        }
    }
    Err(CircuitError::ShapeTooLarge { shape: shape.name() })
}

/// Rows that plonky2 adds when it builds: constants (two a row), public inputs and their hash.
const CLOSING_ROWS: usize = 48;

fn assemble_slots(
    shape: &Shape,
    program_common: &CommonCircuitData<F, D>,
    count: usize,
) -> (CircuitBuilder<F, D>, LeafTargets) {
    let mut builder = CircuitBuilder::<F, D>::new(shape.profile.recursion_config());
    uniform::declare_gates(&mut builder);
    let nothing = builder.constant_hash(empty_digest().to_hash());
    let mut slots = Vec::with_capacity(count);
    let mut digests = Vec::with_capacity(count);
    for _ in 0..count {
        let (child, key_digest) = ChildTargets::verify(&mut builder, program_common);
        let values = child.digest(0);
        let statement = tagged_hash_digests_circuit(&mut builder, Tag::Statement, &[key_digest, values]);
        let empty = builder.add_virtual_bool_target_safe();
        digests.push(select(&mut builder, empty, nothing, statement));
        slots.push(Slot { child, empty });
    }
    digests.resize(count.next_power_of_two(), nothing);
    let root = merkle_root_circuit(&mut builder, digests);
    builder.register_public_inputs(&root.elements);
    let zero = builder.zero();
    builder.register_public_inputs(&[zero; 4]);
    uniform::pad(&mut builder, shape.profile);
    (builder, LeafTargets { slots })
}

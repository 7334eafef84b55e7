//! Witness plans: assignments in the order of the model's computation.
//!
//! A *cell* is a value that some wire carries. Running a plan gives each cell a field element and writes it, with the
//! advice wires of the gates, into a plonky2 witness. Cells that plonky2's own generators fill (hashes, products with
//! private weights) are computed here too, since later steps need them, but not written.

use plonky2::field::types::{Field, PrimeField64};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use sheaf_plonky2::F;
use sheaf_plonky2::hash::GOLDILOCKS_MODULUS;

use super::gates::requantise::{HIGH_LIMBS, LOW_LIMBS, RequantiseGate, RequantiseMode, SLOT_ADVICE};
use sheaf_model::ACTIVATION_BITS;

/// Index of a cell.
pub(crate) type Cell = usize;

/// A factor of a private weight.
#[derive(Debug, Clone)]
pub(crate) enum Factor {
    Private(Cell),
    Public(F),
}

/// One step of a plan.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// out = input number `index`.
    Input { index: usize, out: Cell },
    /// out = private weight number `index`.
    Weight { index: usize, out: Cell },
    /// out = a constant.
    Constant { value: F, out: Cell },
    /// One lane of a dot gate: out = acc_in + bias + Σ constant·x.
    Lane { acc_in: Option<Cell>, bias: F, products: Vec<(F, Cell)>, out: Cell },
    /// out = Σ factor·x, on rows whose witness plonky2 generates.
    Products { terms: Vec<(Factor, Cell)>, out: Cell },
    /// One slot of a requantise gate.
    Requantise { row: usize, slot: usize, mode: RequantiseMode, input: Cell, out: Cell, layer: Option<usize> },
    /// The advice of a slot that nothing uses.
    IdleSlot { row: usize, slot: usize, mode: RequantiseMode },
    /// Sets out[j] = 1 for the first greatest of the window, else 0.
    OneHot { window: Vec<Cell>, out: Vec<Cell> },
}

/// A value left the range that the circuit can represent, so that no proof of it exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfRange {
    /// Index of the layer; `None` for an input or a weight.
    pub(crate) layer: Option<usize>,
    /// The value before requantisation.
    pub(crate) value: i64,
}

/// A recorded plan.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// Where each cell lives; `None` if plonky2's generators fill it.
    pub(crate) cells: Vec<Option<Target>>,
}

/// A change that a soundness test makes to a witness while it is being built. See [`Plan::run`].
#[cfg(test)]
pub(crate) type Tamper<'a> = &'a mut dyn FnMut(usize, &[F], &mut Assignment);
/// Release builds cannot tamper.
#[cfg(not(test))]
pub(crate) type Tamper<'a> = std::convert::Infallible;

/// What a step writes, before it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Assignment {
    /// Cells and their values.
    pub(crate) cells: Vec<(Cell, F)>,
    /// Advice of a requantise slot.
    pub(crate) advice: Option<(usize, usize, [u64; SLOT_ADVICE])>,
}

impl Plan {
    /// Adds a cell.
    pub(crate) fn cell(&mut self, target: Option<Target>) -> Cell {
        self.cells.push(target);
        self.cells.len() - 1
    }

    /// Runs the plan: every cell's value, written to `witness` together with the advice.
    ///
    /// # Errors
    /// [`OutOfRange`] at the first value that a requantise slot cannot represent.
    pub(crate) fn run(
        &self,
        inputs: &[F],
        weights: &[F],
        witness: &mut PartialWitness<F>,
        #[allow(unused_mut, unused_variables)] mut tamper: Option<Tamper<'_>>,
    ) -> Result<Vec<F>, OutOfRange> {
        let mut values = vec![F::ZERO; self.cells.len()];
        #[allow(unused_variables)]
        for (index, step) in self.steps.iter().enumerate() {
            #[allow(unused_mut)]
            let mut assignment = assign(step, &values, inputs, weights)?;
            #[cfg(test)]
            if let Some(tamper) = tamper.as_mut() {
                tamper(index, &values, &mut assignment);
            }
            for (cell, value) in assignment.cells {
                values[cell] = value;
                if let Some(target) = self.cells[cell] {
                    set(witness, target, value);
                }
            }
            if let Some((row, slot, advice)) = assignment.advice {
                for (index, limb) in advice.into_iter().enumerate() {
                    let target = Target::wire(row, RequantiseGate::advice(slot, index));
                    set(witness, target, F::from_canonical_u64(limb));
                }
            }
        }
        Ok(values)
    }
}

/// Every target of a plan is written once, so the one error that plonky2 knows here (a second, different value) cannot
/// occur.
fn set(witness: &mut PartialWitness<F>, target: Target, value: F) {
    if witness.set_target(target, value).is_err() {
        unreachable!("a plan writes each target once");
    }
}

fn assign(step: &Step, values: &[F], inputs: &[F], weights: &[F]) -> Result<Assignment, OutOfRange> {
    let one = |cell: Cell, value: F| Assignment { cells: vec![(cell, value)], advice: None };
    Ok(match step {
        Step::Input { index, out } => one(*out, inputs[*index]),
        Step::Weight { index, out } => one(*out, weights[*index]),
        Step::Constant { value, out } => one(*out, *value),
        Step::Lane { acc_in, bias, products, out } => {
            let start = *bias + acc_in.map_or(F::ZERO, |cell| values[cell]);
            one(*out, products.iter().fold(start, |acc, (constant, x)| acc + *constant * values[*x]))
        }
        Step::Products { terms, out } => {
            let product = |(factor, x): &(Factor, Cell)| match factor {
                Factor::Private(weight) => values[*weight] * values[*x],
                Factor::Public(weight) => *weight * values[*x],
            };
            one(*out, terms.iter().map(product).sum())
        }
        Step::Requantise { row, slot, mode, input, out, layer } => {
            let value = to_signed(values[*input]);
            let (advice, result) = requantise(*mode, value).ok_or(OutOfRange { layer: *layer, value })?;
            Assignment { cells: vec![(*out, from_signed(result))], advice: Some((*row, *slot, advice)) }
        }
        Step::IdleSlot { row, slot, mode } => {
            let (advice, _) = requantise(*mode, 0).ok_or(OutOfRange { layer: None, value: 0 })?;
            Assignment { cells: Vec::new(), advice: Some((*row, *slot, advice)) }
        }
        Step::OneHot { window, out } => {
            let mut greatest = 0;
            for (index, cell) in window.iter().enumerate() {
                if to_signed(values[*cell]) > to_signed(values[window[greatest]]) {
                    greatest = index;
                }
            }
            let hot = |(index, cell): (usize, &Cell)| (*cell, F::from_bool(index == greatest));
            Assignment { cells: out.iter().enumerate().map(hot).collect(), advice: None }
        }
    })
}

/// The advice of a slot and its result, or `None` if the value does not fit.
pub(crate) fn requantise(mode: RequantiseMode, value: i64) -> Option<([u64; SLOT_ADVICE], i64)> {
    let shifted = u64::try_from(value.checked_add(mode.offset())?).ok()?;
    let (low, high) = (shifted & ((1 << mode.shift) - 1), shifted >> mode.shift);
    if high >= 1 << ACTIVATION_BITS {
        return None;
    }
    let mut advice = [0; SLOT_ADVICE];
    let scaled_low = low << (sheaf_model::MAX_SCALE_BITS - mode.shift);
    let limbs = |value: u64, count: usize| (0..count).map(move |i| (value >> (2 * i)) & 3);
    let all = limbs(low, LOW_LIMBS).chain(limbs(scaled_low, LOW_LIMBS)).chain(limbs(high, HIGH_LIMBS));
    for (place, limb) in advice.iter_mut().zip(all) {
        *place = limb;
    }
    advice[SLOT_ADVICE - 2] = (high >> (2 * HIGH_LIMBS)) & 1;
    let sign = (high >> (2 * HIGH_LIMBS + 1)) & 1;
    advice[SLOT_ADVICE - 1] = sign;
    let quotient = high.cast_signed() - (1 << (ACTIVATION_BITS - 1));
    Some((advice, if mode.relu && sign == 0 { 0 } else { quotient }))
}

/// A signed integer as a field element.
pub(crate) fn from_signed(value: i64) -> F {
    let magnitude = F::from_noncanonical_u64(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// The integer in (−p/2, p/2) that a field element represents.
pub(crate) fn to_signed(value: F) -> i64 {
    let value = value.to_canonical_u64();
    if value > GOLDILOCKS_MODULUS / 2 {
        (GOLDILOCKS_MODULUS - value).cast_signed().wrapping_neg()
    } else {
        value.cast_signed()
    }
}

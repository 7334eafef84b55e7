//! Rounding shift, range check and ReLU.
//!
//! A row holds [`SLOTS`] slots with common constants. A slot constrains, for integers a and y represented in the field,
//!
//! ```text
//! q = ⌊(a + 2^(s−1)) / 2^s⌋   (a itself for s = 0),   q ∈ [−2^27, 2^27),   y = relu ? max(0, q) : q
//! ```
//!
//! The row's constants are `2^s`, `2^(16−s)`, `relu` ∈ {0, 1} and the offset `2^(s−1) + 2^27·2^s`. With
//! t = a + offset, the slot decomposes t = low + 2^s·high:
//!
//! - low ∈ [0, 2^16) by eight base-4 limbs, and low·2^(16−s) ∈ [0, 2^16) by eight more, hence low ∈ [0, 2^s). The first
//!   check is not redundant: in the field, a huge low may have a small multiple.
//! - high ∈ [0, 2^28) by thirteen base-4 limbs and two bits; the top bit is 1 exactly when q = high − 2^27 ≥ 0.
//!
//! t is below 2^45, so that the equation in the field is one over the integers for exactly one integer a in
//! (−p/2, p/2). The caller owes |a| < p/2 (see `QuantisedModel::validate`, which bounds every accumulator below 2^61).
//!
//! Every limb is constrained by x(x−1)(x−2)(x−3) = 0 and every bit by x(x−1) = 0. There is no lookup argument here:
//! docs/adr/0002 says why.

use plonky2::field::types::Field;
use plonky2::gates::gate::Gate;
use plonky2::gates::packed_util::PackedEvaluableBase;
use plonky2::gates::util::StridedConstraintConsumer;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::generator::WitnessGeneratorRef;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::vars::{
    EvaluationTargets, EvaluationVars, EvaluationVarsBase, EvaluationVarsBaseBatch, EvaluationVarsBasePacked,
};
use plonky2::util::serialization::{Buffer, IoResult};
use plonky2_field::packed::PackedField;
use sheaf_plonky2::{D, F};

use sheaf_model::{ACTIVATION_BITS, MAX_SCALE_BITS};

type Extension = <F as plonky2::field::extension::Extendable<D>>::Extension;

/// Independent decompositions in a row.
pub(crate) const SLOTS: usize = 4;
/// Base-4 limbs of the 16-bit low part.
pub(crate) const LOW_LIMBS: usize = MAX_SCALE_BITS as usize / 2;
/// Base-4 limbs of the high part below its two top bits.
pub(crate) const HIGH_LIMBS: usize = (ACTIVATION_BITS as usize - 2) / 2;
/// Advice wires of a slot: low limbs, limbs of the scaled low part, high limbs, two bits.
pub(crate) const SLOT_ADVICE: usize = 2 * LOW_LIMBS + HIGH_LIMBS + 2;
const ADVICE_START: usize = 2 * SLOTS;
const CONSTRAINTS_PER_SLOT: usize = SLOT_ADVICE + 3;

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequantiseGate;

/// What a row's constants select.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RequantiseMode {
    /// s, at most [`MAX_SCALE_BITS`].
    pub(crate) shift: u32,
    /// Whether negative results become zero.
    pub(crate) relu: bool,
}

impl RequantiseMode {
    /// What is added before the shift: half a unit for rounding, and 2^27 units to make the result non-negative.
    pub(crate) const fn offset(self) -> i64 {
        ((1 << self.shift) >> 1) + (1 << (ACTIVATION_BITS - 1 + self.shift))
    }

    /// The row's constants.
    pub(crate) fn constants(self) -> Vec<F> {
        vec![
            F::from_canonical_u64(1 << self.shift),
            F::from_canonical_u64(1 << (MAX_SCALE_BITS - self.shift)),
            F::from_bool(self.relu),
            F::from_canonical_u64(self.offset().unsigned_abs()),
        ]
    }
}

impl RequantiseGate {
    /// Column of a slot's operand a.
    pub(crate) const fn input(slot: usize) -> usize {
        2 * slot
    }

    /// Column of a slot's result y.
    pub(crate) const fn output(slot: usize) -> usize {
        2 * slot + 1
    }

    /// Column of a slot's advice wire, in the order of [`SLOT_ADVICE`].
    pub(crate) const fn advice(slot: usize, index: usize) -> usize {
        ADVICE_START + slot * SLOT_ADVICE + index
    }
}

/// The constraints of one row over any ring with the field's constants, written once for native and packed evaluation.
fn constraints<T>(
    constants: &[T; 4],
    wire: impl Fn(usize) -> T,
    integer: impl Fn(u64) -> T,
    mut emit: impl FnMut(T),
) where
    T: Copy + std::ops::Add<Output = T> + std::ops::Sub<Output = T> + std::ops::Mul<Output = T>,
{
    let [power, padding, relu, offset] = *constants;
    let [zero, one, two, three, four] = [0, 1, 2, 3, 4].map(&integer);
    for slot in 0..SLOTS {
        let advice = |index: usize| wire(RequantiseGate::advice(slot, index));
        for index in 0..SLOT_ADVICE - 2 {
            let limb = advice(index);
            let outer = limb * (limb - three);
            emit(outer * (outer + two));
        }
        for index in SLOT_ADVICE - 2..SLOT_ADVICE {
            let bit = advice(index);
            emit(bit * (bit - one));
        }
        let compose = |start: usize, limbs: usize, top: T| {
            (start..start + limbs).rev().fold(top, |acc, index| acc * four + advice(index))
        };
        let low = compose(0, LOW_LIMBS, zero);
        let scaled_low = compose(LOW_LIMBS, LOW_LIMBS, zero);
        let sign = advice(SLOT_ADVICE - 1);
        let high = compose(2 * LOW_LIMBS, HIGH_LIMBS, advice(SLOT_ADVICE - 2) + two * sign);
        emit(low * padding - scaled_low);
        emit(wire(RequantiseGate::input(slot)) + offset - low - power * high);
        let quotient = high - integer(1 << (ACTIVATION_BITS - 1));
        emit(wire(RequantiseGate::output(slot)) - quotient * (one - relu + relu * sign));
    }
}

impl Gate<F, D> for RequantiseGate {
    fn id(&self) -> String {
        format!("SheafRequantiseGate {{ slots: {SLOTS}, bits: {ACTIVATION_BITS}, shift: {MAX_SCALE_BITS} }}")
    }

    fn serialize(&self, _dst: &mut Vec<u8>, _common: &CommonCircuitData<F, D>) -> IoResult<()> {
        Ok(())
    }

    fn deserialize(_src: &mut Buffer, _common: &CommonCircuitData<F, D>) -> IoResult<Self> {
        Ok(Self)
    }

    fn eval_unfiltered(&self, vars: EvaluationVars<F, D>) -> Vec<Extension> {
        let mut out = Vec::with_capacity(self.num_constraints());
        let constants = std::array::from_fn(|i| vars.local_constants[i]);
        constraints(&constants, |i| vars.local_wires[i], Extension::from_canonical_u64, |c| out.push(c));
        out
    }

    fn eval_unfiltered_base_one(
        &self,
        _vars: EvaluationVarsBase<F>,
        _consumer: StridedConstraintConsumer<F>,
    ) {
        unreachable!("plonky2 calls eval_unfiltered_base_batch, which is overridden")
    }

    fn eval_unfiltered_base_batch(&self, vars: EvaluationVarsBaseBatch<F>) -> Vec<F> {
        self.eval_unfiltered_base_batch_packed(vars)
    }

    fn eval_unfiltered_circuit(
        &self,
        builder: &mut CircuitBuilder<F, D>,
        vars: EvaluationTargets<D>,
    ) -> Vec<ExtensionTarget<D>> {
        let [power, padding, relu, offset] = std::array::from_fn(|i| vars.local_constants[i]);
        let four = builder.constant_extension(Extension::from_canonical_u64(4));
        let half = builder.constant_extension(Extension::from_canonical_u64(1 << (ACTIVATION_BITS - 1)));
        let mut out = Vec::with_capacity(Gate::<F, D>::num_constraints(self));
        for slot in 0..SLOTS {
            let advice = |index: usize| vars.local_wires[Self::advice(slot, index)];
            for index in 0..SLOT_ADVICE - 2 {
                let limb = advice(index);
                // limb² − 3·limb, then outer² + 2·outer: one arithmetic operation each.
                let outer = builder.arithmetic_extension(F::ONE, -F::from_canonical_u64(3), limb, limb, limb);
                out.push(builder.arithmetic_extension(F::ONE, F::TWO, outer, outer, outer));
            }
            for index in SLOT_ADVICE - 2..SLOT_ADVICE {
                let bit = advice(index);
                out.push(builder.arithmetic_extension(F::ONE, F::NEG_ONE, bit, bit, bit));
            }
            let compose = |builder: &mut CircuitBuilder<F, D>,
                           start: usize,
                           limbs: usize,
                           top: Option<ExtensionTarget<D>>| {
                let mut indices = (start..start + limbs).rev();
                let first = match top {
                    Some(top) => top,
                    None => indices.next().map_or(four, advice),
                };
                indices.fold(first, |acc, index| builder.mul_add_extension(acc, four, advice(index)))
            };
            let low = compose(builder, 0, LOW_LIMBS, None);
            let scaled_low = compose(builder, LOW_LIMBS, LOW_LIMBS, None);
            let sign = advice(SLOT_ADVICE - 1);
            let two = builder.constant_extension(Extension::TWO);
            let top = builder.mul_add_extension(two, sign, advice(SLOT_ADVICE - 2));
            let high = compose(builder, 2 * LOW_LIMBS, HIGH_LIMBS, Some(top));
            out.push(builder.mul_sub_extension(low, padding, scaled_low));
            let composed = builder.mul_add_extension(power, high, low);
            let shifted = builder.add_extension(vars.local_wires[Self::input(slot)], offset);
            out.push(builder.sub_extension(shifted, composed));
            let quotient = builder.sub_extension(high, half);
            // 1 − relu + relu·sign
            let one = builder.one_extension();
            let dropped = builder.mul_sub_extension(relu, sign, relu);
            let kept = builder.add_extension(dropped, one);
            let expected = builder.mul_extension(quotient, kept);
            out.push(builder.sub_extension(vars.local_wires[Self::output(slot)], expected));
        }
        out
    }

    fn generators(&self, _row: usize, _constants: &[F]) -> Vec<WitnessGeneratorRef<F, D>> {
        Vec::new()
    }

    fn num_wires(&self) -> usize {
        ADVICE_START + SLOTS * SLOT_ADVICE
    }

    fn num_constants(&self) -> usize {
        4
    }

    fn degree(&self) -> usize {
        4
    }

    fn num_constraints(&self) -> usize {
        SLOTS * CONSTRAINTS_PER_SLOT
    }
}

impl PackedEvaluableBase<F, D> for RequantiseGate {
    fn eval_unfiltered_base_packed<P: PackedField<Scalar = F>>(
        &self,
        vars: EvaluationVarsBasePacked<P>,
        mut consumer: StridedConstraintConsumer<P>,
    ) {
        let constants = std::array::from_fn(|i| vars.local_constants[i]);
        let integer = |value: u64| P::from(F::from_canonical_u64(value));
        constraints(&constants, |i| vars.local_wires[i], integer, |c| consumer.one(c));
    }
}

#[cfg(test)]
mod tests {
    use plonky2::gates::gate_testing::{test_eval_fns, test_low_degree};
    use sheaf_plonky2::C;

    use super::*;

    #[test]
    fn constraints_have_the_stated_degree() {
        test_low_degree::<F, RequantiseGate, D>(RequantiseGate);
    }

    #[test]
    fn native_packed_and_recursive_evaluation_agree() {
        test_eval_fns::<F, C, RequantiseGate, D>(RequantiseGate).unwrap();
    }
}

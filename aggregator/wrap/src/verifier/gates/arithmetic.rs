//! Sums, products, powers, bits, constants, public inputs.

use plonky2::gates::arithmetic_base::ArithmeticGate;
use plonky2::gates::arithmetic_extension::ArithmeticExtensionGate;
use plonky2::gates::base_sum::BaseSumGate;
use plonky2::gates::exponentiation::ExponentiationGate;
use plonky2::gates::multiplication_extension::MulExtensionGate;
use sheaf_plonky2::{D, F};

use super::GateInputs;
use crate::gadgets::extension::Ext;
use crate::r1cs::Builder;

/// `output − (a · b · c0 + addend · c1)`.
pub(super) fn base(builder: &mut Builder, gate: &ArithmeticGate, inputs: &GateInputs<'_>) -> Vec<Ext> {
    (0..gate.num_ops)
        .map(|op| {
            let product = builder.ext_mul_reduced(inputs.wire(4 * op), inputs.wire(4 * op + 1));
            let product = builder.ext_mul(&product, &inputs.constants[0]);
            let addend = builder.ext_mul(inputs.wire(4 * op + 2), &inputs.constants[1]);
            builder.ext_sub(inputs.wire(4 * op + 3), &product.add(&addend))
        })
        .collect()
}

/// The same over pairs of wires.
pub(super) fn extension(
    builder: &mut Builder,
    gate: &ArithmeticExtensionGate<D>,
    inputs: &GateInputs<'_>,
) -> Vec<Ext> {
    let mut constraints = Vec::new();
    for op in 0..gate.num_ops {
        let pair = |index: usize| inputs.pair(4 * D * op + D * index);
        let product = builder.algebra_mul(&pair(0), &pair(1));
        let product = builder.algebra_reduce(&product);
        let product = builder.algebra_scale(&product, &inputs.constants[0]);
        let addend = builder.algebra_scale(&pair(2), &inputs.constants[1]);
        constraints.extend(builder.algebra_sub(&pair(3), &product.add(&addend)).0);
    }
    constraints
}

/// `output − a · b · c0` over pairs of wires.
pub(super) fn multiplication(
    builder: &mut Builder,
    gate: &MulExtensionGate<D>,
    inputs: &GateInputs<'_>,
) -> Vec<Ext> {
    let mut constraints = Vec::new();
    for op in 0..gate.num_ops {
        let pair = |index: usize| inputs.pair(3 * D * op + D * index);
        let product = builder.algebra_mul(&pair(0), &pair(1));
        let product = builder.algebra_reduce(&product);
        let product = builder.algebra_scale(&product, &inputs.constants[0]);
        constraints.extend(builder.algebra_sub(&pair(2), &product).0);
    }
    constraints
}

/// `Σ limb_i · 2^i − sum`, and `limb · (limb − 1)` for each limb.
pub(super) fn bits(builder: &mut Builder, gate: &BaseSumGate<2>, inputs: &GateInputs<'_>) -> Vec<Ext> {
    let limbs = &inputs.wires[1..=gate.num_limbs];
    let mut sum = Ext::zero();
    for (index, limb) in limbs.iter().enumerate() {
        sum = sum.add(&limb.scale(1 << index));
    }
    let mut constraints = vec![builder.ext_sub(&sum, inputs.wire(0))];
    constraints.extend(limbs.iter().map(|limb| boolean(builder, limb)));
    constraints
}

/// `x · (x − 1)`.
pub(super) fn boolean(builder: &mut Builder, x: &Ext) -> Ext {
    let square = builder.ext_mul(x, x);
    builder.ext_sub(&square, x)
}

/// `constant − wire`.
pub(super) fn constants(builder: &Builder, count: usize, inputs: &GateInputs<'_>) -> Vec<Ext> {
    (0..count).map(|index| builder.ext_sub(&inputs.constants[index], inputs.wire(index))).collect()
}

/// `wire − hash element`.
pub(super) fn public_inputs(builder: &Builder, inputs: &GateInputs<'_>) -> Vec<Ext> {
    let element = |index: usize| Ext::from_base(inputs.public_inputs_hash[index].clone());
    (0..4).map(|index| builder.ext_sub(inputs.wire(index), &element(index))).collect()
}

/// Square and multiply, bits from the last to the first: `previous² · (bit · base + 1 − bit)`, and the result.
pub(super) fn exponentiation(
    builder: &mut Builder,
    gate: &ExponentiationGate<F, D>,
    inputs: &GateInputs<'_>,
) -> Vec<Ext> {
    let (count, base) = (gate.num_power_bits, inputs.wire(0));
    let one = builder.ext_constant([1, 0]);
    let mut constraints = Vec::new();
    let mut square = one.clone();
    for index in 0..count {
        let bit = inputs.wire(count - index);
        let factor = builder.ext_mul(bit, base);
        let factor = builder.ext_sub(&factor.add(&one), bit);
        let computed = builder.ext_mul(&square, &factor);
        let intermediate = inputs.wire(2 + count + index);
        constraints.push(builder.ext_sub(&computed, intermediate));
        square = builder.ext_mul_reduced(intermediate, intermediate);
    }
    constraints.push(builder.ext_sub(inputs.wire(1 + count), inputs.wire(1 + 2 * count)));
    constraints
}

//! Horner's rule: `acc_i = acc_{i−1} · alpha + coefficient_i`.

use plonky2::gates::reducing::ReducingGate;
use plonky2::gates::reducing_extension::ReducingExtensionGate;
use sheaf_plonky2::D;

use super::{Algebra, GateInputs};
use crate::gadgets::extension::Ext;
use crate::r1cs::Builder;

const OUTPUT: usize = 0;
const ALPHA: usize = D;
const OLD_ACC: usize = 2 * D;
const COEFFICIENTS: usize = 3 * D;

/// With coefficients of one wire.
pub(super) fn base(builder: &mut Builder, gate: &ReducingGate<D>, inputs: &GateInputs<'_>) -> Vec<Ext> {
    let coefficient = |index: usize| Algebra([inputs.wire(COEFFICIENTS + index).clone(), Ext::zero()]);
    horner(builder, gate.num_coeffs, COEFFICIENTS + gate.num_coeffs, inputs, coefficient)
}

/// With coefficients of two wires.
pub(super) fn extension(
    builder: &mut Builder,
    gate: &ReducingExtensionGate<D>,
    inputs: &GateInputs<'_>,
) -> Vec<Ext> {
    let coefficient = |index: usize| inputs.pair(COEFFICIENTS + D * index);
    horner(builder, gate.num_coeffs, COEFFICIENTS + D * gate.num_coeffs, inputs, coefficient)
}

fn horner(
    builder: &mut Builder,
    count: usize,
    start_accs: usize,
    inputs: &GateInputs<'_>,
    coefficient: impl Fn(usize) -> Algebra,
) -> Vec<Ext> {
    let alpha = inputs.pair(ALPHA);
    let mut acc = inputs.pair(OLD_ACC);
    let mut constraints = Vec::new();
    for index in 0..count {
        // The last accumulator is the output.
        let next = inputs.pair(if index + 1 == count { OUTPUT } else { start_accs + D * index });
        let product = builder.algebra_mul(&acc, &alpha);
        constraints.extend(builder.algebra_sub(&product.add(&coefficient(index)), &next).0);
        acc = next;
    }
    constraints
}

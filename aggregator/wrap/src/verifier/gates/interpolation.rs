//! The value at a point of the polynomial through values on a coset.

use plonky2::field::types::{Field, PrimeField64};
use plonky2::gates::coset_interpolation::CosetInterpolationGate;
use sheaf_plonky2::{D, F};

use super::{Algebra, GateInputs};
use crate::gadgets::extension::Ext;
use crate::r1cs::Builder;

pub(super) fn constraints(
    builder: &mut Builder,
    gate: &CosetInterpolationGate<F, D>,
    inputs: &GateInputs<'_>,
) -> Vec<Ext> {
    let points = 1 << gate.subgroup_bits;
    let intermediates = (points - 2) / (gate.degree - 1);
    // Shift, values, the point, the value there, intermediate values and products, the shifted point.
    let values = 1;
    let point = values + D * points;
    let result = point + D;
    let evals = result + D;
    let products = evals + D * intermediates;
    let shifted = inputs.pair(products + D * intermediates);

    let unshifted = builder.algebra_scale(&shifted, inputs.wire(0));
    let mut constraints = builder.algebra_sub(&inputs.pair(point), &unshifted).0.to_vec();

    let domain = F::two_adic_subgroup(gate.subgroup_bits);
    let mut eval = Algebra([Ext::zero(), Ext::zero()]);
    let mut product = Algebra([builder.ext_constant([1, 0]), Ext::zero()]);
    for (index, x) in domain.iter().enumerate() {
        if index >= gate.degree && (index - gate.degree).is_multiple_of(gate.degree - 1) {
            let intermediate = (index - gate.degree) / (gate.degree - 1);
            let next_eval = inputs.pair(evals + D * intermediate);
            let next_product = inputs.pair(products + D * intermediate);
            constraints.extend(builder.algebra_sub(&next_eval, &eval).0);
            constraints.extend(builder.algebra_sub(&next_product, &product).0);
            (eval, product) = (next_eval, next_product);
        }
        let x = builder.ext_constant([x.to_canonical_u64(), 0]);
        let term = Algebra([builder.ext_sub(&shifted.0[0], &x), shifted.0[1].clone()]);
        let weight = gate.barycentric_weights[index].to_canonical_u64();
        let value = inputs.pair(values + D * index);
        let moved = builder.algebra_mul(&eval, &term);
        let added = builder.algebra_mul(&value, &product);
        let added = builder.algebra_reduce(&added);
        let added = Algebra(added.0.map(|coordinate| coordinate.scale(weight)));
        let next_eval = moved.add(&added);
        let next_product = builder.algebra_mul(&product, &term);
        eval = builder.algebra_reduce(&next_eval);
        product = builder.algebra_reduce(&next_product);
    }
    constraints.extend(builder.algebra_sub(&inputs.pair(result), &eval).0);
    constraints
}

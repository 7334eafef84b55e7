//! Gates that compute in the extension field: products, sums of products, reductions, interpolation.

use std::any::Any;

use plonky2::field::extension::Extendable;
use plonky2::field::packed::PackedField;
use plonky2::field::types::Field;
use plonky2::gates::arithmetic_extension::ArithmeticExtensionGate;
use plonky2::gates::coset_interpolation::CosetInterpolationGate;
use plonky2::gates::multiplication_extension::MulExtensionGate;
use plonky2::gates::reducing::ReducingGate;
use plonky2::gates::reducing_extension::ReducingExtensionGate;

use super::super::ntt::Packed;
use super::super::{D, F};
use super::{Points, Row, Sums, VectorGate, row};

pub(super) fn recognise(gate: &dyn Any) -> Option<Box<dyn VectorGate>> {
    if let Some(gate) = gate.downcast_ref::<ArithmeticExtensionGate<D>>() {
        Some(Box::new(Arithmetic { operations: gate.num_ops, addend: true }))
    } else if let Some(gate) = gate.downcast_ref::<MulExtensionGate<D>>() {
        Some(Box::new(Arithmetic { operations: gate.num_ops, addend: false }))
    } else if let Some(gate) = gate.downcast_ref::<ReducingGate<D>>() {
        Some(Box::new(Reducing { coeffs: gate.num_coeffs, in_extension: false }))
    } else if let Some(gate) = gate.downcast_ref::<ReducingExtensionGate<D>>() {
        Some(Box::new(Reducing { coeffs: gate.num_coeffs, in_extension: true }))
    } else {
        let gate = gate.downcast_ref::<CosetInterpolationGate<F, D>>()?;
        Some(Box::new(Interpolation {
            degree: gate.degree,
            domain: F::two_adic_subgroup(gate.subgroup_bits),
            weights: gate.barycentric_weights.clone(),
        }))
    }
}

/// Extension elements at a batch of points, component by component.
#[derive(Clone, Copy)]
struct Element([Row; D]);

impl Element {
    /// The element on wires `i` and `i + 1`.
    #[inline(always)]
    fn load(points: Points<'_>, i: usize) -> Self {
        Self([points.wire(i), points.wire(i + 1)])
    }

    #[inline(always)]
    fn map(op: impl Fn(usize) -> [Packed; D]) -> Self {
        let mut out = Self([[Packed::ZEROS; _]; D]);
        for v in 0..out.0[0].len() {
            [out.0[0][v], out.0[1][v]] = op(v);
        }
        out
    }

    #[inline(always)]
    fn at(&self, v: usize) -> [Packed; D] {
        [self.0[0][v], self.0[1][v]]
    }

    #[inline(always)]
    fn mul(&self, other: &Self) -> Self {
        Self::map(|v| mul(self.at(v), other.at(v)))
    }

    #[inline(always)]
    fn sub(&self, other: &Self) -> Self {
        Self::map(|v| std::array::from_fn(|c| self.0[c][v] - other.0[c][v]))
    }

    #[inline(always)]
    fn add(&self, other: &Self) -> Self {
        Self::map(|v| std::array::from_fn(|c| self.0[c][v] + other.0[c][v]))
    }

    #[inline(always)]
    fn scale(&self, factor: &Row) -> Self {
        Self::map(|v| std::array::from_fn(|c| self.0[c][v] * factor[v]))
    }
}

impl Sums<'_> {
    #[inline(always)]
    fn add_element(&mut self, constraint: &Element) {
        for component in &constraint.0 {
            self.add(component);
        }
    }
}

/// Modulo X² − W.
#[inline(always)]
fn mul(a: [Packed; D], b: [Packed; D]) -> [Packed; D] {
    const W: F = <F as Extendable<D>>::W;
    [a[0] * b[0] + a[1] * b[1] * W, a[0] * b[1] + a[1] * b[0]]
}

/// For each operation `output − (c_0·x·y + c_1·z)`, the addend `z` for one of the two gates only. Wires: x, y, z, output.
struct Arithmetic {
    operations: usize,
    addend: bool,
}

impl VectorGate for Arithmetic {
    fn evaluate(&self, points: Points<'_>, sums: &mut Sums<'_>) {
        let constant = |i: usize| row(&points.constants[i * super::BATCH..][..super::BATCH]);
        let stride = if self.addend { 4 * D } else { 3 * D };
        for start in (0..self.operations).map(|i| i * stride) {
            let (x, y) = (Element::load(points, start), Element::load(points, start + D));
            let mut computed = x.mul(&y).scale(&constant(0));
            if self.addend {
                computed = computed.add(&Element::load(points, start + 2 * D).scale(&constant(1)));
            }
            sums.add_element(&Element::load(points, start + stride - D).sub(&computed));
        }
    }
}

/// Horner's rule: `previous·alpha + coeff − accumulator`. Wires: output, alpha, first accumulator, coefficients, the
/// accumulators between, the last of which is the output.
struct Reducing {
    coeffs: usize,
    in_extension: bool,
}

impl VectorGate for Reducing {
    fn evaluate(&self, points: Points<'_>, sums: &mut Sums<'_>) {
        let width = if self.in_extension { D } else { 1 };
        let accumulators = 3 * D + width * self.coeffs;
        let alpha = Element::load(points, D);
        let mut previous = Element::load(points, 2 * D);
        for i in 0..self.coeffs {
            let place = if i + 1 == self.coeffs { 0 } else { accumulators + D * i };
            let accumulator = Element::load(points, place);
            let mut constraint = previous.mul(&alpha).sub(&accumulator);
            for component in 0..width {
                let coeff = points.wire(3 * D + width * i + component);
                for (sum, &coeff) in constraint.0[component].iter_mut().zip(&coeff) {
                    *sum += coeff;
                }
            }
            sums.add_element(&constraint);
            previous = accumulator;
        }
    }
}

/// Barycentric interpolation over a coset, with intermediate results on wires wherever the degree would exceed `degree`.
/// Wires: shift, values, point, value at the point, intermediate sums, intermediate products, shifted point.
struct Interpolation {
    degree: usize,
    domain: Vec<F>,
    weights: Vec<F>,
}

impl VectorGate for Interpolation {
    fn evaluate(&self, points: Points<'_>, sums: &mut Sums<'_>) {
        let size = self.domain.len();
        let step = self.degree - 1;
        let intermediates = (size - 2) / step;
        let point = 1 + D * size;
        let sums_at = point + 2 * D;
        let products_at = sums_at + D * intermediates;
        let x = Element::load(points, products_at + D * intermediates);
        sums.add_element(&Element::load(points, point).sub(&x.scale(&points.wire(0))));

        let zero = Element::map(|_| [Packed::ZEROS; D]);
        let one = Element::map(|_| [Packed::ONES, Packed::ZEROS]);
        let (mut sum, mut product) = self.interpolate(points, &x, 0..self.degree, (zero, one));
        for i in 0..intermediates {
            let (claimed_sum, claimed_product) =
                (Element::load(points, sums_at + D * i), Element::load(points, products_at + D * i));
            sums.add_element(&claimed_sum.sub(&sum));
            sums.add_element(&claimed_product.sub(&product));
            let start = 1 + step * (i + 1);
            let range = start..(start + step).min(size);
            (sum, product) = self.interpolate(points, &x, range, (claimed_sum, claimed_product));
        }
        sums.add_element(&Element::load(points, point + D).sub(&sum));
    }
}

impl Interpolation {
    /// Takes the values in `range` into the sum and the product of differences so far.
    fn interpolate(
        &self,
        points: Points<'_>,
        x: &Element,
        range: std::ops::Range<usize>,
        so_far: (Element, Element),
    ) -> (Element, Element) {
        range.fold(so_far, |(sum, product), i| {
            let value = Element::load(points, 1 + D * i);
            let (weight, node) = (Packed::from(self.weights[i]), Packed::from(self.domain[i]));
            let term = Element::map(|v| [x.0[0][v] - node, x.0[1][v]]);
            let weighted = Element::map(|v| value.at(v).map(|value| value * weight));
            (sum.mul(&term).add(&weighted.mul(&product)), product.mul(&term))
        })
    }
}

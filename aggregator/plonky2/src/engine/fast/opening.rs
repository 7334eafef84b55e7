//! Values of the committed polynomials at the verifier's point, and the one polynomial that FRI proves them by.
//!
//! Both are products of the table of coefficients with a vector over the extension field, which here is two vectors
//! over the base field: powers of the point from one side, powers of the batching challenge from the other.

use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::packed::PackedField;
use plonky2::field::types::Field;
use rayon::prelude::*;

use super::F;
use super::ntt::Packed;

/// The extension field.
pub(super) type E = QuadraticExtension<F>;

/// Coefficients worked on together when combining: two sums of this length stay in the L1 cache.
const BLOCK: usize = 1 << 9;

/// `1, x, … x^(n−1)`, component by component.
pub(super) struct Powers {
    parts: [Vec<F>; 2],
}

impl Powers {
    pub(super) fn new(x: E, n: usize) -> Self {
        let mut parts = [Vec::with_capacity(n), Vec::with_capacity(n)];
        for power in x.powers().take(n) {
            parts[0].push(power.0[0]);
            parts[1].push(power.0[1]);
        }
        Self { parts }
    }

    /// The polynomial's value at `x`. There are as many coefficients as powers.
    pub(super) fn evaluate(&self, coeffs: &[F]) -> E {
        let (coeffs, [a, b]) = (Packed::pack_slice(coeffs), self.packed());
        let mut sums = [Packed::ZEROS; 2];
        for ((&c, &a), &b) in coeffs.iter().zip(a).zip(b) {
            sums[0] += c * a;
            sums[1] += c * b;
        }
        QuadraticExtension(sums.map(|sum| sum.as_slice().iter().copied().sum()))
    }

    fn packed(&self) -> [&[Packed]; 2] {
        [Packed::pack_slice(&self.parts[0]), Packed::pack_slice(&self.parts[1])]
    }
}

/// A polynomial over the extension field, component by component.
#[derive(Clone)]
pub(super) struct ExtensionPolynomial {
    pub(super) parts: [Vec<F>; 2],
}

impl ExtensionPolynomial {
    pub(super) fn len(&self) -> usize {
        self.parts[0].len()
    }

    pub(super) fn coeff(&self, i: usize) -> E {
        QuadraticExtension([self.parts[0][i], self.parts[1][i]])
    }

    /// `Σ alpha^j · polys[j]`, for polynomials of `len` coefficients.
    pub(super) fn combine(polys: &[&[F]], alpha: E, len: usize) -> Self {
        let weights: Vec<E> = alpha.powers().take(polys.len()).collect();
        let mut parts = [vec![F::ZERO; len], vec![F::ZERO; len]];
        let [a, b] = &mut parts;
        a.par_chunks_mut(BLOCK).zip(b.par_chunks_mut(BLOCK)).enumerate().for_each(|(block, (a, b))| {
            let (a, b) = (Packed::pack_slice_mut(a), Packed::pack_slice_mut(b));
            for (poly, weight) in polys.iter().zip(&weights) {
                let poly = &poly[block * BLOCK..];
                let coeffs = Packed::pack_slice(&poly[..poly.len().min(BLOCK)]);
                let weight = weight.0.map(Packed::from);
                for ((a, b), &c) in a.iter_mut().zip(b.iter_mut()).zip(coeffs) {
                    *a += c * weight[0];
                    *b += c * weight[1];
                }
            }
        });
        Self { parts }
    }

    /// Adds `scale · self + (other − other(point)) / (X − point)`.
    pub(super) fn add_quotient(&mut self, scale: E, other: &Self, point: E) {
        // Synthetic division: the quotient's coefficient i is the remainder of the coefficients above i.
        let mut remainder = E::ZERO;
        for i in (0..self.len()).rev() {
            let QuadraticExtension([a, b]) = self.coeff(i) * scale + remainder;
            (self.parts[0][i], self.parts[1][i]) = (a, b);
            remainder = remainder * point + other.coeff(i);
        }
    }
}

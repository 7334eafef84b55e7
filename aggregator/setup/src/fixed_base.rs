//! Many multiples of one point.
//!
//! A table of `d · 2^(w·k) · base` for signed digits `d`, then sums of table entries for thousands of scalars at a time:
//! affine additions share one inversion (Montgomery's trick), which costs about half of a mixed projective addition, and
//! a chunk goes through one window of the table after another, so that the window stays in the cache.

use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, Field, PrimeField, Zero};
use rayon::prelude::*;

/// Scalars that share an inversion.
const CHUNK: usize = 1 << 13;
/// A window of 2^13 points of G1 is 512 KiB, of G2 1 MiB.
const MAX_WINDOW_BITS: usize = 14;
/// Scalars are below 2^254; one bit more takes the last carry.
const SCALAR_BITS: usize = 255;

/// Multiples of a point.
pub(crate) struct FixedBase<P: SWCurveConfig> {
    window_bits: usize,
    /// `windows[k][d − 1] = d · 2^(window_bits · k) · base`, d from 1 to 2^(window_bits − 1).
    windows: Vec<Vec<Affine<P>>>,
}

impl<P: SWCurveConfig> FixedBase<P> {
    /// A table for about `count` multiplications.
    pub(crate) fn new(base: Affine<P>, count: usize) -> Self {
        let cost = |bits: &usize| SCALAR_BITS.div_ceil(*bits) * (count + (2 << bits));
        let window_bits = (2..=MAX_WINDOW_BITS).min_by_key(cost).unwrap_or(MAX_WINDOW_BITS);
        let mut starts = vec![base.into_group()];
        for k in 1..SCALAR_BITS.div_ceil(window_bits) {
            let mut next = starts[k - 1];
            for _ in 0..window_bits {
                next.double_in_place();
            }
            starts.push(next);
        }
        let starts = Projective::normalize_batch(&starts);
        let windows = starts
            .par_iter()
            .map(|start| {
                let mut multiple = Projective::<P>::zero();
                let multiples: Vec<_> = (0..1usize << (window_bits - 1))
                    .map(|_| {
                        multiple += start;
                        multiple
                    })
                    .collect();
                Projective::normalize_batch(&multiples)
            })
            .collect();
        Self { window_bits, windows }
    }

    /// `scalar · base` for every scalar, in order. Takes as many threads as the current pool has.
    pub(crate) fn multiples<F: PrimeField>(&self, scalars: &[F]) -> Vec<Affine<P>> {
        let mut results = vec![Affine::identity(); scalars.len()];
        results.par_chunks_mut(CHUNK).zip(scalars.par_chunks(CHUNK)).for_each(|(sums, scalars)| {
            let digits: Vec<_> = scalars.iter().map(|scalar| scalar.into_bigint()).collect();
            let mut carries = vec![false; scalars.len()];
            let mut adder = BatchAdder::with_capacity(scalars.len());
            for (k, window) in self.windows.iter().enumerate() {
                for (index, (sum, carry)) in sums.iter_mut().zip(&mut carries).enumerate() {
                    let digit = bits(digits[index].as_ref(), k * self.window_bits, self.window_bits)
                        + usize::from(*carry);
                    *carry = digit > window.len();
                    if *carry {
                        let magnitude = (1 << self.window_bits) - digit;
                        if magnitude > 0 {
                            adder.push(index, sum, -window[magnitude - 1]);
                        }
                    } else if digit > 0 {
                        adder.push(index, sum, window[digit - 1]);
                    }
                }
                adder.flush(sums);
            }
        });
        results
    }
}

/// `count` bits of a little-endian number from bit `start`.
fn bits(limbs: &[u64], start: usize, count: usize) -> usize {
    let (limb, shift) = (start / 64, start % 64);
    let low = limbs.get(limb).map_or(0, |limb| limb >> shift);
    let high = match (shift, limbs.get(limb + 1)) {
        (0, _) | (_, None) => 0,
        (shift, Some(limb)) => limb << (64 - shift),
    };
    // At most 14 bits.
    ((low | high) & ((1 << count) - 1)) as usize
}

/// Affine additions that wait for a common inversion.
struct BatchAdder<P: SWCurveConfig> {
    pending: Vec<Pending<P>>,
    prefixes: Vec<P::BaseField>,
}

struct Pending<P: SWCurveConfig> {
    index: usize,
    addend: Affine<P>,
    numerator: P::BaseField,
    denominator: P::BaseField,
}

impl<P: SWCurveConfig> BatchAdder<P> {
    fn with_capacity(count: usize) -> Self {
        Self { pending: Vec::with_capacity(count), prefixes: Vec::with_capacity(count) }
    }

    /// Adds `addend` to `sums[index]`, now if that takes no inversion, at the next flush otherwise. An index at most
    /// once between flushes.
    fn push(&mut self, index: usize, sum: &mut Affine<P>, addend: Affine<P>) {
        if sum.is_zero() {
            *sum = addend;
            return;
        }
        let (numerator, denominator) = if sum.x == addend.x {
            // Table entries are no points of order two, so the denominator is not zero.
            if sum.y != addend.y {
                *sum = Affine::identity();
                return;
            }
            let square = sum.x.square();
            (square.double() + square + P::COEFF_A, sum.y.double())
        } else {
            (addend.y - sum.y, addend.x - sum.x)
        };
        self.pending.push(Pending { index, addend, numerator, denominator });
    }

    fn flush(&mut self, sums: &mut [Affine<P>]) {
        self.prefixes.clear();
        let mut product = P::BaseField::ONE;
        for pending in &self.pending {
            self.prefixes.push(product);
            product *= pending.denominator;
        }
        // No factor is zero.
        let mut inverse = product.inverse().unwrap_or(P::BaseField::ONE);
        for (pending, prefix) in self.pending.iter().zip(&self.prefixes).rev() {
            let sum = &mut sums[pending.index];
            let slope = pending.numerator * prefix * inverse;
            inverse *= pending.denominator;
            let x = slope.square() - sum.x - pending.addend.x;
            let y = slope * (sum.x - x) - sum.y;
            *sum = Affine::new_unchecked(x, y);
        }
        self.pending.clear();
    }
}

#[cfg(test)]
mod tests {
    use ark_bn254::{Fr, G1Affine, G2Affine, g1, g2};
    use ark_ec::scalar_mul::ScalarMul;
    use ark_std::UniformRand;

    use super::*;

    fn scalars(count: usize) -> Vec<Fr> {
        let mut rng = ark_std::test_rng();
        let mut scalars: Vec<_> = (0..count).map(|_| Fr::rand(&mut rng)).collect();
        // Ends of the range, and digits at the borders of every window size.
        scalars.extend([Fr::zero(), Fr::ONE, -Fr::ONE, -Fr::from(2u64), Fr::from(3u64)]);
        for shift in 1..254 {
            let power = Fr::from(2u64).pow([shift]);
            scalars.extend([power, -power, power - Fr::ONE, power + Fr::ONE]);
        }
        scalars
    }

    #[test]
    fn agrees_with_arkworks() {
        let scalars = scalars(50);
        // Every window size that there is.
        for count in (1..24).map(|bits| 1 << bits) {
            let table = FixedBase::<g1::Config>::new(G1Affine::generator(), count);
            let expected = G1Affine::generator().into_group().batch_mul(&scalars);
            assert_eq!(table.multiples(&scalars), expected, "for {count} scalars");
        }
        let table = FixedBase::<g2::Config>::new(G2Affine::generator(), scalars.len());
        let expected = G2Affine::generator().into_group().batch_mul(&scalars);
        assert_eq!(table.multiples(&scalars), expected);
    }

    /// Sums over a table never meet these cases but with negligible probability, so they are called by name.
    #[test]
    fn additions_without_an_ordinary_slope() {
        let generator = G1Affine::generator();
        let mut sums = [generator, generator, G1Affine::identity()];
        let mut adder = BatchAdder::with_capacity(3);
        for (index, addend) in [generator, -generator, generator].into_iter().enumerate() {
            let mut sum = sums[index];
            adder.push(index, &mut sum, addend);
            sums[index] = sum;
        }
        adder.flush(&mut sums);
        assert_eq!(sums, [(generator + generator).into_affine(), G1Affine::identity(), generator]);
    }
}

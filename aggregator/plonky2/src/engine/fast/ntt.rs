//! Number-theoretic transforms between coefficients in natural order and values in bit-reversed order.
//!
//! Trees hash leaves in bit-reversed order, so values never need reordering here: position `p` of a transform of size
//! `N` is the value at `shift · w^rev(p)`. The transform is the product tree of X^N − shift^N. The node over positions
//! `k·2m..(k + 1)·2m` holds a polynomial mod X^2m − z²; its children hold it mod X^m − z and mod X^m + z. One factor a
//! node covers any coset for free, and a low-degree extension skips the levels above its `n` coefficients, whose other
//! half is zero: it is 2^rate transforms of size `n`, each of which stays in the L2 cache.
//!
//! Arithmetic is `plonky2_field`'s packed Goldilocks, two vectors or more at a time; smaller sizes are [`tiny_lde`]'s.

use plonky2::field::goldilocks_field::GoldilocksField as F;
use plonky2::field::packable::Packable;
use plonky2::field::packed::PackedField;
use plonky2::field::polynomial::PolynomialCoeffs;
use plonky2::field::types::Field;
use plonky2::util::reverse_index_bits_in_place;

/// As many elements as a vector register holds.
pub type Packed = <F as Packable>::Packing;
/// The least size of a transform and of the coefficients it extends.
pub const MIN_SIZE: usize = 4 * Packed::WIDTH;
/// Elements that fit in half an L1 cache with their factors: below this, level by level; above, node by node.
const BLOCK: usize = 1 << 10;

/// Factors of both directions for one coset of one size.
#[derive(Debug)]
pub struct Domain {
    log_size: usize,
    forward: Vec<Vec<F>>,
    inverse: Vec<Vec<F>>,
}

impl Domain {
    /// The coset `shift · <w>` with `w` of order `2^log_size`, at least [`MIN_SIZE`].
    #[must_use]
    pub fn new(log_size: usize, shift: F) -> Self {
        debug_assert!(1 << log_size >= MIN_SIZE);
        let root = F::primitive_root_of_unity(log_size);
        Self {
            log_size,
            forward: factors(log_size, shift, root),
            inverse: factors(log_size, shift.inverse(), root.inverse()),
        }
    }

    /// Coefficients of the polynomial with these `values`, one for each point, in place.
    pub fn interpolate(&self, values: &mut [F]) {
        debug_assert_eq!(values.len(), 1 << self.log_size);
        let (left, right) = values.split_at_mut(1 << (self.log_size - 1));
        self.gather(1, 0, left);
        self.gather(1, 1, right);
        let scale = F::inverse_2exp(self.log_size);
        let (scale, factor) = (Packed::from(scale), Packed::from(self.inverse[0][0] * scale));
        for (u, v) in Packed::pack_slice_mut(left).iter_mut().zip(Packed::pack_slice_mut(right)) {
            (*u, *v) = ((*u + *v) * scale, (*u - *v) * factor);
        }
    }

    /// Piece `piece` of the values of `coeffs` on the domain, as many as there are coefficients.
    pub fn extend_piece(&self, coeffs: &[F], piece: usize, out: &mut [F]) {
        let half = coeffs.len() / 2;
        let level = self.log_size - coeffs.len().trailing_zeros() as usize;
        let factor = Packed::from(self.forward[level][piece]);
        let (u, v) = coeffs.split_at(half);
        let (left, right) = out.split_at_mut(half);
        let sources = Packed::pack_slice(u).iter().zip(Packed::pack_slice(v));
        let targets = Packed::pack_slice_mut(left).iter_mut().zip(Packed::pack_slice_mut(right));
        for ((&u, &v), (left, right)) in sources.zip(targets) {
            let t = factor * v;
            (*left, *right) = (u + t, u - t);
        }
        self.scatter(level + 1, 2 * piece, left);
        self.scatter(level + 1, 2 * piece + 1, right);
    }

    /// From a node's polynomial to its values.
    fn scatter(&self, level: usize, node: usize, values: &mut [F]) {
        if values.len() <= BLOCK {
            for l in level..self.log_size {
                let half = values.len() >> (l - level + 1);
                let nodes = node << (l - level);
                for_each_node(values, half, &self.forward[l], nodes, |u, v, z| {
                    let t = z * v;
                    (u + t, u - t)
                });
            }
        } else {
            let half = values.len() / 2;
            for_each_node(values, half, &self.forward[level], node, |u, v, z| {
                let t = z * v;
                (u + t, u - t)
            });
            let (left, right) = values.split_at_mut(half);
            self.scatter(level + 1, 2 * node, left);
            self.scatter(level + 1, 2 * node + 1, right);
        }
    }

    /// From a node's values to a multiple of its polynomial.
    fn gather(&self, level: usize, node: usize, values: &mut [F]) {
        if values.len() <= BLOCK {
            for l in (level..self.log_size).rev() {
                let half = values.len() >> (l - level + 1);
                let nodes = node << (l - level);
                for_each_node(values, half, &self.inverse[l], nodes, |u, v, z| (u + v, (u - v) * z));
            }
        } else {
            let half = values.len() / 2;
            let (left, right) = values.split_at_mut(half);
            self.gather(level + 1, 2 * node, left);
            self.gather(level + 1, 2 * node + 1, right);
            for_each_node(values, half, &self.inverse[level], node, |u, v, z| (u + v, (u - v) * z));
        }
    }
}

/// Applies `butterfly` to the halves of every node of a level in `values`, the first of which is `node`.
#[inline(always)]
fn for_each_node(
    values: &mut [F],
    half: usize,
    factors: &[F],
    node: usize,
    butterfly: impl Fn(Packed, Packed, Packed) -> (Packed, Packed),
) {
    if half >= Packed::WIDTH {
        for (values, &z) in values.chunks_exact_mut(2 * half).zip(&factors[node..]) {
            let z = Packed::from(z);
            let (left, right) = values.split_at_mut(half);
            for (u, v) in Packed::pack_slice_mut(left).iter_mut().zip(Packed::pack_slice_mut(right)) {
                (*u, *v) = butterfly(*u, *v, z);
            }
        }
    } else {
        let factors = Packed::pack_slice(&factors[node * half..][..values.len() / 2]);
        for (pair, &z) in Packed::pack_slice_mut(values).chunks_exact_mut(2).zip(factors) {
            let (u, v) = pair[0].interleave(pair[1], half);
            let (u, v) = butterfly(u, v, z);
            (pair[0], pair[1]) = u.interleave(v, half);
        }
    }
}

/// For each level, `z` of its nodes: `shift^m · w_{2^(l+1)}^rev(k)` with `m` half a node's size. Levels whose halves are
/// shorter than a vector have one factor a butterfly, in the order in which [`for_each_node`] comes by them.
fn factors(log_size: usize, shift: F, root: F) -> Vec<Vec<F>> {
    let mut roots = vec![F::ONE];
    for l in 1..log_size {
        let w = root.exp_power_of_2(log_size - 1 - l);
        for k in 0..roots.len() {
            roots.push(roots[k] * w);
        }
    }
    (0..log_size)
        .map(|l| {
            let half = 1 << (log_size - 1 - l);
            let shift = shift.exp_power_of_2(log_size - 1 - l);
            let nodes = roots[..1 << l].iter().map(|&w| shift * w);
            if half >= Packed::WIDTH { nodes.collect() } else { spread(&nodes.collect::<Vec<_>>(), half) }
        })
        .collect()
}

fn spread(nodes: &[F], half: usize) -> Vec<F> {
    let mut repeated: Vec<F> = nodes.iter().flat_map(|&z| std::iter::repeat_n(z, 2 * half)).collect();
    Packed::pack_slice_mut(&mut repeated)
        .chunks_exact(2)
        .flat_map(|pair| pair[0].interleave(pair[1], half).0.as_slice().to_vec())
        .collect()
}

/// `shift · w^rev(p)` for every position `p`, with `w` of order `2^log_size`.
#[must_use]
pub fn points(log_size: usize, shift: F) -> Vec<F> {
    let mut points = Vec::with_capacity(1 << log_size);
    points.push(shift);
    for l in 1..=log_size {
        let w = F::primitive_root_of_unity(l);
        for k in 0..points.len() {
            points.push(points[k] * w);
        }
    }
    points
}

/// `index` with its low `bits` bits in reverse.
#[inline]
#[must_use]
pub fn reverse_bits(index: usize, bits: usize) -> usize {
    index.reverse_bits().checked_shr(usize::BITS - bits as u32).unwrap_or(0)
}

/// The extension of fewer than [`MIN_SIZE`] coefficients, by plonky2.
#[must_use]
pub fn tiny_lde(coeffs: &[F], rate_bits: usize, shift: F) -> Vec<F> {
    let mut values = PolynomialCoeffs::new(coeffs.to_vec()).lde(rate_bits).coset_fft(shift).values;
    reverse_index_bits_in_place(&mut values);
    values
}

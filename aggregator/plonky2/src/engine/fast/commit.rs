//! The commitment phase: coefficients to low-degree extension to Merkle tree.
//!
//! It's the part of a prover worth moving to other hardware, four fifths of the work and no knowledge of circuits, so
//! it sits behind a trait of its own.

use std::fmt::Debug;

use plonky2::field::types::Field;
use rayon::prelude::*;

use super::F;
use super::columns::Columns;
use super::merkle::Tree;
use super::ntt::Domain;

/// Polynomials and what commits to them.
#[derive(Debug)]
pub struct Commitment {
    /// Coefficients, a column each.
    pub coeffs: Columns,
    /// Values on the shifted domain of `rows << rate_bits` points in bit-reversed order, a column each. Leaf `i` of the
    /// tree is row `i`.
    pub values: Columns,
    /// The tree over the rows of `values`.
    pub tree: Tree,
}

/// Commits to polynomials.
pub trait Committer: Debug + Send + Sync {
    /// Extends `coeffs` by `2^rate_bits` over the coset of [`Field::coset_shift`] and hashes the rows to a cap of
    /// `2^cap_height` digests. `domain` is that coset. Columns have at least [`super::ntt::MIN_SIZE`] rows.
    fn commit(&self, coeffs: Columns, domain: &Domain, rate_bits: usize, cap_height: usize) -> Commitment;
}

/// Transforms and hashes on this machine's vector units and rayon's threads.
#[derive(Clone, Copy, Debug, Default)]
pub struct CpuCommitter;

impl Committer for CpuCommitter {
    fn commit(&self, coeffs: Columns, domain: &Domain, rate_bits: usize, cap_height: usize) -> Commitment {
        let values = extend(&coeffs, domain, rate_bits);
        let tree =
            Tree::build(values.rows(), values.count(), cap_height, |row, column| values.lanes(row, column));
        Commitment { coeffs, values, tree }
    }
}

/// Values of all columns on `domain`, `2^rate_bits` times as many as coefficients.
#[must_use]
pub fn extend(coeffs: &Columns, domain: &Domain, rate_bits: usize) -> Columns {
    let rows = coeffs.rows();
    let mut values = Columns::zeros(coeffs.count(), rows << rate_bits);
    values.par_pieces_mut(rows).enumerate().for_each(|(i, out)| {
        domain.extend_piece(coeffs.column(i >> rate_bits), i & ((1 << rate_bits) - 1), out);
    });
    values
}

/// The domain [`Committer::commit`] extends to.
#[must_use]
pub fn extension_domain(degree_bits: usize, rate_bits: usize) -> Domain {
    Domain::new(degree_bits + rate_bits, F::coset_shift())
}

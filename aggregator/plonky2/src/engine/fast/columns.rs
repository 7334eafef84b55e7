//! A table of field elements, one column after the other.

use plonky2::field::goldilocks_field::GoldilocksField as F;
use plonky2::field::types::Field;
use rayon::prelude::*;

use super::poseidon::{LANES, Lanes};

/// Columns of equal length in one allocation.
#[derive(Clone, Debug)]
pub struct Columns {
    data: Vec<F>,
    rows: usize,
}

impl Columns {
    /// `columns` columns of `rows` zeros.
    #[must_use]
    pub fn zeros(columns: usize, rows: usize) -> Self {
        Self { data: vec![F::ZERO; columns * rows], rows }
    }

    /// Cuts `data` into columns of `rows`, which must divide its length.
    #[must_use]
    pub fn from_flat(data: Vec<F>, rows: usize) -> Self {
        debug_assert_eq!(data.len() % rows, 0);
        Self { data, rows }
    }

    /// How many columns.
    #[must_use]
    pub fn count(&self) -> usize {
        self.data.len() / self.rows
    }

    /// Length of each.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Column `i`.
    #[must_use]
    pub fn column(&self, i: usize) -> &[F] {
        &self.data[i * self.rows..][..self.rows]
    }

    /// All columns in order.
    pub fn iter(&self) -> impl Iterator<Item = &[F]> {
        self.data.chunks_exact(self.rows)
    }

    /// All columns, side by side.
    pub fn par_iter_mut(&mut self) -> impl IndexedParallelIterator<Item = &mut [F]> {
        self.data.par_chunks_exact_mut(self.rows)
    }

    /// The columns, one after the other, in pieces of `len` elements: parts of a column or several columns. The last one
    /// may be shorter.
    pub fn par_pieces_mut(&mut self, len: usize) -> impl IndexedParallelIterator<Item = &mut [F]> {
        self.data.par_chunks_mut(len)
    }

    /// Row `i`.
    #[must_use]
    pub fn row(&self, i: usize) -> Vec<F> {
        self.data[i..].iter().step_by(self.rows).copied().collect()
    }

    /// Column `column` of rows `first..first + LANES`; rows past the end are zero.
    #[inline]
    #[must_use]
    pub fn lanes(&self, first: usize, column: usize) -> Lanes {
        let tail = &self.column(column)[first..];
        match tail.first_chunk::<LANES>() {
            Some(lanes) => lanes.map(|x| x.0),
            None => std::array::from_fn(|k| tail.get(k).map_or(0, |x| x.0)),
        }
    }
}

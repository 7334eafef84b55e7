//! The little linear algebra that splitting Poseidon's matrix takes.

use ark_bn254::Fr;
use ark_ff::{Field, One, Zero};

/// A square matrix, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Matrix(pub(crate) Vec<Vec<Fr>>);

impl Matrix {
    pub(super) fn identity(size: usize) -> Self {
        Self(
            (0..size)
                .map(|i| (0..size).map(|j| if i == j { Fr::one() } else { Fr::zero() }).collect())
                .collect(),
        )
    }

    pub(super) fn size(&self) -> usize {
        self.0.len()
    }

    /// `self · vector`.
    pub(crate) fn apply(&self, vector: &[Fr]) -> Vec<Fr> {
        self.0.iter().map(|row| dot(row, vector)).collect()
    }

    /// `self · right`.
    pub(super) fn times(&self, right: &Matrix) -> Self {
        let column = |j: usize| right.0.iter().map(|row| row[j]).collect::<Vec<_>>();
        let columns: Vec<Vec<Fr>> = (0..right.size()).map(column).collect();
        Self(self.0.iter().map(|row| columns.iter().map(|column| dot(row, column)).collect()).collect())
    }

    /// The inverse, unless there is none.
    pub(super) fn inverse(&self) -> Option<Self> {
        let size = self.size();
        let (mut left, mut right) = (self.0.clone(), Self::identity(size).0);
        for column in 0..size {
            let pivot = (column..size).find(|row| !left[*row][column].is_zero())?;
            left.swap(column, pivot);
            right.swap(column, pivot);
            let scale = left[column][column].inverse()?;
            for value in left[column].iter_mut().chain(right[column].iter_mut()) {
                *value *= scale;
            }
            let (source_left, source_right) = (left[column].clone(), right[column].clone());
            for row in (0..size).filter(|row| *row != column) {
                let factor = left[row][column];
                for (value, source) in left[row].iter_mut().zip(&source_left) {
                    *value -= factor * source;
                }
                for (value, source) in right[row].iter_mut().zip(&source_right) {
                    *value -= factor * source;
                }
            }
        }
        Some(Self(right))
    }
}

pub(crate) fn dot(left: &[Fr], right: &[Fr]) -> Fr {
    // Sums of products are reduced once, four at a time.
    let (left, left_rest) = left.as_chunks::<4>();
    let (right, right_rest) = right.as_chunks::<4>();
    let rest: Fr = left_rest.iter().zip(right_rest).map(|(a, b)| *a * b).sum();
    left.iter().zip(right).map(|(a, b)| Fr::sum_of_products(a, b)).sum::<Fr>() + rest
}

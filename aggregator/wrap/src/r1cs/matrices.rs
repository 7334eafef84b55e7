//! The constraints of a circuit, packed.

use std::collections::HashMap;

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use sha2::{Digest, Sha256};

use super::lc::{Lc, merged};

/// Tag of [`Matrices::digest`].
const DIGEST_TAG: &[u8] = b"sheaf/r1cs/v1";

/// Rows of variables with coefficients. Coefficients are few and repeat, so they are kept once each.
#[derive(Debug, Clone, Default)]
struct Rows {
    ends: Vec<u32>,
    entries: Vec<(u32, u32)>,
}

/// The matrices A, B and C of a rank-one constraint system.
#[derive(Debug, Clone)]
pub struct Matrices {
    num_instance: usize,
    num_witness: usize,
    sides: [Rows; 3],
    coefficients: Vec<Fr>,
    index: HashMap<Fr, u32>,
}

impl Matrices {
    pub(super) fn new(num_instance: usize) -> Self {
        Self {
            num_instance,
            num_witness: 0,
            sides: Default::default(),
            coefficients: Vec::new(),
            index: HashMap::new(),
        }
    }

    pub(super) fn push(&mut self, a: &Lc, b: &Lc, c: &Lc) {
        for (side, lc) in [a, b, c].into_iter().enumerate() {
            for (variable, coefficient) in merged(lc.terms()) {
                let known = self.coefficients.len() as u32;
                let index = *self.index.entry(coefficient).or_insert(known);
                if index == known {
                    self.coefficients.push(coefficient);
                }
                self.sides[side].entries.push((variable, index));
            }
            let end = self.sides[side].entries.len() as u32;
            self.sides[side].ends.push(end);
        }
    }

    pub(super) fn finish(&mut self, num_witness: usize) {
        self.num_witness = num_witness;
        self.index = HashMap::new();
    }

    /// One and the public inputs.
    #[must_use]
    pub fn num_instance(&self) -> usize {
        self.num_instance
    }

    /// All other variables.
    #[must_use]
    pub fn num_witness(&self) -> usize {
        self.num_witness
    }

    /// Rows.
    #[must_use]
    pub fn num_constraints(&self) -> usize {
        self.sides[0].ends.len()
    }

    /// Entries of the three matrices together.
    #[must_use]
    pub fn num_entries(&self) -> usize {
        self.sides.iter().map(|side| side.entries.len()).sum()
    }

    /// Calls `visit` with row, variable and coefficient of every entry of a side (0, 1, 2 for A, B, C), row by row.
    pub fn for_each(&self, side: usize, visit: &mut dyn FnMut(usize, usize, Fr)) {
        let rows = &self.sides[side];
        let mut start = 0;
        for (row, end) in rows.ends.iter().enumerate() {
            for (variable, coefficient) in &rows.entries[start..*end as usize] {
                visit(row, *variable as usize, self.coefficients[*coefficient as usize]);
            }
            start = *end as usize;
        }
    }

    /// SHA-256 over sizes and every entry: what a key is made for.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(DIGEST_TAG);
        for size in [self.num_instance, self.num_witness, self.num_constraints()] {
            hash.update((size as u64).to_be_bytes());
        }
        let coefficients: Vec<Vec<u8>> =
            self.coefficients.iter().map(|value| value.into_bigint().to_bytes_be()).collect();
        for side in &self.sides {
            hash.update((side.entries.len() as u64).to_be_bytes());
            side.ends.iter().for_each(|end| hash.update(end.to_be_bytes()));
            for (variable, coefficient) in &side.entries {
                hash.update(variable.to_be_bytes());
                hash.update(&coefficients[*coefficient as usize]);
            }
        }
        hash.finalize().into()
    }
}

impl sheaf_setup::ConstraintSystem for Matrices {
    fn num_instance(&self) -> usize {
        self.num_instance
    }

    fn num_witness(&self) -> usize {
        self.num_witness
    }

    fn num_constraints(&self) -> usize {
        Matrices::num_constraints(self)
    }

    fn for_each(&self, matrix: sheaf_setup::Matrix, visit: &mut dyn FnMut(usize, usize, Fr)) {
        let side = match matrix {
            sheaf_setup::Matrix::A => 0,
            sheaf_setup::Matrix::B => 1,
            sheaf_setup::Matrix::C => 2,
        };
        Matrices::for_each(self, side, visit);
    }

    /// [`Matrices::digest`], which goes over the packed entries and not over each coefficient.
    fn digest(&self) -> [u8; 32] {
        Matrices::digest(self)
    }
}

//! Poseidon over BN254 in constraints: three for each S-box, everything else is linear.

use ark_bn254::Fr;
use ark_ff::Zero;

use crate::config::{LEAF_TAG, PACKED, tagged};
use crate::poseidon::{FULL_ROUNDS, MAX_BLOCK, Matrix, Permutation};
use crate::r1cs::{Builder, Lc};

impl Builder {
    fn sbox(&mut self, x: &Lc) -> Lc {
        let square = self.multiply(x, x);
        let fourth = self.multiply(&square, &square);
        self.multiply(&fourth, x)
    }

    fn with_constant(&self, x: &Lc, constant: Fr) -> Lc {
        x.add(&self.constant(constant))
    }

    /// The first two elements of the permutation of `(capacity, block…)`.
    pub(crate) fn permute_block(&mut self, capacity: &Lc, block: &[Lc]) -> [Lc; 2] {
        let mut state = vec![capacity.clone()];
        state.extend_from_slice(block);
        let permutation = Permutation::of_width(state.len());
        let half = FULL_ROUNDS / 2;
        for (round, constants) in permutation.full.iter().enumerate() {
            state = state
                .iter()
                .zip(constants)
                .map(|(element, constant)| {
                    let x = self.with_constant(element, *constant).compact();
                    self.sbox(&x)
                })
                .collect();
            let matrix = if round + 1 == half { &permutation.before_partial } else { &permutation.dense };
            state = apply(matrix, &state);
            if round + 1 != half {
                continue;
            }
            for (constant, sparse) in permutation.partial.iter().zip(&permutation.sparse) {
                let x = self.with_constant(&state[0], *constant).compact();
                state[0] = self.sbox(&x);
                let first = dot(&sparse.first, &state);
                let head = state[0].clone();
                for (element, factor) in state[1..].iter_mut().zip(&sparse.column) {
                    element.add_scaled(&head, *factor);
                }
                state[0] = first;
            }
        }
        [state[0].clone(), state[1].clone()]
    }

    /// The parent of two nodes.
    pub(crate) fn compress(&mut self, left: &Lc, right: &Lc) -> Lc {
        let [node, _] = self.permute_block(&Lc::zero(), &[left.clone(), right.clone()]);
        node
    }

    /// The digest of a leaf of integers below 2^64.
    pub(crate) fn hash_leaf(&mut self, elements: &[Lc]) -> Lc {
        let mut capacity = self.constant(tagged(LEAF_TAG, elements.len() as u64));
        let packed: Vec<Lc> = elements.chunks(PACKED).map(pack).collect();
        for block in packed.chunks(MAX_BLOCK) {
            [capacity, _] = self.permute_block(&capacity, block);
        }
        capacity
    }
}

/// `v0 + v1·2^64 + v2·2^128`.
pub(crate) fn pack(elements: &[Lc]) -> Lc {
    let mut sum = Lc::zero();
    for (index, element) in elements.iter().enumerate() {
        let mut limbs = [0; 4];
        limbs[index] = 1;
        sum.add_scaled(element, Fr::new(ark_ff::BigInt(limbs)));
    }
    sum
}

fn dot(factors: &[Fr], elements: &[Lc]) -> Lc {
    let mut sum = Lc::zero();
    for (factor, element) in factors.iter().zip(elements).filter(|(factor, _)| !factor.is_zero()) {
        sum.add_scaled(element, *factor);
    }
    sum.compact()
}

fn apply(matrix: &Matrix, state: &[Lc]) -> Vec<Lc> {
    matrix.0.iter().map(|row| dot(row, state)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Bn254Hasher;
    use crate::poseidon;
    use crate::r1cs::Mode;
    use plonky2::field::types::Field;
    use plonky2::plonk::config::Hasher;
    use sheaf_plonky2::F;

    #[test]
    fn every_width_agrees_with_the_permutation_outside() {
        for width in 2..=MAX_BLOCK + 1 {
            for mode in [Mode::Assignment, Mode::Constraints] {
                let mut builder = Builder::new(mode, 0);
                let values: Vec<Fr> = (1..=width as u64).map(Fr::from).collect();
                let state: Vec<Lc> = values.iter().map(|value| builder.witness(*value)).collect();
                let out = builder.permute_block(&state[0], &state[1..]).map(|lc| lc.value());
                assert_eq!(out, poseidon::permute_block(values[0], &values[1..]));
                assert_eq!(builder.first_unsatisfied(), None);
            }
        }
    }

    #[test]
    fn leaves_of_every_length_agree() {
        for length in [1, 2, 3, 4, 12, 47, 48, 49, 97] {
            let mut builder = Builder::new(Mode::Assignment, 0);
            let values: Vec<u64> =
                (0..length).map(|i| i * 0x0123_4567_89ab_cdef % 0xffff_ffff_0000_0001).collect();
            let elements: Vec<Lc> = values.iter().map(|value| builder.witness(Fr::from(*value))).collect();
            let outside: Vec<F> = values.iter().map(|value| F::from_canonical_u64(*value)).collect();
            assert_eq!(builder.hash_leaf(&elements).value(), Bn254Hasher::hash_no_pad(&outside).0);
        }
    }
}

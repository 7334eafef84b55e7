//! plonky2's hash of public inputs: its own Poseidon over Goldilocks.

use plonky2::hash::poseidon::{
    ALL_ROUND_CONSTANTS, HALF_N_FULL_ROUNDS, N_PARTIAL_ROUNDS, Poseidon, SPONGE_RATE, SPONGE_WIDTH,
};
use ruint::aliases::U256;
use sheaf_plonky2::F;

use super::goldilocks::Gl;
use crate::r1cs::Builder;

/// Bits that an S-box takes: those of a mixed row of reduced elements, whose factors sum up to 264, and a constant.
const SBOX_BITS: usize = 74;

impl Builder {
    /// x^7, of an integer of at most [`SBOX_BITS`].
    fn gl_sbox(&mut self, x: &Gl) -> Gl {
        let square = self.gl_mul(x, x);
        let cube = self.gl_mul(&square, x);
        let cube = self.reduce(&cube);
        let sixth = self.gl_mul(&cube, &cube);
        let seventh = self.gl_mul(&sixth, x);
        self.reduce(&seventh)
    }

    /// The four elements of `PoseidonHash::hash_no_pad`.
    pub(crate) fn hash_public_inputs(&mut self, inputs: &[Gl]) -> [Gl; 4] {
        let mut state: [Gl; SPONGE_WIDTH] = std::array::from_fn(|_| Gl::zero());
        for chunk in inputs.chunks(SPONGE_RATE) {
            state[..chunk.len()].clone_from_slice(chunk);
            self.permute_goldilocks(&mut state);
        }
        std::array::from_fn(|index| self.reduce(&state[index]))
    }

    fn permute_goldilocks(&mut self, state: &mut [Gl; SPONGE_WIDTH]) {
        let rounds = 2 * HALF_N_FULL_ROUNDS + N_PARTIAL_ROUNDS;
        for round in 0..rounds {
            for (index, element) in state.iter_mut().enumerate() {
                let constant = ALL_ROUND_CONSTANTS[SPONGE_WIDTH * round + index];
                *element = element.add(&self.gl_constant(constant));
            }
            let is_full = !(HALF_N_FULL_ROUNDS..HALF_N_FULL_ROUNDS + N_PARTIAL_ROUNDS).contains(&round);
            let boxes = if is_full { SPONGE_WIDTH } else { 1 };
            for element in &mut state[..boxes] {
                let small = if element.max() >> SBOX_BITS == U256::ZERO {
                    element.clone()
                } else {
                    self.reduce(element)
                };
                *element = self.gl_sbox(&small);
            }
            *state = mds(state);
        }
    }
}

fn mds(state: &[Gl; SPONGE_WIDTH]) -> [Gl; SPONGE_WIDTH] {
    std::array::from_fn(|row| {
        let mut sum = state[row].scale(<F as Poseidon>::MDS_MATRIX_DIAG[row]);
        for (offset, factor) in <F as Poseidon>::MDS_MATRIX_CIRC.into_iter().enumerate() {
            sum = sum.add(&state[(row + offset) % SPONGE_WIDTH].scale(factor));
        }
        sum
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::r1cs::Mode;
    use plonky2::field::types::{Field, PrimeField64};
    use plonky2::hash::poseidon::PoseidonHash;
    use plonky2::plonk::config::Hasher;

    #[test]
    fn agrees_with_plonky2() {
        for length in [1, 4, 8, 9] {
            let mut builder = Builder::new(Mode::Assignment, 0);
            let values: Vec<u64> = (0..length).map(|i| u64::MAX / 3 - i * i).collect();
            let inputs: Vec<Gl> = values.iter().map(|value| builder.canonical_gl(*value)).collect();
            let inside = builder.hash_public_inputs(&inputs).map(|element| element.value());
            let values: Vec<F> = values.into_iter().map(F::from_canonical_u64).collect();
            let outside =
                PoseidonHash::hash_no_pad(&values).elements.map(|element| element.to_canonical_u64());
            assert_eq!(inside, outside);
            assert_eq!(builder.first_unsatisfied(), None);
        }
    }
}

//! Poseidon over BN254's scalar field, with circomlib's parameters.
//!
//! S-box x^5, 8 full rounds, widths 2 to 17, constants and matrices from the Grain generator of Poseidon's authors. What
//! we use of it:
//!
//! ```text
//! node        P_3(0, left, right)[0]                                   circomlib's poseidon([left, right])
//! leaf        elements three to a field element, least significant first; then blocks of up to 16 of these:
//!             c ← P(c, block)[0], starting from c = tag · 2^64 + number of elements
//! transcript  c, squeezed ← P(c, count, elements as in a leaf)[0], [1]
//! ```
//!
//! The capacity is one field element: 127 bits against collisions. A node starts from capacity 0, a leaf from a tag
//! above 2^64, and a transcript's count keeps its blocks apart.
//!
//! # The partial rounds
//! Constants of the elements without an S-box are moved into later rounds, and each round's matrix is split into one that
//! touches only those elements, which commutes with the S-box and so moves to the round before, and a sparse one. The
//! result is the same function (a test compares it with the plain rounds) at a fraction of the multiplications.

mod grain;
mod matrix;

use std::sync::OnceLock;

use ark_bn254::Fr;
use ark_ff::{Field, Zero};

use self::grain::Grain;
pub(crate) use self::matrix::{Matrix, dot};

/// Most elements of a block: one less than the widest permutation.
pub(crate) const MAX_BLOCK: usize = 16;
/// Full rounds, half of them before the partial rounds.
pub(crate) const FULL_ROUNDS: usize = 8;
/// Partial rounds for widths 2 to 17, as circomlib has them.
const PARTIAL_ROUNDS: [usize; MAX_BLOCK] = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68];

/// A partial round's matrix: `s0' = first · s`, `s_i' = s_i + column_i · s0`.
#[derive(Debug, Clone)]
pub(crate) struct Sparse {
    /// The first row.
    pub(crate) first: Vec<Fr>,
    /// The first column below the first row.
    pub(crate) column: Vec<Fr>,
}

/// One width of the permutation.
#[derive(Debug)]
pub(crate) struct Permutation {
    /// Constants of the full rounds, before their S-boxes.
    pub(crate) full: Vec<Vec<Fr>>,
    /// Constants of the partial rounds' one S-box.
    pub(crate) partial: Vec<Fr>,
    /// The matrix of all full rounds but the one before the partial rounds.
    pub(crate) dense: Matrix,
    /// The matrix of that one.
    pub(crate) before_partial: Matrix,
    /// The matrices of the partial rounds.
    pub(crate) sparse: Vec<Sparse>,
}

impl Permutation {
    /// The permutation of `width` elements.
    pub(crate) fn of_width(width: usize) -> &'static Self {
        static PERMUTATIONS: [OnceLock<Permutation>; MAX_BLOCK] = [const { OnceLock::new() }; MAX_BLOCK];
        PERMUTATIONS[width - 2].get_or_init(|| Self::new(width))
    }

    fn new(width: usize) -> Self {
        let (constants, dense) = parameters(width);
        let (first_half, rest) = constants.split_at(FULL_ROUNDS / 2);
        let (partial_rounds, second_half) = rest.split_at(PARTIAL_ROUNDS[width - 2]);
        let mut full: Vec<Vec<Fr>> = first_half.iter().chain(second_half).cloned().collect();

        // Constants without an S-box move behind their round's matrix, and on.
        let mut carried = vec![Fr::zero(); width];
        let mut partial = Vec::with_capacity(partial_rounds.len());
        for round in partial_rounds {
            let mut sum: Vec<Fr> = round.iter().zip(&carried).map(|(a, b)| *a + b).collect();
            partial.push(std::mem::replace(&mut sum[0], Fr::zero()));
            carried = dense.apply(&sum);
        }
        for (constant, carried) in full[FULL_ROUNDS / 2].iter_mut().zip(&carried) {
            *constant += carried;
        }

        // From the last partial round to the first: matrix = sparse · (1 ⊕ block), the block goes to the round before.
        let mut sparse = Vec::with_capacity(partial.len());
        let mut matrix = dense.clone();
        for _ in 0..partial.len() {
            let (factor, block) = split(&matrix);
            sparse.push(factor);
            matrix = block.times(&dense);
        }
        sparse.reverse();
        Self { full, partial, dense, before_partial: matrix, sparse }
    }

    /// Permutes a state of this width.
    pub(crate) fn permute(&self, state: &mut Vec<Fr>) {
        let half = FULL_ROUNDS / 2;
        for (round, constants) in self.full.iter().enumerate() {
            for (element, constant) in state.iter_mut().zip(constants) {
                *element = sbox(*element + constant);
            }
            let matrix = if round + 1 == half { &self.before_partial } else { &self.dense };
            *state = matrix.apply(state);
            if round + 1 == half {
                for (constant, sparse) in self.partial.iter().zip(&self.sparse) {
                    state[0] = sbox(state[0] + constant);
                    let first = dot(&sparse.first, state);
                    let head = state[0];
                    for (element, factor) in state[1..].iter_mut().zip(&sparse.column) {
                        *element += *factor * head;
                    }
                    state[0] = first;
                }
            }
        }
    }
}

fn sbox(x: Fr) -> Fr {
    x.square().square() * x
}

/// Constants of every round, and the matrix.
fn parameters(width: usize) -> (Vec<Vec<Fr>>, Matrix) {
    let rounds = FULL_ROUNDS + PARTIAL_ROUNDS[width - 2];
    let mut grain = Grain::new(width, FULL_ROUNDS, PARTIAL_ROUNDS[width - 2]);
    let constants = (0..rounds).map(|_| (0..width).map(|_| grain.element()).collect()).collect();
    let points: Vec<Fr> = (0..2 * width).map(|_| grain.reduced_element()).collect();
    let (xs, ys) = points.split_at(width);
    // A Cauchy matrix. No sum of these points is zero, which the inverses of a test's reference show.
    let cell = |x: &Fr, y: &Fr| (*x + y).inverse().unwrap_or_default();
    (constants, Matrix(xs.iter().map(|x| ys.iter().map(|y| cell(x, y)).collect()).collect()))
}

/// `matrix = sparse · block`, where block leaves the first element as it is.
fn split(matrix: &Matrix) -> (Sparse, Matrix) {
    let size = matrix.size();
    let lower = Matrix(matrix.0[1..].iter().map(|row| row[1..].to_vec()).collect());
    // The lower part of a Cauchy matrix, and of the products that come up here, can be inverted.
    let inverse = lower.inverse().unwrap_or_else(|| Matrix::identity(size - 1));
    let mut first = vec![matrix.0[0][0]];
    for column in 0..size - 1 {
        first.push((0..size - 1).map(|row| matrix.0[0][row + 1] * inverse.0[row][column]).sum());
    }
    let column = matrix.0[1..].iter().map(|row| row[0]).collect();
    let mut block = Matrix::identity(size);
    for (row, lower) in block.0[1..].iter_mut().zip(lower.0) {
        row[1..].copy_from_slice(&lower);
    }
    (Sparse { first, column }, block)
}

/// The first elements of the permutation of `(capacity, block…)`.
pub(crate) fn permute_block(capacity: Fr, block: &[Fr]) -> [Fr; 2] {
    let mut state = Vec::with_capacity(block.len() + 1);
    state.push(capacity);
    state.extend_from_slice(block);
    Permutation::of_width(state.len()).permute(&mut state);
    [state[0], state[1]]
}

/// circomlib's `poseidon([left, right])`.
pub(crate) fn compress(left: Fr, right: Fr) -> Fr {
    permute_block(Fr::zero(), &[left, right])[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn plain(width: usize, state: &[Fr]) -> Vec<Fr> {
        let (constants, matrix) = parameters(width);
        let partial = PARTIAL_ROUNDS[width - 2];
        let mut state = state.to_vec();
        for (round, constants) in constants.iter().enumerate() {
            for (element, constant) in state.iter_mut().zip(constants) {
                *element += constant;
            }
            let is_full = round < FULL_ROUNDS / 2 || round >= FULL_ROUNDS / 2 + partial;
            let boxes = if is_full { width } else { 1 };
            state[..boxes].iter_mut().for_each(|element| *element = sbox(*element));
            state = matrix.apply(&state);
        }
        state
    }

    #[test]
    fn split_rounds_are_the_plain_rounds() {
        for width in 2..=MAX_BLOCK + 1 {
            let state: Vec<Fr> = (0..width).map(|i| Fr::from(7 * i as u64 + 3)).collect();
            let mut fast = state.clone();
            Permutation::of_width(width).permute(&mut fast);
            assert_eq!(fast, plain(width, &state), "width {width}");
        }
    }

    /// Outputs of circomlibjs 0.1.7: `poseidon([1])`, `poseidon([1, 2])`, `poseidon([1, …, 16])`, ….
    #[test]
    fn agrees_with_circomlib() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/circomlib_poseidon.json")).unwrap();
        let vectors = vectors["outputs"].as_array().unwrap();
        assert_eq!(vectors.len(), MAX_BLOCK);
        for (index, expected) in vectors.iter().enumerate() {
            let block: Vec<Fr> = (1..=index as u64 + 1).map(Fr::from).collect();
            let expected = Fr::from_str(expected.as_str().unwrap()).unwrap();
            assert_eq!(permute_block(Fr::zero(), &block)[0], expected, "{} inputs", index + 1);
        }
    }
}

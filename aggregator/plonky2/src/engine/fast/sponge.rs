//! plonky2's `PoseidonHash` for many inputs of one length: leaf hashing and two-to-one compression, [`LANES`] at a time.
//!
//! Callers say where elements lie through a closure, so that leaves are hashed straight out of columns and nothing is
//! transposed first. Digests are canonical.

use plonky2::field::goldilocks_field::GoldilocksField as F;
use plonky2::field::types::Field;
use plonky2::hash::hash_types::HashOut;
use plonky2::hash::poseidon::{SPONGE_RATE, SPONGE_WIDTH};
use rayon::prelude::*;

use super::poseidon::{LANES, Lanes, State, canonical, permute};

/// Elements of a digest.
const DIGEST: usize = 4;
/// Hash calls per rayon task: a few tens of microseconds.
const BATCHES_PER_TASK: usize = 8;

/// A digest as plonky2 has it.
pub type Digest = HashOut<F>;

const ZERO_DIGEST: Digest = HashOut { elements: [F::ZERO; DIGEST] };

/// `hash_or_noop` of `count` inputs of `len` elements each. `load(i, j)` gives element `j` of inputs `i..i + LANES`;
/// lanes past `count` may hold anything.
pub fn hash_all(count: usize, len: usize, load: impl Fn(usize, usize) -> Lanes + Sync) -> Vec<Digest> {
    let mut digests = vec![ZERO_DIGEST; count];
    digests.par_chunks_mut(LANES * BATCHES_PER_TASK).enumerate().for_each(|(task, out)| {
        for (batch, out) in out.chunks_mut(LANES).enumerate() {
            let first = (task * BATCHES_PER_TASK + batch) * LANES;
            absorb(len, |j| load(first, j), out);
        }
    });
    digests
}

fn absorb(len: usize, load: impl Fn(usize) -> Lanes, out: &mut [Digest]) {
    let mut state: State = [[0; LANES]; SPONGE_WIDTH];
    if len <= DIGEST {
        for (j, lanes) in state.iter_mut().enumerate().take(len) {
            *lanes = load(j);
        }
    } else {
        let mut start = 0;
        while start < len {
            // Overwrite mode: a short last block leaves the rest of the rate as it is.
            for (j, lanes) in state.iter_mut().enumerate().take(SPONGE_RATE.min(len - start)) {
                *lanes = load(start + j);
            }
            permute(&mut state);
            start += SPONGE_RATE;
        }
    }
    squeeze(&state, out);
}

fn squeeze(state: &State, out: &mut [Digest]) {
    for (k, digest) in out.iter_mut().enumerate() {
        digest.elements = std::array::from_fn(|i| F::from_canonical_u64(canonical(state[i][k])));
    }
}

/// `two_to_one` of neighbours.
pub fn compress_pairs(digests: &[Digest]) -> Vec<Digest> {
    let mut parents = vec![ZERO_DIGEST; digests.len() / 2];
    parents.par_chunks_mut(LANES * BATCHES_PER_TASK).enumerate().for_each(|(task, out)| {
        for (batch, out) in out.chunks_mut(LANES).enumerate() {
            let first = (task * BATCHES_PER_TASK + batch) * LANES;
            let mut state: State = [[0; LANES]; SPONGE_WIDTH];
            for (k, pair) in digests[2 * first..].chunks_exact(2).take(out.len()).enumerate() {
                for i in 0..DIGEST {
                    state[i][k] = pair[0].elements[i].0;
                    state[DIGEST + i][k] = pair[1].elements[i].0;
                }
            }
            permute(&mut state);
            squeeze(&state, out);
        }
    });
    parents
}

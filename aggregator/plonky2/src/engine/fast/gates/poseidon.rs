//! The gates of plonky2's in-circuit Poseidon: a whole permutation, and the matrix over extension elements.

use std::any::Any;
use std::cell::RefCell;

use plonky2::field::packed::PackedField;
use plonky2::field::types::Field;
use plonky2::gates::poseidon::PoseidonGate;
use plonky2::gates::poseidon_mds::PoseidonMdsGate;
use plonky2::hash::poseidon::{HALF_N_FULL_ROUNDS, N_PARTIAL_ROUNDS, SPONGE_WIDTH};

use super::super::ntt::Packed;
use super::super::poseidon::{LANES, Lanes, State, multiply_matrix, permute_observed};
use super::super::{D, F};
use super::{BATCH, Points, Row, Sums, VectorGate, row};

// Wires of `PoseidonGate`, in this order.
const OUTPUT: usize = SPONGE_WIDTH;
const SWAP: usize = 2 * SPONGE_WIDTH;
const DELTA: usize = SWAP + 1;
const FULL_0: usize = DELTA + SWAPPED;
const PARTIAL: usize = FULL_0 + SPONGE_WIDTH * (HALF_N_FULL_ROUNDS - 1);
const FULL_1: usize = PARTIAL + N_PARTIAL_ROUNDS;
/// Elements of a digest, the units of the swap.
const SWAPPED: usize = 4;
/// S-box inputs and outputs of the permutation.
const CHECKED: usize = SPONGE_WIDTH * 2 * HALF_N_FULL_ROUNDS + N_PARTIAL_ROUNDS;

pub(super) fn recognise(gate: &dyn Any) -> Option<Box<dyn VectorGate>> {
    if gate.is::<PoseidonGate<F, D>>() {
        Some(Box::new(Permutation))
    } else if gate.is::<PoseidonMdsGate<F, D>>() {
        Some(Box::new(Matrix))
    } else {
        None
    }
}

struct Permutation;

impl VectorGate for Permutation {
    fn evaluate(&self, points: Points<'_>, sums: &mut Sums<'_>) {
        let swap = points.wire(SWAP);
        sums.add(&swap.map(|swap| swap * (swap - F::ONE)));
        for i in 0..SWAPPED {
            let (left, right, delta) = (points.wire(i), points.wire(i + SWAPPED), points.wire(DELTA + i));
            sums.add(&std::array::from_fn(|v| swap[v] * (right[v] - left[v]) - delta[v]));
        }
        let mut differences = vec![F::ZERO; CHECKED * BATCH];
        for first in (0..BATCH).step_by(LANES) {
            permutation(points, first, &mut differences);
        }
        for constraint in differences.chunks_exact(BATCH) {
            sums.add(&row(constraint));
        }
    }
}

/// What the permutation computes less what the wires say, for points `first..first + LANES`. The wires' values go on
/// into the S-boxes, whence the constraints' low degree.
fn permutation(points: Points<'_>, first: usize, differences: &mut [F]) {
    let wire = |i: usize| -> &[F] { &points.wires[i * BATCH + first..][..LANES] };
    let mut rows = differences.chunks_exact_mut(BATCH);
    // Both observers take rows in turn.
    let check = RefCell::new(|computed: &mut Lanes, i: usize| {
        let claimed = wire(i);
        if let Some(out) = rows.next() {
            subtract(computed, claimed, &mut out[first..first + LANES]);
        }
        *computed = std::array::from_fn(|k| claimed[k].0);
    });
    let mut state: State = std::array::from_fn(|i| match i / SWAPPED {
        0 => combine(wire(i), wire(DELTA + i), |a, b| a + b),
        1 => combine(wire(i), wire(DELTA + i - SWAPPED), |a, b| a - b),
        _ => std::array::from_fn(|k| wire(i)[k].0),
    });
    permute_observed(
        &mut state,
        |round, state| {
            let start = if round < HALF_N_FULL_ROUNDS {
                FULL_0 + SPONGE_WIDTH * (round - 1)
            } else {
                FULL_1 + SPONGE_WIDTH * (round - HALF_N_FULL_ROUNDS)
            };
            for (i, lanes) in state.iter_mut().enumerate() {
                (check.borrow_mut())(lanes, start + i);
            }
        },
        |round, lanes| (check.borrow_mut())(lanes, PARTIAL + round),
    );
    for (i, lanes) in state.iter_mut().enumerate() {
        (check.borrow_mut())(lanes, OUTPUT + i);
    }
}

fn combine(a: &[F], b: &[F], op: impl Fn(Packed, Packed) -> Packed) -> Lanes {
    let mut out = [F::ZERO; LANES];
    let operands = Packed::pack_slice(a).iter().zip(Packed::pack_slice(b));
    for (out, (&a, &b)) in Packed::pack_slice_mut(&mut out).iter_mut().zip(operands) {
        *out = op(a, b);
    }
    out.map(|x| x.0)
}

fn subtract(computed: &Lanes, claimed: &[F], out: &mut [F]) {
    // Goldilocks elements may be any u64, like the permutation's.
    let computed = computed.map(F::from_noncanonical_u64);
    let operands = Packed::pack_slice(&computed).iter().zip(Packed::pack_slice(claimed));
    for (out, (&a, &b)) in Packed::pack_slice_mut(out).iter_mut().zip(operands) {
        *out = a - b;
    }
}

struct Matrix;

impl VectorGate for Matrix {
    fn evaluate(&self, points: Points<'_>, sums: &mut Sums<'_>) {
        let mut products = vec![F::ZERO; D * SPONGE_WIDTH * BATCH];
        for component in 0..D {
            for first in (0..BATCH).step_by(LANES) {
                let place = |i: usize| (D * i + component) * BATCH + first;
                let mut state: State =
                    std::array::from_fn(|i| std::array::from_fn(|k| points.wires[place(i) + k].0));
                multiply_matrix(&mut state);
                for (i, lanes) in state.iter().enumerate() {
                    for (out, &x) in products[place(i)..].iter_mut().zip(lanes) {
                        *out = F::from_noncanonical_u64(x);
                    }
                }
            }
        }
        for (i, product) in products.chunks_exact(BATCH).enumerate() {
            let (product, output): (Row, Row) = (row(product), points.wire(D * SPONGE_WIDTH + i));
            sums.add(&std::array::from_fn(|v| output[v] - product[v]));
        }
    }
}

//! plonky2's Poseidon, one permutation a row.

use plonky2::hash::poseidon::{
    ALL_ROUND_CONSTANTS, HALF_N_FULL_ROUNDS, N_PARTIAL_ROUNDS, Poseidon, SPONGE_WIDTH,
};
use sheaf_plonky2::{D, F};

use super::GateInputs;
use super::arithmetic::boolean;
use crate::gadgets::extension::Ext;
use crate::r1cs::Builder;

const OUTPUT: usize = SPONGE_WIDTH;
const SWAP: usize = 2 * SPONGE_WIDTH;
const DELTA: usize = SWAP + 1;
/// S-box inputs of the first half's rounds, but for the first.
const FULL_0: usize = DELTA + 4;
const PARTIAL: usize = FULL_0 + SPONGE_WIDTH * (HALF_N_FULL_ROUNDS - 1);
const FULL_1: usize = PARTIAL + N_PARTIAL_ROUNDS;

type State = [Ext; SPONGE_WIDTH];

pub(super) fn permutation(builder: &mut Builder, inputs: &GateInputs<'_>) -> Vec<Ext> {
    let swap = inputs.wire(SWAP);
    let mut constraints = vec![boolean(builder, swap)];
    let mut state: State = std::array::from_fn(|index| inputs.wire(index).clone());
    for index in 0..4 {
        let (left, right, delta) = (inputs.wire(index), inputs.wire(index + 4), inputs.wire(DELTA + index));
        let difference = builder.ext_sub(right, left);
        let swapped = builder.ext_mul(swap, &difference);
        constraints.push(builder.ext_sub(&swapped, delta));
        state[index] = left.add(delta);
        state[index + 4] = builder.ext_sub(right, delta);
    }

    for round in 0..HALF_N_FULL_ROUNDS {
        add_constants(builder, &mut state, round);
        if round > 0 {
            replace_all(builder, &mut state, FULL_0 + SPONGE_WIDTH * (round - 1), inputs, &mut constraints);
        }
        full_round(builder, &mut state);
    }

    for (element, constant) in state.iter_mut().zip(<F as Poseidon>::FAST_PARTIAL_FIRST_ROUND_CONSTANT) {
        *element = element.add(&builder.ext_constant([constant, 0]));
    }
    state = partial_init(builder, &state);
    for round in 0..N_PARTIAL_ROUNDS {
        let input = inputs.wire(PARTIAL + round);
        constraints.push(builder.ext_sub(&state[0], input));
        let mut head = sbox(builder, input);
        if round + 1 < N_PARTIAL_ROUNDS {
            let constant = <F as Poseidon>::FAST_PARTIAL_ROUND_CONSTANTS[round];
            head = head.add(&builder.ext_constant([constant, 0]));
        }
        partial_mix(builder, &mut state, &head, round);
    }

    for round in 0..HALF_N_FULL_ROUNDS {
        add_constants(builder, &mut state, HALF_N_FULL_ROUNDS + N_PARTIAL_ROUNDS + round);
        replace_all(builder, &mut state, FULL_1 + SPONGE_WIDTH * round, inputs, &mut constraints);
        full_round(builder, &mut state);
    }
    for (index, element) in state.iter().enumerate() {
        constraints.push(builder.ext_sub(element, inputs.wire(OUTPUT + index)));
    }
    constraints
}

/// The matrix alone, over pairs of wires.
pub(super) fn mds(builder: &mut Builder, inputs: &GateInputs<'_>) -> Vec<Ext> {
    let coordinates: [State; D] = std::array::from_fn(|coordinate| {
        mix(&std::array::from_fn(|index| inputs.wire(D * index + coordinate).clone()))
    });
    (0..SPONGE_WIDTH)
        .flat_map(|index| (0..D).map(move |coordinate| (index, coordinate)))
        .map(|(index, coordinate)| {
            let output = inputs.wire(D * (SPONGE_WIDTH + index) + coordinate);
            builder.ext_sub(output, &coordinates[coordinate][index])
        })
        .collect()
}

fn add_constants(builder: &Builder, state: &mut State, round: usize) {
    for (index, element) in state.iter_mut().enumerate() {
        let constant = ALL_ROUND_CONSTANTS[SPONGE_WIDTH * round + index];
        *element = element.add(&builder.ext_constant([constant, 0]));
    }
}

/// Demands that wires hold the state, and goes on with the wires.
fn replace_all(
    builder: &Builder,
    state: &mut State,
    start: usize,
    inputs: &GateInputs<'_>,
    constraints: &mut Vec<Ext>,
) {
    for (index, element) in state.iter_mut().enumerate() {
        let wire = inputs.wire(start + index);
        constraints.push(builder.ext_sub(element, wire));
        *element = wire.clone();
    }
}

fn full_round(builder: &mut Builder, state: &mut State) {
    for element in state.iter_mut() {
        *element = sbox(builder, element);
    }
    *state = mix(state);
}

/// x^7.
fn sbox(builder: &mut Builder, x: &Ext) -> Ext {
    let square = builder.ext_mul(x, x);
    let cube = builder.ext_mul_reduced(&square, x);
    let sixth = builder.ext_mul(&cube, &cube);
    builder.ext_mul_reduced(&sixth, x)
}

fn mix(state: &State) -> State {
    std::array::from_fn(|row| {
        let mut sum = state[row].scale(<F as Poseidon>::MDS_MATRIX_DIAG[row]);
        for (offset, factor) in <F as Poseidon>::MDS_MATRIX_CIRC.into_iter().enumerate() {
            sum = sum.add(&state[(row + offset) % SPONGE_WIDTH].scale(factor));
        }
        sum
    })
}

fn partial_init(builder: &mut Builder, state: &State) -> State {
    let matrix = <F as Poseidon>::FAST_PARTIAL_ROUND_INITIAL_MATRIX;
    std::array::from_fn(|column| {
        if column == 0 {
            return state[0].clone();
        }
        let mut sum = Ext::zero();
        for row in 1..SPONGE_WIDTH {
            sum = sum.add(&state[row].scale(matrix[row - 1][column - 1]));
        }
        builder.ext_reduce(&sum)
    })
}

fn partial_mix(builder: &mut Builder, state: &mut State, head: &Ext, round: usize) {
    let corner = <F as Poseidon>::MDS_MATRIX_CIRC[0] + <F as Poseidon>::MDS_MATRIX_DIAG[0];
    let mut first = head.scale(corner);
    for (element, factor) in state[1..].iter().zip(<F as Poseidon>::FAST_PARTIAL_ROUND_W_HATS[round]) {
        first = first.add(&element.scale(factor));
    }
    for (element, factor) in state[1..].iter_mut().zip(<F as Poseidon>::FAST_PARTIAL_ROUND_VS[round]) {
        *element = element.add(&head.scale(factor));
    }
    // Bounds grow by 64 bits a round in the first element, and by a bit or so in the others.
    state[0] = builder.ext_reduce(&first);
}

//! Wrong assignments must not satisfy the circuit. Each test is a dishonest prover: it lies in the result of one step and
//! lets everything after follow from the lie, then asks which rows notice. Asserting the row, and not just "some row",
//! shows that the constraint under test does the work.

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField, Zero};
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem, OptimizationGoal, R1CS_PREDICATE_LABEL};
use sheaf_model::{ACTIVATION_BITS, LayerKind, Postprocess, QuantisedModel, reference};

use super::plan::{Step, evaluate};
use super::testing::{INPUT, SCALE_BITS, argmax_model, bare_model, every_layer_model, layer, violated};
use super::{Circuit, Column, ONE, Synthesis};
use crate::values::scalar_to_signed;

const LIMIT: i64 = 1 << (ACTIVATION_BITS - 1);

/// The circuits with every constraint between them.
fn circuits() -> [Circuit; 2] {
    [Circuit::new(&every_layer_model(), true), Circuit::new(&argmax_model(), true)]
}

/// The rows that notice when one step's results are changed.
fn caught(
    circuit: &Circuit,
    input: &[i64],
    step: usize,
    mut lie: impl FnMut(&[Fr], &mut [(Column, Fr)]),
) -> Vec<usize> {
    let assignment = circuit.assign_with(input, |index, values, results| {
        if index == step {
            lie(values, results);
        }
    });
    violated(circuit, &assignment)
}

/// Indices, rows and bit columns of the decompositions.
fn decompositions(circuit: &Circuit) -> Vec<(usize, usize, usize)> {
    let decomposition = |(index, step): (usize, &Step)| match step {
        Step::Decompose { row, bits } => Some((index, *row, bits.len())),
        _ => None,
    };
    circuit.steps.iter().enumerate().filter_map(decomposition).collect()
}

/// Indices and rows of the steps that solve a row, and whether a top bit chooses there.
fn solutions(circuit: &Circuit) -> Vec<(usize, usize, bool)> {
    let chosen = |row: usize| circuit.matrices[1][row] != [(Fr::ONE, ONE)];
    let solution = |(index, step): (usize, &Step)| match step {
        Step::Solve { row, .. } => Some((index, *row, chosen(*row))),
        _ => None,
    };
    circuit.steps.iter().enumerate().filter_map(solution).collect()
}

fn choice(circuit: &Circuit) -> (usize, Vec<Column>) {
    let choice = |(index, step): (usize, &Step)| match step {
        Step::Choose { window, .. } => Some((index, window.clone())),
        _ => None,
    };
    circuit.steps.iter().enumerate().find_map(choice).unwrap()
}

#[test]
fn honest_assignment_satisfies_and_equals_the_reference() {
    for model in [every_layer_model(), argmax_model()] {
        for public in [true, false] {
            let circuit = Circuit::new(&model, public);
            for input in [[0, 0], INPUT, [-5000, 12345], [77, -8], [4000, 4000]] {
                let expected = reference::execute(&model, &input).unwrap().outputs;
                let assignment = circuit.assign(&input);
                assert!(violated(&circuit, &assignment).is_empty(), "{input:?}");
                let outputs: Vec<_> =
                    circuit.outputs(&assignment).iter().map(|v| scalar_to_signed(*v)).collect();
                assert_eq!(outputs, expected.into_iter().map(Some).collect::<Vec<_>>());
            }
        }
    }
}

/// The lies below are about INPUT, which must leave something to lie about on both sides of every ReLU.
#[test]
fn input_of_the_attacks_takes_both_branches() {
    let execution = reference::execute(&every_layer_model(), &INPUT).unwrap();
    assert!(execution.values[2] > 0 && execution.values[3] == 0);
    assert!(execution.values[8] != 0 && execution.values[8].signum() != execution.values[9].signum());
}

/// Attack: claim a value that is off by one, with everything after it computed from the lie. Covers requantised values,
/// sums, ReLUs, running maxima, the index of an ArgMax and the outputs' words.
#[test]
fn wrong_result_is_rejected() {
    for circuit in circuits() {
        for (step, row, _) in solutions(&circuit) {
            for change in [1, -1, 1 << SCALE_BITS] {
                let rows = caught(&circuit, &INPUT, step, |_, results| results[0].1 += Fr::from(change));
                assert_eq!(rows.first(), Some(&row), "step {step}, change {change}");
            }
        }
    }
}

/// Attack: another number's bits.
#[test]
fn flipped_bit_is_rejected() {
    for circuit in circuits() {
        for (step, row, bits) in decompositions(&circuit) {
            for bit in 0..bits {
                let flip = |_: &[Fr], results: &mut [(Column, Fr)]| results[bit].1 = Fr::ONE - results[bit].1;
                assert_eq!(
                    caught(&circuit, &INPUT, step, flip).first(),
                    Some(&row),
                    "step {step}, bit {bit}"
                );
            }
        }
    }
}

/// Attack: keep the sum of the bits right with "bits" that are none: one less of 2^i, two more of 2^(i−1). Where the two
/// are the lowest bit of a quotient and the highest of its remainder, this rounds down what must be rounded up, by a
/// remainder outside [0, 2^s).
#[test]
fn bits_that_are_no_bits_are_rejected() {
    for circuit in circuits() {
        for (step, row, bits) in decompositions(&circuit) {
            for bit in 1..bits {
                let rows = caught(&circuit, &INPUT, step, |_, results| {
                    results[bit].1 -= Fr::ONE;
                    results[bit - 1].1 += Fr::from(2);
                });
                assert_eq!(rows.first(), Some(&(row + bit)), "step {step}: the row of bit {}", bit - 1);
            }
        }
    }
}

/// Attack: the whole value in the lowest "bit", all others zero: nothing is out of range, whatever the value.
#[test]
fn value_in_one_bit_is_rejected() {
    for circuit in circuits() {
        for (step, row, _) in decompositions(&circuit) {
            let mut binary = false;
            let rows = caught(&circuit, &INPUT, step, |values, results| {
                let whole = evaluate(&circuit.matrices[2][row], values);
                binary = whole.is_zero() || whole == Fr::ONE;
                results.iter_mut().for_each(|(_, bit)| *bit = Fr::ZERO);
                results[0].1 = whole;
            });
            assert!(binary || rows.first() == Some(&(row + 1)), "step {step}: {rows:?}");
        }
    }
}

/// Attack: divide in the field, where everything is divisible, instead of rounding: the remainder is 0 and the quotient
/// a/2^s is some element of 254 bits.
#[test]
fn division_in_the_field_is_rejected() {
    let circuit = Circuit::new(&every_layer_model(), true);
    let shifted = SCALE_BITS as usize + ACTIVATION_BITS as usize;
    let rounding: Vec<_> =
        decompositions(&circuit).into_iter().filter(|(.., bits)| *bits == shifted).collect();
    assert_eq!(rounding.len(), 5);
    for (step, row, _) in rounding {
        let rows = caught(&circuit, &INPUT, step, |values, results| {
            let whole = evaluate(&circuit.matrices[2][row], values);
            results.iter_mut().for_each(|(_, bit)| *bit = Fr::ZERO);
            results[SCALE_BITS as usize].1 = whole / Fr::from(1_u64 << SCALE_BITS);
        });
        assert_eq!(rows.first(), Some(&(row + 1 + SCALE_BITS as usize)), "step {step}");
    }
}

/// Attack: keep a negative value through a ReLU or drop a positive one, for a maximum keep the smaller of two. Once with
/// the result alone, once by flipping the top bit that chooses.
#[test]
fn wrong_branch_is_rejected() {
    let circuit = Circuit::new(&every_layer_model(), true);
    let chosen: Vec<_> = solutions(&circuit).into_iter().filter(|(.., chosen)| *chosen).collect();
    // Three fused in the linear layer, two steps of the maximum, two of the ReLU layer, two fused in the addition.
    assert_eq!(chosen.len(), 9);
    let [a, b, c] = &circuit.matrices;
    let mut branches = [false; 2];
    for (step, row, _) in chosen {
        let top_bit = b[row][0].1;
        let rows = caught(&circuit, &INPUT, step, |values, results| {
            let start = -evaluate(&c[row], values);
            let other = Fr::ONE - values[top_bit];
            branches[usize::from(other.is_zero())] = true;
            results[0].1 = start + evaluate(&a[row], values) * other;
        });
        assert_eq!(rows.first(), Some(&row), "step {step}");

        let bits = circuit.steps[..step].iter().rposition(|s| matches!(s, Step::Decompose { .. })).unwrap();
        let Step::Decompose { row, .. } = circuit.steps[bits] else { unreachable!() };
        let rows = caught(&circuit, &INPUT, bits, |_, results| {
            let (column, top) = results.last_mut().unwrap();
            assert_eq!(*column, top_bit);
            *top = Fr::ONE - *top;
        });
        assert_eq!(rows.first(), Some(&row), "step {step}");
    }
    assert_eq!(branches, [true; 2], "the attack met both branches");
}

/// Attack: an overflowing value, with the top bit worth twice as much, or the lowest one negative. Every layer whose
/// values can leave the range, just past either end of it, and the same layer at the end itself.
#[test]
fn value_outside_the_range_is_rejected() {
    let add = LayerKind::Add { left: vec![0], right: vec![1], relu: false };
    let fused = LayerKind::Add { left: vec![0], right: vec![1], relu: true };
    let max = LayerKind::Max { windows: vec![vec![0, 1]] };
    let halves = [LIMIT / 2, LIMIT / 2 - 1];
    let attacks = [
        (None, [LIMIT - 1, 0], [LIMIT, 0], 0),
        (None, [-LIMIT, 0], [-LIMIT - 1, 0], 0),
        (Some(add.clone()), halves, [LIMIT / 2, LIMIT / 2], 2),
        (Some(add), [-LIMIT, 0], [-LIMIT, -1], 2),
        // Before a fused ReLU too, which would hide the negative one.
        (Some(fused.clone()), halves, [LIMIT / 2, LIMIT / 2], 2),
        (Some(fused), [-LIMIT, 0], [-LIMIT, -1], 2),
        // What a maximum compares.
        (Some(max.clone()), [-1, LIMIT - 2], [-1, LIMIT - 1], 2),
        (Some(max), [LIMIT - 1, -1], [LIMIT - 1, -2], 2),
    ];
    for (kind, honest, outside, decomposition) in attacks {
        let outputs = if kind.is_some() { vec![2] } else { vec![0] };
        let model = bare_model(kind.into_iter().map(|kind| layer("layer", kind)).collect(), outputs);
        let circuit = Circuit::new(&model, true);
        assert!(reference::execute(&model, &honest).is_ok(), "{honest:?}");
        assert!(violated(&circuit, &circuit.assign(&honest)).is_empty(), "{honest:?}");
        assert!(reference::execute(&model, &outside).is_err(), "{outside:?}");
        let (step, row, bits) = decompositions(&circuit)[decomposition];
        // Bits that leave out what does not fit.
        assert_eq!(caught(&circuit, &outside, step, |_, _| ()).first(), Some(&row), "{outside:?}");
        // "Bits" whose sum is right.
        let rows = caught(&circuit, &outside, step, |values, results| {
            let whole = evaluate(&circuit.matrices[2][row], values);
            results.iter_mut().for_each(|(_, bit)| *bit = Fr::ZERO);
            if whole == -Fr::ONE {
                results[0].1 = whole;
            } else {
                assert_eq!(whole, Fr::from(2 * LIMIT));
                results[bits - 1].1 = Fr::from(2);
            }
        });
        assert!(!rows.is_empty() && !rows.contains(&row), "{outside:?}: {rows:?}");
    }
}

/// A model that says which place of a window of its two inputs has the greatest value.
fn bare_argmax(window: Vec<u32>) -> QuantisedModel {
    let argmax = LayerKind::ArgMax { windows: vec![window] };
    let model = bare_model(vec![layer("argmax", argmax)], vec![2]);
    QuantisedModel { output_shape: vec![1], postprocess: Postprocess::Index, ..model }
}

/// The rows of an ArgMax's margins, which are the only decompositions into 27 bits.
fn margins(circuit: &Circuit) -> Vec<(usize, usize)> {
    let margin = |(step, row, bits)| (bits == ACTIVATION_BITS as usize - 1).then_some((step, row));
    decompositions(circuit).into_iter().filter_map(margin).collect()
}

/// Before the margin of a place: the row of its bit, then that of its selection.
const BIT: usize = 2;
const SELECTION: usize = 1;

/// Claims that place `claimed` wins.
fn claim(claimed: usize, window: &[Column], values: &[Fr], results: &mut [(Column, Fr)]) {
    results[0].1 = values[window[claimed]];
    for (place, (_, after)) in results[1..].iter_mut().enumerate() {
        *after = Fr::from(claimed > place);
    }
}

/// Attack: name a smaller value, or the later of two equal ones.
#[test]
fn wrong_argmax_is_rejected() {
    let circuit = Circuit::new(&argmax_model(), true);
    let (step, window) = choice(&circuit);
    let margins: Vec<usize> = margins(&circuit).into_iter().map(|(_, row)| row).collect();
    // Two orders of three values, and a tie of all three at zero behind their ReLUs.
    for input in [INPUT, [-5000, 12345], [-300, -300], [0, 100]] {
        let honest = reference::execute(&argmax_model(), &input).unwrap().outputs[0];
        for claimed in (0..3).filter(|claimed| *claimed as i64 != honest) {
            let lie = |values: &[Fr], results: &mut [(Column, Fr)]| claim(claimed, &window, values, results);
            let rows = caught(&circuit, &input, step, lie);
            assert!(!rows.is_empty(), "{input:?}, {claimed}");
            assert!(rows.iter().all(|row| margins.contains(row)), "{input:?}, {claimed}: {rows:?}");
        }
    }
}

/// Attack: the later of a tie, with the margin of −1 that gives it away written in a "bit".
#[test]
fn later_of_a_tie_is_rejected() {
    let model = bare_argmax(vec![0, 1]);
    let circuit = Circuit::new(&model, true);
    let (step, window) = choice(&circuit);
    assert_eq!(reference::execute(&model, &[9, 9]).unwrap().outputs, [0]);
    let (margin, row) = margins(&circuit)[0];
    let assignment = circuit.assign_with(&[9, 9], |index, values, results| {
        if index == step {
            claim(1, &window, values, results);
        } else if index == margin {
            results.iter_mut().for_each(|(_, bit)| *bit = Fr::ZERO);
            results[0].1 = -Fr::ONE;
        }
    });
    assert_eq!(violated(&circuit, &assignment), [row + 1]);
}

/// Attack: compare with a value that no place of the window has: the margins hold, and any place may win.
#[test]
fn greatest_value_of_no_place_is_rejected() {
    let circuit = Circuit::new(&bare_argmax(vec![0, 1]), true);
    let (step, window) = choice(&circuit);
    for (claimed, (_, margin)) in margins(&circuit).into_iter().enumerate() {
        let rows = caught(&circuit, &[5, 9], step, |values, results| {
            claim(claimed, &window, values, results);
            results[0].1 = Fr::from(1000);
        });
        assert_eq!(rows, [margin - SELECTION], "claimed {claimed}");
    }
}

/// Attack: two places that are equally great share the win as 2 and −1 in the place of 1 and 0. They add up to one, both
/// are selected rightly, every margin holds, and the index 1·2 + 2·(−1) = 0 names a smaller value.
#[test]
fn win_shared_by_a_tie_is_rejected() {
    let model = bare_argmax(vec![0, 1, 1]);
    let circuit = Circuit::new(&model, true);
    let (step, _) = choice(&circuit);
    assert_eq!(reference::execute(&model, &[5, 9]).unwrap().outputs, [1]);
    let assignment = circuit.assign_with(&[5, 9], |index, _, results| {
        if index == step {
            results[1].1 = Fr::ONE;
            results[2].1 = -Fr::ONE;
        }
    });
    assert_eq!(scalar_to_signed(circuit.outputs(&assignment)[0]), Some(0));
    let margins = margins(&circuit);
    assert_eq!(violated(&circuit, &assignment), [margins[1].1 - BIT, margins[2].1 - BIT]);
}

/// Attack: several winners, or fractions of one.
#[test]
fn argmax_that_is_not_one_hot_is_rejected() {
    let circuit = Circuit::new(&argmax_model(), true);
    let (step, _) = choice(&circuit);
    let bits: Vec<usize> = margins(&circuit).into_iter().map(|(_, row)| row - BIT).collect();
    let half = Fr::ONE / Fr::from(2);
    for after in [[Fr::ZERO, Fr::ONE], [Fr::from(2), Fr::ONE], [half, half], [Fr::ONE, -Fr::ONE]] {
        let rows = caught(&circuit, &INPUT, step, |_, results| {
            results[1].1 = after[0];
            results[2].1 = after[1];
        });
        assert!(rows.iter().any(|row| bits.contains(row)), "{rows:?}");
    }
}

/// Attack: a margin that leaves the range, which reference execution refuses.
#[test]
fn argmax_margin_outside_the_range_is_rejected() {
    let model = bare_argmax(vec![0, 1]);
    let circuit = Circuit::new(&model, true);
    let (step, window) = choice(&circuit);
    for (honest, outside) in [([LIMIT - 2, -1], [LIMIT - 1, -1]), ([-1, LIMIT - 1], [-2, LIMIT - 1])] {
        assert!(violated(&circuit, &circuit.assign(&honest)).is_empty());
        assert!(reference::execute(&model, &outside).is_err());
        for claimed in [0, 1] {
            let lie = |values: &[Fr], results: &mut [(Column, Fr)]| claim(claimed, &window, values, results);
            assert!(!caught(&circuit, &outside, step, lie).is_empty(), "{outside:?}, claimed {claimed}");
        }
    }
}

/// Attack: prove one input and state another. A public input is the very column that the model computes with, so its
/// other value is noticed by its range check at the least.
#[test]
fn changed_public_word_is_rejected() {
    for circuit in circuits() {
        let honest = circuit.assign(&INPUT);
        for column in ONE + 1..circuit.instance_columns {
            for change in [Fr::ONE, -Fr::ONE, Fr::from(1_u64 << ACTIVATION_BITS)] {
                let mut assignment = honest.clone();
                assignment[column] += change;
                assert!(!violated(&circuit, &assignment).is_empty(), "column {column}");
            }
        }
    }
}

/// A word in no row could be anything: with a key whose point for it is the identity, any word verifies.
#[test]
fn every_public_input_occurs_in_a_row() {
    for circuit in circuits() {
        for column in ONE + 1..circuit.instance_columns {
            let occurs = |row: &Vec<(Fr, Column)>| row.iter().any(|(_, other)| *other == column);
            assert!(circuit.matrices.iter().flatten().any(occurs), "column {column}");
        }
    }
}

/// Attack: any one column changed after the fact. None is free.
#[test]
fn every_column_is_bound() {
    for circuit in circuits() {
        let honest = circuit.assign(&INPUT);
        for column in ONE + 1..circuit.columns {
            let mut assignment = honest.clone();
            assignment[column] += Fr::ONE;
            assert!(!violated(&circuit, &assignment).is_empty(), "column {column}");
        }
    }
}

/// What setup sees is what proofs are made from: arkworks inlines, outlines and reorders nothing.
#[test]
fn arkworks_has_the_same_matrices() {
    for circuit in circuits() {
        let cs = ConstraintSystem::new_ref();
        cs.set_optimization_goal(OptimizationGoal::Constraints);
        let assignment = circuit.assign(&INPUT);
        let synthesis = Synthesis { circuit: &circuit, assignment: Some(&assignment) };
        synthesis.generate_constraints(cs.clone()).unwrap();
        cs.finalize();
        assert_eq!(cs.num_instance_variables(), circuit.instance_columns);
        assert_eq!(cs.num_witness_variables(), circuit.columns - circuit.instance_columns);
        assert_eq!(cs.to_matrices().unwrap()[R1CS_PREDICATE_LABEL], circuit.matrices);
    }
}

/// The bound behind "no wrapping": an accumulator at its limit, offsets and all, is far from r.
#[test]
fn accumulators_are_far_from_the_modulus() {
    assert_eq!(sheaf_model::MAX_ACCUMULATOR_BITS, 61);
    assert!(Fr::MODULUS.num_bits() > 253);
    assert!(u64::from(sheaf_model::MAX_SCALE_BITS) + u64::from(ACTIVATION_BITS) < 61);
}

//! Wrong witnesses must not prove. Each test builds the witness of a dishonest prover, proves it, and finds that no
//! proof comes out which the verifier accepts.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plonky2::field::types::Field;
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::witness::PartialWitness;
use plonky2::plonk::prover::prove_with_partition_witness;
use plonky2::util::timing::TimingTree;
use sheaf_plonky2::engine::FastEngine;
use sheaf_plonky2::{C, D, F, Profile, proof};

use super::gates::requantise::{LOW_LIMBS, SLOT_ADVICE};
use super::plan::{Assignment, Step, Tamper, from_signed, to_signed};
use crate::program::{InputVisibility, Program, ProgramOptions, WeightVisibility};
use sheaf_model::{Layer, LayerKind, Operand, Origin, Postprocess, QuantisedModel, Term, Weight, reference};

const SCALE_BITS: u32 = 8;

/// Two inputs; a linear layer with ReLU (three outputs), a maximum over them, and an addition.
fn model() -> QuantisedModel {
    let weights: Vec<Weight> = [300, -200, 120, -77, 41, 256, 13, -500, 90]
        .into_iter()
        .map(|value| Weight { value, origin: Origin::Parameter })
        .collect();
    let row = |first: u32| {
        vec![
            Term { operand: Operand::Value(0), weight: first },
            Term { operand: Operand::Value(1), weight: first + 1 },
            Term { operand: Operand::One, weight: first + 2 },
        ]
    };
    let layer = |node: &str, kind| Layer { node: node.to_owned(), kind };
    QuantisedModel {
        model_digest: [7; 32],
        scale_bits: SCALE_BITS,
        input_shape: vec![1, 2],
        output_shape: vec![1, 2],
        weights,
        layers: vec![
            layer("linear", LayerKind::Linear { rows: vec![row(0), row(3), row(6)], relu: true }),
            layer("max", LayerKind::Max { windows: vec![vec![2, 3, 4]] }),
            layer("add", LayerKind::Add { left: vec![5], right: vec![0], relu: false }),
        ],
        outputs: vec![5, 6],
        postprocess: Postprocess::None,
    }
}

/// The same linear layer, and the position of its greatest output.
fn argmax_model() -> QuantisedModel {
    let mut model = model();
    model.layers.truncate(1);
    let arg_max = LayerKind::ArgMax { windows: vec![vec![2, 3, 4]] };
    model.layers.push(Layer { node: "argmax".to_owned(), kind: arg_max });
    QuantisedModel { output_shape: vec![1], outputs: vec![5], postprocess: Postprocess::Index, ..model }
}

fn options(input: InputVisibility, weights: WeightVisibility) -> ProgramOptions {
    ProgramOptions { profile: Profile::Standard, input, weights }
}

fn public_program() -> Program {
    Program::compile(model(), options(InputVisibility::Public, WeightVisibility::Public)).unwrap()
}

fn argmax_program() -> Program {
    Program::compile(argmax_model(), options(InputVisibility::Public, WeightVisibility::Public)).unwrap()
}

const INPUT: [i64; 2] = [700, -301];

fn verifies(program: &Program, public_values: &[u64], proof: &[u8]) -> bool {
    let values: Vec<F> = public_values.iter().copied().map(F::from_canonical_u64).collect();
    program.key().verifier().unwrap().verify(&values, proof).is_ok()
}

/// Proves a tampered witness with plonky2's prover, which checks nothing, and has the verifier judge what comes out.
fn cheats(program: &Program, input: &[i64], tamper: Tamper<'_>) -> bool {
    let (witness, claim) = program.witness(input, None, Some(tamper)).unwrap();
    forge(program, witness).is_some_and(|proof| verifies(program, &claim.public_values, &proof))
}

fn forge(program: &Program, inputs: PartialWitness<F>) -> Option<Vec<u8>> {
    let circuit = program.circuit();
    let forged = catch_unwind(AssertUnwindSafe(|| {
        let witness = generate_partial_witness(inputs, &circuit.prover_only, &circuit.common)?;
        let mut timing = TimingTree::default();
        prove_with_partition_witness::<F, C, D>(&circuit.prover_only, &circuit.common, witness, &mut timing)
    }));
    Some(proof::encode(&forged.ok()?.ok()?.proof))
}

/// The step that computes the model's value number `value`, as an index into the plan.
fn requantise_steps(program: &Program) -> Vec<usize> {
    let steps = program.plan_steps();
    (0..steps.len()).filter(|i| matches!(steps[*i], Step::Requantise { .. })).collect()
}

#[test]
fn honest_inference_proves_and_equals_the_reference() {
    let program = public_program();
    for input in [[0, 0], INPUT, [-5000, 12345], [77, -8]] {
        let inference = program.prove(&FastEngine::new(), &input).unwrap();
        let expected = reference::execute(&model(), &input).unwrap().outputs;
        assert_eq!(inference.outputs, expected);
        assert!(verifies(&program, &inference.public_values, &inference.proof));
        let mut other = inference.public_values.clone();
        other[0] += 1;
        assert!(!verifies(&program, &other, &inference.proof));
    }
    let program = argmax_program();
    for input in [[0, 0], INPUT, [-5000, 12345], [77, -8], [4000, 4000]] {
        let inference = program.prove(&FastEngine::new(), &input).unwrap();
        assert_eq!(inference.outputs, reference::execute(&argmax_model(), &input).unwrap().outputs);
        assert!(verifies(&program, &inference.public_values, &inference.proof));
    }
}

#[test]
fn every_visibility_proves() {
    for (input, weights) in [
        (InputVisibility::Private, WeightVisibility::Public),
        (InputVisibility::Committed, WeightVisibility::Private),
    ] {
        let program = Program::compile(model(), options(input, weights)).unwrap();
        let inference = program.prove(&FastEngine::new(), &INPUT).unwrap();
        assert_eq!(inference.outputs, reference::execute(&model(), &INPUT).unwrap().outputs);
        assert!(verifies(&program, &inference.public_values, &inference.proof));
    }
}

/// Attack: claim an activation that is off by one, with everything after it computed from the lie.
#[test]
fn wrong_activation_is_rejected() {
    let program = public_program();
    for step in requantise_steps(&program) {
        let mut tamper = |index: usize, _: &[F], assignment: &mut Assignment| {
            if index == step {
                assignment.cells[0].1 += F::ONE;
            }
        };
        assert!(!cheats(&program, &INPUT, &mut tamper), "step {step}");
    }
}

/// Attack: round up instead of to nearest, moving one unit from the low part to the quotient.
#[test]
fn wrong_rounding_is_rejected() {
    let program = public_program();
    for step in requantise_steps(&program) {
        let mut tamper = |index: usize, _: &[F], assignment: &mut Assignment| {
            if index == step {
                let Some((_, _, advice)) = &mut assignment.advice else { unreachable!() };
                // Quotient + 1 in the limbs and in the result, low part left as it was.
                increment(&mut advice[2 * LOW_LIMBS..SLOT_ADVICE - 2]);
                assignment.cells[0].1 += F::ONE;
            }
        };
        assert!(!cheats(&program, &INPUT, &mut tamper), "step {step}");
    }
}

fn increment(limbs: &mut [u64]) {
    for limb in limbs {
        *limb = (*limb + 1) % 4;
        if *limb != 0 {
            break;
        }
    }
}

/// Attack: a low part outside [0, 2^s) that balances a wrong quotient; its limbs cannot all be base-4 digits.
#[test]
fn low_part_out_of_range_is_rejected() {
    let program = public_program();
    let linear = |step: &Step| matches!(step, Step::Requantise { mode, .. } if mode.shift == SCALE_BITS);
    let steps: Vec<usize> =
        (0..program.plan_steps().len()).filter(|i| linear(&program.plan_steps()[*i])).collect();
    for step in steps {
        let mut tamper = |index: usize, _: &[F], assignment: &mut Assignment| {
            if index == step {
                let Some((_, _, advice)) = &mut assignment.advice else { unreachable!() };
                // One unit less in the quotient, 2^8 more in the low part: the 5th low limb counts 4^4 = 2^8. The sum
                // is right and every limb is a digit, but the scaled low part now has no 16-bit decomposition.
                if advice[LOW_LIMBS / 2] < 3 && advice[2 * LOW_LIMBS] > 0 {
                    advice[SCALE_BITS as usize / 2] += 1;
                    advice[2 * LOW_LIMBS] -= 1;
                    assignment.cells[0].1 -= F::ONE;
                } else {
                    advice[SCALE_BITS as usize / 2] += 1;
                    assignment.cells[0].1 += F::ONE;
                }
            }
        };
        assert!(!cheats(&program, &INPUT, &mut tamper), "step {step}");
    }
}

/// Attack: keep a negative sum through a ReLU, or drop a positive one, by flipping the sign bit or the result alone.
#[test]
fn wrong_relu_branch_is_rejected() {
    let program = public_program();
    let steps: Vec<usize> = requantise_steps(&program)
        .into_iter()
        .filter(|i| matches!(program.plan_steps()[*i], Step::Requantise { mode, .. } if mode.relu))
        .collect();
    for step in steps {
        for flip_sign in [false, true] {
            let mut tamper = |index: usize, _: &[F], assignment: &mut Assignment| {
                if index != step {
                    return;
                }
                let Some((_, _, advice)) = &mut assignment.advice else { unreachable!() };
                let high = (2 * LOW_LIMBS..SLOT_ADVICE - 1)
                    .enumerate()
                    .fold(0, |acc, (i, limb)| acc + (advice[limb] << (2 * i)));
                let sign = advice[SLOT_ADVICE - 1];
                let quotient = high as i64 + ((sign as i64) << 27) - (1 << 27);
                assignment.cells[0].1 = if sign == 1 { F::ZERO } else { from_signed(quotient) };
                if sign == 1 && quotient == 0 {
                    assignment.cells[0].1 = F::ONE;
                }
                if flip_sign {
                    advice[SLOT_ADVICE - 1] ^= 1;
                }
            };
            assert!(!cheats(&program, &INPUT, &mut tamper), "step {step}, flip {flip_sign}");
        }
    }
}

/// Attack: add something to a dot product, as a free first accumulator would allow.
#[test]
fn wrong_accumulation_is_rejected() {
    let program = public_program();
    let steps = program.plan_steps();
    for step in (0..steps.len()).filter(|i| matches!(steps[*i], Step::Lane { .. })) {
        let mut tamper = |index: usize, _: &[F], assignment: &mut Assignment| {
            if index == step {
                assignment.cells[0].1 += F::from_canonical_u64(1 << SCALE_BITS);
            }
        };
        assert!(!cheats(&program, &INPUT, &mut tamper), "step {step}");
    }
}

/// Attack: an ArgMax that names a smaller value, or a later one of two equal ones.
#[test]
fn wrong_argmax_is_rejected() {
    let program = argmax_program();
    let steps = program.plan_steps();
    let step = (0..steps.len()).find(|i| matches!(steps[*i], Step::OneHot { .. })).unwrap();
    for input in [INPUT, [-4000, 0]] {
        let honest = program.witness(&input, None, None).unwrap().1.outputs[0] as usize;
        for claimed in (0..3).filter(|claimed| *claimed != honest) {
            let mut tamper = |index: usize, values: &[F], assignment: &mut Assignment| {
                if index == step {
                    for (place, (_, bit)) in assignment.cells.iter_mut().enumerate() {
                        *bit = F::from_bool(place == claimed);
                    }
                } else if index > step
                    && let Step::Requantise { input, .. } = &steps[index]
                {
                    // The margin must equal its clipped self; a liar says so of a negative one too.
                    assignment.cells[0].1 = values[*input];
                }
            };
            assert!(!cheats(&program, &input, &mut tamper), "claimed {claimed}");
        }
    }
}

/// Attack: two hot bits, or none.
#[test]
fn argmax_that_is_not_one_hot_is_rejected() {
    let program = argmax_program();
    let steps = program.plan_steps();
    let step = (0..steps.len()).find(|i| matches!(steps[*i], Step::OneHot { .. })).unwrap();
    for bits in [[0, 0, 0], [1, 1, 0], [2, 0, 0]] {
        let mut tamper = |index: usize, _: &[F], assignment: &mut Assignment| {
            if index == step {
                for ((_, place), bit) in assignment.cells.iter_mut().zip(bits) {
                    *place = F::from_canonical_u64(bit);
                }
            }
        };
        assert!(!cheats(&program, &INPUT, &mut tamper));
    }
}

/// Attack: prove with other private weights than the key commits to.
#[test]
fn swapped_private_weights_are_rejected() {
    let program =
        Program::compile(model(), options(InputVisibility::Public, WeightVisibility::Private)).unwrap();
    let mut weights = super::lowering::parameters(program.model());
    weights.swap(0, 3);
    let (witness, claim) = program.witness(&INPUT, Some(&weights), None).unwrap();
    let forged = forge(&program, witness);
    assert!(forged.is_none_or(|proof| !verifies(&program, &claim.public_values, &proof)));
}

/// Attack: the proof of one model shown under the key of another that differs in a single weight.
#[test]
fn public_weights_are_part_of_the_key() {
    let program = public_program();
    let mut other = model();
    other.weights[4].value += 1;
    let other = Program::compile(other, *program.options()).unwrap();
    assert_ne!(program.key().digest(), other.key().digest());
    let inference = program.prove(&FastEngine::new(), &INPUT).unwrap();
    assert!(!verifies(&other, &inference.public_values, &inference.proof));
}

#[test]
fn the_key_depends_on_the_model_file_and_every_option() {
    let base = public_program().key().digest();
    let mut file = model();
    file.model_digest[31] ^= 1;
    let scale = QuantisedModel { scale_bits: SCALE_BITS + 1, ..model() };
    for changed in [file, scale] {
        let key = Program::compile(changed, *public_program().options()).unwrap().key().digest();
        assert_ne!(base, key);
    }
    let committed = options(InputVisibility::Committed, WeightVisibility::Public);
    let private = options(InputVisibility::Private, WeightVisibility::Public);
    let keys = [committed, private].map(|o| Program::compile(model(), o).unwrap().key().digest());
    assert!(keys[0] != keys[1] && !keys.contains(&base));
}

#[test]
fn compiling_twice_gives_one_key() {
    assert_eq!(public_program().key(), public_program().key());
}

#[test]
fn overflow_is_refused_with_the_node() {
    let program = public_program();
    let error = program.prove(&FastEngine::new(), &[(1 << 27) - 1, -(1 << 27)]).unwrap_err();
    assert!(error.to_string().contains("node `linear`"), "{error}");
    let error = program.prove(&FastEngine::new(), &[1 << 27, 0]).unwrap_err();
    assert!(error.to_string().contains("the input"), "{error}");
}

#[test]
fn signed_values_survive_the_field() {
    for value in [0, 1, -1, i64::from(i32::MAX), -(1 << 40), (1 << 61) - 1] {
        assert_eq!(to_signed(from_signed(value)), value);
    }
}

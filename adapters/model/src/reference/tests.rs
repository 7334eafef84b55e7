use super::*;
use crate::{Layer, Origin, Term, Weight};

fn model(layers: Vec<LayerKind>, weights: &[i64], inputs: u32, outputs: Vec<ValueId>) -> QuantisedModel {
    QuantisedModel {
        model_digest: [0; 32],
        scale_bits: 4,
        input_shape: vec![1, inputs],
        output_shape: vec![1, outputs.len() as u32],
        weights: weights.iter().map(|&value| Weight { value, origin: Origin::Parameter }).collect(),
        layers: layers
            .into_iter()
            .enumerate()
            .map(|(i, kind)| Layer { node: format!("layer{i}"), kind })
            .collect(),
        outputs,
        postprocess: Postprocess::None,
    }
}

fn term(id: ValueId, weight: u32) -> Term {
    Term { operand: Operand::Value(id), weight }
}

#[test]
fn linear_rounds_half_up_on_both_sides_of_zero() {
    let rows = vec![vec![term(0, 0)]];
    let model = model(vec![LayerKind::Linear { rows, relu: false }], &[8], 1, vec![1]);
    // w = 8/16, so odd inputs fall on halves: 1.5 → 2, −1.5 → −1, −0.5 → 0.
    for (input, expected) in [(3, 2), (-3, -1), (-1, 0), (4, 2), (-4, -2)] {
        assert_eq!(execute(&model, &[input]).unwrap().outputs, [expected], "input {input}");
    }
}

#[test]
fn bias_multiplies_the_constant_one() {
    let rows = vec![vec![term(0, 0), Term { operand: Operand::One, weight: 1 }]];
    let model = model(vec![LayerKind::Linear { rows, relu: false }], &[16, -5], 1, vec![1]);
    assert_eq!(execute(&model, &[7]).unwrap().outputs, [2]);
}

#[test]
fn argmax_ties_go_to_the_first() {
    let mut model = model(vec![LayerKind::ArgMax { windows: vec![vec![0, 1, 2]] }], &[], 3, vec![3]);
    model.postprocess = Postprocess::Index;
    assert_eq!(execute(&model, &[5, 9, 9]).unwrap().outputs, [1]);
    assert_eq!(execute(&model, &[9, 9, 9]).unwrap().outputs, [0]);
    assert_eq!(execute(&model, &[-9, -8, -7]).unwrap().outputs, [2]);
}

#[test]
fn value_before_a_fused_relu_must_be_in_range_too() {
    let model = model(vec![LayerKind::Add { left: vec![0], right: vec![0], relu: true }], &[], 1, vec![1]);
    assert_eq!(execute(&model, &[-MAGNITUDE / 2]).unwrap().outputs, [0]);
    assert_eq!(
        execute(&model, &[-MAGNITUDE / 2 - 1]).unwrap_err(),
        ReferenceError::ActivationRange {
            node: "layer0".into(),
            index: 0,
            value: i128::from(-MAGNITUDE - 2)
        }
    );
}

#[test]
fn difference_of_a_maximum_out_of_range_is_refused() {
    let model = model(vec![LayerKind::Max { windows: vec![vec![0, 1]] }], &[], 2, vec![2]);
    assert_eq!(execute(&model, &[0, MAGNITUDE - 1]).unwrap().outputs, [MAGNITUDE - 1]);
    assert_eq!(
        execute(&model, &[-1, MAGNITUDE - 1]).unwrap_err(),
        ReferenceError::DifferenceRange { node: "layer0".into(), index: 0, value: MAGNITUDE }
    );
    // The least difference is −2^27, the greatest 2^27 − 1.
    assert_eq!(execute(&model, &[0, -MAGNITUDE]).unwrap().outputs, [0]);
    assert_eq!(execute(&model, &[1, -MAGNITUDE]).unwrap_err().code(), "SH-REF-006");
}

#[test]
fn margin_of_a_class_out_of_range_is_refused() {
    let mut model = model(vec![LayerKind::ArgMax { windows: vec![vec![0, 1, 2]] }], &[], 3, vec![3]);
    model.postprocess = Postprocess::Index;
    // The margin over an earlier value is one less, as it must be greater and not only no less.
    let half = MAGNITUDE / 2;
    assert_eq!(execute(&model, &[-half, 0, half]).unwrap().outputs, [2]);
    assert_eq!(execute(&model, &[half - 1, 0, -half]).unwrap().outputs, [0]);
    let refused = |value| ReferenceError::DifferenceRange { node: "layer0".into(), index: 0, value };
    assert_eq!(execute(&model, &[-half - 1, 0, half]).unwrap_err(), refused(MAGNITUDE));
    assert_eq!(execute(&model, &[half, 0, -half]).unwrap_err(), refused(MAGNITUDE));
}

#[test]
fn inputs_are_checked_by_count_and_range() {
    let model = model(vec![LayerKind::Relu { inputs: vec![0, 1] }], &[], 2, vec![2, 3]);
    assert_eq!(execute(&model, &[1]).unwrap_err(), ReferenceError::InputCount { expected: 2, got: 1 });
    assert_eq!(
        execute(&model, &[0, MAGNITUDE]).unwrap_err(),
        ReferenceError::InputRange { index: 1, value: MAGNITUDE }
    );
}

#[test]
fn real_inputs_round_half_away_from_zero() {
    let model = model(vec![LayerKind::Relu { inputs: vec![0] }], &[], 1, vec![1]);
    for (real, fixed) in [(0.03125, 1), (-0.03125, -1), (0.031, 0), (1.5, 24)] {
        assert_eq!(quantise_input(&model, &[real]).unwrap(), [fixed], "{real}");
    }
    assert_eq!(dequantise(&model, &[24, -1]), [1.5, -0.0625]);
}

#[test]
fn real_inputs_outside_the_range_are_refused_by_index() {
    let model = model(vec![LayerKind::Relu { inputs: vec![0, 1] }], &[], 2, vec![2, 3]);
    let limit = MAGNITUDE as f64 / 16.0;
    assert_eq!(quantise_input(&model, &[0.0, -limit]).unwrap(), [0, -MAGNITUDE]);
    assert_eq!(
        quantise_input(&model, &[0.0, limit]).unwrap_err(),
        ReferenceError::InputTooLarge { index: 1, value: limit, min: -limit, max: limit - 0.0625 }
    );
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = quantise_input(&model, &[bad, 0.0]).unwrap_err();
        assert!(matches!(error, ReferenceError::InputNotFinite { index: 0, .. }), "{error}");
    }
    assert_eq!(quantise_input(&model, &[0.0, f64::MAX]).unwrap_err().code(), "SH-REF-003");
    assert_eq!(quantise_input(&model, &[]).unwrap_err().code(), "SH-REF-001");
}

#[test]
fn invalid_model_is_refused_and_does_not_panic() {
    let model = model(vec![LayerKind::Relu { inputs: vec![7] }], &[], 1, vec![1]);
    assert_eq!(execute(&model, &[0]).unwrap_err().code(), "SH-MOD-006");
}

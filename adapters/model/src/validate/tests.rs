use super::*;
use crate::{Origin, Term, Weight};

/// Two inputs, a row, a maximum and a class index, of which the first two are outputs.
fn model() -> QuantisedModel {
    let term = |operand, weight| Term { operand, weight };
    let row = vec![term(Operand::Value(0), 0), term(Operand::Value(1), 1), term(Operand::One, 0)];
    let layer = |node: &str, kind| Layer { node: node.into(), kind };
    QuantisedModel {
        model_digest: [7; 32],
        scale_bits: 8,
        input_shape: vec![1, 2],
        output_shape: vec![1, 2],
        weights: [300, -5].map(|value| Weight { value, origin: Origin::Parameter }).to_vec(),
        layers: vec![
            layer("row", LayerKind::Linear { rows: vec![row], relu: true }),
            layer("max", LayerKind::Max { windows: vec![vec![0, 1, 2]] }),
            layer("sum", LayerKind::Add { left: vec![2], right: vec![3], relu: false }),
            layer("relu", LayerKind::Relu { inputs: vec![4] }),
            layer("class", LayerKind::ArgMax { windows: vec![vec![0, 1]] }),
        ],
        outputs: vec![5, 2],
        postprocess: Postprocess::None,
    }
}

fn refusal(change: impl FnOnce(&mut QuantisedModel)) -> ModelError {
    let mut model = model();
    change(&mut model);
    model.validate().unwrap_err()
}

fn row(model: &mut QuantisedModel) -> &mut Row {
    match &mut model.layers[0].kind {
        LayerKind::Linear { rows, .. } => &mut rows[0],
        _ => unreachable!(),
    }
}

#[test]
fn sound_model_is_accepted() {
    let model = model();
    assert_eq!(model.validate(), Ok(()));
    assert_eq!((model.input_count(), model.value_count()), (2, 7));
}

#[test]
fn scale_out_of_range_is_rejected() {
    for got in [0, 17, 64] {
        assert_eq!(refusal(|m| m.scale_bits = got), ModelError::ScaleBits { got });
    }
}

#[test]
fn empty_or_overflowing_shapes_are_rejected() {
    for shape in [vec![1, 0], vec![1 << 16, 1 << 16]] {
        let expected = ModelError::Shape { what: "input", shape: shape.clone() };
        assert_eq!(refusal(|m| m.input_shape = shape), expected);
    }
    let expected = ModelError::Shape { what: "output", shape: vec![0] };
    assert_eq!(refusal(|m| m.output_shape = vec![0]), expected);
}

#[test]
fn weights_out_of_range_are_rejected() {
    for value in [1 << 27, -(1 << 27) - 1, i64::MIN, i64::MAX] {
        assert_eq!(refusal(|m| m.weights[1].value = value), ModelError::WeightRange { index: 1, value });
    }
}

#[test]
fn use_before_definition_is_rejected() {
    let node = || "row".to_owned();
    let own = refusal(|m| row(m)[0].operand = Operand::Value(2));
    assert_eq!(own, ModelError::UndefinedValue { node: node(), id: 2, defined: 2 });
    let weight = refusal(|m| row(m)[0].weight = 2);
    assert_eq!(weight, ModelError::UndefinedWeight { node: node(), index: 2, count: 2 });
    for (layer, kind) in [
        (1, LayerKind::Max { windows: vec![vec![9]] }),
        (2, LayerKind::Add { left: vec![0], right: vec![9], relu: false }),
        (3, LayerKind::Relu { inputs: vec![9] }),
        (4, LayerKind::ArgMax { windows: vec![vec![0, 9]] }),
    ] {
        let error = refusal(|m| m.layers[layer].kind = kind);
        assert!(matches!(error, ModelError::UndefinedValue { id: 9, .. }), "{error}");
    }
}

#[test]
fn empty_parts_are_rejected() {
    let empty = |node: &str, what| ModelError::Empty { node: node.into(), what };
    assert_eq!(refusal(|m| row(m).clear()), empty("row", "row"));
    let none = LayerKind::Relu { inputs: vec![] };
    assert_eq!(refusal(|m| m.layers[3].kind = none), empty("relu", "output list"));
    let window = LayerKind::Max { windows: vec![vec![]] };
    assert_eq!(refusal(|m| m.layers[1].kind = window), empty("max", "window"));
}

#[test]
fn sums_of_unequal_lists_are_rejected() {
    let kind = LayerKind::Add { left: vec![0, 1], right: vec![0], relu: false };
    let expected = ModelError::AddLengths { node: "sum".into(), left: 2, right: 1 };
    assert_eq!(refusal(|m| m.layers[2].kind = kind), expected);
}

#[test]
fn accumulator_bound_is_tight() {
    // 2^27 + 2^27 terms of weight 2^27 − 1 stay below; the 129th of weight 2^27 does not.
    let fill = |m: &mut QuantisedModel, count: usize, value: i64| {
        m.weights[0].value = value;
        *row(m) = vec![Term { operand: Operand::Value(0), weight: 0 }; count];
    };
    let mut accepted = model();
    fill(&mut accepted, 127, -MAGNITUDE);
    assert_eq!(accepted.validate(), Ok(()));
    fill(&mut accepted, 128, MAGNITUDE - 1);
    assert_eq!(accepted.validate(), Ok(()));
    let expected = ModelError::Accumulator { node: "row".into(), output: 0, bound: 1 << 61 };
    assert_eq!(refusal(|m| fill(m, 128, -MAGNITUDE)), expected);
}

#[test]
fn class_indices_are_only_outputs() {
    let relu = Layer { node: "after".into(), kind: LayerKind::Relu { inputs: vec![6] } };
    let expected = ModelError::IndexOperand { node: "after".into(), id: 6 };
    assert_eq!(refusal(|m| m.layers.push(relu)), expected);
    let (got, postprocess) = ("is a class index", Postprocess::None);
    assert_eq!(refusal(|m| m.outputs[1] = 6), ModelError::OutputKind { output: 1, got, postprocess });
    let (got, postprocess) = ("is a fixed-point number", Postprocess::Index);
    let mixed = |m: &mut QuantisedModel| {
        m.postprocess = Postprocess::Index;
        m.outputs = vec![6, 5];
    };
    assert_eq!(refusal(mixed), ModelError::OutputKind { output: 1, got, postprocess });
}

#[test]
fn values_after_class_indices_are_no_indices() {
    let mut model = model();
    model.layers.push(Layer { node: "after".into(), kind: LayerKind::Relu { inputs: vec![5] } });
    model.outputs[1] = 7;
    assert_eq!(model.validate(), Ok(()));
}

#[test]
fn outputs_must_exist_and_fill_their_shape() {
    let expected = ModelError::UndefinedOutput { output: 0, id: 7, defined: 7 };
    assert_eq!(refusal(|m| m.outputs[0] = 7), expected);
    assert_eq!(refusal(|m| m.outputs.truncate(1)), ModelError::OutputCount { expected: 2, got: 1 });
}

#[test]
fn messages_carry_their_codes() {
    for error in [refusal(|m| m.scale_bits = 0), refusal(|m| row(m).clear()), refusal(|m| m.outputs[0] = 7)] {
        assert!(error.to_string().starts_with(&format!("[{}]", error.code())), "{error}");
    }
}

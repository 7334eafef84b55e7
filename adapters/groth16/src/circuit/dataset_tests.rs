//! The trained models of the fixtures over their data sets: circuit against reference execution, some inferences proven.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sheaf_model::{QuantisedModel, onnx, reference};
use sheaf_statement::InputVisibility;

use super::testing::{violated, violated_rows};
use super::{Circuit, CircuitSize};
use crate::values::scalar_to_signed;
use crate::{Groth16Program, verify_proof, word_to_signed};

const SCALE_BITS: u32 = 12;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

fn model(name: &str) -> QuantisedModel {
    let bytes = std::fs::read(fixtures().join(format!("models/{name}.onnx"))).unwrap();
    onnx::compile(&bytes, SCALE_BITS).unwrap()
}

/// Every `stride`-th row of a data set, quantised.
fn inputs(model: &QuantisedModel, data: &str, stride: usize) -> Vec<Vec<i64>> {
    let bytes = std::fs::read(fixtures().join(format!("data/{data}.json"))).unwrap();
    let data: Value = serde_json::from_slice(&bytes).unwrap();
    let scale = data["scale"].as_f64().unwrap();
    let row = |row: &Value| {
        let row: Vec<f64> = row.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() / scale).collect();
        reference::quantise_input(model, &row).unwrap()
    };
    data["inputs"].as_array().unwrap().iter().step_by(stride).map(row).collect()
}

fn check(name: &str, data: &str, stride: usize) {
    let model = model(name);
    CircuitSize::of(&model, InputVisibility::Public).check().unwrap();
    let circuit = Circuit::new(&model, true);
    for (index, input) in inputs(&model, data, stride).iter().enumerate() {
        let assignment = circuit.assign(input);
        let rows =
            if index == 0 { violated(&circuit, &assignment) } else { violated_rows(&circuit, &assignment) };
        assert!(rows.is_empty(), "{name}, row {}: {rows:?}", index * stride);
        let outputs: Option<Vec<i64>> =
            circuit.outputs(&assignment).iter().map(|word| scalar_to_signed(*word)).collect();
        let expected = reference::execute(&model, input).unwrap().outputs;
        assert_eq!(outputs, Some(expected), "{name}, row {}", index * stride);
    }
}

/// Proves one input and reads the verified statement back.
fn prove(name: &str, data: &str, visibility: InputVisibility) {
    let program = Groth16Program::setup(model(name), visibility).unwrap();
    let input = inputs(program.model(), data, 7).swap_remove(1);
    let inference = program.prove(&input).unwrap();
    assert_eq!(inference.outputs, reference::execute(program.model(), &input).unwrap().outputs);
    let verified = verify_proof(&inference.document.to_json()).unwrap();
    let words = verified.statement.public_inputs().words();
    let values: Option<Vec<i64>> = words.iter().map(|word| word_to_signed(*word)).collect();
    let shown = if visibility == InputVisibility::Public { input } else { Vec::new() };
    assert_eq!(values, Some([shown, inference.outputs].concat()), "{name}");
    assert_eq!(verified.statement.vk(), program.vk());
}

#[test]
fn iris_mlp() {
    check("iris_mlp", "iris", 1);
    prove("iris_mlp", "iris", InputVisibility::Public);
}

#[test]
fn iris_softmax() {
    check("iris_softmax", "iris", 1);
    prove("iris_softmax", "iris", InputVisibility::Private);
}

#[test]
fn digits_mlp() {
    check("digits_mlp", "digits", 40);
    prove("digits_mlp", "digits", InputVisibility::Public);
}

#[test]
fn digits_argmax() {
    check("digits_argmax", "digits", 40);
    prove("digits_argmax", "digits", InputVisibility::Private);
}

#[test]
fn digits_cnn() {
    check("digits_cnn", "digits", 40);
    prove("digits_cnn", "digits", InputVisibility::Public);
}

#[test]
fn digits_cnn_avg() {
    check("digits_cnn_avg", "digits", 60);
}

#[test]
fn digits_cnn_nhwc() {
    check("digits_cnn_nhwc", "digits", 60);
}

#[test]
fn digits_residual() {
    check("digits_residual", "digits", 60);
    prove("digits_residual", "digits", InputVisibility::Public);
}

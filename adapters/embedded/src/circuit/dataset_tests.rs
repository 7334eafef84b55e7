//! The trained models over their whole data sets: the circuit's own computation, the plain-Rust reference and the float
//! runtime's recorded outputs.

use std::path::{Path, PathBuf};

use serde_json::Value;
use sheaf_plonky2::Profile;
use sheaf_plonky2::engine::FastEngine;

use crate::program::{InputVisibility, Program, ProgramOptions, WeightVisibility};
use sheaf_model::error_bound::error_bound;
use sheaf_model::onnx;
use sheaf_model::{Postprocess, reference};

/// Slack for the runtime's own float32 arithmetic and for its recorded digits (seven).
const FLOAT_SLACK: f64 = 2e-5;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

fn json(path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(fixtures().join(path)).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(items) => items.iter().map(|item| item.as_f64().unwrap()).collect(),
        other => vec![other.as_f64().unwrap()],
    }
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap().iter().map(numbers).collect()
}

/// Every sample through the circuit's witness, whose values are what a proof would say; every `stride`-th is proven.
fn check(name: &str, data: &str, stride: usize) {
    let bytes = std::fs::read(fixtures().join(format!("models/{name}.onnx"))).unwrap();
    let model = onnx::compile(&bytes, 12).unwrap();
    let options = ProgramOptions {
        profile: Profile::Standard,
        input: InputVisibility::Public,
        weights: WeightVisibility::Public,
    };
    let program = Program::compile(model.clone(), options).unwrap();
    let verifier = program.key().verifier().unwrap();
    let data = json(&format!("data/{data}.json"));
    let scale = data["scale"].as_f64().unwrap();
    let recorded = json(&format!("data/{name}.outputs.json"));
    let recorded = recorded.get("outputs").unwrap_or(&recorded);
    let inputs = rows(&data["inputs"]);
    assert_eq!(inputs.len(), recorded.as_array().unwrap().len());
    let mut agreeing = 0;
    for (index, (input, float)) in inputs.iter().zip(rows(recorded)).enumerate() {
        let input: Vec<f64> = input.iter().map(|value| value / scale).collect();
        let quantised = reference::quantise_input(&model, &input).unwrap();
        let execution = reference::execute(&model, &quantised).unwrap();
        let (_, inference) = program.witness(&quantised, None, None).unwrap();
        assert_eq!(inference.outputs, execution.outputs, "{name}, sample {index}");
        if index % stride == 0 {
            let proven = program.prove(&FastEngine::new(), &quantised).unwrap();
            assert_eq!(proven.outputs, execution.outputs, "{name}, sample {index}");
            let values: Vec<_> = proven.public_values.iter().copied().map(field).collect();
            verifier.verify(&values, &proven.proof).unwrap();
        }
        match model.postprocess {
            Postprocess::Index => {
                agreeing += usize::from(execution.outputs[0] == float[0] as i64);
            }
            _ => {
                let outputs = reference::dequantise(&model, &execution.outputs);
                let bounds = error_bound(&model, &execution);
                let outputs = match model.postprocess {
                    Postprocess::None => outputs,
                    // Outside the circuit; Lipschitz in the maximum norm with constant at most 1 (2 for its logarithm).
                    Postprocess::Softmax => softmax(&outputs),
                    _ => softmax(&outputs).iter().map(|p| p.ln()).collect(),
                };
                let bound = bounds.into_iter().fold(0.0, f64::max)
                    * 2.0_f64.powi(i32::from(model.postprocess == Postprocess::LogSoftmax));
                for (ours, theirs) in outputs.iter().zip(&float) {
                    let slack = FLOAT_SLACK * theirs.abs().max(1.0);
                    assert!(
                        (ours - theirs).abs() <= bound + slack,
                        "{name}, sample {index}: {ours} and {theirs}, bound {bound}"
                    );
                }
                agreeing += usize::from(greatest(&outputs) == greatest(&float));
            }
        }
    }
    // Fixed point may only change a prediction where the float model itself hardly decides.
    assert!(
        agreeing * 1000 >= inputs.len() * 995,
        "{name}: {agreeing} of {} predictions agree",
        inputs.len()
    );
}

fn field(value: u64) -> sheaf_plonky2::F {
    plonky2::field::types::Field::from_canonical_u64(value)
}

fn softmax(values: &[f64]) -> Vec<f64> {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = values.iter().map(|value| (value - top).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.into_iter().map(|e| e / sum).collect()
}

fn greatest(values: &[f64]) -> usize {
    (0..values.len()).fold(0, |best, index| if values[index] > values[best] { index } else { best })
}

#[test]
fn iris_mlp() {
    check("iris_mlp", "iris", 30);
}

#[test]
fn iris_softmax() {
    check("iris_softmax", "iris", 75);
}

#[test]
fn digits_mlp() {
    check("digits_mlp", "digits", 600);
}

#[test]
fn digits_cnn() {
    check("digits_cnn", "digits", 600);
}

#[test]
fn digits_cnn_avg() {
    check("digits_cnn_avg", "digits", 900);
}

#[test]
fn digits_cnn_nhwc() {
    check("digits_cnn_nhwc", "digits", 900);
}

#[test]
fn digits_argmax() {
    check("digits_argmax", "digits", 900);
}

#[test]
fn digits_residual() {
    check("digits_residual", "digits", 900);
}

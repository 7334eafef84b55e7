//! Models and inputs that scenarios use.

use serde_json::{Value, json};

use crate::common::fixture;

/// Age at which batches close here, in milliseconds.
pub(crate) const BATCHES_SOON: u64 = 200;

/// A model's ONNX file.
pub(crate) fn onnx(name: &str) -> Vec<u8> {
    std::fs::read(fixture(&format!("models/{name}.onnx"))).unwrap()
}

/// An input of a model, from the data that it was trained on: every index another one.
pub(crate) fn input(model: &str, index: usize) -> Vec<f64> {
    let set = model.split('_').next().unwrap();
    let data: Value =
        serde_json::from_slice(&std::fs::read(fixture(&format!("data/{set}.json"))).unwrap()).unwrap();
    let scale = data["scale"].as_f64().unwrap();
    let values = data["inputs"][index].as_array().unwrap();
    let mut values: Vec<f64> = values.iter().map(|value| value.as_f64().unwrap() / scale).collect();
    // Some rows of the data are equal; a step of 2^-7 in one value makes every input another statement.
    values[0] += index as f64 / 128.0;
    values
}

/// A job for the prover that takes milliseconds.
pub(crate) fn attested(model: &str, input: &[f64]) -> Value {
    json!({ "model": model, "input": input, "min_trust_tier": "attested", "objective": "cheapest" })
}

/// A job whose proof goes into the recursion.
pub(crate) fn proven(model: &str, input: &[f64]) -> Value {
    json!({ "model": model, "input": input, "min_trust_tier": "proven" })
}

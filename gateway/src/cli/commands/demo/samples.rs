//! The demo's models and samples: real ones, part of the binary, so that the demo needs no files.

use serde::Deserialize;

use crate::refusal::FileError;

const IRIS: &str = include_str!("../../../../../tests/fixtures/data/iris.json");
const DIGITS: &str = include_str!("../../../../../tests/fixtures/data/digits.json");

/// A model with the data set that it was trained on.
pub(super) struct Model {
    pub(super) name: &'static str,
    pub(super) onnx: &'static [u8],
    data: &'static str,
}

pub(super) const MODELS: [Model; 4] = [
    Model {
        name: "iris_mlp",
        onnx: include_bytes!("../../../../../tests/fixtures/models/iris_mlp.onnx"),
        data: IRIS,
    },
    Model {
        name: "digits_mlp",
        onnx: include_bytes!("../../../../../tests/fixtures/models/digits_mlp.onnx"),
        data: DIGITS,
    },
    Model {
        name: "digits_cnn",
        onnx: include_bytes!("../../../../../tests/fixtures/models/digits_cnn.onnx"),
        data: DIGITS,
    },
    Model {
        name: "digits_argmax",
        onnx: include_bytes!("../../../../../tests/fixtures/models/digits_argmax.onnx"),
        data: DIGITS,
    },
];

/// A data set as `tests/fixtures/data` holds it: the model's input is `inputs / scale`.
#[derive(Deserialize)]
struct DataSet {
    scale: f64,
    test_rows: Vec<usize>,
    labels: Vec<usize>,
    inputs: Vec<Vec<f64>>,
}

/// A held-out sample and what it is.
pub(super) struct Sample {
    pub(super) input: Vec<f64>,
    pub(super) label: usize,
}

/// The first held-out samples of a model's data set.
pub(super) fn samples(model: &Model, count: usize) -> Result<Vec<Sample>, FileError> {
    let data: DataSet = serde_json::from_str(model.data)
        .map_err(|error| FileError::Demo { reason: format!("data set of {}: {error}", model.name) })?;
    Ok(data
        .test_rows
        .iter()
        .take(count)
        .map(|row| Sample {
            input: data.inputs[*row].iter().map(|value| value / data.scale).collect(),
            label: data.labels[*row],
        })
        .collect())
}

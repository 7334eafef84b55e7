//! Models and requests for tests.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sheaf_adapter::{AttemptId, CompiledProgram, ProgramRef, ProveRequest};
use sheaf_model::{
    Layer, LayerKind, Operand, Origin, Postprocess, QuantisedModel, Term, Weight, onnx, reference,
};
use sheaf_statement::InputVisibility;

const SCALE_BITS: u32 = 12;

fn fixture(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures").join(path)).unwrap()
}

/// A trained model, and an input that it was trained on.
pub(crate) fn trained(name: &str) -> (Arc<QuantisedModel>, Vec<i64>) {
    let model = onnx::compile(&fixture(&format!("models/{name}.onnx")), SCALE_BITS).unwrap();
    let input: serde_json::Value =
        serde_json::from_slice(&fixture(&format!("inputs/{name}_0.json"))).unwrap();
    let input: Vec<f64> =
        input["input_data"][0].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    let input = reference::quantise_input(&model, &input).unwrap();
    (Arc::new(model), input)
}

/// An input in range with which the model leaves the range.
pub(crate) fn overflowing(model: &QuantisedModel) -> Vec<i64> {
    let largest = vec![(1 << 27) - 1; model.input_count()];
    assert!(reference::execute(model, &largest).is_err());
    largest
}

/// A linear layer of two inputs and so many sums, of which three are outputs. Its circuit has a row for two of them.
pub(crate) fn wide(sums: u32) -> (Arc<QuantisedModel>, Vec<i64>) {
    let weights = (0..3 * i64::from(sums))
        .map(|i| Weight { value: i * 37 % 500 - 250, origin: Origin::Parameter })
        .collect();
    let row = |row: u32| {
        vec![
            Term { operand: Operand::Value(0), weight: 3 * row },
            Term { operand: Operand::Value(1), weight: 3 * row + 1 },
            Term { operand: Operand::One, weight: 3 * row + 2 },
        ]
    };
    let model = QuantisedModel {
        model_digest: [7; 32],
        scale_bits: 8,
        input_shape: vec![1, 2],
        output_shape: vec![1, 3],
        weights,
        layers: vec![Layer {
            node: "linear".to_owned(),
            kind: LayerKind::Linear { rows: (0..sums).map(row).collect(), relu: true },
        }],
        outputs: vec![2, 3, 4],
        postprocess: Postprocess::None,
    };
    (Arc::new(model), vec![300, -700])
}

/// Stores a program as the gateway does.
pub(crate) fn store(folder: &Path, program: &CompiledProgram, visibility: InputVisibility) -> ProgramRef {
    let package = folder.join(program.vk.to_string());
    std::fs::write(&package, &program.package).unwrap();
    ProgramRef { vk: program.vk, package, visibility }
}

pub(crate) fn request(program: &ProgramRef, input: &[i64]) -> ProveRequest {
    ProveRequest {
        attempt: AttemptId("attempt".to_owned()),
        program: program.clone(),
        input: Arc::new(input.to_vec()),
        time_left: Duration::from_secs(600),
    }
}

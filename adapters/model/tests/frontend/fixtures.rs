//! The trained models under `tests/fixtures`, and those there that must be refused.

use std::path::Path;

use sheaf_model::onnx::compile;

use crate::compare::{SCALE_BITS, compare, tract};
use crate::protos::Random;

fn folder(name: &str) -> Vec<(String, Vec<u8>)> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures"));
    let mut files: Vec<_> = std::fs::read_dir(path.join(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "onnx"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no models in {name}");
    files
}

#[test]
fn trained_models_agree_with_the_runtime() {
    use sheaf_model::Postprocess;
    for (name, bytes) in folder("models") {
        let model = compile(&bytes, SCALE_BITS).unwrap_or_else(|error| panic!("{name}: {error}"));
        let shape: Vec<usize> = model.input_shape.iter().map(|&d| d as usize).collect();
        let worst = vec![f64::INFINITY; model.outputs.len()];
        for seed in 0..3 {
            let input: Vec<f32> =
                Random::new(seed).vector(model.input_count()).iter().map(|x| x.abs()).collect();
            // Softmax is applied by tract and not by us; everything before it is compared in `outputs`.
            if matches!(model.postprocess, Postprocess::None | Postprocess::Index) {
                let expected = tract(&bytes, &shape, &input);
                let bound = std::panic::catch_unwind(|| compare(&model, &input, &expected, &worst));
                assert!(bound.is_ok(), "{name} differs from the runtime");
            }
        }
    }
}

#[test]
fn defective_models_are_refused_for_their_defect() {
    let expected = [
        ("batch_of_two", "SH-ONX-009", "\"x\""),
        ("external_data", "SH-ONX-013", "\"w1\""),
        ("float16_input", "SH-ONX-010", "FLOAT16"),
        ("float16_weights", "SH-ONX-010", "\"w1\""),
        ("huge_dimension", "SH-ONX-001", "\"w1\""),
        ("int64_weights", "SH-ONX-010", "dense1"),
        ("lstm_node", "SH-ONX-017", "recurrent"),
        ("nan_weight", "SH-ONX-014", "\"w1\""),
        ("short_raw_data", "SH-ONX-012", "\"w1\""),
        ("sigmoid_hidden_act", "SH-ONX-017", "hidden_act"),
        ("symbolic_image_size", "SH-ONX-008", "height"),
        ("two_inputs", "SH-ONX-005", "\"x2\""),
        ("two_outputs", "SH-ONX-006", "\"h\""),
        ("undefined_tensor", "SH-ONX-016", "\"nowhere\""),
        ("unknown_domain_op", "SH-ONX-017", "com.example::Relu"),
        ("weight_too_large", "SH-ONX-023", "dense1"),
    ];
    let files = folder("refused");
    for (name, code, mention) in expected {
        let (_, bytes) =
            files.iter().find(|(file, _)| file == name).unwrap_or_else(|| panic!("no {name}.onnx"));
        let error = compile(bytes, 12).unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains(mention), "{name}: {error}");
    }
    for (name, bytes) in &files {
        assert!(compile(bytes, 12).is_err(), "{name} was accepted");
    }
}

//! The whole line through the command: models, proofs, batches of every size, receipts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step fails the scenario"
)]

mod common;

use common::{accepted, aggregate, compile, fixture, prove, prove_file, refused, text};

/// Proofs of one model for as many distinct inputs as wanted, from its data set.
fn proofs(name: &str, data: &str, count: usize, folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let program = compile(name, folder, &[]);
    let data: serde_json::Value =
        serde_json::from_slice(&std::fs::read(fixture(&format!("data/{data}.json"))).unwrap()).unwrap();
    let scale = data["scale"].as_f64().unwrap();
    (0..count)
        .map(|index| {
            let input: Vec<f64> = data["inputs"][index]
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_f64().unwrap() / scale)
                .collect();
            let path = folder.join(format!("{name}_{index}.input.json"));
            std::fs::write(&path, serde_json::json!({ "input_data": [input] }).to_string()).unwrap();
            prove_file(&program, &path, &folder.join(format!("{name}_{index}.proof.json")))
        })
        .collect()
}

#[test]
fn batches_of_every_size_and_mixture_are_verified_by_their_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = proofs("digits_cnn", "digits", 6, folder.path());
    all.extend(proofs("iris_mlp", "iris", 5, folder.path()));
    all.extend(proofs("digits_argmax", "digits", 6, folder.path()));
    for size in [1, 2, 3, 5, 17] {
        let out = folder.path().join(format!("batch{size}"));
        let receipts = aggregate(&all[..size], &out);
        assert_eq!(receipts.len(), size);
        let mut args = vec!["verify"];
        args.extend(receipts.iter().map(|path| text(path)));
        let verdict = accepted(&args);
        assert_eq!(verdict["valid"], true);
        assert_eq!(verdict["receipts"].as_array().unwrap().len(), size);
    }
    // A receipt does not go with another batch's aggregate.
    let receipt =
        std::fs::read_dir(folder.path().join("batch2/receipts")).unwrap().next().unwrap().unwrap().path();
    let other = folder.path().join("batch3/aggregate.json");
    assert_eq!(refused(&["verify", text(&receipt), "--aggregate", text(&other)]), "SH-RCP-010");
}

#[test]
fn a_receipt_is_bound_to_its_program() {
    let folder = tempfile::tempdir().unwrap();
    let iris = compile("iris_mlp", folder.path(), &[]);
    let softmax = compile("iris_softmax", folder.path(), &[]);
    let proof = prove("iris_mlp", &iris, 0, folder.path());
    let receipts = aggregate(&[proof], &folder.path().join("batch"));
    accepted(&["verify", text(&receipts[0]), "--program", text(&iris)]);
    assert_eq!(refused(&["verify", text(&receipts[0]), "--program", text(&softmax)]), "SH-RCP-008");
}

#[test]
fn compiling_again_gives_the_same_program_id() {
    let folder = tempfile::tempdir().unwrap();
    let ids: Vec<String> = ["a", "b"]
        .iter()
        .map(|name| {
            let out = folder.path().join(name);
            let model = fixture("models/digits_mlp.onnx");
            let value = accepted(&["model", "compile", text(&model), "--out", text(&out)]);
            value["program"]["vk"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn hidden_inputs_and_weights_prove_and_aggregate_with_public_ones() {
    let folder = tempfile::tempdir().unwrap();
    let hidden = compile("iris_mlp", folder.path(), &["--input", "committed", "--weights", "private"]);
    let public = compile("iris_mlp", folder.path(), &[]);
    let proof = folder.path().join("hidden.proof.json");
    let input = fixture("inputs/iris_mlp_1.json");
    prove_file(&hidden, &input, &proof);
    // The commitment's opening is written beside the proof, and nothing of the input is in the statement.
    assert!(folder.path().join("hidden.proof.opening.json").is_file());
    let inspected = accepted(&["inspect", text(&proof)]);
    assert_eq!(inspected["content"]["public_inputs"].as_array().unwrap().len(), 4 + 3);
    let other = prove("iris_mlp", &public, 1, folder.path());
    let receipts = aggregate(&[proof, other], &folder.path().join("batch"));
    for receipt in &receipts {
        accepted(&["verify", text(receipt)]);
    }
}

#[test]
fn overflow_of_the_fixed_point_range_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile("iris_mlp", folder.path(), &["--scale-bits", "16"]);
    let out = folder.path().join("proof.json");
    for (values, code) in [("[1e5, 0, 0, 0]", "SH-REF"), ("[2000, 2000, 2000, 2000]", "SH-EMB-008")] {
        let input = folder.path().join("input.json");
        std::fs::write(&input, format!("{{\"input_data\": [{values}]}}")).unwrap();
        let got =
            refused(&["prove", "--program", text(&program), "--input", text(&input), "--out", text(&out)]);
        assert!(got.starts_with(code), "{values}: {got}");
        assert!(!out.exists());
    }
}

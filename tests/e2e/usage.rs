//! Exit codes and the shape of the command line.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step fails the scenario"
)]

mod common;

use common::{accepted, fixture, refused, sheaf, text};

#[test]
fn wrong_usage_exits_with_two() {
    for args in [
        vec![],
        vec!["prove"],
        vec!["aggregate", "--out", "x"],
        vec!["verify"],
        vec!["nonsense"],
        vec!["model", "compile", "x.onnx", "--out", "y", "--scale-bits", "0"],
        vec!["model", "compile", "x.onnx", "--out", "y", "--scale-bits", "17"],
        vec!["model", "compile", "x.onnx", "--out", "y", "--input", "secret"],
    ] {
        let output = sheaf(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn missing_files_are_refused_by_name() {
    assert_eq!(refused(&["verify", "no/such/receipt.json"]), "SH-CLI-005");
    assert_eq!(refused(&["inspect", "no/such/file"]), "SH-CLI-001");
    let output = sheaf(["inspect", "no/such/file"]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("SH-CLI-001") && stderr.contains("no/such/file"), "{stderr}");
    assert!(output.stdout.is_empty());
}

#[test]
fn unsupported_models_are_refused_with_the_node() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("program");
    let model = fixture("refused/sigmoid_hidden_act.onnx");
    let output = sheaf(["model", "compile", text(&model), "--out", text(&out)]);
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("hidden_act") && stderr.contains("SH-ONX-017"), "{stderr}");
    assert!(!out.exists());
}

#[test]
fn inspect_names_what_a_file_is() {
    let model = fixture("models/digits_cnn.onnx");
    assert_eq!(accepted(&["inspect", text(&model)])["kind"], "ONNX model");
}

#[test]
fn completions_and_help_go_to_standard_output() {
    for args in [vec!["completions", "bash"], vec!["--help"], vec!["--version"]] {
        let output = sheaf(&args);
        assert!(output.status.success() && !output.stdout.is_empty(), "{args:?}");
    }
}

#[test]
fn security_holds_for_every_profile() {
    let value = accepted(&["security"]);
    assert_eq!(value["profiles"].as_array().unwrap().len(), 2);
}

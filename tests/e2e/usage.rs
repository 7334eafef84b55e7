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
        vec!["setup"],
        vec!["setup", "init", "--out", "x"],
        vec!["setup", "contribute", "x", "--out", "y"],
        vec!["setup", "contribute", "x", "--out", "y", "--name", ""],
        vec!["setup", "contribute", "x", "--out", "y", "--name", "a\u{1b}[2J"],
        vec!["setup", "beacon", "x", "--out", "y", "--iterations-log2", "10", "--value", ""],
        vec!["setup", "beacon", "x", "--out", "y", "--iterations-log2", "10", "--value", "0xabc"],
        vec!["setup", "beacon", "x", "--out", "y", "--iterations-log2", "31", "--value", "0xab"],
        vec!["setup", "verify", "x"],
        vec!["setup", "finish", "x"],
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

/// Before the circuit is built, which takes its time.
#[test]
fn ceremonies_without_their_files_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (there, new) = (folder.path().join("there"), folder.path().join("new"));
    std::fs::write(&there, "not a ceremony").unwrap();
    let (there, new) = (text(&there), text(&new));
    for (code, args) in [
        ("SH-CLI-001", vec!["setup", "init", "--powers", "no/such.ptau", "--out", new]),
        ("SH-CLI-010", vec!["setup", "init", "--powers", there, "--out", there]),
        ("SH-CLI-001", vec!["setup", "contribute", "no/such", "--out", new, "--name", "somebody"]),
        ("SH-CLI-004", vec!["setup", "contribute", there, "--out", new, "--name", "somebody"]),
        ("SH-CLI-010", vec!["setup", "contribute", there, "--out", there, "--name", "somebody"]),
        ("SH-CLI-001", vec!["setup", "verify", there, "--powers", "no/such.ptau"]),
        ("SH-CLI-004", vec!["setup", "verify", there, "--powers", there]),
        ("SH-CLI-004", vec!["setup", "finish", there, "--powers", there]),
    ] {
        assert_eq!(refused(&args), code, "{args:?}");
    }
    assert_eq!(std::fs::read(there).unwrap(), b"not a ceremony");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
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

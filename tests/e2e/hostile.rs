//! Bytes from outside: random, truncated and altered models, proofs, keys and receipts, through the command.
//!
//! Thousands of alterations run in the libraries' own tests; here a sample of each goes through the sandboxed process,
//! where an error must be a coded refusal and the command itself must not crash.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step fails the scenario"
)]

mod common;

use std::path::{Path, PathBuf};

use common::{aggregate, compile, fixture, json, prove, refused, text};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

fn altered(bytes: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match random.random_range(0..4) {
        0 => bytes.truncate(random.random_range(0..bytes.len())),
        1 => {
            let index = random.random_range(0..bytes.len());
            bytes[index] ^= 1 << random.random_range(0..8);
        }
        2 => bytes.extend((0..random.random_range(1..64)).map(|_| random.random::<u8>())),
        _ => {
            let length = random.random_range(1..bytes.len());
            bytes = (0..length).map(|_| random.random()).collect();
        }
    }
    bytes
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn altered_models_are_refused_or_compiled_never_crash() {
    let folder = tempfile::tempdir().unwrap();
    let model = std::fs::read(fixture("models/iris_mlp.onnx")).unwrap();
    let mut random = StdRng::seed_from_u64(1);
    for _ in 0..40 {
        let path = write(folder.path(), "model.onnx", &altered(&model, &mut random));
        let out = folder.path().join("out");
        let (code, value) = json(&["model", "compile", text(&path), "--out", text(&out)]);
        assert!(code == 0 || value["error"]["code"].as_str().unwrap().starts_with("SH-"), "{value}");
    }
}

#[test]
fn altered_proofs_keys_aggregates_and_receipts_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile("iris_mlp", folder.path(), &[]);
    let proof = prove("iris_mlp", &program, 0, folder.path());
    let out = folder.path().join("batch");
    let receipt = aggregate(std::slice::from_ref(&proof), &out).remove(0);
    let mut random = StdRng::seed_from_u64(2);

    let bytes = std::fs::read(&proof).unwrap();
    for _ in 0..25 {
        let path = write(folder.path(), "altered.json", &altered(&bytes, &mut random));
        let target = folder.path().join("never");
        assert!(refused(&["aggregate", text(&path), "--out", text(&target)]).starts_with("SH-"));
        assert!(!target.exists());
    }
    let bytes = std::fs::read(&receipt).unwrap();
    let aggregate_path = out.join("aggregate.json");
    for _ in 0..25 {
        let path = write(folder.path(), "receipt.json", &altered(&bytes, &mut random));
        assert!(refused(&["verify", text(&path), "--aggregate", text(&aggregate_path)]).starts_with("SH-"));
    }
    let bytes = std::fs::read(&aggregate_path).unwrap();
    for _ in 0..25 {
        let path = write(folder.path(), "aggregate.json", &altered(&bytes, &mut random));
        assert!(refused(&["verify", text(&receipt), "--aggregate", text(&path)]).starts_with("SH-"));
    }
    let bytes = std::fs::read(program.join("key.json")).unwrap();
    for _ in 0..15 {
        let path = write(folder.path(), "key.json", &altered(&bytes, &mut random));
        assert!(refused(&["verify", text(&receipt), "--program", text(&path)]).starts_with("SH-"));
    }
}

#[test]
fn a_key_of_an_enormous_shape_is_refused_within_the_limits() {
    let folder = tempfile::tempdir().unwrap();
    let program = compile("iris_mlp", folder.path(), &[]);
    let proof = prove("iris_mlp", &program, 0, folder.path());
    let mut document: serde_json::Value = serde_json::from_slice(&std::fs::read(&proof).unwrap()).unwrap();
    for degree_bits in [0, 7, 17, 18, 40, 64, 1 << 20] {
        document["program"]["shape"]["degree_bits"] = degree_bits.into();
        let path = write(folder.path(), "shape.json", document.to_string().as_bytes());
        let target = folder.path().join("never");
        assert!(refused(&["aggregate", text(&path), "--out", text(&target)]).starts_with("SH-"));
    }
}

#[test]
fn the_sandboxed_process_survives_nonsense_requests() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    let mut random = StdRng::seed_from_u64(3);
    for length in [0, 1, 7, 100, 5000] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sheaf"))
            .arg("sandbox-child")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let bytes: Vec<u8> = (0..length).map(|_| random.random()).collect();
        let _ = child.stdin.take().unwrap().write_all(&bytes);
        let status = child.wait().unwrap();
        assert!(status.code().is_some(), "ended by a signal: {status}");
    }
}

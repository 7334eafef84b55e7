//! Running the `sheaf` binary as a script would.

#![allow(dead_code, reason = "each scenario uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

pub(crate) fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(path)
}

/// Circuits are built once for all scenarios and kept in the target folder.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("sheaf-cache")
}

pub(crate) fn sheaf<I: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = I>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sheaf")).args(args).env("SHEAF_CACHE_DIR", cache()).output().unwrap()
}

/// Runs with `--json` and returns exit code and the one object printed.
pub(crate) fn json(args: &[&str]) -> (i32, Value) {
    let output = sheaf(args.iter().copied().chain(["--json"]));
    let code = output.status.code().expect("ended by itself");
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("not one JSON object: {text:?}"));
    (code, value)
}

pub(crate) fn accepted(args: &[&str]) -> Value {
    let (code, value) = json(args);
    assert_eq!(code, 0, "{args:?}: {value}");
    value
}

/// The code of a refusal.
pub(crate) fn refused(args: &[&str]) -> String {
    let (code, value) = json(args);
    assert_eq!(code, 1, "{args:?}: {value}");
    value["error"]["code"].as_str().unwrap_or_else(|| panic!("no code in {value}")).to_owned()
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Compiles a fixture model.
pub(crate) fn compile(name: &str, folder: &Path, extra: &[&str]) -> PathBuf {
    let out = folder.join(format!("{name}{}", extra.concat()));
    let model = fixture(&format!("models/{name}.onnx"));
    let args = [&["model", "compile", text(&model), "--out", text(&out)], extra].concat();
    accepted(&args);
    out
}

/// Proves one of a model's sample inputs.
pub(crate) fn prove(name: &str, program: &Path, sample: usize, folder: &Path) -> PathBuf {
    let input = fixture(&format!("inputs/{name}_{sample}.json"));
    prove_file(program, &input, &folder.join(format!("{name}_{sample}.proof.json")))
}

pub(crate) fn prove_file(program: &Path, input: &Path, out: &Path) -> PathBuf {
    accepted(&["prove", "--program", text(program), "--input", text(input), "--out", text(out)]);
    out.to_owned()
}

/// Aggregates proofs and returns the folder and its receipts.
pub(crate) fn aggregate(proofs: &[PathBuf], out: &Path) -> Vec<PathBuf> {
    let mut args = vec!["aggregate", "--out", text(out)];
    args.extend(proofs.iter().map(|path| text(path)));
    accepted(&args);
    let mut receipts: Vec<PathBuf> =
        std::fs::read_dir(out.join("receipts")).unwrap().map(|entry| entry.unwrap().path()).collect();
    receipts.sort();
    receipts
}

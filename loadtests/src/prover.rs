//! The embedded prover beside EZKL.
//!
//! Both prove with public input and output and the weights fixed in the key. Both columns measure proving from what is
//! stored on disk: for Sheaf decoding the model and the prover data and proving; for EZKL its `prove` step. Generating
//! the witness is part of the former and a step of its own in the latter, whose cost is added.

use std::path::Path;
use std::process::Command;

use serde_json::Value;
use sheaf_embedded::{InputVisibility, Program, ProgramOptions, WeightVisibility};
use sheaf_model::{QuantisedModel, onnx, reference};
use sheaf_plonky2::Profile;
use sheaf_plonky2::engine::FastEngine;

use crate::BenchError;
use crate::measure::{cpu, fixture, line, median, note};

const MODELS: [&str; 3] = ["iris_mlp", "digits_mlp", "digits_cnn"];
const SCALE_BITS: u32 = 12;

struct Figures {
    compile: f64,
    prove: f64,
    verify: f64,
    bytes: usize,
}

pub(crate) fn run(ezkl: Option<&Path>, reps: usize) -> Result<(), BenchError> {
    let theirs = match ezkl {
        Some(python) => Some(run_ezkl(python, reps)?),
        None => None,
    };
    line("### Embedded prover beside EZKL (CPU-seconds)\n");
    line(
        "| model | Sheaf compile | Sheaf prove | Sheaf verify | Sheaf proof | EZKL setup | EZKL prove | EZKL verify | EZKL proof | prove, EZKL : Sheaf |",
    );
    line("|---|---|---|---|---|---|---|---|---|---|");
    for (index, name) in MODELS.into_iter().enumerate() {
        note(&format!("proving {name}"));
        let ours = measure(name, reps)?;
        let left = format!(
            "| {name} | {:.2} | {:.3} | {:.3} | {} B |",
            ours.compile, ours.prove, ours.verify, ours.bytes
        );
        let right = match theirs.as_ref().map(|all| &all["models"][index]) {
            Some(model) => {
                let step = |step: &str| model["steps"][step]["cpu_s_median"].as_f64().unwrap_or(f64::NAN);
                let setup = step("setup") + step("compile") + step("calibrate") + step("gen_settings");
                let prove = step("prove") + step("gen_witness");
                format!(
                    " {setup:.2} | {prove:.2} | {:.3} | {} B | **{:.1}** |",
                    step("verify"),
                    model["proof_bytes"],
                    prove / ours.prove
                )
            }
            None => " – | – | – | – | – |".to_owned(),
        };
        line(&format!("{left}{right}"));
    }
    line("");
    Ok(())
}

fn measure(name: &str, reps: usize) -> Result<Figures, BenchError> {
    let path = fixture(&format!("models/{name}.onnx"));
    let bytes =
        std::fs::read(&path).map_err(|source| BenchError::Io { what: path.display().to_string(), source })?;
    let options = ProgramOptions {
        profile: Profile::Standard,
        input: InputVisibility::Public,
        weights: WeightVisibility::Public,
    };
    let (program, compile) = cpu(|| {
        let model = onnx::compile(&bytes, SCALE_BITS).map_err(BenchError::step("compile"))?;
        Program::compile(model, options).map_err(BenchError::step("compile"))
    });
    let program = program?;
    let input = sample(name)?;
    let quantised = reference::quantise_input(program.model(), &input).map_err(BenchError::step("input"))?;
    let model = program.model().to_bytes().map_err(BenchError::step("encode"))?;
    let circuit = program
        .circuit_bytes()
        .ok_or_else(|| BenchError::Step { what: "encode", reason: "prover data".to_owned() })?;

    let engine = FastEngine::new();
    let mut proving = Vec::new();
    let mut verifying = Vec::new();
    let mut bytes = 0;
    for _ in 0..reps {
        let (inference, seconds) = cpu(|| {
            let model = QuantisedModel::from_bytes(&model).map_err(BenchError::step("decode"))?;
            let program = Program::restore(model, options, None, Some(&circuit))
                .map_err(BenchError::step("restore"))?;
            program.prove(&engine, &quantised).map_err(BenchError::step("prove"))
        });
        let inference = inference?;
        proving.push(seconds);
        bytes = inference.proof.len();
        let values: Vec<_> = inference
            .public_values
            .iter()
            .copied()
            .map(plonky2::field::types::Field::from_canonical_u64)
            .collect();
        let (verified, seconds) = cpu(|| {
            let verifier = program.key().verifier().map_err(BenchError::step("key"))?;
            verifier.verify(&values, &inference.proof).map_err(BenchError::step("verify"))
        });
        verified?;
        verifying.push(seconds);
    }
    Ok(Figures { compile, prove: median(proving), verify: median(verifying), bytes })
}

fn sample(name: &str) -> Result<Vec<f64>, BenchError> {
    let path = fixture(&format!("inputs/{name}_0.json"));
    let bytes =
        std::fs::read(&path).map_err(|source| BenchError::Io { what: path.display().to_string(), source })?;
    let value: Value = serde_json::from_slice(&bytes).map_err(BenchError::step("input"))?;
    Ok(value["input_data"][0].as_array().into_iter().flatten().filter_map(Value::as_f64).collect())
}

fn run_ezkl(python: &Path, reps: usize) -> Result<Value, BenchError> {
    note("running EZKL");
    let work = tempfile::tempdir()
        .map_err(|source| BenchError::Io { what: "temporary folder".to_owned(), source })?;
    let mut command = Command::new(python);
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("ezkl/run.py"));
    for name in MODELS {
        command
            .arg("--model")
            .arg(fixture(&format!("models/{name}.onnx")))
            .arg("--input")
            .arg(fixture(&format!("inputs/{name}_0.json")))
            .arg("--calibration")
            .arg(fixture(&format!("inputs/{name}_calibration.json")));
    }
    command.arg("--reps").arg(reps.to_string()).arg("--work").arg(work.path());
    let output =
        command.output().map_err(|source| BenchError::Io { what: python.display().to_string(), source })?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::Step { what: "EZKL", reason });
    }
    serde_json::from_slice(&output.stdout).map_err(BenchError::step("EZKL's figures"))
}

//! `sheaf prove`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sheaf_aggregator::documents::{Document, ProofDocument, ProofVersion};
use sheaf_embedded::{Inference, Program};
use sheaf_model::error_bound::error_bound;
use sheaf_model::reference;
use sheaf_model::{Postprocess, QuantisedModel};
use sheaf_plonky2::engine::FastEngine;
use sheaf_plonky2::hash::Digest;
use sheaf_statement::{ProofSystem, Statement};

use crate::cli::args::ProveArgs;
use crate::cli::files::{self, InputDocument, ProgramDocument};
use crate::cli::report::{Report, Stopwatch};
use crate::refusal::{FileError, Refusal};

pub(crate) fn run(args: &ProveArgs, report: &Report) -> Result<(), Refusal> {
    let watch = Stopwatch::start();
    let (document, program) = files::load_program(&args.program)?;
    let input = read_input(&args.input)?;
    report.progress("proving");
    let proven = prove(&document, &program, &input).map_err(|refusal| refusal.of_file(&args.input))?;
    files::write(&args.out, &proven.document.to_json())?;
    let opening = match &proven.input_salt {
        Some(salt) => Some(write_opening(&args.out, salt, &input)?),
        None => None,
    };
    report.done();
    report.line(format!("proved {} into {}", args.input.display(), args.out.display()));
    report.line(format!("  statement     {}", proven.document.statement.id()));
    report.line(format!("  program id    {}", document.vk));
    for line in describe(&proven.outcome) {
        report.line(format!("  {line}"));
    }
    if let Some(path) = &opening {
        report.line(format!(
            "  opening       {} (keep it: it alone opens the input commitment)",
            path.display()
        ));
    }
    report.result(&json!({
        "statement_id": proven.document.statement.id(),
        "program": document.vk,
        "outcome": proven.outcome,
        "out": args.out,
        "opening": opening,
        "proof_bytes": proven.document.proof.len(),
        "cpu_seconds": watch.cpu_seconds(),
    }));
    Ok(())
}

/// A proof and what it says in the model's own terms.
pub(crate) struct Proven {
    pub(crate) document: ProofDocument,
    pub(crate) outcome: Value,
    pub(crate) input_salt: Option<Digest>,
}

/// Proves one input, given in real numbers, and verifies the proof before returning it.
pub(crate) fn prove(document: &ProgramDocument, program: &Program, input: &[f64]) -> Result<Proven, Refusal> {
    let model = program.model();
    let quantised = reference::quantise_input(model, input)?;
    let inference = program.prove(&FastEngine::new(), &quantised)?;
    let words = &inference.public_values;
    let statement = Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, document.vk, words)?;
    let outcome = outcome(model, &quantised, &inference)?;
    let proof = ProofDocument {
        version: ProofVersion::V1,
        statement,
        program: program.key().clone(),
        proof: inference.proof,
    };
    // Prover data came from a folder that anyone may have touched; nothing unverified leaves this command.
    let circuits = files::circuits();
    sheaf_aggregator::verify::verify_proof(&proof.to_json(), circuits.get(document.shape.profile))?;
    Ok(Proven { document: proof, outcome, input_salt: inference.input_salt })
}

/// What the proven outputs mean, with the bound on their distance from the real-valued model.
fn outcome(model: &QuantisedModel, input: &[i64], inference: &Inference) -> Result<Value, Refusal> {
    if model.postprocess == Postprocess::Index {
        return Ok(json!({ "classes": inference.outputs }));
    }
    let outputs = reference::dequantise(model, &inference.outputs);
    let execution = reference::execute(model, input)?;
    let bound = error_bound(model, &execution).into_iter().fold(0.0, f64::max);
    let greatest = outputs.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(index, _)| index);
    let mut value = json!({ "outputs": outputs, "error_bound": bound, "greatest": greatest });
    if model.postprocess == Postprocess::Softmax {
        let top = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let exponentials: Vec<f64> = outputs.iter().map(|x| (x - top).exp()).collect();
        let sum: f64 = exponentials.iter().sum();
        // Applied to the proven logits by this command; not part of the statement.
        value["softmax_of_outputs"] = exponentials.iter().map(|e| e / sum).collect();
    }
    Ok(value)
}

/// The outcome in lines for people.
fn describe(outcome: &Value) -> Vec<String> {
    if let Some(classes) = outcome.get("classes") {
        return vec![format!("class         {classes}")];
    }
    let outputs = outcome["outputs"].as_array().map_or(0, Vec::len);
    let shown: Vec<String> = outcome["outputs"]
        .as_array()
        .into_iter()
        .flatten()
        .take(16)
        .filter_map(Value::as_f64)
        .map(|x| format!("{x:.4}"))
        .collect();
    let more = if outputs > 16 { ", …" } else { "" };
    let bound = outcome["error_bound"].as_f64().unwrap_or(f64::NAN);
    vec![
        format!("outputs       [{}{more}] ± {bound:.1e}", shown.join(", ")),
        format!("greatest      index {}", outcome["greatest"]),
    ]
}

/// Reads an input file: one list of numbers.
pub(crate) fn read_input(path: &Path) -> Result<Vec<f64>, FileError> {
    let InputDocument { input_data } = files::read_json(path, "input file ({\"input_data\": [[…]]})")?;
    match <[Vec<f64>; 1]>::try_from(input_data) {
        Ok([input]) => Ok(input),
        Err(lists) => Err(FileError::Malformed {
            path: path.to_owned(),
            expected: "input file",
            reason: format!("expected input_data to hold one list, got {}", lists.len()),
        }),
    }
}

/// Writes what opens the input commitment beside the proof, for its owner alone.
fn write_opening(proof: &Path, salt: &Digest, input: &[f64]) -> Result<PathBuf, FileError> {
    let path = proof.with_extension("opening.json");
    let opening = json!({ "version": "sheaf/opening/v1", "salt": salt, "input": input });
    let text = format!("{opening:#}\n");
    files::write_secret(&path, text.as_bytes())?;
    Ok(path)
}

//! `sheaf demo`: the whole line, with real models and samples.
//!
//! Everything here is what the other subcommands do, in a temporary folder: nothing is recorded or simulated. The models
//! and data sets are compiled into the binary, so that the demo needs no files.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use sheaf_aggregator::documents::Document;
use sheaf_embedded::{InputVisibility, ProgramOptions, WeightVisibility};
use sheaf_plonky2::Profile;

use super::{aggregate, model, prove};
use crate::cli::files;
use crate::cli::report::{Report, Stopwatch};
use crate::refusal::{FileError, Refusal};
use crate::sandbox;

/// Fixed-point scale of the demo's programs.
const SCALE_BITS: u32 = 12;
/// Most wrong predictions that a test of twelve samples may show; the models are right in nine of ten.
const MAX_WRONG: usize = 4;

struct Entry {
    name: &'static str,
    onnx: &'static [u8],
    data: &'static str,
    samples: usize,
}

const IRIS: &str = include_str!("../../../../tests/fixtures/data/iris.json");
const DIGITS: &str = include_str!("../../../../tests/fixtures/data/digits.json");

const MODELS: [Entry; 4] = [
    Entry {
        name: "iris_mlp",
        onnx: include_bytes!("../../../../tests/fixtures/models/iris_mlp.onnx"),
        data: IRIS,
        samples: 2,
    },
    Entry {
        name: "digits_mlp",
        onnx: include_bytes!("../../../../tests/fixtures/models/digits_mlp.onnx"),
        data: DIGITS,
        samples: 4,
    },
    Entry {
        name: "digits_cnn",
        onnx: include_bytes!("../../../../tests/fixtures/models/digits_cnn.onnx"),
        data: DIGITS,
        samples: 4,
    },
    Entry {
        name: "digits_argmax",
        onnx: include_bytes!("../../../../tests/fixtures/models/digits_argmax.onnx"),
        data: DIGITS,
        samples: 2,
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

/// One line of the demo's table.
struct Row {
    name: &'static str,
    degree_bits: usize,
    compile_cpu: f64,
    prove_cpu: f64,
    proof_bytes: usize,
    samples: usize,
    correct: usize,
}

pub(crate) fn run(report: &Report) -> Result<(), Refusal> {
    let watch = Stopwatch::start();
    let folder =
        tempfile::tempdir().map_err(|source| FileError::Write { path: std::env::temp_dir(), source })?;
    report.line("Sheaf: from real models to one aggregate that anyone can check\n");

    let mut rows = Vec::new();
    let mut documents = Vec::new();
    for entry in &MODELS {
        let row = prove_samples(entry, &mut documents, report)?;
        report.line(format!(
            "  {:14} {} of {} held-out samples classified right, each with a proof",
            row.name, row.correct, row.samples
        ));
        rows.push(row);
    }
    let wrong: usize = rows.iter().map(|row| row.samples - row.correct).sum();
    ensure(wrong <= MAX_WRONG, || format!("{wrong} of {} predictions are wrong", documents.len()))?;

    report.line("\nFolding all proofs, of four different models, into one");
    let outcomes = sandbox::verify_proofs(documents.clone())?;
    if let Some(refusal) = outcomes.into_iter().flatten().next() {
        return Err(refusal);
    }
    let prepare = Stopwatch::start();
    prepare_circuits(report)?;
    let prepare_cpu = prepare.cpu_seconds();
    let aggregating = Stopwatch::start();
    let batch = aggregate::aggregate(&documents, report).map_err(|(_, refusal)| refusal)?;
    let aggregate_cpu = aggregating.cpu_seconds();
    aggregate::write(folder.path(), &batch)?;
    report.done();
    report.line(format!(
        "  {} statements, {} leaves, {} nodes, one root: a proof of {} bytes",
        batch.receipts.len(),
        batch.leaves,
        batch.nodes,
        batch.aggregate.proof.len()
    ));

    report.line("\nVerifying every receipt offline, from its file and the aggregate's");
    let receipts: Vec<Vec<u8>> = batch.receipts.iter().map(Document::to_json).collect();
    let verified = verify_all(folder.path(), &receipts, report)?;
    report.line(format!("  {verified} of {} receipts are valid", receipts.len()));
    ensure(verified == documents.len(), || format!("{verified} of {} receipts are valid", documents.len()))?;

    report.line("\nChanging one public value of a receipt");
    let refusal = refuse_tampered(&batch.aggregate_bytes, &batch.receipts[0])?;
    report.line(format!("  refused [{}]: {}", refusal.code, refusal.message));

    report.line("");
    table(&rows, &batch, prepare_cpu, aggregate_cpu, report);
    report.line(format!("\nDone in {:.1} CPU-seconds.", watch.cpu_seconds()));
    report.result(&summary(&rows, &batch, prepare_cpu, aggregate_cpu, &refusal));
    Ok(())
}

fn prove_samples(entry: &Entry, documents: &mut Vec<Vec<u8>>, report: &Report) -> Result<Row, Refusal> {
    let data: DataSet = serde_json::from_str(entry.data)
        .map_err(|error| FileError::Demo { reason: format!("data set of {}: {error}", entry.name) })?;
    let options = ProgramOptions {
        profile: Profile::Standard,
        input: InputVisibility::Public,
        weights: WeightVisibility::Public,
    };
    report.progress(&format!("compiling {}", entry.name));
    let compiling = Stopwatch::start();
    let (program_document, program) = model::compile_bytes(entry.onnx.to_vec(), SCALE_BITS, options, report)?;
    let compile_cpu = compiling.cpu_seconds();
    let proving = Stopwatch::start();
    let mut correct = 0;
    let mut proof_bytes = 0;
    for row in data.test_rows.iter().take(entry.samples) {
        report.progress(&format!("proving {} on sample {row}", entry.name));
        let input: Vec<f64> = data.inputs[*row].iter().map(|value| value / data.scale).collect();
        let proven = prove::prove(&program_document, &program, &input)?;
        correct += usize::from(prediction(&proven.outcome) == Some(data.labels[*row] as u64));
        proof_bytes = proven.document.proof.len();
        documents.push(proven.document.to_json());
    }
    report.done();
    Ok(Row {
        name: entry.name,
        degree_bits: program_document.shape.degree_bits,
        compile_cpu,
        prove_cpu: proving.cpu_seconds() / entry.samples as f64,
        proof_bytes,
        samples: entry.samples,
        correct,
    })
}

fn prediction(outcome: &Value) -> Option<u64> {
    outcome.get("greatest").and_then(Value::as_u64).or_else(|| outcome["classes"][0].as_u64())
}

fn prepare_circuits(report: &Report) -> Result<(), Refusal> {
    let all = files::circuits();
    let shape = sheaf_embedded::Shape { profile: Profile::Standard, degree_bits: 8, zero_knowledge: false };
    all.get(Profile::Standard).prepare(&[shape], &|message| report.progress(message))?;
    Ok(())
}

/// Reads receipts and aggregate back from their files, as another party would, and has a sandbox check them.
fn verify_all(folder: &Path, receipts: &[Vec<u8>], report: &Report) -> Result<usize, Refusal> {
    report.progress("verifying");
    let aggregate = files::read_document(&folder.join("aggregate.json"))?;
    let mut files_read = Vec::new();
    let entries = std::fs::read_dir(folder.join("receipts"))
        .map_err(|source| FileError::Read { path: folder.join("receipts"), source })?;
    for entry in entries {
        let path = entry.map_err(|source| FileError::Read { path: folder.to_owned(), source })?.path();
        files_read.push(files::read_document(&path)?);
    }
    ensure(files_read.len() == receipts.len(), || format!("{} receipt files", files_read.len()))?;
    let outcomes = sandbox::verify_receipts(aggregate, files_read, None)?;
    report.done();
    match outcomes.iter().flatten().next() {
        Some(refusal) => Err(refusal.clone()),
        None => Ok(outcomes.len()),
    }
}

/// Raises one public value of a receipt by one, keeps everything else consistent, and returns why it is refused.
fn refuse_tampered(
    aggregate: &[u8],
    receipt: &sheaf_aggregator::documents::ReceiptDocument,
) -> Result<Refusal, Refusal> {
    let statement = &receipt.statement;
    let mut words = statement.u64_words()?;
    if let Some(last) = words.last_mut() {
        *last = if *last == 0 { 1 } else { *last - 1 };
    }
    let forged = sheaf_statement::Statement::from_u64_words(statement.system(), statement.vk(), &words)?;
    let mut tampered = receipt.clone();
    tampered.statement_id = forged.id();
    tampered.statement = forged;
    let outcomes = sandbox::verify_receipts(aggregate.to_vec(), vec![tampered.to_json()], None)?;
    outcomes
        .into_iter()
        .flatten()
        .next()
        .ok_or_else(|| FileError::Demo { reason: "a tampered receipt was accepted".to_owned() }.into())
}

fn ensure(condition: bool, reason: impl FnOnce() -> String) -> Result<(), FileError> {
    if condition { Ok(()) } else { Err(FileError::Demo { reason: reason() }) }
}

fn table(
    rows: &[Row],
    batch: &sheaf_aggregator::BatchResult,
    prepare_cpu: f64,
    aggregate_cpu: f64,
    report: &Report,
) {
    report.line("step                      rows    CPU s    bytes");
    for row in rows {
        report.line(format!("compile {:16} 2^{:<4} {:>7.2}", row.name, row.degree_bits, row.compile_cpu));
        report.line(format!(
            "prove   {:16} 2^{:<4} {:>7.2}  {:>7}",
            row.name, row.degree_bits, row.prove_cpu, row.proof_bytes
        ));
    }
    let statements = batch.receipts.len() as f64;
    report.line(format!("circuits (built once)           {prepare_cpu:>7.2}"));
    report.line(format!(
        "aggregate, whole batch          {aggregate_cpu:>7.2}  {:>7}",
        batch.aggregate.proof.len()
    ));
    report.line(format!("aggregate, per statement        {:>7.2}", aggregate_cpu / statements));
}

fn summary(
    rows: &[Row],
    batch: &sheaf_aggregator::BatchResult,
    prepare_cpu: f64,
    aggregate_cpu: f64,
    refusal: &Refusal,
) -> Value {
    let models: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "model": row.name,
                "degree_bits": row.degree_bits,
                "compile_cpu_seconds": row.compile_cpu,
                "prove_cpu_seconds": row.prove_cpu,
                "proof_bytes": row.proof_bytes,
                "samples": row.samples,
                "correct": row.correct,
            })
        })
        .collect();
    json!({
        "models": models,
        "statements": batch.receipts.len(),
        "leaves": batch.leaves,
        "nodes": batch.nodes,
        "batch": batch.aggregate.batch,
        "aggregate_proof_bytes": batch.aggregate.proof.len(),
        "circuits_cpu_seconds": prepare_cpu,
        "aggregate_cpu_seconds": aggregate_cpu,
        "tampered_receipt_refused": refusal,
    })
}

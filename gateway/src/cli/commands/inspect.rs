//! `sheaf inspect`.

use std::path::Path;

use serde_json::{Value, json};
use sheaf_aggregator::documents::{AggregateDocument, Document, ProofDocument, ReceiptDocument};
use sheaf_embedded::ProgramKey;
use sheaf_model::onnx::Limits;
use sheaf_model::{LayerKind, QuantisedModel};

use crate::cli::args::InspectArgs;
use crate::cli::files::{self, ProgramDocument};
use crate::cli::report::Report;
use crate::refusal::{FileError, Refusal};
use crate::sandbox;

/// The scale that an ONNX file is read at; its layers do not depend on it.
const SCALE_BITS: u32 = 12;

pub(crate) fn run(args: &InspectArgs, report: &Report) -> Result<(), Refusal> {
    let path = if args.file.is_dir() { args.file.join("program.json") } else { args.file.clone() };
    let bytes = files::read(&path, Limits::default().file_bytes as u64)?;
    let (kind, content) = if bytes.trim_ascii_start().first() == Some(&b'{') {
        inspect_json(&path, &bytes)?
    } else {
        let model = sandbox::compile_onnx(bytes, SCALE_BITS).map_err(|refusal| refusal.of_file(&path))?;
        ("ONNX model", describe_model(&model))
    };
    report.line(format!("{}: {kind}", path.display()));
    report.line(format!("{content:#}"));
    report.result(&json!({ "file": path, "kind": kind, "content": content }));
    Ok(())
}

fn inspect_json(path: &Path, bytes: &[u8]) -> Result<(&'static str, Value), Refusal> {
    let malformed = |expected, error: serde_json::Error| FileError::Malformed {
        path: path.to_owned(),
        expected,
        reason: error.to_string(),
    };
    let value: Value = serde_json::from_slice(bytes).map_err(|error| malformed("JSON document", error))?;
    let version = value.get("version").and_then(Value::as_str).unwrap_or_default();
    Ok(match version {
        "sheaf/proof/v1" => {
            let document = ProofDocument::from_json(bytes)?;
            let statement = &document.statement;
            let content = json!({
                "statement_id": statement.id(),
                "system": statement.system().name(),
                "program": statement.vk(),
                "public_inputs": statement.u64_words()?,
                "shape": document.program.shape,
                "key": document.program.digest(),
                "proof_bytes": document.proof.len(),
                "verified": false,
            });
            ("proof document (not verified here)", content)
        }
        "sheaf/aggregate/v1" => {
            let document = AggregateDocument::from_json(bytes)?;
            let content = json!({
                "profile": document.profile,
                "batch": document.batch,
                "root_key": document.root_key,
                "statements": document.statements,
                "proof_bytes": document.proof.len(),
                "verified": false,
            });
            ("aggregate document (not verified here)", content)
        }
        "sheaf/receipt/v1" => {
            let document = ReceiptDocument::from_json(bytes)?;
            let content = json!({
                "statement_id": document.statement_id,
                "program": document.statement.vk(),
                "public_inputs": document.statement.u64_words()?,
                "trust_tier": document.trust_tier,
                "path_length": document.path.leaf.len() + document.path.tree.len(),
                "aggregate": document.aggregate,
                "verified": false,
            });
            ("receipt (not verified here)", content)
        }
        "sheaf/program/v1" => {
            let document: ProgramDocument =
                serde_json::from_slice(bytes).map_err(|error| malformed("program document", error))?;
            ("program", json!(document))
        }
        _ => {
            let key: ProgramKey =
                serde_json::from_slice(bytes).map_err(|error| malformed("document of Sheaf's", error))?;
            ("program key", json!({ "shape": key.shape, "key": key.digest() }))
        }
    })
}

fn describe_model(model: &QuantisedModel) -> Value {
    let layer = |kind: &LayerKind| match kind {
        LayerKind::Linear { rows, relu } => {
            let terms: usize = rows.iter().map(Vec::len).sum();
            json!({ "kind": "linear", "outputs": rows.len(), "terms": terms, "relu": relu })
        }
        LayerKind::Add { left, relu, .. } => json!({ "kind": "add", "outputs": left.len(), "relu": relu }),
        LayerKind::Relu { inputs } => json!({ "kind": "relu", "outputs": inputs.len() }),
        LayerKind::Max { windows } => json!({ "kind": "max", "outputs": windows.len() }),
        LayerKind::ArgMax { windows } => json!({ "kind": "argmax", "outputs": windows.len() }),
    };
    let layers: Vec<Value> = model
        .layers
        .iter()
        .map(|l| {
            let mut value = layer(&l.kind);
            value["node"] = json!(l.node);
            value
        })
        .collect();
    json!({
        "model_digest": sheaf_statement::ModelDigest::from(model.model_digest),
        "input_shape": model.input_shape,
        "output_shape": model.output_shape,
        "weights": model.weights.len(),
        "postprocess": model.postprocess,
        "layers": layers,
    })
}

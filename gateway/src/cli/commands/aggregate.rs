//! `sheaf aggregate`.

use std::path::Path;

use serde_json::json;
use sheaf_aggregator::documents::{Document, profile_of_proof};
use sheaf_aggregator::verify::{VerifiedProof, verify_proof};
use sheaf_aggregator::{Aggregator, BatchResult};
use sheaf_plonky2::engine::FastEngine;

use crate::cli::args::AggregateArgs;
use crate::cli::files;
use crate::cli::report::{Report, Stopwatch};
use crate::refusal::Refusal;
use crate::sandbox;

pub(crate) fn run(args: &AggregateArgs, report: &Report) -> Result<(), Refusal> {
    let watch = Stopwatch::start();
    let mut documents = Vec::with_capacity(args.proofs.len());
    for path in &args.proofs {
        documents.push(files::read_document(path)?);
    }
    report.progress("verifying the proofs");
    let outcomes = sandbox::verify_proofs(documents.clone())?;
    for (path, outcome) in args.proofs.iter().zip(outcomes) {
        if let Some(refusal) = outcome {
            return Err(refusal.of_file(path));
        }
    }
    let batch = aggregate(&documents, report).map_err(|(index, refusal)| match index {
        Some(index) => refusal.of_file(&args.proofs[index]),
        None => refusal,
    })?;
    write(&args.out, &batch)?;
    report.done();
    report.line(format!(
        "aggregated {} statements ({} leaves, {} nodes, one root) into {}",
        batch.receipts.len(),
        batch.leaves,
        batch.nodes,
        args.out.display()
    ));
    report.line(format!("  batch         {}", batch.aggregate.batch));
    report.line(format!("  proof         {} bytes", batch.aggregate.proof.len()));
    report.line(format!("  CPU           {:.1} s", watch.cpu_seconds()));
    report.result(&json!({
        "batch": batch.aggregate.batch,
        "statements": batch.aggregate.statements,
        "leaves": batch.leaves,
        "nodes": batch.nodes,
        "proof_bytes": batch.aggregate.proof.len(),
        "aggregate": args.out.join("aggregate.json"),
        "receipts": args.out.join("receipts"),
        "cpu_seconds": watch.cpu_seconds(),
    }));
    Ok(())
}

/// Aggregates proof documents that a sandbox has accepted. They are verified once more on the way in, which costs little
/// beside a recursion proof and leaves no second door. A refusal comes with the document it is about, if it is about one.
pub(crate) fn aggregate(
    documents: &[Vec<u8>],
    report: &Report,
) -> Result<BatchResult, (Option<usize>, Refusal)> {
    let all = files::circuits();
    let mut proofs: Vec<VerifiedProof> = Vec::with_capacity(documents.len());
    let mut circuits = all.get(sheaf_plonky2::Profile::Standard);
    for (index, document) in documents.iter().enumerate() {
        if index == 0 {
            let profile = profile_of_proof(document).map_err(|error| (Some(index), Refusal::new(&error)))?;
            circuits = all.get(profile);
        }
        let proof = verify_proof(document, circuits).map_err(|error| (Some(index), Refusal::new(&error)))?;
        proofs.push(proof);
    }
    let engine = FastEngine::new();
    Aggregator::new(circuits, &engine)
        .aggregate(&proofs, &|message| report.progress(message))
        .map_err(|error| (None, Refusal::new(&error)))
}

/// Writes a batch's files: the receipts first, so that an aggregate in place means that they are too.
pub(crate) fn write(folder: &Path, batch: &BatchResult) -> Result<(), Refusal> {
    for receipt in &batch.receipts {
        let name = format!("{}.json", receipt.statement_id);
        files::write(&folder.join("receipts").join(name), &receipt.to_json())?;
    }
    files::write(&folder.join("aggregate.json"), &batch.aggregate_bytes)?;
    Ok(())
}

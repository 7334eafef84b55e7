//! `sheaf verify`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sheaf_aggregator::documents::{Document, ReceiptDocument};
use sheaf_client::Settlement;

use super::serve::runtime;
use crate::cli::args::VerifyArgs;
use crate::cli::files;
use crate::cli::report::Report;
use crate::refusal::{FileError, Refusal};
use crate::sandbox;
use crate::settling::check;

/// Code of an endpoint that is on another chain.
const WRONG_CHAIN: &str = "SH-STL-306";

pub(crate) fn run(args: &VerifyArgs, report: &Report) -> Result<(), Refusal> {
    let program = match &args.program {
        Some(path) => Some(key_bytes(path)?),
        None => None,
    };
    // Receipts of one aggregate are checked together, so that its proof is verified once.
    let mut by_aggregate: BTreeMap<PathBuf, Vec<(usize, &Path)>> = BTreeMap::new();
    for (index, receipt) in args.receipts.iter().enumerate() {
        let aggregate = match &args.aggregate {
            Some(path) => path.clone(),
            None => find_aggregate(receipt)?,
        };
        by_aggregate.entry(aggregate).or_default().push((index, receipt));
    }
    let mut results: Vec<Value> = vec![Value::Null; args.receipts.len()];
    let mut first: Option<(usize, Refusal)> = None;
    for (aggregate, receipts) in by_aggregate {
        report.progress("verifying");
        let outcomes = check(&aggregate, &receipts, program.clone())?;
        for ((index, path), (bytes, refusal)) in receipts.into_iter().zip(outcomes) {
            match refusal {
                None => {
                    results[index] = accepted(path, &bytes, report)?;
                    if !args.rpc.is_empty() {
                        results[index]["chain"] = on_chain(args, path, &bytes, report)?;
                    }
                }
                Some(refusal) => {
                    let refusal = refusal.of_file(path);
                    results[index] = json!({ "receipt": path, "valid": false, "error": refusal });
                    if first.as_ref().is_none_or(|(earlier, _)| index < *earlier) {
                        first = Some((index, refusal));
                    }
                }
            }
        }
    }
    report.done();
    match first {
        None => {
            report.result(&json!({ "valid": true, "receipts": results }));
            Ok(())
        }
        Some((_, refusal)) => Err(refusal),
    }
}

type Outcome = (Vec<u8>, Option<Refusal>);

fn check(
    aggregate: &Path,
    receipts: &[(usize, &Path)],
    program: Option<Vec<u8>>,
) -> Result<Vec<Outcome>, Refusal> {
    let mut documents = Vec::with_capacity(receipts.len());
    for (_, path) in receipts {
        documents.push(files::read_document(path)?);
    }
    let bytes = files::read_document(aggregate)?;
    let outcomes = sandbox::verify_receipts(bytes, documents.clone(), program)
        .map_err(|refusal| refusal.of_file(aggregate))?;
    Ok(documents.into_iter().zip(outcomes).collect())
}

/// Reports a receipt that a sandbox has accepted, so that decoding it here is safe.
fn accepted(path: &Path, bytes: &[u8], report: &Report) -> Result<Value, Refusal> {
    let receipt = ReceiptDocument::from_json(bytes)?;
    report.line(format!("valid {}", path.display()));
    report.line(format!("  statement     {}", receipt.statement_id));
    report.line(format!("  program id    {}", receipt.statement.vk()));
    report.line(format!("  public values {}", receipt.statement.public_inputs().words().len()));
    report.line("  trust tier    proven");
    Ok(json!({
        "receipt": path,
        "valid": true,
        "statement_id": receipt.statement_id,
        "program": receipt.statement.vk(),
        "trust_tier": receipt.trust_tier,
    }))
}

/// Asks the chain about a receipt that is valid.
fn on_chain(args: &VerifyArgs, path: &Path, bytes: &[u8], report: &Report) -> Result<Value, Refusal> {
    let receipt = ReceiptDocument::from_json(bytes)?;
    let settlement = path.with_extension("settlement.json");
    let document = files::read_document(&settlement)?;
    let document: Settlement = serde_json::from_slice(&document).map_err(|error| FileError::Malformed {
        path: settlement.clone(),
        expected: "settlement document",
        reason: error.to_string(),
    })?;
    let mut checked = Vec::new();
    for chain in &document.chains {
        let registry = args.registry.as_deref().unwrap_or(&chain.registry);
        let ask = check::on_chain(&receipt, &document, chain.chain_id, registry, &args.rpc);
        // Endpoints are of one chain; the document may name several.
        let found = match runtime()?.block_on(ask) {
            Err(refusal) if refusal.code == WRONG_CHAIN => continue,
            found => found.map_err(|refusal| refusal.of_file(path))?,
        };
        report.line(format!(
            "  chain         {} ({}), registry {registry}: {found}",
            chain.chain, chain.chain_id
        ));
        checked.push(
            json!({ "chain": chain.chain, "chain_id": chain.chain_id, "registry": registry, "found": found }),
        );
    }
    if checked.is_empty() {
        let reason = "it names no chain that these endpoints are on".to_owned();
        return Err(
            FileError::Malformed { path: settlement, expected: "settlement on this chain", reason }.into()
        );
    }
    Ok(json!(checked))
}

fn find_aggregate(receipt: &Path) -> Result<PathBuf, FileError> {
    let folder = receipt.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    [folder.join("aggregate.json"), folder.join("..").join("aggregate.json")]
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| FileError::NoAggregate { path: receipt.to_owned() })
}

fn key_bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    let file = if path.is_dir() { path.join("key.json") } else { path.to_owned() };
    files::read_document(&file)
}

#[cfg(test)]
mod tests {
    use sheaf_settlement::rpc::RpcError;

    use super::*;

    #[test]
    fn a_chain_that_the_endpoints_are_not_on_is_told_by_its_code() {
        let elsewhere = RpcError::WrongChain { endpoint: "a node".to_owned(), expected: 1, got: 2 };
        assert_eq!(Refusal::from(elsewhere).code, WRONG_CHAIN);
    }
}

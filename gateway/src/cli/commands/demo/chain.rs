//! The end of the story: batches on a chain, and what its contract says of every receipt.

use std::time::{Duration, Instant};

use alloy::primitives::Address;
use secrecy::SecretString;
use serde_json::{Value, json};
use sheaf_aggregator::documents::ReceiptDocument;
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_client::{Client, Settlement, StatementId};
use sheaf_plonky2::Profile;
use sheaf_settlement::contracts;
use sheaf_settlement::rpc::{CallOutcome, CallRequest, Endpoint};
use sheaf_setup::Provenance;
use sheaf_wrap::Wrapper;

use super::{demo, ensure};
use crate::cli::report::Report;
use crate::refusal::Refusal;
use crate::settling::{check, keys};

/// How long a batch may take to be on chain.
const PATIENCE: Duration = Duration::from_secs(1800);
/// Time for an answer of the chain.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Makes sure that there is a Groth16 key. Made once: a minute of CPU for two million constraints.
pub(super) fn prepare_key(circuits: &CircuitsByProfile, report: &Report) -> Result<(), Refusal> {
    let (cache, circuit) = (keys::shared_cache()?, keys::pinned_circuit()?);
    if cache.path(&circuit, &Provenance::TestOnly).is_file() {
        return Ok(());
    }
    report.line(
        "Making a Groth16 key, once. TEST ONLY: its secrets are public, no public chain is posted to with it",
    );
    report.progress("laying out the circuit of the last proof");
    let constraints = Wrapper::new(&circuits.get(Profile::Standard).shrink_verifier()?).constraints()?;
    keys::check_circuit(Profile::Standard, &constraints)?;
    keys::ensure_test_only(&cache, &constraints, &|step| report.progress(step))?;
    report.done();
    Ok(())
}

/// A receipt, and where its statement stands.
pub(super) struct Settled {
    pub(super) receipt: ReceiptDocument,
    pub(super) settlement: Settlement,
}

/// Waits until every statement is in a final block.
pub(super) async fn wait(
    client: &Client,
    receipts: Vec<ReceiptDocument>,
    report: &Report,
) -> Result<Vec<Settled>, Refusal> {
    let until = Instant::now() + PATIENCE;
    let mut settled = Vec::new();
    let mut said = String::new();
    for receipt in receipts {
        let id = StatementId::from(receipt.statement_id.to_string());
        let settlement = loop {
            let settlement = client.settlement(&id).await?;
            if settlement.status == "failed" {
                return Err(demo(&format!("settlement failed: {:?}", settlement.failure)));
            }
            let is_final = |chain: &sheaf_client::ChainStatus| chain.status == "final";
            if !settlement.chains.is_empty() && settlement.chains.iter().all(is_final) {
                break settlement;
            }
            if said != settlement.status {
                report.progress(&format!("wrapping the batch for the chain ({})", settlement.status));
                said.clone_from(&settlement.status);
            }
            ensure(Instant::now() < until, || "a batch did not get on chain".to_owned())?;
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        settled.push(Settled { receipt, settlement });
    }
    report.done();
    Ok(settled)
}

/// Asks the contract about every receipt. Returns a line for each batch.
pub(super) async fn ask_contract(
    settled: &[Settled],
    url: &str,
    report: &Report,
) -> Result<Vec<Value>, Refusal> {
    let urls = [url.to_owned()];
    for Settled { receipt, settlement } in settled {
        for chain in &settlement.chains {
            let found = check::on_chain(receipt, settlement, chain.chain_id, &chain.registry, &urls).await?;
            ensure(found.transaction.is_some(), || {
                format!("the contract does not know {}", receipt.statement_id)
            })?;
        }
    }
    report.line(format!("  isProven answers true for all {} proven receipts", settled.len()));
    refuse_tampered(settled, url, report).await?;
    let mut batches: Vec<Value> = Vec::new();
    for Settled { settlement, .. } in settled {
        if batches.iter().any(|batch| batch["batch"] == settlement.batch.as_str()) {
            continue;
        }
        let size = settled.iter().filter(|other| other.settlement.batch == settlement.batch).count() as u64;
        for chain in &settlement.chains {
            batches.push(json!({
                "batch": settlement.batch, "chain": chain.chain, "chain_id": chain.chain_id, "size": size,
                "block": chain.block, "transaction": chain.transaction, "gas": chain.gas_used,
                "gas_per_statement": chain.gas_used.map(|gas| gas / size.max(1)),
            }));
        }
    }
    for batch in &batches {
        report.line(format!(
            "  batch {} on chain {}: block {}, transaction {}, {} gas, {} a statement",
            batch["batch"].as_str().unwrap_or_default(),
            batch["chain_id"],
            batch["block"],
            batch["transaction"].as_str().unwrap_or_default(),
            batch["gas"],
            batch["gas_per_statement"],
        ));
    }
    Ok(batches)
}

/// Shows the contract a path with one sibling changed.
async fn refuse_tampered(settled: &[Settled], url: &str, report: &Report) -> Result<(), Refusal> {
    let with_path =
        |it: &&Settled| it.settlement.on_chain.as_ref().is_some_and(|on_chain| !on_chain.path.is_empty());
    let Some(Settled { receipt, settlement }) = settled.iter().find(with_path) else { return Ok(()) };
    let (Some(document), Some(chain)) = (&settlement.on_chain, settlement.chains.first()) else {
        return Ok(());
    };
    let mut claim = check::claim(check::leaf(receipt)?, document, chain.chain_id, &chain.registry)?;
    let endpoint = Endpoint::http(&SecretString::from(url), TIMEOUT)?;
    let honest = is_proven(&endpoint, &claim).await?;
    if let Some(sibling) = claim.path.siblings.first_mut() {
        sibling[31] ^= 1;
    }
    let tampered = is_proven(&endpoint, &claim).await?;
    ensure(honest && !tampered, || format!("the contract answers {honest} and, tampered with, {tampered}"))?;
    report.line("  and false for the same statement with one bit of its path changed");
    Ok(())
}

async fn is_proven(endpoint: &Endpoint, claim: &sheaf_settlement::verify::Claim) -> Result<bool, Refusal> {
    let call = CallRequest {
        from: Address::ZERO,
        to: Some(claim.registry),
        data: contracts::is_proven(claim.root, &claim.leaf, &claim.path),
        gas: None,
    };
    match endpoint.call(&call).await? {
        CallOutcome::Returned(data) => Ok(data.last() == Some(&1)),
        CallOutcome::Reverted(reason) => Err(demo(&format!("isProven reverted: {reason:?}"))),
    }
}

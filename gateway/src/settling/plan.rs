//! What of a batch goes on chain.
//!
//! A plan is made once and kept: the order of the statements, which decides the root. It follows from the batch's receipts
//! alone.

use alloy::primitives::{B256, U256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sheaf_aggregator::documents::{AggregateDocument, Document, ReceiptDocument};
use sheaf_aggregator::listing::{Entry, Listing};
use sheaf_plonky2::Profile;
use sheaf_plonky2::hash::Digest;
use sheaf_settlement::batch::{BatchCalldata, EvmTree, Leaf, leaf};
use sheaf_statement::{ProofSystem, StatementId};
use sheaf_wrap::encoding::PROOF_BYTES;

use super::damaged;
use super::task::{SettleTask, SettleVersion};
use crate::app::App;
use crate::ids::BatchId;
use crate::refusal::Refusal;
use crate::store::StoreError;

/// A statement on chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlannedLeaf {
    pub(crate) statement_id: StatementId,
    /// The program id.
    pub(crate) program: B256,
    /// Digest of the public values.
    pub(crate) public_inputs: B256,
}

/// A batch on chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettlementPlan {
    pub(crate) profile: Profile,
    /// The batch digest.
    pub(crate) batch: Digest,
    /// Commitment to the list.
    pub(crate) commitment: B256,
    /// Statements in the chain's order.
    pub(crate) leaves: Vec<PlannedLeaf>,
    /// Root of the keccak256 tree over them.
    pub(crate) root: String,
}

impl PlannedLeaf {
    pub(crate) fn leaf(&self) -> Leaf {
        let system = *ProofSystem::Plonky2Goldilocks.id().as_bytes();
        Leaf { program: self.program, system, public_inputs: self.public_inputs }
    }
}

impl SettlementPlan {
    /// The calldata with a proof.
    pub(crate) fn calldata(&self, proof: &[u8]) -> Result<BatchCalldata, Refusal> {
        let mut words = [U256::ZERO; 8];
        if proof.len() != PROOF_BYTES {
            return Err(sheaf_wrap::WrapError::Encoding { what: "expected 256 bytes" }.into());
        }
        for (word, bytes) in words.iter_mut().zip(proof.chunks_exact(32)) {
            *word = U256::from_be_slice(bytes);
        }
        let leaves: Vec<Leaf> = self.leaves.iter().map(PlannedLeaf::leaf).collect();
        Ok(BatchCalldata::of_leaves(words, self.commitment, &leaves)?)
    }

    /// The root.
    pub(crate) fn root(&self) -> Result<B256, StoreError> {
        self.root.parse().map_err(|_| damaged("root is no digest"))
    }

    /// The tree.
    pub(crate) fn tree(&self) -> EvmTree {
        EvmTree::new(self.leaves.iter().map(|planned| leaf(&planned.leaf())).collect())
    }
}

/// Plans an aggregated batch.
pub(crate) async fn make(app: &App, id: BatchId) -> Result<SettlementPlan, Refusal> {
    let (aggregate, receipts) = documents(app, id).await?;
    let entries = receipts.iter().map(Entry::of_receipt).collect::<Result<Vec<_>, _>>()?;
    let listing = Listing::new(entries)?;
    let mut leaves: Vec<Option<PlannedLeaf>> = vec![None; receipts.len()];
    for (receipt, position) in receipts.iter().zip(listing.positions()) {
        let entry = &listing.entries()[*position];
        leaves[*position] = Some(PlannedLeaf {
            statement_id: receipt.statement_id,
            program: B256::from(entry.program().to_bytes()),
            public_inputs: B256::from(entry.values.to_bytes()),
        });
    }
    let leaves: Vec<PlannedLeaf> = leaves.into_iter().flatten().collect();
    let mut plan = SettlementPlan {
        profile: aggregate.profile,
        batch: aggregate.batch,
        commitment: B256::from(listing.commitment().to_bytes()),
        leaves,
        root: String::new(),
    };
    plan.root = plan.tree().root().to_string();
    Ok(plan)
}

/// The task that a plan makes.
pub(crate) async fn task(
    app: &App,
    id: BatchId,
    plan: &SettlementPlan,
    key: &str,
) -> Result<SettleTask, Refusal> {
    let (aggregate, receipts) = documents(app, id).await?;
    let mut by_id: std::collections::HashMap<StatementId, ReceiptDocument> =
        receipts.into_iter().map(|receipt| (receipt.statement_id, receipt)).collect();
    let receipts = plan
        .leaves
        .iter()
        .map(|leaf| by_id.remove(&leaf.statement_id).ok_or_else(|| damaged("a receipt is missing").into()))
        .collect::<Result<Vec<_>, Refusal>>()?;
    let challenge = plan.calldata(&[0; PROOF_BYTES])?.challenge();
    Ok(SettleTask {
        version: SettleVersion::V1,
        profile: plan.profile,
        batch: plan.batch,
        aggregate: STANDARD.encode(&aggregate.proof),
        receipts,
        point: [challenge.c0, challenge.c1],
        key: key.to_owned(),
    })
}

async fn documents(app: &App, id: BatchId) -> Result<(AggregateDocument, Vec<ReceiptDocument>), Refusal> {
    let row = app.store.batch(id).await?.ok_or_else(|| damaged("no batch"))?;
    let bytes = app.blobs.get(row.aggregate_blob.as_deref().unwrap_or_default()).await?;
    let aggregate = AggregateDocument::from_json(&bytes)?;
    let mut receipts = Vec::new();
    for statement in &aggregate.statements {
        let row = app.store.receipt(*statement).await?.ok_or_else(|| damaged("a receipt is missing"))?;
        receipts.push(ReceiptDocument::from_json(row.document.as_bytes())?);
    }
    Ok((aggregate, receipts))
}

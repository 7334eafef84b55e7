//! What is told about settlements.

use serde::{Deserialize, Serialize};
use sheaf_settlement::batch::leaf;
use sheaf_settlement::poster::{PostingState, Settlement};
use sheaf_statement::StatementId;
use utoipa::ToSchema;

use super::decode;
use crate::app::App;
use crate::refusal::Refusal;

/// Where a statement stands on chains, and what a contract takes to be shown it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettlementView {
    /// Format: `sheaf/settlement/v1`.
    pub(crate) version: String,
    /// The statement.
    pub(crate) statement_id: String,
    /// Its batch.
    pub(crate) batch: String,
    /// `off`, `waiting`, `proving`, `posting` or `failed`.
    pub(crate) status: String,
    /// What `isProven` takes, once it is known.
    pub(crate) on_chain: Option<OnChain>,
    /// Where the batch stands on each chain.
    pub(crate) chains: Vec<ChainStatus>,
    /// Why there is no settlement.
    #[schema(value_type = Option<Object>)]
    pub(crate) failure: Option<serde_json::Value>,
}

/// The arguments of `BatchRegistry.isProven`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OnChain {
    /// Root of the batch's keccak256 tree.
    pub(crate) root: String,
    /// The program id: the statement's vk.
    pub(crate) program_id: String,
    /// Digest of the public values.
    pub(crate) public_inputs_digest: String,
    /// The proof system's id, then zeros.
    pub(crate) context: String,
    /// The leaf that these make.
    pub(crate) leaf: String,
    /// Bit i says whether the i-th sibling is on the left.
    pub(crate) index: u64,
    /// Siblings from the leaf upwards.
    pub(crate) path: Vec<String>,
}

/// Where a batch stands on a chain.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChainStatus {
    /// The chain's name in the configuration.
    pub(crate) chain: String,
    /// Its id.
    pub(crate) chain_id: u64,
    /// The batch registry there.
    pub(crate) registry: String,
    /// `pending`, `included`, `safe`, `final` or `failed`.
    pub(crate) status: String,
    /// Height of the block.
    pub(crate) block: Option<u64>,
    /// Hash of the block.
    pub(crate) block_hash: Option<String>,
    /// The transaction that posted the batch.
    pub(crate) transaction: Option<String>,
    /// Gas that it used, if it was ours.
    pub(crate) gas_used: Option<u64>,
    /// Why it waits or failed: code and words.
    pub(crate) why: Option<String>,
}

/// The view of a statement that has a receipt.
pub(crate) async fn of_statement(
    app: &App,
    id: StatementId,
    batch: crate::ids::BatchId,
) -> Result<SettlementView, Refusal> {
    let mut view = SettlementView {
        version: "sheaf/settlement/v1".to_owned(),
        statement_id: id.to_string(),
        batch: batch.to_string(),
        status: "off".to_owned(),
        on_chain: None,
        chains: Vec::new(),
        failure: None,
    };
    let Some(settler) = &app.settler else { return Ok(view) };
    view.status = "waiting".to_owned();
    let Some(row) = app.store.settlement(batch).await? else { return Ok(view) };
    view.status.clone_from(&row.phase);
    view.failure = row.failure.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let plan = decode(&row)?;
    let root = plan.root()?;
    let position = plan.leaves.iter().position(|leaf| leaf.statement_id == id);
    if let Some(position) = position {
        let on_chain = plan.leaves[position].leaf();
        let path = plan.tree().path(position)?;
        view.on_chain = Some(OnChain {
            root: plan.root.clone(),
            program_id: on_chain.program.to_string(),
            public_inputs_digest: on_chain.public_inputs.to_string(),
            context: on_chain.context().to_string(),
            leaf: leaf(&on_chain).to_string(),
            index: path.index,
            path: path.siblings.iter().map(ToString::to_string).collect(),
        });
    }
    for poster in &settler.posters {
        let config = poster.config();
        let posting = poster.posting(root).await?;
        let gas_used = poster.gas_used(root).await?;
        let state = posting.map(|posting| posting.state);
        let settlement = state.as_ref().and_then(PostingState::settlement).copied();
        view.chains.push(ChainStatus {
            chain: config.name.to_string(),
            chain_id: config.chain_id,
            registry: config.registry.to_string(),
            status: status(state.as_ref()).to_owned(),
            block: settlement.map(|settlement: Settlement| settlement.block),
            block_hash: settlement.map(|settlement| settlement.block_hash.to_string()),
            transaction: settlement.map(|settlement| settlement.transaction.to_string()),
            gas_used,
            why: state.as_ref().and_then(why),
        });
    }
    Ok(view)
}

fn status(state: Option<&PostingState>) -> &'static str {
    match state {
        None | Some(PostingState::Waiting { .. } | PostingState::Sent { .. }) => "pending",
        Some(PostingState::Included { .. }) => "included",
        Some(PostingState::Safe { .. }) => "safe",
        Some(PostingState::Final { .. }) => "final",
        Some(PostingState::Failed { .. }) => "failed",
    }
}

fn why(state: &PostingState) -> Option<String> {
    match state {
        PostingState::Waiting { reason: Some(waiting) } => {
            Some(format!("[{}] {}", waiting.code, waiting.why))
        }
        PostingState::Failed { code, why } => Some(format!("[{code}] {why}")),
        _ => None,
    }
}

//! Where a statement stands on chains, as the gateway says.

use serde::{Deserialize, Serialize};

use crate::call::{Call, decode};
use crate::{Client, Error, StatementId};

/// Where a statement stands on chains. What the gateway says: a chain's own answer is what counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Settlement {
    /// Format: `sheaf/settlement/v1`.
    pub version: String,
    /// The statement.
    pub statement_id: String,
    /// Its batch.
    pub batch: String,
    /// `off`, `waiting`, `proving`, `posting` or `failed`.
    pub status: String,
    /// What `BatchRegistry.isProven` takes, once it is known.
    pub on_chain: Option<OnChain>,
    /// Where the batch stands on each chain.
    pub chains: Vec<ChainStatus>,
    /// Why there is no settlement.
    pub failure: Option<serde_json::Value>,
}

/// The arguments of `BatchRegistry.isProven`, digests as `0x` and 64 digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct OnChain {
    /// Root of the batch's keccak256 tree.
    pub root: String,
    /// The program id: the statement's vk.
    pub program_id: String,
    /// Digest of the public values.
    pub public_inputs_digest: String,
    /// The proof system's id, then zeros.
    pub context: String,
    /// The leaf that these make.
    pub leaf: String,
    /// Bit i says whether the i-th sibling is on the left.
    pub index: u64,
    /// Siblings from the leaf upwards.
    pub path: Vec<String>,
}

/// Where a batch stands on a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChainStatus {
    /// What the gateway calls the chain.
    pub chain: String,
    /// Its id.
    pub chain_id: u64,
    /// The batch registry there.
    pub registry: String,
    /// `pending`, `included`, `safe`, `final` or `failed`.
    pub status: String,
    /// Height of the block.
    pub block: Option<u64>,
    /// Hash of the block.
    pub block_hash: Option<String>,
    /// The transaction that posted the batch.
    pub transaction: Option<String>,
    /// Gas that it used, if it was the gateway's.
    pub gas_used: Option<u64>,
    /// Why it waits or failed.
    pub why: Option<String>,
}

impl Client {
    /// Where a statement with a receipt stands on chains.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn settlement(&self, statement: &StatementId) -> Result<Settlement, Error> {
        let answer = self.send(Call::get(&["v1", "receipts", statement.as_str(), "settlement"])).await?;
        decode(&answer.body, "a settlement")
    }
}

//! One JSON-RPC endpoint: the few questions that posting needs, each with a time limit.
//!
//! An endpoint is believed in nothing: what its answers are worth together is for [`sight`](crate::sight) and the
//! [poster](crate::poster) to say. Answers are read into the few fields that are used, so that chains with fields of their
//! own are no trouble.

mod error;
mod http;

use std::time::Duration;

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes, U64, U128, U256};
use alloy::rpc::client::RpcClient;
use alloy::rpc::json_rpc::{RpcError as AlloyError, RpcRecv};
use alloy::transports::{IntoBoxTransport, TransportErrorKind};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use error::RpcError;
pub use http::HttpTransport;

use crate::contracts::RevertReason;

/// Characters of an endpoint's words that are kept.
const MAX_MESSAGE: usize = 300;

/// A block, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlockRef {
    /// Height.
    #[serde(with = "quantity")]
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Seconds since 1970.
    #[serde(with = "quantity")]
    pub timestamp: u64,
    /// Gas used.
    #[serde(with = "quantity")]
    pub gas_used: u64,
    /// Gas limit.
    #[serde(with = "quantity")]
    pub gas_limit: u64,
    /// Base fee in wei per gas; zero on chains without.
    #[serde(default)]
    base_fee_per_gas: Option<U64>,
}

impl BlockRef {
    /// Base fee in wei per gas; zero on chains without one.
    #[must_use]
    pub fn base_fee_wei(&self) -> u64 {
        self.base_fee_per_gas.map_or(0, |fee| fee.to::<u64>())
    }
}

/// A mined transaction, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptRef {
    /// Which transaction.
    pub transaction_hash: B256,
    /// Block it is in.
    pub block_hash: B256,
    /// Height of that block.
    #[serde(with = "quantity")]
    pub block_number: u64,
    /// One if it did not revert.
    #[serde(with = "quantity")]
    pub status: u64,
    /// Gas used.
    #[serde(with = "quantity")]
    pub gas_used: u64,
    /// Wei per gas.
    pub effective_gas_price: U128,
    /// Address of the contract it made.
    #[serde(default)]
    pub contract_address: Option<Address>,
}

/// An event, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogRef {
    /// Which contract.
    pub address: Address,
    /// Topics.
    pub topics: Vec<B256>,
    /// Data.
    pub data: Bytes,
    /// Block it is in.
    pub block_hash: B256,
    /// Transaction it is of.
    pub transaction_hash: B256,
    /// Set when the block is no more.
    #[serde(default)]
    pub removed: bool,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// It returned.
    Returned(Bytes),
    /// It reverted.
    Reverted(RevertReason),
}

/// What a transaction would do.
#[derive(Debug, Clone, Serialize)]
pub struct CallRequest {
    /// Sender.
    pub from: Address,
    /// Contract; nothing to make one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Address>,
    /// Calldata.
    pub data: Bytes,
    /// Gas limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gas: Option<U64>,
}

/// An endpoint. Clones share the connection.
#[derive(Clone)]
pub struct Endpoint {
    label: String,
    client: RpcClient,
    timeout: Duration,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("label", &self.label).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// An endpoint at an HTTP URL. Its label is the host and port, because keys are in the rest.
    ///
    /// # Errors
    /// [`RpcError::Url`] if it is no such URL, [`RpcError::Client`] if there can be no client.
    pub fn http(url: &SecretString, timeout: Duration) -> Result<Self, RpcError> {
        let (transport, label) = http::HttpTransport::new(url, timeout)?;
        Ok(Self::new(label, transport, timeout))
    }

    /// An endpoint behind any transport.
    pub fn new(label: impl Into<String>, transport: impl IntoBoxTransport, timeout: Duration) -> Self {
        Self { label: label.into(), client: RpcClient::new(transport, true), timeout }
    }

    /// What messages call it.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Chain id.
    pub async fn chain_id(&self) -> Result<u64, RpcError> {
        let id: U64 = self.request("eth_chainId", json!([])).await?;
        Ok(id.to())
    }

    /// A block, if there is one.
    pub async fn block(&self, tag: BlockNumberOrTag) -> Result<Option<BlockRef>, RpcError> {
        self.request("eth_getBlockByNumber", json!([tag, false])).await
    }

    /// The last block.
    pub async fn head(&self) -> Result<BlockRef, RpcError> {
        let head = self.block(BlockNumberOrTag::Latest).await?;
        head.ok_or_else(|| self.shape("eth_getBlockByNumber", "there is no latest block"))
    }

    /// Transactions that an account has sent, up to a block.
    pub async fn nonce(&self, address: Address, tag: BlockNumberOrTag) -> Result<u64, RpcError> {
        let nonce: U64 = self.request("eth_getTransactionCount", json!([address, tag])).await?;
        Ok(nonce.to())
    }

    /// Wei that an account has.
    pub async fn balance(&self, address: Address) -> Result<U256, RpcError> {
        self.request("eth_getBalance", json!([address, "latest"])).await
    }

    /// Code at an address; empty if there is none.
    pub async fn code(&self, address: Address) -> Result<Bytes, RpcError> {
        self.request("eth_getCode", json!([address, "latest"])).await
    }

    /// Wei per gas that the endpoint would add to the base fee.
    pub async fn suggested_tip(&self) -> Result<u128, RpcError> {
        let tip: U128 = self.request("eth_maxPriorityFeePerGas", json!([])).await?;
        Ok(tip.to())
    }

    /// Base fee of the block that comes next, in wei per gas; zero on chains without one.
    pub async fn next_base_fee(&self) -> Result<u128, RpcError> {
        #[derive(Debug, Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct History {
            #[serde(default)]
            base_fee_per_gas: Vec<U128>,
        }
        let history: History = self.request("eth_feeHistory", json!(["0x1", "latest", []])).await?;
        Ok(history.base_fee_per_gas.last().map_or(0, |fee| fee.to()))
    }

    /// What a call does on the latest state.
    ///
    /// # Errors
    /// [`RpcError`] if there is no answer; a revert is one.
    pub async fn call(&self, call: &CallRequest) -> Result<CallOutcome, RpcError> {
        match self.request("eth_call", json!([call, "latest"])).await {
            Ok(output) => Ok(CallOutcome::Returned(output)),
            Err(error) => reverted(&error).map(CallOutcome::Reverted).ok_or(error),
        }
    }

    /// Gas that a transaction needs, or why it would revert.
    ///
    /// # Errors
    /// [`RpcError`] if there is no answer; a revert is one.
    pub async fn estimate_gas(&self, call: &CallRequest) -> Result<Result<u64, RevertReason>, RpcError> {
        match self.request::<U64>("eth_estimateGas", json!([call])).await {
            Ok(gas) => Ok(Ok(gas.to())),
            Err(error) => reverted(&error).map(Err).ok_or(error),
        }
    }

    /// Hands a raw transaction over. An endpoint that has it already is no error.
    pub async fn send_raw(&self, raw: &Bytes) -> Result<(), RpcError> {
        match self.request::<B256>("eth_sendRawTransaction", json!([raw])).await {
            Ok(_) => Ok(()),
            Err(RpcError::Refused { message, .. }) if is_known(&message) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the endpoint has a transaction, mined or waiting.
    pub async fn knows(&self, hash: B256) -> Result<bool, RpcError> {
        let found: Option<serde_json::Value> =
            self.request("eth_getTransactionByHash", json!([hash])).await?;
        Ok(found.is_some())
    }

    /// The receipt of a transaction, if it is mined.
    ///
    /// # Errors
    /// [`RpcError::Contradiction`] if it is another transaction's.
    pub async fn receipt(&self, hash: B256) -> Result<Option<ReceiptRef>, RpcError> {
        let receipt: Option<ReceiptRef> = self.request("eth_getTransactionReceipt", json!([hash])).await?;
        if let Some(other) = receipt.as_ref().filter(|receipt| receipt.transaction_hash != hash) {
            let why = format!("receipt of {hash} is of {}", other.transaction_hash);
            return Err(self.contradiction(why));
        }
        Ok(receipt)
    }

    /// Events of a contract in one block with these first topics.
    pub async fn logs(&self, address: Address, topics: &[B256], block: u64) -> Result<Vec<LogRef>, RpcError> {
        let number = U64::from(block);
        let filter =
            json!([{ "address": address, "topics": topics, "fromBlock": number, "toBlock": number }]);
        self.request("eth_getLogs", filter).await
    }

    /// Any method, for what only nodes of tests can.
    #[cfg(any(test, feature = "testing"))]
    pub async fn control(
        &self,
        method: &'static str,
        params: serde_json::Value,
    ) -> Result<serde_json::Value, RpcError> {
        self.request(method, params).await
    }

    pub(crate) fn contradiction(&self, why: impl Into<String>) -> RpcError {
        RpcError::Contradiction { endpoint: self.label.clone(), why: why.into() }
    }

    /// Refuses an endpoint that is on another chain.
    ///
    /// # Errors
    /// [`RpcError::WrongChain`], or why it does not say.
    pub async fn require_chain(&self, expected: u64) -> Result<(), RpcError> {
        let got = self.chain_id().await?;
        if got != expected {
            return Err(RpcError::WrongChain { endpoint: self.label.clone(), expected, got });
        }
        Ok(())
    }

    pub(crate) fn shape(&self, method: &'static str, why: impl Into<String>) -> RpcError {
        RpcError::Shape { endpoint: self.label.clone(), method, why: why.into() }
    }

    async fn request<R: RpcRecv>(
        &self,
        method: &'static str,
        params: serde_json::Value,
    ) -> Result<R, RpcError> {
        let endpoint = || self.label.clone();
        let call = self.client.request::<_, R>(method, params);
        let timed = tokio::time::timeout(self.timeout, call).await;
        let Ok(answer) = timed else {
            return Err(RpcError::Timeout {
                endpoint: endpoint(),
                method,
                timeout_ms: self.timeout.as_millis(),
            });
        };
        answer.map_err(|error| match error {
            AlloyError::ErrorResp(payload) => RpcError::Refused {
                endpoint: endpoint(),
                method,
                code: payload.code,
                data: payload.as_revert_data(),
                message: payload.message.escape_default().take(MAX_MESSAGE).collect(),
            },
            AlloyError::Transport(TransportErrorKind::Custom(error)) => {
                RpcError::Transport { endpoint: endpoint(), why: innermost(&*error) }
            }
            AlloyError::DeserError { err, .. } => self.shape(method, err.to_string()),
            AlloyError::NullResp => self.shape(method, "nothing"),
            other => RpcError::Transport { endpoint: endpoint(), why: other.to_string() },
        })
    }
}

/// The last of a chain of errors is the one that says something.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Whether a refusal is the contract's, not the endpoint's. JSON-RPC has no code for it that all nodes use.
fn reverted(error: &RpcError) -> Option<RevertReason> {
    let RpcError::Refused { code, message, data, .. } = error else { return None };
    if let Some(data) = data {
        return Some(RevertReason::of(data));
    }
    const WORDS: [&str; 6] =
        ["revert", "out of gas", "outofgas", "invalid opcode", "exceeds allowance", "precompile"];
    let message = message.to_lowercase();
    let is_revert = *code == 3 || WORDS.iter().any(|words| message.contains(words));
    is_revert.then_some(RevertReason::Silent)
}

fn is_known(message: &str) -> bool {
    let message = message.to_lowercase();
    ["already known", "already imported", "known transaction", "already in mempool"]
        .iter()
        .any(|words| message.contains(words))
}

/// Quantities as `0x` and digits.
mod quantity {
    use alloy::primitives::U64;
    use serde::{Deserialize as _, Deserializer};

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        U64::deserialize(deserializer).map(|number| number.to())
    }
}

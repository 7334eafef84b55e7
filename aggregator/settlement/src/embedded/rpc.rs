//! JSON-RPC: methods, their parameters, and errors in the words that nodes use.

use std::borrow::Cow;

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, Bytes, U64, U256};
use alloy::rpc::json_rpc::{ErrorPayload, Response, ResponsePayload, SerializedRequest};
use alloy::rpc::types::{Filter, TransactionRequest};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::state::State;

/// What the chain says to `eth_maxPriorityFeePerGas`, in wei: nobody competes for its blocks.
const SUGGESTED_TIP_WEI: u64 = 1_000_000;

/// Why a request is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) message: Cow<'static, str>,
    pub(super) data: Option<Value>,
}

impl Refusal {
    pub(super) fn server(message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: -32000, message: message.into(), data: None }
    }

    pub(super) fn params(message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: -32602, message: message.into(), data: None }
    }

    /// A revert, with what the contract said.
    pub(super) fn reverted(output: &Bytes) -> Self {
        Self { code: 3, message: "execution reverted".into(), data: Some(json!(output)) }
    }
}

impl State {
    /// The answer to one request.
    pub(super) fn respond(&mut self, request: &SerializedRequest) -> Response {
        let raw = |value: &Value| RawValue::from_string(value.to_string()).ok();
        let payload = match self.dispatch(request).map(|value| raw(&value)) {
            Ok(Some(value)) => ResponsePayload::Success(value),
            Ok(None) => ResponsePayload::internal_error(),
            Err(refusal) => ResponsePayload::Failure(ErrorPayload {
                code: refusal.code,
                message: refusal.message,
                data: refusal.data.as_ref().and_then(raw),
            }),
        };
        Response { id: request.id().clone(), payload }
    }

    fn dispatch(&mut self, request: &SerializedRequest) -> Result<Value, Refusal> {
        let params: Vec<Value> = match request.params() {
            None => Vec::new(),
            Some(raw) => {
                serde_json::from_str(raw.get()).map_err(|error| Refusal::params(error.to_string()))?
            }
        };
        let params = Params(&params);
        match request.method() {
            "eth_chainId" => quantity(self.genesis().chain_id),
            "net_version" => answer(&self.genesis().chain_id.to_string()),
            "web3_clientVersion" => answer(&concat!("sheaf-embedded/", env!("CARGO_PKG_VERSION"))),
            "eth_syncing" => answer(&false),
            "eth_blockNumber" => quantity(self.height()),
            "eth_getBlockByNumber" => {
                let number = self.resolve(params.get(0)?);
                answer(&number.and_then(|number| self.block_view(number, params.flag(1))))
            }
            "eth_getBlockByHash" => {
                let hash: B256 = params.get(0)?;
                let found =
                    self.blocks.iter().find(|block| block.hash == hash).map(|block| block.header.number);
                answer(&found.and_then(|number| self.block_view(number, params.flag(1))))
            }
            "eth_getTransactionCount" => {
                let address: Address = params.get(0)?;
                let latest = self.account(address).nonce;
                match params.optional::<BlockId>(1)?.unwrap_or_default() {
                    BlockId::Number(BlockNumberOrTag::Pending) => {
                        quantity(self.pool.next_nonce(address, latest))
                    }
                    block => self.at_head(block).and_then(|()| quantity(latest)),
                }
            }
            "eth_getBalance" => {
                self.at_head(params.optional(1)?.unwrap_or_default())?;
                answer(&self.account(params.get(0)?).balance)
            }
            "eth_getCode" => {
                self.at_head(params.optional(1)?.unwrap_or_default())?;
                let account = self.account(params.get(0)?);
                let code = self.code(&account);
                answer(&code)
            }
            "eth_getStorageAt" => {
                self.at_head(params.optional(2)?.unwrap_or_default())?;
                let (address, slot): (Address, U256) = (params.get(0)?, params.get(1)?);
                let word = self.storage(address, slot);
                answer(&B256::from(word))
            }
            "eth_call" => {
                self.at_head(params.optional(1)?.unwrap_or_default())?;
                let output = self.call(&params.get::<TransactionRequest>(0)?)?;
                answer(&output)
            }
            "eth_estimateGas" => {
                self.at_head(params.optional(1)?.unwrap_or_default())?;
                let gas = self.estimate(&params.get::<TransactionRequest>(0)?)?;
                quantity(gas)
            }
            "eth_gasPrice" => quantity(self.next_base_fee_wei().saturating_add(SUGGESTED_TIP_WEI)),
            "eth_maxPriorityFeePerGas" => quantity(SUGGESTED_TIP_WEI),
            "eth_feeHistory" => {
                let count: U64 = params.get(0)?;
                let newest = self.resolve(params.get(1)?).ok_or_else(|| Refusal::params("unknown block"))?;
                let percentiles: Vec<f64> = params.optional(2)?.unwrap_or_default();
                answer(&self.fee_history(count.to::<u64>(), newest, &percentiles))
            }
            "eth_sendRawTransaction" => {
                let raw: Bytes = params.get(0)?;
                answer(&self.send(&raw)?)
            }
            "eth_getTransactionByHash" => answer(&self.transaction_view(&params.get(0)?)),
            "eth_getTransactionReceipt" => answer(&self.receipt_view(&params.get(0)?)),
            "eth_getLogs" => answer(&self.logs(&params.get::<Filter>(0)?)?),
            method => Err(Refusal {
                code: -32601,
                message: format!("the method {method} does not exist/is not available").into(),
                data: None,
            }),
        }
    }

    /// Only the latest state is kept.
    fn at_head(&self, block: BlockId) -> Result<(), Refusal> {
        let head = match block {
            BlockId::Number(tag) => self.resolve(tag) == Some(self.height()),
            BlockId::Hash(hash) => {
                self.block(self.height()).is_some_and(|block| block.hash == hash.block_hash)
            }
        };
        if head { Ok(()) } else { Err(Refusal::server("historical state is not available")) }
    }
}

struct Params<'a>(&'a [Value]);

impl Params<'_> {
    fn get<T: DeserializeOwned>(&self, position: usize) -> Result<T, Refusal> {
        self.optional(position)?
            .ok_or_else(|| Refusal::params(format!("missing value for argument {position}")))
    }

    fn optional<T: DeserializeOwned>(&self, position: usize) -> Result<Option<T>, Refusal> {
        let given = self.0.get(position).filter(|value| !value.is_null());
        let parsed = given.map(|value| serde_json::from_value(value.clone())).transpose();
        parsed.map_err(|error| Refusal::params(format!("invalid argument {position}: {error}")))
    }

    fn flag(&self, position: usize) -> bool {
        self.0.get(position).and_then(Value::as_bool).unwrap_or_default()
    }
}

fn answer<T: Serialize>(value: &T) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| Refusal::server(error.to_string()))
}

fn quantity(number: u64) -> Result<Value, Refusal> {
    answer(&U64::from(number))
}

//! Execution that leaves nothing behind: `eth_call` and `eth_estimateGas`.

use alloy::consensus::Header;
use alloy::primitives::{Bytes, TxKind, U256};
use alloy::rpc::types::TransactionRequest;
use revm::context::TxEnv;
use revm::context_interface::result::ExecutionResult;

use super::pool::TRANSACTION_GAS_LIMIT;
use super::rpc::Refusal;
use super::state::{BLOCK_GAS_LIMIT, State, block_env};

/// How near an estimate comes to the least gas that suffices, in thousandths, as geth has it.
const ESTIMATE_TOLERANCE: u64 = 15;

impl State {
    /// What a call answers on the latest state.
    pub(super) fn call(&mut self, request: &TransactionRequest) -> Result<Bytes, Refusal> {
        let gas = request.gas.unwrap_or(BLOCK_GAS_LIMIT).min(BLOCK_GAS_LIMIT);
        match self.dry_run(request, gas)? {
            ExecutionResult::Success { output, .. } => Ok(output.into_data()),
            ExecutionResult::Revert { output, .. } => Err(Refusal::reverted(&output)),
            ExecutionResult::Halt { reason, .. } => Err(Refusal::server(format!("{reason:?}"))),
        }
    }

    /// Gas with which a transaction succeeds, at most 1.5 % above the least.
    pub(super) fn estimate(&mut self, request: &TransactionRequest) -> Result<u64, Refusal> {
        let most = request.gas.unwrap_or(TRANSACTION_GAS_LIMIT).min(TRANSACTION_GAS_LIMIT);
        let used = match self.dry_run(request, most)? {
            ExecutionResult::Success { gas, .. } => gas.tx_gas_used(),
            ExecutionResult::Revert { output, .. } => return Err(Refusal::reverted(&output)),
            ExecutionResult::Halt { .. } => {
                return Err(Refusal::server(format!("gas required exceeds allowance ({most})")));
            }
        };
        // Less than what is used in the end is not enough, and often that is; refunds and the 64th part that callers keep
        // need more.
        if matches!(self.dry_run(request, used), Ok(ExecutionResult::Success { .. })) {
            return Ok(used);
        }
        let (mut fails, mut succeeds) = (used, most);
        while succeeds - fails > 1 && (succeeds - fails) * 1000 > succeeds * ESTIMATE_TOLERANCE {
            // What is needed is nearly always near to what is used.
            let middle = (fails + (succeeds - fails) / 2).min(fails.saturating_mul(2));
            match self.dry_run(request, middle) {
                Ok(ExecutionResult::Success { .. }) => succeeds = middle,
                _ => fails = middle,
            }
        }
        Ok(succeeds)
    }

    fn dry_run(&mut self, request: &TransactionRequest, gas: u64) -> Result<ExecutionResult, Refusal> {
        let caller = request.from.unwrap_or_default();
        let transaction = TxEnv {
            caller,
            gas_limit: gas,
            kind: request.to.unwrap_or(TxKind::Create),
            value: request.value.unwrap_or(U256::ZERO),
            data: request.input.input().cloned().unwrap_or_default(),
            nonce: self.account(caller).nonce,
            access_list: request.access_list.clone().unwrap_or_default(),
            ..Default::default()
        };
        // In the block that would come next, where gas costs nothing, as nodes do it for calls that name no price.
        let header = Header {
            number: self.height() + 1,
            timestamp: self.head().timestamp,
            gas_limit: BLOCK_GAS_LIMIT,
            base_fee_per_gas: Some(0),
            ..Default::default()
        };
        let result = self.execute(block_env(&header), transaction, |cfg| {
            cfg.tx_chain_id_check = false;
            // The limit is for transactions, not for calls.
            cfg.tx_gas_limit_cap = Some(u64::MAX);
        });
        result.map(|answer| answer.result).map_err(Refusal::server)
    }
}

//! Blocks, transactions, receipts and logs as JSON-RPC has them.

use alloy::consensus::{Eip658Value, Receipt, ReceiptEnvelope, ReceiptWithBloom};
use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{B256, logs_bloom};
use alloy::rpc::types::{
    Block, BlockNumHash, BlockTransactions, FeeHistory, Filter, FilterBlockOption, Header, Log, Transaction,
    TransactionReceipt,
};

use super::rpc::Refusal;
use super::state::{MinedBlock, MinedTransaction, State};

/// Most blocks that one fee history covers, as geth has it.
const MAX_FEE_HISTORY: u64 = 1024;

impl State {
    /// The number that a tag stands for, if there is such a block.
    pub(super) fn resolve(&self, tag: BlockNumberOrTag) -> Option<u64> {
        let height = self.height();
        let genesis = self.genesis();
        let number = match tag {
            BlockNumberOrTag::Latest | BlockNumberOrTag::Pending => height,
            BlockNumberOrTag::Safe => height.saturating_sub(genesis.safe_depth),
            BlockNumberOrTag::Finalized => height.saturating_sub(genesis.final_depth),
            BlockNumberOrTag::Earliest => 0,
            BlockNumberOrTag::Number(number) => number,
        };
        (number <= height).then_some(number)
    }

    pub(super) fn block(&self, number: u64) -> Option<&MinedBlock> {
        self.blocks.get(usize::try_from(number).ok()?)
    }

    pub(super) fn block_view(&self, number: u64, full: bool) -> Option<Block> {
        let block = self.block(number)?;
        let header =
            Header { hash: block.hash, inner: block.header.clone(), total_difficulty: None, size: None };
        let transactions = match (&block.transaction, full) {
            (None, true) => BlockTransactions::Full(Vec::new()),
            (None, false) => BlockTransactions::Hashes(Vec::new()),
            (Some(mined), true) => BlockTransactions::Full(vec![transaction_view(block, mined)]),
            (Some(mined), false) => BlockTransactions::Hashes(vec![*mined.inner.inner().tx_hash()]),
        };
        Some(Block { header, uncles: Vec::new(), transactions, withdrawals: None })
    }

    pub(super) fn transaction_view(&self, hash: &B256) -> Option<Transaction> {
        if let Some(waiting) = self.pool.get(hash) {
            return Some(Transaction {
                inner: waiting.clone(),
                block_hash: None,
                block_number: None,
                transaction_index: None,
                effective_gas_price: None,
                block_timestamp: None,
            });
        }
        let block = self.block(*self.index.get(hash)?)?;
        block.transaction.as_ref().map(|mined| transaction_view(block, mined))
    }

    pub(super) fn receipt_view(&self, hash: &B256) -> Option<TransactionReceipt> {
        let block = self.block(*self.index.get(hash)?)?;
        let mined = block.transaction.as_ref()?;
        let inner = mined.inner.inner();
        let logs = log_views(block, mined);
        let receipt =
            Receipt { status: Eip658Value::Eip658(mined.success), cumulative_gas_used: mined.gas_used, logs };
        let with_bloom = ReceiptWithBloom { receipt, logs_bloom: logs_bloom(&mined.logs) };
        Some(TransactionReceipt {
            inner: ReceiptEnvelope::from_typed(inner.tx_type(), with_bloom),
            transaction_hash: *hash,
            transaction_index: Some(0),
            block_hash: Some(block.hash),
            block_number: Some(block.header.number),
            gas_used: mined.gas_used,
            effective_gas_price: mined.effective_gas_price,
            blob_gas_used: None,
            blob_gas_price: None,
            from: mined.inner.signer(),
            to: alloy::consensus::Transaction::to(inner),
            contract_address: mined.created,
        })
    }

    pub(super) fn logs(&self, filter: &Filter) -> Result<Vec<Log>, Refusal> {
        let height = self.height();
        let (from, to) = match filter.block_option {
            FilterBlockOption::AtBlockHash(hash) => {
                let found = self.blocks.iter().find(|block| block.hash == hash);
                let number = found.ok_or_else(|| Refusal::server("unknown block"))?.header.number;
                (number, number)
            }
            FilterBlockOption::Range { from_block, to_block } => {
                let number = |tag: Option<BlockNumberOrTag>| match tag.unwrap_or_default() {
                    BlockNumberOrTag::Number(number) => number,
                    tag => self.resolve(tag).unwrap_or(height),
                };
                (number(from_block), number(to_block))
            }
        };
        if from > to {
            return Err(Refusal::params("invalid block range params"));
        }
        let blocks = (from..=to.min(height)).filter_map(|number| self.block(number));
        let logs = blocks.filter_map(|block| Some(log_views(block, block.transaction.as_ref()?))).flatten();
        Ok(logs
            .filter(|log| filter.matches_address(log.address()) && filter.matches_topics(log.topics()))
            .collect())
    }

    pub(super) fn fee_history(&self, count: u64, newest: u64, percentiles: &[f64]) -> FeeHistory {
        let count = count.min(MAX_FEE_HISTORY).min(newest + 1);
        let oldest = newest + 1 - count;
        let headers: Vec<_> =
            (oldest..=newest).filter_map(|number| self.block(number)).map(|block| &block.header).collect();
        let base_fee = |number: u64| self.block(number).and_then(|block| block.header.base_fee_per_gas);
        let next = base_fee(newest + 1).unwrap_or_else(|| self.next_base_fee_wei());
        let mut base_fee_per_gas: Vec<u128> =
            headers.iter().map(|header| u128::from(header.base_fee_per_gas.unwrap_or_default())).collect();
        base_fee_per_gas.push(u128::from(next));
        let tip = |header: &&alloy::consensus::Header| {
            let mined = self.block(header.number).and_then(|block| block.transaction.as_ref());
            let base_fee = u128::from(header.base_fee_per_gas.unwrap_or_default());
            let tip = mined.map_or(0, |mined| mined.effective_gas_price.saturating_sub(base_fee));
            vec![tip; percentiles.len()]
        };
        FeeHistory {
            base_fee_per_gas,
            gas_used_ratio: headers
                .iter()
                .map(|header| header.gas_used as f64 / header.gas_limit as f64)
                .collect(),
            oldest_block: oldest,
            reward: (!percentiles.is_empty()).then(|| headers.iter().map(tip).collect()),
            ..Default::default()
        }
    }
}

fn transaction_view(block: &MinedBlock, mined: &MinedTransaction) -> Transaction {
    Transaction {
        inner: mined.inner.clone(),
        block_hash: Some(block.hash),
        block_number: Some(block.header.number),
        transaction_index: Some(0),
        effective_gas_price: Some(mined.effective_gas_price),
        block_timestamp: Some(block.header.timestamp),
    }
}

fn log_views(block: &MinedBlock, mined: &MinedTransaction) -> Vec<Log> {
    let BlockNumHash { number, hash } = BlockNumHash { number: block.header.number, hash: block.hash };
    let view = |(index, log): (usize, &alloy::primitives::Log)| Log {
        inner: log.clone(),
        block_hash: Some(hash),
        block_number: Some(number),
        block_timestamp: Some(block.header.timestamp),
        transaction_hash: Some(*mined.inner.inner().tx_hash()),
        transaction_index: Some(0),
        log_index: Some(index as u64),
        removed: false,
    };
    mined.logs.iter().enumerate().map(view).collect()
}

//! Accounts, blocks, and how one follows from the other.

use std::collections::HashMap;
use std::convert::Infallible;

use alloy::consensus::proofs::{calculate_receipt_root, calculate_transaction_root};
use alloy::consensus::transaction::Recovered;
use alloy::consensus::{
    EMPTY_OMMER_ROOT_HASH, Eip658Value, Header, Receipt, ReceiptEnvelope, ReceiptWithBloom, Transaction as _,
    TxEnvelope,
};
use alloy::eips::eip1559::{BaseFeeParams, calc_next_block_base_fee};
use alloy::eips::eip2718::Encodable2718 as _;
use alloy::primitives::{Address, B256, Bytes, Log, U256, logs_bloom};
use revm::context::{BlockEnv, CfgEnv, TxEnv};
use revm::context_interface::result::{ExecutionResult, ResultAndState};
use revm::database::{CacheDB, EmptyDB};
use revm::primitives::hardfork::SpecId;
use revm::state::AccountInfo;
use revm::{
    Context, Database as _, DatabaseCommit as _, ExecuteEvm as _, MainBuilder as _, MainContext as _,
};

use super::journal::{BlockPlan, Journal};
use super::pool::{Pool, decode_transaction};
use super::{EmbeddedError, Genesis};

/// The fork whose rules hold.
pub(super) const SPEC: SpecId = SpecId::OSAKA;
/// As mainnet's.
pub(super) const BLOCK_GAS_LIMIT: u64 = 60_000_000;
/// Seconds between blocks.
const BLOCK_TIME_S: u64 = 12;

/// A block and what executing it gave.
pub(super) struct MinedBlock {
    pub(super) header: Header,
    pub(super) hash: B256,
    pub(super) transaction: Option<MinedTransaction>,
}

pub(super) struct MinedTransaction {
    pub(super) inner: Recovered<TxEnvelope>,
    pub(super) success: bool,
    pub(super) gas_used: u64,
    pub(super) effective_gas_price: u128,
    pub(super) created: Option<Address>,
    pub(super) logs: Vec<Log>,
}

pub(super) struct State {
    genesis: Genesis,
    pub(super) accounts: CacheDB<EmptyDB>,
    pub(super) blocks: Vec<MinedBlock>,
    /// Which block a transaction is in.
    pub(super) index: HashMap<B256, u64>,
    pub(super) pool: Pool,
    /// What the blocks were made from.
    pub(super) plans: Vec<BlockPlan>,
    pub(super) salt: u64,
    pub(super) automine: bool,
    /// Set for the next block in place of the one that follows from its parent.
    pub(super) forced_base_fee_wei: Option<u64>,
    journal: Option<Journal>,
}

impl State {
    pub(super) fn new(genesis: Genesis) -> Self {
        let mut accounts = CacheDB::new(EmptyDB::default());
        for (address, balance) in &genesis.funded {
            accounts.insert_account_info(*address, AccountInfo { balance: *balance, ..Default::default() });
        }
        let header = Header {
            gas_limit: BLOCK_GAS_LIMIT,
            timestamp: genesis.timestamp_s,
            base_fee_per_gas: Some(genesis.base_fee_wei),
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            ..Default::default()
        };
        let hash = header.hash_slow();
        Self {
            genesis,
            accounts,
            blocks: vec![MinedBlock { header, hash, transaction: None }],
            index: HashMap::new(),
            pool: Pool::default(),
            plans: Vec::new(),
            salt: 0,
            automine: true,
            forced_base_fee_wei: None,
            journal: None,
        }
    }

    /// From here on, blocks are written down before they count.
    pub(super) fn keep_in(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    pub(super) fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    pub(super) fn height(&self) -> u64 {
        self.plans.len() as u64
    }

    pub(super) fn head(&self) -> &Header {
        // The block zero is always there.
        &self.blocks[self.blocks.len() - 1].header
    }

    pub(super) fn account(&mut self, address: Address) -> AccountInfo {
        never_fails(self.accounts.basic(address)).unwrap_or_default()
    }

    pub(super) fn code(&mut self, account: &AccountInfo) -> Bytes {
        let code = match &account.code {
            Some(code) => code.clone(),
            None => never_fails(self.accounts.code_by_hash(account.code_hash)),
        };
        code.original_bytes()
    }

    pub(super) fn storage(&mut self, address: Address, slot: U256) -> U256 {
        never_fails(self.accounts.storage(address, slot))
    }

    pub(super) fn next_base_fee_wei(&self) -> u64 {
        let head = self.head();
        let follows = || {
            calc_next_block_base_fee(
                head.gas_used,
                head.gas_limit,
                head.base_fee_per_gas.unwrap_or_default(),
                BaseFeeParams::ethereum(),
            )
        };
        self.forced_base_fee_wei.unwrap_or_else(follows)
    }

    /// Mines what can be mined, a block each.
    pub(super) fn mine_ready(&mut self) -> Result<(), EmbeddedError> {
        while let Some(transaction) = self.next_ready() {
            let hash = *transaction.inner().tx_hash();
            let plan = self.plan(0, Some(transaction.inner().encoded_2718().into()));
            let mined = self.extend(plan);
            self.pool.remove(&hash);
            mined?;
        }
        Ok(())
    }

    /// Mines a block without transactions.
    pub(super) fn mine_empty(&mut self, later_s: u64) -> Result<(), EmbeddedError> {
        let plan = self.plan(later_s, None);
        self.extend(plan)
    }

    fn plan(&self, later_s: u64, transaction: Option<Bytes>) -> BlockPlan {
        BlockPlan {
            hash: B256::ZERO,
            timestamp_s: self.head().timestamp.saturating_add(BLOCK_TIME_S).saturating_add(later_s),
            base_fee_wei: self.next_base_fee_wei(),
            salt: self.salt,
            transaction,
        }
    }

    /// A transaction of the pool whose nonce is due and whose fee suffices.
    fn next_ready(&mut self) -> Option<Recovered<TxEnvelope>> {
        let base_fee = u128::from(self.next_base_fee_wei());
        let accounts = &mut self.accounts;
        self.pool.find(|transaction| {
            let nonce = never_fails(accounts.basic(transaction.signer())).map_or(0, |account| account.nonce);
            transaction.nonce() == nonce && transaction.max_fee_per_gas() >= base_fee
        })
    }

    /// Writes the block down and makes it the head.
    fn extend(&mut self, mut plan: BlockPlan) -> Result<(), EmbeddedError> {
        let executed = self.execute_plan(&plan)?;
        plan.hash = executed.block.hash;
        if let Some(journal) = &mut self.journal {
            journal.append(&plan)?;
        }
        self.adopt(plan, executed);
        self.forced_base_fee_wei = None;
        Ok(())
    }

    /// Makes a block from a plan and adopts it without writing it down.
    ///
    /// Answers with its hash, which is the plan's if the plan was made here.
    pub(super) fn apply(&mut self, plan: &BlockPlan) -> Result<B256, EmbeddedError> {
        let executed = self.execute_plan(plan)?;
        let hash = executed.block.hash;
        self.salt = plan.salt;
        self.adopt(BlockPlan { hash, ..plan.clone() }, executed);
        Ok(hash)
    }

    fn adopt(&mut self, plan: BlockPlan, executed: Executed) {
        if let Some(changes) = executed.changes {
            self.accounts.commit(changes);
        }
        let number = executed.block.header.number;
        self.accounts.cache.block_hashes.insert(U256::from(number), executed.block.hash);
        if let Some(transaction) = &executed.block.transaction {
            self.index.insert(*transaction.inner.inner().tx_hash(), number);
        }
        self.blocks.push(executed.block);
        self.plans.push(plan);
    }

    fn execute_plan(&mut self, plan: &BlockPlan) -> Result<Executed, EmbeddedError> {
        let number = self.height() + 1;
        let parent_hash = self.blocks[self.blocks.len() - 1].hash;
        let header = Header {
            parent_hash,
            ommers_hash: EMPTY_OMMER_ROOT_HASH,
            number,
            gas_limit: BLOCK_GAS_LIMIT,
            timestamp: plan.timestamp_s,
            base_fee_per_gas: Some(plan.base_fee_wei),
            // What follows from the parent and the salt alone, so that contracts see it change.
            mix_hash: alloy::primitives::keccak256(
                [parent_hash.as_slice(), &plan.salt.to_be_bytes()].concat(),
            ),
            ..Default::default()
        };
        let Some(raw) = &plan.transaction else {
            let hash = header.hash_slow();
            return Ok(Executed { block: MinedBlock { header, hash, transaction: None }, changes: None });
        };
        let refused = |why: String| EmbeddedError::Transaction { why };
        let transaction = decode_transaction(raw, self.genesis.chain_id)
            .map_err(|refusal| refused(refusal.message.into_owned()))?;
        let ResultAndState { result, state } =
            self.execute(block_env(&header), tx_env(&transaction), |_| {}).map_err(refused)?;
        Ok(Executed { block: finish(header, transaction, result), changes: Some(state) })
    }

    /// Runs a transaction on the latest state, and leaves that as it is.
    pub(super) fn execute(
        &mut self,
        block: BlockEnv,
        transaction: TxEnv,
        adjust: impl FnOnce(&mut CfgEnv),
    ) -> Result<ResultAndState, String> {
        let chain_id = self.genesis.chain_id;
        let mut evm = Context::mainnet()
            .with_db(&mut self.accounts)
            .with_block(block)
            .modify_cfg_chained(|cfg| {
                cfg.set_spec_and_mainnet_gas_params(SPEC);
                cfg.chain_id = chain_id;
                adjust(cfg);
            })
            .build_mainnet();
        evm.transact(transaction).map_err(|error| error.to_string())
    }
}

struct Executed {
    block: MinedBlock,
    changes: Option<revm::state::EvmState>,
}

pub(super) fn block_env(header: &Header) -> BlockEnv {
    let mut block = BlockEnv {
        number: U256::from(header.number),
        beneficiary: header.beneficiary,
        timestamp: U256::from(header.timestamp),
        gas_limit: header.gas_limit,
        basefee: header.base_fee_per_gas.unwrap_or_default(),
        prevrandao: Some(header.mix_hash),
        ..Default::default()
    };
    block.set_blob_excess_gas_and_price(0, revm::primitives::eip4844::BLOB_BASE_FEE_UPDATE_FRACTION_PRAGUE);
    block
}

fn tx_env(transaction: &Recovered<TxEnvelope>) -> TxEnv {
    let inner = transaction.inner();
    TxEnv {
        tx_type: inner.tx_type() as u8,
        caller: transaction.signer(),
        gas_limit: inner.gas_limit(),
        gas_price: inner.max_fee_per_gas(),
        gas_priority_fee: inner.max_priority_fee_per_gas(),
        kind: inner.kind(),
        value: inner.value(),
        data: inner.input().clone(),
        nonce: inner.nonce(),
        chain_id: inner.chain_id(),
        access_list: inner.access_list().cloned().unwrap_or_default(),
        ..Default::default()
    }
}

/// The block around a transaction's result.
fn finish(mut header: Header, transaction: Recovered<TxEnvelope>, result: ExecutionResult) -> MinedBlock {
    let success = result.is_success();
    let gas_used = result.tx_gas_used();
    let created = result.created_address();
    // What a reverted transaction logged is as if it had not been.
    let logs = if success { result.into_logs() } else { Vec::new() };
    let bloom = logs_bloom(&logs);
    let receipt =
        Receipt { status: Eip658Value::Eip658(success), cumulative_gas_used: gas_used, logs: logs.clone() };
    let receipt = ReceiptEnvelope::from_typed(
        transaction.inner().tx_type(),
        ReceiptWithBloom { receipt, logs_bloom: bloom },
    );
    header.gas_used = gas_used;
    header.logs_bloom = bloom;
    header.transactions_root = calculate_transaction_root(std::slice::from_ref(transaction.inner()));
    header.receipts_root = calculate_receipt_root(std::slice::from_ref(&receipt));
    let effective_gas_price = transaction.inner().effective_gas_price(header.base_fee_per_gas);
    let hash = header.hash_slow();
    let transaction =
        MinedTransaction { inner: transaction, success, gas_used, effective_gas_price, created, logs };
    MinedBlock { header, hash, transaction: Some(transaction) }
}

/// The database is in memory.
pub(super) fn never_fails<T>(result: Result<T, Infallible>) -> T {
    match result {
        Ok(value) => value,
    }
}

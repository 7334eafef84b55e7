//! Transactions that wait, and what is refused at the door.

use alloy::consensus::transaction::{Recovered, SignerRecoverable as _};
use alloy::consensus::{Transaction as _, TxEnvelope, TxType};
use alloy::eips::eip2718::Decodable2718 as _;
use alloy::primitives::{Address, B256, U256};

use super::rpc::Refusal;
use super::state::State;

/// Most transactions that wait.
const MAX_WAITING: usize = 1024;
/// Most gas of a transaction since Osaka (EIP-7825).
pub(super) const TRANSACTION_GAS_LIMIT: u64 = 1 << 24;
/// Most bytes of a transaction, as geth has it.
const MAX_TRANSACTION_LEN: usize = 128 * 1024;
/// What a replacement has to add to both fees, in percent.
const REPLACEMENT_PERCENT: u128 = 10;

#[derive(Default)]
pub(super) struct Pool {
    waiting: Vec<Recovered<TxEnvelope>>,
}

impl Pool {
    pub(super) fn remove(&mut self, hash: &B256) {
        self.waiting.retain(|transaction| transaction.inner().tx_hash() != hash);
    }

    pub(super) fn get(&self, hash: &B256) -> Option<&Recovered<TxEnvelope>> {
        self.waiting.iter().find(|transaction| transaction.inner().tx_hash() == hash)
    }

    pub(super) fn find(
        &self,
        matches: impl FnMut(&&Recovered<TxEnvelope>) -> bool,
    ) -> Option<Recovered<TxEnvelope>> {
        self.waiting.iter().find(matches).cloned()
    }

    /// The nonce after all that waits without a gap.
    pub(super) fn next_nonce(&self, sender: Address, latest: u64) -> u64 {
        let mut next = latest;
        while self.waiting.iter().any(|waiting| waiting.signer() == sender && waiting.nonce() == next) {
            next += 1;
        }
        next
    }

    #[cfg(any(test, feature = "testing"))]
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }
}

impl State {
    /// Takes a raw transaction, mines it if it is due, and answers with its hash.
    pub(super) fn send(&mut self, raw: &[u8]) -> Result<B256, Refusal> {
        if raw.len() > MAX_TRANSACTION_LEN {
            return Err(Refusal::server("oversized data"));
        }
        let transaction = decode_transaction(raw, self.genesis().chain_id)?;
        let hash = *transaction.inner().tx_hash();
        if self.pool.get(&hash).is_some() || self.index.contains_key(&hash) {
            return Err(Refusal::server("already known"));
        }
        self.check(&transaction)?;
        self.insert(transaction)?;
        if self.automine {
            // That an older one of the pool could not be mined is no fault of this one's.
            while let Err(error) = self.mine_ready() {
                if self.index.contains_key(&hash) {
                    continue;
                }
                if self.pool.get(&hash).is_none() {
                    return Err(Refusal::server(error.to_string()));
                }
            }
        }
        Ok(hash)
    }

    fn check(&mut self, transaction: &Recovered<TxEnvelope>) -> Result<(), Refusal> {
        let account = self.account(transaction.signer());
        let inner = transaction.inner();
        if inner.nonce() < account.nonce {
            let (got, expected) = (inner.nonce(), account.nonce);
            return Err(Refusal::server(format!("nonce too low: next nonce {expected}, tx nonce {got}")));
        }
        if inner.gas_limit() > TRANSACTION_GAS_LIMIT {
            return Err(Refusal::server("transaction gas limit too high"));
        }
        if inner.max_priority_fee_per_gas().is_some_and(|tip| tip > inner.max_fee_per_gas()) {
            return Err(Refusal::server("max priority fee per gas higher than max fee per gas"));
        }
        let most = U256::from(inner.gas_limit()) * U256::from(inner.max_fee_per_gas());
        if most.saturating_add(inner.value()) > account.balance {
            return Err(Refusal::server("insufficient funds for gas * price + value"));
        }
        Ok(())
    }

    fn insert(&mut self, transaction: Recovered<TxEnvelope>) -> Result<(), Refusal> {
        let same = |waiting: &Recovered<TxEnvelope>| {
            waiting.signer() == transaction.signer() && waiting.nonce() == transaction.nonce()
        };
        if let Some(place) = self.pool.waiting.iter().position(same) {
            let old = self.pool.waiting[place].inner();
            let enough = |new: u128, old: u128| new >= old + (old * REPLACEMENT_PERCENT).div_ceil(100);
            let tip = |envelope: &TxEnvelope| {
                envelope.max_priority_fee_per_gas().unwrap_or(envelope.max_fee_per_gas())
            };
            let new = transaction.inner();
            if !enough(new.max_fee_per_gas(), old.max_fee_per_gas()) || !enough(tip(new), tip(old)) {
                return Err(Refusal::server("replacement transaction underpriced"));
            }
            self.pool.waiting[place] = transaction;
            return Ok(());
        }
        if self.pool.waiting.len() >= MAX_WAITING {
            return Err(Refusal::server("txpool is full"));
        }
        self.pool.waiting.push(transaction);
        Ok(())
    }
}

/// A signed transaction of this chain and of a kind that it takes, with its sender.
pub(super) fn decode_transaction(raw: &[u8], chain_id: u64) -> Result<Recovered<TxEnvelope>, Refusal> {
    let mut rest = raw;
    let envelope =
        TxEnvelope::decode_2718(&mut rest).map_err(|error| Refusal::server(format!("rlp: {error}")))?;
    if !rest.is_empty() {
        return Err(Refusal::server("rlp: trailing bytes"));
    }
    if !matches!(envelope.tx_type(), TxType::Legacy | TxType::Eip2930 | TxType::Eip1559) {
        return Err(Refusal::server("transaction type not supported"));
    }
    if envelope.chain_id() != Some(chain_id) {
        return Err(Refusal::server("invalid chain id for signer"));
    }
    let signer = envelope.recover_signer().map_err(|_| Refusal::server("invalid sender"))?;
    Ok(Recovered::new_unchecked(envelope, signer))
}

//! A store that forgets everything with its last handle. For tests: a gateway that restarts must know what it sent.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use alloy::primitives::{Address, B256};
use async_trait::async_trait;

use super::records::{Attempt, ChainName, Fate, Intent, Posting, PostingKey, PostingState};
use super::store::{PosterStore, StoreError};

/// Postings and attempts in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    postings: BTreeMap<PostingKey, Posting>,
    attempts: Vec<Attempt>,
}

impl Tables {
    fn set(&mut self, key: &PostingKey, revision: u64, state: &PostingState) -> Result<u64, StoreError> {
        let posting = self.postings.get_mut(key).ok_or_else(|| StoreError::Missing { key: key.clone() })?;
        if posting.revision != revision {
            return Err(StoreError::Stale { key: key.clone(), expected: revision, got: posting.revision });
        }
        posting.state = state.clone();
        posting.revision += 1;
        Ok(posting.revision)
    }
}

impl MemoryStore {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn select(&self, matches: impl Fn(&Attempt) -> bool) -> Vec<Attempt> {
        self.tables().attempts.iter().filter(|attempt| matches(attempt)).cloned().collect()
    }
}

#[async_trait]
impl PosterStore for MemoryStore {
    async fn submit(&self, intent: &Intent) -> Result<Posting, StoreError> {
        let mut tables = self.tables();
        let revision = match tables.postings.get(&intent.key) {
            None => 0,
            Some(kept) if kept.intent.chain_id != intent.chain_id => {
                return Err(StoreError::Conflict { key: intent.key.clone(), what: "chain id" });
            }
            Some(kept) if kept.intent.registry != intent.registry => {
                return Err(StoreError::Conflict { key: intent.key.clone(), what: "registry" });
            }
            Some(kept) if matches!(kept.state, PostingState::Failed { .. }) => kept.revision + 1,
            Some(kept) => return Ok(kept.clone()),
        };
        let posting =
            Posting { intent: intent.clone(), state: PostingState::Waiting { reason: None }, revision };
        tables.postings.insert(intent.key.clone(), posting.clone());
        Ok(posting)
    }

    async fn posting(&self, key: &PostingKey) -> Result<Option<Posting>, StoreError> {
        Ok(self.tables().postings.get(key).cloned())
    }

    async fn open(&self, chain: &ChainName) -> Result<Vec<Posting>, StoreError> {
        let tables = self.tables();
        let open = |posting: &&Posting| posting.intent.key.chain == *chain && !posting.state.is_over();
        let mut postings: Vec<Posting> = tables.postings.values().filter(open).cloned().collect();
        postings.sort_by_key(|posting| (posting.intent.created_at_ms, posting.intent.key.root));
        Ok(postings)
    }

    async fn advance(
        &self,
        key: &PostingKey,
        revision: u64,
        state: &PostingState,
    ) -> Result<u64, StoreError> {
        self.tables().set(key, revision, state)
    }

    async fn record_attempt(&self, revision: u64, attempt: &Attempt) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let revision = tables.set(&attempt.key, revision, &PostingState::Sent { nonce: attempt.nonce })?;
        tables.attempts.push(attempt.clone());
        Ok(revision)
    }

    async fn attempts(&self, key: &PostingKey) -> Result<Vec<Attempt>, StoreError> {
        Ok(self.select(|attempt| attempt.key == *key))
    }

    async fn pending_attempts(&self, chain: &ChainName, signer: Address) -> Result<Vec<Attempt>, StoreError> {
        Ok(self.select(|attempt| {
            attempt.key.chain == *chain && attempt.signer == signer && attempt.fate == Fate::Pending
        }))
    }

    async fn mined_since(
        &self,
        chain: &ChainName,
        signer: Address,
        since_ms: u64,
    ) -> Result<Vec<Attempt>, StoreError> {
        Ok(self.select(|attempt| {
            let recent = matches!(attempt.fate, Fate::Mined { seen_at_ms, .. } if seen_at_ms >= since_ms);
            attempt.key.chain == *chain && attempt.signer == signer && recent
        }))
    }

    async fn set_fate(&self, chain: &ChainName, transaction: B256, fate: &Fate) -> Result<(), StoreError> {
        let mut tables = self.tables();
        let attempts = tables.attempts.iter_mut();
        for attempt in attempts.filter(|it| it.key.chain == *chain && it.transaction == transaction) {
            attempt.fate = fate.clone();
        }
        Ok(())
    }
}

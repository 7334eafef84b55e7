//! From a block to finality, and back when the block goes away.

use alloy::eips::BlockNumberOrTag;

use super::records::{Fate, Posting, PostingState, Settlement};
use super::view::{View, trouble};
use super::{Event, Poster, PosterError};
use crate::sight::{self, Level, Sight};

/// Code of a batch whose verifier was frozen.
pub(super) const FROZEN: &str = "SH-STL-611";

impl Poster {
    /// Looks whether a batch that is in a block still is, and how deep.
    pub(super) async fn confirm(
        &self,
        view: &View<'_>,
        posting: &Posting,
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let Some(known) = posting.state.settlement() else { return Ok(()) };
        match self.is_as_known(view, known, level_of(&posting.state)).await {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(error) => events.push(trouble(Some(posting.intent.key.root), &error)),
        }
        let root = posting.intent.key.root;
        match self.observe(view, root, now_ms, events).await {
            None => Ok(()),
            Some(Sight::Posted(settlement, level)) => self.settled(posting, settlement, level, events).await,
            Some(Sight::Revoked(selector)) => self.revoked(posting, selector, events).await,
            Some(Sight::Absent) => self.reorged(posting, *known, events).await,
        }
    }

    /// A look at the leading endpoint, which spares asking all when nothing has changed. Nothing is believed on its word.
    async fn is_as_known(
        &self,
        view: &View<'_>,
        known: &Settlement,
        level: Level,
    ) -> Result<bool, crate::rpc::RpcError> {
        let block = view.lead().block(BlockNumberOrTag::Number(known.block)).await?;
        if block.is_none_or(|block| block.hash != known.block_hash) {
            return Ok(false);
        }
        let now = sight::level(view.lead(), self.config.policy.finality, known.block).await?;
        Ok(now <= level)
    }

    /// Writes down where a batch is, whoever posted it.
    pub(super) async fn settled(
        &self,
        posting: &Posting,
        settlement: Settlement,
        level: Level,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let root = posting.intent.key.root;
        let known = posting.state.settlement();
        // A node may say less than it did before: what was safe stays so, in the same block.
        let before = known.filter(|known| **known == settlement).map(|_| level_of(&posting.state));
        let level = before.map_or(level, |before| before.max(level));
        let state = match level {
            Level::Included => PostingState::Included { settlement },
            Level::Safe => PostingState::Safe { settlement },
            Level::Final => PostingState::Final { settlement },
        };
        if state == posting.state {
            return Ok(());
        }
        self.store.advance(&posting.intent.key, posting.revision, &state).await?;
        if before.is_none() {
            let attempts = self.store.attempts(&posting.intent.key).await?;
            let ours = attempts.iter().any(|attempt| attempt.transaction == settlement.transaction);
            events.push(Event::Included { root, settlement, ours });
        }
        match level {
            Level::Included => {}
            Level::Safe => events.push(Event::Safe { root, settlement }),
            Level::Final => events.push(Event::Final { root, settlement }),
        }
        Ok(())
    }

    /// The record stands under a frozen verifier. If that is the one this batch is for, it can never be posted.
    pub(super) async fn revoked(
        &self,
        posting: &Posting,
        selector: [u8; 4],
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        if selector != posting.intent.selector {
            if posting.state.settlement().is_some() {
                let state = PostingState::Waiting { reason: None };
                self.store.advance(&posting.intent.key, posting.revision, &state).await?;
            }
            return Ok(());
        }
        let why = format!("verifier 0x{} is frozen", hex::encode(selector));
        self.fail(posting, FROZEN, why, events).await
    }

    pub(super) async fn fail(
        &self,
        posting: &Posting,
        code: &str,
        why: String,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let state = PostingState::Failed { code: code.to_owned(), why: why.clone() };
        self.store.advance(&posting.intent.key, posting.revision, &state).await?;
        events.push(Event::Failed { root: posting.intent.key.root, code: code.to_owned(), why });
        Ok(())
    }

    /// The block is gone. Our transactions are as good as before; somebody else's is not ours to send again.
    async fn reorged(
        &self,
        posting: &Posting,
        was: Settlement,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let key = &posting.intent.key;
        let attempts = self.store.attempts(key).await?;
        let state = match attempts.last() {
            Some(last) => PostingState::Sent { nonce: last.nonce },
            None => PostingState::Waiting { reason: None },
        };
        for attempt in attempts.iter().filter(|attempt| attempt.fate != Fate::Pending) {
            self.store.set_fate(&key.chain, attempt.transaction, &Fate::Pending).await?;
        }
        self.store.advance(key, posting.revision, &state).await?;
        events.push(Event::Reorged { root: key.root, was });
        Ok(())
    }

    /// Finds out what became of transactions, for the account of what was spent.
    pub(super) async fn settle_accounts(
        &self,
        view: &View<'_>,
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let (chain, signer) = (&self.config.name, self.key.address());
        let pending = self.store.pending_attempts(chain, signer).await?;
        if pending.is_empty() {
            return Ok(());
        }
        let lead = view.lead();
        let latest = match lead.nonce(signer, BlockNumberOrTag::Latest).await {
            Ok(latest) => latest,
            Err(error) => {
                events.push(trouble(None, &error));
                return Ok(());
            }
        };
        let used = pending.iter().filter(|attempt| attempt.nonce < latest);
        let mut finalised = None;
        for attempt in used {
            match lead.receipt(attempt.transaction).await {
                Ok(Some(receipt)) => {
                    let fate = Fate::Mined {
                        block: receipt.block_number,
                        success: receipt.status == 1,
                        gas_used: receipt.gas_used,
                        price_wei: receipt.effective_gas_price.to(),
                        seen_at_ms: now_ms,
                    };
                    self.store.set_fate(chain, attempt.transaction, &fate).await?;
                }
                Ok(None) => {
                    let known = match finalised {
                        Some(known) => known,
                        None => self.final_nonce(view).await,
                    };
                    finalised = Some(known);
                    if attempt.nonce < known {
                        self.store.set_fate(chain, attempt.transaction, &Fate::Superseded).await?;
                    }
                }
                Err(error) => {
                    events.push(trouble(Some(attempt.key.root), &error));
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Nonces below this are used up for good; zero if that cannot be known.
    async fn final_nonce(&self, view: &View<'_>) -> u64 {
        let tag = match self.config.policy.finality {
            sight::FinalityPolicy::Tags => BlockNumberOrTag::Finalized,
            sight::FinalityPolicy::Depth { finalised, .. } => {
                BlockNumberOrTag::Number(view.head.number.saturating_sub(finalised))
            }
        };
        view.lead().nonce(self.key.address(), tag).await.unwrap_or(0)
    }
}

fn level_of(state: &PostingState) -> Level {
    match state {
        PostingState::Final { .. } => Level::Final,
        PostingState::Safe { .. } => Level::Safe,
        PostingState::Waiting { .. }
        | PostingState::Sent { .. }
        | PostingState::Included { .. }
        | PostingState::Failed { .. } => Level::Included,
    }
}

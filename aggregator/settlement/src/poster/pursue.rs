//! From a signed transaction to a block: sent again, outbid, or signed anew when its nonce is gone.

use std::collections::BTreeMap;

use super::decide::WaitCode;
use super::records::{Attempt, Fate, Posting};
use super::view::{View, trouble};
use super::{Event, Poster, PosterError};
use crate::rpc::ReceiptRef;
use crate::sight::Sight;

/// Code of a batch whose transactions revert time and again.
const REVERTS: &str = "SH-STL-614";

impl Poster {
    /// Looks what became of a transaction that is signed.
    pub(super) async fn pursue(
        &self,
        view: &View<'_>,
        posting: &Posting,
        nonce: u64,
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let root = posting.intent.key.root;
        let attempts: Vec<Attempt> = self.store.attempts(&posting.intent.key).await?;
        match self.observe(view, root, now_ms, events).await {
            Some(Sight::Posted(settlement, level)) => {
                return self.settled(posting, settlement, level, events).await;
            }
            Some(Sight::Revoked(selector)) if selector == posting.intent.selector => {
                return self.revoked(posting, selector, events).await;
            }
            Some(Sight::Absent | Sight::Revoked(_)) => {}
            // Whoever sees nothing of it may need the transaction; more is not done until they agree.
            None => {
                if let Some(last) = attempts.iter().rfind(|attempt| attempt.nonce == nonce) {
                    self.send(view, last, events).await;
                }
                return Ok(());
            }
        }
        let Some(latest) = view.nonce(self.key.address()).await else { return Ok(()) };
        let ours: Vec<Attempt> = attempts.iter().filter(|attempt| attempt.nonce == nonce).cloned().collect();
        if latest > nonce {
            return self.nonce_used(view, posting, &attempts, &ours, now_ms, events).await;
        }
        if latest < nonce && !self.fill_gap(view, latest, nonce, events).await? {
            let why = format!("nonce {nonce} does not come up: the key's next is {latest}");
            return self.wait(posting, WaitCode::NonceTaken, None, why, events).await;
        }
        if let Some(last) = ours.last() {
            match view.lead().knows(last.transaction).await {
                Ok(true) => {}
                Ok(false) => {
                    if self.send(view, last, events).await {
                        self.memory(|memory| memory.resent_at_ms.insert(last.transaction, now_ms));
                        events.push(Event::Resent { root, transaction: last.transaction });
                    }
                }
                Err(error) => events.push(trouble(Some(root), &error)),
            }
        }
        self.bump(view, posting, &ours, now_ms, events).await
    }

    /// The nonce is used and the batch is not posted: one of ours reverted, or the transaction is somebody else's.
    async fn nonce_used(
        &self,
        view: &View<'_>,
        posting: &Posting,
        attempts: &[Attempt],
        ours: &[Attempt],
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let root = posting.intent.key.root;
        let chain = &posting.intent.key.chain;
        for attempt in ours {
            let Some(receipt) = self.find_receipt(view, attempt, events).await else { continue };
            if receipt.status == 1 {
                let why = format!("{} has succeeded, and the registry has no record", attempt.transaction);
                events.push(trouble(Some(root), &view.lead().contradiction(why)));
                self.pause(view.lead().label(), now_ms);
                return Ok(());
            }
            let fate = Fate::Mined {
                block: receipt.block_number,
                success: false,
                gas_used: receipt.gas_used,
                price_wei: receipt.effective_gas_price.to(),
                seen_at_ms: now_ms,
            };
            self.store.set_fate(chain, attempt.transaction, &fate).await?;
            let reverted = |it: &&Attempt| {
                let recent = it.signed_at_ms >= posting.intent.created_at_ms;
                recent
                    && it.transaction != attempt.transaction
                    && matches!(it.fate, Fate::Mined { success: false, .. })
            };
            let reverts = attempts.iter().filter(reverted).count() + 1;
            if reverts >= self.config.policy.max_reverts as usize {
                return self.fail(posting, REVERTS, format!("{reverts} transactions reverted"), events).await;
            }
            let why = format!("{} reverted in block {}", attempt.transaction, receipt.block_number);
            return self.wait(posting, WaitCode::Reverted, None, why, events).await;
        }
        let nonce = ours.first().map_or(0, |attempt| attempt.nonce);
        let why = format!("nonce {nonce} went to another transaction");
        self.wait(posting, WaitCode::NonceTaken, None, why, events).await
    }

    async fn find_receipt(
        &self,
        view: &View<'_>,
        attempt: &Attempt,
        events: &mut Vec<Event>,
    ) -> Option<ReceiptRef> {
        for endpoint in &view.endpoints {
            match endpoint.receipt(attempt.transaction).await {
                Ok(Some(receipt)) => return Some(receipt),
                Ok(None) => {}
                Err(error) => events.push(trouble(Some(attempt.key.root), &error)),
            }
        }
        None
    }

    /// Nonces before ours are open again, after a reorganisation. If ours were there, they go out again.
    async fn fill_gap(
        &self,
        view: &View<'_>,
        latest: u64,
        nonce: u64,
        events: &mut Vec<Event>,
    ) -> Result<bool, PosterError> {
        let pending = self.store.pending_attempts(&self.config.name, self.key.address()).await?;
        // The last of each nonce offers most.
        let dearest: BTreeMap<u64, &Attempt> =
            pending.iter().map(|attempt| (attempt.nonce, attempt)).collect();
        for missing in latest..nonce {
            let Some(attempt) = dearest.get(&missing) else { return Ok(false) };
            self.send(view, attempt, events).await;
        }
        Ok(true)
    }
}

//! Which endpoints answer, which of them leads, and what they say together.

use std::sync::PoisonError;

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes};
use futures_util::future::join_all;

use super::{Event, Poster};
use crate::rpc::{BlockRef, Endpoint, RpcError};
use crate::sight::{self, FinalityPolicy, Observation};

/// What is remembered of an endpoint between steps. Lost with the process, and no harm done.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Health {
    /// It does not lead until then: it did not answer, or was outvoted.
    paused_until_ms: u64,
    /// It did not answer: until then it is asked only if nobody else is there.
    silent_until_ms: u64,
}

/// Endpoints that answered in this step.
pub(super) struct View<'a> {
    /// The first one leads: it is asked what need not be asked of all.
    pub(super) endpoints: Vec<&'a Endpoint>,
    pub(super) head: BlockRef,
}

impl<'a> View<'a> {
    pub(super) fn lead(&self) -> &'a Endpoint {
        // `look` makes no view without endpoints.
        self.endpoints[0]
    }

    pub(super) async fn observe(&self, registry: Address, root: B256, policy: FinalityPolicy) -> Observation {
        sight::observe(&self.endpoints, registry, root, policy).await
    }

    /// Transactions that the signer has in blocks, as more than half say; nothing if they do not agree.
    pub(super) async fn nonce(&self, signer: Address) -> Option<u64> {
        let nonces =
            join_all(self.endpoints.iter().map(|it| it.nonce(signer, BlockNumberOrTag::Latest))).await;
        let nonces: Vec<u64> = nonces.into_iter().flatten().collect();
        let votes = |nonce: u64| nonces.iter().filter(|other| **other == nonce).count();
        nonces.iter().copied().find(|nonce| votes(*nonce) * 2 > nonces.len())
    }

    /// Hands a transaction to every endpoint: any of them can be the one whose word spreads. Answers with the refusals, if
    /// none took it.
    pub(super) async fn broadcast(&self, raw: &Bytes) -> Vec<RpcError> {
        let results = join_all(self.endpoints.iter().map(|endpoint| endpoint.send_raw(raw))).await;
        let taken = results.iter().any(Result::is_ok);
        if taken { Vec::new() } else { results.into_iter().filter_map(Result::err).collect() }
    }
}

impl Poster {
    /// Asks all endpoints for chain id and head. Nothing if none of them can be used.
    pub(super) async fn look(&self, now_ms: u64, events: &mut Vec<Event>) -> Option<View<'_>> {
        let health = self.health();
        let asked: Vec<usize> = {
            let talking = |index: &usize| health[*index].silent_until_ms <= now_ms;
            let all = 0..self.endpoints.len();
            let some: Vec<usize> = all.clone().filter(talking).collect();
            if some.is_empty() { all.collect() } else { some }
        };
        let answers = join_all(asked.iter().map(|index| self.meet(&self.endpoints[*index]))).await;
        let mut met = Vec::new();
        for (index, answer) in asked.into_iter().zip(answers) {
            match answer {
                Ok(head) => met.push((index, head)),
                Err(error) => {
                    self.set_silent(index, now_ms);
                    events.push(trouble(None, &error));
                }
            }
        }
        let highest = met.iter().map(|(_, head)| head.number).max()?;
        let health = self.health();
        // Those that are paused or behind come last, each group in the order of the configuration.
        met.sort_by_key(|(index, head)| {
            let lags = head.number.saturating_add(self.config.policy.max_lag_blocks) < highest;
            (lags, health[*index].paused_until_ms > now_ms, *index)
        });
        let (_, head) = *met.first()?;
        Some(View { endpoints: met.into_iter().map(|(index, _)| &self.endpoints[index]).collect(), head })
    }

    async fn meet(&self, endpoint: &Endpoint) -> Result<BlockRef, RpcError> {
        endpoint.require_chain(self.config.chain_id).await?;
        endpoint.head().await
    }

    /// Lets others lead for a while.
    pub(super) fn pause(&self, label: &str, now_ms: u64) {
        let until = now_ms.saturating_add(self.config.policy.endpoint_pause_ms);
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        for (endpoint, health) in self.endpoints.iter().zip(health.iter_mut()) {
            if endpoint.label() == label {
                health.paused_until_ms = until;
            }
        }
    }

    fn set_silent(&self, index: usize, now_ms: u64) {
        let until = now_ms.saturating_add(self.config.policy.endpoint_pause_ms);
        let mut health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(health) = health.get_mut(index) {
            *health = Health { paused_until_ms: until, silent_until_ms: until };
        }
    }

    fn health(&self) -> Vec<Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What endpoints together see of a root. Whoever did not answer, or was outvoted, is told of and paused.
    pub(super) async fn observe(
        &self,
        view: &View<'_>,
        root: B256,
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Option<sight::Sight> {
        let seen = view.observe(self.config.registry, root, self.config.policy.finality).await;
        events.extend(seen.troubles.iter().map(|error| trouble(Some(root), error)));
        if seen.agreed.is_none() && seen.answered > 0 {
            // Nobody can say who is wrong; somebody else leads next time, so that a liar does not lead for ever.
            self.pause(view.lead().label(), now_ms);
            let why = format!("endpoints see the batch differently: {}", seen.dissenting.join(", "));
            events.push(Event::Trouble { root: Some(root), code: DISAGREEMENT, why });
        } else {
            for label in &seen.dissenting {
                self.pause(label, now_ms);
                let why = format!("{label} sees the batch differently from the others");
                events.push(Event::Trouble { root: Some(root), code: DISAGREEMENT, why });
            }
        }
        seen.agreed
    }
}

/// Code of an endpoint that is alone with what it says.
pub(super) const DISAGREEMENT: &str = "SH-STL-309";

pub(super) fn trouble(root: Option<B256>, error: &RpcError) -> Event {
    Event::Trouble { root, code: error.code(), why: error.to_string() }
}

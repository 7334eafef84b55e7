//! Posts batches on a chain, each once.
//!
//! ```text
//! submit ─▶ intent kept ─▶ step: preflight ─▶ decide ─▶ sign ─▶ transaction kept ─▶ send ─▶ included ─▶ safe ─▶ final
//!                            ▲                  │ wait            │                  │         │
//!                            └──────────────────┘     crash here: sent again         └─ bump   └─ reorganised: sent again
//! ```
//!
//! - A [`Poster`] is for one chain and one key. [`step`](Poster::step) moves everything on by as much as is possible now,
//!   and is called again and again; all state is in the [`PosterStore`], so that a new poster goes on where another ended,
//!   wherever that was.
//! - *Never twice*: the registry takes a root once. So the poster need not be certain of anything to be safe; what it does
//!   about it is for the money: it asks the registry before it signs, and signs for a new nonce only when the old one is
//!   used up.
//! - *Never lost*: a batch is settled when more than half of the endpoints that answer see the registry's record in a
//!   final block. Until then the poster keeps the transaction and sends it again whenever it is gone.
//! - One nonce at a time: the next batch is signed when the one before is in a block.
//! - Why a batch waits is written down with a code and in words ([`decide()`]).
//!
//! Several chains can have the same batch: each has a poster, and postings are kept by chain and root.

mod begin;
mod config;
mod confirm;
#[cfg(any(test, feature = "testing"))]
pub mod conformance;
mod decide;
mod error;
mod event;
mod fees;
mod key;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod pursue;
mod records;
mod store;
mod view;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use alloy::primitives::B256;
use futures_util::future::join_all;

use begin::Next;
pub use config::{ChainConfig, PostingPolicy, Wei};
pub use decide::{Decision, PostReason, Situation, WaitCode, decide};
pub use error::PosterError;
pub use event::Event;
pub use fees::Fees;
pub use key::{Signed, SigningKey};
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryStore;
pub use records::{
    Attempt, ChainName, Fate, Intent, Posting, PostingKey, PostingState, Settlement, Submission, Waiting,
};
pub use store::{PosterStore, StoreError};
use view::Health;

use crate::rpc::{Endpoint, RpcError};

/// Batches that are looked at in one step while none of them is signed.
const MAX_LOOKED_AT: usize = 16;

/// Posts batches on one chain with one key.
pub struct Poster {
    config: ChainConfig,
    endpoints: Vec<Endpoint>,
    key: SigningKey,
    store: Arc<dyn PosterStore>,
    health: Mutex<Vec<Health>>,
    memory: Mutex<Memory>,
    /// One step at a time.
    turn: tokio::sync::Mutex<()>,
}

/// What is nice to remember and no harm to forget.
#[derive(Debug, Default)]
struct Memory {
    /// Why fees of a batch are not raised, as last said, so that it is not said in every step.
    said: HashMap<B256, WaitCode>,
    /// When a transaction that was forgotten by a node was handed out again.
    resent_at_ms: HashMap<B256, u64>,
    /// Transactions that nodes found too cheap to replace what they have.
    outbid: HashSet<B256>,
}

impl std::fmt::Debug for Poster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Poster")
            .field("chain", &self.config.name)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Poster {
    /// A poster for these endpoints, the best first. Asks nothing of them: see [`check`](Self::check).
    ///
    /// # Errors
    /// [`PosterError::Config`] if a value is out of range or there is no endpoint, [`PosterError::KeyChain`] if the key must
    /// not sign for the chain.
    pub fn new(
        config: ChainConfig,
        endpoints: Vec<Endpoint>,
        key: SigningKey,
        store: Arc<dyn PosterStore>,
    ) -> Result<Self, PosterError> {
        config.policy.check()?;
        key.check_chain(config.chain_id)?;
        if endpoints.is_empty() {
            let (expected, got) = ("at least one endpoint".to_owned(), "none".to_owned());
            return Err(PosterError::Config { key: "rpc_urls", expected, got });
        }
        let health = Mutex::new(vec![Health::default(); endpoints.len()]);
        Ok(Self {
            config,
            endpoints,
            key,
            store,
            health,
            memory: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        })
    }

    /// The same with an endpoint for each URL of the configuration.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`PosterError::Endpoint`] if a URL is none.
    pub fn connect(
        config: ChainConfig,
        key: SigningKey,
        store: Arc<dyn PosterStore>,
    ) -> Result<Self, PosterError> {
        let timeout = Duration::from_millis(config.policy.request_timeout_ms);
        let endpoints = config
            .rpc_urls
            .iter()
            .map(|url| Endpoint::http(url, timeout))
            .collect::<Result<_, RpcError>>()?;
        Self::new(config, endpoints, key, store)
    }

    /// Refuses to start on another chain. Endpoints that do not answer are no reason not to start: every step asks again,
    /// and leaves out those that are on another chain.
    ///
    /// # Errors
    /// [`RpcError::WrongChain`] if an endpoint says another chain id.
    pub async fn check(&self) -> Result<(), PosterError> {
        let checks = join_all(self.endpoints.iter().map(|it| it.require_chain(self.config.chain_id))).await;
        match checks.into_iter().find(|check| matches!(check, Err(RpcError::WrongChain { .. }))) {
            Some(wrong) => Ok(wrong?),
            None => Ok(()),
        }
    }

    /// The chain's configuration.
    #[must_use]
    pub fn config(&self) -> &ChainConfig {
        &self.config
    }

    /// Takes a batch on. When this returns, it is kept and will be posted. Of a batch that was taken on before, answers
    /// where it is; one that failed is begun anew.
    ///
    /// # Errors
    /// [`PosterError::Store`].
    pub async fn submit(&self, submission: &Submission, now_ms: u64) -> Result<Posting, PosterError> {
        let ChainConfig { name, chain_id, registry, .. } = &self.config;
        let intent = Intent::new(name, *chain_id, *registry, submission, now_ms);
        Ok(self.store.submit(&intent).await?)
    }

    /// Where a batch is.
    ///
    /// # Errors
    /// [`PosterError::Store`].
    pub async fn posting(&self, root: B256) -> Result<Option<Posting>, PosterError> {
        Ok(self.store.posting(&PostingKey { chain: self.config.name.clone(), root }).await?)
    }

    /// Gas that our transaction for a batch used, if one of ours was mined and did not revert.
    ///
    /// # Errors
    /// [`PosterError::Store`].
    pub async fn gas_used(&self, root: B256) -> Result<Option<u64>, PosterError> {
        let attempts = self.store.attempts(&PostingKey { chain: self.config.name.clone(), root }).await?;
        Ok(attempts.iter().rev().find_map(|attempt| match attempt.fate {
            Fate::Mined { success: true, gas_used, .. } => Some(gas_used),
            _ => None,
        }))
    }

    /// Moves every open batch on by as much as is possible now, and says what happened. Takes as long as the endpoints do,
    /// within their time limits; may be dropped at any point and called again.
    ///
    /// `now_ms` is the time in milliseconds since 1970.
    ///
    /// # Errors
    /// [`PosterError`] if the store fails, or the key does not sign. That endpoints fail is an [`Event::Trouble`].
    pub async fn step(&self, now_ms: u64) -> Result<Vec<Event>, PosterError> {
        let _turn = self.turn.lock().await;
        let mut events = Vec::new();
        let chain = &self.config.name;
        if self.store.open(chain).await?.is_empty() {
            return Ok(events);
        }
        let Some(view) = self.look(now_ms, &mut events).await else { return Ok(events) };
        self.settle_accounts(&view, now_ms, &mut events).await?;
        for posting in self.store.open(chain).await? {
            self.check_target(&posting)?;
            self.confirm(&view, &posting, now_ms, &mut events).await?;
        }
        for posting in self.store.open(chain).await? {
            if let PostingState::Sent { nonce } = posting.state {
                self.pursue(&view, &posting, nonce, now_ms, &mut events).await?;
            }
        }
        self.begin_next(&view, now_ms, &mut events).await?;
        Ok(events)
    }

    /// Signs at most one batch, the most urgent first, unless one is under way.
    async fn begin_next(
        &self,
        view: &view::View<'_>,
        now_ms: u64,
        events: &mut Vec<Event>,
    ) -> Result<(), PosterError> {
        let open = self.store.open(&self.config.name).await?;
        let in_flight = open.iter().find(|it| matches!(it.state, PostingState::Sent { .. }));
        let in_flight = in_flight.map(|posting| posting.intent.key.root);
        let is_waiting = |posting: &&Posting| matches!(posting.state, PostingState::Waiting { .. });
        let mut waiting: Vec<&Posting> = open.iter().filter(is_waiting).collect();
        waiting.sort_by_key(|posting| {
            let intent = &posting.intent;
            (intent.deadline_ms.unwrap_or(u64::MAX), intent.created_at_ms, intent.key.root)
        });
        if let Some(root) = in_flight {
            for posting in waiting {
                let why = format!("the transaction of batch {root} is under way");
                self.wait(posting, WaitCode::InFlight, None, why, events).await?;
            }
            return Ok(());
        }
        for posting in waiting.into_iter().take(MAX_LOOKED_AT) {
            if let Next::Stop = self.begin(view, posting, now_ms, events).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Refuses to go on with postings for another registry under the same name: somebody changed the configuration.
    fn check_target(&self, posting: &Posting) -> Result<(), PosterError> {
        let ChainConfig { chain_id, registry, .. } = &self.config;
        let other = |what, expected: String, got: String| PosterError::OtherTarget { what, expected, got };
        if posting.intent.chain_id != *chain_id {
            return Err(other("chain", posting.intent.chain_id.to_string(), chain_id.to_string()));
        }
        if posting.intent.registry != *registry {
            return Err(other("registry", posting.intent.registry.to_string(), registry.to_string()));
        }
        Ok(())
    }

    fn memory<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> T {
        change(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests;

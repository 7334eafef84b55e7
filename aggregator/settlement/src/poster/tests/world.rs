//! A chain, endpoints that can fail, a store that can crash, and a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use alloy::consensus::TxEip1559;
use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, TxKind, U256};
use alloy::sol_types::SolEvent as _;
use async_trait::async_trait;
use serde_json::Value;

use super::super::*;
use crate::contracts::{BatchRegistry, Deployer};
use crate::embedded::faults::{Fault, FaultyTransport};
use crate::embedded::{EmbeddedChain, Genesis};
use crate::rpc::Endpoint;
use crate::sight::FinalityPolicy;
use crate::testing::{self, TIMEOUT, TestContracts};

pub(super) const CHAIN_ID: u64 = 4242;
pub(super) const SECOND: u64 = 1000;

pub(super) fn key(n: u8) -> SigningKey {
    let digits = hex::encode([n; 32]);
    SigningKey::from_hex(&digits.into(), "test").unwrap()
}

pub(super) struct World {
    pub(super) chain: EmbeddedChain,
    pub(super) contracts: TestContracts,
    pub(super) transports: Vec<FaultyTransport>,
    pub(super) policy: PostingPolicy,
    pub(super) store: Arc<CrashingStore>,
    pub(super) now_ms: u64,
}

impl World {
    /// A chain where blocks are safe after two and final after four, and so many endpoints.
    pub(super) async fn new(endpoints: usize) -> Self {
        let rich = U256::from(10).pow(U256::from(20));
        let genesis = Genesis {
            chain_id: CHAIN_ID,
            funded: [1, 2, 3].map(|n| (key(n).address(), rich)).to_vec(),
            safe_depth: 2,
            final_depth: 4,
            ..Genesis::default()
        };
        let chain = EmbeddedChain::in_memory(genesis);
        let endpoint = Endpoint::new("setup", chain.transport(), TIMEOUT);
        let contracts = testing::deploy(&endpoint, &key(2), CHAIN_ID).await.unwrap();
        // So that reorganisations leave the contracts alone, and gas is cheap.
        chain.mine(20).unwrap();
        let transports = (0..endpoints).map(|_| FaultyTransport::new(&chain, |_, _| Fault::Pass)).collect();
        let store = Arc::default();
        let policy = PostingPolicy { max_tip_wei: Wei::gwei(1), ..PostingPolicy::default() };
        Self { chain, contracts, transports, policy, store, now_ms: 1_800_000_000_000 }
    }

    pub(super) fn config(&self) -> ChainConfig {
        ChainConfig {
            name: "test".parse().unwrap(),
            chain_id: CHAIN_ID,
            registry: self.contracts.registry,
            rpc_urls: Vec::new(),
            policy: self.policy.clone(),
        }
    }

    /// A poster that knows nothing but what is in the store.
    pub(super) fn poster(&self) -> Poster {
        let endpoints = self.transports.iter().enumerate();
        let endpoints =
            endpoints.map(|(index, it)| Endpoint::new(format!("endpoint-{index}"), it.clone(), TIMEOUT));
        Poster::new(self.config(), endpoints.collect(), key(1), self.store.clone()).unwrap()
    }

    pub(super) fn later(&mut self, ms: u64) -> u64 {
        self.now_ms += ms;
        self.now_ms
    }

    /// Steps until nothing is open, a block a step. Answers with all events.
    pub(super) async fn finish(&mut self, poster: &Poster) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..60 {
            let now = self.later(20 * SECOND);
            events.extend(poster.step(now).await.unwrap());
            if self.store.open(&self.config().name).await.unwrap().is_empty() {
                return events;
            }
            self.chain.mine(1).unwrap();
        }
        panic!("not finished: {events:#?}");
    }

    /// Transactions that announced the root, in the blocks that there are now.
    pub(super) async fn announcements(&self, root: B256) -> Vec<B256> {
        let endpoint = Endpoint::new("count", self.chain.transport(), TIMEOUT);
        let mut found = Vec::new();
        for number in 0..=self.chain.height() {
            let topics = [BatchRegistry::BatchPosted::SIGNATURE_HASH, root];
            let logs = endpoint.logs(self.contracts.registry, &topics, number).await.unwrap();
            found.extend(logs.into_iter().map(|log| log.transaction_hash));
        }
        found
    }

    pub(super) async fn state(&self, n: u8) -> PostingState {
        let key = PostingKey { chain: self.config().name, root: B256::repeat_byte(n) };
        self.store.inner.posting(&key).await.unwrap().unwrap().state
    }

    pub(super) async fn attempts(&self, n: u8) -> Vec<Attempt> {
        let key = PostingKey { chain: self.config().name, root: B256::repeat_byte(n) };
        self.store.inner.attempts(&key).await.unwrap()
    }

    /// Somebody else posts a batch.
    pub(super) async fn rival_posts(&self, n: u8) {
        self.rival_tries(n).await.unwrap();
    }

    /// The same where it may be too late.
    pub(super) async fn rival_tries(&self, n: u8) -> Result<(), crate::contracts::DeployError> {
        let endpoint = Endpoint::new("rival", self.chain.transport(), TIMEOUT);
        let deployer = Deployer { endpoint: &endpoint, key: &key(2), chain_id: CHAIN_ID };
        let batch = testing::batch(n);
        let data = crate::contracts::post_batch(batch.selector, batch.batch);
        deployer.call("the batch", self.contracts.registry, data).await.map(drop)
    }

    /// The owner of the router calls it.
    pub(super) async fn router(&self, call: impl alloy::sol_types::SolCall) {
        let endpoint = Endpoint::new("owner", self.chain.transport(), TIMEOUT);
        let deployer = Deployer { endpoint: &endpoint, key: &key(2), chain_id: CHAIN_ID };
        deployer.call("the router", self.contracts.router, call.abi_encode().into()).await.unwrap();
    }

    /// A transaction with the poster's key that is none of the poster's.
    pub(super) async fn foreign_transaction(&self, nonce: u64, max_fee_wei: u128) -> B256 {
        let signed = key(1)
            .sign(TxEip1559 {
                chain_id: CHAIN_ID,
                nonce,
                gas_limit: 21_000,
                max_fee_per_gas: max_fee_wei,
                max_priority_fee_per_gas: max_fee_wei / 10,
                to: TxKind::Call(Address::ZERO),
                value: U256::from(1),
                access_list: Default::default(),
                input: Default::default(),
            })
            .unwrap();
        let endpoint = Endpoint::new("foreign", self.chain.transport(), TIMEOUT);
        endpoint.send_raw(&signed.raw).await.unwrap();
        signed.hash
    }

    pub(super) async fn nonce(&self) -> u64 {
        let endpoint = Endpoint::new("nonce", self.chain.transport(), TIMEOUT);
        endpoint.nonce(key(1).address(), BlockNumberOrTag::Latest).await.unwrap()
    }

    pub(super) fn script(&self, index: usize, script: impl FnMut(&str, &Value) -> Fault + Send + 'static) {
        self.transports[index].rewrite(script);
    }

    pub(super) fn use_depth_finality(&mut self) {
        self.policy.finality = FinalityPolicy::Depth { safe: 2, finalised: 4 };
    }
}

pub(super) fn codes(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Waiting { waiting, .. } => Some(waiting.code.as_str()),
            Event::Trouble { code, .. } => Some(*code),
            Event::Failed { code, .. } => Some(code.as_str()),
            Event::Sent { code, .. } => Some(*code),
            _ => None,
        })
        .collect()
}

pub(super) fn sent(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Event::Sent { .. })).count()
}

/// A store that fails at one of its writes, before or after it took effect: what a crash there looks like.
#[derive(Debug)]
pub(super) struct CrashingStore {
    pub(super) inner: MemoryStore,
    /// Writes until the crash; below zero, none comes.
    writes_left: AtomicI64,
    after_effect: std::sync::atomic::AtomicBool,
}

impl Default for CrashingStore {
    fn default() -> Self {
        Self { inner: MemoryStore::default(), writes_left: AtomicI64::new(-1), after_effect: false.into() }
    }
}

impl CrashingStore {
    pub(super) fn crash_at(&self, write: i64, after_effect: bool) {
        self.writes_left.store(write, Ordering::SeqCst);
        self.after_effect.store(after_effect, Ordering::SeqCst);
    }

    /// Whether the crash came.
    pub(super) fn crashed(&self) -> bool {
        self.writes_left.load(Ordering::SeqCst) < 0
    }

    fn crash() -> StoreError {
        StoreError::Failed("crash".into())
    }

    async fn write<T: Send>(
        &self,
        effect: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if self.writes_left.fetch_sub(1, Ordering::SeqCst) != 0 {
            return effect.await;
        }
        if self.after_effect.load(Ordering::SeqCst) {
            effect.await?;
        }
        Err(Self::crash())
    }
}

#[async_trait]
impl PosterStore for CrashingStore {
    async fn submit(&self, intent: &Intent) -> Result<Posting, StoreError> {
        self.write(self.inner.submit(intent)).await
    }

    async fn posting(&self, key: &PostingKey) -> Result<Option<Posting>, StoreError> {
        self.inner.posting(key).await
    }

    async fn open(&self, chain: &ChainName) -> Result<Vec<Posting>, StoreError> {
        self.inner.open(chain).await
    }

    async fn advance(
        &self,
        key: &PostingKey,
        revision: u64,
        state: &PostingState,
    ) -> Result<u64, StoreError> {
        self.write(self.inner.advance(key, revision, state)).await
    }

    async fn record_attempt(&self, revision: u64, attempt: &Attempt) -> Result<u64, StoreError> {
        self.write(self.inner.record_attempt(revision, attempt)).await
    }

    async fn attempts(&self, key: &PostingKey) -> Result<Vec<Attempt>, StoreError> {
        self.inner.attempts(key).await
    }

    async fn pending_attempts(&self, chain: &ChainName, signer: Address) -> Result<Vec<Attempt>, StoreError> {
        self.inner.pending_attempts(chain, signer).await
    }

    async fn mined_since(
        &self,
        chain: &ChainName,
        signer: Address,
        since: u64,
    ) -> Result<Vec<Attempt>, StoreError> {
        self.inner.mined_since(chain, signer, since).await
    }

    async fn set_fate(&self, chain: &ChainName, transaction: B256, fate: &Fate) -> Result<(), StoreError> {
        self.write(self.inner.set_fate(chain, transaction, fate)).await
    }
}

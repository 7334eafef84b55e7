//! The poster against a real node. Needs anvil: in `SHEAF_ANVIL`, or where `npm ci` in `clients/contracts` puts it. It has to
//! be the program itself: npm's wrapper around it would leave it running when it is ended.
//!
//! ```text
//! cargo test -p sheaf-settlement --features testing --test anvil -- --ignored
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "clippy.toml exempts test functions, not the functions they share"
)]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use alloy::consensus::TxEip1559;
use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, TxKind, U256};
use alloy::sol_types::SolEvent as _;
use secrecy::SecretString;
use serde_json::{Value, json};
use sheaf_settlement::contracts::{BatchRegistry, Deployer, post_batch};
use sheaf_settlement::embedded::faults::{Fault, FaultyTransport};
use sheaf_settlement::poster::{
    ChainConfig, Event, MemoryStore, Poster, PosterStore as _, PostingKey, PostingPolicy, PostingState,
    SigningKey, Submission, WaitCode, Wei,
};
use sheaf_settlement::rpc::{Endpoint, HttpTransport};
use sheaf_settlement::testing::{self, TestContracts, batch};

const CHAIN_ID: u64 = 31_337;
const TIMEOUT: Duration = Duration::from_secs(2);
const SECOND: u64 = 1000;

struct Node {
    process: Child,
    url: SecretString,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Node {
    fn binary() -> PathBuf {
        if let Some(path) = std::env::var_os("SHEAF_ANVIL") {
            return path.into();
        }
        let contracts = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../clients/contracts");
        let packages = contracts.join("node_modules/@foundry-rs");
        let programs = std::fs::read_dir(&packages).into_iter().flatten().flatten();
        // One package for each platform, of which npm installs one: anvil-linux-amd64 and the like.
        let mut programs =
            programs.map(|package| package.path().join("bin/anvil")).filter(|path| path.exists());
        let missing = || panic!("no anvil in {}: run npm ci there, or set SHEAF_ANVIL", packages.display());
        programs.next().unwrap_or_else(missing)
    }

    /// A node on a free port. An epoch has two slots: blocks are safe after two and final after four.
    fn start() -> Self {
        let mut process = Command::new(Self::binary())
            .args(["--port", "0", "--slots-in-an-epoch", "2", "--chain-id", &CHAIN_ID.to_string()])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let address = lines
            .find_map(|line| line.unwrap().strip_prefix("Listening on ").map(str::to_owned))
            .expect("anvil says where it listens");
        // Whoever stops reading stops the writer.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, url: format!("http://{}", address.trim()).into() }
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint::http(&self.url, TIMEOUT).unwrap()
    }

    fn faulty(&self, script: impl FnMut(&str, &Value) -> Fault + Send + 'static) -> Endpoint {
        let (transport, label) = HttpTransport::new(&self.url, TIMEOUT).unwrap();
        Endpoint::new(format!("{label} with faults"), FaultyTransport::over(transport, script), TIMEOUT)
    }
}

struct World {
    node: Node,
    control: Endpoint,
    contracts: TestContracts,
    store: Arc<MemoryStore>,
    now_ms: u64,
}

fn key(n: u8) -> SigningKey {
    SigningKey::from_hex(&hex::encode([n; 32]).into(), "test").unwrap()
}

impl World {
    async fn new() -> Self {
        let node = Node::start();
        let control = node.endpoint();
        let rich = U256::from(10).pow(U256::from(20));
        for n in [1, 2] {
            control.control("anvil_setBalance", json!([key(n).address(), rich])).await.unwrap();
        }
        let contracts = testing::deploy(&control, &key(2), CHAIN_ID).await.unwrap();
        let world = Self { node, control, contracts, store: Arc::default(), now_ms: 1_800_000_000_000 };
        world.mine(5).await;
        world
    }

    fn poster_over(&self, endpoints: Vec<Endpoint>) -> Poster {
        let config = ChainConfig {
            name: "anvil".parse().unwrap(),
            chain_id: CHAIN_ID,
            registry: self.contracts.registry,
            rpc_urls: Vec::new(),
            policy: PostingPolicy { endpoint_pause_ms: 1, ..PostingPolicy::default() },
        };
        Poster::new(config, endpoints, key(1), self.store.clone()).unwrap()
    }

    fn poster(&self) -> Poster {
        self.poster_over(vec![self.node.endpoint()])
    }

    async fn mine(&self, blocks: u64) {
        self.control.control("anvil_mine", json!([format!("0x{blocks:x}")])).await.unwrap();
    }

    async fn automine(&self, on: bool) {
        self.control.control("evm_setAutomine", json!([on])).await.unwrap();
    }

    async fn finish(&mut self, poster: &Poster) -> Vec<Event> {
        let mut events = Vec::new();
        for _ in 0..40 {
            self.now_ms += 20 * SECOND;
            events.extend(poster.step(self.now_ms).await.unwrap());
            if self.store.open(&poster.config().name).await.unwrap().is_empty() {
                return events;
            }
            self.mine(1).await;
        }
        panic!("not finished: {events:#?}");
    }

    async fn announcements(&self, n: u8) -> Vec<B256> {
        let topics = [BatchRegistry::BatchPosted::SIGNATURE_HASH, B256::repeat_byte(n)];
        let mut found = Vec::new();
        for number in 0..=self.control.head().await.unwrap().number {
            let logs = self.control.logs(self.contracts.registry, &topics, number).await.unwrap();
            found.extend(logs.into_iter().map(|log| log.transaction_hash));
        }
        found
    }

    async fn attempts(&self, n: u8) -> Vec<sheaf_settlement::poster::Attempt> {
        self.store.attempts(&self.posting_key(n)).await.unwrap()
    }

    async fn state(&self, n: u8) -> PostingState {
        self.store.posting(&self.posting_key(n)).await.unwrap().unwrap().state
    }

    fn posting_key(&self, n: u8) -> PostingKey {
        PostingKey { chain: "anvil".parse().unwrap(), root: B256::repeat_byte(n) }
    }

    /// The batch is final, and on chain once.
    async fn assert_settled_once(&self, n: u8) {
        let PostingState::Final { settlement } = self.state(n).await else { panic!() };
        assert_eq!(self.announcements(n).await, [settlement.transaction]);
    }
}

#[tokio::test]
#[ignore = "needs anvil"]
async fn batch_is_posted_once_and_becomes_final() {
    let mut world = World::new().await;
    let poster = world.poster();
    poster.check().await.unwrap();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let events = world.finish(&poster).await;
    let kinds: Vec<bool> = ["Sent", "Included", "Safe", "Final"]
        .iter()
        .map(|kind| events.iter().filter(|event| format!("{event:?}").starts_with(kind)).count() == 1)
        .collect();
    assert_eq!(kinds, [true; 4], "{events:#?}");
    world.assert_settled_once(7).await;
}

#[tokio::test]
#[ignore = "needs anvil"]
async fn batch_whose_block_goes_away_is_sent_again() {
    let mut world = World::new().await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let before = world.control.control("evm_snapshot", json!([])).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    let PostingState::Included { settlement: was } = world.state(7).await else { panic!() };
    assert_eq!(world.control.control("evm_revert", json!([before])).await.unwrap(), json!(true));
    // Another block stands where the batch was.
    world.mine(1).await;
    let events = poster.step(world.now_ms + 1).await.unwrap();
    assert!(matches!(events[0], Event::Reorged { .. }), "{events:#?}");
    world.finish(&poster).await;
    let PostingState::Final { settlement } = world.state(7).await else { panic!() };
    assert_eq!(settlement.transaction, was.transaction);
    assert_ne!(settlement.block_hash, was.block_hash);
    assert_eq!(world.attempts(7).await.len(), 1);
    world.assert_settled_once(7).await;
}

#[tokio::test]
#[ignore = "needs anvil"]
async fn batch_that_the_nodes_own_reorganisation_takes_comes_back() {
    let mut world = World::new().await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    world.control.control("anvil_reorg", json!([1, []])).await.unwrap();
    world.finish(&poster).await;
    assert_eq!(world.attempts(7).await.len(), 1);
    world.assert_settled_once(7).await;
}

/// The key is used elsewhere, and the nonce is gone.
#[tokio::test]
#[ignore = "needs anvil"]
async fn batch_whose_nonce_was_taken_is_signed_anew() {
    let mut world = World::new().await;
    world.automine(false).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    let ours = world.attempts(7).await[0].clone();
    world.control.control("anvil_dropTransaction", json!([ours.transaction])).await.unwrap();
    let foreign = key(1)
        .sign(TxEip1559 {
            chain_id: CHAIN_ID,
            nonce: ours.nonce,
            gas_limit: 21_000,
            max_fee_per_gas: Wei::gwei(50).0,
            max_priority_fee_per_gas: Wei::gwei(5).0,
            to: TxKind::Call(Address::ZERO),
            value: U256::from(1),
            access_list: Default::default(),
            input: Default::default(),
        })
        .unwrap();
    world.control.send_raw(&foreign.raw).await.unwrap();
    world.mine(1).await;
    let events = poster.step(world.now_ms + 1).await.unwrap();
    let taken = |event: &Event| matches!(event, Event::Waiting { waiting, .. } if waiting.code == WaitCode::NonceTaken.code());
    assert!(events.iter().any(taken), "{events:#?}");
    world.finish(&poster).await;
    assert_eq!(world.attempts(7).await.iter().map(|it| it.nonce - ours.nonce).collect::<Vec<_>>(), [0, 1]);
    world.assert_settled_once(7).await;
}

#[tokio::test]
#[ignore = "needs anvil"]
async fn transaction_that_a_spike_left_behind_is_outbid_with_the_same_nonce() {
    let mut world = World::new().await;
    world.automine(false).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    let spike = json!([format!("0x{:x}", Wei::gwei(30).0)]);
    world.control.control("anvil_setNextBlockBaseFeePerGas", spike.clone()).await.unwrap();
    world.mine(1).await;
    assert!(world.announcements(7).await.is_empty(), "too cheap for that block");
    world.now_ms += poster.config().policy.bump_interval_ms;
    poster.step(world.now_ms).await.unwrap();
    let [first, second] = &world.attempts(7).await[..] else { panic!() };
    assert!(second.nonce == first.nonce && second.max_fee_wei >= Wei::gwei(25).0);
    world.finish(&poster).await;
    world.assert_settled_once(7).await;
    assert_eq!(
        world.control.nonce(key(1).address(), BlockNumberOrTag::Latest).await.unwrap(),
        first.nonce + 1
    );
}

/// A spike above the maximum is waited out, whatever the deadline.
#[tokio::test]
#[ignore = "needs anvil"]
async fn spike_above_the_maximum_is_waited_out() {
    let mut world = World::new().await;
    let poster = world.poster();
    poster.submit(&Submission { deadline_ms: Some(world.now_ms), ..batch(7) }, world.now_ms).await.unwrap();
    let spike = json!([format!("0x{:x}", Wei::gwei(150).0)]);
    world.control.control("anvil_setNextBlockBaseFeePerGas", spike).await.unwrap();
    world.mine(1).await;
    let events = poster.step(world.now_ms).await.unwrap();
    let dear = |event: &Event| matches!(event, Event::Waiting { waiting, .. } if waiting.code == WaitCode::FeeAboveMax.code());
    assert!(events.iter().any(dear), "{events:#?}");
    // Empty blocks bring the fee down.
    world.finish(&poster).await;
    world.assert_settled_once(7).await;
}

#[tokio::test]
#[ignore = "needs anvil"]
async fn batch_that_somebody_else_posted_is_settled_without_a_transaction() {
    let mut world = World::new().await;
    let rival = Deployer { endpoint: &world.control, key: &key(2), chain_id: CHAIN_ID };
    let data = post_batch(batch(7).selector, batch(7).batch);
    rival.call("the batch", world.contracts.registry, data).await.unwrap();
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let events = world.finish(&poster).await;
    assert!(matches!(events[0], Event::Included { ours: false, .. }), "{events:#?}");
    assert!(world.attempts(7).await.is_empty());
    world.assert_settled_once(7).await;
}

#[tokio::test]
#[ignore = "needs anvil"]
async fn crash_between_signing_and_sending_sends_what_was_signed() {
    let mut world = World::new().await;
    let deaf = |method: &str, _: &Value| match method {
        "eth_sendRawTransaction" => Fault::DropRequest,
        _ => Fault::Pass,
    };
    let poster = world.poster_over(vec![world.node.faulty(deaf)]);
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    drop(poster);
    let signed = world.attempts(7).await[0].transaction;
    assert!(!world.control.knows(signed).await.unwrap());
    let poster = world.poster();
    world.finish(&poster).await;
    assert_eq!(world.attempts(7).await.len(), 1);
    assert_eq!(world.announcements(7).await, [signed]);
}

#[tokio::test]
#[ignore = "needs anvil"]
async fn crash_between_sending_and_the_receipt_finds_the_receipt() {
    let mut world = World::new().await;
    let deaf = |method: &str, _: &Value| match method {
        "eth_sendRawTransaction" => Fault::DropResponse,
        _ => Fault::Pass,
    };
    let poster = world.poster_over(vec![world.node.faulty(deaf)]);
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    drop(poster);
    let poster = world.poster();
    world.finish(&poster).await;
    assert_eq!(world.attempts(7).await.len(), 1);
    world.assert_settled_once(7).await;
}

#[tokio::test]
#[ignore = "needs anvil"]
async fn endpoint_that_hangs_or_lies_beside_honest_ones_changes_nothing() {
    let hang = |_: &str, _: &Value| Fault::Hang;
    let hide = |method: &str, params: &Value| {
        let asks_for_record = params[0]["data"].as_str().is_some_and(|data| data.len() == 2 + 8 + 64);
        if method == "eth_call" && asks_for_record {
            return Fault::Lie(json!(format!("0x{}", "0".repeat(192))));
        }
        Fault::Pass
    };
    let mut world = World::new().await;
    let endpoints = vec![world.node.faulty(hang), world.node.endpoint()];
    let poster = world.poster_over(endpoints);
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    world.finish(&poster).await;
    world.assert_settled_once(7).await;

    let endpoints = vec![world.node.faulty(hide), world.node.endpoint(), world.node.endpoint()];
    let poster = world.poster_over(endpoints);
    poster.submit(&batch(8), world.now_ms).await.unwrap();
    world.finish(&poster).await;
    world.assert_settled_once(8).await;
    assert_eq!(world.attempts(8).await.len(), 1);

    let elsewhere = |method: &str, _: &Value| match method {
        "eth_chainId" => Fault::Lie(json!("0x1")),
        _ => Fault::Pass,
    };
    let poster = world.poster_over(vec![world.node.faulty(elsewhere)]);
    assert_eq!(poster.check().await.unwrap_err().code(), "SH-STL-306");
}

use alloy::primitives::{U256, b256};
use alloy::sol_types::SolValue as _;
use serde_json::json;

use super::*;
use crate::batch::BatchCalldata;
use crate::contracts::{Deployer, VerifierRouter, post_batch};
use crate::embedded::faults::{Fault, FaultyTransport};
use crate::embedded::{CHAIN_ID, EmbeddedChain, Genesis};
use crate::poster::SigningKey;
use crate::testing::{self, GULLIBLE_SELECTOR, TIMEOUT};

const PROGRAM: B256 = b256!("0x0000000000000001000000000000000200000000000000030000000000000004");

struct World {
    chain: EmbeddedChain,
    contracts: testing::TestContracts,
    batch: BatchCalldata,
}

impl World {
    async fn new() -> Self {
        let chain = EmbeddedChain::in_memory(Genesis { safe_depth: 1, final_depth: 2, ..Genesis::default() });
        let endpoint = Endpoint::new("setup", chain.transport(), TIMEOUT);
        let key = SigningKey::dev().unwrap();
        let contracts = testing::deploy(&endpoint, &key, CHAIN_ID).await.unwrap();
        let leaf =
            |n: u8| Leaf { program: PROGRAM, system: *b"test", public_inputs: B256::with_last_byte(n) };
        let leaves: Vec<Leaf> = (0..5).map(leaf).collect();
        let batch = BatchCalldata::of_leaves([U256::ZERO; 8], B256::ZERO, &leaves).unwrap();
        Self { chain, contracts, batch }
    }

    async fn transact(&self, to: Address, data: alloy::primitives::Bytes) {
        let endpoint = Endpoint::new("setup", self.chain.transport(), TIMEOUT);
        let key = SigningKey::dev().unwrap();
        Deployer { endpoint: &endpoint, key: &key, chain_id: CHAIN_ID }.call("it", to, data).await.unwrap();
    }

    async fn post(&self) {
        let data = (self.batch.root(), self.batch.size()).abi_encode();
        self.transact(self.contracts.registry, post_batch(GULLIBLE_SELECTOR, data.into())).await;
    }

    fn claim(&self, n: usize) -> Claim {
        Claim {
            chain_id: CHAIN_ID,
            registry: self.contracts.registry,
            root: self.batch.root(),
            leaf: self.batch.leaves().nth(n).unwrap(),
            path: self.batch.tree().path(n).unwrap(),
        }
    }

    async fn check(&self, claim: &Claim) -> Result<Inclusion, OnChainError> {
        let endpoints = [Endpoint::new("chain", self.chain.transport(), TIMEOUT)];
        check_on_chain(&endpoints, claim, FinalityPolicy::Tags).await
    }
}

#[tokio::test]
async fn every_statement_goes_from_pending_to_final() {
    let world = World::new().await;
    for n in 0..5 {
        assert_eq!(world.check(&world.claim(n)).await.unwrap(), Inclusion::Pending);
    }
    world.post().await;
    for expected in [Level::Included, Level::Safe, Level::Final] {
        for n in 0..5 {
            let found = world.check(&world.claim(n)).await.unwrap();
            assert!(matches!(found, Inclusion::Proven { level, .. } if level == expected), "{n} {found:?}");
        }
        world.chain.mine(1).unwrap();
    }
}

/// Attack: another statement, another place, or another root for a path.
#[tokio::test]
async fn claim_whose_path_leads_elsewhere_is_refused_without_asking() {
    let world = World::new().await;
    world.post().await;
    let good = world.claim(1);
    let mut bad =
        vec![Claim { path: world.claim(2).path, ..good.clone() }, Claim { root: B256::ZERO, ..good.clone() }];
    bad.push(Claim { leaf: Leaf { system: *b"tesT", ..good.leaf }, ..good.clone() });
    bad.push(Claim { leaf: Leaf { program: B256::ZERO, ..good.leaf }, ..good.clone() });
    bad.push(Claim { leaf: Leaf { public_inputs: B256::ZERO, ..good.leaf }, ..good.clone() });
    for claim in bad {
        let endpoints: [Endpoint; 0] = [];
        let error = check_on_chain(&endpoints, &claim, FinalityPolicy::Tags).await.unwrap_err();
        assert_eq!(error.code(), "SH-STL-701");
    }
}

/// Attack: index bits beyond the path lead to the same root, and the contract refuses them.
#[tokio::test]
async fn contract_has_the_last_word() {
    let world = World::new().await;
    world.post().await;
    let mut claim = world.claim(1);
    claim.path.index |= 1 << 20;
    assert_eq!(world.check(&claim).await.unwrap_err().code(), "SH-STL-705");
}

#[tokio::test]
async fn statement_of_a_frozen_verifier_is_not_proven() {
    let world = World::new().await;
    world.post().await;
    let freeze = VerifierRouter::freezeCall { selector: GULLIBLE_SELECTOR.into() };
    world.transact(world.contracts.router, freeze.abi_encode().into()).await;
    assert_eq!(world.check(&world.claim(0)).await.unwrap_err().code(), "SH-STL-704");
}

#[tokio::test]
async fn endpoint_of_another_chain_and_no_registry_are_refused() {
    let world = World::new().await;
    world.post().await;
    let claim = Claim { chain_id: 1, ..world.claim(0) };
    assert_eq!(world.check(&claim).await.unwrap_err().code(), "SH-STL-306");
    let claim = Claim { registry: Address::repeat_byte(1), ..world.claim(0) };
    assert_eq!(world.check(&claim).await.unwrap_err().code(), "SH-STL-702");
}

/// Attack: an endpoint that says yes to everything.
#[tokio::test]
async fn liar_is_no_majority() {
    let world = World::new().await;
    world.post().await;
    let claim = world.claim(0);
    let honest = || Endpoint::new("honest", world.chain.transport(), TIMEOUT);
    let mut claim_bad = claim.clone();
    claim_bad.path.index |= 1 << 20;
    let liar = || {
        let transport = FaultyTransport::new(&world.chain, |method, params| {
            let data = params[0]["data"].as_str().unwrap_or_default().to_owned();
            let is_proven = format!("0x{}", hex::encode(BatchRegistry::isProvenCall::SELECTOR));
            if method == "eth_call" && data.starts_with(&is_proven) {
                return Fault::Lie(json!(B256::with_last_byte(1)));
            }
            Fault::Pass
        });
        Endpoint::new("liar", transport, TIMEOUT)
    };
    let check =
        async |endpoints: &[Endpoint]| check_on_chain(endpoints, &claim_bad, FinalityPolicy::Tags).await;
    assert!(check(&[liar()]).await.is_ok(), "alone it cannot be told");
    assert_eq!(check(&[liar(), honest()]).await.unwrap_err().code(), "SH-STL-703");
    assert_eq!(check(&[liar(), honest(), honest()]).await.unwrap_err().code(), "SH-STL-705");
}

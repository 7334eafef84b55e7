//! The real verifier, router and registry, from the committed artefacts, on the embedded chain.
//!
//! The key is one whose trapdoor is known, so that a proof of anything can be made up: with α, A and all of IC the generator
//! of G1, β, γ and B that of G2, and δ its negative, the equation e(A, B) = e(α, β) · e(L, γ) · e(C, δ) says that C is
//! (1 + x1 + x2) times the generator. So these tests are of everything but the proof system, which Rust and Solidity must
//! compute alike: bytes, challenge, evaluation, public inputs, tree and paths.

use std::sync::Arc;

use alloy::primitives::{U256, uint};
use alloy::sol_types::SolCall as _;

use super::*;
use crate::batch::BatchCalldata;
use crate::embedded::{CHAIN_ID, EmbeddedChain, Genesis};
use crate::poster::{
    ChainConfig, Event, MemoryStore, Poster, PostingPolicy, PostingState, SigningKey, Submission,
};
use crate::rpc::{CallOutcome, CallRequest, Endpoint};
use crate::sight::FinalityPolicy;
use crate::testing::TIMEOUT;
use crate::verify::{Claim, Inclusion, check_on_chain};

const Q: U256 = uint!(0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47_U256);
const G1: [U256; 2] = [uint!(1_U256), uint!(2_U256)];
/// As EIP-197 has it: x.c1, x.c0, y.c1, y.c0.
const G2: [U256; 4] = [
    uint!(0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2_U256),
    uint!(0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed_U256),
    uint!(0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b_U256),
    uint!(0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa_U256),
];

fn key() -> Groth16Key {
    let [x1, x0, y1, y0] = G2;
    Groth16Key { alpha: G1, beta: G2, gamma: G2, delta: [x1, x0, Q - y1, Q - y0], ic: [G1; 3] }
}

struct World {
    endpoint: Endpoint,
    payer: SigningKey,
    deployment: Deployment,
}

impl World {
    async fn new() -> Self {
        let chain = EmbeddedChain::in_memory(Genesis::default());
        let endpoint = Endpoint::new("chain", chain.transport(), TIMEOUT);
        let payer = SigningKey::dev().unwrap();
        let deployer = Deployer { endpoint: &endpoint, key: &payer, chain_id: CHAIN_ID };
        let owner = payer.address();
        let deployment = deployer.deploy_all(&key(), owner, owner, 86_400).await.unwrap();
        Self { endpoint, payer, deployment }
    }

    async fn call(&self, to: Address, data: Bytes) -> CallOutcome {
        let call = CallRequest { from: self.payer.address(), to: Some(to), data, gas: None };
        self.endpoint.call(&call).await.unwrap()
    }

    /// A batch of these leaves with a proof that the key accepts.
    async fn batch(&self, leaves: &[Leaf]) -> BatchCalldata {
        let commitment = B256::repeat_byte(7);
        let blank = BatchCalldata::of_leaves([U256::ZERO; 8], commitment, leaves).unwrap();
        let [x1, x2] = blank.public_inputs();
        let multiply = [G1[0], G1[1], U256::from(1) + x1 + x2].map(|word| word.to_be_bytes::<32>()).concat();
        let CallOutcome::Returned(point) = self.call(Address::with_last_byte(7), multiply.into()).await
        else {
            panic!("the precompile multiplies")
        };
        let [c0, c1] = [0, 32].map(|at| U256::from_be_slice(&point[at..at + 32]));
        let [b0, b1, b2, b3] = G2;
        let proof = [G1[0], G1[1], b0, b1, b2, b3, c0, c1];
        BatchCalldata::of_leaves(proof, commitment, leaves).unwrap()
    }

    async fn try_batch(&self, bytes: Vec<u8>) -> CallOutcome {
        self.call(self.deployment.registry, post_batch(self.deployment.selector, bytes.into())).await
    }

    fn poster(&self) -> Poster {
        let config = ChainConfig {
            name: "embedded".parse().unwrap(),
            chain_id: CHAIN_ID,
            registry: self.deployment.registry,
            rpc_urls: Vec::new(),
            policy: PostingPolicy::default(),
        };
        let store = Arc::new(MemoryStore::default());
        Poster::new(config, vec![self.endpoint.clone()], self.payer.clone(), store).unwrap()
    }
}

/// Leaves of some programs, `counts` of each.
fn leaves(counts: &[usize]) -> Vec<Leaf> {
    let digest = |a: usize, b: usize| {
        let limbs = U256::from_be_bytes(keccak256(format!("{a}/{b}")).0).into_limbs();
        B256::from(U256::from_limbs(limbs.map(|limb| limb % crate::batch::MODULUS)).to_be_bytes::<32>())
    };
    let of_program = |(program, count): (usize, &usize)| {
        let leaf = move |n| Leaf {
            program: digest(program, 0),
            system: [0xff, 0, 0, 1],
            public_inputs: digest(program, n),
        };
        (1..=*count).map(leaf).collect::<Vec<_>>()
    };
    counts.iter().enumerate().flat_map(of_program).collect()
}

#[tokio::test]
async fn selector_of_a_key_is_what_its_verifier_says() {
    let world = World::new().await;
    let Deployment { verifier, selector, .. } = world.deployment;
    let digest = world.call(verifier, CalldataBatchVerifier::keyDigestCall {}.abi_encode().into()).await;
    assert_eq!(digest, CallOutcome::Returned(key_digest(&key()).to_vec().into()));
    let said = world.call(verifier, IBatchVerifier::selectorCall {}.abi_encode().into()).await;
    assert_eq!(said, CallOutcome::Returned(B256::right_padding_from(&selector).to_vec().into()));
}

#[tokio::test]
async fn batches_are_posted_and_every_statement_of_them_is_proven() {
    let world = World::new().await;
    let poster = world.poster();
    for counts in [&[1][..], &[2], &[2, 1], &[4, 1], &[3, 4, 1], &[1, 1, 1, 1, 1, 1, 1], &[40, 60]] {
        let leaves = leaves(counts);
        let batch = world.batch(&leaves).await;
        let submission = Submission::of_batch(&batch, world.deployment.selector, None);
        poster.submit(&submission, 0).await.unwrap();
        let sent = poster.step(1).await.unwrap();
        assert!(matches!(sent[..], [Event::Sent { .. }]), "{sent:?}");
        poster.step(2).await.unwrap();
        let posting = poster.posting(batch.root()).await.unwrap().unwrap();
        assert!(matches!(posting.state, PostingState::Final { .. }), "{posting:?}");
        let tree = batch.tree();
        for (n, leaf) in leaves.iter().enumerate() {
            let claim = Claim {
                chain_id: CHAIN_ID,
                registry: world.deployment.registry,
                root: batch.root(),
                leaf: *leaf,
                path: tree.path(n).unwrap(),
            };
            let endpoints = std::slice::from_ref(&world.endpoint);
            let found = check_on_chain(endpoints, &claim, FinalityPolicy::Tags).await.unwrap();
            assert!(matches!(found, Inclusion::Proven { .. }));
        }
    }
}

/// Attack: any other bytes than those that were proven.
#[tokio::test]
async fn no_byte_of_a_batch_can_be_changed() {
    let world = World::new().await;
    let bytes = world.batch(&leaves(&[2, 1])).await.to_bytes();
    assert!(matches!(world.try_batch(bytes.clone()).await, CallOutcome::Returned(_)));
    for at in 0..bytes.len() {
        let mut bad = bytes.clone();
        bad[at] ^= 1;
        assert!(matches!(world.try_batch(bad).await, CallOutcome::Reverted(_)), "byte {at}");
    }
    for bad in [bytes[..bytes.len() - 1].to_vec(), [&bytes[..], &[0]].concat(), Vec::new()] {
        assert!(matches!(world.try_batch(bad).await, CallOutcome::Reverted(RevertReason::Batch(_))));
    }
}

/// Attack: a proof that is none. The poster does not pay to find out.
#[tokio::test]
async fn batch_with_a_bad_proof_fails_before_anything_is_signed() {
    let world = World::new().await;
    let leaves = leaves(&[3]);
    let good = world.batch(&leaves).await;
    let poster = world.poster();
    // C is another point, and then no point at all.
    for (n, c) in [G1, [U256::from(1), U256::from(1)]].into_iter().enumerate() {
        let mut proof = *good.proof();
        proof[6..].copy_from_slice(&c);
        let bad = BatchCalldata::of_leaves(proof, good.commitment(), &leaves).unwrap();
        poster.submit(&Submission::of_batch(&bad, world.deployment.selector, None), n as u64).await.unwrap();
        let events = poster.step(1).await.unwrap();
        assert!(matches!(&events[..], [Event::Failed { code, .. }] if code == "SH-STL-612"), "{events:?}");
    }
    // The same statements with a good proof are a posting anew.
    poster.submit(&Submission::of_batch(&good, world.deployment.selector, None), 2).await.unwrap();
    assert!(matches!(poster.step(3).await.unwrap()[..], [Event::Sent { .. }]));
}

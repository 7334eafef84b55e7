//! A real proof of a small wrap, made by the same code as the full one, and what contracts say of it and of every change.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not what they share")]

use std::time::Duration;

use alloy::primitives::{Address, B256, U256};
use plonky2::field::types::Field;
use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};
use sheaf_plonky2::{C, D, F};
use sheaf_settlement::batch::{BatchCalldata, Leaf};
use sheaf_settlement::contracts::{
    BatchRegistry, Deployer, Deployment, is_proven, key_from_bytes, post_batch,
};
use sheaf_settlement::embedded::{CHAIN_ID, EmbeddedChain, Genesis};
use sheaf_settlement::poster::SigningKey;
use sheaf_settlement::rpc::{CallOutcome, CallRequest, Endpoint};
use sheaf_setup::{single_party, verifying_key_bytes};
use sheaf_wrap::groth16::Blinding;
use sheaf_wrap::layers::wrap_config;
use sheaf_wrap::{Wrapper, circuit};

/// Few queries: the proofs are worth nothing, the code is the same.
fn small(config: CircuitConfig, rate_bits: usize, folds: Vec<usize>) -> CircuitConfig {
    CircuitConfig {
        security_bits: 1,
        fri_config: FriConfig {
            rate_bits,
            proof_of_work_bits: 2,
            num_query_rounds: 1,
            reduction_strategy: FriReductionStrategy::Fixed(folds),
            ..config.fri_config
        },
        ..config
    }
}

/// An inner circuit whose eight public inputs are anything.
fn inner() -> (CircuitData<F, C, D>, Vec<plonky2::iop::target::Target>) {
    let config = small(sheaf_plonky2::Profile::Standard.recursion_config(), 3, vec![3]);
    let mut builder = CircuitBuilder::<F, D>::new(config);
    let inputs = builder.add_virtual_targets(circuit::PLONKY2_INPUTS);
    builder.register_public_inputs(&inputs);
    while builder.num_gates() < 30 {
        builder.add_gate(plonky2::gates::noop::NoopGate, vec![]);
    }
    (builder.build::<C>(), inputs)
}

fn leaves() -> Vec<Leaf> {
    let digest =
        |i: u8| B256::from(std::array::from_fn::<u8, 32, _>(|j| if j % 8 == 0 { 7 } else { i + j as u8 }));
    (0..5)
        .map(|i| Leaf {
            program: digest(i / 3),
            system: [0xd5, 0x34, 0x6c, 0x8c],
            public_inputs: digest(40 + i),
        })
        .collect()
}

fn elements(digest: &B256) -> [u64; 4] {
    std::array::from_fn(|i| u64::from_be_bytes(digest[8 * i..8 * i + 8].try_into().unwrap()))
}

struct World {
    endpoint: Endpoint,
    key: SigningKey,
    deployment: Deployment,
}

impl World {
    async fn new(words: &[u8]) -> Self {
        let chain = EmbeddedChain::in_memory(Genesis::default());
        let endpoint = Endpoint::new("embedded", chain.transport(), Duration::from_secs(30));
        let key = SigningKey::dev().unwrap();
        let deployer = Deployer { endpoint: &endpoint, key: &key, chain_id: CHAIN_ID };
        let groth16 = key_from_bytes(words).unwrap();
        let deployment = deployer.deploy_all(&groth16, key.address(), key.address(), 0).await.unwrap();
        Self { endpoint, key, deployment }
    }

    fn deployer(&self) -> Deployer<'_> {
        Deployer { endpoint: &self.endpoint, key: &self.key, chain_id: CHAIN_ID }
    }

    /// Whether the registry would take these bytes.
    async fn takes(&self, batch: Vec<u8>) -> bool {
        let data = post_batch(self.deployment.selector, batch.into());
        let call =
            CallRequest { from: self.key.address(), to: Some(self.deployment.registry), data, gas: None };
        matches!(self.endpoint.call(&call).await.unwrap(), CallOutcome::Returned(_))
    }
}

#[tokio::test]
async fn contracts_take_a_real_proof_and_nothing_near_it() {
    let (data, targets) = inner();
    let wrapper = Wrapper::with_config(&data.verifier_data(), small(wrap_config(), 3, vec![3, 3]));
    let constraints = wrapper.constraints().unwrap();
    println!("{} constraints", constraints.num_constraints());
    let key = single_party(&constraints, b"small wrap", &|_| ()).unwrap();

    // What the batch's calldata calls for is what is proven.
    let commitment = B256::from([5; 32]);
    let unproven = BatchCalldata::of_leaves([U256::ZERO; 8], commitment, &leaves()).unwrap();
    let (r, s) = (unproven.challenge(), unproven.evaluation());
    let [c0, c1, c2, c3] = elements(&commitment);
    let values = [c0, c1, c2, c3, r.c0, r.c1, s.c0, s.c1];
    let packed = circuit::pack(&values).map(|x| U256::from_limbs(ark_ff::PrimeField::into_bigint(x).0));
    assert_eq!(packed, unproven.public_inputs(), "circuit and calldata pack alike");
    let mut witness = PartialWitness::new();
    for (target, value) in targets.into_iter().zip(values) {
        witness.set_target(target, F::from_canonical_u64(value)).unwrap();
    }
    let proof = data.prove(witness).unwrap();
    let blinding = Blinding::from_bytes(&[3; 64]);
    let bytes = wrapper.prove(key.proving_key(), &proof, blinding, &|_| ()).unwrap();

    let mut words = [U256::ZERO; 8];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(32)) {
        *word = U256::from_be_slice(bytes);
    }
    let batch = BatchCalldata::of_leaves(words, commitment, &leaves()).unwrap();
    let calldata = batch.to_bytes();
    let world = World::new(&verifying_key_bytes(key.verifying_key())).await;

    // One bit of every byte, in every field: proof, commitment, counts, programs, systems, digests.
    assert!(world.takes(calldata.clone()).await);
    for index in 0..calldata.len() {
        let mut changed = calldata.clone();
        changed[index] ^= 1 << (index % 8);
        assert!(!world.takes(changed).await, "byte {index} changed");
    }
    assert!(!world.takes(calldata[..calldata.len() - 1].to_vec()).await, "a byte short");
    assert!(!world.takes([&calldata[..], &[0]].concat()).await, "a byte long");

    // On chain, and asked about.
    let data = post_batch(world.deployment.selector, calldata.clone().into());
    let receipt = world.deployer().call("a batch", world.deployment.registry, data).await.unwrap();
    println!("{} gas for {} statements", receipt.gas_used, batch.size());
    let tree = batch.tree();
    for (position, leaf) in leaves().iter().enumerate() {
        let path = tree.path(position).unwrap();
        let ask = async |leaf: &Leaf, path| {
            let data = is_proven(batch.root(), leaf, path);
            let to = Some(world.deployment.registry);
            let call = CallRequest { from: Address::ZERO, to, data, gas: None };
            match world.endpoint.call(&call).await.unwrap() {
                CallOutcome::Returned(data) => data.last() == Some(&1),
                CallOutcome::Reverted(_) => false,
            }
        };
        assert!(ask(leaf, &path).await);
        let mut other = *leaf;
        other.public_inputs[31] ^= 1;
        assert!(!ask(&other, &path).await, "another statement at its place");
        let mut wrong = path.clone();
        wrong.siblings[0][0] ^= 1;
        assert!(!ask(leaf, &wrong).await, "another path");
    }
    // Once only.
    assert!(!world.takes(calldata).await, "posted twice");
    let _ = BatchRegistry::AlreadyPosted { root: batch.root() };
}

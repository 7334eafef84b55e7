use std::time::Duration;

use alloy::consensus::{SignableTransaction as _, TxEip1559, TxEip4844, TxEnvelope, TxLegacy};
use alloy::eips::BlockNumberOrTag;
use alloy::eips::eip2718::Encodable2718 as _;
use alloy::primitives::{Address, B256, Bytes, Signature, TxKind, U256, keccak256};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use serde_json::json;

use super::super::*;
use crate::rpc::{CallOutcome, CallRequest, Endpoint, RpcError};

fn endpoint(chain: &EmbeddedChain) -> Endpoint {
    Endpoint::new("chain", chain.transport(), Duration::from_secs(5))
}

fn dev() -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&dev_secret()).unwrap()
}

fn transfer(nonce: u64) -> TxEip1559 {
    TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 100_000,
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(Address::repeat_byte(0x99)),
        value: U256::from(5),
        access_list: Default::default(),
        input: Bytes::new(),
    }
}

fn sign(transaction: TxEip1559) -> (B256, Bytes) {
    let signature = dev().sign_hash_sync(&transaction.signature_hash()).unwrap();
    let envelope = TxEnvelope::Eip1559(transaction.into_signed(signature));
    (*envelope.tx_hash(), envelope.encoded_2718().into())
}

/// Whether the chain refuses a transaction in these words.
async fn refuses(chain: &EmbeddedChain, raw: &Bytes, words: &str) -> bool {
    let height = chain.height();
    let result = endpoint(chain).control("eth_sendRawTransaction", json!([raw])).await;
    let refused = matches!(&result, Err(RpcError::Refused { message, .. }) if message.contains(words));
    if !refused {
        eprintln!("expected {words:?}, got {result:?}");
    }
    refused && chain.height() == height
}

#[tokio::test]
async fn transfer_moves_money_and_pays_for_gas() {
    let chain = EmbeddedChain::in_memory(Genesis::default());
    let node = endpoint(&chain);
    assert_eq!(node.chain_id().await.unwrap(), CHAIN_ID);
    let before = node.balance(dev_address()).await.unwrap();
    let (hash, raw) = sign(transfer(0));
    node.send_raw(&raw).await.unwrap();
    node.send_raw(&raw).await.unwrap();
    let receipt = node.receipt(hash).await.unwrap().unwrap();
    assert_eq!((receipt.status, receipt.gas_used, receipt.block_number), (1, 21_000, 1));
    let block = node.block(BlockNumberOrTag::Number(1)).await.unwrap().unwrap();
    assert_eq!(block.hash, receipt.block_hash);
    assert_eq!(receipt.effective_gas_price.to::<u64>(), block.base_fee_wei() + 1_000_000_000);
    assert_eq!(node.balance(Address::repeat_byte(0x99)).await.unwrap(), U256::from(5));
    let paid = U256::from(5) + U256::from(21_000) * U256::from(receipt.effective_gas_price);
    assert_eq!(node.balance(dev_address()).await.unwrap(), before - paid);
    assert_eq!(node.nonce(dev_address(), BlockNumberOrTag::Latest).await.unwrap(), 1);
    assert!(node.knows(hash).await.unwrap() && !node.knows(B256::ZERO).await.unwrap());
    assert!(node.receipt(B256::ZERO).await.unwrap().is_none());
}

/// The hash that the node gives is that of the header, so that it can be computed by whoever has the block.
#[tokio::test]
async fn blocks_are_chained_by_their_hashes() {
    let chain = EmbeddedChain::in_memory(Genesis::default());
    let node = endpoint(&chain);
    node.send_raw(&sign(transfer(0)).1).await.unwrap();
    chain.advance(100).unwrap();
    let mut parent = None;
    for number in 0..3 {
        let block =
            node.control("eth_getBlockByNumber", json!([format!("0x{number:x}"), true])).await.unwrap();
        let block: alloy::rpc::types::Block = serde_json::from_value(block).unwrap();
        assert_eq!(block.header.inner.hash_slow(), block.header.hash);
        assert!(parent.is_none_or(|(hash, _)| hash == block.header.parent_hash));
        let expected = parent.map_or(Genesis::default().timestamp_s, |(_, time)| time + 12);
        let later = if number == 2 { 100 } else { 0 };
        assert_eq!(block.header.timestamp, expected + later);
        parent = Some((block.header.hash, block.header.timestamp));
    }
    assert!(node.block(BlockNumberOrTag::Number(3)).await.unwrap().is_none());
}

/// EIP-7623: calldata has a floor price, which is what posting a batch pays.
#[tokio::test]
async fn gas_is_that_of_the_last_fork() {
    let chain = EmbeddedChain::in_memory(Genesis::default());
    let node = endpoint(&chain);
    let data = Bytes::from(vec![0xff; 1000]);
    let call = CallRequest {
        from: dev_address(),
        to: Some(Address::repeat_byte(0x99)),
        data: data.clone(),
        gas: None,
    };
    assert_eq!(node.estimate_gas(&call).await.unwrap().unwrap(), 61_000);
    let (hash, raw) = sign(TxEip1559 { input: data, ..transfer(0) });
    node.send_raw(&raw).await.unwrap();
    assert_eq!(node.receipt(hash).await.unwrap().unwrap().gas_used, 61_000);
    // EIP-7825: no transaction has more than 2^24 gas.
    let (_, raw) = sign(TxEip1559 { gas_limit: (1 << 24) + 1, ..transfer(1) });
    assert!(refuses(&chain, &raw, "gas limit too high").await);
    // EIP-170: code of more than 24,576 bytes is refused. PUSH2 length, PUSH0, RETURN.
    for (length, status) in [(24_576u16, 1), (24_577, 0)] {
        let [high, low] = length.to_be_bytes();
        let input = Bytes::from(vec![0x61, high, low, 0x5f, 0xf3]);
        let nonce = node.nonce(dev_address(), BlockNumberOrTag::Latest).await.unwrap();
        let (hash, raw) = sign(TxEip1559 {
            to: TxKind::Create,
            value: U256::ZERO,
            gas_limit: 10_000_000,
            input,
            ..transfer(nonce)
        });
        node.send_raw(&raw).await.unwrap();
        let receipt = node.receipt(hash).await.unwrap().unwrap();
        assert_eq!(receipt.status, status, "{length}");
        if status == 1 {
            assert_eq!(node.code(receipt.contract_address.unwrap()).await.unwrap().len(), 24_576);
        }
    }
}

#[tokio::test]
async fn transactions_that_nodes_refuse_are_refused() {
    let chain = EmbeddedChain::in_memory(Genesis::default());
    endpoint(&chain).send_raw(&sign(transfer(0)).1).await.unwrap();
    let cases = [
        (transfer(0), "already known"),
        (TxEip1559 { value: U256::from(6), ..transfer(0) }, "nonce too low"),
        (TxEip1559 { chain_id: 1, ..transfer(1) }, "invalid chain id"),
        (TxEip1559 { value: U256::MAX, ..transfer(1) }, "insufficient funds"),
        (TxEip1559 { value: U256::from(10).pow(U256::from(24)), ..transfer(1) }, "insufficient funds"),
        (TxEip1559 { max_priority_fee_per_gas: 10_000_000_001, ..transfer(1) }, "priority fee"),
        (TxEip1559 { gas_limit: 20_999, ..transfer(1) }, "gas"),
    ];
    for (transaction, words) in cases {
        assert!(refuses(&chain, &sign(transaction).1, words).await);
    }
    let good = sign(transfer(1)).1;
    // Attack: another sender's signature cannot be made, but any bytes are some key's.
    let mut flipped = good.to_vec();
    let last = flipped.len() - 40;
    flipped[last] ^= 1;
    assert!(refuses(&chain, &flipped.into(), "insufficient funds").await);
    for (bad, words) in [
        ([&good[..], &[0]].concat(), "trailing"),
        (good[..good.len() - 1].to_vec(), "rlp"),
        (vec![], "rlp"),
        (vec![0; 200_000], "oversized"),
    ] {
        assert!(refuses(&chain, &bad.into(), words).await);
    }
    let blob = TxEip4844 { chain_id: CHAIN_ID, ..Default::default() };
    let blob = TxEnvelope::Eip4844(blob.into_signed(Signature::test_signature()).map(Into::into));
    assert!(refuses(&chain, &blob.encoded_2718().into(), "not supported").await);
}

#[tokio::test]
async fn legacy_transactions_need_a_chain_id() {
    let chain = EmbeddedChain::in_memory(Genesis::default());
    for (chain_id, ok) in [(Some(CHAIN_ID), true), (None, false)] {
        let legacy = TxLegacy {
            chain_id,
            gas_price: 10_000_000_000,
            gas_limit: 21_000,
            to: TxKind::Call(Address::ZERO),
            ..Default::default()
        };
        let signature = dev().sign_hash_sync(&legacy.signature_hash()).unwrap();
        let raw: Bytes = TxEnvelope::Legacy(legacy.into_signed(signature)).encoded_2718().into();
        match ok {
            true => endpoint(&chain).send_raw(&raw).await.unwrap(),
            false => assert!(refuses(&chain, &raw, "invalid chain id").await),
        }
    }
}

#[tokio::test]
async fn pool_keeps_what_is_not_due_and_lets_it_be_outbid() {
    let chain = EmbeddedChain::in_memory(Genesis::default());
    let node = endpoint(&chain);
    let pending = async || node.nonce(dev_address(), BlockNumberOrTag::Pending).await.unwrap();
    let (later, raw) = sign(transfer(1));
    node.send_raw(&raw).await.unwrap();
    assert!(chain.is_pooled(&later) && pending().await == 0);
    let cheap = TxEip1559 { max_fee_per_gas: 100, max_priority_fee_per_gas: 100, ..transfer(0) };
    node.send_raw(&sign(cheap.clone()).1).await.unwrap();
    assert_eq!((chain.height(), pending().await), (0, 2));
    let nearly =
        TxEip1559 { max_fee_per_gas: 10_000_000_000, max_priority_fee_per_gas: 109, ..cheap.clone() };
    assert!(refuses(&chain, &sign(nearly).1, "replacement transaction underpriced").await);
    let enough = TxEip1559 { max_fee_per_gas: 10_000_000_000, max_priority_fee_per_gas: 110, ..cheap };
    node.send_raw(&sign(enough).1).await.unwrap();
    // It is mined, and what waited behind it too.
    assert_eq!(chain.height(), 2);
    assert!(!chain.is_pooled(&later));
}

#[tokio::test]
async fn base_fee_follows_use() {
    let chain = EmbeddedChain::in_memory(Genesis::default());
    let node = endpoint(&chain);
    assert_eq!(node.next_base_fee().await.unwrap(), 875_000_000, "after an empty block an eighth less");
    chain.mine(1).unwrap();
    assert_eq!(node.head().await.unwrap().base_fee_wei(), 875_000_000);
    let history = node.control("eth_feeHistory", json!(["0x5", "latest", [50.0]])).await.unwrap();
    let history: alloy::rpc::types::FeeHistory = serde_json::from_value(history).unwrap();
    assert_eq!(history.base_fee_per_gas, [1_000_000_000, 875_000_000, 765_625_000]);
    assert_eq!((history.oldest_block, history.reward.unwrap().len()), (0, 2));
}

#[tokio::test]
async fn tags_are_as_deep_as_the_genesis_says() {
    let chain = EmbeddedChain::in_memory(Genesis { safe_depth: 2, final_depth: 5, ..Genesis::default() });
    chain.mine(7).unwrap();
    let node = endpoint(&chain);
    for (tag, expected) in [
        (BlockNumberOrTag::Latest, 7),
        (BlockNumberOrTag::Safe, 5),
        (BlockNumberOrTag::Finalized, 2),
        (BlockNumberOrTag::Earliest, 0),
    ] {
        assert_eq!(node.block(tag).await.unwrap().unwrap().number, expected);
    }
}

/// Answers about the past that are those of the present would be lies.
#[tokio::test]
async fn state_of_the_past_is_refused() {
    let chain = EmbeddedChain::in_memory(Genesis::default());
    chain.mine(2).unwrap();
    let node = endpoint(&chain);
    for (method, params) in [
        ("eth_getBalance", json!([dev_address(), "0x1"])),
        ("eth_getTransactionCount", json!([dev_address(), "earliest"])),
        ("eth_call", json!([{"to": dev_address()}, "0x0"])),
    ] {
        assert!(matches!(node.control(method, params).await, Err(RpcError::Refused { .. })), "{method}");
    }
    assert!(node.control("eth_getBalance", json!([dev_address(), "0x2"])).await.is_ok());
}

#[tokio::test]
async fn reverts_say_why_and_calls_change_nothing() {
    let chain = EmbeddedChain::in_memory(Genesis::default());
    let node = endpoint(&chain);
    // MSTORE8(0, 0x2a), REVERT(0, 1).
    let data = Bytes::from(vec![0x60, 0x2a, 0x5f, 0x53, 0x60, 0x01, 0x5f, 0xfd]);
    let call = CallRequest { from: dev_address(), to: None, data, gas: None };
    let reason = crate::contracts::RevertReason::Unknown("0x2a".to_owned());
    assert_eq!(node.call(&call).await.unwrap(), CallOutcome::Reverted(reason.clone()));
    assert_eq!(node.estimate_gas(&call).await.unwrap(), Err(reason));
    let invalid = CallRequest { data: Bytes::from(vec![0xfe]), ..call };
    assert!(node.estimate_gas(&invalid).await.unwrap().is_err());
    assert_eq!(node.nonce(dev_address(), BlockNumberOrTag::Latest).await.unwrap(), 0);
    assert!(matches!(
        node.control("eth_sendTransaction", json!([])).await,
        Err(RpcError::Refused { code: -32601, .. })
    ));
    assert!(matches!(
        node.control("eth_getBalance", json!([])).await,
        Err(RpcError::Refused { code: -32602, .. })
    ));
}

#[test]
fn dev_key_is_the_one_of_its_seed() {
    assert_eq!(dev_secret(), keccak256(DEV_SEED));
    assert_eq!(dev_address(), dev().address());
    assert_ne!(dev_address(), Address::ZERO);
    assert_eq!(CHAIN_ID.to_be_bytes()[3..], *b"SHEAF");
}

/// The state of the same transactions is the same, wherever they are executed.
#[tokio::test]
async fn chains_are_deterministic_and_forks_differ() {
    let run = async || {
        let chain = EmbeddedChain::in_memory(Genesis::default());
        endpoint(&chain).send_raw(&sign(transfer(0)).1).await.unwrap();
        chain.advance(7).unwrap();
        (endpoint(&chain).head().await.unwrap(), chain)
    };
    let (first, chain) = run().await;
    assert_eq!(first, run().await.0);
    let dropped = chain.rewind(2).unwrap();
    assert_eq!(chain.height(), 0);
    assert_eq!(endpoint(&chain).nonce(dev_address(), BlockNumberOrTag::Latest).await.unwrap(), 0);
    endpoint(&chain).send_raw(&dropped[0]).await.unwrap();
    chain.advance(7).unwrap();
    let second = endpoint(&chain).head().await.unwrap();
    assert_eq!(first.number, second.number);
    assert_ne!(first.hash, second.hash);
}

use std::path::Path;
use std::time::Duration;

use alloy::consensus::TxEip1559;
use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, Bytes, TxKind, U256};

use super::super::*;
use crate::poster::SigningKey;
use crate::rpc::{BlockRef, Endpoint};

fn raw(nonce: u64, value: u64) -> Bytes {
    let transaction = TxEip1559 {
        chain_id: CHAIN_ID,
        nonce,
        gas_limit: 21_000,
        max_fee_per_gas: 10_000_000_000,
        max_priority_fee_per_gas: 0,
        to: TxKind::Call(Address::repeat_byte(0x99)),
        value: U256::from(value),
        access_list: Default::default(),
        input: Bytes::new(),
    };
    SigningKey::dev().unwrap().sign(transaction).unwrap().raw
}

fn endpoint(chain: &EmbeddedChain) -> Endpoint {
    Endpoint::new("chain", chain.transport(), Duration::from_secs(5))
}

fn open(path: &Path) -> Result<EmbeddedChain, EmbeddedError> {
    EmbeddedChain::open(path, Genesis::default())
}

/// A chain with three transactions and a jump in time, and its head.
async fn write(path: &Path) -> BlockRef {
    let chain = open(path).unwrap();
    for nonce in 0..3 {
        endpoint(&chain).send_raw(&raw(nonce, 1)).await.unwrap();
    }
    chain.advance(1000).unwrap();
    endpoint(&chain).head().await.unwrap()
}

#[tokio::test]
async fn chain_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    let head = write(&path).await;
    let chain = open(&path).unwrap();
    assert_eq!(endpoint(&chain).head().await.unwrap(), head);
    assert_eq!(endpoint(&chain).balance(Address::repeat_byte(0x99)).await.unwrap(), U256::from(3));
    endpoint(&chain).send_raw(&raw(3, 1)).await.unwrap();
    let head = endpoint(&chain).head().await.unwrap();
    drop(chain);
    assert_eq!(endpoint(&open(&path).unwrap()).head().await.unwrap(), head);
}

/// A crash at any byte of the last record, or with zeros where it should be: the chain is as it was before it.
#[tokio::test]
async fn torn_last_record_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    write(&path).await;
    let before = std::fs::read(&path).unwrap();
    let chain = open(&path).unwrap();
    let head = endpoint(&chain).head().await.unwrap();
    endpoint(&chain).send_raw(&raw(3, 1)).await.unwrap();
    drop(chain);
    let after = std::fs::read(&path).unwrap();
    assert!(after.starts_with(&before));
    let mut torn: Vec<Vec<u8>> = (before.len()..after.len()).map(|length| after[..length].to_vec()).collect();
    torn.push([&before[..], &vec![0; after.len() - before.len()]].concat());
    torn.push([&after[..after.len() - 1], &[!after[after.len() - 1]]].concat());
    for bytes in torn {
        std::fs::write(&path, &bytes).unwrap();
        let chain = open(&path).unwrap();
        assert_eq!(endpoint(&chain).head().await.unwrap(), head);
        // What comes next is written behind what is good.
        endpoint(&chain).send_raw(&raw(3, 1)).await.unwrap();
        drop(chain);
        assert_eq!(std::fs::read(&path).unwrap(), after);
    }
}

/// Attack, or a bad disk: one bit of a record that others follow.
#[tokio::test]
async fn damage_before_the_last_record_is_an_error_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    write(&path).await;
    let good = std::fs::read(&path).unwrap();
    let header = 24 + 32;
    // Length, its check, checksum, block hash, and somewhere in the transaction.
    for at in [0, 3, 4, 8, 16, 60, 100] {
        let mut bad = good.clone();
        bad[header + at] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        let error = open(&path).unwrap_err();
        assert!(matches!(error, EmbeddedError::Damaged { offset: 56, .. }), "{at}: {error:?}");
        assert_eq!(std::fs::read(&path).unwrap(), bad);
    }
}

#[tokio::test]
async fn journal_of_another_chain_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    write(&path).await;
    for genesis in [
        Genesis { chain_id: 1, ..Genesis::default() },
        Genesis { funded: Vec::new(), ..Genesis::default() },
        Genesis { timestamp_s: 0, ..Genesis::default() },
    ] {
        assert_eq!(EmbeddedChain::open(&path, genesis).unwrap_err().code(), "SH-STL-103");
    }
    std::fs::write(&path, "something else that is long enough to have been a journal's header, or longer")
        .unwrap();
    assert_eq!(open(&path).unwrap_err().code(), "SH-STL-103");
    std::fs::write(&path, "short").unwrap();
    assert_eq!(open(&path).unwrap_err().code(), "SH-STL-103");
    assert_eq!(open(folder.path()).unwrap_err().code(), "SH-STL-101");
}

/// A crash while the file is made.
#[tokio::test]
async fn half_a_header_is_made_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    drop(open(&path).unwrap());
    let header = std::fs::read(&path).unwrap();
    for length in 0..header.len() {
        std::fs::write(&path, &header[..length]).unwrap();
        assert_eq!(open(&path).unwrap().height(), 0);
        assert_eq!(std::fs::read(&path).unwrap(), header);
    }
}

#[tokio::test]
async fn two_chains_do_not_share_a_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    let chain = open(&path).unwrap();
    assert_eq!(open(&path).unwrap_err().code(), "SH-STL-102");
    drop(chain);
    open(&path).unwrap();
}

/// What is executed again must be what was executed.
#[tokio::test]
async fn block_that_replays_differently_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    write(&path).await;
    let good = std::fs::read(&path).unwrap();
    let mut bad = good.clone();
    // The first record with another block hash, and a checksum to go with it.
    let frame = 24 + 32;
    let length = u32::from_be_bytes(bad[frame..frame + 4].try_into().unwrap()) as usize;
    let payload = frame + 16..frame + 16 + length;
    bad[payload.start] ^= 1;
    let checksum = alloy::primitives::keccak256(&bad[payload]);
    bad[frame + 8..frame + 16].copy_from_slice(&checksum[..8]);
    std::fs::write(&path, &bad).unwrap();
    assert!(matches!(open(&path).unwrap_err(), EmbeddedError::Replay { number: 1, .. }));
}

/// As when the disk is full: the transaction is refused, and the chain is as it was.
#[tokio::test]
async fn block_that_cannot_be_written_down_is_not_mined() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("chain");
    let chain = open(&path).unwrap();
    chain.lock().keep_in(super::super::journal::Journal::broken(&path));
    let error = endpoint(&chain).send_raw(&raw(0, 1)).await.unwrap_err();
    assert!(error.to_string().contains("SH-STL-101"), "{error}");
    assert_eq!(chain.height(), 0);
    assert_eq!(endpoint(&chain).nonce(dev_address(), BlockNumberOrTag::Latest).await.unwrap(), 0);
}

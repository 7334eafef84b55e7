//! Endpoints that fail, hang and lie.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use alloy::primitives::B256;
use serde_json::{Value, json};

use super::super::*;
use super::world::*;
use crate::embedded::faults::Fault;
use crate::testing::batch;

fn only(
    method: &'static str,
    fault: impl Fn(&Value) -> Fault + Send + 'static,
) -> impl FnMut(&str, &Value) -> Fault {
    move |called, params| if called == method { fault(params) } else { Fault::Pass }
}

/// Attack: a node of another chain, for which a signature would be a gift.
#[tokio::test]
async fn endpoint_of_another_chain_is_refused_at_the_start_and_left_out_later() {
    let mut world = World::new(2).await;
    world.script(1, only("eth_chainId", |_| Fault::Lie(json!("0x1"))));
    let poster = world.poster();
    let error = poster.check().await.unwrap_err();
    assert!(matches!(error, PosterError::Endpoint(RpcError::WrongChain { expected: CHAIN_ID, got: 1, .. })));

    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), ["SH-STL-306", PostReason::PriceGood.code()]);
    world.finish(&poster).await;
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

#[tokio::test]
async fn nothing_is_signed_when_all_endpoints_are_of_another_chain() {
    let world = World::new(1).await;
    world.script(0, only("eth_chainId", |_| Fault::Lie(json!("0x1"))));
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    assert_eq!(codes(&poster.step(world.now_ms).await.unwrap()), ["SH-STL-306"]);
    assert_eq!(world.attempts(7).await, []);
}

#[tokio::test(start_paused = true)]
async fn endpoint_that_hangs_costs_one_time_limit_and_then_none_for_a_while() {
    let mut world = World::new(2).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    world.script(0, move |_, _| {
        count.fetch_add(1, Ordering::SeqCst);
        Fault::Hang
    });
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), ["SH-STL-301", PostReason::PriceGood.code()]);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    let now = world.later(SECOND);
    assert!(matches!(poster.step(now).await.unwrap()[..], [Event::Included { .. }]));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "paused");
    world.finish(&poster).await;
    assert!(asked.load(Ordering::SeqCst) > 1, "asked again later");
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_lost_while_all_endpoints_hang() {
    let mut world = World::new(2).await;
    for index in 0..2 {
        world.script(index, |_, _| Fault::Hang);
    }
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    for _ in 0..3 {
        let now = world.later(SECOND);
        let events = poster.step(now).await.unwrap();
        assert!(codes(&events).iter().all(|code| *code == "SH-STL-301"), "{events:?}");
    }
    for index in 0..2 {
        world.script(index, |_, _| Fault::Pass);
    }
    world.finish(&poster).await;
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

/// The endpoint hangs after it took the transaction: was it sent or not?
#[tokio::test(start_paused = true)]
async fn transaction_whose_sending_hung_is_not_signed_again() {
    for fault in [|| Fault::Hang, || Fault::DropResponse, || Fault::DropRequest] {
        let mut world = World::new(1).await;
        let mut faults = 1;
        world.script(0, move |method, _| {
            if method == "eth_sendRawTransaction" && faults > 0 {
                faults -= 1;
                return fault();
            }
            Fault::Pass
        });
        let poster = world.poster();
        poster.submit(&batch(7), world.now_ms).await.unwrap();
        let events = poster.step(world.now_ms).await.unwrap();
        assert_eq!(sent(&events), 0);
        assert!(matches!(world.state(7).await, PostingState::Sent { nonce: 0 }));
        world.finish(&poster).await;
        assert_eq!(world.attempts(7).await.len(), 1);
        assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
    }
}

/// A record of the registry that is not there, as `batchOf` would return it.
fn forged_record(block: u64) -> Value {
    let mut words = [[0u8; 32]; 3];
    words[0][24..].copy_from_slice(&block.to_be_bytes());
    words[1][31] = 7;
    words[2][..4].copy_from_slice(b"gull");
    json!(format!("0x{}", hex::encode(words.concat())))
}

fn is_batch_of(params: &Value) -> bool {
    use alloy::sol_types::SolCall as _;

    let selector = hex::encode(crate::contracts::BatchRegistry::batchOfCall::SELECTOR);
    params[0]["data"].as_str().is_some_and(|data| data.starts_with(&format!("0x{selector}")))
}

/// Attack: say that the batch is there, so that nobody posts it.
#[tokio::test]
async fn forged_record_without_an_event_is_a_contradiction() {
    let mut world = World::new(1).await;
    world.script(
        0,
        only(
            "eth_call",
            |params| if is_batch_of(params) { Fault::Lie(forged_record(5)) } else { Fault::Pass },
        ),
    );
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    for _ in 0..3 {
        let now = world.later(SECOND);
        assert_eq!(codes(&poster.step(now).await.unwrap()), ["SH-STL-305"]);
    }
    assert!(matches!(world.state(7).await, PostingState::Waiting { .. }));
    world.script(0, |_, _| Fault::Pass);
    world.finish(&poster).await;
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

/// A chain of the liar's own, on which the batch is.
fn forked_liar(world: &World) -> impl FnMut(&str, &Value) -> Fault + Send + 'static {
    let registry = world.contracts.registry;
    let (block, hash) = (3u64, B256::repeat_byte(0xee));
    move |method, params| match method {
        "eth_call" if is_batch_of(params) => Fault::Lie(forged_record(block)),
        "eth_getLogs" => Fault::Lie(json!([{
            "address": registry,
            "topics": [
                <crate::contracts::BatchRegistry::BatchPosted as alloy::sol_types::SolEvent>::SIGNATURE_HASH,
                B256::repeat_byte(7),
                B256::right_padding_from(b"gull"),
                B256::ZERO,
            ],
            "data": B256::with_last_byte(7),
            "blockHash": hash,
            "transactionHash": B256::repeat_byte(0xdd),
            "removed": false,
        }])),
        "eth_getBlockByNumber" if params[0] == json!("0x3") => Fault::Twist(Box::new(move |mut it| {
            it["hash"] = json!(hash);
            it
        })),
        _ => Fault::Pass,
    }
}

/// Attack: a liar with a story that holds together. Alone it cannot be told from the truth; beside another it can.
#[tokio::test]
async fn consistent_lie_of_one_endpoint_settles_nothing_beside_an_honest_one() {
    for liar in 0..2 {
        let mut world = World::new(2).await;
        world.script(liar, forked_liar(&world));
        let poster = world.poster();
        poster.submit(&batch(7), world.now_ms).await.unwrap();
        for _ in 0..5 {
            let now = world.later(SECOND);
            assert!(codes(&poster.step(now).await.unwrap()).contains(&"SH-STL-309"));
        }
        assert!(matches!(world.state(7).await, PostingState::Waiting { .. }));
        world.script(liar, |_, _| Fault::Pass);
        world.finish(&poster).await;
        assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
    }
}

#[tokio::test]
async fn consistent_lie_of_one_endpoint_is_outvoted_by_two() {
    for liar in 0..3 {
        let mut world = World::new(3).await;
        world.script(liar, forked_liar(&world));
        let poster = world.poster();
        poster.submit(&batch(7), world.now_ms).await.unwrap();
        world.finish(&poster).await;
        let settled = *world.state(7).await.settlement().unwrap();
        assert_eq!(world.announcements(B256::repeat_byte(7)).await, [settled.transaction]);
    }
}

/// Attack: an endpoint that hides the batch, to make the poster pay again and again.
#[tokio::test]
async fn endpoint_that_hides_the_batch_makes_nobody_pay_twice() {
    let mut world = World::new(2).await;
    world.script(
        0,
        only("eth_call", |params| {
            if is_batch_of(params) {
                Fault::Lie(json!(format!("0x{}", "0".repeat(192))))
            } else {
                Fault::Pass
            }
        }),
    );
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    for _ in 0..10 {
        let now = world.later(60 * SECOND);
        poster.step(now).await.unwrap();
        world.chain.mine(1).unwrap();
    }
    assert!(matches!(world.state(7).await, PostingState::Sent { .. }));
    assert_eq!(world.attempts(7).await.len(), 1);
    world.script(0, |_, _| Fault::Pass);
    world.finish(&poster).await;
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

/// Attack: receipts of a transaction that is not mined, or of another one.
#[tokio::test]
async fn forged_receipt_settles_nothing() {
    let mut world = World::new(1).await;
    world.chain.set_automine(false);
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    let transaction = world.attempts(7).await[0].transaction;
    for of in [transaction, B256::ZERO] {
        world.script(0, move |method, _| match method {
            "eth_getTransactionReceipt" => Fault::Lie(json!({
                "transactionHash": of, "blockHash": B256::ZERO, "blockNumber": "0x3", "status": "0x1",
                "gasUsed": "0x1", "effectiveGasPrice": "0x1",
            })),
            "eth_getTransactionCount" => Fault::Lie(json!("0x1")),
            _ => Fault::Pass,
        });
        let now = world.later(SECOND);
        assert!(codes(&poster.step(now).await.unwrap()).contains(&"SH-STL-305"));
        assert!(world.state(7).await.settlement().is_none());
    }
    world.script(0, |_, _| Fault::Pass);
    world.finish(&poster).await;
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

/// Attack: say that the contracts refuse the batch, so that it is given up.
#[tokio::test]
async fn refusal_by_one_endpoint_gives_nothing_up() {
    let mut world = World::new(2).await;
    // A root of zero is not what was submitted.
    world.script(
        0,
        only("eth_call", |params| {
            let is_call_from_us = params[0]["from"] != json!(alloy::primitives::Address::ZERO);
            if is_call_from_us { Fault::Lie(json!(B256::ZERO)) } else { Fault::Pass }
        }),
    );
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    assert_eq!(codes(&poster.step(world.now_ms).await.unwrap()), ["SH-STL-309"]);
    assert!(matches!(world.state(7).await, PostingState::Waiting { .. }));
    world.script(0, |_, _| Fault::Pass);
    world.finish(&poster).await;
}

#[tokio::test]
async fn endpoint_that_is_behind_does_not_lead() {
    let mut world = World::new(2).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    world.chain.mine(10).unwrap();
    // It still shows the chain as it was, without the batch.
    world.script(0, |method, params| match method {
        "eth_getBlockByNumber" if params[0] == json!("latest") => Fault::Twist(Box::new(|mut it| {
            it["number"] = json!("0x3");
            it
        })),
        "eth_getTransactionCount" => Fault::Lie(json!("0x0")),
        _ => Fault::Pass,
    });
    let now = world.later(SECOND);
    let events = poster.step(now).await.unwrap();
    assert!(events.iter().any(|event| matches!(event, Event::Final { .. })), "{events:?}");
}

#[tokio::test]
async fn nonsense_is_no_answer() {
    let mut world = World::new(1).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    for nonsense in [json!(null), json!("0xzz"), json!([]), json!({"a": 1}), json!(-1)] {
        world.script(0, move |_, _| Fault::Lie(nonsense.clone()));
        let now = world.later(SECOND);
        let events = poster.step(now).await.unwrap();
        assert_eq!(codes(&events).len(), 1, "{events:?}");
        assert_eq!(world.attempts(7).await, []);
    }
}

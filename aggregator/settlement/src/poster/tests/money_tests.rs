//! Fees, caps, deadlines.

use alloy::primitives::{B256, U256};

use super::super::*;
use super::world::*;
use crate::testing::batch;

const HOUR: u64 = 3600 * SECOND;

#[tokio::test]
async fn dear_gas_is_waited_out_and_the_deadline_ends_the_wait() {
    let mut world = World::new(1).await;
    let poster = world.poster();
    let deadline = world.now_ms + HOUR / 2;
    poster.submit(&Submission { deadline_ms: Some(deadline), ..batch(7) }, world.now_ms).await.unwrap();
    world.chain.set_next_base_fee(Wei::gwei(20).0 as u64);
    let events = poster.step(world.now_ms).await.unwrap();
    let [Event::Waiting { waiting, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(waiting.code, WaitCode::FeeHigh.code());
    assert_eq!(waiting.until_ms, Some(deadline - world.policy.deadline_lead_ms));
    assert_eq!(poster.step(world.now_ms + 1).await.unwrap(), [], "said once");

    let due = deadline - world.policy.deadline_lead_ms;
    assert_eq!(codes(&poster.step(due).await.unwrap()), [PostReason::DeadlineNear.code()]);
    world.later(1);
}

/// Attack: a spike above the maximum when the deadline is near.
#[tokio::test]
async fn no_deadline_pays_more_than_the_maximum() {
    let world = World::new(1).await;
    let poster = world.poster();
    poster.submit(&Submission { deadline_ms: Some(world.now_ms), ..batch(7) }, world.now_ms).await.unwrap();
    world.chain.set_next_base_fee(Wei::gwei(101).0 as u64);
    assert_eq!(codes(&poster.step(world.now_ms).await.unwrap()), [WaitCode::FeeAboveMax.code()]);
    assert_eq!(world.attempts(7).await, []);
    world.chain.set_next_base_fee(Wei::gwei(60).0 as u64);
    assert_eq!(codes(&poster.step(world.now_ms).await.unwrap()), [PostReason::DeadlineNear.code()]);
    // Twice the base fee would be above it.
    assert_eq!(world.attempts(7).await[0].max_fee_wei, Wei::gwei(100).0);
}

#[tokio::test]
async fn transaction_that_a_spike_left_behind_is_outbid_with_the_same_nonce() {
    let mut world = World::new(2).await;
    let poster = world.poster();
    world.chain.set_automine(false);
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    let spike = Wei::gwei(30).0 as u64;
    world.chain.set_next_base_fee(spike);
    world.chain.mine(1).unwrap();
    world.chain.set_next_base_fee(spike);
    assert_eq!(poster.step(world.now_ms + 1).await.unwrap(), [], "not yet");

    let now = world.later(world.policy.bump_interval_ms);
    assert_eq!(codes(&poster.step(now).await.unwrap()), [PostReason::FeeBump.code()]);
    let [first, second] = &world.attempts(7).await[..] else { panic!() };
    assert_eq!(first.nonce, second.nonce);
    let raised = |old: u128| old + (old * 15).div_ceil(100);
    assert!(second.max_fee_wei >= raised(first.max_fee_wei) && second.max_fee_wei >= u128::from(spike));
    assert!(second.max_tip_wei >= raised(first.max_tip_wei));
    let second = second.transaction;
    world.finish(&poster).await;
    assert_eq!(world.announcements(B256::repeat_byte(7)).await, [second]);
}

/// Attack: leave a transaction unmined until its replacements are ruinous.
#[tokio::test]
async fn fees_rise_no_further_than_the_maximum_and_that_is_said_once() {
    let mut world = World::new(1).await;
    let poster = world.poster();
    world.chain.set_automine(false);
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let mut said = Vec::new();
    for _ in 0..80 {
        let now = world.later(world.policy.bump_interval_ms);
        said.extend(poster.step(now).await.unwrap());
    }
    let attempts = world.attempts(7).await;
    assert!(attempts.len() > 10 && attempts.iter().all(|it| it.max_fee_wei <= world.policy.max_fee_wei.0));
    assert_eq!(codes(&said).iter().filter(|code| **code == WaitCode::FeeAboveMax.code()).count(), 1);
    world.finish(&poster).await;
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

#[tokio::test]
async fn daily_cap_holds_and_lets_go_after_a_day() {
    let mut world = World::new(1).await;
    // What one posting costs, from a look at one.
    let poster = world.poster();
    poster.submit(&batch(1), world.now_ms).await.unwrap();
    world.chain.set_next_base_fee(1_000_000_000);
    world.finish(&poster).await;
    let attempt = world.attempts(1).await[0].clone();
    let (cost, worst) = (attempt.cost_wei(), attempt.max_cost_wei());
    assert!(cost > U256::ZERO && cost < worst);

    world.policy.daily_cap_wei = Wei((worst + cost / U256::from(2)).to());
    world.chain.set_next_base_fee(1_000_000_000);
    let poster = world.poster();
    poster.submit(&batch(2), world.now_ms).await.unwrap();
    let events = poster.step(world.now_ms).await.unwrap();
    let [Event::Waiting { waiting, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(waiting.code, WaitCode::SpendingCap.code());
    let until = waiting.until_ms.unwrap();
    assert!(until > world.now_ms);
    assert_eq!(poster.step(until - 1).await.unwrap(), []);
    assert_eq!(sent(&poster.step(until).await.unwrap()), 1);
}

#[tokio::test]
async fn empty_purse_is_said() {
    let mut world = World::new(1).await;
    world.policy.daily_cap_wei = Wei(u128::MAX);
    let endpoint = crate::rpc::Endpoint::new("poor", world.chain.transport(), crate::testing::TIMEOUT);
    let poster = Poster::new(world.config(), vec![endpoint], key(9), world.store.clone()).unwrap();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    assert_eq!(codes(&poster.step(world.now_ms).await.unwrap()), [WaitCode::BalanceLow.code()]);
}

#[tokio::test]
async fn gas_above_the_cap_is_not_paid() {
    let mut world = World::new(1).await;
    world.policy.gas_limit_cap = 50_000;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    assert_eq!(codes(&poster.step(world.now_ms).await.unwrap()), [WaitCode::GasAboveCap.code()]);
}

#[test]
fn policies_that_make_no_sense_are_refused_by_name() {
    let ok = PostingPolicy::default();
    ok.check().unwrap();
    let cases = [
        ("bump_percent", PostingPolicy { bump_percent: 9, ..ok.clone() }),
        ("good_fee_wei", PostingPolicy { good_fee_wei: Wei::gwei(101), ..ok.clone() }),
        ("min_tip_wei", PostingPolicy { min_tip_wei: Wei::gwei(3), ..ok.clone() }),
        ("request_timeout_ms", PostingPolicy { request_timeout_ms: 0, ..ok.clone() }),
        ("max_fee_wei", PostingPolicy { max_fee_wei: Wei(u128::MAX), ..ok.clone() }),
        (
            "finality.finalised",
            PostingPolicy { finality: crate::sight::FinalityPolicy::Depth { safe: 3, finalised: 2 }, ..ok },
        ),
    ];
    for (name, policy) in cases {
        assert!(matches!(policy.check(), Err(PosterError::Config { key, .. }) if key == name), "{name}");
    }
}

#[test]
fn amounts_are_read_in_units_and_nothing_else() {
    for (text, wei) in [
        ("7", 7),
        ("7 wei", 7),
        ("1.5 gwei", 1_500_000_000),
        ("0.05 ether", 50_000_000_000_000_000),
        ("2 gwei", 2_000_000_000),
    ] {
        assert_eq!(text.parse::<Wei>().unwrap(), Wei(wei), "{text}");
    }
    for text in
        ["", "1 eth", "-1", "1.5", "1.5 wei", "1.0000000001 gwei", "1e9", "0x10", "1. gwei", "1  gwei"]
    {
        assert!(text.parse::<Wei>().is_err(), "{text}");
    }
    assert_eq!(serde_json::from_str::<Wei>("12").unwrap(), Wei(12));
    assert_eq!(serde_json::from_str::<Wei>("\"12 gwei\"").unwrap(), Wei::gwei(12));
    let text = serde_json::to_string(&PostingPolicy::default()).unwrap();
    assert_eq!(serde_json::from_str::<PostingPolicy>(&text).unwrap(), PostingPolicy::default());
}

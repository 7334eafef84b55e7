//! Crashes at every write, and everything at once.

use alloy::primitives::B256;

use super::super::*;
use super::world::*;
use crate::embedded::faults::Fault;
use crate::testing::batch;

/// A whole life of two batches, with a reorganisation in the middle: every write that there is comes up. Where the store
/// crashes, a new poster goes on with what is kept.
async fn live_through(world: &mut World) {
    let mut poster = world.poster();
    for n in [1, 2] {
        while poster.submit(&batch(n), world.now_ms).await.is_err() {
            poster = world.poster();
        }
    }
    for round in 0..40 {
        let now = world.later(60 * SECOND);
        if poster.step(now).await.is_err() {
            poster = world.poster();
        }
        if round == 2 {
            world.chain.rewind(1).unwrap();
        }
        world.chain.mine(1).unwrap();
    }
}

async fn assert_settled_once(world: &World, context: &str) {
    for n in [1, 2] {
        let state = world.state(n).await;
        let PostingState::Final { settlement } = state else { panic!("{context}: {state:?}") };
        assert_eq!(world.announcements(B256::repeat_byte(n)).await, [settlement.transaction], "{context}");
        let attempts = world.attempts(n).await;
        let nonces: std::collections::BTreeSet<u64> = attempts.iter().map(|it| it.nonce).collect();
        assert_eq!(nonces.len(), 1, "{context}: a new nonce for no reason: {attempts:?}");
    }
    assert_eq!(world.nonce().await, 2, "{context}");
}

#[tokio::test]
async fn crash_at_any_write_loses_nothing_and_pays_nothing_twice() {
    for after_effect in [false, true] {
        for write in 0.. {
            let mut world = World::new(1).await;
            world.store.crash_at(write, after_effect);
            live_through(&mut world).await;
            assert_settled_once(&world, &format!("write {write}, after effect: {after_effect}")).await;
            if !world.store.crashed() {
                assert!(write > 10, "{write} writes are too few to mean anything");
                break;
            }
        }
    }
}

/// The process ends between the signature being kept and the transaction being sent.
#[tokio::test]
async fn crash_between_signing_and_sending_sends_what_was_signed() {
    let mut world = World::new(1).await;
    world.script(
        0,
        |method, _| if method == "eth_sendRawTransaction" { Fault::DropRequest } else { Fault::Pass },
    );
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    drop(poster);
    let signed = world.attempts(7).await[0].clone();
    assert_eq!(world.nonce().await, 0);

    world.script(0, |_, _| Fault::Pass);
    let poster = world.poster();
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(events, [Event::Resent { root: B256::repeat_byte(7), transaction: signed.transaction }]);
    world.finish(&poster).await;
    assert_eq!(world.attempts(7).await.len(), 1);
    assert_eq!(world.announcements(B256::repeat_byte(7)).await, [signed.transaction]);
}

/// The process ends between sending and seeing the receipt.
#[tokio::test]
async fn crash_between_sending_and_the_receipt_finds_the_receipt() {
    let mut world = World::new(1).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    drop(poster);
    let poster = world.poster();
    let events = poster.step(world.now_ms).await.unwrap();
    assert!(matches!(events[..], [Event::Included { ours: true, .. }]), "{events:?}");
    world.finish(&poster).await;
    assert_eq!(world.attempts(7).await.len(), 1);
}

/// A step that is dropped at any of its waits, as when the gateway is told to stop.
#[tokio::test]
async fn step_that_is_dropped_halfway_is_taken_up_again() {
    for polls in 0..60 {
        let mut world = World::new(1).await;
        let poster = world.poster();
        poster.submit(&batch(7), world.now_ms).await.unwrap();
        for _ in 0..3 {
            let mut step = Box::pin(poster.step(world.now_ms));
            let mut left = polls;
            std::future::poll_fn(|context| {
                left -= 1;
                if left < 0 {
                    return std::task::Poll::Ready(());
                }
                // Nothing of the embedded chain waits, so a poll goes as far as it can; the budget of tokio ends some.
                step.as_mut().poll(context).map(drop)
            })
            .await;
        }
        world.finish(&poster).await;
        assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
    }
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }
}

/// Everything at once: requests and answers get lost, hang, pools are forgotten, blocks go away, fees jump, the process
/// crashes, somebody else posts. When it is over, every batch is on chain once.
#[tokio::test(start_paused = true)]
async fn storm_leaves_every_batch_settled_once() {
    for seed in 1..=25u64 {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut world = World::new(1 + (seed % 3) as usize).await;
        for index in 0..world.transports.len() {
            let mut own = Dice(seed * 1000 + index as u64 + 1);
            world.script(index, move |_, _| match own.roll(40) {
                0 | 1 => Fault::DropRequest,
                2 | 3 => Fault::DropResponse,
                4 => Fault::Hang,
                _ => Fault::Pass,
            });
        }
        let mut poster = world.poster();
        for n in 1..=4 {
            poster.submit(&batch(n), world.now_ms + u64::from(n)).await.unwrap();
        }
        let mut highest = 0;
        for _ in 0..60 {
            highest = highest.max(world.chain.height());
            let step = 5 * SECOND + dice.roll(60) * SECOND;
            let now = world.later(step);
            match dice.roll(20) {
                // No deeper than finality allows, however often.
                0 => {
                    let depth = (1 + dice.roll(3)).min(3 - (highest - world.chain.height()).min(3));
                    drop(world.chain.rewind(depth).unwrap());
                }
                1 => world.chain.drop_pool(),
                2 => world.chain.set_next_base_fee(dice.roll(40) * 1_000_000_000 + 7),
                3 => world.chain.set_automine(false),
                4 | 5 => world.chain.set_automine(true),
                6 => {
                    world.store.crash_at(dice.roll(3) as i64, dice.roll(2) == 0);
                }
                7 => {
                    world.chain.set_automine(true);
                    drop(world.rival_tries(4).await);
                }
                _ => {}
            }
            if poster.step(now).await.is_err() || dice.roll(15) == 0 {
                poster = world.poster();
            }
            if dice.roll(3) == 0 {
                world.chain.mine(1).unwrap();
            }
        }
        world.store.crash_at(-1, false);
        world.chain.set_automine(true);
        for index in 0..world.transports.len() {
            world.script(index, |_, _| Fault::Pass);
        }
        world.later(30 * 60 * SECOND);
        world.finish(&poster).await;
        for n in 1..=4 {
            let state = world.state(n).await;
            let PostingState::Final { settlement } = state else {
                panic!("seed {seed}, batch {n}: {state:?}")
            };
            let announced = world.announcements(B256::repeat_byte(n)).await;
            assert_eq!(announced, [settlement.transaction], "seed {seed}, batch {n}");
        }
    }
}

//! What the chain does: blocks, rivals, reorganisations, nonces, freezes.

use alloy::primitives::B256;
use alloy::sol_types::SolValue as _;

use super::super::*;
use super::world::*;
use crate::contracts::VerifierRouter;
use crate::testing::{GULLIBLE_SELECTOR, batch};

#[tokio::test]
async fn batch_is_posted_once_and_becomes_final() {
    let mut world = World::new(1).await;
    let poster = world.poster();
    poster.check().await.unwrap();
    poster.submit(&batch(7), world.now_ms).await.unwrap();

    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), [PostReason::PriceGood.code()]);
    let now = world.later(SECOND);
    let events = poster.step(now).await.unwrap();
    assert!(matches!(events[..], [Event::Included { ours: true, .. }]), "{events:?}");
    assert_eq!(poster.step(now).await.unwrap(), []);

    world.chain.mine(2).unwrap();
    assert!(matches!(poster.step(now).await.unwrap()[..], [Event::Safe { .. }]));
    world.chain.mine(2).unwrap();
    assert!(matches!(poster.step(now).await.unwrap()[..], [Event::Final { .. }]));
    assert!(matches!(world.state(7).await, PostingState::Final { .. }));
    assert_eq!(poster.step(now).await.unwrap(), []);
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);

    // Taking it on again is no new posting.
    let again = poster.submit(&batch(7), now + 1).await.unwrap();
    assert!(matches!(again.state, PostingState::Final { .. }));
    assert_eq!(poster.step(now).await.unwrap(), []);
}

#[tokio::test]
async fn finality_by_depth_is_that_of_the_blocks_on_top() {
    let mut world = World::new(2).await;
    world.use_depth_finality();
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let now = world.now_ms;
    poster.step(now).await.unwrap();
    assert!(matches!(poster.step(now).await.unwrap()[..], [Event::Included { .. }]));
    world.chain.mine(1).unwrap();
    assert_eq!(poster.step(now).await.unwrap(), []);
    world.chain.mine(1).unwrap();
    assert!(matches!(poster.step(now).await.unwrap()[..], [Event::Safe { .. }]));
    world.chain.mine(2).unwrap();
    assert!(matches!(poster.step(now).await.unwrap()[..], [Event::Final { .. }]));
}

#[tokio::test]
async fn batches_go_one_after_the_other_the_most_urgent_first() {
    let mut world = World::new(1).await;
    world.chain.set_automine(false);
    let poster = world.poster();
    for n in [1, 2, 3] {
        let deadline_ms = (n == 3).then_some(world.now_ms + 1);
        poster.submit(&Submission { deadline_ms, ..batch(n) }, world.now_ms + u64::from(n)).await.unwrap();
    }
    let events = poster.step(world.now_ms).await.unwrap();
    assert!(
        matches!(events[..], [Event::Sent { root, nonce: 0, .. }] if root == B256::repeat_byte(3)),
        "{events:?}"
    );
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), [WaitCode::InFlight.code(); 2]);
    assert_eq!(world.attempts(1).await, []);
    world.finish(&poster).await;
    for (n, nonce) in [(3, 0), (1, 1), (2, 2)] {
        assert_eq!(world.attempts(n).await[0].nonce, nonce);
        assert_eq!(world.announcements(B256::repeat_byte(n)).await.len(), 1);
    }
}

#[tokio::test]
async fn batch_that_somebody_else_posted_is_settled_without_a_transaction() {
    let mut world = World::new(1).await;
    world.rival_posts(7).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let events = world.finish(&poster).await;
    assert!(matches!(events[0], Event::Included { ours: false, .. }), "{events:?}");
    assert_eq!(world.attempts(7).await, []);
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

/// Attack: see the transaction, and post the batch before it is mined.
#[tokio::test]
async fn batch_that_is_posted_under_our_nose_is_settled_and_the_reverted_transaction_accounted_for() {
    let mut world = World::new(1).await;
    world.chain.set_automine(false);
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    let ours = world.attempts(7).await[0].clone();
    world.chain.drop_pool();
    world.chain.set_automine(true);
    world.rival_posts(7).await;
    crate::rpc::Endpoint::new("late", world.chain.transport(), crate::testing::TIMEOUT)
        .send_raw(&ours.raw)
        .await
        .unwrap();
    assert_eq!(world.nonce().await, 1);

    let events = world.finish(&poster).await;
    assert!(matches!(events[0], Event::Included { ours: false, .. }), "{events:?}");
    let [attempt] = &world.attempts(7).await[..] else { panic!() };
    assert!(matches!(attempt.fate, Fate::Mined { success: false, .. }));
    assert!(attempt.cost_wei() > alloy::primitives::U256::ZERO);
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

#[tokio::test]
async fn batch_whose_block_goes_away_is_sent_again() {
    for depth in [1, 3] {
        let mut world = World::new(2).await;
        let poster = world.poster();
        poster.submit(&batch(7), world.now_ms).await.unwrap();
        poster.step(world.now_ms).await.unwrap();
        world.chain.mine(depth - 1).unwrap();
        poster.step(world.now_ms).await.unwrap();
        let before = *world.state(7).await.settlement().unwrap();

        assert_eq!(world.chain.rewind(depth).unwrap().len(), 1);
        let events = poster.step(world.now_ms).await.unwrap();
        let [Event::Reorged { was, .. }, Event::Resent { transaction, .. }] = events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((was, transaction), (before, before.transaction));
        world.finish(&poster).await;
        let after = *world.state(7).await.settlement().unwrap();
        assert_eq!(after.transaction, before.transaction);
        assert_ne!(after.block_hash, before.block_hash);
        assert_eq!(world.attempts(7).await.len(), 1);
        assert_eq!(world.announcements(B256::repeat_byte(7)).await, [before.transaction]);
    }
}

#[tokio::test]
async fn batch_that_moves_to_another_block_is_followed() {
    let mut world = World::new(1).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    let before = *world.state(7).await.settlement().unwrap();
    let dropped = world.chain.rewind(1).unwrap();
    world.chain.mine(1).unwrap();
    let endpoint = crate::rpc::Endpoint::new("miner", world.chain.transport(), crate::testing::TIMEOUT);
    endpoint.send_raw(&dropped[0]).await.unwrap();
    let events = poster.step(world.now_ms).await.unwrap();
    let [Event::Included { settlement, ours: true, .. }] = events[..] else { panic!("{events:?}") };
    assert_eq!(settlement.block, before.block + 1);
    world.finish(&poster).await;
}

/// The block of somebody else's transaction goes away: it is not ours to send, so the batch is posted by us.
#[tokio::test]
async fn batch_of_a_rival_whose_block_goes_away_is_posted_by_us() {
    let mut world = World::new(1).await;
    world.rival_posts(7).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    assert!(matches!(world.state(7).await, PostingState::Included { .. }));
    world.chain.rewind(1).unwrap();
    let events = world.finish(&poster).await;
    assert!(matches!(events[0], Event::Reorged { .. }), "{events:?}");
    assert_eq!(world.announcements(B256::repeat_byte(7)).await, [world.attempts(7).await[0].transaction]);
}

#[tokio::test]
async fn reorganisation_that_takes_two_batches_brings_both_back_in_their_nonces() {
    let mut world = World::new(1).await;
    let poster = world.poster();
    for n in [1, 2] {
        poster.submit(&batch(n), world.now_ms).await.unwrap();
    }
    for _ in 0..3 {
        poster.step(world.now_ms).await.unwrap();
    }
    assert!(world.state(1).await.settlement().is_some() && world.state(2).await.settlement().is_some());
    world.chain.rewind(2).unwrap();
    world.finish(&poster).await;
    for n in [1, 2] {
        assert_eq!(world.attempts(n).await.len(), 1);
        assert_eq!(world.announcements(B256::repeat_byte(n)).await.len(), 1);
    }
}

/// Attack, or an operator's mistake: the key is used elsewhere, and the nonce is gone.
#[tokio::test]
async fn batch_whose_nonce_was_taken_is_signed_anew() {
    let mut world = World::new(2).await;
    world.chain.set_automine(false);
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    world.chain.drop_pool();
    world.foreign_transaction(0, 50_000_000_000).await;
    world.chain.mine(1).unwrap();
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), [WaitCode::NonceTaken.code(), PostReason::PriceGood.code()]);
    world.finish(&poster).await;
    assert_eq!(world.attempts(7).await.iter().map(|it| it.nonce).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

/// The same with a transaction that is stuck: it is outbid.
#[tokio::test]
async fn batch_outbids_a_foreign_transaction_that_is_stuck_on_its_nonce() {
    let mut world = World::new(1).await;
    world.chain.set_automine(false);
    let stuck = world.foreign_transaction(0, 3_000_000_000).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), ["SH-STL-303"], "replacement underpriced");
    for _ in 0..20 {
        let now = world.later(60 * SECOND);
        poster.step(now).await.unwrap();
        if !world.chain.is_pooled(&stuck) {
            break;
        }
    }
    assert!(!world.chain.is_pooled(&stuck));
    world.finish(&poster).await;
    assert!(world.attempts(7).await.iter().all(|attempt| attempt.nonce == 0));
    assert_eq!(world.announcements(B256::repeat_byte(7)).await.len(), 1);
}

#[tokio::test]
async fn transaction_that_nodes_forget_is_sent_again() {
    let mut world = World::new(1).await;
    world.chain.set_automine(false);
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    world.chain.drop_pool();
    let events = poster.step(world.now_ms).await.unwrap();
    assert!(matches!(events[..], [Event::Resent { .. }]), "{events:?}");
    world.finish(&poster).await;
    assert_eq!(world.attempts(7).await.len(), 1);
}

#[tokio::test]
async fn verifier_that_is_not_there_yet_is_waited_for() {
    let mut world = World::new(1).await;
    let poster = world.poster();
    let other = Submission { selector: *b"late", ..batch(7) };
    poster.submit(&other, world.now_ms).await.unwrap();
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), [WaitCode::VerifierPending.code()]);
    // Said once, and it does not stand in the way of others.
    poster.submit(&batch(8), world.now_ms).await.unwrap();
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), [PostReason::PriceGood.code()]);
    world.later(1);
}

#[tokio::test]
async fn batch_for_a_frozen_verifier_fails() {
    let world = World::new(2).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    world.router(VerifierRouter::freezeCall { selector: GULLIBLE_SELECTOR.into() }).await;
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), ["SH-STL-612"]);
    assert!(matches!(world.state(7).await, PostingState::Failed { .. }));
    assert_eq!(world.attempts(7).await, []);
}

/// A freeze between posting and finality: what was posted does not count any more, and nobody is told that it does.
#[tokio::test]
async fn batch_whose_verifier_is_frozen_before_it_is_final_fails() {
    let world = World::new(1).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    poster.step(world.now_ms).await.unwrap();
    world.router(VerifierRouter::freezeCall { selector: GULLIBLE_SELECTOR.into() }).await;
    world.chain.mine(5).unwrap();
    let events = poster.step(world.now_ms).await.unwrap();
    assert_eq!(codes(&events), ["SH-STL-611"]);
}

/// Attack: a root beside a batch that has another.
#[tokio::test]
async fn batch_with_another_root_than_submitted_fails_before_anything_is_signed() {
    let world = World::new(1).await;
    let poster = world.poster();
    let lie = Submission { batch: (B256::repeat_byte(9), 3u32).abi_encode().into(), ..batch(7) };
    poster.submit(&lie, world.now_ms).await.unwrap();
    assert_eq!(codes(&poster.step(world.now_ms).await.unwrap()), ["SH-STL-613"]);
    assert_eq!(world.attempts(7).await, []);
    // One that failed can be begun anew, with another batch.
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    assert_eq!(codes(&poster.step(world.now_ms).await.unwrap()), [PostReason::PriceGood.code()]);
}

#[tokio::test]
async fn postings_for_another_registry_stop_the_poster() {
    let world = World::new(1).await;
    let poster = world.poster();
    poster.submit(&batch(7), world.now_ms).await.unwrap();
    let config = ChainConfig { registry: alloy::primitives::Address::repeat_byte(1), ..world.config() };
    let endpoint = crate::rpc::Endpoint::new("other", world.chain.transport(), crate::testing::TIMEOUT);
    let other = Poster::new(config, vec![endpoint], key(1), world.store.clone()).unwrap();
    let error = other.step(world.now_ms).await.unwrap_err();
    assert_eq!(error.code(), "SH-STL-410");
    assert!(matches!(other.submit(&batch(7), 0).await, Err(PosterError::Store(StoreError::Conflict { .. }))));
}

//! What holds of every decision, whatever the inputs.

mod common;

use std::collections::BTreeSet;

use common::any_inputs;
use proptest::prelude::*;
use proptest::sample::Index;
use sheaf_policies::{Decision, Inputs, MicroUsd, Objective, decide};
use sheaf_statement::ProverId;

/// The place of a prover; one that is rejected comes after all others.
fn place(decision: &Decision, prover: &ProverId) -> usize {
    decision.ranked.iter().position(|ranked| ranked.prover == *prover).unwrap_or(usize::MAX)
}

/// Inputs whose decision ranks about every candidate, so that orders are worth comparing.
fn rankable_inputs() -> impl Strategy<Value = Inputs> {
    any_inputs().prop_map(|mut inputs| {
        inputs.request.deadline_ms = u64::MAX;
        inputs.request.max_price = None;
        for candidate in &mut inputs.candidates {
            candidate.load.capacity = candidate.load.capacity.max(1);
        }
        inputs
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_048) })]

    #[test]
    fn order_of_candidates_does_not_matter(
        (inputs, shuffled) in any_inputs().prop_flat_map(|inputs| {
            let shuffled = Just(inputs.candidates.clone()).prop_shuffle();
            (Just(inputs), shuffled)
        }),
    ) {
        let other = Inputs { candidates: shuffled, ..inputs.clone() };
        prop_assert_eq!(decide(inputs).unwrap().to_bytes(), decide(other).unwrap().to_bytes());
    }

    #[test]
    fn stored_decision_reads_back_and_replays(inputs in any_inputs()) {
        let decision = decide(inputs).unwrap();
        let bytes = decision.to_bytes();
        let stored = Decision::from_bytes(&bytes).unwrap();
        prop_assert!(stored.replay());
        prop_assert_eq!(stored.to_bytes(), bytes);
        prop_assert_eq!(stored, decision);
    }

    #[test]
    fn chosen_is_the_first_of_an_ascending_order(inputs in any_inputs()) {
        let decision = decide(inputs).unwrap();
        prop_assert_eq!(decision.chosen.as_ref(), decision.ranked.first().map(|first| &first.prover));
        let places: Vec<_> = decision
            .ranked
            .iter()
            .map(|ranked| (ranked.score, ranked.tie_break, ranked.jobs_ahead, &ranked.prover))
            .collect();
        prop_assert!(places.is_sorted());
    }

    #[test]
    fn every_candidate_is_ranked_or_rejected_once(inputs in any_inputs()) {
        let candidates: BTreeSet<_> = inputs.candidates.iter().map(|candidate| candidate.prover.clone()).collect();
        let decision = decide(inputs).unwrap();
        let ranked = decision.ranked.iter().map(|ranked| ranked.prover.clone());
        let judged: Vec<_> = ranked.chain(decision.rejected.iter().map(|rejected| rejected.prover.clone())).collect();
        prop_assert_eq!(judged.len(), candidates.len());
        prop_assert_eq!(judged.into_iter().collect::<BTreeSet<_>>(), candidates);
        prop_assert!(decision.rejected.iter().all(|rejected| !rejected.reasons.is_empty()));
    }

    #[test]
    fn ranked_candidates_keep_to_the_request(inputs in any_inputs()) {
        let decision = decide(inputs).unwrap();
        let Inputs { request, now_ms, .. } = &decision.inputs;
        for ranked in &decision.ranked {
            prop_assert!(request.max_price.is_none_or(|limit| ranked.price <= limit));
            prop_assert!(now_ms.saturating_add(ranked.cautious_ms) <= request.deadline_ms);
            prop_assert!(ranked.wait_ms <= ranked.expected_ms && ranked.expected_ms <= ranked.cautious_ms);
            prop_assert!(ranked.failure_ppm < 1_000_000);
        }
    }

    #[test]
    fn points_of_the_terms_sum_up_to_the_score(inputs in rankable_inputs()) {
        for ranked in decide(inputs).unwrap().ranked {
            let sum = ranked.terms.iter().fold(0_u64, |sum, term| sum.saturating_add(term.points));
            prop_assert_eq!(sum, ranked.score);
        }
    }

    #[test]
    fn lower_price_never_ranks_worse(
        inputs in rankable_inputs(),
        limit in prop::option::of(any::<u64>()),
        (who, percent) in (any::<Index>(), 0..=100_u64),
    ) {
        prop_assume!(!inputs.candidates.is_empty());
        let who = who.index(inputs.candidates.len());
        for objective in Objective::ALL {
            let mut before = inputs.clone();
            before.request.objective = objective;
            before.request.max_price = limit.map(MicroUsd);
            let mut after = before.clone();
            let prover = after.candidates[who].prover.clone();
            let Some(quote) = &mut after.candidates[who].quote else { continue };
            quote.price.0 = quote.price.0 / 100 * percent;
            let (before, after) = (decide(before).unwrap(), decide(after).unwrap());
            prop_assert!(place(&after, &prover) <= place(&before, &prover), "{objective} {before:?} {after:?}");
        }
    }

    #[test]
    fn shorter_queue_never_ranks_worse(inputs in rankable_inputs(), who in any::<Index>(), waiting in any::<u32>()) {
        prop_assume!(!inputs.candidates.is_empty());
        let who = who.index(inputs.candidates.len());
        for objective in Objective::ALL {
            let mut before = inputs.clone();
            before.request.objective = objective;
            let mut after = before.clone();
            let candidate = &mut after.candidates[who];
            let prover = candidate.prover.clone();
            candidate.load.waiting = candidate.load.waiting.min(waiting);
            let (before, after) = (decide(before).unwrap(), decide(after).unwrap());
            prop_assert!(place(&after, &prover) <= place(&before, &prover), "{objective} {before:?} {after:?}");
        }
    }

    #[test]
    fn damaged_bytes_are_refused_or_canonical(inputs in any_inputs(), at in any::<Index>(), byte in any::<u8>()) {
        let decision = decide(inputs).unwrap();
        let mut bytes = decision.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(taken) = Decision::from_bytes(&bytes) {
            prop_assert_eq!(taken.to_bytes(), bytes);
        }
    }

    #[test]
    fn any_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Decision::from_bytes(&bytes).is_err());
    }
}

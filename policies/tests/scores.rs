//! What each objective prefers, and what decides when it does not care.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

mod common;

use common::{candidate, inputs, order, ranked};
use sheaf_policies::{Candidate, Health, Load, MicroUsd, Objective, Term, TermName, decide};

fn order_of(objective: Objective, candidates: &[Candidate]) -> Vec<String> {
    let decision = decide(inputs(objective, candidates.to_vec())).unwrap();
    order(&decision).into_iter().map(str::to_owned).collect()
}

#[test]
fn objectives_prefer_what_they_are_called_after() {
    // Relative to the best (100 and 1,000) the sums are 1 + 4, 2 + 1.5 and 5 + 1.
    let candidates =
        [candidate("cheap", 100, 4_000), candidate("middle", 200, 1_500), candidate("fast", 500, 1_000)];
    assert_eq!(order_of(Objective::Cheapest, &candidates), ["cheap", "middle", "fast"]);
    assert_eq!(order_of(Objective::Fastest, &candidates), ["fast", "middle", "cheap"]);
    assert_eq!(order_of(Objective::Balanced, &candidates), ["middle", "cheap", "fast"]);
}

#[test]
fn time_decides_between_equal_prices_and_price_between_equal_times() {
    let same_price = [candidate("a", 100, 2_000), candidate("b", 100, 1_000)];
    assert_eq!(order_of(Objective::Cheapest, &same_price), ["b", "a"]);
    let same_time = [candidate("a", 200, 1_000), candidate("b", 100, 1_000)];
    assert_eq!(order_of(Objective::Fastest, &same_time), ["b", "a"]);
}

#[test]
fn price_decides_between_equal_balances() {
    // 2 + 1 and 1 + 2.
    let candidates = [candidate("a", 200, 1_000), candidate("b", 100, 2_000)];
    assert_eq!(order_of(Objective::Balanced, &candidates), ["b", "a"]);
}

#[test]
fn jobs_in_hand_and_then_the_id_decide_between_equals() {
    let mut candidates = [candidate("a", 100, 1_000), candidate("b", 100, 1_000), candidate("c", 100, 1_000)];
    candidates[0].load = Load { running: 1, capacity: 8, waiting: 1 };
    candidates[1].load = Load { running: 1, capacity: 4, waiting: 0 };
    candidates[2].load = Load { running: 0, capacity: 2, waiting: 1 };
    for objective in Objective::ALL {
        assert_eq!(order_of(objective, &candidates), ["b", "c", "a"], "{objective}");
    }
}

#[test]
fn failures_make_a_prover_dearer_and_slower() {
    // Of 90 attempts 49 failed: with the prior (49 + 0.5) / 100, in whole percents 49; 1 / (1 − 0.49) = 1.96.
    let health = Health { quarantined_until_ms: None, recent_attempts: 90, recent_failures: 49 };
    let flaky = |price, p50_ms| Candidate { health, ..candidate("flaky", price, p50_ms) };
    let steady = candidate("steady", 100, 1_000);

    for objective in Objective::ALL {
        assert_eq!(order_of(objective, &[flaky(52, 520), steady.clone()])[0], "steady", "{objective}");
        assert_eq!(order_of(objective, &[flaky(50, 500), steady.clone()])[0], "flaky", "{objective}");
    }
    let decision = decide(inputs(Objective::Cheapest, vec![flaky(51, 500)])).unwrap();
    let flaky = ranked(&decision, "flaky");
    assert_eq!((flaky.failure_ppm, flaky.score, flaky.price), (490_000, 100_000, MicroUsd(51)));
}

#[test]
fn difference_of_a_failure_in_a_hundred_does_not_decide_before_time() {
    let mut slow = candidate("slow", 100, 2_000);
    let mut quick = candidate("quick", 100, 1_000);
    slow.health = Health { recent_attempts: 1_000, recent_failures: 0, ..slow.health };
    quick.health = Health { recent_attempts: 1_000, recent_failures: 5, ..quick.health };
    assert_eq!(order_of(Objective::Cheapest, &[slow, quick]), ["quick", "slow"]);
}

#[test]
fn new_prover_ranks_between_a_steady_and_a_failing_one() {
    let with = |name, recent_attempts, recent_failures| {
        let health = Health { quarantined_until_ms: None, recent_attempts, recent_failures };
        Candidate { health, ..candidate(name, 100, 1_000) }
    };
    let candidates = [with("failing", 10, 5), with("new", 0, 0), with("steady", 100, 1)];
    for objective in Objective::ALL {
        assert_eq!(order_of(objective, &candidates), ["steady", "new", "failing"], "{objective}");
    }
}

#[test]
fn prover_that_asks_nothing_does_not_drown_time_under_balanced() {
    // Against the floor of 10 the dear one is at 2 + 1, the free one at 0 + 4.
    let candidates = [candidate("free", 0, 4_000), candidate("dear", 20, 1_000)];
    assert_eq!(order_of(Objective::Balanced, &candidates), ["dear", "free"]);
}

#[test]
fn terms_explain_the_score() {
    let mut busy = candidate("busy", 300, 1_000);
    busy.load = Load { running: 1, capacity: 1, waiting: 1 };
    busy.health = Health { quarantined_until_ms: None, recent_attempts: 40, recent_failures: 12 };
    let candidates = vec![candidate("idle", 100, 2_000), busy];
    let term = |name, value, unit, points| Term { name, value, unit, points };

    // A failure rate of 12.5 / 50 makes 4/3 attempts. Units are idle's price and time.
    let decision = decide(inputs(Objective::Balanced, candidates.clone())).unwrap();
    let ranked_busy = ranked(&decision, "busy");
    assert_eq!(ranked_busy.score, 6_000_000);
    assert_eq!(
        (ranked_busy.wait_ms, ranked_busy.expected_ms, ranked_busy.failure_ppm),
        (2_000, 3_000, 250_000)
    );
    assert_eq!(
        ranked_busy.terms,
        [
            term(TermName::Price, 300, Some(100), 3_000_000),
            term(TermName::Wait, 2_000, Some(2_000), 1_000_000),
            term(TermName::Proving, 1_000, Some(2_000), 500_000),
            term(TermName::Retries, 333_333, None, 1_500_000),
        ]
    );

    let decision = decide(inputs(Objective::Cheapest, candidates.clone())).unwrap();
    let ranked_busy = ranked(&decision, "busy");
    assert_eq!((ranked_busy.score, ranked_busy.tie_break), (400_000, 4_000_000));
    assert_eq!(
        ranked_busy.terms,
        [term(TermName::Price, 300, Some(1_000), 300_000), term(TermName::Retries, 333_333, None, 100_000)]
    );

    let decision = decide(inputs(Objective::Fastest, candidates)).unwrap();
    let ranked_busy = ranked(&decision, "busy");
    assert_eq!((ranked_busy.score, ranked_busy.tie_break), (4_000_000, 400_000));
    assert_eq!(
        ranked_busy.terms,
        [
            term(TermName::Wait, 2_000, Some(1_000), 2_000_000),
            term(TermName::Proving, 1_000, Some(1_000), 1_000_000),
            term(TermName::Retries, 333_333, None, 1_000_000),
        ]
    );
}

#[test]
fn rejected_candidates_do_not_set_the_units() {
    let candidates = vec![candidate("a", 200, 2_000), candidate("b", 100, 4_000)];
    let alone = decide(inputs(Objective::Balanced, candidates.clone())).unwrap();
    let mut excluded = candidate("c", 1, 1);
    excluded.visibilities.clear();
    let with_rejected = decide(inputs(Objective::Balanced, [candidates, vec![excluded]].concat())).unwrap();
    assert_eq!(alone.ranked, with_rejected.ranked);
}

//! Every reason to reject a candidate, on both sides of its border.

mod common;

use common::{NOW_MS, candidate, id, inputs, reasons_of_the_only};
use sheaf_policies::{
    Candidate, Exclusion, Inputs, Latency, Load, MAX_TEXT_CHARS, MicroUsd, Objective, Reason, Serves, decide,
};
use sheaf_statement::{InputVisibility, TrustTier};

/// What a prover is rejected for that nothing stands against but what is changed here.
fn reasons(change: impl FnOnce(&mut Inputs)) -> Vec<Reason> {
    let mut inputs = inputs(Objective::Balanced, vec![candidate("a", 500, 1_000)]);
    change(&mut inputs);
    reasons_of_the_only(inputs)
}

fn reasons_of(change: impl FnOnce(&mut Candidate)) -> Vec<Reason> {
    reasons(|inputs| change(&mut inputs.candidates[0]))
}

#[test]
fn prover_that_nothing_stands_against_is_chosen() {
    let decision = decide(inputs(Objective::Balanced, vec![candidate("a", 500, 1_000)])).unwrap();
    assert_eq!(decision.chosen, Some(id("a")));
    assert_eq!(decision.rejected, []);
}

#[test]
fn prover_without_a_quote_is_rejected() {
    assert_eq!(reasons_of(|a| a.quote = None), [Reason::NoQuote]);
    let without_limit = reasons(|inputs| {
        inputs.request.max_price = None;
        inputs.candidates[0].quote = None;
    });
    assert_eq!(without_limit, [Reason::NoQuote]);
}

#[test]
fn price_above_the_limit_is_rejected() {
    let with_limit = |limit: Option<u64>| reasons(|inputs| inputs.request.max_price = limit.map(MicroUsd));
    assert_eq!(with_limit(Some(500)), []);
    assert_eq!(with_limit(None), []);
    let expected = Reason::PriceAboveLimit { expected: MicroUsd(499), got: MicroUsd(500) };
    assert_eq!(with_limit(Some(499)), [expected]);
}

#[test]
fn cautious_finish_after_the_deadline_is_rejected() {
    let with_p90 = |p90_ms| reasons_of(|a| a.latency.p90_ms = p90_ms);
    assert_eq!(with_p90(60_000), []);
    let expected = Reason::DeadlineMissed { expected_ms: NOW_MS + 60_000, got_ms: NOW_MS + 60_001 };
    assert_eq!(with_p90(60_001), [expected]);
}

#[test]
fn deadline_that_has_passed_is_missed() {
    let reasons = reasons(|inputs| inputs.request.deadline_ms = NOW_MS - 1);
    assert_eq!(reasons, [Reason::DeadlineMissed { expected_ms: NOW_MS - 1, got_ms: NOW_MS + 1_000 }]);
}

#[test]
fn queue_counts_towards_the_deadline() {
    // 59 rounds of a second to wait and one to prove; one more job in the queue is too much.
    let with_queue = |waiting| reasons_of(|a| a.load = Load { running: 1, capacity: 1, waiting });
    assert_eq!(with_queue(58), []);
    let expected = Reason::DeadlineMissed { expected_ms: NOW_MS + 60_000, got_ms: NOW_MS + 61_000 };
    assert_eq!(with_queue(59), [expected]);
}

#[test]
fn estimate_meets_the_deadline_only_with_its_margin() {
    let estimated = |p50_ms| {
        reasons_of(|a| a.latency = Latency { p50_ms, p90_ms: 0, p99_ms: 0, samples: 0, held_ms: p50_ms })
    };
    assert_eq!(estimated(40_000), []);
    let expected = Reason::DeadlineMissed { expected_ms: NOW_MS + 60_000, got_ms: NOW_MS + 60_002 };
    assert_eq!(estimated(40_001), [expected]);
}

#[test]
fn attested_prover_is_rejected_where_proven_is_asked() {
    let with_tiers = |min_tier, tier| {
        reasons(|inputs| {
            inputs.request.min_tier = min_tier;
            inputs.candidates[0].tier = tier;
        })
    };
    let expected = Reason::TierTooLow { expected: TrustTier::Proven, got: TrustTier::Attested };
    assert_eq!(with_tiers(TrustTier::Proven, TrustTier::Attested), [expected]);
    assert_eq!(with_tiers(TrustTier::Proven, TrustTier::Proven), []);
    assert_eq!(with_tiers(TrustTier::Attested, TrustTier::Attested), []);
    assert_eq!(with_tiers(TrustTier::Attested, TrustTier::Proven), []);
}

#[test]
fn visibility_that_is_not_served_is_rejected() {
    use InputVisibility::{Committed, Private, Public};
    let reasons = reasons_of(|a| a.visibilities = vec![Committed, Private, Committed]);
    assert_eq!(reasons, [Reason::VisibilityNotServed { expected: Public, got: vec![Private, Committed] }]);
    let none = reasons_of(|a| a.visibilities = vec![]);
    assert_eq!(none, [Reason::VisibilityNotServed { expected: Public, got: vec![] }]);
}

#[test]
fn model_that_is_not_served_is_rejected_with_the_provers_own_reason() {
    let reasons =
        reasons_of(|a| a.serves_model = Serves::No { code: "SH-ONX-012".into(), reason: "no LSTM".into() });
    assert_eq!(reasons, [Reason::ModelNotServed { cause: "SH-ONX-012".into(), detail: "no LSTM".into() }]);
}

#[test]
fn quarantine_ends_when_its_time_has_come() {
    let until = |until_ms| reasons_of(|a| a.health.quarantined_until_ms = Some(until_ms));
    assert_eq!(until(NOW_MS), []);
    assert_eq!(until(NOW_MS + 1), [Reason::Quarantined { now_ms: NOW_MS, until_ms: NOW_MS + 1 }]);
}

#[test]
fn prover_without_capacity_is_rejected_and_its_queue_not_judged() {
    let reasons = reasons_of(|a| a.load = Load { running: 9, capacity: 0, waiting: u32::MAX });
    assert_eq!(reasons, [Reason::NoCapacity]);
}

#[test]
fn prover_that_failed_this_job_for_good_is_rejected() {
    let reasons = reasons_of(|a| a.excluded = Some(Exclusion { attempts: 2, code: "SH-EMB-003".into() }));
    assert_eq!(reasons, [Reason::Excluded { attempts: 2, cause: "SH-EMB-003".into() }]);
}

#[test]
fn all_reasons_are_listed_in_the_order_of_their_codes() {
    let everything = reasons(|inputs| {
        inputs.request.deadline_ms = 0;
        let a = &mut inputs.candidates[0];
        a.excluded = Some(Exclusion { attempts: 1, code: String::new() });
        a.load.capacity = 0;
        a.health.quarantined_until_ms = Some(u64::MAX);
        a.serves_model = Serves::No { code: String::new(), reason: String::new() };
        a.visibilities.clear();
        a.tier = TrustTier::Attested;
        a.quote = None;
    });
    let codes: Vec<_> = everything.iter().map(Reason::code).collect();
    let expected: Vec<_> =
        [1, 3, 4, 5, 6, 7, 8, 9].iter().map(|number| format!("SH-POL-{number:03}")).collect();
    assert_eq!(codes, expected);
}

#[test]
fn long_text_of_a_prover_is_cut_and_does_not_stop_the_job() {
    let mut chatty = candidate("a", 500, 1_000);
    chatty.serves_model = Serves::No { code: "x".repeat(1 << 20), reason: "é".repeat(1 << 20) };
    chatty.excluded = Some(Exclusion { attempts: 1, code: "y".repeat(1 << 20) });
    let decision = decide(inputs(Objective::Balanced, vec![chatty, candidate("b", 500, 1_000)])).unwrap();
    assert_eq!(decision.chosen, Some(id("b")));
    let (cause, detail) = ("x".repeat(MAX_TEXT_CHARS), "é".repeat(MAX_TEXT_CHARS));
    assert_eq!(decision.rejected[0].reasons[0], Reason::ModelNotServed { cause, detail });
    assert!(decision.replay());
}

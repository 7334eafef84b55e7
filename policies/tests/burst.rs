//! Bursts: many jobs at once, each decided with the load that those before it made.
//!
//! The complaint these answer: one prover wins a whole burst while others idle (sp1-cluster#192).

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

mod common;

use std::collections::BTreeMap;

use common::{candidate, inputs, request};
use sheaf_policies::{Candidate, Inputs, Load, MicroUsd, Objective, Request, decide};

/// Decides on so many jobs one after the other, none of which ends meanwhile. Returns who got how many; jobs that nobody
/// can take count as `-`.
fn burst(request: Request, mut candidates: Vec<Candidate>, jobs: u32) -> BTreeMap<String, u32> {
    let mut given = BTreeMap::new();
    for _ in 0..jobs {
        let decision =
            decide(Inputs { request: request.clone(), ..inputs(request.objective, candidates.clone()) })
                .unwrap();
        let name = match &decision.chosen {
            None => "-".to_owned(),
            Some(chosen) => {
                let winner = candidates.iter_mut().find(|candidate| candidate.prover == *chosen).unwrap();
                take(&mut winner.load);
                chosen.to_string()
            }
        };
        *given.entry(name).or_default() += 1;
    }
    given
}

fn take(load: &mut Load) {
    if load.running < load.capacity {
        load.running += 1;
    } else {
        load.waiting += 1;
    }
}

fn with_capacity(capacity: u32, candidate: Candidate) -> Candidate {
    Candidate { load: Load { capacity, ..candidate.load }, ..candidate }
}

fn shares<const N: usize>(shares: [(&str, u32); N]) -> BTreeMap<String, u32> {
    shares.map(|(name, jobs)| (name.to_owned(), jobs)).into()
}

#[test]
fn burst_is_shared_evenly_by_equal_provers() {
    let equal = ["a", "b", "c"].map(|name| with_capacity(2, candidate(name, 100, 1_000)));
    for objective in Objective::ALL {
        // At no time is one of them ahead by more than one job, also while all of them have free slots.
        for jobs in 1..=30 {
            let given = burst(request(objective), equal.to_vec(), jobs);
            let most = given.values().max().copied().unwrap();
            assert_eq!(most, jobs.div_ceil(3), "{objective} {jobs} {given:?}");
        }
    }
}

#[test]
fn burst_is_shared_by_capacity() {
    let candidates = vec![
        with_capacity(1, candidate("small", 100, 1_000)),
        with_capacity(3, candidate("large", 100, 1_000)),
    ];
    for objective in Objective::ALL {
        let given = burst(request(objective), candidates.clone(), 40);
        assert_eq!(given, shares([("small", 10), ("large", 30)]), "{objective}");
    }
}

#[test]
fn burst_is_shared_by_speed_where_time_counts() {
    let candidates = vec![candidate("slow", 100, 2_000), candidate("fast", 100, 1_000)];
    let given = burst(request(Objective::Fastest), candidates, 30);
    assert_eq!(given, shares([("slow", 10), ("fast", 20)]));
}

#[test]
fn dearer_prover_does_not_idle_under_balanced() {
    let candidates = vec![candidate("cheap", 100, 1_000), candidate("dear", 150, 1_000)];
    let given = burst(request(Objective::Balanced), candidates, 30);
    assert!(given["dear"] >= 10 && given["cheap"] > given["dear"], "{given:?}");
}

#[test]
fn burst_under_cheapest_spills_over_when_the_deadline_would_be_missed() {
    // 60 seconds hold 60 jobs of the cheap one; the dear one gets the others, up to its own 60.
    let candidates = vec![candidate("cheap", 100, 1_000), candidate("dear", 150, 1_000)];
    let given = burst(request(Objective::Cheapest), candidates, 125);
    assert_eq!(given, shares([("cheap", 60), ("dear", 60), ("-", 5)]));
}

#[test]
fn claim_of_huge_capacity_does_not_win_a_burst_while_equals_idle() {
    let candidates = vec![
        with_capacity(u32::MAX, candidate("boasting", 100, 1_000)),
        with_capacity(4, candidate("honest", 100, 1_000)),
    ];
    for objective in Objective::ALL {
        let given = |jobs| burst(request(objective), candidates.clone(), jobs);
        assert_eq!(given(8), shares([("boasting", 4), ("honest", 4)]), "{objective}");
        // Past what the honest one has room for, the claim is believed: nothing here could refute it.
        assert_eq!(given(100), shares([("boasting", 96), ("honest", 4)]), "{objective}");
    }
}

#[test]
fn limit_holds_for_the_whole_burst() {
    let candidates = vec![candidate("fits", 100, 1_000), candidate("dear", 101, 1_000)];
    let limited = Request { max_price: Some(MicroUsd(100)), ..request(Objective::Fastest) };
    assert_eq!(burst(limited, candidates, 61), shares([("fits", 60), ("-", 1)]));
}

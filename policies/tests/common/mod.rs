//! Jobs and provers for the tests, and strategies that draw them.

#![allow(dead_code, reason = "every test binary uses another part")]
#![allow(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use proptest::collection::btree_map;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::subsequence;
use sheaf_policies::{
    Candidate, Decision, Exclusion, Health, Inputs, Latency, Load, MicroUsd, Objective, Quote, Ranked,
    Reason, Request, Serves, VERSION, decide,
};
use sheaf_statement::{InputVisibility, ProofSystem, ProverId, TrustTier};

pub(crate) const NOW_MS: u64 = 1_700_000_000_000;

pub(crate) fn id(name: &str) -> ProverId {
    name.parse().unwrap()
}

/// A prover that nothing stands against, idle, with as many good attempts that its failure rate is 0.
pub(crate) fn candidate(name: &str, price_micro_usd: u64, p50_ms: u64) -> Candidate {
    Candidate {
        prover: id(name),
        system: ProofSystem::Plonky2Goldilocks,
        tier: TrustTier::Proven,
        visibilities: InputVisibility::ALL.to_vec(),
        serves_model: Serves::Yes,
        quote: Some(Quote { price: MicroUsd(price_micro_usd), cpu_ms: p50_ms }),
        latency: Latency { p50_ms, p90_ms: p50_ms, p99_ms: p50_ms, samples: 100, held_ms: p50_ms },
        health: Health { quarantined_until_ms: None, recent_attempts: 100, recent_failures: 0 },
        load: Load { running: 0, capacity: 1, waiting: 0 },
        excluded: None,
    }
}

pub(crate) fn request(objective: Objective) -> Request {
    Request {
        max_price: Some(MicroUsd(1_000)),
        deadline_ms: NOW_MS + 60_000,
        objective,
        visibility: InputVisibility::Public,
        min_tier: TrustTier::Proven,
    }
}

pub(crate) fn inputs(objective: Objective, candidates: Vec<Candidate>) -> Inputs {
    Inputs { version: VERSION, now_ms: NOW_MS, request: request(objective), candidates }
}

pub(crate) fn order(decision: &Decision) -> Vec<&str> {
    decision.ranked.iter().map(|ranked| ranked.prover.as_str()).collect()
}

pub(crate) fn ranked<'a>(decision: &'a Decision, name: &str) -> &'a Ranked {
    decision.ranked.iter().find(|ranked| ranked.prover.as_str() == name).unwrap()
}

/// What the only candidate of these inputs is rejected for.
pub(crate) fn reasons_of_the_only(inputs: Inputs) -> Vec<Reason> {
    let decision = decide(inputs).unwrap();
    assert_eq!(decision.inputs.candidates.len(), 1);
    decision.rejected.into_iter().flat_map(|rejected| rejected.reasons).collect()
}

/// Small enough to collide, usual, or at an end of the range.
fn number() -> BoxedStrategy<u64> {
    prop_oneof![0..4_u64, 0..100_000_u64, any::<u64>(), Just(u64::MAX)].boxed()
}

fn count() -> BoxedStrategy<u32> {
    prop_oneof![0..4_u32, 0..100_u32, any::<u32>(), Just(u32::MAX)].boxed()
}

/// Around [`NOW_MS`], or at an end of the range.
fn time_ms() -> BoxedStrategy<u64> {
    prop_oneof![NOW_MS - 1_000..NOW_MS + 100_000, number()].boxed()
}

fn mostly<T: Clone + std::fmt::Debug + 'static>(
    usual: T,
    other: impl Strategy<Value = T> + 'static,
) -> BoxedStrategy<T> {
    prop_oneof![4 => Just(usual), 1 => other].boxed()
}

fn tier() -> impl Strategy<Value = TrustTier> {
    prop_oneof![Just(TrustTier::Proven), Just(TrustTier::Attested)]
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let serves =
        mostly(Serves::Yes, (".{0,20}", ".{0,400}").prop_map(|(code, reason)| Serves::No { code, reason }));
    let excluded =
        mostly(None, (count(), ".{0,20}").prop_map(|(attempts, code)| Some(Exclusion { attempts, code })));
    let latency =
        (number(), number(), number(), mostly(100, Just(0))).prop_map(|(p50_ms, p90_ms, p99_ms, samples)| {
            Latency { p50_ms, p90_ms, p99_ms, samples, held_ms: p50_ms }
        });
    let health = (mostly(None, time_ms().prop_map(Some)), count(), count()).prop_map(
        |(quarantined_until_ms, recent_attempts, recent_failures)| Health {
            quarantined_until_ms,
            recent_attempts,
            recent_failures,
        },
    );
    let load = (count(), count(), count()).prop_map(|(running, capacity, waiting)| Load {
        running,
        capacity,
        waiting,
    });
    let quote = option::weighted(
        0.9,
        (number(), number()).prop_map(|(price, cpu_ms)| Quote { price: MicroUsd(price), cpu_ms }),
    );
    let visibilities = mostly(
        InputVisibility::ALL.to_vec(),
        subsequence(InputVisibility::ALL.to_vec(), 0..=InputVisibility::ALL.len()).prop_shuffle(),
    );
    let body =
        (mostly(TrustTier::Proven, tier()), visibilities, serves, quote, latency, health, load, excluded);
    btree_map("[a-d][a-c0-9-]{0,2}", body, 0..8).prop_map(|bodies| {
        bodies
            .into_iter()
            .map(|(name, (tier, visibilities, serves_model, quote, latency, health, load, excluded))| {
                Candidate {
                    prover: id(&name),
                    system: ProofSystem::Plonky2Goldilocks,
                    tier,
                    visibilities,
                    serves_model,
                    quote,
                    latency,
                    health,
                    load,
                    excluded,
                }
            })
            .collect()
    })
}

/// Inputs of every kind that decide: usual, contradictory and extreme.
pub(crate) fn any_inputs() -> impl Strategy<Value = Inputs> {
    let request = (
        option::of(number().prop_map(MicroUsd)),
        prop_oneof![Just(u64::MAX), time_ms()],
        prop::sample::select(Objective::ALL.to_vec()),
        prop::sample::select(InputVisibility::ALL.to_vec()),
        tier(),
    )
        .prop_map(|(max_price, deadline_ms, objective, visibility, min_tier)| Request {
            max_price,
            deadline_ms,
            objective,
            visibility,
            min_tier,
        });
    (mostly(NOW_MS, time_ms()), request, candidates()).prop_map(|(now_ms, request, candidates)| Inputs {
        version: VERSION,
        now_ms,
        request,
        candidates,
    })
}

//! What the policies are asked: every prover as it stands for one job.

use sheaf_adapter::{Estimate, Prover};
use sheaf_policies::{
    Candidate, Exclusion, Health, Inputs, Latency, Load, MicroUsd, Quote, Request, Serves, VERSION,
};
use sheaf_statement::{InputVisibility, TrustTier};

use super::programs;
use super::standing::Standing;
use crate::app::App;
use crate::clock::now_ms;
use crate::store::{ExclusionRow, JobRow, ModelRow, ProgramOutcome, ProgramRow};

/// Time that aggregating takes before any was observed, beyond the age at which batches close, in milliseconds.
const FIRST_AGGREGATION_MS: u64 = 15_000;
/// The same for an attested batch, which is only signed.
const SIGNING_MS: u64 = 100;

/// The question for one job.
pub(crate) fn inputs(
    app: &App,
    job: &JobRow,
    model: &ModelRow,
    programs: &[ProgramRow],
    exclusions: &[ExclusionRow],
) -> Inputs {
    let spec = &job.spec;
    let candidates = app.registry.iter().map(|prover| {
        let excluded = exclusions
            .iter()
            .find(|row| row.prover == prover.descriptor().id)
            .map(|row| Exclusion { attempts: row.count, code: row.code.clone() });
        Candidate { excluded, ..offer(app, prover, model, programs, spec.visibility) }
    });
    Inputs {
        version: VERSION,
        now_ms: now_ms(),
        request: Request {
            max_price: spec.max_price,
            deadline_ms: job.due_ms,
            objective: spec.objective,
            visibility: spec.visibility,
            min_tier: spec.min_tier,
        },
        candidates: candidates.collect(),
    }
}

/// One prover as it stands for a model and a visibility.
pub(crate) fn offer(
    app: &App,
    prover: &Prover,
    model: &ModelRow,
    programs: &[ProgramRow],
    visibility: InputVisibility,
) -> Candidate {
    let descriptor = prover.descriptor();
    let program = programs::find(programs, visibility, prover).map(|row| &row.outcome);
    let estimate = match program {
        Some(ProgramOutcome::Compiled { estimate, .. }) => Ok(*estimate),
        Some(ProgramOutcome::Refused { code, reason }) => Err((code.clone(), reason.clone())),
        None => {
            prover.adapter().estimate(&model.size, visibility).map_err(|error| (error.code, error.message))
        }
    };
    let (serves_model, estimate) = match estimate {
        Ok(estimate) => (Serves::Yes, Some(estimate)),
        Err((code, reason)) => (Serves::No { code, reason }, None),
    };
    let standing = app.standings.get(&descriptor.id);
    Candidate {
        prover: descriptor.id.clone(),
        system: descriptor.system,
        tier: descriptor.tier,
        visibilities: descriptor.visibilities.clone(),
        serves_model,
        quote: estimate
            .map(|estimate| Quote { price: price(app, descriptor.tier, estimate), cpu_ms: estimate.cpu_ms }),
        latency: latency(app, prover, estimate),
        // Every prover of the registry has a standing; one that had none would have no capacity.
        health: standing.map_or(
            Health { quarantined_until_ms: None, recent_attempts: 0, recent_failures: 0 },
            Standing::health,
        ),
        load: standing.map_or(Load { running: 0, capacity: 0, waiting: 0 }, Standing::room),
        excluded: None,
    }
}

/// The whole way to a receipt: what was observed of the prover, or its estimate, and what aggregating takes.
fn latency(app: &App, prover: &Prover, estimate: Option<Estimate>) -> Latency {
    let tier = prover.descriptor().tier;
    let observed = app.standings.get(&prover.descriptor().id).and_then(Standing::latency);
    let proving = match (observed, estimate) {
        // Observations are over all models; a model known to be larger than those is not made faster by them.
        (Some(seen), Some(estimate)) => Latency {
            p50_ms: seen.p50_ms.max(estimate.latency_ms / 2),
            p90_ms: seen.p90_ms.max(estimate.latency_ms / 2),
            p99_ms: seen.p99_ms.max(estimate.latency_ms / 2),
            held_ms: seen.held_ms.max(estimate.latency_ms / 2),
            samples: seen.samples,
        },
        (Some(seen), None) => seen,
        (None, estimate) => flat(estimate.map_or(0, |estimate| estimate.latency_ms)),
    };
    let aggregating = match tier {
        TrustTier::Proven => app
            .standings
            .aggregation()
            .unwrap_or_else(|| flat(app.config.batch.max_age_ms.saturating_add(FIRST_AGGREGATION_MS))),
        TrustTier::Attested => flat(app.config.batch.max_age_ms.saturating_add(SIGNING_MS)),
    };
    Latency {
        p50_ms: proving.p50_ms.saturating_add(aggregating.p50_ms),
        p90_ms: proving.p90_ms.saturating_add(aggregating.p90_ms),
        p99_ms: proving.p99_ms.saturating_add(aggregating.p99_ms),
        samples: proving.samples,
        // The place is free again when the proof is there; the batch needs none.
        held_ms: proving.held_ms,
    }
}

fn flat(ms: u64) -> Latency {
    Latency { p50_ms: ms, p90_ms: ms, p99_ms: ms, samples: 0, held_ms: ms }
}

fn price(app: &App, tier: TrustTier, estimate: Estimate) -> MicroUsd {
    let share = match tier {
        TrustTier::Proven => app.config.price.aggregation_cpu_ms,
        TrustTier::Attested => 0,
    };
    price_of(app, estimate.cpu_ms.saturating_add(share))
}

/// The price of CPU time, rounded up.
fn price_of(app: &App, cpu_ms: u64) -> MicroUsd {
    let millionths = u128::from(cpu_ms) * u128::from(app.config.price.cpu_second_microusd);
    MicroUsd(u64::try_from(millionths.div_ceil(1000)).unwrap_or(u64::MAX))
}

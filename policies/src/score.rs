//! In what order eligible candidates are asked, and how each came by its place.
//!
//! Scores are computed exactly in 128 bits and rounded down once, so that an order never hangs on the rounding of a
//! step between.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};
use sheaf_statement::ProverId;

use crate::filter::Eligible;
use crate::forecast::Forecast;
use crate::{Health, MicroUsd, Objective};

/// Attempts that are imagined before the first real one, so that a new prover has a failure rate, and one failure does
/// not condemn it.
pub const PRIOR_ATTEMPTS: u32 = 10;
/// How often the imagined attempts fail, in millionths.
pub const PRIOR_FAILURE_PPM: u64 = 50_000;
/// Least unit of price under balanced. Below a thousandth of a cent a ratio of prices says nothing.
pub const PRICE_UNIT_FLOOR: MicroUsd = MicroUsd(10);
/// Least unit of time under balanced.
pub const TIME_UNIT_FLOOR_MS: u64 = 10;

const MILLION: u64 = 1_000_000;
/// Unit of price under cheapest: a point is a thousandth of a micro dollar.
const PRICE_UNIT: MicroUsd = MicroUsd(1_000);
/// Unit of time under fastest: a point is a microsecond.
const TIME_UNIT_MS: u64 = 1_000;
/// Failure rates are rounded down to multiples of this. A few attempts measure none finer, and without it their noise
/// would decide between provers of one price, where time is to decide.
const FAILURE_STEP_PPM: u64 = 10_000;

/// An eligible candidate, its place and how it came by it.
///
/// Candidates are ordered by `score`, `tie_break`, `jobs_ahead` and `prover`; of each, the smaller comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranked {
    /// The prover.
    pub prover: ProverId,
    /// The sum of the points of `terms`; see the crate's rules.
    pub score: u64,
    /// Decides between equal scores: the score of fastest under cheapest, and of cheapest under the others.
    pub tie_break: u64,
    /// Jobs that it has in hand, running or waiting. Decides next, so that equals share a burst also while all of them
    /// have free slots; and not in proportion to capacity, for then a claim of a huge one would win it.
    pub jobs_ahead: u64,
    /// What it asks.
    pub price: MicroUsd,
    /// How long the job would wait there, in milliseconds.
    pub wait_ms: u64,
    /// How long until the receipt by the median, waiting included.
    pub expected_ms: u64,
    /// How long until the receipt by the 90th percentile or its stand-in, waiting included.
    pub cautious_ms: u64,
    /// How much earlier than the deadline that is.
    pub slack_ms: u64,
    /// The failure rate that the risk was computed from, in millionths.
    pub failure_ppm: u64,
    /// What the score consists of. Terms that do not count under the objective are left out.
    pub terms: Vec<Term>,
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// What it is.
    pub name: TermName,
    /// Its amount, in the unit that [`TermName`] says.
    pub value: u64,
    /// The weight: how much of `value` makes a million points. `None` for retries, which are not proportional.
    pub unit: Option<u64>,
    /// What it adds to the score.
    pub points: u64,
}

/// What a [`Term`] stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermName {
    /// The price of one attempt, in micro USD.
    Price,
    /// The wait in the prover's queue, in milliseconds.
    Wait,
    /// The time of one attempt, in milliseconds.
    Proving,
    /// Expected attempts after the first, in millionths. Its points are what they add to all other terms, and what
    /// rounding those down left over.
    Retries,
}

/// Ranks candidates, the best first. The order does not depend on that of the candidates.
pub(crate) fn rank(eligible: &[Eligible<'_>], objective: Objective) -> Vec<Ranked> {
    let weights = Weights::new(eligible, objective);
    let mut ranked: Vec<_> = eligible.iter().map(|candidate| weights.rank(candidate)).collect();
    ranked.sort_by(Ranked::order);
    ranked
}

impl Ranked {
    fn order(&self, other: &Self) -> Ordering {
        let place = |ranked: &Self| (ranked.score, ranked.tie_break, ranked.jobs_ahead);
        place(self).cmp(&place(other)).then_with(|| self.prover.cmp(&other.prover))
    }
}

/// What makes a million points; `None` for what does not count.
#[derive(Debug, Clone, Copy)]
struct Weights {
    objective: Objective,
    price_unit: Option<MicroUsd>,
    time_unit_ms: Option<u64>,
}

impl Weights {
    fn new(eligible: &[Eligible<'_>], objective: Objective) -> Self {
        let (price_unit, time_unit_ms) = match objective {
            Objective::Cheapest => (Some(PRICE_UNIT), None),
            Objective::Fastest => (None, Some(TIME_UNIT_MS)),
            Objective::Balanced => {
                let lowest = eligible.iter().map(|candidate| candidate.price).min().unwrap_or_default();
                let shortest =
                    eligible.iter().map(|candidate| candidate.forecast.expected_ms).min().unwrap_or_default();
                (Some(lowest.max(PRICE_UNIT_FLOOR)), Some(shortest.max(TIME_UNIT_FLOOR_MS)))
            }
        };
        Self { objective, price_unit, time_unit_ms }
    }

    fn rank(self, eligible: &Eligible<'_>) -> Ranked {
        let &Eligible { candidate, price, forecast, slack_ms } = eligible;
        let failure_ppm = failure_ppm(candidate.health);
        let risked = |amount, unit| points(amount, unit, failure_ppm);

        let of_price = self.price_unit.map_or(0, |unit| risked(price.0, unit.0));
        let of_time = self.time_unit_ms.map_or(0, |unit| risked(forecast.expected_ms, unit));
        let score = clamp(of_price + of_time);
        let tie_break = clamp(match self.objective {
            Objective::Cheapest => risked(forecast.expected_ms, TIME_UNIT_MS),
            Objective::Fastest | Objective::Balanced => risked(price.0, PRICE_UNIT.0),
        });

        Ranked {
            prover: candidate.prover.clone(),
            score,
            tie_break,
            jobs_ahead: candidate.load.jobs(),
            price,
            wait_ms: forecast.wait_ms,
            expected_ms: forecast.expected_ms,
            cautious_ms: forecast.cautious_ms,
            slack_ms,
            failure_ppm,
            terms: self.terms(eligible, failure_ppm, score),
        }
    }

    /// Splits a score into parts whose points sum up to it.
    fn terms(self, eligible: &Eligible<'_>, failure_ppm: u64, score: u64) -> Vec<Term> {
        let price_unit = self.price_unit.map(|unit| unit.0);
        let Forecast { wait_ms, expected_ms, .. } = eligible.forecast;
        let amounts = [
            (TermName::Price, eligible.price.0, price_unit),
            (TermName::Wait, wait_ms, self.time_unit_ms),
            // The median, unless their sum saturated: the parts must not exceed the whole.
            (TermName::Proving, expected_ms.saturating_sub(wait_ms), self.time_unit_ms),
        ];
        let once = |(name, value, unit): (TermName, u64, Option<u64>)| {
            let points = clamp(points(value, unit?, 0));
            Some(Term { name, value, unit, points })
        };
        let mut terms: Vec<_> = amounts.into_iter().filter_map(once).collect();
        let sum = terms.iter().fold(0_u64, |sum, term| sum.saturating_add(term.points));
        let extra_attempts_ppm = clamp(points(1, 1, failure_ppm)).saturating_sub(MILLION);
        terms.push(Term {
            name: TermName::Retries,
            value: extra_attempts_ppm,
            unit: None,
            // Not below zero: every part was rounded down, and one attempt is not more than the expected number.
            points: score.saturating_sub(sum),
        });
        terms
    }
}

/// `amount · 10^6 / unit`, times the expected number of attempts 1 / (1 − failure rate), rounded down.
///
/// At most 2^64 · 10^12 before the division, which fits; the divisor is not zero, for units are not and failure rates
/// are below one.
fn points(amount: u64, unit: u64, failure_ppm: u64) -> u128 {
    let success_ppm = u128::from(MILLION.saturating_sub(failure_ppm).max(1));
    u128::from(amount) * u128::from(MILLION) * u128::from(MILLION) / (success_ppm * u128::from(unit.max(1)))
}

/// The rate of recent attempts and the imagined ones; always below a million.
fn failure_ppm(health: Health) -> u64 {
    let attempts = u64::from(health.recent_attempts) + u64::from(PRIOR_ATTEMPTS);
    let failures = u64::from(health.recent_failures.min(health.recent_attempts));
    // Below 2^32 · 10^6 < 2^52.
    let failures_ppm = failures * MILLION + u64::from(PRIOR_ATTEMPTS) * PRIOR_FAILURE_PPM;
    let ppm = failures_ppm / attempts;
    ppm - ppm % FAILURE_STEP_PPM
}

fn clamp(points: u128) -> u64 {
    u64::try_from(points).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures(recent_failures: u32, recent_attempts: u32) -> u64 {
        failure_ppm(Health { quarantined_until_ms: None, recent_attempts, recent_failures })
    }

    #[test]
    fn prover_without_attempts_has_the_prior_failure_rate() {
        assert_eq!(failures(0, 0), PRIOR_FAILURE_PPM);
    }

    #[test]
    fn attempts_outweigh_the_prior_as_they_come() {
        // (1 + 0.5) / 11, (3 + 0.5) / 13, 0.5 / 110 and (100 + 0.5) / 1010, in whole percents.
        assert_eq!(failures(1, 1), 130_000);
        assert_eq!(failures(3, 3), 260_000);
        assert_eq!(failures(0, 100), 0);
        assert_eq!(failures(100, 1_000), 90_000);
    }

    #[test]
    fn failure_rate_stays_below_one() {
        assert_eq!(failures(u32::MAX, u32::MAX), 990_000);
        assert_eq!(failures(u32::MAX, 0), PRIOR_FAILURE_PPM);
    }

    #[test]
    fn expected_attempts_multiply() {
        assert_eq!(points(3, 1_000, 0), 3_000);
        assert_eq!(points(3, 1_000, 500_000), 6_000);
        assert_eq!(points(3, 1_000, 990_000), 300_000);
        assert_eq!(points(u64::MAX, 1, 990_000) / 100, u128::from(u64::MAX) * 1_000_000);
    }
}

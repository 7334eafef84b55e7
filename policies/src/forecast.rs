//! When a candidate would be done, from its queue and its latencies. The deadline and the score both build on it.

use crate::{Candidate, Latency, Load};

/// How much is added to the median for the deadline where nothing was measured: an estimate has no 90th percentile.
/// Small enough that a new prover still gets jobs, for otherwise nothing would ever be measured.
pub const ESTIMATE_MARGIN_PERCENT: u64 = 50;

/// When a candidate would be done, in milliseconds from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forecast {
    /// Until it would begin.
    pub(crate) wait_ms: u64,
    /// Wait and median: what to expect.
    pub(crate) expected_ms: u64,
    /// Wait and 90th percentile: what to hold against a deadline.
    pub(crate) cautious_ms: u64,
}

impl Forecast {
    pub(crate) fn of(candidate: &Candidate) -> Self {
        let latency = &candidate.latency;
        let wait_ms = wait_ms(candidate.load, latency.held_ms);
        Self {
            wait_ms,
            expected_ms: wait_ms.saturating_add(latency.p50_ms),
            cautious_ms: wait_ms.saturating_add(cautious_proving_ms(latency)),
        }
    }
}

/// Whole rounds until a slot is free. Whole, because the jobs of a burst begin together and so end together; a queue
/// whose jobs are out of step moves a little sooner, which errs on the safe side of the deadline.
///
/// Without capacity there is no wait to tell, and the candidate is rejected for that.
fn wait_ms(load: Load, held_ms: u64) -> u64 {
    let capacity = u64::from(load.capacity);
    let ahead = load.jobs();
    if capacity == 0 || ahead < capacity {
        return 0;
    }
    let rounds = (ahead - capacity + 1).div_ceil(capacity);
    rounds.saturating_mul(held_ms)
}

fn cautious_proving_ms(latency: &Latency) -> u64 {
    if latency.samples == 0 {
        let cautious = u128::from(latency.p50_ms) * u128::from(100 + ESTIMATE_MARGIN_PERCENT);
        u64::try_from(cautious.div_ceil(100)).unwrap_or(u64::MAX)
    } else {
        latency.p90_ms.max(latency.p50_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(running: u32, capacity: u32, waiting: u32) -> u64 {
        wait_ms(Load { running, capacity, waiting }, 1_000)
    }

    #[test]
    fn free_slot_means_no_wait() {
        assert_eq!(wait(0, 1, 0), 0);
        assert_eq!(wait(3, 4, 0), 0);
        // Not yet begun, but routed: they take the free slots first.
        assert_eq!(wait(0, 4, 3), 0);
    }

    #[test]
    fn full_prover_makes_the_job_wait_whole_rounds() {
        assert_eq!(wait(1, 1, 0), 1_000);
        assert_eq!(wait(1, 1, 4), 5_000);
        assert_eq!(wait(4, 4, 0), 1_000);
        assert_eq!(wait(4, 4, 3), 1_000);
        assert_eq!(wait(4, 4, 4), 2_000);
        assert_eq!(wait(0, 4, 4), 1_000);
    }

    #[test]
    fn no_capacity_tells_no_wait() {
        assert_eq!(wait(5, 0, 5), 0);
    }

    #[test]
    fn extremes_saturate() {
        let load = Load { running: u32::MAX, capacity: 1, waiting: u32::MAX };
        assert_eq!(wait_ms(load, u64::MAX), u64::MAX);
        let estimate = Latency { p50_ms: u64::MAX, p90_ms: 0, p99_ms: 0, samples: 0, held_ms: u64::MAX };
        assert_eq!(cautious_proving_ms(&estimate), u64::MAX);
    }

    #[test]
    fn estimate_has_a_margin_and_ignores_percentiles() {
        let estimate = Latency { p50_ms: 1_001, p90_ms: 9_999, p99_ms: 9_999, samples: 0, held_ms: 1_001 };
        assert_eq!(cautious_proving_ms(&estimate), 1_502);
    }

    #[test]
    fn measured_time_is_the_90th_percentile_and_not_below_the_median() {
        let latency = Latency { p50_ms: 1_000, p90_ms: 1_300, p99_ms: 9_999, samples: 1, held_ms: 1_000 };
        assert_eq!(cautious_proving_ms(&latency), 1_300);
        assert_eq!(cautious_proving_ms(&Latency { p90_ms: 1, ..latency }), 1_000);
    }
}

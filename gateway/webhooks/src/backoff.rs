//! When to try again.

use std::time::Duration;

/// The schedule of Standard Webhooks: the wait before each attempt, in seconds. Ten attempts over 75 hours.
const SCHEDULE_S: [u64; 10] =
    [0, 5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600];

/// How long to wait after `attempts` failed attempts of one message, or nothing if that was the last.
///
/// Zero attempts wait for nothing; after the first it is 5 s, then 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h,
/// each ±10 %. The jitter follows from `seed` and the attempt alone, so a restart computes the same time again; take a
/// seed that differs between messages, so that those which failed together are not all tried together. A receiver's
/// `retry_after` may ask for longer: wait for the larger of the two.
#[must_use]
pub fn backoff(attempts: u32, seed: u64) -> Option<Duration> {
    let base_ms = SCHEDULE_S.get(usize::try_from(attempts).ok()?)? * 1000;
    let spread_ms = base_ms / 10;
    let jitter_ms = mix(seed ^ mix(u64::from(attempts))) % (2 * spread_ms + 1);
    Some(Duration::from_millis(base_ms - spread_ms + jitter_ms))
}

/// The finaliser of SplitMix64: seeds that differ in one bit, such as counters, give unrelated results.
const fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn schedule_is_that_of_the_specification_within_a_tenth() {
        let expected_s = [0, 5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400];
        for (attempts, base_s) in expected_s.into_iter().enumerate() {
            for seed in 0..1000 {
                let wait_ms = backoff(attempts as u32, seed).unwrap().as_millis() as u64;
                assert!((base_s * 900..=base_s * 1100).contains(&wait_ms), "{attempts} {seed} {wait_ms}");
            }
        }
    }

    #[test]
    fn schedule_ends() {
        for attempts in [10, 11, u32::MAX] {
            assert_eq!(backoff(attempts, 7), None);
        }
    }

    #[test]
    fn same_seed_waits_the_same_and_others_spread() {
        assert_eq!(backoff(3, 42), backoff(3, 42));
        let waits: BTreeSet<_> = (0..1000).map(|seed| backoff(9, seed)).collect();
        assert!(waits.len() > 990, "{}", waits.len());
        // Both sides of the schedule's value, so that jitter does not only delay.
        let below = waits.iter().filter(|wait| **wait < Some(Duration::from_secs(86_400))).count();
        assert!((400..600).contains(&below), "{below}");
    }
}

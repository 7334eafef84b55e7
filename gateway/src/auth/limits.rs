//! Requests per key: a bucket for each, refilled at a steady rate.

use std::fmt;
use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::ids::KeyId;

type Limiter = RateLimiter<KeyId, DashMapStateStore<KeyId>, DefaultClock, StateInformationMiddleware>;

/// Where a key stands after a request. Goes into the headers of the IETF draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Allowance {
    /// Requests a second that are sustained; 0 if there is no limit.
    pub(crate) per_second: u32,
    /// Requests that may come at once.
    pub(crate) burst: u32,
    /// Requests left of those.
    pub(crate) remaining: u32,
    /// Seconds to wait, if this request is one too many.
    pub(crate) wait_s: Option<u64>,
}

impl Allowance {
    /// `RateLimit-Policy` and `RateLimit`, if there is a limit (draft-ietf-httpapi-ratelimit-headers).
    pub(crate) fn headers(&self) -> Option<(String, String)> {
        let window = self.burst.checked_div(self.per_second)?.max(1);
        let reset = self.wait_s.unwrap_or_else(|| {
            u64::from((self.burst - self.remaining.min(self.burst)).div_ceil(self.per_second))
        });
        Some((
            format!("\"key\";q={};w={window}", self.burst),
            format!("\"key\";r={};t={reset}", self.remaining),
        ))
    }
}

/// The buckets of all keys.
pub(crate) struct Limits {
    limiter: Option<Limiter>,
    per_second: u32,
    burst: u32,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("per_second", &self.per_second).finish_non_exhaustive()
    }
}

impl Limits {
    /// `per_second` requests of each key, `burst` of them at once; no limit if either is 0.
    pub(crate) fn new(per_second: u32, burst: u32) -> Self {
        let limiter = NonZeroU32::new(per_second).zip(NonZeroU32::new(burst)).map(|(rate, burst)| {
            RateLimiter::keyed(Quota::per_second(rate).allow_burst(burst))
                .with_middleware::<StateInformationMiddleware>()
        });
        Self { limiter, per_second, burst }
    }

    /// Counts a request.
    pub(crate) fn take(&self, key: KeyId) -> Allowance {
        let allowance = |remaining, wait_s| Allowance {
            per_second: self.per_second,
            burst: self.burst,
            remaining,
            wait_s,
        };
        match &self.limiter {
            None => Allowance { per_second: 0, burst: 0, remaining: 0, wait_s: None },
            Some(limiter) => match limiter.check_key(&key) {
                Ok(state) => allowance(state.remaining_burst_capacity(), None),
                Err(denied) => {
                    let wait = denied.wait_time_from(DefaultClock::default().now());
                    allowance(0, Some(wait.as_secs() + 1))
                }
            },
        }
    }

    /// Drops the buckets of keys that have been quiet.
    pub(crate) fn tidy(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.retain_recent();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_asks_too_often_is_told_when_to_come_again_and_others_are_not_held_up() {
        let limits = Limits::new(1, 2);
        let (busy, quiet) = (KeyId::new(), KeyId::new());
        assert_eq!(limits.take(busy).wait_s, None);
        assert_eq!(limits.take(busy).wait_s, None);
        let denied = limits.take(busy);
        assert!(denied.wait_s.is_some_and(|wait| wait >= 1));
        assert_eq!(denied.headers().unwrap().0, "\"key\";q=2;w=2");
        assert_eq!(limits.take(quiet).wait_s, None);
        assert_eq!(Limits::new(0, 0).take(busy).headers(), None);
    }
}

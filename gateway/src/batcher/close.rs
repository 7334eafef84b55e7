//! When a batch closes. Pure: no clock, no store.

use std::fmt;

use crate::config::BatchConfig;

/// The proofs that wait for one batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Waiting {
    /// How many.
    pub(super) count: usize,
    /// When the oldest was verified.
    pub(super) oldest_ms: u64,
    /// When the first receipt is due.
    pub(super) due_ms: u64,
}

/// Why a batch closes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// It is full.
    Size { count: usize },
    /// Its oldest proof has waited long enough.
    Age { waited_ms: u64 },
    /// A receipt is due soon.
    Due { left_ms: u64, needed_ms: u64 },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size { count } => write!(f, "full: {count} statements"),
            Self::Age { waited_ms } => write!(f, "its oldest proof had waited {waited_ms} ms"),
            Self::Due { left_ms, needed_ms } => {
                write!(f, "a receipt was due in {left_ms} ms, and aggregating takes {needed_ms} ms")
            }
        }
    }
}

/// Whether to close now, given how long aggregating is expected to take.
pub(super) fn reason(
    waiting: &Waiting,
    config: &BatchConfig,
    aggregating_ms: u64,
    now_ms: u64,
) -> Option<Reason> {
    if waiting.count == 0 {
        return None;
    }
    if waiting.count >= config.max_size {
        return Some(Reason::Size { count: config.max_size });
    }
    let waited_ms = now_ms.saturating_sub(waiting.oldest_ms);
    if waited_ms >= config.max_age_ms {
        return Some(Reason::Age { waited_ms });
    }
    let left_ms = waiting.due_ms.saturating_sub(now_ms);
    if left_ms <= aggregating_ms.saturating_add(config.slack_ms) {
        return Some(Reason::Due { left_ms, needed_ms: aggregating_ms });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> BatchConfig {
        BatchConfig { max_size: 4, max_age_ms: 1000, slack_ms: 100 }
    }

    #[test]
    fn a_batch_closes_on_size_age_or_the_tightest_due_time() {
        let waiting = Waiting { count: 1, oldest_ms: 10_000, due_ms: 100_000 };
        let at = |waiting: &Waiting, now| reason(waiting, &config(), 2000, now);
        assert_eq!(at(&Waiting { count: 0, ..waiting }, 99_999), None);
        assert_eq!(at(&waiting, 10_999), None);
        assert_eq!(at(&waiting, 11_000), Some(Reason::Age { waited_ms: 1000 }));
        assert_eq!(at(&Waiting { count: 9, ..waiting }, 10_000), Some(Reason::Size { count: 4 }));
        let tight = Waiting { due_ms: 12_100, ..waiting };
        assert_eq!(at(&tight, 10_000), Some(Reason::Due { left_ms: 2100, needed_ms: 2000 }));
        assert_eq!(at(&Waiting { due_ms: 12_101, ..waiting }, 10_000), None);
        // A clock that went back closes nothing early and panics nowhere.
        assert_eq!(at(&waiting, 0), None);
    }
}

//! A gateway for scenarios: as a process of its own, and what any client can see of it.
//!
//! | module | owns |
//! |---|---|
//! | `process` | `sheaf serve`, its children, and their ends |
//! | `http` | requests and answers, and the form that every refusal has |
//! | `samples` | models and inputs |
//! | `events` | a job's event stream |

#![allow(dead_code, reason = "each scenario uses its part")]

pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod process;
pub(crate) mod samples;

use std::time::Duration;

/// Longest that anything is waited for. Nothing here takes that long; what hangs fails by it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for what must come, and says what did not.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("{what}: not within {} s", PATIENCE.as_secs()),
    }
}

/// Asks again and again until there is an answer: for what tells nobody when it happens.
pub(crate) async fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> F,
) -> T {
    within(what, async {
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

//! What the stack adds to a prover: shedding, places, retries within a budget, time limits.
//!
//! The clock stands still but for sleeping (`start_paused`), so that hours pass at once and durations are exact.

use std::sync::Arc;
use std::time::Duration;

use sheaf_adapter::{AdapterError, ErrorKind, Proven, ProverService, StackLimits, assemble};
use tokio::time::Instant;
use tower::{Service, ServiceExt};

use crate::toys::{HANG, Scripted, at_once, request};

const HOUR: Duration = Duration::from_secs(3600);
const SECOND: Duration = Duration::from_secs(1);

/// No limit but the one under test.
fn limits() -> StackLimits {
    StackLimits { concurrency: 64, tries: 1, timeout: HOUR, backoff: Duration::from_millis(100) }
}

fn stack(prover: &Arc<Scripted>, limits: StackLimits) -> ProverService {
    assemble(Arc::clone(prover) as Arc<_>, limits)
}

async fn ask(service: &ProverService) -> Result<Proven, AdapterError> {
    service.clone().oneshot(request("attempt", HOUR)).await
}

/// Lets spawned tasks run until each waits for something, without moving the clock.
async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn request_beyond_the_last_place_is_shed_at_once_without_asking_the_prover() {
    let prover = Scripted::new(|_| (SECOND, Ok(())));
    let service = stack(&prover, StackLimits { concurrency: 2, tries: 3, ..limits() });
    let served: Vec<_> = (0..2).map(|_| tokio::spawn(service.clone().oneshot(request("a", HOUR)))).collect();
    settle().await;
    let start = Instant::now();
    let shed = ask(&service).await.unwrap_err();
    assert_eq!((shed.kind, shed.code.as_str()), (ErrorKind::Overloaded, "SH-ADP-001"));
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(prover.calls().len(), 2);
    for task in served {
        task.await.unwrap().unwrap();
    }
    ask(&service).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_attempt_keeps_its_place_while_it_waits_for_its_next_try() {
    let prover = Scripted::new(|call| at_once(if call == 0 { Err(ErrorKind::Transient) } else { Ok(()) }));
    let service = stack(&prover, StackLimits { concurrency: 1, tries: 2, backoff: SECOND, ..limits() });
    let first = tokio::spawn(service.clone().oneshot(request("first", HOUR)));
    settle().await;
    assert_eq!((prover.calls().len(), prover.running()), (1, 0));
    assert_eq!(ask(&service).await.unwrap_err().kind, ErrorKind::Overloaded);
    first.await.unwrap().unwrap();
}

/// A client that polls a service for readiness and then thinks again must not take a place from others.
#[tokio::test(start_paused = true)]
async fn a_handle_that_is_ready_but_not_called_holds_no_place() {
    let prover = Scripted::new(|_| at_once(Ok(())));
    let service = stack(&prover, StackLimits { concurrency: 1, ..limits() });
    let mut idle = service.clone();
    idle.ready().await.unwrap();
    ask(&service).await.unwrap();
}

/// A limiter queues whoever finds no place. A handle that is shed and then kept must not stay in that queue, or the
/// place would be handed to it, unused, for as long as it lives.
#[tokio::test(start_paused = true)]
async fn a_handle_that_was_shed_and_is_kept_holds_no_place() {
    let prover = Scripted::new(|_| (SECOND, Ok(())));
    let service = stack(&prover, StackLimits { concurrency: 1, ..limits() });
    let served = tokio::spawn(service.clone().oneshot(request("served", HOUR)));
    settle().await;
    let mut kept = service.clone();
    let shed = kept.ready().await.unwrap().call(request("shed", HOUR)).await.unwrap_err();
    assert_eq!(shed.kind, ErrorKind::Overloaded);
    served.await.unwrap().unwrap();
    ask(&service).await.unwrap();
    drop(kept);
}

#[tokio::test(start_paused = true)]
async fn transient_failures_are_tried_again_under_the_same_attempt_id() {
    let prover = Scripted::new(|call| at_once(if call < 2 { Err(ErrorKind::Transient) } else { Ok(()) }));
    let service = stack(&prover, StackLimits { tries: 3, ..limits() });
    service.oneshot(request("attempt-7", HOUR)).await.unwrap();
    let attempts: Vec<_> = prover.calls().into_iter().map(|call| call.attempt.0).collect();
    assert_eq!(attempts, ["attempt-7"; 3]);
}

#[tokio::test(start_paused = true)]
async fn no_attempt_has_more_tries_than_its_limit() {
    for tries in [0, 1, 2, 4] {
        let prover = Scripted::new(|_| at_once(Err(ErrorKind::Transient)));
        let error = ask(&stack(&prover, StackLimits { tries, ..limits() })).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Transient, "SH-TOY-002"));
        assert_eq!(prover.calls().len(), tries.max(1) as usize);
    }
}

#[tokio::test(start_paused = true)]
async fn failures_of_other_kinds_are_not_tried_again() {
    for kind in [
        ErrorKind::InvalidJob,
        ErrorKind::Unsupported,
        ErrorKind::Overloaded,
        ErrorKind::Timeout,
        ErrorKind::Misbehaved,
    ] {
        let prover = Scripted::new(move |_| at_once(Err(kind)));
        let error = ask(&stack(&prover, StackLimits { tries: 5, ..limits() })).await.unwrap_err();
        assert_eq!(error, AdapterError::new(kind, "SH-TOY-002", "as the script says"));
        assert_eq!(prover.calls().len(), 1, "{kind}");
    }
}

#[tokio::test(start_paused = true)]
async fn pauses_between_tries_double_and_are_jittered_by_at_most_a_half() {
    let prover = Scripted::new(|_| at_once(Err(ErrorKind::Transient)));
    let service = stack(&prover, StackLimits { tries: 6, backoff: SECOND, ..limits() });
    for attempt in ["a", "b", "a longer name"] {
        let before = prover.calls().len();
        service.clone().oneshot(request(attempt, HOUR)).await.unwrap_err();
        let calls = prover.calls().split_off(before);
        // The longest pause is five seconds.
        for (pair, longest) in calls.windows(2).zip([1.0, 2.0, 4.0, 5.0, 5.0]) {
            let pause = (pair[1].at - pair[0].at).as_secs_f64();
            // Timers have a granularity of a millisecond.
            assert!((longest / 2.0..=longest + 0.002).contains(&pause), "{attempt}: {pause} of {longest}");
        }
        // Budgets recover, and no later attempt may depend on this one.
        tokio::time::sleep(HOUR).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_prover_that_hangs_times_out_and_its_place_is_free_again() {
    let prover = Scripted::new(|call| if call == 0 { HANG } else { at_once(Ok(())) });
    let service = stack(&prover, StackLimits { concurrency: 1, tries: 3, timeout: 5 * SECOND, ..limits() });
    let start = Instant::now();
    let error = ask(&service).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Timeout, "SH-ADP-002"));
    assert!(start.elapsed() < 5 * SECOND + Duration::from_millis(2), "{:?}", start.elapsed());
    // Not tried again: what the prover does about the first try is unknown. And the try is cancelled.
    assert_eq!((prover.calls().len(), prover.running()), (1, 0));
    ask(&service).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_time_that_is_left_bounds_a_single_try() {
    let prover = Scripted::new(|_| HANG);
    let start = Instant::now();
    let error = stack(&prover, limits()).oneshot(request("a", 3 * SECOND)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(start.elapsed() < 3 * SECOND + Duration::from_millis(2), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_time_that_is_left_bounds_all_tries_together() {
    let prover = Scripted::new(|_| (4 * SECOND, Err(ErrorKind::Transient)));
    let service = stack(&prover, StackLimits { tries: 100, ..limits() });
    let start = Instant::now();
    let error = service.oneshot(request("a", 10 * SECOND)).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Timeout);
    assert!(start.elapsed() < 10 * SECOND + Duration::from_millis(5), "{:?}", start.elapsed());
    // The third try is cut short, and each was told what was left.
    let calls = prover.calls();
    assert_eq!((calls.len(), prover.running()), (3, 0));
    for call in calls {
        let left = 10 * SECOND - (call.at - start);
        assert!(call.time_left.abs_diff(left) < Duration::from_millis(5), "{call:?}, not {left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn there_is_no_pause_that_would_outlast_the_time_that_is_left() {
    let prover = Scripted::new(|_| at_once(Err(ErrorKind::Transient)));
    let service = stack(&prover, StackLimits { tries: 100, backoff: 3 * SECOND, ..limits() });
    let start = Instant::now();
    let error = service.oneshot(request("a", SECOND)).await.unwrap_err();
    assert_eq!((error.kind, start.elapsed()), (ErrorKind::Transient, Duration::ZERO));
    assert_eq!(prover.calls().len(), 1);
}

/// A handle may serve many requests, one after the other: the time of the first is not the time of the second.
#[tokio::test(start_paused = true)]
async fn a_handle_that_is_used_again_gives_each_request_its_own_time() {
    let prover = Scripted::new(|call| at_once(if call == 1 { Err(ErrorKind::Transient) } else { Ok(()) }));
    let mut service = stack(&prover, StackLimits { tries: 2, ..limits() });
    service.ready().await.unwrap().call(request("first", SECOND)).await.unwrap();
    tokio::time::sleep(2 * SECOND).await;
    service.ready().await.unwrap().call(request("second", SECOND)).await.unwrap();
    assert_eq!(prover.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn requests_without_a_deadline_are_served() {
    let prover = Scripted::new(|call| at_once(if call == 0 { Err(ErrorKind::Transient) } else { Ok(()) }));
    let service = stack(&prover, StackLimits { tries: 2, timeout: Duration::MAX, ..limits() });
    service.oneshot(request("a", Duration::MAX)).await.unwrap();
    assert_eq!(prover.calls().len(), 2);
}

/// When a prover is down, every request wants its retries, and with them the prover would see a multiple of the load that
/// broke it.
#[tokio::test(start_paused = true)]
async fn a_storm_of_failures_runs_the_retry_budget_dry() {
    const REQUESTS: usize = 1000;
    const RESERVE: usize = 10;
    let prover = Scripted::new(|_| at_once(Err(ErrorKind::Transient)));
    let service = stack(&prover, StackLimits { tries: 3, backoff: Duration::ZERO, ..limits() });
    for _ in 0..REQUESTS {
        ask(&service).await.unwrap_err();
    }
    assert_eq!(prover.calls().len(), REQUESTS + RESERVE, "nothing but the reserve");
}

#[tokio::test(start_paused = true)]
async fn five_answers_earn_a_retry() {
    const RESERVE: usize = 10;
    let prover = Scripted::new(|call| at_once(if call < 500 { Ok(()) } else { Err(ErrorKind::Transient) }));
    let service = stack(&prover, StackLimits { tries: 3, backoff: Duration::ZERO, ..limits() });
    for _ in 0..500 {
        ask(&service).await.unwrap();
    }
    for _ in 0..500 {
        ask(&service).await.unwrap_err();
    }
    let calls = prover.calls().len();
    assert_eq!(calls, 1000 + 500 / 5 + RESERVE);
}

#[tokio::test(start_paused = true)]
async fn the_retry_budget_is_there_again_after_the_storm() {
    let prover = Scripted::new(|_| at_once(Err(ErrorKind::Transient)));
    let service = stack(&prover, StackLimits { tries: 3, backoff: Duration::ZERO, ..limits() });
    for _ in 0..100 {
        ask(&service).await.unwrap_err();
    }
    tokio::time::sleep(HOUR).await;
    let before = prover.calls().len();
    ask(&service).await.unwrap_err();
    assert_eq!(prover.calls().len() - before, 3);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_future_cancels_the_try_and_frees_its_place() {
    let prover = Scripted::new(|call| if call == 0 { HANG } else { at_once(Ok(())) });
    let service = stack(&prover, StackLimits { concurrency: 1, tries: 3, ..limits() });
    let task = tokio::spawn(service.clone().oneshot(request("a", HOUR)));
    settle().await;
    assert_eq!(prover.running(), 1);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(prover.running(), 0);
    ask(&service).await.unwrap();
    assert_eq!(prover.calls().len(), 2);
}

//! Leading jobs on: from accepted to a verified proof.
//!
//! ```text
//! claim (leased, fenced) ─▶ drive: one task a job
//!     twin?  ─▶ verified, with the proof of an identical job
//!     route  ─▶ candidates ─▶ policies::decide ─▶ routed
//!     prove  ─▶ program ─▶ a free place ─▶ proving ─▶ tower stack ─▶ sandboxed verifier ─▶ expect ─▶ verified
//! ```
//!
//! Everything that is decided is stored before it is acted on, so that whoever picks a job up after a crash goes on
//! where it was: an attempt that was running is made again under its own id. There is one retry loop, the one in the
//! prover's stack; here a failure means that the job is routed anew, without the prover that failed it.
//!
//! | module | owns |
//! |---|---|
//! | here | claiming jobs, and how many are led at once |
//! | `drive` | one job |
//! | `candidates` | what the policies are asked |
//! | `programs` | models compiled by provers |
//! | `expect` | the statement that a proof must be of |
//! | `guard` | provers' own code, whose panics are theirs |
//! | [`standing`] | what is remembered of provers |

mod candidates;
mod drive;
mod expect;
mod guard;
mod programs;
pub(crate) mod standing;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::api::jobs::Failure;
use crate::app::App;
use crate::clock::now_ms;

pub(crate) use candidates::offer;
pub(crate) use programs::ensure as ensure_program;

/// How often the store is looked at when nobody says that there is something.
const TICK: Duration = Duration::from_millis(200);
/// How long a claim holds. A process that is gone gives up its claims at the next start, whatever the time.
const LEASE_MS: u64 = 24 * 3_600_000;
/// Jobs that are led at once beyond those that have a place: they wait for one, or are being verified. Enough that jobs
/// which can go to a busy prover alone do not keep those for an idle one from being looked at.
const AHEAD: usize = 256;
/// Pause before a job is claimed again that could not be led on because the store failed.
const FAULT_PAUSE_MS: u64 = 5_000;
/// Ticks between two counts of open jobs.
const COUNT_EVERY: u32 = 25;

/// Leads jobs until the gateway shuts down.
pub(crate) async fn run(app: Arc<App>) {
    let capacity: usize = app.registry.iter().map(|prover| prover.limits().concurrency).sum();
    let places = Arc::new(Semaphore::new(capacity * 2 + AHEAD));
    let mut led = JoinSet::new();
    let mut sweep = tokio::time::interval(TICK);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut ticks = 0_u32;
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => break,
            () = app.dispatch.notified() => {}
            _ = sweep.tick() => {
                expire(&app).await;
                if ticks.is_multiple_of(COUNT_EVERY) {
                    count(&app).await;
                }
                ticks = ticks.wrapping_add(1);
            }
            Some(_) = led.join_next() => {}
        }
        while led.try_join_next().is_some() {}
        claim(&app, &places, &mut led).await;
    }
    // What is led stays claimed; the next start voids the claims and goes on.
    led.abort_all();
}

async fn claim(app: &Arc<App>, places: &Arc<Semaphore>, led: &mut JoinSet<()>) {
    let free = u32::try_from(places.available_permits()).unwrap_or(u32::MAX);
    if free == 0 {
        return;
    }
    match app.store.claim(free, LEASE_MS).await {
        Ok(jobs) => {
            for job in jobs {
                let Ok(place) = Arc::clone(places).try_acquire_owned() else { return };
                let app = Arc::clone(app);
                led.spawn(async move {
                    let (id, fence) = (job.row.id, job.row.fence);
                    if let Err(error) = drive::drive(&app, job).await {
                        tracing::error!(job = %id, %error, "cannot lead a job on");
                        // If this fails too, the claim stays until the next start; the job's due time still counts.
                        let _ = app.store.release(id, fence, now_ms() + FAULT_PAUSE_MS).await;
                    }
                    drop(place);
                });
            }
        }
        Err(error) => tracing::error!(%error, "cannot claim jobs"),
    }
}

/// Counts what waits: the door is closed when there is too much of it.
async fn count(app: &App) {
    match app.store.open_jobs().await {
        Ok(open) => {
            app.open_jobs.store(open, Ordering::Relaxed);
            metrics::gauge!("sheaf_open_jobs").set(open as f64);
        }
        Err(error) => tracing::error!(%error, "cannot count jobs"),
    }
}

async fn expire(app: &App) {
    let failure = Failure {
        stage: "proving".to_owned(),
        code: "SH-JOB-002".to_owned(),
        message: "no proof before the job was due".to_owned(),
        retryable: true,
    };
    if let Err(error) = app.store.expire(failure).await {
        tracing::error!(%error, "cannot look for overdue jobs");
    }
}

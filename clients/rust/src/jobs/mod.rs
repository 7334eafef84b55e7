//! Jobs: submitting, waiting, listing, cancelling; and proofs that are brought or fetched.
//!
//! Types are in `types` and `route`, the event stream in `events`.

mod events;
mod route;
mod types;

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderName, HeaderValue};
use tokio::time::{Instant, sleep};

pub use self::events::{Events, JobEvent};
pub use self::route::{Attempt, Decision, Ranked, Reason, Rejected, Route, Term};
pub use self::types::{
    Failure, InferenceResult, Job, JobKind, JobLinks, JobRequest, JobStatus, JobsQuery, Objective, Outcome,
    Privacy, ProofEncoding, SubmitOptions, TrustTier,
};
use crate::call::{Call, JSON, MAX_HOLD, OCTETS};
use crate::error::millis;
use crate::{Client, Error, JobId, Page};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_IDEMPOTENCY_KEY_BYTES: usize = 255;
/// How long one poll of [`Client::wait`] is held. Well below what proxies cut.
const HOLD: Duration = Duration::from_secs(20);
/// Least time between two polls: a gateway that does not hold, for instance while it shuts down, is not to be asked in
/// a tight loop.
const PACE: Duration = Duration::from_millis(250);
/// Longest that anything is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(366 * 24 * 3600);

impl Client {
    /// Submits an inference. Returns as soon as the job is stored: it is proven whatever becomes of the caller.
    ///
    /// Sends a fresh `Idempotency-Key`, the same on every try, so that a lost answer makes no second job. A caller that
    /// must survive its own restart chooses the key itself: [`submit_with`](Self::submit_with).
    ///
    /// # Errors
    /// [`Error::Argument`] for an input that is not finite; else as the gateway answers.
    pub async fn submit(&self, request: &JobRequest) -> Result<Job, Error> {
        self.submit_with(request, &SubmitOptions::default()).await
    }

    /// As [`submit`](Self::submit), with an idempotency key of the caller's or an answer that waits for the job's end.
    ///
    /// # Errors
    /// As [`submit`](Self::submit), and [`Error::Argument`] for an idempotency key that cannot stand in a header.
    pub async fn submit_with(&self, request: &JobRequest, options: &SubmitOptions) -> Result<Job, Error> {
        if let Some(value) = request.input.iter().find(|value| !value.is_finite()) {
            let (what, expected) = ("input", "finite numbers");
            return Err(Error::Argument { what, expected, got: value.to_string() });
        }
        let key = idempotency_key(options.idempotency_key.as_deref())?;
        let call = Call::post(&["v1", "jobs"]).json(request)?;
        // The key makes it so.
        let call = call.repeatable().header(IDEMPOTENCY_KEY, key).hold(options.wait);
        self.send(call).await?.decode("a job")
    }

    /// A job as it is now.
    ///
    /// # Errors
    /// As the gateway answers; `SH-API-…` with status 404 if there is no such job of this key's tenant.
    pub async fn job(&self, job: &JobId) -> Result<Job, Error> {
        self.send(Call::get(&["v1", "jobs", job.as_str()])).await?.decode("a job")
    }

    /// Jobs, newest first.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn jobs(&self, query: &JobsQuery) -> Result<Page<Job>, Error> {
        self.send(Call::get(&["v1", "jobs"]).query(query.pairs())).await?.decode("a page of jobs")
    }

    /// Cancels a job and returns it. A job that has ended stays as it is.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn cancel(&self, job: &JobId) -> Result<Job, Error> {
        self.send(Call::delete(&["v1", "jobs", job.as_str()])).await?.decode("a job")
    }

    /// Waits until a job has ended, however it ends: look at [`Job::outcome`].
    ///
    /// Polls, with each answer held by the gateway until there is news, and goes on through restarts of the gateway and
    /// broken connections for as long as there is time.
    ///
    /// # Errors
    /// [`Error::NotDone`] if the job has not ended `within` the time, in which case it goes on; the last failure if the
    /// gateway could not be reached then; at once if the gateway refuses, for example for want of such a job.
    pub async fn wait(&self, job: &JobId, within: Duration) -> Result<Job, Error> {
        let deadline = Instant::now() + within.min(LONGEST_WAIT);
        loop {
            let asked = Instant::now();
            let path = ["v1", "jobs", job.as_str()];
            let call = Call::get(&path).hold(HOLD).until(deadline);
            let state: Job = self.send(call).await?.decode("a job")?;
            if state.done {
                return Ok(state);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let (job, within_ms) = (job.clone(), millis(within));
                return Err(Error::NotDone { job, status: state.status, within_ms });
            }
            sleep(PACE.saturating_sub(asked.elapsed()).min(left)).await;
        }
    }

    /// What happens to a job, from its beginning until it ends. Resumes by itself where the connection broke.
    ///
    /// The stream ends after the event that ends the job, or after an error.
    #[must_use]
    pub fn events(&self, job: &JobId) -> Events {
        Events::new(self.clone(), job.clone(), None)
    }

    /// As [`events`](Self::events), but only what came after the event `seq`.
    #[must_use]
    pub fn events_after(&self, job: &JobId, seq: u64) -> Events {
        Events::new(self.clone(), job.clone(), Some(seq))
    }

    /// Why a job's provers were chosen, and what they tried.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn route(&self, job: &JobId) -> Result<Route, Error> {
        self.send(Call::get(&["v1", "jobs", job.as_str(), "route"])).await?.decode("a route")
    }

    /// A job's proof document, byte for byte.
    ///
    /// # Errors
    /// As the gateway answers; a job has a proof once it is verified.
    pub async fn proof(&self, job: &JobId) -> Result<Bytes, Error> {
        Ok(self.send(Call::get(&["v1", "jobs", job.as_str(), "proof"])).await?.body)
    }

    /// Brings a finished proof to be verified and batched.
    ///
    /// Not tried again after a failure, for nothing tells the gateway that two such requests are one.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn bring_proof(&self, proof: impl Into<Bytes>, encoding: ProofEncoding) -> Result<Job, Error> {
        let kind = match encoding {
            ProofEncoding::Json => JSON,
            ProofEncoding::Binary => OCTETS,
        };
        self.send(Call::post(&["v1", "proofs"]).body(kind, proof.into())).await?.decode("a job")
    }
}

impl SubmitOptions {
    /// The longest wait that a gateway grants.
    pub const MAX_WAIT: Duration = MAX_HOLD;
}

fn idempotency_key(given: Option<&str>) -> Result<HeaderValue, Error> {
    let fresh;
    let key = match given {
        Some(key) => key,
        None => {
            fresh = format!("{:032x}", rand::random::<u128>());
            &fresh
        }
    };
    let argument = || Error::Argument {
        what: "idempotency key",
        expected: "1 to 255 visible ASCII characters",
        got: key.chars().take(64).collect(),
    };
    let fits = (1..=MAX_IDEMPOTENCY_KEY_BYTES).contains(&key.len());
    if !fits || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(argument());
    }
    HeaderValue::from_str(key).map_err(|_| argument())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fresh_idempotency_keys_differ() {
        let (a, b) = (idempotency_key(None).unwrap(), idempotency_key(None).unwrap());
        assert!(a != b && a.len() == 32);
    }

    #[test]
    fn idempotency_key_that_cannot_stand_in_a_header_is_rejected() {
        for key in ["", "a b", "a\nb", "é", &"k".repeat(256)] {
            assert!(matches!(idempotency_key(Some(key)), Err(Error::Argument { .. })), "{key:?}");
        }
    }
}

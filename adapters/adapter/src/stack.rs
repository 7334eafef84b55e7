//! The tower stack around a prover: the one place where stacks are assembled.
//!
//! ```text
//! request ─▶ shed ─▶ concurrency limit ─▶ retry (budget, jittered backoff) ─▶ timeout per try ─▶ Adapter::prove
//! ```
//!
//! * **shed**: a request that would have to wait for a place is answered `Overloaded` at once, so that the caller can
//!   route it elsewhere or keep it in its durable queue. Nothing queues in memory.
//! * **limit**: places of this prover, held over all tries of an attempt.
//! * **retry**: only errors of a kind that [is retried](ErrorKind::is_retried_here), at most [`StackLimits::tries`] in
//!   all, and no more than the prover's budget allows: of ten seconds, one retry per five proofs and ten besides. This is
//!   the only retry loop between a job and its prover; adapters have none of their own.
//! * **timeout**: per try. The request's own `time_left` bounds all tries together.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tower::load_shed::error::Overloaded;
use tower::retry::Policy;
use tower::retry::budget::{Budget, TpsBudget};
use tower::timeout::error::Elapsed;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

use crate::{Adapter, AdapterError, ErrorKind, ProveRequest, Proven};

/// A prover behind its stack. Clones share limits and budget; a handle that is kept holds no place.
pub type ProverService = BoxCloneSyncService<ProveRequest, Proven, AdapterError>;

/// Limits of one prover's stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StackLimits {
    /// Attempts at once.
    pub concurrency: usize,
    /// Tries of one attempt, the first included.
    pub tries: u32,
    /// Time for one try.
    pub timeout: Duration,
    /// Pause before the first retry; doubles with each.
    pub backoff: Duration,
}

impl Default for StackLimits {
    fn default() -> Self {
        Self {
            concurrency: 2,
            tries: 3,
            timeout: Duration::from_secs(120),
            backoff: Duration::from_millis(100),
        }
    }
}

/// Longest pause between two tries.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Puts the stack around a prover.
#[must_use]
pub fn assemble(adapter: Arc<dyn Adapter>, limits: StackLimits) -> ProverService {
    let attempt = tower::service_fn(move |request: ProveRequest| {
        let adapter = Arc::clone(&adapter);
        async move { adapter.prove(request).await }
    });
    // In a window of ten seconds: one retry a second, and one per five proofs.
    let budget = Arc::new(TpsBudget::new(Duration::from_secs(10), 1, 0.2));
    let one_try = ServiceBuilder::new()
        .map_err(from_boxed)
        .timeout(limits.timeout)
        .service(attempt.map_err(BoxError::from));
    let stack = ServiceBuilder::new()
        .map_err(from_boxed)
        .load_shed()
        .concurrency_limit(limits.concurrency.max(1))
        .retry(Tries { limits, tried: 0, deadline: None, budget })
        .service(Bounded(one_try));
    // Each request goes through a copy of its own. The copy that the caller keeps would hold a place once it is ready,
    // stay in the queue for one once it is shed, and give its first request's deadline to all that follow.
    BoxCloneSyncService::new(tower::service_fn(move |request| stack.clone().oneshot(request)))
}

/// Bounds a try by the time that is left of the whole request.
#[derive(Clone)]
struct Bounded<S>(S);

type Answer = Result<Proven, AdapterError>;

impl<S> Service<ProveRequest> for Bounded<S>
where
    S: Service<ProveRequest, Response = Proven, Error = AdapterError> + Send,
    S::Future: Send + 'static,
{
    type Response = Proven;
    type Error = AdapterError;
    type Future = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), AdapterError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: ProveRequest) -> Self::Future {
        let left = request.time_left;
        let answer = self.0.call(request);
        Box::pin(async move {
            match tokio::time::timeout(left, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(out_of_time()),
            }
        })
    }
}

/// The retry policy of one attempt.
#[derive(Clone)]
struct Tries {
    limits: StackLimits,
    tried: u32,
    /// When the attempt's time is over; `None` if never, or before its first try.
    deadline: Option<Instant>,
    budget: Arc<TpsBudget>,
}

impl Policy<ProveRequest, Proven, AdapterError> for Tries {
    type Future = Pin<Box<dyn Future<Output = ()> + Send + Sync>>;

    fn retry(&mut self, request: &mut ProveRequest, result: &mut Answer) -> Option<Self::Future> {
        let error = match result {
            Ok(_) => {
                self.budget.deposit();
                return None;
            }
            Err(error) => error,
        };
        self.tried += 1;
        if !error.kind.is_retried_here() || self.tried >= self.limits.tries {
            return None;
        }
        // Doubling, with the attempt's own jitter of up to a half: equal failures must not come back in step.
        let pause = self.limits.backoff.saturating_mul(1 << (self.tried - 1).min(16)).min(MAX_BACKOFF);
        let jitter =
            request.attempt.0.bytes().fold(self.tried, |sum, byte| sum.wrapping_mul(31) ^ u32::from(byte));
        let pause = pause - pause.mul_f64(f64::from(jitter % 1000) / 2000.0);
        if let Some(deadline) = self.deadline {
            request.time_left = deadline.saturating_duration_since(Instant::now() + pause);
        }
        // The budget last: what is withdrawn must be used.
        if request.time_left.is_zero() || !self.budget.withdraw() {
            return None;
        }
        Some(Box::pin(tokio::time::sleep(pause)))
    }

    fn clone_request(&mut self, request: &ProveRequest) -> Option<ProveRequest> {
        if self.tried == 0 {
            self.deadline = Instant::now().checked_add(request.time_left);
        }
        Some(request.clone())
    }
}

fn out_of_time() -> AdapterError {
    AdapterError::new(ErrorKind::Timeout, "SH-ADP-002", "prover gave no answer in time")
}

/// Recovers the cause from tower's boxed errors, by type.
fn from_boxed(error: BoxError) -> AdapterError {
    match error.downcast::<AdapterError>() {
        Ok(error) => *error,
        Err(error) if error.is::<Overloaded>() => {
            AdapterError::new(ErrorKind::Overloaded, "SH-ADP-001", "prover has no free place")
        }
        Err(error) if error.is::<Elapsed>() => out_of_time(),
        Err(error) => {
            AdapterError::new(ErrorKind::Transient, "SH-ADP-003", format!("prover's stack failed: {error}"))
        }
    }
}

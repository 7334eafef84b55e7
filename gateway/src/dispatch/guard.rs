//! Provers' own code, run so that a fault in it is theirs.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use sheaf_adapter::{AdapterError, ErrorKind};

/// Runs a prover's code. A panic is a failure like any other: unwinding further would take the job's leader along, and
/// the job would stay claimed by nobody. What the panic says may hold inputs, and is not passed on.
pub(super) async fn guarded<T>(
    work: impl Future<Output = Result<T, AdapterError>>,
) -> Result<T, AdapterError> {
    // What the prover's state is worth afterwards is the prover's business.
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(AdapterError::new(ErrorKind::Transient, "SH-JOB-010", "prover panicked")))
}

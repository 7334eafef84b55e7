//! Tasks for other machines: what goes out, how it is proven there, and what is taken back.
//!
//! ```text
//! plan ─▶ TaskDocument ─▶ a worker: prove_task ─▶ proof bytes ─▶ the coordinator: verify_task ─▶ plan, done
//! ```
//!
//! Neither side trusts the other. A worker verifies what it is given and refuses a task that asks for what does not
//! hold; the coordinator takes a proof only if it verifies under the genuine circuit's key for exactly the digest that
//! the [`plan`](crate::plan) says, so that a worker can delay a batch and nothing else. Leases, transport and retries
//! are the gateway's.

mod document;
mod error;
mod prover;
mod task;

#[cfg(test)]
mod rogue_tests;

pub use document::{Child, MAX_TASK_BYTES, Role, TaskDocument, TaskVersion, Work};
pub use error::{ProveError, WorkError};
pub use task::{VerifyKind, prove_task, verify_task};

pub(crate) use prover::{Part, Prover};

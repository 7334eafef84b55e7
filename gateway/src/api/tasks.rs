//! Recursion tasks on the wire, between the gateway and its workers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A worker that asks for work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeaseRequest {
    /// The worker's name.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._-]{1,64}$")]
    pub(crate) worker: String,
    /// How long to wait for a task, in milliseconds.
    #[schema(maximum = 20_000)]
    #[serde(default, deserialize_with = "crate::api::whole")]
    pub(crate) wait_ms: Option<u64>,
}

/// A leased task.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lease {
    /// The task.
    pub(crate) task: String,
    /// Proves that the caller holds the lease; goes with every later call about it.
    pub(crate) token: String,
    /// Until when the lease holds without a heartbeat, in milliseconds from now.
    pub(crate) lease_ms: u64,
    /// What to prove: a document `sheaf/task/v1`.
    #[schema(value_type = Object)]
    pub(crate) document: Box<serde_json::value::RawValue>,
}

/// A worker that is still at work.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Heartbeat {
    /// The lease's token.
    #[schema(max_length = 64)]
    pub(crate) token: String,
}

/// What became of a task: a proof, or why there is none.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskResult {
    /// The lease's token.
    #[schema(max_length = 64)]
    pub(crate) token: String,
    /// The proof, in base64.
    pub(crate) proof: Option<String>,
    /// Why there is none.
    pub(crate) failure: Option<TaskFailure>,
    /// CPU time that it took, in milliseconds.
    #[serde(default, deserialize_with = "crate::api::whole")]
    pub(crate) cpu_ms: Option<u64>,
}

/// Why a worker has no proof.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskFailure {
    /// Stable code.
    #[schema(max_length = 32)]
    pub(crate) code: String,
    /// In words.
    #[schema(max_length = 1024)]
    pub(crate) message: String,
    /// Which of the task's proofs is at fault, as far as the worker can tell. The gateway checks for itself.
    #[serde(default, deserialize_with = "crate::api::whole")]
    pub(crate) member: Option<u32>,
}

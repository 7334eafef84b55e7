//! What a worker calls: recursion tasks, leased, kept and returned. Takes a key with the scope `work`.
//!
//! A lease's token goes with every call about it and is refused once the task is another's, so heartbeats and results may
//! be sent twice. The gateway verifies what comes back: a worker needs no trust.

use std::fmt;
use std::time::Duration;

use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::call::Call;
use crate::ids::text_id;
use crate::{Client, Error};

text_id! {
    /// A recursion task's id.
    TaskId
}

/// A worker that asks for work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeaseRequest {
    /// The worker's name: 1 to 64 letters, digits, dots, dashes and underscores.
    pub worker: String,
    /// How long to wait for a task, in milliseconds, up to 20,000; not at all if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait_ms: Option<u64>,
}

/// Proves that its holder has a lease. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeaseToken(String);

impl fmt::Debug for LeaseToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseToken(…)")
    }
}

/// A leased task.
#[derive(Debug, Clone, Deserialize)]
#[non_exhaustive]
pub struct Lease {
    /// The task.
    pub task: TaskId,
    /// Goes with every later call about it.
    pub token: LeaseToken,
    /// For how long the lease holds without a heartbeat, in milliseconds from the answer.
    pub lease_ms: u64,
    /// What to prove: a document `sheaf/task/v1`, byte for byte.
    pub document: Box<RawValue>,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskOutcome {
    /// Its proof, in base64.
    Proof(String),
    /// There is none.
    Failure(TaskFailure),
}

/// Why a worker has no proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TaskFailure {
    /// Stable code.
    pub code: String,
    /// In words.
    pub message: String,
    /// Which of the task's proofs is at fault, as far as the worker can tell. The gateway checks for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<u32>,
}

impl Client {
    /// Leases a task; `None` if there is none within the wait.
    ///
    /// Not tried again after a failure: a lease whose answer is lost runs out, and two would keep two tasks from others.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn lease_task(&self, request: &LeaseRequest) -> Result<Option<Lease>, Error> {
        let wait = Duration::from_millis(request.wait_ms.unwrap_or(0));
        let call = Call::post(&["v1", "tasks", "lease"]).json(request)?.patient(wait);
        let answer = self.send(call).await?;
        if answer.status == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        answer.decode("a lease").map(Some)
    }

    /// Says that the worker is still at work, which renews the lease.
    ///
    /// # Errors
    /// As the gateway answers; a refusal means that the task is no longer this worker's.
    pub async fn heartbeat(&self, task: &TaskId, token: &LeaseToken) -> Result<(), Error> {
        #[derive(Serialize)]
        struct Heartbeat<'a> {
            token: &'a LeaseToken,
        }

        let path = ["v1", "tasks", task.as_str(), "heartbeat"];
        let call = Call::post(&path).json(&Heartbeat { token })?.repeatable();
        self.send(call).await.map(|_| ())
    }

    /// Returns a proof, or says why there is none, and gives the lease back. `cpu_ms` is the CPU time that it took.
    ///
    /// # Errors
    /// As the gateway answers; a refusal means that the proof does not verify or the lease is no longer held.
    pub async fn return_task(
        &self,
        task: &TaskId,
        token: &LeaseToken,
        outcome: &TaskOutcome,
        cpu_ms: Option<u64>,
    ) -> Result<(), Error> {
        #[derive(Serialize)]
        struct TaskResult<'a> {
            token: &'a LeaseToken,
            #[serde(skip_serializing_if = "Option::is_none")]
            proof: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            failure: Option<&'a TaskFailure>,
            #[serde(skip_serializing_if = "Option::is_none")]
            cpu_ms: Option<u64>,
        }

        let (proof, failure) = match outcome {
            TaskOutcome::Proof(proof) => (Some(proof.as_str()), None),
            TaskOutcome::Failure(failure) => (None, Some(failure)),
        };
        let path = ["v1", "tasks", task.as_str(), "result"];
        let call = Call::post(&path).json(&TaskResult { token, proof, failure, cpu_ms })?.repeatable();
        self.send(call).await.map(|_| ())
    }
}

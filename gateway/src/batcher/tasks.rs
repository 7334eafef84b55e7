//! Tasks: leased to workers, and their proofs taken back.
//!
//! A worker is trusted with nothing. A proof counts once our verifier, in a sandbox, has accepted it for exactly the
//! public inputs that the plan calls for; a worker's complaint about a member counts once our verifier agrees with it.

use std::time::{Duration, Instant};

use moka::sync::Cache;
use sheaf_aggregator::documents::{Document, ProofDocument};
use sheaf_aggregator::plan::{BatchPlan, PlanError};
use sheaf_aggregator::work::TaskDocument;

use super::{advance, decode};
use crate::api::jobs::Failure;
use crate::api::tasks::{Lease, TaskFailure};
use crate::app::App;
use crate::ids::{KeyId, TaskId};
use crate::problem::{ApiError, Kind};
use crate::random;
use crate::refusal::Refusal;
use crate::settling;
use crate::store::{BatchRow, MemberRow, StoreError, TaskRow};

/// How long a lease holds without a heartbeat, in milliseconds.
pub(crate) const LEASE_MS: u64 = 15_000;
/// Random bytes of a lease's token.
const TOKEN_BYTES: usize = 16;
/// Leases of one task after which its batch is given up.
const MAX_TRIES: u32 = 10;
/// How long a key gets no task after its worker spoilt one; doubles with each, up to some minutes.
const REST: Duration = Duration::from_secs(2);
/// How long a key's spoilt tasks are remembered.
const REMEMBERED: Duration = Duration::from_secs(3600);

/// Keys whose workers spoilt tasks: how many, and until when they get none. Without it, whoever returns garbage faster
/// than others prove would use up the leases of every task. Of this process.
#[derive(Debug)]
pub(crate) struct Spoilers(Cache<KeyId, (u32, Instant)>);

impl Spoilers {
    /// Nobody.
    pub(crate) fn new() -> Self {
        Self(Cache::builder().max_capacity(10_000).time_to_live(REMEMBERED).build())
    }

    /// Whether a key gets no task now.
    pub(crate) fn rests(&self, key: KeyId) -> bool {
        self.0.get(&key).is_some_and(|(_, until)| until > Instant::now())
    }

    fn spoilt(&self, key: KeyId) {
        let before = self.0.get(&key).map_or(0, |(count, _)| count);
        self.0.insert(key, (before.saturating_add(1), Instant::now() + REST * (1 << before.min(8))));
    }

    fn worked(&self, key: KeyId) {
        self.0.invalidate(&key);
    }
}

/// Leases a task to a worker, if there is one.
pub(crate) async fn lease(app: &App, worker: &str) -> Result<Option<Lease>, ApiError> {
    let token = hex::encode(random::bytes::<TOKEN_BYTES>());
    let Some(task) = app.store.lease_task(worker, &token, LEASE_MS).await? else { return Ok(None) };
    if task.tries > MAX_TRIES {
        give_up(app, &task).await?;
        return Ok(None);
    }
    let made = match task.kind == settling::TASK_KIND {
        true => settle_document(app, &task).await,
        false => document(app, &task).await,
    };
    match made {
        Ok(document) => Ok(Some(Lease { task: task.id.to_string(), token, lease_ms: LEASE_MS, document })),
        Err(refusal) => {
            // A blob that cannot be read is nobody's fault who could be asked again: the batch's members are looked at.
            tracing::error!(task = %task.id, code = %refusal.code, message = %refusal.message, "cannot make a task");
            if task.kind == settling::TASK_KIND {
                app.store.return_task(task.id, &token).await?;
            } else {
                isolate(app, &task, None).await?;
            }
            Ok(None)
        }
    }
}

/// Takes a worker's proof.
pub(crate) async fn accept(
    app: &App,
    key: KeyId,
    id: TaskId,
    token: &str,
    proof: Vec<u8>,
    cpu_ms: Option<u64>,
) -> Result<(), ApiError> {
    let task = held(app, id, token).await?;
    if let Err(refusal) = verify(app, &task, &proof).await {
        metrics::counter!("sheaf_task_proofs_refused_total").increment(1);
        tracing::warn!(task = %id, worker = task.worker.as_deref().unwrap_or(""), code = %refusal.code, "proof refused");
        app.store.return_task(id, token).await?;
        app.spoilers.spoilt(key);
        app.tasks.notify_waiters();
        return Err(refusal.into());
    }
    app.spoilers.worked(key);
    let blob = app.blobs.put(proof).await?;
    if !app.store.finish_task(id, token, &blob, cpu_ms).await? {
        return Err(lost(id));
    }
    metrics::counter!("sheaf_tasks_done_total", "kind" => task.kind.clone()).increment(1);
    app.tasks.notify_waiters();
    advance(app, task.batch).await?;
    Ok(())
}

/// Whether a proof is what its task asks for.
async fn verify(app: &App, task: &TaskRow, proof: &[u8]) -> Result<(), Refusal> {
    if task.kind == settling::TASK_KIND {
        return settling::verify(app, task, proof).await;
    }
    let (_, plan) = batch_and_plan(app, task).await?;
    let planned = plan.tasks.get(task.position as usize).cloned();
    let planned = planned
        .ok_or(StoreError::Damaged { what: "task", reason: "it is not in its batch's plan".to_owned() })?;
    app.sandbox.verify_task(plan.profile, planned, proof.to_vec()).await
}

/// Takes a worker's word that it has no proof.
pub(crate) async fn complain(
    app: &App,
    key: KeyId,
    id: TaskId,
    token: &str,
    failure: &TaskFailure,
) -> Result<(), ApiError> {
    let task = held(app, id, token).await?;
    tracing::warn!(task = %id, code = %failure.code, message = %failure.message, "worker has no proof");
    let upheld = match failure.member {
        Some(_) if task.kind != settling::TASK_KIND => isolate(app, &task, Some(failure)).await?,
        _ => {
            app.store.return_task(id, token).await?;
            false
        }
    };
    if !upheld {
        app.spoilers.spoilt(key);
    }
    app.tasks.notify_waiters();
    Ok(())
}

/// Prolongs a lease.
pub(crate) async fn heartbeat(app: &App, id: TaskId, token: &str) -> Result<(), ApiError> {
    if app.store.renew_task(id, token, LEASE_MS).await? { Ok(()) } else { Err(lost(id)) }
}

fn lost(id: TaskId) -> ApiError {
    ApiError::new(Kind::LeaseLost, format!("the lease of {id} has expired, or the task is done"))
}

async fn held(app: &App, id: TaskId, token: &str) -> Result<TaskRow, ApiError> {
    let task = app.store.task(id).await?.ok_or_else(|| lost(id))?;
    if task.phase != "leased" || task.token.as_deref() != Some(token) {
        return Err(lost(id));
    }
    Ok(task)
}

async fn batch_and_plan(app: &App, task: &TaskRow) -> Result<(BatchRow, BatchPlan), Refusal> {
    let missing = || StoreError::Damaged { what: "batch", reason: "task without a batch".to_owned() };
    let batch = app.store.batch(task.batch).await?.ok_or_else(missing)?;
    let plan = decode("plan", batch.plan.as_deref().unwrap_or_default())?;
    Ok((batch, plan))
}

/// The task of wrapping a batch, as it travels.
async fn settle_document(app: &App, task: &TaskRow) -> Result<Box<serde_json::value::RawValue>, Refusal> {
    let text = settling::document(app, task).await?;
    Ok(serde_json::value::RawValue::from_string(text).map_err(|error| super::damaged("task", &error))?)
}

/// The task as it travels.
async fn document(app: &App, task: &TaskRow) -> Result<Box<serde_json::value::RawValue>, Refusal> {
    let (_, plan) = batch_and_plan(app, task).await?;
    let members = app.store.members(task.batch).await?;
    let tasks = app.store.tasks(task.batch).await?;
    let mut proofs = std::collections::BTreeMap::new();
    for position in &task.members {
        let row = member_row(&members, *position)?;
        let bytes = app.blobs.get(&row.blob).await?;
        proofs.insert(*position as usize, ProofDocument::from_json(&bytes)?);
    }
    let mut children = std::collections::BTreeMap::new();
    for position in &task.children {
        let blob = tasks.get(*position as usize).and_then(|task| task.output_blob.as_deref());
        let blob =
            blob.ok_or(StoreError::Damaged { what: "task", reason: "a child has no proof".to_owned() })?;
        children.insert(*position as usize, app.blobs.get(blob).await?);
    }
    let absent = |index| PlanError::NoTask { expected: plan.tasks.len(), got: index };
    let document = TaskDocument::new::<PlanError>(
        &plan,
        task.position as usize,
        |index| proofs.remove(&index).ok_or_else(|| absent(index)),
        |index| children.remove(&index).ok_or_else(|| absent(index)),
    )?;
    let text = String::from_utf8(document.to_json())
        .map_err(|error| StoreError::Damaged { what: "task", reason: error.to_string() })?;
    serde_json::value::RawValue::from_string(text.trim_end().to_owned())
        .map_err(|error| super::damaged("task", &error).into())
}

fn member_row(members: &[MemberRow], position: u32) -> Result<&MemberRow, StoreError> {
    members
        .get(position as usize)
        .ok_or(StoreError::Damaged { what: "batch members", reason: format!("no member {position}") })
}

/// Looks at every member of a task with our own verifier. Those that it refuses fail alone, and the others go into
/// another batch; if it refuses none, the worker is at fault and the task is leased anew. Returns whether there were any.
async fn isolate(app: &App, task: &TaskRow, complaint: Option<&TaskFailure>) -> Result<bool, Refusal> {
    let members = app.store.members(task.batch).await?;
    let mut bad = Vec::new();
    for position in &task.members {
        let row = member_row(&members, *position)?;
        let refusal = match app.blobs.get(&row.blob).await {
            Ok(bytes) => app.sandbox.verify_document(bytes).await.err(),
            Err(error) => Some(Refusal::new(&error)),
        };
        if let Some(refusal) = refusal {
            tracing::error!(statement = %row.statement_id, code = %refusal.code, "a member does not verify any more");
            bad.push((row.statement_id, failure(&refusal.code, &refusal.message)));
        }
    }
    if bad.is_empty() && (complaint.is_some() || task.tries < MAX_TRIES) {
        if let Some(token) = &task.token {
            app.store.return_task(task.id, token).await?;
        }
        return Ok(false);
    }
    app.store.dissolve_batch(task.batch, bad).await?;
    app.batches.notify_one();
    Ok(true)
}

/// A task that nobody can prove: its batch's jobs fail, with a reason that says so.
async fn give_up(app: &App, task: &TaskRow) -> Result<(), Refusal> {
    let text = format!("a {} of the batch was not proven in {MAX_TRIES} leases", task.kind);
    if task.kind == settling::TASK_KIND {
        return settling::give_up(app, task.batch, &text).await;
    }
    tracing::error!(batch = %task.batch, task = %task.id, "batch is given up");
    let members = app.store.members(task.batch).await?;
    let bad = members.iter().map(|row| (row.statement_id, failure("SH-BAT-001", &text))).collect();
    app.store.dissolve_batch(task.batch, bad).await?;
    Ok(())
}

fn failure(code: &str, message: &str) -> Failure {
    Failure {
        stage: "aggregating".to_owned(),
        code: code.to_owned(),
        message: message.to_owned(),
        retryable: true,
    }
}

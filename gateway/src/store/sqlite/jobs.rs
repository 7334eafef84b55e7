//! Jobs: accepting and reading.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use moka::sync::Cache;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Row as _, Sqlite};
use tokio::sync::{broadcast, oneshot};

use super::rows::{get, int, json, maybe_json, maybe_named, maybe_parsed, maybe_uint, parsed, to_json, uint};
use super::{Result, SqliteStore};
use crate::clock::now_ms;
use crate::ids::JobId;
use crate::store::phase::Phase;
use crate::store::{Accepted, AttemptRow, EventRow, JobRow, JobStore, NewJob, Paged, StoreError};

/// Rows of one statement; the statement's text is cached by their number.
const CHUNK: usize = 64;

/// A job to accept, and where to answer.
pub(super) struct AcceptRequest {
    job: NewJob,
    answer: oneshot::Sender<Result<Accepted>>,
    /// Where the job is put once it is stored: by the writer, so that no later change is overtaken.
    cache: Cache<JobId, Arc<JobRow>>,
}

impl AcceptRequest {
    pub(super) fn fail(self, error: StoreError) {
        let _ = self.answer.send(Err(error));
    }
}

/// Columns of [`JobRow`].
pub(super) const COLUMNS: &str = "id, tenant, phase, created_ms, updated_ms, due_ms, spec, digest, prover, price, \
     tier, statement_id, batch_id, reused_from, result, opening, failure, fence";

pub(super) fn job_row(row: &SqliteRow) -> Result<JobRow> {
    Ok(JobRow {
        id: parsed(row, "id")?,
        tenant: get(row, "tenant")?,
        phase: phase(row)?,
        created_ms: uint(row, "created_ms")?,
        updated_ms: uint(row, "updated_ms")?,
        due_ms: uint(row, "due_ms")?,
        spec: json(row, "spec")?,
        digest: get(row, "digest")?,
        prover: maybe_parsed(row, "prover")?,
        price: maybe_uint(row, "price")?.map(sheaf_policies::MicroUsd),
        tier: maybe_named(row, "tier")?,
        statement_id: maybe_parsed(row, "statement_id")?,
        batch_id: maybe_parsed(row, "batch_id")?,
        reused_from: maybe_parsed(row, "reused_from")?,
        result: get(row, "result")?,
        opening: get(row, "opening")?,
        failure: maybe_json(row, "failure")?,
        fence: uint(row, "fence")?,
    })
}

pub(super) fn phase(row: &SqliteRow) -> Result<Phase> {
    let name: &str = get(row, "phase")?;
    Phase::from_name(name)
        .ok_or_else(|| StoreError::Damaged { what: "phase", reason: format!("unknown phase {name:?}") })
}

/// Writes a group of jobs with a handful of statements. Returns what answers their callers after the commit.
///
/// Runs in the group's transaction, in a savepoint of its own: if it fails, all of these jobs are refused, and nothing
/// else is.
pub(super) async fn accept_all(
    connection: &mut SqliteConnection,
    requests: Vec<AcceptRequest>,
) -> Box<dyn FnOnce(Result<()>) + Send> {
    let (jobs, answers): (Vec<_>, Vec<_>) =
        requests.into_iter().map(|r| (r.job, (r.answer, r.cache))).unzip();
    let outcomes = match super::writer::execute(connection, "SAVEPOINT accepts").await {
        Ok(()) => insert(connection, &jobs).await,
        Err(error) => Err(error),
    };
    let closing = if outcomes.is_ok() { "RELEASE accepts" } else { "ROLLBACK TO accepts" };
    let closed = super::writer::execute(connection, closing).await;
    let outcomes = closed.and(outcomes);
    Box::new(move |committed| {
        let outcomes = committed.and(outcomes);
        for (index, ((answer, cache), job)) in answers.into_iter().zip(jobs).enumerate() {
            if let Ok(all) = &outcomes
                && all[index] == Accepted::Created
            {
                cache.insert(job.id, Arc::new(job.into_row()));
            }
            let _ = answer.send(outcomes.as_ref().map(|all| all[index]).map_err(Clone::clone));
        }
    })
}

async fn insert(connection: &mut SqliteConnection, jobs: &[NewJob]) -> Result<Vec<Accepted>> {
    let mut taken = taken_keys(connection, jobs).await?;
    let mut outcomes = Vec::with_capacity(jobs.len());
    let mut fresh = Vec::with_capacity(jobs.len());
    for job in jobs {
        let Some((key, fingerprint)) = &job.idempotency else {
            outcomes.push(Accepted::Created);
            fresh.push(job);
            continue;
        };
        let slot = (job.tenant.clone(), key.clone());
        match taken.get(&slot) {
            Some((before, id)) if before == fingerprint => outcomes.push(Accepted::Replayed(*id)),
            Some(_) => outcomes.push(Accepted::KeyReused),
            None => {
                taken.insert(slot, (*fingerprint, job.id));
                outcomes.push(Accepted::Created);
                fresh.push(job);
            }
        }
    }
    for chunk in fresh.chunks(CHUNK) {
        insert_chunk(connection, chunk).await?;
    }
    Ok(outcomes)
}

type Taken = HashMap<(String, String), ([u8; 32], JobId)>;

async fn taken_keys(connection: &mut SqliteConnection, jobs: &[NewJob]) -> Result<Taken> {
    let keys: Vec<(&str, &str)> = jobs
        .iter()
        .filter_map(|job| job.idempotency.as_ref().map(|(key, _)| (job.tenant.as_str(), key.as_str())))
        .collect();
    let mut taken = HashMap::new();
    for chunk in keys.chunks(CHUNK) {
        // Joined, so that each key is looked up: `IN (VALUES …)` would scan the table.
        let mut query =
            QueryBuilder::<Sqlite>::new("SELECT i.tenant, i.key, i.fingerprint, i.job FROM (VALUES ");
        let mut values = query.separated(", ");
        for (tenant, key) in chunk {
            values.push("(").push_bind_unseparated(*tenant).push_unseparated(", ");
            values.push_bind_unseparated(*key).push_unseparated(")");
        }
        query.push(") AS v CROSS JOIN idempotency AS i ON i.tenant = v.column1 AND i.key = v.column2");
        for row in query.build().fetch_all(&mut *connection).await? {
            let fingerprint: Vec<u8> = get(&row, "fingerprint")?;
            let fingerprint = fingerprint.try_into().map_err(|_| StoreError::Damaged {
                what: "fingerprint",
                reason: "expected 32 bytes".to_owned(),
            })?;
            taken.insert((get(&row, "tenant")?, get(&row, "key")?), (fingerprint, parsed(&row, "job")?));
        }
    }
    Ok(taken)
}

async fn insert_chunk(connection: &mut SqliteConnection, jobs: &[&NewJob]) -> Result<()> {
    let specs: Vec<String> = jobs.iter().map(|job| to_json("spec", &job.spec)).collect::<Result<_>>()?;
    let mut query = QueryBuilder::<Sqlite>::new(
        "INSERT INTO jobs (id, tenant, phase, created_ms, updated_ms, due_ms, spec, input, digest) ",
    );
    query.push_values(jobs.iter().zip(&specs), |mut row, (job, spec)| {
        row.push_bind(job.id.to_string())
            .push_bind(job.tenant.as_str())
            .push("'accepted'")
            .push_bind(int(job.created_ms))
            .push_bind(int(job.created_ms))
            .push_bind(int(job.due_ms))
            .push_bind(spec.as_str())
            .push_bind(job.input.as_deref())
            .push_bind(job.digest.as_str());
    });
    query.build().execute(&mut *connection).await?;
    let mut query = QueryBuilder::<Sqlite>::new("INSERT INTO job_events (job, seq, at_ms, phase, data) ");
    query.push_values(jobs, |mut row, job| {
        row.push_bind(job.id.to_string())
            .push("1")
            .push_bind(int(job.created_ms))
            .push("'accepted'")
            .push("'{}'");
    });
    query.build().execute(&mut *connection).await?;
    let keyed: Vec<_> = jobs
        .iter()
        .filter_map(|job| job.idempotency.as_ref().map(|(key, print)| (job, key, print)))
        .collect();
    if !keyed.is_empty() {
        let mut query = QueryBuilder::<Sqlite>::new(
            "INSERT INTO idempotency (tenant, key, fingerprint, job, created_ms) ",
        );
        query.push_values(keyed, |mut row, (job, key, print)| {
            row.push_bind(job.tenant.as_str())
                .push_bind(key.as_str())
                .push_bind(print.as_slice())
                .push_bind(job.id.to_string())
                .push_bind(int(job.created_ms));
        });
        query.build().execute(&mut *connection).await?;
    }
    Ok(())
}

#[async_trait]
impl JobStore for SqliteStore {
    async fn accept(&self, job: NewJob) -> Result<Accepted> {
        let (answer, answered) = oneshot::channel();
        self.writer.accept(AcceptRequest { job, answer, cache: self.jobs.clone() }).await?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    async fn job(&self, tenant: &str, id: JobId) -> Result<Option<Arc<JobRow>>> {
        if let Some(row) = self.jobs.get(&id) {
            return Ok((row.tenant == tenant).then_some(row));
        }
        // Subscribed before reading: a change after the read invalidates what is cached below.
        let mut changes = self.changes.subscribe();
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM jobs WHERE id = ?")))
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let row = Arc::new(job_row(&row)?);
        self.jobs.insert(id, Arc::clone(&row));
        loop {
            match changes.try_recv() {
                Ok(changed) if changed != id => {}
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => break,
                _ => {
                    self.jobs.invalidate(&id);
                    break;
                }
            }
        }
        Ok((row.tenant == tenant).then_some(row))
    }

    async fn jobs(
        &self,
        tenant: &str,
        phase: Option<Phase>,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<Paged<JobRow>> {
        let mut query = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM jobs WHERE tenant = "));
        query.push_bind(tenant);
        if let Some(phase) = phase {
            query.push(" AND phase = ").push_bind(phase.name());
        }
        if let Some(before) = before {
            query.push(" AND id < ").push_bind(before.to_string());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit) + 1);
        let rows = query.build().fetch_all(&self.readers).await?;
        let items = rows.iter().map(job_row).collect::<Result<Vec<_>>>()?;
        Ok(paged(items, limit, |row| row.id.to_string()))
    }

    async fn events(&self, id: JobId, after: u64) -> Result<Vec<EventRow>> {
        let rows = sqlx::query(
            "SELECT seq, at_ms, phase, data FROM job_events WHERE job = ? AND seq > ? ORDER BY seq LIMIT 1000",
        )
        .bind(id.to_string())
        .bind(int(after))
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(EventRow {
                    seq: uint(row, "seq")?,
                    at_ms: uint(row, "at_ms")?,
                    phase: phase(row)?,
                    data: get(row, "data")?,
                })
            })
            .collect()
    }

    async fn route(&self, id: JobId) -> Result<(Vec<Vec<u8>>, Vec<AttemptRow>)> {
        let decisions = sqlx::query_scalar("SELECT bytes FROM decisions WHERE job = ? ORDER BY n")
            .bind(id.to_string())
            .fetch_all(&self.readers)
            .await?;
        let rows = sqlx::query("SELECT * FROM attempts WHERE job = ? ORDER BY id")
            .bind(id.to_string())
            .fetch_all(&self.readers)
            .await?;
        Ok((decisions, rows.iter().map(attempt_row).collect::<Result<_>>()?))
    }

    async fn cancel(&self, tenant: &str, id: JobId) -> Result<Option<Phase>> {
        let tenant = tenant.to_owned();
        let outcome = self
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    let row = sqlx::query("SELECT phase FROM jobs WHERE id = ? AND tenant = ?")
                        .bind(id.to_string())
                        .bind(&tenant)
                        .fetch_optional(&mut *connection)
                        .await?;
                    let Some(row) = row else { return Ok(None) };
                    let before = phase(&row)?;
                    let open = [Phase::Accepted, Phase::Routed, Phase::Proving, Phase::Verified];
                    if !open.contains(&before) {
                        return Ok(Some((before, false)));
                    }
                    let now = now_ms();
                    // The fence moves on, so that whoever drives the job can no longer change it.
                    sqlx::query(
                        "UPDATE jobs SET phase = 'cancelled', updated_ms = ?, fence = fence + 1 WHERE id = ?",
                    )
                    .bind(int(now))
                    .bind(id.to_string())
                    .execute(&mut *connection)
                    .await?;
                    super::dispatch::add_event(connection, id, now, Phase::Cancelled, "{}").await?;
                    super::dispatch::end_open_attempts(connection, id, now, "cancelled").await?;
                    super::webhooks::announce(connection, &[id]).await?;
                    Ok(Some((Phase::Cancelled, true)))
                })
            })
            .await?;
        if let Some((_, true)) = outcome {
            self.changed([id]);
        }
        Ok(outcome.map(|(phase, _)| phase))
    }

    fn changes(&self) -> broadcast::Receiver<JobId> {
        self.changes.subscribe()
    }
}

pub(super) fn attempt_row(row: &SqliteRow) -> Result<AttemptRow> {
    Ok(AttemptRow {
        id: get(row, "id")?,
        prover: get(row, "prover")?,
        started_ms: uint(row, "started_ms")?,
        ended_ms: maybe_uint(row, "ended_ms")?,
        outcome: get(row, "outcome")?,
        code: get(row, "code")?,
        message: get(row, "message")?,
    })
}

/// Cuts one row too many off, and makes a cursor of the last that stays.
pub(super) fn paged<T>(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> String) -> Paged<T> {
    let limit = limit as usize;
    let more = items.len() > limit;
    items.truncate(limit);
    Paged { next: items.last().filter(|_| more).map(cursor), items }
}

/// The number of rows that a statement touched.
pub(super) fn count(row: &SqliteRow) -> Result<u64> {
    let value: i64 = row.try_get(0)?;
    Ok(value.unsigned_abs())
}

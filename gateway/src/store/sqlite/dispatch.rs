//! Jobs: leading them on.

use async_trait::async_trait;
use sqlx::sqlite::SqliteConnection;

use super::jobs::{COLUMNS, attempt_row, count, job_row};
use super::rows::{get, int, maybe_parsed, parsed, small, to_json};
use super::{Result, SqliteStore};
use crate::api::jobs::Failure;
use crate::clock::now_ms;
use crate::ids::JobId;
use crate::store::phase::{AttemptEnd, Change, NewProof, Phase};
use crate::store::{ClaimedJob, DispatchStore, ExclusionRow, JobRow, Twin};

/// How long idempotency keys and ended deliveries are kept: a week.
const KEPT_MS: u64 = 7 * 24 * 3_600_000;
/// Jobs that nobody leads, word for word as their indexes have it.
const READY: &str = "phase = 'accepted' AND lease_until_ms = 0";
const UNDER_WAY: &str = "phase IN ('routed', 'proving') AND lease_until_ms = 0";
/// Most jobs that one sweep fails.
const SWEEP: u32 = 500;

pub(super) async fn add_event(
    connection: &mut SqliteConnection,
    job: JobId,
    at_ms: u64,
    phase: Phase,
    data: &str,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO job_events (job, seq, at_ms, phase, data) \
         SELECT ?1, COALESCE(MAX(seq), 0) + 1, ?2, ?3, ?4 FROM job_events WHERE job = ?1",
    )
    .bind(job.to_string())
    .bind(int(at_ms))
    .bind(phase.name())
    .bind(data)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn end_open_attempts(
    connection: &mut SqliteConnection,
    job: JobId,
    at_ms: u64,
    outcome: &str,
) -> Result<()> {
    sqlx::query("UPDATE attempts SET ended_ms = ?, outcome = ? WHERE job = ? AND ended_ms IS NULL")
        .bind(int(at_ms))
        .bind(outcome)
        .bind(job.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

async fn end_attempt(connection: &mut SqliteConnection, now: u64, end: &AttemptEnd) -> Result<()> {
    sqlx::query("UPDATE attempts SET ended_ms = ?, outcome = ?, code = ?, message = ? WHERE id = ?")
        .bind(int(now))
        .bind(&end.outcome)
        .bind(&end.code)
        .bind(&end.message)
        .bind(end.id.to_string())
        .execute(connection)
        .await?;
    Ok(())
}

/// Stores a proof unless its statement has one: whichever came first stays.
async fn add_proof(connection: &mut SqliteConnection, now: u64, proof: &NewProof) -> Result<()> {
    sqlx::query(
        "INSERT INTO proofs (statement_id, tier, system, profile, statement, member, blob, prover, verified_ms) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (statement_id) DO NOTHING",
    )
    .bind(proof.statement_id.to_string())
    .bind(proof.tier.to_string())
    .bind(&proof.system)
    .bind(&proof.profile)
    .bind(&proof.statement)
    .bind(&proof.member)
    .bind(&proof.blob)
    .bind(proof.prover.as_ref().map(ToString::to_string))
    .bind(int(now))
    .execute(connection)
    .await?;
    Ok(())
}

/// A verified job whose statement is in a batch already follows it there at once.
async fn follow_statement(
    connection: &mut SqliteConnection,
    job: JobId,
    now: u64,
    proof: &NewProof,
) -> Result<()> {
    let row = sqlx::query(
        "SELECT p.batch_id, r.batch_id AS receipt FROM proofs p \
         LEFT JOIN receipts r ON r.statement_id = p.statement_id WHERE p.statement_id = ?",
    )
    .bind(proof.statement_id.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(()) };
    let batch: Option<crate::ids::BatchId> = maybe_parsed(&row, "batch_id")?;
    let Some(batch) = batch else { return Ok(()) };
    let data = format!("{{\"batch\":\"{batch}\"}}");
    enter(connection, job, now, Phase::Batched, batch, &data).await?;
    if get::<Option<&str>>(&row, "receipt")?.is_some() {
        enter(connection, job, now, Phase::Aggregated, batch, &data).await?;
        super::webhooks::announce(connection, &[job]).await?;
    }
    Ok(())
}

pub(super) async fn enter(
    connection: &mut SqliteConnection,
    job: JobId,
    now: u64,
    phase: Phase,
    batch: crate::ids::BatchId,
    data: &str,
) -> Result<()> {
    sqlx::query("UPDATE jobs SET phase = ?, batch_id = ?, updated_ms = ? WHERE id = ?")
        .bind(phase.name())
        .bind(batch.to_string())
        .bind(int(now))
        .bind(job.to_string())
        .execute(&mut *connection)
        .await?;
    add_event(connection, job, now, phase, data).await
}

async fn apply(connection: &mut SqliteConnection, change: &Change) -> Result<bool> {
    let now = now_ms();
    let job = change.job.to_string();
    let failure = change.failure.as_ref().map(|f| to_json("failure", f)).transpose()?;
    let applied = sqlx::query(
        "UPDATE jobs SET phase = ?, updated_ms = ?, prover = COALESCE(?, prover), price = COALESCE(?, price), \
         statement_id = COALESCE(?, statement_id), tier = COALESCE(?, tier), result = COALESCE(?, result), \
         opening = COALESCE(?, opening), reused_from = COALESCE(?, reused_from), \
         failure = COALESCE(?, failure), not_before_ms = COALESCE(?, not_before_ms), \
         lease_until_ms = CASE WHEN ? THEN 0 ELSE lease_until_ms END \
         WHERE id = ? AND phase = ? AND fence = ?",
    )
    .bind(change.to.name())
    .bind(int(now))
    .bind(change.prover.as_ref().map(ToString::to_string))
    .bind(change.price.map(|price| int(price.0)))
    .bind(change.statement_id.map(|id| id.to_string()))
    .bind(change.tier.map(|tier| tier.to_string()))
    .bind(&change.result)
    .bind(&change.opening)
    .bind(change.reused_from.map(|id| id.to_string()))
    .bind(failure)
    .bind(change.not_before_ms.map(int))
    .bind(change.to == Phase::Accepted)
    .bind(&job)
    .bind(change.from.name())
    .bind(int(change.fence))
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if applied == 0 {
        return Ok(false);
    }
    add_event(connection, change.job, now, change.to, &to_json("event", &change.event)?).await?;
    if let Some(bytes) = &change.decision {
        sqlx::query(
            "INSERT INTO decisions (job, n, bytes) \
             SELECT ?1, COALESCE(MAX(n), 0) + 1, ?2 FROM decisions WHERE job = ?1",
        )
        .bind(&job)
        .bind(bytes)
        .execute(&mut *connection)
        .await?;
    }
    if let Some((id, prover)) = &change.attempt_start {
        sqlx::query(
            "INSERT INTO attempts (id, job, prover, started_ms, outcome) VALUES (?, ?, ?, ?, 'running')",
        )
        .bind(id.to_string())
        .bind(&job)
        .bind(prover.as_str())
        .bind(int(now))
        .execute(&mut *connection)
        .await?;
    }
    if let Some(end) = &change.attempt_end {
        end_attempt(connection, now, end).await?;
    }
    if let Some((prover, code, is_final)) = &change.exclude {
        sqlx::query(
            "INSERT INTO exclusions (job, prover, count, code, final) VALUES (?, ?, 1, ?, ?) \
             ON CONFLICT (job, prover) DO UPDATE SET count = count + 1, code = excluded.code, \
             final = MAX(final, excluded.final)",
        )
        .bind(&job)
        .bind(prover.as_str())
        .bind(code)
        .bind(*is_final)
        .execute(&mut *connection)
        .await?;
    }
    if let Some(proof) = &change.proof {
        add_proof(connection, now, proof).await?;
        follow_statement(connection, change.job, now, proof).await?;
    }
    if change.to == Phase::Failed {
        super::webhooks::announce(connection, &[change.job]).await?;
    }
    Ok(true)
}

async fn claim(connection: &mut SqliteConnection, limit: u32, lease_ms: u64) -> Result<Vec<ClaimedJob>> {
    let now = now_ms();
    // Jobs that were under way when their leader was lost come first, then whoever waits longest.
    let mut rows = Vec::new();
    for ready in [UNDER_WAY, READY] {
        let left = limit.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        if left == 0 {
            break;
        }
        let more = sqlx::query(sqlx::AssertSqlSafe(format!(
            "UPDATE jobs SET fence = fence + 1, lease_until_ms = ?1 WHERE id IN (\
                 SELECT id FROM jobs WHERE {ready} AND not_before_ms <= ?2 \
                 ORDER BY not_before_ms, id LIMIT ?3) RETURNING {COLUMNS}, input"
        )))
        .bind(int(now + lease_ms))
        .bind(int(now))
        .bind(left)
        .fetch_all(&mut *connection)
        .await?;
        rows.extend(more);
    }
    let mut claimed = Vec::with_capacity(rows.len());
    for row in &rows {
        let job = job_row(row)?;
        let id = job.id.to_string();
        let exclusions = sqlx::query("SELECT prover, count, code, final FROM exclusions WHERE job = ?")
            .bind(&id)
            .fetch_all(&mut *connection)
            .await?
            .iter()
            .map(|row| {
                Ok(ExclusionRow {
                    prover: parsed(row, "prover")?,
                    count: small(row, "count")?,
                    code: get(row, "code")?,
                    is_final: small(row, "final")? != 0,
                })
            })
            .collect::<Result<_>>()?;
        let open_attempt = match job.phase {
            Phase::Proving => sqlx::query(
                "SELECT * FROM attempts WHERE job = ? AND ended_ms IS NULL ORDER BY id DESC LIMIT 1",
            )
            .bind(&id)
            .fetch_optional(&mut *connection)
            .await?
            .map(|row| attempt_row(&row))
            .transpose()?,
            _ => None,
        };
        claimed.push(ClaimedJob { input: get(row, "input")?, row: job, exclusions, open_attempt });
    }
    claimed.sort_by_key(|job| (job.row.phase == Phase::Accepted, job.row.id));
    Ok(claimed)
}

#[async_trait]
impl DispatchStore for SqliteStore {
    async fn claim(&self, limit: u32, lease_ms: u64) -> Result<Vec<ClaimedJob>> {
        let now = int(now_ms());
        // Most looks find nothing, and a reader tells.
        let any: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE {READY} AND not_before_ms <= ?1) \
             OR EXISTS (SELECT 1 FROM jobs WHERE {UNDER_WAY} AND not_before_ms <= ?1)"
        )))
        .bind(now)
        .fetch_one(&self.readers)
        .await?;
        if any == 0 {
            return Ok(Vec::new());
        }
        self.writer.run(move |connection| Box::pin(claim(connection, limit, lease_ms))).await
    }

    async fn apply(&self, change: Change) -> Result<bool> {
        let job = change.job;
        let applied = self
            .writer
            .run(move |connection| Box::pin(async move { apply(connection, &change).await }))
            .await?;
        if applied {
            self.changed([job]);
        }
        Ok(applied)
    }

    async fn release(&self, id: JobId, fence: u64, not_before_ms: u64) -> Result<()> {
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "UPDATE jobs SET lease_until_ms = 0, not_before_ms = ? WHERE id = ? AND fence = ?",
                    )
                    .bind(int(not_before_ms))
                    .bind(id.to_string())
                    .bind(int(fence))
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn expire(&self, failure: Failure) -> Result<Vec<JobId>> {
        let now = now_ms();
        // Looked up by a reader first: most sweeps find nothing and need no write.
        let due: i64 = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE phase IN ('accepted', 'routed', 'proving') AND due_ms < ?)",
        )
        .bind(int(now))
        .fetch_one(&self.readers)
        .await?;
        if due == 0 {
            return Ok(Vec::new());
        }
        let text = to_json("failure", &failure)?;
        let event = to_json("failure", &serde_json::json!({ "failure": failure }))?;
        let jobs = self
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    let rows = sqlx::query(
                        "UPDATE jobs SET phase = 'failed', failure = ?, updated_ms = ?, fence = fence + 1 \
                         WHERE id IN (SELECT id FROM jobs WHERE phase IN ('accepted', 'routed', 'proving') \
                         AND due_ms < ? LIMIT ?) RETURNING id",
                    )
                    .bind(&text)
                    .bind(int(now))
                    .bind(int(now))
                    .bind(SWEEP)
                    .fetch_all(&mut *connection)
                    .await?;
                    let jobs: Vec<JobId> = rows.iter().map(|row| parsed(row, "id")).collect::<Result<_>>()?;
                    for job in &jobs {
                        add_event(connection, *job, now, Phase::Failed, &event).await?;
                        end_open_attempts(connection, *job, now, "overdue").await?;
                    }
                    super::webhooks::announce(connection, &jobs).await?;
                    Ok(jobs)
                })
            })
            .await?;
        self.changed(jobs.iter().copied());
        Ok(jobs)
    }

    async fn twin(&self, row: &JobRow) -> Result<Option<Twin>> {
        let twin = sqlx::query(
            "SELECT id, statement_id, result, opening FROM jobs WHERE digest = ? AND fence > 0 AND id < ? \
             AND phase NOT IN ('failed', 'cancelled') \
             ORDER BY statement_id IS NULL, phase != 'aggregated', id LIMIT 1",
        )
        .bind(&row.digest)
        .bind(row.id.to_string())
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = twin else { return Ok(None) };
        Ok(Some(Twin {
            id: parsed(&row, "id")?,
            statement_id: maybe_parsed(&row, "statement_id")?,
            result: get(&row, "result")?,
            opening: get(&row, "opening")?,
        }))
    }

    async fn recover(&self) -> Result<()> {
        self.writer
            .run(|connection| {
                Box::pin(async move {
                    sqlx::query(
                        "UPDATE jobs SET lease_until_ms = 0 \
                         WHERE phase IN ('accepted', 'routed', 'proving') AND lease_until_ms > 0",
                    )
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn open_jobs(&self) -> Result<u64> {
        let row = sqlx::query("SELECT COUNT(*) FROM jobs WHERE phase IN ('accepted', 'routed', 'proving')")
            .fetch_one(&self.readers)
            .await?;
        count(&row)
    }

    async fn prune(&self) -> Result<()> {
        let now = int(now_ms());
        let before = int(now_ms().saturating_sub(KEPT_MS));
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    for sql in [
                        "DELETE FROM idempotency WHERE created_ms < ?",
                        "DELETE FROM deliveries WHERE state != 'pending' AND created_ms < ?",
                    ] {
                        sqlx::query(sql).bind(before).execute(&mut *connection).await?;
                    }
                    // Claims that have run out, which no leader of this process lets happen.
                    sqlx::query(
                        "UPDATE jobs SET lease_until_ms = 0 WHERE phase IN ('accepted', 'routed', 'proving') \
                         AND lease_until_ms > 0 AND lease_until_ms < ?",
                    )
                    .bind(now)
                    .execute(&mut *connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}

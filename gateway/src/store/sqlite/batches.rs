//! Proofs, batches and receipts.

use async_trait::async_trait;
use sheaf_statement::StatementId;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{QueryBuilder, Sqlite};

use super::dispatch::{add_event, enter};
use super::jobs::paged;
use super::rows::{get, int, maybe_parsed, maybe_uint, named, parsed, small, to_json, uint};
use super::{Result, SqliteStore};
use crate::api::jobs::Failure;
use crate::clock::now_ms;
use crate::ids::{BatchId, JobId};
use crate::store::phase::{NewProof, Phase};
use crate::store::{
    BatchRow, BatchStore, FinishedBatch, MemberRow, NewBatch, NewTask, Paged, ReceiptRow, WaitingProof,
};

const COLUMNS: &str = "id, tier, phase, reason, plan, created_ms, aggregated_ms, size, digest, aggregate_blob, \
     aggregate_sha256";

fn batch_row(row: &SqliteRow) -> Result<BatchRow> {
    Ok(BatchRow {
        id: parsed(row, "id")?,
        tier: named(row, "tier")?,
        phase: get(row, "phase")?,
        reason: get(row, "reason")?,
        plan: get(row, "plan")?,
        created_ms: uint(row, "created_ms")?,
        aggregated_ms: maybe_uint(row, "aggregated_ms")?,
        size: small(row, "size")?,
        digest: get(row, "digest")?,
        aggregate_blob: get(row, "aggregate_blob")?,
        aggregate_sha256: get(row, "aggregate_sha256")?,
    })
}

/// Jobs of a statement in a phase.
async fn jobs_of(
    connection: &mut SqliteConnection,
    statement: StatementId,
    phase: Phase,
) -> Result<Vec<JobId>> {
    let rows = sqlx::query("SELECT id FROM jobs WHERE statement_id = ? AND phase = ?")
        .bind(statement.to_string())
        .bind(phase.name())
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| parsed(row, "id")).collect()
}

/// Stores a task: ready if it waits for no other.
pub(super) async fn insert_task(
    connection: &mut SqliteConnection,
    batch: BatchId,
    task: &NewTask,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO tasks (id, batch_id, position, kind, phase, children, members) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(task.id.to_string())
    .bind(batch.to_string())
    .bind(task.position)
    .bind(task.kind)
    .bind(if task.children.is_empty() { "ready" } else { "blocked" })
    .bind(to_json("children", &task.children)?)
    .bind(to_json("members", &task.members)?)
    .execute(connection)
    .await?;
    Ok(())
}

async fn open(connection: &mut SqliteConnection, batch: &NewBatch) -> Result<Vec<JobId>> {
    sqlx::query(
        "INSERT INTO batches (id, tier, profile, phase, reason, plan, created_ms, size) \
         VALUES (?, ?, ?, 'proving', ?, ?, ?, ?)",
    )
    .bind(batch.id.to_string())
    .bind(batch.tier.to_string())
    .bind(&batch.profile)
    .bind(&batch.reason)
    .bind(&batch.plan)
    .bind(int(batch.created_ms))
    .bind(int(batch.members.len() as u64))
    .execute(&mut *connection)
    .await?;
    for task in &batch.tasks {
        insert_task(connection, batch.id, task).await?;
    }
    let data = format!("{{\"batch\":\"{}\"}}", batch.id);
    let mut touched = Vec::new();
    for (position, statement) in batch.members.iter().enumerate() {
        sqlx::query("INSERT INTO batch_members (batch_id, position, statement_id) VALUES (?, ?, ?)")
            .bind(batch.id.to_string())
            .bind(int(position as u64))
            .bind(statement.to_string())
            .execute(&mut *connection)
            .await?;
        sqlx::query("UPDATE proofs SET batch_id = ? WHERE statement_id = ?")
            .bind(batch.id.to_string())
            .bind(statement.to_string())
            .execute(&mut *connection)
            .await?;
        for job in jobs_of(connection, *statement, Phase::Verified).await? {
            enter(connection, job, batch.created_ms, Phase::Batched, batch.id, &data).await?;
            touched.push(job);
        }
    }
    Ok(touched)
}

async fn finish(connection: &mut SqliteConnection, batch: &FinishedBatch) -> Result<Vec<JobId>> {
    let now = now_ms();
    let (blob, sha256) = batch.aggregate.clone().unzip();
    let ended = sqlx::query(
        "UPDATE batches SET phase = 'aggregated', aggregated_ms = ?, digest = ?, aggregate_blob = ?, \
         aggregate_sha256 = ? WHERE id = ? AND phase = 'proving'",
    )
    .bind(int(now))
    .bind(&batch.digest)
    .bind(blob)
    .bind(sha256)
    .bind(batch.id.to_string())
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if ended == 0 {
        // Finished before, by someone whose answer was lost: once is enough.
        return Ok(Vec::new());
    }
    let data = format!("{{\"batch\":\"{}\"}}", batch.id);
    let mut touched = Vec::new();
    for (statement, document) in &batch.receipts {
        sqlx::query(
            "INSERT INTO receipts (statement_id, batch_id, document) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(statement.to_string())
        .bind(batch.id.to_string())
        .bind(document)
        .execute(&mut *connection)
        .await?;
        for job in jobs_of(connection, *statement, Phase::Batched).await? {
            enter(connection, job, now, Phase::Aggregated, batch.id, &data).await?;
            touched.push(job);
        }
    }
    super::webhooks::announce(connection, &touched).await?;
    Ok(touched)
}

async fn dissolve(
    connection: &mut SqliteConnection,
    id: BatchId,
    bad: &[(StatementId, Failure)],
) -> Result<Vec<JobId>> {
    let now = now_ms();
    let mut touched = Vec::new();
    let dissolved = sqlx::query("UPDATE batches SET phase = 'failed' WHERE id = ? AND phase = 'proving'")
        .bind(id.to_string())
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if dissolved == 0 {
        // It has its receipts, or was taken apart before: its members are nobody's to touch.
        return Ok(touched);
    }
    for (statement, failure) in bad {
        let text = to_json("failure", failure)?;
        let event = to_json("failure", &serde_json::json!({ "failure": failure }))?;
        for job in jobs_of(connection, *statement, Phase::Batched).await? {
            sqlx::query("UPDATE jobs SET phase = 'failed', failure = ?, updated_ms = ? WHERE id = ?")
                .bind(&text)
                .bind(int(now))
                .bind(job.to_string())
                .execute(&mut *connection)
                .await?;
            add_event(connection, job, now, Phase::Failed, &event).await?;
            touched.push(job);
        }
        // The statement may be proven again, with another proof.
        sqlx::query("DELETE FROM proofs WHERE statement_id = ?")
            .bind(statement.to_string())
            .execute(&mut *connection)
            .await?;
    }
    super::webhooks::announce(connection, &touched).await?;
    let rows = sqlx::query("SELECT id FROM jobs WHERE batch_id = ? AND phase = 'batched'")
        .bind(id.to_string())
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        let job: JobId = parsed(row, "id")?;
        sqlx::query("UPDATE jobs SET phase = 'verified', batch_id = NULL, updated_ms = ? WHERE id = ?")
            .bind(int(now))
            .bind(job.to_string())
            .execute(&mut *connection)
            .await?;
        add_event(connection, job, now, Phase::Verified, "{\"batch\":null}").await?;
        touched.push(job);
    }
    for sql in
        ["UPDATE proofs SET batch_id = NULL WHERE batch_id = ?", "DELETE FROM tasks WHERE batch_id = ?"]
    {
        sqlx::query(sql).bind(id.to_string()).execute(&mut *connection).await?;
    }
    Ok(touched)
}

#[async_trait]
impl BatchStore for SqliteStore {
    async fn waiting_proofs(&self, limit: u32) -> Result<Vec<WaitingProof>> {
        let rows = sqlx::query(
            "SELECT p.statement_id, p.tier, p.profile, p.member, p.verified_ms, \
             MIN(j.due_ms) AS due_ms FROM proofs p \
             JOIN jobs j ON j.statement_id = p.statement_id AND j.phase = 'verified' \
             WHERE p.batch_id IS NULL GROUP BY p.statement_id ORDER BY p.verified_ms LIMIT ?",
        )
        .bind(limit)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(WaitingProof {
                    statement_id: parsed(row, "statement_id")?,
                    tier: named(row, "tier")?,
                    profile: get(row, "profile")?,
                    member: get(row, "member")?,
                    verified_ms: uint(row, "verified_ms")?,
                    due_ms: uint(row, "due_ms")?,
                })
            })
            .collect()
    }

    async fn open_batch(&self, batch: NewBatch) -> Result<()> {
        let touched = self
            .writer
            .run(move |connection| Box::pin(async move { open(connection, &batch).await }))
            .await?;
        self.changed(touched);
        Ok(())
    }

    async fn finish_batch(&self, batch: FinishedBatch) -> Result<()> {
        let touched = self
            .writer
            .run(move |connection| Box::pin(async move { finish(connection, &batch).await }))
            .await?;
        self.changed(touched);
        Ok(())
    }

    async fn dissolve_batch(&self, id: BatchId, bad: Vec<(StatementId, Failure)>) -> Result<()> {
        let touched = self
            .writer
            .run(move |connection| Box::pin(async move { dissolve(connection, id, &bad).await }))
            .await?;
        self.changed(touched);
        Ok(())
    }

    async fn batch(&self, id: BatchId) -> Result<Option<BatchRow>> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM batches WHERE id = ?")))
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(batch_row).transpose()
    }

    async fn batches(&self, before: Option<BatchId>, limit: u32) -> Result<Paged<BatchRow>> {
        let mut query = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM batches"));
        if let Some(before) = before {
            query.push(" WHERE id < ").push_bind(before.to_string());
        }
        query.push(" ORDER BY id DESC LIMIT ").push_bind(i64::from(limit) + 1);
        let rows = query.build().fetch_all(&self.readers).await?;
        let items = rows.iter().map(batch_row).collect::<Result<Vec<_>>>()?;
        Ok(paged(items, limit, |row| row.id.to_string()))
    }

    async fn open_batches(&self) -> Result<Vec<BatchId>> {
        let rows = sqlx::query("SELECT id FROM batches WHERE phase = 'proving' ORDER BY id")
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| parsed(row, "id")).collect()
    }

    async fn members(&self, id: BatchId) -> Result<Vec<MemberRow>> {
        let rows = sqlx::query(
            "SELECT m.statement_id, p.statement, p.member, p.blob FROM batch_members m \
             JOIN proofs p ON p.statement_id = m.statement_id WHERE m.batch_id = ? ORDER BY m.position",
        )
        .bind(id.to_string())
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(MemberRow {
                    statement_id: parsed(row, "statement_id")?,
                    statement: get(row, "statement")?,
                    member: get(row, "member")?,
                    blob: get(row, "blob")?,
                })
            })
            .collect()
    }

    async fn receipt(&self, id: StatementId) -> Result<Option<ReceiptRow>> {
        let row = sqlx::query("SELECT batch_id, document FROM receipts WHERE statement_id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok(ReceiptRow { batch: parsed(&row, "batch_id")?, document: get(&row, "document")? }))
            .transpose()
    }

    async fn proof(&self, id: StatementId) -> Result<Option<NewProof>> {
        let row = sqlx::query("SELECT * FROM proofs WHERE statement_id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| {
            Ok(NewProof {
                statement_id: id,
                tier: named(&row, "tier")?,
                system: get(&row, "system")?,
                statement: get(&row, "statement")?,
                member: get(&row, "member")?,
                profile: get(&row, "profile")?,
                blob: get(&row, "blob")?,
                prover: maybe_parsed(&row, "prover")?,
            })
        })
        .transpose()
    }
}

//! Batches on their way to chains, up to where the poster takes over.

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::batches::insert_task;
use super::rows::{get, int, parsed, uint};
use super::tasks::task_row;
use super::{Result, SqliteStore};
use crate::clock::now_ms;
use crate::ids::BatchId;
use crate::store::{NewSettlement, SettlementRow, SettlementStore, TaskRow};

/// Batches without a settlement that are looked at in one go. The condition is that of the index `batches_unsettled`.
pub(super) const UNSETTLED: &str = "SELECT id FROM batches \
     WHERE phase = 'aggregated' AND tier = 'proven' AND settling = 0 ORDER BY id LIMIT 64";

fn settlement_row(row: &SqliteRow) -> Result<SettlementRow> {
    Ok(SettlementRow {
        batch: parsed(row, "batch_id")?,
        phase: get(row, "phase")?,
        document: get(row, "document")?,
        proof_blob: get(row, "proof_blob")?,
        root: get(row, "root")?,
        failure: get(row, "failure")?,
        created_ms: uint(row, "created_ms")?,
        updated_ms: uint(row, "updated_ms")?,
    })
}

async fn open(connection: &mut SqliteConnection, new: &NewSettlement) -> Result<bool> {
    let taken = sqlx::query(
        "UPDATE batches SET settling = 1 \
         WHERE id = ? AND phase = 'aggregated' AND tier = 'proven' AND settling = 0",
    )
    .bind(new.batch.to_string())
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if taken == 0 {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO settlements (batch_id, phase, document, root, created_ms, updated_ms) \
         VALUES (?1, 'proving', ?2, ?3, ?4, ?4)",
    )
    .bind(new.batch.to_string())
    .bind(&new.document)
    .bind(&new.root)
    .bind(int(new.created_ms))
    .execute(&mut *connection)
    .await?;
    insert_task(connection, new.batch, &new.task).await?;
    Ok(true)
}

async fn fail(connection: &mut SqliteConnection, batch: BatchId, failure: &str) -> Result<bool> {
    let failed = sqlx::query(
        "UPDATE settlements SET phase = 'failed', failure = ?, updated_ms = ? \
         WHERE batch_id = ? AND phase IN ('proving', 'posting')",
    )
    .bind(failure)
    .bind(int(now_ms()))
    .bind(batch.to_string())
    .execute(&mut *connection)
    .await?
    .rows_affected();
    if failed == 0 {
        return Ok(false);
    }
    // A task that nobody needs would be leased again and again.
    sqlx::query("DELETE FROM tasks WHERE batch_id = ? AND kind = 'settle' AND phase != 'done'")
        .bind(batch.to_string())
        .execute(connection)
        .await?;
    Ok(true)
}

#[async_trait]
impl SettlementStore for SqliteStore {
    async fn open_settlement(&self, new: NewSettlement) -> Result<bool> {
        self.writer.run(move |connection| Box::pin(async move { open(connection, &new).await })).await
    }

    async fn settlement(&self, batch: BatchId) -> Result<Option<SettlementRow>> {
        let row = sqlx::query("SELECT * FROM settlements WHERE batch_id = ?")
            .bind(batch.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(settlement_row).transpose()
    }

    async fn settling_task(&self, batch: BatchId) -> Result<Option<TaskRow>> {
        let row = sqlx::query("SELECT * FROM tasks WHERE batch_id = ? AND kind = 'settle'")
            .bind(batch.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(task_row).transpose()
    }

    async fn unsettled_batches(&self) -> Result<Vec<BatchId>> {
        let rows = sqlx::query(UNSETTLED).fetch_all(&self.readers).await?;
        rows.iter().map(|row| parsed(row, "id")).collect()
    }

    async fn settlements_in(&self, phase: &str) -> Result<Vec<SettlementRow>> {
        let rows = sqlx::query("SELECT * FROM settlements WHERE phase = ? ORDER BY batch_id")
            .bind(phase)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(settlement_row).collect()
    }

    async fn settlement_proven(&self, batch: BatchId, proof_blob: &str) -> Result<bool> {
        let proof_blob = proof_blob.to_owned();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let proven = sqlx::query(
                        "UPDATE settlements SET phase = 'posting', proof_blob = ?, updated_ms = ? \
                         WHERE batch_id = ? AND phase = 'proving'",
                    )
                    .bind(&proof_blob)
                    .bind(int(now_ms()))
                    .bind(batch.to_string())
                    .execute(connection)
                    .await?;
                    Ok(proven.rows_affected() > 0)
                })
            })
            .await
    }

    async fn settlement_failed(&self, batch: BatchId, failure: &str) -> Result<bool> {
        let failure = failure.to_owned();
        self.writer
            .run(move |connection| Box::pin(async move { fail(connection, batch, &failure).await }))
            .await
    }
}

//! Recursion tasks.

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::rows::{get, int, json, maybe_uint, parsed, small};
use super::{Result, SqliteStore};
use crate::clock::now_ms;
use crate::ids::{BatchId, TaskId};
use crate::store::{TaskRow, TaskStore};

pub(super) fn task_row(row: &SqliteRow) -> Result<TaskRow> {
    Ok(TaskRow {
        id: parsed(row, "id")?,
        batch: parsed(row, "batch_id")?,
        position: small(row, "position")?,
        kind: get(row, "kind")?,
        phase: get(row, "phase")?,
        children: json(row, "children")?,
        members: json(row, "members")?,
        worker: get(row, "worker")?,
        token: get(row, "token")?,
        tries: small(row, "tries")?,
        started_ms: maybe_uint(row, "started_ms")?,
        ended_ms: maybe_uint(row, "ended_ms")?,
        output_blob: get(row, "output_blob")?,
    })
}

/// Leases the first task that is ready or whose lease has expired. A batch's own tasks are for the time while it is being
/// proven; the one that settles it comes after that.
pub(super) const LEASE: &str = "UPDATE tasks SET phase = 'leased', worker = ?, token = ?, lease_until_ms = ?, \
     started_ms = ?, tries = tries + 1 WHERE id = (\
         SELECT t.id FROM tasks t JOIN batches b ON b.id = t.batch_id \
         WHERE b.phase = CASE t.kind WHEN 'settle' THEN 'aggregated' ELSE 'proving' END \
         AND t.phase IN ('ready', 'leased') AND (t.phase = 'ready' OR t.lease_until_ms <= ?) \
         ORDER BY t.batch_id, t.position LIMIT 1) RETURNING *";

async fn finish(
    connection: &mut SqliteConnection,
    id: TaskId,
    token: &str,
    blob: &str,
    cpu_ms: Option<u64>,
) -> Result<bool> {
    let row = sqlx::query(
        "UPDATE tasks SET phase = 'done', output_blob = ?, ended_ms = ?, cpu_ms = ? \
         WHERE id = ? AND token = ? AND phase = 'leased' RETURNING *",
    )
    .bind(blob)
    .bind(int(now_ms()))
    .bind(cpu_ms.map(int))
    .bind(id.to_string())
    .bind(token)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let done = task_row(&row)?;
    // What waited for this one alone can be leased now.
    sqlx::query(
        "UPDATE tasks SET phase = 'ready' WHERE batch_id = ?1 AND phase = 'blocked' AND NOT EXISTS (\
             SELECT 1 FROM json_each(tasks.children) AS child JOIN tasks AS other \
             ON other.batch_id = ?1 AND other.position = child.value WHERE other.phase != 'done')",
    )
    .bind(done.batch.to_string())
    .execute(&mut *connection)
    .await?;
    Ok(true)
}

#[async_trait]
impl TaskStore for SqliteStore {
    async fn lease_task(&self, worker: &str, token: &str, lease_ms: u64) -> Result<Option<TaskRow>> {
        let now = now_ms();
        // Most calls find nothing, and a reader tells.
        let open: i64 = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM tasks WHERE phase IN ('ready', 'leased') \
             AND (phase = 'ready' OR lease_until_ms <= ?))",
        )
        .bind(int(now))
        .fetch_one(&self.readers)
        .await?;
        if open == 0 {
            return Ok(None);
        }
        let (worker, token) = (worker.to_owned(), token.to_owned());
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let row = sqlx::query(LEASE)
                        .bind(&worker)
                        .bind(&token)
                        .bind(int(now + lease_ms))
                        .bind(int(now))
                        .bind(int(now))
                        .fetch_optional(connection)
                        .await?;
                    row.as_ref().map(task_row).transpose()
                })
            })
            .await
    }

    async fn renew_task(&self, id: TaskId, token: &str, lease_ms: u64) -> Result<bool> {
        let token = token.to_owned();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let renewed = sqlx::query(
                        "UPDATE tasks SET lease_until_ms = ? WHERE id = ? AND token = ? AND phase = 'leased'",
                    )
                    .bind(int(now_ms() + lease_ms))
                    .bind(id.to_string())
                    .bind(&token)
                    .execute(connection)
                    .await?;
                    Ok(renewed.rows_affected() > 0)
                })
            })
            .await
    }

    async fn task(&self, id: TaskId) -> Result<Option<TaskRow>> {
        let row = sqlx::query("SELECT * FROM tasks WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(task_row).transpose()
    }

    async fn tasks(&self, batch: BatchId) -> Result<Vec<TaskRow>> {
        let rows =
            sqlx::query("SELECT * FROM tasks WHERE batch_id = ? AND kind != 'settle' ORDER BY position")
                .bind(batch.to_string())
                .fetch_all(&self.readers)
                .await?;
        rows.iter().map(task_row).collect()
    }

    async fn finish_task(&self, id: TaskId, token: &str, blob: &str, cpu_ms: Option<u64>) -> Result<bool> {
        let (token, blob) = (token.to_owned(), blob.to_owned());
        self.writer
            .run(move |connection| {
                Box::pin(async move { finish(connection, id, &token, &blob, cpu_ms).await })
            })
            .await
    }

    async fn return_task(&self, id: TaskId, token: &str) -> Result<bool> {
        let token = token.to_owned();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let returned = sqlx::query(
                        "UPDATE tasks SET phase = 'ready', token = NULL \
                         WHERE id = ? AND token = ? AND phase = 'leased'",
                    )
                    .bind(id.to_string())
                    .bind(&token)
                    .execute(connection)
                    .await?;
                    Ok(returned.rows_affected() > 0)
                })
            })
            .await
    }
}

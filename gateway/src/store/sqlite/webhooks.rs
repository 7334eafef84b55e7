//! Webhooks and their deliveries: an outbox, filled in the transactions that end jobs.

use async_trait::async_trait;
use serde_json::json;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::rows::{get, int, maybe_uint, parsed, small, uint};
use super::{Result, SqliteStore};
use crate::clock::now_ms;
use crate::ids::{JobId, MessageId, WebhookId};
use crate::store::{DeliveryOutcome, DueDelivery, WebhookRow, WebhookStore};

/// Queues a message about each of these jobs for every webhook of its tenant. The jobs have ended.
pub(super) async fn announce(connection: &mut SqliteConnection, jobs: &[JobId]) -> Result<()> {
    if jobs.is_empty() {
        return Ok(());
    }
    let any: i64 =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM webhooks)").fetch_one(&mut *connection).await?;
    if any == 0 {
        return Ok(());
    }
    let now = now_ms();
    for job in jobs {
        let rows = sqlx::query(
            "SELECT w.id AS webhook, j.phase, j.statement_id, j.batch_id, j.tier, j.failure, j.updated_ms \
             FROM jobs j JOIN webhooks w ON w.tenant = j.tenant AND w.disabled_ms IS NULL WHERE j.id = ?",
        )
        .bind(job.to_string())
        .fetch_all(&mut *connection)
        .await?;
        for row in &rows {
            let body = message(*job, row)?;
            sqlx::query(
                "INSERT INTO deliveries (id, webhook, body, state, next_ms, created_ms) \
                 VALUES (?, ?, ?, 'pending', ?, ?)",
            )
            .bind(MessageId::new().to_string())
            .bind(get::<&str>(row, "webhook")?)
            .bind(body)
            .bind(int(now))
            .bind(int(now))
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

fn message(job: JobId, row: &SqliteRow) -> Result<String> {
    let phase: &str = get(row, "phase")?;
    let failure: Option<serde_json::Value> = super::rows::maybe_json(row, "failure")?;
    let body = json!({
        "type": format!("job.{phase}"),
        "timestamp_ms": uint(row, "updated_ms")?,
        "data": {
            "job": job,
            "status": phase,
            "statement_id": get::<Option<&str>>(row, "statement_id")?,
            "batch_id": get::<Option<&str>>(row, "batch_id")?,
            "trust_tier": get::<Option<&str>>(row, "tier")?,
            "failure": failure,
        },
    });
    Ok(body.to_string())
}

fn webhook_row(row: &SqliteRow) -> Result<WebhookRow> {
    Ok(WebhookRow {
        id: parsed(row, "id")?,
        tenant: get(row, "tenant")?,
        url: get(row, "url")?,
        secret: get(row, "secret")?,
        created_ms: uint(row, "created_ms")?,
        disabled_ms: maybe_uint(row, "disabled_ms")?,
        pending: small(row, "pending")?,
        failed: small(row, "failed")?,
    })
}

#[async_trait]
impl WebhookStore for SqliteStore {
    async fn add_webhook(&self, webhook: WebhookRow) -> Result<()> {
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO webhooks (id, tenant, url, secret, created_ms) VALUES (?, ?, ?, ?, ?)",
                    )
                    .bind(webhook.id.to_string())
                    .bind(&webhook.tenant)
                    .bind(&webhook.url)
                    .bind(&webhook.secret)
                    .bind(int(webhook.created_ms))
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn webhooks(&self, tenant: &str) -> Result<Vec<WebhookRow>> {
        let rows = sqlx::query(
            "SELECT w.*, (SELECT COUNT(*) FROM deliveries d WHERE d.webhook = w.id AND d.state = 'pending') \
             AS pending, (SELECT COUNT(*) FROM deliveries d WHERE d.webhook = w.id AND d.state = 'failed') \
             AS failed FROM webhooks w WHERE w.tenant = ? ORDER BY w.id DESC",
        )
        .bind(tenant)
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(webhook_row).collect()
    }

    async fn remove_webhook(&self, tenant: &str, id: WebhookId) -> Result<bool> {
        let tenant = tenant.to_owned();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let removed = sqlx::query("DELETE FROM webhooks WHERE id = ? AND tenant = ?")
                        .bind(id.to_string())
                        .bind(&tenant)
                        .execute(&mut *connection)
                        .await?
                        .rows_affected();
                    if removed > 0 {
                        sqlx::query("DELETE FROM deliveries WHERE webhook = ?")
                            .bind(id.to_string())
                            .execute(&mut *connection)
                            .await?;
                    }
                    Ok(removed > 0)
                })
            })
            .await
    }

    async fn due_deliveries(&self, limit: u32, hold_ms: u64) -> Result<Vec<DueDelivery>> {
        let now = now_ms();
        let due: i64 = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'pending' AND next_ms <= ?)",
        )
        .bind(int(now))
        .fetch_one(&self.readers)
        .await?;
        if due == 0 {
            return Ok(Vec::new());
        }
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let rows = sqlx::query(
                        "UPDATE deliveries SET next_ms = ?1, tries = tries + 1 WHERE id IN (\
                             SELECT id FROM deliveries WHERE state = 'pending' AND next_ms <= ?2 \
                             ORDER BY next_ms LIMIT ?3) \
                         RETURNING id, body, tries, \
                         (SELECT url FROM webhooks w WHERE w.id = webhook) AS url, \
                         (SELECT secret FROM webhooks w WHERE w.id = webhook) AS secret",
                    )
                    .bind(int(now + hold_ms))
                    .bind(int(now))
                    .bind(limit)
                    .fetch_all(connection)
                    .await?;
                    rows.iter()
                        .map(|row| {
                            Ok(DueDelivery {
                                id: parsed(row, "id")?,
                                url: get(row, "url")?,
                                secret: get(row, "secret")?,
                                body: get(row, "body")?,
                                tries: small(row, "tries")?,
                            })
                        })
                        .collect()
                })
            })
            .await
    }

    async fn end_delivery(&self, id: MessageId, outcome: DeliveryOutcome) -> Result<()> {
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let (state, next_ms, code, disable) = match outcome {
                        DeliveryOutcome::Delivered => ("delivered", None, None, false),
                        DeliveryOutcome::Again { at_ms, code } => ("pending", Some(at_ms), Some(code), false),
                        DeliveryOutcome::GivenUp { code, disable } => ("failed", None, Some(code), disable),
                    };
                    sqlx::query(
                        "UPDATE deliveries SET state = ?, next_ms = COALESCE(?, next_ms), last_code = ? \
                         WHERE id = ?",
                    )
                    .bind(state)
                    .bind(next_ms.map(int))
                    .bind(code)
                    .bind(id.to_string())
                    .execute(&mut *connection)
                    .await?;
                    if disable {
                        sqlx::query(
                            "UPDATE webhooks SET disabled_ms = ? \
                             WHERE id = (SELECT webhook FROM deliveries WHERE id = ?)",
                        )
                        .bind(int(now_ms()))
                        .bind(id.to_string())
                        .execute(&mut *connection)
                        .await?;
                    }
                    Ok(())
                })
            })
            .await
    }
}

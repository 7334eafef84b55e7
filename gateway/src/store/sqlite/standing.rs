//! What is remembered of provers.

use async_trait::async_trait;
use sheaf_statement::ProverId;

use super::rows::{get, int, maybe_uint, parsed, small};
use super::{Result, SqliteStore};
use crate::store::{StandingRow, StandingStore};

#[async_trait]
impl StandingStore for SqliteStore {
    async fn standings(&self) -> Result<Vec<(ProverId, StandingRow)>> {
        let rows = sqlx::query("SELECT * FROM prover_standing").fetch_all(&self.readers).await?;
        rows.iter()
            .map(|row| {
                let standing = StandingRow {
                    quarantined_until_ms: maybe_uint(row, "quarantined_until_ms")?,
                    reason: get(row, "reason")?,
                    strikes: small(row, "strikes")?,
                    outcomes: get(row, "outcomes")?,
                    latencies: get(row, "latencies")?,
                };
                Ok((parsed(row, "prover")?, standing))
            })
            .collect()
    }

    async fn save_standing(&self, prover: ProverId, standing: StandingRow) -> Result<()> {
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO prover_standing (prover, quarantined_until_ms, reason, strikes, outcomes, \
                         latencies) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (prover) DO UPDATE SET \
                         quarantined_until_ms = excluded.quarantined_until_ms, reason = excluded.reason, \
                         strikes = excluded.strikes, outcomes = excluded.outcomes, latencies = excluded.latencies",
                    )
                    .bind(prover.as_str())
                    .bind(standing.quarantined_until_ms.map(int))
                    .bind(&standing.reason)
                    .bind(standing.strikes)
                    .bind(&standing.outcomes)
                    .bind(&standing.latencies)
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}

//! Models and programs.

use std::sync::Arc;

use async_trait::async_trait;
use sheaf_adapter::Estimate;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite};
use ulid::Ulid;

use super::jobs::paged;
use super::rows::{get, int, json, maybe_uint, named, parsed, small, to_json, uint};
use super::{Result, SqliteStore};
use crate::clock::now_ms;
use crate::store::{ModelKey, ModelRow, ModelStore, Paged, ProgramOutcome, ProgramRow, StoreError};

const SELECT: &str = "SELECT o.digest, o.scale_bits, o.name, o.created_ms, o.position, m.blob, m.size, \
     m.description FROM model_owners o JOIN models m ON m.digest = o.digest AND m.scale_bits = o.scale_bits ";

fn model_row(row: &SqliteRow) -> Result<ModelRow> {
    Ok(ModelRow {
        key: ModelKey { digest: parsed(row, "digest")?, scale_bits: small(row, "scale_bits")? },
        name: get(row, "name")?,
        created_ms: uint(row, "created_ms")?,
        blob: get(row, "blob")?,
        size: json(row, "size")?,
        description: json(row, "description")?,
    })
}

fn program_row(row: &SqliteRow, model: ModelKey) -> Result<ProgramRow> {
    let vk: Option<&str> = get(row, "vk")?;
    let outcome = match vk {
        Some(_) => ProgramOutcome::Compiled {
            vk: parsed(row, "vk")?,
            key_blob: get(row, "key_blob")?,
            package_blob: get(row, "package_blob")?,
            size: get(row, "size")?,
            estimate: Estimate {
                cpu_ms: maybe_uint(row, "cpu_ms")?.unwrap_or(0),
                latency_ms: maybe_uint(row, "latency_ms")?.unwrap_or(0),
            },
        },
        None => ProgramOutcome::Refused { code: get(row, "code")?, reason: get(row, "reason")? },
    };
    Ok(ProgramRow {
        model,
        visibility: named(row, "visibility")?,
        prover: parsed(row, "prover")?,
        prover_version: get(row, "prover_version")?,
        outcome,
    })
}

#[async_trait]
impl ModelStore for SqliteStore {
    async fn add_model(&self, tenant: &str, model: ModelRow) -> Result<bool> {
        let tenant = tenant.to_owned();
        let key = (tenant.clone(), model.key);
        let added = self
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO models (digest, scale_bits, blob, size, description, created_ms) \
                         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    )
                    .bind(model.key.digest.to_string())
                    .bind(model.key.scale_bits)
                    .bind(&model.blob)
                    .bind(to_json("size", &model.size)?)
                    .bind(to_json("description", &model.description)?)
                    .bind(int(model.created_ms))
                    .execute(&mut *connection)
                    .await?;
                    let known: i64 = sqlx::query_scalar(
                        "SELECT COUNT(*) FROM model_owners WHERE tenant = ? AND digest = ? AND scale_bits = ?",
                    )
                    .bind(&tenant)
                    .bind(model.key.digest.to_string())
                    .bind(model.key.scale_bits)
                    .fetch_one(&mut *connection)
                    .await?;
                    sqlx::query(
                        "INSERT INTO model_owners (tenant, digest, scale_bits, name, created_ms, position) \
                         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET name = COALESCE(excluded.name, name)",
                    )
                    .bind(&tenant)
                    .bind(model.key.digest.to_string())
                    .bind(model.key.scale_bits)
                    .bind(&model.name)
                    .bind(int(model.created_ms))
                    .bind(Ulid::generate().to_string())
                    .execute(&mut *connection)
                    .await?;
                    Ok(known == 0)
                })
            })
            .await?;
        self.models.invalidate(&key);
        Ok(added)
    }

    async fn model(&self, tenant: &str, key: ModelKey) -> Result<Option<Arc<ModelRow>>> {
        let cached = (tenant.to_owned(), key);
        if let Some(row) = self.models.get(&cached) {
            return Ok(Some(row));
        }
        let row = sqlx::query(sqlx::AssertSqlSafe(format!(
            "{SELECT} WHERE o.tenant = ? AND o.digest = ? AND o.scale_bits = ?"
        )))
        .bind(tenant)
        .bind(key.digest.to_string())
        .bind(key.scale_bits)
        .fetch_optional(&self.readers)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let row = Arc::new(model_row(&row)?);
        // A model never changes but for its name, which a stale entry may show until it is evicted by the next write.
        self.models.insert(cached, Arc::clone(&row));
        Ok(Some(row))
    }

    async fn models(&self, tenant: &str, before: Option<String>, limit: u32) -> Result<Paged<ModelRow>> {
        let mut query = QueryBuilder::<Sqlite>::new(format!("{SELECT} WHERE o.tenant = "));
        query.push_bind(tenant);
        if let Some(before) = before {
            query.push(" AND o.position < ").push_bind(before);
        }
        query.push(" ORDER BY o.position DESC LIMIT ").push_bind(i64::from(limit) + 1);
        let rows = query.build().fetch_all(&self.readers).await?;
        let items = rows
            .iter()
            .map(|row| Ok((get::<String>(row, "position")?, model_row(row)?)))
            .collect::<Result<Vec<_>>>()?;
        let page = paged(items, limit, |(position, _)| position.clone());
        Ok(Paged { items: page.items.into_iter().map(|(_, row)| row).collect(), next: page.next })
    }

    async fn programs(&self, key: ModelKey) -> Result<Arc<Vec<ProgramRow>>> {
        if let Some(rows) = self.programs.get(&key) {
            return Ok(rows);
        }
        let rows = sqlx::query("SELECT * FROM programs WHERE digest = ? AND scale_bits = ?")
            .bind(key.digest.to_string())
            .bind(key.scale_bits)
            .fetch_all(&self.readers)
            .await?;
        let rows: Vec<_> = rows.iter().map(|row| program_row(row, key)).collect::<Result<_>>()?;
        let rows = Arc::new(rows);
        self.programs.insert(key, Arc::clone(&rows));
        Ok(rows)
    }

    async fn add_program(&self, program: ProgramRow) -> Result<()> {
        let key = program.model;
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let query = sqlx::query(
                        "INSERT INTO programs (digest, scale_bits, visibility, prover, prover_version, vk, \
                         key_blob, package_blob, size, cpu_ms, latency_ms, code, reason, created_ms) \
                         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    )
                    .bind(program.model.digest.to_string())
                    .bind(program.model.scale_bits)
                    .bind(program.visibility.name())
                    .bind(program.prover.as_str())
                    .bind(&program.prover_version);
                    let none = || None::<String>;
                    let query = match &program.outcome {
                        ProgramOutcome::Compiled { vk, key_blob, package_blob, size, estimate } => query
                            .bind(vk.to_string())
                            .bind(key_blob)
                            .bind(package_blob)
                            .bind(size)
                            .bind(int(estimate.cpu_ms))
                            .bind(int(estimate.latency_ms))
                            .bind(none())
                            .bind(none()),
                        ProgramOutcome::Refused { code, reason } => query
                            .bind(none())
                            .bind(none())
                            .bind(none())
                            .bind(none())
                            .bind(None::<i64>)
                            .bind(None::<i64>)
                            .bind(code)
                            .bind(reason),
                    };
                    query.bind(int(now_ms())).execute(connection).await?;
                    Ok::<(), StoreError>(())
                })
            })
            .await?;
        self.programs.invalidate(&key);
        Ok(())
    }
}

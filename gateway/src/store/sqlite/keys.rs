//! API keys.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;

use super::rows::{get, int, maybe_uint, parsed, uint};
use super::{Result, SqliteStore};
use crate::api::keys::Scope;
use crate::clock::now_ms;
use crate::ids::KeyId;
use crate::store::{KeyRow, KeyStore, StoreError};

fn key_row(row: &SqliteRow) -> Result<KeyRow> {
    let scopes: &str = get(row, "scopes")?;
    let scope = |name: &str| {
        Scope::ALL
            .into_iter()
            .find(|scope| scope.name() == name)
            .ok_or_else(|| StoreError::Damaged { what: "scopes", reason: format!("unknown scope {name:?}") })
    };
    Ok(KeyRow {
        id: parsed(row, "id")?,
        name: get(row, "name")?,
        tenant: get(row, "tenant")?,
        scopes: scopes.split(',').map(scope).collect::<Result<_>>()?,
        created_ms: uint(row, "created_ms")?,
        expires_ms: maybe_uint(row, "expires_ms")?,
        revoked_ms: maybe_uint(row, "revoked_ms")?,
    })
}

#[async_trait]
impl KeyStore for SqliteStore {
    async fn add_key(&self, key: KeyRow, hash: [u8; 32]) -> Result<()> {
        let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
        let scopes = scopes.join(",");
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO api_keys (id, hash, name, tenant, scopes, created_ms, expires_ms) \
                         VALUES (?, ?, ?, ?, ?, ?, ?)",
                    )
                    .bind(key.id.to_string())
                    .bind(hash.as_slice())
                    .bind(&key.name)
                    .bind(&key.tenant)
                    .bind(&scopes)
                    .bind(int(key.created_ms))
                    .bind(key.expires_ms.map(int))
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    async fn key_by_hash(&self, hash: [u8; 32]) -> Result<Option<KeyRow>> {
        let row = sqlx::query("SELECT * FROM api_keys WHERE hash = ?")
            .bind(hash.as_slice())
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(key_row).transpose()
    }

    async fn keys(&self, tenant: &str) -> Result<Vec<KeyRow>> {
        let rows = sqlx::query("SELECT * FROM api_keys WHERE tenant = ? ORDER BY id DESC")
            .bind(tenant)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(key_row).collect()
    }

    async fn revoke_key(&self, tenant: &str, id: KeyId) -> Result<Option<KeyRow>> {
        let tenant = tenant.to_owned();
        self.writer
            .run(move |connection| {
                Box::pin(async move {
                    let row = sqlx::query(
                        "UPDATE api_keys SET revoked_ms = COALESCE(revoked_ms, ?) \
                         WHERE id = ? AND tenant = ? RETURNING *",
                    )
                    .bind(int(now_ms()))
                    .bind(id.to_string())
                    .bind(&tenant)
                    .fetch_optional(connection)
                    .await?;
                    row.as_ref().map(key_row).transpose()
                })
            })
            .await
    }

    async fn has_keys(&self) -> Result<bool> {
        let found: i64 =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM api_keys)").fetch_one(&self.readers).await?;
        Ok(found != 0)
    }
}

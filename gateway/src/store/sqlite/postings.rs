//! Batches on chains, and the transactions that put them there: what the poster needs kept.
//!
//! What the poster's rules refuse is no failure of the store. A refusal travels as a value, and nothing is written before
//! one: the transaction around it goes through.

use alloy::primitives::{Address, B256, Bytes, FixedBytes};
use async_trait::async_trait;
use sheaf_settlement::poster::{
    Attempt, ChainName, Fate, Intent, PosterStore, Posting, PostingKey, PostingState,
    StoreError as PosterStoreError,
};
use sqlx::sqlite::{SqliteArguments, SqliteConnection, SqliteRow};
use sqlx::{Sqlite, query::Query};

use super::rows::{get, int, json, maybe_uint, parsed, small, to_json, uint};
use super::writer::Running;
use super::{Result, SqliteStore, StoreError};

/// What the poster is told.
type Answer<T> = std::result::Result<T, PosterStoreError>;

fn failed(error: impl Into<StoreError>) -> PosterStoreError {
    PosterStoreError::Failed(Box::new(error.into()))
}

/// The name by which a state is found.
fn phase(state: &PostingState) -> &'static str {
    match state {
        PostingState::Waiting { .. } => "waiting",
        PostingState::Sent { .. } => "sent",
        PostingState::Included { .. } => "included",
        PostingState::Safe { .. } => "safe",
        PostingState::Final { .. } => "final",
        PostingState::Failed { .. } => "failed",
    }
}

fn bytes(row: &SqliteRow, column: &'static str) -> Result<Bytes> {
    get::<Vec<u8>>(row, column).map(Bytes::from)
}

fn key(row: &SqliteRow) -> Result<PostingKey> {
    Ok(PostingKey { chain: parsed(row, "chain")?, root: parsed(row, "root")? })
}

fn posting_row(row: &SqliteRow) -> Result<Posting> {
    Ok(Posting {
        intent: Intent {
            key: key(row)?,
            chain_id: parsed(row, "chain_id")?,
            registry: parsed(row, "registry")?,
            size: small(row, "size")?,
            selector: parsed::<FixedBytes<4>>(row, "selector")?.0,
            batch: bytes(row, "batch")?,
            batch_digest: parsed(row, "batch_digest")?,
            deadline_ms: maybe_uint(row, "deadline_ms")?,
            created_at_ms: uint(row, "created_ms")?,
        },
        state: json(row, "state")?,
        revision: uint(row, "revision")?,
    })
}

fn attempt_row(row: &SqliteRow) -> Result<Attempt> {
    Ok(Attempt {
        key: key(row)?,
        signer: parsed(row, "signer")?,
        nonce: parsed(row, "nonce")?,
        transaction: parsed(row, "hash")?,
        raw: bytes(row, "raw")?,
        gas_limit: parsed(row, "gas_limit")?,
        max_fee_wei: parsed(row, "max_fee_wei")?,
        max_tip_wei: parsed(row, "max_tip_wei")?,
        signed_at_ms: uint(row, "signed_ms")?,
        fate: fate(row)?,
    })
}

fn fate(row: &SqliteRow) -> Result<Fate> {
    match get::<&str>(row, "fate")? {
        "pending" => Ok(Fate::Pending),
        "superseded" => Ok(Fate::Superseded),
        "mined" => Ok(Fate::Mined {
            block: parsed(row, "block")?,
            success: uint(row, "success")? != 0,
            gas_used: parsed(row, "gas_used")?,
            price_wei: parsed(row, "price_wei")?,
            seen_at_ms: uint(row, "seen_ms")?,
        }),
        other => Err(StoreError::Damaged { what: "fate", reason: format!("there is no {other:?}") }),
    }
}

/// Binds the columns `fate, block, success, gas_used, price_wei, seen_ms`.
fn bind_fate<'q>(
    query: Query<'q, Sqlite, SqliteArguments>,
    fate: &Fate,
) -> Query<'q, Sqlite, SqliteArguments> {
    let none = || None::<String>;
    let unmined = |name: &'static str| (name, none(), None, none(), none(), None);
    let (name, block, success, gas_used, price_wei, seen_ms) = match fate {
        Fate::Pending => unmined("pending"),
        Fate::Superseded => unmined("superseded"),
        Fate::Mined { block, success, gas_used, price_wei, seen_at_ms } => (
            "mined",
            Some(block.to_string()),
            Some(*success),
            Some(gas_used.to_string()),
            Some(price_wei.to_string()),
            Some(int(*seen_at_ms)),
        ),
    };
    query.bind(name).bind(block).bind(success).bind(gas_used).bind(price_wei).bind(seen_ms)
}

async fn submit(connection: &mut SqliteConnection, intent: &Intent) -> Result<Answer<Posting>> {
    let known = sqlx::query("SELECT * FROM postings WHERE chain = ? AND root = ?")
        .bind(intent.key.chain.as_str())
        .bind(intent.key.root.to_string())
        .fetch_optional(&mut *connection)
        .await?;
    let revision = match known.as_ref().map(posting_row).transpose()? {
        None => 0,
        Some(known) => {
            let conflict = |what| Ok(Err(PosterStoreError::Conflict { key: intent.key.clone(), what }));
            if known.intent.chain_id != intent.chain_id {
                return conflict("chain id");
            }
            if known.intent.registry != intent.registry {
                return conflict("registry");
            }
            if !matches!(known.state, PostingState::Failed { .. }) {
                return Ok(Ok(known));
            }
            known.revision + 1
        }
    };
    let state = PostingState::Waiting { reason: None };
    let row = sqlx::query(
        "INSERT OR REPLACE INTO postings (chain, root, phase, state, revision, chain_id, registry, size, selector, \
         batch_digest, deadline_ms, created_ms, batch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING *",
    )
    .bind(intent.key.chain.as_str())
    .bind(intent.key.root.to_string())
    .bind(phase(&state))
    .bind(to_json("state", &state)?)
    .bind(int(revision))
    .bind(intent.chain_id.to_string())
    .bind(intent.registry.to_string())
    .bind(intent.size)
    .bind(FixedBytes(intent.selector).to_string())
    .bind(intent.batch_digest.to_string())
    .bind(intent.deadline_ms.map(int))
    .bind(int(intent.created_at_ms))
    .bind(&intent.batch[..])
    .fetch_one(connection)
    .await?;
    posting_row(&row).map(Ok)
}

async fn advance(
    connection: &mut SqliteConnection,
    key: &PostingKey,
    revision: u64,
    state: &PostingState,
) -> Result<Answer<u64>> {
    let changed = sqlx::query(
        "UPDATE postings SET phase = ?, state = ?, revision = revision + 1 \
         WHERE chain = ? AND root = ? AND revision = ? RETURNING revision",
    )
    .bind(phase(state))
    .bind(to_json("state", state)?)
    .bind(key.chain.as_str())
    .bind(key.root.to_string())
    .bind(int(revision))
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(row) = changed {
        return uint(&row, "revision").map(Ok);
    }
    let known = sqlx::query("SELECT revision FROM postings WHERE chain = ? AND root = ?")
        .bind(key.chain.as_str())
        .bind(key.root.to_string())
        .fetch_optional(connection)
        .await?;
    let key = key.clone();
    Ok(Err(match known {
        Some(row) => PosterStoreError::Stale { key, expected: revision, got: uint(&row, "revision")? },
        None => PosterStoreError::Missing { key },
    }))
}

async fn record_attempt(
    connection: &mut SqliteConnection,
    revision: u64,
    attempt: &Attempt,
) -> Result<Answer<u64>> {
    let state = PostingState::Sent { nonce: attempt.nonce };
    let next = match advance(connection, &attempt.key, revision, &state).await? {
        Ok(next) => next,
        Err(refused) => return Ok(Err(refused)),
    };
    // Signing is deterministic: after a reorganisation, the same terms give the transaction that is there already.
    let query = sqlx::query(
        "INSERT INTO posting_attempts (chain, root, signer, nonce, hash, gas_limit, max_fee_wei, max_tip_wei, \
         signed_ms, raw, fate, block, success, gas_used, price_wei, seen_ms) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (chain, hash) DO UPDATE SET \
         signed_ms = excluded.signed_ms, fate = excluded.fate, block = excluded.block, \
         success = excluded.success, gas_used = excluded.gas_used, price_wei = excluded.price_wei, \
         seen_ms = excluded.seen_ms",
    )
    .bind(attempt.key.chain.as_str())
    .bind(attempt.key.root.to_string())
    .bind(attempt.signer.to_string())
    .bind(attempt.nonce.to_string())
    .bind(attempt.transaction.to_string())
    .bind(attempt.gas_limit.to_string())
    .bind(attempt.max_fee_wei.to_string())
    .bind(attempt.max_tip_wei.to_string())
    .bind(int(attempt.signed_at_ms))
    .bind(&attempt.raw[..]);
    bind_fate(query, &attempt.fate).execute(connection).await?;
    Ok(Ok(next))
}

impl SqliteStore {
    /// Runs an operation that the poster's rules may refuse.
    async fn run_posting<T, F>(&self, operation: F) -> Answer<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Running<'c, Answer<T>> + Send + 'static,
    {
        self.writer.run(operation).await.map_err(failed)?
    }

    async fn select_attempts(&self, query: Query<'_, Sqlite, SqliteArguments>) -> Answer<Vec<Attempt>> {
        let rows = query.fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(|row| attempt_row(row).map_err(failed)).collect()
    }
}

#[async_trait]
impl PosterStore for SqliteStore {
    async fn submit(&self, intent: &Intent) -> Answer<Posting> {
        let intent = intent.clone();
        self.run_posting(move |connection| Box::pin(async move { submit(connection, &intent).await })).await
    }

    async fn posting(&self, key: &PostingKey) -> Answer<Option<Posting>> {
        let row = sqlx::query("SELECT * FROM postings WHERE chain = ? AND root = ?")
            .bind(key.chain.as_str())
            .bind(key.root.to_string())
            .fetch_optional(&self.readers)
            .await
            .map_err(failed)?;
        row.as_ref().map(posting_row).transpose().map_err(failed)
    }

    async fn open(&self, chain: &ChainName) -> Answer<Vec<Posting>> {
        let rows = sqlx::query(
            "SELECT * FROM postings WHERE chain = ? AND phase NOT IN ('final', 'failed') \
             ORDER BY created_ms, root",
        )
        .bind(chain.as_str())
        .fetch_all(&self.readers)
        .await
        .map_err(failed)?;
        rows.iter().map(|row| posting_row(row).map_err(failed)).collect()
    }

    async fn advance(&self, key: &PostingKey, revision: u64, state: &PostingState) -> Answer<u64> {
        let (key, state) = (key.clone(), state.clone());
        self.run_posting(move |connection| {
            Box::pin(async move { advance(connection, &key, revision, &state).await })
        })
        .await
    }

    async fn record_attempt(&self, revision: u64, attempt: &Attempt) -> Answer<u64> {
        let attempt = attempt.clone();
        self.run_posting(move |connection| {
            Box::pin(async move { record_attempt(connection, revision, &attempt).await })
        })
        .await
    }

    async fn attempts(&self, key: &PostingKey) -> Answer<Vec<Attempt>> {
        let query = sqlx::query("SELECT * FROM posting_attempts WHERE chain = ? AND root = ? ORDER BY n")
            .bind(key.chain.as_str())
            .bind(key.root.to_string());
        self.select_attempts(query).await
    }

    async fn pending_attempts(&self, chain: &ChainName, signer: Address) -> Answer<Vec<Attempt>> {
        let query = sqlx::query(
            "SELECT * FROM posting_attempts WHERE chain = ? AND signer = ? AND fate = 'pending' ORDER BY n",
        )
        .bind(chain.as_str())
        .bind(signer.to_string());
        self.select_attempts(query).await
    }

    async fn mined_since(&self, chain: &ChainName, signer: Address, since_ms: u64) -> Answer<Vec<Attempt>> {
        let query = sqlx::query(
            "SELECT * FROM posting_attempts \
             WHERE chain = ? AND signer = ? AND fate = 'mined' AND seen_ms >= ? ORDER BY n",
        )
        .bind(chain.as_str())
        .bind(signer.to_string())
        .bind(int(since_ms));
        self.select_attempts(query).await
    }

    async fn set_fate(&self, chain: &ChainName, transaction: B256, fate: &Fate) -> Answer<()> {
        let (chain, fate) = (chain.clone(), fate.clone());
        self.run_posting(move |connection| {
            Box::pin(async move {
                let query = sqlx::query(
                    "UPDATE posting_attempts SET fate = ?, block = ?, success = ?, gas_used = ?, \
                     price_wei = ?, seen_ms = ? WHERE chain = ? AND hash = ?",
                );
                bind_fate(query, &fate)
                    .bind(chain.as_str())
                    .bind(transaction.to_string())
                    .execute(connection)
                    .await?;
                Ok(Ok(()))
            })
        })
        .await
    }
}

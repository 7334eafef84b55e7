//! The embedded store: one SQLite file in WAL mode with `synchronous=FULL`, and one gateway.
//!
//! All writes go through one connection (`writer`), which commits whatever has queued up while the last commit was
//! being synced: a durable write costs a share of an fsync. Reads have connections of their own and see the last commit.
//! Small caches in front of the hottest reads are dropped by the writes that change what they hold, before those writes
//! return; they are never the truth.

mod batches;
mod dispatch;
mod jobs;
mod keys;
mod models;
mod postings;
mod rows;
mod settlements;
mod standing;
mod tasks;
mod webhooks;
mod writer;

#[cfg(test)]
mod settlement_tests;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use moka::sync::Cache;
use rustix::fs::{FlockOperation, flock};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::broadcast;

use super::{JobRow, ModelRow, ProgramRow, StoreError};
use crate::ids::JobId;
use writer::Writer;

type Result<T> = std::result::Result<T, StoreError>;

/// How long a store that is in use is waited for: a gateway that has just ended may be about to let go of it, and so may
/// a child that it had just forked, which holds the lock until it runs its program.
const LETTING_GO: Duration = Duration::from_secs(1);
/// Connections for reading.
const READERS: u32 = 4;
/// Jobs in the cache.
const CACHED_JOBS: u64 = 32_768;
/// Models in the cache.
const CACHED_MODELS: u64 = 256;
/// Notices of changed jobs that a slow listener can be behind; past that it looks at the store.
const CHANGES: usize = 4096;

/// The embedded store.
#[derive(Debug)]
pub(crate) struct SqliteStore {
    writer: Writer,
    readers: SqlitePool,
    jobs: Cache<JobId, Arc<JobRow>>,
    models: Cache<(String, super::ModelKey), Arc<ModelRow>>,
    programs: Cache<super::ModelKey, Arc<Vec<ProgramRow>>>,
    changes: broadcast::Sender<JobId>,
    /// Held, with its lock, for as long as the store is.
    _lock: fs::File,
}

impl SqliteStore {
    /// Opens the store in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another process has it open; other variants if it cannot be used.
    pub(crate) async fn open(folder: &Path) -> Result<Self> {
        let lock = lock(folder).await?;
        let options = SqliteConnectOptions::new()
            .filename(folder.join("sheaf.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            // Sub-journals of savepoints and sorts: in memory, not in files that are made and removed each time.
            .pragma("temp_store", "MEMORY")
            .busy_timeout(Duration::from_secs(10))
            .statement_cache_capacity(512);
        let writer = Writer::start(&options).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options.read_only(true).create_if_missing(false))
            .await?;
        Ok(Self {
            writer,
            readers,
            jobs: Cache::new(CACHED_JOBS),
            models: Cache::new(CACHED_MODELS),
            programs: Cache::new(CACHED_MODELS),
            changes: broadcast::channel(CHANGES).0,
            _lock: lock,
        })
    }

    /// Says that jobs have changed: called after the commit and before the write returns.
    fn changed(&self, jobs: impl IntoIterator<Item = JobId>) {
        for job in jobs {
            self.jobs.invalidate(&job);
            // Nobody listening is fine.
            let _ = self.changes.send(job);
        }
    }
}

async fn lock(folder: &Path) -> Result<fs::File> {
    let error = |e: std::io::Error| StoreError::Folder {
        folder: folder.display().to_string(),
        reason: e.to_string(),
    };
    make_private(folder).map_err(error)?;
    let file = fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join("lock"))
        .map_err(error)?;
    let until = tokio::time::Instant::now() + LETTING_GO;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(file),
            Err(rustix::io::Errno::WOULDBLOCK) if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(StoreError::Locked { folder: folder.display().to_string() });
            }
            Err(errno) => return Err(error(errno.into())),
        }
    }
}

/// The folder holds secrets: hashes of keys, webhook secrets, private inputs.
fn make_private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    if !folder.exists() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

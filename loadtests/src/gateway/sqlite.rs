//! Plain SQLite: the rows that the gateway wrote, inserted again by nothing but the database.
//!
//! The tables and indexes are the gateway's own, copied from its database, and so are the rows, from memory: what is
//! measured is SQLite's own work and its syncs, in WAL mode with `synchronous=FULL`.

use std::path::Path;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use crate::BenchError;

/// What inserting came to.
#[derive(Debug)]
pub(crate) struct Inserted {
    pub(crate) what: &'static str,
    pub(crate) group: usize,
    pub(crate) rows: usize,
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) commits: usize,
}

/// Which of the gateway's tables are filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tables {
    /// The jobs alone, without secondary indexes.
    Bare,
    /// Jobs and their events, with every index that the gateway keeps.
    Whole,
}

/// Inserts `rows` rows of a gateway's database in groups of each size, for `most` time each.
pub(crate) fn run(
    database: &Path,
    folder: &Path,
    groups: &[usize],
    rows: usize,
    most: Duration,
) -> Result<Vec<Inserted>, BenchError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| BenchError::Io { what: "runtime".to_owned(), source })?;
    let mut all = Vec::new();
    for tables in [Tables::Bare, Tables::Whole] {
        for group in groups {
            let path = folder.join(format!("{tables:?}-{group}.db"));
            let inserted = runtime.block_on(insert(database, &path, tables, *group, rows, most));
            all.push(inserted.map_err(BenchError::step("plain SQLite"))?);
        }
    }
    Ok(all)
}

async fn insert(
    database: &Path,
    path: &Path,
    tables: Tables,
    group: usize,
    rows: usize,
    most: Duration,
) -> sqlx::Result<Inserted> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .connect()
        .await?;
    prepare(&mut connection, database, tables, rows).await?;
    let jobs = "INSERT INTO main.jobs SELECT * FROM source.jobs WHERE rowid BETWEEN ? AND ?";
    let events = "INSERT INTO main.job_events SELECT * FROM source.job_events WHERE rowid BETWEEN ? AND ?";
    let (cpu, began) = (ProcessTime::now(), Instant::now());
    let (mut done, mut commits) = (0, 0);
    while done + group <= rows && began.elapsed() < most {
        let (first, last) = (done as i64 + 1, (done + group) as i64);
        if tables == Tables::Bare && group == 1 {
            sqlx::query(jobs).bind(first).bind(last).execute(&mut connection).await?;
        } else {
            sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await?;
            sqlx::query(jobs).bind(first).bind(last).execute(&mut connection).await?;
            if tables == Tables::Whole {
                sqlx::query(events).bind(first).bind(last).execute(&mut connection).await?;
            }
            sqlx::query("COMMIT").execute(&mut connection).await?;
        }
        done += group;
        commits += 1;
    }
    let (wall, cpu) = (began.elapsed(), cpu.elapsed());
    connection.close().await?;
    let what = match tables {
        Tables::Bare => "job row, no secondary index",
        Tables::Whole => "job and event rows, the gateway's indexes",
    };
    Ok(Inserted { what, group, rows: done, wall, cpu, commits })
}

/// Makes the tables, and copies rows into memory.
async fn prepare(
    connection: &mut SqliteConnection,
    database: &Path,
    tables: Tables,
    rows: usize,
) -> sqlx::Result<()> {
    sqlx::query("ATTACH ? AS gateway").bind(database.display().to_string()).execute(&mut *connection).await?;
    let found = sqlx::query(
        "SELECT type, sql FROM gateway.sqlite_schema WHERE tbl_name IN ('jobs', 'job_events') AND sql IS NOT NULL \
         ORDER BY type = 'index'",
    )
    .fetch_all(&mut *connection)
    .await?;
    for row in found {
        let (kind, sql): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if kind == "table" || tables == Tables::Whole {
            sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await?;
        }
    }
    for sql in [
        "ATTACH ':memory:' AS source".to_owned(),
        // The latest, which have not been led anywhere, in the order in which they came.
        format!(
            "CREATE TABLE source.jobs AS SELECT * FROM \
             (SELECT * FROM gateway.jobs ORDER BY id DESC LIMIT {rows}) ORDER BY id"
        ),
        "CREATE TABLE source.job_events AS SELECT e.* FROM source.jobs j \
         JOIN gateway.job_events e ON e.job = j.id AND e.seq = 1 ORDER BY j.rowid"
            .to_owned(),
        "DETACH gateway".to_owned(),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    }
    Ok(())
}

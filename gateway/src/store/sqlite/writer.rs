//! Group commit: one connection, one task, as many operations a transaction as have queued up.
//!
//! An operation runs inside a savepoint, so that one which fails takes nothing of its neighbours along. Its answer is
//! sent after the commit; if the commit fails, every operation of the group has failed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, oneshot};

use super::jobs::{self, AcceptRequest};
use super::{Result, StoreError};

/// Operations that can wait for the next transaction; more wait with their callers.
const QUEUE: usize = 8192;
/// Most operations in one transaction.
const GROUP: usize = 1024;

/// A future of an operation, borrowing the connection.
pub(super) type Running<'c, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'c>>;

/// An operation with its answer already wired: says whether it worked, and what to call when the commit is through.
type Operation = Box<
    dyn for<'c> FnOnce(&'c mut SqliteConnection) -> Running<'c, Box<dyn FnOnce(Result<()>) + Send>> + Send,
>;

enum Request {
    /// Accepted jobs are written many at a time.
    Accept(Box<AcceptRequest>),
    Run(Operation, oneshot::Sender<StoreError>),
}

/// The only writer of the database.
pub(super) struct Writer {
    requests: mpsc::Sender<Request>,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer")
    }
}

impl Writer {
    /// Opens the database, brings it up to date and starts the task.
    pub(super) async fn start(options: &SqliteConnectOptions) -> Result<Self> {
        let mut connection = options.clone().connect().await?;
        sqlx::migrate!("src/store/migrations")
            .run_direct(None, &mut connection, false)
            .await
            .map_err(|error| StoreError::Database { reason: error.to_string() })?;
        let (requests, queue) = mpsc::channel(QUEUE);
        tokio::spawn(serve(connection, queue));
        Ok(Self { requests })
    }

    /// Accepts a job with whatever else is waiting.
    pub(super) async fn accept(&self, request: AcceptRequest) -> Result<()> {
        self.requests.send(Request::Accept(Box::new(request))).await.map_err(|_| StoreError::Closed)
    }

    /// Runs an operation in the next transaction and returns once that is durable.
    pub(super) async fn run<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> Running<'c, T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let (failure, failed) = oneshot::channel();
        let wired: Operation = Box::new(move |connection| {
            Box::pin(async move {
                let value = operation(connection).await?;
                let finish: Box<dyn FnOnce(Result<()>) + Send> = Box::new(move |committed: Result<()>| {
                    // The caller may have gone; the write stands all the same.
                    let _ = answer.send(committed.map(|()| value));
                });
                Ok(finish)
            })
        });
        self.requests.send(Request::Run(wired, failure)).await.map_err(|_| StoreError::Closed)?;
        tokio::select! {
            biased;
            Ok(result) = answered => result,
            Ok(error) = failed => Err(error),
            else => Err(StoreError::Closed),
        }
    }
}

async fn serve(mut connection: SqliteConnection, mut queue: mpsc::Receiver<Request>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut group, GROUP).await > 0 {
        metrics::histogram!("sheaf_store_group_size").record(group.len() as f64);
        commit(&mut connection, group.drain(..)).await;
    }
    // Checkpoints the log, so that the next start finds it short.
    let _ = connection.close().await;
}

async fn commit(connection: &mut SqliteConnection, group: impl Iterator<Item = Request>) {
    let mut accepts = Vec::new();
    let mut operations = Vec::new();
    for request in group {
        match request {
            Request::Accept(accept) => accepts.push(*accept),
            Request::Run(operation, failure) => operations.push((operation, failure)),
        }
    }
    if let Err(error) = execute(connection, "BEGIN IMMEDIATE").await {
        accepts.into_iter().for_each(|accept| accept.fail(error.clone()));
        for (_, failure) in operations {
            let _ = failure.send(error.clone());
        }
        return;
    }
    let mut finishers: Vec<Box<dyn FnOnce(Result<()>) + Send>> = Vec::with_capacity(operations.len() + 1);
    if !accepts.is_empty() {
        finishers.push(jobs::accept_all(connection, accepts).await);
    }
    for (operation, failure) in operations {
        match in_savepoint(connection, operation).await {
            Ok(finish) => finishers.push(finish),
            Err(error) => {
                let _ = failure.send(error);
            }
        }
    }
    let committed = execute(connection, "COMMIT").await;
    if committed.is_err() {
        let _ = execute(connection, "ROLLBACK").await;
    }
    for finish in finishers {
        finish(committed.clone());
    }
}

async fn in_savepoint(
    connection: &mut SqliteConnection,
    operation: Operation,
) -> Result<Box<dyn FnOnce(Result<()>) + Send>> {
    execute(connection, "SAVEPOINT operation").await?;
    match operation(&mut *connection).await {
        Ok(finish) => {
            execute(connection, "RELEASE operation").await?;
            Ok(finish)
        }
        Err(error) => {
            execute(connection, "ROLLBACK TO operation").await?;
            execute(connection, "RELEASE operation").await?;
            Err(error)
        }
    }
}

pub(super) async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> Result<()> {
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

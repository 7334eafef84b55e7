//! Workers: processes that prove recursion tasks.
//!
//! [`work`] is such a process's life; it speaks to the gateway as anyone's worker would. [`supervise`] keeps one of the
//! gateway's own running, which differs from others in one thing: it ends when its parent does.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cpu_time::ProcessTime;
use sheaf_aggregator::documents::Document;
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_aggregator::work::{TaskDocument, prove_task};
use sheaf_client::Client;
use sheaf_client::tasks::{Lease, LeaseRequest, TaskFailure, TaskOutcome};
use sheaf_plonky2::engine::FastEngine;

use crate::app::App;
use crate::refusal::Refusal;
use crate::settling::task::{self, SettleTask, Tools};

/// How long a worker waits for a task before it asks again, in milliseconds.
const WAIT_MS: u64 = 15_000;
/// Pause after an answer that cannot be had.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest pause before a worker that ends is started again.
const MAX_RESTART_PAUSE: Duration = Duration::from_secs(30);
/// The variable in which a worker gets its key.
pub(crate) const TOKEN_VARIABLE: &str = "SHEAF_TOKEN";

/// Leases and proves tasks for as long as the process lives.
///
/// # Errors
/// If the gateway refuses the key: asking again would not help.
pub(crate) async fn work(
    client: &Client,
    name: &str,
    circuits: Arc<CircuitsByProfile>,
) -> Result<(), Refusal> {
    let tools = Arc::new(Tools::default());
    loop {
        let request = LeaseRequest { worker: name.to_owned(), wait_ms: Some(WAIT_MS) };
        match client.lease_task(&request).await {
            Ok(Some(lease)) => prove(client, lease, Arc::clone(&circuits), Arc::clone(&tools)).await,
            Ok(None) => {}
            Err(error) if error.problem().is_some_and(|p| matches!(p.status, 401 | 403)) => {
                return Err(Refusal::new(&error));
            }
            Err(error) => {
                tracing::warn!(%error, "cannot lease a task");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn prove(client: &Client, lease: Lease, circuits: Arc<CircuitsByProfile>, tools: Arc<Tools>) {
    let began = ProcessTime::now();
    let document = lease.document.get().as_bytes().to_vec();
    let proving = tokio::task::spawn_blocking(move || prove_document(&document, &circuits, &tools));
    let beat = Duration::from_millis((lease.lease_ms / 3).max(500));
    tokio::pin!(proving);
    let outcome = loop {
        tokio::select! {
            outcome = &mut proving => break outcome,
            () = tokio::time::sleep(beat) => {
                if let Err(error) = client.heartbeat(&lease.task, &lease.token).await {
                    // Proving cannot be stopped; if the lease is lost, its result is refused.
                    tracing::warn!(task = %lease.task, %error, "heartbeat failed");
                }
            }
        }
    };
    let outcome = outcome.unwrap_or_else(|error| {
        TaskOutcome::Failure(TaskFailure {
            code: "SH-WRK-000".to_owned(),
            message: format!("prover stopped: {error}"),
            member: None,
        })
    });
    let cpu_ms = u64::try_from(began.elapsed().as_millis()).ok();
    match client.return_task(&lease.task, &lease.token, &outcome, cpu_ms).await {
        Ok(()) => tracing::info!(task = %lease.task, cpu_ms, "task returned"),
        Err(error) => tracing::warn!(task = %lease.task, %error, "cannot return a task"),
    }
}

/// What every task's document says first.
#[derive(serde::Deserialize)]
struct Versioned {
    version: String,
}

fn prove_document(bytes: &[u8], circuits: &CircuitsByProfile, tools: &Tools) -> TaskOutcome {
    let is_settlement = serde_json::from_slice::<Versioned>(bytes)
        .is_ok_and(|versioned| versioned.version == "sheaf/settle/v1");
    if is_settlement {
        return settle_document(bytes, circuits, tools);
    }
    let task = match TaskDocument::from_json(bytes) {
        Ok(task) => task,
        Err(error) => return failure(&Refusal::new(&error), None),
    };
    let progress = |message: &str| tracing::debug!("{message}");
    match prove_task(&task, circuits.get(task.profile), &FastEngine::new(), &progress) {
        Ok(proof) => TaskOutcome::Proof(STANDARD.encode(proof)),
        Err(error) => {
            let member = error.refused_proof().and_then(|index| u32::try_from(index).ok());
            failure(&Refusal::new(&error), member)
        }
    }
}

fn settle_document(bytes: &[u8], circuits: &CircuitsByProfile, tools: &Tools) -> TaskOutcome {
    let task: SettleTask = match serde_json::from_slice(bytes) {
        Ok(task) => task,
        Err(error) => return failure(&Refusal::new(&error), None),
    };
    match task::prove(&task, circuits, tools, &|message| tracing::debug!("{message}")) {
        Ok(proof) => TaskOutcome::Proof(STANDARD.encode(proof)),
        Err(refusal) => failure(&refusal, None),
    }
}

fn failure(refusal: &Refusal, member: Option<u32>) -> TaskOutcome {
    TaskOutcome::Failure(TaskFailure {
        code: refusal.code.chars().take(32).collect(),
        message: refusal.message.chars().take(1000).collect(),
        member,
    })
}

/// Ends the process when standard input ends: whoever started it holds the other end, and is gone.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
}

/// Keeps a worker of the gateway's own running.
pub(crate) async fn supervise(app: Arc<App>, url: String, index: usize) {
    let mut pause = PAUSE;
    loop {
        let mut child = match start(&app, &url, index) {
            Ok(child) => child,
            Err(error) => {
                tracing::error!(%error, "cannot start a worker");
                return;
            }
        };
        // Held for as long as the worker is to live: `wait` would close it, and the worker would end.
        let _held = child.stdin.take();
        let began = std::time::Instant::now();
        tokio::select! {
            () = app.shutdown.cancelled() => {
                let _ = child.kill().await;
                return;
            }
            status = child.wait() => {
                tracing::warn!(worker = index, ?status, "worker ended, another is started");
            }
        }
        // One that lived for a while starts the next without delay.
        pause = if began.elapsed() > MAX_RESTART_PAUSE { PAUSE } else { (pause * 2).min(MAX_RESTART_PAUSE) };
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

fn start(app: &App, url: &str, index: usize) -> std::io::Result<tokio::process::Child> {
    let program = match &app.config.program {
        Some(program) => program.clone(),
        None => std::env::current_exe()?,
    };
    tokio::process::Command::new(program)
        .args(["worker", "--url", url, "--name", &format!("local-{index}"), "--attached"])
        // Not on the command line, which every user of the machine can read.
        .env(TOKEN_VARIABLE, app.keys.local_secret())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
}

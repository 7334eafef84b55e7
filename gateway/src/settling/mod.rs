//! Settlement: an aggregated batch onto chains.
//!
//! ```text
//! aggregated batch ─▶ plan ─▶ task for a worker ─▶ [verified] ─▶ a poster for each chain ─▶ included ─▶ safe ─▶ final
//! ```
//!
//! What is left to do follows from the store alone: the settlement of a batch is `proving`, `posting` or `failed`, and
//! its postings are the poster's records. A batch is planned once; where it stands on a chain is never more than the chain
//! itself says.
//!
//! | module | owns |
//! |---|---|
//! | here | the loop, from one step to the next |
//! | `plan` | what of a batch goes on chain, and in which order |
//! | `task` | wrapping, at a worker |
//! | `chains` | chains and their contracts |
//! | [`check`] | asking a chain about a receipt |
//! | [`keys`] | Groth16 keys |
//! | `view` | what is told about it |

pub(crate) mod chains;
pub(crate) mod check;
pub(crate) mod keys;
pub(crate) mod plan;
pub(crate) mod task;
pub(crate) mod view;

use std::sync::Arc;
use std::time::Duration;

use sheaf_settlement::batch::BatchCalldata;
use sheaf_settlement::poster::{Event, Submission};
use sheaf_wrap::{encoding, groth16};

use self::chains::Settler;
use self::plan::SettlementPlan;
use crate::app::App;
use crate::clock::now_ms;
use crate::ids::{BatchId, TaskId};
use crate::refusal::Refusal;
use crate::store::{NewSettlement, NewTask, SettlementRow, StoreError, TaskRow};

/// Kind of the task that wraps a batch.
pub(crate) const TASK_KIND: &str = "settle";
/// How often chains are looked at.
const TICK: Duration = Duration::from_millis(500);

/// Settles batches until the gateway shuts down.
pub(crate) async fn run(app: Arc<App>) {
    let Some(settler) = app.settler.clone() else { return };
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(refusal) = step(&app, &settler).await {
            tracing::error!(code = %refusal.code, message = %refusal.message, "settlement is held up");
        }
    }
}

async fn step(app: &App, settler: &Settler) -> Result<(), Refusal> {
    for batch in app.store.unsettled_batches().await? {
        open(app, settler, batch).await?;
    }
    for row in app.store.settlements_in("proving").await? {
        take_proof(app, &row).await?;
    }
    for row in app.store.settlements_in("posting").await? {
        submit(app, settler, &row).await?;
    }
    for poster in &settler.posters {
        match poster.step(now_ms()).await {
            Ok(events) => events.iter().for_each(|event| tell(poster.config().name.as_str(), event)),
            Err(error) => tracing::error!(chain = %poster.config().name, %error, "cannot post"),
        }
    }
    Ok(())
}

/// Plans a batch's settlement, and has a worker wrap it.
async fn open(app: &App, settler: &Settler, id: BatchId) -> Result<(), Refusal> {
    let plan = plan::make(app, id).await?;
    let position = app.store.tasks(id).await?.len();
    let task = NewTask {
        id: TaskId::new(),
        position: u32::try_from(position).unwrap_or(u32::MAX),
        kind: TASK_KIND,
        children: Vec::new(),
        members: Vec::new(),
    };
    let new = NewSettlement {
        batch: id,
        document: encode("settlement", &plan)?,
        root: plan.root.clone(),
        task,
        created_ms: now_ms(),
    };
    if app.store.open_settlement(new).await? {
        tracing::info!(batch = %id, root = %plan.root, chains = settler.posters.len(), "settlement");
        app.tasks.notify_waiters();
    }
    Ok(())
}

/// The task as it travels to a worker.
pub(crate) async fn document(app: &App, task: &TaskRow) -> Result<String, Refusal> {
    let settler = app.settler.as_ref().ok_or_else(|| damaged("settlement is off, but has a task"))?;
    let row = app.store.settlement(task.batch).await?.ok_or_else(|| damaged("task without a settlement"))?;
    let plan = decode(&row)?;
    let task = plan::task(app, task.batch, &plan, &settler.key_digest).await?;
    Ok(encode("task", &task)?)
}

/// Verifies what a worker returned, which then counts.
pub(crate) async fn verify(app: &App, task: &TaskRow, proof: &[u8]) -> Result<(), Refusal> {
    let settler = app.settler.as_ref().ok_or_else(|| damaged("settlement is off, but has a task"))?;
    let row = app.store.settlement(task.batch).await?.ok_or_else(|| damaged("task without a settlement"))?;
    let batch = decode(&row)?.calldata(proof)?;
    let decoded = encoding::decode(proof)?;
    let inputs = batch.public_inputs().map(chains::field);
    if groth16::verify(&settler.verifying_key, &inputs, &decoded) {
        return Ok(());
    }
    Err(Refusal { code: "SH-WRP-007".to_owned(), message: "Groth16 proof does not verify".to_owned() })
}

/// A task that nobody can prove.
pub(crate) async fn give_up(app: &App, batch: BatchId, why: &str) -> Result<(), Refusal> {
    tracing::error!(%batch, why, "settlement is given up");
    let failure = serde_json::json!({ "code": "SH-BAT-002", "message": why });
    app.store.settlement_failed(batch, &failure.to_string()).await?;
    Ok(())
}

/// Notes the proof that a worker's task has come to.
async fn take_proof(app: &App, row: &SettlementRow) -> Result<(), Refusal> {
    let Some(task) = app.store.settling_task(row.batch).await? else { return Ok(()) };
    if let Some(blob) = task.output_blob {
        app.store.settlement_proven(row.batch, &blob).await?;
    }
    Ok(())
}

/// Hands a wrapped batch to every chain's poster that has not got it.
async fn submit(app: &App, settler: &Settler, row: &SettlementRow) -> Result<(), Refusal> {
    let plan = decode(row)?;
    let root = plan.root()?;
    for poster in &settler.posters {
        if poster.posting(root).await?.is_some() {
            continue;
        }
        let proof = app.blobs.get(row.proof_blob.as_deref().unwrap_or_default()).await?;
        let batch: BatchCalldata = plan.calldata(&proof)?;
        let submission = Submission::of_batch(&batch, settler.selector, None);
        poster.submit(&submission, now_ms()).await?;
        tracing::info!(batch = %row.batch, chain = %poster.config().name, %root, "submitted");
    }
    Ok(())
}

fn tell(chain: &str, event: &Event) {
    match event {
        Event::Waiting { root, waiting } => {
            tracing::info!(chain, %root, code = %waiting.code, why = %waiting.why, "waiting");
        }
        Event::Trouble { root, code, why } => tracing::warn!(chain, ?root, code, why, "trouble"),
        Event::Failed { root, code, why } => tracing::error!(chain, %root, code, why, "posting failed"),
        other => tracing::info!(chain, event = ?other, "posting"),
    }
}

fn decode(row: &SettlementRow) -> Result<SettlementPlan, StoreError> {
    serde_json::from_str(&row.document)
        .map_err(|error| StoreError::Damaged { what: "settlement", reason: error.to_string() })
}

fn encode<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged { what, reason: error.to_string() })
}

fn damaged(reason: &str) -> StoreError {
    StoreError::Damaged { what: "settlement", reason: reason.to_owned() }
}

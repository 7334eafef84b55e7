//! Batches: verified proofs into receipts.
//!
//! ```text
//! verified proofs ─▶ close::reason ─▶ open batch ─┬ proven:   plan ─▶ tasks, leased to workers ─▶ aggregate ─▶ receipts
//!                                                 └ attested: signed by the operator ─────────────────────▶ receipts
//! ```
//!
//! A batch is of one tier, and a proven one of one security profile. What is left to do for a batch follows from the
//! store alone, so that [`advance`] can be called at any time, by anyone, any number of times.
//!
//! | module | owns |
//! |---|---|
//! | here | opening batches and ending them |
//! | `close` | when a batch closes |
//! | [`tasks`] | leasing tasks and taking their proofs |

mod close;
pub(crate) mod tasks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use sheaf_aggregator::attest::attest;
use sheaf_aggregator::plan::{BatchPlan, Member};
use sheaf_plonky2::Profile;
use sheaf_statement::{Statement, TrustTier};

use crate::app::App;
use crate::clock::now_ms;
use crate::ids::{BatchId, TaskId};
use crate::refusal::Refusal;
use crate::store::{BatchRow, FinishedBatch, MemberRow, NewBatch, NewTask, StoreError, WaitingProof};
use close::Waiting;

/// How often the store is looked at when nobody says that there is something.
const TICK: Duration = Duration::from_millis(250);
/// Waiting proofs that are looked at in one go.
const LOOK: u32 = 8192;
/// Time that proving a batch takes before any was observed, in milliseconds.
const FIRST_AGGREGATION_MS: u64 = 15_000;

/// Opens and ends batches until the gateway shuts down.
pub(crate) async fn run(app: Arc<App>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // What a gateway before this one left unfinished.
    advance_all(&app).await;
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = app.batches.notified() => {}
            _ = tick.tick() => {}
        }
        if let Err(error) = open_due(&app).await {
            tracing::error!(%error, "cannot open batches");
        }
        advance_all(&app).await;
    }
}

async fn advance_all(app: &App) {
    let open = match app.store.open_batches().await {
        Ok(open) => open,
        Err(error) => return tracing::error!(%error, "cannot list open batches"),
    };
    for id in open {
        if let Err(refusal) = advance(app, id).await {
            tracing::error!(batch = %id, code = %refusal.code, message = %refusal.message, "cannot advance a batch");
        }
    }
}

/// A kind of batch: what may be in it together.
type Kind = (bool, Option<String>);

async fn open_due(app: &Arc<App>) -> Result<(), StoreError> {
    let mut kinds: BTreeMap<Kind, Vec<WaitingProof>> = BTreeMap::new();
    for proof in app.store.waiting_proofs(LOOK).await? {
        let kind = (proof.tier == TrustTier::Proven, proof.profile.clone());
        kinds.entry(kind).or_default().push(proof);
    }
    let config = &app.config.batch;
    for ((proven, _), mut proofs) in kinds {
        loop {
            let waiting = Waiting {
                count: proofs.len(),
                oldest_ms: proofs.iter().map(|proof| proof.verified_ms).min().unwrap_or(0),
                due_ms: proofs.iter().map(|proof| proof.due_ms).min().unwrap_or(u64::MAX),
            };
            let aggregating_ms = match proven {
                true => app.standings.aggregation().map_or(FIRST_AGGREGATION_MS, |seen| seen.p90_ms),
                false => 0,
            };
            let Some(reason) = close::reason(&waiting, config, aggregating_ms, now_ms()) else { break };
            let rest = proofs.split_off(proofs.len().min(config.max_size));
            open(app, proofs, reason.to_string()).await?;
            proofs = rest;
        }
    }
    Ok(())
}

async fn open(app: &Arc<App>, proofs: Vec<WaitingProof>, reason: String) -> Result<(), StoreError> {
    let Some(first) = proofs.first() else { return Ok(()) };
    let mut batch = NewBatch {
        id: BatchId::new(),
        tier: first.tier,
        profile: first.profile.clone(),
        reason,
        created_ms: now_ms(),
        plan: None,
        members: proofs.iter().map(|proof| proof.statement_id).collect(),
        tasks: Vec::new(),
    };
    if batch.tier == TrustTier::Proven {
        let members: Vec<Member> =
            proofs.iter().map(|p| member(p.member.as_deref())).collect::<Result<_, _>>()?;
        let plan = plan(app, members).await?;
        batch.tasks = (0..plan.tasks.len()).map(|index| new_task(&plan, index)).collect();
        batch.plan = Some(encode("plan", &plan)?);
    }
    tracing::info!(batch = %batch.id, size = batch.members.len(), tier = %batch.tier, why = %batch.reason, "batch");
    metrics::histogram!("sheaf_batch_size").record(batch.members.len() as f64);
    app.store.open_batch(batch).await?;
    app.tasks.notify_waiters();
    Ok(())
}

fn new_task(plan: &BatchPlan, index: usize) -> NewTask {
    use sheaf_aggregator::plan::TaskKind;
    let small = |index: usize| u32::try_from(index).unwrap_or(u32::MAX);
    let (kind, members) = match &plan.tasks[index].kind {
        TaskKind::Leaf { members, .. } => ("leaf", members.iter().copied().map(small).collect()),
        TaskKind::Node { .. } => ("node", Vec::new()),
        TaskKind::Root { .. } => ("root", Vec::new()),
    };
    let children = plan.dependencies(index).into_iter().map(small).collect();
    NewTask { id: TaskId::new(), position: small(index), kind, children, members }
}

/// Plans on a thread that may block: the leaf of a rare shape is laid out to count its slots.
async fn plan(app: &Arc<App>, members: Vec<Member>) -> Result<BatchPlan, StoreError> {
    let app = Arc::clone(app);
    let failed = |reason: String| StoreError::Damaged { what: "plan", reason };
    tokio::task::spawn_blocking(move || {
        let profile = members.first().map_or(Profile::Standard, |member| member.shape.profile);
        BatchPlan::new(&members, app.circuits.get(profile))
    })
    .await
    .map_err(|error| failed(error.to_string()))?
    .map_err(|error| failed(error.to_string()))
}

/// Does what can be done for an open batch: ends it if everything is there.
///
/// # Errors
/// If the store fails, or something that was checked before does not hold.
pub(crate) async fn advance(app: &App, id: BatchId) -> Result<(), Refusal> {
    let Some(batch) = app.store.batch(id).await? else { return Ok(()) };
    if batch.phase != "proving" {
        return Ok(());
    }
    let finished = match batch.tier {
        TrustTier::Attested => Some(sign(app, &batch).await?),
        TrustTier::Proven => assemble(app, &batch).await?,
    };
    let Some(finished) = finished else { return Ok(()) };
    let size = finished.receipts.len();
    app.store.finish_batch(finished).await?;
    if batch.tier == TrustTier::Proven {
        app.standings.aggregated(now_ms().saturating_sub(batch.created_ms));
    }
    tracing::info!(batch = %id, size, tier = %batch.tier, "batch has its receipts");
    Ok(())
}

/// Signs an attested batch.
async fn sign(app: &App, batch: &BatchRow) -> Result<FinishedBatch, Refusal> {
    let statements: Vec<Statement> = app
        .store
        .members(batch.id)
        .await?
        .iter()
        .map(|row| decode("statement", &row.statement))
        .collect::<Result<_, _>>()?;
    // Signing is deterministic and the time is the batch's own: done twice, it gives the same bytes.
    let documents = attest(&statements, batch.created_ms, &app.operator)?;
    let digest = documents.first().map(|document| document.batch.root.to_string()).unwrap_or_default();
    let receipts = documents
        .iter()
        .map(|document| {
            Ok((
                document.statement_id,
                serde_json::to_string(document).map_err(|e| damaged("attestation", &e))?,
            ))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(FinishedBatch { id: batch.id, digest, aggregate: None, receipts })
}

/// The aggregate and the receipts of a proven batch, if its root is proven.
async fn assemble(app: &App, batch: &BatchRow) -> Result<Option<FinishedBatch>, Refusal> {
    let tasks = app.store.tasks(batch.id).await?;
    let Some(root) = tasks.last().and_then(|task| task.output_blob.as_deref()) else { return Ok(None) };
    let proof = app.blobs.get(root).await?;
    let plan: BatchPlan = decode("plan", batch.plan.as_deref().unwrap_or_default())?;
    let members = batch_members(&app.store.members(batch.id).await?)?;
    let result = plan.assemble(&members, proof)?;
    let sha256 = sheaf_aggregator::documents::Sha256Digest::of(&result.aggregate_bytes).to_string();
    let blob = app.blobs.put(result.aggregate_bytes).await?;
    let receipts = result
        .receipts
        .iter()
        .map(|receipt| {
            Ok((receipt.statement_id, serde_json::to_string(receipt).map_err(|e| damaged("receipt", &e))?))
        })
        .collect::<Result<_, StoreError>>()?;
    let digest = result.aggregate.batch.to_string();
    Ok(Some(FinishedBatch { id: batch.id, digest, aggregate: Some((blob, sha256)), receipts }))
}

fn batch_members(rows: &[MemberRow]) -> Result<Vec<Member>, StoreError> {
    rows.iter().map(|row| member(row.member.as_deref())).collect()
}

fn member(text: Option<&str>) -> Result<Member, StoreError> {
    decode("member", text.unwrap_or_default())
}

fn decode<T: serde::de::DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| damaged(what, &error))
}

fn encode<T: serde::Serialize>(what: &'static str, value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| damaged(what, &error))
}

fn damaged(what: &'static str, error: &serde_json::Error) -> StoreError {
    StoreError::Damaged { what, reason: error.to_string() }
}

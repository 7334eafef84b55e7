//! The gateway's durable state, behind traits by noun.
//!
//! | module | owns |
//! |---|---|
//! | here | the traits and the rows that pass through them |
//! | `phase` | the phases of a job, and legal steps between them |
//! | `sqlite` | the embedded store: WAL, `synchronous=FULL`, group commit |
//! | `blobs` | files named by their SHA-256 |
//!
//! Every method is one transaction, and durable when it returns. What several methods do together must be correct after
//! a crash between any two of them.

pub(crate) mod blobs;
pub(crate) mod phase;
pub(crate) mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sheaf_adapter::{Estimate, ModelSize};
use sheaf_model::Postprocess;
use sheaf_policies::{MicroUsd, Objective};
use sheaf_statement::{InputVisibility, ModelDigest, ProverId, StatementId, TrustTier, VkDigest};
use tokio::sync::broadcast;

use crate::api::jobs::Failure;
use crate::api::keys::Scope;
use crate::ids::{BatchId, JobId, KeyId, MessageId, TaskId, WebhookId};
use phase::{Change, Phase};

/// The store could not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    /// The database failed.
    #[error("[SH-STO-001] database failed: {reason}")]
    Database { reason: String },
    /// A row does not decode: written by another version, or damaged.
    #[error("[SH-STO-002] stored {what} cannot be read: {reason}")]
    Damaged { what: &'static str, reason: String },
    /// A blob is missing or is not what its name says.
    #[error("[SH-STO-003] blob {name} cannot be read: {reason}")]
    Blob { name: String, reason: String },
    /// The store is shutting down.
    #[error("[SH-STO-004] store is closed")]
    Closed,
    /// Another gateway has this folder.
    #[error("[SH-STO-005] {folder} is in use by another gateway: one store belongs to one gateway at a time")]
    Locked { folder: String },
    /// The folder cannot be used.
    #[error("[SH-STO-006] cannot use {folder}: {reason}")]
    Folder { folder: String, reason: String },
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database { reason: error.to_string() }
    }
}

type Result<T> = std::result::Result<T, StoreError>;

/// A model at a scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelKey {
    pub(crate) digest: ModelDigest,
    pub(crate) scale_bits: u32,
}

/// What a job is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Subject {
    /// An inference of a model.
    Inference { model: ModelKey },
    /// A proof that was brought: the blob with its document.
    Proof { blob: String },
}

/// What was asked for, normalised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobSpec {
    pub(crate) subject: Subject,
    pub(crate) visibility: InputVisibility,
    pub(crate) objective: Objective,
    pub(crate) min_tier: TrustTier,
    pub(crate) max_price: Option<MicroUsd>,
    pub(crate) label: Option<String>,
}

/// A job to accept.
#[derive(Debug, Clone)]
pub(crate) struct NewJob {
    pub(crate) id: JobId,
    pub(crate) tenant: String,
    pub(crate) created_ms: u64,
    pub(crate) due_ms: u64,
    pub(crate) spec: JobSpec,
    /// Fixed-point input, as JSON; none for a brought proof.
    pub(crate) input: Option<String>,
    /// Equal for identical jobs of one tenant.
    pub(crate) digest: String,
    /// Idempotency key and the fingerprint of the request under it.
    pub(crate) idempotency: Option<(String, [u8; 32])>,
}

impl NewJob {
    /// The job as it is right after it was accepted.
    pub(crate) fn into_row(self) -> JobRow {
        JobRow {
            id: self.id,
            tenant: self.tenant,
            phase: Phase::Accepted,
            created_ms: self.created_ms,
            updated_ms: self.created_ms,
            due_ms: self.due_ms,
            spec: self.spec,
            digest: self.digest,
            prover: None,
            price: None,
            tier: None,
            statement_id: None,
            batch_id: None,
            reused_from: None,
            result: None,
            opening: None,
            failure: None,
            fence: 0,
        }
    }
}

/// What became of a job to accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It is stored.
    Created,
    /// The same request was accepted before, as this job.
    Replayed(JobId),
    /// Its idempotency key belongs to another request.
    KeyReused,
}

/// A job as stored, without its input.
#[derive(Debug, Clone)]
pub(crate) struct JobRow {
    pub(crate) id: JobId,
    pub(crate) tenant: String,
    pub(crate) phase: Phase,
    pub(crate) created_ms: u64,
    pub(crate) updated_ms: u64,
    pub(crate) due_ms: u64,
    pub(crate) spec: JobSpec,
    pub(crate) digest: String,
    pub(crate) prover: Option<ProverId>,
    pub(crate) price: Option<MicroUsd>,
    pub(crate) tier: Option<TrustTier>,
    pub(crate) statement_id: Option<StatementId>,
    pub(crate) batch_id: Option<BatchId>,
    pub(crate) reused_from: Option<JobId>,
    pub(crate) result: Option<String>,
    pub(crate) opening: Option<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) fence: u64,
}

/// One event of a job.
#[derive(Debug, Clone)]
pub(crate) struct EventRow {
    pub(crate) seq: u64,
    pub(crate) at_ms: u64,
    pub(crate) phase: Phase,
    pub(crate) data: String,
}

/// One attempt of a job.
#[derive(Debug, Clone)]
pub(crate) struct AttemptRow {
    pub(crate) id: String,
    pub(crate) prover: String,
    pub(crate) started_ms: u64,
    pub(crate) ended_ms: Option<u64>,
    pub(crate) outcome: String,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
}

/// A prover that is out for a job.
#[derive(Debug, Clone)]
pub(crate) struct ExclusionRow {
    pub(crate) prover: ProverId,
    pub(crate) count: u32,
    pub(crate) code: String,
    /// Whether trying again can never help; else it is the last resort.
    pub(crate) is_final: bool,
}

/// A claimed job with what driving it takes.
#[derive(Debug, Clone)]
pub(crate) struct ClaimedJob {
    pub(crate) row: JobRow,
    pub(crate) input: Option<String>,
    pub(crate) exclusions: Vec<ExclusionRow>,
    /// The attempt that was running when the last leader of this job was lost.
    pub(crate) open_attempt: Option<AttemptRow>,
}

/// A page of rows and where the next begins.
#[derive(Debug, Clone)]
pub(crate) struct Paged<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// An earlier job that is identical to one.
#[derive(Debug, Clone)]
pub(crate) struct Twin {
    pub(crate) id: JobId,
    pub(crate) statement_id: Option<StatementId>,
    pub(crate) result: Option<String>,
    pub(crate) opening: Option<String>,
}

/// Jobs: accepting, reading.
#[async_trait]
pub(crate) trait JobStore: Send + Sync {
    /// Stores a job, unless its idempotency key is taken.
    async fn accept(&self, job: NewJob) -> Result<Accepted>;
    /// A tenant's job.
    async fn job(&self, tenant: &str, id: JobId) -> Result<Option<Arc<JobRow>>>;
    /// A tenant's jobs, newest first.
    async fn jobs(
        &self,
        tenant: &str,
        phase: Option<Phase>,
        before: Option<JobId>,
        limit: u32,
    ) -> Result<Paged<JobRow>>;
    /// A job's events after a sequence number.
    async fn events(&self, id: JobId, after: u64) -> Result<Vec<EventRow>>;
    /// A job's decisions and attempts.
    async fn route(&self, id: JobId) -> Result<(Vec<Vec<u8>>, Vec<AttemptRow>)>;
    /// Ends a job on request. `None` if there is none; the phase it is in afterwards otherwise.
    async fn cancel(&self, tenant: &str, id: JobId) -> Result<Option<Phase>>;
    /// Told the id of every job that changed.
    fn changes(&self) -> broadcast::Receiver<JobId>;
}

/// Jobs: leading them on.
#[async_trait]
pub(crate) trait DispatchStore: Send + Sync {
    /// Leases jobs that wait to be led on, oldest first.
    async fn claim(&self, limit: u32, lease_ms: u64) -> Result<Vec<ClaimedJob>>;
    /// Applies a step. `false` if the job is no longer where the step begins: the caller has lost it.
    async fn apply(&self, change: Change) -> Result<bool>;
    /// Gives a claimed job back, to be claimed again from a time on.
    async fn release(&self, id: JobId, fence: u64, not_before_ms: u64) -> Result<()>;
    /// Fails what is past its due time and has no verified proof.
    async fn expire(&self, failure: Failure) -> Result<Vec<JobId>>;
    /// The best identical job before this one: one with a proof, else one under way.
    async fn twin(&self, row: &JobRow) -> Result<Option<Twin>>;
    /// Voids the leases of a process that is gone. Called once, before anything is claimed.
    async fn recover(&self) -> Result<()>;
    /// Jobs that are accepted, routed or proving.
    async fn open_jobs(&self) -> Result<u64>;
    /// Forgets idempotency keys and ended deliveries that are older than what is promised.
    async fn prune(&self) -> Result<()>;
}

/// A model as stored.
#[derive(Debug, Clone)]
pub(crate) struct ModelRow {
    pub(crate) key: ModelKey,
    pub(crate) name: Option<String>,
    pub(crate) created_ms: u64,
    /// Blob of the quantised model.
    pub(crate) blob: String,
    pub(crate) size: ModelSize,
    pub(crate) description: ModelDescription,
}

/// What is said of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelDescription {
    pub(crate) input_shape: Vec<u32>,
    pub(crate) output_shape: Vec<u32>,
    pub(crate) postprocess: Postprocess,
    pub(crate) error_bound_unit_inputs: Option<f64>,
}

/// A program as stored: a model compiled by a prover, or refused by it.
#[derive(Debug, Clone)]
pub(crate) struct ProgramRow {
    pub(crate) model: ModelKey,
    pub(crate) visibility: InputVisibility,
    pub(crate) prover: ProverId,
    pub(crate) prover_version: String,
    pub(crate) outcome: ProgramOutcome,
}

/// What compiling gave.
#[derive(Debug, Clone)]
pub(crate) enum ProgramOutcome {
    /// A program.
    Compiled { vk: VkDigest, key_blob: String, package_blob: String, size: String, estimate: Estimate },
    /// A refusal.
    Refused { code: String, reason: String },
}

/// Models and programs.
#[async_trait]
pub(crate) trait ModelStore: Send + Sync {
    /// Stores a model and that a tenant has it. `false` if the tenant had it already.
    async fn add_model(&self, tenant: &str, model: ModelRow) -> Result<bool>;
    /// A model that a tenant has.
    async fn model(&self, tenant: &str, key: ModelKey) -> Result<Option<Arc<ModelRow>>>;
    /// A tenant's models, newest first.
    async fn models(&self, tenant: &str, before: Option<String>, limit: u32) -> Result<Paged<ModelRow>>;
    /// Every program of a model.
    async fn programs(&self, key: ModelKey) -> Result<Arc<Vec<ProgramRow>>>;
    /// Stores a program, unless there is one.
    async fn add_program(&self, program: ProgramRow) -> Result<()>;
}

/// A proof that waits for a batch.
#[derive(Debug, Clone)]
pub(crate) struct WaitingProof {
    pub(crate) statement_id: StatementId,
    pub(crate) tier: TrustTier,
    pub(crate) profile: Option<String>,
    pub(crate) member: Option<String>,
    pub(crate) verified_ms: u64,
    /// The earliest due time of the jobs that want it.
    pub(crate) due_ms: u64,
}

/// A batch to open.
#[derive(Debug, Clone)]
pub(crate) struct NewBatch {
    pub(crate) id: BatchId,
    pub(crate) tier: TrustTier,
    pub(crate) profile: Option<String>,
    pub(crate) reason: String,
    pub(crate) created_ms: u64,
    /// The plan's JSON, for proven batches.
    pub(crate) plan: Option<String>,
    pub(crate) members: Vec<StatementId>,
    pub(crate) tasks: Vec<NewTask>,
}

/// A task of a new batch.
#[derive(Debug, Clone)]
pub(crate) struct NewTask {
    pub(crate) id: TaskId,
    pub(crate) position: u32,
    pub(crate) kind: &'static str,
    pub(crate) children: Vec<u32>,
    pub(crate) members: Vec<u32>,
}

/// What closing a batch's work records.
#[derive(Debug, Clone)]
pub(crate) struct FinishedBatch {
    pub(crate) id: BatchId,
    pub(crate) digest: String,
    /// Blob and SHA-256 of the aggregate document, for proven batches.
    pub(crate) aggregate: Option<(String, String)>,
    /// A document for each member.
    pub(crate) receipts: Vec<(StatementId, String)>,
}

/// A batch as stored.
#[derive(Debug, Clone)]
pub(crate) struct BatchRow {
    pub(crate) id: BatchId,
    pub(crate) tier: TrustTier,
    pub(crate) phase: String,
    pub(crate) reason: String,
    pub(crate) plan: Option<String>,
    pub(crate) created_ms: u64,
    pub(crate) aggregated_ms: Option<u64>,
    pub(crate) size: u32,
    pub(crate) digest: Option<String>,
    pub(crate) aggregate_blob: Option<String>,
    pub(crate) aggregate_sha256: Option<String>,
}

/// A member of a batch with its proof.
#[derive(Debug, Clone)]
pub(crate) struct MemberRow {
    pub(crate) statement_id: StatementId,
    pub(crate) statement: String,
    pub(crate) member: Option<String>,
    pub(crate) blob: String,
}

/// A task as stored.
#[derive(Debug, Clone)]
pub(crate) struct TaskRow {
    pub(crate) id: TaskId,
    pub(crate) batch: BatchId,
    pub(crate) position: u32,
    pub(crate) kind: String,
    pub(crate) phase: String,
    pub(crate) children: Vec<u32>,
    pub(crate) members: Vec<u32>,
    pub(crate) worker: Option<String>,
    pub(crate) token: Option<String>,
    pub(crate) tries: u32,
    pub(crate) started_ms: Option<u64>,
    pub(crate) ended_ms: Option<u64>,
    pub(crate) output_blob: Option<String>,
}

/// A receipt as stored.
#[derive(Debug, Clone)]
pub(crate) struct ReceiptRow {
    pub(crate) batch: BatchId,
    pub(crate) document: String,
}

/// Proofs, batches and receipts.
#[async_trait]
pub(crate) trait BatchStore: Send + Sync {
    /// Proofs in no batch that some live job waits for, oldest first.
    async fn waiting_proofs(&self, limit: u32) -> Result<Vec<WaitingProof>>;
    /// Opens a batch: its members' jobs are batched, its tasks can be leased.
    async fn open_batch(&self, batch: NewBatch) -> Result<()>;
    /// Ends a batch well: its members' jobs get their receipts.
    async fn finish_batch(&self, batch: FinishedBatch) -> Result<()>;
    /// Takes a batch apart that is being proven. The jobs of `bad` fail; the other members wait for a batch again.
    /// Changes nothing of another: what has its receipts keeps them.
    async fn dissolve_batch(&self, id: BatchId, bad: Vec<(StatementId, Failure)>) -> Result<()>;
    /// A batch.
    async fn batch(&self, id: BatchId) -> Result<Option<BatchRow>>;
    /// Batches, newest first.
    async fn batches(&self, before: Option<BatchId>, limit: u32) -> Result<Paged<BatchRow>>;
    /// Batches that are being proven.
    async fn open_batches(&self) -> Result<Vec<BatchId>>;
    /// A batch's members in order.
    async fn members(&self, id: BatchId) -> Result<Vec<MemberRow>>;
    /// A statement's receipt.
    async fn receipt(&self, id: StatementId) -> Result<Option<ReceiptRow>>;
    /// A statement's proof.
    async fn proof(&self, id: StatementId) -> Result<Option<phase::NewProof>>;
}

/// Recursion tasks.
#[async_trait]
pub(crate) trait TaskStore: Send + Sync {
    /// Leases a task that is ready, or whose lease has expired.
    async fn lease_task(&self, worker: &str, token: &str, lease_ms: u64) -> Result<Option<TaskRow>>;
    /// Prolongs a lease. `false` if it is lost.
    async fn renew_task(&self, id: TaskId, token: &str, lease_ms: u64) -> Result<bool>;
    /// A task.
    async fn task(&self, id: TaskId) -> Result<Option<TaskRow>>;
    /// The tasks that make a batch's receipts, in order: the root is the last. Without the one that settles it, which
    /// [`SettlementStore::settling_task`] has.
    async fn tasks(&self, batch: BatchId) -> Result<Vec<TaskRow>>;
    /// Records a verified proof and makes ready what waited for it. `false` if the lease is lost or it is done.
    async fn finish_task(&self, id: TaskId, token: &str, blob: &str, cpu_ms: Option<u64>) -> Result<bool>;
    /// Gives a task back for another lease. `false` if the lease is lost.
    async fn return_task(&self, id: TaskId, token: &str) -> Result<bool>;
}

/// A batch to settle.
#[derive(Debug, Clone)]
pub(crate) struct NewSettlement {
    pub(crate) batch: BatchId,
    /// JSON, as its writer likes it.
    pub(crate) document: String,
    /// Root of the batch's keccak256 tree: 0x and hex, lower case.
    pub(crate) root: String,
    /// Of kind `settle`, without children, at a position that none of the batch's tasks has.
    pub(crate) task: NewTask,
    pub(crate) created_ms: u64,
}

/// A batch on its way to chains, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SettlementRow {
    pub(crate) batch: BatchId,
    /// `proving`, then `posting`; or `failed`.
    pub(crate) phase: String,
    pub(crate) document: String,
    /// Blob of the proof that the chains' verifiers take.
    pub(crate) proof_blob: Option<String>,
    pub(crate) root: Option<String>,
    pub(crate) failure: Option<String>,
    pub(crate) created_ms: u64,
    pub(crate) updated_ms: u64,
}

/// Batches on their way to chains. What is posted, and where, is in [`sheaf_settlement::poster::PosterStore`], which
/// the embedded store is as well.
#[async_trait]
pub(crate) trait SettlementStore: Send + Sync {
    /// Opens a batch's settlement, in phase `proving`, and makes its task ready. `false`, and nothing changes, if it has
    /// one already, or is no proven batch that has been aggregated.
    async fn open_settlement(&self, new: NewSettlement) -> Result<bool>;
    /// A batch's settlement.
    async fn settlement(&self, batch: BatchId) -> Result<Option<SettlementRow>>;
    /// The task that settles a batch. None if there is no settlement, or it failed before the task was done.
    async fn settling_task(&self, batch: BatchId) -> Result<Option<TaskRow>>;
    /// Proven batches that have been aggregated and have no settlement: the oldest 64, in order.
    async fn unsettled_batches(&self) -> Result<Vec<BatchId>>;
    /// Settlements in a phase, oldest batch first.
    async fn settlements_in(&self, phase: &str) -> Result<Vec<SettlementRow>>;
    /// From `proving` to `posting`, with the proof. `false` if it is not in `proving`.
    async fn settlement_proven(&self, batch: BatchId, proof_blob: &str) -> Result<bool>;
    /// Ends a settlement for good; its task, if not done, is gone, and so are leases of it. `false` if it is not there or
    /// has failed before.
    async fn settlement_failed(&self, batch: BatchId, failure: &str) -> Result<bool>;
}

/// An API key as stored.
#[derive(Debug, Clone)]
pub(crate) struct KeyRow {
    pub(crate) id: KeyId,
    pub(crate) name: String,
    pub(crate) tenant: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) created_ms: u64,
    pub(crate) expires_ms: Option<u64>,
    pub(crate) revoked_ms: Option<u64>,
}

/// API keys.
#[async_trait]
pub(crate) trait KeyStore: Send + Sync {
    /// Stores a key under the hash of its secret.
    async fn add_key(&self, key: KeyRow, hash: [u8; 32]) -> Result<()>;
    /// The key with a hash.
    async fn key_by_hash(&self, hash: [u8; 32]) -> Result<Option<KeyRow>>;
    /// A tenant's keys, newest first.
    async fn keys(&self, tenant: &str) -> Result<Vec<KeyRow>>;
    /// Revokes a tenant's key. `None` if there is none.
    async fn revoke_key(&self, tenant: &str, id: KeyId) -> Result<Option<KeyRow>>;
    /// Whether there is any key.
    async fn has_keys(&self) -> Result<bool>;
}

/// A webhook as stored.
#[derive(Debug, Clone)]
pub(crate) struct WebhookRow {
    pub(crate) id: WebhookId,
    pub(crate) tenant: String,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) created_ms: u64,
    pub(crate) disabled_ms: Option<u64>,
    pub(crate) pending: u32,
    pub(crate) failed: u32,
}

/// A delivery that is due.
#[derive(Debug, Clone)]
pub(crate) struct DueDelivery {
    pub(crate) id: MessageId,
    pub(crate) url: String,
    pub(crate) secret: String,
    pub(crate) body: String,
    pub(crate) tries: u32,
}

/// What became of a delivery.
#[derive(Debug, Clone)]
pub(crate) enum DeliveryOutcome {
    /// Received.
    Delivered,
    /// To be tried again.
    Again { at_ms: u64, code: String },
    /// Given up; with `disable`, the webhook gets nothing more.
    GivenUp { code: String, disable: bool },
}

/// Webhooks and their deliveries. Deliveries are written in the transaction that ends a job.
#[async_trait]
pub(crate) trait WebhookStore: Send + Sync {
    /// Registers a webhook.
    async fn add_webhook(&self, webhook: WebhookRow) -> Result<()>;
    /// A tenant's webhooks, newest first.
    async fn webhooks(&self, tenant: &str) -> Result<Vec<WebhookRow>>;
    /// Removes a tenant's webhook and what waits for it. `false` if there is none.
    async fn remove_webhook(&self, tenant: &str, id: WebhookId) -> Result<bool>;
    /// Deliveries whose time has come; none of them comes again within `hold_ms`.
    async fn due_deliveries(&self, limit: u32, hold_ms: u64) -> Result<Vec<DueDelivery>>;
    /// Records what became of one.
    async fn end_delivery(&self, id: MessageId, outcome: DeliveryOutcome) -> Result<()>;
}

/// A prover's standing as stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct StandingRow {
    pub(crate) quarantined_until_ms: Option<u64>,
    pub(crate) reason: Option<String>,
    pub(crate) strikes: u32,
    pub(crate) outcomes: String,
    pub(crate) latencies: Option<String>,
}

/// What is remembered of provers.
#[async_trait]
pub(crate) trait StandingStore: Send + Sync {
    /// Every standing.
    async fn standings(&self) -> Result<Vec<(ProverId, StandingRow)>>;
    /// Records one.
    async fn save_standing(&self, prover: ProverId, standing: StandingRow) -> Result<()>;
}

/// Everything that a gateway keeps.
pub(crate) trait Store:
    JobStore
    + DispatchStore
    + ModelStore
    + BatchStore
    + TaskStore
    + SettlementStore
    + KeyStore
    + WebhookStore
    + StandingStore
{
}

impl<T> Store for T where
    T: JobStore
        + DispatchStore
        + ModelStore
        + BatchStore
        + TaskStore
        + SettlementStore
        + KeyStore
        + WebhookStore
        + StandingStore
{
}

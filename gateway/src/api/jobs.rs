//! Jobs on the wire.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

/// An inference to prove.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobRequest {
    /// The model's digest, as `POST /v1/models` returned it.
    #[schema(pattern = "^0x[0-9a-f]{64}$", example = "0x5b2c…")]
    pub(crate) model: String,
    /// The fixed-point scale that the model was added with.
    #[schema(minimum = 1, maximum = 16, default = 12)]
    #[serde(default, deserialize_with = "crate::api::whole")]
    pub(crate) scale_bits: Option<u32>,
    /// The input's values in row-major order of the model's input shape, in the model's own units.
    #[schema(min_items = 1, example = json!([5.1, 3.5, 1.4, 0.2]))]
    pub(crate) input: Vec<f64>,
    /// The most it may cost, in US dollars as a decimal string with at most six decimals. No limit if absent.
    #[schema(pattern = "^[0-9]{1,9}(\\.[0-9]{1,6})?$", example = "0.05")]
    pub(crate) max_price: Option<String>,
    /// How soon the receipt is needed, in milliseconds from now.
    #[schema(minimum = 1000, maximum = 604_800_000, default = 3_600_000)]
    #[serde(default, deserialize_with = "crate::api::whole")]
    pub(crate) deadline_ms: Option<u64>,
    /// What to prefer among the provers that qualify.
    pub(crate) objective: Option<ObjectiveParam>,
    /// What the statement says about the input.
    pub(crate) privacy: Option<PrivacyParam>,
    /// What must stand behind the receipt at least.
    pub(crate) min_trust_tier: Option<TierParam>,
    /// A word of your own, returned with the job.
    #[schema(min_length = 1, max_length = 128, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$")]
    pub(crate) label: Option<String>,
}

/// What to prefer: `balanced` by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ObjectiveParam {
    /// The least price.
    Cheapest,
    /// The earliest receipt.
    Fastest,
    /// Both, in proportion.
    Balanced,
}

/// What the statement says about the input: `public` by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PrivacyParam {
    /// The input is part of the statement.
    Public,
    /// Nothing.
    Private,
    /// A salted commitment.
    Committed,
}

/// What stands behind a receipt: `proven` by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TierParam {
    /// The proof was verified inside the batch's recursion: nothing to trust but mathematics.
    Proven,
    /// The gateway verified the proof and says so under its signature.
    Attested,
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobStatus {
    /// Stored; not yet routed, or to be routed anew.
    Accepted,
    /// A prover is chosen.
    Routed,
    /// The prover is at work.
    Proving,
    /// Its proof is verified.
    Verified,
    /// Its statement is in a batch.
    Batched,
    /// The batch is proven or signed; the receipt is there.
    Aggregated,
    /// Ended without a receipt; `failure` says why.
    Failed,
    /// Ended by `DELETE`.
    Cancelled,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// With a receipt.
    Succeeded,
    /// With a coded reason.
    Failed,
    /// On request.
    Cancelled,
}

/// What a job is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum JobKind {
    /// Prove an inference.
    Inference,
    /// Verify and batch a proof that was brought.
    Proof,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Failure {
    /// Where: `routing`, `proving`, `verifying`, `aggregating`.
    pub(crate) stage: String,
    /// Stable code.
    #[schema(example = "SH-JOB-002")]
    pub(crate) code: String,
    /// In words.
    pub(crate) message: String,
    /// Whether the same job, submitted again, may succeed.
    pub(crate) retryable: bool,
}

/// What a proven inference says, in the model's own units.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct InferenceResult {
    /// The proven outputs; class indices if `classes`.
    pub(crate) outputs: Vec<f64>,
    /// Whether the outputs are class indices.
    pub(crate) classes: bool,
    /// Position of the greatest output; absent for class indices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) greatest: Option<u32>,
    /// Bound on the distance of any output from the model in real numbers; absent for class indices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_bound: Option<f64>,
    /// Softmax of the proven logits, computed by the gateway and not proven, if the model ends in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) softmax: Option<Vec<f64>>,
}

/// One attempt of a prover.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Attempt {
    /// Its id, which the prover was told.
    pub(crate) id: String,
    /// The prover.
    pub(crate) prover: String,
    /// When it began, unix milliseconds.
    pub(crate) started_ms: u64,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_ms: Option<u64>,
    /// `running`, `verified`, or the kind of failure.
    pub(crate) outcome: String,
    /// Code of the failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// The failure in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

/// A job.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Job {
    /// Its id.
    #[schema(example = "job_01JZ8Y2Q6W3E4R5T6Y7U8I9O0P")]
    pub(crate) id: String,
    /// What it is about.
    pub(crate) kind: JobKind,
    /// Where it is.
    pub(crate) status: JobStatus,
    /// Whether nothing more will happen to it.
    pub(crate) done: bool,
    /// How it ended, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) outcome: Option<Outcome>,
    /// When it was accepted, unix milliseconds.
    pub(crate) created_ms: u64,
    /// When it last changed.
    pub(crate) updated_ms: u64,
    /// When its receipt is due.
    pub(crate) due_ms: u64,
    /// The word you gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// The model; absent for a proof that was brought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) model: Option<String>,
    /// As asked for.
    pub(crate) privacy: PrivacyParam,
    /// As asked for.
    pub(crate) objective: ObjectiveParam,
    /// As asked for.
    pub(crate) min_trust_tier: TierParam,
    /// As asked for, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) max_price: Option<String>,
    /// The prover that was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prover: Option<String>,
    /// What it costs, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) price: Option<String>,
    /// What stands behind the statement, once its proof is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) trust_tier: Option<TierParam>,
    /// The statement, once its proof is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) statement_id: Option<String>,
    /// The batch, once it is in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) batch_id: Option<String>,
    /// The job whose proof this one shares, if an identical one came before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reused_from: Option<String>,
    /// What the inference says, once its proof is verified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) result: Option<InferenceResult>,
    /// What opens a committed input: keep it, it alone does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) opening: Option<String>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<Failure>,
    /// Where to go from here.
    pub(crate) links: JobLinks,
}

/// Where to go from a job.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct JobLinks {
    /// The job.
    #[serde(rename = "self")]
    pub(crate) this: String,
    /// What happens to it, as server-sent events.
    pub(crate) events: String,
    /// Why its prover was chosen.
    pub(crate) route: String,
    /// Its receipt, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) receipt: Option<String>,
    /// Its batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) batch: Option<String>,
}

/// Why a job's provers were chosen: every decision in order, and every attempt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Route {
    /// The job.
    pub(crate) job: String,
    /// The prover of the last decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chosen: Option<String>,
    /// Decisions in order, each with its inputs, ranking and rejections. Deciding on the same inputs gives the same
    /// bytes.
    #[schema(value_type = Vec<Object>)]
    pub(crate) decisions: Vec<Box<RawValue>>,
    /// Attempts in order.
    pub(crate) attempts: Vec<Attempt>,
}

/// Which jobs to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobsQuery {
    /// Entries on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    pub(crate) cursor: Option<String>,
    /// Only jobs in this status.
    pub(crate) status: Option<JobStatus>,
}

/// One server-sent event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobEvent {
    /// Its number, which `Last-Event-ID` resumes from.
    pub(crate) id: String,
    /// The status that the job entered.
    pub(crate) event: JobStatus,
    /// JSON: `{"job", "seq", "at_ms", "status", "detail"}`.
    pub(crate) data: String,
}

//! Jobs as the API writes them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::names::open_enum;
use crate::{BatchId, JobId, ModelDigest, PageQuery, StatementId, Usd};

open_enum! {
    /// What to prefer among the provers that qualify; balanced if nothing is said.
    Objective {
        /// The least price.
        Cheapest = "cheapest",
        /// The earliest receipt.
        Fastest = "fastest",
        /// Both, in proportion.
        Balanced = "balanced",
    }
}

open_enum! {
    /// What the statement says about the input; public if nothing is said.
    Privacy {
        /// The input is part of the statement.
        Public = "public",
        /// Nothing.
        Private = "private",
        /// A salted commitment.
        Committed = "committed",
    }
}

open_enum! {
    /// What stands behind a receipt.
    TrustTier {
        /// The proof was verified inside the batch's recursion: nothing to trust but mathematics.
        Proven = "proven",
        /// The gateway's operator verified the proof and says so under a signature.
        Attested = "attested",
    }
}

open_enum! {
    /// Where a job is.
    JobStatus {
        /// Stored; not yet routed, or to be routed anew.
        Accepted = "accepted",
        /// A prover is chosen.
        Routed = "routed",
        /// The prover is at work.
        Proving = "proving",
        /// Its proof is verified.
        Verified = "verified",
        /// Its statement is in a batch.
        Batched = "batched",
        /// The batch is proven or signed; the receipt is there.
        Aggregated = "aggregated",
        /// Ended without a receipt.
        Failed = "failed",
        /// Ended on request.
        Cancelled = "cancelled",
    }
}

impl JobStatus {
    /// Whether a job in this status stays in it. Of a job itself [`Job::done`] says so, for newer statuses too.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Aggregated | Self::Failed | Self::Cancelled)
    }
}

open_enum! {
    /// How a job ended.
    Outcome {
        /// With a receipt.
        Succeeded = "succeeded",
        /// With a coded reason.
        Failed = "failed",
        /// On request.
        Cancelled = "cancelled",
    }
}

open_enum! {
    /// What a job is about.
    JobKind {
        /// Prove an inference.
        Inference = "inference",
        /// Verify and batch a proof that was brought.
        Proof = "proof",
    }
}

/// An inference to prove.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct JobRequest {
    /// The model.
    pub model: ModelDigest,
    /// The fixed-point scale that the model was added with; 12 if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_bits: Option<u32>,
    /// The input's values in row-major order of the model's input shape, in the model's own units.
    pub input: Vec<f64>,
    /// The most it may cost; no limit if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_price: Option<Usd>,
    /// How soon the receipt is needed, in milliseconds from submission; an hour if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline_ms: Option<u64>,
    /// What to prefer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objective: Option<Objective>,
    /// What the statement says about the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<Privacy>,
    /// What must stand behind the receipt at least; proven if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_trust_tier: Option<TrustTier>,
    /// A word of your own, returned with the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
}

impl JobRequest {
    /// This input to this model, with the gateway's defaults for all else.
    #[must_use]
    pub fn new(model: impl Into<ModelDigest>, input: Vec<f64>) -> Self {
        Self {
            model: model.into(),
            scale_bits: None,
            input,
            max_price: None,
            deadline_ms: None,
            objective: None,
            privacy: None,
            min_trust_tier: None,
            label: None,
        }
    }

    /// Sets the scale that the model was added with.
    #[must_use]
    pub fn scale_bits(mut self, scale_bits: u32) -> Self {
        self.scale_bits = Some(scale_bits);
        self
    }

    /// Sets the most that it may cost.
    #[must_use]
    pub fn max_price(mut self, price: Usd) -> Self {
        self.max_price = Some(price);
        self
    }

    /// Sets how soon the receipt is needed.
    #[must_use]
    pub fn deadline(mut self, within: Duration) -> Self {
        self.deadline_ms = Some(crate::error::millis(within));
        self
    }

    /// Sets what to prefer.
    #[must_use]
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objective = Some(objective);
        self
    }

    /// Sets what the statement says about the input.
    #[must_use]
    pub fn privacy(mut self, privacy: Privacy) -> Self {
        self.privacy = Some(privacy);
        self
    }

    /// Sets what must stand behind the receipt at least.
    #[must_use]
    pub fn min_trust_tier(mut self, tier: TrustTier) -> Self {
        self.min_trust_tier = Some(tier);
        self
    }

    /// Sets a word of your own.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }
}

/// How to submit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SubmitOptions {
    /// Names the submission: the same key and request again give the same job. A fresh one if `None`.
    pub idempotency_key: Option<String>,
    /// How long the answer may wait for the job's end, up to [`SubmitOptions::MAX_WAIT`]; zero for not at all.
    pub wait: Duration,
}

/// Which jobs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobsQuery {
    /// Which page.
    pub page: PageQuery,
    /// Only jobs in this status.
    pub status: Option<JobStatus>,
}

impl JobsQuery {
    pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = self.page.pairs();
        pairs.extend(self.status.as_ref().map(|status| ("status", status.to_string())));
        pairs
    }
}

/// How a proof that is brought is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofEncoding {
    /// A proof document.
    Json,
    /// The binary form of a proof document.
    Binary,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// Where: `routing`, `proving`, `verifying`, `aggregating`.
    pub stage: String,
    /// Stable code.
    pub code: String,
    /// In words.
    pub message: String,
    /// Whether the same job, submitted again, may succeed.
    pub retryable: bool,
}

/// What a proven inference says, in the model's own units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InferenceResult {
    /// The proven outputs; class indices if `classes`.
    pub outputs: Vec<f64>,
    /// Whether the outputs are class indices.
    pub classes: bool,
    /// Position of the greatest output; `None` for class indices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greatest: Option<u32>,
    /// Bound on the distance of any output from the model in real numbers; `None` for class indices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_bound: Option<f64>,
    /// Softmax of the proven logits, computed by the gateway and not proven, if the model ends in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub softmax: Option<Vec<f64>>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What it is about.
    pub kind: JobKind,
    /// Where it is.
    pub status: JobStatus,
    /// Whether nothing more will happen to it.
    pub done: bool,
    /// How it ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// When it was accepted, Unix milliseconds.
    pub created_ms: u64,
    /// When it last changed, Unix milliseconds.
    pub updated_ms: u64,
    /// When its receipt is due, Unix milliseconds.
    pub due_ms: u64,
    /// The word it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The model; `None` for a proof that was brought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<ModelDigest>,
    /// As asked for.
    pub privacy: Privacy,
    /// As asked for.
    pub objective: Objective,
    /// As asked for.
    pub min_trust_tier: TrustTier,
    /// As asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_price: Option<Usd>,
    /// The prover that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prover: Option<String>,
    /// What it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Usd>,
    /// What stands behind the statement, once its proof is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_tier: Option<TrustTier>,
    /// The statement, once its proof is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement_id: Option<StatementId>,
    /// The batch, once it is in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_id: Option<BatchId>,
    /// The job whose proof this one shares, if an identical one came before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused_from: Option<JobId>,
    /// What the inference says, once its proof is verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<InferenceResult>,
    /// What opens a committed input: keep it, it alone does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opening: Option<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Where to go from here.
    pub links: JobLinks,
}

/// Where to go from a job. Paths on the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobLinks {
    /// The job.
    #[serde(rename = "self")]
    pub this: String,
    /// What happens to it.
    pub events: String,
    /// Why its prover was chosen.
    pub route: String,
    /// Its receipt, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<String>,
    /// Its batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
}

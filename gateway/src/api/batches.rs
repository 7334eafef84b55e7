//! Batches on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::jobs::TierParam;

/// A batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Batch {
    /// Its id.
    pub(crate) id: String,
    /// What stands behind its receipts.
    pub(crate) trust_tier: TierParam,
    /// `proving`, `aggregated` or `failed`.
    #[schema(example = "aggregated")]
    pub(crate) status: String,
    /// Why it was closed, in words.
    pub(crate) closed_because: String,
    /// When it was closed, unix milliseconds.
    pub(crate) created_ms: u64,
    /// When its proof was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aggregated_ms: Option<u64>,
    /// Number of statements.
    pub(crate) size: u32,
    /// Root of its tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) digest: Option<String>,
    /// SHA-256 of its aggregate document, for proven batches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aggregate_sha256: Option<String>,
    /// Its statements; only where one batch is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) statements: Vec<String>,
    /// What is proven for it, in order; only where one batch is asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tasks: Vec<BatchTask>,
}

/// One recursion proof of a batch.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct BatchTask {
    /// Its id.
    pub(crate) id: String,
    /// Position; the root comes last.
    pub(crate) index: u32,
    /// `leaf`, `node` or `root`.
    pub(crate) kind: String,
    /// Tasks whose proofs it takes.
    pub(crate) children: Vec<u32>,
    /// Statements directly in it, by position in the batch.
    pub(crate) members: Vec<u32>,
    /// `blocked`, `ready`, `leased` or `done`.
    pub(crate) status: String,
    /// The worker that has or had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) worker: Option<String>,
    /// Leases so far.
    pub(crate) tries: u32,
    /// When it was leased, unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started_ms: Option<u64>,
    /// When its proof was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ended_ms: Option<u64>,
}

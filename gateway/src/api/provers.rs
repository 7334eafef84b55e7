//! Provers on the wire.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::jobs::{PrivacyParam, TierParam};

/// Every prover.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Provers {
    /// By name in order.
    pub(crate) items: Vec<Prover>,
}

/// A prover.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Prover {
    /// Its name.
    pub(crate) id: String,
    /// Its name for people.
    pub(crate) title: String,
    /// The proof system of its proofs.
    pub(crate) system: String,
    /// What stands behind its receipts.
    pub(crate) trust_tier: TierParam,
    /// What its statements can say about inputs.
    pub(crate) privacy: Vec<PrivacyParam>,
    /// Its version.
    pub(crate) version: String,
    /// What a user must know.
    pub(crate) notes: Vec<String>,
    /// `ready` or `quarantined`.
    #[schema(example = "ready")]
    pub(crate) status: String,
    /// Until when it is quarantined, unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quarantined_until_ms: Option<u64>,
    /// Why it is quarantined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) quarantine_reason: Option<String>,
    /// Attempts now.
    pub(crate) running: u32,
    /// Most attempts at once.
    pub(crate) capacity: u32,
    /// Attempts among the last 50 that failed through the prover.
    pub(crate) recent_failures: u32,
    /// How many of those 50 there were.
    pub(crate) recent_attempts: u32,
    /// Time from attempt to verified proof, as observed, in milliseconds; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency: Option<Quantiles>,
}

/// Observed quantiles, in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub(crate) struct Quantiles {
    /// Half are below.
    pub(crate) p50_ms: u64,
    /// Nine in ten are below.
    pub(crate) p90_ms: u64,
    /// Ninety-nine in a hundred are below.
    pub(crate) p99_ms: u64,
    /// Observations.
    pub(crate) samples: u64,
}

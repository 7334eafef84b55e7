//! Why a job's provers were chosen, as the API writes it.
//!
//! A decision is a versioned document of its own and may change faster than the rest of the API, so what this client
//! does not know of it is kept as it came.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::JobId;

/// Every decision in order, and every attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Route {
    /// The job.
    pub job: JobId,
    /// The prover of the last decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen: Option<String>,
    /// Decisions in order.
    pub decisions: Vec<Decision>,
    /// Attempts in order.
    pub attempts: Vec<Attempt>,
}

/// Who gets a job, and why, and why the others do not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decision {
    /// The version of the rules.
    #[serde(default)]
    pub version: u32,
    /// The prover that gets the job; `None` if every candidate is rejected.
    #[serde(default)]
    pub chosen: Option<String>,
    /// Candidates that could do it, the best first.
    #[serde(default)]
    pub ranked: Vec<Ranked>,
    /// All other candidates.
    #[serde(default)]
    pub rejected: Vec<Rejected>,
    /// The decision in one sentence, for people.
    #[serde(default)]
    pub summary: String,
    /// Everything else, among it the `inputs` that it was made from.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A candidate that could do it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Ranked {
    /// The prover.
    pub prover: String,
    /// The sum of the points of `terms`; lower is better.
    #[serde(default)]
    pub score: u64,
    /// What it asks, in millionths of a US dollar.
    #[serde(default)]
    pub price: u64,
    /// How long until the receipt by the median, waiting included.
    #[serde(default)]
    pub expected_ms: u64,
    /// How much earlier than the deadline a cautious estimate is.
    #[serde(default)]
    pub slack_ms: u64,
    /// The failure rate that the risk was computed from, in millionths.
    #[serde(default)]
    pub failure_ppm: u64,
    /// What the score consists of.
    #[serde(default)]
    pub terms: Vec<Term>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One part of a score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Term {
    /// What it is, such as `price` or `wait`.
    pub name: String,
    /// Everything else: its amount, its weight and what it adds to the score.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A candidate that is out of the question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rejected {
    /// The prover.
    pub prover: String,
    /// Everything that stands against it.
    #[serde(default)]
    pub reasons: Vec<Reason>,
}

/// Why a candidate is out of the question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reason {
    /// Stable code.
    pub code: String,
    /// Stable name, such as `price_above_limit`.
    pub name: String,
    /// What was expected and what was got.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// One attempt of a prover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Attempt {
    /// Its id, which the prover was told.
    pub id: String,
    /// The prover.
    pub prover: String,
    /// When it began, Unix milliseconds.
    pub started_ms: u64,
    /// When it ended, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
    /// `running`, `verified`, or the kind of failure.
    pub outcome: String,
    /// Code of the failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The failure in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

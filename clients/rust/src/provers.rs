//! Provers: what they do and how they fare.

use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::{Client, Error, Privacy, TrustTier};

/// A prover.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Prover {
    /// Its name.
    pub id: String,
    /// Its name for people.
    pub title: String,
    /// The proof system of its proofs.
    pub system: String,
    /// What stands behind its receipts.
    pub trust_tier: TrustTier,
    /// What its statements can say about inputs.
    pub privacy: Vec<Privacy>,
    /// Its version.
    pub version: String,
    /// What a user must know.
    #[serde(default)]
    pub notes: Vec<String>,
    /// `ready` or `quarantined`.
    pub status: String,
    /// Until when it is quarantined, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantined_until_ms: Option<u64>,
    /// Why it is quarantined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine_reason: Option<String>,
    /// Attempts now.
    pub running: u32,
    /// Most attempts at once.
    pub capacity: u32,
    /// Recent attempts that failed through the prover.
    pub recent_failures: u32,
    /// How many recent attempts there were.
    pub recent_attempts: u32,
    /// Time from attempt to verified proof, as observed; `None` before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Quantiles>,
}

/// Observed quantiles, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Quantiles {
    /// Half are below.
    pub p50_ms: u64,
    /// Nine in ten are below.
    pub p90_ms: u64,
    /// Ninety-nine in a hundred are below.
    pub p99_ms: u64,
    /// Observations.
    pub samples: u64,
}

impl Client {
    /// Every prover, by name in order.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn provers(&self) -> Result<Vec<Prover>, Error> {
        #[derive(Deserialize)]
        struct Provers {
            items: Vec<Prover>,
        }

        let Provers { items } =
            self.send(Call::get(&["v1", "provers"])).await?.decode("a list of provers")?;
        Ok(items)
    }
}

//! Batches and their aggregates.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::tasks::TaskId;
use crate::{BatchId, Client, Error, Page, PageQuery, StatementId, TrustTier};

/// A batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Batch {
    /// Its id.
    pub id: BatchId,
    /// What stands behind its receipts.
    pub trust_tier: TrustTier,
    /// `proving`, `aggregated` or `failed`.
    pub status: String,
    /// Why it was closed, in words.
    pub closed_because: String,
    /// When it was closed, Unix milliseconds.
    pub created_ms: u64,
    /// When its proof was there, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregated_ms: Option<u64>,
    /// Number of statements.
    pub size: u32,
    /// Root of its tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// SHA-256 of its aggregate document, for proven batches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate_sha256: Option<String>,
    /// Its statements; empty in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub statements: Vec<StatementId>,
    /// What is proven for it, in order; empty in lists.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<BatchTask>,
}

/// One recursion proof of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BatchTask {
    /// Its id.
    pub id: TaskId,
    /// Position; the root comes last.
    pub index: u32,
    /// `leaf`, `node` or `root`.
    pub kind: String,
    /// Tasks whose proofs it takes, by position.
    #[serde(default)]
    pub children: Vec<u32>,
    /// Statements directly in it, by position in the batch.
    #[serde(default)]
    pub members: Vec<u32>,
    /// `blocked`, `ready`, `leased` or `done`.
    pub status: String,
    /// The worker that has or had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// Leases so far.
    pub tries: u32,
    /// When it was leased, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_ms: Option<u64>,
    /// When its proof was accepted, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_ms: Option<u64>,
}

impl Client {
    /// Batches, newest first, without their statements and tasks.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn batches(&self, page: &PageQuery) -> Result<Page<Batch>, Error> {
        self.send(Call::get(&["v1", "batches"]).query(page.pairs())).await?.decode("a page of batches")
    }

    /// A batch with its statements and tasks.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn batch(&self, batch: &BatchId) -> Result<Batch, Error> {
        self.send(Call::get(&["v1", "batches", batch.as_str()])).await?.decode("a batch")
    }

    /// A batch's aggregate document, byte for byte: receipts refer to it by the SHA-256 of these bytes.
    ///
    /// # Errors
    /// As the gateway answers; a batch has an aggregate once it is aggregated, and an attested one never.
    pub async fn aggregate(&self, batch: &BatchId) -> Result<Bytes, Error> {
        Ok(self.send(Call::get(&["v1", "batches", batch.as_str(), "aggregate"])).await?.body)
    }
}

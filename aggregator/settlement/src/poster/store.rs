//! What the poster needs kept.

use alloy::primitives::{Address, B256};
use async_trait::async_trait;

use super::records::{Attempt, ChainName, Fate, Intent, Posting, PostingKey, PostingState};

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer was faster: read again.
    #[error("[SH-STL-501] posting of {} on {} has changed: expected revision {expected}, got {got}", key.root, key.chain)]
    Stale {
        /// Which posting.
        key: PostingKey,
        /// Revision that the writer knew.
        expected: u64,
        /// Revision that there is.
        got: u64,
    },
    /// There is no such posting.
    #[error("[SH-STL-502] no posting of {} on {}", key.root, key.chain)]
    Missing {
        /// Which posting.
        key: PostingKey,
    },
    /// The root is there for another target.
    #[error("[SH-STL-503] posting of {} on {} is kept with another {what}", key.root, key.chain)]
    Conflict {
        /// Which posting.
        key: PostingKey,
        /// What differs.
        what: &'static str,
    },
    /// The store itself fails.
    #[error("[SH-STL-504] the store fails")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Stale { .. } => "SH-STL-501",
            Self::Missing { .. } => "SH-STL-502",
            Self::Conflict { .. } => "SH-STL-503",
            Self::Failed(_) => "SH-STL-504",
        }
    }
}

/// Keeps postings and attempts.
///
/// A method that changes something returns when the change would survive a crash, and changes all or nothing. Poster and
/// store assume one poster per chain and key; revisions catch a second one, but its transactions would still compete for
/// nonces, so whoever runs posters on several machines leases the pair. `conformance` has what every store must pass.
#[async_trait]
pub trait PosterStore: Send + Sync {
    /// Keeps an intent, waiting, at revision 0. If there is a posting under its key, keeps that and answers with it: two
    /// proofs of one root are as good as one. Unless it failed: then the new intent takes its place, waiting, at the next
    /// revision.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the posting there has another chain id or registry.
    async fn submit(&self, intent: &Intent) -> Result<Posting, StoreError>;

    /// A posting.
    async fn posting(&self, key: &PostingKey) -> Result<Option<Posting>, StoreError>;

    /// Postings of a chain that are neither final nor failed, by the time they were submitted, then by root.
    async fn open(&self, chain: &ChainName) -> Result<Vec<Posting>, StoreError>;

    /// Puts a posting into another state. Answers with its new revision.
    ///
    /// # Errors
    /// [`StoreError::Stale`] unless `revision` is the posting's; [`StoreError::Missing`] if there is none.
    async fn advance(&self, key: &PostingKey, revision: u64, state: &PostingState)
    -> Result<u64, StoreError>;

    /// Keeps an attempt and puts its posting into [`PostingState::Sent`] with the attempt's nonce, both or neither. Answers
    /// with the posting's new revision.
    ///
    /// # Errors
    /// As [`advance`](Self::advance).
    async fn record_attempt(&self, revision: u64, attempt: &Attempt) -> Result<u64, StoreError>;

    /// Attempts of a posting, oldest first.
    async fn attempts(&self, key: &PostingKey) -> Result<Vec<Attempt>, StoreError>;

    /// Attempts on a chain by a signer that are pending, oldest first.
    async fn pending_attempts(&self, chain: &ChainName, signer: Address) -> Result<Vec<Attempt>, StoreError>;

    /// Attempts on a chain by a signer that were seen mined at this time or later, oldest first.
    async fn mined_since(
        &self,
        chain: &ChainName,
        signer: Address,
        since_ms: u64,
    ) -> Result<Vec<Attempt>, StoreError>;

    /// Changes what became of an attempt. An attempt that is not there is no error.
    async fn set_fate(&self, chain: &ChainName, transaction: B256, fate: &Fate) -> Result<(), StoreError>;
}

//! What is kept of a posting.

use std::fmt;
use std::str::FromStr;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use serde::{Deserialize, Serialize};

use super::PosterError;
use crate::batch::BatchCalldata;
use crate::contracts;
pub use crate::sight::Settlement;

/// Name of a target chain in the configuration: 1 to 32 of `a-z`, `0-9` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ChainName(String);

impl ChainName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ChainName {
    type Err = PosterError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || name.len() > 32 || !name.chars().all(allowed) {
            return Err(PosterError::ChainName { got: name.chars().take(40).collect() });
        }
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for ChainName {
    type Error = PosterError;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<ChainName> for String {
    fn from(name: ChainName) -> Self {
        name.0
    }
}

impl fmt::Display for ChainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which posting: a root on a chain. There is never more than one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostingKey {
    /// The chain.
    pub chain: ChainName,
    /// The batch's keccak256 root.
    pub root: B256,
}

/// A batch that is to be posted, whatever the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Root of its keccak256 tree.
    pub root: B256,
    /// Number of leaves.
    pub size: u32,
    /// Which verifier is to accept it.
    pub selector: [u8; 4],
    /// What that verifier takes.
    pub batch: Bytes,
    /// When it should be on chain, in milliseconds since 1970.
    pub deadline_ms: Option<u64>,
}

impl Submission {
    /// A batch for the calldata verifier with this selector.
    #[must_use]
    pub fn of_batch(batch: &BatchCalldata, selector: [u8; 4], deadline_ms: Option<u64>) -> Self {
        Self { root: batch.root(), size: batch.size(), selector, batch: batch.to_bytes().into(), deadline_ms }
    }
}

/// What is meant to be posted. Never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intent {
    /// Which posting.
    pub key: PostingKey,
    /// The chain's id.
    pub chain_id: u64,
    /// The registry.
    pub registry: Address,
    /// Number of leaves.
    pub size: u32,
    /// Which verifier.
    pub selector: [u8; 4],
    /// What the verifier takes.
    pub batch: Bytes,
    /// keccak256 of it.
    pub batch_digest: B256,
    /// When it should be on chain, in milliseconds since 1970.
    pub deadline_ms: Option<u64>,
    /// When it was submitted, in milliseconds since 1970.
    pub created_at_ms: u64,
}

impl Intent {
    /// Calldata of the transaction.
    #[must_use]
    pub fn call(&self) -> Bytes {
        contracts::post_batch(self.selector, self.batch.clone())
    }

    pub(super) fn new(
        chain: &ChainName,
        chain_id: u64,
        registry: Address,
        submission: &Submission,
        now_ms: u64,
    ) -> Self {
        let Submission { root, size, selector, batch, deadline_ms } = submission.clone();
        Self {
            key: PostingKey { chain: chain.clone(), root },
            chain_id,
            registry,
            size,
            selector,
            batch_digest: keccak256(&batch),
            batch,
            deadline_ms,
            created_at_ms: now_ms,
        }
    }
}

/// Why nothing is posted yet, in a code and in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Waiting {
    /// Stable code, as [`WaitCode`](super::WaitCode) gives it.
    pub code: String,
    /// In words.
    pub why: String,
    /// When it is looked at again at the latest, in milliseconds since 1970; nothing if somebody has to act.
    pub until_ms: Option<u64>,
}

/// Where a posting is.
///
/// ```text
/// waiting ─▶ sent ─▶ included ─▶ safe ─▶ final         somebody else's transaction settles it too: waiting ─▶ included
///    ▲        │ ▲       │          │
///    │◀───────┘ └───────┴──────────┘                   reorganisation: back to sent, with the same transactions
///    └─ another transaction took the nonce, or it reverted          failed: refused by the contracts
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", deny_unknown_fields)]
pub enum PostingState {
    /// No transaction is under way.
    Waiting {
        /// Why not; nothing before it was first looked at.
        reason: Option<Waiting>,
    },
    /// A transaction with this nonce is signed and, unless a crash came between, sent.
    Sent {
        /// The key's nonce.
        nonce: u64,
    },
    /// In a block.
    Included {
        /// Where.
        settlement: Settlement,
    },
    /// In a safe block.
    Safe {
        /// Where.
        settlement: Settlement,
    },
    /// In a final block: nothing more happens.
    Final {
        /// Where.
        settlement: Settlement,
    },
    /// The contracts refuse it: nothing more happens.
    Failed {
        /// Stable code.
        code: String,
        /// In words.
        why: String,
    },
}

impl PostingState {
    /// Where the root is on chain, if it is.
    #[must_use]
    pub fn settlement(&self) -> Option<&Settlement> {
        match self {
            Self::Included { settlement } | Self::Safe { settlement } | Self::Final { settlement } => {
                Some(settlement)
            }
            Self::Waiting { .. } | Self::Sent { .. } | Self::Failed { .. } => None,
        }
    }

    /// Whether nothing more happens.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Final { .. } | Self::Failed { .. })
    }
}

/// An intent and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posting {
    /// What is meant.
    pub intent: Intent,
    /// Where it is.
    pub state: PostingState,
    /// Goes up by one with every change, so that two writers notice each other.
    pub revision: u64,
}

/// A signed transaction. Kept before it is sent, and for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// Which posting.
    pub key: PostingKey,
    /// Who signed.
    pub signer: Address,
    /// The signer's nonce. Attempts that share one replace each other: at most one is ever mined.
    pub nonce: u64,
    /// Hash.
    pub transaction: B256,
    /// What is sent.
    pub raw: Bytes,
    /// Gas limit.
    pub gas_limit: u64,
    /// Most wei per gas.
    pub max_fee_wei: u128,
    /// Most wei per gas on top of the base fee.
    pub max_tip_wei: u128,
    /// When it was signed, in milliseconds since 1970.
    pub signed_at_ms: u64,
    /// What became of it.
    pub fate: Fate,
}

impl Attempt {
    /// Most wei that it can cost.
    #[must_use]
    pub fn max_cost_wei(&self) -> U256 {
        U256::from(self.gas_limit) * U256::from(self.max_fee_wei)
    }

    /// Wei that it did cost.
    #[must_use]
    pub fn cost_wei(&self) -> U256 {
        match &self.fate {
            Fate::Mined { gas_used, price_wei, .. } => U256::from(*gas_used) * U256::from(*price_wei),
            Fate::Pending | Fate::Superseded => U256::ZERO,
        }
    }
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "fate", deny_unknown_fields)]
pub enum Fate {
    /// It may be mined.
    Pending,
    /// It is in a block, which may still go away.
    Mined {
        /// Height.
        block: u64,
        /// Whether it did not revert.
        success: bool,
        /// Gas used.
        gas_used: u64,
        /// Wei per gas.
        price_wei: u128,
        /// When this was seen, in milliseconds since 1970.
        seen_at_ms: u64,
    },
    /// Its nonce went to another transaction, finally.
    Superseded,
}

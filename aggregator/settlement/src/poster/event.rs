//! What a step did, for logs and whoever waits. The store is the truth: an event that a crash swallowed is in it.

use alloy::primitives::B256;

use super::records::{Settlement, Waiting};

/// What a step did, or could not do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A batch is not posted yet, for a reason that was another before.
    Waiting {
        /// The batch.
        root: B256,
        /// Why.
        waiting: Waiting,
    },
    /// A transaction was signed, kept, and handed to at least one endpoint.
    Sent {
        /// The batch.
        root: B256,
        /// The transaction.
        transaction: B256,
        /// Its nonce.
        nonce: u64,
        /// Most wei per gas.
        max_fee_wei: u128,
        /// Code of the reason why now.
        code: &'static str,
        /// The same in words.
        why: String,
    },
    /// A transaction that was signed before was handed out again, because an endpoint did not have it.
    Resent {
        /// The batch.
        root: B256,
        /// The transaction.
        transaction: B256,
    },
    /// The batch is in a block.
    Included {
        /// The batch.
        root: B256,
        /// Where.
        settlement: Settlement,
        /// Whether the transaction is one of ours.
        ours: bool,
    },
    /// The batch is in a safe block.
    Safe {
        /// The batch.
        root: B256,
        /// Where.
        settlement: Settlement,
    },
    /// The batch is in a final block.
    Final {
        /// The batch.
        root: B256,
        /// Where.
        settlement: Settlement,
    },
    /// The block that the batch was in is none of the chain's any more, and no other has it.
    Reorged {
        /// The batch.
        root: B256,
        /// Where it was.
        was: Settlement,
    },
    /// The contracts refuse the batch; nothing more is done about it.
    Failed {
        /// The batch.
        root: B256,
        /// Code.
        code: String,
        /// The same in words.
        why: String,
    },
    /// Something is in the way. It is tried again in the next step.
    Trouble {
        /// Which batch, if it is about one.
        root: Option<B256>,
        /// Code.
        code: &'static str,
        /// The same in words.
        why: String,
    },
}

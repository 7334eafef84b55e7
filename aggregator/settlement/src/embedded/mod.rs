//! A chain in this process: an EVM, blocks, and JSON-RPC over no network.
//!
//! ```text
//! provider, poster ─▶ EmbeddedTransport ─▶ rpc ─▶ state: pool ─▶ execute ─▶ block ─▶ journal (fsync)
//!                     (tower::Service)                                                 │
//!                     EmbeddedChain::open ◀── replay ──────────────────────────────────┘
//! ```
//!
//! What runs against a node runs against it unchanged. Gas, code size limits, fees and nonces are those of mainnet at the
//! Osaka fork. A transaction that can be mined is mined at once, in a block of its own; one whose fee is below the
//! base fee, or whose nonce is not yet due, waits in the pool. Everything is deterministic: the same transactions make the
//! same blocks, and time is the number of blocks times 12 seconds unless it is [advanced](EmbeddedChain::advance).
//!
//! Not there: a state root (zero in every header), system contracts, blobs, set-code transactions, and the state of past
//! blocks. The pool is not kept: whoever sent a transaction keeps it until it is mined.
//!
//! It proves nothing to anybody else: it is for trying things out, and for tests. Its chain id is its own, so that no
//! signature made here is worth anything on another chain.

mod call;
mod dev;
mod error;
#[cfg(any(test, feature = "testing"))]
pub mod faults;
mod journal;
mod pool;
mod rpc;
mod state;
mod transport;
mod views;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use alloy::primitives::{Address, U256};

pub use dev::{CHAIN_ID, DEV_SEED, dev_address, dev_secret};
pub use error::EmbeddedError;
use journal::Journal;
use state::State;
pub use transport::EmbeddedTransport;

/// What a chain starts from. A journal is tied to these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Genesis {
    /// The chain's id.
    pub chain_id: u64,
    /// Accounts that have money from the start, in wei.
    pub funded: Vec<(Address, U256)>,
    /// Base fee of the first block, in wei per gas.
    pub base_fee_wei: u64,
    /// Time of the block zero, in seconds since 1970.
    pub timestamp_s: u64,
    /// Blocks on top of one that make it safe.
    pub safe_depth: u64,
    /// Blocks on top of one that make it final.
    pub final_depth: u64,
}

impl Default for Genesis {
    /// [`CHAIN_ID`], a million ether for [`dev_address`], one gwei, 2025-01-01, and every block final at once: the chain
    /// has one author, who takes nothing back.
    fn default() -> Self {
        Self {
            chain_id: CHAIN_ID,
            funded: vec![(dev_address(), U256::from(10).pow(U256::from(24)))],
            base_fee_wei: 1_000_000_000,
            timestamp_s: 1_735_689_600,
            safe_depth: 0,
            final_depth: 0,
        }
    }
}

/// A chain in this process. Clones are handles to the same one.
#[derive(Clone)]
pub struct EmbeddedChain {
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for EmbeddedChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedChain").field("height", &self.height()).finish_non_exhaustive()
    }
}

impl EmbeddedChain {
    /// A chain that is gone with its last handle.
    #[must_use]
    pub fn in_memory(genesis: Genesis) -> Self {
        Self { state: Arc::new(Mutex::new(State::new(genesis))) }
    }

    /// A chain that is kept in a file, which is made if it is not there. Executes all of its transactions again, a few
    /// milliseconds each.
    ///
    /// Whatever a caller was told to be mined is in the file, synced. A record that a crash left half-written is dropped.
    ///
    /// # Errors
    /// [`EmbeddedError`] if the file cannot be read or locked, is of another genesis, is damaged before its last record, or
    /// replays to other blocks than it says.
    pub fn open(path: &Path, genesis: Genesis) -> Result<Self, EmbeddedError> {
        let (journal, plans) = Journal::open(path, &genesis)?;
        let mut state = State::new(genesis);
        for plan in plans {
            let expected = plan.hash;
            let number = state.height() + 1;
            let got = state.apply(&plan)?;
            if got != expected {
                return Err(EmbeddedError::Replay { number, expected, got });
            }
        }
        state.keep_in(journal);
        Ok(Self { state: Arc::new(Mutex::new(state)) })
    }

    /// What providers connect to.
    #[must_use]
    pub fn transport(&self) -> EmbeddedTransport {
        EmbeddedTransport::new(self.clone())
    }

    /// The chain's id.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.lock().genesis().chain_id
    }

    /// Number of the last block.
    #[must_use]
    pub fn height(&self) -> u64 {
        self.lock().height()
    }

    /// Mines a block without transactions that is `seconds` later than it would be, for timelocks.
    ///
    /// # Errors
    /// [`EmbeddedError`] if it cannot be written down.
    pub fn advance(&self, seconds: u64) -> Result<(), EmbeddedError> {
        self.lock().mine_empty(seconds)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // State is changed in one assignment after all that can fail, so a panic elsewhere leaves it whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;

//! Folds proofs of many programs into one.
//!
//! ```text
//! documents::ProofDocument ─▶ plan ─▶ Aggregator, or work on other machines ─▶ AggregateDocument + ReceiptDocument…
//!                                     (circuits: leaf → node → root)               │
//!                                                          verify::verify_receipt ─┘  offline, in milliseconds
//!
//! AggregateDocument + listing::Listing ─▶ commit: commit → shrink, what a settlement wraps for a contract
//! ```
//!
//! Owns the recursion circuits, the batch tree and the documents that leave it; beside them `attest`, for statements that
//! are not proven but vouched for. Proves nothing about models: that is
//! `sheaf-embedded`. Reads and writes no files but the artefact store's.

pub mod aggregate;
pub mod artefacts;
pub mod attest;
pub mod circuits;
pub mod commit;
pub mod documents;
pub mod listing;
pub mod pins;
pub mod plan;
pub mod security;
pub mod tree;
pub mod verify;
pub mod work;

pub use aggregate::{AggregateError, Aggregator, BatchResult};
pub use circuits::{CircuitError, Circuits, Progress};
pub use plan::{BatchPlan, Member, PlanError};
pub use work::{TaskDocument, WorkError};

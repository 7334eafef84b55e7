//! Folds proofs of many programs into one.
//!
//! ```text
//! documents::ProofDocument ─▶ Aggregator (circuits: leaf → node → root) ─▶ AggregateDocument + ReceiptDocument…
//!                                                                              │
//!                                                      verify::verify_receipt ─┘  offline, in milliseconds
//! ```
//!
//! Owns the recursion circuits, the batch tree and the documents that leave it. Proves nothing about models: that is
//! `sheaf-embedded`. Reads and writes no files but the artefact store's.

pub mod aggregate;
pub mod artefacts;
pub mod circuits;
pub mod documents;
pub mod pins;
pub mod security;
pub mod tree;
pub mod verify;

pub use aggregate::{AggregateError, Aggregator, BatchResult};
pub use circuits::{CircuitError, Circuits, Progress};

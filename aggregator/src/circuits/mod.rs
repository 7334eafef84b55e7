//! The recursion circuits: leaf → node → root, and from the root on to a chain: commit → shrink.
//!
//! ```text
//! program proofs of one shape ─▶ leaf ─┐
//!                                      ├─▶ node ─┐
//! program proofs of another  ─▶ leaf ──┘         ├─▶ node ─▶ … ─▶ root: the aggregate
//!                                      … ─▶ node ┘
//!
//! root ─▶ commit: lists statements of the batch ─▶ shrink: the same, cheaper to verify
//! ```
//!
//! `leaf` has a circuit per program shape, the others one each per profile. [`Circuits`] builds them once and keeps them,
//! in memory and on disk.

pub(crate) mod commit;
pub(crate) mod leaf;
pub(crate) mod node;
mod registry;
pub(crate) mod root;
pub(crate) mod shrink;
pub(crate) mod uniform;

#[cfg(test)]
mod chain_tests;
#[cfg(test)]
mod commit_tests;
#[cfg(test)]
mod forgery;
#[cfg(test)]
mod soundness_tests;

use plonky2::hash::hash_types::HashOutTarget;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use sheaf_embedded::ShapeError;
use sheaf_plonky2::hash::{Tag, tagged_hash_digests_circuit};
use sheaf_plonky2::key::CapSizeError;
use sheaf_plonky2::{D, F};

pub use registry::{Circuits, Progress};

use crate::artefacts::ArtefactError;

/// Why a recursion circuit cannot be had or filled.
#[derive(Debug, thiserror::Error)]
pub enum CircuitError {
    /// No program circuit has the shape.
    #[error("[SH-AGG-001] impossible program shape")]
    Shape(#[from] ShapeError),
    /// Verifying a single proof of the shape takes more rows than a leaf has.
    #[error("[SH-AGG-002] proofs of shape {shape} are too large for a leaf")]
    ShapeTooLarge {
        /// The shape's name.
        shape: String,
    },
    /// A circuit came out with other common data than the uniform shape: a defect of this crate.
    #[error("[SH-AGG-003] circuit {name} does not have the uniform shape")]
    NotUniform {
        /// The circuit's name.
        name: String,
    },
    /// A circuit came out with another key than the one pinned: the code changed and the pins did not.
    #[error("[SH-AGG-004] circuit {name} has key {got}, expected the pinned {expected}")]
    PinMismatch {
        /// The circuit's name.
        name: String,
        /// The pinned digest.
        expected: String,
        /// The digest of what was built.
        got: String,
    },
    /// The number of proofs does not fit the leaf.
    #[error("[SH-AGG-005] wrong number of proofs for a leaf: expected 1 to {expected}, got {got}")]
    SlotCount {
        /// Slots of the leaf.
        expected: usize,
        /// Proofs given.
        got: usize,
    },
    /// A proof does not have the layout that the circuit expects.
    #[error("[SH-AGG-006] proof does not fit the circuit's inputs")]
    Witness {
        /// plonky2's account.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The circuit has an unexpected cap.
    #[error("[SH-AGG-007] unexpected verifier key")]
    Key(#[from] CapSizeError),
    /// A list is for a circuit of another capacity.
    #[error("[SH-AGG-009] list does not fit the circuit: expected a capacity of {expected}, got {got}")]
    Capacity {
        /// Of the circuit.
        expected: usize,
        /// Of the list.
        got: usize,
    },
    /// A path has more steps than the circuit.
    #[error("[SH-AGG-010] path too long: expected at most {expected} steps, got {got}")]
    PathLength {
        /// Of the circuit.
        expected: usize,
        /// Steps given.
        got: usize,
    },
    /// Stored circuits could not be read or written.
    #[error("[SH-AGG-008] circuit store failed")]
    Store(#[from] ArtefactError),
}

impl CircuitError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            CircuitError::Shape(_) => "SH-AGG-001",
            CircuitError::ShapeTooLarge { .. } => "SH-AGG-002",
            CircuitError::NotUniform { .. } => "SH-AGG-003",
            CircuitError::PinMismatch { .. } => "SH-AGG-004",
            CircuitError::SlotCount { .. } => "SH-AGG-005",
            CircuitError::Witness { .. } => "SH-AGG-006",
            CircuitError::Key(_) => "SH-AGG-007",
            CircuitError::Capacity { .. } => "SH-AGG-009",
            CircuitError::PathLength { .. } => "SH-AGG-010",
            CircuitError::Store(_) => "SH-AGG-008",
        }
    }
}

/// The root of a perfect binary tree over a power of two of digests.
fn merkle_root_circuit(builder: &mut CircuitBuilder<F, D>, mut level: Vec<HashOutTarget>) -> HashOutTarget {
    while level.len() > 1 {
        level = level.chunks(2).map(|pair| tagged_hash_digests_circuit(builder, Tag::Node, pair)).collect();
    }
    level[0]
}

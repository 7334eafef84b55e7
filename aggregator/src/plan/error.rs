//! Why there is no plan, or none for these members.

use sheaf_plonky2::Profile;
use sheaf_plonky2::hash::Digest;
use sheaf_statement::{ProofSystem, StatementError, StatementId, VkDigest};

use super::MAX_BATCH;
use crate::circuits::CircuitError;

/// Why a batch cannot be planned, or its documents not be put together.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Nothing to aggregate, or too much.
    #[error("[SH-AGG-020] batch size: expected 1 to {MAX_BATCH} statements, got {got}")]
    BatchSize {
        /// Statements given.
        got: usize,
    },
    /// A proof is of another profile than the circuits.
    #[error("[SH-AGG-021] proof of shape {shape} does not belong in a {expected} batch")]
    Profile {
        /// The proof's shape.
        shape: String,
        /// The profile of the circuits.
        expected: Profile,
    },
    /// A batch is a set, and a plan does not choose which of two proofs to take.
    #[error("[SH-AGG-030] statement {id} is in the batch more than once")]
    Duplicate {
        /// The statement's id.
        id: StatementId,
    },
    /// The statement is of a proof system that has no leaf circuit.
    #[error("[SH-AGG-031] statement {id} is of proof system {got}, which is not proven in batches")]
    System {
        /// The statement's id.
        id: StatementId,
        /// Its system.
        got: ProofSystem,
    },
    /// The statement's public inputs are not field elements.
    #[error("[SH-AGG-032] public inputs of statement {id} refused: {source}")]
    PublicInputs {
        /// The statement's id.
        id: StatementId,
        /// What is wrong with them.
        source: StatementError,
    },
    /// The program's key and leaf circuit do not hash to the statement's vk.
    #[error("[SH-AGG-033] program does not belong to statement {id}: expected vk {expected}, got {got}")]
    VkMismatch {
        /// The statement's id.
        id: StatementId,
        /// In the statement.
        expected: VkDigest,
        /// Of the member's keys.
        got: VkDigest,
    },
    /// The leaf circuit is not the genuine one of the shape, such as that of another version's pins.
    #[error("[SH-AGG-034] unknown leaf circuit for {shape}: expected {expected}, got {got}")]
    LeafKey {
        /// The shape's name.
        shape: String,
        /// The genuine one.
        expected: Digest,
        /// The member's.
        got: Digest,
    },
    /// The members are not the ones that the plan was made for, or are in another order.
    #[error("[SH-AGG-035] members do not belong to the plan: expected batch {expected}, got {got}")]
    Members {
        /// The plan's batch digest.
        expected: Digest,
        /// Of the members.
        got: Digest,
    },
    /// The plan lacks a shape of the members, or has one that no leaf can have: it is not of these members.
    #[error("[SH-AGG-036] plan has no leaf for {shape}")]
    NoLeaf {
        /// The shape's name.
        shape: String,
    },
    /// The plan has no such task.
    #[error("[SH-AGG-037] no such task: expected less than {expected}, got {got}")]
    NoTask {
        /// Tasks of the plan.
        expected: usize,
        /// The index asked for.
        got: usize,
    },
    /// A circuit cannot be had.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
}

impl PlanError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            PlanError::BatchSize { .. } => "SH-AGG-020",
            PlanError::Profile { .. } => "SH-AGG-021",
            PlanError::Duplicate { .. } => "SH-AGG-030",
            PlanError::System { .. } => "SH-AGG-031",
            PlanError::PublicInputs { .. } => "SH-AGG-032",
            PlanError::VkMismatch { .. } => "SH-AGG-033",
            PlanError::LeafKey { .. } => "SH-AGG-034",
            PlanError::Members { .. } => "SH-AGG-035",
            PlanError::NoLeaf { .. } => "SH-AGG-036",
            PlanError::NoTask { .. } => "SH-AGG-037",
            PlanError::Circuit(error) => error.code(),
        }
    }
}

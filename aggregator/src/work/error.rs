//! Why a task is not proven, or a proof of one not taken.

use sheaf_embedded::Shape;
use sheaf_plonky2::Profile;
use sheaf_plonky2::engine::EngineError;
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::proof::ProofDecodeError;

use crate::circuits::CircuitError;
use crate::verify::ProofError;

/// Why parts that were accepted give no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// A circuit cannot be had or filled.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// Proving failed.
    #[error("[SH-AGG-022] proving {what} failed: {source}")]
    Engine {
        /// Which proof.
        what: &'static str,
        /// Why.
        source: EngineError,
    },
    /// The circuit computes another digest than the plan: a defect of this crate.
    #[error("[SH-AGG-024] {what} came to another digest: expected {expected}, got {got}")]
    Digest {
        /// Which proof.
        what: &'static str,
        /// What it should have come to.
        expected: Digest,
        /// What it came to.
        got: Digest,
    },
}

/// Why a task is refused, or a proof of one.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The task is of another profile than the circuits.
    #[error("[SH-WRK-001] task of another profile: expected {expected}, got {got}")]
    Profile {
        /// Of the circuits.
        expected: Profile,
        /// Of the task, or of a shape in it.
        got: Profile,
    },
    /// More proofs than the leaf has slots, or none.
    #[error("[SH-WRK-002] wrong number of proofs for a leaf: expected 1 to {expected}, got {got}")]
    ProofCount {
        /// Slots of the leaf.
        expected: usize,
        /// Proofs in the task.
        got: usize,
    },
    /// A proof in a leaf task is of a program of another shape.
    #[error("[SH-WRK-003] proof {index} of the leaf has another shape: expected {}, got {}",
        expected.name(), got.name())]
    ProofShape {
        /// Which of the task's proofs.
        index: usize,
        /// The leaf's.
        expected: Shape,
        /// Of the proof's program.
        got: Shape,
    },
    /// A proof in a leaf task does not verify for its statement.
    #[error("[SH-WRK-004] proof {index} of the leaf refused: {source}")]
    Proof {
        /// Which of the task's proofs.
        index: usize,
        /// Why.
        source: ProofError,
    },
    /// A child's proof does not verify in its role.
    #[error("[SH-WRK-005] child {index} refused: {source}")]
    Child {
        /// 0 for the left or only child, 1 for the right one.
        index: usize,
        /// Why.
        source: Box<WorkError>,
    },
    /// What the task is made of comes to another digest than it asks for.
    #[error("[SH-WRK-006] task does not come to what it asks for: expected {expected}, got {got}")]
    Expected {
        /// In the task.
        expected: Digest,
        /// Of its parts.
        got: Digest,
    },
    /// The bytes are not a canonical proof of the circuit's shape.
    #[error("[SH-WRK-007] proof malformed: {0}")]
    Decode(#[from] ProofDecodeError),
    /// The proof does not hold for the genuine circuit and the expected digest.
    #[error("[SH-WRK-008] {circuit} proof does not verify for this digest: {reason}")]
    Invalid {
        /// The circuit it was verified for.
        circuit: &'static str,
        /// plonky2's message.
        reason: String,
    },
    /// The circuit to verify with cannot be had.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// Everything that the task is made of holds, and there is no proof all the same.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

impl ProveError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ProveError::Circuit(error) => error.code(),
            ProveError::Engine { .. } => "SH-AGG-022",
            ProveError::Digest { .. } => "SH-AGG-024",
        }
    }
}

impl WorkError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            WorkError::Profile { .. } => "SH-WRK-001",
            WorkError::ProofCount { .. } => "SH-WRK-002",
            WorkError::ProofShape { .. } => "SH-WRK-003",
            WorkError::Proof { .. } => "SH-WRK-004",
            WorkError::Child { .. } => "SH-WRK-005",
            WorkError::Expected { .. } => "SH-WRK-006",
            WorkError::Decode(_) => "SH-WRK-007",
            WorkError::Invalid { .. } => "SH-WRK-008",
            WorkError::Circuit(error) => error.code(),
            WorkError::Prove(error) => error.code(),
        }
    }

    /// Which of a leaf task's proofs is at fault, if it is one of them: the place in the task, and so in
    /// [`TaskKind::Leaf::members`](crate::plan::TaskKind::Leaf::members). What a worker says of this is a hint; the
    /// coordinator verifies the proof itself before it drops a member.
    #[must_use]
    pub fn refused_proof(&self) -> Option<usize> {
        match self {
            WorkError::ProofShape { index, .. } | WorkError::Proof { index, .. } => Some(*index),
            _ => None,
        }
    }
}

//! Why a prover gave no proof. The kind alone decides what is done about it.

use std::fmt;

/// What a failure means for the job, the attempt and the prover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The job itself is at fault, such as an input that overflows: no prover can mend it.
    InvalidJob,
    /// This prover cannot serve it, another may.
    Unsupported,
    /// A passing fault: the same attempt may be made again, with the same attempt id.
    Transient,
    /// No room now: elsewhere, or here later. Nothing was begun.
    Overloaded,
    /// No answer in time. What the prover does about it is unknown.
    Timeout,
    /// The prover answered with something that it must not answer: garbage, a proof that does not verify, a proof of
    /// another statement. It is quarantined.
    Misbehaved,
}

impl ErrorKind {
    /// Whether the same attempt may be made again at the same prover.
    #[must_use]
    pub const fn is_retried_here(self) -> bool {
        matches!(self, Self::Transient)
    }

    /// Whether another prover may succeed.
    #[must_use]
    pub const fn is_rerouted(self) -> bool {
        !matches!(self, Self::InvalidJob)
    }

    /// Whether the prover's standing suffers.
    #[must_use]
    pub const fn counts_against_prover(self) -> bool {
        matches!(self, Self::Transient | Self::Timeout | Self::Misbehaved)
    }

    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidJob => "invalid_job",
            Self::Unsupported => "unsupported",
            Self::Transient => "transient",
            Self::Overloaded => "overloaded",
            Self::Timeout => "timeout",
            Self::Misbehaved => "misbehaved",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A failure of a prover.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[{code}] {message}")]
pub struct AdapterError {
    /// What it means.
    pub kind: ErrorKind,
    /// Stable code, such as `SH-EMB-008`.
    pub code: String,
    /// For people; lower case, no full stop, no secrets.
    pub message: String,
}

impl AdapterError {
    /// A failure of a kind.
    #[must_use]
    pub fn new(kind: ErrorKind, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, code: code.into(), message: message.into() }
    }
}

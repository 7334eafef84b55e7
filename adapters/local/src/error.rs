//! Why a prover in this process gave no proof, before it is told as an [`AdapterError`].
//!
//! Errors of the crates below keep their own codes: [`coded`] finds them where every error of ours writes them, in
//! brackets at the front.

use std::error::Error;
use std::fmt::Write as _;

use sheaf_adapter::{AdapterError, ErrorKind};
use sheaf_statement::{InputVisibility, VkDigest};

/// A failure that is neither the prover's nor the model's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LocalError {
    /// As many proofs as may run at once are running, those among them whose callers have gone.
    #[error("[SH-LOC-001] no place for another proof in this process")]
    Busy,
    /// A defect of ours. The message of the panic may hold values of a private input, so it is not told.
    #[error("[SH-LOC-002] prover panicked")]
    Panicked,
    /// The process is ending.
    #[error("[SH-LOC-003] prover is shutting down")]
    Stopped,
    /// The package cannot be read.
    #[error("[SH-LOC-004] cannot read the package of program {vk}: {source}")]
    Read {
        /// The program.
        vk: VkDigest,
        /// What the system said.
        source: std::io::Error,
    },
    /// Larger than any package.
    #[error("[SH-LOC-005] package of program {vk} too large: expected at most {limit} bytes")]
    PackageTooLarge {
        /// The program.
        vk: VkDigest,
        /// The limit.
        limit: u64,
    },
    /// Not a package of this prover.
    #[error("[SH-LOC-006] not a package: expected the tag `{tag}`")]
    Tag {
        /// What a package begins with.
        tag: &'static str,
    },
    /// Not the bytes that were written.
    #[error("[SH-LOC-007] damaged package: its digest is not that of its bytes")]
    Damaged,
    /// The bytes are whole and not in the package's layout.
    #[error("[SH-LOC-008] malformed package")]
    Layout(#[source] postcard::Error),
    /// The file of one program holds another.
    #[error("[SH-LOC-009] package of another program: expected vk {expected}, got {got}")]
    OtherProgram {
        /// The program that was asked for.
        expected: VkDigest,
        /// The package's.
        got: VkDigest,
    },
    /// The program was compiled for statements of another kind.
    #[error("[SH-LOC-010] program of another input visibility: expected {expected}, got {got}")]
    OtherVisibility {
        /// What was asked for.
        expected: InputVisibility,
        /// The program's.
        got: InputVisibility,
    },
    /// The prover makes no statements of this kind.
    #[error("[SH-LOC-011] input visibility not supported: {got}")]
    Visibility {
        /// What was asked for.
        got: InputVisibility,
    },
    /// The model is larger than any that the prover takes.
    #[error("[SH-LOC-012] model too large: expected at most {limit} {unit}, got at least {got}")]
    TooLarge {
        /// What is counted.
        unit: &'static str,
        /// The limit.
        limit: u64,
        /// How many the model takes at the least.
        got: u64,
    },
    /// A key or a package that has no encoding: a defect of ours.
    #[error("[SH-LOC-013] cannot encode the program")]
    Encode(#[source] Box<dyn Error + Send + Sync>),
}

impl LocalError {
    /// What the failure means for the job and the prover.
    ///
    /// A package that is missing or damaged is the gateway's disk's fault, and the file may be back in a moment: trying
    /// again costs next to nothing, and then another prover is asked. It shows in this prover's standing, without the
    /// quarantine that would take every other program with it.
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Busy => ErrorKind::Overloaded,
            Self::Visibility { .. } | Self::TooLarge { .. } => ErrorKind::Unsupported,
            Self::Panicked
            | Self::Stopped
            | Self::Read { .. }
            | Self::PackageTooLarge { .. }
            | Self::Tag { .. }
            | Self::Damaged
            | Self::Layout(_)
            | Self::OtherProgram { .. }
            | Self::OtherVisibility { .. }
            | Self::Encode(_) => ErrorKind::Transient,
        }
    }
}

impl From<LocalError> for AdapterError {
    fn from(error: LocalError) -> Self {
        coded(error.kind(), &error)
    }
}

/// An error of one of our crates as an adapter's: its code, and what it and its causes say.
pub(crate) fn coded(kind: ErrorKind, error: &(dyn Error + 'static)) -> AdapterError {
    let (code, message) = code_and_text(error);
    AdapterError { kind, code, message }
}

/// The first code in an error and its causes, and their text without codes.
pub(crate) fn code_and_text(error: &(dyn Error + 'static)) -> (String, String) {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        // Some errors already quote what they wrap.
        if !text.contains(&inner_text) {
            let _ = write!(text, ": {inner_text}");
        }
        cause = inner.source();
    }
    let mut code = None;
    let mut message = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find("[SH-") {
        message.push_str(&rest[..start]);
        let bracketed = &rest[start + 1..];
        let end = bracketed.find(']').unwrap_or(bracketed.len());
        code.get_or_insert(&bracketed[..end]);
        rest = bracketed[end..].trim_start_matches(']').trim_start();
    }
    message.push_str(rest);
    (code.unwrap_or("SH-LOC-000").to_owned(), message)
}

#[cfg(test)]
mod tests {
    use sheaf_model::ModelError;

    use super::*;

    #[test]
    fn the_outermost_code_leads_and_codes_leave_the_text() {
        #[derive(Debug, thiserror::Error)]
        #[error("[SH-TST-001] outer")]
        struct Outer(#[source] Inner);
        #[derive(Debug, thiserror::Error)]
        #[error("[SH-TST-002] inner")]
        struct Inner;

        let error = coded(ErrorKind::Transient, &Outer(Inner));
        assert_eq!(error, AdapterError::new(ErrorKind::Transient, "SH-TST-001", "outer: inner"));
        assert_eq!(code_and_text(&std::fmt::Error).0, "SH-LOC-000");
    }

    #[test]
    fn causes_that_are_quoted_are_told_once() {
        let model = ModelError::ScaleBits { got: 99 };
        let (code, text) = code_and_text(&sheaf_embedded::CompileError::Model(model.clone()));
        assert_eq!(code, "SH-EMB-001");
        assert_eq!(text, format!("invalid model: {}", code_and_text(&model).1));
    }
}

//! Coded reasons for not doing what was asked.
//!
//! Every error of Sheaf's crates writes its stable code first, in brackets. A refusal takes the first code of the chain
//! and keeps the rest as text.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A coded reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    /// Stable, such as `SH-RCP-012`.
    pub(crate) code: String,
    /// For people; lower case, no full stop.
    pub(crate) message: String,
}

/// Errors of the command itself.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    /// A file cannot be read.
    #[error("[SH-CLI-001] cannot read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    /// A file cannot be written.
    #[error("[SH-CLI-002] cannot write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    /// Larger than anything of its kind.
    #[error("[SH-CLI-003] {path} is too large: expected at most {limit} bytes, got {got}")]
    TooLarge { path: PathBuf, limit: u64, got: u64 },
    /// Not what it should be.
    #[error("[SH-CLI-004] {path} is not a {expected}: {reason}")]
    Malformed { path: PathBuf, expected: &'static str, reason: String },
    /// There is no aggregate where one is looked for.
    #[error("[SH-CLI-005] no aggregate.json beside {path} or in the folder above; name one with --aggregate")]
    NoAggregate { path: PathBuf },
    /// Something that this machine must have is not to be had.
    #[error("[SH-CLI-007] cannot use {what}: {source}")]
    Machine { what: &'static str, source: std::io::Error },
    /// A check of `sheaf doctor` failed.
    #[error("[SH-CLI-008] {failed} of {checks} checks failed, the first: {first}")]
    Unwell { failed: usize, checks: usize, first: String },
    /// A job did not lead to a receipt.
    #[error("[SH-CLI-009] job {id} is {status}: {reason}")]
    Job { id: String, status: String, reason: String },
    /// A file that is not to be replaced.
    #[error("[SH-CLI-010] {path} exists already, and is not replaced")]
    Exists { path: PathBuf },
    /// The demo did not go as it must.
    #[error("[SH-CLI-006] demo failed: {reason}")]
    Demo { reason: String },
}

impl Refusal {
    /// From an error and everything below it.
    pub(crate) fn new(error: &(dyn Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            let inner_text = inner.to_string();
            // Some errors already quote what they wrap.
            if !text.contains(&inner_text) {
                let _ = write!(text, ": {inner_text}");
            }
            source = inner.source();
        }
        let code = first_code(&text).unwrap_or("SH-INT-000").to_owned();
        let message = strip_codes(&text);
        Self { code, message }
    }

    /// The same reason, told of a file.
    pub(crate) fn of_file(mut self, path: &Path) -> Self {
        self.message = format!("{}: {}", path.display(), self.message);
        self
    }
}

impl<E: Error + 'static> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::new(&error)
    }
}

fn first_code(text: &str) -> Option<&str> {
    let start = text.find("[SH-")? + 1;
    let length = text[start..].find(']')?;
    Some(&text[start..start + length])
}

fn strip_codes(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    while let Some(start) = rest.find("[SH-") {
        out.push_str(&rest[..start]);
        let after = &rest[start..];
        let end = after.find(']').map_or(after.len(), |end| end + 1);
        rest = after[end..].trim_start();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_code_leads_and_codes_leave_the_text() {
        let text = "[SH-EMB-001] invalid model: [SH-MOD-007] window is empty";
        assert_eq!(first_code(text), Some("SH-EMB-001"));
        assert_eq!(strip_codes(text), "invalid model: window is empty");
        assert_eq!(first_code("nothing"), None);
    }
}

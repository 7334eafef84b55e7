//! What can go wrong, and which of it passes by itself.
//!
//! Neither errors nor their sources hold the API key: it is in no URL and in no body.

use std::time::Duration;

use reqwest::StatusCode;
use serde::Deserialize;

use crate::{JobId, JobStatus};

/// Longest text of a problem that is kept; the rest is cut. It goes into logs and terminals.
const MAX_TEXT_CHARS: usize = 2_000;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The gateway's address cannot be used.
    #[error("[SH-CLT-001] bad gateway address: {reason}")]
    Address {
        /// What is wrong with it.
        reason: String,
    },
    /// The API key cannot stand in a header.
    #[error("[SH-CLT-002] bad API key: expected 1 to 512 visible ASCII characters")]
    Key,
    /// No HTTP client could be made, for example for want of CA certificates.
    #[error("[SH-CLT-003] cannot set up HTTP: {}", causes(source))]
    Setup {
        /// What the library said.
        source: reqwest::Error,
    },
    /// An argument that no gateway would take; nothing was sent.
    #[error("[SH-CLT-004] bad {what}: expected {expected}, got {got:?}")]
    Argument {
        /// What it is.
        what: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is instead, cut at 64 characters.
        got: String,
    },
    /// The gateway refused, and said why.
    #[error("{0}")]
    Problem(Box<Problem>),
    /// An answer that is neither a success nor a problem document: something stands between client and gateway.
    #[error(
        "[SH-CLT-006] unexpected answer: expected success or a problem document, got HTTP status {status}"
    )]
    Status {
        /// The HTTP status.
        status: u16,
        /// How long to wait before trying again, if it said so.
        retry_after: Option<Duration>,
    },
    /// No connection, or one that broke.
    #[error("[SH-CLT-007] gateway not reached: {}", causes(source))]
    Transport {
        /// What the library said.
        source: reqwest::Error,
    },
    /// No answer in time. The gateway may have done what was asked.
    #[error("[SH-CLT-008] no answer in time: expected one within {limit_ms} ms")]
    Timeout {
        /// How long was waited.
        limit_ms: u64,
    },
    /// An answer that is larger than the limit. What was over it was not read.
    #[error("[SH-CLT-009] answer too large: expected at most {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// An answer that is not what the API promises.
    #[error("[SH-CLT-010] answer not understood: expected {expected}: {source}")]
    Decode {
        /// What was expected.
        expected: &'static str,
        /// Where and why.
        source: serde_json::Error,
    },
    /// Waiting ended before the job did. The job goes on.
    #[error("[SH-CLT-011] job {job} is not done: expected an end within {within_ms} ms, got status {status}")]
    NotDone {
        /// The job.
        job: JobId,
        /// Where it is.
        status: JobStatus,
        /// How long was waited.
        within_ms: u64,
    },
    /// A receipt that does not verify, or not for what was expected.
    #[cfg(feature = "verify")]
    #[error(transparent)]
    Verify(#[from] crate::verify::VerifyError),
}

/// A gateway's refusal (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[{code}] {detail}{}", self.hint())]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// Stable code.
    pub code: String,
    /// The kind of problem, in words; the same for every occurrence.
    pub title: String,
    /// What was expected and what was got, this time.
    pub detail: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// Names the request in the gateway's logs.
    pub request_id: String,
    /// How to mend it.
    pub mend: String,
    /// How long to wait before trying again, if it said so.
    pub retry_after: Option<Duration>,
}

/// A problem document. Only its code is indispensable: it tells Sheaf's problems from those of others.
#[derive(Deserialize)]
struct Wire {
    code: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    retryable: bool,
    #[serde(default)]
    request_id: String,
    #[serde(default)]
    mend: String,
}

impl Problem {
    fn hint(&self) -> String {
        let mend = Some(&self.mend).filter(|mend| !mend.is_empty()).map(|mend| format!("; {mend}"));
        let request = Some(&self.request_id).filter(|id| !id.is_empty()).map(|id| format!(" (request {id})"));
        mend.into_iter().chain(request).collect()
    }
}

impl Error {
    /// From an answer that is no success.
    pub(crate) fn of_answer(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let status = status.as_u16();
        let Ok(wire) = serde_json::from_slice::<Wire>(body) else {
            return Self::Status { status, retry_after };
        };
        let Wire { code, title, detail, retryable, request_id, mend } = wire;
        let detail = if detail.is_empty() { title.clone() } else { detail };
        Self::Problem(Box::new(Problem {
            status,
            code: plain(&code),
            title: plain(&title),
            detail: plain(&detail),
            retryable,
            request_id: plain(&request_id),
            mend: plain(&mend),
            retry_after,
        }))
    }

    pub(crate) fn of_transport(source: reqwest::Error, limit: Duration) -> Self {
        if source.is_timeout() {
            Self::Timeout { limit_ms: millis(limit) }
        } else {
            Self::Transport { source: source.without_url() }
        }
    }

    /// Whether the same call may succeed later. The client has then already tried again for as long as it may, if the
    /// call is one that may be sent twice.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.retryable,
            Self::Status { status, .. } => passes(*status),
            Self::Transport { .. } | Self::Timeout { .. } | Self::NotDone { .. } => true,
            Self::Address { .. }
            | Self::Key
            | Self::Setup { .. }
            | Self::Argument { .. }
            | Self::TooLarge { .. }
            | Self::Decode { .. } => false,
            #[cfg(feature = "verify")]
            Self::Verify(_) => false,
        }
    }

    /// Whether the client tries again by itself. Narrower than [`is_retryable`](Self::is_retryable): a 404 that may pass
    /// is the caller's to wait for, and hammering does not help it.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Problem(problem) => problem.retryable && (problem.status == 429 || problem.status >= 500),
            Self::Status { status, .. } => passes(*status),
            Self::Transport { .. } | Self::Timeout { .. } => true,
            _ => false,
        }
    }

    /// The gateway's refusal, if this is one.
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem(problem) => Some(problem),
            _ => None,
        }
    }

    /// How long to wait before trying again, if the gateway said so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Problem(problem) => problem.retry_after,
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Stable code: the gateway's own for its refusals.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Address { .. } => "SH-CLT-001",
            Self::Key => "SH-CLT-002",
            Self::Setup { .. } => "SH-CLT-003",
            Self::Argument { .. } => "SH-CLT-004",
            Self::Problem(problem) => &problem.code,
            Self::Status { .. } => "SH-CLT-006",
            Self::Transport { .. } => "SH-CLT-007",
            Self::Timeout { .. } => "SH-CLT-008",
            Self::TooLarge { .. } => "SH-CLT-009",
            Self::Decode { .. } => "SH-CLT-010",
            Self::NotDone { .. } => "SH-CLT-011",
            #[cfg(feature = "verify")]
            Self::Verify(error) => error.code(),
        }
    }
}

/// Statuses that say "not now", whoever says them. A bare 500 does not.
fn passes(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Text of others without control characters, which a terminal would obey, and not longer than anyone reads.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT_CHARS).collect()
}

/// An error and everything below it; reqwest's own text says only that sending failed.
fn causes(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    plain(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(status: u16, retryable: bool) -> Error {
        let body = format!(r#"{{"code":"SH-API-008","detail":"no job","retryable":{retryable},"new":1}}"#);
        Error::of_answer(StatusCode::from_u16(status).unwrap(), None, body.as_bytes())
    }

    #[test]
    fn only_what_passes_by_itself_is_tried_again() {
        assert!(problem(503, true).is_passing() && problem(429, true).is_passing());
        assert!(!problem(503, false).is_passing());
        let not_yet = problem(404, true);
        assert!(not_yet.is_retryable() && !not_yet.is_passing());
    }

    #[test]
    fn answers_of_strangers_are_judged_by_their_status() {
        let of = |status| Error::of_answer(StatusCode::from_u16(status).unwrap(), None, b"<html>");
        assert!(of(502).is_passing() && of(429).is_retryable());
        assert!(!of(500).is_passing() && !of(301).is_passing());
        assert_eq!(of(418).code(), "SH-CLT-006");
    }

    #[test]
    fn text_of_a_hostile_gateway_is_cut_and_has_no_control_characters() {
        let detail = format!("\\u001b[2J{}", "x".repeat(10_000));
        let body = format!(r#"{{"code":"SH\n-X","detail":"{detail}"}}"#);
        let error = Error::of_answer(StatusCode::BAD_REQUEST, None, body.as_bytes());
        let text = error.to_string();
        assert!(text.starts_with("[SH-X] [2Jxxx") && text.len() < 2_100, "{text}");
    }

    #[test]
    fn problem_text_leads_with_the_gateways_code_and_ends_with_the_request() {
        let body =
            br#"{"code":"SH-API-008","detail":"no job job_1","mend":"check the id","request_id":"r1"}"#;
        let error = Error::of_answer(StatusCode::NOT_FOUND, None, body);
        assert_eq!(error.to_string(), "[SH-API-008] no job job_1; check the id (request r1)");
    }
}

//! Why there is no decision. A decision that chooses nobody is a decision, not an error; see
//! [`Reason`](crate::Reason). Only the gateway turns these into HTTP.

use sheaf_statement::ProverId;

/// Inputs that cannot be decided on, bytes that are no stored decision, or text that is no price.
///
/// Codes are never reused; those below `SH-POL-100` are of [`Reason`](crate::Reason)s.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Rules of another version than this build has.
    #[error("[SH-POL-101] unsupported policy version: expected {expected}, got {got}")]
    UnsupportedVersion {
        /// The version that this build has.
        expected: u32,
        /// The version given.
        got: u32,
    },
    /// Two candidates have one id, so a decision could not say which of them it means.
    #[error("[SH-POL-102] repeated candidate: expected each prover once, got {prover} more than once")]
    DuplicateProver {
        /// The smallest id that is repeated.
        prover: ProverId,
    },
    /// More candidates than a decision may hold.
    #[error("[SH-POL-103] too many candidates: expected at most {limit}, got {got}")]
    TooManyCandidates {
        /// The most there may be.
        limit: usize,
        /// The number given.
        got: usize,
    },
    /// More bytes than any decision has.
    #[error("[SH-POL-104] stored decision is too large: expected at most {limit} bytes, got {got}")]
    TooLarge {
        /// The most there may be.
        limit: usize,
        /// The number given.
        got: usize,
    },
    /// The bytes are not JSON of a decision.
    #[error("[SH-POL-105] stored decision is malformed: expected the JSON of a decision, got {source}")]
    Malformed {
        /// What is wrong with them.
        #[source]
        source: serde_json::Error,
    },
    /// The bytes say what a decision says, in another spelling.
    #[error("[SH-POL-106] stored decision is not canonical: expected the bytes it was stored as, got others")]
    NotCanonical,
    /// The text is not a price in US dollars.
    #[error(
        "[SH-POL-107] malformed price: expected 1 to 9 digits, or those, a point and 1 to 6 digits, got {got:?}"
    )]
    MalformedPrice {
        /// The text as given, cut at 64 characters.
        got: String,
    },
}

impl PolicyError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UnsupportedVersion { .. } => "SH-POL-101",
            Self::DuplicateProver { .. } => "SH-POL-102",
            Self::TooManyCandidates { .. } => "SH-POL-103",
            Self::TooLarge { .. } => "SH-POL-104",
            Self::Malformed { .. } => "SH-POL-105",
            Self::NotCanonical => "SH-POL-106",
            Self::MalformedPrice { .. } => "SH-POL-107",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_begin_with_the_code_and_say_expected_and_got() {
        let errors = [
            PolicyError::UnsupportedVersion { expected: 1, got: 2 },
            PolicyError::DuplicateProver { prover: "a".parse().unwrap() },
            PolicyError::TooManyCandidates { limit: 1, got: 2 },
            PolicyError::TooLarge { limit: 1, got: 2 },
            PolicyError::Malformed { source: serde_json::from_str::<u8>("x").unwrap_err() },
            PolicyError::NotCanonical,
            PolicyError::MalformedPrice { got: "-1".into() },
        ];
        for (error, number) in errors.iter().zip(101..) {
            let message = error.to_string();
            assert_eq!(error.code(), format!("SH-POL-{number}"));
            assert!(message.starts_with(&format!("[{}] ", error.code())), "{message}");
            assert!(message.contains("expected ") && message.contains("got "), "{message}");
            assert!(!message.ends_with('.'), "{message}");
        }
    }
}

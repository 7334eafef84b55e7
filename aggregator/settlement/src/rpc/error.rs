//! Why an endpoint gave no answer, or a bad one.

use alloy::primitives::Bytes;

/// Why an endpoint gave no answer, or a bad one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// Nothing came in time.
    #[error("[SH-STL-301] {endpoint} did not answer {method} within {timeout_ms} ms")]
    Timeout {
        /// The endpoint's label.
        endpoint: String,
        /// JSON-RPC method.
        method: &'static str,
        /// Time it had.
        timeout_ms: u128,
    },
    /// No connection, or one that ended.
    #[error("[SH-STL-302] {endpoint} cannot be reached: {why}")]
    Transport {
        /// The endpoint's label.
        endpoint: String,
        /// Why not.
        why: String,
    },
    /// The endpoint answered with an error.
    #[error("[SH-STL-303] {endpoint} refuses {method}: {message} ({code})")]
    Refused {
        /// The endpoint's label.
        endpoint: String,
        /// JSON-RPC method.
        method: &'static str,
        /// JSON-RPC error code.
        code: i64,
        /// The endpoint's words, escaped and cut.
        message: String,
        /// Revert data, if there is any.
        data: Option<Bytes>,
    },
    /// The answer has not the shape it must have.
    #[error("[SH-STL-304] {endpoint} answers {method} with something else: {why}")]
    Shape {
        /// The endpoint's label.
        endpoint: String,
        /// JSON-RPC method.
        method: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// Two answers of one endpoint do not go together.
    #[error("[SH-STL-305] {endpoint} contradicts itself: {why}")]
    Contradiction {
        /// The endpoint's label.
        endpoint: String,
        /// What contradicts what.
        why: String,
    },
    /// The endpoint is on another chain.
    #[error("[SH-STL-306] {endpoint} is on another chain: expected {expected}, got {got}")]
    WrongChain {
        /// The endpoint's label.
        endpoint: String,
        /// As configured.
        expected: u64,
        /// What it says.
        got: u64,
    },
    /// Not an address of an endpoint.
    #[error("[SH-STL-307] RPC URL refused: expected http:// or https:// and a host, got {got}")]
    Url {
        /// What there is of it that is no secret: its scheme.
        got: String,
    },
    /// The HTTP client cannot be made.
    #[error("[SH-STL-308] cannot make an HTTP client: {why}")]
    Client {
        /// Why not.
        why: String,
    },
}

impl RpcError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "SH-STL-301",
            Self::Transport { .. } => "SH-STL-302",
            Self::Refused { .. } => "SH-STL-303",
            Self::Shape { .. } => "SH-STL-304",
            Self::Contradiction { .. } => "SH-STL-305",
            Self::WrongChain { .. } => "SH-STL-306",
            Self::Url { .. } => "SH-STL-307",
            Self::Client { .. } => "SH-STL-308",
        }
    }
}

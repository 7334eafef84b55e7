//! What became of one attempt, as the gateway writes it down.

use std::time::Duration;

use crate::WebhookError;

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver took the message.
    Delivered {
        /// Its status, 200 to 299.
        status: u16,
    },
    /// It did not, as far as we know: after a time-out or a broken connection it may have.
    Failed {
        /// The code of the [`WebhookError`].
        code: &'static str,
        /// Its text without the code, for people; lower case, no full stop, one line of at most 300 characters.
        message: String,
        /// Whether to try again, as [`backoff`](crate::backoff) says when.
        retryable: bool,
        /// How long the receiver asked us to wait, at most an hour; wait for this if it is longer than the backoff.
        retry_after: Option<Duration>,
    },
}

impl Outcome {
    /// Whether the receiver said that it wants no messages any more (410): disable the endpoint.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Failed { code, .. } if *code == WebhookError::Gone.code())
    }
}

impl From<WebhookError> for Outcome {
    fn from(error: WebhookError) -> Self {
        Self::Failed {
            code: error.code(),
            message: error.reason(),
            retryable: error.is_retryable(),
            retry_after: error.retry_after(),
        }
    }
}

//! Why a secret, a signature, a target or a delivery was refused. Only the gateway turns these into HTTP.

use std::error::Error;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

/// What is wrong with a webhook or its delivery.
///
/// Every variant has a stable [`code`](Self::code). Codes are never reused. No message quotes a secret, and none an
/// address that a name resolved to: they may be shown to whoever registered the target, for whom that would be a way to
/// read our DNS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The secret's text does not begin as secrets do.
    #[error("[SH-WHK-001] secret has no prefix: expected whsec_")]
    SecretPrefix,
    /// The secret's text is not base64, or not its only spelling. Has no source, which would quote a part of it.
    #[error("[SH-WHK-002] secret is not base64: expected the standard alphabet, padded")]
    SecretEncoding,
    /// The secret is too short to be safe or longer than the specification allows.
    #[error("[SH-WHK-003] secret has a wrong length: expected 24 to 64 bytes, got {got}")]
    SecretLength {
        /// Bytes that the text decodes to; approximate where it is too long to be decoded.
        got: usize,
    },
    /// The message id is empty, too long or holds other characters, such as the signature's delimiter.
    #[error("[SH-WHK-004] malformed message id: expected 1 to 64 of A-Z, a-z, 0-9, _ and -, got {got:?}")]
    MessageId {
        /// The id as given, cut at 64 characters.
        got: String,
    },
    /// The timestamp is not a plain decimal number.
    #[error("[SH-WHK-005] malformed timestamp: expected Unix seconds in decimal")]
    TimestampFormat,
    /// The message is too old or from the future: a replay, or a clock is wrong.
    #[error(
        "[SH-WHK-006] timestamp out of tolerance: expected {now_s} give or take {tolerance_s}, got {got_s}"
    )]
    TimestampTolerance {
        /// The receiver's time, in Unix seconds.
        now_s: u64,
        /// The message's timestamp.
        got_s: u64,
        /// How far they may be apart.
        tolerance_s: u64,
    },
    /// No signature is of this message by this secret.
    #[error("[SH-WHK-007] signature does not match: expected one of the shared secret over this message")]
    SignatureMismatch,
    /// The URL is too long.
    #[error("[SH-WHK-008] target is too long: expected at most {limit} bytes, got {got}")]
    TargetLength {
        /// The most a URL may have, as given and as normalised.
        limit: usize,
        /// What it has.
        got: usize,
    },
    /// The text is not an absolute URL.
    #[error("[SH-WHK-009] target is not a url: expected https://host/path: {source}")]
    TargetSyntax {
        /// What the parser found.
        #[source]
        source: url::ParseError,
    },
    /// The URL is written in a way that different parsers understand differently, which hides where it leads.
    #[error(
        "[SH-WHK-010] target is ambiguous: expected one https:// and no white space, control characters or backslashes"
    )]
    TargetSpelling,
    /// The URL's scheme is another one.
    #[error("[SH-WHK-011] target has a wrong scheme: expected {expected}, got {got:?}")]
    TargetScheme {
        /// The schemes that the policy allows.
        expected: &'static str,
        /// The scheme as given, cut at 64 characters.
        got: String,
    },
    /// The URL holds a user name or a password, which would go to logs and into the `authorization` header.
    #[error("[SH-WHK-012] target holds credentials: expected a url without user name and password")]
    TargetCredentials,
    /// The URL holds a fragment, which would never be sent.
    #[error("[SH-WHK-013] target has a fragment: expected a url without #")]
    TargetFragment,
    /// The URL's port is 0.
    #[error("[SH-WHK-014] target has a wrong port: expected 1 to 65535, got 0")]
    TargetPort,
    /// The host is neither a DNS name nor an IP address.
    #[error("[SH-WHK-015] target has no valid host: expected a dns name without a final dot, got {got:?}")]
    TargetHost {
        /// The host as normalised, cut at 64 characters.
        got: String,
    },
    /// The host's name is one of a local network.
    #[error("[SH-WHK-016] target is a local name: expected one of the public dns, got {got:?}")]
    TargetLocalName {
        /// The host as normalised, cut at 64 characters.
        got: String,
    },
    /// The host is an IP address that must not be called.
    #[error("[SH-WHK-017] target is not a public address: expected a global one, got {got} ({range})")]
    TargetAddress {
        /// The address that the URL stands for.
        got: IpAddr,
        /// What that address is reserved for.
        range: &'static str,
    },
    /// The HTTP client cannot be built, for example because the machine has no CA certificates.
    #[error("[SH-WHK-018] cannot set up the http client: expected tls and ca certificates")]
    Client {
        /// What is missing.
        #[source]
        source: reqwest::Error,
    },
    /// The message is too large to be sent.
    #[error("[SH-WHK-019] message is too large: expected at most {limit} bytes, got {got}")]
    BodyTooLarge {
        /// The most a body may have.
        limit: usize,
        /// What it has.
        got: usize,
    },
    /// The host's name does not resolve.
    #[error("[SH-WHK-020] host does not resolve: expected an address")]
    Resolve {
        /// What the resolver found.
        #[source]
        source: io::Error,
    },
    /// The host's name resolves, but only to addresses that must not be called. The attack is DNS rebinding: a public
    /// name that is pointed at an inner service, perhaps only after it was registered.
    #[error(
        "[SH-WHK-021] host has no address that may be called: expected a global one, got {dropped} others"
    )]
    NoAllowedAddress {
        /// How many addresses there were.
        dropped: usize,
    },
    /// Nothing accepts connections there.
    #[error("[SH-WHK-022] cannot connect: expected a listening receiver")]
    Connect {
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// The receiver's certificate is not valid for the host, or it does not speak TLS.
    #[error("[SH-WHK-023] tls handshake failed: expected a valid certificate of the host")]
    Tls {
        /// What happened.
        #[source]
        source: rustls::Error,
    },
    /// The receiver took too long to connect or to answer.
    #[error("[SH-WHK-024] receiver took too long: expected an answer within {limit_ms} ms")]
    Timeout {
        /// The time limit.
        limit_ms: u128,
    },
    /// The connection broke, or the answer is not HTTP.
    #[error("[SH-WHK-025] no http answer: expected a status")]
    Transport {
        /// What happened.
        #[source]
        source: reqwest::Error,
    },
    /// The receiver redirects. Redirects are not followed, for they may lead where the target may not.
    #[error("[SH-WHK-026] receiver redirects: expected a 2xx status, got {status}; register the new url")]
    Redirected {
        /// The status.
        status: u16,
        /// How long the receiver asked to wait.
        retry_after: Option<Duration>,
    },
    /// The receiver wants no more messages.
    #[error("[SH-WHK-027] receiver is gone: expected a 2xx status, got 410")]
    Gone,
    /// The receiver answered that it did not take the message.
    #[error("[SH-WHK-028] receiver failed: expected a 2xx status, got {status}")]
    Status {
        /// The status.
        status: u16,
        /// How long the receiver asked to wait.
        retry_after: Option<Duration>,
    },
}

/// Longest reason in an [`Outcome`](crate::Outcome). A certificate's names, which a hostile receiver chooses, may be in
/// it.
const MAX_REASON_CHARS: usize = 300;

impl WebhookError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SecretPrefix => "SH-WHK-001",
            Self::SecretEncoding => "SH-WHK-002",
            Self::SecretLength { .. } => "SH-WHK-003",
            Self::MessageId { .. } => "SH-WHK-004",
            Self::TimestampFormat => "SH-WHK-005",
            Self::TimestampTolerance { .. } => "SH-WHK-006",
            Self::SignatureMismatch => "SH-WHK-007",
            Self::TargetLength { .. } => "SH-WHK-008",
            Self::TargetSyntax { .. } => "SH-WHK-009",
            Self::TargetSpelling => "SH-WHK-010",
            Self::TargetScheme { .. } => "SH-WHK-011",
            Self::TargetCredentials => "SH-WHK-012",
            Self::TargetFragment => "SH-WHK-013",
            Self::TargetPort => "SH-WHK-014",
            Self::TargetHost { .. } => "SH-WHK-015",
            Self::TargetLocalName { .. } => "SH-WHK-016",
            Self::TargetAddress { .. } => "SH-WHK-017",
            Self::Client { .. } => "SH-WHK-018",
            Self::BodyTooLarge { .. } => "SH-WHK-019",
            Self::Resolve { .. } => "SH-WHK-020",
            Self::NoAllowedAddress { .. } => "SH-WHK-021",
            Self::Connect { .. } => "SH-WHK-022",
            Self::Tls { .. } => "SH-WHK-023",
            Self::Timeout { .. } => "SH-WHK-024",
            Self::Transport { .. } => "SH-WHK-025",
            Self::Redirected { .. } => "SH-WHK-026",
            Self::Gone => "SH-WHK-027",
            Self::Status { .. } => "SH-WHK-028",
        }
    }

    /// Whether the same attempt may succeed later: whatever the network, the DNS and the receiver do may change, except
    /// that it wants no more messages. The target, the secret and the message do not change by themselves.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Resolve { .. }
                | Self::NoAllowedAddress { .. }
                | Self::Connect { .. }
                | Self::Tls { .. }
                | Self::Timeout { .. }
                | Self::Transport { .. }
                | Self::Redirected { .. }
                | Self::Status { .. }
        )
    }

    /// How long the receiver asked to wait before the next attempt.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Redirected { retry_after, .. } | Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The message without its code, and the innermost cause: one line of limited length.
    pub(crate) fn reason(&self) -> String {
        let mut text = self.to_string();
        // What lies between is the client's own layers.
        if let Some(cause) = causes(self).skip(1).last().map(ToString::to_string)
            && !text.contains(&cause)
        {
            text = format!("{text}: {cause}");
        }
        let text = text.split_once("] ").map_or(text.as_str(), |(_, rest)| rest);
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_REASON_CHARS).collect()
    }
}

/// An error and everything below it. I/O errors skip what they wrap when asked for their source, so they are opened.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error: &&'a (dyn Error + 'static)| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// The beginning of a text of theirs that goes into a message of ours.
pub(crate) fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn one_of_each() -> Vec<WebhookError> {
        use WebhookError::*;
        let http = || reqwest::Url::parse("").map_err(|_| http_error()).unwrap_err();
        vec![
            SecretPrefix,
            SecretEncoding,
            SecretLength { got: 23 },
            MessageId { got: "a.b".into() },
            TimestampFormat,
            TimestampTolerance { now_s: 1000, got_s: 1, tolerance_s: 300 },
            SignatureMismatch,
            TargetLength { limit: 2048, got: 2049 },
            TargetSyntax { source: url::ParseError::EmptyHost },
            TargetSpelling,
            TargetScheme { expected: "https", got: "ftp".into() },
            TargetCredentials,
            TargetFragment,
            TargetPort,
            TargetHost { got: "a..b".into() },
            TargetLocalName { got: "localhost".into() },
            TargetAddress { got: IpAddr::from([127, 0, 0, 1]), range: "loopback" },
            Client { source: http() },
            BodyTooLarge { limit: 1, got: 2 },
            Resolve { source: io::Error::other("no such host") },
            NoAllowedAddress { dropped: 2 },
            Connect { source: http() },
            Tls { source: rustls::Error::HandshakeNotComplete },
            Timeout { limit_ms: 20_000 },
            Transport { source: http() },
            Redirected { status: 302, retry_after: None },
            Gone,
            Status { status: 500, retry_after: None },
        ]
    }

    /// An error of the client's, which only it can make.
    fn http_error() -> reqwest::Error {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::new().get("no url").build().unwrap_err()
    }

    #[test]
    fn codes_are_distinct_in_order_and_lead_the_message() {
        let errors = one_of_each();
        let codes: Vec<_> = errors.iter().map(WebhookError::code).collect();
        assert!(codes.is_sorted());
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        for error in errors {
            assert!(error.to_string().starts_with(&format!("[{}] ", error.code())), "{error}");
        }
    }

    #[test]
    fn messages_are_lower_case_without_full_stop_and_say_what_was_expected() {
        for error in one_of_each() {
            let message = error.to_string();
            let (_, text) = message.split_once("] ").unwrap();
            assert!(text.contains("expected ") && !text.ends_with('.'), "{message}");
            assert!(text.starts_with(|first: char| first.is_ascii_lowercase()), "{message}");
        }
    }

    #[test]
    fn reason_has_the_innermost_cause_and_no_code() {
        let source = io::Error::other(rustls::Error::HandshakeNotComplete);
        let error = WebhookError::Resolve { source };
        assert_eq!(error.reason(), "host does not resolve: expected an address: handshake not complete");
        for error in one_of_each() {
            assert!(!error.reason().contains("SH-WHK"), "{}", error.reason());
        }
    }

    /// A receiver chooses the names in its certificate, and they end up in our database and in someone's browser.
    #[test]
    fn reason_is_one_line_of_limited_length() {
        let source = io::Error::other(format!("a\r\nb\u{1b}[31m{}", "x".repeat(10_000)));
        let reason = WebhookError::Resolve { source }.reason();
        assert_eq!(reason.chars().count(), MAX_REASON_CHARS);
        assert!(!reason.contains(char::is_control));
    }
}

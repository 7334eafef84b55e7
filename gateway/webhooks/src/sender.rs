//! One attempt to deliver one message: signs it, sends it, and says what became of it.
//!
//! Does not retry and remembers nothing; the gateway writes down the outcome and comes back when `backoff` says so.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use http::{StatusCode, header};
use reqwest::{Client, ClientBuilder, Response, redirect, retry};

use crate::error::causes;
use crate::message::{ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};
use crate::resolver::{CheckedResolver, Lookup, SystemLookup};
use crate::{Message, Outcome, Secret, Target, TargetPolicy, WebhookError};

/// What we call ourselves.
const USER_AGENT: &str = concat!("sheaf-webhooks/", env!("CARGO_PKG_VERSION"));
/// Most of an answer's body that is read. Nothing is done with it, but a receiver that is cut off while it writes may
/// take its own answer for failed.
const MAX_RESPONSE_BYTES: usize = 4 << 10;
/// Longest wait that a receiver can ask for.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3600);

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Resolving the name, connecting and the TLS handshake.
    pub(crate) connect: Duration,
    /// All of that, and until the answer's status. Standard Webhooks recommends 15 to 30 s.
    pub(crate) total: Duration,
    /// The answer's body, once there is a status.
    pub(crate) body: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            total: Duration::from_secs(20),
            body: Duration::from_secs(2),
        }
    }
}

/// Delivers messages to targets that its policy allows. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    client: Client,
    policy: TargetPolicy,
    limits: Limits,
}

impl Sender {
    /// A sender that resolves names as the system does and trusts the certificate authorities that the system trusts.
    ///
    /// Installs ring as this process's TLS provider unless another one is installed.
    ///
    /// # Errors
    /// [`WebhookError::Client`], for example on a machine without CA certificates.
    pub fn new(policy: TargetPolicy) -> Result<Self, WebhookError> {
        Self::build(policy, Arc::new(SystemLookup), Limits::default(), |builder| builder)
    }

    fn build(
        policy: TargetPolicy,
        lookup: Arc<dyn Lookup>,
        limits: Limits,
        adjust: impl FnOnce(ClientBuilder) -> ClientBuilder,
    ) -> Result<Self, WebhookError> {
        // The client panics without a provider. An error means that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = Client::builder()
            .user_agent(USER_AGENT)
            .dns_resolver(CheckedResolver { policy, lookup })
            // A proxy would resolve names by itself.
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .https_only(!policy.allow_private)
            // A repeated request is the gateway's to decide on.
            .retry(retry::never())
            .connect_timeout(limits.connect)
            // Deliveries to one receiver are rare: an open connection would only be its way to keep a socket of ours.
            .pool_max_idle_per_host(0)
            // One request a connection gains nothing from the larger protocol.
            .http1_only()
            // Another crate may switch these on for the whole build.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_hickory_dns();
        let client = adjust(builder).build().map_err(|source| WebhookError::Client { source })?;
        Ok(Self { client, policy, limits })
    }

    /// Makes one attempt, in at most about 22 s.
    ///
    /// The target is checked again under this sender's policy, and its name is resolved anew. If the future is dropped,
    /// the receiver may or may not have got the message; receivers tell repeated attempts by the message's id.
    pub async fn deliver(&self, target: &Target, secret: &Secret, message: &Message) -> Outcome {
        let outcome = match self.attempt(target, secret, message).await {
            Ok(status) => Outcome::Delivered { status: status.as_u16() },
            Err(error) => error.into(),
        };
        tracing::debug!(message = message.id, target = target.origin(), ?outcome, "webhook attempt");
        outcome
    }

    async fn attempt(
        &self,
        target: &Target,
        secret: &Secret,
        message: &Message,
    ) -> Result<StatusCode, WebhookError> {
        target.check(&self.policy)?;
        message.check()?;
        let Message { id, timestamp_s, body } = message;
        let sending = self
            .client
            .post(target.url().clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(ID_HEADER, id)
            .header(TIMESTAMP_HEADER, *timestamp_s)
            .header(SIGNATURE_HEADER, secret.sign(id, *timestamp_s, body))
            .body(body.clone())
            .send();
        let response = match tokio::time::timeout(self.limits.total, sending).await {
            Ok(response) => response.map_err(|error| self.classify(error))?,
            Err(_) => return Err(self.timed_out()),
        };
        let status = response.status();
        let retry_after = retry_after(&response, *timestamp_s);
        // The status decides, so a body that is endless or breaks off changes nothing.
        let _ = tokio::time::timeout(self.limits.body, read(response)).await;
        match status.as_u16() {
            200..=299 => Ok(status),
            300..=399 => Err(WebhookError::Redirected { status: status.as_u16(), retry_after }),
            410 => Err(WebhookError::Gone),
            status => Err(WebhookError::Status { status, retry_after }),
        }
    }

    /// By cause and not by text. URLs are removed, for they may hold tokens.
    fn classify(&self, error: reqwest::Error) -> WebhookError {
        let error = error.without_url();
        for cause in causes(&error) {
            match cause.downcast_ref() {
                Some(WebhookError::NoAllowedAddress { dropped }) => {
                    return WebhookError::NoAllowedAddress { dropped: *dropped };
                }
                Some(WebhookError::Resolve { source }) => {
                    let source = std::io::Error::new(source.kind(), source.to_string());
                    return WebhookError::Resolve { source };
                }
                _ => {}
            }
            if let Some(source) = cause.downcast_ref::<rustls::Error>() {
                return WebhookError::Tls { source: source.clone() };
            }
        }
        if error.is_timeout() {
            self.timed_out()
        } else if error.is_connect() {
            WebhookError::Connect { source: error }
        } else {
            WebhookError::Transport { source: error }
        }
    }

    const fn timed_out(&self) -> WebhookError {
        WebhookError::Timeout { limit_ms: self.limits.total.as_millis() }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("policy", &self.policy).finish_non_exhaustive()
    }
}

/// Reads the beginning of the body and drops the rest with the connection.
async fn read(mut response: Response) {
    let mut got = 0;
    while got < MAX_RESPONSE_BYTES
        && let Ok(Some(chunk)) = response.chunk().await
    {
        got += chunk.len();
    }
}

/// The wait that the answer asks for, in seconds or until a date (RFC 9110, section 10.2.3), capped. The attempt's own
/// time stands for now.
fn retry_after(response: &Response, now_s: u64) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Too large for the type is too large for us.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        let until = httpdate::parse_http_date(value).ok()?.duration_since(UNIX_EPOCH).ok()?;
        until.saturating_sub(Duration::from_secs(now_s))
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests;

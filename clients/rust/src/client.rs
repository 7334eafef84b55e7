//! The client and its settings. Requests themselves are `call`'s.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::HeaderValue;
use reqwest::{redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::Error;
use crate::call::MAX_ANSWER_BYTES;

/// What we call ourselves.
const USER_AGENT: &str = concat!("sheaf-client/", env!("CARGO_PKG_VERSION"));
const MAX_KEY_BYTES: usize = 512;

/// A client of one gateway. Cheap to clone; clones share connections.
///
/// Futures of its methods can be dropped at any time. What was sent by then may or may not have happened.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Url,
    /// `Bearer …`, marked as sensitive.
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) limits: Limits,
}

/// How long and how much.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    pub(crate) answer: Duration,
    pub(crate) retry_for: Duration,
    pub(crate) answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(60),
            retry_for: Duration::from_secs(30),
            answer_bytes: MAX_ANSWER_BYTES,
        }
    }
}

/// Settings of a [`Client`].
#[derive(Clone)]
pub struct ClientBuilder {
    address: String,
    key: Option<SecretString>,
    limits: Limits,
}

impl Client {
    /// A client of the gateway at `address`, such as `https://sheaf.example.com`, with an API key.
    ///
    /// Trusts the certificate authorities that the system trusts. Installs ring as this process's TLS provider unless
    /// another one is installed.
    ///
    /// # Errors
    /// As [`ClientBuilder::build`].
    pub fn new(address: &str, key: impl Into<SecretString>) -> Result<Self, Error> {
        Self::builder(address).key(key).build()
    }

    /// A client with other settings than the defaults.
    #[must_use]
    pub fn builder(address: &str) -> ClientBuilder {
        ClientBuilder { address: address.to_owned(), key: None, limits: Limits::default() }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { base, authorization, limits, .. } = &*self.inner;
        f.debug_struct("Client")
            .field("address", &base.as_str())
            .field("has_key", &authorization.is_some())
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the address: it may hold a password, which `build` refuses.
        f.debug_struct("ClientBuilder").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl ClientBuilder {
    /// The API key. Without one only [`Client::ready`] is of use.
    #[must_use]
    pub fn key(mut self, key: impl Into<SecretString>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// How long connecting may take, TLS included: 10 s by default.
    #[must_use]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.limits.connect = limit;
        self
    }

    /// How long an answer may take, its body included: 60 s by default. Long polls get the time that they ask the
    /// gateway to wait on top.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.limits.answer = limit;
        self
    }

    /// For how long a call that may be sent twice is tried again after failures that pass: 30 s by default, counted from
    /// the first try; zero for never. If the gateway asks for a longer wait than is left, the call fails at once.
    #[must_use]
    pub fn retry_for(mut self, limit: Duration) -> Self {
        self.limits.retry_for = limit;
        self
    }

    /// Largest answer that is read: [`MAX_ANSWER_BYTES`] by default and at most.
    #[must_use]
    pub fn max_answer_bytes(mut self, limit: usize) -> Self {
        self.limits.answer_bytes = limit.min(MAX_ANSWER_BYTES);
        self
    }

    /// Makes the client. Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error::Address`], [`Error::Key`], or [`Error::Setup`] where HTTP over TLS cannot be set up.
    pub fn build(self) -> Result<Client, Error> {
        let Self { address, key, limits } = self;
        let base = base(&address)?;
        let authorization = key.map(|key| authorization(&key)).transpose()?;
        // The client panics without a provider. An error means that there is one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            // A redirect would carry the request, though not the key, to where nobody meant it to go.
            .redirect(redirect::Policy::none())
            .referer(false)
            // There is one retry loop, in `call`.
            .retry(retry::never())
            .connect_timeout(limits.connect)
            // Another crate may switch these on for the whole build; a small answer could then be a huge one.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .build()
            .map_err(|source| Error::Setup { source })?;
        Ok(Client { inner: Arc::new(Inner { http, base, authorization, limits }) })
    }
}

/// Checks the gateway's address. Says nothing of it in errors, since it may hold a password.
fn base(address: &str) -> Result<Url, Error> {
    let refused = |reason: &str| Error::Address { reason: reason.to_owned() };
    let mut url = Url::parse(address).map_err(|error| refused(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("expected http:// or https://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("expected no user name or password; give the API key by itself"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("expected neither ? nor #"));
    }
    // An address with a path is a gateway behind a proxy; ours comes after it.
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty();
    }
    Ok(url)
}

fn authorization(key: &SecretString) -> Result<HeaderValue, Error> {
    let key = key.expose_secret();
    let visible = key.bytes().all(|byte| byte.is_ascii_graphic());
    if key.is_empty() || key.len() > MAX_KEY_BYTES || !visible {
        return Err(Error::Key);
    }
    // The library's error would quote nothing, but then it cannot occur either.
    let mut value = HeaderValue::from_str(&format!("Bearer {key}")).map_err(|_| Error::Key)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "sheaf_sk_5e6f7a8b";

    #[test]
    fn address_that_is_no_gateways_is_rejected() {
        for address in [
            "",
            "sheaf.example.com",
            "ftp://sheaf.example.com",
            "https://",
            "https://a:hunter2@sheaf.example.com",
            "https://sheaf.example.com/?key=hunter2",
            "https://sheaf.example.com/#hunter2",
        ] {
            let error = Client::new(address, KEY).unwrap_err();
            assert!(matches!(error, Error::Address { .. }), "{address}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn key_that_cannot_stand_in_a_header_is_rejected_and_not_quoted() {
        for key in ["", "a b", "a\r\nx-evil: 1", "schlüssel", &"k".repeat(MAX_KEY_BYTES + 1)] {
            let error = Client::new("http://localhost", key).unwrap_err();
            assert!(matches!(error, Error::Key));
            assert!(key.is_empty() || !error.to_string().contains(key));
        }
    }

    #[test]
    fn key_is_in_no_debug_text() {
        let builder = Client::builder("http://localhost").key(KEY);
        assert!(!format!("{builder:?}").contains(KEY));
        let client = builder.build().unwrap();
        assert!(!format!("{client:?} {:?}", client.inner.authorization).contains(KEY));
    }
}

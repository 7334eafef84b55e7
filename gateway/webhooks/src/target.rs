//! Where a message may be sent: the shape of the URL, and which hosts it may name.
//!
//! Does no I/O. What a DNS name resolves to is checked by `resolver` on every attempt, for it may change at any time.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::WebhookError;
use crate::address::{Class, classify};
use crate::error::cut;

/// Longest URL.
pub const MAX_URL_BYTES: usize = 2048;

/// Names that never are hosts of the public DNS, alone or as an ending: the special-use names of RFC 6761 and later,
/// `.internal` as ICANN reserved it, and what RFC 6762 appendix G and ICANN found in use on private networks. The
/// resolver's check of addresses is what protects; these only say so at registration.
const LOCAL_NAMES: [&str; 17] = [
    "alt",
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "test",
    "workgroup",
];

/// Which targets may be called.
///
/// In the gateway's configuration; the default is right for every gateway that strangers can reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TargetPolicy {
    /// Also allow `http`, local names, and loopback, private (RFC 1918), shared (100.64.0.0/10) and unique local
    /// (fc00::/7) addresses. For receivers on the operator's own network, and for tests.
    ///
    /// With it, whoever may register a webhook can send POST requests to services on that network. Link-local
    /// addresses, the metadata services of clouds, multicast and reserved ranges stay refused.
    pub allow_private: bool,
}

impl TargetPolicy {
    /// Whether a connection to this address may be made.
    #[must_use]
    pub fn allows(&self, address: IpAddr) -> bool {
        self.check_address(address).is_ok()
    }

    fn check_address(&self, got: IpAddr) -> Result<(), WebhookError> {
        match classify(got) {
            Class::Global => Ok(()),
            Class::Private(_) if self.allow_private => Ok(()),
            Class::Private(range) | Class::Never(range) => Err(WebhookError::TargetAddress { got, range }),
        }
    }
}

/// A URL that may be called, normalised.
///
/// `Debug` shows only its origin: paths and queries of webhooks often hold tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
}

impl Target {
    /// Reads a URL and checks it: `https`, at most [`MAX_URL_BYTES`], no credentials, no fragment, any port but 0, and
    /// as host a public DNS name or a global IP address. Hosts are normalised first, so `0x7f.1`, `2130706433` and
    /// full-width digits are 127.0.0.1.
    ///
    /// Parse stored URLs again with the policy in force; [`Sender::deliver`](crate::Sender::deliver) checks it too.
    ///
    /// # Errors
    /// One of the `Target` variants of [`WebhookError`].
    pub fn parse(url: &str, policy: &TargetPolicy) -> Result<Self, WebhookError> {
        check_length(url)?;
        // The URL standard drops tabs and line ends and turns backslashes; other parsers do not.
        if url.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err(WebhookError::TargetSpelling);
        }
        let parsed = Url::parse(url).map_err(|source| WebhookError::TargetSyntax { source })?;
        let target = Self { url: parsed };
        target.check(policy)?;
        // It also takes any number of slashes for two. Schemes are as long in lower case as they were.
        let rest = url.get(target.url.scheme().len()..).unwrap_or_default();
        if !rest.starts_with("://") || rest.starts_with(":///") {
            return Err(WebhookError::TargetSpelling);
        }
        Ok(target)
    }

    /// The normalised URL, to be stored and shown to its owner.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// Scheme, host and port, without what may hold tokens: for logs.
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    pub(crate) const fn url(&self) -> &Url {
        &self.url
    }

    /// Everything that can be asked of the normalised URL. A target may have been made under another policy.
    pub(crate) fn check(&self, policy: &TargetPolicy) -> Result<(), WebhookError> {
        let url = &self.url;
        check_length(url.as_str())?;
        let (schemes, expected): (&[_], _) =
            if policy.allow_private { (&["https", "http"], "https or http") } else { (&["https"], "https") };
        if !schemes.contains(&url.scheme()) {
            return Err(WebhookError::TargetScheme { expected, got: cut(url.scheme()) });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(WebhookError::TargetCredentials);
        }
        if url.fragment().is_some() {
            return Err(WebhookError::TargetFragment);
        }
        if url.port() == Some(0) {
            return Err(WebhookError::TargetPort);
        }
        match url.host() {
            Some(Host::Domain(name)) => check_name(name, policy)?,
            Some(Host::Ipv4(address)) => policy.check_address(address.into())?,
            Some(Host::Ipv6(address)) => policy.check_address(address.into())?,
            None => return Err(WebhookError::TargetHost { got: String::new() }),
        }
        // The client passes the URL to a second parser, which must see the same host.
        let seen: http::Uri = url.as_str().parse().map_err(|_| WebhookError::TargetSpelling)?;
        if seen.host() != url.host_str() {
            return Err(WebhookError::TargetSpelling);
        }
        Ok(())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({}/…)", self.origin())
    }
}

fn check_length(url: &str) -> Result<(), WebhookError> {
    if url.len() > MAX_URL_BYTES {
        return Err(WebhookError::TargetLength { limit: MAX_URL_BYTES, got: url.len() });
    }
    Ok(())
}

/// Refuses what is no DNS name, and, unless private targets are allowed, local ones. A final dot is refused too: it
/// would be a second spelling of the same host, past the list of endings.
fn check_name(name: &str, policy: &TargetPolicy) -> Result<(), WebhookError> {
    let label_is_valid = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > 253 || !name.split('.').all(label_is_valid) {
        return Err(WebhookError::TargetHost { got: cut(name) });
    }
    let last = name.rsplit('.').next().unwrap_or(name);
    // One label alone is completed by the resolver's search list, so it is a host of our own network.
    let local = last == name || LOCAL_NAMES.contains(&last);
    if local && !policy.allow_private {
        return Err(WebhookError::TargetLocalName { got: cut(name) });
    }
    Ok(())
}

#[cfg(test)]
mod tests;

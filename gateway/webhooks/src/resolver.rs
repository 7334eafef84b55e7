//! From a host's name to the addresses that may be called, at the moment of the call.
//!
//! The HTTP client connects to what comes out of here and to nothing else, except for hosts that are written as
//! addresses, which it does not ask about; those are checked with the target.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::{TargetPolicy, WebhookError};

/// Most addresses that are tried.
const MAX_ADDRESSES: usize = 16;

/// The addresses of a name, or why there are none.
pub(crate) type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Asks the DNS, whose answers are not to be trusted.
pub(crate) trait Lookup: Send + Sync {
    /// Resolves one name. Ports are ignored.
    fn lookup(&self, host: String) -> Looking;
}

/// The system's resolver.
pub(crate) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: String) -> Looking {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
    }
}

/// Passes on only the addresses that the policy allows.
pub(crate) struct CheckedResolver {
    pub(crate) policy: TargetPolicy,
    pub(crate) lookup: Arc<dyn Lookup>,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let Self { policy, ref lookup } = *self;
        let found = lookup.lookup(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await.map_err(|source| WebhookError::Resolve { source })?;
            let (allowed, dropped): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|address| policy.allows(address.ip()));
            if !dropped.is_empty() {
                // Someone may be trying; how often is up to them, so no more than a line each.
                let (count, first) = (dropped.len(), dropped.first());
                tracing::warn!(host = name.as_str(), count, ?first, "webhook host has forbidden addresses");
            }
            if allowed.is_empty() {
                return Err(WebhookError::NoAllowedAddress { dropped: dropped.len() }.into());
            }
            Ok(Box::new(allowed.into_iter().take(MAX_ADDRESSES)) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    struct Answer(Vec<&'static str>);

    impl Lookup for Answer {
        fn lookup(&self, _: String) -> Looking {
            let answer = self.0.iter().map(|ip| SocketAddr::new(ip.parse::<IpAddr>().unwrap(), 0)).collect();
            Box::pin(std::future::ready(Ok(answer)))
        }
    }

    async fn resolve(answer: &[&'static str], allow_private: bool) -> Result<Vec<String>, String> {
        let policy = TargetPolicy { allow_private };
        let resolver = CheckedResolver { policy, lookup: Arc::new(Answer(answer.to_vec())) };
        match resolver.resolve("hooks.example.com".parse().unwrap()).await {
            Ok(addresses) => Ok(addresses.map(|address| address.ip().to_string()).collect()),
            Err(error) => Err(error.downcast::<WebhookError>().unwrap().code().to_owned()),
        }
    }

    /// A name with a public and an inner address: the client would try one after the other.
    #[tokio::test]
    async fn addresses_that_are_not_global_are_dropped_from_a_mixed_answer() {
        let answer = ["10.0.0.1", "8.8.8.8", "::1", "::ffff:8.8.4.4", "169.254.169.254", "2606:4700::1"];
        assert_eq!(resolve(&answer, false).await.unwrap(), ["8.8.8.8", "2606:4700::1"]);
        assert_eq!(resolve(&answer, true).await.unwrap(), ["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1"]);
    }

    #[tokio::test]
    async fn answer_of_only_such_addresses_and_empty_answer_are_errors() {
        for answer in [&["127.0.0.1"][..], &["10.0.0.1", "fd00::1"], &["0.0.0.0"], &["64:ff9b::808:808"], &[]]
        {
            assert_eq!(resolve(answer, false).await.unwrap_err(), "SH-WHK-021", "{answer:?}");
        }
        assert_eq!(resolve(&["169.254.169.254"], true).await.unwrap_err(), "SH-WHK-021");
    }

    #[tokio::test]
    async fn countless_addresses_are_not_all_tried() {
        assert_eq!(resolve(&["8.8.8.8"; 1000], false).await.unwrap().len(), MAX_ADDRESSES);
    }

    #[tokio::test]
    async fn system_resolver_answers_and_its_answer_is_checked() {
        let addresses = SystemLookup.lookup("localhost".into()).await.unwrap();
        assert!(!addresses.is_empty() && addresses.iter().all(|address| address.ip().is_loopback()));
        let resolver = CheckedResolver { policy: TargetPolicy::default(), lookup: Arc::new(SystemLookup) };
        let Err(error) = resolver.resolve("localhost".parse().unwrap()).await else { panic!("resolved") };
        assert_eq!(error.downcast::<WebhookError>().unwrap().code(), "SH-WHK-021");
    }
}

//! JSON-RPC over HTTP: no redirects, bounded answers, and no URL in any message, because keys are in them.

use std::task::{Context, Poll};
use std::time::Duration;

use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket};
use alloy::transports::{TransportError, TransportErrorKind, TransportFut};
use reqwest::{Client, Url, redirect};
use secrecy::{ExposeSecret as _, SecretString};
use tower::Service;

use super::RpcError;

/// Most bytes of an answer.
const MAX_ANSWER: usize = 8 << 20;

/// A transport to one URL.
#[derive(Clone)]
pub struct HttpTransport {
    client: Client,
    url: Url,
}

impl HttpTransport {
    /// The transport, and a label for the endpoint: its host and port. Installs ring as the process' TLS provider, unless
    /// there is one.
    ///
    /// # Errors
    /// [`RpcError::Url`] or [`RpcError::Client`].
    pub fn new(url: &SecretString, timeout: Duration) -> Result<(Self, String), RpcError> {
        let refused = |got: &str| RpcError::Url { got: got.to_owned() };
        let url: Url = url.expose_secret().parse().map_err(|_| refused("no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(url.scheme()));
        }
        let host = url.host_str().ok_or_else(|| refused("no host"))?;
        let label = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
        // Nobody else may have chosen a provider yet; whoever has, stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(timeout)
            .connect_timeout(timeout)
            .build()
            .map_err(|error| RpcError::Client { why: error.without_url().to_string() })?;
        Ok((Self { client, url }, label))
    }

    async fn post(self, packet: RequestPacket) -> Result<ResponsePacket, TransportError> {
        let lost = |error: reqwest::Error| TransportErrorKind::custom(error.without_url());
        let mut response = self.client.post(self.url).json(&packet).send().await.map_err(lost)?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(TransportErrorKind::custom_str("answer is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        // An error of JSON-RPC may come with any status.
        match serde_json::from_slice(&body) {
            Ok(packet) => Ok(packet),
            Err(_) if !status.is_success() => {
                Err(TransportErrorKind::custom_str(&format!("HTTP status {}", status.as_u16())))
            }
            Err(error) => Err(TransportErrorKind::custom(error)),
        }
    }
}

impl Service<RequestPacket> for HttpTransport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        Box::pin(self.clone().post(packet))
    }
}

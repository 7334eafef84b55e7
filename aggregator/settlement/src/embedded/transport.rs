//! The chain as a transport of alloy's.

use std::task::{Context, Poll};

use alloy::rpc::json_rpc::{RequestPacket, ResponsePacket};
use alloy::transports::{TransportError, TransportFut};
use tower::Service;

use super::EmbeddedChain;

/// Answers JSON-RPC requests from a chain in this process.
#[derive(Debug, Clone)]
pub struct EmbeddedTransport {
    chain: EmbeddedChain,
}

impl EmbeddedTransport {
    pub(super) fn new(chain: EmbeddedChain) -> Self {
        Self { chain }
    }

    /// The answer to a packet, at once.
    #[must_use]
    pub fn answer(&self, packet: &RequestPacket) -> ResponsePacket {
        let mut state = self.chain.lock();
        match packet {
            RequestPacket::Single(request) => ResponsePacket::Single(state.respond(request)),
            RequestPacket::Batch(requests) => {
                ResponsePacket::Batch(requests.iter().map(|request| state.respond(request)).collect())
            }
        }
    }
}

impl Service<RequestPacket> for EmbeddedTransport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let transport = self.clone();
        // Executing a transaction takes milliseconds, which a worker thread can spare.
        Box::pin(async move { Ok(transport.answer(&packet)) })
    }
}

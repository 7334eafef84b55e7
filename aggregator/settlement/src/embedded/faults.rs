//! What happens to chains and to the way there, for tests: reorganisations, spikes, and transports that drop, hang and lie.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use alloy::primitives::B256;
use alloy::rpc::json_rpc::{RequestPacket, Response, ResponsePacket, ResponsePayload};
use alloy::transports::{BoxTransport, IntoBoxTransport, TransportError, TransportErrorKind, TransportFut};
use serde_json::Value;
use serde_json::value::RawValue;
use tower::Service;

use super::state::State;
use super::{EmbeddedChain, EmbeddedError};

/// Control over a chain that only tests have. The chain must not be one that is kept in a file.
impl EmbeddedChain {
    /// Takes the last `count` blocks back, with all of their effects, and lets the blocks that follow differ from them.
    /// Answers with the transactions that were in them, which are not in the pool again.
    ///
    /// # Errors
    /// [`EmbeddedError`] if the blocks before do not replay.
    pub fn rewind(&self, count: u64) -> Result<Vec<alloy::primitives::Bytes>, EmbeddedError> {
        let mut state = self.lock();
        let kept = state.plans.len().saturating_sub(usize::try_from(count).unwrap_or(usize::MAX));
        let mut fresh = State::new(state.genesis().clone());
        for plan in &state.plans[..kept] {
            fresh.apply(plan)?;
        }
        fresh.automine = state.automine;
        fresh.salt = state.salt + 1;
        let dropped = state.plans[kept..].iter().filter_map(|plan| plan.transaction.clone()).collect();
        *state = fresh;
        Ok(dropped)
    }

    /// Whether transactions are mined when they come, or when [`mine`](Self::mine) is called.
    pub fn set_automine(&self, automine: bool) {
        self.lock().automine = automine;
    }

    /// Mines what waits and can be mined, and then empty blocks up to `count` in all.
    ///
    /// # Errors
    /// [`EmbeddedError`] if a transaction cannot be mined.
    pub fn mine(&self, count: u64) -> Result<(), EmbeddedError> {
        let mut state = self.lock();
        let until = state.height() + count;
        state.mine_ready()?;
        while state.height() < until {
            state.mine_empty(0)?;
        }
        Ok(())
    }

    /// Forgets what waits in the pool, as nodes do with what is cheap or old.
    pub fn drop_pool(&self) {
        self.lock().pool.clear();
    }

    /// Sets the base fee of the next block. Those after it follow from it.
    pub fn set_next_base_fee(&self, base_fee_wei: u64) {
        self.lock().forced_base_fee_wei = Some(base_fee_wei);
    }

    /// Whether a transaction waits in the pool.
    #[must_use]
    pub fn is_pooled(&self, hash: &B256) -> bool {
        self.lock().pool.get(hash).is_some()
    }
}

/// What a [`FaultyTransport`] does with a request.
pub enum Fault {
    /// Nothing: the chain answers.
    Pass,
    /// The request is lost before the chain sees it.
    DropRequest,
    /// The chain sees the request, and its answer is lost.
    DropResponse,
    /// Nothing is ever answered, and the chain does not see the request.
    Hang,
    /// Something else is answered, and the chain does not see the request.
    Lie(Value),
    /// The chain's answer, changed.
    Twist(Box<dyn FnOnce(Value) -> Value + Send>),
}

type Script = dyn FnMut(&str, &Value) -> Fault + Send;

/// A transport that does to each request what a script says of its method and parameters.
#[derive(Clone)]
pub struct FaultyTransport {
    inner: BoxTransport,
    script: Arc<Mutex<Box<Script>>>,
}

impl FaultyTransport {
    /// A transport to an embedded chain with this script.
    pub fn new(chain: &EmbeddedChain, script: impl FnMut(&str, &Value) -> Fault + Send + 'static) -> Self {
        Self::over(chain.transport(), script)
    }

    /// A transport over another one with this script.
    pub fn over(
        transport: impl IntoBoxTransport,
        script: impl FnMut(&str, &Value) -> Fault + Send + 'static,
    ) -> Self {
        Self { inner: transport.into_box_transport(), script: Arc::new(Mutex::new(Box::new(script))) }
    }

    /// Another script from here on.
    pub fn rewrite(&self, script: impl FnMut(&str, &Value) -> Fault + Send + 'static) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(script);
    }
}

impl Service<RequestPacket> for FaultyTransport {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, packet: RequestPacket) -> Self::Future {
        let Some(request) = packet.as_single() else {
            return Box::pin(async { Err(TransportErrorKind::custom_str("batches are not scripted")) });
        };
        let params =
            request.params().and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or(Value::Null);
        let fault = {
            let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
            script(request.method(), &params)
        };
        let id = request.id().clone();
        let mut inner = self.inner.clone();
        Box::pin(async move {
            let respond = |value: Value| {
                let raw = RawValue::from_string(value.to_string()).map_err(TransportErrorKind::custom)?;
                Ok(ResponsePacket::Single(Response { id, payload: ResponsePayload::Success(raw) }))
            };
            match fault {
                Fault::Pass => inner.call(packet).await,
                Fault::DropRequest => Err(TransportErrorKind::custom_str("connection refused")),
                Fault::DropResponse => {
                    let _ = inner.call(packet).await;
                    Err(TransportErrorKind::custom_str("connection reset"))
                }
                Fault::Hang => std::future::pending().await,
                Fault::Lie(value) => respond(value),
                Fault::Twist(twist) => match inner.call(packet).await? {
                    ResponsePacket::Single(Response { payload: ResponsePayload::Success(raw), .. }) => {
                        respond(twist(serde_json::from_str(raw.get()).unwrap_or(Value::Null)))
                    }
                    other => Ok(other),
                },
            }
        })
    }
}

//! Provers that prove nothing. What they give out as a proof of a statement is the statement's canonical bytes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sheaf_adapter::{
    Adapter, AdapterError, AttemptId, CompiledProgram, Descriptor, ErrorKind, Estimate, ModelSize,
    ProgramRef, ProveRequest, Proven,
};
use sheaf_model::QuantisedModel;
use sheaf_statement::{InputVisibility, ProofSystem, ProverId, TrustTier};
use tokio::time::Instant;

pub(crate) fn descriptor(id: &str, visibilities: &[InputVisibility]) -> Descriptor {
    Descriptor {
        id: ProverId::new(id).unwrap(),
        title: "Toy".to_owned(),
        system: ProofSystem::Plonky2Goldilocks,
        tier: TrustTier::Attested,
        visibilities: visibilities.to_vec(),
        version: "1".to_owned(),
        notes: Vec::new(),
    }
}

/// What a [`Scripted`] prover does with a call: how long it takes, then its answer.
pub(crate) type Step = (Duration, Result<(), ErrorKind>);

/// Never answers.
pub(crate) const HANG: Step = (Duration::MAX, Ok(()));

/// Answers at once.
pub(crate) const fn at_once(answer: Result<(), ErrorKind>) -> Step {
    (Duration::ZERO, answer)
}

/// A call of a [`Scripted`] prover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    pub(crate) attempt: AttemptId,
    pub(crate) time_left: Duration,
    pub(crate) at: Instant,
}

/// A prover that does what a script says for each call, counted from 0, and keeps a record.
pub(crate) struct Scripted {
    descriptor: Descriptor,
    script: Box<dyn Fn(usize) -> Step + Send + Sync>,
    calls: Mutex<Vec<Call>>,
    running: AtomicUsize,
}

impl Scripted {
    pub(crate) fn new(script: impl Fn(usize) -> Step + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            descriptor: descriptor("scripted", &[InputVisibility::Public]),
            script: Box::new(script),
            calls: Mutex::new(Vec::new()),
            running: AtomicUsize::new(0),
        })
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// Calls that have begun and were neither answered nor dropped.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }
}

/// Counts a call as running until it is dropped.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Adapter for Scripted {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn estimate(&self, _: &ModelSize, _: InputVisibility) -> Result<Estimate, AdapterError> {
        Ok(Estimate { cpu_ms: 1, latency_ms: 1 })
    }

    async fn compile(
        &self,
        _: Arc<QuantisedModel>,
        _: InputVisibility,
    ) -> Result<CompiledProgram, AdapterError> {
        Err(AdapterError::new(ErrorKind::Unsupported, "SH-TOY-001", "compiles nothing"))
    }

    async fn prove(&self, request: ProveRequest) -> Result<Proven, AdapterError> {
        let _running = Running::begin(&self.running);
        let (takes, answer) = {
            let mut calls = self.calls.lock().unwrap();
            let step = (self.script)(calls.len());
            calls.push(Call {
                attempt: request.attempt.clone(),
                time_left: request.time_left,
                at: Instant::now(),
            });
            step
        };
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        match answer {
            Ok(()) => Ok(Proven { document: Bytes::from_static(b"a proof"), opening: None }),
            Err(kind) => Err(AdapterError::new(kind, "SH-TOY-002", "as the script says")),
        }
    }
}

/// A request for a program that no toy looks at.
pub(crate) fn request(attempt: &str, time_left: Duration) -> ProveRequest {
    ProveRequest {
        attempt: AttemptId(attempt.to_owned()),
        program: ProgramRef {
            vk: [7; 32].into(),
            package: "no-such-file".into(),
            visibility: InputVisibility::Public,
        },
        input: Arc::new(vec![1, 2]),
        time_left,
    }
}

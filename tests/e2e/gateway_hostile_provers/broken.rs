//! Provers that fail: now and then, always, or with a bang.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sheaf_adapter::{
    Adapter, AdapterError, CompiledProgram, Descriptor, ErrorKind, Estimate, ModelSize, ProveRequest, Proven,
    StackLimits,
};
use sheaf_model::QuantisedModel;
use sheaf_statement::InputVisibility;

use crate::gateway::samples::{attested, input};
use crate::inside::{HONEST, Inside, entry, honest};
use crate::rogue::{Asked, ROGUE, Rogue};

fn quick() -> StackLimits {
    StackLimits { concurrency: 1, backoff: Duration::from_millis(5), ..StackLimits::default() }
}

fn passing(asked: &Asked) -> AdapterError {
    AdapterError::new(ErrorKind::Transient, "SH-TST-001", format!("try {} failed", asked.before))
}

/// A fault that passes costs a try of the same attempt, which is charged once, and no standing.
#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_fails_twice_and_then_succeeds_keeps_its_job() {
    let attempts: Arc<Mutex<Vec<String>>> = Arc::default();
    let rogue = Rogue::new({
        let attempts = Arc::clone(&attempts);
        move |asked: Asked| {
            attempts.lock().unwrap().push(asked.request.attempt.to_string());
            async move { if asked.before < 2 { Err(passing(&asked)) } else { asked.honestly().await } }
        }
    });
    let gateway = Inside::start(vec![(Arc::clone(&rogue) as _, quick()), honest()]).await;
    let id = gateway.api.submit(&attested(&gateway.api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    assert_eq!(gateway.receipted(&id).await["prover"], ROGUE);
    let route = gateway.api.route(&id).await;
    let [attempt] = &route["attempts"].as_array().unwrap()[..] else { panic!("one attempt: {route}") };
    assert_eq!(attempt["outcome"], "verified");
    assert_eq!(*attempts.lock().unwrap(), vec![attempt["id"].as_str().unwrap(); 3]);
    assert_eq!(gateway.prover(ROGUE).await["status"], "ready");
    gateway.stop().await;
}

/// One that fails more often than that loses the job, but is not taken for a liar.
#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_always_fails_loses_the_job_to_another() {
    let rogue = Rogue::new(|asked| async move { Err(passing(&asked)) });
    let gateway = Inside::start(vec![(Arc::clone(&rogue) as _, quick()), honest()]).await;
    let id = gateway.api.submit(&attested(&gateway.api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    assert_eq!(gateway.receipted(&id).await["prover"], HONEST);
    let route = gateway.api.route(&id).await;
    assert_eq!(route["attempts"][0]["outcome"], "transient", "{route}");
    assert_eq!(route["attempts"][0]["code"], "SH-TST-001", "{route}");
    assert_eq!(rogue.asked() as u32, quick().tries);
    let stands = gateway.prover(ROGUE).await;
    assert_eq!((&stands["status"], &stands["recent_failures"]), (&"ready".into(), &1.into()), "{stands}");
    gateway.stop().await;
}

/// Always full, and the cheapest: a job must not stand in its queue for ever while another prover is idle.
#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_is_always_full_loses_the_job_to_another() {
    let full = |_| async { Err(AdapterError::new(ErrorKind::Overloaded, "SH-TST-002", "come back later")) };
    let rogue = Rogue::new(full);
    let gateway = Inside::start(vec![(Arc::clone(&rogue) as _, quick()), honest()]).await;
    let id = gateway.api.submit(&attested(&gateway.api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    let job = gateway.receipted(&id).await;
    let route = gateway.api.route(&id).await;
    assert_eq!(job["prover"], HONEST, "{route}");
    assert_eq!(route["attempts"][0]["outcome"], "overloaded", "{route}");
    assert_eq!(gateway.prover(ROGUE).await["status"], "ready", "having no room is no fault");
    gateway.stop().await;
}

/// With nobody else to ask, one that is full now is asked again later.
#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_is_full_for_a_while_gets_the_job_later() {
    let full = |asked: Asked| async move {
        match asked.before {
            0 | 1 => Err(AdapterError::new(ErrorKind::Overloaded, "SH-TST-002", "come back later")),
            _ => asked.honestly().await,
        }
    };
    let gateway = Inside::start(vec![(Rogue::new(full) as _, quick())]).await;
    let id = gateway.api.submit(&attested(&gateway.api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    assert_eq!(gateway.receipted(&id).await["prover"], ROGUE);
    gateway.stop().await;
}

/// A fault of the prover's code must not take the job's leader down with it, or the job would wait until it is overdue.
#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_panics_loses_the_job_to_another() {
    let rogue = Rogue::new(|asked| async move {
        if asked.before < usize::MAX {
            panic!("a fault in a prover");
        }
        asked.honestly().await
    });
    let gateway = Inside::start(vec![(Arc::clone(&rogue) as _, quick()), honest()]).await;
    let id = gateway.api.submit(&attested(&gateway.api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    assert_eq!(gateway.receipted(&id).await["prover"], HONEST);
    let route = gateway.api.route(&id).await;
    assert_eq!(route["attempts"][0]["prover"], ROGUE, "{route}");
    assert!(route["attempts"][0]["code"].is_string(), "{route}");
    assert!(!route.to_string().contains("a fault in a prover"), "what a panic says may hold inputs: {route}");
    assert_eq!(gateway.prover(ROGUE).await["recent_failures"], 1);
    gateway.stop().await;
}

/// Refuses to be a prover at all: whatever it is asked to compile, it breaks.
struct Unborn {
    inner: Arc<Rogue>,
    bang: bool,
}

#[async_trait]
impl Adapter for Unborn {
    fn descriptor(&self) -> &Descriptor {
        self.inner.descriptor()
    }

    fn estimate(&self, size: &ModelSize, visibility: InputVisibility) -> Result<Estimate, AdapterError> {
        self.inner.estimate(size, visibility)
    }

    async fn compile(
        &self,
        _: Arc<QuantisedModel>,
        _: InputVisibility,
    ) -> Result<CompiledProgram, AdapterError> {
        if self.bang {
            panic!("a fault in a compiler");
        }
        Err(AdapterError::new(ErrorKind::Transient, "SH-TST-003", "no compiler today"))
    }

    async fn prove(&self, request: ProveRequest) -> Result<Proven, AdapterError> {
        self.inner.prove(request).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_cannot_compile_loses_the_job_to_another() {
    for bang in [false, true] {
        let inner = Rogue::new(|asked| asked.honestly());
        let unborn = Arc::new(Unborn { inner: Arc::clone(&inner), bang });
        let gateway = Inside::start(vec![entry(unborn), honest()]).await;
        let id =
            gateway.api.submit(&attested(&gateway.api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
        assert_eq!(gateway.receipted(&id).await["prover"], HONEST);
        assert_eq!(inner.asked(), 0);
        let route = gateway.api.route(&id).await;
        assert_eq!(route["decisions"].as_array().unwrap().len(), 2, "{route}");
        gateway.stop().await;
    }
}

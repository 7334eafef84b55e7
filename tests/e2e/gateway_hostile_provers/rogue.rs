//! A prover that offers the best terms and then does as it likes.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sheaf_adapter::{
    Adapter, AdapterError, CompiledProgram, Descriptor, Estimate, ModelSize, ProgramRef, ProveRequest, Proven,
};
use sheaf_local::Groth16Adapter;
use sheaf_model::QuantisedModel;
use sheaf_statement::{InputVisibility, ProverId};

/// Its name. Comes before the honest provers' wherever names decide.
pub(crate) const ROGUE: &str = "a-rogue";

type Answer = Result<Proven, AdapterError>;
type Conduct = Box<dyn Fn(Asked) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// What a rogue is asked, and what it takes to answer honestly.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) request: ProveRequest,
    pub(crate) model: Arc<QuantisedModel>,
    honest: Arc<dyn Adapter>,
    /// How often it was asked before.
    pub(crate) before: usize,
}

impl Asked {
    /// The honest answer to the request as it is now.
    pub(crate) async fn honestly(self) -> Answer {
        self.honest.prove(self.request).await
    }

    /// The honest answer for another input.
    pub(crate) async fn for_input(mut self, change: impl FnOnce(&mut Vec<i64>)) -> Answer {
        let mut input = self.request.input.to_vec();
        change(&mut input);
        self.request.input = Arc::new(input);
        self.honestly().await
    }

    /// The answer of a prover that compiles the model for itself.
    pub(crate) async fn by(self, other: &dyn Adapter) -> Answer {
        let visibility = self.request.program.visibility;
        let program = other.compile(self.model, visibility).await?;
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("package");
        std::fs::write(&package, &program.package).unwrap();
        let program = ProgramRef { vk: program.vk, package, visibility };
        other.prove(ProveRequest { program, ..self.request }).await
    }
}

/// A prover that asks nothing, promises to be at once, and then does as it likes.
pub(crate) struct Rogue {
    descriptor: Descriptor,
    honest: Arc<dyn Adapter>,
    conduct: Conduct,
    model: Mutex<Option<Arc<QuantisedModel>>>,
    asked: AtomicUsize,
}

impl Rogue {
    /// One that says that it proves with Groth16.
    pub(crate) fn new<F>(conduct: impl Fn(Asked) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self::disguised_as(Arc::new(Groth16Adapter::new(Default::default())), |_| (), conduct)
    }

    /// One that says of itself what another prover does, but for a change.
    pub(crate) fn disguised_as<F>(
        honest: Arc<dyn Adapter>,
        change: impl FnOnce(&mut Descriptor),
        conduct: impl Fn(Asked) -> F + Send + Sync + 'static,
    ) -> Arc<Self>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let mut descriptor = Descriptor { id: ProverId::new(ROGUE).unwrap(), ..honest.descriptor().clone() };
        change(&mut descriptor);
        let conduct: Conduct = Box::new(move |asked| Box::pin(conduct(asked)));
        Arc::new(Self { descriptor, honest, conduct, model: Mutex::default(), asked: AtomicUsize::new(0) })
    }

    /// How often it was asked to prove.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Terms that nobody can better.
const BEST: Estimate = Estimate { cpu_ms: 0, latency_ms: 0 };

#[async_trait]
impl Adapter for Rogue {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn estimate(&self, _: &ModelSize, _: InputVisibility) -> Result<Estimate, AdapterError> {
        Ok(BEST)
    }

    async fn compile(
        &self,
        model: Arc<QuantisedModel>,
        visibility: InputVisibility,
    ) -> Result<CompiledProgram, AdapterError> {
        *self.model.lock().unwrap() = Some(Arc::clone(&model));
        Ok(CompiledProgram { estimate: BEST, ..self.honest.compile(model, visibility).await? })
    }

    async fn prove(&self, request: ProveRequest) -> Answer {
        let before = self.asked.fetch_add(1, Ordering::SeqCst);
        let model = self.model.lock().unwrap().clone().expect("compiled before");
        (self.conduct)(Asked { request, model, honest: Arc::clone(&self.honest), before }).await
    }
}

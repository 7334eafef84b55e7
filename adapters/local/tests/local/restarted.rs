//! A prover before and after a restart, restricted to some visibilities.

use std::sync::Arc;

use async_trait::async_trait;
use sheaf_adapter::{
    Adapter, AdapterError, CompiledProgram, Descriptor, ErrorKind, Estimate, ModelSize, ProveRequest, Proven,
};
use sheaf_model::QuantisedModel;
use sheaf_statement::InputVisibility;

/// Compiles with one instance and proves with another, so that every program goes through its package.
pub(crate) struct Restarted<A> {
    descriptor: Descriptor,
    before: A,
    after: A,
}

impl<A: Adapter> Restarted<A> {
    pub(crate) fn new(before: A, after: A, visibilities: &[InputVisibility]) -> Self {
        let descriptor = Descriptor { visibilities: visibilities.to_vec(), ..before.descriptor().clone() };
        Self { descriptor, before, after }
    }

    fn check(&self, visibility: InputVisibility) -> Result<(), AdapterError> {
        match self.descriptor.visibilities.contains(&visibility) {
            true => Ok(()),
            false => Err(AdapterError::new(ErrorKind::Unsupported, "SH-TST-001", "left out of this test")),
        }
    }
}

#[async_trait]
impl<A: Adapter> Adapter for Restarted<A> {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn estimate(&self, size: &ModelSize, visibility: InputVisibility) -> Result<Estimate, AdapterError> {
        self.check(visibility)?;
        self.before.estimate(size, visibility)
    }

    async fn compile(
        &self,
        model: Arc<QuantisedModel>,
        visibility: InputVisibility,
    ) -> Result<CompiledProgram, AdapterError> {
        self.check(visibility)?;
        self.before.compile(model, visibility).await
    }

    async fn prove(&self, request: ProveRequest) -> Result<Proven, AdapterError> {
        self.after.prove(request).await
    }
}

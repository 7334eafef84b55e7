//! Which sets of provers a registry takes.

use std::sync::Arc;

use async_trait::async_trait;
use sheaf_adapter::{
    Adapter, AdapterError, CompiledProgram, Descriptor, ErrorKind, Estimate, ModelSize, ProveRequest, Proven,
    Registry, RegistryError, StackLimits,
};
use sheaf_model::QuantisedModel;
use sheaf_statement::{InputVisibility, ProverId};

use crate::toys::descriptor;

/// A prover with a name and nothing else.
struct Named(Descriptor);

#[async_trait]
impl Adapter for Named {
    fn descriptor(&self) -> &Descriptor {
        &self.0
    }

    fn estimate(&self, _: &ModelSize, _: InputVisibility) -> Result<Estimate, AdapterError> {
        Err(nothing())
    }

    async fn compile(
        &self,
        _: Arc<QuantisedModel>,
        _: InputVisibility,
    ) -> Result<CompiledProgram, AdapterError> {
        Err(nothing())
    }

    async fn prove(&self, _: ProveRequest) -> Result<Proven, AdapterError> {
        Err(nothing())
    }
}

fn nothing() -> AdapterError {
    AdapterError::new(ErrorKind::Unsupported, "SH-TOY-003", "has a name and nothing else")
}

fn registry(provers: &[(&str, &[InputVisibility])]) -> Result<Registry, RegistryError> {
    let named = |&(id, visibilities): &(&str, &[InputVisibility])| {
        (Arc::new(Named(descriptor(id, visibilities))) as Arc<dyn Adapter>, StackLimits::default())
    };
    Registry::new(provers.iter().map(named).collect())
}

#[test]
fn provers_are_found_by_name_and_listed_in_order() {
    let registry = registry(&[("b", &InputVisibility::ALL), ("a", &InputVisibility::ALL)]).unwrap();
    let ids: Vec<_> = registry.iter().map(|prover| prover.descriptor().id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    assert_eq!(registry.get(&ProverId::new("b").unwrap()).unwrap().limits(), StackLimits::default());
    assert!(registry.get(&ProverId::new("c").unwrap()).is_none());
}

#[test]
fn two_provers_of_one_name_are_rejected() {
    let error = registry(&[("a", &InputVisibility::ALL), ("a", &[InputVisibility::Public])]).unwrap_err();
    assert_eq!(error, RegistryError::Duplicate { id: ProverId::new("a").unwrap() });
}

#[test]
fn prover_that_serves_no_visibility_is_rejected() {
    let error = registry(&[("a", &[])]).unwrap_err();
    assert_eq!(error, RegistryError::ServesNothing { id: ProverId::new("a").unwrap() });
}

//! The provers of a gateway.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use sheaf_statement::ProverId;

use crate::{Adapter, Descriptor, ProverService, StackLimits, assemble};

/// Why a registry cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Two provers have one name.
    #[error("[SH-ADP-010] two provers are called {id}")]
    Duplicate {
        /// The name.
        id: ProverId,
    },
    /// A prover serves nothing.
    #[error("[SH-ADP-011] prover {id} declares no input visibility")]
    ServesNothing {
        /// The prover.
        id: ProverId,
    },
}

/// A prover with its stack.
#[derive(Clone)]
pub struct Prover {
    adapter: Arc<dyn Adapter>,
    service: ProverService,
    limits: StackLimits,
}

impl fmt::Debug for Prover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prover").field("id", &self.descriptor().id).finish_non_exhaustive()
    }
}

impl Prover {
    /// What it says of itself.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        self.adapter.descriptor()
    }

    /// The adapter, for estimates and compiling. Proving goes through [`service`](Self::service).
    #[must_use]
    pub fn adapter(&self) -> &dyn Adapter {
        self.adapter.as_ref()
    }

    /// The adapter behind its stack.
    #[must_use]
    pub fn service(&self) -> ProverService {
        self.service.clone()
    }

    /// Its limits.
    #[must_use]
    pub fn limits(&self) -> StackLimits {
        self.limits
    }
}

/// Every prover of a gateway, by name.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    provers: BTreeMap<ProverId, Prover>,
}

impl Registry {
    /// Puts each prover behind its stack.
    ///
    /// # Errors
    /// [`RegistryError`] if names clash or a prover serves nothing.
    pub fn new(provers: Vec<(Arc<dyn Adapter>, StackLimits)>) -> Result<Self, RegistryError> {
        let mut registry = Self::default();
        for (adapter, limits) in provers {
            let id = adapter.descriptor().id.clone();
            if adapter.descriptor().visibilities.is_empty() {
                return Err(RegistryError::ServesNothing { id });
            }
            let service = assemble(Arc::clone(&adapter), limits);
            if registry.provers.insert(id.clone(), Prover { adapter, service, limits }).is_some() {
                return Err(RegistryError::Duplicate { id });
            }
        }
        Ok(registry)
    }

    /// A prover by name.
    #[must_use]
    pub fn get(&self, id: &ProverId) -> Option<&Prover> {
        self.provers.get(id)
    }

    /// Every prover, by name in order.
    pub fn iter(&self) -> impl Iterator<Item = &Prover> {
        self.provers.values()
    }
}

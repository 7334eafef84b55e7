//! What the parts of a running gateway share.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use metrics_exporter_prometheus::PrometheusHandle;
use moka::future::Cache;
use parking::Gate;
use sheaf_adapter::Registry;
use sheaf_aggregator::attest::OperatorKey;
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_model::QuantisedModel;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::auth::{Keys, Limits};
use crate::batcher::tasks::Spoilers;
use crate::config::Config;
use crate::dispatch::standing::Standings;
use crate::refusal::Refusal;
use crate::sandbox::Sandbox;
use crate::settling::chains::Settler;
use crate::store::blobs::Blobs;
use crate::store::{ModelKey, ModelRow, Store, StoreError};

/// What the parts of a running gateway share. Nothing here is the truth: that is the store.
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) blobs: Blobs,
    pub(crate) sandbox: Sandbox,
    pub(crate) registry: Registry,
    pub(crate) circuits: Arc<CircuitsByProfile>,
    pub(crate) operator: OperatorKey,
    pub(crate) keys: Keys,
    pub(crate) limits: Limits,
    pub(crate) standings: Standings,
    pub(crate) models: Models,
    /// Idempotency keys of requests that are being served.
    pub(crate) in_flight: Gate,
    /// Told that there may be jobs to lead on.
    pub(crate) dispatch: Notify,
    /// Told that there may be proofs to batch, or batches to advance.
    pub(crate) batches: Notify,
    /// Told that there may be tasks to lease.
    pub(crate) tasks: Notify,
    /// Keys whose workers spoil tasks.
    pub(crate) spoilers: Spoilers,
    /// Jobs that wait for a prover, counted roughly: set by the dispatcher, raised by the door.
    pub(crate) open_jobs: AtomicU64,
    /// Chains to settle on, if there are any.
    pub(crate) settler: Option<Arc<Settler>>,
    pub(crate) metrics: PrometheusHandle,
    pub(crate) shutdown: CancellationToken,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("config", &self.config).finish_non_exhaustive()
    }
}

impl App {
    /// Whether another job can be taken in.
    pub(crate) fn has_room(&self) -> bool {
        self.open_jobs.load(Ordering::Relaxed) < self.config.max_open_jobs
    }
}

/// Quantised models that were used of late.
#[derive(Debug)]
pub(crate) struct Models(Cache<ModelKey, Arc<QuantisedModel>>);

/// Memory that cached models may take, in bytes of their encoding (some thirty times less than decoded).
const MODEL_CACHE_BYTES: u64 = 16 << 20;

impl Models {
    /// An empty cache.
    pub(crate) fn new() -> Self {
        let weigh = |_: &ModelKey, model: &Arc<QuantisedModel>| {
            let terms: usize = model.layers.iter().map(|layer| layer.kind.outputs()).sum();
            u32::try_from(model.weights.len() * 4 + terms * 16).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(MODEL_CACHE_BYTES).weigher(weigh).build())
    }

    /// A model, read from its blob if need be.
    pub(crate) async fn get(&self, blobs: &Blobs, row: &ModelRow) -> Result<Arc<QuantisedModel>, Refusal> {
        let read = async {
            let bytes = blobs.get(&row.blob).await.map_err(|error| Refusal::new(&error))?;
            // Validated when it came in, and again here: a blob is only a file.
            let model = QuantisedModel::from_bytes(&bytes).map_err(|error| {
                Refusal::new(&StoreError::Blob { name: row.blob.clone(), reason: error.to_string() })
            })?;
            Ok::<_, Refusal>(Arc::new(model))
        };
        self.0.try_get_with(row.key, read).await.map_err(|refusal: Arc<Refusal>| (*refusal).clone())
    }
}

/// Names that only one request may hold at a time.
pub(crate) mod parking {
    use std::collections::HashSet;
    use std::sync::{Arc, Mutex, PoisonError};

    /// A set of held names.
    #[derive(Debug, Clone, Default)]
    pub(crate) struct Gate(Arc<Mutex<HashSet<String>>>);

    /// A held name; let go on drop.
    #[derive(Debug)]
    pub(crate) struct Pass {
        gate: Gate,
        name: String,
    }

    impl Gate {
        /// Takes a name, unless it is held.
        pub(crate) fn enter(&self, name: String) -> Option<Pass> {
            let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            held.insert(name.clone()).then(|| Pass { gate: self.clone(), name })
        }
    }

    impl Drop for Pass {
        fn drop(&mut self) {
            self.gate.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
        }
    }
}

//! A gateway in this process, with provers of the test's own.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use sheaf_adapter::{Adapter, StackLimits};
use sheaf_aggregator::artefacts::ArtefactStore;
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_client::StatementId;
use sheaf_client::verify::Expectations;
use sheaf_gateway::service::ProverEntry;
use sheaf_gateway::{Config, Gateway};
use sheaf_local::{EmbeddedAdapter, Groth16Adapter};
use tempfile::TempDir;

use crate::common::cache;
use crate::gateway::http::{Api, text};
use crate::gateway::samples::BATCHES_SOON;

/// The prover that does as it is told.
pub(crate) const HONEST: &str = "groth16-bn254";

/// Circuits, built once and kept in the target folder.
pub(crate) fn circuits() -> Arc<CircuitsByProfile> {
    static CIRCUITS: OnceLock<Arc<CircuitsByProfile>> = OnceLock::new();
    let build = || Arc::new(CircuitsByProfile::new(Some(&ArtefactStore::new(cache()))));
    Arc::clone(CIRCUITS.get_or_init(build))
}

/// The honest Groth16 prover: milliseconds a proof.
pub(crate) fn honest() -> ProverEntry {
    entry(Arc::new(Groth16Adapter::new(Default::default())))
}

/// The honest embedded prover, whose proofs go into the recursion.
pub(crate) fn embedded() -> ProverEntry {
    entry(Arc::new(EmbeddedAdapter::new(circuits(), Default::default())))
}

/// A prover with one place and the limits that every prover has.
pub(crate) fn entry(adapter: Arc<dyn Adapter>) -> ProverEntry {
    (adapter, StackLimits { concurrency: 1, ..StackLimits::default() })
}

/// A running gateway.
pub(crate) struct Inside {
    gateway: Gateway,
    pub(crate) api: Api,
    pub(crate) data: TempDir,
}

/// What a gateway in this process is told: its batches close soon, and whoever works for it is a process of the test's.
pub(crate) fn config(data: &Path) -> Config {
    let mut config = Config {
        listen: "127.0.0.1:0".parse().unwrap(),
        data: data.to_owned(),
        http_threads: 1,
        workers: 0,
        program: Some(env!("CARGO_BIN_EXE_sheaf").into()),
        ..Config::default()
    };
    config.batch.max_age_ms = BATCHES_SOON;
    config
}

impl Inside {
    /// A gateway of these provers.
    pub(crate) async fn start(provers: Vec<ProverEntry>) -> Self {
        Self::with(provers, |_| ()).await
    }

    /// The same with some of its configuration changed.
    pub(crate) async fn with(provers: Vec<ProverEntry>, change: impl FnOnce(&mut Config)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = config(data.path());
        change(&mut config);
        let gateway = Gateway::start(config, provers, circuits()).await.unwrap();
        let api = Api::new(&gateway.url(), gateway.first_key().unwrap());
        Self { gateway, api, data }
    }

    /// Stops it and starts another on its data.
    pub(crate) async fn again(self, provers: Vec<ProverEntry>) -> Self {
        let Self { gateway, api, data } = self;
        gateway.stop().await;
        let gateway = Gateway::start(config(data.path()), provers, circuits()).await.unwrap();
        assert_eq!(gateway.first_key(), None);
        let api = Api::new(&gateway.url(), &api.key);
        Self { gateway, api, data }
    }

    pub(crate) async fn stop(self) {
        self.gateway.stop().await;
    }

    /// How a prover stands.
    pub(crate) async fn prover(&self, id: &str) -> Value {
        let provers = self.api.get("/v1/provers").await.expect(200);
        let found = provers["items"].as_array().unwrap().iter().find(|prover| prover["id"] == id);
        found.unwrap_or_else(|| panic!("no {id}: {provers}")).clone()
    }

    /// Checks that a job has a receipt that verifies, and returns the job.
    pub(crate) async fn receipted(&self, job: &str) -> Value {
        let job = self.api.aggregated(job).await;
        let expected = Expectations::new().attested_by(self.gateway.operator().parse().unwrap());
        let statement = StatementId::from(text(&job["statement_id"]));
        self.api.sdk().verified_receipt(&statement, &expected).await.unwrap();
        job
    }
}

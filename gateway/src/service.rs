//! A running gateway: what is started, in which order, and how it stops.

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App as HttpApp, HttpServer, web};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use sheaf_adapter::{Adapter, Registry, RegistryError, StackLimits};
use sheaf_aggregator::attest::{AttestError, OperatorKey};
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_local::{EmbeddedAdapter, EmbeddedSettings, Groth16Adapter, Groth16Settings};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use utoipa_actix_web::AppExt;

use crate::app::{App, Models, parking};
use crate::auth::{self, KeySecret, Keys, Limits};
use crate::config::{Config, ConfigError};
use crate::dispatch::standing::Standings;
use crate::sandbox::Sandbox;
use crate::store::blobs::Blobs;
use crate::store::sqlite::SqliteStore;
use crate::store::{Store, StoreError};
use crate::{batcher, deliveries, dispatch, routes, settling, workers};

/// Longest wait for what a gateway that stops has not let go of.
const STOPPING: Duration = Duration::from_secs(10);

/// A prover and the limits of its stack.
pub type ProverEntry = (Arc<dyn Adapter>, StackLimits);

/// Why a gateway does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The configuration makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The store cannot be had; the message has its code.
    #[error("{reason}")]
    Store {
        /// Code and reason.
        reason: String,
    },
    /// The provers do not go together.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The address cannot be listened on.
    #[error("[SH-SRV-001] cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The operator's key cannot be read or written.
    #[error("[SH-SRV-002] operator key refused: {reason}")]
    OperatorKey {
        /// Why.
        reason: String,
    },
    /// Chains or their key cannot be had; the message has its code.
    #[error("{reason}")]
    Settlement {
        /// Code and reason.
        reason: String,
    },
    /// The process cannot be set up.
    #[error("[SH-SRV-003] cannot start: {reason}")]
    Start {
        /// Why.
        reason: String,
    },
}

impl From<StoreError> for ServeError {
    fn from(error: StoreError) -> Self {
        Self::Store { reason: error.to_string() }
    }
}

impl From<AttestError> for ServeError {
    fn from(error: AttestError) -> Self {
        Self::OperatorKey { reason: error.to_string() }
    }
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    address: SocketAddr,
    first_key: Option<KeySecret>,
    operator: String,
    app: Arc<App>,
    server: ServerHandle,
    serving: std::thread::JoinHandle<()>,
    tasks: JoinSet<()>,
}

/// The provers of this process that a configuration asks for.
#[must_use]
pub fn local_provers(config: &Config, circuits: &Arc<CircuitsByProfile>) -> Vec<ProverEntry> {
    let timeout = Duration::from_millis(config.provers.timeout_ms);
    let limits =
        |places: NonZeroUsize| StackLimits { concurrency: places.get(), timeout, ..Default::default() };
    let mut provers: Vec<ProverEntry> = Vec::new();
    if let Some(parallel) = NonZeroUsize::new(config.provers.embedded) {
        let settings = EmbeddedSettings { parallel, ..Default::default() };
        provers.push((Arc::new(EmbeddedAdapter::new(Arc::clone(circuits), settings)), limits(parallel)));
    }
    if let Some(parallel) = NonZeroUsize::new(config.provers.groth16) {
        let settings = Groth16Settings { parallel, ..Default::default() };
        provers.push((Arc::new(Groth16Adapter::new(settings)), limits(parallel)));
    }
    provers
}

impl Gateway {
    /// Starts a gateway with these provers. Runs in the current tokio runtime, which must stay for its life.
    ///
    /// # Errors
    /// [`ServeError`] if anything that it needs cannot be had. Nothing runs then.
    pub async fn start(
        config: Config,
        provers: Vec<ProverEntry>,
        circuits: Arc<CircuitsByProfile>,
    ) -> Result<Self, ServeError> {
        config.check()?;
        let registry = Registry::new(provers)?;
        let sqlite = Arc::new(SqliteStore::open(&config.data).await?);
        let store: Arc<dyn Store> = sqlite.clone();
        store.recover().await?;
        let settler = settling::chains::start(&config, sqlite).await.map_err(|refusal| {
            ServeError::Settlement { reason: format!("[{}] {}", refusal.code, refusal.message) }
        })?;
        let operator = operator_key(&config.data.join("operator.key"))?;
        let address = config.listen;
        let listener = TcpListener::bind(address).map_err(|source| ServeError::Listen { address, source })?;
        let address = listener.local_addr().map_err(|source| ServeError::Listen { address, source })?;
        let standings = Standings::load(store.as_ref(), &registry).await?;
        let first_key = auth::first_key(store.as_ref()).await?;
        let app = Arc::new(App {
            blobs: Blobs::new(config.data.join("blobs")),
            sandbox: Sandbox::new(config.sandboxes, config.program.clone()),
            open_jobs: AtomicU64::new(store.open_jobs().await?),
            limits: Limits::new(config.rate_per_second, config.rate_burst),
            keys: Keys::new(),
            models: Models::new(),
            in_flight: parking::Gate::default(),
            dispatch: Notify::new(),
            batches: Notify::new(),
            tasks: Notify::new(),
            spoilers: batcher::tasks::Spoilers::new(),
            settler,
            metrics: recorder(),
            shutdown: CancellationToken::new(),
            operator,
            standings,
            registry,
            circuits,
            store,
            config,
        });
        let (server, serving) = serve(&app, listener)?;
        let mut tasks = JoinSet::new();
        tasks.spawn(dispatch::run(Arc::clone(&app)));
        tasks.spawn(batcher::run(Arc::clone(&app)));
        tasks.spawn(deliveries::run(Arc::clone(&app)));
        tasks.spawn(settling::run(Arc::clone(&app)));
        tasks.spawn(tidy(Arc::clone(&app)));
        tasks.spawn({
            let app = Arc::clone(&app);
            async move { app.standings.keep(app.store.as_ref(), &app.shutdown).await }
        });
        for index in 0..app.config.workers {
            tasks.spawn(workers::supervise(Arc::clone(&app), url(address), index));
        }
        let operator = app.operator.address().to_string();
        Ok(Self { address, first_key, operator, app, server, serving, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub fn url(&self) -> String {
        url(self.address)
    }

    /// The secret of the first key, if this start made it.
    #[must_use]
    pub fn first_key(&self) -> Option<&str> {
        self.first_key.as_ref().map(KeySecret::expose)
    }

    /// The address whose signature stands under attestations.
    #[must_use]
    pub fn operator(&self) -> &str {
        &self.operator
    }

    /// Stops in good order: answers what is being served, stores what is known, ends the workers. The store can be opened
    /// again afterwards.
    pub async fn stop(self) {
        let Self { app, server, serving, mut tasks, .. } = self;
        app.shutdown.cancel();
        server.stop(true).await;
        while tasks.join_next().await.is_some() {}
        // The thread ends with the server that it runs.
        let _ = tokio::task::spawn_blocking(move || serving.join()).await;
        // The server's own threads, and tasks that were aborted, let go of the store in their own time.
        let left = Arc::downgrade(&app);
        drop(app);
        let gone = async {
            while left.strong_count() > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let _ = tokio::time::timeout(STOPPING, gone).await;
    }
}

fn url(address: SocketAddr) -> String {
    // What listens everywhere is reached on loopback.
    let ip = match address.ip() {
        ip if ip.is_unspecified() && ip.is_ipv6() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip if ip.is_unspecified() => std::net::Ipv4Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Serves HTTP on threads of its own.
fn serve(
    app: &Arc<App>,
    listener: TcpListener,
) -> Result<(ServerHandle, std::thread::JoinHandle<()>), ServeError> {
    let start = |reason: String| ServeError::Start { reason };
    let app = Arc::clone(app);
    let (handles, handle) = std::sync::mpsc::channel();
    let serving = std::thread::Builder::new()
        .name("sheaf-http".to_owned())
        .spawn(move || {
            let served = actix_web::rt::System::new().block_on(async move {
                let server = http_server(app, listener)?;
                let _ = handles.send(server.handle());
                server.await
            });
            if let Err(error) = served {
                tracing::error!(%error, "HTTP server failed");
            }
        })
        .map_err(|error| start(error.to_string()))?;
    let handle = handle.recv().map_err(|_| start("the HTTP server ended at once".to_owned()))?;
    Ok((handle, serving))
}

fn http_server(app: Arc<App>, listener: TcpListener) -> std::io::Result<actix_web::dev::Server> {
    let openapi = openapi();
    let threads = app.config.http_threads;
    let data = web::Data::from(app);
    let mut server = HttpServer::new(move || {
        let openapi = openapi.clone();
        HttpApp::new()
            .app_data(data.clone())
            .into_utoipa_app()
            .configure(routes::operations)
            .into_app()
            .configure(move |config| routes::rest(config, openapi))
            .wrap(from_fn(routes::surround))
    })
    .disable_signals()
    .shutdown_timeout(10)
    .keep_alive(Duration::from_secs(60))
    .client_request_timeout(Duration::from_secs(10))
    .listen(listener)?;
    if threads > 0 {
        server = server.workers(threads);
    }
    Ok(server.run())
}

/// The OpenAPI document of every operation.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let (_, openapi) = HttpApp::new().into_utoipa_app().configure(routes::operations).split_for_parts();
    routes::document(openapi)
}

/// Prometheus' side of the metrics; one for the process.
fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE
        .get_or_init(|| {
            let recorder = PrometheusBuilder::new().build_recorder();
            let handle = recorder.handle();
            // Somebody else's recorder stays: ours then has nothing to tell.
            let _ = metrics::set_global_recorder(recorder);
            handle
        })
        .clone()
}

/// Reads the operator's key, or makes it at first start.
fn operator_key(path: &Path) -> Result<OperatorKey, ServeError> {
    let refused =
        |reason: String| ServeError::OperatorKey { reason: format!("{}: {reason}", path.display()) };
    match fs::read_to_string(path) {
        Ok(text) => {
            let digits = text.trim().strip_prefix("0x").unwrap_or(text.trim());
            let mut secret = [0; 32];
            hex::decode_to_slice(digits, &mut secret)
                .map_err(|_| refused("expected 64 hexadecimal digits".to_owned()))?;
            Ok(OperatorKey::from_bytes(&secret)?)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = OperatorKey::generate();
            write_secret(path, &hex::encode(key.secret_bytes()))
                .map_err(|error| refused(error.to_string()))?;
            Ok(key)
        }
        Err(error) => Err(refused(error.to_string())),
    }
}

fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Temporary files have mode 0600, and appear whole under their name or not at all.
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    writeln!(file, "{text}")?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    fs::File::open(folder)?.sync_all()
}

/// Small things that have to be done now and then.
async fn tidy(app: Arc<App>) {
    for round in 0_u64.. {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(10)) => {}
        }
        app.limits.tidy();
        app.metrics.run_upkeep();
        // Once an hour.
        if round.is_multiple_of(360)
            && let Err(error) = app.store.prune().await
        {
            tracing::error!(%error, "cannot prune the store");
        }
    }
}

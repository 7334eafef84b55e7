//! `sheaf serve` and `sheaf worker`.

use std::io::IsTerminal;
use std::sync::Arc;

use serde_json::json;
use tracing_subscriber::EnvFilter;

use crate::cli::args::{ServeArgs, WorkerArgs};
use crate::cli::files;
use crate::cli::report::Report;
use crate::config::Config;
use crate::refusal::{FileError, Refusal};
use crate::service::{Gateway, local_provers};
use crate::workers;

/// Runs the gateway until it is told to stop.
pub(crate) fn serve(args: &ServeArgs, report: &Report) -> Result<(), Refusal> {
    let mut config = Config::load(args.config.as_deref())?;
    if let Some(listen) = args.listen {
        config.listen = listen;
    }
    if let Some(data) = &args.data {
        config.data.clone_from(data);
    }
    if let Some(workers) = args.workers {
        config.workers = workers;
    }
    if let Some(limit) = args.rate_limit {
        config.rate_per_second = limit;
        config.rate_burst = limit.saturating_mul(2);
    }
    log();
    runtime()?.block_on(async {
        let circuits = Arc::new(files::circuits());
        let provers = local_provers(&config, &circuits);
        let data = config.data.clone();
        let gateway = Gateway::start(config, provers, circuits).await?;
        let url = gateway.url();
        report.result(&json!({ "url": url, "api_key": gateway.first_key(), "operator": gateway.operator() }));
        report.line(format!("Sheaf listens on {url}, data in {}", data.display()));
        report.line(format!("  dashboard     {url}/dashboard/"));
        report.line(format!("  API           {url}/docs/ (document: {url}/openapi.json)"));
        report.line(format!("  operator      {} signs attestations", gateway.operator()));
        match gateway.first_key() {
            Some(key) => {
                report.line(format!("  API key       {key}"));
                report.line("                shown this once; POST /v1/keys makes others");
                report.line(format!("\n  curl -H 'Authorization: Bearer {key}' {url}/v1/provers"));
            }
            None => report.line("  API key       made at the first start; POST /v1/keys makes others"),
        }
        stop_signal().await?;
        report.line("stopping");
        gateway.stop().await;
        Ok(())
    })
}

/// Proves recursion tasks until the process is ended.
pub(crate) fn worker(args: &WorkerArgs) -> Result<(), Refusal> {
    log();
    if args.attached {
        workers::end_with_parent();
    }
    let name = args.name.clone().unwrap_or_else(|| format!("worker-{}", std::process::id()));
    let client = sheaf_client::Client::new(&args.url, args.token.clone())?;
    runtime()?.block_on(async {
        tokio::select! {
            ended = workers::work(&client, &name, Arc::new(files::circuits())) => ended,
            stopped = stop_signal() => stopped,
        }
    })?;
    // A proof under way cannot be stopped; the lease of its task runs out.
    std::process::exit(0);
}

/// A runtime for this process.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Refusal> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| Refusal::new(&FileError::Machine { what: "threads", source }))
}

/// Logs to standard error, as `RUST_LOG` says; what is printed stays for people and scripts.
fn log() {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,sheaf_gateway=info"));
    // A subscriber that is there already stays.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .try_init();
}

/// Waits to be told to stop.
async fn stop_signal() -> Result<(), Refusal> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |source| Refusal::new(&FileError::Machine { what: "signals", source });
    let mut terminate = signal(SignalKind::terminate()).map_err(listen)?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(listen),
        _ = terminate.recv() => Ok(()),
    }
}

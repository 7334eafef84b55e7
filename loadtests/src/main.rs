//! Sheaf beside its peers, in one run on one machine.
//!
//! - [`prover`]: the embedded prover and EZKL, on the same ONNX files and inputs.
//! - [`recursion`]: a batch through Sheaf's tree, and through plain 2-to-1 plonky2 recursion.
//! - [`gateway`], on request: the gateway under load, nginx and plain SQLite beside it.
//!
//! Prints Markdown tables. CPU-seconds of all threads, because wall time on shared machines says little; where a step is
//! repeated, the median.

mod gateway;
mod measure;
mod prover;
mod recursion;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Benchmarks Sheaf beside EZKL and plain plonky2, or beside nginx and plain SQLite.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// A Python that has EZKL (loadtests/ezkl/requirements.txt); without it, EZKL's columns stay empty.
    #[arg(long)]
    ezkl_python: Option<PathBuf>,
    /// Repetitions of every prover step.
    #[arg(long, default_value_t = 5)]
    reps: usize,
    /// Batch sizes.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 2, 3, 5, 17, 64])]
    batches: Vec<usize>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put the gateway under load, beside nginx and plain SQLite.
    Gateway(gateway::GatewayArgs),
}

/// Why the benchmark stops.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    /// A file, a child process.
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
    /// Anything of Sheaf's that fails.
    #[error("{what}: {reason}")]
    Step { what: &'static str, reason: String },
}

impl BenchError {
    fn step<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| BenchError::Step { what, reason: error.to_string() }
    }
}

fn main() -> std::process::ExitCode {
    match run(&Args::parse()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            measure::note(&format!("benchmark stopped: {error}"));
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), BenchError> {
    if let Some(Command::Gateway(args)) = &args.command {
        return gateway::run(args);
    }
    prover::run(args.ezkl_python.as_deref(), args.reps)?;
    recursion::run(&args.batches)
}

//! Sheaf beside its peers, in one run on one machine.
//!
//! - [`prover`]: the embedded prover and EZKL, on the same ONNX files and inputs.
//! - [`recursion`]: a batch through Sheaf's tree, and through plain 2-to-1 plonky2 recursion.
//!
//! Prints Markdown tables. CPU-seconds of all threads, because wall time on shared machines says little; where a step is
//! repeated, the median.

mod measure;
mod prover;
mod recursion;

use std::path::PathBuf;

use clap::Parser;

/// Benchmarks Sheaf beside EZKL and plain plonky2.
#[derive(Debug, Parser)]
struct Args {
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
    prover::run(args.ezkl_python.as_deref(), args.reps)?;
    recursion::run(&args.batches)
}

//! The `sheaf` command.
//!
//! ```text
//! args      what can be typed
//! commands  one module per subcommand
//! files     program folders, caches, documents
//! report    output for people and for scripts
//! ```
//!
//! Exit codes: 0 done, 1 refused with a coded reason, 2 wrong usage.

mod args;
mod commands;
pub(crate) mod files;
mod report;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::args::{Cli, Command, JobCommand, ModelCommand};
use crate::cli::report::Report;
use crate::refusal::Refusal;
use crate::sandbox;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let report = Report::new(cli.json);
    match run(&cli, &report) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            report.refused(&refusal);
            ExitCode::from(1)
        }
    }
}

fn run(cli: &Cli, report: &Report) -> Result<(), Refusal> {
    match &cli.command {
        Command::Model { command: ModelCommand::Compile(args) } => commands::model::compile(args, report),
        Command::Serve(args) => commands::serve::serve(args, report),
        Command::Worker(args) => commands::serve::worker(args),
        Command::Model { command: ModelCommand::Add(args) } => commands::remote::add_model(args, report),
        Command::Job { command: JobCommand::Submit(args) } => commands::remote::submit(args, report),
        Command::Job { command: JobCommand::Show(args) } => commands::remote::show(args, report),
        Command::Job { command: JobCommand::Cancel(args) } => commands::remote::cancel(args, report),
        Command::Doctor(args) => commands::doctor::run(args, report),
        Command::Prove(args) => commands::prove::run(args, report),
        Command::Aggregate(args) => commands::aggregate::run(args, report),
        Command::Verify(args) => commands::verify::run(args, report),
        Command::Inspect(args) => commands::inspect::run(args, report),
        Command::Circuits(args) => commands::circuits::run(args, report),
        Command::Security(args) => commands::security::run(args, report),
        Command::Setup { command } => commands::setup::run(command, report),
        Command::Demo => commands::demo::run(report),
        Command::Completions { shell } => commands::completions::run(*shell),
        Command::SandboxChild => sandbox::child(),
    }
}

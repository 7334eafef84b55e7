//! `sheaf completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::args::Cli;
use crate::refusal::Refusal;

pub(crate) fn run(shell: Shell) -> Result<(), Refusal> {
    clap_complete::generate(shell, &mut Cli::command(), "sheaf", &mut std::io::stdout());
    Ok(())
}

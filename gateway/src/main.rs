//! The `sheaf` command; everything is in the library.

fn main() -> std::process::ExitCode {
    sheaf_gateway::cli::main()
}

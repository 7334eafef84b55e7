//! One module per subcommand. Each takes its arguments, does the work through the libraries, and reports.

pub(crate) mod aggregate;
pub(crate) mod circuits;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod inspect;
pub(crate) mod model;
pub(crate) mod prove;
pub(crate) mod remote;
pub(crate) mod security;
pub(crate) mod serve;
pub(crate) mod setup;
pub(crate) mod verify;

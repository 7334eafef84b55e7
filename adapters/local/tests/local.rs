//! Provers in this process, through the adapter contract and our own verifiers.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy takes for production code")]

#[path = "local/costs.rs"]
mod costs;
#[path = "local/embedded.rs"]
mod embedded;
#[path = "local/groth16.rs"]
mod groth16;
#[path = "local/models.rs"]
mod models;
#[path = "local/restarted.rs"]
mod restarted;
#[path = "local/verify.rs"]
mod verify;

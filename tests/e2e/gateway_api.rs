//! The gateway's HTTP API, against a gateway that runs as a process of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step fails the scenario"
)]

mod common;
mod gateway;

#[path = "gateway_api/brought.rs"]
mod brought;
#[path = "gateway_api/document.rs"]
mod document;
#[path = "gateway_api/hostile.rs"]
mod hostile;
#[path = "gateway_api/idempotency.rs"]
mod idempotency;
#[path = "gateway_api/jobs.rs"]
mod jobs;
#[path = "gateway_api/keys.rs"]
mod keys;
#[path = "gateway_api/limits.rs"]
mod limits;
#[path = "gateway_api/models.rs"]
mod models;
#[path = "gateway_api/receipts.rs"]
mod receipts;
#[path = "gateway_api/routes.rs"]
mod routes;
#[path = "gateway_api/streams.rs"]
mod streams;
#[path = "gateway_api/tenants.rs"]
mod tenants;

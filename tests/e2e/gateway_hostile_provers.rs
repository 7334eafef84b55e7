//! Provers and workers that lie, hang, break, or answer what nobody asked, in front of a gateway in this process.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step fails the scenario"
)]

mod common;
mod gateway;

#[path = "gateway_hostile_provers/broken.rs"]
mod broken;
#[path = "gateway_hostile_provers/inside.rs"]
mod inside;
#[path = "gateway_hostile_provers/liars.rs"]
mod liars;
#[path = "gateway_hostile_provers/rogue.rs"]
mod rogue;
#[path = "gateway_hostile_provers/silent.rs"]
mod silent;
#[path = "gateway_hostile_provers/webhooks.rs"]
mod webhooks;
#[path = "gateway_hostile_provers/workers.rs"]
mod workers;

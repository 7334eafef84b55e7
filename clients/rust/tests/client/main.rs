//! The client against gateways of canned answers: all that it sends, and all that can come back.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

mod calls;
mod common;
mod events;
mod failures;
#[cfg(feature = "verify")]
mod verify;

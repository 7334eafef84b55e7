//! How Sheaf uses plonky2: configurations, security accounting, hashing, keys, proof bytes, engines.
//!
//! Owns every choice that the embedded prover and the recursion circuits share. Knows no model and no tree: those are
//! `sheaf-embedded` and `sheaf-aggregator`, the only crates besides this one that see plonky2.

pub mod config;
pub mod engine;
pub mod hash;
pub mod key;
pub mod proof;
pub mod security;

pub use config::Profile;
pub use engine::{C, D, F};

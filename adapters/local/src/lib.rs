//! The provers that run in this process, as adapters.
//!
//! ```text
//!                    ┌ EmbeddedAdapter ─▶ sheaf-embedded (plonky2)       statements are proven
//! gateway ─ Adapter ─┤
//!                    └ Groth16Adapter ──▶ sheaf-groth16 (BN254)          statements are attested
//!
//! any prover's document ─▶ verify::verify_document ─▶ statement          in a process that may crash
//! ```
//!
//! Owns the translation between these provers' words and the [`Adapter`](sheaf_adapter::Adapter) contract, the packages
//! in which they keep programs, and [`verify`], which believes none of them. Does not own their circuits, nor limits,
//! retries and time: [`sheaf_adapter::assemble`] puts those around.
//!
//! | module | owns |
//! |---|---|
//! | `embedded` | the embedded prover |
//! | `groth16` | the Groth16 prover |
//! | [`binary`] | proof documents in binary |
//! | [`verify`] | one verifier for proof documents of every system |
//! | `runner` | places for work that blocks |
//! | `cache` | programs in memory |
//! | `estimate` | from CPU time to estimates |
//! | `error` | failures of this crate's own, and codes of the crates below |

pub mod binary;
pub mod verify;

mod cache;
mod embedded;
mod error;
mod estimate;
mod groth16;
mod runner;

use sheaf_statement::ProverId;

pub use embedded::{EmbeddedAdapter, EmbeddedSettings};
pub use groth16::{Groth16Adapter, Groth16Settings};

/// The name of a prover of ours.
fn prover_id(name: &str) -> ProverId {
    match ProverId::new(name) {
        Ok(id) => id,
        Err(error) => unreachable!("a name of ours: {error}"),
    }
}

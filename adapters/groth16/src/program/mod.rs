//! Programs: a quantised model with the keys that prove and verify it.
//!
//! - `prover` owns setup and proving.
//! - `package` owns the bytes in which a prover keeps a program. They are for the gateway's own disk, not for strangers.
//! - `error` owns why either refuses.

mod error;
mod package;
mod prover;

pub use error::Groth16Error;
pub use prover::{Groth16Program, Inference};

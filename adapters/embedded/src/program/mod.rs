//! Programs: a quantised model compiled for proving under given options.
//!
//! - [`Program`] is the prover's side: circuit, witness plan, and the salt of private weights.
//! - [`ProgramKey`] is the verifier's side, derived from the former and small.
//!
//! Compiling is deterministic unless the weights are private: whoever compiles the same model file with the same
//! options gets the same key. With private weights the key contains a commitment salted with fresh randomness.

mod key;
mod options;
mod prover;

pub use key::{KeyError, ProgramKey, ProgramVerifier, VerifyError, public_values_digest};
pub use options::{InputVisibility, ProgramOptions, WeightVisibility};
pub use prover::{CompileError, Inference, Program, ProveError, WeightSalt, input_commitment};

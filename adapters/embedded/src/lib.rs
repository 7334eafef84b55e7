//! The embedded prover: ONNX inference, proven in plonky2.
//!
//! ```text
//! sheaf_model::QuantisedModel ─ Program::compile ─▶ Program ─ prove ─▶ Inference
//!                                      │                                     │
//!                                      └ reference::execute (plain Rust)     └ ProgramKey ─ verifier ─▶ verify
//! ```
//!
//! Knows nothing of batches, leaves or receipts: `sheaf-aggregator` folds what comes out of here.

pub mod circuit;
pub mod program;

pub use circuit::{Shape, ShapeError};
pub use program::{
    CompileError, Inference, InputVisibility, KeyError, Program, ProgramKey, ProgramOptions, ProgramVerifier,
    ProveError, VerifyError, WeightSalt, WeightVisibility, input_commitment, public_values_digest,
};

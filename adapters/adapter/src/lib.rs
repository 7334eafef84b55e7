//! What a prover is to Sheaf.
//!
//! ```text
//!            ┌ Adapter::estimate ─▶ Estimate           (pure; priced by the gateway, ranked by the policies)
//! prover ────┼ Adapter::compile  ─▶ CompiledProgram    (once per model and input visibility)
//!            └ Adapter::prove    ─▶ Proven             (behind the tower stack that `stack` assembles)
//! ```
//!
//! An adapter says what a prover can do and translates between its words and ours. It does not price, route, retry,
//! limit, time out or settle: the gateway does, the same way for every prover. And it is not believed: what comes out of
//! [`Adapter::prove`] is verified by a verifier of ours against the statement that was asked for.
//!
//! | module | owns |
//! |---|---|
//! | `adapter` | the trait and what passes through it |
//! | `descriptor` | what a prover says of itself |
//! | `error` | error kinds, which alone decide what is done about a failure |
//! | `stack` | the one place where tower stacks are assembled |
//! | `registry` | the provers of a gateway |
//! | [`conformance`] | checks that every adapter must pass |
//!
//! # Example
//! ```
//! use std::sync::Arc;
//! use async_trait::async_trait;
//! use sheaf_adapter::{
//!     Adapter, AdapterError, CompiledProgram, Descriptor, ErrorKind, Estimate, ModelSize, ProveRequest, Proven,
//!     Registry, StackLimits,
//! };
//! use sheaf_model::QuantisedModel;
//! use sheaf_statement::{InputVisibility, ProofSystem, ProverId, TrustTier};
//!
//! /// A prover that is always at lunch.
//! struct Idle(Descriptor);
//!
//! #[async_trait]
//! impl Adapter for Idle {
//!     fn descriptor(&self) -> &Descriptor {
//!         &self.0
//!     }
//!     fn estimate(&self, _: &ModelSize, _: InputVisibility) -> Result<Estimate, AdapterError> {
//!         Ok(Estimate { cpu_ms: 1, latency_ms: 1 })
//!     }
//!     async fn compile(&self, _: Arc<QuantisedModel>, _: InputVisibility) -> Result<CompiledProgram, AdapterError> {
//!         Err(AdapterError::new(ErrorKind::Unsupported, "SH-EXA-001", "compiles nothing"))
//!     }
//!     async fn prove(&self, _: ProveRequest) -> Result<Proven, AdapterError> {
//!         Err(AdapterError::new(ErrorKind::Transient, "SH-EXA-002", "at lunch"))
//!     }
//! }
//!
//! let descriptor = Descriptor {
//!     id: ProverId::new("idle")?,
//!     title: "Idle".to_owned(),
//!     system: ProofSystem::Groth16Bn254,
//!     tier: TrustTier::Attested,
//!     visibilities: vec![InputVisibility::Public],
//!     version: "1".to_owned(),
//!     notes: Vec::new(),
//! };
//! let registry = Registry::new(vec![(Arc::new(Idle(descriptor)), StackLimits::default())])?;
//! assert_eq!(registry.iter().count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod conformance;

mod adapter;
mod descriptor;
mod error;
mod registry;
mod stack;

pub use adapter::{
    Adapter, AttemptId, CompiledProgram, Estimate, ModelSize, Opening, ProgramRef, ProveRequest, Proven,
};
pub use descriptor::Descriptor;
pub use error::{AdapterError, ErrorKind};
pub use registry::{Prover, Registry, RegistryError};
pub use stack::{ProverService, StackLimits, assemble};

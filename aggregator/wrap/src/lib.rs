//! Turns a plonky2 proof into a Groth16 proof over BN254, which a contract verifies for the price of a swap.
//!
//! ```text
//! inner proof (plonky2, any circuit with eight public inputs)
//!     │ LastCircuit::prove        plonky2 again, hashing with Poseidon over BN254
//!     ▼
//! last proof ── assignment ──▶ groth16::prove ──▶ 256 bytes, two public inputs
//!                   ▲
//! constraints ──────┘           the verifier of the last circuit's proofs, in rank-one constraints
//! ```
//!
//! | module | owns |
//! |---|---|
//! | `poseidon`, `config` | Poseidon over BN254; plonky2's configuration with it |
//! | [`r1cs`] | constraints and assignments |
//! | `gadgets`, `verifier` | plonky2's verifier as constraints |
//! | [`layers`] | the last plonky2 circuit |
//! | [`circuit`] | the Groth16 circuit, and the packing of its inputs |
//! | [`groth16`], [`encoding`] | proving, and proofs as bytes |
//! | `wrapper` | all of it in a row |
//!
//! # What a Groth16 proof says
//! Somebody knows a proof of the last plonky2 circuit, which is a constant of the key, with the public inputs that x1 and
//! x2 pack; and hence of the inner circuit, which is a constant of that. Left to whoever looks at it: that the key was
//! made for this circuit (its digest is [`r1cs::Matrices::digest`]) by a setup of which somebody forgot his part.

pub mod circuit;
mod config;
pub mod encoding;
mod error;
mod gadgets;
pub mod groth16;
pub mod layers;
pub mod pins;
mod poseidon;
pub mod r1cs;
mod verifier;
mod wrapper;

pub use config::{Bn254Config, Bn254Digest, Bn254Hasher};
pub use error::WrapError;
pub use verifier::{InnerProof, InnerVerifier};
pub use wrapper::{Progress, Wrapper};

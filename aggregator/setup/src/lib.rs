//! Groth16 keys over BN254, and the ceremonies that make them.
//!
//! ```text
//! seed ─▶ single_party ─────────────────────────────▶ SetupKey (test only) ─▶ KeyFile, KeyCache
//! .ptau ─▶ PowersOfTau ─▶ Phase2: contribute… beacon ─▶ key + Transcript ─▶ verify ─▶ SetupKey (ceremony)
//! ```
//!
//! Keys are those of arkworks' `Groth16<Bn254, LibsnarkReduction>`: its prover and verifier take them. Owns the making,
//! labelling, storing and checking of keys for any [`ConstraintSystem`]; knows no circuit, proves nothing. Which keys may
//! be used where is [`check_chain_id`]'s to say.
//!
//! | module | owns |
//! |---|---|
//! | [`constraints`] | what a circuit is here, and its digest |
//! | [`single`] | keys from one seed |
//! | [`powers`] | phase one |
//! | [`phase2`] | phase two: the protocol, what it gives and what it does not |
//! | [`key`] | key files and their cache |
//! | [`vk`] | verifying keys as contracts hash them |
//! | [`provenance`] | labels, and where keys may be used |

pub mod constraints;
pub mod error;
mod fixed_base;
mod hash;
pub mod hex;
pub mod key;
pub mod phase2;
pub mod points;
pub mod powers;
pub mod provenance;
pub mod single;
pub mod vk;

pub use constraints::{ArkMatrices, ConstraintSystem, Matrix};
pub use error::SetupError;
pub use key::{KeyCache, KeyFile, KeyHeader, PointChecks, SetupKey};
pub use phase2::{Phase2, Transcript, VerifiedCeremony};
pub use powers::PowersOfTau;
pub use provenance::{Provenance, check_chain_id};
pub use single::single_party;
pub use vk::{verifying_key_bytes, verifying_key_digest};

// The tests' circuit names this crate as an outsider does.
#[cfg(test)]
extern crate self as sheaf_setup;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod testing;

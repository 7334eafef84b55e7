//! How many bits every layer of the recursion is worth, and the floor it must not fall below.
//!
//! Owns the soundness accounting of plonky2 1.1.0 over Goldilocks: from the plain parameters of a layer
//! ([`LayerParameters`]) it computes one [`SecurityReport`] that lists every error term with its bits, under
//! plonky2's own conjecture and under published theorems, and compares it with a [`Profile`]. Only
//! [`layer_parameters`] knows plonky2's types. It does not choose parameters, and says nothing about the
//! statement a circuit encodes. Reports go to the tests that guard the configurations in use, to the
//! CLI and to the docs; `docs/adr/0003-security-accounting.md` explains formulas, sources and floors.
//!
//! ```text
//! LayerParameters ─► algebra   (permutation, lookup, alpha, zeta)  ┐
//!                 ─► proximity (FRI batching, folding, queries)    ├─► Analysis per Regime ─► SecurityReport
//!                 ─► hash_output_bits                              ┘        ─► check(Profile), table()
//! ```
//!
//! # What the figures mean
//! - **plonky2's conjecture** is the formula plonky2 asserts when it builds a circuit (`rate_bits · queries +
//!   proof_of_work_bits`, from the ethSTARK paper), with the terms outside FRI beside it. It assumes that FRI is
//!   sound up to capacity. Correlated agreement up to capacity was refuted in 2025 (ePrint 2025/2046 and
//!   2025/2055), so the figure states what plonky2 assumes and nothing stronger.
//! - **provable** figures hold in the interactive oracle model for every prover: the Johnson radius under two
//!   theorems, and the unique decoding radius. Turning them into figures for the hashed, non-interactive
//!   proof takes the random-oracle model for Poseidon or Keccak.
//!
//! # Example
//! ```
//! # use sheaf_plonky2::security::{LayerParameters, Profile, constant_arity_bits, num_partial_products};
//! let node = LayerParameters {
//!     layer: "node".to_owned(),
//!     rate_bits: 3,
//!     num_query_rounds: 28,
//!     proof_of_work_bits: 16,
//!     num_challenges: 3,
//!     degree_bits: 13,
//!     max_quotient_degree_factor: 8,
//!     num_constraints: 123,
//!     num_routed_wires: 80,
//!     num_partial_products: num_partial_products(80, 8),
//!     num_oracle_polys: 275,
//!     reduction_arity_bits: constant_arity_bits(4, 5, 13, 3, 4),
//!     cap_height: 4,
//!     hash_output_bits: 256,
//!     zero_knowledge: false,
//!     lookups: None,
//! };
//! let report = node.report()?;
//! report.check(Profile::Standard)?;
//! assert_eq!(report.plonky2_bits, 100.0);
//! assert!(report.check(Profile::Provable).is_err());
//! # Ok::<(), sheaf_plonky2::security::SecurityError>(())
//! ```

mod algebra;
mod analysis;
mod circuit;
mod error;
mod parameters;
mod profile;
mod proximity;
mod report;
mod table;
#[cfg(test)]
mod tests;

pub use analysis::{Analysis, Regime, Term, TermBits};
pub use circuit::layer_parameters;
pub use error::SecurityError;
pub use parameters::{LayerParameters, LookupParameters, constant_arity_bits, num_partial_products};
pub use profile::{Floors, Profile, ProvableFloors};
pub use proximity::Theorem;
pub use report::{JohnsonReport, SecurityReport};

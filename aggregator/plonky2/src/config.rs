//! The circuit configurations of every layer, one set per security profile.
//!
//! Nothing else in the workspace chooses a FRI rate, a query count or a number of challenges. What these choices are
//! worth in bits is computed by [`crate::security`] from the very same values.

use std::str::FromStr;

use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::plonk::circuit_data::CircuitConfig;

pub use crate::engine::{C, D, F};
pub use crate::security::Profile;

/// Rows of hashes at the top of every Merkle tree, as a power of two. The same in every layer, because a verifier
/// key's digest is taken over a cap of this size.
pub const CAP_HEIGHT: usize = 4;

/// Constants in a row of a program circuit: the weights of four lanes of nine products, with their biases.
pub const PROGRAM_CONSTANTS: usize = 40;

/// An unknown profile name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile: expected `standard` or `provable`, got `{0}`")]
pub struct UnknownProfile(String);

impl Profile {
    /// Every profile.
    pub const ALL: [Profile; 2] = [Profile::Standard, Profile::Provable];

    /// The name in files and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Standard => "standard",
            Profile::Provable => "provable",
        }
    }

    /// Configuration of circuits that prove a model's inference.
    ///
    /// A higher rate than plonky2's usual 1/8: these circuits are small, so that the larger extension costs little,
    /// and a quarter fewer queries let three of them fit one leaf (docs/adr/0004).
    #[must_use]
    pub fn program_config(self, zero_knowledge: bool) -> CircuitConfig {
        let queries = match self {
            Profile::Standard => 21,
            Profile::Provable => 46,
        };
        CircuitConfig { zero_knowledge, num_constants: PROGRAM_CONSTANTS, ..base_config(4, queries, 16) }
    }

    /// Configuration of leaves, nodes, the root and the listing of its statements.
    #[must_use]
    pub fn recursion_config(self) -> CircuitConfig {
        match self {
            // 27 queries with 19 bits of work where plonky2 takes 28 with 16: with 28, two children miss 2^13 rows by a
            // few dozen, and the root 2^12.
            Profile::Standard => base_config(3, 27, 19),
            // At rate 1/16 rather than 1/8, or two children with so many queries would not fit 2^14 rows.
            Profile::Provable => base_config(4, 46, 16),
        }
    }

    /// Configuration of the circuit that makes a listing's proof cheap to verify: a rate that would be too dear anywhere
    /// else buys few queries.
    #[must_use]
    pub fn shrink_config(self) -> CircuitConfig {
        match self {
            Profile::Standard => base_config(6, 14, 16),
            Profile::Provable => base_config(6, 30, 16),
        }
    }

    /// Rows of leaves and nodes, as a power of two. Both have the same, or a node could not verify either.
    #[must_use]
    pub const fn recursion_degree_bits(self) -> usize {
        match self {
            Profile::Standard => 13,
            Profile::Provable => 14,
        }
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Profile::ALL.into_iter().find(|p| p.name() == text).ok_or_else(|| UnknownProfile(text.to_owned()))
    }
}

/// plonky2's recursion geometry (135 wires, which a Poseidon permutation in one row needs; 80 of them routed) with
/// three challenges: two leave the permutation argument near 2⁻⁹⁰.
fn base_config(rate_bits: usize, num_query_rounds: usize, proof_of_work_bits: u32) -> CircuitConfig {
    CircuitConfig {
        num_challenges: 3,
        fri_config: FriConfig {
            rate_bits,
            cap_height: CAP_HEIGHT,
            proof_of_work_bits,
            reduction_strategy: FriReductionStrategy::ConstantArityBits(4, 5),
            num_query_rounds,
        },
        ..CircuitConfig::standard_recursion_config()
    }
}

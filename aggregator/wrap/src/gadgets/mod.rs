//! What the verifier is put together from.
//!
//! | module | owns |
//! |---|---|
//! | `goldilocks` | the Goldilocks field inside BN254's: integers that are reduced when they must be |
//! | `extension` | its quadratic extension |
//! | `sponge` | Poseidon over BN254: nodes, leaves |
//! | `transcript` | plonky2's challenger over that |
//! | `merkle` | paths to a cap |
//! | `public_inputs` | the hash of public inputs, which is plonky2's own Poseidon |

pub(crate) mod extension;
pub(crate) mod goldilocks;
pub(crate) mod merkle;
pub(crate) mod public_inputs;
pub(crate) mod sponge;
pub(crate) mod transcript;

//! Proving keys, labelled, and on disk.
//!
//! | module | owns |
//! |---|---|
//! | [`header`] | what a key file says about itself |
//! | [`file`](mod@file) | reading and writing key files |
//! | [`cache`] | a folder of them, addressed by circuit |
//! | `body` | the points themselves, as arkworks encodes them |

mod body;
pub mod cache;
pub mod file;
pub mod header;

use ark_bn254::Bn254;
use ark_groth16::{ProvingKey, VerifyingKey};

pub use cache::KeyCache;
pub use file::{KeyFile, PointChecks};
pub use header::{Counts, KeyHeader};

use crate::{Provenance, SetupError};

/// A proving key with what it is for and where it comes from. The label cannot be changed; keys of a ceremony get theirs
/// from [`VerifiedCeremony::label`](crate::phase2::VerifiedCeremony::label).
#[derive(Debug, Clone, PartialEq)]
pub struct SetupKey {
    key: ProvingKey<Bn254>,
    circuit: [u8; 32],
    provenance: Provenance,
}

impl SetupKey {
    pub(crate) fn new(key: ProvingKey<Bn254>, circuit: [u8; 32], provenance: Provenance) -> Self {
        Self { key, circuit, provenance }
    }

    /// For arkworks' prover.
    #[must_use]
    pub fn proving_key(&self) -> &ProvingKey<Bn254> {
        &self.key
    }

    /// For arkworks' verifier.
    #[must_use]
    pub fn verifying_key(&self) -> &VerifyingKey<Bn254> {
        &self.key.vk
    }

    /// Digest of the circuit.
    #[must_use]
    pub fn circuit(&self) -> [u8; 32] {
        self.circuit
    }

    /// Where the key comes from.
    #[must_use]
    pub fn provenance(&self) -> Provenance {
        self.provenance
    }

    /// Drops the label.
    #[must_use]
    pub fn into_proving_key(self) -> ProvingKey<Bn254> {
        self.key
    }
}

/// SHA-256 of a key in arkworks' uncompressed encoding: the body of a key file, and the checksum in its header.
///
/// # Errors
/// [`SetupError::CircuitSize`] for a key whose vectors do not fit one another.
pub fn key_digest(key: &ProvingKey<Bn254>) -> Result<[u8; 32], SetupError> {
    Counts::of(key)?;
    body::digest(key)
}

//! Verifier keys: what tells one circuit of a shape from another.
//!
//! plonky2 hands a verifier the Merkle cap of a circuit's constants and permutation *and* a circuit digest, and feeds
//! only the latter to the transcript. Inside a recursion circuit, where the key is a witness, nothing ties the two
//! together: a prover may pair one circuit's cap with another's digest. Identity must therefore cover both, and
//! [`CircuitKey::digest`] does. plonky2's digest does not cover the gates either; whoever accepts a key fixes them by
//! fixing the [common data](plonky2::plonk::circuit_data::CommonCircuitData) he verifies with.

use plonky2::hash::hash_types::HashOutTarget;
use plonky2::hash::merkle_tree::MerkleCap;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{VerifierCircuitTarget, VerifierOnlyCircuitData};
use serde::{Deserialize, Serialize};

use crate::config::CAP_HEIGHT;
use crate::engine::{C, D, F};
use crate::hash::{Digest, Tag, tagged_hash, tagged_hash_circuit};

/// A circuit's verifier key, in the layout of its file form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CircuitKey {
    /// Merkle cap of the constants and sigma polynomials, 2^[`CAP_HEIGHT`] digests.
    cap: [Digest; 1 << CAP_HEIGHT],
    /// plonky2's circuit digest.
    circuit_digest: Digest,
}

/// A key whose Merkle cap has another height than every circuit of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unexpected Merkle cap: expected {expected} digests, got {got}")]
pub struct CapSizeError {
    /// 2^[`CAP_HEIGHT`].
    pub expected: usize,
    /// Digests in the cap.
    pub got: usize,
}

impl CircuitKey {
    /// Takes the key out of plonky2's verifier data.
    ///
    /// # Errors
    /// [`CapSizeError`] if the circuit was built with another cap height.
    pub fn new(data: &VerifierOnlyCircuitData<C, D>) -> Result<Self, CapSizeError> {
        let digests: Vec<Digest> = data.constants_sigmas_cap.0.iter().copied().map(Digest::from).collect();
        let got = digests.len();
        let cap = digests.try_into().map_err(|_| CapSizeError { expected: 1 << CAP_HEIGHT, got })?;
        Ok(Self { cap, circuit_digest: data.circuit_digest.into() })
    }

    /// The key of these digests, whatever circuit they are of.
    #[must_use]
    pub fn from_parts(cap: [Digest; 1 << CAP_HEIGHT], circuit_digest: Digest) -> Self {
        Self { cap, circuit_digest }
    }

    /// Merkle cap of the constants and sigma polynomials.
    #[must_use]
    pub fn cap(&self) -> &[Digest; 1 << CAP_HEIGHT] {
        &self.cap
    }

    /// plonky2's circuit digest.
    #[must_use]
    pub fn circuit_digest(&self) -> &Digest {
        &self.circuit_digest
    }

    /// The key as plonky2's verifier takes it.
    #[must_use]
    pub fn to_verifier_data(&self) -> VerifierOnlyCircuitData<C, D> {
        VerifierOnlyCircuitData {
            constants_sigmas_cap: MerkleCap(self.cap.iter().map(|d| d.to_hash()).collect()),
            circuit_digest: self.circuit_digest.to_hash(),
        }
    }

    /// Poseidon digest of the whole key.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let elements: Vec<F> =
            self.cap.iter().chain([&self.circuit_digest]).flat_map(Digest::elements).collect();
        tagged_hash(Tag::VerifierKey, &elements)
    }
}

/// [`CircuitKey::digest`] as constraints over a witnessed key.
pub fn key_digest_circuit(builder: &mut CircuitBuilder<F, D>, key: &VerifierCircuitTarget) -> HashOutTarget {
    let elements: Vec<_> =
        key.constants_sigmas_cap.0.iter().chain([&key.circuit_digest]).flat_map(|h| h.elements).collect();
    tagged_hash_circuit(builder, Tag::VerifierKey, &elements)
}

//! Verifying keys as contracts hash them.

use ark_bn254::Bn254;
use ark_groth16::VerifyingKey;
use sha3::{Digest as _, Keccak256};

use crate::points::{g1_bytes, g2_bytes};

/// A verifying key as 32-byte big-endian words: alpha `(x, y)`; beta, gamma and delta, each `(x.c1, x.c0, y.c1, y.c0)` as
/// EIP-197 orders them; then `(x, y)` of every point of IC. 14 + 2·(public inputs + 1) words.
#[must_use]
pub fn verifying_key_bytes(key: &VerifyingKey<Bn254>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(14 * 32 + key.gamma_abc_g1.len() * 64);
    bytes.extend(g1_bytes(&key.alpha_g1));
    for point in [&key.beta_g2, &key.gamma_g2, &key.delta_g2] {
        bytes.extend(g2_bytes(point));
    }
    for point in &key.gamma_abc_g1 {
        bytes.extend(g1_bytes(point));
    }
    bytes
}

/// keccak256 of [`verifying_key_bytes`]. Its first four bytes are the selector under which a contract finds the
/// verifier.
#[must_use]
pub fn verifying_key_digest(key: &VerifyingKey<Bn254>) -> [u8; 32] {
    Keccak256::digest(verifying_key_bytes(key)).into()
}

//! What the Groth16 circuits come out as, so that whoever needs a key's name does not have to build its circuit.
//!
//! The demo builds the circuit where there is no key yet, refuses another digest, and says what it got.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// A pinned Groth16 circuit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedCircuit {
    /// SHA-256 of its constraints, in hexadecimal: [`crate::r1cs::Matrices::digest`].
    pub circuit: String,
    /// How many constraints it has.
    pub constraints: usize,
}

impl PinnedCircuit {
    /// The digest's bytes.
    #[must_use]
    pub fn digest(&self) -> Option<[u8; 32]> {
        let mut bytes = [0; 32];
        if self.circuit.len() != 64 || !self.circuit.is_ascii() {
            return None;
        }
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&self.circuit[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(bytes)
    }
}

/// The circuit that wraps batches of a profile.
#[must_use]
pub fn get(profile: &str) -> Option<&'static PinnedCircuit> {
    static PINS: OnceLock<BTreeMap<String, PinnedCircuit>> = OnceLock::new();
    let read = || serde_json::from_str(include_str!("pins.json")).unwrap_or_default();
    PINS.get_or_init(read).get(profile)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_standard_profile_is_pinned() {
        let pinned = super::get("standard").unwrap();
        assert!(pinned.digest().is_some() && pinned.constraints > 1_000_000);
        assert!(super::get("another").is_none());
    }
}

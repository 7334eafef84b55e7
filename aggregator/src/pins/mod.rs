//! Verifier keys of the circuits that every build of this version must produce.
//!
//! `pins.json` is what lets an aggregate, or what a worker proved for one, be verified in milliseconds without building
//! a circuit, and what turns an unintended change of a circuit into a failing test. A deliberate change is recorded by
//! `sheaf circuits --pin`. Circuits of rarer shapes are not pinned; whoever needs one builds it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use sheaf_embedded::Shape;
use sheaf_plonky2::Profile;
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::key::CircuitKey;

use crate::circuits::{CircuitError, Circuits, Progress};

const PINS_JSON: &str = include_str!("pins.json");

/// The contents of `pins.json`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// Circuits by name.
    pub circuits: BTreeMap<String, PinnedCircuit>,
}

/// What a circuit must come out as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinnedCircuit {
    /// Digest of the key, so that nobody has to hash to compare, or to read a difference.
    pub digest: Digest,
    /// How many statements a leaf takes; only leaves have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<usize>,
    /// The whole key: who verifies the circuit's proofs has nothing else to go by.
    pub key: CircuitKey,
}

impl Pins {
    /// The digest of each circuit's key by the circuit's name.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<&str, Digest> {
        self.circuits.iter().map(|(name, circuit)| (name.as_str(), circuit.digest)).collect()
    }
}

static PINS: LazyLock<Pins> = LazyLock::new(|| match serde_json::from_str(PINS_JSON) {
    Ok(pins) => pins,
    // Part of the binary, and decoded by a test.
    Err(error) => unreachable!("pins.json: {error}"),
});

/// The pin of a circuit.
pub(crate) fn get(name: &str) -> Option<&'static PinnedCircuit> {
    PINS.circuits.get(name)
}

/// Every pin.
#[must_use]
pub fn all() -> &'static Pins {
    &PINS
}

/// Shapes whose leaf circuits are pinned: programs of up to 2^13 rows, blinded ones (which start at 2^13) included.
#[must_use]
pub fn pinned_shapes(profile: Profile) -> Vec<Shape> {
    let shape = |degree_bits, zero_knowledge| Shape { profile, degree_bits, zero_knowledge };
    let plain = (8..=12).map(|degree_bits| shape(degree_bits, false));
    let blinded = (12..=14).map(|degree_bits| shape(degree_bits, true));
    match profile {
        Profile::Standard => plain.chain(blinded).filter(|s| s.common_data().is_ok()).collect(),
        Profile::Provable => plain.take(3).collect(),
    }
}

/// Builds every circuit that is pinned, without regard to what the pins say now.
///
/// # Errors
/// [`CircuitError`] if a circuit cannot be had.
pub fn compute(profile: Profile, shapes: &[Shape], progress: Progress<'_>) -> Result<Pins, CircuitError> {
    Circuits::unpinned(profile).pins(shapes, progress)
}

/// A short digest of all pins.
pub(crate) fn fingerprint() -> String {
    sha2::Sha256::digest(PINS_JSON).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_well_formed_and_keys_agree_with_their_digests() {
        let pins: Pins = serde_json::from_str(PINS_JSON).unwrap();
        // As `sheaf circuits --pin` writes it, or every new pin would change every line.
        assert_eq!(format!("{}\n", serde_json::to_string_pretty(&pins).unwrap()), PINS_JSON);
        assert!(!pins.circuits.is_empty());
        for (name, circuit) in &pins.circuits {
            assert_eq!(circuit.digest, circuit.key.digest(), "{name}");
            assert_eq!(circuit.slots.is_some(), name.starts_with("leaf-"), "{name}");
        }
    }
}

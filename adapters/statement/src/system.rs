//! Proof systems: which we know, what each is called on chain, and which public-input words it has.
//!
//! A new system is a variant of [`ProofSystem`] and a row in each of its tables; names and ids are never reused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha3::{Digest, Keccak256};

use crate::StatementError;
use crate::digest::hex_newtype;

hex_newtype! {
    /// The first four bytes of keccak256 of a proof system's canonical name, as ERC-7992 defines them.
    ///
    /// May be of a system that we do not know; [`ProofSystem`] is one that we do.
    ProofSystemId, 4, "proof system id"
}

impl ProofSystemId {
    /// The id that ERC-7992 gives to a canonical name.
    pub fn of_name(name: &str) -> Self {
        let [a, b, c, d, ..] = <[u8; 32]>::from(Keccak256::digest(name));
        Self([a, b, c, d])
    }
}

/// A proof system that we know.
///
/// In serde it is its [`ProofSystemId`]; `Display` and `FromStr` use the canonical name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProofSystem {
    /// `plonky2-goldilocks-v1`: plonky2 with Poseidon over the Goldilocks field. A word is a field element, below
    /// p = 2^64 − 2^32 + 1.
    Plonky2Goldilocks,
    /// `groth16-bn254-v1`: Groth16 over BN254. A word is a scalar, below the order r of the curve's groups.
    Groth16Bn254,
}

impl ProofSystem {
    /// Every system we know.
    pub const ALL: [Self; 2] = [Self::Plonky2Goldilocks, Self::Groth16Bn254];

    /// The canonical name, whose hash is the id.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plonky2Goldilocks => "plonky2-goldilocks-v1",
            Self::Groth16Bn254 => "groth16-bn254-v1",
        }
    }

    /// The id on chain and in canonical bytes: [`ProofSystemId::of_name`] of the name, which a test checks.
    pub const fn id(self) -> ProofSystemId {
        match self {
            Self::Plonky2Goldilocks => ProofSystemId([0xd5, 0x34, 0x6c, 0x8c]),
            Self::Groth16Bn254 => ProofSystemId([0x05, 0x50, 0xd1, 0x37]),
        }
    }

    /// What every public-input word is below, as 32 big-endian bytes.
    pub const fn modulus(self) -> &'static [u8; 32] {
        match self {
            Self::Plonky2Goldilocks => &GOLDILOCKS_MODULUS,
            Self::Groth16Bn254 => &BN254_SCALAR_MODULUS,
        }
    }

    /// Whether every public-input word fits 64 bits.
    pub const fn has_u64_words(self) -> bool {
        match self {
            Self::Plonky2Goldilocks => true,
            Self::Groth16Bn254 => false,
        }
    }
}

/// p = 2^64 − 2^32 + 1.
const GOLDILOCKS_MODULUS: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0,
    1,
];

/// r = 21888242871839275222246405745257275088548364400416034343698204186575808495617 (EIP-197).
const BN254_SCALAR_MODULUS: [u8; 32] = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d, 0x28,
    0x33, 0xe8, 0x48, 0x79, 0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93, 0xf0, 0x00, 0x00, 0x01,
];

impl TryFrom<ProofSystemId> for ProofSystem {
    type Error = StatementError;

    fn try_from(id: ProofSystemId) -> Result<Self, StatementError> {
        Self::ALL
            .into_iter()
            .find(|system| system.id() == id)
            .ok_or(StatementError::UnknownProofSystem { id })
    }
}

impl From<ProofSystem> for ProofSystemId {
    fn from(system: ProofSystem) -> Self {
        system.id()
    }
}

impl fmt::Display for ProofSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ProofSystem {
    type Err = StatementError;

    fn from_str(name: &str) -> Result<Self, StatementError> {
        // The name may be hostile and long, and the error goes into logs.
        let unknown = || StatementError::UnknownProofSystemName { got: name.chars().take(64).collect() };
        Self::ALL.into_iter().find(|system| system.name() == name).ok_or_else(unknown)
    }
}

impl Serialize for ProofSystem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.id().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ProofSystem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ProofSystemId::deserialize(deserializer)?.try_into().map_err(StatementError::into_serde)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_hash_of_the_names_and_distinct() {
        for system in ProofSystem::ALL {
            assert_eq!(system.id(), ProofSystemId::of_name(system.name()), "{system}");
            assert_eq!(ProofSystem::try_from(system.id()), Ok(system));
            assert_eq!(system.name().parse(), Ok(system));
        }
    }

    #[test]
    fn u64_words_are_of_systems_whose_modulus_fits() {
        for system in ProofSystem::ALL {
            assert_eq!(system.has_u64_words(), system.modulus()[..24] == [0; 24], "{system}");
        }
        let modulus = u64::from_be_bytes(GOLDILOCKS_MODULUS[24..].try_into().unwrap());
        assert_eq!(u128::from(modulus), (1 << 64) - (1 << 32) + 1);
    }

    #[test]
    fn unknown_id_is_rejected() {
        let id = ProofSystemId::of_name("groth16-bn254-v2");
        assert_eq!(ProofSystem::try_from(id), Err(StatementError::UnknownProofSystem { id }));
        let error = serde_json::from_str::<ProofSystem>(&format!("\"{id}\"")).unwrap_err();
        assert!(error.to_string().starts_with("SH-STM-001: "), "{error}");
    }

    #[test]
    fn unknown_name_is_rejected_and_cut_in_the_error() {
        let error = "Groth16-BN254-v1".parse::<ProofSystem>().unwrap_err();
        assert_eq!(error, StatementError::UnknownProofSystemName { got: "Groth16-BN254-v1".into() });
        let error = "x".repeat(1 << 20).parse::<ProofSystem>().unwrap_err();
        assert!(error.to_string().len() < 200);
    }
}

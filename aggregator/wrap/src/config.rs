//! plonky2 with Merkle trees and a transcript over BN254's scalar field.
//!
//! The last plonky2 proof is verified by a Groth16 circuit, in which this Poseidon is cheap and plonky2's own is not. The
//! gates and public inputs of that proof are plonky2's as ever; only its oracles and its transcript change.
//!
//! # Encodings
//! - A digest is one field element; 32 little-endian bytes where bytes are asked for.
//! - As part of a transcript (`to_vec`) it is five limbs of 51 bits, least significant first.
//! - Field elements are absorbed three to a BN254 element, `v0 + v1·2^64 + v2·2^128`, canonical.
//! - A squeezed BN254 element gives three challenges: its lowest three chunks of 84 bits, each reduced modulo the
//!   Goldilocks prime, which leaves a bias of 2^-20. The first challenge is the lowest chunk.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField, Zero};
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::hash::hashing::PlonkyPermutation;
use plonky2::hash::poseidon::PoseidonHash;
use plonky2::plonk::config::{GenericConfig, GenericHashOut, Hasher};
use serde::{Deserialize, Serialize};
use sheaf_plonky2::F;

use crate::poseidon::{MAX_BLOCK, compress, permute_block};

/// Goldilocks elements in a BN254 element.
pub(crate) const PACKED: usize = 3;
/// Limbs of a digest in a transcript.
pub(crate) const DIGEST_LIMBS: usize = 5;
/// Bits of such a limb.
pub(crate) const DIGEST_LIMB_BITS: usize = 51;
/// Elements that the transcript absorbs at a time. Chosen so that the final polynomial of 64 coefficients, and the proof
/// of work's witness after it, leave three elements for the block that is ground.
pub(crate) const TRANSCRIPT_RATE: usize = 42;
/// Challenges of a squeezed element.
pub(crate) const CHALLENGES: usize = 3;
/// Bits that a challenge is reduced from.
pub(crate) const CHALLENGE_BITS: usize = 84;
/// First capacity of a leaf's hash, above its number of elements.
pub(crate) const LEAF_TAG: u64 = u64::from_be_bytes(*b"shf:bn-l");
/// First capacity of a transcript.
pub(crate) const TRANSCRIPT_TAG: u64 = u64::from_be_bytes(*b"shf:bn-t");

/// A digest of [`Bn254Hasher`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bn254Digest(pub(crate) Fr);

impl Serialize for Bn254Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: [u8; 32] = digest_bytes(self.0);
        bytes.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bn254Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = <[u8; 32]>::deserialize(deserializer)?;
        let digest = Self(Fr::from_le_bytes_mod_order(&bytes));
        if digest_bytes(digest.0) != bytes {
            return Err(serde::de::Error::custom("digest is not below BN254's group order"));
        }
        Ok(digest)
    }
}

fn digest_bytes(element: Fr) -> [u8; 32] {
    let mut bytes = [0; 32];
    for (chunk, limb) in bytes.chunks_exact_mut(8).zip(element.into_bigint().0) {
        chunk.copy_from_slice(&limb.to_le_bytes());
    }
    bytes
}

impl GenericHashOut<F> for Bn254Digest {
    fn to_bytes(&self) -> Vec<u8> {
        digest_bytes(self.0).to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Self {
        Self(Fr::from_le_bytes_mod_order(bytes))
    }

    fn to_vec(&self) -> Vec<F> {
        digest_limbs(self.0).map(F::from_canonical_u64).to_vec()
    }
}

/// The limbs of a digest, least significant first.
pub(crate) fn digest_limbs(element: Fr) -> [u64; DIGEST_LIMBS] {
    let bits = element.into_bigint();
    std::array::from_fn(|limb| {
        (0..DIGEST_LIMB_BITS)
            .rev()
            .fold(0, |sum, bit| sum << 1 | u64::from(bits.get_bit(DIGEST_LIMB_BITS * limb + bit)))
    })
}

/// Packs up to [`PACKED`] elements into one.
fn pack(elements: &[F]) -> Fr {
    let mut limbs = [0; 4];
    for (limb, element) in limbs.iter_mut().zip(elements) {
        *limb = element.to_canonical_u64();
    }
    Fr::new(ark_ff::BigInt(limbs))
}

/// The field element `tag · 2^64 + low`.
pub(crate) fn tagged(tag: u64, low: u64) -> Fr {
    Fr::new(ark_ff::BigInt([low, tag, 0, 0]))
}

/// Poseidon over BN254 for Merkle trees of Goldilocks elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bn254Hasher;

impl Hasher<F> for Bn254Hasher {
    const HASH_SIZE: usize = 32;
    type Hash = Bn254Digest;
    type Permutation = Transcript;

    fn hash_no_pad(input: &[F]) -> Bn254Digest {
        let packed: Vec<Fr> = input.chunks(PACKED).map(pack).collect();
        let start = tagged(LEAF_TAG, input.len() as u64);
        Bn254Digest(packed.chunks(MAX_BLOCK).fold(start, |capacity, block| permute_block(capacity, block)[0]))
    }

    /// Never a no-op: short leaves are hashed like long ones.
    fn hash_or_noop(input: &[F]) -> Bn254Digest {
        Self::hash_no_pad(input)
    }

    fn two_to_one(left: Bn254Digest, right: Bn254Digest) -> Bn254Digest {
        Bn254Digest(compress(left.0, right.0))
    }
}

/// The state of a transcript: a capacity, what is to be absorbed next, and the last challenges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transcript {
    capacity: Fr,
    pending: [F; TRANSCRIPT_RATE],
    absorbed: usize,
    /// In the order in which plonky2 takes them, from the end.
    challenges: [F; CHALLENGES],
}

impl Default for Transcript {
    fn default() -> Self {
        Self {
            capacity: tagged(TRANSCRIPT_TAG, 0),
            pending: [F::ZERO; TRANSCRIPT_RATE],
            absorbed: 0,
            challenges: [F::ZERO; CHALLENGES],
        }
    }
}

impl AsRef<[F]> for Transcript {
    fn as_ref(&self) -> &[F] {
        &self.pending
    }
}

impl PlonkyPermutation<F> for Transcript {
    const RATE: usize = TRANSCRIPT_RATE;
    const WIDTH: usize = TRANSCRIPT_RATE;

    /// A fresh transcript. plonky2 makes one from zeros only.
    fn new<I: IntoIterator<Item = F>>(_: I) -> Self {
        Self::default()
    }

    fn set_elt(&mut self, element: F, index: usize) {
        self.pending[index] = element;
        self.absorbed = self.absorbed.max(index + 1);
    }

    fn set_from_iter<I: IntoIterator<Item = F>>(&mut self, elements: I, start: usize) {
        for (index, element) in (start..TRANSCRIPT_RATE).zip(elements) {
            self.set_elt(element, index);
        }
    }

    fn set_from_slice(&mut self, elements: &[F], start: usize) {
        self.set_from_iter(elements.iter().copied(), start);
    }

    fn permute(&mut self) {
        let absorbed = &self.pending[..self.absorbed];
        let mut block = vec![Fr::from(absorbed.len() as u64)];
        block.extend(absorbed.chunks(PACKED).map(pack));
        let [capacity, squeezed] = permute_block(self.capacity, &block);
        *self = Self { capacity, challenges: challenges(squeezed), ..Self::default() };
    }

    fn squeeze(&self) -> &[F] {
        &self.challenges
    }
}

/// The challenges of a squeezed element, last one first.
fn challenges(squeezed: Fr) -> [F; CHALLENGES] {
    let bits = squeezed.into_bigint();
    let mut challenges = std::array::from_fn(|index| {
        let chunk = (0..CHALLENGE_BITS)
            .rev()
            .fold(0u128, |sum, bit| sum << 1 | u128::from(bits.get_bit(CHALLENGE_BITS * index + bit)));
        F::from_noncanonical_u128(chunk)
    });
    challenges.reverse();
    challenges.map(|challenge| F::from_canonical_u64(challenge.to_canonical_u64()))
}

/// The configuration of the last plonky2 circuit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bn254Config;

impl GenericConfig<2> for Bn254Config {
    type F = F;
    type FE = QuadraticExtension<F>;
    type Hasher = Bn254Hasher;
    /// Hashes the public inputs, in the circuit as well: one permutation of plonky2's own Poseidon.
    type InnerHasher = PoseidonHash;
}

impl Default for Bn254Digest {
    fn default() -> Self {
        Self(Fr::zero())
    }
}

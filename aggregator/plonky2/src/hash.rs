//! Domain-separated Poseidon hashing, natively and in circuits.
//!
//! Everything Sheaf hashes itself goes through [`tagged_hash`]: plonky2's Poseidon-Goldilocks sponge (width 12, rate 8,
//! overwrite mode) whose capacity starts as `(tag, length, 0, 0)` instead of zeros. The length makes the padding-free
//! sponge injective, the tag keeps the meanings apart, and neither can collide with plonky2's own hashes, whose
//! capacity starts as zeros. At least one permutation is always applied.

use std::fmt;
use std::str::FromStr;

use plonky2::field::types::{Field, PrimeField64};
use plonky2::hash::hash_types::{HashOut, HashOutTarget};
use plonky2::hash::hashing::PlonkyPermutation;
use plonky2::hash::poseidon::{PoseidonHash, PoseidonPermutation};
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::config::AlgebraicHasher;
use serde::{Deserialize, Serialize};

use crate::engine::{D, F};

/// The modulus of the Goldilocks field, 2^64 − 2^32 + 1.
pub const GOLDILOCKS_MODULUS: u64 = 0xffff_ffff_0000_0001;

/// What a hash means. The discriminants are eight ASCII bytes, all below the field's modulus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Tag {
    /// The public values of a program proof.
    PublicInputs = u64::from_be_bytes(*b"shf:pubs"),
    /// A salted commitment to a program's input.
    Input = u64::from_be_bytes(*b"shf:inpt"),
    /// A salted commitment to a model's private weights.
    Weights = u64::from_be_bytes(*b"shf:wght"),
    /// A circuit's verifier key: constants and sigmas cap, then plonky2's circuit digest.
    VerifierKey = u64::from_be_bytes(*b"shf:vkey"),
    /// A program: the leaf circuit's verifier key digest, then the program circuit's.
    Program = u64::from_be_bytes(*b"shf:prog"),
    /// A statement inside a leaf: the program circuit's verifier key digest, then the digest of the public values.
    Statement = u64::from_be_bytes(*b"shf:stmt"),
    /// A leaf proof as a child: the leaf circuit's verifier key digest, then the leaf's subtree digest.
    Leaf = u64::from_be_bytes(*b"shf:leaf"),
    /// An inner node of the batch tree: left digest, then right digest.
    Node = u64::from_be_bytes(*b"shf:node"),
    /// The place of no statement. Hashes nothing.
    Empty = u64::from_be_bytes(*b"shf:none"),
    /// The statements that a settlement lists: how many, then nine elements for each place of the list.
    Listing = u64::from_be_bytes(*b"shf:list"),
}

/// A Poseidon digest: four canonical field elements, written as 32 bytes, each element big-endian.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([F; 4]);

/// Why bytes or text are not a [`Digest`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not `0x` and 64 lower-case hexadecimal digits.
    #[error("malformed digest: expected 0x and 64 lower-case hexadecimal digits, got {len} characters")]
    Malformed {
        /// Characters given.
        len: usize,
    },
    /// An element is not below the modulus, so that two byte strings would mean one digest.
    #[error("non-canonical digest: element {index} is {value:#x}, expected less than the Goldilocks modulus")]
    NonCanonical {
        /// Position of the element, 0 to 3.
        index: usize,
        /// The element as an integer.
        value: u64,
    },
}

impl Digest {
    /// The digest as field elements.
    #[must_use]
    pub const fn elements(&self) -> [F; 4] {
        self.0
    }

    /// The digest as plonky2's type.
    #[must_use]
    pub const fn to_hash(self) -> HashOut<F> {
        HashOut { elements: self.0 }
    }

    /// Canonical bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (chunk, element) in bytes.chunks_exact_mut(8).zip(self.0) {
            chunk.copy_from_slice(&element.to_canonical_u64().to_be_bytes());
        }
        bytes
    }

    /// Reads canonical bytes.
    ///
    /// # Errors
    /// [`DigestError::NonCanonical`] if an element is not below the modulus.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, DigestError> {
        let mut elements = [F::ZERO; 4];
        for (index, (element, chunk)) in elements.iter_mut().zip(bytes.as_chunks::<8>().0).enumerate() {
            let value = u64::from_be_bytes(*chunk);
            if value >= GOLDILOCKS_MODULUS {
                return Err(DigestError::NonCanonical { index, value });
            }
            *element = F::from_canonical_u64(value);
        }
        Ok(Self(elements))
    }
}

impl From<HashOut<F>> for Digest {
    /// plonky2 may hold an element as v or v + p; a digest holds v.
    fn from(hash: HashOut<F>) -> Self {
        Self(hash.elements.map(|e| F::from_canonical_u64(e.to_canonical_u64())))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.to_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || DigestError::Malformed { len: text.len() };
        let digits = text.strip_prefix("0x").ok_or_else(malformed)?.as_bytes();
        if digits.len() != 64 {
            return Err(malformed());
        }
        let nibble = |c: u8| match c {
            b'0'..=b'9' => Some(c - b'0'),
            b'a'..=b'f' => Some(c - b'a' + 10),
            _ => None,
        };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let (high, low) =
                (nibble(pair[0]).ok_or_else(malformed)?, nibble(pair[1]).ok_or_else(malformed)?);
            *byte = high << 4 | low;
        }
        Self::from_bytes(&bytes)
    }
}

impl TryFrom<String> for Digest {
    type Error = DigestError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

/// Hashes field elements under a tag.
#[must_use]
pub fn tagged_hash(tag: Tag, inputs: &[F]) -> Digest {
    let mut state = PoseidonPermutation::new(std::iter::empty());
    state.set_elt(F::from_canonical_u64(tag as u64), PoseidonPermutation::<F>::RATE);
    state.set_elt(F::from_canonical_usize(inputs.len()), PoseidonPermutation::<F>::RATE + 1);
    if inputs.is_empty() {
        state.permute();
    }
    for chunk in inputs.chunks(PoseidonPermutation::<F>::RATE) {
        state.set_from_slice(chunk, 0);
        state.permute();
    }
    let out = state.squeeze();
    Digest::from(HashOut { elements: [out[0], out[1], out[2], out[3]] })
}

/// Hashes digests under a tag, as the concatenation of their elements.
#[must_use]
pub fn tagged_hash_digests(tag: Tag, digests: &[Digest]) -> Digest {
    let elements: Vec<F> = digests.iter().flat_map(Digest::elements).collect();
    tagged_hash(tag, &elements)
}

/// [`tagged_hash`] as constraints: the output targets equal the hash of the input targets.
pub fn tagged_hash_circuit(builder: &mut CircuitBuilder<F, D>, tag: Tag, inputs: &[Target]) -> HashOutTarget {
    type Permutation = <PoseidonHash as AlgebraicHasher<F>>::AlgebraicPermutation;
    let zero = builder.zero();
    let mut state = Permutation::new(std::iter::repeat(zero));
    let tag = builder.constant(F::from_canonical_u64(tag as u64));
    let length = builder.constant(F::from_canonical_usize(inputs.len()));
    state.set_elt(tag, Permutation::RATE);
    state.set_elt(length, Permutation::RATE + 1);
    if inputs.is_empty() {
        state = builder.permute::<PoseidonHash>(state);
    }
    for chunk in inputs.chunks(Permutation::RATE) {
        state.set_from_slice(chunk, 0);
        state = builder.permute::<PoseidonHash>(state);
    }
    let out = state.squeeze();
    HashOutTarget { elements: [out[0], out[1], out[2], out[3]] }
}

/// [`tagged_hash_digests`] as constraints.
pub fn tagged_hash_digests_circuit(
    builder: &mut CircuitBuilder<F, D>,
    tag: Tag,
    digests: &[HashOutTarget],
) -> HashOutTarget {
    let elements: Vec<Target> = digests.iter().flat_map(|d| d.elements).collect();
    tagged_hash_circuit(builder, tag, &elements)
}

/// The hash of two digests under a tag, as [`tagged_hash_digests_circuit`], in the order (first, second), or the other way
/// round where `swap` is set. One row, because Poseidon's gate swaps its first two digests itself.
///
/// The gate also constrains `swap` to be 0 or 1, so that a virtual target that nothing else constrains will do.
pub fn tagged_hash_pair_circuit(
    builder: &mut CircuitBuilder<F, D>,
    tag: Tag,
    [first, second]: [HashOutTarget; 2],
    swap: BoolTarget,
) -> HashOutTarget {
    type Permutation = <PoseidonHash as AlgebraicHasher<F>>::AlgebraicPermutation;
    let zero = builder.zero();
    let mut state = Permutation::new(std::iter::repeat(zero));
    state.set_from_slice(&first.elements, 0);
    state.set_from_slice(&second.elements, first.elements.len());
    let tag = builder.constant(F::from_canonical_u64(tag as u64));
    let length = builder.constant(F::from_canonical_usize(Permutation::RATE));
    state.set_elt(tag, Permutation::RATE);
    state.set_elt(length, Permutation::RATE + 1);
    let state = PoseidonHash::permute_swapped(state, swap, builder);
    let out = state.squeeze();
    HashOutTarget { elements: [out[0], out[1], out[2], out[3]] }
}

/// The digest that stands where a batch has no statement.
#[must_use]
pub fn empty_digest() -> Digest {
    tagged_hash(Tag::Empty, &[])
}

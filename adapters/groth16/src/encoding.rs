//! The bytes of curve points and proofs.
//!
//! Owns the one byte form of each: affine coordinates as 32 big-endian bytes, as the EVM's precompiles take them
//! ([EIP-197](https://eips.ethereum.org/EIPS/eip-197)), where an element of the quadratic extension is its imaginary,
//! then its real part. A G1 point is x, y (64 bytes), a G2 point x, y (128 bytes), a [proof](PROOF_BYTES) A, B, C.
//!
//! Decoding is strict, so that bytes which decode re-encode to themselves and every point is in the group that the pairing
//! is defined on: coordinates below q, points on the curve, G2 points in the subgroup of order r (the G1 curve has no
//! other points). The identity, (0, 0) in these bytes, is refused everywhere: in a key it makes an input or a whole term
//! of the equation meaningless, and no honest proof has it but with probability 2^-254.

use std::fmt;

use ark_bn254::{Bn254, Fq, Fq2, G1Affine, G2Affine};
use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{BigInt, BigInteger, PrimeField};
use ark_groth16::Proof;
use thiserror::Error;

/// Bytes of a proof: A (x, y), B (x, y, each with its imaginary part first), C (x, y), every coordinate 32 bytes,
/// big-endian. That is the layout that the EVM's pairing precompile takes.
pub const PROOF_BYTES: usize = 2 * G1_BYTES + G2_BYTES;

pub(crate) const G1_BYTES: usize = 64;
pub(crate) const G2_BYTES: usize = 128;

/// A point of a proof or of a verifying key, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// A of a proof.
    A,
    /// B of a proof.
    B,
    /// C of a proof.
    C,
    /// α of a key, in G1.
    Alpha,
    /// β of a key, in G2.
    Beta,
    /// γ of a key, in G2.
    Gamma,
    /// δ of a key, in G2.
    Delta,
    /// The key's point of an input: 0 is the constant, i > 0 the public input number i − 1.
    Input(usize),
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A => f.write_str("proof point A"),
            Self::B => f.write_str("proof point B"),
            Self::C => f.write_str("proof point C"),
            Self::Alpha => f.write_str("key point alpha"),
            Self::Beta => f.write_str("key point beta"),
            Self::Gamma => f.write_str("key point gamma"),
            Self::Delta => f.write_str("key point delta"),
            Self::Input(index) => write!(f, "key point of input {index}"),
        }
    }
}

/// Why bytes are not a proof or a verifying key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EncodingError {
    /// Too few or too many bytes.
    #[error("[SH-G16-020] {what} of a wrong length: expected {expected} bytes, got {got}")]
    Length {
        /// `proof` or `verifying key`.
        what: &'static str,
        /// Bytes that it has.
        expected: usize,
        /// Bytes given.
        got: usize,
    },
    /// A key of another kind or version.
    #[error("[SH-G16-021] unknown key encoding: expected the tag `sheaf/groth16-bn254/vk/v1`")]
    KeyTag,
    /// A key states more inputs than any statement has, or not even the constant.
    #[error("[SH-G16-022] key of {got} input points: expected from 1 to {limit}")]
    InputPoints {
        /// The most a key may have.
        limit: usize,
        /// The number stated.
        got: usize,
    },
    /// v and v + q would be two spellings of one coordinate.
    #[error("[SH-G16-023] {point} has a coordinate that is not canonical: expected a number below q")]
    Coordinate {
        /// Which point.
        point: Point,
    },
    /// The coordinates do not satisfy the curve's equation.
    #[error("[SH-G16-024] {point} is not on the curve")]
    NotOnCurve {
        /// Which point.
        point: Point,
    },
    /// A point of the twist outside the pairing's group.
    #[error("[SH-G16-025] {point} is outside the subgroup of order r")]
    NotInSubgroup {
        /// Which point.
        point: Point,
    },
    /// The point at infinity.
    #[error("[SH-G16-026] {point} is the identity: expected any other point")]
    Identity {
        /// Which point.
        point: Point,
    },
}

impl EncodingError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Length { .. } => "SH-G16-020",
            Self::KeyTag => "SH-G16-021",
            Self::InputPoints { .. } => "SH-G16-022",
            Self::Coordinate { .. } => "SH-G16-023",
            Self::NotOnCurve { .. } => "SH-G16-024",
            Self::NotInSubgroup { .. } => "SH-G16-025",
            Self::Identity { .. } => "SH-G16-026",
        }
    }
}

/// The bytes of a proof.
pub(crate) fn encode_proof(proof: &Proof<Bn254>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PROOF_BYTES);
    write_g1(&mut bytes, &proof.a);
    write_g2(&mut bytes, &proof.b);
    write_g1(&mut bytes, &proof.c);
    bytes
}

/// The proof of bytes.
pub(crate) fn decode_proof(bytes: &[u8]) -> Result<Proof<Bn254>, EncodingError> {
    let mut reader = Reader::new("proof", bytes);
    reader.expect_left(PROOF_BYTES)?;
    Ok(Proof { a: reader.g1(Point::A)?, b: reader.g2(Point::B)?, c: reader.g1(Point::C)? })
}

/// Appends x, y.
pub(crate) fn write_g1(bytes: &mut Vec<u8>, point: &G1Affine) {
    for coordinate in [point.x, point.y] {
        bytes.extend(coordinate.into_bigint().to_bytes_be());
    }
}

/// Appends x, y, each as imaginary and real part.
pub(crate) fn write_g2(bytes: &mut Vec<u8>, point: &G2Affine) {
    for coordinate in [point.x.c1, point.x.c0, point.y.c1, point.y.c0] {
        bytes.extend(coordinate.into_bigint().to_bytes_be());
    }
}

/// The bytes of a proof or key that are not yet read.
pub(crate) struct Reader<'a> {
    what: &'static str,
    len: usize,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(what: &'static str, bytes: &'a [u8]) -> Self {
        Self { what, len: bytes.len(), rest: bytes }
    }

    /// Checks that exactly `expected` bytes are left.
    pub(crate) fn expect_left(&self, expected: usize) -> Result<(), EncodingError> {
        if self.rest.len() == expected {
            return Ok(());
        }
        let read = self.len - self.rest.len();
        Err(EncodingError::Length { what: self.what, expected: read.saturating_add(expected), got: self.len })
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Result<[u8; N], EncodingError> {
        let (&head, rest) = self.rest.split_first_chunk().ok_or(EncodingError::Length {
            what: self.what,
            expected: self.len - self.rest.len() + N,
            got: self.len,
        })?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn g1(&mut self, point: Point) -> Result<G1Affine, EncodingError> {
        if self.rest.starts_with(&[0; G1_BYTES]) {
            return Err(EncodingError::Identity { point });
        }
        let decoded = G1Affine::new_unchecked(self.coordinate(point)?, self.coordinate(point)?);
        // The curve's order is r, so that nothing on it is outside the group.
        if decoded.is_on_curve() { Ok(decoded) } else { Err(EncodingError::NotOnCurve { point }) }
    }

    pub(crate) fn g2(&mut self, point: Point) -> Result<G2Affine, EncodingError> {
        if self.rest.starts_with(&[0; G2_BYTES]) {
            return Err(EncodingError::Identity { point });
        }
        let decoded = G2Affine::new_unchecked(self.extension(point)?, self.extension(point)?);
        if !decoded.is_on_curve() {
            return Err(EncodingError::NotOnCurve { point });
        }
        // The twist's order is r times a cofactor. Outside the subgroup the pairing is not bilinear.
        if !ark_bn254::g2::Config::is_in_correct_subgroup_assuming_on_curve(&decoded) {
            return Err(EncodingError::NotInSubgroup { point });
        }
        Ok(decoded)
    }

    fn extension(&mut self, point: Point) -> Result<Fq2, EncodingError> {
        let imaginary = self.coordinate(point)?;
        Ok(Fq2::new(self.coordinate(point)?, imaginary))
    }

    fn coordinate(&mut self, point: Point) -> Result<Fq, EncodingError> {
        let limbs = [(); 4].map(|()| self.take::<8>());
        let [d, c, b, a] = limbs;
        let limbs = [a?, b?, c?, d?].map(u64::from_be_bytes);
        Fq::from_bigint(BigInt::new(limbs)).ok_or(EncodingError::Coordinate { point })
    }
}

#[cfg(test)]
pub(crate) mod tests;

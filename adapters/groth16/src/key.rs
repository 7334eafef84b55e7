//! Verifying keys: their bytes, their digest, and the equation.
//!
//! Owns the decision whether a proof is one of given public inputs under a given key. Does not own whose key that is: a
//! statement names its key by digest, and [`verify_proof`](crate::verify_proof) compares.

use std::fmt;

use ark_bn254::{Bn254, Fr, G1Projective};
use ark_ec::pairing::Pairing;
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::Zero;
use sha3::{Digest, Keccak256};
use sheaf_statement::{ProofSystem, PublicInputs, VkDigest};

use crate::circuit::MAX_PUBLIC_INPUTS;
use crate::encoding::{EncodingError, G1_BYTES, G2_BYTES, Point, Reader, decode_proof, write_g1, write_g2};
use crate::values::word_to_scalar;
use crate::verify::VerifyError;

/// Begins the bytes of every key, so that no other document of ours, and no other version of this one, hashes to a key's
/// digest.
pub const KEY_TAG: &[u8; 25] = b"sheaf/groth16-bn254/vk/v1";

/// Bytes before the input points.
const HEADER_BYTES: usize = 1 + KEY_TAG.len() + G1_BYTES + 3 * G2_BYTES + 4;

/// A verifying key whose points are all in their groups, and none the identity.
///
/// # Bytes
/// Numbers are big-endian. Points are affine and uncompressed, 32 bytes a coordinate, as
/// [EIP-197](https://eips.ethereum.org/EIPS/eip-197) has them: x, y, and in G2 of each the imaginary part first. `n` is the
/// number of public inputs, at most [`MAX_PUBLIC_INPUTS`].
///
/// | offset | bytes | content |
/// |-------:|------:|---------|
/// | 0 | 1 | `0x19`, the length of the domain tag |
/// | 1 | 25 | [`KEY_TAG`], the ASCII of `sheaf/groth16-bn254/vk/v1` |
/// | 26 | 64 | α, in G1 |
/// | 90 | 128 | β, in G2 |
/// | 218 | 128 | γ, in G2 |
/// | 346 | 128 | δ, in G2 |
/// | 474 | 4 | n + 1, the number of input points |
/// | 478 | 64·(n + 1) | the input points, in G1: of the constant, then of every public input |
///
/// The key's [digest](Self::digest), a statement's vk, is keccak256 of these bytes. Everything has a fixed width, so
/// different keys have different bytes, and no bytes but these decode to the key.
#[derive(Clone, PartialEq)]
pub struct VerifyingKey(ark_groth16::VerifyingKey<Bn254>);

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.digest())
    }
}

impl VerifyingKey {
    /// Checks a key made by arkworks.
    ///
    /// # Errors
    /// As [`from_bytes`](Self::from_bytes), whose checks are made.
    pub(crate) fn new(key: &ark_groth16::VerifyingKey<Bn254>) -> Result<Self, EncodingError> {
        Self::from_bytes(&encode(key))
    }

    /// Decodes a key from its one byte form.
    ///
    /// # Errors
    /// [`EncodingError`] for the first fault in the order of the bytes, lengths before points. An identity among the
    /// points is refused as well: were it an input's, any value of that input would verify.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, EncodingError> {
        let mut reader = Reader::new("verifying key", bytes);
        let tag: [u8; 1 + KEY_TAG.len()] = reader.take()?;
        if tag != tag_bytes() {
            return Err(EncodingError::KeyTag);
        }
        let (alpha_g1, beta_g2) = (reader.g1(Point::Alpha)?, reader.g2(Point::Beta)?);
        let (gamma_g2, delta_g2) = (reader.g2(Point::Gamma)?, reader.g2(Point::Delta)?);
        let got = usize::try_from(u32::from_be_bytes(reader.take()?)).unwrap_or(usize::MAX);
        let limit = MAX_PUBLIC_INPUTS + 1;
        if !(1..=limit).contains(&got) {
            return Err(EncodingError::InputPoints { limit, got });
        }
        reader.expect_left(G1_BYTES * got)?;
        let gamma_abc_g1 = (0..got).map(|index| reader.g1(Point::Input(index))).collect::<Result<_, _>>()?;
        Ok(Self(ark_groth16::VerifyingKey { alpha_g1, beta_g2, gamma_g2, delta_g2, gamma_abc_g1 }))
    }

    /// The key's bytes, 542 and 64 for every public input.
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(&self.0)
    }

    /// keccak256 of the key's bytes: the vk of its statements.
    pub fn digest(&self) -> VkDigest {
        <[u8; 32]>::from(Keccak256::digest(self.to_bytes())).into()
    }

    /// The number of public inputs of its statements.
    pub fn public_inputs(&self) -> usize {
        self.0.gamma_abc_g1.len() - 1
    }

    pub(crate) fn ark(&self) -> &ark_groth16::VerifyingKey<Bn254> {
        &self.0
    }

    /// Verifies the bytes of a proof of public inputs.
    ///
    /// # Errors
    /// [`VerifyError::System`] or [`VerifyError::InputCount`] if the public inputs are not of this key's form,
    /// [`VerifyError::Proof`] if the bytes are not a proof, [`VerifyError::Equation`] if it proves something else.
    pub fn verify(&self, public_inputs: &PublicInputs, proof: &[u8]) -> Result<(), VerifyError> {
        if public_inputs.system() != ProofSystem::Groth16Bn254 {
            return Err(VerifyError::System { got: public_inputs.system() });
        }
        let (expected, words) = (self.public_inputs(), public_inputs.words());
        if words.len() != expected {
            return Err(VerifyError::InputCount { expected, got: words.len() });
        }
        let proof = decode_proof(proof).map_err(VerifyError::Proof)?;
        let scalars: Vec<Fr> = words.iter().map(word_to_scalar).collect();
        if self.holds(&scalars, &proof) { Ok(()) } else { Err(VerifyError::Equation) }
    }

    /// e(A, B) = e(α, β)·e(L, γ)·e(C, δ) with L = K₀ + Σ wᵢ·Kᵢ₊₁ over the input points K
    /// ([Groth16](https://eprint.iacr.org/2016/260), section 3.2), as one product of four pairings.
    fn holds(&self, words: &[Fr], proof: &ark_groth16::Proof<Bn254>) -> bool {
        let key = &self.0;
        let Some((constant, inputs)) = key.gamma_abc_g1.split_first() else { return false };
        let Ok(sum) = G1Projective::msm(inputs, words) else { return false };
        let inputs = constant.into_group() + sum;
        let g1 = [proof.a, (-inputs).into_affine(), -proof.c, -key.alpha_g1];
        // No pair of points in the groups makes a Miller loop vanish, which is what arkworks would panic on.
        Bn254::multi_pairing(g1, [proof.b, key.gamma_g2, key.delta_g2, key.beta_g2]).is_zero()
    }
}

fn tag_bytes() -> [u8; 1 + KEY_TAG.len()] {
    let mut bytes = [const { KEY_TAG.len() as u8 }; 1 + KEY_TAG.len()];
    bytes[1..].copy_from_slice(KEY_TAG);
    bytes
}

fn encode(key: &ark_groth16::VerifyingKey<Bn254>) -> Vec<u8> {
    let points = &key.gamma_abc_g1;
    let mut bytes = Vec::with_capacity(HEADER_BYTES + G1_BYTES * points.len());
    bytes.extend(tag_bytes());
    write_g1(&mut bytes, &key.alpha_g1);
    for point in [&key.beta_g2, &key.gamma_g2, &key.delta_g2] {
        write_g2(&mut bytes, point);
    }
    // A key that decodes or that setup makes has at most MAX_PUBLIC_INPUTS + 1 points, so the cast loses nothing.
    bytes.extend((points.len() as u32).to_be_bytes());
    for point in points {
        write_g1(&mut bytes, point);
    }
    bytes
}

#[cfg(test)]
mod tests;

//! Points as big-endian words, the way the EVM has them: `x ‖ y`, and for G2 the imaginary part of a coordinate first
//! (EIP-197). The identity is all zeros.

use ark_bn254::{Bn254, Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ec::pairing::Pairing;
use ark_ff::{BigInt, PrimeField, Zero};

use crate::hash::word;

/// What is wrong with a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointFault {
    /// A coordinate is not below the modulus, or spelled in another way than the one that we write.
    #[error("encoding is not canonical")]
    Encoding,
    /// Not a solution of the curve's equation.
    #[error("not on the curve")]
    Curve,
    /// On the twist, but not of order r: a point of small order would void the checks that follow.
    #[error("not in the subgroup of order r")]
    Subgroup,
    /// The neutral element, where there may be none: it would make every pairing equation hold.
    #[error("identity")]
    Identity,
}

pub(crate) fn g1_bytes(point: &G1Affine) -> [u8; 64] {
    let mut bytes = [0; 64];
    if !point.is_zero() {
        bytes[..32].copy_from_slice(&word(&point.x));
        bytes[32..].copy_from_slice(&word(&point.y));
    }
    bytes
}

pub(crate) fn g2_bytes(point: &G2Affine) -> [u8; 128] {
    let mut bytes = [0; 128];
    if !point.is_zero() {
        let words = [&point.x.c1, &point.x.c0, &point.y.c1, &point.y.c0];
        for (target, element) in bytes.chunks_exact_mut(32).zip(words) {
            target.copy_from_slice(&word(element));
        }
    }
    bytes
}

fn element(bytes: &[u8]) -> Result<Fq, PointFault> {
    let mut limbs = [0; 4];
    for (limb, bytes) in limbs.iter_mut().rev().zip(bytes.as_chunks::<8>().0) {
        *limb = u64::from_be_bytes(*bytes);
    }
    Fq::from_bigint(BigInt(limbs)).ok_or(PointFault::Encoding)
}

/// A point other than the identity.
pub(crate) fn g1_from_bytes(bytes: &[u8; 64]) -> Result<G1Affine, PointFault> {
    checked(G1Affine::new_unchecked(element(&bytes[..32])?, element(&bytes[32..])?))
}

/// A point of the subgroup other than the identity.
pub(crate) fn g2_from_bytes(bytes: &[u8; 128]) -> Result<G2Affine, PointFault> {
    let mut words = [Fq::zero(); 4];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(32)) {
        *word = element(bytes)?;
    }
    let [x1, x0, y1, y0] = words;
    checked(G2Affine::new_unchecked(Fq2::new(x0, x1), Fq2::new(y0, y1)))
}

/// Refuses what is not a point of order r.
pub(crate) fn checked<P: ark_ec::short_weierstrass::SWCurveConfig>(
    point: ark_ec::short_weierstrass::Affine<P>,
) -> Result<ark_ec::short_weierstrass::Affine<P>, PointFault> {
    if point.is_zero() {
        Err(PointFault::Identity)
    } else if !point.is_on_curve() {
        Err(PointFault::Curve)
    } else if !point.is_in_correct_subgroup_assuming_on_curve() {
        Err(PointFault::Subgroup)
    } else {
        Ok(point)
    }
}

/// Whether e(a, b) = e(c, d).
pub(crate) fn pairings_equal(
    a: impl Into<G1Affine>,
    b: impl Into<G2Affine>,
    c: impl Into<G1Affine>,
    d: impl Into<G2Affine>,
) -> bool {
    Bn254::multi_pairing([a.into(), -c.into()], [b.into(), d.into()]).is_zero()
}

#[cfg(test)]
mod tests {
    use ark_ec::CurveGroup;

    use super::*;

    #[test]
    fn encodings_are_inverse_and_strict() {
        let (g1, g2) =
            (G1Affine::generator(), (G2Affine::generator() * ark_bn254::Fr::from(7u64)).into_affine());
        assert_eq!(g1_from_bytes(&g1_bytes(&g1)), Ok(g1));
        assert_eq!(g2_from_bytes(&g2_bytes(&g2)), Ok(g2));
        assert_eq!(g1_from_bytes(&[0; 64]), Err(PointFault::Identity));
        assert_eq!(g2_from_bytes(&[0; 128]), Err(PointFault::Identity));
        assert_eq!(g1_from_bytes(&[0xff; 64]), Err(PointFault::Encoding));
        assert_eq!(g2_from_bytes(&[0xff; 128]), Err(PointFault::Encoding));
        let mut bytes = g1_bytes(&g1);
        bytes[63] ^= 1;
        assert_eq!(g1_from_bytes(&bytes), Err(PointFault::Curve));
        let mut bytes = g2_bytes(&g2);
        bytes[127] ^= 1;
        assert_eq!(g2_from_bytes(&bytes), Err(PointFault::Curve));
    }

    #[test]
    fn points_of_the_twist_off_the_subgroup_are_refused() {
        let off = (0u64..)
            .find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(1u64)), true))
            .unwrap();
        assert!(off.is_on_curve());
        assert_eq!(g2_from_bytes(&g2_bytes(&off)), Err(PointFault::Subgroup));
    }
}

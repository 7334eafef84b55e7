//! Points as snarkjs stores them: coordinates little-endian in Montgomery form, `x ‖ y`, and for G2 the real part of a
//! coordinate first. The identity, all zeros, is never a power of tau.

use ark_bn254::{Fq, Fq2, FqConfig};
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInt, MontConfig};

use crate::points::{PointFault, checked};

/// A coordinate.
pub(super) trait Coordinate: Sized {
    /// Bytes.
    const SIZE: usize;
    fn decode(bytes: &[u8]) -> Result<Self, PointFault>;
    fn encode(&self, bytes: &mut Vec<u8>);
}

impl Coordinate for Fq {
    const SIZE: usize = 32;

    fn decode(bytes: &[u8]) -> Result<Self, PointFault> {
        let mut limbs = BigInt([0; 4]);
        for (limb, bytes) in limbs.0.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *limb = u64::from_le_bytes(*bytes);
        }
        if limbs < FqConfig::MODULUS { Ok(Self::new_unchecked(limbs)) } else { Err(PointFault::Encoding) }
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.0.into_iter().flat_map(u64::to_le_bytes));
    }
}

impl Coordinate for Fq2 {
    const SIZE: usize = 64;

    fn decode(bytes: &[u8]) -> Result<Self, PointFault> {
        Ok(Self::new(Fq::decode(&bytes[..32])?, Fq::decode(&bytes[32..])?))
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        self.c0.encode(bytes);
        self.c1.encode(bytes);
    }
}

/// Bytes of a point.
pub(super) const fn size<P: SWCurveConfig<BaseField: Coordinate>>() -> usize {
    2 * P::BaseField::SIZE
}

/// A point of order r.
pub(super) fn decode<P: SWCurveConfig<BaseField: Coordinate>>(bytes: &[u8]) -> Result<Affine<P>, PointFault> {
    let (x, y) = bytes.split_at(P::BaseField::SIZE);
    checked(Affine::new_unchecked(P::BaseField::decode(x)?, P::BaseField::decode(y)?))
}

pub(super) fn encode<P: SWCurveConfig<BaseField: Coordinate>>(point: &Affine<P>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size::<P>());
    point.x.encode(&mut bytes);
    point.y.encode(&mut bytes);
    bytes
}

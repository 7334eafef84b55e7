//! Groth16 proofs as contracts take them: eight big-endian words, as EIP-197 has points.
//!
//! | bytes | what |
//! |---|---|
//! | 0..64 | A: x, y |
//! | 64..192 | B: x.c1, x.c0, y.c1, y.c0 |
//! | 192..256 | C: x, y |
//!
//! One spelling for each proof: coordinates below the base field's modulus, points on their curves, B in its subgroup,
//! none at infinity.

use ark_bn254::{Bn254, Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInteger, PrimeField};
use ark_groth16::Proof;

use crate::WrapError;

/// Bytes of a proof.
pub const PROOF_BYTES: usize = 256;
const WORD: usize = 32;

/// The bytes of a proof.
///
/// # Errors
/// `SH-WRP-008` if a point is at infinity, which no honest proof has.
pub fn encode(proof: &Proof<Bn254>) -> Result<[u8; PROOF_BYTES], WrapError> {
    let at_infinity = || WrapError::Encoding { what: "a point is at infinity" };
    let (ax, ay) = proof.a.xy().ok_or_else(at_infinity)?;
    let (bx, by) = proof.b.xy().ok_or_else(at_infinity)?;
    let (cx, cy) = proof.c.xy().ok_or_else(at_infinity)?;
    let mut bytes = [0; PROOF_BYTES];
    for (word, value) in bytes.chunks_exact_mut(WORD).zip([ax, ay, bx.c1, bx.c0, by.c1, by.c0, cx, cy]) {
        word.copy_from_slice(&value.into_bigint().to_bytes_be());
    }
    Ok(bytes)
}

/// Reads a proof.
///
/// # Errors
/// `SH-WRP-008` for anything that [`encode`] does not write.
pub fn decode(bytes: &[u8]) -> Result<Proof<Bn254>, WrapError> {
    let refuse = |what| WrapError::Encoding { what };
    let bytes: &[u8; PROOF_BYTES] = bytes.try_into().map_err(|_| refuse("expected 256 bytes"))?;
    let mut words = [Fq::from(0u64); 8];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(WORD)) {
        let value = Fq::from_be_bytes_mod_order(bytes);
        if value.into_bigint().to_bytes_be() != bytes {
            return Err(refuse("a coordinate is not below the modulus"));
        }
        *word = value;
    }
    let g1 = |x: Fq, y: Fq| {
        let point = G1Affine::new_unchecked(x, y);
        // arkworks takes (0, 0) for infinity, and infinity for a point of the curve.
        let is_there = !point.is_zero() && point.is_on_curve();
        if is_there { Ok(point) } else { Err(refuse("a point is not on its curve")) }
    };
    let [ax, ay, bx1, bx0, by1, by0, cx, cy] = words;
    let b = G2Affine::new_unchecked(Fq2::new(bx0, bx1), Fq2::new(by0, by1));
    if b.is_zero() || !b.is_on_curve() || !b.is_in_correct_subgroup_assuming_on_curve() {
        return Err(refuse("B is not in its group"));
    }
    Ok(Proof { a: g1(ax, ay)?, b, c: g1(cx, cy)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ec::CurveGroup;

    fn proof() -> Proof<Bn254> {
        Proof {
            a: G1Affine::generator(),
            b: (G2Affine::generator() * ark_bn254::Fr::from(5u64)).into_affine(),
            c: (G1Affine::generator() * ark_bn254::Fr::from(7u64)).into_affine(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(decode(&encode(&proof()).unwrap()).unwrap(), proof());
    }

    #[test]
    fn nothing_else_is_read() {
        let bytes = encode(&proof()).unwrap();
        assert!(decode(&bytes[..255]).is_err());
        assert!(decode(&[&bytes[..], &[0]].concat()).is_err(), "a trailing byte");
        for word in 0..8 {
            let mut changed = bytes;
            changed[WORD * word + 31] ^= 1;
            assert!(decode(&changed).is_err(), "word {word} off the curve");
        }
        // v + q is the same element in another spelling.
        let mut doubled = bytes;
        let larger = Fq::MODULUS.to_bytes_be();
        doubled[..WORD].copy_from_slice(&larger);
        doubled[WORD - 1] += 1;
        assert!(decode(&doubled).is_err(), "x + q");
        assert!(decode(&[0; PROOF_BYTES]).is_err(), "infinity");
    }
}

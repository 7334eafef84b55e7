//! Hashing to scalars, to G2, and to the coefficients of random linear combinations.

use ark_bn254::{Fq, Fq2, Fr, G2Affine};
use ark_ec::AffineRepr;
use ark_ff::{BigInt, BigInteger, PrimeField, Zero};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

/// SHA-256 of a tag and parts, each behind its length as a big-endian u64.
pub(crate) fn hash_parts(tag: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in [tag].iter().chain(parts) {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A scalar other than zero, uniform up to 2^-254.
pub(crate) fn hash_to_field(tag: &[u8], parts: &[&[u8]]) -> Fr {
    let digest = hash_parts(tag, parts);
    let mut counter = 0u64;
    loop {
        let scalar = Fr::from_be_bytes_mod_order(&wide(&digest, counter));
        if !scalar.is_zero() {
            return scalar;
        }
        counter += 1;
    }
}

/// A point of G2's subgroup whose logarithm nobody knows, other than the identity: the first x coordinate of a hash
/// chain that is on the curve, times the cofactor. Takes two tries on average; input is public, so time may tell it.
pub(crate) fn hash_to_g2(tag: &[u8], parts: &[&[u8]]) -> G2Affine {
    let digest = hash_parts(tag, parts);
    let mut counter = 0u64;
    loop {
        let c0 = Fq::from_be_bytes_mod_order(&wide(&digest, counter));
        let c1 = Fq::from_be_bytes_mod_order(&wide(&digest, counter + 1));
        let greatest = wide(&digest, counter + 2)[0] & 1 == 1;
        counter += 3;
        if let Some(point) = G2Affine::get_point_from_x_unchecked(Fq2::new(c0, c1), greatest) {
            let point = point.clear_cofactor();
            if !point.is_zero() {
                return point;
            }
        }
    }
}

/// 64 bytes from a digest and a counter.
fn wide(digest: &[u8; 32], counter: u64) -> [u8; 64] {
    let mut bytes = [0; 64];
    for (half, target) in bytes.chunks_exact_mut(32).enumerate() {
        let mut hasher = Sha256::new_with_prefix(digest);
        hasher.update(counter.to_be_bytes());
        hasher.update([half as u8]);
        target.copy_from_slice(&hasher.finalize());
    }
    bytes
}

/// Coefficients of 128 bits for a random linear combination, from a seed that commits to all that is combined. A sum
/// that should not vanish does with probability 2^-128.
pub(crate) fn coefficients(seed: &[u8; 32], label: &str, count: usize) -> Vec<BigInt<4>> {
    let seed = hash_parts(b"sheaf/setup/combination/v1", &[seed, label.as_bytes()]);
    let mut coefficients = vec![BigInt::zero(); count];
    coefficients.par_chunks_mut(2).enumerate().for_each(|(index, pair)| {
        let mut hasher = Sha256::new_with_prefix(seed);
        hasher.update((index as u64).to_be_bytes());
        let bytes: [u8; 32] = hasher.finalize().into();
        for (coefficient, limbs) in pair.iter_mut().zip(bytes.chunks_exact(16)) {
            for (limb, bytes) in coefficient.0.iter_mut().zip(limbs.as_chunks::<8>().0) {
                *limb = u64::from_be_bytes(*bytes);
            }
        }
    });
    coefficients
}

/// Big-endian bytes of a base field element.
pub(crate) fn word(element: &Fq) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&element.into_bigint().to_bytes_be());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash_parts(b"t", &[b"ab", b"c"]), hash_parts(b"t", &[b"a", b"bc"]));
        assert_ne!(hash_parts(b"t", &[b"a"]), hash_parts(b"ta", &[]));
    }

    #[test]
    fn points_are_in_the_subgroup_and_differ() {
        let points: Vec<_> = (0..8u8).map(|i| hash_to_g2(b"test", &[&[i]])).collect();
        for (index, point) in points.iter().enumerate() {
            assert!(point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve());
            assert!(!points[..index].contains(point));
        }
    }

    #[test]
    fn coefficients_depend_on_seed_label_and_place() {
        let all =
            [coefficients(&[0; 32], "a", 5), coefficients(&[1; 32], "a", 5), coefficients(&[0; 32], "b", 5)]
                .concat();
        for (index, one) in all.iter().enumerate() {
            assert!(one.num_bits() > 64 && one.num_bits() <= 128);
            assert!(!all[..index].contains(one));
        }
    }
}

use ark_bn254::{Fr, G1Projective, G2Projective, g2};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::Field;
use proptest::prelude::*;

use super::*;

fn proof(a: u64, b: u64, c: u64) -> Proof<Bn254> {
    Proof {
        a: (G1Projective::generator() * Fr::from(a)).into_affine(),
        b: (G2Projective::generator() * Fr::from(b)).into_affine(),
        c: (G1Projective::generator() * Fr::from(c)).into_affine(),
    }
}

/// The bytes of a proof with those at `at` replaced.
fn spliced(at: usize, replacement: &[u8]) -> Vec<u8> {
    let mut bytes = encode_proof(&proof(2, 3, 5));
    bytes[at..at + replacement.len()].copy_from_slice(replacement);
    bytes
}

fn refusal(bytes: &[u8]) -> EncodingError {
    decode_proof(bytes).unwrap_err()
}

/// q, big-endian.
fn modulus() -> Vec<u8> {
    Fq::MODULUS.to_bytes_be()
}

#[test]
fn layout_is_that_of_eip_197() {
    // The generators as the EIP gives them; of G2 the imaginary part of x comes first.
    let bytes = encode_proof(&proof(1, 1, 1));
    assert_eq!(bytes.len(), PROOF_BYTES);
    let (mut one, mut two) = ([0; 32], [0; 32]);
    (one[31], two[31]) = (1, 2);
    assert_eq!(bytes[..64], [one, two].concat());
    assert_eq!(bytes[64..72], [0x19, 0x8e, 0x93, 0x93, 0x92, 0x0d, 0x48, 0x3a]);
    assert_eq!(bytes[96..104], [0x18, 0x00, 0xde, 0xef, 0x12, 0x1f, 0x1e, 0x76]);
    assert_eq!(bytes[192..], bytes[..64]);
}

proptest! {
    #[test]
    fn proofs_survive_their_encoding(a in 1_u64.., b in 1_u64.., c in 1_u64..) {
        let bytes = encode_proof(&proof(a, b, c));
        let decoded = decode_proof(&bytes).unwrap();
        prop_assert_eq!(&decoded, &proof(a, b, c));
        prop_assert_eq!(encode_proof(&decoded), bytes);
    }

    /// One changed byte: either refused, or of another proof that has exactly these bytes.
    #[test]
    fn what_decodes_encodes_to_the_same_bytes(at in 0..PROOF_BYTES, change in 1_u8..) {
        let mut bytes = encode_proof(&proof(2, 3, 5));
        bytes[at] ^= change;
        if let Ok(decoded) = decode_proof(&bytes) {
            prop_assert_eq!(encode_proof(&decoded), bytes);
        }
    }
}

#[test]
fn wrong_lengths_are_rejected() {
    let bytes = encode_proof(&proof(2, 3, 5));
    for got in [0, 1, 64, 255] {
        assert_eq!(refusal(&bytes[..got]), EncodingError::Length { what: "proof", expected: 256, got });
    }
    let trailing = [bytes, vec![0]].concat();
    assert_eq!(refusal(&trailing), EncodingError::Length { what: "proof", expected: 256, got: 257 });
}

/// Attack: add q to a coordinate, for a second spelling of the same proof.
#[test]
fn coordinate_not_below_q_is_rejected() {
    let points = [(0, Point::A), (32, Point::A), (64, Point::B), (96, Point::B), (128, Point::B)];
    for (at, point) in points.into_iter().chain([(160, Point::B), (192, Point::C), (224, Point::C)]) {
        assert_eq!(refusal(&spliced(at, &modulus())), EncodingError::Coordinate { point });
        assert_eq!(refusal(&spliced(at, &[0xff; 32])), EncodingError::Coordinate { point });
    }
    // The generator's x = 1 as 1 + q: what a decoder that reduces would take for the generator.
    let mut one_more = modulus();
    one_more[31] += 1;
    let mut bytes = encode_proof(&proof(1, 1, 1));
    bytes[..32].copy_from_slice(&one_more);
    assert_eq!(refusal(&bytes), EncodingError::Coordinate { point: Point::A });
}

/// Attack: points of another, weaker curve, on which arithmetic that never uses the constant b works just as well.
#[test]
fn point_off_the_curve_is_rejected() {
    for (at, point) in [(63, Point::A), (191, Point::B), (255, Point::C)] {
        let mut bytes = encode_proof(&proof(2, 3, 5));
        bytes[at] ^= 1;
        assert_eq!(refusal(&bytes), EncodingError::NotOnCurve { point });
    }
}

/// A point of the twist that has no order r.
pub(crate) fn outside_the_subgroup() -> G2Affine {
    let on_twist = |x: u64| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::ONE), true);
    let outside = |point: &G2Affine| !point.mul_bigint(Fr::MODULUS).into_affine().is_zero();
    (0..).filter_map(on_twist).find(outside).unwrap()
}

/// Attack: a point on the twist outside the subgroup. Its small-order parts let a forger solve the equation in a group
/// where that is easy.
#[test]
fn point_outside_the_subgroup_is_rejected() {
    let point = outside_the_subgroup();
    assert!(point.is_on_curve());
    let mut bytes = Vec::new();
    write_g2(&mut bytes, &point);
    assert_eq!(refusal(&spliced(64, &bytes)), EncodingError::NotInSubgroup { point: Point::B });
    // Multiplied by the cofactor it is inside, and accepted.
    let mut bytes = Vec::new();
    write_g2(&mut bytes, &point.mul_by_cofactor());
    assert!(decode_proof(&spliced(64, &bytes)).is_ok());
    // The other way to lose the subgroup: a point inside plus one of the cofactor's order.
    let torsion = point.mul_bigint(Fr::MODULUS);
    let mut bytes = Vec::new();
    write_g2(&mut bytes, &(G2Projective::generator() + torsion).into_affine());
    assert_eq!(refusal(&spliced(64, &bytes)), EncodingError::NotInSubgroup { point: Point::B });
    assert!(!g2::Config::is_in_correct_subgroup_assuming_on_curve(&torsion.into_affine()));
}

/// Attack: the identity in place of a point, which makes its pairing 1 whatever the other side is.
#[test]
fn identity_is_rejected() {
    for (at, len, point) in [(0, 64, Point::A), (64, 128, Point::B), (192, 64, Point::C)] {
        assert_eq!(refusal(&spliced(at, &vec![0; len])), EncodingError::Identity { point });
    }
}

use ark_bn254::{G1Affine, G2Affine};

use super::*;
use crate::encoding::PROOF_BYTES;

const ALPHA_AT: usize = 26;
const BETA_AT: usize = 90;
const GAMMA_AT: usize = 218;
const DELTA_AT: usize = 346;
const COUNT_AT: usize = 474;
const INPUTS_AT: usize = 478;

/// A key of two public inputs. Nobody has a circuit for it.
fn key() -> VerifyingKey {
    let g1 = |k: u64| (G1Affine::generator() * Fr::from(k)).into_affine();
    let g2 = |k: u64| (G2Affine::generator() * Fr::from(k)).into_affine();
    VerifyingKey(ark_groth16::VerifyingKey {
        alpha_g1: g1(2),
        beta_g2: g2(3),
        gamma_g2: g2(5),
        delta_g2: g2(7),
        gamma_abc_g1: vec![g1(11), g1(13), g1(17)],
    })
}

fn spliced(at: usize, replacement: &[u8]) -> Vec<u8> {
    let mut bytes = key().to_bytes();
    bytes[at..at + replacement.len()].copy_from_slice(replacement);
    bytes
}

fn refusal(bytes: &[u8]) -> EncodingError {
    VerifyingKey::from_bytes(bytes).unwrap_err()
}

#[test]
fn keys_survive_their_encoding() {
    let bytes = key().to_bytes();
    assert_eq!(bytes.len(), INPUTS_AT + 3 * 64);
    assert_eq!(bytes[0], 25);
    assert_eq!(bytes[COUNT_AT..INPUTS_AT], [0, 0, 0, 3]);
    let decoded = VerifyingKey::from_bytes(&bytes).unwrap();
    assert_eq!(decoded, key());
    assert_eq!(decoded.to_bytes(), bytes);
    assert_eq!(decoded.public_inputs(), 2);
}

#[test]
fn digest_is_pinned() {
    // Statements are under these digests. A change needs another version in the tag.
    let expected = "0xeb6b9ad5ddd1a64ad9c2e8c8f870c26bea15ff06de0ea2a33f1c3b2f53c57db3";
    assert_eq!(key().digest().to_string(), expected);
}

#[test]
fn every_byte_is_in_the_digest() {
    let digest = key().digest();
    for at in [ALPHA_AT, BETA_AT, GAMMA_AT, DELTA_AT, INPUTS_AT, INPUTS_AT + 64, INPUTS_AT + 128] {
        let point = key().to_bytes()[INPUTS_AT + 64..INPUTS_AT + 128].to_vec();
        let other = if [BETA_AT, GAMMA_AT, DELTA_AT].contains(&at) {
            let mut bytes = Vec::new();
            write_g2(&mut bytes, &G2Affine::generator());
            bytes
        } else if at == INPUTS_AT + 64 {
            key().to_bytes()[INPUTS_AT..INPUTS_AT + 64].to_vec()
        } else {
            point
        };
        let changed = VerifyingKey::from_bytes(&spliced(at, &other)).unwrap();
        assert_ne!(changed.digest(), digest, "at {at}");
    }
}

#[test]
fn other_kinds_and_versions_are_rejected() {
    assert_eq!(refusal(&spliced(25, b"2")), EncodingError::KeyTag);
    assert_eq!(refusal(&spliced(0, &[24])), EncodingError::KeyTag);
}

#[test]
fn every_truncation_and_trailing_bytes_are_rejected() {
    let bytes = key().to_bytes();
    for length in 0..bytes.len() {
        let error = refusal(&bytes[..length]);
        assert!(matches!(error, EncodingError::Length { got, .. } if got == length), "{length}: {error}");
    }
    let trailing = [bytes, vec![0]].concat();
    let expected = EncodingError::Length { what: "verifying key", expected: 670, got: 671 };
    assert_eq!(refusal(&trailing), expected);
}

#[test]
fn stated_number_of_input_points_is_held_to_the_bytes() {
    let limit = MAX_PUBLIC_INPUTS + 1;
    // Nothing is allocated for a number that is too large, nor for one that the bytes do not bear out.
    for got in [0, 32_770, u32::MAX] {
        let expected = EncodingError::InputPoints { limit, got: got as usize };
        assert_eq!(refusal(&spliced(COUNT_AT, &got.to_be_bytes())), expected);
    }
    for (count, expected) in [(2_u32, 606), (4, 734), (32_769, 2_097_694)] {
        let expected = EncodingError::Length { what: "verifying key", expected, got: 670 };
        assert_eq!(refusal(&spliced(COUNT_AT, &count.to_be_bytes())), expected);
    }
}

/// Attack: a key whose point of a public input is the identity accepts a proof for every value of that input; one whose
/// γ, δ or α is, lets a forger cancel terms of the equation.
#[test]
fn identity_points_are_rejected() {
    let g1 = [(ALPHA_AT, Point::Alpha), (INPUTS_AT, Point::Input(0)), (INPUTS_AT + 128, Point::Input(2))];
    for (at, point) in g1 {
        assert_eq!(refusal(&spliced(at, &[0; 64])), EncodingError::Identity { point });
    }
    for (at, point) in [(BETA_AT, Point::Beta), (GAMMA_AT, Point::Gamma), (DELTA_AT, Point::Delta)] {
        assert_eq!(refusal(&spliced(at, &[0; 128])), EncodingError::Identity { point });
    }
    let mut setup = key().0;
    setup.gamma_abc_g1[1] = G1Affine::identity();
    let expected = EncodingError::Identity { point: Point::Input(1) };
    assert_eq!(VerifyingKey::new(&setup), Err(expected));
}

#[test]
fn points_outside_their_groups_are_rejected() {
    let mut outside = Vec::new();
    write_g2(&mut outside, &crate::encoding::tests::outside_the_subgroup());
    for (at, point) in [(BETA_AT, Point::Beta), (GAMMA_AT, Point::Gamma), (DELTA_AT, Point::Delta)] {
        assert_eq!(refusal(&spliced(at, &outside)), EncodingError::NotInSubgroup { point });
        assert_eq!(refusal(&spliced(at + 127, &[0])), EncodingError::NotOnCurve { point });
    }
    for (at, point) in [(ALPHA_AT, Point::Alpha), (INPUTS_AT, Point::Input(0))] {
        assert_eq!(refusal(&spliced(at, &[0xff; 32])), EncodingError::Coordinate { point });
        assert_eq!(refusal(&spliced(at + 63, &[0])), EncodingError::NotOnCurve { point });
    }
}

/// The equation, with a trapdoor: whoever knows the exponents of a key makes a proof of anything, which is what
/// development setups have to say about themselves, and any change to it must be noticed.
#[test]
fn equation_holds_for_a_simulated_proof_and_no_other() {
    let words = [4_u64, 9];
    let inputs = PublicInputs::new(ProofSystem::Groth16Bn254, words.map(Into::into).to_vec()).unwrap();
    // a·b = 2·3 + 5·(11 + 4·13 + 9·17) + 7·c.
    let forged = |change: [u64; 3]| {
        let (a, b) = (Fr::from(19), Fr::from(23));
        let c = (a * b - Fr::from(2 * 3 + 5 * (11 + 4 * 13 + 9 * 17))) / Fr::from(7);
        let [da, db, dc] = change.map(Fr::from);
        let proof = ark_groth16::Proof::<Bn254> {
            a: (G1Affine::generator() * (a + da)).into_affine(),
            b: (G2Affine::generator() * (b + db)).into_affine(),
            c: (G1Affine::generator() * (c + dc)).into_affine(),
        };
        let bytes = crate::encoding::encode_proof(&proof);
        assert_eq!(bytes.len(), PROOF_BYTES);
        bytes
    };
    assert!(key().verify(&inputs, &forged([0, 0, 0])).is_ok());
    for change in [[1, 0, 0], [0, 1, 0], [0, 0, 1]] {
        assert!(matches!(key().verify(&inputs, &forged(change)), Err(VerifyError::Equation)));
    }
    let swapped = PublicInputs::new(ProofSystem::Groth16Bn254, vec![9.into(), 4.into()]).unwrap();
    assert!(matches!(key().verify(&swapped, &forged([0, 0, 0])), Err(VerifyError::Equation)));
}

//! Signed integers as scalars and as public-input words.
//!
//! Owns the one form of a negative number: v < 0 is r − |v|, r being the order of the curve's groups. Does not own which
//! values a statement has; that is the circuit's.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField};
use sheaf_statement::Word;

/// A model's value as the word that stands for it in a statement.
pub fn signed_to_word(value: i64) -> Word {
    scalar_to_word(Fr::from(value))
}

/// The model's value that a word stands for, or `None` if the word is of no 64-bit integer. A word that is not below r
/// is of none.
pub fn word_to_signed(word: Word) -> Option<i64> {
    let scalar = Fr::from_be_bytes_mod_order(word.as_bytes());
    if scalar_to_word(scalar) == word { scalar_to_signed(scalar) } else { None }
}

/// The scalar of a word, which a statement keeps below r; a larger one would be reduced.
pub(crate) fn word_to_scalar(word: &Word) -> Fr {
    Fr::from_be_bytes_mod_order(word.as_bytes())
}

pub(crate) fn scalar_to_word(scalar: Fr) -> Word {
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().zip(scalar.into_bigint().to_bytes_be()) {
        *place = byte;
    }
    bytes.into()
}

/// The integer that a scalar stands for, if it fits 64 bits.
pub(crate) fn scalar_to_signed(scalar: Fr) -> Option<i64> {
    let magnitude = |scalar: Fr| match scalar.into_bigint().0 {
        [low, 0, 0, 0] => Some(i128::from(low)),
        _ => None,
    };
    let value = magnitude(scalar).or_else(|| magnitude(-scalar).map(|magnitude| -magnitude))?;
    i64::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_values_survive_the_field() {
        for value in [0, 1, -1, i64::from(i32::MAX), -(1 << 40), i64::MAX, i64::MIN] {
            assert_eq!(word_to_signed(signed_to_word(value)), Some(value));
        }
    }

    #[test]
    fn negative_values_are_the_order_less_their_magnitude() {
        let modulus = sheaf_statement::ProofSystem::Groth16Bn254.modulus();
        let word = signed_to_word(-1);
        assert_eq!(word.as_bytes()[..31], modulus[..31]);
        assert_eq!(word.as_bytes()[31] + 1, modulus[31]);
    }

    #[test]
    fn words_of_no_integer_are_none() {
        let order = Word::from(*sheaf_statement::ProofSystem::Groth16Bn254.modulus());
        let mut half = *order.as_bytes();
        half[0] = 0x18;
        // One past either end of 64 bits; the middle of the field; r, which stands for nothing.
        let past = [scalar_to_word(Fr::from(1_u64 << 63)), scalar_to_word(-Fr::from((1_u64 << 63) + 1))];
        for word in past.into_iter().chain([half.into(), order]) {
            assert_eq!(word_to_signed(word), None, "{word}");
        }
    }
}

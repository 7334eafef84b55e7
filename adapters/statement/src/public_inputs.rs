//! Public inputs: a bounded list of words, each in its proof system's one canonical form.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::digest::hex_newtype;
use crate::{ProofSystem, StatementError};

/// The most words a statement may have. Bounds what a hostile encoding can make us allocate to 2 MiB.
pub const MAX_PUBLIC_INPUTS: usize = 65_536;

hex_newtype! {
    /// One public input: a number of 32 big-endian bytes.
    ///
    /// Not yet known to be below any modulus; a word inside [`PublicInputs`] is.
    Word, 32, "public input"
}

impl Word {
    /// The number as u64, or `None` when it does not fit.
    pub fn to_u64(self) -> Option<u64> {
        let (high, low) = self.0.split_last_chunk::<8>()?;
        high.iter().all(|&byte| byte == 0).then_some(u64::from_be_bytes(*low))
    }
}

impl Word {
    /// A signed number as a word of a system: a negative one as the system's modulus − |v|.
    #[must_use]
    pub fn from_signed(system: ProofSystem, value: i64) -> Self {
        if value >= 0 {
            return Self::from(value.unsigned_abs());
        }
        let mut bytes = *system.modulus();
        let mut borrow = u128::from(value.unsigned_abs());
        for byte in bytes.iter_mut().rev() {
            let subtract = (borrow & 0xff) as i16;
            borrow >>= 8;
            let difference = i16::from(*byte) - subtract;
            *byte = (difference & 0xff) as u8;
            if difference < 0 {
                borrow += 1;
            }
        }
        Self::from(bytes)
    }
}

impl From<u64> for Word {
    fn from(value: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[24..].copy_from_slice(&value.to_be_bytes());
        Self(bytes)
    }
}

/// The public inputs of one statement: at most [`MAX_PUBLIC_INPUTS`] words, each below the modulus of their system.
///
/// Reduced words only, because v and v + p satisfy the same circuit: were both allowed, one proof would give two
/// statement ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PublicInputs {
    system: ProofSystem,
    words: Vec<Word>,
}

impl PublicInputs {
    /// Checks the words against the system's modulus.
    ///
    /// # Errors
    /// [`StatementError::TooManyWords`], or [`StatementError::WordNotCanonical`] for the first word that is not below
    /// the modulus. Nothing is ever reduced on the caller's behalf.
    pub fn new(system: ProofSystem, words: Vec<Word>) -> Result<Self, StatementError> {
        check_word_count(words.len())?;
        match words.iter().position(|word| word.as_bytes() >= system.modulus()) {
            Some(index) => Err(StatementError::WordNotCanonical { index, system, got: words[index] }),
            None => Ok(Self { system, words }),
        }
    }

    /// Public inputs of a system whose words fit 64 bits.
    ///
    /// # Errors
    /// [`StatementError::WordsNotU64`] for any other system, so that limbs are not taken for words; else as
    /// [`PublicInputs::new`].
    pub fn from_u64_words(system: ProofSystem, words: &[u64]) -> Result<Self, StatementError> {
        if !system.has_u64_words() {
            return Err(StatementError::WordsNotU64 { system });
        }
        check_word_count(words.len())?;
        Self::new(system, words.iter().copied().map(Word::from).collect())
    }

    /// The words as u64.
    ///
    /// # Errors
    /// [`StatementError::WordsNotU64`] where the system's words are larger, even if these happen to fit.
    pub fn u64_words(&self) -> Result<Vec<u64>, StatementError> {
        let wrong_system = StatementError::WordsNotU64 { system: self.system };
        if !self.system.has_u64_words() {
            return Err(wrong_system);
        }
        self.words.iter().map(|word| word.to_u64()).collect::<Option<_>>().ok_or(wrong_system)
    }

    /// The system that the words belong to.
    pub const fn system(&self) -> ProofSystem {
        self.system
    }

    /// The words, in order.
    pub fn words(&self) -> &[Word] {
        &self.words
    }
}

/// Refuses a number of words that no statement has.
pub(crate) fn check_word_count(got: usize) -> Result<(), StatementError> {
    if got > MAX_PUBLIC_INPUTS {
        return Err(StatementError::TooManyWords { limit: MAX_PUBLIC_INPUTS, got });
    }
    Ok(())
}

/// Words as read from JSON: no more than the limit, not yet checked against a modulus.
pub(crate) struct BoundedWords(pub(crate) Vec<Word>);

impl<'de> Deserialize<'de> for BoundedWords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = BoundedWords;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of public inputs")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<BoundedWords, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = array.next_element()? {
                    check_word_count(words.len() + 1).map_err(StatementError::into_serde)?;
                    words.push(word);
                }
                Ok(BoundedWords(words))
            }
        }

        deserializer.deserialize_seq(Words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_less(modulus: &[u8; 32]) -> [u8; 32] {
        // Both moduli are odd.
        let mut bytes = *modulus;
        bytes[31] -= 1;
        bytes
    }

    #[test]
    fn modulus_is_rejected_and_the_word_below_it_accepted() {
        for system in ProofSystem::ALL {
            let largest = Word::from(one_less(system.modulus()));
            assert_eq!(PublicInputs::new(system, vec![largest]).unwrap().words(), [largest]);
            let got = Word::from(*system.modulus());
            let error = PublicInputs::new(system, vec![largest, got]).unwrap_err();
            assert_eq!(error, StatementError::WordNotCanonical { index: 1, system, got });
        }
    }

    #[test]
    fn v_plus_p_is_rejected() {
        let system = ProofSystem::Plonky2Goldilocks;
        let p = 0xffff_ffff_0000_0001_u64;
        assert!(PublicInputs::from_u64_words(system, &[5]).is_ok());
        let error = PublicInputs::from_u64_words(system, &[5 + p]).unwrap_err();
        assert_eq!(error, StatementError::WordNotCanonical { index: 0, system, got: (5 + p).into() });
        // 2^64 − 1 + p no longer fits 64 bits.
        let mut wide = [0; 32];
        wide[23] = 1;
        assert_eq!(PublicInputs::new(system, vec![wide.into()]).unwrap_err().code(), "SH-STM-007");
    }

    #[test]
    fn word_above_the_limit_is_rejected() {
        let system = ProofSystem::Plonky2Goldilocks;
        let words = vec![0; MAX_PUBLIC_INPUTS + 1];
        assert!(PublicInputs::from_u64_words(system, &words[1..]).is_ok());
        let error = StatementError::TooManyWords { limit: 65_536, got: 65_537 };
        assert_eq!(PublicInputs::from_u64_words(system, &words), Err(error.clone()));
        assert_eq!(PublicInputs::new(system, vec![Word::from(0); MAX_PUBLIC_INPUTS + 1]), Err(error));
    }

    #[test]
    fn u64_words_of_a_wider_system_are_rejected() {
        let system = ProofSystem::Groth16Bn254;
        let error = StatementError::WordsNotU64 { system };
        assert_eq!(PublicInputs::from_u64_words(system, &[1]), Err(error.clone()));
        assert_eq!(PublicInputs::new(system, vec![1.into()]).unwrap().u64_words(), Err(error));
    }

    #[test]
    fn u64_words_round_trip() {
        let words = [0, 1, 0xffff_ffff_0000_0000];
        let inputs = PublicInputs::from_u64_words(ProofSystem::Plonky2Goldilocks, &words).unwrap();
        assert_eq!(inputs.u64_words().unwrap(), words);
    }

    #[test]
    fn negative_words_are_the_modulus_less_the_magnitude() {
        let p = 0xffff_ffff_0000_0001_u64;
        for value in [-1_i64, -2, -255, -256, -257, -(1 << 27)] {
            let word = Word::from_signed(ProofSystem::Plonky2Goldilocks, value);
            assert_eq!(word.to_u64(), Some(p - value.unsigned_abs()), "{value}");
        }
        let word = Word::from_signed(ProofSystem::Groth16Bn254, -2);
        assert_eq!(&word.as_bytes()[28..], [0xef, 0xff, 0xff, 0xff]);
    }
}

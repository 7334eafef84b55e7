//! The form of API keys: `shf_`, 256 random bits and a checksum of 32, in hexadecimal.
//!
//! The prefix lets scanners find leaked keys, the checksum tells a mistyped key from an unknown one without a lookup.
//! 256 random bits need no slow hash: what is stored is their SHA-256.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::random;

const PREFIX: &str = "shf_";
const RANDOM_DIGITS: usize = 64;
const CHECKSUM_DIGITS: usize = 8;
const CHECKSUM_TAG: &[u8] = b"sheaf/api-key/v1";

/// Not an API key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// Of another form.
    #[error("malformed key: expected shf_ and 72 lower-case hexadecimal digits")]
    Form,
    /// Mistyped or cut.
    #[error("key has a wrong checksum: it is mistyped or incomplete")]
    Checksum,
}

/// An API key. Its `Debug` shows nothing.
#[derive(Clone)]
pub(crate) struct KeySecret(SecretString);

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret(…)")
    }
}

impl KeySecret {
    /// A new key from the system's randomness.
    pub(crate) fn generate() -> Self {
        let random = hex::encode(random::bytes::<{ RANDOM_DIGITS / 2 }>());
        let checksum = checksum(&random);
        Self(SecretString::from(format!("{PREFIX}{random}{checksum}")))
    }

    /// Reads a key. Checks its form and checksum, not whether it exists.
    pub(crate) fn parse(text: &str) -> Result<Self, SecretError> {
        let digits = text.strip_prefix(PREFIX).ok_or(SecretError::Form)?;
        let lower_hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != RANDOM_DIGITS + CHECKSUM_DIGITS || !digits.bytes().all(lower_hex) {
            return Err(SecretError::Form);
        }
        let (random, sum) = digits.split_at(RANDOM_DIGITS);
        if checksum(random) != sum {
            return Err(SecretError::Checksum);
        }
        Ok(Self(SecretString::from(text)))
    }

    /// What the store knows the key by.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.expose_secret()).into()
    }

    /// The key itself, to be shown once.
    pub(crate) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

fn checksum(random: &str) -> String {
    let digest = Sha256::new().chain_update(CHECKSUM_TAG).chain_update(random).finalize();
    hex::encode(&digest[..CHECKSUM_DIGITS / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistyped_and_foreign_keys_are_told_apart_without_a_lookup() {
        let secret = KeySecret::generate();
        let text = secret.expose();
        assert_eq!(KeySecret::parse(text).unwrap().hash(), secret.hash());
        assert!(!format!("{secret:?}").contains(&text[4..]));
        for index in 4..text.len() {
            let mut typo = text.to_owned();
            let other = if typo.as_bytes()[index] == b'0' { "1" } else { "0" };
            typo.replace_range(index..=index, other);
            assert_eq!(KeySecret::parse(&typo).unwrap_err(), SecretError::Checksum);
        }
        for other in ["", "shf_", &text.to_uppercase(), &text[..75], &format!("{text}0"), &text[4..]] {
            assert_eq!(KeySecret::parse(other).unwrap_err(), SecretError::Form, "{other}");
        }
    }
}

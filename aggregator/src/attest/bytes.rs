//! Byte strings of attestations, in their one text form: `0x` and lower-case digits of the exact length.

use std::fmt;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Text that is not the bytes asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "[SH-ATT-001] malformed {what}: expected 0x and {digits} lower-case hexadecimal digits, got {got} characters"
)]
pub struct BytesError {
    /// What was being read.
    pub what: &'static str,
    /// Digits that it has.
    pub digits: usize,
    /// Characters given.
    pub got: usize,
}

/// Reads `0x` and exactly `2 * N` lower-case digits.
fn parse<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], BytesError> {
    let malformed = BytesError { what, digits: 2 * N, got: text.chars().count() };
    let digits = text.strip_prefix("0x").filter(|digits| !digits.contains(|c: char| c.is_ascii_uppercase()));
    let mut bytes = [0; N];
    match digits.map(|digits| hex::decode_to_slice(digits, &mut bytes)) {
        Some(Ok(())) => Ok(bytes),
        _ => Err(malformed),
    }
}

/// Declares a newtype over `[u8; $len]` with the text form above, in serde too.
macro_rules! bytes_newtype {
    ($(#[$meta:meta])* $name:ident, $len:literal, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = BytesError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                parse($what, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(|_| {
                    let expected = concat!($what, " as 0x and lower-case hexadecimal digits");
                    D::Error::invalid_value(Unexpected::Str(&text), &expected)
                })
            }
        }
    };
}

bytes_newtype! {
    /// An EVM address: the last 20 bytes of keccak256 of a public key. Always in lower case, since the mixed-case
    /// checksum form would be a second spelling.
    Address, 20, "address"
}

bytes_newtype! {
    /// A keccak256 digest.
    KeccakDigest, 32, "keccak256 digest"
}

bytes_newtype! {
    /// An ECDSA signature over secp256k1 in the EVM's layout: r, s, and v, which is 27 or 28.
    OperatorSignature, 65, "signature"
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0x00000000000000000000000000000000000000af";

    #[test]
    fn text_and_json_round_trip() {
        let address: Address = TEXT.parse().unwrap();
        assert_eq!(address.as_bytes()[19], 0xaf);
        assert_eq!(address.to_string(), TEXT);
        assert_eq!(serde_json::to_string(&address).unwrap(), format!("\"{TEXT}\""));
        assert_eq!(serde_json::from_str::<Address>(&format!("\"{TEXT}\"")).unwrap(), address);
    }

    #[test]
    fn other_spellings_are_rejected() {
        for text in [
            "",
            "0x",
            &TEXT[2..],
            &TEXT.replace('x', "X"),
            &TEXT.replace('f', "F"),
            &TEXT.replace('f', "g"),
            &TEXT.replace("af", "é"),
            &TEXT[..41],
            &TEXT[..40],
            &format!("{TEXT}0"),
            &format!("{TEXT}00"),
            &format!(" {TEXT}"),
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert_eq!(error, BytesError { what: "address", digits: 40, got: text.chars().count() });
            serde_json::from_str::<Address>(&format!("\"{text}\"")).unwrap_err();
        }
    }
}

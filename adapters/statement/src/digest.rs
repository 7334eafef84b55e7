//! Byte strings of fixed size: the macro that gives each its strict hexadecimal form, and the digests.
//!
//! Owns the one text form (`0x`, lower-case, exact length) that all newtypes of this crate share.

use crate::StatementError;

/// Reads `0x` and exactly `2 * N` lower-case digits. Anything else would be a second spelling of the same bytes.
pub(crate) fn parse_hex<const N: usize>(what: &'static str, text: &str) -> Result<[u8; N], StatementError> {
    let digits = text.strip_prefix("0x").ok_or(StatementError::HexPrefix { what })?;
    if digits.len() != 2 * N {
        return Err(StatementError::HexLength { what, expected: 2 * N, got: digits.len() });
    }
    if let Some(index) = digits.find(|digit| matches!(digit, 'A'..='F')) {
        return Err(StatementError::HexUpperCase { what, index });
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|source| StatementError::HexDigit { what, source })?;
    Ok(bytes)
}

/// Declares a newtype over `[u8; $len]` whose text form, in serde too, is strict hexadecimal. `$what` names it in
/// error messages.
macro_rules! hex_newtype {
    ($(#[$meta:meta])* $name:ident, $len:literal, $what:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $len]);

        impl $name {
            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl From<[u8; $len]> for $name {
            fn from(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }
        }

        impl From<$name> for [u8; $len] {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "0x{}", ::hex::encode(self.0))
            }
        }

        impl ::std::fmt::Debug for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::StatementError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::digest::parse_hex($what, text).map(Self)
            }
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;

                impl ::serde::de::Visitor<'_> for Text {
                    type Value = $name;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str(concat!($what, " as 0x and lower-case hex"))
                    }

                    fn visit_str<E: ::serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(|error: $crate::StatementError| error.into_serde())
                    }
                }

                deserializer.deserialize_str(Text)
            }
        }
    };
}
pub(crate) use hex_newtype;

hex_newtype! {
    /// SHA-256 of a model's ONNX file. Says nothing of how, or by which proof system, the model is proven.
    ModelDigest, 32, "model digest"
}

hex_newtype! {
    /// A program's verification-key digest.
    ///
    /// For a program that is verified by recursion it also commits to the leaf circuit that verifies it, so whoever
    /// compiles the same circuit gets the same digest and needs no allow-list of ours.
    VkDigest, 32, "vk digest"
}

hex_newtype! {
    /// keccak256 of a statement's canonical bytes; see [`Statement::id`](crate::Statement::id).
    ///
    /// Holds no proof bytes: every proof of one statement has this one id.
    StatementId, 32, "statement id"
}

#[cfg(test)]
mod tests {
    use hex::FromHexError;

    use super::*;

    const TEXT: &str = "0x00000000000000000000000000000000000000000000000000000000000000af";

    #[test]
    fn text_and_json_round_trip() {
        let digest: VkDigest = TEXT.parse().unwrap();
        assert_eq!(digest.as_bytes()[31], 0xaf);
        assert_eq!(digest.to_string(), TEXT);
        assert_eq!(format!("{digest:?}"), format!("VkDigest({TEXT})"));
        assert_eq!(
            serde_json::from_str::<VkDigest>(&serde_json::to_string(&digest).unwrap()).unwrap(),
            digest
        );
    }

    #[test]
    fn missing_or_upper_case_prefix_is_rejected() {
        for text in ["", "0", TEXT.trim_start_matches("0x"), &TEXT.replace('x', "X"), &format!(" {TEXT}")] {
            let error = text.parse::<VkDigest>().unwrap_err();
            assert_eq!(error, StatementError::HexPrefix { what: "vk digest" });
        }
    }

    #[test]
    fn wrong_length_is_rejected() {
        for text in
            ["0x", "0xaf", &TEXT[..65], &format!("{TEXT}0"), &format!("{TEXT} "), &format!("{TEXT}00")]
        {
            let error = text.parse::<StatementId>().unwrap_err();
            let got = text.len() - 2;
            assert_eq!(error, StatementError::HexLength { what: "statement id", expected: 64, got });
        }
    }

    #[test]
    fn upper_case_digit_is_rejected() {
        let error = TEXT.replace('f', "F").parse::<ModelDigest>().unwrap_err();
        assert_eq!(error, StatementError::HexUpperCase { what: "model digest", index: 63 });
    }

    #[test]
    fn character_that_is_no_digit_is_rejected() {
        let error = TEXT.replace('a', "g").parse::<ModelDigest>().unwrap_err();
        let source = FromHexError::InvalidHexCharacter { c: 'g', index: 62 };
        assert_eq!(error, StatementError::HexDigit { what: "model digest", source });
        // Two UTF-8 bytes in the place of two digits: right length, no digits.
        assert_eq!(TEXT.replace("af", "é").parse::<ModelDigest>().unwrap_err().code(), "SH-STM-006");
    }

    #[test]
    fn json_that_is_no_string_is_rejected() {
        for json in ["null", "175", "[0,1]", "{}"] {
            serde_json::from_str::<VkDigest>(json).unwrap_err();
        }
    }
}

//! Names of provers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::StatementError;

/// Longest prover id, in bytes.
const MAX_LEN: usize = 64;

/// The stable name of a prover, such as `embedded-plonky2`: what routes, prices and metrics speak of.
///
/// One to 64 of `a`–`z`, `0`–`9` and `-`, beginning with a letter, so that it can stand in a URL, a label and a file
/// name as it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProverId(String);

impl ProverId {
    /// Checks a name.
    ///
    /// # Errors
    /// [`StatementError::ProverId`] if it is not of the form above.
    pub fn new(name: &str) -> Result<Self, StatementError> {
        let well_formed = name.len() <= MAX_LEN
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if well_formed {
            Ok(Self(name.to_owned()))
        } else {
            Err(StatementError::ProverId { got: name.chars().take(MAX_LEN).collect() })
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProverId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for ProverId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProverId({})", self.0)
    }
}

impl FromStr for ProverId {
    type Err = StatementError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::new(name)
    }
}

impl Serialize for ProverId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for ProverId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(StatementError::into_serde)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_escaping_somewhere_are_rejected() {
        assert_eq!(ProverId::new("embedded-plonky2").unwrap().as_str(), "embedded-plonky2");
        for name in ["", "-a", "1a", "A", "a b", "a/b", "a_b", "é", &"a".repeat(65)] {
            assert_eq!(ProverId::new(name).unwrap_err().code(), "SH-STM-014", "{name}");
            serde_json::from_str::<ProverId>(&format!("{name:?}")).unwrap_err();
        }
    }
}

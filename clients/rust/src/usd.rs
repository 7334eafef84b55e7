//! Money as the API writes it: US dollars as a decimal string, held as whole millionths.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Decimals that a price may have.
const DECIMALS: usize = 6;
/// Digits before the point that a price may have.
const MAX_WHOLE_DIGITS: usize = 9;
const MICROS: u64 = 1_000_000;

/// An amount of US dollars in millionths: exact, with no rounding of floats.
///
/// As text, and in JSON, `^[0-9]{1,9}(\.[0-9]{1,6})?$`. `Display` always writes six decimals.
///
/// ```
/// use sheaf_client::Usd;
///
/// let price: Usd = "0.05".parse()?;
/// assert_eq!(price.micros(), 50_000);
/// assert_eq!(price.to_string(), "0.050000");
/// # Ok::<(), sheaf_client::UsdError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Usd(u64);

/// Text that is not an amount of US dollars.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "[SH-CLT-005] not an amount of US dollars: expected digits and at most {DECIMALS} decimals, got {got:?}"
)]
pub struct UsdError {
    /// The text, cut at 32 characters.
    got: String,
}

impl Usd {
    /// An amount of millionths.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The amount in millionths.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }
}

impl FromStr for Usd {
    type Err = UsdError;

    fn from_str(text: &str) -> Result<Self, UsdError> {
        let refused = || UsdError { got: text.chars().take(32).collect() };
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !digits(whole, MAX_WHOLE_DIGITS) || !digits(decimals, DECIMALS) {
            return Err(refused());
        }
        // Both fit: at most nine and six digits.
        let whole: u64 = whole.parse().map_err(|_| refused())?;
        let decimals: u64 = format!("{decimals:0<DECIMALS$}").parse().map_err(|_| refused())?;
        Ok(Self(whole * MICROS + decimals))
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:0DECIMALS$}", self.0 / MICROS, self.0 % MICROS))
    }
}

impl Serialize for Usd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_exactly() {
        for (text, micros, written) in [
            ("0", 0, "0.000000"),
            ("0.05", 50_000, "0.050000"),
            ("12.000001", 12_000_001, "12.000001"),
            ("999999999.999999", 999_999_999_999_999, "999999999.999999"),
        ] {
            let amount: Usd = text.parse().unwrap();
            assert_eq!((amount.micros(), amount.to_string().as_str()), (micros, written));
            assert_eq!(written.parse(), Ok(amount));
        }
    }

    #[test]
    fn what_is_not_an_amount_is_rejected() {
        for text in
            ["", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1 ", "1.0000001", "1234567890", "1,5", "١"]
        {
            assert!(text.parse::<Usd>().is_err(), "{text:?}");
        }
    }
}

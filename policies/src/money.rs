//! Money: one unit, one text form, no floats.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::PolicyError;

/// Millionths of a US dollar; also a number in JSON.
///
/// As text it is plain decimal dollars. `Display` always writes six decimals (`0.001234`, `2.000000`), so a value has
/// one spelling in logs. `FromStr` takes `^[0-9]{1,9}(\.[0-9]{1,6})?$` and nothing else: no sign, no exponent, no
/// spaces, no seventh decimal to be rounded. It reads back what `Display` writes below a billion dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

/// Decimals of a dollar.
const DECIMALS: usize = 6;
/// Micro dollars of a dollar.
const PER_USD: u64 = 1_000_000;
/// Digits before the point that are read, so that no text overflows.
const MAX_WHOLE_DIGITS: usize = 9;

impl MicroUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The sum, or `None` if it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The sum, or the largest amount if it does not fit.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}.{:06}", self.0 / PER_USD, self.0 % PER_USD))
    }
}

impl FromStr for MicroUsd {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        parse(text)
            .map(Self)
            .ok_or_else(|| PolicyError::MalformedPrice { got: text.chars().take(64).collect() })
    }
}

fn parse(text: &str) -> Option<u64> {
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) => (digits(whole, MAX_WHOLE_DIGITS)?, digits(decimals, DECIMALS)?),
        None => (digits(text, MAX_WHOLE_DIGITS)?, ""),
    };
    // Right-padded with zeros the decimals count micro dollars.
    format!("{whole}{decimals:0<DECIMALS$}").parse().ok()
}

/// The text, if it is one to `most` ASCII digits.
fn digits(text: &str, most: usize) -> Option<&str> {
    let well_formed = (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    well_formed.then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_plain_decimal_dollars() {
        for (micro_usd, text) in [
            (0, "0.000000"),
            (1_234, "0.001234"),
            (2_000_000, "2.000000"),
            (u64::MAX, "18446744073709.551615"),
        ] {
            assert_eq!(MicroUsd(micro_usd).to_string(), text);
        }
        assert_eq!(format!("{:>10}", MicroUsd(5)), "  0.000005");
    }

    #[test]
    fn every_number_of_decimals_up_to_six_is_read() {
        for (text, micro_usd) in [
            ("0", 0),
            ("7", 7_000_000),
            ("0.1", 100_000),
            ("0.10", 100_000),
            ("0.000001", 1),
            ("007.5", 7_500_000),
            ("999999999.999999", 999_999_999_999_999),
        ] {
            assert_eq!(text.parse::<MicroUsd>().unwrap(), MicroUsd(micro_usd), "{text}");
        }
    }

    #[test]
    fn other_spellings_of_a_price_are_rejected() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1,5",
            "1e3",
            "0x1",
            "1_000",
            "0.0000001",
            "1.2.3",
            "1234567890",
            "1.+5",
            "١",
            "NaN",
            "inf",
            "$1",
        ] {
            assert_eq!(text.parse::<MicroUsd>().unwrap_err().code(), "SH-POL-107", "{text:?}");
        }
    }

    #[test]
    fn long_text_is_cut_in_the_error() {
        assert!("9".repeat(1 << 16).parse::<MicroUsd>().unwrap_err().to_string().len() < 250);
    }

    #[test]
    fn sums_that_do_not_fit_are_refused_or_held() {
        let (most, one) = (MicroUsd(u64::MAX), MicroUsd(1));
        assert_eq!(one.checked_add(one), Some(MicroUsd(2)));
        assert_eq!(most.checked_add(one), None);
        assert_eq!(most.saturating_add(one), most);
        assert_eq!(MicroUsd::ZERO.saturating_add(one), one);
    }

    #[test]
    fn json_is_a_number() {
        assert_eq!(serde_json::to_string(&MicroUsd(1_234)).unwrap(), "1234");
        for json in ["-1", "1.5", "\"1\"", "null", "18446744073709551616"] {
            serde_json::from_str::<MicroUsd>(json).unwrap_err();
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn text_round_trips_below_a_billion_dollars(micro_usd in 0..1_000_000_000_000_000_u64) {
            let price = MicroUsd(micro_usd);
            prop_assert_eq!(price.to_string().parse::<MicroUsd>().unwrap(), price);
        }

        #[test]
        fn any_text_is_read_or_refused(text in r"[0-9]{0,11}(\.[0-9]{0,8})?|\PC{0,20}") {
            let well_formed = text.split('.').count() <= 2
                && text.split('.').zip([9, 6]).all(|(part, most)| {
                    (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
                });
            prop_assert_eq!(text.parse::<MicroUsd>().is_ok(), well_formed);
        }
    }
}

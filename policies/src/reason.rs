//! Why a candidate is out of the question: one variant per filter, each with a stable code and what was expected and
//! got. The rules are in `filter`.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sheaf_statement::{InputVisibility, TrustTier};

use crate::MicroUsd;

/// Why a candidate was rejected.
///
/// In JSON an object of `code`, `name` and the variant's fields:
/// `{"code": "SH-POL-002", "name": "price_above_limit", "expected": 1000, "got": 1500}`. Codes and names are never
/// reused. `Display` is for people and says what was expected and what was got.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(remote = "Self", tag = "name", rename_all = "snake_case", deny_unknown_fields)]
pub enum Reason {
    /// The prover made no offer.
    #[error("no quote: expected a price, got none")]
    NoQuote,
    /// The prover asks more than the application pays.
    #[error("price above limit: expected at most {expected} USD, got {got} USD")]
    PriceAboveLimit {
        /// The most that it may ask.
        expected: MicroUsd,
        /// What it asks.
        got: MicroUsd,
    },
    /// With its queue and a cautious time it would be done too late.
    #[error("deadline missed: expected to be done by {expected_ms} (Unix ms), got {got_ms}")]
    DeadlineMissed {
        /// The deadline, in Unix milliseconds.
        expected_ms: u64,
        /// When it would be done, in Unix milliseconds.
        got_ms: u64,
    },
    /// Its receipts are trusted less than the application asks.
    #[error("trust tier too low: expected {expected}, got {got}")]
    TierTooLow {
        /// The tier asked for.
        expected: TrustTier,
        /// The tier that its receipts have.
        got: TrustTier,
    },
    /// Its statements cannot say of the input what the application asks.
    #[error("input visibility not served: expected {expected}, got {}", list(got))]
    VisibilityNotServed {
        /// The visibility asked for.
        expected: InputVisibility,
        /// Those that it serves.
        got: Vec<InputVisibility>,
    },
    /// It does not serve the model.
    #[error("model not served: expected a prover that serves it, got {cause}: {detail}")]
    ModelNotServed {
        /// The code that it refused the model with.
        cause: String,
        /// The refusal in words.
        detail: String,
    },
    /// It is being left alone after failures.
    #[error("quarantined: expected a quarantine over by {now_ms} (Unix ms), got one until {until_ms}")]
    Quarantined {
        /// The time of the decision, in Unix milliseconds.
        now_ms: u64,
        /// When the quarantine ends, in Unix milliseconds.
        until_ms: u64,
    },
    /// It takes no jobs at present.
    #[error("no capacity: expected at least 1 job at a time, got 0")]
    NoCapacity,
    /// It failed this job in a way that trying it again cannot mend.
    #[error(
        "excluded from this job: expected a prover that has not failed it, got {cause} at attempt {attempts}"
    )]
    Excluded {
        /// How often it tried.
        attempts: u32,
        /// The code of its last failure.
        cause: String,
    },
}

impl Reason {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoQuote => "SH-POL-001",
            Self::PriceAboveLimit { .. } => "SH-POL-002",
            Self::DeadlineMissed { .. } => "SH-POL-003",
            Self::TierTooLow { .. } => "SH-POL-004",
            Self::VisibilityNotServed { .. } => "SH-POL-005",
            Self::ModelNotServed { .. } => "SH-POL-006",
            Self::Quarantined { .. } => "SH-POL-007",
            Self::NoCapacity => "SH-POL-008",
            Self::Excluded { .. } => "SH-POL-009",
        }
    }

    /// The name, as in JSON; fit for a metric's label.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::NoQuote => "no_quote",
            Self::PriceAboveLimit { .. } => "price_above_limit",
            Self::DeadlineMissed { .. } => "deadline_missed",
            Self::TierTooLow { .. } => "tier_too_low",
            Self::VisibilityNotServed { .. } => "visibility_not_served",
            Self::ModelNotServed { .. } => "model_not_served",
            Self::Quarantined { .. } => "quarantined",
            Self::NoCapacity => "no_capacity",
            Self::Excluded { .. } => "excluded",
        }
    }
}

fn list(visibilities: &[InputVisibility]) -> String {
    if visibilities.is_empty() {
        return "none".to_owned();
    }
    visibilities.iter().map(|visibility| visibility.name()).collect::<Vec<_>>().join(", ")
}

// The derives, which `remote = "Self"` makes inherent functions, read and write the name and the fields. The code
// follows from the name, so it is added here and not a field that could contradict it. Generic code, serde_json's too,
// takes the traits; only a call of `Reason::serialize` by that name finds the functions.

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Derived<'a>(&'a Reason);

        impl Serialize for Derived<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Reason::serialize(self.0, serializer)
            }
        }

        #[derive(Serialize)]
        struct Coded<'a> {
            code: &'static str,
            #[serde(flatten)]
            reason: Derived<'a>,
        }

        Coded { code: self.code(), reason: Derived(self) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Reason {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = serde_json::Map::deserialize(deserializer)?;
        let code = fields.remove("code").ok_or_else(|| D::Error::missing_field("code"))?;
        let reason = Self::deserialize(serde_json::Value::Object(fields)).map_err(D::Error::custom)?;
        if code != reason.code() {
            let (name, expected) = (reason.name(), reason.code());
            return Err(D::Error::custom(format_args!("code of {name}: expected {expected}, got {code}")));
        }
        Ok(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one_of_each() -> Vec<Reason> {
        use Reason::*;
        vec![
            NoQuote,
            PriceAboveLimit { expected: MicroUsd(1_000), got: MicroUsd(1_500) },
            DeadlineMissed { expected_ms: 5, got_ms: u64::MAX },
            TierTooLow { expected: TrustTier::Proven, got: TrustTier::Attested },
            VisibilityNotServed { expected: InputVisibility::Private, got: vec![InputVisibility::Public] },
            ModelNotServed { cause: "SH-ONX-012".into(), detail: "too deep".into() },
            Quarantined { now_ms: 5, until_ms: 6 },
            NoCapacity,
            Excluded { attempts: 2, cause: "SH-EMB-003".into() },
        ]
    }

    #[test]
    fn codes_count_up() {
        for (reason, number) in one_of_each().iter().zip(1..) {
            assert_eq!(reason.code(), format!("SH-POL-{number:03}"));
        }
    }

    #[test]
    fn text_says_expected_and_got() {
        for reason in one_of_each() {
            let text = reason.to_string();
            assert!(text.contains("expected ") && text.contains("got ") && !text.ends_with('.'), "{text}");
            assert!(text.starts_with(|first: char| first.is_ascii_lowercase()), "{text}");
        }
        let none = Reason::VisibilityNotServed { expected: InputVisibility::Private, got: vec![] };
        assert_eq!(none.to_string(), "input visibility not served: expected private, got none");
        let price = &one_of_each()[1];
        assert_eq!(price.to_string(), "price above limit: expected at most 0.001000 USD, got 0.001500 USD");
    }

    #[test]
    fn json_has_code_name_and_fields_and_round_trips() {
        let price = serde_json::to_string(&one_of_each()[1]).unwrap();
        assert_eq!(price, r#"{"code":"SH-POL-002","name":"price_above_limit","expected":1000,"got":1500}"#);
        for reason in one_of_each() {
            let json = serde_json::to_string(&reason).unwrap();
            let start = format!(r#"{{"code":"{}","name":"{}""#, reason.code(), reason.name());
            assert!(json.starts_with(&start), "{json}");
            assert_eq!(serde_json::from_str::<Reason>(&json).unwrap(), reason);
        }
    }

    #[test]
    fn code_of_another_reason_is_rejected() {
        for json in [
            r#"{"code":"SH-POL-008","name":"no_quote"}"#,
            r#"{"code":1,"name":"no_quote"}"#,
            r#"{"name":"no_quote"}"#,
            r#"{"code":"SH-POL-001"}"#,
            r#"{"code":"SH-POL-001","name":"NoQuote"}"#,
            r#"{"code":"SH-POL-002","name":"price_above_limit","expected":1}"#,
            r#"{"code":"SH-POL-002","name":"price_above_limit","expected":1,"got":2,"more":3}"#,
        ] {
            serde_json::from_str::<Reason>(json).unwrap_err();
        }
    }
}

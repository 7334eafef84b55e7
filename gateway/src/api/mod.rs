//! The words of the HTTP API: what requests and answers look like.
//!
//! Types only. Requests are strict: unknown fields are refused, and what a field means is settled once, by
//! [`normalise`](crate::normalise). Answers carry integers with their unit in the name, except prices, which are decimal
//! strings of US dollars.

pub(crate) mod batches;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod models;
pub(crate) mod problem;
pub(crate) mod provers;
pub(crate) mod tasks;
pub(crate) mod webhooks;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

/// One page of a list, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page<T> {
    /// The entries.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// Which page of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Entries on the page.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[param(pattern = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$")]
    pub(crate) cursor: Option<String>,
}

/// Reads a whole number, which JSON may also write with a fraction of zero: `3` and `3.0` are one number there.
pub(crate) fn whole<'de, D: Deserializer<'de>, T: TryFrom<u64>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else { return Ok(None) };
    let exact = number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..=MAX_EXACT).contains(float));
    number
        .as_u64()
        .or(exact.map(|float| float as u64))
        .and_then(|value| T::try_from(value).ok())
        .map(Some)
        .ok_or_else(|| serde::de::Error::custom(format!("expected a whole number in range, got {number}")))
}

/// Whole numbers up to here are exact as floating point.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        #[serde(default, deserialize_with = "whole")]
        n: Option<u32>,
    }

    #[test]
    fn whole_numbers_have_two_spellings_and_fractions_none() {
        let read = |text: &str| serde_json::from_str::<Holder>(text).map(|holder| holder.n);
        assert_eq!(read("{}").unwrap(), None);
        assert_eq!(read("{\"n\": null}").unwrap(), None);
        assert_eq!(read("{\"n\": 3}").unwrap(), Some(3));
        assert_eq!(read("{\"n\": 3.0}").unwrap(), Some(3));
        for bad in ["3.5", "-1", "-1.0", "4294967296", "1e300", "\"3\"", "[]"] {
            assert!(read(&format!("{{\"n\": {bad}}}")).is_err(), "{bad}");
        }
    }
}

//! Bodies, queries and headers.

use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use actix_web::web::{Bytes, BytesMut, Payload};
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use crate::problem::{ApiError, Kind};

/// Time for the whole of a body.
const BODY_TIME: Duration = Duration::from_secs(30);
/// Entries on a page.
const PAGE: std::ops::RangeInclusive<u32> = 1..=100;
const DEFAULT_PAGE: u32 = 20;
/// Longest `Prefer: wait`.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// Collects a body of a bounded size in a bounded time.
pub(super) async fn body(mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let collect = async {
        let mut bytes = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk =
                chunk.map_err(|error| ApiError::new(Kind::InvalidParameter, format!("body: {error}")))?;
            if bytes.len() + chunk.len() > limit {
                return Err(ApiError::new(Kind::TooLarge, format!("expected at most {limit} bytes")));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    };
    match tokio::time::timeout(BODY_TIME, collect).await {
        Ok(result) => result,
        Err(_) => {
            let detail = format!("expected the body within {} s", BODY_TIME.as_secs());
            Err(ApiError::new(Kind::TooSlow, detail))
        }
    }
}

/// Decodes a JSON object. The array form of a structure, which serde also takes, is refused.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, ApiError> {
    match media_type(headers)?.as_deref() {
        None | Some("application/json") => {}
        Some(other) => return Err(unsupported(other, "application/json")),
    }
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return Err(ApiError::new(Kind::MalformedJson, "expected a JSON object"));
    }
    serde_json::from_slice(bytes).map_err(|error| {
        let kind = if error.is_data() { Kind::InvalidField } else { Kind::MalformedJson };
        ApiError::new(kind, error.to_string())
    })
}

/// The content type without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(CONTENT_TYPE) else { return Ok(None) };
    let text = value.to_str().map_err(|_| ApiError::new(Kind::MediaType, "content-type is not text"))?;
    Ok(Some(text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()))
}

pub(super) fn unsupported(got: &str, expected: &str) -> ApiError {
    let got: String = got.chars().take(64).collect();
    ApiError::new(Kind::MediaType, format!("expected {expected}, got {got:?}"))
}

/// A page's size.
pub(super) fn limit(given: Option<u32>) -> Result<u32, ApiError> {
    let limit = given.unwrap_or(DEFAULT_PAGE);
    if PAGE.contains(&limit) {
        Ok(limit)
    } else {
        Err(ApiError::new(Kind::InvalidParameter, format!("limit: expected 1 to 100, got {limit}")))
    }
}

/// A page's cursor: a ULID, which stands for an entry of a kind of things with this prefix.
pub(super) fn cursor<T: std::str::FromStr>(prefix: &str, given: Option<&str>) -> Result<Option<T>, ApiError> {
    given
        .map(|text| {
            let refused = |_| ApiError::new(Kind::InvalidParameter, "cursor: not one of ours");
            format!("{prefix}{text}").parse().map_err(|_| ()).map_err(refused)
        })
        .transpose()
}

/// What the next page begins after.
pub(super) fn next_cursor(last: Option<String>) -> Option<String> {
    last.map(|id| id.rsplit('_').next().unwrap_or_default().to_owned())
}

/// How long the caller would have us wait (RFC 7240). What is not understood is ignored, as the RFC says.
pub(super) fn wait(headers: &HeaderMap) -> Duration {
    headers
        .get_all("prefer")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .find_map(|preference| preference.trim().strip_prefix("wait=")?.trim().parse().ok())
        .map_or(Duration::ZERO, |seconds| Duration::from_secs(seconds).min(MAX_WAIT))
}

/// A header as text.
pub(super) fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    headers
        .get(name)
        .map(|value| {
            value.to_str().map_err(|_| ApiError::new(Kind::InvalidParameter, format!("{name} is not text")))
        })
        .transpose()
}

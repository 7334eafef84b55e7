//! One request: built, sent, tried again where that is safe, and its answer read within limits.
//!
//! Owns the one retry loop. What a call means is for the modules by noun.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;
use url::Url;

use crate::error::millis;
use crate::{Client, Error};

/// Largest answer that is ever read.
pub const MAX_ANSWER_BYTES: usize = 64 << 20;
/// Largest body of a refusal that is read; the rest is cut.
const MAX_PROBLEM_BYTES: usize = 64 << 10;
/// Longest that a gateway holds an answer for `Prefer: wait`.
pub(crate) const MAX_HOLD: Duration = Duration::from_secs(60);
/// Least time that a try is given, even if the caller's deadline is nearer: less would fail for certain.
const LEAST_TRY: Duration = Duration::from_secs(2);
const MAX_SEGMENT_BYTES: usize = 128;

/// What a body is.
pub(crate) const JSON: &str = "application/json";
/// What a body is.
pub(crate) const OCTETS: &str = "application/octet-stream";

/// A request to make.
pub(crate) struct Call<'a> {
    method: Method,
    path: &'a [&'a str],
    query: Vec<(&'static str, String)>,
    headers: HeaderMap,
    body: Option<Bytes>,
    /// Whether sending it twice does what sending it once does.
    repeatable: bool,
    /// How long the gateway is asked to hold the answer.
    hold: Duration,
    /// How much longer than usual the answer may take for other reasons.
    patience: Duration,
    /// Until when it is tried again; `None` for the client's own limit.
    until: Option<Instant>,
}

impl<'a> Call<'a> {
    fn new(method: Method, path: &'a [&'a str], repeatable: bool) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            headers: HeaderMap::new(),
            body: None,
            repeatable,
            hold: Duration::ZERO,
            patience: Duration::ZERO,
            until: None,
        }
    }

    pub(crate) fn get(path: &'a [&'a str]) -> Self {
        Self::new(Method::GET, path, true)
    }

    pub(crate) fn delete(path: &'a [&'a str]) -> Self {
        Self::new(Method::DELETE, path, true)
    }

    pub(crate) fn post(path: &'a [&'a str]) -> Self {
        Self::new(Method::POST, path, false)
    }

    /// Says that a POST may be sent twice; whoever says so says why.
    pub(crate) fn repeatable(mut self) -> Self {
        self.repeatable = true;
        self
    }

    pub(crate) fn query(mut self, pairs: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        self.query.extend(pairs);
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    pub(crate) fn body(mut self, kind: &'static str, body: Bytes) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        self.body = Some(body);
        self
    }

    /// # Errors
    /// [`Error::Argument`] if the value has no JSON; the request types always have.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<Self, Error> {
        let body = serde_json::to_vec(value).map_err(|error| Error::Argument {
            what: "request",
            expected: "a value that JSON can hold",
            got: error.to_string(),
        })?;
        Ok(self.body(JSON, body.into()))
    }

    pub(crate) fn hold(mut self, hold: Duration) -> Self {
        self.hold = hold.min(MAX_HOLD);
        self
    }

    pub(crate) fn patient(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Says that this GET is not to be tried again.
    pub(crate) fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    pub(crate) fn until(mut self, deadline: Instant) -> Self {
        self.until = Some(deadline);
        self
    }

    fn url(&self, base: &Url) -> Result<Url, Error> {
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            for segment in self.path {
                segments.push(plain_segment(segment)?);
            }
        }
        if !self.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        Ok(url)
    }
}

/// Ids come from users and from gateways; none of ours needs escaping, and `..` would be another path.
fn plain_segment(segment: &str) -> Result<&str, Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let fits = (1..=MAX_SEGMENT_BYTES).contains(&segment.len());
    if fits && segment.bytes().all(plain) && !segment.starts_with('.') {
        return Ok(segment);
    }
    Err(Error::Argument {
        what: "id",
        expected: "1 to 128 letters, digits, dots, dashes and underscores",
        got: segment.chars().take(64).collect(),
    })
}

/// How an answer is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reads {
    /// At once, within the time limit of the call.
    Whole,
    /// As it comes: an event stream goes on for as long as its job, and its reader has a limit on silence.
    Pieces,
}

/// A successful answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn decode<T: DeserializeOwned>(&self, expected: &'static str) -> Result<T, Error> {
        decode(&self.body, expected)
    }
}

pub(crate) fn decode<T: DeserializeOwned>(body: &[u8], expected: &'static str) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|source| Error::Decode { expected, source })
}

impl Client {
    /// Makes a call and reads its answer.
    pub(crate) async fn send(&self, call: Call<'_>) -> Result<Answer, Error> {
        let limit = self.inner.limits.answer_bytes;
        self.retry(&call, || async {
            let (response, time) = self.attempt(&call, Reads::Whole).await?;
            let (status, headers) = (response.status(), response.headers().clone());
            let body = read(response, limit, time).await?;
            Ok(Answer { status, headers, body })
        })
        .await
    }

    /// Makes a call whose answer is read piece by piece. Only the way to its status is tried again, and only that has a
    /// time limit.
    pub(crate) async fn open(&self, call: Call<'_>) -> Result<Response, Error> {
        self.retry(&call, || async {
            let (response, _) = self.attempt(&call, Reads::Pieces).await?;
            Ok(response)
        })
        .await
    }

    async fn retry<T, F>(&self, call: &Call<'_>, attempt: impl FnMut() -> F) -> Result<T, Error>
    where
        F: Future<Output = Result<T, Error>>,
    {
        // An `Instant` cannot hold every duration; none to hold means no end.
        let end = call.until.or_else(|| Instant::now().checked_add(self.inner.limits.retry_for));
        let delays = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(5))
            // `adjust` ends it.
            .without_max_times();
        attempt
            .retry(delays)
            .when(|error| call.repeatable && error.is_passing())
            .adjust(|error, delay| {
                let delay = delay?.max(error.retry_after().unwrap_or_default());
                let left = end.map(|end| end.saturating_duration_since(Instant::now()));
                left.is_none_or(|left| delay < left).then_some(delay)
            })
            .await
    }

    /// One try, up to the answer's status. Also returns the time limit that it runs under.
    async fn attempt(&self, call: &Call<'_>, reads: Reads) -> Result<(Response, Duration), Error> {
        let left = call.until.map(|until| until.saturating_duration_since(Instant::now()));
        let hold = call.hold.min(left.unwrap_or(call.hold));
        let limit =
            left.map_or(self.inner.limits.answer, |left| self.inner.limits.answer.min(left.max(LEAST_TRY)));
        let limit = limit.saturating_add(hold).saturating_add(call.patience);

        let url = call.url(&self.inner.base)?;
        let mut request = self
            .inner
            .http
            .request(call.method.clone(), url)
            .header(ACCEPT, "application/json, application/problem+json, */*;q=0.1")
            .headers(call.headers.clone());
        if reads == Reads::Whole {
            request = request.timeout(limit);
        }
        if let Some(key) = &self.inner.authorization {
            request = request.header(AUTHORIZATION, key.clone());
        }
        if hold.as_secs() > 0 {
            request = request.header("prefer", format!("wait={}", hold.as_secs()));
        }
        if let Some(body) = &call.body {
            request = request.body(body.clone());
        }
        let sent = tokio::time::timeout(limit, request.send()).await;
        let response = sent
            .map_err(|_| Error::Timeout { limit_ms: millis(limit) })?
            .map_err(|error| Error::of_transport(error, limit))?;
        if response.status().is_success() {
            return Ok((response, limit));
        }
        Err(refusal(response, limit).await)
    }
}

/// Reads a body of at most `limit` bytes.
async fn read(mut response: Response, limit: usize, time: Duration) -> Result<Bytes, Error> {
    let declared = response.content_length().unwrap_or(0);
    if usize::try_from(declared).map_or(true, |declared| declared > limit) {
        return Err(Error::TooLarge { limit });
    }
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| Error::of_transport(error, time))? {
        if piece.len() > limit - body.len() {
            return Err(Error::TooLarge { limit });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// The error of an answer that is no success. A body that cannot be read makes it no other error.
async fn refusal(mut response: Response, time: Duration) -> Error {
    let (status, retry_after) = (response.status(), retry_after(response.headers()));
    let mut body = BytesMut::new();
    let _ = tokio::time::timeout(time, async {
        while let Ok(Some(piece)) = response.chunk().await {
            let room = MAX_PROBLEM_BYTES - body.len();
            body.extend_from_slice(&piece[..piece.len().min(room)]);
            if body.len() == MAX_PROBLEM_BYTES {
                break;
            }
        }
    })
    .await;
    Error::of_answer(status, retry_after, &body)
}

/// `Retry-After` in seconds. A date, which the gateway never sends, leaves the delay to us.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base: &str, path: &[&str]) -> Result<String, Error> {
        Call::get(path).url(&Url::parse(base).unwrap()).map(String::from)
    }

    #[test]
    fn path_comes_after_the_gateways_own() {
        assert_eq!(url("http://h/", &["v1", "jobs"]).unwrap(), "http://h/v1/jobs");
        assert_eq!(url("http://h/proxy/sheaf", &["readyz"]).unwrap(), "http://h/proxy/sheaf/readyz");
    }

    #[test]
    fn id_that_would_be_another_path_is_rejected() {
        for id in ["", ".", "..", "a/b", "a%2fb", "a?b", "a#b", "a\\b", "ä", &"x".repeat(129)] {
            let error = url("http://h/", &["v1", "jobs", id]).unwrap_err();
            assert!(matches!(error, Error::Argument { what: "id", .. }), "{id:?}");
        }
    }

    #[test]
    fn query_is_escaped() {
        let call = Call::get(&["v1"]).query([("cursor", "a&b=c".to_owned())]);
        assert_eq!(
            call.url(&Url::parse("http://h/").unwrap()).unwrap().as_str(),
            "http://h/v1?cursor=a%26b%3Dc"
        );
    }
}

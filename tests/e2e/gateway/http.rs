//! Requests and answers as they are on the wire.
//!
//! Not through the SDK: that would hide what it mends.

use std::sync::Once;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use serde_json::{Value, json};

use super::samples::onnx;
use super::{PATIENCE, within};

/// A gateway's API with one key.
#[derive(Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    pub(crate) url: String,
    pub(crate) key: String,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    asked: String,
}

impl Api {
    pub(crate) fn new(url: &str, key: &str) -> Self {
        static TLS: Once = Once::new();
        // reqwest panics without a provider, though nothing here speaks TLS.
        TLS.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self { http, url: url.to_owned(), key: key.to_owned() }
    }

    /// The same gateway with another key.
    pub(crate) fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The SDK's client of the same gateway with the same key.
    pub(crate) fn sdk(&self) -> sheaf_client::Client {
        sheaf_client::Client::new(&self.url, self.key.as_str()).unwrap()
    }

    /// A request with the key; with an empty one, without.
    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if self.key.is_empty() { request } else { request.bearer_auth(&self.key) }
    }

    /// Sends a request that must get an answer.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        self.try_send(request).await.unwrap()
    }

    /// Sends a request that may find nobody.
    pub(crate) async fn try_send(&self, request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let (http, request) = request.build_split();
        let request = request?;
        let asked = format!("{} {}", request.method(), request.url().path());
        let response = http.execute(request).await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await?, asked })
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Adds a fixture model and returns its digest.
    pub(crate) async fn model(&self, name: &str) -> String {
        let request = self.request(Method::POST, &format!("/v1/models?name={name}"));
        let answer =
            self.send(request.header(CONTENT_TYPE, "application/octet-stream").body(onnx(name))).await;
        assert!(matches!(answer.status, 200 | 201), "{answer:?}");
        text(&answer.json()["model"])
    }

    /// Submits a job and returns its id.
    pub(crate) async fn submit(&self, job: &Value) -> String {
        text(&self.post("/v1/jobs", job).await.expect(202)["id"])
    }

    /// A job once it has ended. The gateway says when.
    pub(crate) async fn ended(&self, id: &str) -> Value {
        within(&format!("end of {id}"), async {
            loop {
                let request =
                    self.request(Method::GET, &format!("/v1/jobs/{id}")).header("prefer", "wait=20");
                let job = self.send(request).await.expect(200);
                if job["done"] == true {
                    return job;
                }
            }
        })
        .await
    }

    /// A job once it has a receipt.
    pub(crate) async fn aggregated(&self, id: &str) -> Value {
        let job = self.ended(id).await;
        assert_eq!(job["status"], "aggregated", "{job}");
        job
    }

    /// A key of some scopes, for a tenant.
    pub(crate) async fn make_key(&self, scopes: &[&str], tenant: &str) -> Self {
        let asked = json!({ "name": "for a test", "scopes": scopes, "tenant": tenant });
        self.with_key(&text(&self.post("/v1/keys", &asked).await.expect(201)["secret"]))
    }

    /// A job's decisions and attempts.
    pub(crate) async fn route(&self, id: &str) -> Value {
        self.get(&format!("/v1/jobs/{id}/route")).await.expect(200)
    }
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of an answer that must have this status.
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name.parse::<HeaderName>().unwrap()).map(|value| value.to_str().unwrap())
    }

    /// The problem document that every refusal must be (RFC 9457), with its code.
    pub(crate) fn problem(&self) -> Value {
        assert!(self.status >= 400, "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        let code = problem["code"].as_str().unwrap_or_else(|| panic!("no code: {self:?}"));
        assert!(code.starts_with("SH-"), "{self:?}");
        assert_eq!(problem["type"], format!("/docs/errors#{code}"), "{self:?}");
        assert_eq!(problem["status"], self.status, "{self:?}");
        assert!(problem["retryable"].is_boolean(), "{self:?}");
        for field in ["title", "detail", "mend"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {self:?}");
        }
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"), "{self:?}");
        problem
    }

    /// The code of a refusal that must have this status.
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{self:?}");
        text(&self.problem()["code"])
    }
}

/// A JSON string's text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

//! What the tests share: a gateway of canned answers, and a client of it.

use serde_json::{Value, json};
use sheaf_client::Client;
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

pub(crate) const KEY: &str = "sheaf_sk_0123456789abcdef";

pub(crate) async fn gateway() -> (MockServer, Client) {
    let server = MockServer::start().await;
    let client = Client::new(&server.uri(), KEY).unwrap();
    (server, client)
}

/// A request with the key, exactly as often as `times` says by the end of the test.
pub(crate) fn call(verb: &str, at: &str) -> wiremock::MockBuilder {
    Mock::given(method(verb)).and(path(at)).and(header("authorization", format!("Bearer {KEY}").as_str()))
}

pub(crate) fn answer(status: u16, body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

pub(crate) fn problem(status: u16, code: &str, retryable: bool) -> ResponseTemplate {
    let body = json!({
        "type": format!("/docs/errors#{code}"),
        "title": "Not now",
        "status": status,
        "detail": "expected a quiet hour, got a busy one",
        "code": code,
        "retryable": retryable,
        "request_id": "req_1",
        "mend": "come back later",
    });
    answer(status, &body).insert_header("content-type", "application/problem+json")
}

/// A job as a newer gateway might write it: with fields and names that the client does not know.
pub(crate) fn job(status: &str, done: bool) -> Value {
    json!({
        "id": "job_1",
        "kind": "inference",
        "status": status,
        "done": done,
        "created_ms": 1,
        "updated_ms": 2,
        "due_ms": 3,
        "label": "mine",
        "privacy": "public",
        "objective": "greenest",
        "min_trust_tier": "proven",
        "price": "0.000140",
        "links": {"self": "/v1/jobs/job_1", "events": "/v1/jobs/job_1/events", "route": "/v1/jobs/job_1/route"},
        "carbon_mg": 12,
    })
}

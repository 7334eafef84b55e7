//! The OpenAPI document: what it promises, and that it lists what there is.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;

use crate::gateway::http::{Api, text};
use crate::gateway::process::Setting;

/// One operation, as the document has it.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// Scopes that its key needs; none if it needs no key.
    pub(crate) scopes: Vec<String>,
    /// Content types of its body; none if it takes none.
    pub(crate) bodies: Vec<String>,
    /// Statuses that it may answer with.
    pub(crate) statuses: BTreeSet<u16>,
    /// Names of its parameters in the query and in headers.
    pub(crate) queries: Vec<String>,
    pub(crate) headers: Vec<String>,
}

/// Every operation of a gateway.
pub(crate) async fn operations(api: &Api) -> Vec<Operation> {
    let document = api.with_key("").get("/openapi.json").await.expect(200);
    let mut found = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, described) in methods.as_object().unwrap() {
            found.push(operation(path, method, described));
        }
    }
    found
}

fn operation(path: &str, method: &str, described: &Value) -> Operation {
    let keys = |value: &Value| value.as_object().into_iter().flatten().map(|(key, _)| key.clone()).collect();
    let parameters = |place: &str| {
        let all = described["parameters"].as_array().into_iter().flatten();
        all.filter(|parameter| parameter["in"] == place).map(|parameter| text(&parameter["name"])).collect()
    };
    let scopes = described["security"]
        .as_array()
        .unwrap_or_else(|| panic!("{method} {path} says nothing of keys"))
        .iter()
        .flat_map(|requirement| requirement["key"].as_array().into_iter().flatten())
        .map(text)
        .collect();
    let statuses: Vec<String> = keys(&described["responses"]);
    Operation {
        id: text(&described["operationId"]),
        method: method.to_uppercase().parse().unwrap(),
        path: path.to_owned(),
        scopes,
        bodies: keys(&described["requestBody"]["content"]),
        statuses: statuses.iter().map(|status| status.parse().unwrap()).collect(),
        queries: parameters("query"),
        headers: parameters("header"),
    }
}

/// What the issue asks for.
const ROUTES: [&str; 29] = [
    "POST /v1/models",
    "GET /v1/models",
    "GET /v1/models/{digest}",
    "POST /v1/jobs",
    "GET /v1/jobs",
    "GET /v1/jobs/{id}",
    "DELETE /v1/jobs/{id}",
    "GET /v1/jobs/{id}/route",
    "GET /v1/jobs/{id}/events",
    "GET /v1/jobs/{id}/proof",
    "POST /v1/proofs",
    "GET /v1/receipts/{statement_id}",
    "GET /v1/receipts/{statement_id}/settlement",
    "GET /v1/batches",
    "GET /v1/batches/{id}",
    "GET /v1/batches/{id}/aggregate",
    "GET /v1/provers",
    "POST /v1/keys",
    "GET /v1/keys",
    "DELETE /v1/keys/{id}",
    "POST /v1/webhooks",
    "GET /v1/webhooks",
    "DELETE /v1/webhooks/{id}",
    "POST /v1/tasks/lease",
    "POST /v1/tasks/{id}/heartbeat",
    "POST /v1/tasks/{id}/result",
    "GET /livez",
    "GET /readyz",
    "GET /metrics",
];

#[tokio::test(flavor = "multi_thread")]
async fn the_document_is_openapi_3_1_and_lists_every_route() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let document = api.with_key("").get("/openapi.json").await.expect(200);
    assert!(text(&document["openapi"]).starts_with("3.1."), "{}", document["openapi"]);
    assert_eq!(document["components"]["securitySchemes"]["key"]["scheme"], "bearer");
    let operations = operations(&api).await;
    let listed: BTreeSet<String> =
        operations.iter().map(|operation| format!("{} {}", operation.method, operation.path)).collect();
    let expected: BTreeSet<String> = ROUTES.into_iter().map(ToOwned::to_owned).collect();
    assert_eq!(listed, expected);
    let ids: BTreeSet<&str> = operations.iter().map(|operation| operation.id.as_str()).collect();
    assert_eq!(ids.len(), operations.len(), "operation ids are unique");

    // Every reference leads somewhere, and every answer says what it is.
    let all = document.to_string();
    for reference in all.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference}");
    }
    for Operation { method, path, statuses, bodies, .. } in &operations {
        let described = &document["paths"][path][method.as_str().to_lowercase()];
        assert!(!text(&described["summary"]).is_empty(), "{method} {path}");
        for status in statuses {
            let response = &described["responses"][status.to_string()];
            assert!(!text(&response["description"]).is_empty(), "{method} {path} {status}");
            let expected = if *status >= 400 { "application/problem+json" } else { "" };
            let types = response["content"].as_object();
            let fits = types.is_some_and(|types| types.keys().any(|kind| kind.starts_with(expected)));
            assert!(fits || *status == 204, "{method} {path} {status}");
        }
        if !bodies.is_empty() {
            assert!(statuses.is_superset(&[413, 415, 422].into()), "{method} {path} {statuses:?}");
        }
    }
}

/// What is documented is there: no route answers that there is no such path, or no such method on it.
#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_document_is_served_and_others_are_not() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    for Operation { method, path, statuses, .. } in operations(&api).await {
        let path = path.replace("{id}", "x").replace("{digest}", "x").replace("{statement_id}", "x");
        let answer = api.send(api.request(method.clone(), &path)).await;
        assert!(statuses.contains(&answer.status), "{method} {path}: {answer:?}");
        if answer.status >= 400 {
            let code = text(&answer.problem()["code"]);
            assert!(!["SH-API-006", "SH-API-018"].contains(&code.as_str()), "{method} {path}: {answer:?}");
        }
    }
    for path in ["/v1", "/v1/", "/v1/job", "/v2/jobs", "/v1/jobs/", "/admin", "/.git/config"] {
        assert_eq!(api.get(path).await.refused(404), "SH-API-018", "{path}");
    }
    for (method, path) in
        [(Method::PUT, "/v1/jobs"), (Method::PATCH, "/v1/jobs/x"), (Method::DELETE, "/livez")]
    {
        assert_eq!(api.send(api.request(method, path)).await.refused(405), "SH-API-006", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_metrics_the_reader_and_the_dashboard_need_no_key() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let nobody = served.api().with_key("");
    assert_eq!(nobody.get("/livez").await.expect(200)["status"], "ok");
    assert_eq!(nobody.get("/readyz").await.expect(200)["status"], "ok");
    let metrics = nobody.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(String::from_utf8_lossy(&metrics.body).contains("sheaf_http_requests_total"), "{metrics:?}");
    for (from, to) in [("/", "/dashboard/"), ("/docs", "/docs/")] {
        let answer = nobody.get(from).await;
        assert_eq!((answer.status, answer.header("location")), (302, Some(to)));
        let page = nobody.get(to).await;
        assert_eq!(page.status, 200, "{page:?}");
        // Nothing is fetched from elsewhere.
        let page = String::from_utf8_lossy(&page.body).into_owned();
        assert!(!page.contains("src=\"http") && !page.contains("href=\"http"), "{page}");
    }
    let errors = nobody.get("/docs/errors").await;
    let table = String::from_utf8_lossy(&errors.body).into_owned();
    for code in 1..=19 {
        assert!(table.contains(&format!("SH-API-{code:03}")), "SH-API-{code:03}");
    }
}

//! What one tenant sees of another: nothing.

use reqwest::Method;
use serde_json::json;

use crate::gateway::http::text;
use crate::gateway::process::Setting;
use crate::gateway::samples::{attested, input};

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_jobs_models_keys_and_webhooks_are_not_there() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let ours = served.api();
    let theirs = ours.make_key(&["read", "submit", "work", "admin"], "other").await;
    let model = ours.model("iris_mlp").await;
    let job = attested(&model, &input("iris_mlp", 0));
    let id = ours.submit(&job).await;
    ours.aggregated(&id).await;
    let hook = ours.post("/v1/webhooks", &json!({ "url": "https://example.com/" })).await.expect(201);
    let key = ours.post("/v1/keys", &json!({ "name": "a", "scopes": ["read"] })).await.expect(201);

    for path in ["", "/route", "/events", "/proof"] {
        let answer = theirs.get(&format!("/v1/jobs/{id}{path}")).await;
        assert_eq!(answer.refused(404), "SH-API-005", "{path}");
    }
    for path in [
        format!("/v1/jobs/{id}"),
        format!("/v1/webhooks/{}", text(&hook["id"])),
        format!("/v1/keys/{}", text(&key["id"])),
    ] {
        assert_eq!(theirs.delete(&path).await.refused(404), "SH-API-005", "{path}");
    }
    assert_eq!(theirs.get(&format!("/v1/models/{model}")).await.refused(404), "SH-API-005");
    assert_eq!(theirs.post("/v1/jobs", &job).await.refused(404), "SH-API-005");
    for list in ["/v1/jobs", "/v1/models", "/v1/webhooks"] {
        let listed = theirs.get(list).await.expect(200);
        assert!(listed["items"].as_array().unwrap().is_empty(), "{list}: {listed}");
    }
    let keys = theirs.get("/v1/keys").await.expect(200);
    assert_eq!(keys["items"].as_array().unwrap().len(), 1, "only their own: {keys}");
    // What is not theirs is as it was.
    assert_eq!(ours.get(&format!("/v1/jobs/{id}")).await.expect(200)["status"], "aggregated");
    assert_eq!(ours.get("/v1/webhooks").await.expect(200)["items"].as_array().unwrap().len(), 1);
}

/// Sharing proofs between tenants would tell one of them that another has asked the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_job_of_another_tenant_is_another_job_with_a_proof_of_its_own() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let ours = served.api();
    let theirs = ours.make_key(&["read", "submit"], "other").await;
    let job = attested(&ours.model("iris_mlp").await, &input("iris_mlp", 0));
    theirs.model("iris_mlp").await;
    let mut ended = Vec::new();
    for api in [&ours, &theirs] {
        let request = api.request(Method::POST, "/v1/jobs").header("idempotency-key", "same").json(&job);
        let id = text(&api.send(request).await.expect(202)["id"]);
        let route = {
            api.aggregated(&id).await;
            api.route(&id).await
        };
        assert_eq!(route["attempts"].as_array().unwrap().len(), 1, "{route}");
        ended.push(api.aggregated(&id).await);
    }
    assert_ne!(ended[0]["id"], ended[1]["id"], "idempotency keys are a tenant's own");
    assert!(ended[1].get("reused_from").is_none(), "{}", ended[1]);
    assert_eq!(ended[0]["statement_id"], ended[1]["statement_id"]);
}

/// Whoever may make keys for himself must not make one for the tenant next door.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_first_tenant_makes_keys_of_others() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let theirs = served.api().make_key(&["read", "submit", "work", "admin"], "other").await;
    for tenant in ["main", "third"] {
        let asked = json!({ "name": "mine", "scopes": ["read"], "tenant": tenant });
        assert_eq!(theirs.post("/v1/keys", &asked).await.refused(403), "SH-API-004", "{tenant}");
    }
    let made = theirs.post("/v1/keys", &json!({ "name": "mine", "scopes": ["read"] })).await.expect(201);
    assert_eq!(made["tenant"], "other");
}

//! Jobs over HTTP: submitting, waiting, listing, cancelling.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::gateway::events::ended_once;
use crate::gateway::eventually;
use crate::gateway::http::{Api, text};
use crate::gateway::process::Setting;
use crate::gateway::samples::{attested, input, proven};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_answered_at_once_or_waited_for() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let answer = api.post("/v1/jobs", &attested(&model, &input("iris_mlp", 0))).await;
    let job = answer.expect(202);
    assert_eq!((&job["status"], &job["done"]), (&"accepted".into(), &false.into()));
    assert_eq!(answer.header("location"), Some(format!("/v1/jobs/{}", text(&job["id"])).as_str()));
    let done = api.aggregated(&text(&job["id"])).await;
    assert_eq!(done["outcome"], "succeeded");

    // Waited for where it is submitted.
    let mut asked = attested(&model, &input("iris_mlp", 1));
    asked["label"] = "mine".into();
    let request =
        api.request(Method::POST, "/v1/jobs").header("prefer", "respond-async, wait=60").json(&asked);
    let answer = api.send(request).await;
    let job = answer.expect(200);
    assert_eq!(
        (&job["done"], &job["label"], &job["trust_tier"]),
        (&true.into(), &"mine".into(), &"attested".into())
    );
    assert_eq!(answer.header("location"), job["links"]["self"].as_str());
    for link in ["self", "route", "receipt", "batch"] {
        api.get(&text(&job["links"][link])).await.expect(200);
    }
    // What is not understood is ignored, as RFC 7240 has it.
    for prefer in ["wait", "wait=", "wait=soon", "wait=-1", "return=minimal"] {
        let request = api.request(Method::POST, "/v1/jobs").header("prefer", prefer).json(&asked);
        api.send(request).await.expect(202);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_makes_no_sense_is_refused_by_field_and_leaves_no_trace() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let with = |field: &str, value: Value| {
        let mut job = attested(&model, &input("iris_mlp", 0));
        job[field] = value;
        job
    };
    for (field, value) in [
        ("model", json!("0x00")),
        ("model", json!(7)),
        ("scale_bits", json!(0)),
        ("scale_bits", json!(17)),
        ("scale_bits", json!(-1)),
        ("input", json!("1,2,3,4")),
        ("input", json!([1, 2, 3, null])),
        ("max_price", json!("1e3")),
        ("max_price", json!("-1")),
        ("max_price", json!(0.5)),
        ("deadline_ms", json!(999)),
        ("deadline_ms", json!(604_800_001_u64)),
        ("deadline_ms", json!(1.5)),
        ("objective", json!("best")),
        ("privacy", json!("secret")),
        ("min_trust_tier", json!("trusted")),
        ("label", json!("")),
        ("label", json!("x".repeat(129))),
        ("label", json!("a\u{0}b")),
        ("callback", json!("http://localhost/")),
    ] {
        let answer = api.post("/v1/jobs", &with(field, value.clone())).await;
        assert_eq!(answer.refused(422), "SH-API-002", "{field}: {value}");
    }
    // Inputs that do not fit the model.
    for values in [json!([]), json!([1, 2, 3]), json!([1, 2, 3, 4, 5]), json!([1e300, 0, 0, 0])] {
        let answer = api.post("/v1/jobs", &with("input", values.clone())).await;
        assert!(answer.refused(422).starts_with("SH-REF"), "{values}: {answer:?}");
        assert!(text(&answer.json()["detail"]).starts_with("input: "), "{answer:?}");
    }
    let unknown = format!("0x{}", "ab".repeat(32));
    assert_eq!(api.post("/v1/jobs", &with("model", json!(unknown))).await.refused(404), "SH-API-005");
    assert_eq!(api.post("/v1/jobs", &with("scale_bits", json!(8))).await.refused(404), "SH-API-005");
    for id in ["x", "job_", "job_01JZ8Y2Q6W3E4R5T6Y7V8J9K0P", "%00", "..%2f..%2fkeys"] {
        assert_eq!(api.get(&format!("/v1/jobs/{id}")).await.refused(404), "SH-API-005", "{id}");
    }
    assert!(api.get("/v1/jobs").await.expect(200)["items"].as_array().unwrap().is_empty());
}

async fn page(api: &Api, path: &str, cursor: Option<&str>) -> (Vec<String>, Option<String>) {
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    let page = api.get(&format!("{path}{cursor}")).await.expect(200);
    let ids = page["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect();
    (ids, page["next_cursor"].as_str().map(ToOwned::to_owned))
}

/// A client that walks the list while others submit must not miss a job, nor see one twice.
#[tokio::test(flavor = "multi_thread")]
async fn pages_hold_every_job_once_while_new_ones_come() {
    let data = tempfile::tempdir().unwrap();
    // Jobs wait for a prover that is not there, so that none moves while it is counted.
    let served = Setting::new(data.path()).with("SHEAF_PROVERS__GROTH16", 0).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let mut before = BTreeSet::new();
    for index in 0..23 {
        before.insert(api.submit(&proven(&model, &input("iris_mlp", index))).await);
    }
    let mut seen = Vec::new();
    let mut cursor = None;
    for round in 0.. {
        let (ids, next) = page(&api, "/v1/jobs?limit=5", cursor.as_deref()).await;
        assert!(ids.len() == 5 || next.is_none(), "{ids:?}");
        seen.extend(ids);
        let Some(next) = next else { break };
        cursor = Some(next);
        api.submit(&proven(&model, &input("iris_mlp", 50 + round))).await;
    }
    let distinct: BTreeSet<String> = seen.iter().cloned().collect();
    assert_eq!(distinct.len(), seen.len(), "no job comes twice");
    assert_eq!(distinct, before, "every job that was there comes, and none that came later");
    assert!(seen.is_sorted_by(|newer, older| newer > older), "newest first");

    let (all, _) = page(&api, "/v1/jobs?limit=100", None).await;
    let mut listed = 0;
    for status in
        ["accepted", "routed", "proving", "verified", "batched", "aggregated", "failed", "cancelled"]
    {
        listed += page(&api, &format!("/v1/jobs?limit=100&status={status}"), None).await.0.len();
    }
    // A job may move on between two of these, and then comes twice; none may be missing.
    assert!(listed >= all.len(), "{listed} of {}", all.len());
    for query in
        ["limit=0", "limit=101", "limit=x", "limit=-1", "cursor=x", "cursor=", "status=odd", "page=2"]
    {
        for path in ["/v1/jobs", "/v1/models", "/v1/batches"] {
            assert_eq!(
                api.get(&format!("{path}?{query}")).await.refused(400),
                "SH-API-017",
                "{path}?{query}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_ends_a_job_once_and_comes_too_late_for_a_batch() {
    let data = tempfile::tempdir().unwrap();
    // Batches that nobody proves: a job of theirs stays where it is.
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let path = |id: &str| format!("/v1/jobs/{id}");

    let batched = api.submit(&proven(&model, &input("iris_mlp", 0))).await;
    eventually("a batched job", async || {
        (api.get(&path(&batched)).await.expect(200)["status"] == "batched").then_some(())
    })
    .await;
    let refused = api.delete(&path(&batched)).await;
    assert_eq!(refused.refused(409), "SH-API-009");
    assert!(text(&refused.json()["detail"]).contains("batched"), "{refused:?}");

    let aggregated = api.submit(&attested(&model, &input("iris_mlp", 1))).await;
    api.aggregated(&aggregated).await;
    assert_eq!(api.delete(&path(&aggregated)).await.refused(409), "SH-API-009");
    assert_eq!(api.delete("/v1/jobs/job_01JZ8Y2Q6W3E4R5T6Y7V8J9K0P").await.refused(404), "SH-API-005");
    drop(served);

    // With batches that never close, a job can be cancelled as long as anyone likes.
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).without_batches().start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let id = api.submit(&attested(&model, &input("iris_mlp", 2))).await;
    eventually("a verified job", async || {
        (api.get(&path(&id)).await.expect(200)["status"] == "verified").then_some(())
    })
    .await;
    let cancelled = api.delete(&path(&id)).await.expect(200);
    assert_eq!((&cancelled["status"], &cancelled["outcome"]), (&"cancelled".into(), &"cancelled".into()));
    assert_eq!(api.delete(&path(&id)).await.expect(200), cancelled, "again, it changes nothing");
    let events = ended_once(&api, &id).await;
    assert_eq!(events.last().unwrap().status, "cancelled");
    assert_eq!(api.ended(&id).await, cancelled);
}

/// Jobs are stored before they are answered, so that a full house says so at the door.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_house_refuses_new_jobs_until_there_is_room() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_MAX_OPEN_JOBS", 0).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let answer = api.post("/v1/jobs", &attested(&model, &input("iris_mlp", 0))).await;
    assert_eq!(answer.refused(503), "SH-API-013");
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    assert_eq!(answer.json()["retryable"], true);
    let proof = api.post("/v1/proofs", &json!({ "version": "sheaf/proof/v1" })).await;
    assert_eq!(proof.refused(503), "SH-API-013");
}

//! The same request twice is one job.

use reqwest::Method;
use serde_json::Value;

use crate::gateway::eventually;
use crate::gateway::http::{Answer, Api, text};
use crate::gateway::process::Setting;
use crate::gateway::samples::{attested, input, proven};

async fn post(api: &Api, key: &str, job: &Value) -> Answer {
    api.send(api.request(Method::POST, "/v1/jobs").header("idempotency-key", key).json(job)).await
}

async fn count(api: &Api) -> usize {
    api.get("/v1/jobs?limit=100").await.expect(200)["items"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_sent_again_is_answered_with_its_first_job_and_another_body_is_refused() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let (job, other) = (attested(&model, &input("iris_mlp", 0)), attested(&model, &input("iris_mlp", 1)));
    let first = post(&api, "k-1", &job).await;
    let id = first.expect(202)["id"].clone();
    assert_eq!(first.header("idempotent-replayed"), None);
    // Quoted, as the draft has it, or bare, as most clients send it.
    for key in ["k-1", "\"k-1\""] {
        let again = post(&api, key, &job).await;
        assert_eq!(again.expect(202)["id"], id);
        assert_eq!(again.header("idempotent-replayed"), Some("true"));
        assert_eq!(again.header("location"), first.header("location"));
    }
    assert_eq!(post(&api, "k-1", &other).await.refused(422), "SH-API-008");
    // The key names one request of the whole API.
    let request = api.request(Method::POST, "/v1/proofs").header("idempotency-key", "k-1").json(&job);
    assert_eq!(api.send(request).await.refused(422), "SH-API-008");
    assert_eq!(count(&api).await, 1);
    assert_ne!(post(&api, "k-2", &job).await.expect(202)["id"], id);

    // After the job has ended, and after a restart.
    let ended = api.aggregated(&text(&id)).await;
    let key = api.key.clone();
    assert!(served.terminate().success());
    let served = Setting::new(data.path()).start();
    let api = Api::new(&served.url, &key);
    assert_eq!(post(&api, "k-1", &job).await.expect(202), ended);
    assert_eq!(post(&api, "k-1", &other).await.refused(422), "SH-API-008");

    for key in ["", " ", "a b", &"x".repeat(256)] {
        assert_eq!(post(&api, key, &job).await.refused(400), "SH-API-017", "{key:?}");
    }
}

/// A client that gives up and sends again while its first request is under way must not make two jobs of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_keeps_its_twins_out() {
    let data = tempfile::tempdir().unwrap();
    // The job's batch is never proven, so that the first request waits for as long as it asked to.
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).without_batches().start();
    let api = served.api();
    let job = proven(&api.model("iris_mlp").await, &input("iris_mlp", 0));
    let first = tokio::spawn({
        let (api, job) = (api.clone(), job.clone());
        async move {
            let request = api.request(Method::POST, "/v1/jobs").header("idempotency-key", "k");
            api.send(request.header("prefer", "wait=60").json(&job)).await
        }
    });
    let id = eventually("the first request's job", async || {
        let jobs = api.get("/v1/jobs").await.expect(200);
        jobs["items"].as_array().unwrap().first().map(|job| text(&job["id"]))
    })
    .await;
    let second = post(&api, "k", &job).await;
    assert_eq!(second.refused(409), "SH-API-007");
    assert_eq!(second.json()["retryable"], true);
    assert!(second.header("retry-after").is_some());
    api.delete(&format!("/v1/jobs/{id}")).await.expect(200);
    assert_eq!(first.await.unwrap().expect(200)["status"], "cancelled");
    assert_eq!(post(&api, "k", &job).await.expect(202)["id"], id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_key_are_one_job() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let job = attested(&api.model("iris_mlp").await, &input("iris_mlp", 0));
    let mut sent = tokio::task::JoinSet::new();
    for _ in 0..32 {
        let (api, job) = (api.clone(), job.clone());
        sent.spawn(async move { post(&api, "k", &job).await });
    }
    let mut ids = std::collections::BTreeSet::new();
    for answer in sent.join_all().await {
        match answer.status {
            202 => drop(ids.insert(text(&answer.json()["id"]))),
            _ => assert_eq!(answer.refused(409), "SH-API-007"),
        }
    }
    assert_eq!((ids.len(), count(&api).await), (1, 1));
}

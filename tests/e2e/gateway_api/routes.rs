//! Why a job went where it went, and why it did not go elsewhere.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use sheaf_policies::{Decision, Reason};

use crate::gateway::http::{Api, text};
use crate::gateway::process::Setting;
use crate::gateway::samples::{attested, input, proven};

/// A job's decisions, from the bytes that came: checked to be canonical, and to follow from their inputs.
async fn decisions(api: &Api, job: &str) -> Vec<Decision> {
    #[derive(Deserialize)]
    struct Route {
        decisions: Vec<Box<RawValue>>,
    }

    let answer = api.get(&format!("/v1/jobs/{job}/route")).await;
    let route: Route = serde_json::from_slice(&answer.body).unwrap();
    let read = |raw: &RawValue| {
        let decision = Decision::from_bytes(raw.get().as_bytes()).unwrap();
        assert!(decision.replay(), "{raw}");
        decision
    };
    route.decisions.iter().map(|raw| read(raw)).collect()
}

/// Submits a job that nobody can serve, and returns why not, for each prover.
async fn hopeless(api: &Api, job: &Value) -> Vec<(String, Vec<Reason>)> {
    let id = api.submit(job).await;
    let ended = api.ended(&id).await;
    assert_eq!(
        (&ended["status"], &ended["failure"]["stage"]),
        (&"failed".into(), &"routing".into()),
        "{ended}"
    );
    assert_eq!(ended["failure"]["code"], "SH-JOB-001", "{ended}");
    let [decision] = decisions(api, &id).await.try_into().unwrap();
    assert_eq!(decision.chosen, None);
    assert_eq!(ended["failure"]["message"], decision.summary);
    assert_eq!(api.route(&id).await["attempts"], json!([]));
    decision.rejected.into_iter().map(|rejected| (rejected.prover.to_string(), rejected.reasons)).collect()
}

fn names(reasons: &[Reason]) -> Vec<&'static str> {
    reasons.iter().map(Reason::name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rejection_is_in_the_route_with_its_reason_and_replays() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let with = |field: &str, value: Value| {
        let mut job = proven(&model, &input("iris_mlp", 0));
        job[field] = value;
        job
    };
    let price = hopeless(&api, &with("max_price", json!("0.000001"))).await;
    assert_eq!(price.len(), 2, "every prover has its reasons");
    assert_eq!((price[0].0.as_str(), names(&price[0].1)), ("embedded-plonky2", vec!["price_above_limit"]));
    assert_eq!((price[1].0.as_str(), names(&price[1].1)), ("groth16-bn254", vec!["tier_too_low"]));
    let deadline = hopeless(&api, &with("deadline_ms", json!(1000))).await;
    assert_eq!(names(&deadline[0].1), ["deadline_missed"]);
    let mut hidden = attested(&model, &input("iris_mlp", 0));
    hidden["privacy"] = json!("committed");
    hidden["deadline_ms"] = json!(1000);
    let hidden = hopeless(&api, &hidden).await;
    assert_eq!(names(&hidden[0].1), ["deadline_missed"]);
    assert!(names(&hidden[1].1).contains(&"visibility_not_served"), "{hidden:?}");

    // One that is served says who else was asked, and what was expected of each.
    let mut job = attested(&model, &input("iris_mlp", 1));
    for (objective, index) in [("cheapest", 1), ("fastest", 2), ("balanced", 3)] {
        job["objective"] = json!(objective);
        job["input"] = json!(input("iris_mlp", index));
        let id = api.submit(&job).await;
        let ended = api.aggregated(&id).await;
        let [decision] = decisions(&api, &id).await.try_into().unwrap();
        assert_eq!(decision.chosen.as_ref().map(ToString::to_string).as_deref(), ended["prover"].as_str());
        assert_eq!(decision.ranked.len(), 2, "{}", decision.summary);
        assert_eq!(decision.ranked[0].price.to_string(), text(&ended["price"]));
        assert_eq!(ended["prover"], "groth16-bn254");
    }
}

/// An identical question has its answer already: it is not proven twice, nor paid for twice.
#[tokio::test(flavor = "multi_thread")]
async fn identical_jobs_share_one_proof() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let values = input("iris_mlp", 0);
    let mut sent = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (api, job) = (api.clone(), attested(&model, &values));
        sent.spawn(async move { api.submit(&job).await });
    }
    let mut ids = sent.join_all().await;
    ids.sort();
    // Another spelling of the same values, another label, another objective.
    let mut spelt = attested(&model, &values);
    spelt["input"] = json!(values.iter().map(|value| value + 1e-9).collect::<Vec<_>>());
    spelt["label"] = json!("again");
    spelt["objective"] = json!("fastest");
    ids.push(api.submit(&spelt).await);

    let mut attempts = 0;
    let mut ended = Vec::new();
    for id in &ids {
        let job = api.aggregated(id).await;
        attempts += api.route(id).await["attempts"].as_array().unwrap().len();
        ended.push(job);
    }
    assert_eq!(attempts, 1, "proven once");
    let statements: std::collections::BTreeSet<String> =
        ended.iter().map(|job| text(&job["statement_id"])).collect();
    assert_eq!(statements.len(), 1);
    let reused = ended.iter().filter(|job| job["reused_from"].is_string()).count();
    assert_eq!(reused, ids.len() - 1);
    assert!(ended.iter().all(|job| job["result"] == ended[0]["result"]));

    // Another privacy, another tier, another input is another question.
    for (field, value) in [
        ("privacy", json!("private")),
        ("min_trust_tier", json!("proven")),
        ("input", json!(input("iris_mlp", 1))),
    ] {
        let mut other = attested(&model, &values);
        other[field] = value;
        let job = api.aggregated(&api.submit(&other).await).await;
        assert!(job.get("reused_from").is_none(), "{job}");
        assert!(!statements.contains(&text(&job["statement_id"])), "{job}");
    }
}

/// An input in range with which a value inside the model is not: no prover can mend that, so none is asked.
#[tokio::test(flavor = "multi_thread")]
async fn an_input_that_overflows_inside_the_model_fails_with_its_reason() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let request = api.request(reqwest::Method::POST, "/v1/models?scale_bits=16");
    let answer = api
        .send(
            request
                .header("content-type", "application/octet-stream")
                .body(crate::gateway::samples::onnx("iris_mlp")),
        )
        .await;
    let model = text(&answer.expect(201)["model"]);
    for tier in ["attested", "proven"] {
        let job = json!({
            "model": model, "scale_bits": 16, "input": [2000, 2000, 2000, 2000], "min_trust_tier": tier,
        });
        let id = api.submit(&job).await;
        let ended = api.ended(&id).await;
        assert_eq!(ended["status"], "failed", "{ended}");
        assert!(text(&ended["failure"]["code"]).starts_with("SH-REF"), "{ended}");
        assert_eq!(ended["failure"]["retryable"], false);
        assert_eq!(api.route(&id).await["attempts"], json!([]));
    }
    let provers = api.get("/v1/provers").await.expect(200);
    for prover in provers["items"].as_array().unwrap() {
        assert_eq!((&prover["status"], &prover["recent_failures"]), (&"ready".into(), &0.into()), "{prover}");
    }
}

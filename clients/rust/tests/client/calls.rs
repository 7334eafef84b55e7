//! Every call: what it sends, and that it understands what comes back.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sheaf_client::tasks::{LeaseRequest, TaskFailure, TaskOutcome};
use sheaf_client::{
    BatchId, Error, ExposeSecret, JobId, JobRequest, JobStatus, JobsQuery, KeyId, KeyRequest, ModelDigest,
    ModelOptions, Objective, Outcome, PageQuery, Privacy, ProofEncoding, Scope, StatementId, SubmitOptions,
    TrustTier, Usd, WebhookId,
};
use wiremock::ResponseTemplate;
use wiremock::matchers::{body_bytes, body_json, header, header_exists, query_param, query_param_is_missing};

use crate::common::{answer, call, gateway, job, problem};

fn page(item: &Value) -> Value {
    json!({"items": [item], "next_cursor": "c2", "total": 7})
}

fn model() -> Value {
    json!({
        "model": "0xab", "name": "iris", "created_ms": 1, "scale_bits": 12, "input_shape": [1, 4],
        "output_shape": [1, 3], "classes": false, "error_bound_unit_inputs": 0.01,
        "provers": [{
            "prover": "embedded-plonky2", "privacy": "public", "trust_tier": "proven", "serves": true,
            "compiled": false, "estimated_price": "0.000140", "estimated_latency_ms": 900,
        }],
    })
}

fn batch() -> Value {
    json!({
        "id": "bat_1", "trust_tier": "proven", "status": "proving", "closed_because": "full", "created_ms": 1,
        "size": 1, "statements": ["0xcd"],
        "tasks": [{
            "id": "tsk_1", "index": 0, "kind": "leaf", "children": [], "members": [0], "status": "leased",
            "worker": "w1", "tries": 1, "started_ms": 5,
        }],
    })
}

#[tokio::test]
async fn models_are_added_listed_and_shown() {
    let (server, client) = gateway().await;
    call("POST", "/v1/models")
        .and(query_param("name", "iris & co"))
        .and(query_param("scale_bits", "10"))
        .and(header("content-type", "application/octet-stream"))
        .and(body_bytes(b"onnx".to_vec()))
        .respond_with(answer(201, &model()))
        .expect(1)
        .mount(&server)
        .await;
    call("GET", "/v1/models").respond_with(answer(200, &page(&model()))).mount(&server).await;
    call("GET", "/v1/models/0xab")
        .and(query_param_is_missing("scale_bits"))
        .respond_with(answer(200, &model()))
        .mount(&server)
        .await;

    let options = ModelOptions { name: Some("iris & co".into()), scale_bits: Some(10) };
    let added = client.add_model(b"onnx".as_slice(), &options).await.unwrap();
    assert_eq!(added.provers[0].estimated_price, Some(Usd::from_micros(140)));
    let models = client.models(&PageQuery::default()).await.unwrap();
    assert_eq!((models.items, models.next_cursor.as_deref()), (vec![added.clone()], Some("c2")));
    assert_eq!(client.model(&ModelDigest::from("0xab"), None).await.unwrap(), added);
}

#[tokio::test]
async fn job_is_submitted_with_a_fresh_idempotency_key() {
    let (server, client) = gateway().await;
    let sent = json!({
        "model": "0xab", "scale_bits": 10, "input": [5.1, -0.5], "max_price": "0.050000",
        "deadline_ms": 60_000, "objective": "fastest", "privacy": "committed", "min_trust_tier": "attested",
        "label": "mine",
    });
    call("POST", "/v1/jobs")
        .and(header_exists("idempotency-key"))
        .and(header("content-type", "application/json"))
        .and(body_json(sent))
        .respond_with(answer(202, &job("accepted", false)).insert_header("location", "/v1/jobs/job_1"))
        .expect(1)
        .mount(&server)
        .await;

    let request = JobRequest::new("0xab", vec![5.1, -0.5])
        .scale_bits(10)
        .max_price("0.05".parse().unwrap())
        .deadline(Duration::from_secs(60))
        .objective(Objective::Fastest)
        .privacy(Privacy::Committed)
        .min_trust_tier(TrustTier::Attested)
        .label("mine");
    let job = client.submit(&request).await.unwrap();
    assert_eq!(
        (job.id.as_str(), &job.status, job.price),
        ("job_1", &JobStatus::Accepted, Some(Usd::from_micros(140)))
    );
    assert_eq!(job.objective, Objective::Other("greenest".into()));
}

#[tokio::test]
async fn job_is_submitted_with_the_callers_key_and_wait() {
    let (server, client) = gateway().await;
    call("POST", "/v1/jobs")
        .and(header("idempotency-key", "order-7"))
        .and(header("prefer", "wait=60"))
        .and(body_json(json!({"model": "0xab", "input": [1.0]})))
        .respond_with(answer(200, &job("aggregated", true)))
        .expect(1)
        .mount(&server)
        .await;
    let options = SubmitOptions { idempotency_key: Some("order-7".into()), wait: Duration::from_secs(3_600) };
    let job = client.submit_with(&JobRequest::new("0xab", vec![1.0]), &options).await.unwrap();
    assert!(job.done);
}

#[tokio::test]
async fn input_that_json_cannot_hold_is_rejected_before_it_is_sent() {
    let (server, client) = gateway().await;
    for value in [f64::NAN, f64::INFINITY] {
        let error = client.submit(&JobRequest::new("0xab", vec![1.0, value])).await.unwrap_err();
        assert!(matches!(error, Error::Argument { what: "input", .. }), "{error}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn jobs_are_shown_listed_and_cancelled() {
    let (server, client) = gateway().await;
    call("GET", "/v1/jobs/job_1").respond_with(answer(200, &job("settled", false))).mount(&server).await;
    call("GET", "/v1/jobs")
        .and(query_param("limit", "5"))
        .and(query_param("cursor", "c1"))
        .and(query_param("status", "proving"))
        .respond_with(answer(200, &page(&job("proving", false))))
        .mount(&server)
        .await;
    call("DELETE", "/v1/jobs/job_1").respond_with(answer(200, &job("cancelled", true))).mount(&server).await;

    let id = JobId::from("job_1");
    assert_eq!(client.job(&id).await.unwrap().status, JobStatus::Other("settled".into()));
    let page = PageQuery { limit: Some(5), cursor: Some("c1".into()) };
    let query = JobsQuery { page, status: Some(JobStatus::Proving) };
    assert_eq!(client.jobs(&query).await.unwrap().items[0].id, id);
    assert_eq!(client.cancel(&id).await.unwrap().status, JobStatus::Cancelled);
}

#[tokio::test]
async fn wait_polls_until_the_job_has_ended() {
    let (server, client) = gateway().await;
    call("GET", "/v1/jobs/job_1")
        .and(header("prefer", "wait=20"))
        .respond_with(answer(200, &job("proving", false)))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    let mut ended = job("failed", true);
    ended["outcome"] = json!("failed");
    ended["failure"] = json!({"stage": "proving", "code": "SH-JOB-002", "message": "no", "retryable": true});
    call("GET", "/v1/jobs/job_1").respond_with(answer(200, &ended)).expect(1).mount(&server).await;

    let started = Instant::now();
    let job = client.wait(&JobId::from("job_1"), Duration::from_secs(3_600)).await.unwrap();
    assert_eq!((job.outcome, job.failure.unwrap().code.as_str()), (Some(Outcome::Failed), "SH-JOB-002"));
    // A gateway that does not hold is not asked in a tight loop.
    assert!(started.elapsed() >= Duration::from_millis(500));
}

#[tokio::test]
async fn wait_ends_at_its_deadline() {
    let (server, client) = gateway().await;
    call("GET", "/v1/jobs/job_1").respond_with(answer(200, &job("proving", false))).mount(&server).await;
    let started = Instant::now();
    let error = client.wait(&JobId::from("job_1"), Duration::from_millis(600)).await.unwrap_err();
    assert!(matches!(&error, Error::NotDone { status: JobStatus::Proving, within_ms: 600, .. }), "{error}");
    assert!(error.is_retryable() && started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn route_keeps_what_it_does_not_know() {
    let (server, client) = gateway().await;
    let route = json!({
        "job": "job_1",
        "chosen": "a",
        "decisions": [{
            "version": 1,
            "inputs": {"now_ms": 5},
            "chosen": "a",
            "ranked": [{
                "prover": "a", "score": 7, "tie_break": 1, "price": 140, "expected_ms": 900, "slack_ms": 10,
                "failure_ppm": 50_000, "terms": [{"name": "price", "value": 140, "unit": 1_000, "points": 7}],
            }],
            "rejected": [{
                "prover": "b",
                "reasons": [{"code": "SH-POL-002", "name": "price_above_limit", "expected": 1, "got": 2}],
            }],
            "summary": "Chose a.",
        }],
        "attempts": [{"id": "att_1", "prover": "a", "started_ms": 1, "outcome": "running"}],
    });
    call("GET", "/v1/jobs/job_1/route").respond_with(answer(200, &route)).mount(&server).await;
    let got = client.route(&JobId::from("job_1")).await.unwrap();
    assert_eq!(got.decisions[0].rejected[0].reasons[0].fields["got"], 2);
    assert_eq!(serde_json::to_value(got).unwrap(), route);
}

#[tokio::test]
async fn proofs_are_fetched_and_brought() {
    let (server, client) = gateway().await;
    let document = b"{ \"version\":\"sheaf/proof/v1\" }\n";
    call("GET", "/v1/jobs/job_1/proof")
        .respond_with(ResponseTemplate::new(200).set_body_raw(document.to_vec(), "application/json"))
        .mount(&server)
        .await;
    for kind in ["application/json", "application/octet-stream"] {
        call("POST", "/v1/proofs")
            .and(header("content-type", kind))
            .and(body_bytes(document.to_vec()))
            .respond_with(answer(202, &job("accepted", false)))
            .expect(1)
            .mount(&server)
            .await;
    }
    let proof = client.proof(&JobId::from("job_1")).await.unwrap();
    assert_eq!(proof, document.as_slice());
    client.bring_proof(proof.clone(), ProofEncoding::Json).await.unwrap();
    client.bring_proof(proof, ProofEncoding::Binary).await.unwrap();
}

#[tokio::test]
async fn receipt_comes_with_its_tier_and_batch() {
    let (server, client) = gateway().await;
    for (id, tier) in [("0x01", "proven"), ("0x02", "attested")] {
        call("GET", &format!("/v1/receipts/{id}"))
            .respond_with(
                answer(200, &json!({"trust_tier": tier, "more": 1})).insert_header("sheaf-batch", "bat_1"),
            )
            .mount(&server)
            .await;
    }
    let proven = client.receipt(&StatementId::from("0x01")).await.unwrap();
    assert_eq!((proven.trust_tier, proven.batch), (TrustTier::Proven, Some(BatchId::from("bat_1"))));
    let attested = client.receipt(&StatementId::from("0x02")).await.unwrap();
    assert_eq!(attested.trust_tier, TrustTier::Attested);
}

#[tokio::test]
async fn batches_are_listed_shown_and_their_aggregate_fetched() {
    let (server, client) = gateway().await;
    call("GET", "/v1/batches").respond_with(answer(200, &page(&batch()))).mount(&server).await;
    call("GET", "/v1/batches/bat_1").respond_with(answer(200, &batch())).mount(&server).await;
    call("GET", "/v1/batches/bat_1/aggregate")
        .respond_with(ResponseTemplate::new(200).set_body_raw("exact bytes", "application/json"))
        .mount(&server)
        .await;
    let id = BatchId::from("bat_1");
    let batch = client.batch(&id).await.unwrap();
    assert_eq!((batch.tasks[0].kind.as_str(), batch.tasks[0].worker.as_deref()), ("leaf", Some("w1")));
    assert_eq!(client.batches(&PageQuery::default()).await.unwrap().items, [batch]);
    assert_eq!(client.aggregate(&id).await.unwrap(), "exact bytes");
}

#[tokio::test]
async fn provers_are_listed() {
    let (server, client) = gateway().await;
    let prover = json!({
        "id": "embedded-plonky2", "title": "Embedded", "system": "plonky2-goldilocks-v1", "trust_tier": "proven",
        "privacy": ["public", "committed"], "version": "0.1.0", "notes": [], "status": "ready", "running": 0,
        "capacity": 2, "recent_failures": 0, "recent_attempts": 3,
        "latency": {"p50_ms": 1, "p90_ms": 2, "p99_ms": 3, "samples": 3},
    });
    call("GET", "/v1/provers").respond_with(answer(200, &json!({"items": [prover]}))).mount(&server).await;
    let provers = client.provers().await.unwrap();
    assert_eq!(provers[0].latency.unwrap().p90_ms, 2);
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked() {
    let (server, client) = gateway().await;
    let key =
        json!({"id": "key_1", "name": "ci", "tenant": "acme", "scopes": ["read", "fly"], "created_ms": 1});
    let mut new = key.clone();
    new["secret"] = json!("sheaf_sk_secret");
    call("POST", "/v1/keys")
        .and(body_json(json!({"name": "ci", "scopes": ["read"], "expires_in_s": 60})))
        .respond_with(answer(201, &new))
        .mount(&server)
        .await;
    call("GET", "/v1/keys").respond_with(answer(200, &json!({"items": [key]}))).mount(&server).await;
    call("DELETE", "/v1/keys/key_1").respond_with(ResponseTemplate::new(204)).expect(1).mount(&server).await;

    let request =
        KeyRequest { name: "ci".into(), scopes: vec![Scope::Read], tenant: None, expires_in_s: Some(60) };
    let new = client.create_key(&request).await.unwrap();
    assert_eq!(new.secret.expose_secret(), "sheaf_sk_secret");
    assert!(!format!("{new:?}").contains("sheaf_sk_secret"));
    assert_eq!(client.keys().await.unwrap(), [new.key]);
    client.revoke_key(&KeyId::from("key_1")).await.unwrap();
}

#[tokio::test]
async fn webhooks_are_made_listed_and_deleted() {
    let (server, client) = gateway().await;
    let hook =
        json!({"id": "whk_1", "url": "https://a.example/h", "created_ms": 1, "pending": 0, "failed": 0});
    let mut new = hook.clone();
    new["secret"] = json!("whsec_secret");
    call("POST", "/v1/webhooks")
        .and(body_json(json!({"url": "https://a.example/h"})))
        .respond_with(answer(201, &new))
        .mount(&server)
        .await;
    call("GET", "/v1/webhooks").respond_with(answer(200, &json!({"items": [hook]}))).mount(&server).await;
    call("DELETE", "/v1/webhooks/whk_1")
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;

    let new = client.create_webhook("https://a.example/h").await.unwrap();
    assert_eq!(new.secret.expose_secret(), "whsec_secret");
    assert!(!format!("{new:?}").contains("whsec_secret"));
    assert_eq!(client.webhooks().await.unwrap(), [new.webhook]);
    client.delete_webhook(&WebhookId::from("whk_1")).await.unwrap();
}

#[tokio::test]
async fn tasks_are_leased_kept_and_returned() {
    let (server, client) = gateway().await;
    // The white space shows that the document is handed on as it came.
    let lease = r#"{"task":"tsk_1","token":"tok_secret","lease_ms":30000,"document":{ "version" : "sheaf/task/v1" }}"#;
    call("POST", "/v1/tasks/lease")
        .and(body_json(json!({"worker": "w1", "wait_ms": 1_000})))
        .respond_with(ResponseTemplate::new(200).set_body_raw(lease, "application/json"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    call("POST", "/v1/tasks/lease").respond_with(ResponseTemplate::new(204)).expect(1).mount(&server).await;
    call("POST", "/v1/tasks/tsk_1/heartbeat")
        .and(body_json(json!({"token": "tok_secret"})))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    for sent in [
        json!({"token": "tok_secret", "proof": "AAAA", "cpu_ms": 5}),
        json!({"token": "tok_secret", "failure": {"code": "SH-X-001", "message": "no", "member": 0}}),
    ] {
        call("POST", "/v1/tasks/tsk_1/result")
            .and(body_json(sent))
            .respond_with(ResponseTemplate::new(204))
            .expect(1)
            .mount(&server)
            .await;
    }

    let request = LeaseRequest { worker: "w1".into(), wait_ms: Some(1_000) };
    let lease = client.lease_task(&request).await.unwrap().unwrap();
    assert_eq!(lease.document.get(), r#"{ "version" : "sheaf/task/v1" }"#);
    assert!(!format!("{lease:?}").contains("tok_secret"));
    client.heartbeat(&lease.task, &lease.token).await.unwrap();
    let proof = TaskOutcome::Proof("AAAA".into());
    client.return_task(&lease.task, &lease.token, &proof, Some(5)).await.unwrap();
    let failure = TaskFailure { code: "SH-X-001".into(), message: "no".into(), member: Some(0) };
    client.return_task(&lease.task, &lease.token, &TaskOutcome::Failure(failure), None).await.unwrap();
    assert!(client.lease_task(&request).await.unwrap().is_none());
}

#[tokio::test]
async fn readiness_is_asked_once_or_waited_for() {
    let (server, client) = gateway().await;
    let not_yet = || problem(503, "SH-API-020", true);
    call("GET", "/readyz").respond_with(not_yet()).up_to_n_times(3).mount(&server).await;
    call("GET", "/readyz").respond_with(ResponseTemplate::new(200)).mount(&server).await;

    assert!(!client.ready().await.unwrap());
    client.wait_ready(Duration::from_secs(30)).await.unwrap();
    assert!(client.ready().await.unwrap());
    assert_eq!(server.received_requests().await.unwrap().len(), 5);
}

//! What goes wrong: problems, retries and their limits, hostile answers, and that the key stays secret.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use sheaf_client::tasks::{LeaseRequest, TaskId};
use sheaf_client::{Client, Error, JobId, JobRequest, KeyRequest, PageQuery, ProofEncoding, Scope};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{KEY, answer, call, gateway, job, problem};

fn id() -> JobId {
    JobId::from("job_1")
}

async fn requests(server: &MockServer) -> usize {
    server.received_requests().await.unwrap().len()
}

#[tokio::test]
async fn problem_is_told_in_full() {
    let (server, client) = gateway().await;
    let refusal = problem(429, "SH-API-011", true).insert_header("retry-after", "3600");
    call("GET", "/v1/jobs/job_1").respond_with(refusal).mount(&server).await;
    let error = client.job(&id()).await.unwrap_err();
    let problem = error.problem().unwrap();
    assert_eq!(
        (problem.status, problem.code.as_str(), problem.retryable, problem.request_id.as_str()),
        (429, "SH-API-011", true, "req_1")
    );
    assert_eq!(problem.detail, "expected a quiet hour, got a busy one");
    assert_eq!(problem.mend, "come back later");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(3_600)));
    assert_eq!((error.code(), error.is_retryable()), ("SH-API-011", true));
    // An hour is longer than the client tries, so it did not wait for nothing.
    assert_eq!(requests(&server).await, 1);
}

#[tokio::test]
async fn busy_gateway_is_asked_again_after_the_time_it_names() {
    let (server, client) = gateway().await;
    let busy = problem(503, "SH-API-020", true).insert_header("retry-after", "1");
    call("GET", "/v1/jobs/job_1").respond_with(busy).up_to_n_times(1).mount(&server).await;
    call("GET", "/v1/jobs/job_1").respond_with(answer(200, &job("proving", false))).mount(&server).await;
    let started = Instant::now();
    client.job(&id()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(requests(&server).await, 2);
}

#[tokio::test]
async fn every_try_of_a_submission_has_the_same_idempotency_key() {
    let (server, client) = gateway().await;
    call("POST", "/v1/jobs")
        .respond_with(problem(503, "SH-API-020", true))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    call("POST", "/v1/jobs").respond_with(answer(202, &job("accepted", false))).mount(&server).await;
    let request = JobRequest::new("0xab", vec![1.0]);
    let keys = async || {
        let requests = server.received_requests().await.unwrap();
        let keys =
            requests.iter().map(|request| request.headers["idempotency-key"].to_str().unwrap().to_owned());
        (requests.len(), keys.collect::<BTreeSet<_>>().len())
    };
    client.submit(&request).await.unwrap();
    assert_eq!(keys().await, (3, 1));
    client.submit(&request).await.unwrap();
    assert_eq!(keys().await, (4, 2));
}

#[tokio::test]
async fn refusals_are_not_tried_again() {
    for status in [400, 401, 403, 404, 409, 413, 422, 500, 501] {
        let (server, client) = gateway().await;
        let retryable = status == 404;
        call("GET", "/v1/jobs/job_1")
            .respond_with(problem(status, "SH-API-008", retryable))
            .mount(&server)
            .await;
        let error = client.job(&id()).await.unwrap_err();
        assert_eq!((error.problem().unwrap().status, error.is_retryable()), (status, retryable));
        assert_eq!(requests(&server).await, 1, "{status}");
    }
}

#[tokio::test]
async fn calls_that_could_do_it_twice_are_not_tried_again() {
    let (server, client) = gateway().await;
    let busy = || problem(503, "SH-API-020", true);
    for path in ["/v1/proofs", "/v1/keys", "/v1/webhooks", "/v1/tasks/lease"] {
        call("POST", path).respond_with(busy()).expect(1).mount(&server).await;
    }
    let key = KeyRequest { name: "a".into(), scopes: vec![Scope::Read], tenant: None, expires_in_s: None };
    client.bring_proof("{}", ProofEncoding::Json).await.unwrap_err();
    client.create_key(&key).await.unwrap_err();
    client.create_webhook("https://a.example").await.unwrap_err();
    client.lease_task(&LeaseRequest { worker: "w".into(), wait_ms: None }).await.unwrap_err();
}

#[tokio::test]
async fn no_call_is_tried_again_where_the_client_is_told_not_to() {
    let (server, _) = gateway().await;
    call("GET", "/v1/provers").respond_with(problem(503, "SH-API-020", true)).expect(1).mount(&server).await;
    let client = Client::builder(&server.uri()).key(KEY).retry_for(Duration::ZERO).build().unwrap();
    client.provers().await.unwrap_err();
}

#[tokio::test]
async fn proxy_that_fails_is_no_problem_document() {
    let (server, client) = gateway().await;
    let bad = ResponseTemplate::new(502).set_body_string("<html>bad gateway</html>");
    call("GET", "/v1/provers").respond_with(bad).up_to_n_times(1).mount(&server).await;
    call("GET", "/v1/provers").respond_with(answer(200, &json!({"items": []}))).mount(&server).await;
    assert!(client.provers().await.unwrap().is_empty());
}

/// Attack: a gateway sends its clients elsewhere, with what they send.
#[tokio::test]
async fn redirect_is_not_followed() {
    let (server, client) = gateway().await;
    let elsewhere = ResponseTemplate::new(307).insert_header("location", format!("{}/other", server.uri()));
    call("GET", "/v1/provers").respond_with(elsewhere).expect(1).mount(&server).await;
    let error = client.provers().await.unwrap_err();
    assert!(matches!(error, Error::Status { status: 307, .. }), "{error}");
    assert_eq!(requests(&server).await, 1);
}

/// Attack: an answer that fills the client's memory.
#[tokio::test]
async fn answer_over_the_limit_is_rejected() {
    let (server, _) = gateway().await;
    call("GET", "/v1/jobs/job_1/proof")
        .respond_with(ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 1_001]))
        .mount(&server)
        .await;
    let build = |limit| Client::builder(&server.uri()).key(KEY).max_answer_bytes(limit).build().unwrap();
    let error = build(1_000).proof(&id()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: 1_000 }), "{error}");
    assert!(!error.is_retryable());
    assert_eq!(build(1_001).proof(&id()).await.unwrap().len(), 1_001);
}

/// Attack: the same without saying how long the answer will be, and without end.
#[tokio::test]
async fn endless_answer_is_cut_off_at_the_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = socket.read(&mut [0; 4_096]).await.unwrap();
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        socket.write_all(head.as_bytes()).await.unwrap();
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        while socket.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let client = Client::builder(&address).key(KEY).max_answer_bytes(1 << 20).build().unwrap();
    let error = client.proof(&id()).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    server.await.unwrap();
}

#[tokio::test]
async fn answer_that_does_not_come_is_a_time_out() {
    let (server, _) = gateway().await;
    let slow = ResponseTemplate::new(200).set_delay(Duration::from_secs(30));
    call("GET", "/v1/provers").respond_with(slow).mount(&server).await;
    let client = Client::builder(&server.uri())
        .key(KEY)
        .timeout(Duration::from_millis(200))
        .retry_for(Duration::ZERO)
        .build()
        .unwrap();
    let error = client.provers().await.unwrap_err();
    assert!(matches!(error, Error::Timeout { limit_ms: 200 }), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn answer_that_is_not_understood_is_not_tried_again() {
    let (server, client) = gateway().await;
    call("GET", "/v1/jobs").respond_with(answer(200, &json!([]))).expect(1).mount(&server).await;
    let error = client.jobs(&Default::default()).await.unwrap_err();
    assert!(matches!(error, Error::Decode { expected: "a page of jobs", .. }), "{error}");
}

/// The gateway restarts while a caller waits for a job.
#[tokio::test]
async fn wait_survives_a_restart_of_the_gateway() {
    // wiremock keeps its own listeners open for later tests; this one must close.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let server = MockServer::builder().listener(listener).start().await;
    let address = server.uri();
    call("GET", "/v1/jobs/job_1").respond_with(answer(200, &job("proving", false))).mount(&server).await;
    // Not even this client's own limit ends the wait.
    let client = Client::builder(&address).key(KEY).retry_for(Duration::ZERO).build().unwrap();
    let waiting = tokio::spawn(async move { client.wait(&id(), Duration::from_secs(60)).await });
    tokio::time::sleep(Duration::from_millis(400)).await;
    drop(server);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert!(!waiting.is_finished());

    let listener = std::net::TcpListener::bind(address.trim_start_matches("http://")).unwrap();
    let server = MockServer::builder().listener(listener).start().await;
    call("GET", "/v1/jobs/job_1").respond_with(answer(200, &job("aggregated", true))).mount(&server).await;
    assert!(waiting.await.unwrap().unwrap().done);
}

/// Attack: read the key out of logs.
#[tokio::test]
async fn key_is_in_no_error() {
    let (server, client) = gateway().await;
    // A gateway could echo it, but then it has leaked it itself; everything that the client adds is looked at here.
    call("GET", "/v1/provers").respond_with(problem(401, "SH-API-002", false)).mount(&server).await;
    call("GET", "/v1/models")
        .respond_with(ResponseTemplate::new(200).set_body_string("{"))
        .mount(&server)
        .await;
    call("GET", "/v1/keys").respond_with(ResponseTemplate::new(418)).mount(&server).await;
    let gone = Client::builder("http://127.0.0.1:9").key(KEY).retry_for(Duration::ZERO).build().unwrap();
    let errors = [
        client.provers().await.unwrap_err(),
        client.models(&PageQuery::default()).await.unwrap_err(),
        client.keys().await.unwrap_err(),
        client.job(&JobId::from("../keys")).await.unwrap_err(),
        gone.provers().await.unwrap_err(),
        gone.heartbeat(&TaskId::from("t"), &serde_json::from_str(r#""tok_secret""#).unwrap())
            .await
            .unwrap_err(),
        Client::new("http://localhost", format!("{KEY}\n")).unwrap_err(),
    ];
    for error in errors {
        let text = format!("{error} {error:?}");
        assert!(text.starts_with("[SH-"), "{text}");
        assert!(!text.contains(KEY) && !text.contains("tok_secret"), "{text}");
    }
}

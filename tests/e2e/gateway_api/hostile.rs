//! Bytes from outside, at every operation of the document: never a 5xx, never an answer that is not documented.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::document::{Operation, operations};
use crate::gateway::http::{Answer, Api};
use crate::gateway::process::Setting;
use crate::gateway::samples::{attested, input};
use crate::gateway::within;

/// An answer that the document promises: of a listed status, and a problem document if it is a refusal.
fn promised(operation: &Operation, answer: &Answer, what: &str) {
    let Operation { method, path, statuses, .. } = operation;
    assert!(answer.status < 500, "{method} {path}, {what}: {answer:?}");
    assert!(statuses.contains(&answer.status), "{method} {path}, {what}: {answer:?}");
    if answer.status >= 400 {
        answer.problem();
    }
}

fn random(length: usize, random: &mut StdRng) -> Vec<u8> {
    (0..length).map(|_| random.random()).collect()
}

/// A value of every type but the right one, for each field of a body that would be taken.
fn wrong_types(right: &Value) -> Vec<Value> {
    let mut wrong = Vec::new();
    for (field, _) in right.as_object().unwrap() {
        for value in [
            json!(null),
            json!(true),
            json!(-1),
            json!(1e308),
            json!(""),
            json!([]),
            json!({}),
            json!([[[1]]]),
        ] {
            let mut body = right.clone();
            body[field] = value;
            wrong.push(body);
        }
        let mut without = right.clone();
        without.as_object_mut().unwrap().remove(field);
        wrong.push(without);
    }
    wrong
}

/// Bodies that the operations would take, by operation.
fn right(operation: &str, model: &str) -> Value {
    match operation {
        "submitJob" => attested(model, &input("iris_mlp", 0)),
        "makeKey" => json!({ "name": "a", "scopes": ["read"], "tenant": "main", "expires_in_s": 60 }),
        "registerWebhook" => json!({ "url": "https://example.com/" }),
        "leaseTask" => json!({ "worker": "w", "wait_ms": 0 }),
        "keepTask" => json!({ "token": "t" }),
        "endTask" => json!({ "token": "t", "proof": "AAAA", "cpu_ms": 1 }),
        _ => json!({ "version": "sheaf/proof/v1", "statement": {}, "program": {}, "proof": "" }),
    }
}

fn bodies(operation: &Operation, model: &str, seed: &mut StdRng) -> Vec<(&'static str, Vec<u8>)> {
    let mut bodies = vec![
        ("nothing", Vec::new()),
        ("zeros", vec![0; 100]),
        ("random bytes", random(1000, seed)),
        ("more random bytes", random(100_000, seed)),
        ("invalid UTF-8", b"{\"model\": \"\xff\xfe\"}".to_vec()),
        ("deep arrays", [vec![b'['; 100_000], vec![b']'; 100_000]].concat()),
        ("deep arrays in an object", [b"{\"input\":".to_vec(), vec![b'['; 100_000]].concat()),
        ("deep objects", b"{\"a\":".repeat(100_000)),
        (
            "a number without end",
            [b"{\"deadline_ms\":".to_vec(), vec![b'9'; 100_000], b"}".to_vec()].concat(),
        ),
        ("too large a number", b"{\"input\":[1e999]}".to_vec()),
        ("no number", b"{\"input\":[NaN]}".to_vec()),
        ("a string without end", [b"{\"label\":\"".to_vec(), vec![b'x'; 100_000]].concat()),
        (
            "many fields",
            format!("{{{}}}", (0..5000).map(|i| format!("\"a{i}\":1")).collect::<Vec<_>>().join(",")).into(),
        ),
        ("a field twice", b"{\"worker\":\"a\",\"worker\":\"b\",\"name\":\"a\",\"name\":\"b\"}".to_vec()),
        ("null", b"null".to_vec()),
        ("a list", b"[\"0x00\", 12, [1]]".to_vec()),
        ("a surrogate", b"{\"label\":\"\\ud800\"}".to_vec()),
    ];
    let right = right(&operation.id, model);
    bodies
        .extend(wrong_types(&right).into_iter().map(|body| ("a wrong type", body.to_string().into_bytes())));
    bodies
}

#[tokio::test(flavor = "multi_thread")]
async fn no_body_makes_an_operation_fail_or_answer_what_is_not_documented() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let mut seed = StdRng::seed_from_u64(5);
    let with_body = operations(&api).await.into_iter().filter(|operation| !operation.bodies.is_empty());
    let mut sent = 0;
    for operation in with_body {
        let path = operation.path.replace("{id}", "tsk_01JZ8Y2Q6W3E4R5T6Y7V8J9K0P");
        for (what, body) in bodies(&operation, &model, &mut seed) {
            for kind in operation.bodies.iter().map(String::as_str).chain(["text/plain"]) {
                let request = api.request(operation.method.clone(), &path).header(CONTENT_TYPE, kind);
                let answer = api.send(request.body(body.clone())).await;
                promised(&operation, &answer, what);
                sent += 1;
            }
        }
        let odd = api.request(operation.method.clone(), &path).header(CONTENT_TYPE, &b"\xff\xfe"[..]);
        promised(&operation, &api.send(odd.body("{}")).await, "a content type that is no text");
    }
    assert!(sent > 500, "{sent}");
    assert_eq!(api.get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_path_query_or_header_makes_an_operation_fail() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let long = "x".repeat(8000);
    let words = [
        "x",
        "%00",
        "%ff",
        "%2e%2e%2f",
        "%F0%9F%90%91",
        "0",
        "-1",
        "null",
        "job_",
        "bat_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "0xzz",
        "%27%20OR%201=1--",
        "%25%25",
        "+",
        "%0d%0aevil:1",
        &long,
    ];
    for operation in operations(&api).await {
        for word in words {
            let path = operation
                .path
                .replace("{id}", word)
                .replace("{digest}", word)
                .replace("{statement_id}", word);
            if path != operation.path {
                let answer = api.send(api.request(operation.method.clone(), &path)).await;
                promised(&operation, &answer, word);
            }
            let path =
                operation.path.replace("{id}", "x").replace("{digest}", "x").replace("{statement_id}", "x");
            let names = operation.queries.iter().map(String::as_str);
            for query in names.chain(["other"]) {
                let path = format!("{path}?{query}={word}");
                let answer = api.send(api.request(operation.method.clone(), &path)).await;
                promised(&operation, &answer, &path);
            }
        }
        let path =
            operation.path.replace("{id}", "x").replace("{digest}", "x").replace("{statement_id}", "x");
        let names = operation.headers.iter().map(|name| name.to_lowercase());
        for header in names.chain(["accept".to_owned(), "expect".to_owned(), "prefer".to_owned()]) {
            for value in
                [&b""[..], b"\xff", b"wait=99999999999999999999", b"18446744073709551616", &[b'x'; 4000]]
            {
                let request = api.request(operation.method.clone(), &path).header(&header, value);
                let answer = api.send(request).await;
                promised(&operation, &answer, &header);
            }
        }
    }
    assert_eq!(api.get("/readyz").await.status, 200);
}

/// Memory is the door's to guard: what is too large is refused by its size, declared or sent.
#[tokio::test(flavor = "multi_thread")]
async fn huge_bodies_are_refused_by_their_size() {
    let data = tempfile::tempdir().unwrap();
    let served =
        Setting::new(data.path()).with("SHEAF_WORKERS", 0).with("SHEAF_MAX_BODY_BYTES", 100_000).start();
    let api = served.api();
    let host = api.url.trim_start_matches("http://");
    for operation in operations(&api).await.into_iter().filter(|operation| !operation.bodies.is_empty()) {
        // Larger than anything that is taken anywhere. Written by hand: the answer comes before the body is through,
        // and a client that is still writing may not see it.
        let path = operation.path.replace("{id}", "x");
        let kind = &operation.bodies[0];
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\ncontent-type: {kind}\r\n",
            api.key
        );
        let answer = within("an answer", flood(host, &head)).await;
        assert_eq!(answer.0, 413, "{} {}: {}", operation.method, operation.path, answer.1);
        assert!(answer.1.contains("SH-API-010"), "{}", answer.1);
    }
    assert_eq!(api.get("/readyz").await.status, 200);
}

/// Sends a chunked body until the answer comes, which is then returned.
async fn flood(host: &str, head: &str) -> (u16, String) {
    let stream = TcpStream::connect(host).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let head = format!("{head}transfer-encoding: chunked\r\n\r\n");
    let writing = tokio::spawn(async move {
        let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
        to.write_all(head.as_bytes()).await?;
        loop {
            to.write_all(&chunk).await?;
        }
        #[expect(unreachable_code, reason = "says what the block gives")]
        std::io::Result::Ok(())
    });
    let answer = read_answer(&mut from).await;
    writing.abort();
    answer
}

/// Reads an answer as far as it says that it goes.
async fn read_answer(from: &mut (impl AsyncReadExt + Unpin)) -> (u16, String) {
    let mut bytes = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = from.read(&mut piece).await.unwrap_or(0);
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            length.is_some_and(|length: usize| body.len() >= length)
        });
        if whole || read == 0 {
            let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
            return (status, text);
        }
    }
}

/// A client that sends a byte now and then must not hold a place for ever.
#[tokio::test(flavor = "multi_thread")]
async fn slow_bodies_and_slow_heads_are_given_up_on() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let host = api.url.trim_start_matches("http://").to_owned();
    let mut slow = tokio::task::JoinSet::new();
    for operation in operations(&api).await.into_iter().filter(|operation| !operation.bodies.is_empty()) {
        let path = operation.path.replace("{id}", "x");
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\ncontent-type: {}\r\n\
             content-length: 1000\r\n\r\n{{",
            api.key, operation.bodies[0]
        );
        let host = host.clone();
        slow.spawn(async move { (operation.path, within("an answer", drip(&host, head)).await) });
    }
    let stalled = tokio::spawn({
        let host = host.clone();
        async move {
            within("the end of a stalled head", drip(&host, "GET /livez HTTP/1.1\r\nx-a: ".to_owned())).await
        }
    });
    // Others are served meanwhile.
    assert_eq!(api.get("/readyz").await.status, 200);
    while let Some(ended) = slow.join_next().await {
        let (path, (status, text)) = ended.unwrap();
        assert_eq!(status, 408, "{path}: {text}");
        assert!(text.contains("SH-API-014"), "{path}: {text}");
    }
    let (status, text) = stalled.await.unwrap();
    assert!(matches!(status, 0 | 408), "{text}");
    // A client that leaves in the middle of its body leaves nothing behind.
    let mut left = TcpStream::connect(&host).await.unwrap();
    left.write_all(b"POST /v1/jobs HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{").await.unwrap();
    drop(left);
    assert_eq!(api.get("/readyz").await.status, 200);
}

/// Sends a byte now and then until there is an answer.
async fn drip(host: &str, head: String) -> (u16, String) {
    let (mut from, mut to) = TcpStream::connect(host).await.unwrap().into_split();
    to.write_all(head.as_bytes()).await.unwrap();
    let writing = tokio::spawn(async move {
        while to.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let answer = read_answer(&mut from).await;
    writing.abort();
    answer
}

/// What is no HTTP at all ends its connection and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_http_end_their_connection_only() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let host = api.url.trim_start_matches("http://");
    let mut seed = StdRng::seed_from_u64(6);
    let huge_head = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(1 << 20)).into_bytes();
    let smuggled =
        b"POST /v1/jobs HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_vec();
    let cases =
        [random(4000, &mut seed), b"\r\n\r\n\r\n".to_vec(), b"GET\r\n\r\n".to_vec(), huge_head, smuggled];
    for bytes in cases {
        let (mut from, mut to) = TcpStream::connect(host).await.unwrap().into_split();
        let _ = to.write_all(&bytes).await;
        let _ = to.shutdown().await;
        let (status, text) = within("an end", read_answer(&mut from)).await;
        assert!(status < 500, "{text}");
    }
    check_alive(&api).await;
}

async fn check_alive(api: &Api) {
    assert_eq!(api.send(api.request(Method::GET, "/readyz")).await.status, 200);
}

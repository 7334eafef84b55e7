//! Event streams over connections that break.

use std::time::Duration;

use serde_json::json;
use sheaf_client::{Client, Error, Events, JobId, JobStatus};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wiremock::ResponseTemplate;
use wiremock::matchers::header;

use crate::common::{KEY, answer, call, gateway, job, problem};

const PATH: &str = "/v1/jobs/job_1/events";

fn event(seq: u64, status: &str) -> String {
    let data =
        json!({"job": "job_1", "seq": seq, "at_ms": 1_000 + seq, "status": status, "detail": {"n": seq}});
    format!(": heartbeat\n\nid: {seq}\nevent: {status}\ndata: {data}\n\n")
}

fn stream(text: String) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(text, "text/event-stream")
}

async fn seqs(mut events: Events) -> Vec<u64> {
    let mut seqs = Vec::new();
    while let Some(event) = events.next().await {
        seqs.push(event.unwrap().seq);
    }
    seqs
}

#[tokio::test]
async fn events_come_in_order_and_end_with_the_job() {
    let (server, client) = gateway().await;
    let text = [event(1, "accepted"), event(2, "paused"), event(3, "aggregated"), event(4, "late")].concat();
    call("GET", PATH)
        .and(header("accept", "text/event-stream"))
        .respond_with(stream(text))
        .expect(1)
        .mount(&server)
        .await;
    let mut events = client.events(&JobId::from("job_1"));
    let first = events.next().await.unwrap().unwrap();
    assert_eq!((first.status, first.at_ms, &first.detail["n"]), (JobStatus::Accepted, 1_001, &json!(1)));
    let second = events.next().await.unwrap().unwrap();
    assert_eq!(second.status, JobStatus::Other("paused".into()));
    assert_eq!(events.next().await.unwrap().unwrap().status, JobStatus::Aggregated);
    assert!(events.next().await.is_none());
    assert!(events.next().await.is_none());
}

/// Reads a request's head and returns it in lower case.
async fn request(socket: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap().to_lowercase()
}

/// The connection is cut in the middle of an event, in the middle of a chunk; the gateway then repeats an event that was
/// seen.
#[tokio::test]
async fn stream_resumes_after_a_dropped_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        let (mut socket, _) = listener.accept().await.unwrap();
        let first = request(&mut socket).await;
        let text = [event(1, "accepted"), event(2, "routed")].concat();
        let cut = &event(3, "proving")[..40];
        let chunks = format!("{head}{:x}\r\n{text}\r\nffff\r\n{cut}", text.len());
        socket.write_all(chunks.as_bytes()).await.unwrap();
        drop(socket);
        let (mut socket, _) = listener.accept().await.unwrap();
        let second = request(&mut socket).await;
        let text = [event(2, "routed"), event(3, "proving"), event(4, "failed")].concat();
        socket.write_all(format!("{head}{:x}\r\n{text}\r\n", text.len()).as_bytes()).await.unwrap();
        // Kept open: the client must know by itself that it is over.
        (first, second, socket)
    });
    let client = Client::new(&address, KEY).unwrap();
    assert_eq!(seqs(client.events(&JobId::from("job_1"))).await, [1, 2, 3, 4]);
    let (first, second, _socket) = server.await.unwrap();
    assert!(!first.contains("last-event-id"), "{first}");
    assert!(second.contains("\r\nlast-event-id: 2\r\n"), "{second}");
}

#[tokio::test]
async fn stream_goes_on_when_the_gateway_is_busy_as_it_reconnects() {
    let (server, client) = gateway().await;
    call("GET", PATH)
        .and(header("last-event-id", "1"))
        .respond_with(problem(503, "SH-API-020", true))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    call("GET", PATH)
        .and(header("last-event-id", "1"))
        .respond_with(stream(event(2, "cancelled")))
        .mount(&server)
        .await;
    call("GET", PATH).respond_with(stream(event(1, "accepted"))).mount(&server).await;
    assert_eq!(seqs(client.events(&JobId::from("job_1"))).await, [1, 2]);
}

/// Whoever resumes after the last event gets none, and must not ask for ever.
#[tokio::test]
async fn stream_of_a_job_that_has_ended_ends() {
    let (server, client) = gateway().await;
    call("GET", PATH)
        .and(header("last-event-id", "7"))
        .respond_with(stream(String::new()))
        .mount(&server)
        .await;
    call("GET", "/v1/jobs/job_1").respond_with(answer(200, &job("aggregated", true))).mount(&server).await;
    let events = client.events_after(&JobId::from("job_1"), 7);
    let seqs = tokio::time::timeout(Duration::from_secs(20), seqs(events)).await.unwrap();
    assert!(seqs.is_empty());
}

#[tokio::test]
async fn refusal_ends_the_stream() {
    let (server, client) = gateway().await;
    call("GET", PATH).respond_with(problem(404, "SH-API-008", false)).expect(1).mount(&server).await;
    let mut events = client.events(&JobId::from("job_1"));
    assert_eq!(events.next().await.unwrap().unwrap_err().code(), "SH-API-008");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn event_that_is_not_understood_ends_the_stream() {
    let (server, client) = gateway().await;
    call("GET", PATH).respond_with(stream("data: {}\n\n".into())).mount(&server).await;
    let mut events = client.events(&JobId::from("job_1"));
    let error = events.next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Decode { .. }), "{error}");
    assert!(events.next().await.is_none());
}

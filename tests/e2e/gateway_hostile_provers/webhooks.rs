//! Webhooks: signed, sent again until they are received, and sent nowhere that they must not go.

use std::collections::VecDeque;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use sheaf_webhooks::{Received, Secret, TOLERANCE};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::gateway::http::text;
use crate::gateway::samples::{attested, input};
use crate::gateway::within;
use crate::inside::{Inside, honest};

/// A message as it came.
#[derive(Debug, Clone)]
struct Message {
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Message {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        &found.unwrap_or_else(|| panic!("no {name}: {self:?}")).1
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn verify(&self, secret: &Secret) -> Result<(), sheaf_webhooks::WebhookError> {
        let received = Received {
            id: self.header("webhook-id"),
            timestamp: self.header("webhook-timestamp"),
            signature: self.header("webhook-signature"),
            body: &self.body,
        };
        let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        secret.verify(&received, now_s, TOLERANCE)
    }
}

/// A receiver that answers as the script says, and then always with 204.
struct Receiver {
    url: String,
    messages: mpsc::UnboundedReceiver<Message>,
}

impl Receiver {
    async fn start(script: &[&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let (tell, messages) = mpsc::unbounded_channel();
        let mut script: VecDeque<&'static str> = script.iter().copied().collect();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answer = script.pop_front().unwrap_or("204 No Content\r\n");
                let message = receive(stream, answer).await;
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        Self { url, messages }
    }

    async fn next(&mut self) -> Message {
        within("a message", self.messages.recv()).await.unwrap()
    }
}

async fn receive(stream: TcpStream, answer: &str) -> Message {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let headers: Vec<(String, String)> = lines[1..]
        .iter()
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").unwrap().1.parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let answer = format!("HTTP/1.1 {answer}content-length: 0\r\nconnection: close\r\n\r\n");
    stream.get_mut().write_all(answer.as_bytes()).await.unwrap();
    Message { path: lines[0].split(' ').nth(1).unwrap().to_owned(), headers, body }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_announced_under_a_signature_and_again_after_a_failure() {
    let gateway = Inside::with(vec![honest()], |config| config.webhooks_allow_private = true).await;
    let api = &gateway.api;
    let mut receiver = Receiver::start(&["500 Internal Server Error\r\n"]).await;
    let hook = api.post("/v1/webhooks", &json!({ "url": receiver.url })).await.expect(201);
    let secret = Secret::parse(&text(&hook["secret"])).unwrap();
    let listed = api.get("/v1/webhooks").await.expect(200);
    assert!(listed["items"][0].get("secret").is_none(), "shown once: {listed}");

    let model = api.model("iris_mlp").await;
    let id = api.submit(&attested(&model, &input("iris_mlp", 0))).await;
    let job = api.aggregated(&id).await;
    let first = receiver.next().await;
    first.verify(&secret).unwrap();
    let said = first.json();
    assert_eq!(said["type"], "job.aggregated");
    assert_eq!((&said["data"]["job"], &said["data"]["statement_id"]), (&job["id"], &job["statement_id"]));
    assert_eq!(said["data"]["batch_id"], job["batch_id"]);
    // Refused, it comes again: the same message, of another moment, signed for that.
    let again = receiver.next().await;
    again.verify(&secret).unwrap();
    assert_eq!((again.header("webhook-id"), &again.body), (first.header("webhook-id"), &first.body));
    let timestamps =
        [&first, &again].map(|message| message.header("webhook-timestamp").parse::<u64>().unwrap());
    assert!(timestamps[0] < timestamps[1], "{timestamps:?}");

    // Neither a changed body nor another's secret passes.
    let mut forged = again.clone();
    forged.body[10] ^= 1;
    assert!(forged.verify(&secret).is_err());
    assert!(again.verify(&Secret::generate()).is_err());

    // Failure and cancellation are announced too, with the reason.
    let mut hopeless = attested(&model, &input("iris_mlp", 1));
    hopeless["max_price"] = json!("0");
    let id = api.submit(&hopeless).await;
    let failed = receiver.next().await;
    failed.verify(&secret).unwrap();
    assert_eq!((&failed.json()["type"], &failed.json()["data"]["job"]), (&"job.failed".into(), &id.into()));
    assert_eq!(failed.json()["data"]["failure"]["code"], "SH-JOB-001");
    assert_ne!(failed.header("webhook-id"), again.header("webhook-id"));
    gateway.stop().await;
}

/// A redirect would lead us to where nobody allowed us to go.
#[tokio::test(flavor = "multi_thread")]
async fn redirects_are_not_followed_and_whoever_is_gone_is_told_nothing_more() {
    let gateway = Inside::with(vec![honest()], |config| config.webhooks_allow_private = true).await;
    let api = &gateway.api;
    let mut elsewhere = Receiver::start(&[]).await;
    let location: &'static str =
        Box::leak(format!("307 Temporary Redirect\r\nlocation: {}\r\n", elsewhere.url).into_boxed_str());
    let mut redirecting = Receiver::start(&[location]).await;
    let mut gone = Receiver::start(&["410 Gone\r\n"]).await;
    for url in [&redirecting.url, &gone.url] {
        api.post("/v1/webhooks", &json!({ "url": url })).await.expect(201);
    }
    let model = api.model("iris_mlp").await;
    api.aggregated(&api.submit(&attested(&model, &input("iris_mlp", 0))).await).await;
    assert_eq!(redirecting.next().await.path, "/hook");
    gone.next().await;
    let disabled = crate::gateway::eventually("the end of a webhook", async || {
        let hooks = api.get("/v1/webhooks").await.expect(200);
        let hooks = hooks["items"].as_array().unwrap().clone();
        hooks.into_iter().find(|hook| hook["disabled_ms"].is_u64())
    })
    .await;
    assert_eq!(disabled["url"], gone.url);
    // The next message goes to the one that is left, and what was redirected was not followed.
    api.aggregated(&api.submit(&attested(&model, &input("iris_mlp", 1))).await).await;
    redirecting.next().await;
    assert!(gone.messages.try_recv().is_err());
    assert!(elsewhere.messages.try_recv().is_err());
    gateway.stop().await;
}

/// By default a gateway calls nobody on its own network: whoever registers a URL could otherwise make it do so.
#[tokio::test(flavor = "multi_thread")]
async fn private_addresses_are_refused_unless_they_are_allowed() {
    let gateway = Inside::start(vec![honest()]).await;
    for url in [
        "http://127.0.0.1:80/",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://0x7f000001/",
        "https://2130706433/",
        "http://example.com/",
        "ftp://example.com/",
        "https://user:pass@example.com/",
        "file:///etc/passwd",
        "not a url",
    ] {
        let answer = gateway.api.post("/v1/webhooks", &json!({ "url": url })).await;
        assert!(answer.refused(422).starts_with("SH-WHK"), "{url}: {answer:?}");
    }
    let hook = gateway.api.post("/v1/webhooks", &json!({ "url": "https://example.com/" })).await.expect(201);
    let path = format!("/v1/webhooks/{}", text(&hook["id"]));
    assert_eq!(gateway.api.delete(&path).await.status, 204);
    assert_eq!(gateway.api.delete(&path).await.refused(404), "SH-API-005");
    gateway.stop().await;
}

//! A job's event stream, as it is on the wire.

use reqwest::Method;
use serde_json::Value;

use super::http::{Answer, Api};
use super::within;

/// Statuses that nothing follows.
const FINAL: [&str; 3] = ["aggregated", "failed", "cancelled"];

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) seq: u64,
    pub(crate) status: String,
    pub(crate) at_ms: u64,
    pub(crate) detail: Value,
}

impl Event {
    pub(crate) fn is_final(&self) -> bool {
        FINAL.contains(&self.status.as_str())
    }
}

/// Every event of a job up to the end of the stream, resumed after an event if one is named.
pub(crate) async fn events(api: &Api, job: &str, after: Option<u64>) -> Vec<Event> {
    let mut request = api.request(Method::GET, &format!("/v1/jobs/{job}/events"));
    if let Some(seq) = after {
        request = request.header("last-event-id", seq.to_string());
    }
    let answer = within("end of the event stream", api.send(request)).await;
    parse(&answer)
}

fn parse(answer: &Answer) -> Vec<Event> {
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    let text = std::str::from_utf8(&answer.body).unwrap();
    text.split("\n\n").filter(|block| !block.is_empty() && !block.starts_with(':')).map(event).collect()
}

fn event(block: &str) -> Event {
    let field = |name: &str| {
        let prefix = format!("{name}: ");
        block.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap_or_else(|| panic!("{name}: {block}"))
    };
    let data: Value = serde_json::from_str(field("data")).unwrap();
    let event = Event {
        seq: data["seq"].as_u64().unwrap(),
        status: data["status"].as_str().unwrap().to_owned(),
        at_ms: data["at_ms"].as_u64().unwrap(),
        detail: data["detail"].clone(),
    };
    assert_eq!((field("id"), field("event")), (event.seq.to_string().as_str(), event.status.as_str()));
    event
}

/// Checks that a job's events say that it ended once, and returns them.
pub(crate) async fn ended_once(api: &Api, job: &str) -> Vec<Event> {
    let events = events(api, job, None).await;
    let numbers: Vec<u64> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=events.len() as u64).collect::<Vec<_>>(), "{events:?}");
    assert_eq!(events[0].status, "accepted");
    assert_eq!(events.iter().filter(|event| event.is_final()).count(), 1, "{events:?}");
    assert!(events.last().unwrap().is_final(), "{events:?}");
    events
}

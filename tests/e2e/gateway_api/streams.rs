//! Server-sent events: what a client missed, and nothing else.

use futures_util::StreamExt;
use reqwest::Method;
use sheaf_client::JobId;

use crate::gateway::events::{ended_once, events};
use crate::gateway::process::Setting;
use crate::gateway::samples::{attested, input, proven};
use crate::gateway::{eventually, within};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_resumed_anywhere_holds_exactly_what_was_missed_and_ends() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let id = api.submit(&attested(&model, &input("iris_mlp", 0))).await;
    // Opened while the job is under way, it goes on to the end.
    let all = ended_once(&api, &id).await;
    let statuses: Vec<&str> = all.iter().map(|event| event.status.as_str()).collect();
    assert_eq!(statuses, ["accepted", "routed", "proving", "verified", "batched", "aggregated"]);
    assert!(all.is_sorted_by_key(|event| event.at_ms));
    for seen in 0..=all.len() {
        let missed = events(&api, &id, Some(seen as u64)).await;
        assert_eq!(missed, all[seen..], "after {seen}");
    }
    // The number of an event that never was, such as another job's.
    assert_eq!(events(&api, &id, Some(1_000_000)).await, []);
    assert_eq!(events(&api, &id, Some(u64::MAX)).await, []);
    for wrong in ["x", "-1", "1.5", "99999999999999999999"] {
        let request =
            api.request(Method::GET, &format!("/v1/jobs/{id}/events")).header("last-event-id", wrong);
        assert_eq!(api.send(request).await.refused(400), "SH-API-017", "{wrong}");
    }
}

/// Resuming after the last event must not wait for a next one that never comes.
#[tokio::test(flavor = "multi_thread")]
async fn the_sdk_follows_to_the_end_from_anywhere() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let id = api.submit(&attested(&model, &input("iris_mlp", 0))).await;
    let (client, job) = (api.sdk(), JobId::from(id.as_str()));
    let all: Vec<_> = within("events", client.events(&job).map(Result::unwrap).collect()).await;
    let all: Vec<u64> = all.iter().map(|event: &sheaf_client::JobEvent| event.seq).collect();
    assert_eq!(all, (1..=6).collect::<Vec<_>>());
    for seen in [3, 6] {
        let rest: Vec<_> =
            within("rest", client.events_after(&job, seen).map(Result::unwrap).collect()).await;
        let rest: Vec<u64> = rest.iter().map(|event: &sheaf_client::JobEvent| event.seq).collect();
        assert_eq!(rest, all[seen as usize..]);
    }
}

/// The gateway goes away while someone listens; the stream goes on where it broke, by the number of its last event.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_outlives_the_gateway() {
    let data = tempfile::tempdir().unwrap();
    let still = Setting::new(data.path()).without_batches();
    let served = still.start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let id = api.submit(&attested(&model, &input("iris_mlp", 0))).await;
    let mut stream = api.sdk().events(&JobId::from(id.as_str()));
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.push(within("an event", stream.next()).await.unwrap().unwrap().seq);
    }
    let url = served.url.clone();
    served.kill();
    let served = Setting::new(data.path()).at(&url).start();
    while let Some(event) = within("an event", stream.next()).await {
        seen.push(event.unwrap().seq);
    }
    assert_eq!(seen, (1..=6).collect::<Vec<_>>());
    drop(served);
}

/// Proxies cut what is silent, and clients take it for dead.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_without_news_shows_that_it_lives_and_leaving_it_costs_nothing() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).without_batches().start();
    let api = served.api();
    let id = api.submit(&proven(&api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    let request = api.request(Method::GET, &format!("/v1/jobs/{id}/events"));
    let mut stream = request.send().await.unwrap().bytes_stream();
    let alive = within("a sign of life", async {
        loop {
            let piece = stream.next().await.unwrap().unwrap();
            if piece.starts_with(b":") {
                return piece;
            }
        }
    })
    .await;
    assert!(alive.ends_with(b"\n\n"));
    drop(stream);
    api.delete(&format!("/v1/jobs/{id}")).await.expect(200);
    eventually("readiness", async || (api.get("/readyz").await.status == 200).then_some(())).await;
}

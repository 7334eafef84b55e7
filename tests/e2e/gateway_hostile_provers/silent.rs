//! Provers that take a job and say nothing.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use sheaf_adapter::StackLimits;
use tokio::sync::mpsc;

use crate::gateway::events::ended_once;
use crate::gateway::http::text;
use crate::gateway::samples::{attested, input};
use crate::gateway::within;
use crate::inside::{HONEST, Inside, entry, honest};
use crate::rogue::{ROGUE, Rogue};

/// What became of a proof that is never made.
#[derive(Debug, PartialEq, Eq)]
enum Sign {
    Begun,
    Dropped,
}

struct Proving(mpsc::UnboundedSender<Sign>);

impl Drop for Proving {
    fn drop(&mut self) {
        let _ = self.0.send(Sign::Dropped);
    }
}

/// A prover that never answers, and what it notices.
fn silent() -> (Arc<Rogue>, mpsc::UnboundedReceiver<Sign>) {
    let (tell, told) = mpsc::unbounded_channel();
    let rogue = Rogue::new(move |_| {
        let proving = Proving(tell.clone());
        async move {
            let _ = proving.0.send(Sign::Begun);
            std::future::pending::<()>().await;
            drop(proving);
            unreachable!("pending for ever")
        }
    });
    (rogue, told)
}

fn patience(timeout: Duration) -> StackLimits {
    StackLimits { concurrency: 1, timeout, ..StackLimits::default() }
}

async fn sign(told: &mut mpsc::UnboundedReceiver<Sign>) -> Sign {
    within("a sign of the silent prover", told.recv()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_hangs_loses_the_job_to_another() {
    let (rogue, mut told) = silent();
    let limits = patience(Duration::from_millis(300));
    let gateway = Inside::start(vec![(rogue as _, limits), honest()]).await;
    let mut job = attested(&gateway.api.model("iris_mlp").await, &input("iris_mlp", 0));
    job["deadline_ms"] = json!(60_000);
    let id = gateway.api.submit(&job).await;
    let job = gateway.receipted(&id).await;
    assert_eq!(job["prover"], HONEST);
    assert!(job["updated_ms"].as_u64() < job["due_ms"].as_u64(), "{job}");
    let route = gateway.api.route(&id).await;
    assert_eq!(
        (&route["attempts"][0]["outcome"], &route["attempts"][0]["code"]),
        (&"timeout".into(), &"SH-ADP-002".into())
    );
    assert_eq!(route["attempts"][1]["prover"], HONEST, "{route}");
    // Its future was dropped, which is all that can be done about it.
    assert_eq!((sign(&mut told).await, sign(&mut told).await), (Sign::Begun, Sign::Dropped));
    // Once is no habit.
    let stands = gateway.prover(ROGUE).await;
    assert_eq!((&stands["status"], &stands["recent_failures"]), (&"ready".into(), &1.into()), "{stands}");
    gateway.stop().await;
}

/// The prover's time limit is long, and the job's is not: the job must leave while another prover can still make it.
#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_hangs_loses_the_job_in_time_for_another() {
    let (rogue, _told) = silent();
    let gateway = Inside::start(vec![(rogue as _, patience(Duration::from_secs(600))), honest()]).await;
    let mut job = attested(&gateway.api.model("iris_mlp").await, &input("iris_mlp", 0));
    job["deadline_ms"] = json!(6_000);
    let id = gateway.api.submit(&job).await;
    let job = gateway.receipted(&id).await;
    assert_eq!(job["prover"], HONEST);
    assert!(job["updated_ms"].as_u64() <= job["due_ms"].as_u64(), "{job}");
    gateway.stop().await;
}

/// Jobs that stand in the queue of a prover that never answers must not each wait for their own turn to be kept waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_hangs_again_and_again_is_given_a_rest_and_its_queue_goes_elsewhere() {
    let (rogue, _told) = silent();
    let limits = patience(Duration::from_millis(200));
    let gateway = Inside::start(vec![(Arc::clone(&rogue) as _, limits), honest()]).await;
    let model = gateway.api.model("iris_mlp").await;
    let mut ids = Vec::new();
    for index in 0..10 {
        ids.push(gateway.api.submit(&attested(&model, &input("iris_mlp", index))).await);
    }
    for id in &ids {
        assert_eq!(gateway.receipted(id).await["prover"], HONEST);
    }
    let stands = gateway.prover(ROGUE).await;
    assert_eq!(stands["status"], "quarantined", "{stands}");
    assert!(text(&stands["quarantine_reason"]).contains("5 failures in a row"), "{stands}");
    assert_eq!(rogue.asked(), 5, "a prover that rests is asked nothing");
    gateway.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_job_drops_its_proof() {
    let (rogue, mut told) = silent();
    let gateway = Inside::start(vec![entry(Arc::clone(&rogue) as _)]).await;
    let api = &gateway.api;
    let model = api.model("iris_mlp").await;
    let id = api.submit(&attested(&model, &input("iris_mlp", 0))).await;
    assert_eq!(sign(&mut told).await, Sign::Begun);
    let waiting = api.submit(&attested(&model, &input("iris_mlp", 1))).await;
    let job = api.delete(&format!("/v1/jobs/{id}")).await.expect(200);
    assert_eq!(job["status"], "cancelled");
    assert_eq!(sign(&mut told).await, Sign::Dropped);
    assert_eq!(ended_once(api, &id).await.last().unwrap().status, "cancelled");
    let route = api.route(&id).await;
    assert_eq!(route["attempts"][0]["outcome"], "cancelled", "{route}");
    // Nobody is at fault, and the place is free for who waited for it.
    assert_eq!(sign(&mut told).await, Sign::Begun);
    let stands = gateway.prover(ROGUE).await;
    assert_eq!((&stands["status"], &stands["recent_failures"]), (&"ready".into(), &0.into()), "{stands}");
    api.delete(&format!("/v1/jobs/{waiting}")).await.expect(200);
    assert_eq!(sign(&mut told).await, Sign::Dropped);
    // One that is cancelled while it waits for its turn never gets it.
    gateway.stop().await;
    assert_eq!(rogue.asked(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_overdue_drops_its_proof_and_says_so() {
    let (rogue, mut told) = silent();
    let gateway = Inside::start(vec![entry(rogue as _)]).await;
    let api = &gateway.api;
    let mut job = attested(&api.model("iris_mlp").await, &input("iris_mlp", 0));
    job["deadline_ms"] = json!(1500);
    let id = api.submit(&job).await;
    let job = api.ended(&id).await;
    assert_eq!((&job["status"], &job["failure"]["code"]), (&"failed".into(), &"SH-JOB-002".into()), "{job}");
    assert_eq!(job["failure"]["retryable"], true, "{job}");
    assert_eq!((sign(&mut told).await, sign(&mut told).await), (Sign::Begun, Sign::Dropped));
    ended_once(api, &id).await;
    gateway.stop().await;
}

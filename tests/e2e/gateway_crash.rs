//! Power cuts: the gateway and its workers are killed at pseudo-random moments, and every job that was accepted ends
//! once all the same.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed step fails the scenario"
)]

mod common;
mod gateway;

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::StreamExt;
use gateway::events::{Event, ended_once};
use gateway::http::{Api, text};
use gateway::process::{Served, Setting, children, lives};
use gateway::samples::{attested, input, proven};
use gateway::{eventually, within};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use sheaf_client::StatementId;
use sheaf_client::verify::Expectations;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::watch;

const MODELS: [&str; 2] = ["iris_mlp", "digits_mlp"];

/// Submits jobs to whichever gateway there is, each until it is accepted: an answer that is lost is asked for again
/// under the same key.
async fn submit_all(gateways: watch::Receiver<Api>, jobs: Vec<Value>) -> Vec<String> {
    let mut ids = Vec::new();
    for (index, job) in jobs.iter().enumerate() {
        let id = eventually("a job to be accepted", async || {
            let api = gateways.borrow().clone();
            let request =
                api.request(Method::POST, "/v1/jobs").header("idempotency-key", format!("job-{index}"));
            let answer = api.try_send(request.json(job)).await.ok()?;
            (answer.status == 202).then(|| text(&answer.json()["id"]))
        });
        ids.push(id.await);
    }
    ids
}

/// Waits for processes that nobody told to end.
async fn gone(what: &str, processes: Vec<Pid>) {
    eventually(what, async || (!processes.iter().any(|pid| lives(*pid))).then_some(())).await;
}

/// Kills a gateway and starts it again on its data. Its children end by themselves: whoever is orphaned would go on
/// proving for nobody.
async fn kill_and_start(served: Served, setting: &Setting) -> Served {
    let orphans = children(served.pid());
    served.kill();
    let started = setting.start();
    gone("end of a killed gateway's children", orphans).await;
    started
}

/// What must hold of a job however often anyone was killed: it ended once, with a receipt that verifies, and was not
/// proven again once its proof was stored.
async fn ended_well(api: &Api, operator: &str, id: &str) -> Value {
    let job = api.aggregated(id).await;
    let events = ended_once(api, id).await;
    let verified: Vec<&Event> = events.iter().filter(|event| event.status == "verified").collect();
    let [verified] = verified[..] else { panic!("verified once: {events:?}") };
    let route = api.route(id).await;
    let attempts = route["attempts"].as_array().unwrap();
    let good = attempts.iter().filter(|attempt| attempt["outcome"] == "verified").count();
    assert_eq!(good, usize::from(job.get("reused_from").is_none()), "{route}");
    for attempt in attempts {
        assert!(attempt["started_ms"].as_u64().unwrap() <= verified.at_ms, "{events:?}: {route}");
        assert!(attempt["ended_ms"].is_u64() && attempt["outcome"] != "running", "{route}");
    }
    let expected = Expectations::new().attested_by(operator.parse().unwrap());
    let statement = StatementId::from(text(&job["statement_id"]));
    let receipt = api.sdk().verified_receipt(&statement, &expected).await.unwrap();
    assert_eq!(receipt.trust_tier().to_string(), text(&job["trust_tier"]));
    job
}

/// Checks all jobs of a gateway, and that nothing else is there.
async fn all_ended_well(served: Served, api: &Api, ids: &[String]) {
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    let mut statements = BTreeSet::new();
    for id in ids {
        statements.insert(text(&ended_well(api, &served.operator, id).await["statement_id"]));
    }
    let listed = api.get("/v1/jobs?limit=100").await.expect(200);
    let listed: BTreeSet<String> =
        listed["items"].as_array().unwrap().iter().map(|job| text(&job["id"])).collect();
    assert_eq!(listed, ids.iter().cloned().collect(), "no request became two jobs");

    // A statement is in one batch that came to its end, and no batch is left open.
    let batches = api.get("/v1/batches?limit=100").await.expect(200);
    let mut batched = Vec::new();
    for batch in batches["items"].as_array().unwrap() {
        assert_eq!(batch["status"], "aggregated", "{batch}");
        let batch = api.get(&format!("/v1/batches/{}", text(&batch["id"]))).await.expect(200);
        batched.extend(batch["statements"].as_array().unwrap().iter().map(text));
    }
    batched.sort();
    assert_eq!(batched, statements.into_iter().collect::<Vec<_>>());

    assert!(served.terminate().success());
}

/// Checks the database's own idea of its integrity.
async fn sound(folder: &std::path::Path) {
    let mut store = SqliteConnection::connect(folder.join("sheaf.db").to_str().unwrap()).await.unwrap();
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut store).await.unwrap();
    assert_eq!(verdict, "ok");
}

/// Many kills in quick succession, so that they hit accepting, routing, proving, verifying and signing.
#[tokio::test(flavor = "multi_thread")]
async fn jobs_survive_a_gateway_that_is_killed_again_and_again() {
    let data = tempfile::tempdir().unwrap();
    let setting = Setting::new(data.path()).with("SHEAF_WORKERS", 0);
    let mut served = setting.start();
    let api = served.api();
    let mut jobs = Vec::new();
    for name in MODELS {
        let model = api.model(name).await;
        jobs.extend((0..20).map(|index| attested(&model, &input(name, index))));
    }
    let (gateways, current) = watch::channel(api.clone());
    let submitting = tokio::spawn(submit_all(current, jobs));
    let mut random = StdRng::seed_from_u64(11);
    for _ in 0..12 {
        // The moment of the kill, which is the scenario's to choose.
        tokio::time::sleep(Duration::from_millis(random.random_range(1..250))).await;
        served = kill_and_start(served, &setting).await;
        gateways.send_replace(Api::new(&served.url, &api.key));
    }
    let ids = within("all jobs to be accepted", submitting).await.unwrap();
    let api = gateways.borrow().clone();
    all_ended_well(served, &api, &ids).await;
    sound(data.path()).await;
}

/// Kills the gateway, and its worker by itself, while proofs of both tiers are made and batches are proven.
#[tokio::test(flavor = "multi_thread")]
async fn batches_survive_killed_gateways_and_killed_workers() {
    let data = tempfile::tempdir().unwrap();
    let setting = Setting::new(data.path()).with("SHEAF_BATCH__MAX_SIZE", 6);
    let mut served = setting.start();
    let api = served.api();
    let mut jobs = Vec::new();
    for name in MODELS {
        let model = api.model(name).await;
        jobs.extend((0..5).map(|index| proven(&model, &input(name, index))));
        jobs.extend((5..10).map(|index| attested(&model, &input(name, index))));
    }
    let (gateways, current) = watch::channel(api.clone());
    let submitting = tokio::spawn(submit_all(current, jobs));
    let mut random = StdRng::seed_from_u64(12);
    for kill in 0..6 {
        tokio::time::sleep(Duration::from_millis(random.random_range(50..2_500))).await;
        if kill % 3 == 1 {
            // Another is started in its place, and its task is leased anew.
            for pid in served.running("worker") {
                let _ = kill_process(pid, Signal::KILL);
            }
        } else {
            served = kill_and_start(served, &setting).await;
            gateways.send_replace(Api::new(&served.url, &api.key));
        }
    }
    let ids = within("all jobs to be accepted", submitting).await.unwrap();
    let api = gateways.borrow().clone();
    all_ended_well(served, &api, &ids).await;
    sound(data.path()).await;
}

/// A sandboxed process that is killed, as by a system that is out of memory, is nobody's fault: neither the job's whose
/// proof comes next, nor its prover's.
#[tokio::test(flavor = "multi_thread")]
async fn killed_sandboxes_are_replaced_and_nobody_is_blamed() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    for index in 0..4 {
        let id = api.submit(&attested(&model, &input("iris_mlp", index))).await;
        ended_well(&api, &served.operator, &id).await;
        let idle = served.running("sandbox-child");
        assert!(!idle.is_empty(), "children are kept");
        for pid in idle {
            kill_process(pid, Signal::KILL).unwrap();
        }
    }
    // A model is read by a child, too.
    api.model("digits_mlp").await;
    for prover in api.get("/v1/provers").await.expect(200)["items"].as_array().unwrap() {
        assert_eq!((&prover["status"], &prover["recent_failures"]), (&"ready".into(), &0.into()), "{prover}");
    }
}

/// Two gateways that both lead the same jobs on would prove twice and settle twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_gateway_on_one_store_is_refused_and_takes_over_once_the_first_is_gone() {
    let data = tempfile::tempdir().unwrap();
    let setting = Setting::new(data.path());
    let first = setting.start();
    let api = first.api();
    let id = api.submit(&attested(&api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    let second = setting.ended();
    assert_eq!(second.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&second.stdout).unwrap();
    assert_eq!(said["error"]["code"], "SH-STO-005", "{said}");
    assert!(text(&said["error"]["message"]).contains(data.path().to_str().unwrap()), "{said}");
    // The first has noticed nothing.
    api.aggregated(&id).await;
    first.kill();
    let third = setting.start();
    Api::new(&third.url, &api.key).aggregated(&id).await;
}

/// Whoever waits is answered, nothing is left running, and what was under way goes on at the next start.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_is_told_to_end_does_so_in_good_order() {
    let data = tempfile::tempdir().unwrap();
    let setting = Setting::new(data.path());
    let served = setting.start();
    let api = served.api();
    let model = api.model("digits_mlp").await;
    let mut ids = Vec::new();
    for index in 0..4 {
        ids.push(api.submit(&proven(&model, &input("digits_mlp", index))).await);
    }
    let waiting = tokio::spawn({
        let (api, id) = (api.clone(), ids[3].clone());
        async move {
            let request = api.request(Method::GET, &format!("/v1/jobs/{id}")).header("prefer", "wait=60");
            api.send(request).await
        }
    });
    let request = api.request(Method::GET, &format!("/v1/jobs/{}/events", ids[3]));
    let mut stream = request.send().await.unwrap().bytes_stream();
    // The stream and the wait are under way.
    assert!(within("an event", stream.next()).await.unwrap().unwrap().starts_with(b"id: 1\n"));
    let family = children(served.pid());
    assert!(!family.is_empty());
    assert!(served.terminate().success());

    let answer = within("an answer for who waits", waiting).await.unwrap();
    assert_eq!(answer.expect(200)["id"], ids[3].as_str());
    within("the end of the stream", async {
        while let Some(piece) = stream.next().await {
            piece.unwrap();
        }
    })
    .await;
    gone("end of a stopped gateway's children", family).await;
    let served = setting.start();
    let api = Api::new(&served.url, &api.key);
    all_ended_well(served, &api, &ids).await;
    sound(data.path()).await;
}

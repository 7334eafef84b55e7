//! Workers that return what is no proof of their task, and disks that forget.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sheaf_aggregator::documents::Document;
use sheaf_aggregator::work::{TaskDocument, Work, prove_task};
use sheaf_plonky2::Profile;
use sheaf_plonky2::engine::FastEngine;

use crate::gateway::http::{Answer, Api, text};
use crate::gateway::process::Worker;
use crate::gateway::samples::{input, proven};
use crate::gateway::{eventually, within};
use crate::inside::{Inside, circuits, embedded};

/// A leased task, as a worker sees it.
struct Lease {
    id: String,
    token: String,
    document: TaskDocument,
}

async fn lease(api: &Api, worker: &str) -> Lease {
    within("a task", async {
        loop {
            let answer = api.post("/v1/tasks/lease", &json!({ "worker": worker, "wait_ms": 20_000 })).await;
            if answer.status == 204 {
                continue;
            }
            let lease = answer.expect(200);
            let document = TaskDocument::from_json(lease["document"].to_string().as_bytes()).unwrap();
            return Lease { id: text(&lease["task"]), token: text(&lease["token"]), document };
        }
    })
    .await
}

async fn give(api: &Api, lease: &Lease, result: Value) -> Answer {
    let mut result = result;
    result["token"] = json!(lease.token);
    api.send(api.request(Method::POST, &format!("/v1/tasks/{}/result", lease.id)).json(&result)).await
}

async fn heartbeat(api: &Api, lease: &Lease) -> Answer {
    api.post(&format!("/v1/tasks/{}/heartbeat", lease.id), &json!({ "token": lease.token })).await
}

fn prove(document: &TaskDocument) -> Vec<u8> {
    prove_task(document, circuits().get(Profile::Standard), &FastEngine::new(), &|_| ()).unwrap()
}

/// A worker is trusted with nothing: what it returns counts once it verifies as the proof of exactly its task.
#[tokio::test(flavor = "multi_thread")]
async fn workers_that_return_no_proof_of_their_task_are_refused_and_an_honest_one_completes_the_batch() {
    let gateway = Inside::start(vec![embedded()]).await;
    // Each lie has a worker of its own: keys are what workers are known by.
    let worker = async || gateway.api.make_key(&["work"], "main").await;
    let model = gateway.api.model("iris_mlp").await;
    let id = gateway.api.submit(&proven(&model, &input("iris_mlp", 0))).await;

    // Garbage, of every kind, each time on a lease of its own: a refused result gives the task back.
    let garbage = [Vec::new(), vec![0; 1000], (0..=255).cycle().take(100_000).collect::<Vec<u8>>()];
    for bytes in garbage {
        let api = worker().await;
        let leased = lease(&api, "liar").await;
        assert_eq!(heartbeat(&api, &leased).await.status, 204);
        let refused = give(&api, &leased, json!({ "proof": STANDARD.encode(&bytes) })).await;
        assert!(refused.refused(422).starts_with("SH-"), "{refused:?}");
        // The lease is gone with it.
        let proof = json!({ "proof": STANDARD.encode(&bytes) });
        assert_eq!(give(&api, &leased, proof).await.refused(409), "SH-API-016");
        assert_eq!(heartbeat(&api, &leased).await.refused(409), "SH-API-016");
    }
    // What is no result at all leaves the lease as it is.
    let api = worker().await;
    let leaf = lease(&api, "liar").await;
    assert!(matches!(leaf.document.kind, Work::Leaf { .. }));
    for result in [
        json!({}),
        json!({ "proof": "no base64!" }),
        json!({ "proof": "", "failure": { "code": "a", "message": "b" } }),
    ] {
        assert_eq!(give(&api, &leaf, result.clone()).await.refused(422), "SH-API-002", "{result}");
    }
    // Another's token, or none of ours.
    for token in ["", "0", "00000000000000000000000000000000"] {
        let stranger =
            Lease { id: leaf.id.clone(), token: token.to_owned(), document: leaf.document.clone() };
        let proof = json!({ "proof": "AAAA" });
        assert_eq!(give(&api, &stranger, proof).await.refused(409), "SH-API-016");
        assert_eq!(heartbeat(&api, &stranger).await.refused(409), "SH-API-016");
    }

    // The leaf's own proof, with a bit changed, and then as it is.
    let proof = prove(&leaf.document);
    let mut forged = proof.clone();
    let middle = forged.len() / 2;
    forged[middle] ^= 1;
    assert!(
        give(&api, &leaf, json!({ "proof": STANDARD.encode(&forged) })).await.refused(422).starts_with("SH-")
    );
    let api = worker().await;
    let leaf = lease(&api, "liar").await;
    assert_eq!(give(&api, &leaf, json!({ "proof": STANDARD.encode(&proof), "cpu_ms": 1 })).await.status, 204);
    assert_eq!(
        give(&api, &leaf, json!({ "proof": STANDARD.encode(&proof) })).await.refused(409),
        "SH-API-016"
    );

    // A valid proof, of another task of the same batch.
    let root = lease(&api, "liar").await;
    assert!(matches!(root.document.kind, Work::Root { .. }));
    assert!(
        give(&api, &root, json!({ "proof": STANDARD.encode(&proof) })).await.refused(422).starts_with("SH-")
    );

    let api = worker().await;
    let _worker = Worker::start(&api.url, &api.key, "honest");
    let job = gateway.receipted(&id).await;
    let batch = gateway.api.get(&text(&job["links"]["batch"])).await.expect(200);
    let tasks = batch["tasks"].as_array().unwrap();
    assert_eq!(tasks.len(), 2, "{batch}");
    assert_eq!((&tasks[0]["worker"], &tasks[0]["tries"]), (&"liar".into(), &5.into()), "{batch}");
    assert_eq!((&tasks[1]["worker"], &tasks[1]["tries"]), (&"honest".into(), &2.into()), "{batch}");
    gateway.stop().await;
}

/// Says of a good proof that it is bad, to have its job failed: the gateway looks for itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_workers_word_against_a_proof_counts_for_nothing() {
    let gateway = Inside::start(vec![embedded()]).await;
    let worker = async || gateway.api.make_key(&["work"], "main").await;
    let model = gateway.api.model("iris_mlp").await;
    let id = gateway.api.submit(&proven(&model, &input("iris_mlp", 0))).await;
    for member in [json!(0), json!(7), json!(null)] {
        let api = worker().await;
        let leased = lease(&api, "slanderer").await;
        let failure = json!({ "code": "SH-WRK-001", "message": "member is bad", "member": member });
        assert_eq!(give(&api, &leased, json!({ "failure": failure })).await.status, 204, "{failure}");
    }
    let api = worker().await;
    let _worker = Worker::start(&api.url, &api.key, "honest");
    gateway.receipted(&id).await;
    gateway.stop().await;
}

/// A worker that leases a task and is never heard of again: the lease runs out, and another gets the task.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_worker_is_silent_goes_to_another() {
    let gateway = Inside::start(vec![embedded()]).await;
    let api = gateway.api.make_key(&["work"], "main").await;
    let model = gateway.api.model("iris_mlp").await;
    let id = gateway.api.submit(&proven(&model, &input("iris_mlp", 0))).await;
    let abandoned = lease(&api, "silent").await;
    let api = gateway.api.make_key(&["work"], "main").await;
    let _worker = Worker::start(&api.url, &api.key, "honest");
    let job = gateway.receipted(&id).await;
    let batch = gateway.api.get(&text(&job["links"]["batch"])).await.expect(200);
    assert!(batch["tasks"].as_array().unwrap().iter().all(|task| task["worker"] == "honest"), "{batch}");
    // Coming back with a good proof now changes nothing.
    let late = json!({ "proof": STANDARD.encode(prove(&abandoned.document)) });
    assert_eq!(give(&api, &abandoned, late).await.refused(409), "SH-API-016");
    gateway.stop().await;
}

/// A worker that spoils whatever it can lease must not cost the batch its receipts while an honest one is there.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_spoils_every_task_delays_a_batch_and_nothing_else() {
    let gateway = Inside::start(vec![embedded()]).await;
    let api = gateway.api.make_key(&["work"], "main").await;
    let model = gateway.api.model("iris_mlp").await;
    let id = gateway.api.submit(&proven(&model, &input("iris_mlp", 0))).await;
    let spoiling = tokio::spawn({
        let api = api.clone();
        async move {
            for _ in 0..25 {
                let answer =
                    api.post("/v1/tasks/lease", &json!({ "worker": "spoiler", "wait_ms": 2_000 })).await;
                if answer.status != 200 {
                    continue;
                }
                let leased = answer.json();
                let path = format!("/v1/tasks/{}/result", text(&leased["task"]));
                api.post(&path, &json!({ "token": leased["token"], "proof": "AAAA" })).await;
            }
        }
    });
    // It is there first, and quicker than anyone who works.
    let honest = gateway.api.make_key(&["work"], "main").await;
    let _worker = Worker::start(&honest.url, &honest.key, "honest");
    gateway.receipted(&id).await;
    spoiling.abort();
    gateway.stop().await;
}

/// A stored proof that rots on the disk fails its own job and no other of its batch.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_can_no_longer_be_read_fails_its_job_alone() {
    let gateway = Inside::with(vec![embedded()], |config| {
        config.batch.max_size = 2;
        config.batch.max_age_ms = 5_000;
    })
    .await;
    let api = &gateway.api;
    let model = api.model("iris_mlp").await;
    let verified = async |id: &str| {
        eventually("a verified job", async || {
            let job = api.get(&format!("/v1/jobs/{id}")).await.expect(200);
            (job["status"] == "verified").then_some(())
        })
        .await;
    };
    let rotten = api.submit(&proven(&model, &input("iris_mlp", 0))).await;
    verified(&rotten).await;
    let proof = api.get(&format!("/v1/jobs/{rotten}/proof")).await.body;
    let name = hex::encode(Sha256::digest(&proof));
    std::fs::write(gateway.data.path().join("blobs").join(&name[..2]).join(&name), b"rot").unwrap();

    let worker = gateway.api.make_key(&["work"], "main").await;
    let sound = api.submit(&proven(&model, &input("iris_mlp", 1))).await;
    let _worker = Worker::start(&worker.url, &worker.key, "honest");
    let failed = api.ended(&rotten).await;
    assert_eq!(
        (&failed["status"], &failed["failure"]["code"]),
        (&"failed".into(), &"SH-STO-003".into()),
        "{failed}"
    );
    assert_eq!(failed["failure"]["retryable"], true);
    gateway.receipted(&sound).await;
    // Asked for again, it is proven again.
    let again = api.submit(&proven(&model, &input("iris_mlp", 0))).await;
    let job = gateway.receipted(&again).await;
    assert!(job.get("reused_from").is_none(), "{job}");
    gateway.stop().await;
}

//! Provers that answer with something else than what was asked: caught, quarantined, and the job goes elsewhere.

use std::sync::Arc;
use std::sync::Mutex;

use bytes::Bytes;
use serde_json::{Value, json};
use sheaf_adapter::{Adapter, Opening, Proven};
use sheaf_local::{EmbeddedAdapter, Groth16Adapter};
use sheaf_statement::TrustTier;

use crate::gateway::events::ended_once;
use crate::gateway::http::text;
use crate::gateway::samples::{attested, input, proven};
use crate::inside::{HONEST, Inside, circuits, embedded, entry, honest};
use crate::rogue::{ROGUE, Rogue};

fn reasons(decision: &Value, prover: &str) -> Vec<String> {
    let rejected =
        decision["rejected"].as_array().unwrap().iter().find(|rejected| rejected["prover"] == prover);
    let rejected = rejected.unwrap_or_else(|| panic!("{prover} is not rejected: {decision}"));
    rejected["reasons"].as_array().unwrap().iter().map(|reason| text(&reason["name"])).collect()
}

/// Puts a liar beside an honest prover, and checks that the first job is led away from it, that the route tells, and
/// that it gets no second one.
async fn caught(rogue: Arc<Rogue>, code: &str) {
    let liar: Arc<dyn Adapter> = Arc::clone(&rogue) as _;
    let gateway = Inside::start(vec![entry(liar), honest()]).await;
    let api = &gateway.api;
    let model = api.model("iris_mlp").await;
    let id = api.submit(&attested(&model, &input("iris_mlp", 0))).await;
    let job = gateway.receipted(&id).await;
    assert_eq!(job["prover"], HONEST, "{job}");
    ended_once(api, &id).await;

    let route = api.route(&id).await;
    let [first, second] = &route["attempts"].as_array().unwrap()[..] else { panic!("two attempts: {route}") };
    assert_eq!((&first["prover"], &first["outcome"]), (&ROGUE.into(), &"misbehaved".into()), "{route}");
    assert!(text(&first["code"]).starts_with(code), "{route}");
    assert!(!text(&first["message"]).is_empty(), "{route}");
    assert_eq!((&second["prover"], &second["outcome"]), (&HONEST.into(), &"verified".into()), "{route}");
    let [lured, warned] = &route["decisions"].as_array().unwrap()[..] else {
        panic!("two decisions: {route}")
    };
    assert_eq!((&lured["chosen"], &warned["chosen"]), (&ROGUE.into(), &HONEST.into()), "{route}");
    assert_eq!(reasons(warned, ROGUE), ["quarantined", "excluded"], "{warned}");

    let stands = gateway.prover(ROGUE).await;
    assert_eq!(
        (&stands["status"], &stands["recent_failures"]),
        (&"quarantined".into(), &1.into()),
        "{stands}"
    );
    assert!(text(&stands["quarantine_reason"]).contains(&text(&first["code"])), "{stands}");
    let stands = gateway.prover(HONEST).await;
    assert_eq!((&stands["status"], &stands["recent_failures"]), (&"ready".into(), &0.into()), "{stands}");

    // The next job does not even ask it, nor does one after a restart: a liar is not forgiven by forgetting.
    let next = api.submit(&attested(&model, &input("iris_mlp", 1))).await;
    assert_eq!(gateway.receipted(&next).await["prover"], HONEST);
    let gateway = gateway.again(vec![entry(Arc::clone(&rogue) as _), honest()]).await;
    let next = gateway.api.submit(&attested(&model, &input("iris_mlp", 2))).await;
    assert_eq!(gateway.receipted(&next).await["prover"], HONEST);
    assert_eq!(rogue.asked(), 1);
    gateway.stop().await;
}

/// A valid proof, of an input that is easier to come by.
#[tokio::test(flavor = "multi_thread")]
async fn a_valid_proof_of_another_input_is_caught() {
    caught(Rogue::new(|asked| asked.for_input(|input| input[0] += 1)), "SH-JOB-005").await;
}

/// A valid proof of the right input and outputs under another key, whose trapdoor the prover may know.
#[tokio::test(flavor = "multi_thread")]
async fn a_valid_proof_of_another_program_is_caught() {
    let other =
        |asked: crate::rogue::Asked| async { asked.by(&Groth16Adapter::new(Default::default())).await };
    caught(Rogue::new(other), "SH-JOB-005").await;
}

/// A valid proof of the right input and outputs by another proof system.
#[tokio::test(flavor = "multi_thread")]
async fn a_valid_proof_of_another_system_is_caught() {
    let other = |asked: crate::rogue::Asked| async {
        asked.by(&EmbeddedAdapter::new(circuits(), Default::default())).await
    };
    caught(Rogue::new(other), "SH-JOB-004").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_document_are_caught() {
    let garbage = |_| async { Ok(Proven { document: Bytes::from_static(b"\xff\x00proof"), opening: None }) };
    caught(Rogue::new(garbage), "SH-VER-003").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_larger_than_any_is_caught() {
    let flood = |_| async { Ok(Proven { document: vec![b' '; 80 << 20].into(), opening: None }) };
    caught(Rogue::new(flood), "SH-").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_with_one_changed_digit_is_caught() {
    let forge = |asked: crate::rogue::Asked| async {
        let proven = asked.honestly().await?;
        let mut document: Value = serde_json::from_slice(&proven.document).unwrap();
        let outputs = document["statement"]["public_inputs"].as_array_mut().unwrap();
        *outputs.last_mut().unwrap() = outputs[0].clone();
        Ok(Proven { document: document.to_string().into(), opening: None })
    };
    caught(Rogue::new(forge), "SH-G16").await;
}

/// Two answers where one was asked for: whichever a careless reader takes, the other may be what was verified.
#[tokio::test(flavor = "multi_thread")]
async fn two_documents_in_one_answer_are_caught() {
    let twice = |asked: crate::rogue::Asked| async {
        let proven = asked.honestly().await?;
        Ok(Proven { document: proven.document.repeat(2).into(), opening: None })
    };
    caught(Rogue::new(twice), "SH-VER-003").await;
}

/// The first job is answered well, and every later one with the same proof over again.
#[tokio::test(flavor = "multi_thread")]
async fn the_answer_to_an_earlier_job_is_caught_when_it_comes_again() {
    let kept: Arc<Mutex<Option<Proven>>> = Arc::default();
    let rogue = Rogue::new(move |asked| {
        let kept = Arc::clone(&kept);
        async move {
            if let Some(proven) = kept.lock().unwrap().clone() {
                return Ok(proven);
            }
            let proven = asked.honestly().await?;
            *kept.lock().unwrap() = Some(proven.clone());
            Ok(proven)
        }
    });
    let gateway = Inside::start(vec![entry(Arc::clone(&rogue) as _), honest()]).await;
    let api = &gateway.api;
    let model = api.model("iris_mlp").await;
    let first = api.submit(&attested(&model, &input("iris_mlp", 0))).await;
    assert_eq!(gateway.receipted(&first).await["prover"], ROGUE, "an honest answer is as good as anyone's");
    let second = api.submit(&attested(&model, &input("iris_mlp", 1))).await;
    let job = gateway.receipted(&second).await;
    assert_eq!(job["prover"], HONEST);
    let route = api.route(&second).await;
    assert_eq!(
        (&route["attempts"][0]["prover"], &route["attempts"][0]["code"]),
        (&ROGUE.into(), &"SH-JOB-005".into())
    );
    assert_eq!(gateway.prover(ROGUE).await["status"], "quarantined");
    // What it answered well stands.
    assert_ne!(gateway.receipted(&first).await["statement_id"], job["statement_id"]);
    gateway.stop().await;
}

/// Says of itself that its proofs go into the recursion, which they do not: whoever asked for proven gets proven.
#[tokio::test(flavor = "multi_thread")]
async fn a_prover_that_lies_about_its_trust_tier_is_caught() {
    let groth16 = Arc::new(Groth16Adapter::new(Default::default()));
    let rogue = Rogue::disguised_as(
        groth16,
        |descriptor| descriptor.tier = TrustTier::Proven,
        |asked| asked.honestly(),
    );
    let gateway = Inside::start(vec![entry(Arc::clone(&rogue) as _), embedded()]).await;
    let api = &gateway.api;
    let mut job = proven(&api.model("iris_mlp").await, &input("iris_mlp", 0));
    job["objective"] = json!("cheapest");
    let id = api.submit(&job).await;
    let job = crate::gateway::eventually("a statement", async || {
        let job = api.get(&format!("/v1/jobs/{id}")).await.expect(200);
        assert_ne!(job["status"], "failed", "{job}");
        job["statement_id"].is_string().then_some(job)
    })
    .await;
    assert_eq!((&job["prover"], &job["trust_tier"]), (&"embedded-plonky2".into(), &"proven".into()), "{job}");
    let route = api.route(&id).await;
    assert_eq!(
        (&route["attempts"][0]["prover"], &route["attempts"][0]["code"]),
        (&ROGUE.into(), &"SH-JOB-004".into())
    );
    assert_eq!(rogue.asked(), 1);
    gateway.stop().await;
}

/// A proof of a commitment that the salt does not open: the caller could never show what it was about.
#[tokio::test(flavor = "multi_thread")]
async fn a_commitment_that_does_not_open_is_caught() {
    for broken in [None, Some(Opening([1; 32]))] {
        let honest = Arc::new(EmbeddedAdapter::new(circuits(), Default::default()));
        let rogue = Rogue::disguised_as(
            honest,
            |_| (),
            move |asked| {
                let opening = broken.clone();
                async move { Ok(Proven { opening, ..asked.honestly().await? }) }
            },
        );
        let gateway = Inside::start(vec![entry(rogue)]).await;
        let api = &gateway.api;
        let mut job = proven(&api.model("iris_mlp").await, &input("iris_mlp", 0));
        job["privacy"] = json!("committed");
        let id = api.submit(&job).await;
        assert_eq!(api.ended(&id).await["status"], "failed");
        let route = api.route(&id).await;
        assert_eq!(route["attempts"][0]["code"], "SH-JOB-005", "{route}");
        gateway.stop().await;
    }
}

/// Without anyone else to ask, the job ends at once, and says why.
#[tokio::test(flavor = "multi_thread")]
async fn with_nobody_but_a_liar_a_job_fails_with_the_reason() {
    let rogue = Rogue::new(|asked| asked.for_input(|input| input[0] += 1));
    let gateway = Inside::start(vec![entry(rogue)]).await;
    let api = &gateway.api;
    let model = api.model("iris_mlp").await;
    let id = api.submit(&attested(&model, &input("iris_mlp", 0))).await;
    let job = api.ended(&id).await;
    assert_eq!((&job["status"], &job["failure"]["code"]), (&"failed".into(), &"SH-JOB-001".into()), "{job}");
    assert_eq!(job["failure"]["retryable"], true, "a quarantine ends: {job}");
    assert!(job.get("statement_id").is_none(), "{job}");
    ended_once(api, &id).await;
    let route = api.route(&id).await;
    assert_eq!(route["attempts"].as_array().unwrap().len(), 1, "{route}");
    assert_eq!(reasons(&route["decisions"][1], ROGUE), ["quarantined", "excluded"], "{route}");

    // Another job waits for the quarantine to end for as long as it can be in time, and then says why it is not.
    let mut waits = attested(&model, &input("iris_mlp", 1));
    waits["deadline_ms"] = json!(2000);
    let job = api.ended(&api.submit(&waits).await).await;
    assert_eq!((&job["status"], &job["failure"]["code"]), (&"failed".into(), &"SH-JOB-001".into()), "{job}");
    assert!(text(&job["failure"]["message"]).contains("quarantined 1"), "{job}");
    assert_eq!(job["failure"]["retryable"], true);
    gateway.stop().await;
}

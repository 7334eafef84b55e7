//! Proofs that were made elsewhere.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use sheaf_aggregator::documents::{Document, ProofDocument};
use sheaf_local::binary;

use crate::common::{accepted, compile, prove, text as path_text};
use crate::gateway::events::ended_once;
use crate::gateway::http::{Answer, Api, text};
use crate::gateway::process::Setting;
use crate::gateway::samples::{input, proven};

async fn bring(api: &Api, kind: &str, bytes: Vec<u8>) -> Answer {
    api.send(api.request(Method::POST, "/v1/proofs").header(CONTENT_TYPE, kind).body(bytes)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proof_made_by_the_command_gets_a_receipt() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let program = compile("iris_mlp", folder.path(), &[]);
    let proof = std::fs::read(prove("iris_mlp", &program, 0, folder.path())).unwrap();
    let document = ProofDocument::from_json(&proof).unwrap();

    let answer = bring(&api, "application/json", proof.clone()).await;
    let id = text(&answer.expect(202)["id"]);
    assert_eq!(answer.header("location"), Some(format!("/v1/jobs/{id}").as_str()));
    // The same in binary, a third smaller, is the same statement.
    let small = binary::from_proof(&document);
    assert!(small.len() < proof.len());
    let twin = text(&bring(&api, "application/octet-stream", small).await.expect(202)["id"]);
    let job = api.aggregated(&id).await;
    assert_eq!((&job["kind"], &job["trust_tier"]), (&"proof".into(), &"proven".into()));
    assert_eq!(job["statement_id"], document.statement.id().to_string());
    assert_eq!(api.aggregated(&twin).await["statement_id"], job["statement_id"]);
    ended_once(&api, &id).await;
    assert_eq!(api.route(&id).await["attempts"], json!([]), "nobody was asked to prove it");

    let receipt = folder.path().join("receipt.json");
    std::fs::write(&receipt, &api.get(&text(&job["links"]["receipt"])).await.body).unwrap();
    let aggregate = api.get(&format!("{}/aggregate", text(&job["links"]["batch"]))).await;
    std::fs::write(folder.path().join("aggregate.json"), &aggregate.body).unwrap();
    accepted(&["verify", path_text(&receipt), "--program", path_text(&program)]);
}

/// Takes one of a job's proofs for another's, or alters it: what does not verify is nobody's receipt.
#[tokio::test(flavor = "multi_thread")]
async fn proofs_that_do_not_verify_end_their_job_with_the_verifiers_reason() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_WORKERS", 0).start();
    let api = served.api();
    let program = compile("iris_mlp", folder.path(), &[]);
    let proof = std::fs::read(prove("iris_mlp", &program, 0, folder.path())).unwrap();
    let document: Value = serde_json::from_slice(&proof).unwrap();
    let with = |path: &str, value: Value| {
        let mut altered = document.clone();
        *altered.pointer_mut(path).unwrap_or_else(|| panic!("{path}")) = value;
        altered
    };
    // What an attacker would have us say: another output, another program, another shape.
    let input = &document["statement"]["public_inputs"][0];
    let one = json!(format!("0x{:064x}", 1));
    for (what, altered, prefix) in [
        ("another output", with("/statement/public_inputs/6", one.clone()), "SH-PRF-007"),
        ("another input", with("/statement/public_inputs/0", one), "SH-PRF-007"),
        ("an input over again", with("/statement/public_inputs/1", input.clone()), "SH-PRF-007"),
        ("another program", with("/statement/vk", json!(format!("0x{}", "ab".repeat(32)))), "SH-PRF-006"),
        ("another system", with("/statement/system", json!("0x00000000")), "SH-"),
        ("a huge circuit", with("/program/shape/degree_bits", json!(40)), "SH-"),
        ("no proof", with("/proof", json!("")), "SH-"),
        ("another version", with("/version", json!("sheaf/proof/v2")), "SH-VER-001"),
        ("something else", json!({ "proof": "yes" }), "SH-VER-003"),
    ] {
        let answer = bring(&api, "application/json", altered.to_string().into_bytes()).await;
        let job = api.ended(&text(&answer.expect(202)["id"])).await;
        assert_eq!(job["status"], "failed", "{what}: {job}");
        assert_eq!(job["failure"]["stage"], "verifying", "{what}: {job}");
        assert!(text(&job["failure"]["code"]).starts_with(prefix), "{what}: {job}");
        assert!(job.get("statement_id").is_none(), "{what}: {job}");
    }
    for bytes in ["", "[]", "null", "{", "\"proof\"", "7"] {
        let answer = bring(&api, "application/json", bytes.as_bytes().to_vec()).await;
        assert_eq!(answer.refused(400), "SH-API-001", "{bytes}");
    }
    for bytes in [&b""[..], b"\x0esheaf/proof/v1", &proof] {
        let answer = bring(&api, "application/octet-stream", bytes.to_vec()).await;
        assert!(answer.refused(422).starts_with("SH-BIN"), "{answer:?}");
    }
    assert_eq!(bring(&api, "text/plain", proof).await.refused(415), "SH-API-011");
}

/// What the gateway itself proved can be taken away, and brought to another gateway.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_of_one_gateway_can_be_brought_to_another() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = [0, 1]
        .map(|index| Setting::new(folders[index].path()).with("SHEAF_WORKERS", 0).without_batches().start());
    let api = one.api();
    let id = api.submit(&proven(&api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    let proof = crate::gateway::eventually("a proof", async || {
        let answer = api.get(&format!("/v1/jobs/{id}/proof")).await;
        if answer.status == 200 {
            return Some(answer.body);
        }
        assert_eq!(answer.refused(404), "SH-API-019");
        None
    })
    .await;
    let there = other.api();
    let brought = text(&bring(&there, "application/json", proof.to_vec()).await.expect(202)["id"]);
    let statement = crate::gateway::eventually("a statement", async || {
        let job = there.get(&format!("/v1/jobs/{brought}")).await.expect(200);
        assert_ne!(job["status"], "failed", "{job}");
        job["statement_id"].as_str().map(ToOwned::to_owned)
    })
    .await;
    assert_eq!(api.get(&format!("/v1/jobs/{id}")).await.expect(200)["statement_id"], statement);
}

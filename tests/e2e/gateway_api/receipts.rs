//! Receipts: verified offline, without believing the gateway.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use sheaf_client::verify::{Expectations, VerifiedReceipt};
use sheaf_client::{Error, StatementId};

use crate::common::{accepted, compile, refused, text as path_text};
use crate::gateway::http::text;
use crate::gateway::process::Setting;
use crate::gateway::samples::{attested, input, proven};

#[tokio::test(flavor = "multi_thread")]
async fn proven_receipts_verify_offline_and_only_with_their_aggregate() {
    let data = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let model = api.model("iris_mlp").await;
    let ids = [
        api.submit(&proven(&model, &input("iris_mlp", 0))).await,
        api.submit(&proven(&model, &input("iris_mlp", 1))).await,
    ];
    let program = compile("iris_mlp", folder.path(), &[]);
    let mut receipts = Vec::new();
    for id in &ids {
        let job = api.aggregated(id).await;
        let receipt = api.get(&text(&job["links"]["receipt"])).await;
        assert_eq!(receipt.header("sheaf-batch"), job["batch_id"].as_str());
        let batch = api.get(&text(&job["links"]["batch"])).await.expect(200);
        assert!(batch["statements"].as_array().unwrap().contains(&job["statement_id"]), "{batch}");
        assert!(batch["tasks"].as_array().unwrap().iter().all(|task| task["status"] == "done"), "{batch}");
        let aggregate = api.get(&format!("{}/aggregate", text(&job["links"]["batch"]))).await;
        let sha256 = format!("0x{}", hex::encode(Sha256::digest(&aggregate.body)));
        assert_eq!(batch["aggregate_sha256"], sha256);

        let out = folder.path().join(id);
        std::fs::create_dir(&out).unwrap();
        std::fs::write(out.join("receipt.json"), &receipt.body).unwrap();
        std::fs::write(out.join("aggregate.json"), &aggregate.body).unwrap();
        let receipt = out.join("receipt.json");
        let verdict = accepted(&["verify", path_text(&receipt), "--program", path_text(&program)]);
        assert_eq!(verdict["valid"], true);

        // The SDK comes to the same, and holds it against a program that was compiled elsewhere.
        let vk = text(&accepted(&["inspect", path_text(&program)])["content"]["vk"]).parse().unwrap();
        let statement = StatementId::from(text(&job["statement_id"]));
        let expected = Expectations::new().program(vk);
        let verified = api.sdk().verified_receipt(&statement, &expected).await.unwrap();
        assert!(matches!(verified, VerifiedReceipt::Proven(_)));
        receipts.push(receipt);
    }
    // Whoever changes one digit of it, or calls it another's, is found out.
    let bytes = std::fs::read_to_string(&receipts[0]).unwrap();
    let statement = text(&api.ended(&ids[0]).await["statement_id"]);
    let other = text(&api.ended(&ids[1]).await["statement_id"]);
    std::fs::write(&receipts[0], bytes.replace(&statement, &other)).unwrap();
    assert!(refused(&["verify", path_text(&receipts[0])]).starts_with("SH-RCP"));
}

/// An attestation proves nothing: it is a word, and only of whom the caller names.
#[tokio::test(flavor = "multi_thread")]
async fn attested_receipts_are_believed_only_by_who_believes_their_operator() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let id = api.submit(&attested(&api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    let job = api.aggregated(&id).await;
    let statement = StatementId::from(text(&job["statement_id"]));
    let client = api.sdk();
    let receipt = client.receipt(&statement).await.unwrap();
    assert_eq!(receipt.trust_tier, sheaf_client::TrustTier::Attested);

    let expected = Expectations::new().attested_by(served.operator.parse().unwrap());
    let verified = client.verified_receipt(&statement, &expected).await.unwrap();
    assert!(matches!(verified, VerifiedReceipt::Attested(_)));
    let code = |result: Result<VerifiedReceipt, Error>| result.unwrap_err().code().to_owned();
    assert_eq!(code(client.verified_receipt(&statement, &Expectations::new()).await), "SH-CLT-021");
    let stranger = Expectations::new().attested_by(format!("0x{}", "11".repeat(20)).parse().unwrap());
    assert!(code(client.verified_receipt(&statement, &stranger).await).starts_with("SH-ATT"));

    // Called proven, it is not taken for that either.
    let document = String::from_utf8(receipt.document.to_vec()).unwrap();
    let forged = Bytes::from(document.replace("\"attested\"", "\"proven\""));
    assert_ne!(forged, receipt.document);
    assert!(sheaf_client::verify::attested(forged, &expected).is_err());

    // A batch of words has no aggregate, and the answer says why.
    let answer = api.get(&format!("{}/aggregate", text(&job["links"]["batch"]))).await;
    assert_eq!(answer.refused(404), "SH-API-019");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_yet_says_so_and_what_never_was_too() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path())
        .with("SHEAF_WORKERS", 0)
        .with("SHEAF_PROVERS__EMBEDDED", 0)
        .without_batches()
        .start();
    let api = served.api();
    let id = api.submit(&attested(&api.model("iris_mlp").await, &input("iris_mlp", 0))).await;
    let job = crate::gateway::eventually("a statement", async || {
        let job = api.get(&format!("/v1/jobs/{id}")).await.expect(200);
        job["statement_id"].is_string().then_some(job)
    })
    .await;
    // Verified, and in no batch: there is a proof and no receipt.
    assert!(job["links"].get("receipt").is_none(), "{job}");
    assert_eq!(
        api.get(&format!("/v1/jobs/{id}/proof")).await.expect(200)["version"],
        "sheaf/groth16-proof/v1"
    );
    let receipt = format!("/v1/receipts/{}", text(&job["statement_id"]));
    assert_eq!(api.get(&receipt).await.refused(404), "SH-API-005");
    for path in ["/v1/receipts/0x00", "/v1/receipts/x", "/v1/batches/x", "/v1/batches/x/aggregate"] {
        assert_eq!(api.get(path).await.refused(404), "SH-API-005", "{path}");
    }
}

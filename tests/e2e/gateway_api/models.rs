//! Models over HTTP.

use reqwest::Method;
use reqwest::header::CONTENT_TYPE;

use crate::common::fixture;
use crate::gateway::http::{Answer, Api, text};
use crate::gateway::process::Setting;
use crate::gateway::samples::onnx;

async fn add(api: &Api, query: &str, kind: &str, bytes: Vec<u8>) -> Answer {
    let request = api.request(Method::POST, &format!("/v1/models{query}"));
    api.send(request.header(CONTENT_TYPE, kind).body(bytes)).await
}

const OCTETS: &str = "application/octet-stream";

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_added_once_and_says_who_can_serve_it_at_what_cost() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let first = add(&api, "?name=iris", OCTETS, onnx("iris_mlp")).await;
    let model = first.expect(201);
    assert_eq!(model["name"], "iris");
    assert_eq!(model["input_shape"], serde_json::json!([1, 4]));
    let location = first.header("location").unwrap().to_owned();
    assert_eq!(api.get(&location).await.expect(200)["model"], model["model"]);

    let again = add(&api, "", OCTETS, onnx("iris_mlp")).await;
    assert_eq!(again.expect(200)["model"], model["model"]);
    assert_eq!(again.expect(200)["created_ms"], model["created_ms"]);
    assert_eq!(again.header("location"), Some(location.as_str()));
    let other_scale = add(&api, "?scale_bits=8", OCTETS, onnx("iris_mlp")).await;
    assert_eq!(other_scale.expect(201)["model"], model["model"], "the digest is the file's");
    let listed = api.get("/v1/models").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);

    let provers = model["provers"].as_array().unwrap();
    for (prover, privacy, tier) in [
        ("embedded-plonky2", "public", "proven"),
        ("embedded-plonky2", "committed", "proven"),
        ("groth16-bn254", "public", "attested"),
        ("groth16-bn254", "private", "attested"),
    ] {
        let offer = provers.iter().find(|offer| offer["prover"] == prover && offer["privacy"] == privacy);
        let offer = offer.unwrap_or_else(|| panic!("{prover} {privacy}: {model}"));
        assert_eq!((offer["serves"].as_bool(), &offer["trust_tier"]), (Some(true), &tier.into()), "{offer}");
        assert!(
            text(&offer["estimated_price"]).parse::<sheaf_policies::MicroUsd>().unwrap().0 > 0,
            "{offer}"
        );
        assert!(offer["estimated_latency_ms"].as_u64().unwrap() > 0, "{offer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_model_of_ours_are_refused_with_the_reason() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    for entry in std::fs::read_dir(fixture("refused")).unwrap() {
        let path = entry.unwrap().path();
        let answer = add(&api, "", OCTETS, std::fs::read(&path).unwrap()).await;
        let code = answer.refused(422);
        assert!(code.starts_with("SH-ONX") || code.starts_with("SH-MOD"), "{}: {code}", path.display());
    }
    for bytes in [Vec::new(), b"\x00".to_vec(), b"{}".to_vec(), vec![0xff; 100_000]] {
        assert!(add(&api, "", OCTETS, bytes).await.refused(422).starts_with("SH-"));
    }
    assert_eq!(add(&api, "", "text/html", onnx("iris_mlp")).await.refused(415), "SH-API-011");
    for query in ["?scale_bits=0", "?scale_bits=17", "?name="] {
        assert_eq!(add(&api, query, OCTETS, onnx("iris_mlp")).await.refused(422), "SH-API-002", "{query}");
    }
    for query in ["?scale_bits=x", "?scale=12", "?scale_bits=12&scale_bits=12"] {
        assert_eq!(add(&api, query, OCTETS, onnx("iris_mlp")).await.refused(400), "SH-API-017", "{query}");
    }
    assert!(api.get("/v1/models").await.expect(200)["items"].as_array().unwrap().is_empty());
}

//! One verifier for documents of every system.

use sheaf_adapter::Adapter;
use sheaf_aggregator::tree::program_vk;
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_local::verify::{VerifiedDocument, verify_document};
use sheaf_statement::{InputVisibility, ProofSystem, TrustTier};

use crate::models::{request, store, trained};
use crate::{embedded, groth16};

async fn document(adapter: &dyn Adapter) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (model, input) = trained("iris_mlp");
    let compiled = adapter.compile(model, InputVisibility::Public).await.unwrap();
    let program = store(folder.path(), &compiled, InputVisibility::Public);
    adapter.prove(request(&program, &input)).await.unwrap().document.to_vec()
}

fn code(bytes: &[u8]) -> String {
    verify_document(bytes, &CircuitsByProfile::new(None)).unwrap_err().code
}

/// A document with a part of its text replaced wherever it occurs.
fn replaced(document: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(document).unwrap();
    assert!(text.contains(from), "{from}");
    text.replace(from, to).into_bytes()
}

/// The document with its last public-input word raised by one or lowered by one.
fn other_output(document: &[u8]) -> Vec<u8> {
    let mut value: serde_json::Value = serde_json::from_slice(document).unwrap();
    let words = value["statement"]["public_inputs"].as_array_mut().unwrap();
    let word = words.last_mut().unwrap();
    let text = word.as_str().unwrap();
    let (head, last) = text.split_at(text.len() - 1);
    let last = if last == "0" { "1" } else { "0" };
    *word = format!("{head}{last}").into();
    serde_json::to_vec(&value).unwrap()
}

#[tokio::test]
async fn proofs_of_the_embedded_prover_are_proven() {
    let document = document(&embedded::adapter()).await;
    let verified = verify_document(&document, &CircuitsByProfile::new(None)).unwrap();
    assert_eq!((verified.system, verified.tier), (ProofSystem::Plonky2Goldilocks, TrustTier::Proven));
    let member = verified.member.as_ref().unwrap();
    assert_eq!(member.statement, verified.statement);
    assert_eq!(program_vk(&member.leaf_key, &member.program_key), verified.statement.vk());
    assert_eq!(member.shape.degree_bits, 8);
    // It crosses from a child process.
    let bytes = postcard::to_stdvec(&verified).unwrap();
    assert_eq!(postcard::from_bytes::<VerifiedDocument>(&bytes).unwrap(), verified);

    assert_eq!(code(&other_output(&document)), "SH-PRF-007");
    let vk = verified.statement.vk().to_string();
    assert_eq!(code(&replaced(&document, &vk, &format!("0x{}", "11".repeat(32)))), "SH-PRF-006");
    // As a document of the other system.
    let other = replaced(&document, "sheaf/proof/v1", "sheaf/groth16-proof/v1");
    assert_eq!(code(&other), "SH-G16-031");
}

#[tokio::test]
async fn proofs_of_the_groth16_prover_are_attested() {
    let document = document(&groth16::adapter()).await;
    let verified = verify_document(&document, &CircuitsByProfile::new(None)).unwrap();
    assert_eq!((verified.system, verified.tier), (ProofSystem::Groth16Bn254, TrustTier::Attested));
    assert_eq!(verified.member, None);

    assert_eq!(code(&other_output(&document)), "SH-G16-035");
    let vk = verified.statement.vk().to_string();
    assert_eq!(code(&replaced(&document, &vk, &format!("0x{}", "11".repeat(32)))), "SH-G16-033");
    let other = replaced(&document, "sheaf/groth16-proof/v1", "sheaf/proof/v1");
    assert_eq!(code(&other), "SH-DOC-002");
}

#[test]
fn documents_of_no_known_version_are_refused() {
    for version in ["sheaf/proof/v2", "sheaf/proof/v1 ", "SHEAF/PROOF/V1", "sheaf/aggregate/v1", ""] {
        assert_eq!(code(format!(r#"{{"version": "{version}"}}"#).as_bytes()), "SH-VER-001", "{version}");
    }
    let long = format!(r#"{{"version": "{}"}}"#, "x".repeat(1 << 20));
    let refusal = verify_document(long.as_bytes(), &CircuitsByProfile::new(None)).unwrap_err();
    assert_eq!(refusal.code, "SH-VER-001");
    assert!(refusal.message.len() < 300, "{}", refusal.message.len());
}

#[test]
fn bytes_that_are_no_document_are_refused() {
    for text in [
        "",
        "null",
        "[]",
        "{}",
        "proof",
        r#"{"version": 1}"#,
        r#"{"version": null}"#,
        // Which of the two a reader takes would be its own choice.
        r#"{"version": "sheaf/proof/v1", "version": "sheaf/groth16-proof/v1"}"#,
        "\u{feff}{\"version\": \"sheaf/proof/v1\"}",
    ] {
        assert_eq!(code(text.as_bytes()), "SH-VER-003", "{text}");
    }
    assert_eq!(code(&[0xff; 64]), "SH-VER-003");
    let deep = [br#"{"a": "#.to_vec(), vec![b'['; 1 << 20]].concat();
    assert_eq!(code(&deep), "SH-VER-003");
    // A version alone is not yet a document.
    assert_eq!(code(br#"{"version": "sheaf/proof/v1"}"#), "SH-DOC-002");
    assert_eq!(code(br#"["sheaf/proof/v1"]"#), "SH-DOC-002");
    assert_eq!(code(br#"{"version": "sheaf/groth16-proof/v1"}"#), "SH-G16-031");
}

/// Before anything is parsed: a document of any size would otherwise cost its size again and again.
#[test]
fn documents_that_are_too_large_are_refused() {
    let mut bytes = br#"{"version": "sheaf/proof/v1"}"#.to_vec();
    bytes.resize(8 << 20, b' ');
    assert_eq!(code(&bytes), "SH-DOC-002");
    bytes.push(b' ');
    assert_eq!(code(&bytes), "SH-VER-002");
}

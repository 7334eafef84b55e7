//! The Groth16 prover against the adapter contract.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sheaf_adapter::conformance::{Sample, check};
use sheaf_adapter::{Adapter, ErrorKind, ModelSize};
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_groth16::VerifyingKey;
use sheaf_local::verify::verify_document;
use sheaf_local::{Groth16Adapter, Groth16Settings};
use sheaf_statement::{InputVisibility, ProofSystem, TrustTier};

use crate::models::{overflowing, request, store, trained, wide};
use crate::restarted::Restarted;

pub(crate) fn adapter() -> Groth16Adapter {
    Groth16Adapter::new(Groth16Settings::default())
}

#[tokio::test]
async fn the_contract_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let circuits = CircuitsByProfile::new(None);
    let (model, input) = trained("iris_mlp");
    let sample = Sample {
        overflowing: Some(overflowing(&model)),
        model,
        input,
        folder: folder.path(),
        verifier: &|bytes| match verify_document(bytes, &circuits) {
            Ok(verified) => Ok(verified.statement),
            Err(refusal) => Err(refusal.to_string()),
        },
    };
    assert_eq!(check(&adapter(), &sample).await, [""; 0]);
    let served = [InputVisibility::Public, InputVisibility::Private];
    assert_eq!(check(&Restarted::new(adapter(), adapter(), &served), &sample).await, [""; 0]);
}

#[tokio::test]
async fn what_it_says_of_itself() {
    let adapter = adapter();
    let descriptor = adapter.descriptor();
    assert_eq!(descriptor.id.as_str(), "groth16-bn254");
    assert_eq!((descriptor.system, descriptor.tier), (ProofSystem::Groth16Bn254, TrustTier::Attested));
    assert_eq!(descriptor.visibilities, [InputVisibility::Public, InputVisibility::Private]);
    let notes = descriptor.notes.join("\n");
    assert!(notes.contains("trapdoor") && notes.contains("attested"), "{notes}");
}

#[tokio::test]
async fn keys_are_documents_and_hash_to_the_vk() {
    let adapter = adapter();
    let (model, _) = trained("iris_mlp");
    let first = adapter.compile(Arc::clone(&model), InputVisibility::Public).await.unwrap();
    let second = adapter.compile(model, InputVisibility::Public).await.unwrap();
    assert_ne!(first.vk, second.vk, "setup is random");
    assert_eq!(first.size, second.size);
    for program in [first, second] {
        let key: serde_json::Value = serde_json::from_slice(&program.key).unwrap();
        assert_eq!(key["version"], "sheaf/groth16-key/v1");
        assert_eq!(key["setup"], "development");
        let bytes = STANDARD.decode(key["key"].as_str().unwrap()).unwrap();
        assert_eq!(VerifyingKey::from_bytes(&bytes).unwrap().digest(), program.vk);
    }
}

#[tokio::test]
async fn estimates_before_compiling_are_close_to_those_after() {
    let adapter = adapter();
    for name in ["iris_mlp", "digits_mlp", "digits_argmax"] {
        let (model, _) = trained(name);
        let before = adapter.estimate(&ModelSize::of(&model), InputVisibility::Private).unwrap();
        let after = adapter.compile(model, InputVisibility::Private).await.unwrap().estimate;
        assert!(before.cpu_ms.abs_diff(after.cpu_ms) * 10 <= after.cpu_ms, "{name}: {before:?}, {after:?}");
    }
}

#[tokio::test]
async fn models_that_are_too_large_are_another_provers() {
    let adapter = adapter();
    let (model, _) = wide(40_000);
    let error = adapter.compile(model, InputVisibility::Public).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Unsupported, "SH-LOC-012"));
    // What only counting finds.
    let (model, _) = wide(30_000);
    assert!(adapter.estimate(&ModelSize::of(&model), InputVisibility::Public).is_ok());
    let error = adapter.compile(model, InputVisibility::Public).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Unsupported, "SH-G16-001"));
}

#[tokio::test]
async fn packages_that_are_not_the_programs_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (model, input) = trained("iris_mlp");
    let compiled = adapter().compile(Arc::clone(&model), InputVisibility::Public).await.unwrap();
    let other = adapter().compile(model, InputVisibility::Public).await.unwrap();
    let program = store(folder.path(), &compiled, InputVisibility::Public);
    let mut damaged = compiled.package.to_vec();
    damaged[1000] ^= 1;
    for (bytes, code) in
        [(&other.package[..], "SH-LOC-009"), (&damaged[..], "SH-G16-012"), (b"something else", "SH-G16-011")]
    {
        std::fs::write(&program.package, bytes).unwrap();
        let error = adapter().prove(request(&program, &input)).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Transient, code));
    }
}

/// Errors are kept and shown; the input may be private.
#[tokio::test]
async fn refusals_do_not_tell_values() {
    let (adapter, folder) = (adapter(), tempfile::tempdir().unwrap());
    let (model, mut input) = trained("iris_mlp");
    let too_much = overflowing(&model);
    let compiled = adapter.compile(model, InputVisibility::Private).await.unwrap();
    let program = store(folder.path(), &compiled, InputVisibility::Private);
    input[1] = 987_654_321;
    for (input, code) in [(&input, "SH-REF-004"), (&too_much, "SH-REF-005")] {
        let error = adapter.prove(request(&program, input)).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::InvalidJob, code));
        assert!(!error.message.contains("got") && !error.message.contains("987"), "{error}");
    }
    let error = adapter.prove(request(&program, &input[1..])).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::InvalidJob, "SH-REF-001"));
}

#[test]
fn settings_are_strict_and_have_defaults() {
    let settings = |text| serde_json::from_str::<Groth16Settings>(text);
    assert_eq!(settings("{}").unwrap(), Groth16Settings::default());
    let json = serde_json::to_string(&Groth16Settings::default()).unwrap();
    assert_eq!(json, r#"{"parallel":1,"cache_mib":256}"#);
    for bad in [r#"{"parallel": 0}"#, r#"{"profile": "standard"}"#] {
        settings(bad).unwrap_err();
    }
}

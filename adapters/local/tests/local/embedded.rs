//! The embedded prover against the adapter contract.

use std::sync::Arc;
use std::time::Duration;

use sheaf_adapter::conformance::{Sample, check};
use sheaf_adapter::{Adapter, ErrorKind, ModelSize, StackLimits, assemble};
use sheaf_aggregator::tree::program_vk;
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_embedded::ProgramKey;
use sheaf_local::verify::verify_document;
use sheaf_local::{EmbeddedAdapter, EmbeddedSettings};
use sheaf_plonky2::Profile;
use sheaf_statement::{InputVisibility, ProofSystem, TrustTier};
use tower::ServiceExt;

use crate::models::{overflowing, request, store, trained, wide};
use crate::restarted::Restarted;

pub(crate) fn adapter() -> EmbeddedAdapter {
    EmbeddedAdapter::new(Arc::new(CircuitsByProfile::new(None)), EmbeddedSettings::default())
}

async fn faults(adapter: &dyn Adapter) -> Vec<String> {
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
    check(adapter, &sample).await
}

#[tokio::test]
async fn the_contract_is_kept_for_public_inputs() {
    let adapter = Restarted::new(adapter(), adapter(), &[InputVisibility::Public]);
    assert_eq!(faults(&adapter).await, [""; 0]);
}

#[tokio::test]
#[ignore = "proofs of private inputs have 2^13 rows: about a minute of CPU time"]
async fn the_contract_is_kept_for_every_visibility() {
    assert_eq!(faults(&adapter()).await, [""; 0]);
}

/// Committed inputs are compiled in the same way; see the ignored test above for their proofs.
#[tokio::test]
async fn programs_of_private_inputs_are_blinded_and_programs_of_their_own() {
    let adapter = adapter();
    let (model, _) = trained("iris_mlp");
    let public = adapter.compile(Arc::clone(&model), InputVisibility::Public).await.unwrap();
    let private = adapter.compile(Arc::clone(&model), InputVisibility::Private).await.unwrap();
    assert_eq!((public.size.as_str(), private.size.as_str()), ("2^8 rows", "2^13 rows"));
    assert_ne!(public.vk, private.vk);
    for (program, blinded) in [(public, false), (private, true)] {
        let key: ProgramKey = serde_json::from_slice(&program.key).unwrap();
        assert_eq!((key.shape.profile, key.shape.zero_knowledge), (Profile::Standard, blinded));
        // The id is the one that anyone gets who compiles the same model: no state of ours is in it.
        let circuits = CircuitsByProfile::new(None);
        let leaf_key = circuits.get(Profile::Standard).leaf_key(&key.shape, &|_| ()).unwrap();
        assert_eq!(program.vk, program_vk(&leaf_key, &key.digest()));
    }
}

#[tokio::test]
async fn what_it_says_of_itself() {
    let adapter = adapter();
    let descriptor = adapter.descriptor();
    assert_eq!(descriptor.id.as_str(), "embedded-plonky2");
    assert_eq!((descriptor.system, descriptor.tier), (ProofSystem::Plonky2Goldilocks, TrustTier::Proven));
    assert_eq!(descriptor.visibilities, InputVisibility::ALL);
    assert!(descriptor.notes[0].contains("standard"), "{:?}", descriptor.notes);
}

/// The number of rows is a power of two, so that estimates before and after compiling are equal where it is right.
#[tokio::test]
async fn estimates_before_compiling_are_those_after() {
    let adapter = adapter();
    let trained_models = [
        "iris_mlp",
        "iris_softmax",
        "digits_mlp",
        "digits_cnn",
        "digits_cnn_avg",
        "digits_residual",
        "digits_argmax",
    ];
    let models = trained_models.map(trained).into_iter().chain([400, 1000, 1900].map(wide));
    for (model, _) in models {
        let before = adapter.estimate(&ModelSize::of(&model), InputVisibility::Public).unwrap();
        let compiled = adapter.compile(model, InputVisibility::Public).await.unwrap();
        assert_eq!(before, compiled.estimate, "{}", compiled.size);
    }
    let size = ModelSize::of(&trained("iris_mlp").0);
    let public = adapter.estimate(&size, InputVisibility::Public).unwrap();
    for visibility in [InputVisibility::Private, InputVisibility::Committed] {
        let blinded = adapter.estimate(&size, visibility).unwrap();
        assert!(blinded.cpu_ms > 20 * public.cpu_ms, "{blinded:?} beside {public:?}");
    }
}

#[tokio::test]
async fn models_that_are_too_large_are_another_provers() {
    let adapter = adapter();
    let (model, _) = wide(262_144);
    for visibility in InputVisibility::ALL {
        let estimated = adapter.estimate(&ModelSize::of(&model), visibility).unwrap_err();
        assert_eq!((estimated.kind, estimated.code.as_str()), (ErrorKind::Unsupported, "SH-LOC-012"));
        assert_eq!(adapter.compile(Arc::clone(&model), visibility).await.unwrap_err(), estimated);
    }
    let words = ModelSize { inputs: 65_530, outputs: 7, activations: 0, products: 0, comparisons: 0 };
    let error = adapter.estimate(&words, InputVisibility::Public).unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Unsupported, "SH-LOC-012"));
    assert!(adapter.estimate(&words, InputVisibility::Committed).is_ok());
}

#[tokio::test]
async fn a_program_is_not_proven_for_statements_of_another_kind() {
    let (adapter, folder) = (adapter(), tempfile::tempdir().unwrap());
    let (model, input) = trained("iris_mlp");
    let compiled = adapter.compile(model, InputVisibility::Public).await.unwrap();
    let mut program = store(folder.path(), &compiled, InputVisibility::Private);
    let error = adapter.prove(request(&program, &input)).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Transient, "SH-LOC-010"));
    program.visibility = InputVisibility::Public;
    adapter.prove(request(&program, &input)).await.unwrap();
}

/// Inputs come checked, but a number that the field cannot tell from another must not get past unchecked.
#[tokio::test]
async fn inputs_outside_the_range_are_the_jobs_fault() {
    let (adapter, folder) = (adapter(), tempfile::tempdir().unwrap());
    let (model, mut input) = trained("iris_mlp");
    let compiled = adapter.compile(model, InputVisibility::Public).await.unwrap();
    let program = store(folder.path(), &compiled, InputVisibility::Public);
    let modulus = 0xffff_ffff_0000_0001_u64.cast_signed();
    for value in [1 << 27, -(1 << 27) - 1, i64::MAX, i64::MIN, modulus] {
        input[0] = value;
        let error = adapter.prove(request(&program, &input)).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::InvalidJob, "SH-EMB-008"), "{value}");
    }
}

/// A proof cannot be interrupted. A gateway that gives up on one must not begin the next beside it.
#[tokio::test]
async fn a_proof_that_timed_out_keeps_its_place_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = Arc::new(adapter());
    let (model, input) = wide(1900);
    let compiled = adapter.compile(model, InputVisibility::Public).await.unwrap();
    let program = store(folder.path(), &compiled, InputVisibility::Public);
    let patient = StackLimits { tries: 1, ..StackLimits::default() };
    let hasty = StackLimits { timeout: Duration::from_millis(1), ..patient };
    let ask = |limits| assemble(Arc::clone(&adapter) as Arc<_>, limits).oneshot(request(&program, &input));
    assert_eq!(ask(hasty).await.unwrap_err().kind, ErrorKind::Timeout);
    let error = ask(patient).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Overloaded, "SH-LOC-001"));
    while let Err(error) = ask(patient).await {
        assert_eq!(error.kind, ErrorKind::Overloaded);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn settings_are_strict_and_have_defaults() {
    let settings = |text| serde_json::from_str::<EmbeddedSettings>(text);
    assert_eq!(settings("{}").unwrap(), EmbeddedSettings::default());
    let json = serde_json::to_string(&EmbeddedSettings::default()).unwrap();
    assert_eq!(json, r#"{"profile":"standard","parallel":1,"cache_mib":512}"#);
    settings(r#"{"profile": "provable", "parallel": 4}"#).unwrap();
    for bad in [r#"{"parallel": 0}"#, r#"{"threads": 1}"#, r#"{"profile": "none"}"#] {
        settings(bad).unwrap_err();
    }
}

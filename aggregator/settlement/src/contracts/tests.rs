use alloy::primitives::{FixedBytes, U256};
use alloy::sol_types::{SolError as _, SolEvent as _};

use super::*;

/// What is declared here is what the artefacts declare.
#[test]
fn artefacts_have_the_selectors_that_we_call() {
    use alloy::json_abi::JsonAbi;

    #[derive(serde::Deserialize)]
    struct WithAbi {
        abi: JsonAbi,
    }

    let abi = |text: &str| serde_json::from_str::<WithAbi>(text).unwrap().abi;
    let [verifier, router, registry] = [artefacts::VERIFIER, artefacts::ROUTER, artefacts::REGISTRY].map(abi);
    let functions = |abi: &JsonAbi| abi.functions().map(|f| f.selector()).collect::<Vec<FixedBytes<4>>>();
    let errors = |abi: &JsonAbi| abi.errors().map(|e| e.selector()).collect::<Vec<FixedBytes<4>>>();

    for selector in IBatchVerifier::IBatchVerifierCalls::SELECTORS {
        assert!(functions(&verifier).contains(&selector.into()), "verifier {selector:?}");
    }
    for selector in IBatchVerifier::IBatchVerifierErrors::SELECTORS {
        assert!(errors(&verifier).contains(&selector.into()), "verifier error {selector:?}");
    }
    for selector in VerifierRouter::VerifierRouterCalls::SELECTORS {
        assert!(functions(&router).contains(&selector.into()), "router {selector:?}");
    }
    for selector in VerifierRouter::VerifierRouterErrors::SELECTORS {
        assert!(errors(&router).contains(&selector.into()), "router error {selector:?}");
    }
    for selector in BatchRegistry::BatchRegistryCalls::SELECTORS {
        assert!(functions(&registry).contains(&selector.into()), "registry {selector:?}");
    }
    assert!(errors(&registry).contains(&BatchRegistry::AlreadyPosted::SELECTOR.into()));
    assert!(registry.events().any(|event| event.selector() == BatchRegistry::BatchPosted::SIGNATURE_HASH));
}

#[test]
fn reasons_are_those_of_the_contracts() {
    let root = B256::with_last_byte(7);
    let data: Bytes = BatchRegistry::AlreadyPosted { root }.abi_encode().into();
    assert_eq!(RevertReason::of(&data), RevertReason::AlreadyPosted(root));
    let data: Bytes = VerifierRouter::VerifierIsFrozen { selector: [1, 2, 3, 4].into() }.abi_encode().into();
    assert_eq!(RevertReason::of(&data), RevertReason::VerifierIsFrozen([1, 2, 3, 4].into()));
    let data: Bytes =
        IBatchVerifier::BatchLength { received: U256::from(1), expected: U256::from(2) }.abi_encode().into();
    assert_eq!(RevertReason::of(&data), RevertReason::Batch("expected 2 bytes, got 1".to_owned()));
    assert_eq!(RevertReason::of(&Bytes::new()), RevertReason::Silent);
    assert_eq!(RevertReason::of(&Bytes::from_static(&[1, 2])), RevertReason::Unknown("0x0102".to_owned()));
}

/// Attack: a contract whose words break the log's line.
#[test]
fn words_of_contracts_are_escaped_and_cut() {
    let revert = alloy::sol_types::Revert::from("a\nb".to_owned() + &"c".repeat(1000));
    let RevertReason::Text(text) = RevertReason::of(&revert.abi_encode().into()) else { panic!() };
    assert!(text.starts_with("a\\nb") && text.len() == 200);
}

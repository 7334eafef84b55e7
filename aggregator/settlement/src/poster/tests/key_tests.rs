//! Keys: where they come from, what they sign, and that nobody sees them.

use std::path::Path;
use std::sync::Arc;

use alloy::consensus::TxEip1559;
use alloy::signers::local::PrivateKeySigner;

use super::super::*;
use super::world::key;
use crate::embedded;

const SECRET: &str = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";

fn transaction(chain_id: u64) -> TxEip1559 {
    TxEip1559 { chain_id, ..TxEip1559::default() }
}

#[test]
fn key_comes_from_digits_with_or_without_prefix() {
    for text in [SECRET.to_owned(), format!("0x{SECRET}"), format!(" {SECRET}\n")] {
        let key = SigningKey::from_hex(&text.into(), "test").unwrap();
        assert_eq!(key.address().to_string(), "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23");
    }
}

#[test]
fn what_is_no_key_is_refused_without_being_repeated() {
    let order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let long = format!("{SECRET}00");
    for text in ["", "0x", &SECRET[1..], &long, &"0".repeat(64), order, &SECRET.replace('4', "g")] {
        let error = SigningKey::from_hex(&text.to_owned().into(), "test").unwrap_err();
        assert!(matches!(error, PosterError::KeyMalformed { .. }));
        assert!(text.len() < 8 || !format!("{error} {error:?}").contains(&text[..8]));
    }
    let error = SigningKey::from_env("SHEAF_TEST_NO_SUCH_VARIABLE").unwrap_err();
    assert_eq!(error.code(), "SH-STL-405");
}

/// A key ends up in logs by way of the structure that holds it.
#[test]
fn debug_output_hides_the_secret() {
    let key = SigningKey::from_hex(&SECRET.to_owned().into(), "test").unwrap();
    let text = format!("{key:?}");
    assert_eq!(text, "SigningKey { address: 0x2c7536e3605d9c16a7a3d7b1898e529396a65c23, .. }");
}

/// Attack: take a signature of the key that everybody knows to a chain where it is somebody's money.
#[test]
fn dev_key_signs_for_the_embedded_chain_alone() {
    let key = SigningKey::dev().unwrap();
    assert_eq!(key.address(), embedded::dev_address());
    assert!(key.sign(transaction(embedded::CHAIN_ID)).is_ok());
    for chain_id in [0, 1, 31337, embedded::CHAIN_ID + 1] {
        assert!(matches!(key.sign(transaction(chain_id)), Err(PosterError::KeyChain { .. })));
        assert!(key.check_chain(chain_id).is_err());
    }
}

#[test]
fn poster_does_not_start_with_a_key_of_another_chain() {
    let config = ChainConfig {
        name: "mainnet".parse().unwrap(),
        chain_id: 1,
        registry: Default::default(),
        rpc_urls: vec!["http://localhost:1".into()],
        policy: PostingPolicy::default(),
    };
    let error =
        Poster::connect(config, SigningKey::dev().unwrap(), Arc::new(MemoryStore::default())).unwrap_err();
    assert_eq!(error.code(), "SH-STL-403");
}

#[test]
fn poster_does_not_start_without_endpoints() {
    let config = ChainConfig {
        name: "mainnet".parse().unwrap(),
        chain_id: 1,
        registry: Default::default(),
        rpc_urls: Vec::new(),
        policy: PostingPolicy::default(),
    };
    let error = Poster::connect(config, key(1), Arc::new(MemoryStore::default())).unwrap_err();
    assert!(matches!(error, PosterError::Config { key: "rpc_urls", .. }));
}

/// Attack: a key in the URL of an endpoint, and a log that prints the configuration or an error.
#[tokio::test]
async fn urls_of_endpoints_are_in_no_message() {
    let text = r#"{"name": "a", "chain_id": 1, "registry": "0x0000000000000000000000000000000000000001",
        "rpc_urls": ["http://127.0.0.1:9/v3/s3cr3t"]}"#;
    let config: ChainConfig = serde_json::from_str(text).unwrap();
    assert!(!format!("{config:?}").contains("s3cr3t"));
    let poster = Poster::connect(config, key(1), Arc::new(MemoryStore::default())).unwrap();
    poster.submit(&crate::testing::batch(1), 0).await.unwrap();
    let events = poster.step(0).await.unwrap();
    let said = format!("{events:?} {poster:?}");
    assert!(
        said.contains("SH-STL-302") && said.contains("127.0.0.1:9") && !said.contains("s3cr3t"),
        "{said}"
    );
    for bad in ["ftp://s3cr3t.example", "s3cr3t"] {
        let error = crate::rpc::Endpoint::http(&bad.into(), crate::testing::TIMEOUT).unwrap_err();
        assert!(error.code() == "SH-STL-307" && !error.to_string().contains("s3cr3t"));
    }
}

fn write(path: &Path, text: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
#[test]
fn keystore_opens_with_its_password_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let secret = hex::decode(SECRET).unwrap();
    PrivateKeySigner::encrypt_keystore(
        folder.path(),
        &mut k256::elliptic_curve::rand_core::OsRng,
        &secret,
        "correct",
        Some("key"),
    )
    .unwrap();
    let (keystore, password) = (folder.path().join("key"), folder.path().join("password"));

    write(&password, "correct\nmore\n", 0o600);
    let key = SigningKey::from_keystore(&keystore, &password).unwrap();
    assert_eq!(key.address(), SigningKey::from_hex(&SECRET.to_owned().into(), "test").unwrap().address());

    write(&password, "wrong", 0o600);
    assert_eq!(SigningKey::from_keystore(&keystore, &password).unwrap_err().code(), "SH-STL-408");
    // Attack: a password that others can read.
    write(&password, "correct", 0o644);
    assert_eq!(SigningKey::from_keystore(&keystore, &password).unwrap_err().code(), "SH-STL-409");
    write(&password, "correct", 0o600);
    assert_eq!(
        SigningKey::from_keystore(&folder.path().join("none"), &password).unwrap_err().code(),
        "SH-STL-407"
    );
    assert_eq!(
        SigningKey::from_keystore(&keystore, &folder.path().join("none")).unwrap_err().code(),
        "SH-STL-407"
    );
}

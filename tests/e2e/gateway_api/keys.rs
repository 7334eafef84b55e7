//! API keys: what is shown, what is stored, and whom a key lets in.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{Connection, SqliteConnection};

use crate::document::{Operation, operations};
use crate::gateway::http::text;
use crate::gateway::process::Setting;

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn holds(path: &Path, needle: &[u8]) -> bool {
    std::fs::read(path).unwrap().windows(needle.len()).any(|window| window == needle)
}

/// Whoever reads a backup of the data must not become a user: of a key there is only a hash, and the folder is its
/// owner's alone.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_key_is_shown_once_and_only_its_hash_is_stored() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let key = served.key.clone().expect("the first start shows a key");
    let digits = key.strip_prefix("shf_").unwrap();
    assert!(digits.len() == 72 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    let other = served.api().make_key(&["read"], "main").await.key;
    served.api().get("/v1/jobs").await.expect(200);

    for secret in [&key, &other] {
        let random = hex::decode(&secret[4..68]).unwrap();
        for path in files(data.path()) {
            // The digits without prefix and checksum, and the bytes that they stand for.
            assert!(!holds(&path, &secret.as_bytes()[4..68]), "{}", path.display());
            assert!(!holds(&path, &random), "{}", path.display());
        }
        // The search finds what is there.
        let hash = Sha256::digest(secret.as_bytes());
        assert!(files(data.path()).iter().any(|path| holds(path, &hash)));
    }
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(data.path()), 0o700);
    assert_eq!(mode(&data.path().join("operator.key")), 0o600);

    let api = served.api();
    assert!(served.terminate().success());
    let again = Setting::new(data.path()).start();
    assert_eq!(again.key, None, "a second start has no key to show");
    assert_eq!(again.operator.len(), 42);
    crate::gateway::http::Api::new(&again.url, &api.key).get("/v1/jobs").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_mistyped_unknown_revoked_or_expired_let_nobody_in() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let mistyped = match api.key.strip_suffix('0') {
        Some(rest) => format!("{rest}1"),
        None => format!("{}0", &api.key[..75]),
    };
    // Of the right form, checksum included: only looking it up tells.
    let random = "0".repeat(64);
    let checksum = Sha256::new().chain_update("sheaf/api-key/v1").chain_update(&random).finalize();
    let unknown = format!("shf_{random}{}", hex::encode(&checksum[..4]));
    assert!(text(&api.with_key(&unknown).get("/v1/jobs").await.json()["detail"]).contains("unknown key"));
    for key in ["", "x", &mistyped, &api.key[..75], &unknown, &api.key.to_uppercase()] {
        let answer = api.with_key(key).get("/v1/jobs").await;
        assert_eq!(answer.refused(401), "SH-API-003", "{key}");
        assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
    }
    let basic = api.with_key("").request(Method::GET, "/v1/jobs").basic_auth("admin", Some(&api.key));
    assert_eq!(api.send(basic).await.refused(401), "SH-API-003");

    let made = api.post("/v1/keys", &json!({ "name": "a", "scopes": ["read"] })).await.expect(201);
    let revoked = api.with_key(&text(&made["secret"]));
    // Used before, so that it is cached wherever keys are.
    revoked.get("/v1/jobs").await.expect(200);
    let path = format!("/v1/keys/{}", text(&made["id"]));
    let first = api.delete(&path).await.expect(200);
    assert_eq!(api.delete(&path).await.expect(200), first, "revoking again changes nothing");
    assert_eq!(revoked.get("/v1/jobs").await.refused(401), "SH-API-003");

    let asked = json!({ "name": "b", "scopes": ["read"], "expires_in_s": 60 });
    let made = api.post("/v1/keys", &asked).await.expect(201);
    // A minute passes in the store and not here.
    let database = data.path().join("sheaf.db");
    let mut store = SqliteConnection::connect(database.to_str().unwrap()).await.unwrap();
    let aged = sqlx::query("UPDATE api_keys SET expires_ms = expires_ms - 60000 WHERE id = ?")
        .bind(text(&made["id"]))
        .execute(&mut store)
        .await
        .unwrap();
    assert_eq!(aged.rows_affected(), 1);
    let expired = api.with_key(&text(&made["secret"])).get("/v1/jobs").await;
    assert_eq!(expired.refused(401), "SH-API-003");
    assert!(text(&expired.json()["detail"]).contains("expired"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_does_what_its_scopes_say_and_nothing_else() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    let all = ["read", "submit", "work", "admin"];
    let mut checked = 0;
    for Operation { method, path, scopes, .. } in operations(&api).await {
        let path = path.replace("{id}", "x").replace("{digest}", "x").replace("{statement_id}", "x");
        let Some(scope) = scopes.first() else { continue };
        let others: Vec<&str> = all.into_iter().filter(|other| other != scope).collect();
        let key = api.make_key(&others, "main").await;
        let answer = key.send(key.request(method.clone(), &path)).await;
        assert_eq!(answer.refused(403), "SH-API-004", "{method} {path}");
        assert!(text(&answer.json()["detail"]).contains(&format!("`{scope}`")), "{answer:?}");
        let nobody = api.with_key("");
        assert_eq!(nobody.send(nobody.request(method, &path)).await.refused(401), "SH-API-003");
        checked += 1;
    }
    assert!(checked >= 25, "{checked} operations need a scope");
    // A key cannot give what it does not have.
    let lesser = api.make_key(&["admin", "read"], "main").await;
    let asked = json!({ "name": "more", "scopes": ["submit"] });
    assert_eq!(lesser.post("/v1/keys", &asked).await.refused(403), "SH-API-004");
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_make_no_sense_are_refused_by_field() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).start();
    let api = served.api();
    for (field, asked) in [
        ("name", json!({ "name": "", "scopes": ["read"] })),
        ("name", json!({ "name": "a\nb", "scopes": ["read"] })),
        ("name", json!({ "name": "x".repeat(65), "scopes": ["read"] })),
        ("scopes", json!({ "name": "a", "scopes": [] })),
        ("root", json!({ "name": "a", "scopes": ["root"] })),
        ("tenant", json!({ "name": "a", "scopes": ["read"], "tenant": "Main" })),
        ("tenant", json!({ "name": "a", "scopes": ["read"], "tenant": "" })),
        ("expires_in_s", json!({ "name": "a", "scopes": ["read"], "expires_in_s": 59 })),
        ("expires_in_s", json!({ "name": "a", "scopes": ["read"], "expires_in_s": u64::MAX })),
        ("colour", json!({ "name": "a", "scopes": ["read"], "colour": "red" })),
    ] {
        let answer = api.post("/v1/keys", &asked).await;
        assert_eq!(answer.refused(422), "SH-API-002", "{asked}");
        assert!(text(&answer.json()["detail"]).contains(field), "{asked}: {answer:?}");
    }
    // Only the first key is there.
    let keys = api.get("/v1/keys").await.expect(200);
    assert_eq!(keys["items"].as_array().unwrap().len(), 1, "{keys}");
    assert!(keys["items"][0].get("secret").is_none());
}

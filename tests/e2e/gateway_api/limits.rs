//! Requests per key, and the headers that tell a client how it stands.

use std::time::Duration;

use crate::gateway::process::Setting;

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_asks_too_often_is_told_when_to_come_again_and_others_are_not_held_up() {
    let data = tempfile::tempdir().unwrap();
    let served =
        Setting::new(data.path()).with("SHEAF_RATE_PER_SECOND", 1).with("SHEAF_RATE_BURST", 5).start();
    let api = served.api();
    let other = api.make_key(&["read"], "main").await;
    let mut refused = None;
    // One is spent on the key above. More than the rest, in less time than it takes to earn as many.
    for _ in 0..20 {
        let answer = api.get("/v1/jobs").await;
        assert_eq!(answer.header("ratelimit-policy"), Some("\"key\";q=5;w=5"), "{answer:?}");
        let limit = answer.header("ratelimit").unwrap();
        assert!(limit.starts_with("\"key\";r=") && limit.contains(";t="), "{limit}");
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        answer.expect(200);
    }
    let refused = refused.expect("a burst of five ends");
    assert_eq!(refused.refused(429), "SH-API-012");
    assert_eq!(refused.json()["retryable"], true);
    assert!(refused.header("ratelimit").unwrap().starts_with("\"key\";r=0;"), "{refused:?}");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    other.get("/v1/jobs").await.expect(200);
    // As it was told.
    tokio::time::sleep(Duration::from_secs(wait)).await;
    api.get("/v1/jobs").await.expect(200);
    // Health is nobody's quota.
    for _ in 0..20 {
        api.with_key("").get("/livez").await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_limit_there_are_no_headers_of_one() {
    let data = tempfile::tempdir().unwrap();
    let served = Setting::new(data.path()).with("SHEAF_RATE_PER_SECOND", 0).start();
    let answer = served.api().get("/v1/jobs").await;
    answer.expect(200);
    assert_eq!(answer.header("ratelimit"), None);
}

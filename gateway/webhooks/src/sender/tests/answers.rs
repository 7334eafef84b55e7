//! What is sent, and what follows from the receiver's status and headers.

use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::{Received, TOLERANCE};

async fn answering(response: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST")).respond_with(response).mount(&server).await;
    server
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
}

fn received(request: &Request) -> Received<'_> {
    Received {
        id: header(request, ID_HEADER),
        timestamp: header(request, TIMESTAMP_HEADER),
        signature: header(request, SIGNATURE_HEADER),
        body: &request.body,
    }
}

#[tokio::test]
async fn delivered_message_verifies_at_the_receiver() {
    let server = answering(ResponseTemplate::new(204)).await;
    let outcome = deliver(&sender(), &format!("{}/hook?a=b", server.uri())).await;
    assert_eq!(outcome, Outcome::Delivered { status: 204 });
    let requests = server.received_requests().await.unwrap();
    let [request] = requests.as_slice() else { panic!("{} requests", requests.len()) };
    assert_eq!((request.url.path(), request.url.query()), ("/hook", Some("a=b")));
    assert_eq!(request.body, message().body);
    assert_eq!(header(request, "content-type"), "application/json");
    assert_eq!(header(request, "user-agent"), concat!("sheaf-webhooks/", env!("CARGO_PKG_VERSION")));
    assert_eq!(header(request, ID_HEADER), "msg_1");
    secret().verify(&received(request), NOW_S, TOLERANCE).unwrap();
    for name in ["authorization", "cookie", "referer", "accept-encoding", "proxy-connection", "via"] {
        assert!(!request.headers.contains_key(name), "{name}");
    }
}

#[tokio::test]
async fn message_signed_while_rotating_verifies_with_either_secret() {
    let server = answering(ResponseTemplate::new(200)).await;
    let old = Secret::generate();
    let old_text = old.to_text();
    let rotated = secret().with_previous(old);
    sender().deliver(&target(&server.uri()), &rotated, &message()).await;
    let requests = server.received_requests().await.unwrap();
    let old = Secret::parse(secrecy::ExposeSecret::expose_secret(&old_text)).unwrap();
    for secret in [secret(), old] {
        secret.verify(&received(&requests[0]), NOW_S, TOLERANCE).unwrap();
    }
}

#[tokio::test]
async fn status_decides() {
    for status in [200, 201, 202, 204, 226, 299] {
        let server = answering(ResponseTemplate::new(status)).await;
        assert_eq!(deliver(&sender(), &server.uri()).await, Outcome::Delivered { status });
    }
    for (status, code) in [
        (300, "SH-WHK-026"),
        (301, "SH-WHK-026"),
        (304, "SH-WHK-026"),
        (308, "SH-WHK-026"),
        (400, "SH-WHK-028"),
        (401, "SH-WHK-028"),
        (404, "SH-WHK-028"),
        (408, "SH-WHK-028"),
        (409, "SH-WHK-028"),
        (411, "SH-WHK-028"),
        (421, "SH-WHK-028"),
        (429, "SH-WHK-028"),
        (500, "SH-WHK-028"),
        (502, "SH-WHK-028"),
        (504, "SH-WHK-028"),
        (599, "SH-WHK-028"),
    ] {
        let server = answering(ResponseTemplate::new(status)).await;
        let outcome = deliver(&sender(), &server.uri()).await;
        assert_eq!(failure(&outcome), (code, true), "{status}");
        assert!(!outcome.is_gone());
        // Retries are the gateway's: some of these statuses make HTTP clients repeat a request.
        assert_eq!(server.received_requests().await.unwrap().len(), 1, "{status}");
    }
}

#[tokio::test]
async fn gone_ends_the_retries_and_disables_the_endpoint() {
    let server = answering(ResponseTemplate::new(410).insert_header("retry-after", "60")).await;
    let outcome = deliver(&sender(), &server.uri()).await;
    assert!(outcome.is_gone());
    let expected = Outcome::Failed {
        code: "SH-WHK-027",
        message: "receiver is gone: expected a 2xx status, got 410".into(),
        retryable: false,
        retry_after: None,
    };
    assert_eq!(outcome, expected);
}

/// The attack: a public receiver that sends our signed request on to an inner service, whose URL it could not register.
#[tokio::test]
async fn redirect_is_not_followed() {
    let trap = Trap::new();
    let server = MockServer::start().await;
    for (from, to) in [
        ("/other", format!("http://127.0.0.1:{}/", trap.port())),
        ("/name", format!("http://localhost:{}/", trap.port())),
        ("/same", format!("{}/here", server.uri())),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let at = format!("{from}{status}");
            Mock::given(path(&at))
                .respond_with(ResponseTemplate::new(status).insert_header("location", to.as_str()))
                .expect(1)
                .mount(&server)
                .await;
            let outcome = deliver(&sender(), &format!("{}{at}", server.uri())).await;
            assert_eq!(failure(&outcome), ("SH-WHK-026", true), "{at}");
        }
    }
    Mock::given(path("/here")).respond_with(ResponseTemplate::new(200)).expect(0).mount(&server).await;
    server.verify().await;
    assert!(!trap.was_touched());
}

async fn wait_for(status: u16, value: &str) -> Option<Duration> {
    let server = answering(ResponseTemplate::new(status).insert_header("retry-after", value)).await;
    match deliver(&sender(), &server.uri()).await {
        Outcome::Failed { retry_after, .. } => retry_after,
        delivered @ Outcome::Delivered { .. } => panic!("{delivered:?}"),
    }
}

#[tokio::test]
async fn retry_after_is_honoured_up_to_an_hour() {
    let hour = Duration::from_secs(3600);
    for (value, expected) in [
        ("0", Some(Duration::ZERO)),
        ("120", Some(Duration::from_secs(120))),
        ("3600", Some(hour)),
        ("3601", Some(hour)),
        ("99999999999999999999999999", Some(hour)),
        // 60 s after, before and long after the attempt's timestamp.
        ("Thu, 25 Feb 2021 15:03:10 GMT", Some(Duration::from_secs(60))),
        ("Thu, 25 Feb 2021 15:01:10 GMT", Some(Duration::ZERO)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(hour)),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("Thu, 25 Feb 1921 15:03:10 GMT", None),
    ] {
        for status in [429, 503] {
            assert_eq!(wait_for(status, value).await, expected, "{status} {value:?}");
        }
    }
}

#[tokio::test]
async fn cookie_is_not_kept() {
    let server = answering(ResponseTemplate::new(200).insert_header("set-cookie", "a=b; path=/")).await;
    let sender = sender();
    for _ in 0..2 {
        deliver(&sender, &server.uri()).await;
    }
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| !request.headers.contains_key("cookie")));
}

#[tokio::test]
async fn message_that_must_not_be_sent_is_refused_before_a_connection() {
    let trap = Trap::new();
    let target = target(&format!("http://127.0.0.1:{}/", trap.port()));
    for (wrong, code) in [
        (Message { id: "msg.1".into(), ..message() }, "SH-WHK-004"),
        (Message { id: "a\r\nx-injected: b".into(), ..message() }, "SH-WHK-004"),
        (Message { body: vec![b' '; crate::MAX_BODY_BYTES + 1], ..message() }, "SH-WHK-019"),
    ] {
        let outcome = sender().deliver(&target, &secret(), &wrong).await;
        assert_eq!(failure(&outcome), (code, false));
    }
    assert!(!trap.was_touched());
}

#[tokio::test]
async fn largest_body_is_delivered() {
    let server = answering(ResponseTemplate::new(200)).await;
    let body = vec![b' '; crate::MAX_BODY_BYTES];
    let largest = Message { body: body.clone(), ..message() };
    let outcome = sender().deliver(&target(&server.uri()), &secret(), &largest).await;
    assert_eq!(outcome, Outcome::Delivered { status: 200 });
    assert_eq!(server.received_requests().await.unwrap()[0].body, body);
}

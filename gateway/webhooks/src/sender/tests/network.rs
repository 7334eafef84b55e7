//! Where connections go, and how much of our time and memory a hostile receiver gets.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use super::*;

/// A receiver that does with each connection what `serve` does, once the request's head is there. Returns its URL.
async fn receiver<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/TOKEN", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            tokio::spawn(serve(stream));
        }
    });
    url
}

/// Delivers, and fails if that takes about as long as the usual limits allow.
async fn deliver_in_time(sender: &Sender, url: &str) -> Outcome {
    tokio::time::timeout(Duration::from_secs(10), deliver(sender, url)).await.expect("in time")
}

/// The attack: a name that was public when the target was registered, and now leads to a service of ours.
#[tokio::test]
async fn name_that_resolves_to_loopback_is_never_connected_to() {
    let trap = Trap::new();
    let url = format!("https://hooks.example.com:{}/", trap.port());
    Target::parse(&url, &STRICT).unwrap();
    let dns = Answers::new(&[LOOPBACK]);
    let outcome = deliver_in_time(&sender_with(STRICT, dns.clone(), QUICK), &url).await;
    assert_eq!(failure(&outcome), ("SH-WHK-021", true));
    assert_eq!(dns.asked(), 1);
    assert!(!trap.was_touched());
    // The trap works: a sender that may connect does.
    deliver(&sender_with(PRIVATE, dns, QUICK), &url).await;
    assert!(trap.was_touched());
}

/// A host written as an address is not asked of the resolver, and a target may come from a time with another policy.
#[tokio::test]
async fn target_of_a_laxer_policy_is_checked_again() {
    let trap = Trap::new();
    for (url, code) in [
        (format!("https://127.0.0.1:{}/", trap.port()), "SH-WHK-017"),
        (format!("http://127.0.0.1:{}/", trap.port()), "SH-WHK-011"),
        (format!("http://hooks.example.com:{}/", trap.port()), "SH-WHK-011"),
        (format!("https://localhost:{}/", trap.port()), "SH-WHK-016"),
    ] {
        let dns = Answers::new(&[LOOPBACK]);
        let outcome = deliver(&sender_with(STRICT, dns.clone(), QUICK), &url).await;
        assert_eq!(failure(&outcome), (code, false), "{url}");
        assert_eq!(dns.asked(), 0);
        assert!(!trap.was_touched(), "{url}");
        deliver(&sender_with(PRIVATE, dns, QUICK), &url).await;
        assert!(trap.was_touched(), "{url}");
    }
}

/// One look-up for each attempt: two would let the DNS answer the check and the connection differently, and a
/// remembered one would keep an answer beyond its time.
#[tokio::test]
async fn each_attempt_connects_to_the_one_answer_that_was_checked() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let dns = Answers::new(&[LOOPBACK, METADATA, LOOPBACK]);
    let sender = sender_with(PRIVATE, dns.clone(), Limits::default());
    let url = format!("http://hooks.example.com:{}/", server.address().port());
    assert_eq!(deliver(&sender, &url).await, Outcome::Delivered { status: 200 });
    assert_eq!(failure(&deliver(&sender, &url).await), ("SH-WHK-021", true));
    assert_eq!(deliver(&sender, &url).await, Outcome::Delivered { status: 200 });
    assert_eq!(dns.asked(), 3);
    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 2);
    let host = requests[0].headers.get("host").unwrap().to_str().unwrap();
    assert_eq!(host, format!("hooks.example.com:{}", server.address().port()));
}

/// Shown to whoever registered the target, who must not read our DNS that way.
#[tokio::test]
async fn outcome_tells_neither_resolved_addresses_nor_the_path() {
    let dns = Answers::new(&[METADATA]);
    let Outcome::Failed { message, .. } =
        deliver(&sender_with(STRICT, dns, QUICK), "https://hooks.example.com/TOKEN").await
    else {
        panic!("delivered")
    };
    assert_eq!(message, "host has no address that may be called: expected a global one, got 1 others");
    let closed = { Trap::new().port() };
    let Outcome::Failed { message, .. } =
        deliver(&sender(), &format!("http://hooks.example.com:{closed}/TOKEN")).await
    else {
        panic!("delivered")
    };
    assert!(!message.contains("TOKEN") && !message.contains("127.0.0.1"), "{message}");
}

#[tokio::test]
async fn name_that_does_not_resolve_is_a_failure_to_retry() {
    struct Missing;
    impl Lookup for Missing {
        fn lookup(&self, _: String) -> Looking {
            Box::pin(std::future::ready(Err(io::Error::other("name not known"))))
        }
    }
    let outcome = deliver(&sender_with(STRICT, Arc::new(Missing), QUICK), "https://hooks.example.com/").await;
    assert_eq!(failure(&outcome), ("SH-WHK-020", true));
    let Outcome::Failed { message, .. } = outcome else { unreachable!() };
    assert_eq!(message, "host does not resolve: expected an address: name not known");
}

#[tokio::test]
async fn resolver_that_hangs_is_given_up() {
    struct Hanging;
    impl Lookup for Hanging {
        fn lookup(&self, _: String) -> Looking {
            Box::pin(std::future::pending())
        }
    }
    let sender = sender_with(STRICT, Arc::new(Hanging), QUICK);
    let outcome = deliver_in_time(&sender, "https://hooks.example.com/").await;
    assert_eq!(failure(&outcome), ("SH-WHK-024", true));
}

#[tokio::test]
async fn closed_port_is_a_failure_to_retry() {
    let closed = { Trap::new().port() };
    let outcome = deliver_in_time(&sender(), &format!("http://127.0.0.1:{closed}/")).await;
    assert_eq!(failure(&outcome), ("SH-WHK-022", true));
}

#[tokio::test]
async fn receiver_that_never_answers_is_given_up() {
    let url = receiver(|stream| async move {
        tokio::time::sleep(Duration::from_secs(60)).await;
        drop(stream);
    })
    .await;
    assert_eq!(failure(&deliver_in_time(&quick_sender(), &url).await), ("SH-WHK-024", true));
}

/// Each byte would restart a limit that only counts silence.
#[tokio::test]
async fn receiver_that_trickles_its_headers_is_given_up() {
    let url = receiver(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while stream.write_all(b"a: b\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(failure(&deliver_in_time(&quick_sender(), &url).await), ("SH-WHK-024", true));
}

#[tokio::test]
async fn endless_headers_are_not_collected() {
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let url = receiver(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\na: ").await;
            while stream.write_all(&[b'x'; 1024]).await.is_ok() {
                count.fetch_add(1024, Ordering::SeqCst);
            }
        }
    })
    .await;
    assert_eq!(failure(&deliver_in_time(&sender(), &url).await), ("SH-WHK-025", true));
    // The client's own limit for a head, about 400 KiB, and what the sockets of both sides hold.
    assert!(written.load(Ordering::SeqCst) < 16 << 20, "{written:?}");
}

/// A 2xx status is all that the specification asks for, so the body's fate changes nothing.
#[tokio::test]
async fn slow_body_does_not_hold_the_delivery() {
    let url = receiver(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await;
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!(deliver_in_time(&quick_sender(), &url).await, Outcome::Delivered { status: 200 });
}

#[tokio::test]
async fn endless_body_is_cut_off() {
    let (done, mut finished) = tokio::sync::mpsc::unbounded_channel();
    let url = receiver(move |mut stream| {
        let done = done.clone();
        async move {
            let _ = stream.write_all(b"HTTP/1.1 500 No\r\n\r\n").await;
            let mut written = 0_usize;
            while stream.write_all(&[b'x'; 1024]).await.is_ok() {
                written += 1024;
            }
            let _ = done.send(written);
        }
    })
    .await;
    assert_eq!(failure(&deliver_in_time(&sender(), &url).await), ("SH-WHK-028", true));
    // The receiver notices that it is cut off. What it could write until then is in the sockets of both sides.
    let written = tokio::time::timeout(Duration::from_secs(5), finished.recv()).await.unwrap().unwrap();
    assert!(written < 16 << 20, "{written}");
}

#[tokio::test]
async fn answer_that_is_not_http_is_a_failure_to_retry() {
    for answer in
        [&b"SSH-2.0-OpenSSH_9.6\r\n"[..], b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", b"\0\0"]
    {
        let url = receiver(move |mut stream| async move {
            let _ = stream.write_all(answer).await;
        })
        .await;
        assert_eq!(failure(&deliver_in_time(&sender(), &url).await), ("SH-WHK-025", true), "{answer:?}");
    }
}

/// Whether it took the message nobody knows, so repeating it at once is not the client's to do.
#[tokio::test]
async fn broken_connection_is_not_repeated() {
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let url = receiver(move |stream| {
        count.fetch_add(1, Ordering::SeqCst);
        async move { drop(stream) }
    })
    .await;
    assert_eq!(failure(&deliver_in_time(&sender(), &url).await), ("SH-WHK-025", true));
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

/// The variable by which the proxy test tells its child where to deliver.
const CHILD_TARGET: &str = "SHEAF_WEBHOOKS_TEST_TARGET";

/// A proxy resolves names by itself, so whatever the environment says, there must be none. The environment of this
/// process is shared by all tests, so the sender runs in another one.
#[tokio::test]
async fn proxy_of_the_environment_is_not_used() {
    let proxy = Trap::new();
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    let proxy_url = format!("http://127.0.0.1:{}", proxy.port());
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "sender::tests::network::deliver_as_child", "--ignored"]);
    child.env(CHILD_TARGET, format!("http://hooks.example.com:{}/", server.address().port()));
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        child.env(name, &proxy_url).env(name.to_lowercase(), &proxy_url);
    }
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    let output = child.output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    server.verify().await;
    assert!(!proxy.was_touched());
}

#[tokio::test]
#[ignore = "run by proxy_of_the_environment_is_not_used"]
async fn deliver_as_child() {
    // The parent counts deliveries, so it notices if there is none.
    let Ok(url) = std::env::var(CHILD_TARGET) else { return };
    assert_eq!(deliver(&sender(), &url).await, Outcome::Delivered { status: 200 });
}

#[tokio::test]
async fn sender_of_the_system_delivers() {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let sender = Sender::new(PRIVATE).unwrap();
    assert_eq!(deliver(&sender, &server.uri()).await, Outcome::Delivered { status: 200 });
    let url = format!("http://localhost:{}/", server.address().port());
    assert_eq!(deliver(&sender, &url).await, Outcome::Delivered { status: 200 });
    assert_eq!(format!("{sender:?}"), "Sender { policy: TargetPolicy { allow_private: true }, .. }");
}

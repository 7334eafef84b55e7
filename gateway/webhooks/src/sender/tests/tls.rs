//! Certificates: whose a receiver must be, although the name is resolved by us.

use std::io::{Read as _, Write as _};
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// A receiver with a certificate for `name`, which nobody but the test trusts. Returns its port and the certificate.
fn receiver(name: &str) -> (u16, reqwest::Certificate) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream);
            let mut request = [0; 4096];
            if stream.read(&mut request).is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            }
        }
    });
    (port, reqwest::Certificate::from_der(cert.der()).unwrap())
}

fn trusting(certificate: reqwest::Certificate) -> Sender {
    let dns = Answers::new(&[LOOPBACK]);
    Sender::build(PRIVATE, dns, Limits::default(), |builder| builder.tls_certs_merge([certificate])).unwrap()
}

#[tokio::test]
async fn message_is_delivered_over_tls_to_the_name_that_was_registered() {
    let (port, certificate) = receiver("hooks.example.com");
    let outcome = deliver(&trusting(certificate), &format!("https://hooks.example.com:{port}/")).await;
    assert_eq!(outcome, Outcome::Delivered { status: 200 });
}

#[tokio::test]
async fn certificate_that_nobody_vouches_for_is_refused() {
    let (port, _) = receiver("hooks.example.com");
    let outcome = deliver(&sender(), &format!("https://hooks.example.com:{port}/")).await;
    assert_eq!(failure(&outcome), ("SH-WHK-023", true));
}

/// The attack: whoever controls the DNS, or the address, but not the name, takes our messages.
#[tokio::test]
async fn certificate_of_another_name_is_refused() {
    let (port, certificate) = receiver("hooks.example.org");
    let outcome = deliver(&trusting(certificate), &format!("https://hooks.example.com:{port}/")).await;
    assert_eq!(failure(&outcome), ("SH-WHK-023", true));
}

#[tokio::test]
async fn receiver_that_does_not_speak_tls_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let length = stream.read(&mut request).unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
        request[..length].to_vec()
    });
    let outcome = deliver(&sender(), &format!("https://hooks.example.com:{port}/TOKEN")).await;
    assert_eq!(failure(&outcome), ("SH-WHK-023", true));
    // And nothing was said in the clear.
    let request = server.join().unwrap();
    assert!(!request.windows(5).any(|window| window == b"TOKEN" || window == b"msg_1"));
}

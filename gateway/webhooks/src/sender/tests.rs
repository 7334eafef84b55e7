//! Deliveries to receivers on loopback, kind and hostile. What they share is here.

mod answers;
mod network;
mod tls;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::resolver::Looking;

const PRIVATE: TargetPolicy = TargetPolicy { allow_private: true };
const STRICT: TargetPolicy = TargetPolicy { allow_private: false };
const NOW_S: u64 = 1_614_265_330;
/// Short, so that tests of receivers that never answer are not long. The others have the usual limits, for the machine
/// may be busy.
const QUICK: Limits = Limits {
    connect: Duration::from_millis(800),
    total: Duration::from_millis(1000),
    body: Duration::from_millis(200),
};

/// A DNS whose answers are given: one after the other, the last for ever.
struct Answers {
    answers: Vec<&'static [[u8; 4]]>,
    asked: AtomicUsize,
}

impl Answers {
    fn new(answers: &[&'static [[u8; 4]]]) -> Arc<Self> {
        Arc::new(Self { answers: answers.to_vec(), asked: AtomicUsize::new(0) })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Lookup for Answers {
    fn lookup(&self, _: String) -> Looking {
        let index = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        let answer = self.answers[index].iter().map(|ip| SocketAddr::from((*ip, 0))).collect();
        Box::pin(std::future::ready(Ok(answer)))
    }
}

const LOOPBACK: &[[u8; 4]] = &[[127, 0, 0, 1]];
const METADATA: &[[u8; 4]] = &[[169, 254, 169, 254]];

/// A port on loopback that notices connections.
struct Trap(TcpListener);

impl Trap {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// A connection waits in the listener's queue from the moment that the other side has it.
    fn was_touched(&self) -> bool {
        match self.0.accept() {
            Ok(_) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A sender to loopback.
fn sender() -> Sender {
    sender_with(PRIVATE, Answers::new(&[LOOPBACK]), Limits::default())
}

/// The same for receivers that never answer.
fn quick_sender() -> Sender {
    sender_with(PRIVATE, Answers::new(&[LOOPBACK]), QUICK)
}

fn sender_with(policy: TargetPolicy, lookup: Arc<dyn Lookup>, limits: Limits) -> Sender {
    Sender::build(policy, lookup, limits, |builder| builder).unwrap()
}

fn target(url: &str) -> Target {
    Target::parse(url, &PRIVATE).unwrap()
}

fn secret() -> Secret {
    Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap()
}

fn message() -> Message {
    let body = br#"{"type":"job.settled"}"#.to_vec();
    Message { id: "msg_1".into(), timestamp_s: NOW_S, body }
}

/// Delivers the usual message.
async fn deliver(sender: &Sender, url: &str) -> Outcome {
    sender.deliver(&target(url), &secret(), &message()).await
}

/// The code of a failure, and whether it may be retried.
fn failure(outcome: &Outcome) -> (&'static str, bool) {
    match outcome {
        Outcome::Failed { code, retryable, .. } => (code, *retryable),
        Outcome::Delivered { status } => panic!("delivered with {status}"),
    }
}

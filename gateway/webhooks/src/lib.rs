//! Outgoing webhooks: how a job's settlement or failure is told to whoever asked for it.
//!
//! Owns the signature ([`Secret`]), which URLs may be called ([`Target`], [`TargetPolicy`]), one attempt to deliver
//! ([`Sender`]) and when to try again ([`backoff`]). It keeps no state: the gateway stores endpoints, messages and
//! attempts, calls this crate and writes down the [`Outcome`]. What a message says is the gateway's business too.
//!
//! Follows [Standard Webhooks](https://www.standardwebhooks.com) 1.0.0, symmetric signatures, so receivers verify with
//! that project's libraries in any language. An attempt is a POST of JSON with three headers:
//!
//! | header | value |
//! |---|---|
//! | `webhook-id` | the message's id: the same for every attempt, so receivers can drop what they have already handled |
//! | `webhook-timestamp` | Unix seconds of this attempt |
//! | `webhook-signature` | `v1,` and base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`; two while a secret is rotated |
//!
//! # What a hostile target can do
//!
//! Anyone may register a URL and so make us call it. Without care that reaches our own network:
//!
//! - *A URL that names an inner service*, in any spelling: [`Target::parse`] refuses it, and [`Sender::deliver`] asks
//!   again under its own policy.
//! - *A name that resolves to an inner address*, at once or only after registration (DNS rebinding): the sender
//!   resolves names itself, drops every address that is not allowed, and connects to what is left. There is no second
//!   look-up between the check and the connection.
//! - *A redirect to an inner service*: never followed.
//! - *A proxy from the environment*, which would resolve names by itself: never used.
//! - *An answer that is huge, slow or endless*: at most 4 KiB are read, all within one time limit.
//!
//! What remains is the operator's: public addresses of the gateway's own network pass, so services that trust their
//! network must not listen on them. A name that is slow to resolve holds a thread of tokio's blocking pool until the
//! system's resolver gives up, so bound how many deliveries run at once.
//!
//! # Receiving
//!
//! ```
//! use sheaf_webhooks::{Received, Secret, TOLERANCE};
//!
//! let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?;
//! let received = Received {
//!     id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
//!     timestamp: "1614265330",
//!     signature: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
//!     body: br#"{"test": 2432232314}"#,
//! };
//! let now_s = 1_614_265_400;
//! secret.verify(&received, now_s, TOLERANCE)?;
//! # Ok::<(), sheaf_webhooks::WebhookError>(())
//! ```

mod address;
mod backoff;
mod error;
mod message;
mod outcome;
mod resolver;
mod secret;
mod sender;
mod target;

pub use address::is_global;
pub use backoff::backoff;
pub use error::WebhookError;
pub use message::{ID_HEADER, MAX_BODY_BYTES, Message, SIGNATURE_HEADER, TIMESTAMP_HEADER};
pub use outcome::Outcome;
pub use secret::{Received, Secret, TOLERANCE};
pub use sender::Sender;
pub use target::{MAX_URL_BYTES, Target, TargetPolicy};

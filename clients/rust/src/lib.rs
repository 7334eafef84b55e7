//! Client of a Sheaf gateway: submit an inference, wait for it, and verify its receipt without trusting the gateway.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use sheaf_client::verify::{Expectations, VerifiedReceipt};
//! use sheaf_client::{Client, JobRequest, ModelOptions};
//!
//! # async fn example(onnx: Vec<u8>, key: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("https://sheaf.example.com", key)?;
//! let model = client.add_model(onnx, &ModelOptions::default()).await?;
//!
//! let request = JobRequest::new(model.model, vec![5.1, 3.5, 1.4, 0.2]).max_price("0.05".parse()?);
//! let job = client.submit(&request).await?;
//! let job = client.wait(&job.id, Duration::from_secs(600)).await?;
//!
//! // `program` comes from whoever audited the model's circuit, and not from the gateway.
//! let program = "0x8f2a6cdc4e0a9b6f6a1a52ce0c5f6b3d7e8f90112233445566778899aabbccdd".parse()?;
//! if let Some(statement) = &job.statement_id {
//!     let expected = Expectations::new().program(program);
//!     match client.verified_receipt(statement, &expected).await? {
//!         VerifiedReceipt::Proven(proven) => assert_eq!(proven.receipt.statement.vk(), program),
//!         VerifiedReceipt::Attested(_) => unreachable!("no operator is expected, so none is believed"),
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it does for you
//!
//! - **Retries** what may be sent twice, and nothing else: `GET`, `DELETE`, models (their digest names them), jobs (an
//!   `Idempotency-Key` goes with every one) and the calls that carry a lease's token. Only after failures that pass: no
//!   connection, a time-out, 429, and 5xx that the gateway calls retryable. `Retry-After` is honoured. See
//!   [`ClientBuilder::retry_for`].
//! - **Waits** by long polling ([`Client::wait`]), through restarts of the gateway.
//! - **Resumes** event streams where they broke off ([`Client::events`]).
//! - **Verifies** receipts here ([`verify`]); a gateway that lies is found out.
//!
//! Answers are capped, redirects are not followed, and the API key is in no error and no `Debug` text. Fields and names
//! that a newer gateway adds to its answers are tolerated: enumerations have a variant for what they do not know.
//!
//! | module | owns |
//! |---|---|
//! | `client` | [`Client`] and its settings |
//! | `call` | one request: building, sending, the one retry loop, limits on answers |
//! | `error` | [`Error`], [`Problem`] |
//! | `jobs`, `models`, `batches`, `receipts`, `provers`, `keys`, `webhooks`, `health` | types and calls by noun |
//! | [`tasks`] | what a worker calls |
//! | [`verify`] | receipts, offline; feature `verify`, on by default |

mod batches;
mod call;
mod client;
mod error;
mod health;
mod ids;
mod jobs;
mod keys;
mod models;
mod names;
mod page;
mod provers;
mod receipts;
mod settlement;
mod sse;
pub mod tasks;
mod usd;
#[cfg(feature = "verify")]
pub mod verify;
mod webhooks;

pub use batches::{Batch, BatchTask};
pub use call::MAX_ANSWER_BYTES;
pub use client::{Client, ClientBuilder};
pub use error::{Error, Problem};
pub use ids::{BatchId, JobId, KeyId, ModelDigest, StatementId, WebhookId};
pub use jobs::{
    Attempt, Decision, Events, Failure, InferenceResult, Job, JobEvent, JobKind, JobLinks, JobRequest,
    JobStatus, JobsQuery, Objective, Outcome, Privacy, ProofEncoding, Ranked, Reason, Rejected, Route,
    SubmitOptions, Term, TrustTier,
};
pub use keys::{Key, KeyRequest, NewKey, Scope};
pub use models::{Model, ModelOptions, ModelProver};
pub use page::{Page, PageQuery};
pub use provers::{Prover, Quantiles};
pub use receipts::Receipt;
pub use secrecy::{ExposeSecret, SecretString};
pub use settlement::{ChainStatus, OnChain, Settlement};
pub use usd::{Usd, UsdError};
pub use webhooks::{NewWebhook, Webhook};

//! The gateway: one HTTP API for any prover, and the `sheaf` command.
//!
//! ```text
//! POST /v1/jobs ─▶ routes ─▶ normalise ─▶ store (durable: answered 202)
//!                                           │
//!        policies ◀── dispatch ◀── claim ───┘
//!                        │ adapters, behind tower stacks ─▶ sandbox (our verifiers) ─▶ store
//!                        ▼
//!        batcher: plan ─▶ tasks ─▶ workers (other processes, over HTTP) ─▶ sandbox ─▶ receipts
//! GET /v1/receipts/{statement_id} ◀──────────────────────────────────────────────────┘
//! ```
//!
//! | module | owns |
//! |---|---|
//! | [`service`] | a running gateway: starting and stopping |
//! | [`config`] | what it can be told |
//! | `routes`, `api` | the HTTP API: handlers by noun, and the words on the wire |
//! | `problem` | every refusal: code, status, advice |
//! | `auth` | keys, callers, rate limits |
//! | `normalise` | what a request means, settled once |
//! | `store` | durable state, behind traits by noun |
//! | `dispatch` | jobs to verified proofs |
//! | `batcher` | verified proofs to receipts |
//! | `settling` | receipts to chains |
//! | `workers` | processes that prove recursion tasks |
//! | `deliveries` | webhooks |
//! | `sandbox` | hostile bytes, in child processes with limits |
//! | [`cli`] | the `sheaf` command |

pub mod cli;
pub mod config;
pub mod service;

mod api;
mod app;
mod auth;
mod batcher;
mod clock;
mod deliveries;
mod dispatch;
mod ids;
mod normalise;
mod problem;
mod random;
mod refusal;
mod routes;
mod sandbox;
mod settling;
mod store;
mod workers;

pub use config::Config;
pub use service::{Gateway, ServeError};

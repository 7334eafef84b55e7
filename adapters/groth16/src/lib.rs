//! Groth16 over BN254: a prover of quantised models, and a strict verifier of what it and others prove.
//!
//! ```text
//! sheaf_model::QuantisedModel ─ Groth16Program::setup ─▶ Groth16Program ─ prove ─▶ Inference
//!                                                            │                        │ document (JSON)
//!                                                            └ VerifyingKey ─ digest  └──▶ verify_proof ─▶ VerifiedProof
//!                                                                   = the statement's vk
//! ```
//!
//! Knows nothing of jobs, batches or receipts, and does no I/O.
//!
//! | module | owns |
//! |---|---|
//! | `circuit` | from a model to a rank-one constraint system, and from an input to an assignment |
//! | `program` | setup, proving, the package a prover keeps |
//! | `encoding`, `key` | the one byte form of points, proofs and verifying keys |
//! | `document`, `verify` | the JSON that crosses the border, and its verification |
//! | `values` | signed integers as public-input words |
//!
//! # What a statement says
//! Its words are the input's values, if the input is public, then the output's values, in the model's order; a value
//! v < 0 is r − |v|. A proof says that there is an input, each value in [−2^27, 2^27), for which the quantised model
//! gives these outputs without a value or a compared difference leaving that range. Weights are constants of the circuit.
//!
//! # What Groth16 does not give
//! - **Setup.** [`Groth16Program::setup`] draws the trapdoor in this process and drops it. Whoever runs it, or reads its
//!   memory, can prove anything under the key; keys and documents therefore say [`Setup::Development`]. Nothing in a key
//!   tells which circuit it was made for: a reader trusts whoever ran the setup for that as well. Setup is random, so a
//!   model set up twice has two keys.
//! - **Uniqueness.** Anyone can turn a proof into another valid proof of the same statement
//!   ([BKSV20](https://eprint.iacr.org/2020/811), theorem 3). Names and caches must hang on the statement id, which
//!   holds no proof bytes. What a proof is *of* cannot be changed: every word of the statement is an input of the circuit
//!   and occurs in a constraint, and the key's digest is the statement's vk.
//!
//! Proofs are perfectly zero-knowledge, so of a private input they show what the outputs show, and no more.

mod circuit;
mod document;
mod encoding;
mod key;
mod program;
mod values;
mod verify;

pub use circuit::{CircuitSize, MAX_PUBLIC_INPUTS, MAX_ROWS, MAX_TERMS, SizeError, constraint_count};
pub use document::{DocumentError, MAX_DOCUMENT_BYTES, ProofDocument, ProofVersion, Setup};
pub use encoding::{EncodingError, PROOF_BYTES, Point};
pub use key::{KEY_TAG, VerifyingKey};
pub use program::{Groth16Error, Groth16Program, Inference};
pub use values::{signed_to_word, word_to_signed};
pub use verify::{VerifiedProof, VerifyError, verify_proof};

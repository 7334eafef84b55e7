//! What a proof claims: proof systems, programs, statements, and the one encoding that gives a statement its id.
//!
//! A [`Statement`] is (proof system, the program's vk digest, public inputs). Its [`StatementId`] is the keccak256 of
//! its canonical bytes, holds no proof bytes, and is what receipts, batches and contracts talk about. Statements that
//! differ have different canonical bytes, and no second byte string decodes to the same statement.
//!
//! This is a leaf crate: no I/O, no proving, no verifying. The Poseidon digest of a statement belongs to the circuits
//! in `aggregator`; policies, adapters, the aggregator and the gateway all build on the types here.
//!
//! # Canonical bytes
//!
//! Integers are big-endian, nothing is optional, and `n` is the number of public-input words.
//!
//! | offset | bytes | content |
//! |-------:|------:|---------|
//! | 0      | 1     | `0x12`, the length of the domain tag |
//! | 1      | 18    | [`DOMAIN_TAG`], the ASCII of `sheaf/statement/v1` |
//! | 19     | 4     | `0x00000004`, the length of the proof system id in bytes |
//! | 23     | 4     | the proof system id, that of a system in [`ProofSystem::ALL`] |
//! | 27     | 4     | `0x00000020`, the length of the vk digest in bytes |
//! | 31     | 32    | the vk digest |
//! | 63     | 4     | `n`, the number of words, at most [`MAX_PUBLIC_INPUTS`] |
//! | 67     | 32·n  | the words, each below the proof system's modulus |
//!
//! Every length has a fixed width, so a number has one spelling: there is no non-minimal length to refuse, as there
//! would be with LEB128. The decoder checks fields in the order of the table and reports the first fault: a field's
//! length before its bytes, the proof system's id before the vk, the word count before the number of bytes that
//! follow it, that number before anything is allocated, and the words last.
//!
//! # JSON
//!
//! ```json
//! {"system": "0xd5346c8c", "vk": "0x<64 digits>", "public_inputs": ["0x<64 digits>"]}
//! ```
//!
//! Every byte string is `0x` and lower-case hexadecimal digits of its exact length, so a value has one spelling.
//! Unknown, missing and repeated keys are refused, and so is an array in place of the object. Whitespace and the order
//! of keys are free: never hash JSON, hash the canonical bytes.
//!
//! ```
//! use sheaf_statement::{ProofSystem, Statement, VkDigest};
//!
//! let vk = VkDigest::from([7; 32]);
//! let statement = Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, vk, &[1, 2, 3])?;
//! assert_eq!(Statement::from_bytes(&statement.to_bytes())?.id(), statement.id());
//! # Ok::<(), sheaf_statement::StatementError>(())
//! ```
//!
//! # Test vectors
//!
//! `vectors/statements.json` is for implementations in other languages. The test `vectors` generates it and fails when
//! the committed file differs; regenerate with
//! `cargo test -p sheaf-statement --test vectors -- --ignored regenerate_vectors`.
//!
//! - `format`: 1; raised when a key changes its meaning.
//! - `domain_tag`, `max_public_inputs`: the constants of the encoding.
//! - `proof_systems[]`: `name`; `id`, the first four bytes of keccak256 of the name; `modulus`, which every word is
//!   below.
//! - `valid[]`: `name`; `statement`, its JSON; `bytes`, its canonical bytes; `id`, its statement id.
//! - `invalid[]`: `name`; `bytes`, which do not decode; `code`, that of the [`StatementError`] to report.
//! - `invalid_json[]`: `name`; `json`, a text that is not a statement; `code`, or null where the JSON's shape and not
//!   a value is at fault.

mod digest;
mod encoding;
mod error;
mod object;
mod program;
mod prover;
mod public_inputs;
mod statement;
mod system;
mod tier;
mod visibility;

pub use digest::{ModelDigest, StatementId, VkDigest};
pub use encoding::{DOMAIN_TAG, MAX_ENCODED_LEN};
pub use error::StatementError;
pub use program::Program;
pub use prover::ProverId;
pub use public_inputs::{MAX_PUBLIC_INPUTS, PublicInputs, Word};
pub use statement::Statement;
pub use system::{ProofSystem, ProofSystemId};
pub use tier::TrustTier;
pub use visibility::InputVisibility;

//! Batches on EVM chains.
//!
//! ```text
//! BatchCalldata ─▶ Poster::submit ─▶ step… ─▶ registry on chain ─▶ check_on_chain
//!  batch            poster            rpc      contracts, sight      verify
//!                                      └─▶ embedded: a chain in this process, which speaks as a node does
//! ```
//!
//! | module | owns | does not own |
//! |---|---|---|
//! | [`batch`] | calldata, challenge, evaluation, public inputs, the keccak256 tree | proofs |
//! | [`contracts`] | what the contracts take and answer, the code to deploy them | their source: `clients/contracts` |
//! | [`embedded`] | an EVM with blocks, JSON-RPC and a journal | consensus; other people's trust |
//! | [`poster`] | fees, nonces, when to post, what is kept before what is sent | the store, and time: both are given to it |
//! | [`rpc`] | one endpoint, its time limits and errors | whether it is believed |
//! | [`sight`] | what several endpoints see of a root together | what is done about it |
//! | [`verify`] | whether a statement is proven on a chain | whether it is the right registry |
//!
//! Decided in `docs/adr/0011-settlement.md`. Codes: `SH-STL-001…` batch, `101…` embedded chain, `201…` contracts, `301…`
//! endpoints, `401…` poster, `501…` store, `601…` why a batch waits, failed or is posted, `701…` verification.

pub mod batch;
pub mod contracts;
pub mod embedded;
pub mod poster;
pub mod rpc;
pub mod sight;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod verify;

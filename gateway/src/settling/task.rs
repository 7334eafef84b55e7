//! Wrapping a batch, as a task that travels to a worker.
//!
//! ```text
//! aggregate ─▶ commit ─▶ shrink ─▶ last plonky2 proof ─▶ Groth16: 256 bytes
//! ```

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sheaf_aggregator::commit::{prove_commit, prove_shrink};
use sheaf_aggregator::documents::ReceiptDocument;
use sheaf_aggregator::listing::{Entry, Listing, Point};
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_plonky2::Profile;
use sheaf_plonky2::engine::FastEngine;
use sheaf_plonky2::hash::Digest;
use sheaf_setup::SetupKey;
use sheaf_wrap::Wrapper;
use sheaf_wrap::groth16::Blinding;

use super::keys;
use crate::random;
use crate::refusal::Refusal;

/// The format of a [`SettleTask`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SettleVersion {
    #[serde(rename = "sheaf/settle/v1")]
    V1,
}

/// A batch that is to be wrapped, with all that it takes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettleTask {
    pub(crate) version: SettleVersion,
    /// Profile of the aggregate's circuits.
    pub(crate) profile: Profile,
    /// The batch digest.
    pub(crate) batch: Digest,
    /// The aggregate's proof, in base64.
    pub(crate) aggregate: String,
    /// The receipts of the statements that are listed, in the order in which the chain gets them.
    pub(crate) receipts: Vec<ReceiptDocument>,
    /// Where the list is evaluated, as the contract computes it.
    pub(crate) point: [u64; 2],
    /// keccak256 of the verifying key that the contract has.
    pub(crate) key: String,
}

/// What a worker keeps between batches: seconds to build, a gigabyte to hold.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    wrappers: [OnceLock<Arc<Wrapper>>; 2],
    key: OnceLock<Arc<SetupKey>>,
}

impl Tools {
    fn wrapper(&self, profile: Profile, circuits: &CircuitsByProfile) -> Result<Arc<Wrapper>, Refusal> {
        let place = &self.wrappers[usize::from(profile == Profile::Provable)];
        if let Some(wrapper) = place.get() {
            return Ok(Arc::clone(wrapper));
        }
        let wrapper = Arc::new(Wrapper::new(&circuits.get(profile).shrink_verifier()?));
        Ok(Arc::clone(place.get_or_init(|| wrapper)))
    }

    fn key(&self, digest: &str) -> Result<Arc<SetupKey>, Refusal> {
        let named = |key: &SetupKey| keys::digest_text(key.verifying_key()) == digest;
        if let Some(key) = self.key.get().filter(|key| named(key)) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(keys::by_verifying_key(digest)?);
        Ok(Arc::clone(self.key.get_or_init(|| key)))
    }
}

/// Wraps a batch. Returns the bytes of a Groth16 proof.
///
/// Takes nothing on trust: the aggregate is verified, every path has to lead to its batch, and the result is verified
/// under the key.
pub(crate) fn prove(
    task: &SettleTask,
    circuits: &CircuitsByProfile,
    tools: &Tools,
    progress: &(dyn Fn(&str) + Sync),
) -> Result<Vec<u8>, Refusal> {
    let malformed =
        |what: &str| Refusal { code: "SH-WRK-010".to_owned(), message: format!("malformed task: {what}") };
    let aggregate = STANDARD.decode(&task.aggregate).map_err(|_| malformed("aggregate is not base64"))?;
    let entries = task.receipts.iter().map(Entry::of_receipt).collect::<Result<Vec<_>, _>>()?;
    let listing = Listing::new(entries)?;
    if listing.positions().iter().enumerate().any(|(given, position)| given != *position) {
        return Err(malformed("receipts are not in the chain's order"));
    }
    let point = Point::new(task.point)?;
    let circuits_of = circuits.get(task.profile);
    let engine = FastEngine::new();
    let commit = prove_commit(&task.batch, &aggregate, &listing, point, circuits_of, &engine, progress)?;
    let shrunk = prove_shrink(&commit, circuits_of, &engine, progress)?;
    let wrapper = tools.wrapper(task.profile, circuits)?;
    let key = tools.key(&task.key)?;
    let proof = wrapper.prove(key.proving_key(), &shrunk, blinding(), &|what| progress(what))?;
    Ok(proof.to_vec())
}

fn blinding() -> Blinding {
    Blinding::from_bytes(&random::bytes::<64>())
}

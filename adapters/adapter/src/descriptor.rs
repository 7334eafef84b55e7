//! What a prover says of itself.

use serde::{Deserialize, Serialize};
use sheaf_statement::{InputVisibility, ProofSystem, ProverId, TrustTier};

/// What a prover says of itself, once, at start. Nothing here may change while the gateway runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Descriptor {
    /// Its stable name.
    pub id: ProverId,
    /// Its name for people.
    pub title: String,
    /// The proof system of its proofs.
    pub system: ProofSystem,
    /// What stands behind a statement that it proves: `proven` only where the recursion has a leaf for its proofs.
    pub tier: TrustTier,
    /// What its statements can say about inputs.
    pub visibilities: Vec<InputVisibility>,
    /// Version of the prover, for diagnosis.
    pub version: String,
    /// What a user must know, such as that the setup is for development only.
    pub notes: Vec<String>,
}

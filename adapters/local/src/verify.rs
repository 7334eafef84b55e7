//! Verification of proof documents of every system that we know, by their version.
//!
//! The bytes are hostile. Runs in the calling process, which plonky2 can abort on corrupt data: the gateway calls it in a
//! child with limits. Believes nothing that a prover says besides.

use serde::{Deserialize, Serialize};
use sheaf_aggregator::documents::{self, MAX_DOCUMENT_BYTES};
use sheaf_aggregator::plan::Member;
use sheaf_aggregator::verify::{CircuitsByProfile, VerifiedProof};
use sheaf_statement::{ProofSystem, Statement, TrustTier};

use crate::error::code_and_text;

/// What a proof document was found to prove.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifiedDocument {
    /// The statement, under the vk that it names.
    pub statement: Statement,
    /// The statement's proof system.
    pub system: ProofSystem,
    /// What stands behind the statement in a batch.
    pub tier: TrustTier,
    /// What planning a proven batch takes to know; only of proven statements.
    pub member: Option<Member>,
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("[{code}] {message}")]
#[serde(deny_unknown_fields)]
pub struct DocumentRefusal {
    /// Stable code, such as `SH-PRF-007`.
    pub code: String,
    /// For people; lower case, no full stop.
    pub message: String,
}

impl DocumentRefusal {
    fn new(error: &(dyn std::error::Error + 'static)) -> Self {
        let (code, message) = code_and_text(error);
        Self { code, message }
    }
}

/// Why a document is refused before any verifier has seen it.
#[derive(Debug, thiserror::Error)]
enum VersionError {
    /// Of no known format.
    #[error("[SH-VER-001] unknown proof document: expected version `{PLONKY2}` or `{GROTH16}`, got {got:?}")]
    Unknown {
        /// The version, cut at 64 characters.
        got: String,
    },
    /// Larger than any document.
    #[error("[SH-VER-002] proof document too large: expected at most {MAX_DOCUMENT_BYTES} bytes, got {got}")]
    TooLarge {
        /// Bytes given.
        got: usize,
    },
    /// Not an object with a version.
    #[error("[SH-VER-003] not a proof document: {source}")]
    Malformed {
        /// Where and why.
        source: serde_json::Error,
    },
}

const PLONKY2: &str = "sheaf/proof/v1";
const GROTH16: &str = "sheaf/groth16-proof/v1";

/// Verifies a proof document.
///
/// What it establishes: the program that the statement's vk names accepts the statement's public inputs. That vk and
/// public inputs are the ones that were asked for is the caller's to compare.
///
/// # Errors
/// [`DocumentRefusal`] with the code of the first thing that does not hold.
pub fn verify_document(
    bytes: &[u8],
    circuits: &CircuitsByProfile,
) -> Result<VerifiedDocument, DocumentRefusal> {
    match version(bytes).map_err(|error| DocumentRefusal::new(&error))? {
        Version::Plonky2 => {
            let profile = documents::profile_of_proof(bytes).map_err(|error| DocumentRefusal::new(&error))?;
            let proof = sheaf_aggregator::verify::verify_proof(bytes, circuits.get(profile))
                .map_err(|error| DocumentRefusal::new(&error))?;
            Ok(proven(&proof))
        }
        Version::Groth16 => {
            let proof = sheaf_groth16::verify_proof(bytes).map_err(|error| DocumentRefusal::new(&error))?;
            Ok(attested(proof.statement))
        }
    }
}

enum Version {
    Plonky2,
    Groth16,
}

/// The format that a document says it has; its fields are for that format's verifier to check.
fn version(bytes: &[u8]) -> Result<Version, VersionError> {
    /// Any document of ours, of which the rest does not matter here.
    #[derive(Deserialize)]
    struct Versioned {
        version: String,
    }

    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(VersionError::TooLarge { got: bytes.len() });
    }
    let Versioned { version } =
        serde_json::from_slice(bytes).map_err(|source| VersionError::Malformed { source })?;
    match version.as_str() {
        PLONKY2 => Ok(Version::Plonky2),
        GROTH16 => Ok(Version::Groth16),
        _ => Err(VersionError::Unknown { got: version.chars().take(64).collect() }),
    }
}

fn proven(proof: &VerifiedProof) -> VerifiedDocument {
    VerifiedDocument {
        statement: proof.statement.clone(),
        system: proof.statement.system(),
        tier: TrustTier::Proven,
        member: Some(Member::from(proof)),
    }
}

fn attested(statement: Statement) -> VerifiedDocument {
    VerifiedDocument { system: statement.system(), statement, tier: TrustTier::Attested, member: None }
}

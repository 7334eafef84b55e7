//! Compiled contracts, as committed.

use alloy::primitives::Bytes;
use serde::Deserialize;

pub(super) const VERIFIER: &str =
    include_str!("../../../../clients/contracts/artifacts/CalldataBatchVerifier.json");
pub(super) const ROUTER: &str = include_str!("../../../../clients/contracts/artifacts/VerifierRouter.json");
pub(super) const REGISTRY: &str = include_str!("../../../../clients/contracts/artifacts/BatchRegistry.json");

/// A committed artefact that is not one: the build is broken.
#[derive(Debug, thiserror::Error)]
#[error("[SH-STL-201] contract artefact cannot be read")]
pub struct ArtefactError(#[from] serde_json::Error);

impl ArtefactError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "SH-STL-201"
    }
}

/// What is needed of an artefact; its ABI is in the `sol!` declarations.
#[derive(Deserialize)]
struct Artefact {
    bytecode: Bytes,
}

/// Code that deploys a contract: its own, then its constructor's arguments.
pub(super) fn init_code(artefact: &str, arguments: &[u8]) -> Result<Bytes, ArtefactError> {
    let artefact: Artefact = serde_json::from_str(artefact)?;
    Ok([&artefact.bytecode, arguments].concat().into())
}

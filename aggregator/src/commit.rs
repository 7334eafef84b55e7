//! From an aggregate to what a contract can be told: commit and shrink proofs.
//!
//! ```text
//! aggregate's proof + Listing + r ── prove_commit ─▶ CommitProof ── prove_shrink ─▶ a plonky2 proof for the wrap
//! ```
//!
//! Whoever settles first makes the [`Listing`], draws `r` from what will be calldata, its
//! commitment included, and then comes here. Everything that goes in is checked before anything is proven. Proves in the
//! calling thread; runs no wrap and knows no chain.

use plonky2::plonk::circuit_data::VerifierCircuitData;
use sheaf_plonky2::engine::{self, Engine, EngineError, Proof};
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::proof::{self, ProofDecodeError};
use sheaf_plonky2::{C, D, F};

use crate::circuits::{CircuitError, Circuits, Progress};
use crate::listing::{Claim, Listing, ListingError, Point};
use crate::verify::holds;

/// A proof that a list is of statements of a proven batch, and has a value at a point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitProof {
    /// What it says.
    pub claim: Claim,
    /// Canonical proof bytes, without public inputs: those are the claim's.
    pub proof: Vec<u8>,
}

/// Why there is no proof, or it is refused.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A circuit cannot be had.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// The list is not of statements of the batch.
    #[error(transparent)]
    Listing(#[from] ListingError),
    /// The bytes are not a canonical proof of the circuit's shape.
    #[error("[SH-CMT-001] {circuit} proof malformed: {source}")]
    Decode {
        /// The circuit it should be of.
        circuit: &'static str,
        /// What is wrong with them.
        source: ProofDecodeError,
    },
    /// The proof does not hold under the circuit's key for its public inputs.
    #[error("[SH-CMT-002] {circuit} proof does not verify: {reason}")]
    Invalid {
        /// The circuit it was verified for.
        circuit: &'static str,
        /// plonky2's message.
        reason: String,
    },
    /// The engine made no proof of what holds.
    #[error("[SH-CMT-003] cannot prove {circuit}")]
    Engine {
        /// The circuit.
        circuit: &'static str,
        /// What the engine says.
        #[source]
        source: EngineError,
    },
    /// The proof that came out is of another claim: the circuit and [`listing`](crate::listing) disagree.
    #[error(
        "[SH-CMT-004] {circuit} proof came out with other public inputs: expected {expected:?}, got {got:?}"
    )]
    Claim {
        /// The circuit.
        circuit: &'static str,
        /// The claim's.
        expected: Vec<F>,
        /// The proof's.
        got: Vec<F>,
    },
}

impl CommitError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            CommitError::Circuit(error) => error.code(),
            CommitError::Listing(error) => error.code(),
            CommitError::Decode { .. } => "SH-CMT-001",
            CommitError::Invalid { .. } => "SH-CMT-002",
            CommitError::Engine { .. } => "SH-CMT-003",
            CommitError::Claim { .. } => "SH-CMT-004",
        }
    }
}

/// Proves a list of statements under an aggregate's batch digest, evaluated at a point.
///
/// `batch` and `aggregate` are the digest and the proof bytes of an
/// [`AggregateDocument`](crate::documents::AggregateDocument) of the circuits' profile.
///
/// # Errors
/// [`CommitError`] if a path does not lead to the batch, the aggregate does not verify, or there is no proof all the same.
pub fn prove_commit(
    batch: &Digest,
    aggregate: &[u8],
    listing: &Listing,
    point: Point,
    circuits: &Circuits,
    engine: &dyn Engine,
    progress: Progress<'_>,
) -> Result<CommitProof, CommitError> {
    listing.check_paths(batch)?;
    let root = verified("root", &circuits.root_verifier()?, batch.elements().to_vec(), aggregate)?;
    let claim = listing.claim(point);
    let commit = circuits.commit(progress)?;
    let witness = commit.targets.witness(&root, listing, &point)?;
    progress("commit");
    let proof = prove("commit", &commit.data, witness, &claim, engine)?;
    Ok(CommitProof { claim, proof: proof::encode(&proof.proof) })
}

/// Verifies a commit proof for its claim.
///
/// # Errors
/// [`CommitError`] naming what does not hold.
pub fn verify_commit(commit: &CommitProof, circuits: &Circuits) -> Result<(), CommitError> {
    verified_commit(commit, circuits).map(|_| ())
}

/// Proves a commit proof again, so that it is cheaper to verify. The public inputs are [`Claim::elements`].
///
/// # Errors
/// [`CommitError`] if the commit proof does not verify, or there is no proof all the same.
pub fn prove_shrink(
    commit: &CommitProof,
    circuits: &Circuits,
    engine: &dyn Engine,
    progress: Progress<'_>,
) -> Result<Proof, CommitError> {
    let inner = verified_commit(commit, circuits)?;
    let shrink = circuits.shrink(progress)?;
    let witness = shrink.targets.witness(&inner)?;
    progress("shrink");
    prove("shrink", &shrink.data, witness, &commit.claim, engine)
}

/// Verifies a shrink proof for a claim.
///
/// # Errors
/// [`CommitError`] naming what does not hold.
pub fn verify_shrink(claim: &Claim, shrink: &Proof, circuits: &Circuits) -> Result<(), CommitError> {
    let expected = claim.elements().to_vec();
    if shrink.public_inputs != expected {
        return Err(CommitError::Claim { circuit: "shrink", expected, got: shrink.public_inputs.clone() });
    }
    holds(&circuits.shrink_verifier()?, shrink.clone())
        .map_err(|reason| CommitError::Invalid { circuit: "shrink", reason })
}

fn verified_commit(commit: &CommitProof, circuits: &Circuits) -> Result<Proof, CommitError> {
    let verifier = circuits.commit_verifier()?;
    verified("commit", &verifier, commit.claim.elements().to_vec(), &commit.proof)
}

/// The proof, decoded and verified.
fn verified(
    circuit: &'static str,
    verifier: &VerifierCircuitData<F, C, D>,
    public_inputs: Vec<F>,
    bytes: &[u8],
) -> Result<Proof, CommitError> {
    let decoded =
        proof::decode(bytes, &verifier.common).map_err(|source| CommitError::Decode { circuit, source })?;
    let proof = proof::with_public_inputs(decoded, public_inputs);
    holds(verifier, proof.clone()).map_err(|reason| CommitError::Invalid { circuit, reason })?;
    Ok(proof)
}

fn prove(
    circuit: &'static str,
    data: &engine::Circuit,
    witness: plonky2::iop::witness::PartialWitness<F>,
    claim: &Claim,
    engine: &dyn Engine,
) -> Result<Proof, CommitError> {
    let proof = engine.prove(data, witness).map_err(|source| CommitError::Engine { circuit, source })?;
    let (expected, got) = (claim.elements().to_vec(), proof.public_inputs.clone());
    if got == expected { Ok(proof) } else { Err(CommitError::Claim { circuit, expected, got }) }
}

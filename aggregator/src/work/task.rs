//! Proving a task, and verifying what somebody else proved for one.

use plonky2::field::types::Field;
use sheaf_embedded::Shape;
use sheaf_plonky2::engine::{Engine, Proof};
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::{F, Profile, proof};

use super::prover::{Part, Prover};
use super::{Child, Role, TaskDocument, Work, WorkError};
use crate::circuits::{CircuitError, Circuits, Progress};
use crate::documents::ProofDocument;
use crate::plan::TaskKind;
use crate::tree::{leaf_digest, node_digest, statement_digest, subtree};
use crate::verify::{ProofError, VerifiedProof, holds, verify_proof_document};

/// Which circuit a proof is verified for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerifyKind {
    /// The leaf of a program shape.
    Leaf {
        /// The programs' shape.
        shape: Shape,
    },
    /// The node.
    Node,
    /// The root.
    Root,
}

impl From<&TaskKind> for VerifyKind {
    fn from(kind: &TaskKind) -> Self {
        match kind {
            TaskKind::Leaf { shape, .. } => VerifyKind::Leaf { shape: *shape },
            TaskKind::Node { .. } => VerifyKind::Node,
            TaskKind::Root { .. } => VerifyKind::Root,
        }
    }
}

impl From<Role> for VerifyKind {
    fn from(role: Role) -> Self {
        match role {
            Role::Leaf { shape } => VerifyKind::Leaf { shape },
            Role::Node => VerifyKind::Node,
        }
    }
}

/// Proves a task. Returns canonical proof bytes, without public inputs.
///
/// Takes nothing on trust: every proof in the task is verified before the expensive part, which costs little beside it
/// and names the one that is at fault, and the parts must come to what the task asks for. Blocks for as long as proving
/// takes; a second run gives a proof of the same, if not the same bytes.
///
/// # Errors
/// [`WorkError`] if the task is malformed or asks for what does not hold, or a circuit cannot be had.
pub fn prove_task(
    task: &TaskDocument,
    circuits: &Circuits,
    engine: &dyn Engine,
    progress: Progress<'_>,
) -> Result<Vec<u8>, WorkError> {
    check_profile(task.profile, circuits)?;
    let prover = Prover { circuits, engine, progress };
    let proof = match &task.kind {
        Work::Leaf { shape, proofs } => {
            let (parts, digest) = check_leaf(shape, proofs, circuits)?;
            check_expected(&task.expected, digest)?;
            let parts: Vec<_> = parts.iter().map(|part| (&part.program, &part.proof)).collect();
            prover.leaf(shape, &parts, &task.expected)?
        }
        Work::Node { left, right } => {
            let (left, left_digest) = check_child(0, left, circuits)?;
            let (right, right_digest) = check_child(1, right, circuits)?;
            check_expected(&task.expected, node_digest(&left_digest, &right_digest))?;
            prover.node(&[left, right], &task.expected)?
        }
        Work::Root { child } => {
            let (top, digest) = check_child(0, child, circuits)?;
            check_expected(&task.expected, digest)?;
            prover.root(&top, &task.expected)?
        }
    };
    Ok(proof::encode(&proof.proof))
}

/// Verifies what came back for a task: canonical bytes of a proof that holds under the genuine circuit's key for exactly
/// the public inputs that the plan calls for. A proof that passes is as good as one's own, whoever made it.
///
/// Takes ten milliseconds for circuits that are pinned, after a first time that lays down their common data (tenths of a
/// second); the leaf of a rare shape is built once. Runs in the calling process, as everything in
/// [`verify`](crate::verify) does.
///
/// # Errors
/// [`WorkError`] naming the first thing that does not hold.
pub fn verify_task(
    kind: &VerifyKind,
    profile: Profile,
    expected: &Digest,
    proof: &[u8],
    circuits: &Circuits,
) -> Result<(), WorkError> {
    check_profile(profile, circuits)?;
    verified(kind, expected, proof, circuits).map(|_| ())
}

/// The proof, decoded and verified.
fn verified(
    kind: &VerifyKind,
    expected: &Digest,
    bytes: &[u8],
    circuits: &Circuits,
) -> Result<Proof, WorkError> {
    let (circuit, verifier, rest) = match kind {
        VerifyKind::Leaf { shape } => {
            check_profile(shape.profile, circuits)?;
            let key = circuits.leaf_circuit_key(shape, &|_| ())?;
            ("leaf", circuits.uniform_verifier(&key), vec![F::ZERO; 4])
        }
        VerifyKind::Node => {
            let key = circuits.node_circuit_key(&|_| ())?;
            ("node", circuits.uniform_verifier(&key), key.digest().elements().to_vec())
        }
        VerifyKind::Root => ("root", circuits.root_verifier()?, Vec::new()),
    };
    let proof = proof::decode(bytes, &verifier.common)?;
    let proof = proof::with_public_inputs(proof, [expected.elements().to_vec(), rest].concat());
    holds(&verifier, proof.clone()).map_err(|reason| WorkError::Invalid { circuit, reason })?;
    Ok(proof)
}

/// Verifies the proofs of a leaf, and computes the digest that they come to.
fn check_leaf(
    shape: &Shape,
    proofs: &[ProofDocument],
    circuits: &Circuits,
) -> Result<(Vec<VerifiedProof>, Digest), WorkError> {
    check_profile(shape.profile, circuits)?;
    let slots = circuits.slots(shape)?;
    if proofs.is_empty() || proofs.len() > slots {
        return Err(WorkError::ProofCount { expected: slots, got: proofs.len() });
    }
    let mut parts = Vec::with_capacity(proofs.len());
    for (index, document) in proofs.iter().enumerate() {
        let got = document.program.shape;
        if got != *shape {
            return Err(WorkError::ProofShape { index, expected: *shape, got });
        }
        parts.push(verify_proof_document(document.clone(), circuits).map_err(|error| match error {
            // A full disk is no proof's fault.
            ProofError::Circuit(error) => WorkError::Circuit(error),
            source => WorkError::Proof { index, source },
        })?);
    }
    let statements: Vec<Digest> =
        parts.iter().map(|part| statement_digest(&part.program.digest(), &part.values)).collect();
    Ok((parts, subtree(&statements, slots).0))
}

/// Verifies a child in its role, and computes the digest by which its parent knows it.
fn check_child(index: usize, child: &Child, circuits: &Circuits) -> Result<(Part, Digest), WorkError> {
    let refused = |error| match error {
        WorkError::Circuit(error) => WorkError::Circuit(error),
        error => WorkError::Child { index, source: Box::new(error) },
    };
    let Child { role, digest, proof } = child;
    let proof = verified(&(*role).into(), digest, proof, circuits).map_err(refused)?;
    let digest = digest_above(*role, digest, circuits)?;
    Ok((Part { role: *role, proof }, digest))
}

fn digest_above(role: Role, digest: &Digest, circuits: &Circuits) -> Result<Digest, CircuitError> {
    match role {
        Role::Leaf { shape } => Ok(leaf_digest(&circuits.leaf_key(&shape, &|_| ())?, digest)),
        Role::Node => Ok(*digest),
    }
}

fn check_profile(got: Profile, circuits: &Circuits) -> Result<(), WorkError> {
    let expected = circuits.profile();
    if got == expected { Ok(()) } else { Err(WorkError::Profile { expected, got }) }
}

fn check_expected(expected: &Digest, got: Digest) -> Result<(), WorkError> {
    if got == *expected { Ok(()) } else { Err(WorkError::Expected { expected: *expected, got }) }
}

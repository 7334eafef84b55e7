//! Verification of proofs, aggregates and receipts, offline.
//!
//! Takes bytes from anyone. Runs in the calling process; who must survive whatever a proof does to plonky2 runs it in a
//! process of its own, as the `sheaf` command does.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plonky2::field::goldilocks_field::GoldilocksField as F;
use plonky2::field::types::Field;
use plonky2::plonk::circuit_data::VerifierCircuitData;
use plonky2::plonk::proof::ProofWithPublicInputs;
use sheaf_embedded::{KeyError, ProgramKey, VerifyError, public_values_digest};
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::proof::{self, ProofDecodeError};
use sheaf_plonky2::{C, D, Profile};
use sheaf_statement::{ProofSystem, Statement, StatementError, StatementId, TrustTier, VkDigest};

use crate::circuits::{CircuitError, Circuits};
use crate::documents::{
    AggregateDocument, Document, DocumentError, ProofDocument, ReceiptDocument, Sha256Digest,
};
use crate::tree::{MAX_PATH_LEN, program_vk, statement_digest};

/// A proof that has been verified for its statement.
#[derive(Debug, Clone)]
pub struct VerifiedProof {
    /// What it proves.
    pub statement: Statement,
    /// The key it was verified with.
    pub program: ProgramKey,
    /// The leaf circuit that the statement's vk commits to.
    pub leaf_key: Digest,
    /// Digest of the public values.
    pub values: Digest,
    /// The proof.
    pub proof: ProofWithPublicInputs<F, C, D>,
}

/// Why a proof document is refused.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// Not a proof document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The statement is of a proof system that is not verified here.
    #[error("[SH-PRF-001] unexpected proof system: expected {expected}, got {got}")]
    System {
        /// What this document format is for.
        expected: ProofSystem,
        /// What the statement says.
        got: ProofSystem,
    },
    /// The statement's public inputs are not field elements.
    #[error("[SH-PRF-002] public inputs refused: {0}")]
    PublicInputs(#[from] StatementError),
    /// The key has a shape that no program has.
    #[error("[SH-PRF-003] program key refused: {0}")]
    Key(#[from] KeyError),
    /// The shape has no leaf circuit.
    #[error("[SH-PRF-004] no leaf circuit for this program: {0}")]
    Circuit(#[from] CircuitError),
    /// The key is of another profile than asked for.
    #[error("[SH-PRF-005] unexpected profile: expected {expected}, got {got}")]
    Profile {
        /// Asked for.
        expected: Profile,
        /// Of the key.
        got: Profile,
    },
    /// The key in the document is not the one that the statement names.
    #[error("[SH-PRF-006] program key does not belong to the statement: expected vk {expected}, got {got}")]
    VkMismatch {
        /// In the statement.
        expected: VkDigest,
        /// Of the key and its leaf circuit.
        got: VkDigest,
    },
    /// The proof does not verify.
    #[error("[SH-PRF-007] proof refused: {0}")]
    Proof(#[source] VerifyError),
}

impl ProofError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ProofError::Document(error) => error.code(),
            ProofError::System { .. } => "SH-PRF-001",
            ProofError::PublicInputs(_) => "SH-PRF-002",
            ProofError::Key(_) => "SH-PRF-003",
            ProofError::Circuit(_) => "SH-PRF-004",
            ProofError::Profile { .. } => "SH-PRF-005",
            ProofError::VkMismatch { .. } => "SH-PRF-006",
            ProofError::Proof(_) => "SH-PRF-007",
        }
    }
}

/// Decodes and verifies a proof document.
///
/// # Errors
/// [`ProofError`] naming the first thing that does not hold.
pub fn verify_proof(bytes: &[u8], circuits: &Circuits) -> Result<VerifiedProof, ProofError> {
    verify_proof_document(ProofDocument::from_json(bytes)?, circuits)
}

/// Verifies a proof document that is decoded already, such as one that came inside another document.
///
/// # Errors
/// [`ProofError`] naming the first thing that does not hold.
pub fn verify_proof_document(
    document: ProofDocument,
    circuits: &Circuits,
) -> Result<VerifiedProof, ProofError> {
    let ProofDocument { statement, program, proof, .. } = document;
    let system = statement.system();
    if system != ProofSystem::Plonky2Goldilocks {
        return Err(ProofError::System { expected: ProofSystem::Plonky2Goldilocks, got: system });
    }
    if program.shape.profile != circuits.profile() {
        return Err(ProofError::Profile { expected: circuits.profile(), got: program.shape.profile });
    }
    let values = public_values(&statement)?;
    let proof = program.verifier()?.verify(&values, &proof).map_err(ProofError::Proof)?;
    // Only now: the leaf of a rare shape has to be built, which nobody gets for free.
    let leaf_key = circuits.leaf_key(&program.shape, &|_| ())?;
    let got = program_vk(&leaf_key, &program.digest());
    if statement.vk() != got {
        return Err(ProofError::VkMismatch { expected: statement.vk(), got });
    }
    Ok(VerifiedProof { values: public_values_digest(&values), statement, program, leaf_key, proof })
}

/// A statement's public inputs as field elements.
pub(crate) fn public_values(statement: &Statement) -> Result<Vec<F>, StatementError> {
    Ok(statement.u64_words()?.into_iter().map(F::from_canonical_u64).collect())
}

/// Why an aggregate is refused.
#[derive(Debug, thiserror::Error)]
pub enum AggregateVerifyError {
    /// Not an aggregate document.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// It claims another root circuit than the one of its profile.
    #[error("[SH-AGV-001] unknown root circuit: expected {expected}, got {got}")]
    RootKey {
        /// The profile's.
        expected: Digest,
        /// In the document.
        got: Digest,
    },
    /// The root circuit cannot be had.
    #[error("[SH-AGV-002] no root circuit to verify with: {0}")]
    Circuit(#[from] CircuitError),
    /// The proof bytes are not a canonical proof.
    #[error("[SH-AGV-003] aggregate proof malformed: {0}")]
    Decode(#[from] ProofDecodeError),
    /// The proof does not hold for the batch digest.
    #[error("[SH-AGV-004] aggregate proof does not verify for this batch digest: {reason}")]
    Invalid {
        /// plonky2's message.
        reason: String,
    },
}

impl AggregateVerifyError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            AggregateVerifyError::Document(error) => error.code(),
            AggregateVerifyError::RootKey { .. } => "SH-AGV-001",
            AggregateVerifyError::Circuit(_) => "SH-AGV-002",
            AggregateVerifyError::Decode(_) => "SH-AGV-003",
            AggregateVerifyError::Invalid { .. } => "SH-AGV-004",
        }
    }
}

/// An aggregate that has been verified.
#[derive(Debug, Clone)]
pub struct VerifiedAggregate {
    /// The document.
    pub document: AggregateDocument,
    /// SHA-256 of its bytes, by which receipts refer to it.
    pub sha256: Sha256Digest,
}

/// Decodes and verifies an aggregate document.
///
/// # Errors
/// [`AggregateVerifyError`] naming the first thing that does not hold.
pub fn verify_aggregate(
    bytes: &[u8],
    circuits: &CircuitsByProfile,
) -> Result<VerifiedAggregate, AggregateVerifyError> {
    let document = AggregateDocument::from_json(bytes)?;
    let circuits = circuits.get(document.profile);
    let verifier = circuits.root_verifier()?;
    let expected = circuits.root_key()?;
    if document.root_key != expected {
        return Err(AggregateVerifyError::RootKey { expected, got: document.root_key });
    }
    verify_root(&verifier, &document.batch, &document.proof)?;
    Ok(VerifiedAggregate { document, sha256: Sha256Digest::of(bytes) })
}

fn verify_root(
    verifier: &VerifierCircuitData<F, C, D>,
    batch: &Digest,
    bytes: &[u8],
) -> Result<(), AggregateVerifyError> {
    let proof = proof::decode(bytes, &verifier.common)?;
    let proof = proof::with_public_inputs(proof, batch.elements().to_vec());
    holds(verifier, proof).map_err(|reason| AggregateVerifyError::Invalid { reason })
}

/// Verifies a decoded proof. plonky2 indexes into proofs in places; a panic there is a refusal.
pub(crate) fn holds(
    verifier: &VerifierCircuitData<F, C, D>,
    proof: ProofWithPublicInputs<F, C, D>,
) -> Result<(), String> {
    match catch_unwind(AssertUnwindSafe(|| verifier.verify(proof))) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the verifier stopped on malformed data".to_owned()),
    }
}

/// The circuits of every profile, made when first asked for.
#[derive(Debug)]
pub struct CircuitsByProfile {
    standard: Circuits,
    provable: Circuits,
}

impl CircuitsByProfile {
    /// Circuits that are kept in `store`, if there is one.
    #[must_use]
    pub fn new(store: Option<&crate::artefacts::ArtefactStore>) -> Self {
        Self {
            standard: Circuits::new(Profile::Standard, store.cloned()),
            provable: Circuits::new(Profile::Provable, store.cloned()),
        }
    }

    /// The circuits of a profile.
    #[must_use]
    pub fn get(&self, profile: Profile) -> &Circuits {
        match profile {
            Profile::Standard => &self.standard,
            Profile::Provable => &self.provable,
        }
    }
}

/// Why a receipt is refused: the first thing that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// Not a receipt.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The id is not the statement's.
    #[error("[SH-RCP-001] statement id does not belong to the statement: expected {expected}, got {got}")]
    StatementId {
        /// Of the statement.
        expected: StatementId,
        /// In the receipt.
        got: StatementId,
    },
    /// Nothing in a batch supports another tier.
    #[error("[SH-RCP-002] unsupported trust tier: expected proven, got {got:?}")]
    TrustTier {
        /// In the receipt.
        got: TrustTier,
    },
    /// The statement is of a proof system that has no leaf circuit.
    #[error("[SH-RCP-003] proof system {got} is not proven in batches")]
    System {
        /// In the statement.
        got: ProofSystem,
    },
    /// The statement's public inputs are not field elements.
    #[error("[SH-RCP-004] public inputs refused: {0}")]
    PublicInputs(#[from] StatementError),
    /// The program's key and leaf circuit do not hash to the statement's vk.
    #[error("[SH-RCP-005] program does not belong to the statement: expected vk {expected}, got {got}")]
    VkMismatch {
        /// In the statement.
        expected: VkDigest,
        /// Of the program in the receipt.
        got: VkDigest,
    },
    /// The leaf circuit is not the genuine one of the shape.
    #[error("[SH-RCP-006] unknown leaf circuit for {shape}: expected {expected}, got {got}")]
    LeafKey {
        /// The shape's name.
        shape: String,
        /// The genuine one.
        expected: Digest,
        /// In the receipt.
        got: Digest,
    },
    /// The genuine leaf circuit cannot be determined.
    #[error("[SH-RCP-007] no leaf circuit for this program: {0}")]
    Circuit(#[from] CircuitError),
    /// The program is another than the one the caller expects.
    #[error("[SH-RCP-008] receipt is for another program: expected key {expected}, got {got}")]
    Program {
        /// Of the caller's program.
        expected: Digest,
        /// In the receipt.
        got: Digest,
    },
    /// A path longer than any batch has.
    #[error("[SH-RCP-009] path too long: expected at most {MAX_PATH_LEN} steps, got {got}")]
    PathLength {
        /// Steps in the receipt.
        got: usize,
    },
    /// The receipt refers to another aggregate.
    #[error("[SH-RCP-010] receipt is for another aggregate: expected sha256 {expected}, got {got}")]
    AggregateReference {
        /// In the receipt.
        expected: Sha256Digest,
        /// Of the aggregate.
        got: Sha256Digest,
    },
    /// The batch digest in the receipt is not the aggregate's.
    #[error("[SH-RCP-011] batch digest does not belong to the aggregate: expected {expected}, got {got}")]
    Batch {
        /// Of the aggregate.
        expected: Digest,
        /// In the receipt.
        got: Digest,
    },
    /// The path leads elsewhere.
    #[error("[SH-RCP-012] path does not lead to the batch: expected {expected}, got {got}")]
    Path {
        /// The batch digest.
        expected: Digest,
        /// Where the path leads.
        got: Digest,
    },
    /// The aggregate does not list the statement.
    #[error("[SH-RCP-013] aggregate does not list statement {got}")]
    NotListed {
        /// The statement's id.
        got: StatementId,
    },
}

impl ReceiptError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            ReceiptError::Document(error) => error.code(),
            ReceiptError::StatementId { .. } => "SH-RCP-001",
            ReceiptError::TrustTier { .. } => "SH-RCP-002",
            ReceiptError::System { .. } => "SH-RCP-003",
            ReceiptError::PublicInputs(_) => "SH-RCP-004",
            ReceiptError::VkMismatch { .. } => "SH-RCP-005",
            ReceiptError::LeafKey { .. } => "SH-RCP-006",
            ReceiptError::Circuit(_) => "SH-RCP-007",
            ReceiptError::Program { .. } => "SH-RCP-008",
            ReceiptError::PathLength { .. } => "SH-RCP-009",
            ReceiptError::AggregateReference { .. } => "SH-RCP-010",
            ReceiptError::Batch { .. } => "SH-RCP-011",
            ReceiptError::Path { .. } => "SH-RCP-012",
            ReceiptError::NotListed { .. } => "SH-RCP-013",
        }
    }
}

/// Checks a receipt against a verified aggregate and, if given, the program that the caller expects.
///
/// What it establishes: the statement's program, a circuit with that key, accepts the statement's public inputs. That
/// the program is the right one is the caller's to say: by `program`, or by comparing the statement's vk.
///
/// # Errors
/// [`ReceiptError`] naming the first thing that does not hold.
pub fn verify_receipt(
    bytes: &[u8],
    aggregate: &VerifiedAggregate,
    program: Option<&ProgramKey>,
    circuits: &CircuitsByProfile,
) -> Result<ReceiptDocument, ReceiptError> {
    let receipt = ReceiptDocument::from_json(bytes)?;
    let expected = receipt.statement.id();
    if receipt.statement_id != expected {
        return Err(ReceiptError::StatementId { expected, got: receipt.statement_id });
    }
    if receipt.trust_tier != TrustTier::Proven {
        return Err(ReceiptError::TrustTier { got: receipt.trust_tier });
    }
    if receipt.statement.system() != ProofSystem::Plonky2Goldilocks {
        return Err(ReceiptError::System { got: receipt.statement.system() });
    }
    let got = program_vk(&receipt.program.leaf_key, &receipt.program.key);
    if receipt.statement.vk() != got {
        return Err(ReceiptError::VkMismatch { expected: receipt.statement.vk(), got });
    }
    let shape = receipt.program.shape;
    if let Some(program) = program
        && (program.digest() != receipt.program.key || program.shape != shape)
    {
        return Err(ReceiptError::Program { expected: program.digest(), got: receipt.program.key });
    }
    let steps = receipt.path.leaf.len().max(receipt.path.tree.len());
    if steps > MAX_PATH_LEN {
        return Err(ReceiptError::PathLength { got: steps });
    }
    if receipt.aggregate.sha256 != aggregate.sha256 {
        return Err(ReceiptError::AggregateReference {
            expected: receipt.aggregate.sha256,
            got: aggregate.sha256,
        });
    }
    let expected = aggregate.document.batch;
    if receipt.aggregate.batch != expected {
        return Err(ReceiptError::Batch { expected, got: receipt.aggregate.batch });
    }
    let values = public_values_digest(&public_values(&receipt.statement)?);
    let statement = statement_digest(&receipt.program.key, &values);
    let got = receipt.path.root(&receipt.program.leaf_key, &statement);
    if got != expected {
        return Err(ReceiptError::Path { expected, got });
    }
    if !aggregate.document.statements.contains(&receipt.statement_id) {
        return Err(ReceiptError::NotListed { got: receipt.statement_id });
    }
    // Last, when the path has shown that the leaf key is in the aggregate: that of a rare shape has to be built.
    let expected = circuits.get(shape.profile).leaf_key(&shape, &|_| ())?;
    if receipt.program.leaf_key != expected {
        return Err(ReceiptError::LeafKey { shape: shape.name(), expected, got: receipt.program.leaf_key });
    }
    Ok(receipt)
}

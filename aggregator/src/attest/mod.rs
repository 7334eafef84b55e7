//! Attestations: statements that an operator verified himself and lists, without proving anything.
//!
//! ```text
//! statements ── verified natively, by the caller ──▶ attest: a keccak256 tree, its root signed ──▶ AttestationDocument…
//!                                                                                                     │
//!                                                             verify_attestation: whose word it is ◀──┘
//! ```
//!
//! **What an attestation says:** the operator with this address signed, at the time he gives, a list of so many
//! statements, and this statement is in it. He thereby says that he verified a proof of it.
//!
//! **What it proves:** that he signed, and nothing else. Neither that there is a proof, nor that the statement is true,
//! nor that the time is right or the count honest. Whoever takes an attestation takes the operator's word, and should
//! name the operator. Statements that are proven are in a [batch](crate::plan) and have
//! [receipts](crate::documents::ReceiptDocument): the two are different documents with different trees, and neither is
//! ever read as the other.
//!
//! Verifies no proofs, and keeps no keys: both are the caller's.

mod bytes;
mod error;
mod key;
mod tree;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sheaf_statement::{Statement, StatementId, TrustTier};

pub use bytes::{Address, BytesError, KeccakDigest, OperatorSignature};
pub use error::AttestError;
pub use key::OperatorKey;
pub use tree::AttestedStep;

use crate::documents::Document;
use crate::plan::MAX_BATCH;

/// The format of an [`AttestationDocument`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AttestationVersion {
    /// The first.
    #[serde(rename = "sheaf/attestation/v1")]
    V1,
}

/// An operator's word that he verified a proof of a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationDocument {
    /// Format.
    pub version: AttestationVersion,
    /// Id of the statement.
    pub statement_id: StatementId,
    /// What is attested.
    pub statement: Statement,
    /// Always [`TrustTier::Attested`], so that whoever looks at nothing else is told.
    pub trust_tier: TrustTier,
    /// From the statement's leaf to the root, bottom up.
    pub path: Vec<AttestedStep>,
    /// What was signed.
    pub batch: AttestedBatch,
    /// Whose word it is.
    pub operator: Address,
    /// His signature over the batch.
    pub signature: OperatorSignature,
}

/// What an operator signs: a tree of statements and when he did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestedBatch {
    /// Root of the tree of statement ids.
    pub root: KeccakDigest,
    /// How many statements there are.
    pub count: u32,
    /// When, by the operator's clock, in milliseconds since 1970-01-01 UTC.
    pub attested_at_ms: u64,
}

impl Document for AttestationDocument {
    const KIND: &'static str = "attestation";
}

/// Attests to statements, whose proofs the caller has verified. Returns an attestation each, in their order. The same
/// statements, time and key give the same attestations.
///
/// # Errors
/// [`AttestError`] if there are none, too many, or the same one twice.
pub fn attest(
    statements: &[Statement],
    attested_at_ms: u64,
    key: &OperatorKey,
) -> Result<Vec<AttestationDocument>, AttestError> {
    let ids: Vec<StatementId> = statements.iter().map(Statement::id).collect();
    let count = match u32::try_from(ids.len()) {
        Ok(count) if (1..=MAX_BATCH).contains(&ids.len()) => count,
        _ => return Err(AttestError::BatchSize { got: ids.len() }),
    };
    let mut seen = BTreeSet::new();
    if let Some(id) = ids.iter().find(|id| !seen.insert(**id)) {
        return Err(AttestError::Duplicate { id: *id });
    }
    let (root, paths) = tree::tree(&ids);
    let batch = AttestedBatch { root, count, attested_at_ms };
    let signature = key.sign(&tree::signed_digest(&batch))?;
    let document = |((statement, statement_id), path): ((&Statement, StatementId), _)| AttestationDocument {
        version: AttestationVersion::V1,
        statement_id,
        statement: statement.clone(),
        trust_tier: TrustTier::Attested,
        path,
        batch,
        operator: key.address(),
        signature,
    };
    Ok(statements.iter().zip(ids).zip(paths).map(document).collect())
}

/// Checks that an attestation is what it says: the word of the operator that it names and, if given, of the one that the
/// caller trusts. Without `operator` anyone's word passes, which is for looking at an attestation and not for relying on
/// one.
///
/// # Errors
/// [`AttestError`] naming the first thing that does not hold.
pub fn verify_attestation(
    bytes: &[u8],
    operator: Option<&Address>,
) -> Result<AttestationDocument, AttestError> {
    let document = AttestationDocument::from_json(bytes)?;
    let expected = document.statement.id();
    if document.statement_id != expected {
        return Err(AttestError::StatementId { expected, got: document.statement_id });
    }
    if document.trust_tier != TrustTier::Attested {
        return Err(AttestError::TrustTier { got: document.trust_tier });
    }
    let count = document.batch.count;
    if count == 0 || count as usize > MAX_BATCH {
        return Err(AttestError::Count { got: count });
    }
    let (expected, got) = (tree::max_path_len(count), document.path.len());
    if got > expected {
        return Err(AttestError::PathLength { expected, got });
    }
    let (expected, got) = (document.batch.root, tree::root(&document.statement_id, &document.path));
    if got != expected {
        return Err(AttestError::Path { expected, got });
    }
    let got = key::signer(&tree::signed_digest(&document.batch), &document.signature)?;
    if got != document.operator {
        return Err(AttestError::Signer { expected: document.operator, got });
    }
    match operator {
        Some(expected) if *expected != document.operator => {
            Err(AttestError::Operator { expected: *expected, got: document.operator })
        }
        _ => Ok(document),
    }
}

//! Receipts and attestations, verified here: the gateway that gave them is not believed.
//!
//! Owns what a caller expects and the check of it. The cryptography is `sheaf-aggregator`'s, the same that `sheaf verify`
//! runs; what is verified goes to the caller.
//!
//! A receipt proves that its statement holds: the program with this vk accepts these public inputs. Whether that is the
//! right program, and whether these are the inputs that were meant, is for the caller to expect. An attestation proves
//! nothing: it is an operator's word, and only for whoever expects that operator.
//!
//! Runs in the calling process, on a thread of its own. Every document is limited in size and decoded strictly, and the
//! verifier's panics are caught; who must survive even a fault of plonky2 verifies in a process of its own, as the
//! `sheaf` command does.

use std::sync::LazyLock;

use bytes::Bytes;
use sheaf_aggregator::attest::verify_attestation;
pub use sheaf_aggregator::attest::{Address, AttestError, AttestationDocument};
pub use sheaf_aggregator::documents::{AggregateDocument, ReceiptDocument};
pub use sheaf_aggregator::verify::{AggregateVerifyError, ReceiptError};
use sheaf_aggregator::verify::{CircuitsByProfile, verify_aggregate, verify_receipt};
pub use sheaf_statement::{PublicInputs, Statement, StatementError, VkDigest, Word};

use crate::{Client, Error, StatementId, TrustTier};

/// Circuits are pinned, so this costs next to nothing until a program of a rare shape is met.
static CIRCUITS: LazyLock<CircuitsByProfile> = LazyLock::new(|| CircuitsByProfile::new(None));

/// What a receipt has to be about, and whose word is taken. Nothing that is not set here is checked against anything of
/// the caller's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectations {
    statement: Option<sheaf_statement::StatementId>,
    program: Option<VkDigest>,
    inputs: Vec<Word>,
    operator: Option<Address>,
}

impl Expectations {
    /// Nothing in particular.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// This statement. [`Client::verified_receipt`] expects the one that it was asked for.
    #[must_use]
    pub fn statement(mut self, statement: sheaf_statement::StatementId) -> Self {
        self.statement = Some(statement);
        self
    }

    /// This program, by the vk that statements name. Without it, a gateway may answer with a true statement about a
    /// program of its own.
    #[must_use]
    pub fn program(mut self, vk: VkDigest) -> Self {
        self.program = Some(vk);
        self
    }

    /// Public inputs that begin with these words. The public inputs of an inference begin with its input, if that is
    /// public, or with its commitment, and end with the outputs.
    #[must_use]
    pub fn public_inputs(mut self, prefix: impl IntoIterator<Item = Word>) -> Self {
        self.inputs = prefix.into_iter().collect();
        self
    }

    /// Attestations of this operator will do. Without it every attestation is refused.
    #[must_use]
    pub fn attested_by(mut self, operator: Address) -> Self {
        self.operator = Some(operator);
        self
    }

    fn check(&self, statement: &Statement) -> Result<(), VerifyError> {
        let got = statement.id();
        if let Some(expected) = self.statement
            && expected != got
        {
            return Err(VerifyError::OtherStatement { expected, got });
        }
        if let Some(expected) = self.program
            && expected != statement.vk()
        {
            return Err(VerifyError::OtherProgram { expected, got: statement.vk() });
        }
        let words = statement.public_inputs().words();
        let differs = |(index, expected): (usize, &Word)| words.get(index) != Some(expected);
        match self.inputs.iter().enumerate().find(|&entry| differs(entry)) {
            None => Ok(()),
            Some((index, &expected)) => {
                Err(VerifyError::OtherInputs { index, expected, got: words.get(index).copied() })
            }
        }
    }
}

/// A statement that was verified, and what stands behind it. Matching is the only way to what is inside, so that nobody
/// takes the one for the other.
#[derive(Debug, Clone)]
pub enum VerifiedReceipt {
    /// Proven: nothing to trust but mathematics.
    Proven(Box<Proven>),
    /// Attested by an operator that the caller named.
    Attested(Box<Attested>),
}

/// A receipt whose aggregate and inclusion path were verified.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Proven {
    /// The receipt, decoded.
    pub receipt: ReceiptDocument,
    /// The receipt, byte for byte: what to keep.
    pub receipt_bytes: Bytes,
    /// The aggregate, byte for byte: what to keep with it. Both verify for ever without any gateway.
    pub aggregate_bytes: Bytes,
}

/// An attestation whose signature and inclusion path were verified.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attested {
    /// The attestation, decoded.
    pub attestation: AttestationDocument,
    /// The attestation, byte for byte.
    pub attestation_bytes: Bytes,
}

impl VerifiedReceipt {
    /// What stands behind it.
    #[must_use]
    pub fn trust_tier(&self) -> TrustTier {
        match self {
            Self::Proven(_) => TrustTier::Proven,
            Self::Attested(_) => TrustTier::Attested,
        }
    }

    /// What is proven or attested.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        match self {
            Self::Proven(proven) => &proven.receipt.statement,
            Self::Attested(attested) => &attested.attestation.statement,
        }
    }
}

/// Why a receipt is not believed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The id that was asked for is none.
    #[error("[SH-CLT-020] not a statement id: {source}")]
    Id {
        /// Why.
        source: StatementError,
    },
    /// The receipt does not verify.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),
    /// The aggregate does not verify.
    #[error(transparent)]
    Aggregate(#[from] AggregateVerifyError),
    /// The attestation does not verify, or is another operator's.
    #[error(transparent)]
    Attestation(#[from] AttestError),
    /// It is only attested, and the caller takes nobody's word.
    #[error("[SH-CLT-021] receipt is only attested: expected proven, or an operator to believe")]
    NotProven,
    /// It is about another statement.
    #[error("[SH-CLT-022] receipt is for another statement: expected {expected}, got {got}")]
    OtherStatement {
        /// The caller's.
        expected: sheaf_statement::StatementId,
        /// The receipt's.
        got: sheaf_statement::StatementId,
    },
    /// It is about another program.
    #[error("[SH-CLT-023] receipt is for another program: expected vk {expected}, got {got}")]
    OtherProgram {
        /// The caller's.
        expected: VkDigest,
        /// The receipt's.
        got: VkDigest,
    },
    /// It is about other public inputs.
    #[error(
        "[SH-CLT-024] receipt is for other public inputs: expected {expected} at {index}, got {}",
        or_none(got)
    )]
    OtherInputs {
        /// The first position that differs.
        index: usize,
        /// The caller's word there.
        expected: Word,
        /// The receipt's; `None` if it has fewer.
        got: Option<Word>,
    },
    /// The receipt says of itself that it is something that this client cannot verify.
    #[error("[SH-CLT-025] unknown trust tier: expected proven or attested, got {got}")]
    UnknownTier {
        /// What it says.
        got: TrustTier,
    },
    /// The gateway did not say which aggregate the receipt belongs to.
    #[error("[SH-CLT-026] no batch for the receipt: expected the header sheaf-batch, got none")]
    NoBatch,
    /// Verification stopped: the runtime shut down, or the verifier failed on what it was given.
    #[error("[SH-CLT-027] verification stopped before its end")]
    Stopped,
}

fn or_none(word: &Option<Word>) -> String {
    word.map_or("none".to_owned(), |word| word.to_string())
}

impl VerifyError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Id { .. } => "SH-CLT-020",
            Self::Receipt(error) => error.code(),
            Self::Aggregate(error) => error.code(),
            Self::Attestation(error) => error.code(),
            Self::NotProven => "SH-CLT-021",
            Self::OtherStatement { .. } => "SH-CLT-022",
            Self::OtherProgram { .. } => "SH-CLT-023",
            Self::OtherInputs { .. } => "SH-CLT-024",
            Self::UnknownTier { .. } => "SH-CLT-025",
            Self::NoBatch => "SH-CLT-026",
            Self::Stopped => "SH-CLT-027",
        }
    }
}

/// Verifies a receipt with its aggregate, offline. Takes milliseconds of CPU time, seconds for a program of a rare shape.
///
/// # Errors
/// [`VerifyError`] naming the first thing that does not hold.
pub fn proven(
    receipt_bytes: Bytes,
    aggregate_bytes: Bytes,
    expectations: &Expectations,
) -> Result<Proven, VerifyError> {
    let aggregate = verify_aggregate(&aggregate_bytes, &CIRCUITS)?;
    let receipt = verify_receipt(&receipt_bytes, &aggregate, None, &CIRCUITS)?;
    expectations.check(&receipt.statement)?;
    Ok(Proven { receipt, receipt_bytes, aggregate_bytes })
}

/// Verifies an attestation, offline.
///
/// # Errors
/// [`VerifyError`] naming the first thing that does not hold; without an operator to believe, that there is none.
pub fn attested(attestation_bytes: Bytes, expectations: &Expectations) -> Result<Attested, VerifyError> {
    let operator = expectations.operator.as_ref().ok_or(VerifyError::NotProven)?;
    let attestation = verify_attestation(&attestation_bytes, Some(operator))?;
    expectations.check(&attestation.statement)?;
    Ok(Attested { attestation, attestation_bytes })
}

impl Client {
    /// Downloads a statement's receipt and its aggregate, or its attestation, and verifies them here.
    ///
    /// # Errors
    /// [`Error::Verify`] if they do not verify or are not as expected; else as the gateway answers. A statement has a
    /// receipt once its batch is aggregated.
    pub async fn verified_receipt(
        &self,
        statement: &StatementId,
        expectations: &Expectations,
    ) -> Result<VerifiedReceipt, Error> {
        let id = statement.as_str().parse().map_err(|source| VerifyError::Id { source })?;
        let expectations = expectations.clone().statement(id);
        let receipt = self.receipt(statement).await?;
        // What the document says of itself only picks the verifier, which then holds it to that.
        let verified = match receipt.trust_tier {
            TrustTier::Proven => {
                let batch = receipt.batch.ok_or(VerifyError::NoBatch)?;
                let aggregate = self.aggregate(&batch).await?;
                apart(move || proven(receipt.document, aggregate, &expectations))
                    .await
                    .map(|proven| VerifiedReceipt::Proven(Box::new(proven)))
            }
            TrustTier::Attested => apart(move || attested(receipt.document, &expectations))
                .await
                .map(|attested| VerifiedReceipt::Attested(Box::new(attested))),
            got @ TrustTier::Other(_) => Err(VerifyError::UnknownTier { got }),
        };
        Ok(verified?)
    }
}

/// Computes where it does not hold up the runtime. If the future is dropped, the computation goes on to its end.
async fn apart<T: Send + 'static>(
    compute: impl FnOnce() -> Result<T, VerifyError> + Send + 'static,
) -> Result<T, VerifyError> {
    tokio::task::spawn_blocking(compute).await.unwrap_or(Err(VerifyError::Stopped))
}

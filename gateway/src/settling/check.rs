//! Whether a receipt's statement is proven on a chain, as the chain's contract says.

use std::fmt;
use std::time::Duration;

use alloy::primitives::{Address, B256};
use secrecy::SecretString;
use serde::Serialize;
use sheaf_aggregator::documents::ReceiptDocument;
use sheaf_aggregator::listing::Entry;
use sheaf_client::{OnChain, Settlement};
use sheaf_settlement::batch::{EvmPath, Leaf};
use sheaf_settlement::rpc::Endpoint;
use sheaf_settlement::sight::{FinalityPolicy, Level};
use sheaf_settlement::verify::{Claim, Inclusion, check_on_chain};

use crate::refusal::Refusal;

/// Time that an endpoint has for an answer.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Why a settlement document does not go with a receipt.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CheckError {
    /// There is nothing on chain yet.
    #[error("[SH-STM-020] statement is not on its way to a chain: settlement is {status}")]
    NotPlanned { status: String },
    /// It is of another statement.
    #[error("[SH-STM-021] settlement document is not this receipt's: {what} expected {expected}, got {got}")]
    Other { what: &'static str, expected: String, got: String },
    /// A field is no digest or address.
    #[error("[SH-STM-022] malformed settlement document: {what} is {got:?}")]
    Malformed { what: &'static str, got: String },
}

/// What a chain says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Found {
    /// `pending`, `included`, `safe` or `final`.
    pub(crate) status: &'static str,
    pub(crate) block: Option<u64>,
    pub(crate) transaction: Option<String>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.block, &self.transaction) {
            (Some(block), Some(transaction)) => {
                write!(f, "proven, {}, block {block}, transaction {transaction}", self.status)
            }
            _ => f.write_str(self.status),
        }
    }
}

/// Asks endpoints whether a receipt's statement is proven by a registry.
///
/// The receipt is verified already: what is checked here is that the document speaks of its statement, and what the chain
/// says of that.
pub(crate) async fn on_chain(
    receipt: &ReceiptDocument,
    settlement: &Settlement,
    chain_id: u64,
    registry: &str,
    urls: &[String],
) -> Result<Found, Refusal> {
    let document = settlement
        .on_chain
        .as_ref()
        .ok_or_else(|| CheckError::NotPlanned { status: settlement.status.clone() })?;
    let leaf = leaf(receipt)?;
    same("statement", &receipt.statement_id.to_string(), &settlement.statement_id)?;
    same("program id", &leaf.program.to_string(), &document.program_id)?;
    same("public inputs digest", &leaf.public_inputs.to_string(), &document.public_inputs_digest)?;
    same("context", &leaf.context().to_string(), &document.context)?;
    let claim = claim(leaf, document, chain_id, registry)?;
    let endpoints = urls
        .iter()
        .map(|url| Endpoint::http(&SecretString::from(url.as_str()), TIMEOUT))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(match check_on_chain(&endpoints, &claim, FinalityPolicy::Tags).await? {
        Inclusion::Pending => Found { status: "pending", block: None, transaction: None },
        Inclusion::Proven { settlement, level } => Found {
            status: match level {
                Level::Included => "included",
                Level::Safe => "safe",
                Level::Final => "final",
            },
            block: Some(settlement.block),
            transaction: Some(settlement.transaction.to_string()),
        },
    })
}

/// A receipt's leaf on chain.
pub(crate) fn leaf(receipt: &ReceiptDocument) -> Result<Leaf, Refusal> {
    let entry = Entry::of_receipt(receipt)?;
    Ok(Leaf::new(receipt.statement.system(), receipt.statement.vk(), entry.values.to_bytes()))
}

/// What is asked of the chain.
pub(crate) fn claim(
    leaf: Leaf,
    document: &OnChain,
    chain_id: u64,
    registry: &str,
) -> Result<Claim, CheckError> {
    let malformed = |what, got: &str| CheckError::Malformed { what, got: got.chars().take(80).collect() };
    let digest = |what, text: &String| text.parse::<B256>().map_err(|_| malformed(what, text));
    Ok(Claim {
        chain_id,
        registry: registry.parse::<Address>().map_err(|_| malformed("registry", registry))?,
        root: digest("root", &document.root)?,
        leaf,
        path: EvmPath {
            index: document.index,
            siblings: document.path.iter().map(|text| digest("path", text)).collect::<Result<_, _>>()?,
        },
    })
}

fn same(what: &'static str, expected: &str, got: &str) -> Result<(), CheckError> {
    match expected == got {
        true => Ok(()),
        false => Err(CheckError::Other {
            what,
            expected: expected.to_owned(),
            got: got.chars().take(80).collect(),
        }),
    }
}

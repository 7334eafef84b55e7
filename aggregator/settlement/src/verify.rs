//! Whether a statement is proven on a chain: what a receipt says, checked against the chain itself.

use alloy::primitives::{Address, B256};
use alloy::sol_types::SolCall as _;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use crate::batch::{EvmPath, Leaf, leaf};
use crate::contracts::{self, BatchRegistry};
use crate::rpc::{CallOutcome, CallRequest, Endpoint, RpcError};
use crate::sight::{self, FinalityPolicy, Level, Settlement, Sight};

/// What a receipt claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// On which chain.
    pub chain_id: u64,
    /// By which registry. Whoever checks has to know that it is the right one.
    pub registry: Address,
    /// In which batch.
    pub root: B256,
    /// Which statement.
    pub leaf: Leaf,
    /// Where in the batch.
    pub path: EvmPath,
}

/// How far a claim has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "inclusion", deny_unknown_fields)]
pub enum Inclusion {
    /// The batch is not on chain, or not yet.
    Pending,
    /// It is, and the contract says that the statement is proven.
    Proven {
        /// Where.
        settlement: Settlement,
        /// How firmly.
        level: Level,
    },
}

/// Why a claim does not hold, or cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum OnChainError {
    /// The path leads elsewhere: no chain has to be asked.
    #[error("[SH-STL-701] path does not lead to the root: expected {expected}, got {got}")]
    Path {
        /// The root.
        expected: B256,
        /// Where the path leads.
        got: B256,
    },
    /// Nobody to ask.
    #[error("[SH-STL-702] no endpoint answers")]
    NoAnswer(#[source] Option<RpcError>),
    /// An endpoint is on another chain.
    #[error(transparent)]
    Endpoint(#[from] RpcError),
    /// Endpoints say different things, and none of it more than half of them.
    #[error("[SH-STL-703] endpoints disagree: {}", endpoints.join(", "))]
    Disagreement {
        /// Their labels.
        endpoints: Vec<String>,
    },
    /// The batch was accepted by a verifier that was frozen since.
    #[error("[SH-STL-704] the verifier 0x{} that accepted the batch is frozen", hex::encode(selector))]
    Frozen {
        /// Which verifier.
        selector: [u8; 4],
    },
    /// The batch is on chain, and the contract says that the statement is not proven by it.
    #[error("[SH-STL-705] the registry says that the statement is not proven in batch {root}")]
    NotProven {
        /// Which batch.
        root: B256,
    },
}

impl OnChainError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Path { .. } => "SH-STL-701",
            Self::NoAnswer(_) => "SH-STL-702",
            Self::Endpoint(error) => error.code(),
            Self::Disagreement { .. } => "SH-STL-703",
            Self::Frozen { .. } => "SH-STL-704",
            Self::NotProven { .. } => "SH-STL-705",
        }
    }
}

/// Asks several endpoints whether a claim holds. What more than half of those that answer say counts.
///
/// # Errors
/// [`OnChainError`] if the claim does not hold, or that cannot be known.
pub async fn check_on_chain(
    endpoints: &[Endpoint],
    claim: &Claim,
    policy: FinalityPolicy,
) -> Result<Inclusion, OnChainError> {
    let got = claim.path.root(&leaf(&claim.leaf));
    if got != claim.root {
        return Err(OnChainError::Path { expected: claim.root, got });
    }
    let chains = join_all(endpoints.iter().map(|endpoint| endpoint.require_chain(claim.chain_id))).await;
    let mut there = Vec::new();
    let mut last = None;
    for (endpoint, chain) in endpoints.iter().zip(chains) {
        match chain {
            Ok(()) => there.push(endpoint),
            Err(error @ RpcError::WrongChain { .. }) => return Err(error.into()),
            Err(error) => last = Some(error),
        }
    }
    let mut seen = sight::observe(&there, claim.registry, claim.root, policy).await;
    let Some(agreed) = seen.agreed else {
        return Err(match seen.answered {
            0 => OnChainError::NoAnswer(seen.troubles.pop().or(last)),
            _ => OnChainError::Disagreement { endpoints: seen.dissenting },
        });
    };
    let (settlement, level) = match agreed {
        Sight::Absent => return Ok(Inclusion::Pending),
        Sight::Revoked(selector) => return Err(OnChainError::Frozen { selector }),
        Sight::Posted(settlement, level) => (settlement, level),
    };
    let answers = join_all(there.iter().map(|endpoint| is_proven(endpoint, claim))).await;
    let answers: Vec<bool> = answers.into_iter().flatten().collect();
    let yes = answers.iter().filter(|proven| **proven).count();
    match (yes * 2).cmp(&answers.len()) {
        _ if answers.is_empty() => Err(OnChainError::NoAnswer(last)),
        std::cmp::Ordering::Greater => Ok(Inclusion::Proven { settlement, level }),
        std::cmp::Ordering::Less => Err(OnChainError::NotProven { root: claim.root }),
        std::cmp::Ordering::Equal => {
            let endpoints = there.iter().map(|endpoint| endpoint.label().to_owned()).collect();
            Err(OnChainError::Disagreement { endpoints })
        }
    }
}

async fn is_proven(endpoint: &Endpoint, claim: &Claim) -> Result<bool, RpcError> {
    let data = contracts::is_proven(claim.root, &claim.leaf, &claim.path);
    let call = CallRequest { from: Address::ZERO, to: Some(claim.registry), data, gas: None };
    match endpoint.call(&call).await? {
        CallOutcome::Returned(output) => BatchRegistry::isProvenCall::abi_decode_returns(&output)
            .map_err(|_| endpoint.shape("eth_call", "isProven answers with something else")),
        CallOutcome::Reverted(reason) => {
            Err(endpoint.shape("eth_call", format!("isProven reverts: {reason}")))
        }
    }
}

#[cfg(test)]
mod tests;

//! Whether a root is on chain, and how deep, as several endpoints see it.
//!
//! What counts is the registry's record, not a receipt: whoever posted the batch, it is settled. An endpoint's answers have
//! to fit together (record, event, block), and more than half of those that answer have to agree on them.

use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes};
use alloy::sol_types::SolEvent as _;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use crate::contracts::{BatchRegistry, VerifierRouter};
use crate::rpc::{BlockRef, CallOutcome, CallRequest, Endpoint, RpcError};

/// When a block counts as safe, and when as final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FinalityPolicy {
    /// As the node says by its tags `safe` and `finalized`. For Ethereum, and chains that settle there.
    Tags,
    /// By the number of blocks on top of it. For chains without these tags.
    Depth {
        /// Blocks on top of a safe one.
        safe: u64,
        /// Blocks on top of a final one; at least as many.
        finalised: u64,
    },
}

/// How firmly a block is on its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// In a block.
    Included,
    /// In a block that is not expected to go away.
    Safe,
    /// In a block that cannot go away.
    Final,
}

/// Where a root is on chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settlement {
    /// Height of the block.
    pub block: u64,
    /// Hash of the block.
    pub block_hash: B256,
    /// Time of the block, in seconds since 1970.
    pub timestamp_s: u64,
    /// The transaction that posted it.
    pub transaction: B256,
    /// Who posted it.
    pub poster: Address,
}

/// What one endpoint sees of a root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// No record.
    Absent,
    /// A record under a verifier that is frozen: it proves nothing, and the root can be posted under another.
    Revoked([u8; 4]),
    /// A record.
    Posted(Settlement, Level),
}

/// What endpoints together see of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// What more than half of those that answered agree on; nothing if they do not.
    pub agreed: Option<Sight>,
    /// Endpoints that answered.
    pub answered: usize,
    /// Those that did not, or not with sense.
    pub troubles: Vec<RpcError>,
    /// Labels of those that were outvoted, or of all if nothing is agreed on.
    pub dissenting: Vec<String>,
}

/// Asks all endpoints at once.
pub async fn observe(
    endpoints: &[&Endpoint],
    registry: Address,
    root: B256,
    policy: FinalityPolicy,
) -> Observation {
    let sights = join_all(endpoints.iter().map(|endpoint| sight(endpoint, registry, root, policy))).await;
    let mut troubles = Vec::new();
    let mut answers = Vec::new();
    for (endpoint, sight) in endpoints.iter().zip(sights) {
        match sight {
            Ok(sight) => answers.push((endpoint.label(), sight)),
            Err(error) => troubles.push(error),
        }
    }
    vote(&answers, troubles)
}

/// More than half, by place first, and then by the level that more than half reach.
fn vote(answers: &[(&str, Sight)], troubles: Vec<RpcError>) -> Observation {
    let answered = answers.len();
    let is_majority = |count: usize| count * 2 > answered;
    let same_place = |a: &Sight, b: &Sight| match (a, b) {
        (Sight::Absent, Sight::Absent) => true,
        (Sight::Revoked(a), Sight::Revoked(b)) => a == b,
        (Sight::Posted(a, _), Sight::Posted(b, _)) => a == b,
        _ => false,
    };
    let count = |matches: &dyn Fn(&Sight) -> bool| answers.iter().filter(|(_, sight)| matches(sight)).count();
    let winner = answers
        .iter()
        .map(|(_, sight)| sight)
        .find(|sight| is_majority(count(&|other| same_place(sight, other))));
    let agreed = winner.map(|winner| match winner {
        Sight::Absent | Sight::Revoked(_) => *winner,
        Sight::Posted(settlement, _) => {
            let reached = |level: Level| {
                count(
                    &|other| matches!(other, Sight::Posted(place, at) if place == settlement && *at >= level),
                )
            };
            let level = [Level::Final, Level::Safe].into_iter().find(|level| is_majority(reached(*level)));
            Sight::Posted(*settlement, level.unwrap_or(Level::Included))
        }
    });
    let dissents = |sight: &Sight| agreed.as_ref().is_none_or(|agreed| !same_place(sight, agreed));
    let dissenting =
        answers.iter().filter(|(_, sight)| dissents(sight)).map(|(label, _)| (*label).to_owned()).collect();
    Observation { agreed, answered, troubles, dissenting }
}

/// What one endpoint sees.
///
/// # Errors
/// [`RpcError`] if it does not answer, or its answers do not fit together. Between two of them a block may come or go, so
/// that this can happen to an honest one.
pub async fn sight(
    endpoint: &Endpoint,
    registry: Address,
    root: B256,
    policy: FinalityPolicy,
) -> Result<Sight, RpcError> {
    let record: BatchRegistry::batchOfReturn =
        read(endpoint, registry, BatchRegistry::batchOfCall { root }).await?;
    if record.size == 0 {
        return Ok(Sight::Absent);
    }
    let router: Address = read(endpoint, registry, BatchRegistry::routerCall {}).await?;
    if read(endpoint, router, VerifierRouter::isFrozenCall { selector: record.selector }).await? {
        return Ok(Sight::Revoked(record.selector.0));
    }
    let number = record.blockNumber;
    let topics = [BatchRegistry::BatchPosted::SIGNATURE_HASH, root];
    let logs = endpoint.logs(registry, &topics, number).await?;
    // A filter is a request like any other: what comes back need not be what was asked for.
    let posted = logs.iter().rev().filter(|log| !log.removed && log.address == registry).find_map(|log| {
        let topics = log.topics.iter().copied();
        let event = BatchRegistry::BatchPosted::decode_raw_log(topics, &log.data).ok()?;
        (event.root == root && event.selector == record.selector && event.size == record.size)
            .then_some((log, event))
    });
    let Some((log, event)) = posted else {
        return Err(endpoint.contradiction(format!("no event of the record in block {number}")));
    };
    let block = endpoint.block(BlockNumberOrTag::Number(number)).await?;
    let block = block.filter(|block| block.hash == log.block_hash && block.number == number);
    let Some(block) = block else {
        return Err(endpoint.contradiction(format!("the event's block is not block {number}")));
    };
    let settlement = Settlement {
        block: number,
        block_hash: block.hash,
        timestamp_s: block.timestamp,
        transaction: log.transaction_hash,
        poster: event.poster,
    };
    Ok(Sight::Posted(settlement, level(endpoint, policy, number).await?))
}

/// How firmly a block of this height is on the chain.
pub(crate) async fn level(
    endpoint: &Endpoint,
    policy: FinalityPolicy,
    number: u64,
) -> Result<Level, RpcError> {
    let reached = |block: &Option<BlockRef>| block.is_some_and(|block| block.number >= number);
    match policy {
        FinalityPolicy::Tags => {
            if reached(&endpoint.block(BlockNumberOrTag::Finalized).await?) {
                return Ok(Level::Final);
            }
            let safe = reached(&endpoint.block(BlockNumberOrTag::Safe).await?);
            Ok(if safe { Level::Safe } else { Level::Included })
        }
        FinalityPolicy::Depth { safe, finalised } => {
            let depth = endpoint.head().await?.number.saturating_sub(number);
            Ok(match depth {
                depth if depth >= finalised => Level::Final,
                depth if depth >= safe => Level::Safe,
                _ => Level::Included,
            })
        }
    }
}

/// Calls a view function and decodes what it returns.
pub(crate) async fn read<C: alloy::sol_types::SolCall>(
    endpoint: &Endpoint,
    to: Address,
    call: C,
) -> Result<C::Return, RpcError> {
    let request =
        CallRequest { from: Address::ZERO, to: Some(to), data: call.abi_encode().into(), gas: None };
    let output = match endpoint.call(&request).await? {
        CallOutcome::Returned(output) => output,
        CallOutcome::Reverted(reason) => {
            return Err(endpoint.shape("eth_call", format!("{} of {to} reverts: {reason}", C::SIGNATURE)));
        }
    };
    let decode = |output: &Bytes| C::abi_decode_returns(output).ok();
    decode(&output).ok_or_else(|| endpoint.shape("eth_call", format!("{to} has no {}", C::SIGNATURE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(block: u64, level: Level) -> Sight {
        let settlement = Settlement {
            block,
            block_hash: B256::with_last_byte(block as u8),
            timestamp_s: 0,
            transaction: B256::ZERO,
            poster: Address::ZERO,
        };
        Sight::Posted(settlement, level)
    }

    fn agreed(sights: &[Sight]) -> Option<Sight> {
        let answers: Vec<_> = sights.iter().map(|sight| ("endpoint", *sight)).collect();
        vote(&answers, Vec::new()).agreed
    }

    /// Attack: one endpoint of two says that a batch is settled which is not.
    #[test]
    fn half_is_no_majority() {
        assert_eq!(agreed(&[posted(5, Level::Final), Sight::Absent]), None);
        assert_eq!(agreed(&[posted(5, Level::Final), posted(6, Level::Final)]), None);
        assert_eq!(agreed(&[]), None);
    }

    #[test]
    fn majority_is_believed_and_a_lone_endpoint_is_one() {
        let here = posted(5, Level::Included);
        assert_eq!(agreed(&[here]), Some(here));
        assert_eq!(agreed(&[here, Sight::Absent, here]), Some(here));
        assert_eq!(agreed(&[Sight::Absent, here, Sight::Absent]), Some(Sight::Absent));
    }

    /// Attack: one endpoint of three says that a block is final which is not.
    #[test]
    fn level_needs_a_majority_too() {
        let [included, safe, r#final] =
            [Level::Included, Level::Safe, Level::Final].map(|level| posted(5, level));
        assert_eq!(agreed(&[included, included, r#final]), Some(included));
        assert_eq!(agreed(&[included, safe, r#final]), Some(safe));
        assert_eq!(agreed(&[r#final, safe, r#final]), Some(r#final));
        assert_eq!(agreed(&[safe, r#final]), Some(safe));
    }

    #[test]
    fn those_that_are_outvoted_are_named() {
        let answers = [("a", posted(5, Level::Safe)), ("b", Sight::Absent), ("c", posted(5, Level::Final))];
        assert_eq!(vote(&answers, Vec::new()).dissenting, ["b"]);
    }
}

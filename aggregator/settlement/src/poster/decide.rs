//! Whether to post now or to wait, and why: a function of facts alone, without a clock or a network.

use std::fmt;

use alloy::primitives::{B256, U256, utils};

use super::config::PostingPolicy;
use super::fees::Fees;

/// What is known when it is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// Now, in milliseconds since 1970.
    pub now_ms: u64,
    /// When the batch was submitted.
    pub created_at_ms: u64,
    /// When it should be on chain.
    pub deadline_ms: Option<u64>,
    /// A batch whose transaction is under way: one nonce at a time.
    pub in_flight: Option<B256>,
    /// Gas limit of the transaction.
    pub gas_limit: u64,
    /// Base fee of the next block, in wei per gas.
    pub base_fee_wei: u128,
    /// What the transaction would offer.
    pub fees: Fees,
    /// What the key has, in wei.
    pub balance_wei: U256,
    /// What was spent in the last 24 hours, and what transactions under way may still cost, in wei.
    pub spent_wei: U256,
    /// When enough of that is 24 hours ago, as far as time alone decides.
    pub window_frees_at_ms: Option<u64>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Sign and send.
    Post {
        /// Why now.
        reason: PostReason,
    },
    /// Look again later.
    Wait {
        /// When the decision changes of itself at the latest; nothing if that is for the chain or somebody to bring about.
        until_ms: Option<u64>,
        /// Why not now.
        code: WaitCode,
        /// The same in words, with the numbers.
        why: String,
    },
}

/// Why a batch is posted now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostReason {
    /// Gas is cheap enough.
    PriceGood,
    /// Gas is dear, and the deadline is near.
    DeadlineNear,
    /// Gas is dear, and the batch has waited long enough.
    PatienceOver,
    /// The transaction before it was not mined in time, at its price.
    FeeBump,
}

impl PostReason {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::PriceGood => "SH-STL-651",
            Self::DeadlineNear => "SH-STL-652",
            Self::PatienceOver => "SH-STL-653",
            Self::FeeBump => "SH-STL-654",
        }
    }
}

impl fmt::Display for PostReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PriceGood => "gas is cheap enough",
            Self::DeadlineNear => "the deadline is near",
            Self::PatienceOver => "it has waited long enough for cheaper gas",
            Self::FeeBump => "the transaction before it was not mined in time",
        })
    }
}

/// Why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitCode {
    /// Another batch's transaction is under way.
    InFlight,
    /// The transaction needs more gas than it may.
    GasAboveCap,
    /// Gas costs more than it ever may.
    FeeAboveMax,
    /// Gas costs more than is good, and there is time.
    FeeHigh,
    /// Enough was spent today.
    SpendingCap,
    /// The key has not enough money.
    BalanceLow,
    /// The verifier is not in force yet.
    VerifierPending,
    /// Another transaction took the nonce; a new one is signed.
    NonceTaken,
    /// The transaction reverted; it is tried again.
    Reverted,
}

impl WaitCode {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::InFlight => "SH-STL-601",
            Self::GasAboveCap => "SH-STL-602",
            Self::FeeAboveMax => "SH-STL-603",
            Self::FeeHigh => "SH-STL-604",
            Self::SpendingCap => "SH-STL-605",
            Self::BalanceLow => "SH-STL-606",
            Self::VerifierPending => "SH-STL-607",
            Self::NonceTaken => "SH-STL-608",
            Self::Reverted => "SH-STL-609",
        }
    }
}

/// Post or wait. The first of these that holds: a transaction is under way, it needs too much gas, gas is dearer than it
/// may ever be, gas is dear and there is time, the day's money is spent, the key has too little. Deadlines override what
/// is good, never what is allowed.
#[must_use]
pub fn decide(situation: &Situation, policy: &PostingPolicy) -> Decision {
    let wait = |code, until_ms, why| Decision::Wait { until_ms, code, why };
    let Situation { now_ms, fees, .. } = situation;
    if let Some(root) = situation.in_flight {
        return wait(WaitCode::InFlight, None, format!("the transaction of batch {root} is under way"));
    }
    if situation.gas_limit > policy.gas_limit_cap {
        let (needs, cap) = (situation.gas_limit, policy.gas_limit_cap);
        return wait(WaitCode::GasAboveCap, None, format!("needs {needs} gas, and may use {cap}"));
    }
    let price = situation.base_fee_wei.saturating_add(fees.max_tip_wei);
    let most = policy.max_fee_wei.0;
    if price > most || fees.max_fee_wei > most {
        let why = format!("gas costs {}, and may cost {}", gwei(price.max(fees.max_fee_wei)), gwei(most));
        return wait(WaitCode::FeeAboveMax, None, why);
    }
    let reason = if price <= policy.good_fee_wei.0 {
        PostReason::PriceGood
    } else {
        let patient_until = situation.created_at_ms.saturating_add(policy.patience_ms);
        let due = situation.deadline_ms.map(|deadline| deadline.saturating_sub(policy.deadline_lead_ms));
        let until = due.map_or(patient_until, |due| due.min(patient_until));
        match due {
            _ if *now_ms < until => {
                let why = format!("gas costs {}, and {} is good", gwei(price), gwei(policy.good_fee_wei.0));
                return wait(WaitCode::FeeHigh, Some(until), why);
            }
            Some(due) if *now_ms >= due => PostReason::DeadlineNear,
            _ => PostReason::PatienceOver,
        }
    };
    let cost = fees.cost_wei(situation.gas_limit);
    if situation.spent_wei.saturating_add(cost) > U256::from(policy.daily_cap_wei.0) {
        let (spent, cap) = (ether(situation.spent_wei), ether(U256::from(policy.daily_cap_wei.0)));
        let why = format!("may cost {}, and of {cap} for 24 hours {spent} are spent", ether(cost));
        return wait(WaitCode::SpendingCap, situation.window_frees_at_ms, why);
    }
    if situation.balance_wei < cost {
        let why = format!("may cost {}, and the key has {}", ether(cost), ether(situation.balance_wei));
        return wait(WaitCode::BalanceLow, None, why);
    }
    Decision::Post { reason }
}

pub(super) fn gwei(wei: u128) -> String {
    utils::format_units(wei, "gwei")
        .map_or_else(|_| format!("{wei} wei"), |text| format!("{} gwei", trim(&text)))
}

pub(super) fn ether(wei: U256) -> String {
    format!("{} ether", trim(&utils::format_ether(wei)))
}

fn trim(number: &str) -> &str {
    number.trim_end_matches('0').trim_end_matches('.')
}

#[cfg(test)]
mod tests;

//! One target chain's configuration.

use std::fmt;
use std::str::FromStr;

use alloy::primitives::{Address, utils};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::PosterError;
use super::records::ChainName;
use crate::sight::FinalityPolicy;

/// Least rise of both fees that nodes take a replacement for, in percent.
const MIN_BUMP_PERCENT: u32 = 10;

/// A target chain. Amounts are in wei; times are in milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// What we call it.
    pub name: ChainName,
    /// Its id. An endpoint that says another is refused.
    pub chain_id: u64,
    /// The batch registry there.
    pub registry: Address,
    /// JSON-RPC endpoints, the best first. Secret, because keys are in them.
    #[serde(default)]
    pub rpc_urls: Vec<SecretString>,
    /// How it is posted there.
    #[serde(default)]
    pub policy: PostingPolicy,
}

/// How batches are posted on a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PostingPolicy {
    /// When a block is safe, and when final.
    pub finality: FinalityPolicy,
    /// Time that an endpoint has for an answer.
    pub request_timeout_ms: u64,
    /// How long an endpoint that did not answer, or was outvoted, comes last.
    pub endpoint_pause_ms: u64,
    /// Blocks that an endpoint may be behind the first.
    pub max_lag_blocks: u64,
    /// Gas on top of what a transaction is estimated to need, in percent.
    pub gas_margin_percent: u32,
    /// Most gas of a transaction.
    pub gas_limit_cap: u64,
    /// Price per gas, base fee and tip together, at which a batch is posted at once.
    pub good_fee_wei: Wei,
    /// Price per gas that is never exceeded.
    pub max_fee_wei: Wei,
    /// Least tip per gas.
    pub min_tip_wei: Wei,
    /// Most tip per gas, whatever the endpoint suggests.
    pub max_tip_wei: Wei,
    /// Most that is spent in any 24 hours.
    pub daily_cap_wei: Wei,
    /// How long before its deadline a batch is posted at any price below the maximum.
    pub deadline_lead_ms: u64,
    /// How long a batch without a deadline, or with a far one, waits for a good price.
    pub patience_ms: u64,
    /// How long a transaction may wait before its fees are raised.
    pub bump_interval_ms: u64,
    /// By how much, in percent, at least 10.
    pub bump_percent: u32,
    /// Transactions that may revert before a batch is given up.
    pub max_reverts: u32,
}

impl Default for PostingPolicy {
    /// For Ethereum.
    fn default() -> Self {
        Self {
            finality: FinalityPolicy::Tags,
            request_timeout_ms: 10_000,
            endpoint_pause_ms: 30_000,
            max_lag_blocks: 5,
            gas_margin_percent: 15,
            gas_limit_cap: 16_000_000,
            good_fee_wei: Wei::gwei(5),
            max_fee_wei: Wei::gwei(100),
            min_tip_wei: Wei(1_000_000),
            max_tip_wei: Wei::gwei(2),
            daily_cap_wei: Wei::gwei(250_000_000),
            deadline_lead_ms: 10 * 60 * 1000,
            patience_ms: 60 * 60 * 1000,
            bump_interval_ms: 45_000,
            bump_percent: 15,
            max_reverts: 3,
        }
    }
}

impl PostingPolicy {
    /// Refuses values that make no sense, alone or together.
    ///
    /// # Errors
    /// [`PosterError::Config`], with the value's name.
    pub fn check(&self) -> Result<(), PosterError> {
        let error = |key, expected: String, got: String| Err(PosterError::Config { key, expected, got });
        if let FinalityPolicy::Depth { safe, finalised } = self.finality
            && finalised < safe
        {
            return error("finality.finalised", format!("at least {safe}, as safe"), finalised.to_string());
        }
        let least = [
            ("request_timeout_ms", self.request_timeout_ms, 1),
            ("gas_limit_cap", self.gas_limit_cap, 21_000),
            ("bump_interval_ms", self.bump_interval_ms, 1),
            ("bump_percent", u64::from(self.bump_percent), u64::from(MIN_BUMP_PERCENT)),
            ("max_reverts", u64::from(self.max_reverts), 1),
        ];
        for (key, got, least) in least {
            if got < least {
                return error(key, format!("at least {least}"), got.to_string());
            }
        }
        let most = [
            ("gas_margin_percent", u64::from(self.gas_margin_percent), 1000),
            ("bump_percent", u64::from(self.bump_percent), 1000),
        ];
        for (key, got, most) in most {
            if got > most {
                return error(key, format!("at most {most}"), got.to_string());
            }
        }
        let ordered = [
            ("good_fee_wei", self.good_fee_wei, "max_fee_wei", self.max_fee_wei),
            ("min_tip_wei", self.min_tip_wei, "max_tip_wei", self.max_tip_wei),
            ("max_tip_wei", self.max_tip_wei, "max_fee_wei", self.max_fee_wei),
        ];
        for (key, got, other, most) in ordered {
            if got > most {
                return error(key, format!("at most {other}, which is {most}"), got.to_string());
            }
        }
        // Far above all money there is, and far below where sums of it overflow.
        if self.max_fee_wei.0 > u128::from(u64::MAX) {
            return error("max_fee_wei", format!("at most {}", u64::MAX), self.max_fee_wei.to_string());
        }
        Ok(())
    }
}

/// An amount in wei. As text a number alone, or with `wei`, `gwei` or `ether`: `1000`, `"30 gwei"`, `"0.05 ether"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Wei(pub u128);

impl Wei {
    /// So many gwei.
    #[must_use]
    pub const fn gwei(gwei: u64) -> Self {
        Self(gwei as u128 * 1_000_000_000)
    }
}

impl fmt::Display for Wei {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} wei", self.0)
    }
}

impl FromStr for Wei {
    type Err = PosterError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || PosterError::Config {
            key: "amount",
            expected: "a number, and wei, gwei or ether".to_owned(),
            got: text.chars().take(40).collect(),
        };
        let (number, unit) = text.trim().split_once(' ').unwrap_or((text.trim(), "wei"));
        let plain = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || c == '.');
        if !plain || !matches!(unit, "wei" | "gwei" | "ether") {
            return Err(error());
        }
        // More digits behind the point than the unit has would be dropped without a word.
        let decimals = match unit {
            "wei" => 0,
            "gwei" => 9,
            _ => 18,
        };
        if number
            .split_once('.')
            .is_some_and(|(_, fraction)| fraction.is_empty() || fraction.len() > decimals)
        {
            return Err(error());
        }
        let parsed = utils::parse_units(number, unit).map_err(|_| error())?;
        u128::try_from(parsed.get_absolute()).map(Self).map_err(|_| error())
    }
}

impl Serialize for Wei {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Wei {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(u64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(wei) => Ok(Self(u128::from(wei))),
            Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
        }
    }
}

//! What a transaction offers, and what was spent.

use alloy::primitives::U256;

use super::config::PostingPolicy;
use super::records::{Attempt, Fate};

/// Over which time spending is capped.
pub(super) const WINDOW_MS: u64 = 24 * 60 * 60 * 1000;

/// What a transaction offers per gas, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    /// Most in all.
    pub max_fee_wei: u128,
    /// Most on top of the base fee.
    pub max_tip_wei: u128,
}

impl Fees {
    /// Most that a transaction with this gas limit costs.
    #[must_use]
    pub fn cost_wei(&self, gas_limit: u64) -> U256 {
        U256::from(gas_limit) * U256::from(self.max_fee_wei)
    }

    /// Twice the base fee, so that six full blocks in a row do not outrun it, and a tip within bounds; never above the
    /// maximum.
    pub(super) fn quote(base_fee_wei: u128, suggested_tip_wei: u128, policy: &PostingPolicy) -> Self {
        let max_tip_wei = suggested_tip_wei.clamp(policy.min_tip_wei.0, policy.max_tip_wei.0);
        let max_fee_wei =
            base_fee_wei.saturating_mul(2).saturating_add(max_tip_wei).min(policy.max_fee_wei.0);
        Self { max_fee_wei, max_tip_wei: max_tip_wei.min(max_fee_wei) }
    }

    /// At least what replaces these attempts: a rise of both fees that nodes take, rounded up. May be above the maximum,
    /// which [`decide`](super::decide()) then says.
    pub(super) fn replacing<'a>(self, attempts: impl IntoIterator<Item = &'a Attempt>, percent: u32) -> Self {
        let raised = |fee: u128| fee.saturating_add(fee.saturating_mul(u128::from(percent)).div_ceil(100));
        attempts.into_iter().fold(self, |fees, attempt| Self {
            max_fee_wei: fees.max_fee_wei.max(raised(attempt.max_fee_wei)),
            max_tip_wei: fees.max_tip_wei.max(raised(attempt.max_tip_wei)),
        })
    }
}

/// What counts against the daily cap when a transaction with a nonce is to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spending {
    /// Cost and time of what was mined in the window, oldest first.
    mined: Vec<(u64, U256)>,
    /// Most that transactions under other nonces may still cost.
    reserved_wei: U256,
}

impl Spending {
    /// Of attempts with one nonce one is mined at most, so the dearest counts; those with `nonce` are replaced.
    pub(super) fn new(mined: &[Attempt], pending: &[Attempt], nonce: u64, latest_nonce: u64) -> Self {
        let mut paid: Vec<_> = mined
            .iter()
            .filter_map(|attempt| match attempt.fate {
                Fate::Mined { seen_at_ms, .. } => Some((seen_at_ms, attempt.cost_wei())),
                Fate::Pending | Fate::Superseded => None,
            })
            .collect();
        paid.sort_by_key(|(at, _)| *at);
        let mut reserved = std::collections::BTreeMap::<u64, U256>::new();
        for attempt in pending.iter().filter(|it| it.nonce != nonce && it.nonce >= latest_nonce) {
            let most = reserved.entry(attempt.nonce).or_default();
            *most = attempt.max_cost_wei().max(*most);
        }
        Self {
            mined: paid,
            reserved_wei: reserved.values().fold(U256::ZERO, |sum, it| sum.saturating_add(*it)),
        }
    }

    pub(super) fn total_wei(&self) -> U256 {
        self.mined.iter().fold(self.reserved_wei, |sum, (_, cost)| sum.saturating_add(*cost))
    }

    /// When so much of what was mined is out of the window that `cost_wei` fits under the cap.
    pub(super) fn frees_at_ms(&self, cost_wei: U256, cap_wei: U256) -> Option<u64> {
        let mut left = self.total_wei();
        self.mined.iter().find_map(|(at, cost)| {
            left = left.saturating_sub(*cost);
            (left.saturating_add(cost_wei) <= cap_wei).then(|| at.saturating_add(WINDOW_MS).saturating_add(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use alloy::primitives::{Address, B256, Bytes};

    use super::super::config::Wei;
    use super::super::records::PostingKey;
    use super::*;

    fn attempt(nonce: u64, max_fee_wei: u128, fate: Fate) -> Attempt {
        Attempt {
            key: PostingKey { chain: "test".parse().unwrap(), root: B256::ZERO },
            signer: Address::ZERO,
            nonce,
            transaction: B256::ZERO,
            raw: Bytes::new(),
            gas_limit: 10,
            max_fee_wei,
            max_tip_wei: 7,
            signed_at_ms: 0,
            fate,
        }
    }

    fn mined(at: u64, price: u128) -> Attempt {
        let fate = Fate::Mined { block: 1, success: true, gas_used: 10, price_wei: price, seen_at_ms: at };
        attempt(0, price, fate)
    }

    #[test]
    fn quotes_stay_below_the_maximum() {
        let policy = PostingPolicy {
            max_fee_wei: Wei(100),
            good_fee_wei: Wei(50),
            min_tip_wei: Wei(2),
            max_tip_wei: Wei(10),
            ..PostingPolicy::default()
        };
        assert_eq!(Fees::quote(20, 0, &policy), Fees { max_fee_wei: 42, max_tip_wei: 2 });
        assert_eq!(Fees::quote(20, 5, &policy), Fees { max_fee_wei: 45, max_tip_wei: 5 });
        // Attack: an endpoint that suggests a ruinous tip.
        assert_eq!(Fees::quote(20, u128::MAX, &policy), Fees { max_fee_wei: 50, max_tip_wei: 10 });
        assert_eq!(Fees::quote(u128::MAX, 5, &policy), Fees { max_fee_wei: 100, max_tip_wei: 5 });
    }

    #[test]
    fn replacements_rise_by_enough_rounded_up() {
        let old = [attempt(0, 101, Fate::Pending), attempt(0, 80, Fate::Pending)];
        let fees = Fees { max_fee_wei: 90, max_tip_wei: 1 }.replacing(&old, 10);
        assert_eq!(fees, Fees { max_fee_wei: 112, max_tip_wei: 8 });
        // Zero would never rise, and nodes take zero for a rise of zero.
        let dear = Fees { max_fee_wei: 500, max_tip_wei: 100 }.replacing(&old, 10);
        assert_eq!(dear, Fees { max_fee_wei: 500, max_tip_wei: 100 });
    }

    #[test]
    fn spending_counts_what_was_mined_and_what_may_still_be() {
        let paid = [mined(100, 3), mined(50, 5)];
        let pending = [
            attempt(7, 100, Fate::Pending),
            attempt(7, 120, Fate::Pending),
            attempt(8, 9, Fate::Pending),
            attempt(6, 1000, Fate::Pending),
        ];
        // Those under nonce 8 are replaced, and nonce 6 is used up.
        let spending = Spending::new(&paid, &pending, 8, 7);
        assert_eq!(spending.total_wei(), U256::from(30 + 50 + 1200));
        let cap = U256::from(1300);
        assert_eq!(spending.frees_at_ms(U256::from(70), cap), Some(50 + WINDOW_MS + 1));
        assert_eq!(spending.frees_at_ms(U256::from(100), cap), Some(100 + WINDOW_MS + 1));
        assert_eq!(spending.frees_at_ms(U256::from(101), cap), None);
    }
}

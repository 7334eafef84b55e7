use super::super::config::Wei;
use super::*;

const HOUR: u64 = 60 * 60 * 1000;

fn policy() -> PostingPolicy {
    PostingPolicy {
        good_fee_wei: Wei::gwei(5),
        max_fee_wei: Wei::gwei(100),
        daily_cap_wei: Wei::gwei(100_000_000),
        deadline_lead_ms: HOUR / 6,
        patience_ms: HOUR,
        ..PostingPolicy::default()
    }
}

fn situation(base_fee_gwei: u64) -> Situation {
    let base_fee_wei = Wei::gwei(base_fee_gwei).0;
    Situation {
        now_ms: 10 * HOUR,
        created_at_ms: 10 * HOUR,
        deadline_ms: None,
        in_flight: None,
        gas_limit: 300_000,
        base_fee_wei,
        fees: Fees { max_fee_wei: 2 * base_fee_wei, max_tip_wei: 1 },
        balance_wei: U256::from(10).pow(U256::from(18)),
        spent_wei: U256::ZERO,
        window_frees_at_ms: None,
    }
}

fn code(situation: &Situation) -> &'static str {
    match decide(situation, &policy()) {
        Decision::Post { reason } => reason.code(),
        Decision::Wait { code, .. } => code.code(),
    }
}

#[test]
fn cheap_gas_is_taken_at_once() {
    assert_eq!(decide(&situation(4), &policy()), Decision::Post { reason: PostReason::PriceGood });
}

#[test]
fn dear_gas_waits_until_patience_or_the_deadline_is_near() {
    let mut dear = situation(20);
    let Decision::Wait { until_ms, code, why } = decide(&dear, &policy()) else { panic!() };
    assert_eq!((until_ms, code), (Some(11 * HOUR), WaitCode::FeeHigh));
    assert_eq!(why, "gas costs 20.000000001 gwei, and 5 gwei is good");

    dear.deadline_ms = Some(10 * HOUR + HOUR / 2);
    let until = 10 * HOUR + HOUR / 3;
    assert!(matches!(decide(&dear, &policy()), Decision::Wait { until_ms: Some(it), .. } if it == until));
    dear.now_ms = until;
    assert_eq!(decide(&dear, &policy()), Decision::Post { reason: PostReason::DeadlineNear });

    dear.deadline_ms = None;
    dear.now_ms = 11 * HOUR;
    assert_eq!(decide(&dear, &policy()), Decision::Post { reason: PostReason::PatienceOver });
    // A deadline further away than patience does not make it wait longer.
    dear.deadline_ms = Some(100 * HOUR);
    assert_eq!(decide(&dear, &policy()), Decision::Post { reason: PostReason::PatienceOver });
}

/// Attack: make gas dear when deadlines are near, so that the key is emptied.
#[test]
fn no_deadline_overrides_the_caps() {
    let urgent = Situation { deadline_ms: Some(10 * HOUR), ..situation(40) };
    assert_eq!(code(&urgent), PostReason::DeadlineNear.code());
    assert_eq!(
        code(&Situation { base_fee_wei: Wei::gwei(100).0, ..urgent.clone() }),
        WaitCode::FeeAboveMax.code()
    );
    let fees = Fees { max_fee_wei: Wei::gwei(101).0, max_tip_wei: 1 };
    assert_eq!(code(&Situation { fees, ..urgent.clone() }), WaitCode::FeeAboveMax.code());
    assert_eq!(code(&Situation { gas_limit: 16_000_001, ..urgent.clone() }), WaitCode::GasAboveCap.code());
    let spent = Situation {
        spent_wei: U256::from(Wei::gwei(100_000_000 - 23_999_999).0),
        window_frees_at_ms: Some(7),
        ..urgent.clone()
    };
    let Decision::Wait { until_ms, code: it, .. } = decide(&spent, &policy()) else { panic!() };
    assert_eq!((it, until_ms), (WaitCode::SpendingCap, Some(7)));
    // What it may cost is 300,000 · 80 gwei: to the last wei.
    let spent = Situation { spent_wei: U256::from(Wei::gwei(76_000_000).0), ..urgent.clone() };
    assert_eq!(code(&spent), PostReason::DeadlineNear.code());
    assert_eq!(
        code(&Situation { balance_wei: U256::from(1), ..urgent.clone() }),
        WaitCode::BalanceLow.code()
    );
    assert_eq!(code(&Situation { in_flight: Some(B256::ZERO), ..urgent }), WaitCode::InFlight.code());
}

#[test]
fn amounts_are_said_without_needless_zeros() {
    assert_eq!(gwei(1_500_000_000), "1.5 gwei");
    assert_eq!(gwei(2_000_000_000), "2 gwei");
    assert_eq!(ether(U256::from(10).pow(U256::from(19))), "10 ether");
}

//! The stored document: its exact form, what is refused in its place, and that it does not replay when changed.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

mod common;

use common::{NOW_MS, candidate, inputs};
use insta::assert_snapshot;
use sheaf_policies::{
    Decision, Exclusion, Health, Inputs, Load, MAX_CANDIDATES, MAX_DECISION_BYTES, MAX_TEXT_CHARS, MicroUsd,
    Objective, PolicyError, Serves, decide,
};
use sheaf_statement::{ProofSystem, TrustTier};

/// One chosen, one next to it, one rejected for three reasons.
fn decision() -> Decision {
    let mut embedded = candidate("embedded-plonky2", 140, 1_000);
    embedded.load = Load { running: 1, capacity: 1, waiting: 0 };
    let mut groth16 = candidate("groth16-local", 200, 1_500);
    groth16.system = ProofSystem::Groth16Bn254;
    groth16.health = Health { quarantined_until_ms: Some(NOW_MS), recent_attempts: 4, recent_failures: 1 };
    let mut remote = candidate("remote", 1_200, 3_000);
    remote.tier = TrustTier::Attested;
    remote.serves_model = Serves::No { code: "SH-ONX-012".into(), reason: "operator LSTM".into() };
    decide(inputs(Objective::Balanced, vec![remote, groth16, embedded])).unwrap()
}

fn edited(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(decision().to_bytes()).unwrap();
    assert!(text.contains(from), "{from} is not in {text}");
    text.replacen(from, to, 1).into_bytes()
}

fn refusal(from: &str, to: &str) -> &'static str {
    Decision::from_bytes(&edited(from, to)).unwrap_err().code()
}

#[test]
fn document_is_as_pinned() {
    let decision = decision();
    assert_snapshot!(serde_json::to_string_pretty(&decision).unwrap(), @r#"
    {
      "version": 1,
      "inputs": {
        "version": 1,
        "now_ms": 1700000000000,
        "request": {
          "max_price": 1000,
          "deadline_ms": 1700000060000,
          "objective": "balanced",
          "visibility": "public",
          "min_tier": "proven"
        },
        "candidates": [
          {
            "prover": "embedded-plonky2",
            "system": "0xd5346c8c",
            "tier": "proven",
            "visibilities": [
              "public",
              "private",
              "committed"
            ],
            "serves_model": "yes",
            "quote": {
              "price": 140,
              "cpu_ms": 1000
            },
            "latency": {
              "p50_ms": 1000,
              "p90_ms": 1000,
              "p99_ms": 1000,
              "samples": 100,
              "held_ms": 1000
            },
            "health": {
              "quarantined_until_ms": null,
              "recent_attempts": 100,
              "recent_failures": 0
            },
            "load": {
              "running": 1,
              "capacity": 1,
              "waiting": 0
            },
            "excluded": null
          },
          {
            "prover": "groth16-local",
            "system": "0x0550d137",
            "tier": "proven",
            "visibilities": [
              "public",
              "private",
              "committed"
            ],
            "serves_model": "yes",
            "quote": {
              "price": 200,
              "cpu_ms": 1500
            },
            "latency": {
              "p50_ms": 1500,
              "p90_ms": 1500,
              "p99_ms": 1500,
              "samples": 100,
              "held_ms": 1500
            },
            "health": {
              "quarantined_until_ms": 1700000000000,
              "recent_attempts": 4,
              "recent_failures": 1
            },
            "load": {
              "running": 0,
              "capacity": 1,
              "waiting": 0
            },
            "excluded": null
          },
          {
            "prover": "remote",
            "system": "0xd5346c8c",
            "tier": "attested",
            "visibilities": [
              "public",
              "private",
              "committed"
            ],
            "serves_model": {
              "no": {
                "code": "SH-ONX-012",
                "reason": "operator LSTM"
              }
            },
            "quote": {
              "price": 1200,
              "cpu_ms": 3000
            },
            "latency": {
              "p50_ms": 3000,
              "p90_ms": 3000,
              "p99_ms": 3000,
              "samples": 100,
              "held_ms": 3000
            },
            "health": {
              "quarantined_until_ms": null,
              "recent_attempts": 100,
              "recent_failures": 0
            },
            "load": {
              "running": 0,
              "capacity": 1,
              "waiting": 0
            },
            "excluded": null
          }
        ]
      },
      "chosen": "embedded-plonky2",
      "ranked": [
        {
          "prover": "embedded-plonky2",
          "score": 2333333,
          "tie_break": 140000,
          "jobs_ahead": 1,
          "price": 140,
          "wait_ms": 1000,
          "expected_ms": 2000,
          "cautious_ms": 2000,
          "slack_ms": 58000,
          "failure_ppm": 0,
          "terms": [
            {
              "name": "price",
              "value": 140,
              "unit": 140,
              "points": 1000000
            },
            {
              "name": "wait",
              "value": 1000,
              "unit": 1500,
              "points": 666666
            },
            {
              "name": "proving",
              "value": 1000,
              "unit": 1500,
              "points": 666666
            },
            {
              "name": "retries",
              "value": 0,
              "unit": null,
              "points": 1
            }
          ]
        },
        {
          "prover": "groth16-local",
          "score": 2698412,
          "tie_break": 222222,
          "jobs_ahead": 0,
          "price": 200,
          "wait_ms": 0,
          "expected_ms": 1500,
          "cautious_ms": 1500,
          "slack_ms": 58500,
          "failure_ppm": 100000,
          "terms": [
            {
              "name": "price",
              "value": 200,
              "unit": 140,
              "points": 1428571
            },
            {
              "name": "wait",
              "value": 0,
              "unit": 1500,
              "points": 0
            },
            {
              "name": "proving",
              "value": 1500,
              "unit": 1500,
              "points": 1000000
            },
            {
              "name": "retries",
              "value": 111111,
              "unit": null,
              "points": 269841
            }
          ]
        }
      ],
      "rejected": [
        {
          "prover": "remote",
          "reasons": [
            {
              "code": "SH-POL-002",
              "name": "price_above_limit",
              "expected": 1000,
              "got": 1200
            },
            {
              "code": "SH-POL-004",
              "name": "tier_too_low",
              "expected": "proven",
              "got": "attested"
            },
            {
              "code": "SH-POL-006",
              "name": "model_not_served",
              "cause": "SH-ONX-012",
              "detail": "operator LSTM"
            }
          ]
        }
      ],
      "summary": "Chose embedded-plonky2 for the best balance of price and time: 0.000140 USD, receipt expected in 2000 ms, 58000 ms to spare; next is groth16-local; 1 of 3 candidates rejected (price above limit 1, tier too low 1, model not served 1)."
    }
    "#);
    assert_eq!(decision.to_bytes(), serde_json::to_vec(&decision).unwrap());
    assert!(Decision::from_bytes(&decision.to_bytes()).unwrap().replay());
}

#[test]
fn other_spellings_of_a_decision_are_rejected() {
    for (from, to) in [
        // White space, and another order of keys.
        (r#"{"version":1"#, r#"{ "version":1"#),
        (r#""now_ms":1700000000000,"request""#, r#""request""#),
        (
            r#""max_price":1000,"deadline_ms":1700000060000"#,
            r#""deadline_ms":1700000060000,"max_price":1000"#,
        ),
        // serde's array form of an object.
        (r#"{"price":140,"cpu_ms":1000}"#, "[140,1000]"),
        // A missing key that serde takes for null.
        (r#","excluded":null"#, ""),
        // An escape for a character that needs none.
        ("operator LSTM", r"operator \u004cSTM"),
        // Unknown and repeated keys.
        (r#"{"price":140,"#, r#"{"price":140,"more":0,"#),
        (r#"{"price":140,"#, r#"{"price":140,"price":140,"#),
        (r#""code":"SH-POL-002","#, r#""code":"SH-POL-001","code":"SH-POL-002","#),
        // A reason under the code of another.
        ("SH-POL-002", "SH-POL-001"),
        // Numbers that are no integers in range.
        (r#""price":140,"#, r#""price":140.0,"#),
        (r#""price":140,"#, r#""price":-140,"#),
    ] {
        let code = refusal(from, to);
        assert!(["SH-POL-105", "SH-POL-106"].contains(&code), "{from} {to} {code}");
    }
    let trailing = [decision().to_bytes(), b"\n".to_vec()].concat();
    assert_eq!(Decision::from_bytes(&trailing).unwrap_err().code(), "SH-POL-106");
}

#[test]
fn decision_under_other_rules_is_rejected_before_its_form_is_judged() {
    assert_eq!(refusal(r#"{"version":1"#, r#"{"version":2"#), "SH-POL-101");
    let error = Decision::from_bytes(br#"{"version":2,"quite":"different"}"#).unwrap_err();
    assert!(matches!(error, PolicyError::UnsupportedVersion { expected: 1, got: 2 }), "{error}");
}

#[test]
fn bytes_beyond_the_limit_are_rejected_unread() {
    let error = Decision::from_bytes(&vec![b' '; MAX_DECISION_BYTES + 1]).unwrap_err();
    assert!(matches!(error, PolicyError::TooLarge { got, .. } if got == MAX_DECISION_BYTES + 1), "{error}");
}

#[test]
fn largest_decision_reads_back() {
    // Control characters take the most bytes for a character in JSON.
    let text = "\u{1}".repeat(MAX_TEXT_CHARS + 1);
    let candidates = (0..MAX_CANDIDATES).map(|index| {
        let mut candidate = candidate(&format!("p{index:063}"), u64::MAX, u64::MAX);
        candidate.tier = TrustTier::Attested;
        candidate.serves_model = Serves::No { code: text.clone(), reason: text.clone() };
        candidate.health.quarantined_until_ms = Some(u64::MAX);
        candidate.load = Load { running: u32::MAX, capacity: 0, waiting: u32::MAX };
        candidate.excluded = Some(Exclusion { attempts: u32::MAX, code: text.clone() });
        candidate
    });
    let bytes = decide(inputs(Objective::Fastest, candidates.collect())).unwrap().to_bytes();
    assert!(bytes.len() < MAX_DECISION_BYTES, "{}", bytes.len());
    assert!(Decision::from_bytes(&bytes).unwrap().replay());
}

#[test]
fn changed_decision_does_not_replay() {
    for (from, to) in [
        (r#""chosen":"embedded-plonky2""#, r#""chosen":"groth16-local""#),
        (r#""chosen":"embedded-plonky2""#, r#""chosen":null"#),
        (r#""quote":{"price":140,"#, r#""quote":{"price":139,"#),
        (r#""objective":"balanced""#, r#""objective":"cheapest""#),
        ("Chose embedded", "Chose Embedded"),
        // Inputs of a version that this build has no rules for.
        (r#""inputs":{"version":1"#, r#""inputs":{"version":2"#),
    ] {
        let changed = Decision::from_bytes(&edited(from, to)).unwrap();
        assert!(!changed.replay(), "{from} {to}");
    }
}

#[test]
fn inputs_that_cannot_be_decided_on_are_rejected() {
    let refusal = |inputs: Inputs| decide(inputs).unwrap_err();
    let two = || vec![candidate("a", 1, 1), candidate("b", 1, 1), candidate("a", 2, 2)];
    let error = refusal(inputs(Objective::Fastest, two()));
    assert!(matches!(error, PolicyError::DuplicateProver { prover } if prover.as_str() == "a"));

    for version in [0, 2] {
        let error = refusal(Inputs { version, ..inputs(Objective::Fastest, vec![]) });
        assert!(matches!(error, PolicyError::UnsupportedVersion { expected: 1, got } if got == version));
    }

    let many = |number: usize| (0..number).map(|index| candidate(&format!("p{index}"), 1, 1)).collect();
    assert!(decide(inputs(Objective::Fastest, many(MAX_CANDIDATES))).is_ok());
    let error = refusal(inputs(Objective::Fastest, many(MAX_CANDIDATES + 1)));
    assert!(matches!(error, PolicyError::TooManyCandidates { limit: MAX_CANDIDATES, got } if got == 257));
}

#[test]
fn summary_says_who_and_why_not() {
    let summary = |candidates| decide(inputs(Objective::Cheapest, candidates)).unwrap().summary;
    assert_snapshot!(summary(vec![]), @"No prover: there are no candidates.");
    assert_snapshot!(summary(vec![candidate("a", 5, 7)]), @"Chose a for the lowest expected price: 0.000005 USD, receipt expected in 7 ms, 59993 ms to spare.");
    assert_snapshot!(summary(vec![candidate("a", 2_000, 7), candidate("b", 3_000, 61_000)]), @"No prover: 2 of 2 candidates rejected (price above limit 2, deadline missed 1).");
    assert_snapshot!(decision().summary, @"Chose embedded-plonky2 for the best balance of price and time: 0.000140 USD, receipt expected in 2000 ms, 58000 ms to spare; next is groth16-local; 1 of 3 candidates rejected (price above limit 1, tier too low 1, model not served 1).");
}

#[test]
fn no_limit_is_null() {
    let mut inputs = inputs(Objective::Fastest, vec![candidate("a", u64::MAX, 1)]);
    inputs.request.max_price = None;
    let decision = decide(inputs).unwrap();
    assert_eq!(decision.ranked[0].price, MicroUsd(u64::MAX));
    assert!(String::from_utf8(decision.to_bytes()).unwrap().contains(r#""max_price":null"#));
}

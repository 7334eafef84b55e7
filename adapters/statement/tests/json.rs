//! The JSON of a statement is strict: one value, one spelling.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

#[expect(dead_code, reason = "damage is for the tests of the canonical bytes")]
mod strategies;

use proptest::prelude::*;
use sheaf_statement::{MAX_PUBLIC_INPUTS, ProofSystem, Statement, Word};
use strategies::statements;

fn statement() -> Statement {
    Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, [0xab; 32].into(), &[1, 0xff]).unwrap()
}

fn json() -> String {
    serde_json::to_string(&statement()).unwrap()
}

/// The refusal of the statement's JSON with one text in it replaced by another.
fn refusal(from: &str, to: &str) -> String {
    assert!(json().contains(from), "{from} is not in {}", json());
    serde_json::from_str::<Statement>(&json().replacen(from, to, 1)).unwrap_err().to_string()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1024) })]

    #[test]
    fn json_round_trips(statement in statements()) {
        let json = serde_json::to_string(&statement).unwrap();
        prop_assert_eq!(serde_json::from_str::<Statement>(&json).unwrap(), statement);
    }

    #[test]
    fn replaced_character_is_rejected_or_makes_another_statement(
        statement in statements(),
        at in any::<prop::sample::Index>(),
        character in "[ -~]",
    ) {
        // Our own JSON has no whitespace to replace, so what still decodes must differ and write itself back.
        let mut json = serde_json::to_string(&statement).unwrap();
        let at = at.index(json.len());
        prop_assume!(json[at..=at] != character);
        json.replace_range(at..=at, &character);
        if let Ok(other) = serde_json::from_str::<Statement>(&json) {
            prop_assert_eq!(serde_json::to_string(&other).unwrap(), json);
            prop_assert_ne!(other.id(), statement.id());
        }
    }
}

#[test]
fn json_is_as_documented() {
    let vk = "ab".repeat(32);
    let zeros = "0".repeat(62);
    let expected =
        format!(r#"{{"system":"0xd5346c8c","vk":"0x{vk}","public_inputs":["0x{zeros}01","0x{zeros}ff"]}}"#);
    assert_eq!(json(), expected);
}

#[test]
fn keys_in_any_order_are_accepted() {
    let words: Vec<String> = statement().public_inputs().words().iter().map(Word::to_string).collect();
    let value =
        serde_json::json!({ "public_inputs": words, "vk": statement().vk(), "system": statement().system() });
    assert_eq!(serde_json::from_value::<Statement>(value).unwrap(), statement());
}

#[test]
fn upper_case_hex_is_rejected() {
    assert!(refusal("abab", "ABab").starts_with("SH-STM-005: vk digest"));
    assert!(refusal("ff\"]", "Ff\"]").starts_with("SH-STM-005: public input"));
    assert!(refusal("0xd5346c8c", "0xD5346c8c").starts_with("SH-STM-005: proof system id"));
}

#[test]
fn missing_or_upper_case_prefix_is_rejected() {
    assert!(refusal("0xab", "ab").starts_with("SH-STM-003: vk digest"));
    assert!(refusal("0xab", "0Xab").starts_with("SH-STM-003: vk digest"));
    assert!(refusal("0x00", "00").starts_with("SH-STM-003: public input"));
}

#[test]
fn wrong_length_is_rejected() {
    assert!(refusal("0xab", "0x").starts_with("SH-STM-004: vk digest"));
    assert!(refusal("0xab", "0xabab").starts_with("SH-STM-004: vk digest"));
    assert!(refusal("0x0", "0x").starts_with("SH-STM-004: public input"));
    assert!(refusal("0xd5346c8c", "0xd5346c8c00").starts_with("SH-STM-004: proof system id"));
}

#[test]
fn character_that_is_no_digit_is_rejected() {
    assert!(refusal("0xab", "0x b").starts_with("SH-STM-006: vk digest"));
    assert!(refusal("0xab", "0x0x").starts_with("SH-STM-006: vk digest"));
}

#[test]
fn word_out_of_range_is_rejected() {
    let p = Word::from(0xffff_ffff_0000_0001).to_string();
    assert!(refusal(&Word::from(1).to_string(), &p).starts_with("SH-STM-007: public input 0 "));
}

#[test]
fn unknown_proof_system_is_rejected() {
    assert!(refusal("0xd5346c8c", "0x00000000").starts_with("SH-STM-001: "));
    refusal("0xd5346c8c", "plonky2-goldilocks-v1");
}

#[test]
fn unknown_missing_and_repeated_keys_are_rejected() {
    assert!(refusal("{", "{\"proof\":\"0x\",").contains("unknown field `proof`"));
    assert!(refusal("\"system\":\"0xd5346c8c\",", "").contains("missing field `system`"));
    assert!(refusal("{", "{\"system\":\"0xd5346c8c\",").contains("duplicate field `system`"));
}

#[test]
fn other_json_types_are_rejected() {
    let words = statement();
    let array = serde_json::to_string(&(words.system(), words.vk(), words.public_inputs().words())).unwrap();
    for json in [array.as_str(), "null", "[]", "\"0x\"", "{}"] {
        serde_json::from_str::<Statement>(json).unwrap_err();
    }
    refusal(&format!("\"{}\"", Word::from(1)), "1");
    refusal(&format!("\"{}\"", Word::from(1)), "null");
}

#[test]
fn word_above_the_limit_is_rejected() {
    let words = vec![0; MAX_PUBLIC_INPUTS];
    let statement =
        Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, [0; 32].into(), &words).unwrap();
    let json = serde_json::to_string(&statement).unwrap();
    assert_eq!(serde_json::from_str::<Statement>(&json).unwrap(), statement);
    // Two words too many, of which only the first is read.
    let word = Word::from(0);
    let json = json.replace("]}", &format!(",\"{word}\",\"{word}\"]}}"));
    let error = serde_json::from_str::<Statement>(&json).unwrap_err().to_string();
    assert!(error.starts_with("SH-STM-008: ") && error.contains("got 65537"), "{error}");
}

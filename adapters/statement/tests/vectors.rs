//! `vectors/statements.json`, the encoding as other languages test it. The crate's documentation has the format.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use std::path::Path;

use serde::{Deserialize, Serialize};
use sheaf_statement::{
    DOMAIN_TAG, MAX_PUBLIC_INPUTS, ProofSystem, ProofSystemId, Statement, StatementError, StatementId, Word,
};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/statements.json");

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    format: u32,
    domain_tag: String,
    max_public_inputs: usize,
    proof_systems: Vec<System>,
    valid: Vec<Valid>,
    invalid: Vec<Invalid>,
    invalid_json: Vec<InvalidJson>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct System {
    name: String,
    id: ProofSystemId,
    modulus: Word,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Valid {
    name: String,
    statement: Statement,
    bytes: String,
    id: StatementId,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalid {
    name: String,
    bytes: String,
    code: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidJson {
    name: String,
    json: String,
    code: Option<String>,
}

fn hex_text(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

fn bytes_of(text: &str) -> Vec<u8> {
    hex::decode(text.strip_prefix("0x").unwrap()).unwrap()
}

fn goldilocks(words: &[u64]) -> Statement {
    Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, std::array::from_fn(|i| i as u8).into(), words)
        .unwrap()
}

fn groth16(words: Vec<Word>) -> Statement {
    Statement::new(ProofSystem::Groth16Bn254, std::array::from_fn(|i| i as u8).into(), words).unwrap()
}

/// The modulus plus a small number, as bytes; the last byte of both moduli is 1.
fn modulus_plus(system: ProofSystem, offset: i8) -> Word {
    let mut bytes = *system.modulus();
    bytes[31] = bytes[31].checked_add_signed(offset).unwrap();
    bytes.into()
}

fn valid() -> Vec<Valid> {
    let below_r = modulus_plus(ProofSystem::Groth16Bn254, -1);
    let p = modulus_plus(ProofSystem::Plonky2Goldilocks, 0);
    let no_vk = Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, [0; 32].into(), &[0]).unwrap();
    [
        ("plonky2_without_public_inputs", goldilocks(&[])),
        ("plonky2_one_zero", goldilocks(&[0])),
        ("plonky2_two_zeros", goldilocks(&[0, 0])),
        ("plonky2_three_words", goldilocks(&[1, 2, 0xfedc_ba98_7654_3210])),
        ("plonky2_three_words_in_another_order", goldilocks(&[2, 1, 0xfedc_ba98_7654_3210])),
        ("plonky2_largest_word", goldilocks(&[0xffff_ffff_0000_0000])),
        ("plonky2_zero_vk", no_vk),
        ("groth16_without_public_inputs", groth16(vec![])),
        (
            "groth16_words_of_a_plonky2_statement",
            groth16(vec![1.into(), 2.into(), 0xfedc_ba98_7654_3210.into()]),
        ),
        ("groth16_largest_word", groth16(vec![below_r])),
        ("groth16_word_that_is_no_goldilocks_element", groth16(vec![p])),
    ]
    .map(|(name, statement)| Valid {
        name: name.into(),
        bytes: hex_text(&statement.to_bytes()),
        id: statement.id(),
        statement,
    })
    .into()
}

fn invalid() -> Vec<Invalid> {
    let base = goldilocks(&[1, 2]).to_bytes();
    let spliced = |at: usize, len: usize, replacement: &[u8]| {
        let mut bytes = base.clone();
        bytes.splice(at..at + len, replacement.iter().copied());
        bytes
    };
    let word = |word: Word| spliced(67, 32, word.as_bytes());
    let groth16_word = |word: Word| {
        let mut bytes = groth16(vec![1.into()]).to_bytes();
        bytes[67..].copy_from_slice(word.as_bytes());
        bytes
    };
    let mut two_to_64 = [0; 32];
    two_to_64[23] = 1;
    let (plonky2, bn254) = (ProofSystem::Plonky2Goldilocks, ProofSystem::Groth16Bn254);

    [
        ("empty", vec![], "SH-STM-011"),
        ("tag_length_only", base[..1].to_vec(), "SH-STM-011"),
        ("tag_without_its_length", base[1..].to_vec(), "SH-STM-012"),
        ("tag_length_is_one_less", spliced(0, 1, &[17]), "SH-STM-012"),
        ("tag_of_another_version", spliced(18, 1, b"2"), "SH-STM-010"),
        ("tag_in_upper_case", spliced(1, 1, b"S"), "SH-STM-010"),
        ("system_length_is_one_more", spliced(19, 4, &[0, 0, 0, 5]), "SH-STM-012"),
        ("system_length_is_little_endian", spliced(19, 4, &[4, 0, 0, 0]), "SH-STM-012"),
        ("system_is_unknown", spliced(23, 4, &[0; 4]), "SH-STM-001"),
        ("system_is_byte_reversed", spliced(23, 4, &[0x8c, 0x6c, 0x34, 0xd5]), "SH-STM-001"),
        ("system_is_cut", base[..25].to_vec(), "SH-STM-011"),
        ("vk_length_is_one_less", spliced(27, 4, &[0, 0, 0, 31]), "SH-STM-012"),
        ("vk_length_is_leb128", spliced(27, 4, &[32]), "SH-STM-012"),
        ("vk_length_is_padded_leb128", spliced(27, 4, &[0xa0, 0x80, 0x80, 0]), "SH-STM-012"),
        ("vk_length_is_u64", spliced(27, 4, &[0, 0, 0, 0, 0, 0, 0, 32]), "SH-STM-012"),
        ("vk_length_is_largest", spliced(27, 4, &[0xff; 4]), "SH-STM-012"),
        ("vk_is_cut", base[..62].to_vec(), "SH-STM-011"),
        ("count_is_missing", base[..63].to_vec(), "SH-STM-011"),
        ("count_is_one_more", spliced(63, 4, &[0, 0, 0, 3]), "SH-STM-011"),
        ("count_is_one_less", spliced(63, 4, &[0, 0, 0, 1]), "SH-STM-013"),
        ("count_is_in_bytes", spliced(63, 4, &[0, 0, 0, 64]), "SH-STM-011"),
        ("count_is_largest_allowed_without_the_words", spliced(63, 4, &[0, 1, 0, 0]), "SH-STM-011"),
        ("count_is_one_above_the_limit", spliced(63, 4, &[0, 1, 0, 1]), "SH-STM-008"),
        ("count_is_largest", spliced(63, 4, &[0xff; 4]), "SH-STM-008"),
        ("last_word_is_cut", base[..130].to_vec(), "SH-STM-011"),
        ("trailing_byte", [&base[..], &[0]].concat(), "SH-STM-013"),
        ("trailing_word", [&base[..], &[0; 32]].concat(), "SH-STM-013"),
        ("encoding_twice", base.repeat(2), "SH-STM-013"),
        ("plonky2_word_is_p", word(modulus_plus(plonky2, 0)), "SH-STM-007"),
        ("plonky2_word_is_v_plus_p", word(modulus_plus(plonky2, 1)), "SH-STM-007"),
        ("plonky2_word_is_largest_u64", word(u64::MAX.into()), "SH-STM-007"),
        ("plonky2_word_is_above_64_bits", word(two_to_64.into()), "SH-STM-007"),
        ("groth16_word_is_r", groth16_word(modulus_plus(bn254, 0)), "SH-STM-007"),
        ("groth16_word_is_v_plus_r", groth16_word(modulus_plus(bn254, 1)), "SH-STM-007"),
        ("groth16_word_is_largest", groth16_word([0xff; 32].into()), "SH-STM-007"),
    ]
    .map(|(name, bytes, code)| Invalid { name: name.into(), bytes: hex_text(&bytes), code: code.into() })
    .into()
}

fn invalid_json() -> Vec<InvalidJson> {
    let base = serde_json::to_string(&goldilocks(&[1])).unwrap();
    let replaced = |from: &str, to: &str| {
        assert!(base.contains(from), "{from} is not in {base}");
        base.replacen(from, to, 1)
    };
    let one = Word::from(1).to_string();
    let p = modulus_plus(ProofSystem::Plonky2Goldilocks, 0).to_string();
    let array = {
        let statement = goldilocks(&[1]);
        serde_json::to_string(&(statement.system(), statement.vk(), statement.public_inputs().words()))
            .unwrap()
    };

    [
        ("system_is_unknown", replaced("0xd5346c8c", "0x00000000"), Some("SH-STM-001")),
        ("system_is_a_name", replaced("0xd5346c8c", "plonky2-goldilocks-v1"), Some("SH-STM-003")),
        ("system_is_upper_case", replaced("0xd5346c8c", "0xD5346c8c"), Some("SH-STM-005")),
        ("vk_has_no_prefix", replaced("0x0001", "0001"), Some("SH-STM-003")),
        ("vk_has_upper_case_prefix", replaced("0x0001", "0X0001"), Some("SH-STM-003")),
        ("vk_is_one_byte_short", replaced("0x0001", "0x01"), Some("SH-STM-004")),
        ("vk_is_one_byte_long", replaced("0x0001", "0x000001"), Some("SH-STM-004")),
        ("vk_is_one_digit_short", replaced("0x0001", "0x001"), Some("SH-STM-004")),
        ("vk_is_upper_case", replaced("0a0b", "0A0b"), Some("SH-STM-005")),
        ("vk_has_a_space", replaced("0x0001", "0x 001"), Some("SH-STM-006")),
        ("word_is_p", replaced(&one, &p), Some("SH-STM-007")),
        ("word_is_minimal_hex", replaced(&one, "0x1"), Some("SH-STM-004")),
        ("word_is_decimal", replaced(&one, "1"), Some("SH-STM-003")),
        ("word_is_a_number", replaced(&format!("\"{one}\""), "1"), None),
        ("public_inputs_is_a_string", replaced(&format!("[\"{one}\"]"), &format!("\"{one}\"")), None),
        ("unknown_key", replaced("{", "{\"proof\":\"0x\","), None),
        ("missing_key", replaced("\"system\":\"0xd5346c8c\",", ""), None),
        ("repeated_key", replaced("{", "{\"system\":\"0xd5346c8c\","), None),
        ("key_in_upper_case", replaced("\"vk\"", "\"VK\""), None),
        ("array_of_the_fields", array, None),
    ]
    .map(|(name, json, code)| InvalidJson { name: name.into(), json, code: code.map(Into::into) })
    .into()
}

/// The file as it must be.
fn generated() -> String {
    let proof_systems = ProofSystem::ALL.map(|system| System {
        name: system.name().into(),
        id: system.id(),
        modulus: Word::from(*system.modulus()),
    });
    let vectors = Vectors {
        format: 1,
        domain_tag: String::from_utf8(DOMAIN_TAG.to_vec()).unwrap(),
        max_public_inputs: MAX_PUBLIC_INPUTS,
        proof_systems: proof_systems.into(),
        valid: valid(),
        invalid: invalid(),
        invalid_json: invalid_json(),
    };
    serde_json::to_string_pretty(&vectors).unwrap() + "\n"
}

fn committed_text() -> String {
    std::fs::read_to_string(PATH).unwrap()
}

fn committed() -> Vectors {
    serde_json::from_str(&committed_text()).unwrap()
}

#[test]
#[ignore = "writes the file; run it by name after a deliberate change of the format"]
fn regenerate_vectors() {
    std::fs::create_dir_all(Path::new(PATH).parent().unwrap()).unwrap();
    std::fs::write(PATH, generated()).unwrap();
}

#[test]
fn committed_file_is_the_generated_one() {
    assert_eq!(committed_text(), generated(), "the encoding or its vectors drifted; see regenerate_vectors");
}

#[test]
fn proof_system_ids_are_the_hash_of_their_names() {
    for System { name, id, modulus } in committed().proof_systems {
        assert_eq!(ProofSystemId::of_name(&name), id, "{name}");
        assert_eq!(ProofSystem::try_from(id).unwrap().modulus(), modulus.as_bytes(), "{name}");
    }
}

#[test]
fn valid_vectors_decode_and_have_their_id() {
    let valid = committed().valid;
    for Valid { name, statement, bytes, id } in &valid {
        let decoded = Statement::from_bytes(&bytes_of(bytes)).unwrap();
        assert_eq!(decoded, *statement, "{name}");
        assert_eq!(hex_text(&decoded.to_bytes()), *bytes, "{name}");
        assert_eq!(decoded.id(), *id, "{name}");
    }
    let ids: std::collections::BTreeSet<_> = valid.iter().map(|vector| vector.id).collect();
    assert_eq!(ids.len(), valid.len());
}

#[test]
fn invalid_vectors_are_rejected_with_their_code() {
    for Invalid { name, bytes, code } in committed().invalid {
        let error: StatementError = Statement::from_bytes(&bytes_of(&bytes)).unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
    }
}

#[test]
fn invalid_json_vectors_are_rejected_with_their_code() {
    for InvalidJson { name, json, code } in committed().invalid_json {
        let error = serde_json::from_str::<Statement>(&json).unwrap_err().to_string();
        let found = error.starts_with("SH-STM-").then(|| error[..10].to_owned());
        assert_eq!(found, code, "{name}: {error}");
    }
}

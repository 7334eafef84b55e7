//! The canonical bytes are injective both ways: one encoding a statement, one statement an encoding.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

mod strategies;

use proptest::collection::vec;
use proptest::prelude::*;
use sheaf_statement::{
    DOMAIN_TAG, MAX_ENCODED_LEN, MAX_PUBLIC_INPUTS, ProofSystem, ProofSystemId, Statement, StatementError,
    Word,
};
use strategies::{Damage, statements};

const SYSTEM_LENGTH_AT: usize = 19;
const SYSTEM_AT: usize = 23;
const VK_LENGTH_AT: usize = 27;
const COUNT_AT: usize = 63;
const WORDS_AT: usize = 67;

fn statement() -> Statement {
    Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, [7; 32].into(), &[1, 2, 3]).unwrap()
}

fn refusal(bytes: &[u8]) -> StatementError {
    Statement::from_bytes(bytes).unwrap_err()
}

/// The encoding of `statement()` with the bytes at `at` replaced by others, perhaps of another number.
fn spliced(at: usize, len: usize, replacement: &[u8]) -> Vec<u8> {
    let mut bytes = statement().to_bytes();
    bytes.splice(at..at + len, replacement.iter().copied());
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4096) })]

    #[test]
    fn bytes_round_trip(statement in statements()) {
        let bytes = statement.to_bytes();
        prop_assert_eq!(bytes.len(), WORDS_AT + 32 * statement.public_inputs().words().len());
        prop_assert_eq!(Statement::from_bytes(&bytes), Ok(statement));
    }

    #[test]
    fn damaged_bytes_are_rejected_or_are_the_encoding_of_another_statement(
        statement in statements(),
        damage in vec(Damage::any(), 1..4),
    ) {
        let bytes = statement.to_bytes();
        let mut damaged = bytes.clone();
        damage.iter().for_each(|damage| damage.apply(&mut damaged));
        prop_assume!(damaged != bytes);
        if let Ok(other) = Statement::from_bytes(&damaged) {
            prop_assert_eq!(other.to_bytes(), damaged);
            prop_assert_ne!(other.id(), statement.id());
            prop_assert_ne!(other, statement);
        }
    }

    #[test]
    fn different_statements_have_different_bytes_and_ids(a in statements(), b in statements()) {
        prop_assert_eq!(a == b, a.to_bytes() == b.to_bytes());
        prop_assert_eq!(a == b, a.id() == b.id());
    }

    #[test]
    fn random_bytes_never_panic(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(statement) = Statement::from_bytes(&bytes) {
            prop_assert_eq!(statement.to_bytes(), bytes);
        }
    }

    #[test]
    fn random_bytes_after_a_good_start_never_panic(
        statement in statements(),
        start in any::<prop::sample::Index>(),
        tail in vec(any::<u8>(), 0..200),
    ) {
        let mut bytes = statement.to_bytes();
        bytes.truncate(start.index(bytes.len() + 1));
        bytes.extend(tail);
        if let Ok(statement) = Statement::from_bytes(&bytes) {
            prop_assert_eq!(statement.to_bytes(), bytes);
        }
    }

    #[test]
    fn trailing_bytes_are_rejected(statement in statements(), tail in vec(any::<u8>(), 1..100)) {
        let mut bytes = statement.to_bytes();
        bytes.extend_from_slice(&tail);
        prop_assert_eq!(refusal(&bytes), StatementError::TrailingBytes { got: tail.len() });
    }
}

proptest! {
    // Each case tries every position.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn flipped_bit_is_rejected_or_changes_the_id(statement in statements()) {
        let bytes = statement.to_bytes();
        let mut decoded = 0;
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Statement::from_bytes(&flipped) {
                decoded += 1;
                prop_assert_eq!(other.to_bytes(), flipped);
                prop_assert_ne!(other.id(), statement.id());
            }
        }
        // Each bit of the vk makes another statement, so the loop has seen both outcomes.
        prop_assert!(decoded >= 256 && decoded <= 256 * (statement.public_inputs().words().len() + 1));
    }

    #[test]
    fn truncated_bytes_are_rejected_at_every_position(statement in statements()) {
        let bytes = statement.to_bytes();
        for len in 0..bytes.len() {
            let error = refusal(&bytes[..len]);
            prop_assert!(matches!(error, StatementError::Truncated { .. }), "{} bytes: {}", len, error);
        }
    }
}

#[test]
fn layout_is_as_documented() {
    let bytes = statement().to_bytes();
    assert_eq!(bytes[0], 18);
    assert_eq!(bytes[1..SYSTEM_LENGTH_AT], *DOMAIN_TAG);
    assert_eq!(bytes[SYSTEM_LENGTH_AT..SYSTEM_AT], [0, 0, 0, 4]);
    assert_eq!(bytes[SYSTEM_AT..VK_LENGTH_AT], *ProofSystem::Plonky2Goldilocks.id().as_bytes());
    assert_eq!(bytes[VK_LENGTH_AT..VK_LENGTH_AT + 4], [0, 0, 0, 32]);
    assert_eq!(bytes[VK_LENGTH_AT + 4..COUNT_AT], [7; 32]);
    assert_eq!(bytes[COUNT_AT..WORDS_AT], [0, 0, 0, 3]);
    for (value, word) in (1..=3_u64).zip(bytes[WORDS_AT..].chunks(32)) {
        assert_eq!(word, Word::from(value).as_bytes());
    }
    assert_eq!(bytes.len(), WORDS_AT + 96);
}

#[test]
fn wrong_domain_tag_is_rejected() {
    for tag in [b"sheaf/statement/v2", b"sheaf/statement/V1", &[0; 18]] {
        assert_eq!(refusal(&spliced(1, 18, tag)), StatementError::WrongDomainTag { got: *tag });
    }
    for length in [0, 17, 19, 255] {
        let error =
            StatementError::FieldLength { field: "domain tag", expected: 18, got: usize::from(length) };
        assert_eq!(refusal(&spliced(0, 1, &[length])), error);
    }
    // A tag that is shorter than ours and says so.
    assert_eq!(refusal(&spliced(0, 19, b"\x0fsheaf/statement")).code(), "SH-STM-012");
    assert_eq!(refusal(&spliced(0, 19, b"")).code(), "SH-STM-012");
}

#[test]
fn unknown_proof_system_is_rejected() {
    let id = ProofSystemId::of_name("halo2-kzg-bn254-v1");
    assert_eq!(refusal(&spliced(SYSTEM_AT, 4, id.as_bytes())), StatementError::UnknownProofSystem { id });
}

#[test]
fn wrong_field_length_is_rejected() {
    for (field, at, expected) in
        [("proof system id", SYSTEM_LENGTH_AT, 4), ("vk digest", VK_LENGTH_AT, 32_u32)]
    {
        for got in [0, expected - 1, expected + 1, expected << 8, expected.swap_bytes(), u32::MAX] {
            let error = StatementError::FieldLength { field, expected: expected as usize, got: got as usize };
            assert_eq!(refusal(&spliced(at, 4, &got.to_be_bytes())), error);
        }
    }
}

#[test]
fn other_encoding_of_the_vk_length_is_rejected() {
    // One byte, LEB128 padded to two and to four bytes, u16 and u64: all say 32, none is ours.
    let spellings: [&[u8]; 5] =
        [&[32], &[0xa0, 0], &[0xa0, 0x80, 0x80, 0], &[0, 32], &[0, 0, 0, 0, 0, 0, 0, 32]];
    for spelling in spellings {
        let error = refusal(&spliced(VK_LENGTH_AT, 4, spelling));
        assert!(
            matches!(error, StatementError::FieldLength { field: "vk digest", .. }),
            "{spelling:02x?}: {error}"
        );
    }
}

#[test]
fn other_encoding_of_the_word_count_is_rejected() {
    // The same spellings of 3; and 96, the length of the words in bytes.
    let spellings: [(&[u8], &str); 7] = [
        (&[3], "SH-STM-008"),
        (&[0x83, 0], "SH-STM-008"),
        (&[0x83, 0x80, 0x80, 0], "SH-STM-008"),
        (&[0, 3], "SH-STM-008"),
        (&[0, 0, 0, 0, 0, 0, 0, 3], "SH-STM-013"),
        (&[3, 0, 0, 0], "SH-STM-008"),
        (&[0, 0, 0, 96], "SH-STM-011"),
    ];
    for (spelling, code) in spellings {
        let error = refusal(&spliced(COUNT_AT, 4, spelling));
        assert_eq!(error.code(), code, "{spelling:02x?}: {error}");
    }
}

#[test]
fn word_count_that_is_off_by_one_is_rejected() {
    let error = StatementError::Truncated { field: "public inputs", expected: 128, got: 96 };
    assert_eq!(refusal(&spliced(COUNT_AT, 4, &[0, 0, 0, 4])), error);
    assert_eq!(refusal(&spliced(COUNT_AT, 4, &[0, 0, 0, 2])), StatementError::TrailingBytes { got: 32 });
    assert_eq!(refusal(&spliced(COUNT_AT, 4, &[0; 4])), StatementError::TrailingBytes { got: 96 });
}

#[test]
fn words_of_another_width_are_rejected() {
    // 8-byte words, as a Goldilocks element could be written; then a word that lacks its first zero byte.
    let short: Vec<u8> = [1_u64, 2, 3].into_iter().flat_map(u64::to_be_bytes).collect();
    assert_eq!(refusal(&spliced(WORDS_AT, 96, &short)).code(), "SH-STM-011");
    assert_eq!(refusal(&spliced(WORDS_AT, 1, &[])).code(), "SH-STM-011");
}

#[test]
fn v_plus_modulus_is_rejected() {
    let p_plus_1 = Word::from(0xffff_ffff_0000_0002);
    let system = ProofSystem::Plonky2Goldilocks;
    let error = StatementError::WordNotCanonical { index: 0, system, got: p_plus_1 };
    assert_eq!(refusal(&spliced(WORDS_AT, 32, p_plus_1.as_bytes())), error);

    let system = ProofSystem::Groth16Bn254;
    let mut bytes = Statement::new(system, [7; 32].into(), vec![1.into()]).unwrap().to_bytes();
    let mut r_plus_1 = *system.modulus();
    r_plus_1[31] += 1;
    bytes[WORDS_AT..].copy_from_slice(&r_plus_1);
    let error = StatementError::WordNotCanonical { index: 0, system, got: r_plus_1.into() };
    assert_eq!(refusal(&bytes), error);
}

#[test]
fn most_words_round_trip_and_one_more_is_rejected() {
    let words = vec![1; MAX_PUBLIC_INPUTS];
    let largest = Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, [7; 32].into(), &words).unwrap();
    let mut bytes = largest.to_bytes();
    assert_eq!(bytes.len(), MAX_ENCODED_LEN);
    assert_eq!(Statement::from_bytes(&bytes), Ok(largest));

    bytes.extend_from_slice(Word::from(1).as_bytes());
    bytes[COUNT_AT..WORDS_AT].copy_from_slice(&[0, 1, 0, 1]);
    assert_eq!(refusal(&bytes), StatementError::TooManyWords { limit: 65_536, got: 65_537 });
}

#[test]
fn huge_word_count_without_the_words_is_rejected() {
    // The limit is looked at before the bytes that follow, and those before any allocation.
    let error = StatementError::TooManyWords { limit: 65_536, got: u32::MAX as usize };
    assert_eq!(refusal(&spliced(COUNT_AT, 4, &[0xff; 4])), error);
    let error = StatementError::Truncated { field: "public inputs", expected: 32 << 16, got: 96 };
    assert_eq!(refusal(&spliced(COUNT_AT, 4, &[0, 1, 0, 0])), error);
}

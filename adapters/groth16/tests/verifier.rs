//! Proof documents from strangers: nothing damaged, swapped or merely respelled passes. One program and one of its proofs
//! serve all tests.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};
use sheaf_groth16::{
    DocumentError, EncodingError, Groth16Program, MAX_DOCUMENT_BYTES, PROOF_BYTES, Point, ProofDocument,
    VerifyError, VerifyingKey, signed_to_word, verify_proof,
};
use sheaf_model::{Layer, LayerKind, Operand, Origin, Postprocess, QuantisedModel, Term, Weight};
use sheaf_statement::{InputVisibility, ProofSystem, Statement, Word};

/// y = 3x + 1 in eighths, and its ReLU; outputs both.
fn model() -> QuantisedModel {
    let row = vec![Term { operand: Operand::Value(0), weight: 0 }, Term { operand: Operand::One, weight: 1 }];
    let weight = |value| Weight { value, origin: Origin::Parameter };
    QuantisedModel {
        model_digest: [7; 32],
        scale_bits: 3,
        input_shape: vec![1],
        output_shape: vec![2],
        weights: vec![weight(24), weight(8)],
        layers: vec![
            Layer { node: "line".to_owned(), kind: LayerKind::Linear { rows: vec![row], relu: false } },
            Layer { node: "relu".to_owned(), kind: LayerKind::Relu { inputs: vec![1] } },
        ],
        outputs: vec![1, 2],
        postprocess: Postprocess::None,
    }
}

static PROGRAM: LazyLock<Groth16Program> =
    LazyLock::new(|| Groth16Program::setup(model(), InputVisibility::Public).unwrap());

static DOCUMENT: LazyLock<ProofDocument> = LazyLock::new(|| PROGRAM.prove(&[-80]).unwrap().document);

/// The refusal of the document with its fields changed.
fn refusal(change: impl FnOnce(&mut ProofDocument)) -> VerifyError {
    let mut document = DOCUMENT.clone();
    change(&mut document);
    assert!(document != *DOCUMENT, "the change changes nothing");
    verify_proof(&document.to_json()).unwrap_err()
}

/// The refusal of the document with its JSON changed.
fn json_refusal(change: impl FnOnce(&mut Value)) -> VerifyError {
    let mut json: Value = serde_json::from_slice(&DOCUMENT.to_json()).unwrap();
    change(&mut json);
    verify_proof(&serde_json::to_vec(&json).unwrap()).unwrap_err()
}

fn is_malformed(error: &VerifyError) -> bool {
    matches!(error, VerifyError::Document(DocumentError::Malformed { .. })) && error.code() == "SH-G16-031"
}

fn words(document: &ProofDocument) -> Vec<Word> {
    document.statement.public_inputs().words().to_vec()
}

fn with_words(document: &ProofDocument, words: Vec<Word>) -> Statement {
    Statement::new(ProofSystem::Groth16Bn254, document.statement.vk(), words).unwrap()
}

#[test]
fn honest_document_verifies_and_says_what_was_computed() {
    let verified = verify_proof(&DOCUMENT.to_json()).unwrap();
    assert_eq!(verified.statement, DOCUMENT.statement);
    assert_eq!(words(&DOCUMENT), [-80, -232, 0].map(signed_to_word));
}

#[test]
fn white_space_and_order_of_fields_are_free() {
    let json: Value = serde_json::from_slice(&DOCUMENT.to_json()).unwrap();
    verify_proof(&serde_json::to_vec(&json).unwrap()).unwrap();
}

#[test]
fn tampered_public_input_is_rejected() {
    for index in 0..3 {
        for value in [0, 1, -1, -81, -231, i64::MIN] {
            let mut changed = words(&DOCUMENT);
            if changed[index] == signed_to_word(value) {
                continue;
            }
            changed[index] = signed_to_word(value);
            let error = refusal(|document| document.statement = with_words(document, changed));
            assert!(matches!(error, VerifyError::Equation), "word {index}, {value}: {error}");
        }
    }
}

#[test]
fn swapped_public_inputs_are_rejected() {
    let mut swapped = words(&DOCUMENT);
    swapped.swap(0, 1);
    let error = refusal(|document| document.statement = with_words(document, swapped));
    assert!(matches!(error, VerifyError::Equation));
}

/// Attack: the word v + r, which the equation cannot tell from v, for a second statement with the same proof.
#[test]
fn word_not_below_the_order_is_rejected() {
    // The last output is 0, so r itself is its second spelling.
    let order = Word::from(*ProofSystem::Groth16Bn254.modulus()).to_string();
    let error = json_refusal(|json| json["statement"]["public_inputs"][2] = order.into());
    assert!(is_malformed(&error), "{error}");
    assert!(error.to_string().contains("SH-STM-007"), "{error}");
}

#[test]
fn wrong_number_of_public_inputs_is_rejected() {
    for count in [0, 1, 2, 4, 100] {
        let mut changed = words(&DOCUMENT);
        changed.resize(count, Word::from(0));
        let error = refusal(|document| document.statement = with_words(document, changed));
        assert!(matches!(error, VerifyError::InputCount { expected: 3, got } if got == count), "{error}");
        assert_eq!(error.code(), "SH-G16-034");
    }
}

/// Attack: the statement of another program, with the key and proof of this one.
#[test]
fn other_vk_digest_is_rejected() {
    let other = [9; 32].into();
    let error = refusal(|document| {
        document.statement = Statement::new(ProofSystem::Groth16Bn254, other, words(document)).unwrap();
    });
    let got = PROGRAM.vk();
    assert!(matches!(error, VerifyError::KeyDigest { expected, got: g } if expected == other && g == got));
}

/// Attack: the key of another setup, whose runner kept the trapdoor.
#[test]
fn swapped_key_is_rejected() {
    let other = Groth16Program::setup(model(), InputVisibility::Public).unwrap();
    let error = refusal(|document| document.key = other.key().to_bytes());
    let (expected, got) = (PROGRAM.vk(), other.vk());
    assert!(matches!(error, VerifyError::KeyDigest { expected: e, got: g } if e == expected && g == got));
    // With the statement of that key too, it is the proof that does not fit.
    let error = refusal(|document| {
        document.key = other.key().to_bytes();
        document.statement = Statement::new(ProofSystem::Groth16Bn254, other.vk(), words(document)).unwrap();
    });
    assert!(matches!(error, VerifyError::Equation));
}

#[test]
fn proof_of_another_statement_is_rejected() {
    let other = PROGRAM.prove(&[81]).unwrap().document;
    assert!(matches!(refusal(|document| document.proof = other.proof), VerifyError::Equation));
}

#[test]
fn statement_of_another_system_is_rejected() {
    let vk = DOCUMENT.statement.vk();
    let system = ProofSystem::Plonky2Goldilocks;
    let statement = Statement::from_u64_words(system, vk, &[1, 2, 3]).unwrap();
    let error = refusal(|document| document.statement = statement.clone());
    assert!(matches!(error, VerifyError::System { got } if got == system));
    let refused = PROGRAM.key().verify(statement.public_inputs(), &DOCUMENT.proof);
    assert!(matches!(refused, Err(VerifyError::System { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// A flipped bit leaves the curve or, by a chance of about 2^-250, gives another proof.
    #[test]
    fn every_flipped_bit_of_a_proof_is_rejected(at in 0..PROOF_BYTES, bit in 0..8) {
        let error = refusal(|document| document.proof[at] ^= 1_u8 << bit);
        prop_assert!(matches!(error, VerifyError::Proof(_)), "{}", error);
    }

    #[test]
    fn every_flipped_bit_of_a_key_is_rejected(at in 0..542_usize + 3 * 64, bit in 0..8) {
        let error = refusal(|document| document.key[at] ^= 1_u8 << bit);
        prop_assert!(matches!(error, VerifyError::Key(_)), "{}", error);
    }
}

/// Attack: the negatives of two proof points. They are on the curve, and e(−A, −B) = e(A, B): a second proof with other
/// bytes, which is why nothing may be named after a proof's bytes. Of one point alone, it is no proof.
#[test]
fn negated_points_are_no_proof_unless_their_pairing_is_the_same() {
    let q = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";
    let q: Vec<u8> = (0..32).map(|i| u8::from_str_radix(&q[2 * i..2 * i + 2], 16).unwrap()).collect();
    let negate = |proof: &mut Vec<u8>, at: usize| {
        let mut borrow = 0;
        for i in (0..32).rev() {
            let difference = i16::from(q[i]) - i16::from(proof[at + i]) - borrow;
            borrow = i16::from(difference < 0);
            proof[at + i] = difference.rem_euclid(256) as u8;
        }
    };
    let negate_a = |document: &mut ProofDocument| negate(&mut document.proof, 32);
    let negate_b = |document: &mut ProofDocument| {
        negate(&mut document.proof, 128);
        negate(&mut document.proof, 160);
    };
    let negate_c = |document: &mut ProofDocument| negate(&mut document.proof, 224);
    assert!(matches!(refusal(negate_a), VerifyError::Equation));
    assert!(matches!(refusal(negate_b), VerifyError::Equation));
    assert!(matches!(refusal(negate_c), VerifyError::Equation));
    let mut both = DOCUMENT.clone();
    negate_a(&mut both);
    negate_b(&mut both);
    let verified = verify_proof(&both.to_json()).unwrap();
    assert_eq!(verified.statement.id(), DOCUMENT.statement.id());
}

#[test]
fn trailing_or_missing_bytes_of_a_proof_are_rejected() {
    for got in [0, 255, 257, 512] {
        let error = refusal(|document| document.proof.resize(got, 0));
        let expected = EncodingError::Length { what: "proof", expected: 256, got };
        assert!(matches!(&error, VerifyError::Proof(source) if *source == expected), "{error}");
    }
}

#[test]
fn identity_in_a_key_is_rejected() {
    // The key point of the last input: with the identity there, its word could be anything.
    let error = refusal(|document| document.key[478 + 3 * 64..].fill(0));
    let expected = EncodingError::Identity { point: Point::Input(3) };
    assert!(matches!(&error, VerifyError::Key(source) if *source == expected), "{error}");
    assert!(VerifyingKey::from_bytes(&DOCUMENT.key).is_ok());
}

#[test]
fn other_versions_and_setups_are_rejected() {
    for version in ["sheaf/groth16-proof/v2", "sheaf/proof/v1", "V1", ""] {
        assert!(is_malformed(&json_refusal(|json| json["version"] = version.into())), "{version}");
    }
    for setup in ["ceremony", "Development", ""] {
        assert!(is_malformed(&json_refusal(|json| json["setup"] = setup.into())), "{setup}");
    }
}

#[test]
fn unknown_missing_and_repeated_fields_are_rejected() {
    assert!(is_malformed(&json_refusal(|json| json["valid"] = true.into())));
    assert!(is_malformed(&json_refusal(|json| json["statement"]["valid"] = true.into())));
    for field in ["version", "statement", "key", "setup", "proof"] {
        let error = json_refusal(|json| drop(json.as_object_mut().unwrap().remove(field)));
        assert!(is_malformed(&error), "{field}");
        let repeated = String::from_utf8(DOCUMENT.to_json()).unwrap();
        let repeated = repeated.replacen('{', &format!("{{ \"{field}\": null,"), 1);
        assert!(is_malformed(&verify_proof(repeated.as_bytes()).unwrap_err()), "{field}");
    }
}

/// Attack: the fields in their order as a list, which serde's derive takes for the object.
#[test]
fn array_form_is_rejected() {
    let fields = ["version", "statement", "key", "setup", "proof"];
    let error = json_refusal(|json| *json = fields.map(|field| json[field].take()).into_iter().collect());
    assert!(is_malformed(&error), "{error}");
    let fields = ["system", "vk", "public_inputs"];
    let error = json_refusal(|json| {
        let statement = fields.map(|field| json["statement"][field].take());
        json["statement"] = statement.into_iter().collect();
    });
    assert!(is_malformed(&error), "{error}");
}

#[test]
fn other_spellings_of_base64_are_rejected() {
    let text = STANDARD.encode(&DOCUMENT.proof);
    assert!(text.ends_with("=="));
    let unpadded = text.trim_end_matches('=').to_owned();
    // The last digit before the padding has four bits that say nothing.
    let mut trailing_bits = text.clone().into_bytes();
    let last = trailing_bits.len() - 3;
    trailing_bits[last] += 1;
    let trailing_bits = String::from_utf8(trailing_bits).unwrap();
    for spelling in [unpadded, trailing_bits, format!("{text}\n"), text.replacen("==", "=", 1)] {
        assert!(is_malformed(&json_refusal(|json| json["proof"] = spelling.into())));
    }
    let list: Value = DOCUMENT.proof.iter().copied().collect();
    assert!(is_malformed(&json_refusal(|json| json["proof"] = list)));
}

#[test]
fn oversize_documents_are_rejected_before_they_are_read() {
    let mut bytes = DOCUMENT.to_json();
    bytes.resize(MAX_DOCUMENT_BYTES, b' ');
    verify_proof(&bytes).unwrap();
    bytes.push(b' ');
    let error = verify_proof(&bytes).unwrap_err();
    let got = MAX_DOCUMENT_BYTES + 1;
    assert!(matches!(error, VerifyError::Document(DocumentError::TooLarge { got: g }) if g == got));
    // Not even JSON.
    assert_eq!(verify_proof(&vec![b'['; got]).unwrap_err().code(), "SH-G16-030");
    assert_eq!(verify_proof(&vec![b'['; got - 1]).unwrap_err().code(), "SH-G16-031");
}

#[test]
fn what_is_no_document_is_rejected() {
    for bytes in [&b""[..], b"null", b"{}", b"[]", b"\xff\xfe", b"{\"version\": \"sheaf/groth16-proof/v1\"}"]
    {
        assert!(is_malformed(&verify_proof(bytes).unwrap_err()));
    }
    let trailing = [DOCUMENT.to_json(), b"{}".to_vec()].concat();
    assert!(is_malformed(&verify_proof(&trailing).unwrap_err()));
    assert!(is_malformed(&json_refusal(|json| *json = json!({ "proof": json["proof"] }))));
}

#[test]
fn messages_carry_their_codes_and_what_was_expected() {
    let errors = [
        refusal(|document| document.proof = vec![0; 256]),
        refusal(|document| document.proof.truncate(1)),
        refusal(|document| document.key.truncate(1)),
        refusal(|document| document.statement = with_words(document, Vec::new())),
        refusal(|document| {
            document.statement =
                Statement::new(ProofSystem::Groth16Bn254, [9; 32].into(), words(document)).unwrap();
        }),
    ];
    for error in errors {
        let message = error.to_string();
        assert!(message.starts_with(&format!("[{}] ", error.code())), "{message}");
        assert!(message.contains("expected ") && !message.ends_with('.'), "{message}");
    }
}

//! Attestations from strangers: nobody's word passes for another's, nor for another statement, and none for a proof.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use k256::ecdsa::Signature;
use sheaf_aggregator::attest::{
    Address, AttestError, AttestationDocument, AttestedStep, OperatorKey, OperatorSignature, attest,
    verify_attestation,
};
use sheaf_aggregator::documents::{Document, DocumentError, ReceiptDocument};
use sheaf_statement::{ProofSystem, Statement, TrustTier};

const TIME_MS: u64 = 1_700_000_000_000;

fn statement(word: u64) -> Statement {
    Statement::new(ProofSystem::Groth16Bn254, [7; 32].into(), vec![word.into()]).unwrap()
}

fn statements(count: u64) -> Vec<Statement> {
    (1..=count).map(statement).collect()
}

/// The key of the unit tests' wallet.
fn operator() -> OperatorKey {
    let secret = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
    OperatorKey::from_bytes(&hex::decode(secret).unwrap().try_into().unwrap()).unwrap()
}

fn attested(count: u64) -> Vec<AttestationDocument> {
    attest(&statements(count), TIME_MS, &operator()).unwrap()
}

fn check(document: &AttestationDocument) -> Result<AttestationDocument, AttestError> {
    verify_attestation(&document.to_json(), None)
}

/// The refusal of the second of five attestations after a change.
fn refusal(change: impl FnOnce(&mut AttestationDocument)) -> AttestError {
    let honest = attested(5).swap_remove(1);
    let mut document = honest.clone();
    change(&mut document);
    assert!(document != honest, "the change changes nothing");
    check(&document).unwrap_err()
}

fn with_signature(change: impl FnOnce(&mut [u8; 65])) -> AttestError {
    refusal(|document| {
        let mut bytes = *document.signature.as_bytes();
        change(&mut bytes);
        document.signature = OperatorSignature::from(bytes);
    })
}

#[test]
fn honest_attestations_are_accepted() {
    for count in [1, 2, 3, 5, 17, 64, 100] {
        let documents = attested(count);
        assert_eq!(documents.len() as u64, count);
        for (document, statement) in documents.iter().zip(statements(count)) {
            assert_eq!(document.statement, statement);
            let operator = operator().address();
            let checked = verify_attestation(&document.to_json(), Some(&operator)).unwrap();
            assert_eq!(checked, *document);
        }
    }
}

/// What other implementations, contracts first, have to come to. Computed apart from this code, in plain Python.
#[test]
fn attestation_of_a_known_key_is_as_published() {
    let document = attested(3).swap_remove(2);
    assert_eq!(
        document.statement_id.to_string(),
        "0x78a4293a096737860c43492a67b91bc12ec194c839d3fcf29dd530e1cec61d7c"
    );
    let sibling = "0xdb2e8d3bb8c3b6836aa9cb9e2167b78bbe0c2c7627ca2c53c42c104c56b7477e";
    assert_eq!(document.path, [AttestedStep::Left(sibling.parse().unwrap())]);
    assert_eq!(
        document.batch.root.to_string(),
        "0x95906041ec397eb955aac5706d08c0ddefb47455c4a85509c2f21c9332cd6212"
    );
    assert_eq!(
        document.signature.to_string(),
        "0x5c1ecbbf27ed5b18f85961eb73e2bac16646d68c08e2d42a940b7ff6e4cb20d6\
         16a307ae3f99289e130f722aeb40fd6703ff54d504d99444c9ea32c696252b491b"
    );
}

/// Attack: change an attestation where nobody looks.
#[test]
fn every_flipped_bit_of_an_attestation_is_rejected() {
    for document in attested(3) {
        let bytes = document.to_json();
        for (byte, bit) in (0..bytes.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            let mut flipped = bytes.clone();
            flipped[byte] ^= 1 << bit;
            let Err(error) = verify_attestation(&flipped, None) else {
                let around = &bytes[byte.saturating_sub(24)..bytes.len().min(byte + 24)];
                panic!("bit {bit} of byte {byte}, at {:?}", String::from_utf8_lossy(around));
            };
            assert!(error.to_string().starts_with(&format!("[{}]", error.code())), "{error}");
        }
    }
}

#[test]
fn batch_of_none_too_many_or_the_same_is_rejected() {
    assert!(matches!(attest(&[], TIME_MS, &operator()), Err(AttestError::BatchSize { got: 0 })));
    assert_eq!(attested(4096).len(), 4096);
    let error = attest(&statements(4097), TIME_MS, &operator()).unwrap_err();
    assert!(matches!(error, AttestError::BatchSize { got: 4097 }));
    let twice = [statement(1), statement(2), statement(1)];
    let error = attest(&twice, TIME_MS, &operator()).unwrap_err();
    assert!(matches!(error, AttestError::Duplicate { id } if id == statement(1).id()));
}

/// Attack: the operator's word for one statement, shown for another.
#[test]
fn another_statement_is_rejected() {
    let error = refusal(|document| document.statement = statement(9));
    assert!(matches!(error, AttestError::StatementId { expected, got }
        if expected == statement(9).id() && got == statement(2).id()));
    // Consistently: then no path leads from it to the root that was signed.
    let error = refusal(|document| {
        document.statement = statement(9);
        document.statement_id = statement(9).id();
    });
    assert!(matches!(error, AttestError::Path { .. }), "{error}");
}

/// Attack: an operator's word dressed as a proof, for readers who look at the tier alone.
#[test]
fn proven_tier_is_rejected() {
    let error = refusal(|document| document.trust_tier = TrustTier::Proven);
    assert!(matches!(error, AttestError::TrustTier { got: TrustTier::Proven }));
}

#[test]
fn impossible_count_is_rejected() {
    for got in [0, 4097, u32::MAX] {
        let error = refusal(|document| document.batch.count = got);
        assert!(matches!(error, AttestError::Count { got: g } if g == got), "{error}");
    }
}

/// Attack: a path so long that it costs more to follow than any batch is worth, or one that reaches below a leaf.
#[test]
fn path_longer_than_the_count_allows_is_rejected() {
    for (count, expected) in [(1_u32, 0), (2, 1), (3, 2), (4, 2), (4096, 12)] {
        let error = refusal(|document| {
            let step = document.path[0];
            document.batch.count = count;
            document.path = vec![step; expected + 1];
        });
        let got = expected + 1;
        assert!(
            matches!(error, AttestError::PathLength { expected: e, got: g } if e == expected && g == got),
            "{error}"
        );
    }
}

#[test]
fn every_altered_step_of_a_path_is_rejected() {
    let honest = attested(5).swap_remove(1).path;
    assert_eq!(honest.len(), 3);
    let other_side = |step: AttestedStep| match step {
        AttestedStep::Left(sibling) => AttestedStep::Right(sibling),
        AttestedStep::Right(sibling) => AttestedStep::Left(sibling),
    };
    let other_sibling = |step: AttestedStep| match step {
        AttestedStep::Left(_) => AttestedStep::Left([1; 32].into()),
        AttestedStep::Right(_) => AttestedStep::Right([1; 32].into()),
    };
    let mut altered = vec![Vec::new(), honest[1..].to_vec(), honest[..2].to_vec()];
    for index in 0..honest.len() {
        for change in [other_side, other_sibling] {
            let mut path = honest.clone();
            path[index] = change(path[index]);
            altered.push(path);
        }
    }
    for path in altered {
        let error = refusal(|document| document.path.clone_from(&path));
        assert!(matches!(error, AttestError::Path { .. }), "{path:?}: {error}");
    }
}

/// Attack: a tree of one's own under the signature of an operator's batch, or his batch with another count or time.
#[test]
fn batch_that_the_operator_did_not_sign_is_rejected() {
    let own = attest(&[statement(2), statement(8)], TIME_MS, &OperatorKey::generate()).unwrap();
    for error in [
        refusal(|document| {
            document.batch = own[0].batch;
            document.path.clone_from(&own[0].path);
        }),
        refusal(|document| document.batch.count = 6),
        refusal(|document| document.batch.attested_at_ms += 1),
        refusal(|document| document.signature = attested(4)[0].signature),
    ] {
        let signer = operator().address();
        assert!(
            matches!(error, AttestError::Signer { expected, got }
            if expected == signer && got != signer),
            "{error}"
        );
    }
}

/// Attack: one's own signature under an operator's name, or his under one's own.
#[test]
fn signature_of_somebody_else_is_rejected() {
    let stranger = OperatorKey::generate();
    let theirs = attest(&statements(5), TIME_MS, &stranger).unwrap();
    let error = refusal(|document| document.signature = theirs[0].signature);
    assert!(matches!(error, AttestError::Signer { expected, got }
        if expected == operator().address() && got == stranger.address()));
    let error = refusal(|document| document.operator = stranger.address());
    assert!(matches!(error, AttestError::Signer { expected, got }
        if expected == stranger.address() && got == operator().address()));
}

/// Attack: a flawless attestation by somebody whom the caller does not trust.
#[test]
fn another_operator_is_rejected() {
    let document = attested(1).swap_remove(0);
    let trusted = Address::from([9; 20]);
    let error = verify_attestation(&document.to_json(), Some(&trusted)).unwrap_err();
    assert!(matches!(error, AttestError::Operator { expected, got }
        if expected == trusted && got == operator().address()));
}

/// Attack: v as some libraries write it (0 or 1, or with a chain id in it): a second spelling of one signature.
#[test]
fn recovery_byte_that_is_none_of_the_evms_is_rejected() {
    for v in [0, 1, 26, 29, 30, 37, 255] {
        let error = with_signature(|bytes| bytes[64] = v);
        assert!(matches!(error, AttestError::RecoveryByte { got } if got == v), "{error}");
    }
    let error = with_signature(|bytes| bytes[64] ^= 27 ^ 28);
    assert!(matches!(error, AttestError::Signer { .. }), "{error}");
}

/// Attack: the other s, which anyone can compute and `ecrecover` takes: a second attestation of the first.
#[test]
fn high_s_is_rejected() {
    let error = with_signature(|bytes| {
        let low = Signature::from_slice(&bytes[..64]).unwrap();
        let high = Signature::from_scalars(*low.r(), -*low.s()).unwrap();
        bytes[..64].copy_from_slice(&high.to_bytes());
        bytes[64] ^= 27 ^ 28;
    });
    assert!(matches!(error, AttestError::HighS), "{error}");
}

/// Attack: numbers that are no signature, for which `ecrecover` answers the zero address.
#[test]
fn signature_of_no_key_is_rejected() {
    for error in [
        with_signature(|bytes| bytes[..32].fill(0)),
        with_signature(|bytes| bytes[32..64].fill(0)),
        with_signature(|bytes| bytes[..32].fill(0xff)),
        with_signature(|bytes| bytes[32..64].fill(0xff)),
        // No point of the curve has x = 5.
        with_signature(|bytes| {
            bytes[..32].fill(0);
            bytes[31] = 5;
        }),
    ] {
        assert!(matches!(error, AttestError::NoSigner), "{error}");
    }
}

fn is_malformed<T: Document>(bytes: &[u8]) -> bool {
    matches!(T::from_json(bytes), Err(DocumentError::Malformed { .. }))
}

fn edited(from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(attested(3)[0].to_json()).unwrap();
    assert!(text.contains(from), "{from} in {text}");
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn other_spellings_of_an_attestation_are_rejected() {
    for (from, to) in [
        ("{", "{\"note\": 1,"),
        ("\"root\":", "\"note\": 1, \"root\":"),
        ("\"trust_tier\": \"attested\",", ""),
        ("\"trust_tier\": \"attested\",", "\"trust_tier\": \"attested\", \"trust_tier\": \"attested\","),
        ("\"count\": 3", "\"count\": 3.0"),
        ("\"count\": 3", "\"count\": \"3\""),
        ("\"count\": 3", "\"count\": 4294967299"),
        ("\"attested_at_ms\": 1700000000000", "\"attested_at_ms\": 1.7e12"),
        ("0x2c7536e3605d9c16a7a3d7b1898e529396a65c23", "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"),
        ("0x2c7536e3605d9c16a7a3d7b1898e529396a65c23", "2c7536e3605d9c16a7a3d7b1898e529396a65c23"),
        ("\"right\"", "\"Right\""),
        ("attestation/v1", "attestation/v2"),
    ] {
        assert!(is_malformed::<AttestationDocument>(&edited(from, to)), "{from} → {to}");
    }
    let AttestationDocument {
        version,
        statement_id,
        statement,
        trust_tier,
        path,
        batch,
        operator,
        signature,
    } = attested(3).swap_remove(0);
    let array =
        serde_json::json!([version, statement_id, statement, trust_tier, path, batch, operator, signature]);
    assert!(is_malformed::<AttestationDocument>(array.to_string().as_bytes()));
}

/// Attack: a document of the one kind where the other is asked for, even with its version rewritten.
#[test]
fn attestations_and_receipts_are_never_taken_for_each_other() {
    let attestation = attested(1).swap_remove(0);
    let receipt = serde_json::json!({
        "version": "sheaf/receipt/v1",
        "statement_id": attestation.statement_id,
        "statement": attestation.statement,
        "trust_tier": "attested",
        "program": {
            "shape": { "profile": "standard", "degree_bits": 8, "zero_knowledge": false },
            "key": sheaf_plonky2::hash::empty_digest(),
            "leaf_key": sheaf_plonky2::hash::empty_digest(),
        },
        "path": { "leaf": [], "tree": [] },
        "aggregate": {
            "sha256": format!("0x{}", "00".repeat(32)),
            "batch": sheaf_plonky2::hash::empty_digest(),
        },
    });
    ReceiptDocument::from_json(receipt.to_string().as_bytes()).unwrap();
    for version in ["sheaf/receipt/v1", "sheaf/attestation/v1"] {
        let mut receipt = receipt.clone();
        receipt["version"] = version.into();
        assert!(is_malformed::<AttestationDocument>(receipt.to_string().as_bytes()));
        let mut attestation = serde_json::to_value(&attestation).unwrap();
        attestation["version"] = version.into();
        assert!(is_malformed::<ReceiptDocument>(attestation.to_string().as_bytes()));
    }
}

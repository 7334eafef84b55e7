//! Receipts of gateways that lie. One real batch and one real attestation serve all tests.

use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::json;
use sheaf_aggregator::artefacts::ArtefactStore;
use sheaf_aggregator::attest::{OperatorKey, attest};
use sheaf_aggregator::documents::{Document, ProofDocument, ProofVersion};
use sheaf_aggregator::tree::program_vk;
use sheaf_aggregator::verify::verify_proof;
use sheaf_aggregator::{Aggregator, Circuits};
use sheaf_client::verify::{
    self, Address, AggregateVerifyError, AttestError, Expectations, ReceiptError, Statement, VerifiedReceipt,
    VerifyError, Word,
};
use sheaf_client::{Client, Error, StatementId, TrustTier};
use sheaf_embedded::{InputVisibility, Program, ProgramOptions, WeightVisibility};
use sheaf_model::{Layer, LayerKind, Operand, Origin, Postprocess, QuantisedModel, Term, Weight};
use sheaf_plonky2::Profile;
use sheaf_plonky2::engine::FastEngine;
use sheaf_statement::{ProofSystem, VkDigest};
use wiremock::{MockServer, ResponseTemplate};

use crate::common::{call, gateway};

/// Two statements of one program in one batch.
struct Batch {
    statements: Vec<Statement>,
    receipts: Vec<Bytes>,
    aggregate: Bytes,
}

static BATCH: LazyLock<Batch> = LazyLock::new(|| {
    let program = program();
    let store = ArtefactStore::new(concat!(env!("CARGO_TARGET_TMPDIR"), "/artefacts"));
    let circuits = Circuits::new(Profile::Standard, Some(store));
    let leaf_key = circuits.leaf_key(&program.key().shape, &|_| ()).unwrap();
    let vk = program_vk(&leaf_key, &program.key().digest());
    let proofs = [[10, 700], [20, 30]].map(|input| {
        let inference = program.prove(&FastEngine::new(), &input).unwrap();
        let system = ProofSystem::Plonky2Goldilocks;
        let statement = Statement::from_u64_words(system, vk, &inference.public_values).unwrap();
        let (version, program) = (ProofVersion::V1, program.key().clone());
        let document = ProofDocument { version, statement, program, proof: inference.proof };
        verify_proof(&document.to_json(), &circuits).unwrap()
    });
    let batch = Aggregator::new(&circuits, &FastEngine::new()).aggregate(&proofs, &|_| ()).unwrap();
    Batch {
        statements: batch.receipts.iter().map(|receipt| receipt.statement.clone()).collect(),
        receipts: batch.receipts.iter().map(|receipt| receipt.to_json().into()).collect(),
        aggregate: batch.aggregate_bytes.into(),
    }
});

/// A linear layer of two inputs and three outputs that hides nothing.
fn program() -> Program {
    let weights = (0..9).map(|i| Weight { value: i * 37 % 50 - 25, origin: Origin::Parameter }).collect();
    let row = |row: u32| {
        [Operand::Value(0), Operand::Value(1), Operand::One]
            .into_iter()
            .zip(3 * row..)
            .map(|(operand, weight)| Term { operand, weight })
            .collect()
    };
    let model = QuantisedModel {
        model_digest: [7; 32],
        scale_bits: 8,
        input_shape: vec![1, 2],
        output_shape: vec![1, 3],
        weights,
        layers: vec![Layer {
            node: "linear".to_owned(),
            kind: LayerKind::Linear { rows: (0..3).map(row).collect(), relu: false },
        }],
        outputs: vec![2, 3, 4],
        postprocess: Postprocess::None,
    };
    let options = ProgramOptions {
        profile: Profile::Standard,
        input: InputVisibility::Public,
        weights: WeightVisibility::Public,
    };
    Program::compile(model, options).unwrap()
}

fn id(statement: &Statement) -> StatementId {
    statement.id().to_string().into()
}

/// A gateway that answers a question for the first statement with these documents.
async fn answers(receipt: &Bytes, aggregate: &Bytes) -> (MockServer, Client) {
    let (server, client) = gateway().await;
    let json = |bytes: &Bytes| ResponseTemplate::new(200).set_body_raw(bytes.to_vec(), "application/json");
    call("GET", &format!("/v1/receipts/{}", id(&BATCH.statements[0])))
        .respond_with(json(receipt).insert_header("sheaf-batch", "bat_1"))
        .mount(&server)
        .await;
    call("GET", "/v1/batches/bat_1/aggregate").respond_with(json(aggregate)).mount(&server).await;
    (server, client)
}

async fn verified(
    receipt: &Bytes,
    aggregate: &Bytes,
    expectations: &Expectations,
) -> Result<VerifiedReceipt, VerifyError> {
    let (_server, client) = answers(receipt, aggregate).await;
    match client.verified_receipt(&id(&BATCH.statements[0]), expectations).await {
        Ok(verified) => Ok(verified),
        Err(Error::Verify(error)) => Err(error),
        Err(error) => unreachable!("the canned answers are all there: {error}"),
    }
}

async fn honest(expectations: &Expectations) -> Result<VerifiedReceipt, VerifyError> {
    verified(&BATCH.receipts[0], &BATCH.aggregate, expectations).await
}

#[tokio::test]
async fn honest_receipt_is_proven() {
    let statement = &BATCH.statements[0];
    let inputs = statement.public_inputs().words();
    for prefix in [&inputs[..0], &inputs[..2], inputs] {
        let expectations = Expectations::new().program(statement.vk()).public_inputs(prefix.iter().copied());
        match honest(&expectations).await.unwrap() {
            VerifiedReceipt::Proven(proven) => {
                assert_eq!(proven.receipt.statement, *statement);
                assert_eq!(
                    (&proven.receipt_bytes, &proven.aggregate_bytes),
                    (&BATCH.receipts[0], &BATCH.aggregate)
                );
            }
            VerifiedReceipt::Attested(_) => panic!("nobody attested"),
        }
    }
}

/// Attack: answer with a true receipt of something else.
#[tokio::test]
async fn receipt_of_another_statement_is_rejected() {
    let error = verified(&BATCH.receipts[1], &BATCH.aggregate, &Expectations::new()).await.unwrap_err();
    assert!(matches!(error, VerifyError::OtherStatement { .. }), "{error}");
}

#[tokio::test]
async fn receipt_of_another_program_is_rejected() {
    let expected = VkDigest::from([7; 32]);
    let error = honest(&Expectations::new().program(expected)).await.unwrap_err();
    let vk = BATCH.statements[0].vk();
    assert!(matches!(error, VerifyError::OtherProgram { expected: e, got } if (e, got) == (expected, vk)));
}

#[tokio::test]
async fn receipt_of_other_inputs_is_rejected() {
    let words = BATCH.statements[0].public_inputs().words();
    let expectations = Expectations::new().public_inputs([words[0], Word::from(701)]);
    let error = honest(&expectations).await.unwrap_err();
    assert!(matches!(error, VerifyError::OtherInputs { index: 1, got: Some(_), .. }), "{error}");
    // One more than there are: a prefix that goes on is not one.
    let expectations = Expectations::new().public_inputs(words.iter().copied().chain([Word::from(0)]));
    let error = honest(&expectations).await.unwrap_err();
    assert!(matches!(error, VerifyError::OtherInputs { got: None, .. }), "{error}");
}

/// Attack: change what the receipt says and hope that nobody looks.
#[tokio::test]
async fn tampered_receipt_is_rejected() {
    let text = std::str::from_utf8(&BATCH.receipts[0]).unwrap();
    let other = BATCH.statements[1].public_inputs().words()[0].to_string();
    let first = BATCH.statements[0].public_inputs().words()[0].to_string();
    let tampered = Bytes::from(text.replacen(&first, &other, 1));
    let error = verified(&tampered, &BATCH.aggregate, &Expectations::new()).await.unwrap_err();
    assert!(matches!(error, VerifyError::Receipt(ReceiptError::StatementId { .. })), "{error}");
}

/// Attack: an aggregate whose proof is of something else.
#[tokio::test]
async fn tampered_aggregate_is_rejected() {
    let mut aggregate: serde_json::Value = serde_json::from_slice(&BATCH.aggregate).unwrap();
    let digest = aggregate["root_key"].clone();
    aggregate["batch"] = digest;
    let aggregate = Bytes::from(serde_json::to_vec(&aggregate).unwrap());
    let error = verified(&BATCH.receipts[0], &aggregate, &Expectations::new()).await.unwrap_err();
    assert!(matches!(error, VerifyError::Aggregate(AggregateVerifyError::Invalid { .. })), "{error}");
}

#[tokio::test]
async fn receipt_without_its_batch_is_rejected() {
    let (server, client) = gateway().await;
    let statement = id(&BATCH.statements[0]);
    call("GET", &format!("/v1/receipts/{statement}"))
        .respond_with(ResponseTemplate::new(200).set_body_raw(BATCH.receipts[0].to_vec(), "application/json"))
        .mount(&server)
        .await;
    let error = client.verified_receipt(&statement, &Expectations::new()).await.unwrap_err();
    assert!(matches!(error, Error::Verify(VerifyError::NoBatch)), "{error}");
}

fn operator(secret: u8) -> OperatorKey {
    OperatorKey::from_bytes(&[secret; 32]).unwrap()
}

fn attestation(by: &OperatorKey) -> Bytes {
    attest(&BATCH.statements, 1_700_000_000_000, by).unwrap()[0].to_json().into()
}

#[tokio::test]
async fn attestation_of_the_expected_operator_is_attested_and_not_proven() {
    let key = operator(1);
    let expectations = Expectations::new().attested_by(key.address());
    let verified = verified(&attestation(&key), &BATCH.aggregate, &expectations).await.unwrap();
    assert_eq!(verified.trust_tier(), TrustTier::Attested);
    assert_eq!(verified.statement(), &BATCH.statements[0]);
    assert!(matches!(verified, VerifiedReceipt::Attested(_)));
    // Whoever would take a word still gets a proof where there is one.
    assert!(matches!(honest(&expectations).await.unwrap(), VerifiedReceipt::Proven(_)));
}

/// Attack: a gateway without proofs signs with a key of its own.
#[tokio::test]
async fn attestation_of_nobody_in_particular_is_rejected() {
    let attestation = attestation(&operator(1));
    let error = verified(&attestation, &BATCH.aggregate, &Expectations::new()).await.unwrap_err();
    assert!(matches!(error, VerifyError::NotProven), "{error}");
    let other: Address = operator(2).address();
    let error =
        verified(&attestation, &BATCH.aggregate, &Expectations::new().attested_by(other)).await.unwrap_err();
    assert!(matches!(error, VerifyError::Attestation(AttestError::Operator { .. })), "{error}");
}

#[tokio::test]
async fn attestation_of_another_program_is_rejected() {
    let key = operator(1);
    let expectations = Expectations::new().attested_by(key.address()).program(VkDigest::from([7; 32]));
    let error = verified(&attestation(&key), &BATCH.aggregate, &expectations).await.unwrap_err();
    assert!(matches!(error, VerifyError::OtherProgram { .. }), "{error}");
}

/// Attack: call an attestation a receipt, or a receipt an attestation.
#[tokio::test]
async fn document_that_passes_itself_off_as_the_other_kind_is_rejected() {
    let key = operator(1);
    let expectations = Expectations::new().attested_by(key.address());
    for (document, from, to) in [
        (attestation(&key), "\"attested\"", "\"proven\""),
        (BATCH.receipts[0].clone(), "\"proven\"", "\"attested\""),
    ] {
        let text = std::str::from_utf8(&document).unwrap();
        assert!(text.contains(from));
        let document = Bytes::from(text.replacen(from, to, 1));
        let error = verified(&document, &BATCH.aggregate, &expectations).await.unwrap_err();
        assert_eq!(error.code(), "SH-DOC-002", "{error}");
    }
}

#[tokio::test]
async fn tier_that_nobody_knows_is_rejected() {
    let document = Bytes::from(json!({"trust_tier": "blessed"}).to_string());
    let error = verified(&document, &BATCH.aggregate, &Expectations::new()).await.unwrap_err();
    assert!(matches!(error, VerifyError::UnknownTier { .. }), "{error}");
}

#[test]
fn documents_verify_without_any_gateway() {
    let proven =
        verify::proven(BATCH.receipts[1].clone(), BATCH.aggregate.clone(), &Expectations::new()).unwrap();
    assert_eq!(proven.receipt.statement, BATCH.statements[1]);
}

use std::sync::LazyLock;

use ark_bn254::{G1Affine, G2Affine};
use ark_ec::AffineRepr;
use sha3::{Digest, Keccak256};
use sheaf_model::{LayerKind, ModelError};
use sheaf_statement::PublicInputs;

use super::*;
use crate::circuit::testing::{INPUT, argmax_model, bare_model, every_layer_model, layer};
use crate::circuit::{MAX_PUBLIC_INPUTS, SizeError};
use crate::encoding::decode_proof;
use crate::verify::{VerifyError, verify_proof};
use crate::word_to_signed;

static PROGRAM: LazyLock<Groth16Program> =
    LazyLock::new(|| Groth16Program::setup(every_layer_model(), InputVisibility::Public).unwrap());

static PACKAGE: LazyLock<Vec<u8>> = LazyLock::new(|| PROGRAM.to_bytes().unwrap());

fn values(statement: &Statement) -> Vec<i64> {
    statement.public_inputs().words().iter().map(|word| word_to_signed(*word).unwrap()).collect()
}

#[test]
fn proofs_verify_and_say_what_reference_execution_says() {
    for input in [[0, 0], INPUT, [-5000, 12345]] {
        let inference = PROGRAM.prove(&input).unwrap();
        let expected = reference::execute(PROGRAM.model(), &input).unwrap().outputs;
        assert_eq!(inference.outputs, expected);
        let verified = verify_proof(&inference.document.to_json()).unwrap();
        assert_eq!(verified.setup, Setup::Development);
        assert_eq!(verified.statement.vk(), PROGRAM.vk());
        assert_eq!(values(&verified.statement), [&input[..], &expected].concat());
    }
}

#[test]
fn private_input_is_not_in_the_statement() {
    let program = Groth16Program::setup(argmax_model(), InputVisibility::Private).unwrap();
    let inference = program.prove(&INPUT).unwrap();
    assert_eq!(values(&inference.document.statement), inference.outputs);
    assert_eq!(program.key().public_inputs(), 1);
    verify_proof(&inference.document.to_json()).unwrap();
}

/// Attack: hand arkworks' prover an assignment that lies. It checks nothing, so the verifier has to.
#[test]
fn proof_of_a_lie_does_not_verify() {
    let honest = PROGRAM.circuit.assign(&INPUT);
    let words = |assignment: &[Fr]| {
        let words = PROGRAM.circuit.public_inputs(assignment).iter().map(|word| scalar_to_word(*word));
        PublicInputs::new(ProofSystem::Groth16Bn254, words.collect()).unwrap()
    };
    let proof = PROGRAM.prove_assignment(&honest).unwrap();
    PROGRAM.key().verify(&words(&honest), &proof).unwrap();
    // An output's word, a value, a bit.
    for column in [PROGRAM.circuit.instance_columns - 1, PROGRAM.circuit.instance_columns, honest.len() - 1] {
        let mut lie = honest.clone();
        lie[column] += Fr::from(1);
        let proof = PROGRAM.prove_assignment(&lie).unwrap();
        let refused = PROGRAM.key().verify(&words(&lie), &proof);
        assert!(matches!(refused, Err(VerifyError::Equation)), "column {column}");
    }
}

/// Two proofs of one input differ, and anyone can make a third of either without knowing the input; the statement and
/// its id are the same. So nothing may be named after a proof's bytes.
#[test]
fn proofs_are_malleable_and_statements_are_not() {
    let [first, second] = [PROGRAM.prove(&INPUT).unwrap(), PROGRAM.prove(&INPUT).unwrap()];
    assert_ne!(first.document.proof, second.document.proof);
    assert_eq!(first.document.statement.id(), second.document.statement.id());
    let proof = decode_proof(&first.document.proof).unwrap();
    let mut rng = os_seeded_rng().unwrap();
    let other = Groth16::<Bn254>::rerandomize_proof(PROGRAM.key().ark(), &proof, &mut rng);
    let document = ProofDocument { proof: encode_proof(&other), ..first.document.clone() };
    assert_ne!(document.proof, first.document.proof);
    let verified = verify_proof(&document.to_json()).unwrap();
    assert_eq!(verified.statement.id(), first.document.statement.id());
}

#[test]
fn setting_up_twice_gives_two_keys() {
    let other = Groth16Program::setup(every_layer_model(), InputVisibility::Public).unwrap();
    assert_ne!(other.vk(), PROGRAM.vk());
    // The proof of one is none of the other, though the circuit is the same.
    let document = PROGRAM.prove(&INPUT).unwrap().document;
    let refused = other.key().verify(document.statement.public_inputs(), &document.proof);
    assert!(matches!(refused, Err(VerifyError::Equation)));
}

#[test]
fn trapdoor_decides_the_key() {
    // The same randomness, the same key: nothing else is random in a setup.
    let setup = || {
        let mut rng = StdRng::from_seed([7; 32]);
        Groth16Program::setup_with(argmax_model(), InputVisibility::Public, &mut rng).unwrap()
    };
    assert_eq!(setup().vk(), setup().vk());
}

#[test]
fn committed_input_is_refused_by_name() {
    let error = Groth16Program::setup(every_layer_model(), InputVisibility::Committed).unwrap_err();
    assert!(matches!(error, Groth16Error::CommittedInput), "{error}");
    assert_eq!(error.code(), "SH-G16-004");
    assert!(error.to_string().contains("committed"));
}

#[test]
fn invalid_model_is_refused() {
    let model = QuantisedModel { scale_bits: 17, ..every_layer_model() };
    let error = Groth16Program::setup(model, InputVisibility::Public).unwrap_err();
    assert!(matches!(error, Groth16Error::Model(ModelError::ScaleBits { got: 17 })), "{error}");
}

/// Before setup, which would take minutes and gigabytes for these.
#[test]
fn too_large_circuits_are_refused_before_anything_is_built() {
    let sums = |count: usize| {
        let add = LayerKind::Add { left: vec![0; count], right: vec![1; count], relu: false };
        bare_model(vec![layer("add", add)], vec![2])
    };
    let error = Groth16Program::setup(sums(40_000), InputVisibility::Public).unwrap_err();
    assert!(matches!(error, Groth16Error::Size(SizeError::Rows { got: 1_200_063 })), "{error}");

    let mut wide = sums(1);
    wide.output_shape = vec![1 << 15];
    wide.outputs = vec![2; 1 << 15];
    let error = Groth16Program::setup(wide, InputVisibility::Public).unwrap_err();
    let got = MAX_PUBLIC_INPUTS + 2;
    assert!(matches!(error, Groth16Error::Size(SizeError::PublicInputs { got: g }) if g == got), "{error}");

    // Rows of a thousand terms, each of which stands in one constraint only.
    let mut dense = every_layer_model();
    let LayerKind::Linear { rows, .. } = &mut dense.layers[0].kind else { unreachable!() };
    let row = vec![rows[0][0]; 1000];
    rows.extend(vec![row; 8300]);
    let error = Groth16Program::setup(bare_of(dense), InputVisibility::Public).unwrap_err();
    assert!(matches!(error, Groth16Error::Size(SizeError::Terms { .. })), "{error}");
}

/// The first layer alone.
fn bare_of(model: QuantisedModel) -> QuantisedModel {
    let layers = model.layers[..1].to_vec();
    QuantisedModel { weights: model.weights, ..bare_model(layers, vec![2]) }
}

#[test]
fn inputs_without_an_execution_are_refused_by_reference_execution() {
    for (input, code) in [
        (vec![1], "SH-REF-001"),
        (vec![1, 2, 3], "SH-REF-001"),
        (vec![1 << 27, 0], "SH-REF-004"),
        (vec![(1 << 27) - 1, -(1 << 27)], "SH-REF-005"),
    ] {
        assert_eq!(PROGRAM.prove(&input).unwrap_err().code(), code, "{input:?}");
    }
}

#[test]
fn packages_restore_the_program() {
    let restored = Groth16Program::from_bytes(&PACKAGE).unwrap();
    assert_eq!(restored.vk(), PROGRAM.vk());
    assert_eq!(restored.model(), PROGRAM.model());
    assert_eq!(restored.visibility(), InputVisibility::Public);
    assert_eq!(restored.to_bytes().unwrap(), *PACKAGE);
    let document = restored.prove(&INPUT).unwrap().document;
    verify_proof(&document.to_json()).unwrap();
}

fn refusal(bytes: &[u8]) -> Groth16Error {
    Groth16Program::from_bytes(bytes).unwrap_err()
}

/// A package with the right digest for a changed body: what only a faulty writer makes.
fn resealed(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = PACKAGE[..PACKAGE.len() - 32].to_vec();
    change(&mut bytes);
    bytes.extend(Keccak256::digest(&bytes));
    bytes
}

/// Where a part of the package begins.
fn position(part: &[u8]) -> usize {
    PACKAGE.windows(part.len()).position(|window| window == part).unwrap()
}

#[test]
fn packages_of_another_kind_or_version_are_rejected() {
    let mut other = PACKAGE.clone();
    other[23] = b'2';
    for bytes in [&other[..], &[], &PACKAGE[..56]] {
        assert!(matches!(refusal(bytes), Groth16Error::PackageTag), "{} bytes", bytes.len());
    }
}

#[test]
fn damaged_packages_are_rejected() {
    for at in (25..PACKAGE.len()).step_by(PACKAGE.len() / 50) {
        let mut damaged = PACKAGE.clone();
        damaged[at] ^= 0x10;
        assert!(matches!(refusal(&damaged), Groth16Error::PackageDigest), "at {at}");
        if at > 60 {
            assert!(matches!(refusal(&PACKAGE[..at]), Groth16Error::PackageDigest), "cut at {at}");
        }
    }
}

#[test]
fn packages_in_another_layout_are_rejected() {
    assert!(matches!(refusal(&resealed(|bytes| bytes.push(0))), Groth16Error::PackageLayout { .. }));
    assert!(matches!(refusal(&resealed(|bytes| bytes.truncate(1000))), Groth16Error::PackageLayout { .. }));
    // The setup and the visibility are the first two numbers after the tag.
    assert!(matches!(refusal(&resealed(|bytes| bytes[25] = 1)), Groth16Error::PackageLayout { .. }));
    assert!(matches!(refusal(&resealed(|bytes| bytes[26] = 2)), Groth16Error::CommittedInput));
}

#[test]
fn packages_with_the_keys_of_another_circuit_are_rejected() {
    // Called private, the model has another circuit, with fewer public inputs.
    let error = refusal(&resealed(|bytes| bytes[26] = 1));
    assert!(matches!(error, Groth16Error::PackageInputs { expected: 9, got: 11 }), "{error}");
    // With a bit more of scale it has longer decompositions, and the same words.
    let model = position(&PROGRAM.model().to_bytes().unwrap());
    let scale = model + b"sheaf/quantised-model/v1\n".len() + 32;
    let error = refusal(&resealed(|bytes| bytes[scale] += 1));
    assert!(matches!(error, Groth16Error::PackagePoints { .. }), "{error}");
    let error = refusal(&resealed(|bytes| bytes[scale] = 17));
    assert_eq!(error.code(), "SH-MOD-001");
    let key = position(&PROGRAM.key().to_bytes());
    let error = refusal(&resealed(|bytes| bytes[key] += 1));
    assert!(matches!(error, Groth16Error::PackageKey { .. }), "{error}");
    // A coordinate of the proving key that is no number of the field.
    let error = refusal(&resealed(|bytes| bytes[key + 2000..key + 2064].fill(0xff)));
    assert!(matches!(error, Groth16Error::PackagePoint { .. }), "{error}");
}

/// A proving key that is damaged where nothing checks it: its proofs are not handed out.
#[test]
fn proof_of_a_damaged_proving_key_is_not_returned() {
    let mut program = Groth16Program::from_bytes(&PACKAGE).unwrap();
    program.proving_key.l_query[0] = G1Affine::generator();
    program.proving_key.b_g2_query[1] = G2Affine::generator();
    let error = program.prove(&INPUT).unwrap_err();
    assert!(matches!(error, Groth16Error::OwnProof { source: VerifyError::Equation }), "{error}");
}

#[test]
fn programs_are_shared_between_threads_and_print_no_keys() {
    fn text(program: &(impl fmt::Debug + Send + Sync)) -> String {
        format!("{program:?}")
    }
    let text = text(&*PROGRAM);
    assert!(text.len() < 300 && text.contains(&PROGRAM.vk().to_string()), "{text}");
}

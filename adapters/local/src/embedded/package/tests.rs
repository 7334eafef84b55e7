//! What a package gives back, and which bytes are refused.

use sheaf_embedded::{InputVisibility, WeightVisibility};
use sheaf_model::{Layer, LayerKind, Postprocess};
use sheaf_plonky2::Profile;
use sheaf_plonky2::hash::{Tag, tagged_hash};

use super::*;

/// A ReLU, and a program that is small and quickly built.
fn program(name: u8) -> Program {
    let model = QuantisedModel {
        model_digest: [name; 32],
        scale_bits: 8,
        input_shape: vec![1, 2],
        output_shape: vec![1, 2],
        weights: Vec::new(),
        layers: vec![Layer { node: "relu".to_owned(), kind: LayerKind::Relu { inputs: vec![0, 1] } }],
        outputs: vec![2, 3],
        postprocess: Postprocess::None,
    };
    let options = ProgramOptions {
        profile: Profile::Standard,
        input: InputVisibility::Public,
        weights: WeightVisibility::Public,
    };
    Program::compile(model, options).unwrap()
}

fn leaf_key() -> Digest {
    tagged_hash(Tag::Empty, &[])
}

fn vk(program: &Program) -> VkDigest {
    program_vk(&leaf_key(), &program.key().digest())
}

/// The package of a program with these prover data.
fn with_circuit(program: &Program, circuit: Option<&[u8]>) -> Vec<u8> {
    let model = program.model().to_bytes().unwrap();
    encode_parts(&Package { options: *program.options(), leaf_key: leaf_key(), model: &model, circuit })
        .unwrap()
}

fn refusal(bytes: &[u8], expected: VkDigest) -> (ErrorKind, String) {
    let error = decode(bytes, expected).unwrap_err();
    (error.kind, error.code)
}

#[test]
fn a_program_survives_its_package_with_and_without_prover_data() {
    let program = program(1);
    let whole = encode(&program, leaf_key()).unwrap();
    let bare = with_circuit(&program, None);
    assert!(whole.len() > 1 << 20 && bare.len() < 1 << 12, "{} and {} bytes", whole.len(), bare.len());
    for bytes in [whole, bare] {
        let restored = decode(&bytes, vk(&program)).unwrap();
        assert_eq!(restored.key(), program.key());
        assert_eq!(restored.model(), program.model());
    }
}

/// Prover data are a cache. Those of another program, or of no circuit at all, cost time and nothing else.
#[test]
fn prover_data_that_are_of_no_use_are_built_again() {
    let (program, other) = (program(1), program(2));
    for circuit in [other.circuit_bytes().unwrap(), b"no circuit".to_vec(), Vec::new()] {
        let restored = decode(&with_circuit(&program, Some(&circuit)), vk(&program)).unwrap();
        assert_eq!(restored.key(), program.key());
    }
}

/// One program's file in the place of another's would have statements name a program that they are not of.
#[test]
fn the_package_of_another_program_is_refused() {
    let (program, other) = (program(1), program(2));
    let expected = (ErrorKind::Transient, "SH-LOC-009".to_owned());
    assert_eq!(refusal(&encode(&other, leaf_key()).unwrap(), vk(&program)), expected);
    // Nor is it the same program under another leaf.
    let leaf = tagged_hash(Tag::Leaf, &[]);
    assert_eq!(refusal(&encode(&program, leaf).unwrap(), vk(&program)), expected);
}

#[test]
fn damage_is_found_wherever_it_is() {
    let program = program(1);
    let good = with_circuit(&program, None);
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 1;
        let code = if index < TAG.len() { "SH-LOC-006" } else { "SH-LOC-007" };
        assert_eq!(refusal(&bad, vk(&program)), (ErrorKind::Transient, code.to_owned()), "byte {index}");
        let code = if index < TAG.len() { "SH-LOC-006" } else { "SH-LOC-007" };
        assert_eq!(refusal(&good[..index], vk(&program)).1, code, "cut at {index}");
    }
}

#[test]
fn bytes_that_are_whole_and_no_package_are_refused() {
    let program = program(1);
    let sealed = |body: &[u8]| [TAG.as_bytes(), &Sha256::digest(body), body].concat();
    let body = &with_circuit(&program, None)[TAG.len() + DIGEST_BYTES..];
    assert!(decode(&sealed(body), vk(&program)).is_ok());
    for bad in [&body[..body.len() - 1], &[body, &[0]].concat(), &[]] {
        assert_eq!(refusal(&sealed(bad), vk(&program)), (ErrorKind::Transient, "SH-LOC-008".to_owned()));
    }
    // The model inside is decoded strictly, and what is wrong with it is not the job's fault.
    let package =
        Package { options: *program.options(), leaf_key: leaf_key(), model: b"no model", circuit: None };
    let bytes = encode_parts(&package).unwrap();
    assert_eq!(refusal(&bytes, vk(&program)), (ErrorKind::Transient, "SH-MOD-021".to_owned()));
}

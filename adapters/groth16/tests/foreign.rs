//! Proofs made by circom, gnark and RISC Zero, converted here and put through [`verify_proof`] like our own. What our
//! prover and our verifier could both have wrong (order of coordinates, signs, order of inputs) does not survive these.

#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use std::path::Path;
use std::str::FromStr;

use ark_bn254::Fq;
use ark_ff::{BigInteger, PrimeField};
use serde_json::Value;
use sheaf_groth16::{
    EncodingError, KEY_TAG, Point, ProofDocument, ProofVersion, Setup, VerifiedProof, VerifyError,
    VerifyingKey, verify_proof,
};
use sheaf_statement::{ProofSystem, Statement, Word};

fn json(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A number in decimal or, after `0x`, hexadecimal digits; as text or as a JSON number.
fn number(value: &Value) -> [u8; 32] {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.strip_prefix("0x") {
        Some(digits) => *format!("0x{digits:0>64}").parse::<Word>().unwrap().as_bytes(),
        None => Fq::from_str(&text).unwrap().into_bigint().to_bytes_be().try_into().unwrap(),
    }
}

fn words(values: &Value) -> Vec<Word> {
    values.as_array().unwrap().iter().map(|value| number(value).into()).collect()
}

/// x, y and perhaps the 1 of projective coordinates.
fn g1(point: &Value) -> Vec<u8> {
    [number(&point[0]), number(&point[1])].concat()
}

/// x, y, each as real and imaginary part, which our bytes have the other way round.
fn g2(point: &Value) -> Vec<u8> {
    let parts = [&point[0][1], &point[0][0], &point[1][1], &point[1][0]];
    parts.map(number).concat()
}

/// gnark's names of coordinates.
fn gnark_g1(point: &Value) -> Vec<u8> {
    [number(&point["X"]), number(&point["Y"])].concat()
}

fn gnark_g2(point: &Value) -> Vec<u8> {
    let (x, y) = (&point["X"], &point["Y"]);
    [&x["A1"], &x["A0"], &y["A1"], &y["A0"]].map(number).concat()
}

/// A key's bytes: α, the three points of G2, the input points.
fn key(alpha: Vec<u8>, g2: [Vec<u8>; 3], inputs: Vec<Vec<u8>>) -> Vec<u8> {
    let count = (inputs.len() as u32).to_be_bytes().to_vec();
    let tag = [&[KEY_TAG.len() as u8], &KEY_TAG[..]].concat();
    [vec![tag, alpha], g2.to_vec(), vec![count], inputs].concat().concat()
}

/// A proof in NEBRA's form: key, inputs and proof in one object.
struct Foreign {
    key: Vec<u8>,
    words: Vec<Word>,
    proof: Vec<u8>,
}

impl Foreign {
    fn nebra(value: &Value) -> Self {
        let (vk, proof) = (&value["vk"], &value["proof"]);
        let inputs = vk["s"].as_array().unwrap().iter().map(g1).collect();
        Self {
            key: key(g1(&vk["alpha"]), [&vk["beta"], &vk["gamma"], &vk["delta"]].map(g2), inputs),
            words: words(&value["inputs"]),
            proof: [g1(&proof["pi_a"]), g2(&proof["pi_b"]), g1(&proof["pi_c"])].concat(),
        }
    }

    fn gnark(name: &str) -> Self {
        let vk = json(&format!("gnark/{name}.vk.json"));
        let proof = json(&format!("gnark/{name}.proof.json"));
        let inputs = vk["G1"]["K"].as_array().unwrap().iter().map(gnark_g1).collect();
        let points = ["Beta", "Gamma", "Delta"].map(|point| gnark_g2(&vk["G2"][point]));
        Self {
            key: key(gnark_g1(&vk["G1"]["Alpha"]), points, inputs),
            words: words(&json(&format!("gnark/{name}.inputs.json"))),
            proof: [gnark_g1(&proof["Ar"]), gnark_g2(&proof["Bs"]), gnark_g1(&proof["Krs"])].concat(),
        }
    }

    fn risc0() -> Self {
        let (vk, proof) = (json("risc0/verification_key.json"), json("risc0/proof.json"));
        let inputs = vk["IC"].as_array().unwrap().iter().map(g1).collect();
        let points = ["vk_beta_2", "vk_gamma_2", "vk_delta_2"].map(|point| g2(&vk[point]));
        Self {
            key: key(g1(&vk["vk_alpha_1"]), points, inputs),
            words: words(&json("risc0/public.json")),
            proof: [g1(&proof["pi_a"]), g2(&proof["pi_b"]), g1(&proof["pi_c"])].concat(),
        }
    }

    fn verify(&self) -> Result<VerifiedProof, VerifyError> {
        let vk = VerifyingKey::from_bytes(&self.key).map_err(VerifyError::Key)?.digest();
        let document = ProofDocument {
            version: ProofVersion::V1,
            statement: Statement::new(ProofSystem::Groth16Bn254, vk, self.words.clone()).unwrap(),
            key: self.key.clone(),
            // Says less than is true of these keys, of which we have no label that says more.
            setup: Setup::Development,
            proof: self.proof.clone(),
        };
        verify_proof(&document.to_json())
    }

    /// Every public input raised by one, each by itself.
    fn is_bound_to_its_words(&mut self) -> bool {
        (0..self.words.len()).all(|index| {
            let word = self.words[index];
            let mut bytes = *word.as_bytes();
            bytes[31] ^= 1;
            self.words[index] = bytes.into();
            let refused = matches!(self.verify(), Err(VerifyError::Equation));
            self.words[index] = word;
            refused
        })
    }
}

fn nebra() -> Vec<Foreign> {
    let file = json("nebra/universal_batch_verifier_8_proofs.json");
    file.as_array().unwrap().iter().map(Foreign::nebra).collect()
}

#[test]
fn circom_proofs_verify() {
    let mut proofs = nebra();
    assert_eq!(proofs.len(), 8);
    for (index, proof) in proofs.iter_mut().enumerate() {
        let verified = proof.verify().unwrap();
        assert_eq!(verified.statement.public_inputs().words(), proof.words, "proof {index}");
        assert!(proof.is_bound_to_its_words(), "proof {index}");
    }
}

/// Attack: proofs of other statements of the same program, and of other programs.
#[test]
fn proofs_of_other_statements_are_rejected() {
    let proofs = nebra();
    for (index, statement) in proofs.iter().enumerate() {
        for (other, proof) in proofs.iter().enumerate().filter(|(other, _)| *other != index) {
            let mixed = Foreign {
                key: statement.key.clone(),
                words: statement.words.clone(),
                proof: proof.proof.clone(),
            };
            assert!(matches!(mixed.verify(), Err(VerifyError::Equation)), "proof {other} for {index}");
        }
    }
}

#[test]
fn proof_known_to_be_invalid_is_rejected() {
    let error = Foreign::nebra(&json("nebra/invalid_proof.upa.json")).verify().unwrap_err();
    assert!(matches!(error, VerifyError::Equation), "{error}");
}

#[test]
fn gnark_proof_verifies() {
    let mut proof = Foreign::gnark("no_commitment");
    proof.verify().unwrap();
    assert!(proof.is_bound_to_its_words());
}

/// gnark's commitment adds a term to the equation and an input point to the key. Left out, nothing may pass: neither as
/// it is nor with some word in the place of the commitment.
#[test]
fn gnark_proof_with_a_commitment_is_rejected() {
    let mut proof = Foreign::gnark("private_commitment");
    let error = proof.verify().unwrap_err();
    assert!(matches!(error, VerifyError::InputCount { expected: 2, got: 1 }), "{error}");
    proof.words.push(0.into());
    assert!(matches!(proof.verify(), Err(VerifyError::Equation)));
}

#[test]
fn risc_zero_proof_verifies() {
    let mut proof = Foreign::risc0();
    assert_eq!(proof.words.len(), 81);
    proof.verify().unwrap();
    proof.words.swap(80, 0);
    assert!(matches!(proof.verify(), Err(VerifyError::Equation)));
}

/// The most likely mistake of a converter: G2 with the real part first.
#[test]
fn real_part_first_is_rejected() {
    let mut proof = Foreign::risc0();
    proof.proof[64..192].as_chunks_mut::<64>().0.iter_mut().for_each(|coordinate| coordinate.rotate_left(32));
    let error = proof.verify().unwrap_err();
    assert!(matches!(error, VerifyError::Proof(EncodingError::NotOnCurve { point: Point::B })), "{error}");
}

//! `vectors/batches.json`, which the contracts' tests read too.
//!
//! Written again with `SHEAF_WRITE_VECTORS=1 cargo test -p sheaf-settlement vectors`.

use std::path::Path;

use alloy::primitives::hex::ToHexExt;
use serde::{Deserialize, Serialize};

use super::*;

/// Numbers as 32-byte words, so that Solidity reads every field as `bytes32` or `bytes`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    calldata: String,
    size: u32,
    runs: usize,
    r: [String; 2],
    s: [String; 2],
    public_inputs: [String; 2],
    root: String,
    leaves: Vec<VectorLeaf>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct VectorLeaf {
    program: String,
    public_inputs: String,
    context: String,
    leaf: String,
    path: EvmPath,
}

fn text(word: impl Into<U256>) -> String {
    format!("0x{:064x}", word.into())
}

fn word(bytes: B256) -> String {
    bytes.encode_hex_with_prefix()
}

fn vector(name: &str, batch: &BatchCalldata) -> Vector {
    let tree = batch.tree();
    let (r, s) = (batch.challenge(), batch.evaluation());
    let leaves = batch.leaves().enumerate().map(|(i, leaf)| VectorLeaf {
        program: word(leaf.program),
        public_inputs: word(leaf.public_inputs),
        context: word(leaf.context()),
        leaf: word(tree.leaves()[i]),
        path: tree.path(i).unwrap(),
    });
    Vector {
        name: name.to_owned(),
        calldata: batch.to_bytes().encode_hex_with_prefix(),
        size: batch.size(),
        runs: batch.runs().len(),
        r: [text(U256::from(r.c0)), text(U256::from(r.c1))],
        s: [text(U256::from(s.c0)), text(U256::from(s.c1))],
        public_inputs: batch.public_inputs().map(text),
        root: word(batch.root()),
        leaves: leaves.collect(),
    }
}

/// A digest with canonical elements, from a text.
fn digest(text: &str) -> B256 {
    let limbs = U256::from_be_bytes(keccak256(text).0).into_limbs().map(|limb| limb % MODULUS);
    B256::from(U256::from_limbs(limbs).to_be_bytes::<32>())
}

/// Program, system, statements.
type RunOf = (&'static str, ProofSystem, u32);

/// The proofs prove nothing: what is tested is all that surrounds them.
fn batch(name: &str, runs: &[RunOf]) -> BatchCalldata {
    let proof = std::array::from_fn(|i| U256::from_be_bytes(keccak256(format!("{name}/proof/{i}")).0) >> 3);
    let leaves = runs.iter().flat_map(|(program, system, count)| {
        (0..*count).map(move |i| Leaf {
            program: digest(program),
            system: *system.id().as_bytes(),
            public_inputs: digest(&format!("{program}/{i}")),
        })
    });
    BatchCalldata::of_leaves(proof, digest(&format!("{name}/commitment")), &leaves.collect::<Vec<_>>())
        .unwrap()
}

fn vectors() -> Vec<Vector> {
    use ProofSystem::{Groth16Bn254 as G, Plonky2Goldilocks as P};

    let largest = U256::from_limbs([MODULUS - 1; 4]);
    let edge = Leaf { program: largest.into(), system: [0xff; 4], public_inputs: largest.into() };
    let edge = BatchCalldata::of_leaves([U256::ZERO; 8], largest.into(), &[edge, edge]).unwrap();
    let cases: [(&str, &[RunOf]); 6] = [
        ("one", &[("a", P, 1)]),
        ("two", &[("a", P, 2)]),
        ("three in two runs", &[("a", P, 2), ("b", P, 1)]),
        ("five in two runs", &[("a", P, 4), ("b", G, 1)]),
        ("eight in three runs", &[("a", P, 3), ("b", P, 4), ("c", G, 1)]),
        ("one program under two systems", &[("a", P, 1), ("a", G, 2), ("a", P, 1)]),
    ];
    let mut vectors: Vec<_> = cases.iter().map(|(name, runs)| vector(name, &batch(name, runs))).collect();
    vectors.push(vector("largest elements", &edge));
    vectors
}

#[test]
fn vectors_are_those_of_the_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/batches.json");
    if std::env::var_os("SHEAF_WRITE_VECTORS").is_some() {
        std::fs::write(&path, serde_json::to_string_pretty(&vectors()).unwrap() + "\n").unwrap();
    }
    let file: Vec<Vector> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(file, vectors());
    for vector in file {
        let bytes = hex::decode(&vector.calldata[2..]).unwrap();
        assert_eq!(BatchCalldata::from_bytes(&bytes).unwrap().to_bytes(), bytes, "{}", vector.name);
    }
}

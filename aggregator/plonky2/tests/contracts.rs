//! What contracts compute of public values is what circuits compute: one file of vectors for both.

use plonky2::field::types::Field;
use sheaf_plonky2::F;
use sheaf_plonky2::hash::{GOLDILOCKS_MODULUS, Tag, tagged_hash};

#[derive(serde::Deserialize)]
struct Vectors {
    values: Vec<Vec<String>>,
    digests: Vec<String>,
}

#[test]
fn digests_of_public_values_are_the_contracts() {
    let text = include_str!("../../../clients/contracts/test/vectors/public_inputs.json");
    let vectors: Vectors = serde_json::from_str(text).unwrap();
    assert!(vectors.values.len() > 5 && vectors.values.len() == vectors.digests.len());
    for (values, expected) in vectors.values.iter().zip(&vectors.digests) {
        let element = |text: &String| {
            let value: i128 = text.parse().unwrap();
            let canonical = value.rem_euclid(i128::from(GOLDILOCKS_MODULUS));
            F::from_canonical_u64(u64::try_from(canonical).unwrap())
        };
        let values: Vec<F> = values.iter().map(element).collect();
        assert_eq!(&tagged_hash(Tag::PublicInputs, &values).to_string(), expected);
    }
}

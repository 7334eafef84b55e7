use super::*;
use crate::{Layer, LayerKind, Operand, Origin, Postprocess, Term, Weight};

fn model() -> QuantisedModel {
    let rows =
        vec![vec![Term { operand: Operand::Value(0), weight: 0 }, Term { operand: Operand::One, weight: 1 }]];
    QuantisedModel {
        model_digest: [7; 32],
        scale_bits: 8,
        input_shape: vec![1],
        output_shape: vec![1],
        weights: vec![
            Weight { value: 300, origin: Origin::Parameter },
            Weight { value: -1, origin: Origin::Structural },
        ],
        layers: vec![Layer { node: "row".into(), kind: LayerKind::Linear { rows, relu: true } }],
        outputs: vec![1],
        postprocess: Postprocess::Softmax,
    }
}

#[test]
fn model_survives_its_encoding() {
    let bytes = model().to_bytes().unwrap();
    assert_eq!(QuantisedModel::from_bytes(&bytes).unwrap(), model());
}

#[test]
fn encoding_is_pinned() {
    // Program identities depend on these bytes. A change needs another version in the tag.
    let bytes = model().to_bytes().unwrap();
    let body = &bytes[TAG.len() + 32..];
    assert_eq!(&bytes[..TAG.len()], b"sheaf/quantised-model/v1\n");
    assert_eq!(
        body,
        [8, 1, 1, 1, 1, 2, 0xd8, 4, 0, 1, 1, 1, 3, b'r', b'o', b'w', 0, 1, 2, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    );
}

#[test]
fn every_truncation_is_rejected() {
    let bytes = model().to_bytes().unwrap();
    for length in 0..bytes.len() {
        let error = QuantisedModel::from_bytes(&bytes[..length]).unwrap_err();
        let expected = if length < TAG.len() { "SH-MOD-021" } else { "SH-MOD-022" };
        assert_eq!(error.code(), expected, "{length} bytes");
    }
}

#[test]
fn trailing_bytes_are_rejected() {
    let mut bytes = model().to_bytes().unwrap();
    bytes.push(0);
    assert_eq!(QuantisedModel::from_bytes(&bytes), Err(DecodeError::Trailing { got: 1 }));
}

#[test]
fn padded_integer_is_rejected() {
    // Postcard reads 0x88 0x00 as 8 too; the same model must not have two encodings.
    let mut bytes = model().to_bytes().unwrap();
    let at = TAG.len() + 32;
    assert_eq!(bytes[at], 8);
    bytes.splice(at..=at, [0x88, 0]);
    assert_eq!(QuantisedModel::from_bytes(&bytes), Err(DecodeError::NonCanonical));
}

#[test]
fn other_version_is_rejected() {
    let mut bytes = model().to_bytes().unwrap();
    bytes[TAG.len() - 2] = b'2';
    assert_eq!(QuantisedModel::from_bytes(&bytes), Err(DecodeError::Tag));
}

#[test]
fn decoded_model_is_validated() {
    let mut invalid = model();
    invalid.scale_bits = 17;
    let bytes = invalid.to_bytes().unwrap();
    let expected = DecodeError::Invalid(ModelError::ScaleBits { got: 17 });
    assert_eq!(QuantisedModel::from_bytes(&bytes), Err(expected));
}

#[test]
fn claimed_lengths_are_not_allocated() {
    // A list of 2^63 weights in ten bytes.
    let mut bytes = TAG.to_vec();
    bytes.extend([0; 32]);
    bytes.extend([8, 0, 0]);
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]);
    assert_eq!(QuantisedModel::from_bytes(&bytes).unwrap_err().code(), "SH-MOD-022");
}

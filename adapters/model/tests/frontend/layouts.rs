//! Operators that only move values.

use tract_onnx::pb::AttributeProto;

use crate::compare::{agrees, kinds};
use crate::protos::*;

/// x → op → y. Inputs are random, so a wrong order shows.
fn moved(opset: i64, input: &[i64], op: &str, operands: &[&str], attributes: Vec<AttributeProto>) -> Net {
    Net::new(opset, input).node(op, operands, "y", attributes)
}

#[test]
fn transposes() {
    for perm in [&[0, 2, 1, 3][..], &[0, 3, 1, 2], &[3, 2, 1, 0]] {
        let model = agrees(&moved(13, &[1, 2, 3, 4], "Transpose", &["x"], vec![ints("perm", perm)]));
        assert!(model.layers.is_empty());
    }
    agrees(&moved(13, &[1, 2, 3], "Transpose", &["x"], vec![]));
}

#[test]
fn reshapes() {
    let cases: [(&[i64], &[u32]); 5] = [
        (&[1, 24], &[1, 24]),
        (&[0, -1], &[1, 24]),
        (&[0, 0, 12], &[1, 2, 12]),
        (&[4, -1, 2], &[4, 3, 2]),
        (&[-1], &[24]),
    ];
    for (target, expected) in cases {
        let net = Net::new(13, &[1, 2, 3, 4]).with(integers("shape", target));
        let model = agrees(&net.node("Reshape", &["x", "shape"], "y", vec![]));
        assert_eq!(model.output_shape, expected);
    }
}

#[test]
fn flatten_at_every_axis() {
    let cases: [(i64, [u32; 2]); 5] = [(0, [1, 24]), (1, [1, 24]), (2, [2, 12]), (-1, [6, 4]), (4, [24, 1])];
    for (axis, expected) in cases {
        let model = agrees(&moved(13, &[1, 2, 3, 4], "Flatten", &["x"], vec![int("axis", axis)]));
        assert_eq!(model.output_shape, expected);
    }
}

#[test]
fn squeeze_and_unsqueeze_by_attribute_and_operand() {
    let squeezed = vec![ints("axes", &[1])];
    assert_eq!(agrees(&moved(11, &[1, 1, 3], "Squeeze", &["x"], squeezed)).output_shape, [1, 3]);
    let unsqueezed = vec![ints("axes", &[1, 4])];
    assert_eq!(agrees(&moved(11, &[1, 3, 2], "Unsqueeze", &["x"], unsqueezed)).output_shape, [1, 1, 3, 2, 1]);
    let net = Net::new(13, &[1, 1, 3]).with(integers("axes", &[-2]));
    assert_eq!(agrees(&net.node("Squeeze", &["x", "axes"], "y", vec![])).output_shape, [1, 3]);
    let net = Net::new(13, &[1, 3]).with(integers("axes", &[0, -1]));
    assert_eq!(agrees(&net.node("Unsqueeze", &["x", "axes"], "y", vec![])).output_shape, [1, 1, 3, 1]);
}

#[test]
fn concat_along_every_axis() {
    for axis in [1, 2, -1] {
        let mut random = Random::new(30);
        let net = Net::new(13, &[1, 2, 3])
            .with(random.tensor("w", &[3, 3]))
            .node("MatMul", &["x", "w"], "h", vec![])
            .node("Concat", &["x", "h", "x"], "y", vec![int("axis", axis)]);
        agrees(&net);
    }
}

#[test]
fn relu_is_not_fused_through_a_value_that_concat_repeats() {
    let mut random = Random::new(31);
    let net = Net::new(13, &[1, 3])
        .with(random.tensor("w", &[3, 3]))
        .node("MatMul", &["x", "w"], "h", vec![])
        .node("Concat", &["h", "h"], "c", vec![int("axis", 1)])
        .node("Relu", &["c"], "y", vec![]);
    assert_eq!(kinds(&agrees(&net)), ["linear", "relu"]);
}

#[test]
fn relu_and_bias_are_fused_through_a_transpose() {
    let mut random = Random::new(32);
    let net = Net::new(13, &[1, 2, 3])
        .with(random.tensor("w", &[3, 4]))
        .with(random.tensor("b", &[2]))
        .node("MatMul", &["x", "w"], "h", vec![])
        .node("Transpose", &["h"], "t", vec![ints("perm", &[0, 2, 1])])
        .node("Add", &["t", "b"], "s", vec![])
        .node("Relu", &["s"], "y", vec![]);
    assert_eq!(kinds(&agrees(&net)), ["linear+"]);
}

#[test]
fn constants_in_nodes_and_moved_constants() {
    let mut random = Random::new(33);
    let net = Net::new(13, &[1, 3])
        .node("Constant", &[], "w", vec![tensor("value", random.tensor("", &[4, 3]))])
        .node("Constant", &[], "half", vec![float("value_float", 0.5)])
        .node("Transpose", &["w"], "t", vec![])
        .node("MatMul", &["x", "t"], "h", vec![])
        .node("Mul", &["h", "half"], "s", vec![])
        .node("Constant", &[], "shape", vec![ints("value_ints", &[2, 2])])
        .node("Reshape", &["s", "shape"], "y", vec![]);
    assert_eq!(kinds(&agrees(&net)), ["linear"]);
}

#[test]
fn identity_and_dropout_change_nothing() {
    let net = Net::new(13, &[1, 3])
        .node("Dropout", &["x"], "h", vec![])
        .node("Identity", &["h"], "i", vec![])
        .node("Relu", &["i"], "y", vec![]);
    agrees(&net);
}

#[test]
fn reshape_computed_from_the_shape_as_exporters_write_it() {
    // PyTorch's `x.view(x.shape[0], -1)`.
    let net = Net::new(13, &[1, 2, 3])
        .node("Shape", &["x"], "dims", vec![])
        .node("Constant", &[], "zero", vec![tensor("value", scalar(0))])
        .node("Gather", &["dims", "zero"], "batch", vec![int("axis", 0)])
        .with(integers("axis0", &[0]))
        .with(integers("rest", &[-1]))
        .node("Unsqueeze", &["batch", "axis0"], "batches", vec![])
        .node("Concat", &["batches", "rest"], "shape", vec![int("axis", 0)])
        .node("Reshape", &["x", "shape"], "y", vec![]);
    assert_eq!(agrees(&net).output_shape, [1, 6]);
}

fn scalar(value: i64) -> tract_onnx::pb::TensorProto {
    let mut tensor = integers("", &[value]);
    tensor.dims.clear();
    tensor
}

#[test]
fn image_in_rows_is_moved_to_channels_and_back() {
    let mut random = Random::new(34);
    let net = Net::new(13, &[1, 5, 5, 2])
        .with(random.tensor("w", &[3, 2, 3, 3]))
        .node("Transpose", &["x"], "t", vec![ints("perm", &[0, 3, 1, 2])])
        .node("Conv", &["t", "w"], "c", vec![])
        .node("Transpose", &["c"], "b", vec![ints("perm", &[0, 2, 3, 1])])
        .node("Relu", &["b"], "y", vec![]);
    assert_eq!(kinds(&agrees(&net)), ["linear+"]);
}

#[test]
fn unknown_batch_is_one() {
    for batch in [0, -1] {
        let net = Net::new(13, &[batch, 3]).node("Relu", &["x"], "y", vec![]);
        let model = sheaf_model::onnx::compile(&net.bytes(), 8).unwrap();
        assert_eq!(model.input_shape, [1, 3]);
    }
}

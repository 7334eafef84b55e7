//! Conv, pools and batch normalisation.

use tract_onnx::pb::AttributeProto;

use crate::compare::{agrees, kinds};
use crate::protos::*;

/// x → Conv → y.
fn conv(input: &[i64], weights: &[i64], bias: bool, attributes: Vec<AttributeProto>) -> Net {
    let mut random = Random::new(20);
    let net = Net::new(13, input).with(random.tensor("w", weights)).with(random.tensor("b", &weights[..1]));
    let inputs: &[&str] = if bias { &["x", "w", "b"] } else { &["x", "w"] };
    net.node("Conv", inputs, "y", attributes)
}

#[test]
fn conv_with_every_geometry() {
    let image: &[i64] = &[1, 2, 7, 6];
    let cases: Vec<(&[i64], &[i64], Vec<AttributeProto>)> = vec![
        (image, &[3, 2, 3, 3], vec![]),
        (image, &[3, 2, 3, 2], vec![ints("kernel_shape", &[3, 2])]),
        (image, &[3, 2, 3, 3], vec![ints("pads", &[1, 1, 1, 1])]),
        (image, &[3, 2, 3, 3], vec![ints("pads", &[0, 2, 1, 0]), ints("strides", &[2, 3])]),
        (image, &[1, 2, 2, 2], vec![ints("dilations", &[2, 3]), ints("pads", &[1, 0, 0, 2])]),
        (image, &[4, 1, 3, 3], vec![int("group", 2)]),
        (&[1, 4, 5, 5], &[4, 1, 3, 3], vec![int("group", 4), ints("pads", &[1, 1, 1, 1])]),
        (&[1, 4, 5, 5], &[6, 2, 1, 1], vec![int("group", 2), ints("strides", &[2, 2])]),
        (&[1, 3, 9], &[2, 3, 4], vec![ints("strides", &[2]), ints("pads", &[2, 1])]),
        (&[1, 3, 9], &[3, 1, 3], vec![int("group", 3), ints("dilations", &[2])]),
        (image, &[2, 2, 3, 3], vec![text("auto_pad", "SAME_UPPER"), ints("strides", &[2, 2])]),
        (image, &[2, 2, 2, 2], vec![text("auto_pad", "SAME_LOWER")]),
        (image, &[2, 2, 2, 2], vec![text("auto_pad", "SAME_UPPER")]),
        (image, &[2, 2, 3, 3], vec![text("auto_pad", "VALID")]),
        (image, &[2, 2, 3, 3], vec![text("auto_pad", "NOTSET"), ints("pads", &[1, 1, 1, 1])]),
    ];
    for (input, weights, attributes) in cases {
        for bias in [false, true] {
            let net = conv(input, weights, bias, attributes.clone());
            let model = agrees(&net);
            let expected = weights.iter().product::<i64>() + if bias { weights[0] } else { 0 };
            assert_eq!(model.weights.len() as i64, expected, "one weight per kernel element: {attributes:?}");
        }
    }
}

/// x → op → y.
fn pool(op: &str, opset: i64, input: &[i64], attributes: Vec<AttributeProto>) -> Net {
    Net::new(opset, input).node(op, &["x"], "y", attributes)
}

#[test]
fn pools_with_every_geometry() {
    let cases: Vec<(&[i64], Vec<AttributeProto>)> = vec![
        (&[1, 2, 6, 7], vec![ints("kernel_shape", &[2, 2])]),
        (&[1, 2, 6, 7], vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])]),
        (&[1, 2, 6, 7], vec![ints("kernel_shape", &[3, 3]), ints("pads", &[1, 1, 1, 1])]),
        (
            &[1, 2, 6, 7],
            vec![ints("kernel_shape", &[3, 2]), ints("pads", &[2, 0, 1, 1]), ints("strides", &[1, 2])],
        ),
        (&[1, 2, 6, 7], vec![ints("kernel_shape", &[3, 3]), ints("strides", &[2, 2]), int("ceil_mode", 1)]),
        (&[1, 3, 8], vec![ints("kernel_shape", &[3]), ints("strides", &[2]), ints("pads", &[1, 1])]),
        (
            &[1, 2, 6, 7],
            vec![ints("kernel_shape", &[3, 3]), text("auto_pad", "SAME_UPPER"), ints("strides", &[2, 2])],
        ),
        (&[1, 2, 6, 7], vec![ints("kernel_shape", &[2, 2]), text("auto_pad", "SAME_LOWER")]),
        (&[1, 2, 6, 7], vec![ints("kernel_shape", &[2, 2]), text("auto_pad", "VALID")]),
    ];
    for (input, attributes) in cases {
        agrees(&pool("MaxPool", 12, input, attributes.clone()));
        agrees(&pool("AveragePool", 11, input, attributes.clone()));
        if !attributes.iter().any(|a| a.name == "ceil_mode") {
            agrees(&pool("AveragePool", 11, input, [attributes, vec![int("count_include_pad", 1)]].concat()));
        }
    }
    let dilated = vec![ints("kernel_shape", &[2, 2]), ints("dilations", &[2, 3])];
    agrees(&pool("MaxPool", 12, &[1, 2, 6, 7], dilated));
}

#[test]
fn padding_does_not_win_a_maximum_of_negative_values() {
    // With padded cells as zeros, every border would be 0.
    let mut net = Net::new(13, &[1, 1, 4, 4]).with(floats("c", &[], &[-5.0]));
    net = net.node("Add", &["x", "c"], "h", vec![]);
    net = net.node("MaxPool", &["h"], "y", vec![ints("kernel_shape", &[3, 3]), ints("pads", &[1, 1, 1, 1])]);
    agrees(&net);
}

#[test]
fn ceil_mode_drops_a_window_that_starts_in_the_padding() {
    // Cells 0..5, padded by 1 on both sides, kernel 2, stride 3: windows at −1, 2 and 5. The last starts in padding.
    let attributes =
        vec![ints("kernel_shape", &[2]), ints("strides", &[3]), ints("pads", &[1, 1]), int("ceil_mode", 1)];
    let model = sheaf_model::onnx::compile(&pool("MaxPool", 12, &[1, 1, 5], attributes).bytes(), 8).unwrap();
    assert_eq!(model.output_shape, [1, 1, 2]);
}

#[test]
fn global_pools_and_means() {
    for input in [&[1, 3, 5, 5][..], &[1, 3, 7]] {
        agrees(&pool("GlobalAveragePool", 13, input, vec![]));
        agrees(&pool("GlobalMaxPool", 13, input, vec![]));
    }
    for (axes, keep) in [(&[2, 3][..], 1), (&[-1, -2], 0), (&[1], 0)] {
        agrees(&pool("ReduceMean", 13, &[1, 3, 4, 5], vec![ints("axes", axes), int("keepdims", keep)]));
    }
    let net = Net::new(18, &[1, 3, 4, 5]).with(integers("axes", &[2, 3]));
    agrees(&net.node("ReduceMean", &["x", "axes"], "y", vec![int("keepdims", 0)]));
}

fn batch_norm(net: Net, input: &str, output: &str, channels: i64) -> Net {
    let mut random = Random::new(21);
    let variance: Vec<f32> = (0..channels).map(|_| 0.6 + 0.5 * random.unit()).collect();
    net.with(random.tensor("gain", &[channels]))
        .with(random.tensor("beta", &[channels]))
        .with(random.tensor("mean", &[channels]))
        .with(floats("variance", &[channels], &variance))
        .node(
            "BatchNormalization",
            &[input, "gain", "beta", "mean", "variance"],
            output,
            vec![float("epsilon", 1e-3), float("momentum", 0.9)],
        )
}

#[test]
fn batch_norm_folds_into_the_convolution_before() {
    let net = Net::new(13, &[1, 2, 6, 6])
        .with(Random::new(22).tensor("w", &[3, 2, 3, 3]))
        .with(Random::new(23).tensor("b", &[3]))
        .node("Conv", &["x", "w", "b"], "c", vec![ints("pads", &[1, 1, 1, 1])]);
    let net = batch_norm(net, "c", "n", 3).node("Relu", &["n"], "y", vec![]);
    let model = agrees(&net);
    assert_eq!(kinds(&model), ["linear+"]);
    assert_eq!(model.weights.len(), 3 * 2 * 9 + 3 + 3);
}

#[test]
fn batch_norm_alone_is_one_scale_and_bias_per_channel() {
    for input in [&[1, 3, 4, 4][..], &[1, 3, 4], &[1, 3]] {
        let model = agrees(&batch_norm(Net::new(13, input), "x", "y", 3));
        assert_eq!(kinds(&model), ["linear"]);
        assert_eq!(model.weights.len(), 6);
    }
}

#[test]
fn residual_network() {
    let mut random = Random::new(24);
    let pads = || vec![ints("pads", &[1, 1, 1, 1])];
    let net = Net::new(13, &[1, 3, 6, 6])
        .with(random.tensor("w0", &[3, 3, 3, 3]))
        .with(random.tensor("w1", &[3, 3, 3, 3]))
        .with(random.tensor("w2", &[3, 4]))
        .node("Conv", &["x", "w0"], "c0", pads());
    let net = batch_norm(net, "c0", "n0", 3)
        .node("Relu", &["n0"], "r0", vec![])
        .node("Conv", &["r0", "w1"], "c1", pads())
        .node("Add", &["c1", "r0"], "a", vec![])
        .node("Relu", &["a"], "r1", vec![])
        .node("GlobalAveragePool", &["r1"], "p", vec![])
        .node("Flatten", &["p"], "f", vec![])
        .node("MatMul", &["f", "w2"], "y", vec![]);
    assert_eq!(kinds(&agrees(&net)), ["linear+", "linear", "add+", "linear", "linear"]);
}

//! The ends of classifiers: ArgMax, Softmax, LogSoftmax.

use sheaf_model::onnx::{OnnxError, compile};
use sheaf_model::reference::{execute, quantise_input};
use sheaf_model::{LayerKind, Postprocess};

use crate::compare::{SCALE_BITS, agrees, kinds, tract};
use crate::protos::*;

#[test]
fn arg_max_over_every_axis() {
    for (axis, keep) in [(1, 1), (2, 0), (-1, 1), (-2, 0)] {
        let net = Net::new(13, &[1, 4, 5]);
        let model = agrees(&net.node("ArgMax", &["x"], "y", vec![int("axis", axis), int("keepdims", keep)]));
        assert_eq!(model.postprocess, Postprocess::Index);
        assert_eq!(kinds(&model), ["argmax"]);
    }
}

#[test]
fn ties_go_to_the_first_as_in_the_runtime() {
    let net = Net::new(13, &[1, 4]).node("ArgMax", &["x"], "y", vec![int("axis", 1)]);
    let bytes = net.bytes();
    let model = compile(&bytes, SCALE_BITS).unwrap();
    for input in [[1.0, 2.0, 2.0, 0.0], [0.5; 4], [-1.0, -2.0, -1.0, -1.0], [0.0, 0.0, 0.0, 1.0]] {
        let reals = input.map(f64::from);
        let got = execute(&model, &quantise_input(&model, &reals).unwrap()).unwrap().outputs;
        assert_eq!(
            got.iter().map(|&i| i as f64).collect::<Vec<_>>(),
            tract(&bytes, &[1, 4], &input),
            "{input:?}"
        );
    }
}

#[test]
fn arg_max_may_be_squeezed_and_cast() {
    let net = Net::new(13, &[1, 4])
        .with(integers("axes", &[0]))
        .node("ArgMax", &["x"], "a", vec![int("axis", 1)])
        .node("Squeeze", &["a", "axes"], "s", vec![])
        .node("Cast", &["s"], "y", vec![int("to", 1)]);
    let model = agrees(&net);
    assert_eq!(model.output_shape, [1]);
    assert_eq!(model.postprocess, Postprocess::Index);
}

#[test]
fn last_softmax_is_left_to_the_reader() {
    for (op, expected) in [("Softmax", Postprocess::Softmax), ("LogSoftmax", Postprocess::LogSoftmax)] {
        for (opset, attributes) in
            [(13, vec![]), (13, vec![int("axis", 1)]), (11, vec![]), (11, vec![int("axis", 0)])]
        {
            let mut random = Random::new(40);
            let net = Net::new(opset, &[1, 3])
                .with(random.tensor("w", &[3, 4]))
                .node("MatMul", &["x", "w"], "h", vec![])
                .node(op, &["h"], "y", attributes);
            let model = compile(&net.bytes(), SCALE_BITS).unwrap();
            assert_eq!((model.postprocess, kinds(&model)), (expected, vec!["linear"]));

            let input = [0.3, -0.7, 0.9];
            let logits = execute(&model, &quantise_input(&model, &input).unwrap()).unwrap().outputs;
            let powers: Vec<f64> = logits.iter().map(|&l| (l as f64 / 65536.0).exp()).collect();
            let total: f64 = powers.iter().sum();
            let runtime = tract(&net.bytes(), &[1, 3], &input.map(|x| x as f32));
            for (power, runtime) in powers.iter().zip(runtime) {
                let ours = if op == "Softmax" { power / total } else { (power / total).ln() };
                assert!((ours - runtime).abs() < 1e-3, "expected {runtime}, got {ours}");
            }
        }
    }
}

#[test]
fn softmax_before_arg_max_is_dropped() {
    for (opset, attributes) in [(13, vec![]), (13, vec![int("axis", 1)]), (11, vec![])] {
        let net = Net::new(opset, &[1, 4]).node("Softmax", &["x"], "p", attributes).node(
            "ArgMax",
            &["p"],
            "y",
            vec![int("axis", 1)],
        );
        let model = agrees(&net);
        assert!(matches!(model.layers[0].kind, LayerKind::ArgMax { .. }));
        assert_eq!(model.postprocess, Postprocess::Index);
    }
}

fn refused(net: &Net, node: &str, expected: &'static str) {
    let error = compile(&net.bytes(), 8).unwrap_err();
    assert_eq!(error, OnnxError::Unsupported { node: node.into(), what: expected });
}

#[test]
fn softmax_elsewhere_is_refused() {
    let elsewhere = "Softmax that is neither the last operator nor followed by ArgMax";
    let net = Net::new(13, &[1, 4]).node("Softmax", &["x"], "p", vec![]).node("Relu", &["p"], "y", vec![]);
    refused(&net, "node_p", elsewhere);
    let net = Net::new(13, &[1, 4])
        .node("Softmax", &["x"], "p", vec![])
        .node("ArgMax", &["p"], "a", vec![int("axis", 1)])
        .node("Softmax", &["p"], "q", vec![])
        .node("ArgMax", &["q"], "b", vec![int("axis", 1)])
        .node("Concat", &["a", "b"], "y", vec![int("axis", 0)]);
    refused(&net, "node_p", elsewhere);
    let net = Net::new(13, &[1, 4, 3]).node("Softmax", &["x"], "p", vec![int("axis", 1)]).node(
        "ArgMax",
        &["p"],
        "y",
        vec![int("axis", 2)],
    );
    refused(&net, "node_p", "Softmax followed by ArgMax over another axis");
    let net = Net::new(13, &[1, 4, 3]).node("Softmax", &["x"], "y", vec![int("axis", 1)]);
    refused(&net, "node_y", "a last Softmax over groups: expected one group of all outputs");
}

#[test]
fn class_indices_are_not_computed_with() {
    let net = Net::new(13, &[1, 4])
        .with(floats("one", &[], &[1.0]))
        .node("ArgMax", &["x"], "a", vec![int("axis", 1)])
        .node("Add", &["a", "one"], "y", vec![]);
    refused(&net, "node_y", "arithmetic without an activation");
    let net = Net::new(13, &[1, 4]).node("ArgMax", &["x"], "a", vec![]).node("Relu", &["a"], "y", vec![]);
    let error = compile(&net.bytes(), 8).unwrap_err();
    let (expected, got) = ("an activation", "class indices");
    assert_eq!(error, OnnxError::Operand { node: "node_y".into(), index: 0, expected, got });
}

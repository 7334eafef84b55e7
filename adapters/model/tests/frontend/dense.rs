//! Gemm, MatMul and element-wise operators.

use crate::compare::{agrees, agrees_within, kinds};
use crate::protos::*;

#[test]
fn gemm_with_all_attributes() {
    for (trans_b, dims) in [(0, [6, 4]), (1, [4, 6])] {
        let mut random = Random::new(1);
        let net = Net::new(13, &[1, 6]).with(random.tensor("w", &dims)).with(random.tensor("c", &[4])).node(
            "Gemm",
            &["x", "w", "c"],
            "y",
            vec![float("alpha", 0.5), float("beta", -2.0), int("transB", trans_b)],
        );
        let model = agrees(&net);
        assert_eq!(kinds(&model), ["linear"]);
        assert_eq!(model.weights.len(), 6 * 4 + 4);
    }
}

#[test]
fn gemm_without_bias_and_constant_on_the_left() {
    let mut random = Random::new(2);
    let net = Net::new(13, &[1, 3])
        .with(random.tensor("w", &[3, 5]))
        .node("Gemm", &["x", "w"], "h", vec![])
        .with(integers("shape", &[5, 1]))
        .node("Reshape", &["h", "shape"], "column", vec![])
        .with(random.tensor("b", &[5, 4]))
        .node("Gemm", &["b", "column"], "y", vec![int("transA", 1)]);
    agrees(&net);
}

#[test]
fn matmul_and_add_become_one_layer_with_relu() {
    let mut random = Random::new(3);
    let net = Net::new(13, &[1, 6])
        .with(random.tensor("w", &[6, 4]))
        .with(random.tensor("b", &[4]))
        .node("MatMul", &["x", "w"], "h", vec![])
        .node("Add", &["b", "h"], "s", vec![])
        .node("Relu", &["s"], "y", vec![]);
    let model = agrees(&net);
    assert_eq!(kinds(&model), ["linear+"]);
    assert_eq!(model.layers[0].node, "node_h");
}

#[test]
fn nothing_is_fused_into_a_layer_with_another_consumer() {
    let mut random = Random::new(4);
    let net = Net::new(13, &[1, 6])
        .with(random.tensor("w", &[6, 4]))
        .with(random.tensor("b", &[4]))
        .node("MatMul", &["x", "w"], "h", vec![])
        .node("Add", &["h", "b"], "s", vec![])
        .node("Relu", &["h"], "r", vec![])
        .node("Add", &["s", "r"], "t", vec![])
        .node("Relu", &["t"], "y", vec![]);
    assert_eq!(kinds(&agrees(&net)), ["linear", "linear", "relu", "add+"]);
}

#[test]
fn output_is_a_consumer_too() {
    // `h` is dead but for the output `y`, which is `h` itself through Identity and a ReLU beside it.
    let mut random = Random::new(5);
    let net = Net::new(13, &[1, 6])
        .with(random.tensor("w", &[6, 4]))
        .node("MatMul", &["x", "w"], "y", vec![])
        .node("Relu", &["y"], "unused", vec![]);
    assert_eq!(kinds(&agrees(&net)), ["linear"]);
}

#[test]
fn matmul_of_higher_ranks_and_vectors() {
    for (input, left, weights) in [
        (&[1, 4][..], false, &[4][..]),
        (&[1, 3, 4], false, &[4, 2]),
        (&[1, 3, 4], false, &[2, 4, 2]),
        (&[1, 2, 3, 4], false, &[2, 4, 5]),
        (&[1, 3, 4], true, &[5, 3]),
        (&[1, 3, 4], true, &[2, 5, 3]),
        (&[1, 3, 4], true, &[3]),
    ] {
        let mut random = Random::new(6);
        let operands = if left { ["w", "x"] } else { ["x", "w"] };
        let net =
            Net::new(13, input).with(random.tensor("w", weights)).node("MatMul", &operands, "y", vec![]);
        agrees(&net);
    }
}

#[test]
fn arithmetic_with_constants_on_both_sides_and_broadcasting() {
    for op in ["Add", "Sub", "Mul", "Div"] {
        for (constant, left) in [
            (&[][..], false),
            (&[1], false),
            (&[4], false),
            (&[3, 1], false),
            (&[1, 3, 4], false),
            (&[2, 3, 4], false),
            (&[2, 1, 1, 1], false),
            (&[3, 1], true),
        ] {
            if left && op == "Div" {
                continue;
            }
            let mut random = Random::new(7);
            // Away from zero, for Div.
            let length = constant.iter().product::<i64>() as usize;
            let values: Vec<f32> = (0..length).map(|_| 2.0 + random.unit()).collect();
            let operands = if left { ["c", "x"] } else { ["x", "c"] };
            let net = Net::new(13, &[1, 3, 4]).with(floats("c", constant, &values)).node(
                op,
                &operands,
                "y",
                vec![],
            );
            agrees(&net);
        }
    }
}

#[test]
fn scales_and_biases_fold_into_the_product_before() {
    let mut random = Random::new(8);
    let net = Net::new(13, &[1, 6])
        .with(random.tensor("w", &[6, 4]))
        .with(random.tensor("c", &[4]))
        .with(random.tensor("m", &[1, 4]))
        .with(floats("d", &[], &[3.0]))
        .with(random.tensor("s", &[4]))
        .node("Gemm", &["x", "w", "c"], "a", vec![])
        .node("Mul", &["a", "m"], "b", vec![])
        .node("Div", &["b", "d"], "e", vec![])
        .node("Sub", &["e", "s"], "f", vec![])
        .node("Relu", &["f"], "y", vec![]);
    assert_eq!(kinds(&agrees(&net)), ["linear+"]);
}

#[test]
fn a_shared_weight_is_not_scaled_in_two_ways() {
    // The kernel's weights are shared by positions, so a scale per position cannot go into them.
    let mut random = Random::new(9);
    let net = Net::new(13, &[1, 1, 6])
        .with(random.tensor("k", &[1, 1, 3]))
        .with(random.tensor("m", &[4]))
        .node("Conv", &["x", "k"], "a", vec![])
        .node("Mul", &["a", "m"], "y", vec![]);
    let model = agrees(&net);
    assert_eq!(kinds(&model), ["linear", "linear"]);
    assert_eq!(model.weights.len(), 3 + 4);
}

#[test]
fn difference_and_sum_of_activations_broadcast() {
    for op in ["Add", "Sub"] {
        let mut random = Random::new(10);
        let net = Net::new(13, &[1, 3])
            .with(random.tensor("v", &[3, 2]))
            .with(integers("shape", &[3, 1]))
            .node("Reshape", &["x", "shape"], "column", vec![])
            .node("MatMul", &["x", "v"], "row", vec![])
            .node(op, &["row", "column"], "y", vec![]);
        let model = agrees(&net);
        assert_eq!(model.output_shape, [3, 2]);
    }
}

#[test]
fn value_added_to_itself() {
    let net = Net::new(13, &[1, 3]).node("Add", &["x", "x"], "h", vec![]).node("Relu", &["h"], "y", vec![]);
    assert_eq!(kinds(&agrees(&net)), ["add+"]);
}

#[test]
fn clip_that_is_a_relu() {
    let attributes = vec![float("min", 0.0), float("max", f32::MAX)];
    let mut random = Random::new(11);
    let w = random.tensor("w", &[3, 3]);
    let old = Net::new(9, &[1, 3]).with(w.clone()).node("MatMul", &["x", "w"], "h", vec![]);
    assert_eq!(kinds(&agrees(&old.node("Clip", &["h"], "y", attributes))), ["linear+"]);
    let new = Net::new(13, &[1, 3]).with(w).with(floats("zero", &[], &[0.0]));
    let new = new.node("MatMul", &["x", "w"], "h", vec![]).node("Clip", &["h", "zero"], "y", vec![]);
    assert_eq!(kinds(&agrees(&new)), ["linear+"]);
}

#[test]
fn weights_used_twice_are_one_weight() {
    let mut random = Random::new(12);
    let net = Net::new(13, &[1, 3])
        .with(random.tensor("w", &[3, 3]))
        .node("MatMul", &["x", "w"], "h", vec![])
        .node("MatMul", &["h", "w"], "i", vec![])
        .node("Transpose", &["w"], "t", vec![])
        .node("MatMul", &["i", "t"], "y", vec![]);
    assert_eq!(agrees(&net).weights.len(), 9);
}

#[test]
fn initialisers_in_every_encoding_and_listed_as_inputs() {
    use tract_onnx::pb::TensorProto;
    use tract_onnx::pb::tensor_proto::DataType;
    let values = [0.5f32, -0.25, 1.0, 2.0];
    let raw = floats("w", &[2, 2], &values);
    let typed = TensorProto { raw_data: vec![], float_data: values.to_vec(), ..raw.clone() };
    let doubles: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
    let double = TensorProto {
        data_type: DataType::Double as i32,
        raw_data: vec![],
        double_data: doubles.clone(),
        ..raw.clone()
    };
    let raw_double = TensorProto {
        data_type: DataType::Double as i32,
        raw_data: doubles.iter().flat_map(|v| v.to_le_bytes()).collect(),
        ..raw.clone()
    };
    let mut weights = Vec::new();
    for proto in [raw, typed, double, raw_double] {
        let mut net = Net::new(9, &[1, 2]).with(proto).node("MatMul", &["x", "w"], "y", vec![]);
        net.graph().input.push(value("w", DataType::Float, Some(&[2, 2])));
        weights.push(sheaf_model::onnx::compile(&net.bytes(), 16).unwrap().weights);
    }
    assert!(weights.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(
        weights[0].iter().map(|w| w.value).collect::<Vec<_>>(),
        [1 << 15, 1 << 16, -(1 << 14), 1 << 17]
    );
}

#[test]
fn deep_stack_stays_within_its_bound() {
    let mut random = Random::new(13);
    let mut net = Net::new(13, &[1, 16]);
    let mut current = "x".to_owned();
    for i in 0..6 {
        let (w, b, h, r) = (format!("w{i}"), format!("b{i}"), format!("h{i}"), format!("r{i}"));
        let dims = [16, 16];
        // Small weights, so that the bound does not grow from layer to layer.
        let values: Vec<f32> = random.vector(256).into_iter().map(|v| v * 0.2).collect();
        net = net
            .with(floats(&w, &dims, &values))
            .with(random.tensor(&b, &[16]))
            .node("Gemm", &[&current, &w, &b], &h, vec![])
            .node("Relu", &[&h], &r, vec![]);
        current = r;
    }
    let net = net.node("Identity", &[&current], "y", vec![]);
    assert_eq!(kinds(&agrees_within(&net, 10.0)), ["linear+"; 6]);
}

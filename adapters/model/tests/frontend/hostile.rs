//! Bytes from an attacker: whatever they are, the answer is a valid model or an error, and no panic.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sheaf_model::QuantisedModel;
use sheaf_model::onnx::{Limits, compile_with_limits};

use crate::protos::*;

/// Small, so that a mutation that asks for a lot of work is refused quickly.
fn limits() -> Limits {
    Limits {
        tensor_elements: 1 << 14,
        values: 1 << 14,
        terms: 1 << 16,
        moved_elements: 1 << 18,
        ..Limits::default()
    }
}

/// Compiles, and checks that what is accepted is valid and keeps its meaning through its encoding.
fn survives(bytes: &[u8]) -> &'static str {
    match compile_with_limits(bytes, 8, &limits()) {
        Ok(model) => {
            let encoded = model.to_bytes().unwrap();
            assert_eq!(QuantisedModel::from_bytes(&encoded).unwrap(), model);
            let inputs = vec![1; model.input_count()];
            // Refusing an inference is fine, panicking is not.
            drop(sheaf_model::reference::execute(&model, &inputs));
            "ok"
        }
        Err(error) => {
            assert!(error.to_string().starts_with(&format!("[{}]", error.code())), "{error}");
            error.code()
        }
    }
}

/// Models that together use every operator.
fn seeds() -> Vec<Net> {
    let mut random = Random::new(50);
    let conv = Net::new(13, &[1, 2, 6, 6])
        .with(random.tensor("w", &[4, 1, 3, 3]))
        .with(random.tensor("b", &[4]))
        .with(random.tensor("n", &[4]))
        .with(floats("v", &[4], &[1.0; 4]))
        .with(integers("shape", &[0, -1]))
        .with(random.tensor("d", &[16, 3]))
        .node(
            "Conv",
            &["x", "w", "b"],
            "c",
            vec![
                int("group", 2),
                ints("pads", &[1, 1, 1, 1]),
                ints("strides", &[1, 1]),
                ints("dilations", &[1, 1]),
                ints("kernel_shape", &[3, 3]),
            ],
        )
        .node("BatchNormalization", &["c", "n", "b", "n", "v"], "m", vec![float("epsilon", 1e-5)])
        .node("Relu", &["m"], "r", vec![])
        .node("MaxPool", &["r"], "p", vec![ints("kernel_shape", &[2, 2]), ints("strides", &[2, 2])])
        .node(
            "AveragePool",
            &["p"],
            "q",
            vec![ints("kernel_shape", &[2, 2]), text("auto_pad", "SAME_UPPER"), ints("strides", &[2, 2])],
        )
        .node("Reshape", &["q", "shape"], "f", vec![])
        .node("MatMul", &["f", "d"], "l", vec![])
        .node("Softmax", &["l"], "s", vec![int("axis", -1)])
        .node("ArgMax", &["s"], "y", vec![int("axis", 1)]);
    let dense = Net::new(10, &[1, 4])
        .with(random.tensor("w", &[3, 4]))
        .with(random.tensor("b", &[3]))
        .with(random.tensor("k", &[2, 1, 3]))
        .node("Gemm", &["x", "w", "b"], "g", vec![int("transB", 1), float("alpha", 0.5)])
        .node("Sub", &["g", "b"], "h", vec![])
        .node("Div", &["h", "b"], "i", vec![])
        .node("Mul", &["i", "k"], "j", vec![])
        .node("Unsqueeze", &["j"], "u", vec![ints("axes", &[0])])
        .node("Transpose", &["u"], "t", vec![ints("perm", &[0, 3, 1, 2])])
        .node("GlobalAveragePool", &["t"], "a", vec![])
        .node("GlobalMaxPool", &["t"], "m", vec![])
        .node("Add", &["a", "m"], "n", vec![])
        .node("Concat", &["n", "a"], "c", vec![int("axis", 1)])
        .node("Squeeze", &["c"], "q", vec![ints("axes", &[2, 3])])
        .node("Flatten", &["q"], "e", vec![])
        .node("ReduceMean", &["e"], "r", vec![ints("axes", &[1])])
        .node("Clip", &["r"], "p", vec![float("min", 0.0)])
        .node("Shape", &["e"], "dims", vec![])
        .node("Constant", &[], "zero", vec![int("value_int", 0)])
        .node("Gather", &["dims", "zero"], "one", vec![])
        .node("Reshape", &["p", "dims2"], "z", vec![])
        .node("Dropout", &["z"], "v", vec![])
        .node("Cast", &["v"], "o", vec![int("to", 1)])
        .node("LogSoftmax", &["o"], "y", vec![int("axis", 1)])
        .with(integers("dims2", &[1, 1]));
    vec![conv, dense]
}

#[test]
fn seeds_compile() {
    // Otherwise the mutations below would all fail at the same place.
    for net in seeds() {
        assert_eq!(survives(&net.bytes()), "ok", "{:?}", sheaf_model::onnx::compile(&net.bytes(), 8).err());
    }
}

#[test]
fn truncated_models_are_answered() {
    for net in seeds() {
        let bytes = net.bytes();
        for length in 0..bytes.len() {
            survives(&bytes[..length]);
        }
    }
}

#[test]
fn mutated_bytes_are_answered() {
    let mut codes = BTreeSet::new();
    for (seed, net) in seeds().into_iter().enumerate() {
        let original = net.bytes();
        let mut random = Random::new(60 + seed as u64);
        for _ in 0..8_000 {
            let mut bytes = original.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                match random.below(5) {
                    0 => bytes[at] ^= 1 << random.below(8),
                    1 => bytes[at] = random.bits() as u8,
                    2 => drop(bytes.remove(at)),
                    3 => bytes.insert(at, random.bits() as u8),
                    _ => {
                        let from = random.below(bytes.len());
                        let length = random.below(16).min(bytes.len() - from).min(bytes.len() - at);
                        bytes.copy_within(from..from + length, at);
                    }
                }
            }
            codes.insert(survives(&bytes));
        }
    }
    assert!(codes.len() > 12, "mutations reach too few places: {codes:?}");
}

/// Numbers that attackers like.
fn extreme(random: &mut Random) -> i64 {
    const CHOICES: [i64; 16] =
        [0, 1, -1, 2, 3, 4, 7, 255, 1 << 14, 1 << 22, 1 << 31, 1 << 32, 1 << 62, i64::MAX, i64::MIN, -2];
    CHOICES[random.below(CHOICES.len())]
}

/// Well-formed protobuf with hostile contents gets further than mutated bytes.
#[test]
fn mutated_structures_are_answered() {
    let mut codes = BTreeSet::new();
    for (seed, net) in seeds().into_iter().enumerate() {
        let mut random = Random::new(70 + seed as u64);
        for _ in 0..10_000 {
            let mut net = Net { model: net.model.clone() };
            for _ in 0..=random.below(3) {
                mutate(&mut net, &mut random);
            }
            codes.insert(survives(&net.bytes()));
        }
    }
    assert!(codes.len() > 14, "mutations reach too few places: {codes:?}");
}

fn mutate(net: &mut Net, random: &mut Random) {
    let graph = net.graph();
    let node = random.below(graph.node.len());
    let other = random.below(graph.node.len());
    let donor = graph.node[other].clone();
    let chosen = &mut graph.node[node];
    match random.below(12) {
        0 => chosen.op_type = donor.op_type,
        1 => chosen.attribute.extend(donor.attribute),
        2 => chosen.input = donor.input,
        3 => chosen.output = donor.output,
        4 => graph.node.swap(node, other),
        5 => drop(graph.node.remove(node)),
        6 => graph.node.insert(node, donor),
        7 => {
            let tensor = random.below(graph.initializer.len());
            let dims = &mut graph.initializer[tensor].dims;
            match random.below(3) {
                0 => dims.push(extreme(random)),
                1 => drop(dims.pop()),
                _ => dims.iter_mut().for_each(|d| *d = extreme(random)),
            }
        }
        8 => {
            let tensor = random.below(graph.initializer.len());
            let tensor = &mut graph.initializer[tensor];
            tensor.data_type = random.below(20) as i32;
            tensor.int64_data.iter_mut().for_each(|v| *v = extreme(random));
        }
        9 => {
            let rank = random.below(6);
            let dims: Vec<i64> = (0..rank).map(|_| extreme(random)).collect();
            graph.input[0] = value("x", tract_onnx::pb::tensor_proto::DataType::Float, Some(&dims));
        }
        10 => net.model.opset_import[0].version = 6 + random.below(20) as i64,
        _ => {
            for attribute in &mut chosen.attribute {
                attribute.i = extreme(random);
                attribute.f = [0.0, f32::NAN, f32::INFINITY, 1e38, -1.0][random.below(5)];
                attribute.ints.iter_mut().for_each(|v| *v = extreme(random));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        survives(&bytes);
    }

    /// Small numbers make valid keys and lengths far likelier.
    #[test]
    fn random_small_bytes_are_answered(bytes in prop::collection::vec(0u8..64, 0..400)) {
        survives(&bytes);
    }

    #[test]
    fn random_model_encodings_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let tagged = [b"sheaf/quantised-model/v1\n".as_slice(), &bytes].concat();
        if let Ok(model) = QuantisedModel::from_bytes(&tagged) {
            prop_assert_eq!(model.to_bytes().unwrap(), tagged);
        }
    }
}

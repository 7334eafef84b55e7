//! What the front end refuses: each test is a model with one defect, and the exact error.

use sheaf_model::ModelError;
use sheaf_model::onnx::{Limits, OnnxError, compile, compile_with_limits};
use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
use tract_onnx::pb::{AttributeProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto};

use crate::protos::*;

fn refusal(net: &Net) -> OnnxError {
    compile(&net.bytes(), 8).unwrap_err()
}

/// x (1×4) → Gemm with w (4×3) → y.
fn gemm() -> Net {
    Net::new(13, &[1, 4]).with(floats("w", &[4, 3], &[0.5; 12])).node("Gemm", &["x", "w"], "y", vec![])
}

/// A node on a 1×1×4×4 image, with a 1×1×2×2 kernel `w` at hand.
fn image(op: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> Net {
    Net::new(13, &[1, 1, 4, 4]).with(floats("w", &[1, 1, 2, 2], &[0.5; 4])).node(op, inputs, "y", attributes)
}

fn attribute(name: &str, expected: &'static str, got: &str) -> OnnxError {
    OnnxError::Attribute { node: "node_y".into(), attribute: name.into(), expected, got: got.into() }
}

fn unsupported(what: &'static str) -> OnnxError {
    OnnxError::Unsupported { node: "node_y".into(), what }
}

#[test]
fn unknown_operator_is_named() {
    let net = Net::new(13, &[1, 4]).node("Tanh", &["x"], "y", vec![]);
    assert_eq!(refusal(&net), OnnxError::Operator { node: "node_y".into(), operator: "Tanh".into() });
}

#[test]
fn unnamed_node_is_called_by_operator_position_and_output() {
    let mut net = gemm().node("Tanh", &["y"], "z", vec![]);
    net.graph().node[1].name.clear();
    net.graph().output[0].name = "z".into();
    assert_eq!(
        refusal(&net),
        OnnxError::Operator { node: "Tanh#1 (output \"z\")".into(), operator: "Tanh".into() }
    );
}

#[test]
fn hostile_names_are_escaped_and_cut() {
    let mut net = Net::new(13, &[1, 4]).node("Tanh", &["x"], "y", vec![]);
    net.graph().node[0].name = format!("a\n\u{1b}[31m{}", "b".repeat(500));
    let message = refusal(&net).to_string();
    assert!(message.starts_with("[SH-ONX-017] node a\\n\\u{1b}[31mbbb"), "{message}");
    assert!(message.len() < 250 && message.contains('…'), "{message}");
}

#[test]
fn other_domain_is_named() {
    let mut net = gemm();
    net.graph().node[0].domain = "com.microsoft".into();
    assert_eq!(
        refusal(&net),
        OnnxError::Operator { node: "node_y".into(), operator: "com.microsoft::Gemm".into() }
    );
}

#[test]
fn unsupported_nodes_that_the_output_does_not_depend_on_are_ignored() {
    let net = gemm().node("Tanh", &["y"], "unused", vec![]);
    assert_eq!(compile(&net.bytes(), 8).unwrap().layers.len(), 1);
}

#[test]
fn operator_sets_are_checked() {
    let import = |domain: &str, version| OperatorSetIdProto { domain: domain.into(), version };
    for (imports, got) in [
        (vec![], vec![]),
        (vec![import("ai.onnx.ml", 3)], vec![]),
        (vec![import("", 6)], vec![6]),
        (vec![import("", 25)], vec![25]),
        (vec![import("", 13), import("ai.onnx", 12)], vec![13, 12]),
    ] {
        let mut net = gemm();
        net.model.opset_import = imports;
        assert_eq!(refusal(&net), OnnxError::Opset { min: 7, max: 24, got });
    }
    let mut net = gemm();
    net.model.opset_import.push(import("ai.onnx.ml", 3));
    assert!(compile(&net.bytes(), 8).is_ok(), "an unused domain does no harm");
}

#[test]
fn scale_is_checked() {
    for got in [0, 17, u32::MAX] {
        assert_eq!(compile(&gemm().bytes(), got).unwrap_err(), OnnxError::ScaleBits { got });
    }
}

#[test]
fn exactly_one_input_and_output() {
    let mut net = gemm();
    net.graph().input.push(value("z", DataType::Float, Some(&[1, 4])));
    assert_eq!(refusal(&net), OnnxError::Inputs { names: vec!["x".into(), "z".into()] });
    let mut net = gemm();
    net.graph().input.clear();
    assert_eq!(refusal(&net), OnnxError::Inputs { names: vec![] });
    let mut net = gemm();
    net.graph().output.push(value("h", DataType::Float, None));
    assert_eq!(refusal(&net), OnnxError::Outputs { names: vec!["y".into(), "h".into()] });
}

#[test]
fn input_shapes_are_checked() {
    let name = || "x".to_owned();
    let on = |dims: &[i64]| refusal(&Net::new(13, dims).node("Relu", &["x"], "y", vec![]));
    assert_eq!(on(&[2, 4]), OnnxError::Batch { name: name(), got: 2 });
    assert_eq!(on(&[1, 0]), OnnxError::UnknownDimension { name: name(), axis: 1, got: "0".into() });
    assert_eq!(on(&[1, 3, -1]), OnnxError::UnknownDimension { name: name(), axis: 2, got: "-1".into() });
    assert_eq!(on(&[]), OnnxError::Untyped { what: "input", name: name() });
    let limit = |what, limit, got| OnnxError::Limit { subject: "input \"x\"".into(), what, limit, got };
    assert_eq!(on(&[1; 9]), limit("dimensions", 8, 9));
    assert_eq!(on(&[1, 1 << 40, 1 << 40]), limit("elements", 1 << 20, usize::MAX));
    let mut net = gemm();
    net.graph().input[0] = value("x", DataType::Float, None);
    assert_eq!(refusal(&net), OnnxError::Untyped { what: "input", name: name() });
    let mut net = gemm();
    net.graph().input[0] = value("x", DataType::Int64, Some(&[1, 4]));
    let (subject, expected) = ("input \"x\"".to_owned(), "FLOAT or DOUBLE");
    assert_eq!(refusal(&net), OnnxError::DataType { subject, expected, got: "INT64".into() });
}

#[test]
fn declared_output_shape_must_agree() {
    let mut net = gemm();
    net.graph().output[0] = value("y", DataType::Float, Some(&[1, 4]));
    let (declared, inferred) = (vec![1, 4], vec![1, 3]);
    assert_eq!(refusal(&net), OnnxError::OutputShape { name: "y".into(), declared, inferred });
    for agreeing in [[1, 3], [0, 3], [-1, -1]] {
        net.graph().output[0] = value("y", DataType::Float, Some(&agreeing));
        assert!(compile(&net.bytes(), 8).is_ok());
    }
}

#[test]
fn names_must_be_defined_once_and_before_use() {
    let undefined = |name: &str| OnnxError::Undefined { subject: "node node_y".into(), name: name.into() };
    let net = Net::new(13, &[1, 4]).node("Add", &["x", "nowhere"], "y", vec![]);
    assert_eq!(refusal(&net), undefined("nowhere"));
    let net = Net::new(13, &[1, 4]).node("Relu", &["h"], "y", vec![]).node("Relu", &["x"], "h", vec![]);
    assert_eq!(refusal(&net), undefined("h"));
    let net = Net::new(13, &[1, 4]).node("Add", &["x", "y"], "y", vec![]);
    assert_eq!(refusal(&net), undefined("y"));
    let net = gemm().node("Relu", &["x"], "y", vec![]);
    assert_eq!(refusal(&net), OnnxError::Redefined { subject: "node node_y".into(), name: "y".into() });
    let net = gemm().with(floats("w", &[1], &[1.0]));
    assert_eq!(refusal(&net), OnnxError::Redefined { subject: "initialisers".into(), name: "w".into() });
    let mut net = gemm();
    net.graph().output[0].name = "z".into();
    assert_eq!(refusal(&net), OnnxError::Undefined { subject: "output".into(), name: "z".into() });
    let mut net = gemm();
    net.graph().output[0].name = "w".into();
    assert_eq!(refusal(&net), OnnxError::ConstantOutput { name: "w".into() });
}

#[test]
fn tensors_must_hold_what_their_dimensions_say() {
    let with = |change: fn(&mut TensorProto)| {
        let mut net = gemm();
        change(&mut net.graph().initializer[0]);
        refusal(&net)
    };
    let data = |what, expected, got| OnnxError::TensorData { tensor: "w".into(), what, expected, got };
    assert_eq!(with(|t| t.raw_data.truncate(47)), data("bytes", 48, 47));
    assert_eq!(with(|t| t.raw_data.extend([0; 4])), data("bytes", 48, 52));
    assert_eq!(with(|t| t.raw_data.clear()), data("elements", 12, 0));
    assert_eq!(with(|t| t.float_data.push(1.0)), data("elements beside its bytes", 0, 1));
    let typed = |t: &mut TensorProto| {
        t.raw_data.clear();
        t.float_data = vec![1.0; 12];
        t.int64_data = vec![1];
    };
    assert_eq!(with(typed), data("elements", 12, 13));
    let dimensions = |dims: &[i64]| OnnxError::Dimensions { tensor: "w".into(), dims: dims.to_vec() };
    assert_eq!(with(|t| t.dims = vec![-4, -3]), dimensions(&[-4, -3]));
    assert_eq!(with(|t| t.dims = vec![1 << 62, 3, 4]), dimensions(&[1 << 62, 3, 4]));
    let limit = |what, limit, got| OnnxError::Limit { subject: "tensor \"w\"".into(), what, limit, got };
    assert_eq!(with(|t| t.dims = vec![1 << 20, 1 << 20]), limit("elements", 1 << 22, 1 << 40));
    assert_eq!(with(|t| t.dims = vec![1; 9]), limit("dimensions", 8, 9));
    let external = OnnxError::ExternalData { tensor: "w".into() };
    assert_eq!(with(|t| t.data_location = Some(DataLocation::External as i32)), external);
    let entry = |t: &mut TensorProto| {
        t.external_data.push(StringStringEntryProto { key: "location".into(), value: "/etc/passwd".into() });
    };
    assert_eq!(with(entry), external);
    let data_type = |got: &str| OnnxError::DataType {
        subject: "tensor \"w\"".into(),
        expected: "FLOAT, DOUBLE, INT64 or INT32",
        got: got.into(),
    };
    assert_eq!(with(|t| t.data_type = DataType::Bfloat16 as i32), data_type("BFLOAT16"));
    assert_eq!(with(|t| t.data_type = 99), data_type("type 99"));
}

#[test]
fn weights_must_be_finite_and_fit() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let net = Net::new(13, &[1, 2]).with(floats("w", &[2, 1], &[0.0, bad]));
        let error = refusal(&net.node("MatMul", &["x", "w"], "y", vec![]));
        let OnnxError::NotFinite { subject, index: 1, .. } = error else { panic!("{error}") };
        assert_eq!(subject, "tensor \"w\"");
    }
    // 2^27 at 8 fractional bits is 2^19.
    let weight = |value: f32| {
        let net = Net::new(13, &[1, 1]).with(floats("w", &[1, 1], &[value]));
        compile(&net.node("MatMul", &["x", "w"], "y", vec![]).bytes(), 8)
    };
    let limit = 524_288.0;
    assert_eq!(weight(limit - 0.5).unwrap().weights[0].value, (1 << 27) - 128);
    assert_eq!(weight(-limit).unwrap().weights[0].value, -1 << 27);
    let (node, value, scale_bits) = ("node_y".to_owned(), f64::from(limit), 8);
    assert_eq!(weight(limit).unwrap_err(), OnnxError::WeightTooLarge { node, value, scale_bits });
}

#[test]
fn weights_round_half_away_from_zero() {
    // At 8 fractional bits: ±1.5 and ±0.5 units, and just below.
    let unit = 1.0 / 256.0;
    let values = [1.5, -1.5, 0.5, -0.5, 0.499, 2.5].map(|v: f32| v * unit);
    let net = Net::new(13, &[1, 6]).with(floats("w", &[6, 1], &values));
    let model = compile(&net.node("MatMul", &["x", "w"], "y", vec![]).bytes(), 8).unwrap();
    assert_eq!(model.weights.iter().map(|w| w.value).collect::<Vec<_>>(), [2, -2, 1, -1, 0, 3]);
}

#[test]
fn accumulator_that_could_overflow_is_refused() {
    // 2^7 weights near 2^27, times activations of 2^27, reach 2^61.
    let net = Net::new(13, &[1, 129]).with(floats("w", &[129, 1], &[-524_288.0; 129]));
    let error = refusal(&net.node("MatMul", &["x", "w"], "y", vec![]));
    let bound = 129 << 54;
    assert_eq!(error, OnnxError::Model(ModelError::Accumulator { node: "node_y".into(), output: 0, bound }));
    assert_eq!(error.code(), "SH-MOD-009");
}

#[test]
fn division_by_zero_is_refused() {
    let net =
        Net::new(13, &[1, 2]).with(floats("c", &[2], &[1.0, 0.0])).node("Div", &["x", "c"], "y", vec![]);
    let OnnxError::NotFinite { subject, index: 1, .. } = refusal(&net) else { panic!("{}", refusal(&net)) };
    assert_eq!(subject, "node node_y");
}

#[test]
fn attributes_are_checked_strictly() {
    let mut net = gemm();
    net.graph().node[0].attribute = vec![int("transX", 1)];
    assert_eq!(refusal(&net), attribute("transX", "no such attribute", "one"));
    net.graph().node[0].attribute = vec![int("transB", 2)];
    assert_eq!(refusal(&net), attribute("transB", "0 or 1", "2"));
    net.graph().node[0].attribute = vec![float("transB", 0.0)];
    assert_eq!(refusal(&net), attribute("transB", "an integer", "FLOAT"));
    net.graph().node[0].attribute = vec![int("transB", 0), int("transB", 0)];
    assert_eq!(refusal(&net), attribute("transB", "one value", "two"));
    net.graph().node[0].attribute = vec![float("alpha", f32::NAN)];
    assert_eq!(refusal(&net), attribute("alpha", "a finite number", "NaN"));
    let reference = AttributeProto { ref_attr_name: "a".into(), ..float("alpha", 1.0) };
    net.graph().node[0].attribute = vec![reference];
    assert_eq!(refusal(&net), attribute("alpha", "a value", "a reference to a function's attribute"));
    let last = vec![int("select_last_index", 1)];
    let net = Net::new(13, &[1, 4]).node("ArgMax", &["x"], "y", last);
    assert_eq!(refusal(&net), attribute("select_last_index", "0: ties go to the first", "1"));
}

#[test]
fn operands_are_checked_strictly() {
    let operand = |index, expected, got| OnnxError::Operand { node: "node_y".into(), index, expected, got };
    let mut net = gemm();
    net.graph().node[0].input.push("x".into());
    assert_eq!(refusal(&net), operand(2, "a constant of floats", "an activation"));
    net.graph().node[0].input = ["x", "w", "", "w"].map(String::from).to_vec();
    assert_eq!(refusal(&net), operand(3, "nothing", "an operand"));
    net.graph().node[0].input = ["x", ""].map(String::from).to_vec();
    assert_eq!(refusal(&net), operand(1, "an operand", "nothing"));
    let net = Net::new(13, &[1, 4]).node("Reshape", &["x", "x"], "y", vec![]);
    assert_eq!(refusal(&net), operand(1, "a constant list of integers", "an activation"));
    let net = Net::new(13, &[1, 4]).with(integers("w", &[1])).node("Add", &["x", "w"], "y", vec![]);
    let OnnxError::DataType { subject, .. } = refusal(&net) else { panic!("{}", refusal(&net)) };
    assert_eq!(subject, "node node_y, input 1");
}

#[test]
fn products_of_activations_are_refused() {
    for op in ["Mul", "MatMul", "Gemm"] {
        let net = Net::new(13, &[1, 1]).node(op, &["x", "x"], "y", vec![]);
        assert_eq!(refusal(&net), unsupported("a product of two activations"), "{op}");
    }
    let net = Net::new(13, &[1, 4]).node("Div", &["x", "x"], "y", vec![]);
    assert_eq!(refusal(&net), unsupported("division by an activation"));
}

#[test]
fn further_outputs_are_refused_if_used() {
    let pool = |used: bool| {
        let mut net = Net::new(13, &[1, 1, 4, 4]);
        net.graph().node.push(NodeProto {
            name: "pool".into(),
            op_type: "MaxPool".into(),
            input: vec!["x".into()],
            output: vec!["m".into(), "indices".into()],
            attribute: vec![ints("kernel_shape", &[2, 2])],
            ..Default::default()
        });
        net.node("Add", &["m", if used { "indices" } else { "m" }], "y", vec![])
    };
    assert_eq!(refusal(&pool(true)), OnnxError::NodeOutputs { node: "pool".into(), expected: 1, got: 2 });
    assert!(compile(&pool(false).bytes(), 8).is_ok());
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let shape = |what, expected: &str, got: &str| OnnxError::Shape {
        node: "node_y".into(),
        what,
        expected: expected.into(),
        got: got.into(),
    };
    let constant = |op, dims: &[i64]| {
        let length = dims.iter().product::<i64>() as usize;
        refusal(&Net::new(13, &[1, 4]).with(floats("c", dims, &vec![1.0; length])).node(
            op,
            &["x", "c"],
            "y",
            vec![],
        ))
    };
    assert_eq!(constant("MatMul", &[3, 2]), shape("inner dimensions", "4", "3"));
    assert_eq!(constant("Gemm", &[4]), shape("operand", "a matrix", "[4]"));
    assert_eq!(constant("Add", &[3]), shape("operands", "a shape that broadcasts with [1, 4]", "[3]"));
    assert_eq!(constant("MatMul", &[]), shape("operands", "vectors or matrices", "[1, 4] and []"));
    assert_eq!(constant("Mul", &[0]), shape("constant", "at least one element", "[0]"));
    let target = |target: &[i64]| {
        let net = Net::new(13, &[1, 4]).with(integers("s", target));
        refusal(&net.node("Reshape", &["x", "s"], "y", vec![]))
    };
    for bad in [&[3][..], &[-1, -1], &[3, -1], &[-2, 2], &[1, 1, 0], &[1 << 62, 4], &[]] {
        assert_eq!(target(bad), shape("target", "4 elements", &format!("{bad:?}")));
    }
    let axis = vec![int("axis", 2)];
    let net = Net::new(13, &[1, 4]).node("ArgMax", &["x"], "y", axis);
    assert_eq!(refusal(&net), shape("axis", "one of 2 axes", "2"));
    let net = Net::new(13, &[1, 4]).node("ArgMax", &["x"], "y", vec![int("axis", i64::MIN)]);
    assert_eq!(refusal(&net), shape("axis", "one of 2 axes", &i64::MIN.to_string()));
}

#[test]
fn windows_that_do_not_fit_are_refused() {
    let shape = |what, expected: &str, got: &str| OnnxError::Shape {
        node: "node_y".into(),
        what,
        expected: expected.into(),
        got: got.into(),
    };
    let pool = |attributes| refusal(&image("MaxPool", &["x"], attributes));
    assert_eq!(pool(vec![]), attribute("kernel_shape", "a list of integers", "nothing"));
    let kernel = |k: &[i64]| ints("kernel_shape", k);
    let size = |name: &str, got: &str| attribute(name, "sizes within the limits", got);
    assert_eq!(pool(vec![kernel(&[0, 2])]), size("kernel_shape", "0"));
    assert_eq!(pool(vec![kernel(&[2, 2]), ints("strides", &[1, 0])]), size("strides", "0"));
    assert_eq!(pool(vec![kernel(&[2, 2]), ints("pads", &[0, 0, -1, 0])]), size("pads", "-1"));
    assert_eq!(
        pool(vec![kernel(&[2, 2]), ints("dilations", &[1 << 40, 1])]),
        size("dilations", "1099511627776")
    );
    let length = attribute("kernel_shape", "as many numbers as the spatial axes need", "1 numbers");
    assert_eq!(pool(vec![kernel(&[2])]), length);
    let too_large = shape("kernel", "at most the padded input's 4 cells", "5");
    assert_eq!(pool(vec![kernel(&[5, 2])]), too_large);
    let pads_only = unsupported("a window that covers nothing but padding");
    assert_eq!(pool(vec![kernel(&[2, 2]), ints("pads", &[2, 0, 0, 0])]), pads_only);
    let both = unsupported("auto_pad together with pads or ceil_mode");
    assert_eq!(pool(vec![kernel(&[2, 2]), text("auto_pad", "VALID"), ints("pads", &[1, 0, 0, 0])]), both);
    let unknown = attribute("auto_pad", "NOTSET, VALID, SAME_UPPER or SAME_LOWER", "SAME");
    assert_eq!(pool(vec![kernel(&[2, 2]), text("auto_pad", "SAME")]), unknown);
    let overhang =
        vec![kernel(&[3, 3]), ints("strides", &[2, 2]), int("ceil_mode", 1), int("count_include_pad", 1)];
    let expected = "count_include_pad with a window that ceil_mode lets reach beyond the padding";
    assert_eq!(refusal(&image("AveragePool", &["x"], overhang)), unsupported(expected));
    let group = shape("channels", "those of the input [1, 1, 4, 4]", "2 groups, weights [1, 1, 2, 2]");
    assert_eq!(refusal(&image("Conv", &["x", "w"], vec![int("group", 2)])), group);
    let three = Net::new(13, &[1, 1, 2, 2, 2]).node("MaxPool", &["x"], "y", vec![kernel(&[1, 1, 1])]);
    assert_eq!(refusal(&three).code(), "SH-ONX-021");
}

#[test]
fn clip_other_than_relu_is_refused() {
    let expected = unsupported("bounds other than a minimum of 0 and no maximum");
    let clip = |opset, attributes| refusal(&Net::new(opset, &[1, 4]).node("Clip", &["x"], "y", attributes));
    assert_eq!(clip(13, vec![]), expected);
    assert_eq!(clip(9, vec![float("min", 0.0), float("max", 6.0)]), expected);
    assert_eq!(clip(9, vec![float("max", f32::MAX)]), expected);
}

#[test]
fn training_modes_are_refused() {
    let mut net = Net::new(14, &[1, 2]);
    for name in ["g", "b", "m", "v"] {
        net = net.with(floats(name, &[2], &[1.0; 2]));
    }
    let training = vec![int("training_mode", 1)];
    let net = net.node("BatchNormalization", &["x", "g", "b", "m", "v"], "y", training);
    assert_eq!(refusal(&net), attribute("training_mode", "0: inference", "1"));
}

#[test]
fn negative_variance_is_refused() {
    let mut net = Net::new(14, &[1, 1]).with(floats("v", &[1], &[-1.0]));
    for name in ["g", "b", "m"] {
        net = net.with(floats(name, &[1], &[1.0]));
    }
    let net = net.node("BatchNormalization", &["x", "g", "b", "m", "v"], "y", vec![]);
    assert_eq!(refusal(&net).code(), "SH-ONX-014");
}

#[test]
fn limits_hold_before_anything_is_allocated() {
    let limited = |net: &Net, limits: Limits| compile_with_limits(&net.bytes(), 8, &limits).unwrap_err();
    let limit =
        |subject: &str, what, limit, got| OnnxError::Limit { subject: subject.into(), what, limit, got };
    let default = Limits::default;
    let net = gemm();
    let length = net.bytes().len();
    assert_eq!(limited(&net, Limits { file_bytes: 10, ..default() }), limit("file", "bytes", 10, length));
    assert_eq!(limited(&net, Limits { nodes: 0, ..default() }), limit("file", "nodes", 0, 1));
    assert_eq!(limited(&net, Limits { terms: 11, ..default() }), limit("node node_y", "terms", 11, 12));
    assert_eq!(limited(&net, Limits { values: 6, ..default() }), limit("node node_y", "values", 6, 7));
    assert_eq!(
        limited(&net, Limits { tensor_elements: 11, ..default() }),
        limit("tensor \"w\"", "elements", 11, 12)
    );
    assert_eq!(
        limited(&net, Limits { moved_elements: 15, ..default() }),
        limit("node node_y", "moved elements", 15, 16)
    );

    // A few bytes that ask for 2^40 outputs, 2^42 products, or a window of 2^44 cells.
    let pads = |n| ints("pads", &[n; 4]);
    let many = 1 << 22;
    let wide = image("Conv", &["x", "w"], vec![pads(1 << 20), ints("dilations", &[many, many])]);
    assert_eq!(refusal(&wide).code(), "SH-ONX-021");
    let mut net = Net::new(13, &[1, 1 << 10]);
    for (name, dims) in [("a", [1 << 10, 1, 1]), ("b", [1, 1 << 10, 1])] {
        net = net.with(floats(name, &dims, &[1.0; 1 << 10]));
    }
    let net = net.node("Mul", &["x", "a"], "h", vec![]).node("Mul", &["h", "b"], "y", vec![]);
    assert_eq!(refusal(&net).code(), "SH-ONX-001");
    let square = [1 << 11, 1 << 11];
    let net = Net::new(13, &[1, 1 << 10, 1 << 10]);
    let net = net.with(TensorProto { dims: square.to_vec(), ..floats("w", &[], &[]) });
    assert_eq!(refusal(&net.node("MatMul", &["x", "w"], "y", vec![])).code(), "SH-ONX-012");
}

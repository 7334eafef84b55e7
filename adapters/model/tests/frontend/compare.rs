//! Running one model in tract and in the reference, and comparing.

use sheaf_model::error_bound::{error_bound, worst_case_error};
use sheaf_model::onnx::compile;
use sheaf_model::reference::{dequantise, execute, quantise_input};
use sheaf_model::{LayerKind, Postprocess, QuantisedModel};
use tract_onnx::prelude::*;

use crate::protos::{Net, Random};

/// Enough fractional bits for the bound to tell a wrong operator from rounding, few enough for values of some tens.
pub(crate) const SCALE_BITS: u32 = 16;

/// What tract computes, as floats.
pub(crate) fn tract(bytes: &[u8], shape: &[usize], input: &[f32]) -> Vec<f64> {
    let mut reader = bytes;
    let model = tract_onnx::onnx().model_for_read(&mut reader).unwrap();
    let fact = InferenceFact::dt_shape(f32::datum_type(), shape.to_vec());
    let model = model.with_input_fact(0, fact).unwrap().with_output_fact(0, Default::default()).unwrap();
    let model = model.into_optimized().unwrap().into_runnable().unwrap();
    let outputs = model.run(tvec!(Tensor::from_shape(shape, input).unwrap().into())).unwrap();
    let output = outputs[0].cast_to::<f64>().unwrap();
    output.to_plain_array_view::<f64>().unwrap().iter().copied().collect()
}

/// Compiles `net` and compares it with tract on random inputs.
pub(crate) fn agrees(net: &Net) -> QuantisedModel {
    agrees_within(net, 1.0)
}

/// As [`agrees`], for inputs of at most `radius`.
pub(crate) fn agrees_within(net: &Net, radius: f32) -> QuantisedModel {
    let bytes = net.bytes();
    let model = compile(&bytes, SCALE_BITS).unwrap();
    assert_eq!(QuantisedModel::from_bytes(&model.to_bytes().unwrap()).unwrap(), model, "encoding");
    let worst = worst_case_error(&model, f64::from(radius));
    let shape: Vec<usize> = model.input_shape.iter().map(|&d| d as usize).collect();
    for seed in 0..5 {
        let mut random = Random::new(seed);
        let input: Vec<f32> = random.vector(model.input_count()).into_iter().map(|x| x * radius).collect();
        let expected = tract(&bytes, &shape, &input);
        compare(&model, &input, &expected, &worst);
    }
    model
}

/// Compares one inference with `expected`.
pub(crate) fn compare(model: &QuantisedModel, input: &[f32], expected: &[f64], worst: &[f64]) {
    let reals: Vec<f64> = input.iter().map(|&x| f64::from(x)).collect();
    let execution = execute(model, &quantise_input(model, &reals).unwrap()).unwrap();
    let got = dequantise(model, &execution.outputs);
    let bounds = error_bound(model, &execution);
    assert_eq!(got.len(), expected.len(), "number of outputs");
    for (i, ((got, expected), (bound, worst))) in
        got.iter().zip(expected).zip(bounds.iter().zip(worst)).enumerate()
    {
        // For float32, whose error the bound does not cover.
        let slack = if model.postprocess == Postprocess::Index { 0.0 } else { 1e-5 + 2e-6 * expected.abs() };
        assert!(
            (got - expected).abs() <= bound + slack,
            "output {i}: expected {expected} within {bound} + {slack}, got {got}"
        );
        assert!(bound <= worst, "output {i}: bound {bound} above the worst case {worst}");
        // A bound so loose that wrong operators would pass would make the comparison worthless.
        assert!(
            model.postprocess == Postprocess::Index || *bound < 0.05,
            "output {i}: bound {bound} is too loose"
        );
    }
}

/// The kinds of layers, a fused ReLU shown by a plus.
pub(crate) fn kinds(model: &QuantisedModel) -> Vec<&'static str> {
    let kind = |layer: &sheaf_model::Layer| match layer.kind {
        LayerKind::Linear { relu: false, .. } => "linear",
        LayerKind::Linear { relu: true, .. } => "linear+",
        LayerKind::Add { relu: false, .. } => "add",
        LayerKind::Add { relu: true, .. } => "add+",
        LayerKind::Relu { .. } => "relu",
        LayerKind::Max { .. } => "max",
        LayerKind::ArgMax { .. } => "argmax",
    };
    model.layers.iter().map(kind).collect()
}

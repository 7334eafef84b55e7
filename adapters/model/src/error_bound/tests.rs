use super::*;
use crate::reference::{execute, quantise_input};
use crate::{Layer, Postprocess, Term};
use proptest::prelude::*;

/// A model under construction with the real weights beside the rounded ones.
struct Real {
    model: QuantisedModel,
    weights: Vec<f64>,
}

impl Real {
    fn new(scale_bits: u32, inputs: u32) -> Self {
        let model = QuantisedModel {
            model_digest: [0; 32],
            scale_bits,
            input_shape: vec![1, inputs],
            output_shape: vec![1],
            weights: Vec::new(),
            layers: Vec::new(),
            outputs: Vec::new(),
            postprocess: Postprocess::None,
        };
        Self { model, weights: Vec::new() }
    }

    fn weight(&mut self, value: f64, origin: Origin) -> u32 {
        let fixed = (value * f64::from(1u32 << self.model.scale_bits)).round() as i64;
        self.model.weights.push(Weight { value: fixed, origin });
        self.weights.push(value);
        (self.weights.len() - 1) as u32
    }

    /// Appends a layer and makes its values the outputs.
    fn push(&mut self, kind: LayerKind) {
        let (start, count) = (self.model.value_count() as u32, kind.outputs() as u32);
        self.model.layers.push(Layer { node: format!("layer{}", self.model.layers.len()), kind });
        self.model.outputs = (start..start + count).collect();
        self.model.output_shape = vec![count];
    }

    /// The real model, in f64.
    fn evaluate(&self, inputs: &[f64]) -> Vec<f64> {
        let mut values = inputs.to_vec();
        for layer in &self.model.layers {
            let at = |id: ValueId| values[id as usize];
            let rectify = |x: f64, relu: bool| if relu { x.max(0.0) } else { x };
            let outputs: Vec<f64> = match &layer.kind {
                LayerKind::Linear { rows, relu } => {
                    let product = |t: &Term| {
                        self.weights[t.weight as usize]
                            * match t.operand {
                                Operand::Value(id) => at(id),
                                Operand::One => 1.0,
                            }
                    };
                    rows.iter().map(|row| rectify(row.iter().map(product).sum(), *relu)).collect()
                }
                LayerKind::Add { left, right, relu } => {
                    left.iter().zip(right).map(|(&a, &b)| rectify(at(a) + at(b), *relu)).collect()
                }
                LayerKind::Relu { inputs } => inputs.iter().map(|&id| at(id).max(0.0)).collect(),
                LayerKind::Max { windows } => {
                    windows.iter().map(|w| w.iter().map(|&id| at(id)).fold(f64::MIN, f64::max)).collect()
                }
                LayerKind::ArgMax { windows } => {
                    windows.iter().map(|w| first_greatest(w, at) as f64).collect()
                }
            };
            values.extend(outputs);
        }
        self.model.outputs.iter().map(|&id| values[id as usize]).collect()
    }
}

fn first_greatest(window: &[ValueId], at: impl Fn(ValueId) -> f64) -> usize {
    (0..window.len()).fold(0, |best, j| if at(window[j]) > at(window[best]) { j } else { best })
}

/// Checks the bounds of one inference, and returns the greatest error as a share of its bound.
fn check(real: &Real, inputs: &[f64], radius: f64) -> f64 {
    let model = &real.model;
    let execution = execute(model, &quantise_input(model, inputs).unwrap()).unwrap();
    let scale =
        if model.postprocess == Postprocess::Index { 1.0 } else { f64::from(1u32 << model.scale_bits) };
    let bounds = error_bound(model, &execution);
    let worst = worst_case_error(model, radius);
    let mut share = 0.0f64;
    for (i, expected) in real.evaluate(inputs).into_iter().enumerate() {
        let error = (execution.outputs[i] as f64 / scale - expected).abs();
        // For this evaluation's own rounding.
        assert!(error <= bounds[i] + 1e-9, "output {i}: error {error} above its bound {}", bounds[i]);
        assert!(bounds[i] <= worst[i], "output {i}: bound {} above the worst case {}", bounds[i], worst[i]);
        share = share.max(error / bounds[i]);
    }
    share
}

/// Layers of every kind over `inputs` values, with weights from `next` in [−1, 1).
fn random_model(scale_bits: u32, inputs: u32, mut next: impl FnMut() -> f64) -> Real {
    let mut real = Real::new(scale_bits, inputs);
    let mut previous: Vec<ValueId> = (0..inputs).collect();
    for relu in [true, false] {
        let row = |real: &mut Real, next: &mut dyn FnMut() -> f64| -> Row {
            let mut row: Row = previous
                .iter()
                .map(|&id| Term {
                    operand: Operand::Value(id),
                    weight: real.weight(next(), Origin::Parameter),
                })
                .collect();
            row.push(Term { operand: Operand::One, weight: real.weight(next(), Origin::Parameter) });
            row
        };
        let rows: Vec<Row> = (0..inputs).map(|_| row(&mut real, &mut next)).collect();
        real.push(LayerKind::Linear { rows, relu });
        let right = real.model.outputs.clone();
        real.push(LayerKind::Add { left: previous.clone(), right, relu });
        previous = real.model.outputs.clone();
    }
    real.push(LayerKind::Relu { inputs: previous.clone() });
    let rectified = real.model.outputs.clone();
    let windows: Vec<Vec<ValueId>> =
        (1..previous.len()).map(|i| vec![previous[i - 1], rectified[i]]).collect();
    real.push(LayerKind::Max { windows });
    let ids = real.model.outputs.clone();
    let weight = real.weight(1.0 / ids.len() as f64, Origin::Structural);
    let mean: Row = ids.iter().map(|&id| Term { operand: Operand::Value(id), weight }).collect();
    let minus = real.weight(-1.0, Origin::Structural);
    let negated: Row = vec![Term { operand: Operand::Value(ids[0]), weight: minus }];
    real.push(LayerKind::Linear { rows: vec![mean, negated], relu: false });
    real
}

proptest! {
    #[test]
    fn no_execution_is_farther_from_the_real_model_than_its_bound(
        scale_bits in 1u32..=16,
        inputs in 2u32..6,
        numbers in prop::collection::vec(-1.0f64..1.0, 200),
        point in prop::collection::vec(-3.0f64..3.0, 6),
    ) {
        let mut numbers = numbers.into_iter().cycle();
        let real = random_model(scale_bits, inputs, || numbers.next().unwrap());
        check(&real, &point[..inputs as usize], 3.0);
    }

    #[test]
    fn no_class_is_farther_from_the_real_one_than_its_bound(
        scale_bits in 1u32..=8,
        numbers in prop::collection::vec(-1.0f64..1.0, 40),
        point in prop::collection::vec(-1.0f64..1.0, 4),
    ) {
        let mut numbers = numbers.into_iter().cycle();
        let mut real = Real::new(scale_bits, 4);
        let mut rows = Vec::new();
        for _ in 0..5 {
            let mut row = Row::new();
            for id in 0..4 {
                let weight = real.weight(numbers.next().unwrap(), Origin::Parameter);
                row.push(Term { operand: Operand::Value(id), weight });
            }
            rows.push(row);
        }
        real.push(LayerKind::Linear { rows, relu: false });
        let windows = vec![real.model.outputs.clone()];
        real.push(LayerKind::ArgMax { windows });
        real.model.postprocess = Postprocess::Index;
        check(&real, &point, 1.0);
    }
}

#[test]
fn bound_is_nearly_attained() {
    // Every rounding goes the same way: weights and input half a unit (less a little) above their fixed values.
    let s = 6;
    let almost_half = 0.499 / 64.0;
    let mut real = Real::new(s, 1);
    let weight = real.weight(5.0 / 64.0 + almost_half, Origin::Parameter);
    real.push(LayerKind::Linear {
        rows: vec![vec![Term { operand: Operand::Value(0), weight }; 40]],
        relu: false,
    });
    let share = check(&real, &[3.0 + almost_half], 4.0);
    assert!(share > 0.9, "the bound is loose: only {share} of it is used");
}

#[test]
fn exact_layers_add_no_error() {
    let mut real = Real::new(8, 2);
    let (plus, minus) = (real.weight(1.0, Origin::Structural), real.weight(-1.0, Origin::Structural));
    let half = real.weight(0.5, Origin::Structural);
    let term = |id, weight| Term { operand: Operand::Value(id), weight };
    let rows = vec![vec![term(0, plus), term(1, minus)], vec![term(0, half), term(1, half)]];
    real.push(LayerKind::Linear { rows, relu: false });
    let execution = execute(&real.model, &[512, -256]).unwrap();
    let unit = 1.0 / 256.0;
    let close =
        |got: f64, expected: f64| assert!((got - expected).abs() < 1e-12, "expected {expected}, got {got}");
    let bounds = error_bound(&real.model, &execution);
    // Two inputs' errors of half a unit each; halved and rounded, again two halves.
    close(bounds[0], unit);
    close(bounds[1], unit / 2.0 + unit / 2.0);
}

#[test]
fn only_exact_structural_weights_count_as_exact() {
    for scale_bits in 1..=16u32 {
        let one = 1i64 << scale_bits;
        for k in 1..=1i64 << 18 {
            let value = ((one as f64) / k as f64).round() as i64;
            for value in [value, -value] {
                if is_exact(Weight { value, origin: Origin::Structural }, scale_bits) {
                    assert_eq!(value.abs() * k, one, "2^{scale_bits}/{k} was rounded");
                }
            }
        }
        assert!(is_exact(Weight { value: -one, origin: Origin::Structural }, scale_bits));
        assert!(!is_exact(Weight { value: one, origin: Origin::Parameter }, scale_bits));
    }
    assert!(is_exact(Weight { value: 1 << 14, origin: Origin::Structural }, 16), "a quarter");
}

#[test]
fn clear_winner_is_exact_and_near_tie_is_not() {
    let mut real = Real::new(8, 3);
    real.push(LayerKind::ArgMax { windows: vec![vec![0, 1, 2]] });
    real.model.postprocess = Postprocess::Index;
    let bound = |inputs: &[i64]| error_bound(&real.model, &execute(&real.model, inputs).unwrap());
    assert_eq!(bound(&[10, 50, 20]), [0.0]);
    // Two inputs that are off by half a unit each can swap only if they are at most a unit apart.
    assert_eq!(bound(&[10, 12, 20]), [0.0]);
    assert_eq!(bound(&[20, 10, 19]), [2.0]);
    assert_eq!(bound(&[19, 10, 20]), [2.0]);
    assert_eq!(worst_case_error(&real.model, 1.0), [2.0]);
}

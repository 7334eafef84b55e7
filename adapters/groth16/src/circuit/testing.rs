//! Models that the tests share, and a judge of assignments.

use ark_bn254::Fr;
use ark_ff::Zero;
use ark_relations::gr1cs::{ConstraintSynthesizer, ConstraintSystem};
use sheaf_model::{Layer, LayerKind, Operand, Origin, Postprocess, QuantisedModel, Term, Weight};

use super::plan::evaluate;
use super::{Circuit, Synthesis};

pub(crate) const SCALE_BITS: u32 = 8;

/// Two inputs that [`every_layer_model`] and [`argmax_model`] have an execution for.
pub(crate) const INPUT: [i64; 2] = [700, -301];

pub(crate) fn layer(node: &str, kind: LayerKind) -> Layer {
    Layer { node: node.to_owned(), kind }
}

/// A model of two inputs without weights, whose outputs are given.
pub(crate) fn bare_model(layers: Vec<Layer>, outputs: Vec<u32>) -> QuantisedModel {
    QuantisedModel {
        model_digest: [7; 32],
        scale_bits: SCALE_BITS,
        input_shape: vec![1, 2],
        output_shape: vec![1, outputs.len() as u32],
        weights: Vec::new(),
        layers,
        outputs,
        postprocess: Postprocess::None,
    }
}

/// A row a·x + b·y + bias with the weights from `first`.
fn row(x: u32, y: u32, first: u32) -> Vec<Term> {
    vec![
        Term { operand: Operand::Value(x), weight: first },
        Term { operand: Operand::Value(y), weight: first + 1 },
        Term { operand: Operand::One, weight: first + 2 },
    ]
}

fn weights(values: &[i64]) -> Vec<Weight> {
    values.iter().map(|&value| Weight { value, origin: Origin::Parameter }).collect()
}

/// Every layer but ArgMax, each both with and without a fused ReLU where it can have one.
pub(crate) fn every_layer_model() -> QuantisedModel {
    let model = bare_model(
        vec![
            // Values 2, 3, 4. The second is cut off by its ReLU.
            layer(
                "relu'd",
                LayerKind::Linear { rows: vec![row(0, 1, 0), row(0, 1, 3), row(0, 1, 6)], relu: true },
            ),
            layer("max", LayerKind::Max { windows: vec![vec![4, 3, 2], vec![1]] }),
            layer("add", LayerKind::Add { left: vec![5], right: vec![0], relu: false }),
            layer("linear", LayerKind::Linear { rows: vec![row(7, 2, 3), row(7, 7, 0)], relu: false }),
            layer("relu", LayerKind::Relu { inputs: vec![8, 9] }),
            layer("relu'd add", LayerKind::Add { left: vec![8, 9], right: vec![1, 0], relu: true }),
        ],
        vec![5, 6, 7, 8, 9, 10, 11, 12, 13],
    );
    QuantisedModel { weights: weights(&[300, -200, 120, -177, -141, 256, 13, -500, 90]), ..model }
}

/// A linear layer with ReLU, and the position of its greatest output.
pub(crate) fn argmax_model() -> QuantisedModel {
    let model = bare_model(
        vec![
            layer(
                "linear",
                LayerKind::Linear { rows: vec![row(0, 1, 0), row(0, 1, 3), row(0, 1, 6)], relu: true },
            ),
            layer("argmax", LayerKind::ArgMax { windows: vec![vec![2, 3, 4]] }),
        ],
        vec![5],
    );
    let weights = weights(&[300, -200, 120, -177, -141, 256, 13, -500, 90]);
    QuantisedModel { weights, output_shape: vec![1], postprocess: Postprocess::Index, ..model }
}

/// The rows that an assignment does not satisfy. arkworks, shown the same circuit, must agree whether there are any.
pub(crate) fn violated(circuit: &Circuit, assignment: &[Fr]) -> Vec<usize> {
    let rows = violated_rows(circuit, assignment);
    let cs = ConstraintSystem::new_ref();
    Synthesis { circuit, assignment: Some(assignment) }.generate_constraints(cs.clone()).unwrap();
    assert_eq!(cs.is_satisfied().unwrap(), rows.is_empty(), "arkworks disagrees about {rows:?}");
    rows
}

/// As [`violated`], without asking arkworks, for circuits where that takes long.
pub(crate) fn violated_rows(circuit: &Circuit, assignment: &[Fr]) -> Vec<usize> {
    let [a, b, c] = &circuit.matrices;
    let holds = |row: &usize| {
        let [a, b, c] = [a, b, c].map(|matrix| evaluate(&matrix[*row], assignment));
        (a * b - c).is_zero()
    };
    (0..circuit.constraints()).filter(|row| !holds(row)).collect()
}

//! Small programs for tests of this crate, which include this file where they need it.

use sheaf_embedded::{InputVisibility, Program, ProgramOptions, WeightVisibility};
use sheaf_model::{Layer, LayerKind, Operand, Origin, Postprocess, QuantisedModel, Term, Weight};
use sheaf_plonky2::Profile;

/// A linear layer with ReLU of two inputs. The first three of its `width` outputs are the model's.
pub(crate) fn model(seed: u8, width: u32) -> QuantisedModel {
    let weights = (0..3 * i64::from(width))
        .map(|i| Weight { value: (i * 37 + i64::from(seed) * 11) % 500 - 250, origin: Origin::Parameter })
        .collect();
    let row = |row: u32| {
        vec![
            Term { operand: Operand::Value(0), weight: 3 * row },
            Term { operand: Operand::Value(1), weight: 3 * row + 1 },
            Term { operand: Operand::One, weight: 3 * row + 2 },
        ]
    };
    QuantisedModel {
        model_digest: [seed; 32],
        scale_bits: 8,
        input_shape: vec![1, 2],
        output_shape: vec![1, 3],
        weights,
        layers: vec![Layer {
            node: "linear".to_owned(),
            kind: LayerKind::Linear { rows: (0..width).map(row).collect(), relu: true },
        }],
        outputs: vec![2, 3, 4],
        postprocess: Postprocess::None,
    }
}

/// The model as a program that hides nothing.
pub(crate) fn program(seed: u8, width: u32) -> Program {
    let options = ProgramOptions {
        profile: Profile::Standard,
        input: InputVisibility::Public,
        weights: WeightVisibility::Public,
    };
    Program::compile(model(seed, width), options).unwrap()
}

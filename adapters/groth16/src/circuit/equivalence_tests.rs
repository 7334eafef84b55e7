//! Random models on random inputs, at the ends of the range too: the circuit is satisfiable by its plan exactly where
//! reference execution gives values, and then has the same values.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sheaf_model::reference::ReferenceError;
use sheaf_model::{
    Layer, LayerKind, Operand, Origin, Postprocess, QuantisedModel, Row, Term, ValueId, Weight, reference,
};

use super::Circuit;
use super::testing::violated;
use crate::values::scalar_to_signed;

/// A source of decisions, which proptest shrinks.
struct Choices<'a>(std::iter::Cycle<std::slice::Iter<'a, u32>>);

impl Choices<'_> {
    fn below(&mut self, limit: usize) -> usize {
        self.0.next().map_or(0, |choice| *choice as usize % limit)
    }

    fn value(&mut self, defined: usize) -> ValueId {
        self.below(defined) as ValueId
    }

    fn values(&mut self, defined: usize) -> Vec<ValueId> {
        (0..1 + self.below(4)).map(|_| self.value(defined)).collect()
    }

    /// Mostly small, sometimes at an end of the range.
    fn input(&mut self) -> i64 {
        let small = self.below(1 << 16) as i64 - (1 << 15);
        match self.below(8) {
            0 => (1 << 27) - 1 - small.abs(),
            1 => -(1 << 27) + small.abs(),
            2 => small << 11,
            _ => small,
        }
    }

    fn row(&mut self, defined: usize, weights: usize) -> Row {
        let term = |choices: &mut Self| {
            let one = choices.below(4) == 0;
            let operand = if one { Operand::One } else { Operand::Value(choices.value(defined)) };
            Term { operand, weight: choices.below(weights) as u32 }
        };
        (0..1 + self.below(4)).map(|_| term(self)).collect()
    }

    fn kind(&mut self, defined: usize, weights: usize) -> LayerKind {
        let relu = self.below(2) == 0;
        match self.below(5) {
            0 => LayerKind::Add { left: vec![self.value(defined)], right: vec![self.value(defined)], relu },
            1 => LayerKind::Relu { inputs: self.values(defined) },
            2 => LayerKind::Max { windows: vec![self.values(defined), self.values(defined)] },
            _ => {
                LayerKind::Linear { rows: vec![self.row(defined, weights), self.row(defined, weights)], relu }
            }
        }
    }
}

fn model(choices: &mut Choices<'_>) -> QuantisedModel {
    let scale_bits = 1 + choices.below(16) as u32;
    let weight = |choices: &mut Choices<'_>| {
        let value = (choices.below(1 << 17) as i64 - (1 << 16)) >> choices.below(12);
        Weight { value, origin: Origin::Parameter }
    };
    let weights: Vec<Weight> = (0..6).map(|_| weight(choices)).collect();
    let mut defined = 1 + choices.below(4);
    let input_shape = vec![defined as u32];
    let mut layers = Vec::new();
    for node in 0..1 + choices.below(4) {
        let kind = choices.kind(defined, weights.len());
        defined += kind.outputs();
        layers.push(Layer { node: node.to_string(), kind });
    }
    let mut outputs: Vec<ValueId> = (0..defined as ValueId).collect();
    let mut postprocess = Postprocess::None;
    if choices.below(2) == 0 {
        let kind = LayerKind::ArgMax { windows: vec![choices.values(defined), choices.values(defined)] };
        layers.push(Layer { node: "argmax".to_owned(), kind });
        outputs = vec![defined as ValueId, defined as ValueId + 1];
        postprocess = Postprocess::Index;
    }
    let output_shape = vec![outputs.len() as u32];
    QuantisedModel {
        model_digest: [0; 32],
        scale_bits,
        input_shape,
        output_shape,
        weights,
        layers,
        outputs,
        postprocess,
    }
}

/// Judges one model and input, and says whether there was an execution.
fn agree(choices: &[u32]) -> Result<bool, TestCaseError> {
    let mut choices = Choices(choices.iter().cycle());
    let model = model(&mut choices);
    let input: Vec<i64> = (0..model.input_count()).map(|_| choices.input()).collect();
    let circuit = Circuit::new(&model, choices.below(2) == 0);
    let assignment = circuit.assign(&input);
    let rows = violated(&circuit, &assignment);
    match reference::execute(&model, &input) {
        Ok(execution) => {
            prop_assert!(rows.is_empty(), "unsatisfied {:?}", rows);
            let outputs: Option<Vec<i64>> =
                circuit.outputs(&assignment).iter().map(|word| scalar_to_signed(*word)).collect();
            prop_assert_eq!(outputs, Some(execution.outputs));
            Ok(true)
        }
        Err(ReferenceError::Model(error)) => Err(TestCaseError::fail(error.to_string())),
        Err(error) => {
            prop_assert!(!rows.is_empty(), "satisfied in spite of {}", error);
            Ok(false)
        }
    }
}

#[test]
fn circuit_and_reference_agree() {
    let counts = [Cell::new(0), Cell::new(0)];
    let mut runner = TestRunner::new(ProptestConfig::with_cases(2000));
    let judge = |choices: Vec<u32>| {
        let count = &counts[usize::from(agree(&choices)?)];
        count.set(count.get() + 1);
        Ok(())
    };
    runner.run(&vec(any::<u32>(), 120), judge).unwrap();
    // Neither answer may be so rare that the test says little about it.
    assert!(counts.iter().all(|count| count.get() > 200), "{counts:?}");
}

//! Filling a circuit: assignments in the order of the model's computation.
//!
//! A step refers to the row that its result satisfies, so that a plan holds no second copy of the arithmetic. Running a
//! plan never fails: where a value has no decomposition, low bits are written and the row stays unsatisfied. What must be
//! refused is refused by reference execution, with the node's name, before a plan is run.

use std::ops::Range;

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInteger, Field, PrimeField};

use super::{Circuit, Column, ONE};
use crate::values::scalar_to_signed;

/// One step of a plan.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// out = input number `index`.
    Input { index: usize, out: Column },
    /// The bits of the value of the row's C, lowest first.
    Decompose { row: usize, bits: Range<Column> },
    /// out makes the row hold: it has the coefficient 1 in the row's C and does not occur in A or B.
    Solve { row: usize, out: Column },
    /// The window's first greatest value, and for every place but the last whether that comes after it.
    Choose { window: Vec<Column>, greatest: Column, after: Range<Column> },
}

impl Circuit {
    /// The assignment for an input of the model's length.
    pub(crate) fn assign(&self, input: &[i64]) -> Vec<Fr> {
        self.assign_with(input, |_, _, _| {})
    }

    /// As [`assign`](Self::assign), showing `adjust` the results of every step before they are written, with the values
    /// so far. Soundness tests lie there.
    pub(super) fn assign_with(
        &self,
        input: &[i64],
        mut adjust: impl FnMut(usize, &[Fr], &mut Vec<(Column, Fr)>),
    ) -> Vec<Fr> {
        let mut values = vec![Fr::ZERO; self.columns];
        values[ONE] = Fr::ONE;
        let mut results = Vec::new();
        for (index, step) in self.steps.iter().enumerate() {
            self.run(step, input, &values, &mut results);
            adjust(index, &values, &mut results);
            for (column, value) in results.drain(..) {
                values[column] = value;
            }
        }
        values
    }

    fn run(&self, step: &Step, input: &[i64], values: &[Fr], results: &mut Vec<(Column, Fr)>) {
        let [a, b, c] = &self.matrices;
        match step {
            Step::Input { index, out } => results.push((*out, Fr::from(input[*index]))),
            Step::Decompose { row, bits } => {
                let value = evaluate(&c[*row], values).into_bigint();
                results.extend(bits.clone().zip(0..).map(|(column, i)| (column, Fr::from(value.get_bit(i)))));
            }
            Step::Solve { row, out } => {
                // `out` is still zero in `values`, so this is C without it.
                let rest = evaluate(&c[*row], values);
                results.push((*out, evaluate(&a[*row], values) * evaluate(&b[*row], values) - rest));
            }
            Step::Choose { window, greatest, after } => {
                let value = |column: Column| scalar_to_signed(values[column]).unwrap_or_default();
                let winner = (1..window.len())
                    .fold(0, |best, j| if value(window[j]) > value(window[best]) { j } else { best });
                results.push((*greatest, values[window[winner]]));
                results.extend(after.clone().zip(0..).map(|(column, j)| (column, Fr::from(winner > j))));
            }
        }
    }
}

/// ⟨combination, values⟩.
pub(super) fn evaluate(combination: &[(Fr, Column)], values: &[Fr]) -> Fr {
    combination.iter().map(|(coefficient, column)| *coefficient * values[*column]).sum()
}

//! The walk over a quantised model that lays down constraints and records the plan.
//!
//! The module above has the constraints as a table, with the reasons why they suffice.

use std::ops::Range;

use ark_bn254::Fr;
use ark_ff::Zero;
use sheaf_model::{ACTIVATION_BITS, LayerKind, Operand, QuantisedModel, Row, ValueId};

use super::plan::Step;
use super::{Circuit, Column, Combination, ONE};

/// 2^27: what is added to an activation to make it a natural number below 2^28.
const OFFSET: i64 = 1 << (ACTIVATION_BITS - 1);

/// A sum before it becomes a [`Combination`]: columns may repeat.
///
/// Coefficients and their sums stay below 2^62 in magnitude: validation bounds every row's sum, constants included, by
/// 2^61, and no offset here reaches 2^45.
type Sum = Vec<(i64, Column)>;

/// Lays down the circuit of a validated model.
pub(super) fn lower(model: &QuantisedModel, public_input: bool) -> Circuit {
    let mut lowering = Lowering::new(model, public_input);
    lowering.inputs(public_input);
    for layer in &model.layers {
        lowering.layer(&layer.kind);
    }
    lowering.outputs();
    lowering.circuit
}

struct Lowering<'m> {
    model: &'m QuantisedModel,
    circuit: Circuit,
    /// The column of every value of the model.
    values: Vec<Column>,
}

impl<'m> Lowering<'m> {
    fn new(model: &'m QuantisedModel, public_input: bool) -> Self {
        let first_output = 1 + if public_input { model.input_count() } else { 0 };
        let instance_columns = first_output + model.outputs.len();
        let circuit = Circuit {
            matrices: Default::default(),
            steps: Vec::new(),
            instance_columns,
            columns: instance_columns,
            outputs: first_output..instance_columns,
        };
        Self { model, circuit, values: Vec::with_capacity(model.value_count()) }
    }

    /// Every input, range-checked. Public ones come first among the public inputs.
    fn inputs(&mut self, public: bool) {
        for index in 0..self.model.input_count() {
            let out = if public { ONE + 1 + index } else { self.witness() };
            self.circuit.steps.push(Step::Input { index, out });
            self.decompose(vec![(1, out), (OFFSET, ONE)], ACTIVATION_BITS);
            self.values.push(out);
        }
    }

    fn layer(&mut self, kind: &LayerKind) {
        match kind {
            LayerKind::Linear { rows, relu } => {
                for row in rows {
                    let sum = self.dot(row);
                    self.activation(sum, self.model.scale_bits, *relu);
                }
            }
            LayerKind::Add { left, right, relu } => {
                for (a, b) in left.iter().zip(right) {
                    self.activation(vec![(1, self.value(*a)), (1, self.value(*b))], 0, *relu);
                }
            }
            LayerKind::Relu { inputs } => {
                for input in inputs {
                    self.activation(vec![(1, self.value(*input))], 0, true);
                }
            }
            LayerKind::Max { windows } => {
                for window in windows {
                    let greatest = self.max(window);
                    self.values.push(greatest);
                }
            }
            LayerKind::ArgMax { windows } => {
                for window in windows {
                    let index = self.arg_max(window);
                    self.values.push(index);
                }
            }
        }
    }

    /// Binds the outputs' words, each by a row of its own.
    fn outputs(&mut self) {
        for (id, word) in self.model.outputs.iter().zip(self.circuit.outputs.clone()) {
            self.solve(vec![(1, self.value(*id))], ONE, None, word);
        }
    }

    fn value(&self, id: ValueId) -> Column {
        self.values[id as usize]
    }

    /// Σ weight·operand.
    fn dot(&self, row: &Row) -> Sum {
        let term = |term: &sheaf_model::Term| {
            let weight = self.model.weights[term.weight as usize].value;
            match term.operand {
                Operand::Value(id) => (weight, self.value(id)),
                Operand::One => (weight << self.model.scale_bits, ONE),
            }
        };
        row.iter().map(term).collect()
    }

    /// Requantises a sum, rounding half up, into the next value of the model.
    fn activation(&mut self, mut sum: Sum, shift: u32, relu: bool) {
        let half = if shift == 0 { 0 } else { 1 << (shift - 1) };
        sum.push(((OFFSET << shift) + half, ONE));
        let bits = self.decompose(sum, shift + ACTIVATION_BITS);
        let quotient = powers(bits.start + shift as usize..bits.end).chain([(-OFFSET, ONE)]).collect();
        let factor = if relu { top(&bits) } else { ONE };
        let out = self.witness();
        self.solve(quotient, factor, None, out);
        self.values.push(out);
    }

    /// The greatest of a window, folded from the left.
    fn max(&mut self, window: &[ValueId]) -> Column {
        let Some((first, rest)) = window.split_first() else {
            unreachable!("windows are validated non-empty")
        };
        rest.iter().fold(self.value(*first), |greatest, next| {
            let difference = [(1, self.value(*next)), (-1, greatest)];
            let bits = self.decompose([&difference[..], &[(OFFSET, ONE)]].concat(), ACTIVATION_BITS);
            let out = self.witness();
            self.solve(difference.to_vec(), top(&bits), Some(greatest), out);
            out
        })
    }

    /// The position of the first greatest value of a window.
    fn arg_max(&mut self, window: &[ValueId]) -> Column {
        let window: Vec<Column> = window.iter().map(|id| self.value(*id)).collect();
        let greatest = self.witness();
        let after = self.witnesses(window.len() - 1);
        let choose = Step::Choose { window: window.clone(), greatest, after: after.clone() };
        self.circuit.steps.push(choose);
        let mut before = ONE;
        for (place, value) in window.into_iter().enumerate() {
            // The winner cannot come after the last place.
            let later = after.clone().nth(place);
            let minus_later = later.map(|column| (-1, column));
            let hot: Sum = [(1, before)].into_iter().chain(minus_later).collect();
            self.boolean(hot.clone());
            self.constrain(vec![(1, greatest), (-1, value)], hot, Vec::new());
            let margin = [(1, greatest), (-1, value)].into_iter().chain(minus_later).collect();
            self.decompose(margin, ACTIVATION_BITS - 1);
            before = later.unwrap_or(before);
        }
        let index = self.witness();
        self.solve(after.map(|column| (1, column)).collect(), ONE, None, index);
        index
    }

    /// New columns that hold the bits of a value, lowest first, and with it the claim that it fits so many.
    fn decompose(&mut self, value: Sum, bits: u32) -> Range<Column> {
        let bits = self.witnesses(bits as usize);
        let row = self.constrain(powers(bits.clone()).collect(), vec![(1, ONE)], value);
        self.circuit.steps.push(Step::Decompose { row, bits: bits.clone() });
        for bit in bits.clone() {
            self.boolean(vec![(1, bit)]);
        }
        bits
    }

    /// b·(1 − b) = 0.
    fn boolean(&mut self, bit: Sum) {
        let mut complement: Sum = bit.iter().map(|(coefficient, column)| (-coefficient, *column)).collect();
        complement.push((1, ONE));
        self.constrain(bit, complement, Vec::new());
    }

    /// out = start + sum·factor.
    fn solve(&mut self, sum: Sum, factor: Column, start: Option<Column>, out: Column) {
        let minus_start = start.map(|column| (-1, column));
        let row = self.constrain(sum, vec![(1, factor)], [(1, out)].into_iter().chain(minus_start).collect());
        self.circuit.steps.push(Step::Solve { row, out });
    }

    fn constrain(&mut self, a: Sum, b: Sum, c: Sum) -> usize {
        let row = self.circuit.constraints();
        for (matrix, sum) in self.circuit.matrices.iter_mut().zip([a, b, c]) {
            matrix.push(combine(sum));
        }
        row
    }

    fn witness(&mut self) -> Column {
        self.witnesses(1).start
    }

    fn witnesses(&mut self, count: usize) -> Range<Column> {
        let first = self.circuit.columns;
        self.circuit.columns += count;
        first..self.circuit.columns
    }
}

/// Σ 2^i·bit.
fn powers(bits: Range<Column>) -> impl Iterator<Item = (i64, Column)> {
    bits.enumerate().map(|(i, column)| (1 << i, column))
}

/// The highest bit: set where the decomposed value, less its offset, is not negative.
fn top(bits: &Range<Column>) -> Column {
    bits.end - 1
}

/// Merges equal columns and drops what cancels.
fn combine(mut sum: Sum) -> Combination {
    sum.sort_unstable_by_key(|(_, column)| *column);
    sum.chunk_by(|(_, a), (_, b)| a == b)
        .map(|terms| (Fr::from(terms.iter().map(|(coefficient, _)| coefficient).sum::<i64>()), terms[0].1))
        .filter(|(coefficient, _)| !coefficient.is_zero())
        .collect()
}

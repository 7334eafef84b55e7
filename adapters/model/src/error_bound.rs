//! How far a fixed-point inference can be from the real-number model.
//!
//! # What is compared
//! The *real model* is the same straight-line program in exact real arithmetic: weights as the ONNX file gives them
//! (after the front end has folded batch normalisation, `alpha` and `beta` in f64), averages with exact 1/k, nothing
//! rounded, and the user's real input. `e` below bounds, per value, |fixed/2^s − real|, where s = `scale_bits`; let
//! h = 2^−(s+1), half a unit in the last place.
//!
//! # Derivation
//! * **Input.** Rounded to nearest: e = h.
//! * **Linear.** With w, x the fixed-point values as real numbers and w′, x′ the real ones,
//!   |w·x − w′·x′| ≤ |w|·|x − x′| + |w − w′|·|x′| ≤ |w|·eₓ + δ·(|x| + eₓ), where δ ≥ |w − w′|. Weights are rounded
//!   to nearest, so δ = h; but δ = 0 for structural weights known to be exact. The constant operand is x = x′ = 1.
//!   The row adds its terms' errors, and requantising adds at most h, or nothing when every product is a multiple of
//!   2^s and the division exact.
//! * **Add.** e = eₐ + e_b. The sum itself is exact.
//! * **ReLU, Max.** Both are 1-Lipschitz in the maximum norm: e = eₓ, and e = max e over the window.
//! * **ArgMax.** Let i be the index of the fixed-point winner. Index j can win in real numbers only if
//!   xⱼ + eⱼ ≥ xᵢ − eᵢ (strictly for j > i, as ties go to the first). The bound is the greatest |i − j| over such j: 0
//!   if the margin exceeds the errors, and then the class is proven to be that of the real model.
//!
//! Which structural weights are exact: the front end emits ±1 and round(2^s/k) for integers k, and no others. Every
//! multiple of 2^s is ±1 exactly. A power of two 2^j is 2^s/k exactly if 2j ≥ s: another k = 2^(s−j) + d, d ≠ 0,
//! rounds to 2^j only if |d|·2^(j+1) ≤ 2^(s−j) + d, which needs 2j + 1 ≤ s.
//!
//! The bound is itself computed in f64; every sum of n non-negative terms is enlarged by a relative (n + 8)·2^−52,
//! more than n additions and the operations inside a term can lose, so rounding never makes it too small.
//!
//! # Worst case
//! [`worst_case_error`] does the same over intervals: every value gets an interval that holds its fixed-point value
//! for *all* inputs with |x| ≤ r, and |x| above becomes the interval's greatest magnitude. Intervals are cut to the
//! activation range, because executions that leave it are refused and have no error.
//!
//! # Against an ONNX runtime
//! A runtime computes neither model but the real one in float32, whose own error this module does not bound. It is
//! about n·2^−24·Σ|wᵢxᵢ| for a row of n terms, that is, some 2^−(24−s) of a unit here: below one unit for the usual
//! s ≤ 16 and rows of some hundred terms. Whoever compares with a runtime adds that slack, and near-ties (or a
//! Softmax that saturates) can make a runtime's ArgMax differ from both.

use super::reference::Execution;
use super::validate::MAGNITUDE;
use super::{LayerKind, Operand, Origin, QuantisedModel, Row, ValueId, Weight};

/// Bounds, for each output of `execution`, |fixed − real| in real units (class indices: in classes).
///
/// `execution` must be one of this model by [`super::reference::execute`], which is what makes the model valid.
///
/// # Panics
/// If the model is invalid or the execution is of another model.
pub fn error_bound(model: &QuantisedModel, execution: &Execution) -> Vec<f64> {
    let unit = unit(model);
    let mut bounds = Bounds::new(model);
    let fixed = |id: ValueId| execution.values[id as usize] as f64 * unit;
    for layer in &model.layers {
        bounds.push_layer(
            &layer.kind,
            |id| fixed(id).abs(),
            |errors, window| exact_rivals(errors, window, fixed),
        );
    }
    bounds.outputs()
}

/// Bounds the error of every output over *all* accepted inputs whose components are at most `radius` in magnitude.
///
/// A `radius` beyond the representable range (or NaN) is taken as that range.
///
/// # Panics
/// If the model is invalid: call [`QuantisedModel::validate`] on models made by hand.
pub fn worst_case_error(model: &QuantisedModel, radius: f64) -> Vec<f64> {
    let unit = unit(model);
    let range = MAGNITUDE as f64 * unit;
    // Rounding can carry an input half a unit past the radius. `f64::min` drops a NaN.
    let radius = (radius.abs() + unit / 2.0).min(range);
    let mut bounds = Bounds::new(model);
    let mut intervals = vec![Interval { low: -radius, high: radius }; model.input_count()];
    for layer in &model.layers {
        bounds.push_layer(
            &layer.kind,
            |id| intervals[id as usize].magnitude(),
            |errors, window| interval_rivals(errors, window, &intervals),
        );
        push_intervals(model, &layer.kind, &mut intervals, range);
    }
    bounds.outputs()
}

/// One unit in the last place, 2^−s.
fn unit(model: &QuantisedModel) -> f64 {
    1.0 / (1u64 << model.scale_bits) as f64
}

/// Enlarges a computed sum of `terms` non-negative terms by more than its rounding errors.
fn outward(sum: f64, terms: usize) -> f64 {
    sum * (1.0 + (terms as f64 + 8.0) * f64::EPSILON)
}

/// The error of every value so far.
struct Bounds<'a> {
    model: &'a QuantisedModel,
    unit: f64,
    errors: Vec<f64>,
}

impl<'a> Bounds<'a> {
    fn new(model: &'a QuantisedModel) -> Self {
        let unit = unit(model);
        let mut errors = Vec::with_capacity(model.value_count());
        errors.resize(model.input_count(), unit / 2.0);
        Self { model, unit, errors }
    }

    /// Appends the errors of a layer's outputs, given the magnitude of values before it and the greatest distance
    /// of an ArgMax's index from that of the real model.
    fn push_layer(
        &mut self,
        kind: &LayerKind,
        magnitude: impl Fn(ValueId) -> f64,
        rivals: impl Fn(&[f64], &[ValueId]) -> f64,
    ) {
        for index in 0..kind.outputs() {
            let error = match kind {
                LayerKind::Linear { rows, .. } => self.row(&rows[index], &magnitude),
                LayerKind::Add { left, right, .. } => {
                    outward(self.at(left[index]) + self.at(right[index]), 2)
                }
                LayerKind::Relu { inputs } => self.at(inputs[index]),
                LayerKind::Max { windows } => {
                    windows[index].iter().map(|&id| self.at(id)).fold(0.0, f64::max)
                }
                LayerKind::ArgMax { windows } => rivals(&self.errors, &windows[index]),
            };
            self.errors.push(error);
        }
    }

    fn row(&self, row: &Row, magnitude: impl Fn(ValueId) -> f64) -> f64 {
        let half = self.unit / 2.0;
        let mut sum = 0.0;
        let mut exact_division = true;
        for term in row {
            let weight = self.model.weights[term.weight as usize];
            let delta = if is_exact(weight, self.model.scale_bits) { 0.0 } else { half };
            match term.operand {
                Operand::Value(id) => {
                    let error = self.at(id);
                    let size = (weight.value as f64 * self.unit).abs();
                    sum += size * error + delta * (magnitude(id) + error);
                    exact_division &= is_whole(weight, self.model.scale_bits);
                }
                // The operand is 2^s itself, so the product is a multiple of 2^s.
                Operand::One => sum += delta,
            }
        }
        outward(if exact_division { sum } else { sum + half }, 2 * row.len() + 1)
    }

    fn at(&self, id: ValueId) -> f64 {
        self.errors[id as usize]
    }

    fn outputs(&self) -> Vec<f64> {
        self.model.outputs.iter().map(|&id| self.at(id)).collect()
    }
}

/// Whether the weight is a multiple of 1.0.
fn is_whole(weight: Weight, scale_bits: u32) -> bool {
    weight.value.trailing_zeros() >= scale_bits
}

/// Whether the weight is known to be free of rounding error; see the module's derivation.
fn is_exact(weight: Weight, scale_bits: u32) -> bool {
    let power_of_two = weight.value.unsigned_abs().is_power_of_two();
    weight.origin == Origin::Structural
        && weight.value != 0
        && (is_whole(weight, scale_bits) || (power_of_two && 2 * weight.value.trailing_zeros() >= scale_bits))
}

/// Greatest distance between the fixed-point winner and an index that can win in real numbers.
fn exact_rivals(errors: &[f64], window: &[ValueId], fixed: impl Fn(ValueId) -> f64) -> f64 {
    let mut winner = 0;
    for (j, &id) in window.iter().enumerate() {
        if fixed(id) > fixed(window[winner]) {
            winner = j;
        }
    }
    let best = window[winner];
    let distance = |(j, &id): (usize, &ValueId)| {
        // Fixed-point values are multiples of 2^-s below 2^27, so their difference is exact; the sum of errors is not.
        let margin = fixed(best) - fixed(id);
        let slack = outward(errors[best as usize] + errors[id as usize], 2);
        let wins = if j > winner { margin < slack } else { margin <= slack };
        if wins { j.abs_diff(winner) as f64 } else { 0.0 }
    };
    window.iter().enumerate().map(distance).fold(0.0, f64::max)
}

/// Greatest distance between any two indices that can win, in fixed point or real numbers, for some input.
fn interval_rivals(errors: &[f64], window: &[ValueId], intervals: &[Interval]) -> f64 {
    let low = |&id: &ValueId| intervals[id as usize].low - errors[id as usize];
    let high = |&id: &ValueId| intervals[id as usize].high + errors[id as usize];
    let bar = window.iter().map(low).fold(f64::NEG_INFINITY, f64::max);
    // One part in 2^40 of the bar is far more than the two sums above can lose.
    let bar = bar - bar.abs() * 2f64.powi(-40);
    let mut candidates = (0..window.len()).filter(|&j| high(&window[j]) >= bar);
    let first = candidates.next().unwrap_or(0);
    (candidates.next_back().unwrap_or(first) - first) as f64
}

/// Where a fixed-point value lies over all inputs, in real units.
#[derive(Debug, Clone, Copy)]
struct Interval {
    low: f64,
    high: f64,
}

impl Interval {
    fn magnitude(self) -> f64 {
        self.low.abs().max(self.high.abs())
    }

    /// Cut to the activation range. A bound that lies outside altogether (no input is accepted) collapses onto it.
    fn within(self, range: f64) -> Self {
        Self { low: self.low.clamp(-range, range), high: self.high.clamp(-range, range) }
    }

    fn rectified(self, relu: bool) -> Self {
        if relu { Self { low: self.low.max(0.0), high: self.high.max(0.0) } } else { self }
    }

    fn hull_of_max(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.max(other.high) }
    }
}

fn push_intervals(model: &QuantisedModel, kind: &LayerKind, intervals: &mut Vec<Interval>, range: f64) {
    for index in 0..kind.outputs() {
        let at = |id: ValueId| intervals[id as usize];
        let interval = match kind {
            LayerKind::Linear { rows, relu } => {
                row_interval(model, &rows[index], at).within(range).rectified(*relu)
            }
            LayerKind::Add { left, right, relu } => {
                let (a, b) = (at(left[index]), at(right[index]));
                // Bounds are multiples of 2^-(s+1) only at first, so the sums are enlarged like all others.
                widened(a.low + b.low, a.high + b.high, a.magnitude() + b.magnitude(), 2)
                    .within(range)
                    .rectified(*relu)
            }
            LayerKind::Relu { inputs } => at(inputs[index]).rectified(true),
            LayerKind::Max { windows } => {
                let window = &windows[index];
                window.iter().map(|&id| at(id)).fold(at(window[0]), Interval::hull_of_max)
            }
            // Never an operand, so its interval is never read.
            LayerKind::ArgMax { .. } => Interval { low: 0.0, high: 0.0 },
        };
        intervals.push(interval);
    }
}

fn row_interval(model: &QuantisedModel, row: &Row, at: impl Fn(ValueId) -> Interval) -> Interval {
    let unit = unit(model);
    let (mut low, mut high, mut size) = (0.0, 0.0, 0.0);
    for term in row {
        let weight = model.weights[term.weight as usize].value as f64 * unit;
        let x = match term.operand {
            Operand::Value(id) => at(id),
            Operand::One => Interval { low: 1.0, high: 1.0 },
        };
        let (a, b) = (weight * x.low, weight * x.high);
        low += a.min(b);
        high += a.max(b);
        size += a.abs().max(b.abs());
    }
    // Requantising moves a value by at most half a unit.
    widened(low - unit / 2.0, high + unit / 2.0, size + unit, 2 * row.len() + 1)
}

/// An interval computed with `terms` roundings of numbers whose magnitudes add up to `size`, made safe.
fn widened(low: f64, high: f64, size: f64, terms: usize) -> Interval {
    let slack = outward(size, terms) - size + size * f64::EPSILON;
    Interval { low: low - slack, high: high + slack }
}

#[cfg(test)]
mod tests;

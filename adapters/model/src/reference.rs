//! Execution of a [`QuantisedModel`] in plain integers.
//!
//! Owns the meaning of the model: circuits must give the same values bit for bit, and what is refused here must not
//! be provable. Also owns the way from real inputs to integers and back. Does not own how far the result is from the
//! model in real numbers (see [`super::error_bound`](mod@super::error_bound)).

use thiserror::Error;

use super::validate::MAGNITUDE;
use super::{LayerKind, ModelError, Operand, Postprocess, QuantisedModel, Row, ValueId};

/// All values of one inference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// Every activation, by [`ValueId`].
    pub values: Vec<i64>,
    /// The model's outputs, in order.
    pub outputs: Vec<i64>,
}

/// Why there is no execution for these inputs.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum ReferenceError {
    /// The model itself is invalid.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Too few or too many inputs.
    #[error("[SH-REF-001] wrong number of inputs: expected {expected}, got {got}")]
    InputCount {
        /// The model's number of inputs.
        expected: usize,
        /// The number given.
        got: usize,
    },
    /// An input is NaN or infinite.
    #[error("[SH-REF-002] input {index} is not finite: got {value}")]
    InputNotFinite {
        /// Position in the inputs.
        index: usize,
        /// The input.
        value: f64,
    },
    /// A real input is too large for the fixed-point range.
    #[error("[SH-REF-003] input {index} out of range: expected from {min} to {max}, got {value}")]
    InputTooLarge {
        /// Position in the inputs.
        index: usize,
        /// The input.
        value: f64,
        /// Least representable number.
        min: f64,
        /// Greatest representable number.
        max: f64,
    },
    /// A fixed-point input is outside the activation range.
    #[error("[SH-REF-004] fixed-point input {index} out of range: expected [-2^27, 2^27), got {value}")]
    InputRange {
        /// Position in the inputs.
        index: usize,
        /// The fixed-point input.
        value: i64,
    },
    /// A computed activation, or the value before its fused ReLU, is outside the activation range.
    #[error("[SH-REF-005] layer `{node}`, output {index} out of range: expected [-2^27, 2^27), got {value}")]
    ActivationRange {
        /// The layer's node.
        node: String,
        /// Which of the layer's outputs.
        index: usize,
        /// The value.
        value: i128,
    },
    /// A difference that a maximum compares, or a margin of a class index, is outside the activation range.
    #[error(
        "[SH-REF-006] layer `{node}`, window {index}: a difference of two values leaves [-2^27, 2^27), got {value}"
    )]
    DifferenceRange {
        /// The layer's node.
        node: String,
        /// Which of the layer's windows.
        index: usize,
        /// The difference.
        value: i64,
    },
}

impl ReferenceError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Model(error) => error.code(),
            Self::InputCount { .. } => "SH-REF-001",
            Self::InputNotFinite { .. } => "SH-REF-002",
            Self::InputTooLarge { .. } => "SH-REF-003",
            Self::InputRange { .. } => "SH-REF-004",
            Self::ActivationRange { .. } => "SH-REF-005",
            Self::DifferenceRange { .. } => "SH-REF-006",
        }
    }
}

/// Executes `model` on fixed-point inputs at scale 2^`scale_bits`, in row-major order of the input shape.
///
/// Deterministic and without floating point. Validates the model first, so that a model made by hand cannot make
/// it panic.
///
/// # Errors
/// [`ReferenceError`] if the model is invalid, the number of inputs is wrong, or a value or compared difference
/// leaves the activation range.
pub fn execute(model: &QuantisedModel, inputs: &[i64]) -> Result<Execution, ReferenceError> {
    model.validate()?;
    let expected = model.input_count();
    if inputs.len() != expected {
        return Err(ReferenceError::InputCount { expected, got: inputs.len() });
    }
    if let Some((index, &value)) = inputs.iter().enumerate().find(|(_, v)| !in_range(**v)) {
        return Err(ReferenceError::InputRange { index, value });
    }
    let mut values = Vec::with_capacity(model.value_count());
    values.extend_from_slice(inputs);
    for layer in &model.layers {
        let node = layer.node.as_str();
        // Outputs of a layer are appended as they are made: validation lets no layer refer to its own.
        for index in 0..layer.kind.outputs() {
            let value = match &layer.kind {
                LayerKind::Linear { rows, relu } => {
                    let sum = requantise(accumulate(model, &values, &rows[index]), model.scale_bits);
                    rectify(activation(node, index, sum)?, *relu)
                }
                LayerKind::Add { left, right, relu } => {
                    let sum = i128::from(at(&values, left[index])) + i128::from(at(&values, right[index]));
                    rectify(activation(node, index, sum)?, *relu)
                }
                LayerKind::Relu { inputs } => at(&values, inputs[index]).max(0),
                LayerKind::Max { windows } => greatest(node, index, &values, &windows[index])?,
                LayerKind::ArgMax { windows } => first_greatest(node, index, &values, &windows[index])?,
            };
            values.push(value);
        }
    }
    let outputs = model.outputs.iter().map(|&id| at(&values, id)).collect();
    Ok(Execution { values, outputs })
}

/// Rounds real inputs to fixed point, half away from zero.
///
/// # Errors
/// [`ReferenceError::InputCount`] if there are too few or too many; with the position of the first offender,
/// [`ReferenceError::InputNotFinite`] or [`ReferenceError::InputTooLarge`].
pub fn quantise_input(model: &QuantisedModel, inputs: &[f64]) -> Result<Vec<i64>, ReferenceError> {
    let expected = model.input_count();
    if inputs.len() != expected {
        return Err(ReferenceError::InputCount { expected, got: inputs.len() });
    }
    let scale = scale(model);
    let quantise = |(index, &value): (usize, &f64)| {
        if !value.is_finite() {
            return Err(ReferenceError::InputNotFinite { index, value });
        }
        // Scaling by a power of two is exact (or overflows to infinity, which the comparison refuses), and
        // `f64::round` rounds half away from zero.
        let fixed = (value * scale).round();
        let limit = MAGNITUDE as f64;
        if fixed < -limit || fixed >= limit {
            let (min, max) = (-limit / scale, (limit - 1.0) / scale);
            return Err(ReferenceError::InputTooLarge { index, value, min, max });
        }
        Ok(fixed as i64)
    };
    inputs.iter().enumerate().map(quantise).collect()
}

/// Reads outputs as real numbers: divided by 2^`scale_bits`, or as they are if they are class indices.
pub fn dequantise(model: &QuantisedModel, outputs: &[i64]) -> Vec<f64> {
    let divisor = if model.postprocess == Postprocess::Index { 1.0 } else { scale(model) };
    outputs.iter().map(|&value| value as f64 / divisor).collect()
}

/// 2^`scale_bits` as a real number, exactly. Saturates far above what validation accepts, so that it cannot panic.
fn scale(model: &QuantisedModel) -> f64 {
    (1u64 << model.scale_bits.min(62)) as f64
}

fn accumulate(model: &QuantisedModel, values: &[i64], row: &Row) -> i128 {
    let one = 1i64 << model.scale_bits;
    let product = |term: &super::Term| {
        let operand = match term.operand {
            Operand::Value(id) => at(values, id),
            Operand::One => one,
        };
        i128::from(model.weights[term.weight as usize].value) * i128::from(operand)
    };
    row.iter().map(product).sum()
}

/// ⌊(a + 2^(s−1)) / 2^s⌋; the shift of a negative number rounds down, as the floor does.
fn requantise(a: i128, scale_bits: u32) -> i128 {
    if scale_bits == 0 { a } else { (a + (1 << (scale_bits - 1))) >> scale_bits }
}

fn at(values: &[i64], id: ValueId) -> i64 {
    values[id as usize]
}

fn in_range(value: i64) -> bool {
    (-MAGNITUDE..MAGNITUDE).contains(&value)
}

fn activation(node: &str, index: usize, value: i128) -> Result<i64, ReferenceError> {
    match i64::try_from(value) {
        Ok(small) if in_range(small) => Ok(small),
        _ => Err(ReferenceError::ActivationRange { node: node.to_owned(), index, value }),
    }
}

fn rectify(value: i64, relu: bool) -> i64 {
    if relu { value.max(0) } else { value }
}

/// The greatest value of a window, folded from the left.
fn greatest(node: &str, index: usize, values: &[i64], window: &[ValueId]) -> Result<i64, ReferenceError> {
    window.iter().skip(1).try_fold(at(values, window[0]), |best, &id| {
        Ok(best + difference(node, index, at(values, id) - best)?.max(0))
    })
}

/// The position of the first greatest value of a window.
fn first_greatest(
    node: &str,
    index: usize,
    values: &[i64],
    window: &[ValueId],
) -> Result<i64, ReferenceError> {
    let value = |j: usize| at(values, window[j]);
    let winner = (1..window.len()).fold(0, |best, j| if value(j) > value(best) { j } else { best });
    for j in 0..window.len() {
        // What a circuit checks to be no less than 0: the winner beats earlier values, and is no less than later ones.
        difference(node, index, value(winner) - value(j) - i64::from(j < winner))?;
    }
    Ok(winner as i64)
}

fn difference(node: &str, index: usize, value: i64) -> Result<i64, ReferenceError> {
    if in_range(value) {
        return Ok(value);
    }
    Err(ReferenceError::DifferenceRange { node: node.to_owned(), index, value })
}

#[cfg(test)]
mod tests;

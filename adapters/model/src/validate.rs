//! The invariants of a [`QuantisedModel`].
//!
//! Owns what must hold before a model is executed, bounded or turned into a circuit, whoever made it: the front end
//! or a decoder reading bytes from disk. Does not own whether one *input* keeps activations in range; that is
//! decided per inference, by [`super::reference`].

use std::ops::Range;

use thiserror::Error;

use super::{
    ACTIVATION_BITS, Layer, LayerKind, MAX_SCALE_BITS, Operand, Postprocess, QuantisedModel, Row, ValueId,
};

/// Activations and weights lie in [−`MAGNITUDE`, `MAGNITUDE`).
pub(crate) const MAGNITUDE: i64 = 1 << (ACTIVATION_BITS - 1);

/// Every accumulator stays below 2^61 in absolute value, which leaves room for the rounding constant both in an
/// `i64` and in the Goldilocks field (p > 2^63), so that a sum can wrap in neither.
pub const MAX_ACCUMULATOR_BITS: u32 = 61;

/// Why a model is not well formed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ModelError {
    /// The scale is outside 1..=16.
    #[error("[SH-MOD-001] unsupported scale: expected 1 to {MAX_SCALE_BITS} bits, got {got}")]
    ScaleBits {
        /// The model's `scale_bits`.
        got: u32,
    },
    /// A shape has a dimension of zero, or its product exceeds 32 bits.
    #[error(
        "[SH-MOD-002] malformed {what} shape {shape:?}: expected positive dimensions whose product fits 32 bits"
    )]
    Shape {
        /// `input` or `output`.
        what: &'static str,
        /// The shape.
        shape: Vec<u32>,
    },
    /// A weight is outside the range of activations.
    #[error("[SH-MOD-003] weight {index} out of range: expected [-2^27, 2^27), got {value}")]
    WeightRange {
        /// Index into the weights.
        index: usize,
        /// Its value.
        value: i64,
    },
    /// More values than ids.
    #[error("[SH-MOD-004] too many values: layer `{node}` brings their number past 32 bits")]
    TooManyValues {
        /// The layer.
        node: String,
    },
    /// A layer without outputs, a row without terms or a window without values.
    #[error("[SH-MOD-005] layer `{node}` has an empty {what}")]
    Empty {
        /// The layer.
        node: String,
        /// `output list`, `row` or `window`.
        what: &'static str,
    },
    /// An operand is not defined before its use.
    #[error("[SH-MOD-006] layer `{node}` uses value {id}: expected one of the {defined} defined before it")]
    UndefinedValue {
        /// The layer.
        node: String,
        /// The operand.
        id: ValueId,
        /// How many values exist at that point.
        defined: usize,
    },
    /// A term refers to a weight that does not exist.
    #[error("[SH-MOD-007] layer `{node}` uses weight {index}: expected one of {count}")]
    UndefinedWeight {
        /// The layer.
        node: String,
        /// The index.
        index: u32,
        /// How many weights there are.
        count: usize,
    },
    /// The two sides of an addition differ in length.
    #[error("[SH-MOD-008] layer `{node}` adds lists of different lengths: {left} and {right}")]
    AddLengths {
        /// The layer.
        node: String,
        /// Number of left operands.
        left: usize,
        /// Number of right operands.
        right: usize,
    },
    /// The sum of a row could leave 61 bits for some input.
    #[error(
        "[SH-MOD-009] layer `{node}`, output {output}: the accumulator can reach {bound}, expected below 2^61"
    )]
    Accumulator {
        /// The layer.
        node: String,
        /// Which of the layer's outputs.
        output: usize,
        /// Σ|weight|·(greatest operand).
        bound: u128,
    },
    /// A class index is used as if it were a fixed-point number.
    #[error("[SH-MOD-010] layer `{node}` computes with value {id}, which is a class index")]
    IndexOperand {
        /// The layer.
        node: String,
        /// The operand.
        id: ValueId,
    },
    /// An output is not a defined value.
    #[error("[SH-MOD-011] output {output} is value {id}: expected one of {defined}")]
    UndefinedOutput {
        /// Position in the outputs.
        output: usize,
        /// The id.
        id: ValueId,
        /// How many values there are.
        defined: usize,
    },
    /// The number of outputs differs from the product of the output shape.
    #[error("[SH-MOD-012] expected {expected} outputs by shape, got {got}")]
    OutputCount {
        /// Product of the output shape.
        expected: usize,
        /// Number of outputs.
        got: usize,
    },
    /// Class indices and `Postprocess::Index` go together, for all outputs or for none.
    #[error(
        "[SH-MOD-013] output {output} {got}: expected the contrary by the postprocessing {postprocess:?}"
    )]
    OutputKind {
        /// Position in the outputs.
        output: usize,
        /// `is a class index` or `is a fixed-point number`.
        got: &'static str,
        /// What the model declares.
        postprocess: Postprocess,
    },
}

impl ModelError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ScaleBits { .. } => "SH-MOD-001",
            Self::Shape { .. } => "SH-MOD-002",
            Self::WeightRange { .. } => "SH-MOD-003",
            Self::TooManyValues { .. } => "SH-MOD-004",
            Self::Empty { .. } => "SH-MOD-005",
            Self::UndefinedValue { .. } => "SH-MOD-006",
            Self::UndefinedWeight { .. } => "SH-MOD-007",
            Self::AddLengths { .. } => "SH-MOD-008",
            Self::Accumulator { .. } => "SH-MOD-009",
            Self::IndexOperand { .. } => "SH-MOD-010",
            Self::UndefinedOutput { .. } => "SH-MOD-011",
            Self::OutputCount { .. } => "SH-MOD-012",
            Self::OutputKind { .. } => "SH-MOD-013",
        }
    }
}

impl QuantisedModel {
    /// Checks every invariant that execution, error bounds and circuits rely on:
    ///
    /// * `scale_bits` is in 1..=16, shapes are positive, weights lie in [−2^27, 2^27);
    /// * every operand and weight exists before its use; every layer, row and window has at least one element;
    /// * no accumulator of a linear layer can reach 2^61, whatever the activations (see [`MAX_ACCUMULATOR_BITS`]);
    /// * class indices are outputs and nothing else, and then all outputs are class indices;
    /// * the outputs exist and are as many as the output shape says.
    ///
    /// Takes time linear in the model and allocates nothing per value.
    ///
    /// # Errors
    /// The first broken invariant, as [`ModelError`].
    pub fn validate(&self) -> Result<(), ModelError> {
        if !(1..=MAX_SCALE_BITS).contains(&self.scale_bits) {
            return Err(ModelError::ScaleBits { got: self.scale_bits });
        }
        let inputs = product("input", &self.input_shape)?;
        let outputs = product("output", &self.output_shape)?;
        for (index, weight) in self.weights.iter().enumerate() {
            if !(-MAGNITUDE..MAGNITUDE).contains(&weight.value) {
                return Err(ModelError::WeightRange { index, value: weight.value });
            }
        }
        let mut defined = Defined { count: inputs, indices: Vec::new() };
        for layer in &self.layers {
            self.validate_layer(layer, &defined)?;
            defined.push(layer)?;
        }
        if self.outputs.len() != outputs {
            return Err(ModelError::OutputCount { expected: outputs, got: self.outputs.len() });
        }
        for (output, &id) in self.outputs.iter().enumerate() {
            if id as usize >= defined.count {
                return Err(ModelError::UndefinedOutput { output, id, defined: defined.count });
            }
            let index = defined.is_index(id);
            if index != (self.postprocess == Postprocess::Index) {
                let got = if index { "is a class index" } else { "is a fixed-point number" };
                return Err(ModelError::OutputKind { output, got, postprocess: self.postprocess });
            }
        }
        Ok(())
    }

    fn validate_layer(&self, layer: &Layer, defined: &Defined) -> Result<(), ModelError> {
        let node = || layer.node.clone();
        if layer.kind.outputs() == 0 {
            return Err(ModelError::Empty { node: node(), what: "output list" });
        }
        match &layer.kind {
            LayerKind::Linear { rows, .. } => {
                for (output, row) in rows.iter().enumerate() {
                    self.validate_row(layer, output, row, defined)?;
                }
                Ok(())
            }
            LayerKind::Add { left, right, .. } => {
                if left.len() != right.len() {
                    return Err(ModelError::AddLengths {
                        node: node(),
                        left: left.len(),
                        right: right.len(),
                    });
                }
                left.iter().chain(right).try_for_each(|&id| defined.operand(layer, id))
            }
            LayerKind::Relu { inputs } => inputs.iter().try_for_each(|&id| defined.operand(layer, id)),
            LayerKind::Max { windows } | LayerKind::ArgMax { windows } => {
                for window in windows {
                    if window.is_empty() {
                        return Err(ModelError::Empty { node: node(), what: "window" });
                    }
                    window.iter().try_for_each(|&id| defined.operand(layer, id))?;
                }
                Ok(())
            }
        }
    }

    fn validate_row(
        &self,
        layer: &Layer,
        output: usize,
        row: &Row,
        defined: &Defined,
    ) -> Result<(), ModelError> {
        if row.is_empty() {
            return Err(ModelError::Empty { node: layer.node.clone(), what: "row" });
        }
        let mut bound = 0u128;
        for term in row {
            let weight =
                self.weights.get(term.weight as usize).ok_or_else(|| ModelError::UndefinedWeight {
                    node: layer.node.clone(),
                    index: term.weight,
                    count: self.weights.len(),
                })?;
            let operand_bits = match term.operand {
                Operand::Value(id) => {
                    defined.operand(layer, id)?;
                    ACTIVATION_BITS - 1
                }
                Operand::One => self.scale_bits,
            };
            bound += u128::from(weight.value.unsigned_abs()) << operand_bits;
        }
        if bound >= 1 << MAX_ACCUMULATOR_BITS {
            return Err(ModelError::Accumulator { node: layer.node.clone(), output, bound });
        }
        Ok(())
    }

    /// The number of inputs: the product of the input shape. Saturates, where validation would refuse.
    pub fn input_count(&self) -> usize {
        self.input_shape.iter().fold(1, |product, &d| product.saturating_mul(d as usize))
    }

    /// The number of values: inputs and the outputs of all layers. Saturates, where validation would refuse.
    pub fn value_count(&self) -> usize {
        self.layers.iter().fold(self.input_count(), |sum, layer| sum.saturating_add(layer.kind.outputs()))
    }
}

impl LayerKind {
    /// The number of values that the layer defines.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Linear { rows, .. } => rows.len(),
            Self::Add { left, .. } => left.len(),
            Self::Relu { inputs } => inputs.len(),
            Self::Max { windows } | Self::ArgMax { windows } => windows.len(),
        }
    }
}

/// What is defined at some point of the program.
struct Defined {
    count: usize,
    /// The ranges of values that hold class indices, in order.
    indices: Vec<Range<usize>>,
}

impl Defined {
    fn push(&mut self, layer: &Layer) -> Result<(), ModelError> {
        let end = self.count + layer.kind.outputs();
        if u32::try_from(end).is_err() {
            return Err(ModelError::TooManyValues { node: layer.node.clone() });
        }
        if matches!(layer.kind, LayerKind::ArgMax { .. }) {
            self.indices.push(self.count..end);
        }
        self.count = end;
        Ok(())
    }

    fn is_index(&self, id: ValueId) -> bool {
        let id = id as usize;
        let candidate = self.indices.partition_point(|range| range.end <= id);
        self.indices.get(candidate).is_some_and(|range| range.contains(&id))
    }

    fn operand(&self, layer: &Layer, id: ValueId) -> Result<(), ModelError> {
        if id as usize >= self.count {
            return Err(ModelError::UndefinedValue { node: layer.node.clone(), id, defined: self.count });
        }
        if self.is_index(id) {
            return Err(ModelError::IndexOperand { node: layer.node.clone(), id });
        }
        Ok(())
    }
}

fn product(what: &'static str, shape: &[u32]) -> Result<usize, ModelError> {
    let malformed = || ModelError::Shape { what, shape: shape.to_vec() };
    let product = shape.iter().try_fold(1u32, |acc, &d| acc.checked_mul(d)).ok_or_else(malformed)?;
    if product == 0 { Err(malformed()) } else { Ok(product as usize) }
}

#[cfg(test)]
mod tests;

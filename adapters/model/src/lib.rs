//! Models as every in-tree prover takes them: the ONNX front end and the quantised models that it produces, which
//! reference execution and circuits consume. Knows no proof system.
//!
//! A [`QuantisedModel`] is a straight-line integer program over *activations*: signed integers at the
//! fixed-point scale 2^`scale_bits`, each in [−2^27, 2^27) ([`ACTIVATION_BITS`] = 28). Values are numbered: the
//! inputs come first, then the outputs of each layer in order. Reshapes and transposes leave no trace here; the
//! front end resolves them to value numbers.
//!
//! | module | owns |
//! |---|---|
//! | here | the types |
//! | [`onnx`] | reading ONNX files, hostile ones too |
//! | `validate` | their invariants, the bound on accumulators among them |
//! | `encoding` | their canonical bytes |
//! | [`reference`](mod@reference) | execution in plain integers, which circuits must match bit for bit |
//! | [`error_bound`](mod@error_bound) | how far an execution can be from the real-number model |

pub mod error_bound;
pub mod onnx;
pub mod reference;

mod encoding;
mod validate;

use serde::{Deserialize, Serialize};

pub use encoding::{DecodeError, MAX_ENCODED_BYTES};
pub use validate::{MAX_ACCUMULATOR_BITS, ModelError};

/// Every activation is a signed integer of this many bits. Leaving the range is refused, never wrapped.
pub const ACTIVATION_BITS: u32 = 28;
/// Largest supported `scale_bits`.
pub const MAX_SCALE_BITS: u32 = 16;

/// Index of an activation: inputs first, then layer outputs in order of their layers.
pub type ValueId = u32;

/// The factor that a [`Term`] multiplies its weight with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Operand {
    /// An activation computed before.
    Value(ValueId),
    /// The constant activation 1.0, that is 2^`scale_bits`; multiplies biases.
    One,
}

/// Where a weight comes from, which decides whether it can be private.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Origin {
    /// A trained parameter of the model (an ONNX initialiser).
    Parameter,
    /// Fixed by the architecture, such as 1/k of an average pool or the 1.0 of a residual addition.
    Structural,
}

/// A weight at scale 2^`scale_bits`, rounded to nearest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weight {
    /// The fixed-point value.
    pub value: i64,
    /// Trained or structural.
    pub origin: Origin,
}

/// One product of a [`Row`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The factor.
    pub operand: Operand,
    /// Index into [`QuantisedModel::weights`].
    pub weight: u32,
}

/// One output of a linear layer: the sum of its terms.
pub type Row = Vec<Term>;

/// What a layer computes. `requantise(a, s)` is ⌊(a + 2^(s−1)) / 2^s⌋ for s > 0 (round half up) and a for s = 0.
///
/// The result of requantising or adding must lie in the activation range *before* a fused ReLU too: fusing must not
/// change which inputs are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum LayerKind {
    /// yᵢ = requantise(Σ weight·operand, scale_bits), then max(0, ·) if `relu`.
    Linear {
        /// One row per output.
        rows: Vec<Row>,
        /// Whether a ReLU follows, fused.
        relu: bool,
    },
    /// yᵢ = aᵢ + bᵢ, then max(0, ·) if `relu`.
    Add {
        /// Left operands.
        left: Vec<ValueId>,
        /// Right operands, as many.
        right: Vec<ValueId>,
        /// Whether a ReLU follows, fused.
        relu: bool,
    },
    /// yᵢ = max(0, xᵢ).
    Relu {
        /// Operands.
        inputs: Vec<ValueId>,
    },
    /// yᵢ = the greatest of the window's values, folded pairwise from the left: m ← m + max(0, x − m), where every
    /// difference must itself lie in the activation range.
    Max {
        /// One window (at least one value) per output.
        windows: Vec<Vec<ValueId>>,
    },
    /// One output per window: the index w (an integer at scale 1, not 2^scale_bits) of the first greatest value. Every
    /// margin x_w − xⱼ, less 1 where j < w, must lie in the activation range (it is never negative).
    ArgMax {
        /// One window per output.
        windows: Vec<Vec<ValueId>>,
    },
}

/// A layer: the ONNX node it comes from (for messages) and what it computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Name of the ONNX node, or its operator and position if it has none.
    pub node: String,
    /// The computation.
    pub kind: LayerKind,
}

/// A function that Sheaf applies to the proven outputs when it shows them, outside the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Postprocess {
    /// Outputs are fixed-point numbers.
    None,
    /// The model ends in Softmax: the proven outputs are the logits, and Softmax is left to the reader.
    Softmax,
    /// As Softmax, in logarithms.
    LogSoftmax,
    /// Outputs are class indices, proven inside the circuit.
    Index,
}

/// A quantised model. Invariants are checked by `validate`, which every decoder calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuantisedModel {
    /// SHA-256 of the ONNX file.
    pub model_digest: [u8; 32],
    /// Activations and weights are integers at scale 2^`scale_bits`.
    pub scale_bits: u32,
    /// Shape of the input, batch dimension (1) included; its product is the number of inputs.
    pub input_shape: Vec<u32>,
    /// Shape of the output.
    pub output_shape: Vec<u32>,
    /// Distinct weights, referred to by index.
    pub weights: Vec<Weight>,
    /// Layers in order of execution.
    pub layers: Vec<Layer>,
    /// The model's outputs.
    pub outputs: Vec<ValueId>,
    /// What readers apply to the outputs.
    pub postprocess: Postprocess,
}

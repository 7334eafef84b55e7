//! Why an ONNX file is refused.
//!
//! Every error names the node (or tensor) at fault as its author knows it: by name, or as `Op#index (output "x")`
//! when it has none. Names come from the file, so they are escaped and cut before they reach a message.

use thiserror::Error;

use crate::ModelError;

/// Why an ONNX file does not compile. In fields, `node` is the node's label and names are escaped.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum OnnxError {
    /// Something exceeds [`Limits`](super::Limits).
    #[error("[SH-ONX-001] {subject}: too many {what}: expected at most {limit}, got {got}")]
    Limit {
        /// The node or tensor, or `file`.
        subject: String,
        /// What is counted.
        what: &'static str,
        /// The limit.
        limit: usize,
        /// What the file asks for; saturates.
        got: usize,
    },
    /// The bytes are not a protobuf message of ONNX's layout.
    #[error("[SH-ONX-002] malformed protobuf: {detail}")]
    Protobuf {
        /// The decoder's account of it.
        detail: String,
    },
    /// The file uses a part of ONNX outside plain inference graphs: functions, training, sparse tensors, and so on.
    #[error("[SH-ONX-003] unsupported file: {what}")]
    UnsupportedFile {
        /// What the file has, or lacks.
        what: &'static str,
    },
    /// The version of the standard operator set is missing, repeated or outside the supported range.
    #[error(
        "[SH-ONX-004] unsupported operator set: expected one import of ai.onnx from {min} to {max}, got {got:?}"
    )]
    Opset {
        /// Least supported version.
        min: i64,
        /// Greatest supported version.
        max: i64,
        /// Versions imported for the standard domain.
        got: Vec<i64>,
    },
    /// The graph has not exactly one input that is no initialiser.
    #[error("[SH-ONX-005] expected exactly one input, got {}", list(names))]
    Inputs {
        /// The inputs.
        names: Vec<String>,
    },
    /// The graph has not exactly one output.
    #[error("[SH-ONX-006] expected exactly one output, got {}", list(names))]
    Outputs {
        /// The outputs.
        names: Vec<String>,
    },
    /// The input or output is no tensor, or lacks a shape.
    #[error("[SH-ONX-007] {what} \"{name}\": expected a tensor with a shape")]
    Untyped {
        /// `input` or `output`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A dimension other than the batch is not known.
    #[error("[SH-ONX-008] input \"{name}\": expected a size for dimension {axis}, got {got}")]
    UnknownDimension {
        /// The input.
        name: String,
        /// Which dimension.
        axis: usize,
        /// The symbolic name or value, or `nothing`.
        got: String,
    },
    /// The model infers several examples at once.
    #[error("[SH-ONX-009] input \"{name}\": expected a batch of 1, got {got}")]
    Batch {
        /// The input.
        name: String,
        /// The first dimension.
        got: i64,
    },
    /// The element type is not supported here.
    #[error("[SH-ONX-010] {subject}: expected elements of type {expected}, got {got}")]
    DataType {
        /// The node, tensor, input or output.
        subject: String,
        /// What is supported here.
        expected: &'static str,
        /// The type.
        got: String,
    },
    /// A tensor's dimensions are negative or their product overflows.
    #[error("[SH-ONX-011] tensor \"{tensor}\": malformed dimensions {dims:?}")]
    Dimensions {
        /// The tensor.
        tensor: String,
        /// Its dimensions.
        dims: Vec<i64>,
    },
    /// A tensor has not as many elements as its dimensions say.
    #[error("[SH-ONX-012] tensor \"{tensor}\": expected {expected} {what} by its dimensions, got {got}")]
    TensorData {
        /// The tensor.
        tensor: String,
        /// `bytes` or `elements`.
        what: &'static str,
        /// By its dimensions.
        expected: usize,
        /// In the file.
        got: usize,
    },
    /// A tensor's data are in another file.
    #[error("[SH-ONX-013] tensor \"{tensor}\": external data are not supported")]
    ExternalData {
        /// The tensor.
        tensor: String,
    },
    /// A weight is NaN or infinite.
    #[error("[SH-ONX-014] {subject}: element {index} is not finite: got {value}")]
    NotFinite {
        /// The tensor, or the node that computes it from constants.
        subject: String,
        /// Position in row-major order.
        index: usize,
        /// The element.
        value: f64,
    },
    /// A name is defined twice.
    #[error("[SH-ONX-015] {subject}: \"{name}\" is defined more than once")]
    Redefined {
        /// The node or tensor that defines it again.
        subject: String,
        /// The name.
        name: String,
    },
    /// A name is used before it is defined, or never defined.
    #[error("[SH-ONX-016] {subject}: \"{name}\" is not defined before its use")]
    Undefined {
        /// The node, or `output`.
        subject: String,
        /// The name.
        name: String,
    },
    /// The operator is not supported.
    #[error("[SH-ONX-017] node {node}: unsupported operator {operator}")]
    Operator {
        /// The node.
        node: String,
        /// The operator, with its domain unless standard.
        operator: String,
    },
    /// An attribute is unknown, of the wrong type, repeated or missing.
    #[error("[SH-ONX-018] node {node}: attribute `{attribute}`: expected {expected}, got {got}")]
    Attribute {
        /// The node.
        node: String,
        /// The attribute.
        attribute: String,
        /// What is supported.
        expected: &'static str,
        /// What the file has.
        got: String,
    },
    /// An operand is missing, superfluous, or constant where it must not be (or the reverse).
    #[error("[SH-ONX-019] node {node}: input {index}: expected {expected}, got {got}")]
    Operand {
        /// The node.
        node: String,
        /// Which input.
        index: usize,
        /// What is supported.
        expected: &'static str,
        /// What the file has.
        got: &'static str,
    },
    /// An output beyond the supported ones is used.
    #[error("[SH-ONX-020] node {node}: expected {expected} outputs, got {got}")]
    NodeOutputs {
        /// The node.
        node: String,
        /// How many are supported.
        expected: usize,
        /// How many are named.
        got: usize,
    },
    /// Shapes do not fit the operator, or each other.
    #[error("[SH-ONX-021] node {node}: {what}: expected {expected}, got {got}")]
    Shape {
        /// The node.
        node: String,
        /// What is measured.
        what: &'static str,
        /// What would fit.
        expected: String,
        /// What the file has.
        got: String,
    },
    /// A combination that is valid ONNX and not provable here.
    #[error("[SH-ONX-022] node {node}: unsupported: {what}")]
    Unsupported {
        /// The node.
        node: String,
        /// The combination.
        what: &'static str,
    },
    /// A weight is too large in fixed point.
    #[error(
        "[SH-ONX-023] node {node}: weight {value} is too large at {scale_bits} fractional bits: expected below 2^27 in fixed point"
    )]
    WeightTooLarge {
        /// The node.
        node: String,
        /// The weight (after folding).
        value: f64,
        /// The scale.
        scale_bits: u32,
    },
    /// The graph's output is no computed activation.
    #[error("[SH-ONX-024] output \"{name}\": expected a value computed from the input, got a constant")]
    ConstantOutput {
        /// The output.
        name: String,
    },
    /// The declared shape of the output is not the one inferred.
    #[error(
        "[SH-ONX-025] output \"{name}\": declared shape {declared:?} differs from the inferred {inferred:?}"
    )]
    OutputShape {
        /// The output.
        name: String,
        /// Declared dimensions, unknown ones as −1.
        declared: Vec<i64>,
        /// Inferred dimensions.
        inferred: Vec<usize>,
    },
    /// The scale is not supported.
    #[error("[SH-ONX-026] unsupported scale: expected 1 to 16 bits, got {got}")]
    ScaleBits {
        /// The scale asked for.
        got: u32,
    },
    /// The compiled model breaks an invariant, such as an accumulator that could overflow.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl OnnxError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Limit { .. } => "SH-ONX-001",
            Self::Protobuf { .. } => "SH-ONX-002",
            Self::UnsupportedFile { .. } => "SH-ONX-003",
            Self::Opset { .. } => "SH-ONX-004",
            Self::Inputs { .. } => "SH-ONX-005",
            Self::Outputs { .. } => "SH-ONX-006",
            Self::Untyped { .. } => "SH-ONX-007",
            Self::UnknownDimension { .. } => "SH-ONX-008",
            Self::Batch { .. } => "SH-ONX-009",
            Self::DataType { .. } => "SH-ONX-010",
            Self::Dimensions { .. } => "SH-ONX-011",
            Self::TensorData { .. } => "SH-ONX-012",
            Self::ExternalData { .. } => "SH-ONX-013",
            Self::NotFinite { .. } => "SH-ONX-014",
            Self::Redefined { .. } => "SH-ONX-015",
            Self::Undefined { .. } => "SH-ONX-016",
            Self::Operator { .. } => "SH-ONX-017",
            Self::Attribute { .. } => "SH-ONX-018",
            Self::Operand { .. } => "SH-ONX-019",
            Self::NodeOutputs { .. } => "SH-ONX-020",
            Self::Shape { .. } => "SH-ONX-021",
            Self::Unsupported { .. } => "SH-ONX-022",
            Self::WeightTooLarge { .. } => "SH-ONX-023",
            Self::ConstantOutput { .. } => "SH-ONX-024",
            Self::OutputShape { .. } => "SH-ONX-025",
            Self::ScaleBits { .. } => "SH-ONX-026",
            Self::Model(error) => error.code(),
        }
    }
}

fn list(names: &[String]) -> String {
    /// Enough to recognise the model by.
    const SHOWN: usize = 8;
    let mut text = names.iter().take(SHOWN).map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => text.push_str("none"),
        n if n > SHOWN => text.push_str(&format!(" and {} more", n - SHOWN)),
        _ => {}
    }
    text
}

/// A name from the file, fit for messages: control characters escaped, at most 80 characters.
pub(super) fn printable(name: &str) -> String {
    const LONGEST: usize = 80;
    let mut shown: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

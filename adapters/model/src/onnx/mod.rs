//! The front end: from ONNX files to quantised models.
//!
//! Owns decoding hostile files within [`Limits`] (prost reads the protobuf), the supported part of ONNX, and fusing.
//! No inference library is involved: a graph optimiser is free to reorder arithmetic, and what it does changes with
//! its version, while here equal files must give equal circuits for ever. tract is the float reference of the tests. Does not own the meaning of the result (see
//! [`crate`]).
//!
//! ```text
//! bytes → wire (bounds the decoded size) → prost → graph (names, order, liveness)
//!       → lower (one operator at a time, into builder) → QuantisedModel::validate
//! ```
//!
//! # What is supported
//! Operator sets 7 to 24 of the standard domain; one input with a batch of 1 and one output; constants of type FLOAT
//! or DOUBLE (weights) and INT64 or INT32 (shapes); the operators in `lower`. Everything else is refused with an
//! [`OnnxError`] that names the node.
//!
//! # Where the result differs from a float runtime
//! By the bounds of [`crate::error_bound`](mod@crate::error_bound), and in that Softmax is left to the
//! reader ([`Postprocess`](crate::Postprocess)), or dropped before ArgMax. A runtime whose float Softmax
//! saturates may report a tie that the logits do not have.

mod builder;
mod error;
mod graph;
mod limits;
mod lower;
mod node;
mod proto;
mod shape;
mod tensor;
mod windows;
mod wire;

use prost::Message;
use sha2::{Digest, Sha256};

pub use error::OnnxError;
pub use limits::Limits;

use self::proto::ModelProto;
use crate::{MAX_SCALE_BITS, QuantisedModel};

/// Least supported version of the standard operator set: the first with numpy's broadcasting.
pub const MIN_OPSET: i64 = 7;
/// Greatest supported version of the standard operator set.
pub const MAX_OPSET: i64 = 24;

/// Compiles an ONNX file with the default [`Limits`].
///
/// Deterministic: the same bytes and scale give the same model. Weights are rounded to nearest, half away from zero,
/// at scale 2^`scale_bits`.
///
/// # Errors
/// [`OnnxError`], for any bytes that are not a supported model; never panics.
pub fn compile(bytes: &[u8], scale_bits: u32) -> Result<QuantisedModel, OnnxError> {
    compile_with_limits(bytes, scale_bits, &Limits::default())
}

/// Compiles an ONNX file within `limits`; see [`compile`].
///
/// # Errors
/// [`OnnxError`], for any bytes that are not a supported model or exceed the limits; never panics.
pub fn compile_with_limits(
    bytes: &[u8],
    scale_bits: u32,
    limits: &Limits,
) -> Result<QuantisedModel, OnnxError> {
    if !(1..=MAX_SCALE_BITS).contains(&scale_bits) {
        return Err(OnnxError::ScaleBits { got: scale_bits });
    }
    if bytes.len() > limits.file_bytes {
        let (limit, got) = (limits.file_bytes, bytes.len());
        return Err(OnnxError::Limit { subject: "file".to_owned(), what: "bytes", limit, got });
    }
    wire::check(bytes, limits)?;
    let proto =
        ModelProto::decode(bytes).map_err(|error| OnnxError::Protobuf { detail: error.to_string() })?;
    let graph = graph::Graph::new(&proto, limits)?;
    lower::check_operators(&graph)?;
    let input_shape = graph.input_shape(limits)?;
    let builder = builder::Builder::new(*limits, shape::count(&input_shape));
    let lowered = lower::lower(&graph, builder, &input_shape, scale_bits)?;
    graph.check_output_shape(&lowered.output_shape)?;
    let dims = |shape: &[usize]| shape.iter().map(|&d| u32::try_from(d).unwrap_or(u32::MAX)).collect();
    let model = QuantisedModel {
        model_digest: Sha256::digest(bytes).into(),
        scale_bits,
        input_shape: dims(&input_shape),
        output_shape: dims(&lowered.output_shape),
        weights: lowered.weights,
        layers: lowered.layers,
        outputs: lowered.outputs,
        postprocess: lowered.postprocess,
    };
    model.validate()?;
    Ok(model)
}

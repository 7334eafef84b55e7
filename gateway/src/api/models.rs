//! Models on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// How to take a model.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ModelQuery {
    /// A name for people.
    #[param(min_length = 1, max_length = 128, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$")]
    pub(crate) name: Option<String>,
    /// Fixed-point scale: values are multiples of 2^-scale_bits.
    #[param(minimum = 1, maximum = 16, default = 12)]
    pub(crate) scale_bits: Option<u32>,
}

/// A model.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Model {
    /// Its digest, the SHA-256 of the ONNX file: what jobs refer to.
    #[schema(pattern = "^0x[0-9a-f]{64}$")]
    pub(crate) model: String,
    /// The name given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// When it was first added, unix milliseconds.
    pub(crate) created_ms: u64,
    /// Values are multiples of 2^-scale_bits.
    pub(crate) scale_bits: u32,
    /// Shape of the input.
    pub(crate) input_shape: Vec<u32>,
    /// Shape of the output.
    pub(crate) output_shape: Vec<u32>,
    /// Whether the outputs are class indices.
    pub(crate) classes: bool,
    /// Bound on |proven − real| of any output for inputs within ±1; absent for class indices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error_bound_unit_inputs: Option<f64>,
    /// Which provers can serve it, and at what cost.
    pub(crate) provers: Vec<ModelProver>,
}

/// How one prover can serve a model for one input privacy.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ModelProver {
    /// The prover.
    pub(crate) prover: String,
    /// For this privacy of inputs.
    pub(crate) privacy: crate::api::jobs::PrivacyParam,
    /// What stands behind its receipts.
    pub(crate) trust_tier: crate::api::jobs::TierParam,
    /// Whether it can.
    pub(crate) serves: bool,
    /// Whether it is compiled: what is not is compiled when first needed.
    pub(crate) compiled: bool,
    /// Estimated price of a proof, in US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) estimated_price: Option<String>,
    /// Estimated time until a receipt, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) estimated_latency_ms: Option<u64>,
    /// The program id that statements name, once compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) program: Option<String>,
    /// Size in the prover's own measure, once compiled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) size: Option<String>,
    /// Why it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<String>,
    /// Why it cannot, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Which variant of a model.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScaleQuery {
    /// The fixed-point scale it was added with.
    #[param(minimum = 1, maximum = 16, default = 12)]
    pub(crate) scale_bits: Option<u32>,
}

//! Models: adding them, and which provers can serve them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::call::{Call, OCTETS};
use crate::{Client, Error, ModelDigest, Page, PageQuery, Privacy, TrustTier, Usd};

/// How to take a model.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelOptions {
    /// A name for people.
    pub name: Option<String>,
    /// Fixed-point scale: values are multiples of 2^-scale_bits; 12 if `None`.
    pub scale_bits: Option<u32>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Model {
    /// Its digest: what jobs refer to.
    pub model: ModelDigest,
    /// The name given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it was first added, Unix milliseconds.
    pub created_ms: u64,
    /// Values are multiples of 2^-scale_bits.
    pub scale_bits: u32,
    /// Shape of the input.
    pub input_shape: Vec<u32>,
    /// Shape of the output.
    pub output_shape: Vec<u32>,
    /// Whether the outputs are class indices.
    pub classes: bool,
    /// Bound on |proven − real| of any output for inputs within ±1; `None` for class indices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_bound_unit_inputs: Option<f64>,
    /// Which provers can serve it, and at what cost.
    pub provers: Vec<ModelProver>,
}

/// How one prover can serve a model for one input privacy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelProver {
    /// The prover.
    pub prover: String,
    /// For this privacy of inputs.
    pub privacy: Privacy,
    /// What stands behind its receipts.
    pub trust_tier: TrustTier,
    /// Whether it can.
    pub serves: bool,
    /// Whether it is compiled: what is not is compiled when first needed.
    pub compiled: bool,
    /// Estimated price of a proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_price: Option<Usd>,
    /// Estimated time until a receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_latency_ms: Option<u64>,
    /// The program id that statements name, once compiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Size in the prover's own measure, once compiled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Why it cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why it cannot, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Client {
    /// Adds a model, an ONNX file. Adding it again changes nothing, so this is safe to repeat.
    ///
    /// # Errors
    /// As the gateway answers, for example if no prover can serve the model.
    pub async fn add_model(&self, onnx: impl Into<Bytes>, options: &ModelOptions) -> Result<Model, Error> {
        let name = options.name.clone().map(|name| ("name", name));
        let call = Call::post(&["v1", "models"]).query(name.into_iter().chain(scale(options.scale_bits)));
        // The file's digest names the model.
        self.send(call.body(OCTETS, onnx.into()).repeatable()).await?.decode("a model")
    }

    /// Models, newest first.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn models(&self, page: &PageQuery) -> Result<Page<Model>, Error> {
        self.send(Call::get(&["v1", "models"]).query(page.pairs())).await?.decode("a page of models")
    }

    /// A model under a fixed-point scale; 12 if `None`.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn model(&self, model: &ModelDigest, scale_bits: Option<u32>) -> Result<Model, Error> {
        let path = ["v1", "models", model.as_str()];
        self.send(Call::get(&path).query(scale(scale_bits))).await?.decode("a model")
    }
}

fn scale(bits: Option<u32>) -> Option<(&'static str, String)> {
    bits.map(|bits| ("scale_bits", bits.to_string()))
}

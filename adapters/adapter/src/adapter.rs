//! The adapter trait, and what passes through it.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sheaf_model::{LayerKind, QuantisedModel};
use sheaf_statement::{InputVisibility, VkDigest};

use crate::{AdapterError, Descriptor};

/// Names one attempt of one job at one prover. Sent along with every try of the attempt, so that a prover which charges
/// for work can tell a repeated request from a new one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub String);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How large a quantised model is: all that estimates depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelSize {
    /// Input values.
    pub inputs: u64,
    /// Output values.
    pub outputs: u64,
    /// Values that are rescaled or rectified.
    pub activations: u64,
    /// Products of linear layers.
    pub products: u64,
    /// Comparisons of maxima and class indices.
    pub comparisons: u64,
}

impl ModelSize {
    /// Counts a model's work.
    #[must_use]
    pub fn of(model: &QuantisedModel) -> Self {
        let count = |shape: &[u32]| shape.iter().map(|&d| u64::from(d)).product();
        let mut size = Self {
            inputs: count(&model.input_shape),
            outputs: count(&model.output_shape),
            activations: 0,
            products: 0,
            comparisons: 0,
        };
        for layer in &model.layers {
            match &layer.kind {
                LayerKind::Linear { rows, .. } => {
                    size.activations += rows.len() as u64;
                    size.products += rows.iter().map(|row| row.len() as u64).sum::<u64>();
                }
                LayerKind::Add { left, .. } => size.activations += left.len() as u64,
                LayerKind::Relu { inputs } => size.activations += inputs.len() as u64,
                LayerKind::Max { windows } | LayerKind::ArgMax { windows } => {
                    size.comparisons += windows.iter().map(|window| window.len() as u64).sum::<u64>();
                }
            }
        }
        size
    }
}

/// What proving one inference takes, by the prover's own account. Prices are the gateway's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// CPU time in milliseconds.
    pub cpu_ms: u64,
    /// Time until the proof is there, without waiting, in milliseconds.
    pub latency_ms: u64,
}

/// A model compiled by a prover for one input visibility.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledProgram {
    /// What statements name the program by.
    pub vk: VkDigest,
    /// What whoever verifies needs, as a document; public.
    pub key: Bytes,
    /// What [`Adapter::prove`] needs, opaque to everyone else; may hold secrets, so it is kept with mode 0600.
    pub package: Bytes,
    /// Size in the prover's own measure, such as `2^8 rows` or `2282 constraints`.
    pub size: String,
    /// The estimate, better than before compiling.
    pub estimate: Estimate,
}

/// A compiled program as the gateway keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramRef {
    /// Its id.
    pub vk: VkDigest,
    /// The file with [`CompiledProgram::package`], which never changes. An adapter may cache what it reads by `vk`.
    pub package: PathBuf,
    /// What statements say about the input.
    pub visibility: InputVisibility,
}

/// One inference to prove.
#[derive(Debug, Clone)]
pub struct ProveRequest {
    /// Repeated with every try of one attempt.
    pub attempt: AttemptId,
    /// Which program.
    pub program: ProgramRef,
    /// The input as fixed-point integers, checked against the model's input count and range.
    pub input: Arc<Vec<i64>>,
    /// How long the caller will wait. The stack enforces it; a prover may use it to decline early.
    pub time_left: Duration,
}

/// What opens an input commitment: the salt, as 32 canonical bytes.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Opening(pub [u8; 32]);

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening(…)")
    }
}

/// What a prover answers. Believed by nobody: the document is verified, and its statement compared with the one that was
/// asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The proof document, in the format of its proof system.
    pub document: Bytes,
    /// The salt of the input commitment, if the input is committed.
    pub opening: Option<Opening>,
}

/// A prover.
///
/// # Contract
/// * `descriptor` and `estimate` answer at once and the same every time.
/// * `compile` and `prove` may take long; dropping their future cancels what can be cancelled, and what cannot keeps
///   counting against the adapter's own limits until it is done.
/// * `prove` with the same attempt id again, after an error or a restart, is the same attempt: it is charged at most
///   once, and any of its proofs will do.
/// * Errors are told by [`ErrorKind`](crate::ErrorKind); messages hold no secrets and no input values.
/// * No retries, no rate limits and no timeouts inside: [`assemble`](crate::assemble) puts them around.
#[async_trait]
pub trait Adapter: Send + Sync + 'static {
    /// What the prover says of itself.
    fn descriptor(&self) -> &Descriptor;

    /// What proving a model of this size takes. For routing before anything is compiled.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if it is sure to be refused.
    fn estimate(&self, size: &ModelSize, visibility: InputVisibility) -> Result<Estimate, AdapterError>;

    /// Compiles a model.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if this prover cannot take the model; other kinds if it
    /// may on another day.
    async fn compile(
        &self,
        model: Arc<QuantisedModel>,
        visibility: InputVisibility,
    ) -> Result<CompiledProgram, AdapterError>;

    /// Proves one inference.
    ///
    /// # Errors
    /// [`AdapterError`], whose kind says what to do about it.
    async fn prove(&self, request: ProveRequest) -> Result<Proven, AdapterError>;
}

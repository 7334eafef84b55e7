//! The statement that a proof must be of.
//!
//! With a public or private input the whole statement is known before anything is proven: reference execution gives the
//! outputs. With a committed input the commitment is the prover's, and must open to the input. A valid proof of anything
//! else is the work of a prover that errs or lies, and is refused here.

use serde_json::Value;
use sheaf_adapter::Opening;
use sheaf_model::error_bound::error_bound;
use sheaf_model::{Postprocess, QuantisedModel, reference};
use sheaf_plonky2::hash::Digest;
use sheaf_statement::{InputVisibility, Statement, VkDigest, Word};

use crate::api::jobs::InferenceResult;
use crate::refusal::Refusal;

/// What executing a job says.
#[derive(Debug)]
pub(crate) struct Expected {
    input: Vec<i64>,
    outputs: Vec<i64>,
    /// The result in the model's own units.
    pub(crate) result: InferenceResult,
}

impl Expected {
    /// Executes the model in plain integers.
    pub(crate) fn new(model: &QuantisedModel, input: Vec<i64>) -> Result<Self, Refusal> {
        let execution = reference::execute(model, &input)?;
        let values = reference::dequantise(model, &execution.outputs);
        let classes = model.postprocess == Postprocess::Index;
        let bound = (!classes).then(|| error_bound(model, &execution).into_iter().fold(0.0, f64::max));
        let greatest = values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
        let result = InferenceResult {
            classes,
            greatest: greatest.filter(|_| !classes).and_then(|(index, _)| u32::try_from(index).ok()),
            error_bound: bound.filter(|bound| bound.is_finite()),
            softmax: (model.postprocess == Postprocess::Softmax).then(|| softmax(&values)),
            outputs: values,
        };
        Ok(Self { input, outputs: execution.outputs, result })
    }

    /// Whether a verified statement is the one that was asked for.
    ///
    /// # Errors
    /// In what it differs.
    pub(crate) fn check(
        &self,
        statement: &Statement,
        vk: VkDigest,
        visibility: InputVisibility,
        opening: Option<&Opening>,
    ) -> Result<(), String> {
        if statement.vk() != vk {
            return Err(format!("proof of another program: expected {vk}, got {}", statement.vk()));
        }
        let words = |values: &[i64]| -> Vec<Word> {
            values.iter().map(|value| Word::from_signed(statement.system(), *value)).collect()
        };
        let got = statement.public_inputs().words();
        let head = got.len().checked_sub(self.outputs.len());
        let Some((head, outputs)) = head.map(|at| got.split_at(at)) else {
            return Err(format!("too few public inputs: expected {} outputs", self.outputs.len()));
        };
        if outputs != words(&self.outputs) {
            return Err("proof of other outputs than the model's for this input".to_owned());
        }
        let expected = match visibility {
            InputVisibility::Public => words(&self.input),
            InputVisibility::Private => Vec::new(),
            InputVisibility::Committed => commitment(&self.input, opening)?,
        };
        if head != expected {
            return Err("proof of another input".to_owned());
        }
        Ok(())
    }
}

fn commitment(input: &[i64], opening: Option<&Opening>) -> Result<Vec<Word>, String> {
    let salt = opening.ok_or("no opening for a committed input")?;
    let salt = Digest::from_bytes(&salt.0).map_err(|error| format!("opening refused: {error}"))?;
    let elements = sheaf_embedded::input_commitment(&salt, input).to_bytes();
    let (elements, _) = elements.as_chunks::<8>();
    Ok(elements.iter().map(|bytes| Word::from(u64::from_be_bytes(*bytes))).collect())
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let top = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exponentials: Vec<f64> = logits.iter().map(|x| (x - top).exp()).collect();
    let sum: f64 = exponentials.iter().sum();
    exponentials.iter().map(|e| e / sum).collect()
}

/// The stored form of a result.
pub(crate) fn to_text(result: &InferenceResult) -> String {
    serde_json::to_value(result).as_ref().map(Value::to_string).unwrap_or_default()
}

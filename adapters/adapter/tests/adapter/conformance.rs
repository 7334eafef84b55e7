//! The conformance kit finds nothing wrong with a prover that keeps the contract, and each way of breaking it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use sheaf_adapter::conformance::{Sample, check};
use sheaf_adapter::{
    Adapter, AdapterError, AttemptId, CompiledProgram, Descriptor, ErrorKind, Estimate, ModelSize, Opening,
    ProveRequest, Proven,
};
use sheaf_model::reference::{self, ReferenceError};
use sheaf_model::{Layer, LayerKind, Operand, Origin, Postprocess, QuantisedModel, Term, Weight};
use sheaf_statement::{InputVisibility, ProofSystem, Statement, VkDigest, Word};

use crate::toys::descriptor;

/// How a [`Toy`] breaks the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// It does not.
    Nothing,
    DescriptorChanges,
    EstimateChanges,
    EstimatesWhatItDoesNotServe,
    CompilesWhatItDoesNotServe,
    RefusesWithAnotherKind,
    DoesNotCompile,
    ProvesOtherOutputs,
    ProvesAnotherInput,
    ProvesAnotherProgram,
    ProvesInAnotherSystem,
    AnswersGarbage,
    TellsThePrivateInput,
    HidesThePublicInput,
    ForgetsTheCommitment,
    ForgetsTheOpening,
    RefusesTheSameAttemptTwice,
    PadsShortInputs,
    CallsLongInputsTransient,
    ClipsOverflows,
    CallsOverflowsMisbehaviour,
    ProvesWithoutPackage,
    BlamesTheJobForItsPackage,
}

/// A prover whose proofs are statements in their canonical bytes.
struct Toy {
    fault: Fault,
    descriptor: Descriptor,
    /// The second account of itself.
    other: Descriptor,
    calls: AtomicU64,
    /// What each attempt was answered. As at a prover that charges, an attempt is made once and then repeated.
    answers: Mutex<BTreeMap<AttemptId, Result<Proven, AdapterError>>>,
}

/// Every kind of statement, and one visibility that is not served.
const SERVED: [InputVisibility; 3] = InputVisibility::ALL;

impl Toy {
    fn new(fault: Fault, served: &[InputVisibility]) -> Self {
        Self {
            fault,
            descriptor: descriptor("toy", served),
            other: descriptor("toy-2", served),
            calls: AtomicU64::new(0),
            answers: Mutex::default(),
        }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn serves(&self, visibility: InputVisibility) -> bool {
        self.descriptor.visibilities.contains(&visibility)
    }

    fn model(&self, request: &ProveRequest) -> Result<QuantisedModel, AdapterError> {
        match std::fs::read(&request.program.package) {
            Ok(bytes) => Ok(QuantisedModel::from_bytes(&bytes).unwrap()),
            Err(_) if self.has(Fault::ProvesWithoutPackage) => Ok(model()),
            Err(_) if self.has(Fault::BlamesTheJobForItsPackage) => Err(refusal(ErrorKind::InvalidJob)),
            Err(_) => Err(refusal(ErrorKind::Transient)),
        }
    }
}

fn refusal(kind: ErrorKind) -> AdapterError {
    AdapterError::new(kind, "SH-TOY-004", "refused")
}

fn vk(visibility: InputVisibility) -> VkDigest {
    [visibility as u8 + 1; 32].into()
}

#[async_trait]
impl Adapter for Toy {
    fn descriptor(&self) -> &Descriptor {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.has(Fault::DescriptorChanges) && call == 1 { &self.other } else { &self.descriptor }
    }

    fn estimate(&self, size: &ModelSize, visibility: InputVisibility) -> Result<Estimate, AdapterError> {
        if !self.serves(visibility) && !self.has(Fault::EstimatesWhatItDoesNotServe) {
            return Err(refusal(ErrorKind::Unsupported));
        }
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let change = if self.has(Fault::EstimateChanges) { call } else { 0 };
        Ok(Estimate { cpu_ms: size.products + change, latency_ms: size.products })
    }

    async fn compile(
        &self,
        model: Arc<QuantisedModel>,
        visibility: InputVisibility,
    ) -> Result<CompiledProgram, AdapterError> {
        if self.has(Fault::DoesNotCompile) {
            return Err(refusal(ErrorKind::Transient));
        }
        if !self.serves(visibility) && self.has(Fault::RefusesWithAnotherKind) {
            return Err(refusal(ErrorKind::Transient));
        }
        if !self.serves(visibility) && !self.has(Fault::CompilesWhatItDoesNotServe) {
            return Err(refusal(ErrorKind::Unsupported));
        }
        Ok(CompiledProgram {
            vk: vk(visibility),
            key: Bytes::from_static(b"key"),
            package: model.to_bytes().unwrap().into(),
            size: "none".to_owned(),
            estimate: Estimate { cpu_ms: 1, latency_ms: 1 },
        })
    }

    async fn prove(&self, request: ProveRequest) -> Result<Proven, AdapterError> {
        let mut answers = self.answers.lock().unwrap();
        if self.has(Fault::RefusesTheSameAttemptTwice) && answers.contains_key(&request.attempt) {
            return Err(refusal(ErrorKind::Misbehaved));
        }
        answers.entry(request.attempt.clone()).or_insert_with(|| self.answer(&request)).clone()
    }
}

impl Toy {
    fn answer(&self, request: &ProveRequest) -> Result<Proven, AdapterError> {
        let model = self.model(request)?;
        let mut input = request.input.to_vec();
        if self.has(Fault::PadsShortInputs) {
            input.resize(input.len().max(model.input_count()), 0);
        }
        if self.has(Fault::ProvesAnotherInput) {
            input[0] += 1;
        }
        let mut outputs = match reference::execute(&model, &input) {
            Ok(execution) => execution.outputs,
            Err(ReferenceError::InputCount { .. }) if self.has(Fault::CallsLongInputsTransient) => {
                return Err(refusal(ErrorKind::Transient));
            }
            Err(ReferenceError::ActivationRange { .. }) if self.has(Fault::ClipsOverflows) => vec![0, 0],
            Err(ReferenceError::ActivationRange { .. }) if self.has(Fault::CallsOverflowsMisbehaviour) => {
                return Err(refusal(ErrorKind::Misbehaved));
            }
            Err(_) => return Err(refusal(ErrorKind::InvalidJob)),
        };
        if self.has(Fault::ProvesOtherOutputs) {
            outputs[0] += 1;
        }
        let system = if self.has(Fault::ProvesInAnotherSystem) {
            ProofSystem::Groth16Bn254
        } else {
            ProofSystem::Plonky2Goldilocks
        };
        let mut opening = None;
        let mut values = match request.program.visibility {
            InputVisibility::Public if self.has(Fault::HidesThePublicInput) => Vec::new(),
            InputVisibility::Public => input,
            InputVisibility::Private if self.has(Fault::TellsThePrivateInput) => input,
            InputVisibility::Private => Vec::new(),
            InputVisibility::Committed => {
                opening = (!self.has(Fault::ForgetsTheOpening)).then_some(Opening([1; 32]));
                if self.has(Fault::ForgetsTheCommitment) { Vec::new() } else { vec![3, 1, 4, 1] }
            }
        };
        values.extend(outputs);
        let words = values.into_iter().map(|value| Word::from_signed(system, value)).collect();
        let vk = if self.has(Fault::ProvesAnotherProgram) {
            [9; 32].into()
        } else {
            vk(request.program.visibility)
        };
        let document = match self.has(Fault::AnswersGarbage) {
            true => b"not a proof".to_vec(),
            false => Statement::new(system, vk, words).unwrap().to_bytes(),
        };
        Ok(Proven { document: document.into(), opening })
    }
}

/// Two sums of two inputs, with weights of which two overflow together.
fn model() -> QuantisedModel {
    let row = |first| {
        vec![
            Term { operand: Operand::Value(0), weight: first },
            Term { operand: Operand::Value(1), weight: first + 1 },
        ]
    };
    QuantisedModel {
        model_digest: [5; 32],
        scale_bits: 8,
        input_shape: vec![1, 2],
        output_shape: vec![1, 2],
        weights: [200, 150, -30, 20].map(|value| Weight { value, origin: Origin::Parameter }).to_vec(),
        layers: vec![Layer {
            node: "linear".to_owned(),
            kind: LayerKind::Linear { rows: vec![row(0), row(2)], relu: false },
        }],
        outputs: vec![2, 3],
        postprocess: Postprocess::None,
    }
}

async fn faults(fault: Fault, served: &[InputVisibility]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let largest = (1 << 27) - 1;
    let sample = Sample {
        model: Arc::new(model()),
        input: vec![300, -700],
        overflowing: Some(vec![largest, largest]),
        folder: folder.path(),
        verifier: &|bytes| Statement::from_bytes(bytes).map_err(|error| error.to_string()),
    };
    check(&Toy::new(fault, served), &sample).await
}

#[tokio::test]
async fn a_prover_that_keeps_the_contract_passes() {
    assert_eq!(faults(Fault::Nothing, &SERVED).await, [""; 0]);
    for visibility in SERVED {
        assert_eq!(faults(Fault::Nothing, &[visibility]).await, [""; 0]);
    }
}

#[tokio::test]
async fn every_breach_of_the_contract_is_found_and_nothing_else_is() {
    use Fault::*;
    let public: &[_] = &[InputVisibility::Public];
    for (fault, served, expected) in [
        (DescriptorChanges, public, "the descriptor changes"),
        (EstimateChanges, public, "two estimates of one model differ"),
        (EstimatesWhatItDoesNotServe, public, "declared: false, but the estimate is"),
        (CompilesWhatItDoesNotServe, public, "compiles though not declared"),
        (RefusesWithAnotherKind, public, "compiling failed as transient"),
        (DoesNotCompile, &SERVED, "compiling failed as transient"),
        (ProvesOtherOutputs, &SERVED, "does not end in the outputs"),
        (ProvesAnotherInput, public, "does not "),
        (ProvesAnotherProgram, &SERVED, "of another program"),
        (ProvesInAnotherSystem, &SERVED, "not of the declared system"),
        (AnswersGarbage, &SERVED, "its proof is refused: "),
        (TellsThePrivateInput, &SERVED, "private: its statement says more than"),
        (HidesThePublicInput, &SERVED, "public: its statement does not begin with the input"),
        (ForgetsTheCommitment, &SERVED, "committed: its statement has no commitment"),
        (ForgetsTheOpening, &SERVED, "committed: its statement has no commitment, or nothing opens it"),
        (RefusesTheSameAttemptTwice, public, "an honest input is refused"),
        (PadsShortInputs, public, "a too-short input is proven"),
        (CallsLongInputsTransient, public, "must be the job's fault, not transient"),
        (ClipsOverflows, public, "an overflowing input is proven"),
        (CallsOverflowsMisbehaviour, public, "an overflow must be the job's fault, not misbehaved"),
        (ProvesWithoutPackage, public, "a program without a package is proven"),
        (BlamesTheJobForItsPackage, public, "a program without a package is not the job's fault"),
    ] {
        let found = faults(fault, served).await;
        assert!(!found.is_empty(), "{fault:?} is not found");
        assert!(found.iter().all(|text| text.contains(expected)), "{fault:?}: {found:?}");
    }
}

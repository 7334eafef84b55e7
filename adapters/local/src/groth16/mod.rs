//! Groth16 over BN254 as an adapter, in this process.
//!
//! ```text
//! compile: QuantisedModel ─▶ setup ─▶ vk, key document, package
//! prove:   package ─▶ cache ─▶ Groth16Program ─▶ proof document
//! ```
//!
//! Setup is random: a model compiled twice has two vks. `cost` owns the estimates; packages are `sheaf-groth16`'s own.

mod cost;

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sheaf_adapter::{
    Adapter, AdapterError, CompiledProgram, Descriptor, ErrorKind, Estimate, ModelSize, ProveRequest, Proven,
};
use sheaf_groth16::{Groth16Error, Groth16Program, MAX_PUBLIC_INPUTS};
use sheaf_model::QuantisedModel;
use sheaf_model::reference::ReferenceError;
use sheaf_statement::{InputVisibility, ProofSystem, TrustTier, VkDigest};

use crate::cache::PackageCache;
use crate::error::{LocalError, coded};
use crate::estimate::{estimate, threads_per_proof};
use crate::prover_id;
use crate::runner::Runner;

/// What a program in memory takes for each of its constraints, in bytes: the proving key's points and the matrices.
const BYTES_PER_CONSTRAINT: u64 = 1 << 10;

/// Settings of the Groth16 prover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Groth16Settings {
    /// Proofs at once, those that nobody waits for any more included. The stack in front should have no more places.
    pub parallel: NonZeroUsize,
    /// Memory for programs that were proven before, in MiB. A program takes 1 kB a constraint.
    pub cache_mib: u64,
}

impl Default for Groth16Settings {
    fn default() -> Self {
        Self { parallel: NonZeroUsize::MIN, cache_mib: 256 }
    }
}

/// The Groth16 prover.
#[derive(Debug)]
pub struct Groth16Adapter {
    descriptor: Descriptor,
    threads: usize,
    runner: Runner,
    programs: Arc<PackageCache<Groth16Program>>,
}

impl Groth16Adapter {
    /// A prover that makes the setups of its programs itself.
    #[must_use]
    pub fn new(settings: Groth16Settings) -> Self {
        let descriptor = Descriptor {
            id: prover_id("groth16-bn254"),
            title: "Sheaf Groth16 prover (BN254)".to_owned(),
            system: ProofSystem::Groth16Bn254,
            tier: TrustTier::Attested,
            visibilities: vec![InputVisibility::Public, InputVisibility::Private],
            version: env!("CARGO_PKG_VERSION").to_owned(),
            notes: vec![
                "development setup: keys are made in this process, whose operator could have kept the trapdoor \
                 and could prove anything"
                    .to_owned(),
                "statements are attested, not proven, until they have a leaf circuit of their own".to_owned(),
                "a model that is compiled twice has two keys".to_owned(),
            ],
        };
        let programs = PackageCache::new(settings.cache_mib, |program: &Groth16Program| {
            BYTES_PER_CONSTRAINT * program.constraints() as u64
        });
        Self {
            descriptor,
            threads: threads_per_proof(settings.parallel),
            runner: Runner::new(settings.parallel),
            programs: Arc::new(programs),
        }
    }
}

/// The estimated number of constraints, unless the model is sure to be refused.
fn check(size: &ModelSize, visibility: InputVisibility) -> Result<u64, LocalError> {
    let words = match visibility {
        InputVisibility::Public => size.inputs.saturating_add(size.outputs),
        InputVisibility::Private => size.outputs,
        InputVisibility::Committed => return Err(LocalError::Visibility { got: visibility }),
    };
    let limit = MAX_PUBLIC_INPUTS as u64;
    if words > limit {
        return Err(LocalError::TooLarge { unit: "public values", limit, got: words });
    }
    cost::constraints(size)
}

#[async_trait]
impl Adapter for Groth16Adapter {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn estimate(&self, size: &ModelSize, visibility: InputVisibility) -> Result<Estimate, AdapterError> {
        Ok(estimate(cost::cpu_ms(check(size, visibility)?), self.threads))
    }

    async fn compile(
        &self,
        model: Arc<QuantisedModel>,
        visibility: InputVisibility,
    ) -> Result<CompiledProgram, AdapterError> {
        check(&ModelSize::of(&model), visibility)?;
        let (programs, threads) = (Arc::clone(&self.programs), self.threads);
        self.runner
            .compile(move || compile(&programs, Arc::unwrap_or_clone(model), visibility, threads))
            .await
    }

    async fn prove(&self, request: ProveRequest) -> Result<Proven, AdapterError> {
        let programs = Arc::clone(&self.programs);
        self.runner.prove(move || prove(&programs, &request)).await
    }
}

fn compile(
    programs: &PackageCache<Groth16Program>,
    model: QuantisedModel,
    visibility: InputVisibility,
    threads: usize,
) -> Result<CompiledProgram, AdapterError> {
    let program = Groth16Program::setup(model, visibility).map_err(|error| setup_error(&error))?;
    let key = json!({
        "version": "sheaf/groth16-key/v1",
        "setup": program.setup_kind(),
        "key": STANDARD.encode(program.key().to_bytes()),
    });
    let package = program.to_bytes().map_err(|error| coded(ErrorKind::Transient, &error))?;
    let (vk, constraints) = (program.vk(), program.constraints());
    programs.insert(vk, program);
    Ok(CompiledProgram {
        vk,
        key: format!("{key:#}\n").into(),
        package: package.into(),
        size: format!("{constraints} constraints"),
        estimate: estimate(cost::cpu_ms(constraints as u64), threads),
    })
}

fn prove(programs: &PackageCache<Groth16Program>, request: &ProveRequest) -> Result<Proven, AdapterError> {
    let ProveRequest { program: named, input, .. } = request;
    let program = programs.get(named, |bytes| decode(bytes, named.vk))?;
    let got = program.visibility();
    if got != named.visibility {
        return Err(LocalError::OtherVisibility { expected: named.visibility, got }.into());
    }
    let inference = program.prove(input).map_err(|error| prove_error(&error))?;
    Ok(Proven { document: inference.document.to_json().into(), opening: None })
}

/// Decodes the program that is known by a vk.
fn decode(bytes: &[u8], expected: VkDigest) -> Result<Groth16Program, AdapterError> {
    // What is wrong with a package is not the job's fault, not even a model that is refused.
    let program = Groth16Program::from_bytes(bytes).map_err(|error| coded(ErrorKind::Transient, &error))?;
    let got = program.vk();
    if got != expected {
        return Err(LocalError::OtherProgram { expected, got }.into());
    }
    Ok(program)
}

/// A model that is no model is nobody's to prove; one that is too large may be another prover's.
fn setup_error(error: &Groth16Error) -> AdapterError {
    let kind = match error {
        Groth16Error::Model(_) => ErrorKind::InvalidJob,
        Groth16Error::Size(_) | Groth16Error::CommittedInput => ErrorKind::Unsupported,
        _ => ErrorKind::Transient,
    };
    coded(kind, error)
}

/// Values of the input, and what follows from them, stay out of messages: the input may be private.
fn prove_error(error: &Groth16Error) -> AdapterError {
    let Groth16Error::Execution(refused) = error else { return coded(ErrorKind::Transient, error) };
    let message = match refused {
        ReferenceError::InputCount { .. } => return coded(ErrorKind::InvalidJob, refused),
        // Decoding the package has validated it.
        ReferenceError::Model(_) => return coded(ErrorKind::Transient, refused),
        ReferenceError::InputNotFinite { index, .. }
        | ReferenceError::InputTooLarge { index, .. }
        | ReferenceError::InputRange { index, .. } => format!("input {index} is out of range"),
        ReferenceError::ActivationRange { node, index, .. } => {
            format!(
                "fixed-point overflow at node `{node}`, output {index}: a value leaves the activation range"
            )
        }
        ReferenceError::DifferenceRange { node, index, .. } => {
            format!(
                "fixed-point overflow at node `{node}`, window {index}: a difference leaves the activation range"
            )
        }
    };
    AdapterError::new(ErrorKind::InvalidJob, refused.code(), message)
}

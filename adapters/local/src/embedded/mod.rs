//! The embedded prover as an adapter: plonky2 in this process.
//!
//! ```text
//! compile: QuantisedModel ─▶ Program, its leaf's key ─▶ vk, key document, package
//! prove:   package ─▶ cache ─▶ Program ─▶ proof document
//! ```
//!
//! `cost` owns the estimates, `package` the bytes between the two. Proofs are not verified here: whoever asked for one
//! does it, in a process that may crash.

mod cost;
mod package;

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use sheaf_adapter::{
    Adapter, AdapterError, CompiledProgram, Descriptor, ErrorKind, Estimate, ModelSize, Opening,
    ProveRequest, Proven,
};
use sheaf_aggregator::CircuitError;
use sheaf_aggregator::documents::{Document, ProofDocument, ProofVersion};
use sheaf_aggregator::tree::program_vk;
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_embedded::{CompileError, Program, ProgramOptions, ProveError, WeightVisibility};
use sheaf_model::QuantisedModel;
use sheaf_plonky2::Profile;
use sheaf_plonky2::engine::FastEngine;
use sheaf_statement::{InputVisibility, MAX_PUBLIC_INPUTS, ProofSystem, Statement, TrustTier};

use crate::cache::PackageCache;
use crate::error::{LocalError, coded};
use crate::estimate::{estimate, threads_per_proof};
use crate::prover_id;
use crate::runner::Runner;

/// What a program in memory takes for each of its rows, in bytes: prover data, mostly.
const BYTES_PER_ROW: u64 = 24 << 10;

/// Settings of the embedded prover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmbeddedSettings {
    /// Security profile of the programs that are compiled. Programs of the other one can be proven all the same.
    pub profile: Profile,
    /// Proofs at once, those that nobody waits for any more included. The stack in front should have no more places.
    pub parallel: NonZeroUsize,
    /// Memory for programs that were proven before, in MiB. A program takes 24 kB a row: 6 MiB at 2^8 rows, 192 at 2^13.
    pub cache_mib: u64,
}

impl Default for EmbeddedSettings {
    fn default() -> Self {
        Self { profile: Profile::Standard, parallel: NonZeroUsize::MIN, cache_mib: 512 }
    }
}

/// The embedded prover.
#[derive(Debug)]
pub struct EmbeddedAdapter {
    descriptor: Descriptor,
    settings: EmbeddedSettings,
    threads: usize,
    runner: Runner,
    core: Arc<Core>,
}

/// What threads that compute share.
struct Core {
    circuits: Arc<CircuitsByProfile>,
    engine: FastEngine,
    programs: PackageCache<Program>,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core").field("circuits", &self.circuits).finish_non_exhaustive()
    }
}

impl EmbeddedAdapter {
    /// A prover whose programs' ids commit to leaves among `circuits`.
    #[must_use]
    pub fn new(circuits: Arc<CircuitsByProfile>, settings: EmbeddedSettings) -> Self {
        let descriptor = Descriptor {
            id: prover_id("embedded-plonky2"),
            title: "Sheaf embedded prover (plonky2)".to_owned(),
            system: ProofSystem::Plonky2Goldilocks,
            tier: TrustTier::Proven,
            visibilities: InputVisibility::ALL.to_vec(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            notes: vec![
                format!("proofs have the {} security profile", settings.profile),
                "weights are part of the program's key".to_owned(),
                "proofs of private and committed inputs are blinded, which takes at least 2^13 rows"
                    .to_owned(),
            ],
        };
        let programs = PackageCache::new(settings.cache_mib, |program: &Program| {
            BYTES_PER_ROW << program.key().shape.degree_bits
        });
        let core = Core { circuits, engine: FastEngine::new(), programs };
        Self {
            descriptor,
            settings,
            threads: threads_per_proof(settings.parallel),
            runner: Runner::new(settings.parallel),
            core: Arc::new(core),
        }
    }

    fn check(&self, size: &ModelSize, visibility: InputVisibility) -> Result<u32, LocalError> {
        let words = match visibility {
            InputVisibility::Public => size.inputs.saturating_add(size.outputs),
            InputVisibility::Private => size.outputs,
            InputVisibility::Committed => size.outputs.saturating_add(4),
        };
        let limit = MAX_PUBLIC_INPUTS as u64;
        if words > limit {
            return Err(LocalError::TooLarge { unit: "public values", limit, got: words });
        }
        cost::degree_bits(size, visibility, self.settings.profile)
    }
}

#[async_trait]
impl Adapter for EmbeddedAdapter {
    fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    fn estimate(&self, size: &ModelSize, visibility: InputVisibility) -> Result<Estimate, AdapterError> {
        Ok(estimate(cost::cpu_ms(self.check(size, visibility)?, visibility), self.threads))
    }

    async fn compile(
        &self,
        model: Arc<QuantisedModel>,
        visibility: InputVisibility,
    ) -> Result<CompiledProgram, AdapterError> {
        self.check(&ModelSize::of(&model), visibility)?;
        let (core, threads) = (Arc::clone(&self.core), self.threads);
        let options = ProgramOptions {
            profile: self.settings.profile,
            input: visibility,
            weights: WeightVisibility::Public,
        };
        self.runner.compile(move || core.compile(Arc::unwrap_or_clone(model), options, threads)).await
    }

    async fn prove(&self, request: ProveRequest) -> Result<Proven, AdapterError> {
        let core = Arc::clone(&self.core);
        self.runner.prove(move || core.prove(&request)).await
    }
}

impl Core {
    fn compile(
        &self,
        model: QuantisedModel,
        options: ProgramOptions,
        threads: usize,
    ) -> Result<CompiledProgram, AdapterError> {
        let program = Program::compile(model, options).map_err(|error| compile_error(&error))?;
        let shape = program.key().shape;
        let leaf_key = self
            .circuits
            .get(options.profile)
            .leaf_key(&shape, &|_| ())
            .map_err(|error| circuit_error(&error))?;
        let vk = program_vk(&leaf_key, &program.key().digest());
        let mut key =
            serde_json::to_vec_pretty(program.key()).map_err(|error| LocalError::Encode(error.into()))?;
        key.push(b'\n');
        let package = package::encode(&program, leaf_key)?;
        // The first proof is often asked for right away.
        self.programs.insert(vk, program);
        let degree_bits = u32::try_from(shape.degree_bits).unwrap_or(u32::MAX);
        Ok(CompiledProgram {
            vk,
            key: key.into(),
            package: package.into(),
            size: format!("2^{degree_bits} rows"),
            estimate: estimate(cost::cpu_ms(degree_bits, options.input), threads),
        })
    }

    fn prove(&self, request: &ProveRequest) -> Result<Proven, AdapterError> {
        let ProveRequest { program: named, input, .. } = request;
        let program = self.programs.get(named, |bytes| package::decode(bytes, named.vk))?;
        let got = program.options().input;
        if got != named.visibility {
            return Err(LocalError::OtherVisibility { expected: named.visibility, got }.into());
        }
        let inference = program.prove(&self.engine, input).map_err(|error| prove_error(&error))?;
        let statement =
            Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, named.vk, &inference.public_values)
                .map_err(|error| {
                    AdapterError::new(ErrorKind::Transient, error.code(), "statement refused")
                })?;
        let document = ProofDocument {
            version: ProofVersion::V1,
            statement,
            program: program.key().clone(),
            proof: inference.proof,
        };
        Ok(Proven {
            document: document.to_json().into(),
            opening: inference.input_salt.map(|salt| Opening(salt.to_bytes())),
        })
    }
}

/// A model that is no model is nobody's to prove; what else stands in the way stands in this prover's way.
fn compile_error(error: &CompileError) -> AdapterError {
    let kind = match error {
        CompileError::Model(_) => ErrorKind::InvalidJob,
        _ => ErrorKind::Unsupported,
    };
    coded(kind, error)
}

fn circuit_error(error: &CircuitError) -> AdapterError {
    let kind = match error {
        CircuitError::Shape(_) | CircuitError::ShapeTooLarge { .. } => ErrorKind::Unsupported,
        // The store's disk, or circuits that are not the pinned ones: nothing about this model.
        _ => ErrorKind::Transient,
    };
    coded(kind, error)
}

fn prove_error(error: &ProveError) -> AdapterError {
    match error {
        ProveError::InputLength { .. } => coded(ErrorKind::InvalidJob, error),
        // The value follows from an input that may be private.
        ProveError::Overflow { place, .. } => AdapterError::new(
            ErrorKind::InvalidJob,
            coded(ErrorKind::InvalidJob, error).code,
            format!("fixed-point overflow at {place}: a value does not fit the activation range"),
        ),
        ProveError::Engine(_) => coded(ErrorKind::Transient, error),
    }
}

#[cfg(test)]
mod tests;

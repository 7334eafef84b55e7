//! Prover compute, behind a trait of one required operation.
//!
//! An [`Engine`] turns a satisfied witness of a plonky2 circuit into a proof that plonky2's verifier accepts. It owns
//! no circuit, keeps no state between proofs and decides nothing about scheduling; callers hold one for the life of
//! the process and share it between threads. Proofs go from here to the aggregator, which verifies them like anyone
//! else's: an engine is trusted for speed, not for soundness.
//!
//! | module | engine |
//! |---|---|
//! | [`mod@reference`] | [`Plonky2Engine`]: plonky2's own prover |
//! | [`fast`] | [`FastEngine`]: the same protocol, vectorised hashing, fewer passes over memory |
//!
//! Both write the same bytes for the same witness; see [`fast`] for the one freedom, the proof-of-work nonce.
//!
//! ```
//! use plonky2::field::types::Field;
//! use plonky2::iop::witness::{PartialWitness, WitnessWrite};
//! use plonky2::plonk::circuit_builder::CircuitBuilder;
//! use plonky2::plonk::circuit_data::CircuitConfig;
//! use sheaf_plonky2::engine::{C, Engine, F, FastEngine};
//!
//! let mut builder = CircuitBuilder::<F, 2>::new(CircuitConfig::standard_recursion_config());
//! let x = builder.add_virtual_target();
//! let y = builder.square(x);
//! builder.register_public_input(y);
//! let circuit = builder.build::<C>();
//!
//! let mut inputs = PartialWitness::new();
//! inputs.set_target(x, F::from_canonical_u64(12))?;
//! let proof = FastEngine::new().prove(&circuit, inputs)?;
//! assert_eq!(proof.public_inputs, [F::from_canonical_u64(144)]);
//! circuit.verify(proof)?;
//! # Ok::<(), anyhow::Error>(())
//! ```

pub mod fast;
pub mod reference;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use plonky2::field::goldilocks_field::GoldilocksField;
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::witness::{PartialWitness, PartitionWitness};
use plonky2::plonk::circuit_data::CircuitData;
use plonky2::plonk::config::PoseidonGoldilocksConfig;
use plonky2::plonk::proof::ProofWithPublicInputs;
use thiserror::Error;

pub use fast::FastEngine;
pub use reference::Plonky2Engine;

/// Degree of the extension field challenges are drawn from.
pub const D: usize = 2;
/// The base field, 2^64 − 2^32 + 1.
pub type F = GoldilocksField;
/// Poseidon for trees, transcript and public inputs.
pub type C = PoseidonGoldilocksConfig;
/// A circuit with all the data its prover needs.
pub type Circuit = CircuitData<F, C, D>;
/// What an engine makes.
pub type Proof = ProofWithPublicInputs<F, C, D>;

/// Why an engine made no proof. The witness is at fault in all cases but [`EngineError::Panicked`] and
/// [`EngineError::Prover`], so a retry with the same inputs is of no use.
#[derive(Debug, Error)]
pub enum EngineError {
    /// Generators could not complete the witness from the inputs: one is missing, or two contradict each other.
    #[error("[SH-ENG-001] inputs do not determine a witness")]
    Witness {
        /// plonky2's account of it.
        #[source]
        source: anyhow::Error,
    },
    /// The witness is complete and breaks a constraint.
    #[error("[SH-ENG-002] witness breaks a constraint of the circuit")]
    Unsatisfied,
    /// A witness shaped for another circuit.
    #[error("[SH-ENG-003] expected a witness of {expected} {what}, got {got}")]
    Shape {
        /// The measure that differs.
        what: &'static str,
        /// What the circuit has.
        expected: usize,
        /// What the witness has.
        got: usize,
    },
    /// The prover reported a failure that is not the witness's, such as an opening point inside the trace domain.
    #[error("[SH-ENG-004] engine {engine} failed")]
    Prover {
        /// [`Engine::name`].
        engine: &'static str,
        /// plonky2's account of it.
        #[source]
        source: anyhow::Error,
    },
    /// plonky2, one of its generators, or a custom gate panicked.
    #[error("[SH-ENG-005] engine {engine} panicked: {message}")]
    Panicked {
        /// [`Engine::name`].
        engine: &'static str,
        /// The panic's message, where it had one.
        message: String,
    },
}

/// Something that proves circuits.
///
/// # Contract
/// * A returned proof verifies. Implementations check the circuit's constraints themselves, because plonky2's prover
///   does not: with a quotient degree factor that is a power of two, a broken constraint yields a proof that no
///   verifier accepts.
/// * Malformed and unsatisfied witnesses come back as errors, not as panics.
/// * Calls block for as long as proving takes and use the current rayon pool. They can't be cancelled.
pub trait Engine: Send + Sync {
    /// A short stable name for logs, metrics and configuration.
    fn name(&self) -> &'static str;

    /// Proves from a full witness, e.g. one whose generators ran elsewhere.
    ///
    /// # Errors
    /// Any [`EngineError`] except [`EngineError::Witness`].
    fn prove_witness(
        &self,
        circuit: &Circuit,
        witness: PartitionWitness<'_, F>,
    ) -> Result<Proof, EngineError>;

    /// Runs the circuit's generators on `inputs`, then proves.
    ///
    /// # Errors
    /// Any [`EngineError`].
    fn prove(&self, circuit: &Circuit, inputs: PartialWitness<F>) -> Result<Proof, EngineError> {
        let witness = guarded(self.name(), || {
            generate_partial_witness(inputs, &circuit.prover_only, &circuit.common)
                .map_err(|source| EngineError::Witness { source })
        })?;
        self.prove_witness(circuit, witness)
    }
}

/// Runs code of plonky2's that may panic on bad input and turns the panic into an error.
///
/// Unwind safety: everything captured is dropped with the closure or only ever read.
fn guarded<T>(engine: &'static str, work: impl FnOnce() -> Result<T, EngineError>) -> Result<T, EngineError> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(EngineError::Panicked { engine, message: panic_message(panic.as_ref()) }))
}

fn panic_message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

/// Refuses a witness made for a circuit of another shape, on which plonky2 would index out of bounds.
fn check_shape(circuit: &Circuit, witness: &PartitionWitness<'_, F>) -> Result<(), EngineError> {
    let targets = circuit.prover_only.representative_map.len();
    for (what, expected, got) in [
        ("wires", circuit.common.config.num_wires, witness.num_wires),
        ("rows", circuit.common.degree(), witness.degree),
        ("targets", targets, witness.representative_map.len()),
        ("values", targets, witness.values.len()),
    ] {
        if expected != got {
            return Err(EngineError::Shape { what, expected, got });
        }
    }
    Ok(())
}

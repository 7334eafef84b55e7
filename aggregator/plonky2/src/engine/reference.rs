//! plonky2's own prover as an [`Engine`]: the yardstick for other engines and the fallback for circuits they leave out.
//!
//! It adds what the [`Engine`] contract asks for and plonky2 lacks: panics become errors, and the proof is verified
//! before it is handed out, since plonky2 doesn't notice a broken constraint.

use plonky2::iop::witness::PartitionWitness;
use plonky2::plonk::prover::prove_with_partition_witness;
use plonky2::util::timing::TimingTree;

use super::{Circuit, Engine, EngineError, F, Proof, check_shape, guarded};

/// plonky2's `prove_with_partition_witness`, guarded. Takes every circuit, zero-knowledge and lookups included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plonky2Engine;

impl Plonky2Engine {
    /// The engine has no settings.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Engine for Plonky2Engine {
    fn name(&self) -> &'static str {
        "plonky2"
    }

    fn prove_witness(
        &self,
        circuit: &Circuit,
        witness: PartitionWitness<'_, F>,
    ) -> Result<Proof, EngineError> {
        check_shape(circuit, &witness)?;
        guarded(self.name(), || {
            let mut timing = TimingTree::default();
            let proof =
                prove_with_partition_witness(&circuit.prover_only, &circuit.common, witness, &mut timing)
                    .map_err(|source| EngineError::Prover { engine: self.name(), source })?;
            match circuit.verify(proof.clone()) {
                Ok(()) => Ok(proof),
                Err(_) => Err(EngineError::Unsatisfied),
            }
        })
    }
}

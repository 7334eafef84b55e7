//! Setting a model up and proving with it.

use std::fmt;

use ark_bn254::{Bn254, Fr};
use ark_ff::UniformRand;
use ark_groth16::{Groth16, ProvingKey};
use ark_snark::SNARK;
use ark_std::rand::SeedableRng;
use ark_std::rand::rngs::StdRng;
use rand::TryRngCore;
use sheaf_model::{QuantisedModel, reference};
use sheaf_statement::{InputVisibility, ProofSystem, Statement, VkDigest};

use super::error::Groth16Error;
use crate::circuit::{Circuit, CircuitSize, Synthesis};
use crate::document::{ProofDocument, ProofVersion, Setup};
use crate::encoding::encode_proof;
use crate::key::VerifyingKey;
use crate::values::{scalar_to_signed, scalar_to_word};

/// A model that is set up for proving: the model, its circuit, and both keys.
///
/// Proving takes `&self`, so one program serves any number of threads.
pub struct Groth16Program {
    pub(super) model: QuantisedModel,
    pub(super) input: InputVisibility,
    pub(super) circuit: Circuit,
    pub(super) proving_key: ProvingKey<Bn254>,
    pub(super) key: VerifyingKey,
}

/// A proven inference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inference {
    /// The statement and its proof, already verified.
    pub document: ProofDocument,
    /// The outputs as signed fixed-point integers; the statement's last words.
    pub outputs: Vec<i64>,
}

impl fmt::Debug for Groth16Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groth16Program")
            .field("input", &self.input)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Groth16Program {
    /// Runs a development setup: draws the trapdoor from the operating system's randomness, makes the keys and drops it.
    ///
    /// Whoever runs this, or reads the process's memory, could keep the trapdoor and prove anything under the key; memory
    /// is not scrubbed. Every run gives other keys, also of the same model. Takes as long as some six proofs.
    ///
    /// # Errors
    /// [`Groth16Error::CommittedInput`], [`Groth16Error::Model`] or [`Groth16Error::Size`] before anything is built; else
    /// if there is no randomness, or arkworks fails.
    pub fn setup(model: QuantisedModel, input: InputVisibility) -> Result<Self, Groth16Error> {
        Self::setup_with(model, input, &mut os_seeded_rng()?)
    }

    pub(super) fn setup_with(
        model: QuantisedModel,
        input: InputVisibility,
        trapdoor: &mut StdRng,
    ) -> Result<Self, Groth16Error> {
        let circuit = circuit(&model, input)?;
        let synthesis = Synthesis { circuit: &circuit, assignment: None };
        let (proving_key, key) = Groth16::<Bn254>::circuit_specific_setup(synthesis, trapdoor)
            .map_err(|source| Groth16Error::Setup { source })?;
        let key = VerifyingKey::new(&key).map_err(|source| Groth16Error::SetupKey { source })?;
        Ok(Self { model, input, circuit, proving_key, key })
    }

    /// The model.
    pub fn model(&self) -> &QuantisedModel {
        &self.model
    }

    /// What statements say about the input.
    pub fn visibility(&self) -> InputVisibility {
        self.input
    }

    /// How the keys came about.
    pub fn setup_kind(&self) -> Setup {
        Setup::Development
    }

    /// The number of the circuit's constraints.
    pub fn constraints(&self) -> usize {
        self.circuit.constraints()
    }

    /// The verifying key.
    pub fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// The digest of the verifying key, which is the vk of every statement of this program.
    pub fn vk(&self) -> VkDigest {
        self.key.digest()
    }

    /// Proves the inference of one input, given as fixed-point integers in row-major order of the input shape.
    ///
    /// Draws fresh randomness, so that two proofs of one input differ. The proof is verified before it is returned. Uses
    /// all of rayon's threads, for some tenths of a second to some seconds, and cannot be interrupted.
    ///
    /// # Errors
    /// [`Groth16Error::Execution`] if reference execution refuses the input, which then has no proof; else if there is no
    /// randomness, the prover fails, or its proof does not verify.
    pub fn prove(&self, input: &[i64]) -> Result<Inference, Groth16Error> {
        let execution = reference::execute(&self.model, input)?;
        let assignment = self.circuit.assign(input);
        let computed = self.circuit.outputs(&assignment).iter().map(|word| scalar_to_signed(*word));
        let differs = |(computed, expected): (Option<i64>, &i64)| computed != Some(*expected);
        if let Some(output) = computed.zip(&execution.outputs).position(differs) {
            return Err(Groth16Error::Disagreement { output });
        }
        let words = self.circuit.public_inputs(&assignment).iter().map(|word| scalar_to_word(*word));
        let statement = Statement::new(ProofSystem::Groth16Bn254, self.vk(), words.collect())?;
        let proof = self.prove_assignment(&assignment)?;
        let own = |source| Groth16Error::OwnProof { source };
        self.key.verify(statement.public_inputs(), &proof).map_err(own)?;
        let document = ProofDocument {
            version: ProofVersion::V1,
            statement,
            key: self.key.to_bytes(),
            setup: self.setup_kind(),
            proof,
        };
        Ok(Inference { document, outputs: execution.outputs })
    }

    /// A proof's bytes. Of an assignment that does not satisfy the circuit, those of a proof that does not verify.
    pub(super) fn prove_assignment(&self, assignment: &[Fr]) -> Result<Vec<u8>, Groth16Error> {
        let mut rng = os_seeded_rng()?;
        // r and s make the proof zero-knowledge.
        let (r, s) = (Fr::rand(&mut rng), Fr::rand(&mut rng));
        Groth16::<Bn254>::create_proof_with_reduction_and_matrices(
            &self.proving_key,
            r,
            s,
            &self.circuit.matrices,
            self.circuit.instance_columns,
            self.circuit.constraints(),
            assignment,
        )
        .map(|proof| encode_proof(&proof))
        .map_err(|source| Groth16Error::Prover { source })
    }
}

/// Checks a model, its visibility and its size, and lays the circuit down.
pub(super) fn circuit(model: &QuantisedModel, input: InputVisibility) -> Result<Circuit, Groth16Error> {
    let public = match input {
        InputVisibility::Public => true,
        InputVisibility::Private => false,
        InputVisibility::Committed => return Err(Groth16Error::CommittedInput),
    };
    model.validate()?;
    CircuitSize::of(model, input).check()?;
    Ok(Circuit::new(model, public))
}

/// arkworks takes generators of rand 0.8; this one is seeded with 256 bits from the operating system.
fn os_seeded_rng() -> Result<StdRng, Groth16Error> {
    let mut seed = [0; 32];
    rand::rngs::OsRng.try_fill_bytes(&mut seed).map_err(|source| Groth16Error::Randomness { source })?;
    Ok(StdRng::from_seed(seed))
}

#[cfg(test)]
mod tests;

//! Compiling a model and proving with it.

use std::fmt;

use plonky2::field::types::{PrimeField64, Sample};
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_data::CircuitData;
use plonky2::util::serialization::DefaultGeneratorSerializer;
use serde::{Deserialize, Serialize};
use sheaf_plonky2::engine::{Engine, EngineError};
use sheaf_plonky2::hash::Digest;
use sheaf_plonky2::key::{CapSizeError, CircuitKey};
use sheaf_plonky2::{C, D, F, proof};

use super::key::ProgramKey;
use super::options::{InputVisibility, ProgramOptions, WeightVisibility};
use crate::circuit::lowering::{self, Lowered, SALT_LEN, commit_input, commit_weights, lower, parameters};
use crate::circuit::plan::{OutOfRange, Plan, Tamper, from_signed, to_signed};
use crate::circuit::serializer::ProgramGateSerializer;
use crate::circuit::{Shape, ShapeError};
use sheaf_model::{LayerKind, ModelError, Operand, Origin, QuantisedModel};

/// Bound on accumulators that the circuit relies on, in bits of magnitude: far from where the field would wrap.
const ACCUMULATOR_BITS: u32 = 61;

/// The randomness of a private weights' commitment. Whoever has it can test guesses of the weights.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightSalt(Digest);

impl fmt::Debug for WeightSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeightSalt(…)")
    }
}

/// Why a model cannot be compiled under the given options.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The model itself is invalid.
    #[error("[SH-EMB-001] invalid model: {0}")]
    Model(#[from] ModelError),
    /// The model needs more rows than this prover supports.
    #[error("[SH-EMB-002] model does not fit: {0}")]
    Shape(#[from] ShapeError),
    /// A private weight exceeds what the circuit's range check allows.
    #[error(
        "[SH-EMB-010] private weight {index} out of range: expected a magnitude below 2^{bits} in fixed point, got {value}"
    )]
    PrivateWeightRange {
        /// Position among the parameters.
        index: usize,
        /// The limit.
        bits: u32,
        /// The weight in fixed point.
        value: i64,
    },
    /// With private weights a verifier can only rely on the range checks; under them a sum could leave the field.
    #[error(
        "[SH-EMB-011] too many private weights in one sum of node `{node}`: the bound on its accumulator is not below 2^{ACCUMULATOR_BITS}"
    )]
    PrivateFanIn {
        /// The ONNX node.
        node: String,
    },
    /// A salt without private weights, or private weights without one.
    #[error("[SH-EMB-003] the salt of the weight commitment does not go with the options")]
    Salt,
    /// Stored prover data belong to another circuit, or are damaged.
    #[error("[SH-EMB-004] stored circuit data do not belong to this program")]
    StoredCircuit,
    /// The circuit was built with another cap height.
    #[error("[SH-EMB-005] circuit key refused: {0}")]
    Key(#[from] CapSizeError),
    /// The circuit uses a gate that its shape does not declare: a defect of the lowering.
    #[error("[SH-EMB-006] circuit does not have the common data of its shape {shape}")]
    ShapeMismatch {
        /// The shape's name.
        shape: String,
    },
}

/// Why an inference cannot be proven.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The input has the wrong number of values.
    #[error("[SH-EMB-007] wrong number of input values: expected {expected}, got {got}")]
    InputLength {
        /// Inputs of the model.
        expected: usize,
        /// Values given.
        got: usize,
    },
    /// A value leaves the fixed-point range; nothing is wrapped or clipped.
    #[error(
        "[SH-EMB-008] fixed-point overflow at {place}: {value} does not fit the activation range after rescaling"
    )]
    Overflow {
        /// The ONNX node, or the input.
        place: String,
        /// The accumulator before rescaling.
        value: i64,
    },
    /// The prover failed.
    #[error("[SH-EMB-009] prover failed: {0}")]
    Engine(#[from] EngineError),
}

/// A proven inference.
#[derive(Debug, Clone)]
pub struct Inference {
    /// The statement's public values, canonical: see the [circuit](crate::circuit) for their order.
    pub public_values: Vec<u64>,
    /// The outputs as signed fixed-point integers.
    pub outputs: Vec<i64>,
    /// Canonical proof bytes.
    pub proof: Vec<u8>,
    /// The salt that opens the input commitment, if the input is committed.
    pub input_salt: Option<Digest>,
}

/// A model compiled for proving.
pub struct Program {
    model: QuantisedModel,
    options: ProgramOptions,
    weight_salt: Option<WeightSalt>,
    circuit: CircuitData<F, C, D>,
    key: ProgramKey,
    assignment: AssignmentPlan,
}

/// Everything of a [`Lowered`] circuit that outlives the builder.
struct AssignmentPlan {
    plan: Plan,
    input_salt: Option<[Target; SALT_LEN]>,
    weight_salt: Option<[Target; SALT_LEN]>,
    outputs: Vec<usize>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Program")
            .field("options", &self.options)
            .field("key", &self.key.digest())
            .finish_non_exhaustive()
    }
}

impl Program {
    /// Compiles a model. With private weights, draws the salt of their commitment.
    ///
    /// # Errors
    /// [`CompileError`] if the model is invalid, too large, or its private weights are out of range.
    pub fn compile(model: QuantisedModel, options: ProgramOptions) -> Result<Self, CompileError> {
        let salt = match options.weights {
            WeightVisibility::Public => None,
            WeightVisibility::Private => Some(WeightSalt(random_digest())),
        };
        Self::build(model, options, salt, None)
    }

    /// Restores a program from what was stored. Prover data, if given, save building the circuit again; they are
    /// checked against the key by proving, not by trust: a proof is verified before it is returned.
    ///
    /// # Errors
    /// [`CompileError`] as for [`compile`](Self::compile), and if the stored data are not of this program.
    pub fn restore(
        model: QuantisedModel,
        options: ProgramOptions,
        weight_salt: Option<WeightSalt>,
        circuit: Option<&[u8]>,
    ) -> Result<Self, CompileError> {
        Self::build(model, options, weight_salt, circuit)
    }

    fn build(
        model: QuantisedModel,
        options: ProgramOptions,
        weight_salt: Option<WeightSalt>,
        stored: Option<&[u8]>,
    ) -> Result<Self, CompileError> {
        model.validate()?;
        let commitment = match (options.weights, &weight_salt) {
            (WeightVisibility::Public, None) => None,
            (WeightVisibility::Private, Some(salt)) => {
                check_private_weights(&model)?;
                Some(commit_weights(&salt.0.elements(), &parameters(&model)))
            }
            _ => return Err(CompileError::Salt),
        };
        let Lowered { builder, plan, input_salt, weight_salt: weight_salt_targets, outputs } =
            lower(&model, &options, commitment.as_ref());
        let rows = builder.num_gates();
        if rows > 1 << crate::circuit::shape::MAX_DEGREE_BITS {
            return Err(ShapeError::Degree { got: rows.ilog2() as usize + 1 }.into());
        }
        let circuit = match stored {
            Some(bytes) => CircuitData::from_bytes(bytes, &ProgramGateSerializer, &generator_serializer())
                .map_err(|_| CompileError::StoredCircuit)?,
            None => builder.build::<C>(),
        };
        let shape = Shape {
            profile: options.profile,
            degree_bits: circuit.common.degree_bits(),
            zero_knowledge: options.zero_knowledge(),
        };
        if shape.common_data()? != circuit.common {
            return Err(CompileError::ShapeMismatch { shape: shape.name() });
        }
        let key = ProgramKey { shape, circuit: CircuitKey::new(&circuit.verifier_only)? };
        let assignment = AssignmentPlan { plan, input_salt, weight_salt: weight_salt_targets, outputs };
        Ok(Self { model, options, weight_salt, circuit, key, assignment })
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &QuantisedModel {
        &self.model
    }

    /// The options it was compiled with.
    #[must_use]
    pub fn options(&self) -> &ProgramOptions {
        &self.options
    }

    /// The verifier's side.
    #[must_use]
    pub fn key(&self) -> &ProgramKey {
        &self.key
    }

    /// The salt of private weights.
    #[must_use]
    pub fn weight_salt(&self) -> Option<&WeightSalt> {
        self.weight_salt.as_ref()
    }

    /// plonky2's circuit.
    #[must_use]
    pub fn circuit(&self) -> &CircuitData<F, C, D> {
        &self.circuit
    }

    /// Prover data for [`restore`](Self::restore); about 20 kB a row.
    #[must_use]
    pub fn circuit_bytes(&self) -> Option<Vec<u8>> {
        self.circuit.to_bytes(&ProgramGateSerializer, &generator_serializer()).ok()
    }

    /// Proves the inference of one input, given as fixed-point integers.
    ///
    /// # Errors
    /// [`ProveError`] if the input does not fit, a value overflows, or the prover fails.
    pub fn prove(&self, engine: &dyn Engine, input: &[i64]) -> Result<Inference, ProveError> {
        let (witness, prepared) = self.witness(input, None, None)?;
        let proof = engine.prove(&self.circuit, witness)?;
        Ok(Inference { proof: proof::encode(&proof.proof), ..prepared })
    }

    /// The witness of one input, and the inference without its proof.
    pub(crate) fn witness(
        &self,
        input: &[i64],
        weights: Option<&[i64]>,
        tamper: Option<Tamper<'_>>,
    ) -> Result<(PartialWitness<F>, Inference), ProveError> {
        let expected = self.model.input_shape.iter().product::<u32>() as usize;
        if input.len() != expected {
            return Err(ProveError::InputLength { expected, got: input.len() });
        }
        let inputs: Vec<F> = input.iter().copied().map(from_signed).collect();
        let weights: Vec<F> = match (self.options.weights, weights) {
            (WeightVisibility::Public, _) => Vec::new(),
            (WeightVisibility::Private, Some(weights)) => weights.iter().copied().map(from_signed).collect(),
            (WeightVisibility::Private, None) => {
                parameters(&self.model).into_iter().map(from_signed).collect()
            }
        };
        let mut witness = PartialWitness::new();
        let values = self.assignment.plan.run(&inputs, &weights, &mut witness, tamper).map_err(
            |OutOfRange { layer, value }| ProveError::Overflow { place: self.place(layer), value },
        )?;
        if let (Some(targets), Some(salt)) = (self.assignment.weight_salt, &self.weight_salt) {
            write_salt(&mut witness, targets, &salt.0);
        }
        let mut public_values: Vec<F> = Vec::new();
        let mut input_salt = None;
        match self.options.input {
            InputVisibility::Public => public_values.extend(&inputs),
            InputVisibility::Private => {}
            InputVisibility::Committed => {
                let salt = random_digest();
                if let Some(targets) = self.assignment.input_salt {
                    write_salt(&mut witness, targets, &salt);
                }
                public_values.extend(commit_input(&salt.elements(), input).elements());
                input_salt = Some(salt);
            }
        }
        let outputs: Vec<F> = self.assignment.outputs.iter().map(|cell| values[*cell]).collect();
        public_values.extend(&outputs);
        let inference = Inference {
            public_values: public_values.iter().map(F::to_canonical_u64).collect(),
            outputs: outputs.into_iter().map(to_signed).collect(),
            proof: Vec::new(),
            input_salt,
        };
        Ok((witness, inference))
    }

    #[cfg(test)]
    pub(crate) fn plan_steps(&self) -> &[crate::circuit::plan::Step] {
        &self.assignment.plan.steps
    }

    fn place(&self, layer: Option<usize>) -> String {
        match layer.and_then(|index| self.model.layers.get(index)) {
            Some(layer) => format!("node `{}`", layer.node),
            None => "the input".to_owned(),
        }
    }
}

/// The commitment that a statement with a committed input begins with, for whoever holds what opens it.
#[must_use]
pub fn input_commitment(salt: &Digest, input: &[i64]) -> Digest {
    commit_input(&salt.elements(), input)
}

fn generator_serializer() -> DefaultGeneratorSerializer<C, D> {
    DefaultGeneratorSerializer::default()
}

fn random_digest() -> Digest {
    let elements: [F; SALT_LEN] = F::rand_array();
    Digest::from(plonky2::hash::hash_types::HashOut { elements })
}

fn write_salt(witness: &mut PartialWitness<F>, targets: [Target; SALT_LEN], salt: &Digest) {
    for (target, element) in targets.into_iter().zip(salt.elements()) {
        if witness.set_target(target, element).is_err() {
            unreachable!("a salt is written once");
        }
    }
}

/// A verifier who cannot see the weights relies on the circuit's range checks alone, so the accumulator bound is taken
/// again with every private weight at its limit.
fn check_private_weights(model: &QuantisedModel) -> Result<(), CompileError> {
    let bits = lowering::private_weight_bits(model);
    let limit = 1_i64 << bits;
    for (index, value) in parameters(model).into_iter().enumerate() {
        if !(-limit..limit).contains(&value) {
            return Err(CompileError::PrivateWeightRange { index, bits, value });
        }
    }
    for layer in &model.layers {
        let LayerKind::Linear { rows, .. } = &layer.kind else { continue };
        for row in rows {
            let bound = row.iter().fold(0_i128, |acc, term| {
                let weight = &model.weights[term.weight as usize];
                let weight = match weight.origin {
                    Origin::Parameter => i128::from(limit),
                    Origin::Structural => i128::from(weight.value.unsigned_abs()),
                };
                let operand_bits = match term.operand {
                    Operand::Value(_) => sheaf_model::ACTIVATION_BITS - 1,
                    Operand::One => model.scale_bits,
                };
                acc + (weight << operand_bits)
            });
            if bound >= 1 << ACCUMULATOR_BITS {
                return Err(CompileError::PrivateFanIn { node: layer.node.clone() });
            }
        }
    }
    Ok(())
}

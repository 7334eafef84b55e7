//! The one shape that leaves and nodes share.
//!
//! A node verifies its children without knowing whether they are leaves or nodes, so all of them must have the same
//! common data: the same declared gates, rows and public inputs. The public inputs of the uniform shape are
//!
//! | position | leaf | node |
//! |---|---|---|
//! | 0..4 | digest of the leaf's subtree of statements | digest of the node's subtree |
//! | 4..8 | zeros | digest of the node circuit's own verifier key, as the prover claims it |

use plonky2::gates::arithmetic_base::ArithmeticGate;
use plonky2::gates::arithmetic_extension::ArithmeticExtensionGate;
use plonky2::gates::base_sum::BaseSumGate;
use plonky2::gates::constant::ConstantGate;
use plonky2::gates::coset_interpolation::CosetInterpolationGate;
use plonky2::gates::gate::GateRef;
use plonky2::gates::multiplication_extension::MulExtensionGate;
use plonky2::gates::noop::NoopGate;
use plonky2::gates::poseidon::PoseidonGate;
use plonky2::gates::poseidon_mds::PoseidonMdsGate;
use plonky2::gates::public_input::PublicInputGate;
use plonky2::gates::random_access::RandomAccessGate;
use plonky2::gates::reducing::ReducingGate;
use plonky2::gates::reducing_extension::ReducingExtensionGate;
use plonky2::hash::hash_types::HashOutTarget;
use plonky2::iop::target::BoolTarget;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CommonCircuitData, VerifierCircuitTarget};
use plonky2::plonk::proof::{ProofWithPublicInputs, ProofWithPublicInputsTarget};
use sheaf_plonky2::config::CAP_HEIGHT;
use sheaf_plonky2::hash::{Tag, tagged_hash_digests_circuit};
use sheaf_plonky2::key::{CircuitKey, key_digest_circuit};
use sheaf_plonky2::{C, D, F, Profile};

use super::CircuitError;

/// Public inputs of leaves and nodes.
pub(crate) const NUM_PUBLIC_INPUTS: usize = 8;
/// log₂ of FRI's folding arity, which the interpolation gate is made for.
const FOLDING_BITS: usize = 4;

/// A proof of the uniform shape, or of any circuit with a key of [`CAP_HEIGHT`], inside a circuit.
pub(super) struct ChildTargets {
    proof: ProofWithPublicInputsTarget<D>,
    key: VerifierCircuitTarget,
}

impl ChildTargets {
    /// Verifies a proof whose key is a witness. Returns the digest of that key: the only thing that tells circuits of
    /// one shape apart.
    pub(super) fn verify(
        builder: &mut CircuitBuilder<F, D>,
        common: &CommonCircuitData<F, D>,
    ) -> (Self, HashOutTarget) {
        let proof = builder.add_virtual_proof_with_pis(common);
        let key = builder.add_virtual_verifier_data(CAP_HEIGHT);
        builder.verify_proof::<C>(&proof, &key, common);
        let digest = key_digest_circuit(builder, &key);
        (Self { proof, key }, digest)
    }

    /// The digest at public inputs `start..start + 4`.
    pub(super) fn digest(&self, start: usize) -> HashOutTarget {
        HashOutTarget { elements: std::array::from_fn(|i| self.proof.public_inputs[start + i]) }
    }

    /// Fills in a proof and its key.
    pub(super) fn set(
        &self,
        witness: &mut PartialWitness<F>,
        proof: &ProofWithPublicInputs<F, C, D>,
        key: &CircuitKey,
    ) -> Result<(), CircuitError> {
        witness
            .set_proof_with_pis_target(&self.proof, proof)
            .and_then(|()| witness.set_verifier_data_target(&self.key, &key.to_verifier_data()))
            .map_err(|source| CircuitError::Witness { source: source.into() })
    }
}

/// The digest by which a parent knows a child of the uniform shape, given whether it is claimed to be a node.
///
/// A leaf's digest is bound to the circuit that made it, so that a circuit of someone else's, which may output whatever
/// it likes, speaks for no program but its own. A node's is not, and so must come from a node: its key's digest, and
/// the one it claims as its own, must both equal `node_key`.
pub(super) fn child_digest(
    builder: &mut CircuitBuilder<F, D>,
    child: &ChildTargets,
    key_digest: HashOutTarget,
    is_node: BoolTarget,
    node_key: HashOutTarget,
) -> HashOutTarget {
    let (digest, claimed_key) = (child.digest(0), child.digest(4));
    for hash in [key_digest, claimed_key] {
        for (actual, expected) in hash.elements.into_iter().zip(node_key.elements) {
            let difference = builder.sub(actual, expected);
            let forbidden = builder.mul(is_node.target, difference);
            builder.assert_zero(forbidden);
        }
    }
    let bound = tagged_hash_digests_circuit(builder, Tag::Leaf, &[key_digest, digest]);
    select(builder, is_node, digest, bound)
}

/// `condition ? yes : no`, element by element.
pub(super) fn select(
    builder: &mut CircuitBuilder<F, D>,
    condition: BoolTarget,
    yes: HashOutTarget,
    no: HashOutTarget,
) -> HashOutTarget {
    HashOutTarget {
        elements: std::array::from_fn(|i| builder.select(condition, yes.elements[i], no.elements[i])),
    }
}

/// The common data of leaves and nodes.
pub(super) fn common_data(profile: Profile) -> CommonCircuitData<F, D> {
    let mut builder = CircuitBuilder::<F, D>::new(profile.recursion_config());
    declare_gates(&mut builder);
    for _ in 0..NUM_PUBLIC_INPUTS {
        builder.add_virtual_public_input();
    }
    pad(&mut builder, profile);
    builder.build_with_options::<C>(false).common
}

/// Declares every gate that any circuit of the uniform shape uses.
pub(crate) fn declare_gates(builder: &mut CircuitBuilder<F, D>) {
    let config = builder.config.clone();
    for gate in [
        GateRef::new(ArithmeticGate::new_from_config(&config)),
        GateRef::new(ArithmeticExtensionGate::<D>::new_from_config(&config)),
        GateRef::new(BaseSumGate::<2>::new_from_config::<F>(&config)),
        GateRef::new(ConstantGate::new(config.num_constants)),
        GateRef::new(interpolation_gate(config.max_quotient_degree_factor)),
        GateRef::new(MulExtensionGate::<D>::new_from_config(&config)),
        GateRef::new(NoopGate),
        GateRef::new(PoseidonGate::<F, D>::new()),
        GateRef::new(PoseidonMdsGate::<F, D>::new()),
        GateRef::new(PublicInputGate),
        GateRef::new(RandomAccessGate::<F, D>::new_from_config(&config, CAP_HEIGHT)),
        GateRef::new(ReducingExtensionGate::<D>::new(ReducingExtensionGate::<D>::max_coeffs_len(
            config.num_wires,
            config.num_routed_wires,
        ))),
        GateRef::new(ReducingGate::<D>::new(ReducingGate::<D>::max_coeffs_len(
            config.num_wires,
            config.num_routed_wires,
        ))),
    ] {
        builder.add_gate_to_gate_set(gate);
    }
}

/// The interpolation gate that plonky2's FRI verifier uses: of the least degree that needs no more intermediate values
/// than `max_degree` does (plonky2 1.1.0 `CosetInterpolationGate::with_max_degree`, which is private).
fn interpolation_gate(max_degree: usize) -> CosetInterpolationGate<F, D> {
    let mut gate = CosetInterpolationGate::new(FOLDING_BITS);
    let products = (1 << FOLDING_BITS) - 2;
    gate.degree = products / (products / (max_degree - 1) + 1) + 2;
    gate
}

/// Adds empty rows up to half the uniform size, from where plonky2 pads to the next power of two itself.
pub(crate) fn pad(builder: &mut CircuitBuilder<F, D>, profile: Profile) {
    while builder.num_gates() <= 1 << (profile.recursion_degree_bits() - 1) {
        builder.add_gate(NoopGate, Vec::new());
    }
}

//! A worker with a circuit of its own, which proves nothing and outputs whatever the plan asks for.

use plonky2::field::types::Field;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use sheaf_embedded::Shape;
use sheaf_plonky2::engine::{Engine, FastEngine};
use sheaf_plonky2::hash::{Digest, empty_digest};
use sheaf_plonky2::{C, D, F, Profile, proof};

use super::{VerifyKind, WorkError, verify_task};
use crate::circuits::{Circuits, uniform};

/// Attack: a proof with exactly the right public inputs, of a circuit of the uniform shape without constraints. Only the
/// key that it is verified with gives it away.
#[test]
fn proof_with_a_rogue_key_is_rejected() {
    let circuits = Circuits::new(Profile::Standard, None);
    let shape = Shape { profile: Profile::Standard, degree_bits: 8, zero_knowledge: false };
    let mut builder = CircuitBuilder::<F, D>::new(Profile::Standard.recursion_config());
    uniform::declare_gates(&mut builder);
    let inputs = builder.add_virtual_targets(uniform::NUM_PUBLIC_INPUTS);
    builder.register_public_inputs(&inputs);
    uniform::pad(&mut builder, Profile::Standard);
    let rogue = builder.build::<C>();
    assert!(rogue.common == *circuits.uniform(), "a rogue of another shape proves nothing about the attack");

    let expected = empty_digest();
    let node_key = circuits.node_circuit_key(&|_| ()).unwrap().digest();
    let cases = [
        (VerifyKind::Leaf { shape }, [F::ZERO; 4], "leaf"),
        (VerifyKind::Node, Digest::elements(&node_key), "node"),
    ];
    for (kind, rest, name) in cases {
        let mut witness = PartialWitness::new();
        witness.set_target_arr(&inputs, &[expected.elements(), rest].concat()).unwrap();
        let proof = FastEngine::new().prove(&rogue, witness).unwrap();
        rogue.verify(proof.clone()).unwrap();
        let bytes = proof::encode(&proof.proof);
        let error = verify_task(&kind, Profile::Standard, &expected, &bytes, &circuits).unwrap_err();
        assert!(matches!(error, WorkError::Invalid { circuit, .. } if circuit == name), "{error}");
    }
}

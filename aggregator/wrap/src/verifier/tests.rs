//! Whatever plonky2's verifier refuses has no assignment, field by field.

use plonky2::field::types::Field;
use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};

use super::*;
use crate::circuit::{assignment, constraints, section_sizes};
use crate::config::Bn254Digest;
use crate::layers::wrap_config;

type Data = CircuitData<F, Bn254Config, D>;

/// A circuit with a few gates and a proof with two queries.
fn toy() -> (Data, InnerProof) {
    let config = CircuitConfig {
        security_bits: 1,
        fri_config: FriConfig {
            rate_bits: 3,
            cap_height: 1,
            proof_of_work_bits: 4,
            reduction_strategy: FriReductionStrategy::Fixed(vec![3, 2]),
            num_query_rounds: 2,
        },
        ..wrap_config()
    };
    let mut builder = CircuitBuilder::<F, D>::new(config);
    let inputs = builder.add_virtual_targets(8);
    builder.register_public_inputs(&inputs);
    let mut sum = inputs[0];
    for input in &inputs {
        sum = builder.mul_add(sum, *input, inputs[1]);
        builder.range_check(sum, 63);
        sum = builder.constant(F::from_canonical_u64(7));
    }
    let one = builder.one_extension();
    builder.mul_extension(one, one);
    builder.random_access(inputs[2], inputs.clone());
    while builder.num_gates() < 100 {
        builder.add_gate(plonky2::gates::noop::NoopGate, vec![]);
    }
    let data = builder.build::<Bn254Config>();
    let mut witness = PartialWitness::new();
    for (index, input) in inputs.iter().enumerate() {
        witness.set_target(*input, F::from_canonical_usize(index)).unwrap();
    }
    let proof = data.prove(witness).unwrap();
    data.verify(proof.clone()).unwrap();
    (data, proof)
}

#[test]
fn a_valid_proof_has_an_assignment() {
    let (data, proof) = toy();
    let verifier = data.verifier_data();
    let assignment = assignment(&verifier, &proof).unwrap();
    let matrices = constraints(&verifier).unwrap();
    assert_eq!(matrices.num_constraints(), assignment.a.len());
    assert_eq!(matrices.num_witness(), assignment.witness.len());
    let all: Vec<_> = assignment.instance.iter().chain(&assignment.witness).copied().collect();
    for (side, expected) in [&assignment.a, &assignment.b, &assignment.c].into_iter().enumerate() {
        let mut got = vec![ark_bn254::Fr::from(0u64); expected.len()];
        matrices.for_each(side, &mut |row, variable, coefficient| got[row] += coefficient * all[variable]);
        assert_eq!(&got, expected);
    }
    println!("{:?}", section_sizes(&verifier).unwrap());
}

/// A change of one place of a proof.
type Change = (&'static str, fn(&mut InnerProof));

const CHANGES: &[Change] = &[
    ("public input", |p| p.public_inputs[3] += F::ONE),
    ("wires cap", |p| bump(&mut p.proof.wires_cap.0[0])),
    ("wires cap, last", |p| bump(&mut p.proof.wires_cap.0[1])),
    ("partial products cap", |p| bump(&mut p.proof.plonk_zs_partial_products_cap.0[0])),
    ("quotient cap", |p| bump(&mut p.proof.quotient_polys_cap.0[1])),
    ("opened constant", |p| p.proof.openings.constants[0] += F::ONE.into()),
    ("opened sigma", |p| p.proof.openings.plonk_sigmas[5] += F::ONE.into()),
    ("opened wire", |p| p.proof.openings.wires[134] += F::ONE.into()),
    ("opened product", |p| p.proof.openings.plonk_zs[2] += F::ONE.into()),
    ("opened next product", |p| p.proof.openings.plonk_zs_next[0] += F::ONE.into()),
    ("opened partial product", |p| p.proof.openings.partial_products[1] += F::ONE.into()),
    ("opened quotient", |p| p.proof.openings.quotient_polys[23] += F::ONE.into()),
    ("folding cap", |p| bump(&mut p.proof.opening_proof.commit_phase_merkle_caps[0].0[0])),
    ("second folding cap", |p| bump(&mut p.proof.opening_proof.commit_phase_merkle_caps[1].0[1])),
    ("final polynomial", |p| p.proof.opening_proof.final_poly.coeffs[3] += F::ONE.into()),
    ("proof of work", |p| p.proof.opening_proof.pow_witness += F::ONE),
    ("constants leaf", |p| query(p).initial_trees_proof.evals_proofs[0].0[0] += F::ONE),
    ("wires leaf", |p| query(p).initial_trees_proof.evals_proofs[1].0[100] += F::ONE),
    ("products leaf", |p| query(p).initial_trees_proof.evals_proofs[2].0[1] += F::ONE),
    ("quotient leaf", |p| query(p).initial_trees_proof.evals_proofs[3].0[7] += F::ONE),
    ("constants path", |p| bump(&mut query(p).initial_trees_proof.evals_proofs[0].1.siblings[0])),
    ("wires path", |p| bump(&mut query(p).initial_trees_proof.evals_proofs[1].1.siblings[3])),
    ("products path", |p| bump(&mut query(p).initial_trees_proof.evals_proofs[2].1.siblings[1])),
    ("quotient path", |p| bump(&mut query(p).initial_trees_proof.evals_proofs[3].1.siblings[2])),
    ("first folding", |p| query(p).steps[0].evals[1] += F::ONE.into()),
    ("second folding", |p| query(p).steps[1].evals[0] += F::ONE.into()),
    ("first folding's path", |p| bump(&mut query(p).steps[0].merkle_proof.siblings[0])),
    ("second folding's path", |p| bump(&mut query(p).steps[1].merkle_proof.siblings[0])),
    ("swapped queries", |p| p.proof.opening_proof.query_round_proofs.swap(0, 1)),
];

fn bump(digest: &mut Bn254Digest) {
    digest.0 += ark_bn254::Fr::from(1u64);
}

fn query(
    proof: &mut InnerProof,
) -> &mut plonky2::fri::proof::FriQueryRound<F, crate::config::Bn254Hasher, D> {
    &mut proof.proof.opening_proof.query_round_proofs[1]
}

#[test]
fn what_plonky2_refuses_has_no_assignment() {
    let (data, proof) = toy();
    let verifier = data.verifier_data();
    for (what, change) in CHANGES {
        let mut changed = proof.clone();
        change(&mut changed);
        assert!(data.verify(changed.clone()).is_err(), "plonky2 takes a changed {what}");
        let error = assignment(&verifier, &changed).expect_err(what);
        assert_eq!(error.code(), "SH-WRP-005", "{what}");
    }
}

#[test]
fn proofs_of_another_shape_are_refused() {
    let (data, proof) = toy();
    let verifier = data.verifier_data();
    let changes: [fn(&mut InnerProof); 5] = [
        |p| p.proof.opening_proof.query_round_proofs.truncate(1),
        |p| p.proof.opening_proof.final_poly.coeffs.push(F::ZERO.into()),
        |p| p.proof.wires_cap.0.truncate(1),
        |p| query(p).initial_trees_proof.evals_proofs[0].1.siblings.truncate(1),
        |p| query(p).initial_trees_proof.evals_proofs[1].0.truncate(1),
    ];
    for change in changes {
        let mut changed = proof.clone();
        change(&mut changed);
        assert_eq!(assignment(&verifier, &changed).unwrap_err().code(), "SH-WRP-003");
    }
}

//! A circuit for tests: satisfied, with constraints of every kind that keys have to get right.
#![allow(dead_code, unreachable_pub, reason = "every test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use ark_bn254::Fr;
use ark_ff::{Field, One, UniformRand, Zero};
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystem as ArkSystem, ConstraintSystemRef, LinearCombination,
    R1CS_PREDICATE_LABEL, SynthesisError, Variable,
};
use ark_std::rand::{Rng, SeedableRng, rngs::StdRng};
use sheaf_setup::ArkMatrices;

/// Matrices, and an assignment that satisfies them.
#[derive(Clone)]
pub struct Circuit {
    pub system: ArkMatrices,
    pub assignment: Vec<Fr>,
}

impl Circuit {
    /// `instance` counts the constant one. Products of random combinations with small, large, negative and zero
    /// coefficients, a variable twice in a row, boolean constraints; the last witness variable occurs nowhere.
    pub fn new(constraints: usize, instance: usize, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut assignment = vec![Fr::one()];
        assignment.extend((1..instance).map(|_| Fr::rand(&mut rng)));
        let mut matrices = [vec![], vec![], vec![]];
        for row in 0..constraints {
            let [a, b, c] = if row % 3 == 2 {
                assignment.push(Fr::from(u64::from(rng.r#gen::<bool>())));
                let bit = assignment.len() - 1;
                [vec![(Fr::one(), bit)], vec![(Fr::one(), bit), (-Fr::one(), 0)], vec![]]
            } else {
                let a = combination(&mut rng, assignment.len());
                let b = combination(&mut rng, assignment.len());
                let c = combination(&mut rng, assignment.len());
                let product = value(&a, &assignment) * value(&b, &assignment) - value(&c, &assignment);
                let factor = coefficient(&mut rng, 1);
                assignment.push(product * factor.inverse().unwrap());
                [a, b, [c, vec![(factor, assignment.len() - 1)]].concat()]
            };
            matrices[0].push(a);
            matrices[1].push(b);
            matrices[2].push(c);
        }
        assignment.push(Fr::from(5u64));
        let num_witness = assignment.len() - instance;
        Self { system: ArkMatrices { num_instance: instance, num_witness, matrices }, assignment }
    }

    /// Public inputs, without the constant one.
    pub fn inputs(&self) -> &[Fr] {
        &self.assignment[1..self.system.num_instance]
    }

    /// The matrices as arkworks has them after synthesis.
    pub fn ark_matrices(&self) -> ArkMatrices {
        let cs = ArkSystem::new_ref();
        self.generate_constraints(cs.clone()).unwrap();
        cs.finalize();
        assert!(cs.is_satisfied().unwrap());
        let matrices = cs.to_matrices().unwrap()[R1CS_PREDICATE_LABEL].clone().try_into().unwrap();
        ArkMatrices {
            num_instance: cs.num_instance_variables(),
            num_witness: cs.num_witness_variables(),
            matrices,
        }
    }
}

fn coefficient(rng: &mut StdRng, least: u8) -> Fr {
    match rng.gen_range(least..6) {
        0 => Fr::zero(),
        1 => Fr::one(),
        2 => -Fr::from(rng.gen_range(1..1u64 << 20)),
        3 => Fr::from(rng.r#gen::<u64>()),
        4 => -Fr::one(),
        _ => Fr::rand(rng),
    }
}

fn combination(rng: &mut StdRng, variables: usize) -> Vec<(Fr, usize)> {
    let entries = rng.gen_range(1..5);
    let mut row: Vec<_> = (0..entries).map(|_| (coefficient(rng, 0), rng.gen_range(0..variables))).collect();
    row.push((coefficient(rng, 0), row[0].1));
    row
}

fn value(row: &[(Fr, usize)], assignment: &[Fr]) -> Fr {
    row.iter().map(|(coefficient, variable)| *coefficient * assignment[*variable]).sum()
}

impl ConstraintSynthesizer<Fr> for &Circuit {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let mut variables = vec![Variable::One];
        for (column, value) in self.assignment.iter().enumerate().skip(1) {
            variables.push(if column < self.system.num_instance {
                cs.new_input_variable(|| Ok(*value))?
            } else {
                cs.new_witness_variable(|| Ok(*value))?
            });
        }
        let combination = |row: &[(Fr, usize)]| {
            LinearCombination(row.iter().map(|(factor, column)| (*factor, variables[*column])).collect())
        };
        let [a, b, c] = &self.system.matrices;
        for ((a, b), c) in a.iter().zip(b).zip(c) {
            cs.enforce_r1cs_constraint(|| combination(a), || combination(b), || combination(c))?;
        }
        Ok(())
    }
}

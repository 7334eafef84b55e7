//! The circuit as arkworks wants to see it: allocations and constraints, one by one.
//!
//! Needed for setup alone; proofs are made from the matrices. arkworks numbers columns as we do and changes no row, since
//! none refers to another linear combination that it could inline; a test compares its matrices with ours.

use ark_bn254::Fr;
use ark_relations::gr1cs::{
    ConstraintSynthesizer, ConstraintSystemRef, LinearCombination, SynthesisError, Variable,
};

use super::{Circuit, Column, ONE};

/// A circuit, and unless it is being set up an assignment.
pub(crate) struct Synthesis<'a> {
    pub(crate) circuit: &'a Circuit,
    pub(crate) assignment: Option<&'a [Fr]>,
}

impl ConstraintSynthesizer<Fr> for Synthesis<'_> {
    fn generate_constraints(self, cs: ConstraintSystemRef<Fr>) -> Result<(), SynthesisError> {
        let value = |column: Column| {
            self.assignment
                .and_then(|values| values.get(column))
                .copied()
                .ok_or(SynthesisError::AssignmentMissing)
        };
        let mut variables = Vec::with_capacity(self.circuit.columns);
        variables.push(Variable::One);
        for column in ONE + 1..self.circuit.columns {
            variables.push(if column < self.circuit.instance_columns {
                cs.new_input_variable(|| value(column))?
            } else {
                cs.new_witness_variable(|| value(column))?
            });
        }
        let combination = |row: &[(Fr, Column)]| {
            LinearCombination(row.iter().map(|(factor, column)| (*factor, variables[*column])).collect())
        };
        let [a, b, c] = &self.circuit.matrices;
        for ((a, b), c) in a.iter().zip(b).zip(c) {
            cs.enforce_r1cs_constraint(|| combination(a), || combination(b), || combination(c))?;
        }
        Ok(())
    }
}

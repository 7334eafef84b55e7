//! From a quantised model to a rank-one constraint system (R1CS), and from an input to an assignment.
//!
//! `lowering` walks the model once and writes down, beside the constraints, the *steps* of a plan in the model's own
//! order of computation; `plan` runs them. A test that wants a wrong assignment edits the result of one step and lets the
//! rest follow. `size` counts without building, so that limits are held before anything is allocated, and `synthesis`
//! shows the system to arkworks. Owns no keys and draws no randomness.
//!
//! # Constraints
//! An assignment z has a column for the constant 1, then the public inputs, then the witness. A row says
//! ⟨A, z⟩·⟨B, z⟩ = ⟨C, z⟩. Dot products are linear, so they cost no row; what costs is leaving the field for the integers:
//!
//! | family | rows | says |
//! |---|---|---|
//! | bit | b·(1 − b) = 0 | b is 0 or 1 |
//! | decomposition into n bits | (Σ 2^i·bᵢ)·1 = v | v is in [0, 2^n) |
//! | input | decomposition of x + 2^27 into 28 bits | x is an activation |
//! | requantise by s | decomposition of a + 2^(s−1) + 2^(27+s) into s low and 28 high bits; q·1 = y for the quotient q = Σ 2^i·b₍ₛ₊ᵢ₎ − 2^27 | y = ⌊(a + 2^(s−1))/2^s⌋ and lies in range |
//! | ReLU, fused or not | q·top = y in the place of q·1 = y | y = max(0, q): the top bit is set where q ≥ 0 |
//! | maximum | decomposition of x − m + 2^27 into 28 bits; (x − m)·top = m′ − m | m′ = max(m, x), the difference in range |
//! | ArgMax | per window, for every place j: hⱼ is a bit; (M − xⱼ)·hⱼ = 0; decomposition of M − xⱼ − tⱼ into 27 bits. Once: (Σ tⱼ)·1 = index | see below |
//! | output | value·1 = word | the public word is the value |
//!
//! The offset makes the range check come with the decomposition: a + 2^(s−1) + 2^(27+s) fits s + 28 bits exactly if the
//! quotient lies in [−2^27, 2^27). So what reference execution refuses has no satisfying assignment.
//!
//! *ArgMax.* tⱼ says whether the winner comes after place j; t₋₁ = 1 and the last t is 0, both constants. The places'
//! hⱼ = t₍ⱼ₋₁₎ − tⱼ telescope to 1, so that exactly one of the bits is set, and the index is Σ tⱼ. M is the winner's
//! value, and every margin M − xⱼ − tⱼ is in [0, 2^27): no value is greater, and an earlier one is strictly less, so a
//! tie goes to the first. That the h are bits matters where values are equal, which could else share the win and
//! shift the index.
//!
//! *No wrapping.* Operands are activations, range-checked where they arise, and validation bounds every accumulator
//! below 2^[`MAX_ACCUMULATOR_BITS`](sheaf_model::MAX_ACCUMULATOR_BITS) = 2^61. All sums above therefore stay far below
//! r > 2^253, and equality in the field is equality of integers.
//!
//! *No free public input.* A public value occurs in its range check, an output in its binding, and no column in both
//! roles. A word that occurred in no row would have no meaning in the statement.

mod lowering;
mod plan;
mod size;
mod synthesis;

use std::ops::Range;

use ark_bn254::Fr;
use ark_relations::gr1cs::Matrix;
use sheaf_model::QuantisedModel;

pub use size::{CircuitSize, MAX_PUBLIC_INPUTS, MAX_ROWS, MAX_TERMS, SizeError, constraint_count};
pub(crate) use synthesis::Synthesis;

use plan::Step;

/// A column of the system: 0 is the constant 1, the public inputs follow, then the witness.
pub(crate) type Column = usize;

/// The column of the constant 1.
const ONE: Column = 0;

/// Σ coefficient·column, every column at most once and in ascending order.
type Combination = Vec<(Fr, Column)>;

/// The constraint system of a model, and how to fill it.
pub(crate) struct Circuit {
    /// A, B and C, row by row.
    pub(crate) matrices: [Matrix<Fr>; 3],
    steps: Vec<Step>,
    /// Columns of the constant and the public inputs.
    pub(crate) instance_columns: usize,
    pub(crate) columns: usize,
    /// Columns of the outputs' words.
    outputs: Range<Column>,
}

impl Circuit {
    /// Lays down a validated model whose [`CircuitSize`] is within the limits.
    pub(crate) fn new(model: &QuantisedModel, public_input: bool) -> Self {
        lowering::lower(model, public_input)
    }

    /// Number of rows.
    pub(crate) fn constraints(&self) -> usize {
        self.matrices[0].len()
    }

    /// The public inputs of an assignment.
    pub(crate) fn public_inputs<'z>(&self, assignment: &'z [Fr]) -> &'z [Fr] {
        &assignment[1..self.instance_columns]
    }

    /// The outputs among them.
    pub(crate) fn outputs<'z>(&self, assignment: &'z [Fr]) -> &'z [Fr] {
        &assignment[self.outputs.clone()]
    }
}

#[cfg(test)]
mod dataset_tests;
#[cfg(test)]
mod equivalence_tests;
#[cfg(test)]
mod soundness_tests;
#[cfg(test)]
pub(crate) mod testing;

//! From a quantised model to constraints, and from an input to a witness.
//!
//! `lowering` walks the model once and records, beside the constraints, a `plan` of assignments in the model's own
//! order of computation. A plan replaces plonky2's generators for everything but hashing and products with private
//! weights: running it is a straight loop, and a test that wants a *wrong* witness edits one assignment and lets the
//! rest follow.
//!
//! What the circuit proves: there are an input and weights, each within its range, such that the outputs are what the
//! quantised model computes, where no intermediate value left its range. Its four public inputs are the
//! [`Tag::PublicInputs`](sheaf_plonky2::hash::Tag::PublicInputs) digest of the public values, in this order:
//! the input values if public; the four elements of their commitment if committed; the output values. Signed values
//! appear as field elements, negative ones as p − |v|.
//!
//! What it leaves to the caller: comparing the verifier key with the one that compiling the model gives, computing the
//! digest from the values of a statement, and the meaning of the numbers (scale, Softmax).

mod gates;
pub(crate) mod lowering;
pub(crate) mod plan;
pub(crate) mod serializer;
pub(crate) mod shape;

pub use shape::{Shape, ShapeError};

#[cfg(test)]
mod dataset_tests;
#[cfg(test)]
mod soundness_tests;

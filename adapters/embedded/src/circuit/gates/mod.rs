//! The two gates that program circuits add to plonky2's.
//!
//! - [`dot`]: a few dot products of wires with constants; every linear layer with public weights, and every sum.
//! - [`requantise`]: range check, rounding shift and ReLU, in one decomposition; every non-linearity.
//!
//! Neither has witness generators: `circuit::witness` fills the wires, in the order in which the model computes.

pub(crate) mod dot;
pub(crate) mod requantise;

pub(crate) use dot::DotGate;
pub(crate) use requantise::RequantiseGate;

//! The constraints of every gate that a recursion circuit has, at a point of the extension.
//!
//! Written from plonky2's `eval_unfiltered` of each gate and compared with it at random points; a gate that is not here
//! is refused by name, never skipped.

mod arithmetic;
mod interpolation;
mod poseidon;
mod random_access;
mod reducing;

use plonky2::gates::arithmetic_base::ArithmeticGate;
use plonky2::gates::arithmetic_extension::ArithmeticExtensionGate;
use plonky2::gates::base_sum::BaseSumGate;
use plonky2::gates::constant::ConstantGate;
use plonky2::gates::coset_interpolation::CosetInterpolationGate;
use plonky2::gates::exponentiation::ExponentiationGate;
use plonky2::gates::gate::GateRef;
use plonky2::gates::multiplication_extension::MulExtensionGate;
use plonky2::gates::noop::NoopGate;
use plonky2::gates::poseidon::PoseidonGate;
use plonky2::gates::poseidon_mds::PoseidonMdsGate;
use plonky2::gates::public_input::PublicInputGate;
use plonky2::gates::random_access::RandomAccessGate;
use plonky2::gates::reducing::ReducingGate;
use plonky2::gates::reducing_extension::ReducingExtensionGate;
use sheaf_plonky2::{D, F};

use crate::WrapError;
use crate::gadgets::extension::Ext;
use crate::gadgets::goldilocks::Gl;
use crate::r1cs::Builder;

/// What a gate's constraints are evaluated on.
pub(crate) struct GateInputs<'a> {
    /// Openings of the gate's constants, without selectors.
    pub(crate) constants: &'a [Ext],
    /// Openings of the wires.
    pub(crate) wires: &'a [Ext],
    /// The hash of the public inputs.
    pub(crate) public_inputs_hash: &'a [Gl; 4],
}

impl GateInputs<'_> {
    fn wire(&self, index: usize) -> &Ext {
        &self.wires[index]
    }

    /// The algebra element of two neighbouring wires.
    fn pair(&self, start: usize) -> Algebra {
        Algebra([self.wires[start].clone(), self.wires[start + 1].clone()])
    }
}

/// An element of the extension's own quadratic extension by the same polynomial, which two wires hold: plonky2's
/// `ExtensionAlgebra`.
#[derive(Clone)]
struct Algebra([Ext; 2]);

impl Algebra {
    fn add(&self, other: &Self) -> Self {
        Self([self.0[0].add(&other.0[0]), self.0[1].add(&other.0[1])])
    }
}

impl Builder {
    fn algebra_sub(&self, a: &Algebra, b: &Algebra) -> Algebra {
        Algebra([self.ext_sub(&a.0[0], &b.0[0]), self.ext_sub(&a.0[1], &b.0[1])])
    }

    fn algebra_mul(&mut self, a: &Algebra, b: &Algebra) -> Algebra {
        let low = self.ext_mul(&a.0[0], &b.0[0]);
        let high = self.ext_mul(&a.0[1], &b.0[1]);
        let cross = self.ext_mul(&a.0[0], &b.0[1]);
        let other = self.ext_mul(&a.0[1], &b.0[0]);
        Algebra([low.add(&high.scale(7)), cross.add(&other)])
    }

    fn algebra_scale(&mut self, a: &Algebra, factor: &Ext) -> Algebra {
        Algebra([self.ext_mul(&a.0[0], factor), self.ext_mul(&a.0[1], factor)])
    }

    fn algebra_reduce(&mut self, a: &Algebra) -> Algebra {
        Algebra([self.ext_reduce(&a.0[0]), self.ext_reduce(&a.0[1])])
    }
}

/// The constraints of a gate, in plonky2's order; every one is zero where the gate holds.
pub(crate) fn constraints(
    builder: &mut Builder,
    gate: &GateRef<F, D>,
    inputs: &GateInputs<'_>,
) -> Result<Vec<Ext>, WrapError> {
    let any = gate.0.as_any();
    let constraints = if any.is::<NoopGate>() {
        Vec::new()
    } else if let Some(gate) = any.downcast_ref::<ArithmeticGate>() {
        arithmetic::base(builder, gate, inputs)
    } else if let Some(gate) = any.downcast_ref::<ArithmeticExtensionGate<D>>() {
        arithmetic::extension(builder, gate, inputs)
    } else if let Some(gate) = any.downcast_ref::<MulExtensionGate<D>>() {
        arithmetic::multiplication(builder, gate, inputs)
    } else if let Some(gate) = any.downcast_ref::<BaseSumGate<2>>() {
        arithmetic::bits(builder, gate, inputs)
    } else if let Some(gate) = any.downcast_ref::<ExponentiationGate<F, D>>() {
        arithmetic::exponentiation(builder, gate, inputs)
    } else if any.is::<ConstantGate>() {
        arithmetic::constants(builder, gate.0.num_constraints(), inputs)
    } else if any.is::<PublicInputGate>() {
        arithmetic::public_inputs(builder, inputs)
    } else if any.is::<PoseidonGate<F, D>>() {
        poseidon::permutation(builder, inputs)
    } else if any.is::<PoseidonMdsGate<F, D>>() {
        poseidon::mds(builder, inputs)
    } else if let Some(gate) = any.downcast_ref::<RandomAccessGate<F, D>>() {
        random_access::constraints(builder, gate, inputs)
    } else if let Some(gate) = any.downcast_ref::<ReducingGate<D>>() {
        reducing::base(builder, gate, inputs)
    } else if let Some(gate) = any.downcast_ref::<ReducingExtensionGate<D>>() {
        reducing::extension(builder, gate, inputs)
    } else if let Some(gate) = any.downcast_ref::<CosetInterpolationGate<F, D>>() {
        interpolation::constraints(builder, gate, inputs)
    } else {
        return Err(WrapError::UnknownGate { gate: gate.0.id() });
    };
    debug_assert_eq!(constraints.len(), gate.0.num_constraints(), "{}", gate.0.id());
    Ok(constraints)
}

#[cfg(test)]
mod tests;

//! Dot products with constants.
//!
//! A row holds [`LANES`] lanes. Lane *l* constrains
//!
//! ```text
//! acc_out = acc_in + bias + Σ_{k < WIDTH} constant_k · x_k
//! ```
//!
//! with `bias` and `constant_k` among the row's constants, so that they are part of the verifier key. Longer products
//! chain lanes by copying `acc_out` to the next `acc_in`. The first `acc_in` of a chain must be connected to zero: the
//! gate leaves it free. Wires with constant zero are free and meaningless.
//!
//! Four lanes of nine: a 3×3 kernel fits one lane with its bias, and 40 constants keep the preprocessed columns (with
//! 80 permutation columns and the selectors) within 16 absorptions of a leaf hash (docs/adr/0004).

use plonky2::gates::gate::Gate;
use plonky2::gates::packed_util::PackedEvaluableBase;
use plonky2::gates::util::StridedConstraintConsumer;
use plonky2::iop::ext_target::ExtensionTarget;
use plonky2::iop::generator::WitnessGeneratorRef;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::vars::{
    EvaluationTargets, EvaluationVars, EvaluationVarsBase, EvaluationVarsBaseBatch, EvaluationVarsBasePacked,
};
use plonky2::util::serialization::{Buffer, IoResult};
use plonky2_field::packed::PackedField;
use sheaf_plonky2::config::PROGRAM_CONSTANTS;
use sheaf_plonky2::{D, F};

type Extension = <F as plonky2::field::extension::Extendable<D>>::Extension;

/// Independent accumulations in a row.
pub(crate) const LANES: usize = 4;
/// Products in a lane.
pub(crate) const WIDTH: usize = 9;
/// Constants of a lane: one per product, then the bias.
pub(crate) const LANE_CONSTANTS: usize = WIDTH + 1;
const LANE_WIRES: usize = WIDTH + 2;
const _: () = assert!(LANES * LANE_CONSTANTS == PROGRAM_CONSTANTS);

/// See the [module](self).
#[derive(Debug, Clone, Copy)]
pub(crate) struct DotGate;

impl DotGate {
    /// Column of factor `k` of a lane.
    pub(crate) const fn x(lane: usize, k: usize) -> usize {
        lane * LANE_WIRES + k
    }

    /// Column of what a lane adds to.
    pub(crate) const fn acc_in(lane: usize) -> usize {
        lane * LANE_WIRES + WIDTH
    }

    /// Column of a lane's result.
    pub(crate) const fn acc_out(lane: usize) -> usize {
        lane * LANE_WIRES + WIDTH + 1
    }
}

impl Gate<F, D> for DotGate {
    fn id(&self) -> String {
        format!("SheafDotGate {{ lanes: {LANES}, width: {WIDTH} }}")
    }

    fn serialize(&self, _dst: &mut Vec<u8>, _common: &CommonCircuitData<F, D>) -> IoResult<()> {
        Ok(())
    }

    fn deserialize(_src: &mut Buffer, _common: &CommonCircuitData<F, D>) -> IoResult<Self> {
        Ok(Self)
    }

    fn eval_unfiltered(&self, vars: EvaluationVars<F, D>) -> Vec<Extension> {
        (0..LANES)
            .map(|lane| {
                let constants = &vars.local_constants[lane * LANE_CONSTANTS..][..LANE_CONSTANTS];
                let start = vars.local_wires[Self::acc_in(lane)] + constants[WIDTH];
                let sum =
                    (0..WIDTH).fold(start, |acc, k| acc + constants[k] * vars.local_wires[Self::x(lane, k)]);
                vars.local_wires[Self::acc_out(lane)] - sum
            })
            .collect()
    }

    fn eval_unfiltered_base_one(
        &self,
        _vars: EvaluationVarsBase<F>,
        _consumer: StridedConstraintConsumer<F>,
    ) {
        unreachable!("plonky2 calls eval_unfiltered_base_batch, which is overridden")
    }

    fn eval_unfiltered_base_batch(&self, vars: EvaluationVarsBaseBatch<F>) -> Vec<F> {
        self.eval_unfiltered_base_batch_packed(vars)
    }

    fn eval_unfiltered_circuit(
        &self,
        builder: &mut CircuitBuilder<F, D>,
        vars: EvaluationTargets<D>,
    ) -> Vec<ExtensionTarget<D>> {
        (0..LANES)
            .map(|lane| {
                let constants = &vars.local_constants[lane * LANE_CONSTANTS..][..LANE_CONSTANTS];
                let start = builder.add_extension(vars.local_wires[Self::acc_in(lane)], constants[WIDTH]);
                let sum = (0..WIDTH).fold(start, |acc, k| {
                    builder.mul_add_extension(constants[k], vars.local_wires[Self::x(lane, k)], acc)
                });
                builder.sub_extension(vars.local_wires[Self::acc_out(lane)], sum)
            })
            .collect()
    }

    fn generators(&self, _row: usize, _constants: &[F]) -> Vec<WitnessGeneratorRef<F, D>> {
        Vec::new()
    }

    fn num_wires(&self) -> usize {
        LANES * LANE_WIRES
    }

    fn num_constants(&self) -> usize {
        LANES * LANE_CONSTANTS
    }

    fn degree(&self) -> usize {
        2
    }

    fn num_constraints(&self) -> usize {
        LANES
    }
}

impl PackedEvaluableBase<F, D> for DotGate {
    fn eval_unfiltered_base_packed<P: PackedField<Scalar = F>>(
        &self,
        vars: EvaluationVarsBasePacked<P>,
        mut consumer: StridedConstraintConsumer<P>,
    ) {
        for lane in 0..LANES {
            let constant = |k: usize| vars.local_constants[lane * LANE_CONSTANTS + k];
            let start = vars.local_wires[Self::acc_in(lane)] + constant(WIDTH);
            let sum = (0..WIDTH).fold(start, |acc, k| acc + constant(k) * vars.local_wires[Self::x(lane, k)]);
            consumer.one(vars.local_wires[Self::acc_out(lane)] - sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use plonky2::gates::gate_testing::{test_eval_fns, test_low_degree};
    use sheaf_plonky2::C;

    use super::*;

    #[test]
    fn constraints_have_the_stated_degree() {
        test_low_degree::<F, DotGate, D>(DotGate);
    }

    #[test]
    fn native_packed_and_recursive_evaluation_agree() {
        test_eval_fns::<F, C, DotGate, D>(DotGate).unwrap();
    }
}

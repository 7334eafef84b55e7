//! plonky2's gate serializer for program circuits, to store prover data.

use plonky2::gates::arithmetic_base::ArithmeticGate;
use plonky2::gates::constant::ConstantGate;
use plonky2::gates::noop::NoopGate;
use plonky2::gates::poseidon::PoseidonGate;
use plonky2::gates::public_input::PublicInputGate;
use plonky2::util::serialization::GateSerializer;
use plonky2::{get_gate_tag_impl, impl_gate_serializer, read_gate_impl};
use sheaf_plonky2::{D, F};

use super::gates::{DotGate, RequantiseGate};

/// Knows the gates that every program circuit declares.
#[derive(Debug)]
pub(crate) struct ProgramGateSerializer;

impl GateSerializer<F, D> for ProgramGateSerializer {
    impl_gate_serializer! {
        ProgramGateSerializer,
        DotGate,
        RequantiseGate,
        ArithmeticGate,
        ConstantGate,
        PoseidonGate<F, D>,
        PublicInputGate,
        NoopGate
    }
}

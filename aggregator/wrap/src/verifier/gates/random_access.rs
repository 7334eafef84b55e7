//! Access to a list by a variable index.

use plonky2::gates::random_access::RandomAccessGate;
use sheaf_plonky2::{D, F};

use super::GateInputs;
use super::arithmetic::boolean;
use crate::gadgets::extension::Ext;
use crate::r1cs::Builder;

pub(super) fn constraints(
    builder: &mut Builder,
    gate: &RandomAccessGate<F, D>,
    inputs: &GateInputs<'_>,
) -> Vec<Ext> {
    let size = 1 << gate.bits;
    let mut constraints = Vec::new();
    for copy in 0..gate.num_copies {
        let start = (2 + size) * copy;
        let (index, claimed) = (inputs.wire(start), inputs.wire(start + 1));
        let mut items: Vec<Ext> = inputs.wires[start + 2..start + 2 + size].to_vec();
        let bits_start = gate.num_routed_wires() + copy * gate.bits;
        let bits = &inputs.wires[bits_start..bits_start + gate.bits];

        constraints.extend(bits.iter().map(|bit| boolean(builder, bit)));
        let mut sum = Ext::zero();
        for (position, bit) in bits.iter().enumerate() {
            sum = sum.add(&bit.scale(1 << position));
        }
        constraints.push(builder.ext_sub(&sum, index));
        for bit in bits {
            items = items
                .chunks(2)
                .map(|pair| {
                    let difference = builder.ext_sub(&pair[1], &pair[0]);
                    let chosen = builder.ext_mul(bit, &difference);
                    pair[0].add(&chosen)
                })
                .collect();
        }
        constraints.push(builder.ext_sub(&items[0], claimed));
    }
    let start_extra = (2 + size) * gate.num_copies;
    constraints.extend(
        (0..gate.num_extra_constants)
            .map(|index| builder.ext_sub(&inputs.constants[index], inputs.wire(start_extra + index))),
    );
    constraints
}

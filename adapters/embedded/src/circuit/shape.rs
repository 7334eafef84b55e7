//! Circuit shapes: what a leaf circuit has to know of a program to verify its proofs.
//!
//! All program circuits declare the same gates, whether they use them or not, have four public inputs, and are padded
//! to a power of two of rows, so that plonky2's common data depend on nothing but a [`Shape`]. One leaf circuit
//! therefore serves every model of a shape, and a key file need not carry common data, which are rebuilt from the shape
//! instead of being parsed.

use plonky2::gates::arithmetic_base::ArithmeticGate;
use plonky2::gates::constant::ConstantGate;
use plonky2::gates::gate::GateRef;
use plonky2::gates::noop::NoopGate;
use plonky2::gates::poseidon::PoseidonGate;
use plonky2::gates::public_input::PublicInputGate;
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CommonCircuitData};
use serde::{Deserialize, Serialize};
use sheaf_plonky2::{C, D, F, Profile};

use super::gates::{DotGate, RequantiseGate};

/// Least number of rows of a program circuit, as a power of two.
pub(crate) const MIN_DEGREE_BITS: usize = 8;
/// Greatest number of rows, as a power of two. From 2^17 on, verifying a proof takes a gate that leaves do not declare.
pub(crate) const MAX_DEGREE_BITS: usize = 16;
/// Public inputs of every program circuit: one digest.
pub(crate) const NUM_PUBLIC_INPUTS: usize = 4;

/// Everything that plonky2's common data of a program circuit depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Which configurations.
    pub profile: Profile,
    /// log₂ of the number of rows.
    pub degree_bits: usize,
    /// Whether proofs are blinded, because something in the witness is private.
    pub zero_knowledge: bool,
}

/// Why there is no circuit of a shape.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// Too small or too large.
    #[error("circuit of 2^{got} rows: expected between 2^{MIN_DEGREE_BITS} and 2^{MAX_DEGREE_BITS}")]
    Degree {
        /// log₂ of the rows.
        got: usize,
    },
    /// Blinding alone needs more rows.
    #[error("no blinded circuit has 2^{got} rows: blinding alone takes more")]
    BlindingTooLarge {
        /// log₂ of the rows.
        got: usize,
    },
}

impl Shape {
    /// The configuration of circuits of this shape.
    #[must_use]
    pub fn config(&self) -> CircuitConfig {
        self.profile.program_config(self.zero_knowledge)
    }

    /// A short name, for files and messages.
    #[must_use]
    pub fn name(&self) -> String {
        let blinded = if self.zero_knowledge { "-zk" } else { "" };
        format!("program-{}-{}{blinded}", self.profile, self.degree_bits)
    }

    /// plonky2's common data, built from the shape alone.
    ///
    /// # Errors
    /// [`ShapeError`] if no program circuit can have this shape.
    pub fn common_data(&self) -> Result<CommonCircuitData<F, D>, ShapeError> {
        if !(MIN_DEGREE_BITS..=MAX_DEGREE_BITS).contains(&self.degree_bits) {
            return Err(ShapeError::Degree { got: self.degree_bits });
        }
        // Blinding adds rows of its own, so the count of filler rows that leads to the wanted size is tried, not known.
        for filler in [0, (1 << (self.degree_bits - 1)) + 1] {
            let mut builder = CircuitBuilder::<F, D>::new(self.config());
            declare_gates(&mut builder);
            for _ in 0..NUM_PUBLIC_INPUTS {
                builder.add_virtual_public_input();
            }
            pad(&mut builder, filler);
            let common = builder.build_with_options::<C>(false).common;
            if common.degree_bits() == self.degree_bits {
                return Ok(common);
            }
        }
        Err(ShapeError::BlindingTooLarge { got: self.degree_bits })
    }
}

/// A builder with this shape's gates declared.
pub(super) fn declare_gates(builder: &mut CircuitBuilder<F, D>) {
    let arithmetic = ArithmeticGate::new_from_config(&builder.config);
    let constant = ConstantGate::new(builder.config.num_constants);
    for gate in [
        GateRef::new(DotGate),
        GateRef::new(RequantiseGate),
        GateRef::new(arithmetic),
        GateRef::new(constant),
        GateRef::new(PoseidonGate::<F, D>::new()),
        GateRef::new(PublicInputGate),
        GateRef::new(NoopGate),
    ] {
        builder.add_gate_to_gate_set(gate);
    }
}

/// Adds empty rows until there are `rows`.
pub(super) fn pad(builder: &mut CircuitBuilder<F, D>, rows: usize) {
    while builder.num_gates() < rows {
        builder.add_gate(NoopGate, Vec::new());
    }
}

//! The Groth16 circuit: verifies a proof of the last plonky2 circuit and packs its public inputs into two.
//!
//! | public inputs of the plonky2 proof | packed |
//! |---|---|
//! | `c0 c1 c2 c3`, a digest; `r0 r1`, each below 2^60; `s0 s1` | `x1 = c0 + c1·2^64 + c2·2^128 + r0·2^192` |
//! | | `x2 = c3 + s0·2^64 + s1·2^128 + r1·2^192` |
//!
//! All are canonical, and r is in range: two lists of public inputs never have the same pair.

use ark_bn254::Fr;
use ark_ff::BigInt;
use plonky2::field::types::PrimeField64;

use crate::WrapError;
use crate::gadgets::goldilocks::to_integer;
use crate::r1cs::{Assignment, Builder, Lc, Matrices, Mode};
use crate::verifier::{InnerProof, InnerVerifier, verify, zero_proof};

/// Public inputs of the last plonky2 circuit.
pub const PLONKY2_INPUTS: usize = 8;
/// Public inputs of the Groth16 proof.
pub const GROTH16_INPUTS: usize = 2;
/// Which of the plonky2 inputs each packed one is made of, least significant first; the last is below 2^60.
const PACKING: [[usize; 4]; GROTH16_INPUTS] = [[0, 1, 2, 4], [3, 6, 7, 5]];
/// Bits of the coordinates of r.
pub const POINT_BITS: usize = 60;

/// Packs public inputs of the last plonky2 circuit.
#[must_use]
pub fn pack(inputs: &[u64; PLONKY2_INPUTS]) -> [Fr; GROTH16_INPUTS] {
    PACKING.map(|parts| Fr::new(BigInt(parts.map(|part| inputs[part]))))
}

/// The constraints for proofs of a circuit.
///
/// # Errors
/// [`WrapError`] if the circuit has what the verifier does not cover.
pub fn constraints(circuit: &InnerVerifier) -> Result<Matrices, WrapError> {
    let mut builder = Builder::new(Mode::Constraints, GROTH16_INPUTS);
    lay_down(&mut builder, circuit, &zero_proof(circuit))?;
    Ok(builder.into_matrices())
}

/// How many constraints each part of the verifier takes.
///
/// # Errors
/// As [`constraints`].
pub fn section_sizes(circuit: &InnerVerifier) -> Result<Vec<(&'static str, usize)>, WrapError> {
    let mut builder = Builder::new(Mode::Assignment, GROTH16_INPUTS);
    lay_down(&mut builder, circuit, &zero_proof(circuit))?;
    Ok(builder.section_sizes())
}

/// The assignment for a proof.
///
/// # Errors
/// `SH-WRP-005` if the proof is not valid, `SH-WRP-003` if it is none of this circuit's.
pub fn assignment(circuit: &InnerVerifier, proof: &InnerProof) -> Result<Assignment, WrapError> {
    let mut builder = Builder::new(Mode::Assignment, GROTH16_INPUTS);
    lay_down(&mut builder, circuit, proof)?;
    match builder.first_unsatisfied() {
        Some(constraint) => Err(WrapError::Unsatisfied { constraint }),
        None => Ok(builder.into_assignment()),
    }
}

fn lay_down(builder: &mut Builder, circuit: &InnerVerifier, proof: &InnerProof) -> Result<(), WrapError> {
    if circuit.common.num_public_inputs != PLONKY2_INPUTS {
        let what = format!("{} public inputs, expected {PLONKY2_INPUTS}", circuit.common.num_public_inputs);
        return Err(WrapError::Circuit { what });
    }
    let values: Vec<u64> = proof.public_inputs.iter().map(|value| value.to_canonical_u64()).collect();
    let values: [u64; PLONKY2_INPUTS] =
        values.try_into().map_err(|_| WrapError::Shape { what: "public inputs" })?;
    let packed = pack(&values);
    let packed: Vec<Lc> = packed.into_iter().enumerate().map(|(i, x)| builder.input(i, x)).collect();

    let inputs = verify(builder, circuit, proof)?;
    builder.section("packing");
    for (input, parts) in packed.iter().zip(PACKING) {
        let mut sum = Lc::zero();
        for (position, part) in parts.into_iter().enumerate() {
            let mut limbs = [0; 4];
            limbs[position] = 1;
            sum.add_scaled(inputs[part].lc(), Fr::new(BigInt(limbs)));
        }
        builder.enforce_equal(&sum, input);
        let top = inputs[parts[3]].lc();
        let bits = builder.bits(to_integer(top.value()), POINT_BITS);
        builder.enforce_equal(&Builder::number(&bits), top);
    }
    Ok(())
}

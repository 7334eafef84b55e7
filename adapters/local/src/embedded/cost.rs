//! What proving takes, before it is tried.
//!
//! Before compiling, the number of rows is estimated from the model's size; afterwards it is known. Proving time follows
//! from the rows, whose number is a power of two, and little else.

use sheaf_adapter::ModelSize;
use sheaf_plonky2::Profile;
use sheaf_statement::InputVisibility;

use crate::error::LocalError;

/// Rows of the smallest and of the largest program circuit, as powers of two.
const MIN_DEGREE_BITS: u32 = 8;
const MAX_DEGREE_BITS: u32 = 16;
/// Decompositions in a row of a program circuit.
const SLOTS: u64 = 4;
/// Dot products in a row, and the products in each.
const LANES: u64 = 4;
const LANE_WIDTH: u64 = 9;
/// Field elements that one row of Poseidon absorbs.
const HASH_RATE: u64 = 8;
/// Rows that every circuit has besides: constants, arithmetic, half-filled rows.
const OTHER_ROWS: u64 = 8;

/// CPU time of a proof: a part that is independent of its size (proof of work, mostly), and one for each row. Measured from
/// 2^8 to 2^15 rows by
/// `cargo test --release -p sheaf-local --test local -- --ignored --nocapture costs_of_the_embedded_prover`.
const BASE_CPU_MS: f64 = 20.0;
const ROW_CPU_MS: f64 = 0.31;
/// What a row of a blinded proof takes more: those are left to plonky2's own prover. Measured at 2^13 and 2^14 rows.
const BLINDED: f64 = 2.8;

/// Rows of the circuit of a model of this size, as a power of two; about right, seldom too few.
///
/// # Errors
/// [`LocalError`] if the model is sure to be refused.
pub(super) fn degree_bits(
    size: &ModelSize,
    visibility: InputVisibility,
    profile: Profile,
) -> Result<u32, LocalError> {
    let limit = 1 << MAX_DEGREE_BITS;
    // Every value is decomposed, and no more than half of the products are biases, which cost nothing. Comparisons may be
    // in windows of one, which cost nothing either.
    let slots = size.inputs.saturating_add(size.activations);
    let least = (slots / SLOTS).saturating_add(size.products / (2 * LANES * LANE_WIDTH));
    if least > limit {
        return Err(LocalError::TooLarge { unit: "rows", limit, got: least });
    }
    // A comparison takes a decomposition and up to two lanes. Lanes that are not full waste four places on average.
    let compared = size.comparisons.saturating_mul(1 + 2) / SLOTS;
    let lanes = (size.products + 4 * size.activations) / LANE_WIDTH;
    let hashed = match visibility {
        InputVisibility::Public => size.inputs.saturating_add(size.outputs),
        InputVisibility::Private => size.outputs,
        // The salt, the commitment.
        InputVisibility::Committed => size.inputs.saturating_add(size.outputs).saturating_add(4 + 4),
    };
    let rows = (slots / SLOTS + lanes / LANES + hashed / HASH_RATE + OTHER_ROWS).saturating_add(compared);
    let fits = |bits: &u32| rows.saturating_add(blinding_rows(*bits, visibility, profile)) <= 1 << bits;
    Ok((MIN_DEGREE_BITS..MAX_DEGREE_BITS).find(fits).unwrap_or(MAX_DEGREE_BITS))
}

/// Rows that blinding adds to a circuit of 2^`bits` rows: one for each value that a proof opens, and two for each of the
/// permutation argument's, as plonky2's `CircuitBuilder::blinding_counts` has it.
fn blinding_rows(bits: u32, visibility: InputVisibility, profile: Profile) -> u64 {
    if visibility == InputVisibility::Public {
        return 0;
    }
    let fri = profile.program_config(true).fri_config;
    let params = fri.fri_params(bits as usize, true);
    let folding: usize = params.reduction_arity_bits.iter().map(|arity| (1 << arity) - 1).sum();
    let last = 1_usize << params.final_poly_bits();
    let openings = fri.num_query_rounds * (1 + 2 * folding + 2 * last);
    ((2 + openings) + 2 * (4 + openings)) as u64
}

/// CPU time of a proof of a circuit of 2^`degree_bits` rows.
pub(super) fn cpu_ms(degree_bits: u32, visibility: InputVisibility) -> f64 {
    let blinded = if visibility == InputVisibility::Public { 1.0 } else { BLINDED };
    BASE_CPU_MS + ROW_CPU_MS * blinded * f64::from(degree_bits).exp2()
}

#[cfg(test)]
mod tests {
    use sheaf_embedded::Shape;

    use super::*;

    /// plonky2 counts blinding rows where nobody can ask; its smallest blinded circuits show whether we count the same.
    #[test]
    fn blinding_takes_as_many_rows_as_in_plonky2() {
        let tiny = ModelSize { inputs: 1, outputs: 1, activations: 1, products: 1, comparisons: 0 };
        for profile in Profile::ALL {
            let bits = degree_bits(&tiny, InputVisibility::Private, profile).unwrap() as usize;
            let shape = |degree_bits| Shape { profile, degree_bits, zero_knowledge: true };
            assert!(shape(bits).common_data().is_ok(), "{profile} 2^{bits}");
            assert!(shape(bits - 1).common_data().is_err(), "{profile} 2^{bits}");
        }
    }

    #[test]
    fn only_models_that_are_sure_to_be_refused_are() {
        let size =
            ModelSize { inputs: 4, outputs: 4, activations: 4 * 65_536 - 4, products: 0, comparisons: 0 };
        let bits = |size| degree_bits(&size, InputVisibility::Public, Profile::Standard);
        assert_eq!(bits(size).unwrap(), 16);
        let error = bits(ModelSize { activations: size.activations + 4, ..size }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "[SH-LOC-012] model too large: expected at most 65536 rows, got at least 65537"
        );
        assert!(bits(ModelSize { products: u64::MAX, ..size }).is_err());
        assert!(bits(ModelSize { inputs: u64::MAX, ..size }).is_err());
        // Windows of one: nothing to compare.
        assert_eq!(bits(ModelSize { comparisons: u64::MAX, ..size }).unwrap(), 16);
    }
}

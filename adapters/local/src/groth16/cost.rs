//! What proving takes, before it is tried.
//!
//! Before compiling, the number of constraints is estimated from the model's size; afterwards it is known. Time goes with
//! the constraints.

use sheaf_adapter::ModelSize;
use sheaf_groth16::MAX_ROWS;
use sheaf_model::ACTIVATION_BITS;

use crate::error::LocalError;

/// Constraints of a range check of an activation.
const RANGE_CHECK: u64 = ACTIVATION_BITS as u64 + 1;
/// Constraints of a value that is rescaled, at the scale that most models are compiled for.
const RESCALED: u64 = RANGE_CHECK + 1 + TYPICAL_SCALE_BITS;
const TYPICAL_SCALE_BITS: u64 = 12;

/// CPU time of a proof: a part that is independent of its size, and one for each constraint. Measured from 581 to 228,061
/// constraints by
/// `cargo test --release -p sheaf-local --test local -- --ignored --nocapture costs_of_the_groth16_prover`.
const BASE_CPU_MS: f64 = 12.0;
const CONSTRAINT_CPU_MS: f64 = 0.012;

/// Constraints of a model of this size; exact at the typical scale but for ArgMax, which has two more a place.
///
/// # Errors
/// [`LocalError`] if the model is sure to be refused.
pub(super) fn constraints(size: &ModelSize) -> Result<u64, LocalError> {
    // Comparisons may be in windows of one, which cost nothing.
    let least = size.inputs.saturating_add(size.activations).saturating_mul(RANGE_CHECK);
    let limit = MAX_ROWS as u64;
    if least > limit {
        return Err(LocalError::TooLarge { unit: "constraints", limit, got: least });
    }
    let compared = size.comparisons.saturating_mul(RANGE_CHECK + 1);
    Ok((size.inputs * RANGE_CHECK + size.activations * RESCALED)
        .saturating_add(compared)
        .saturating_add(size.outputs))
}

/// CPU time of a proof with so many constraints.
pub(super) fn cpu_ms(constraints: u64) -> f64 {
    BASE_CPU_MS + CONSTRAINT_CPU_MS * constraints as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_models_that_are_sure_to_be_refused_are() {
        let size = ModelSize { inputs: 2, outputs: 2, activations: 36_155, products: 0, comparisons: 0 };
        assert!(constraints(&size).is_ok());
        let error = constraints(&ModelSize { activations: 36_156, ..size }).unwrap_err();
        assert_eq!(
            error.to_string(),
            "[SH-LOC-012] model too large: expected at most 1048576 constraints, got at least 1048582"
        );
        assert!(constraints(&ModelSize { inputs: u64::MAX, ..size }).is_err());
        assert!(constraints(&ModelSize { comparisons: u64::MAX, outputs: u64::MAX, ..size }).is_ok());
    }
}

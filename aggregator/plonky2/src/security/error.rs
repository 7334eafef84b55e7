//! What can be wrong with a layer: parameters that describe no plonky2 circuit, or a term below its floor.

use super::analysis::{Regime, Term};
use super::profile::Profile;

/// Why a layer has no report, or why its report fails a profile.
///
/// Codes: `SH-SEC-001` parameters, `SH-SEC-002` a term of the standard profile, `SH-SEC-003` the provable query
/// phase, `SH-SEC-004` a provable total.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SecurityError {
    /// The parameters describe no circuit that plonky2 1.1.0 would build.
    #[error("[SH-SEC-001] layer {layer}: {parameter} must be {expected}, got {got}")]
    InvalidParameter {
        /// Name of the layer.
        layer: String,
        /// Name of the field of `LayerParameters`.
        parameter: &'static str,
        /// The values that would be accepted.
        expected: String,
        /// The value given.
        got: usize,
    },
    /// A term under plonky2's own accounting is below the profile's floor.
    #[error(
        "[SH-SEC-002] layer {layer}: {term} has {got_bits:.2} bits, profile {profile} expects {expected_bits}"
    )]
    TermBelowFloor {
        /// Name of the layer.
        layer: String,
        /// The profile that was checked.
        profile: Profile,
        /// The failing term.
        term: Term,
        /// The floor, in bits.
        expected_bits: f64,
        /// The figure, in bits.
        got_bits: f64,
    },
    /// No multiplicity brings the query phase at the Johnson radius to its floor.
    #[error(
        "[SH-SEC-003] layer {layer}: {term} at the johnson radius stays below {limit_bits:.2} bits for every \
         multiplicity, profile {profile} expects {expected_bits}"
    )]
    QueryPhaseBelowFloor {
        /// Name of the layer.
        layer: String,
        /// The profile that was checked.
        profile: Profile,
        /// The failing term: always the query phase.
        term: Term,
        /// The floor, in bits.
        expected_bits: f64,
        /// The bound that the query phase approaches as the multiplicity grows, in bits.
        limit_bits: f64,
    },
    /// The union of all provable terms is below the profile's floor.
    #[error(
        "[SH-SEC-004] layer {layer}: {got_bits:.2} provable bits ({regime}, weakest term {term}), profile {profile} \
         expects {expected_bits}"
    )]
    TotalBelowFloor {
        /// Name of the layer.
        layer: String,
        /// The profile that was checked.
        profile: Profile,
        /// The theorem behind the figure.
        regime: Regime,
        /// The term that contributes most to the error.
        term: Term,
        /// The floor, in bits.
        expected_bits: f64,
        /// The union bound over all terms, in bits.
        got_bits: f64,
    },
}

impl SecurityError {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InvalidParameter { .. } => "SH-SEC-001",
            Self::TermBelowFloor { .. } => "SH-SEC-002",
            Self::QueryPhaseBelowFloor { .. } => "SH-SEC-003",
            Self::TotalBelowFloor { .. } => "SH-SEC-004",
        }
    }
}

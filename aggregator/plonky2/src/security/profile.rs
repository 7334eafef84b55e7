//! The floors a deployment promises, and the comparison of a report with them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::analysis::Term;
use super::error::SecurityError;
use super::report::SecurityReport;

/// The floor a configuration is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// plonky2's own measure: 100 bits under its conjecture, and 100 bits in every term outside FRI.
    Standard,
    /// What is proven: everything of [`Profile::Standard`], a query phase of 100 bits at the Johnson radius,
    /// and totals that a 128-bit extension field can give.
    Provable,
}

/// The floors of a profile, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Floors {
    /// `rate_bits · queries + proof_of_work_bits`, plonky2's formula.
    pub plonky2_bits: f64,
    /// Each term outside FRI, under plonky2's accounting.
    pub term_bits: f64,
    /// What only the provable profile asks for.
    pub provable: Option<ProvableFloors>,
}

/// The floors that hold without a conjecture, in bits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ProvableFloors {
    /// The query phase at the Johnson radius, at some finite multiplicity.
    pub query_bits: f64,
    /// The union of all terms under BCHKS25, at the least multiplicity that meets `query_bits`.
    ///
    /// The field limits it, not the queries: FRI's batching of about 280 polynomials costs, at multiplicity 3
    /// and hence with any number of queries, 45 of 128 bits at degree 2^18 and rate 1/16, 38 at degree 2^14
    /// and rate 1/8. 80 is what the planned layers reach with 5 to 10 per cent more queries than their limit.
    pub bchks25_bits: f64,
    /// The union of all terms under BCIKS20, at the best multiplicity for it. The older theorem is quadratic
    /// in the domain; 55 keeps the largest planned layer (58 bits) above it.
    pub bciks20_bits: f64,
}

impl Profile {
    /// The floors of this profile.
    #[must_use]
    pub const fn floors(self) -> Floors {
        Floors {
            plonky2_bits: 100.0,
            term_bits: 100.0,
            provable: match self {
                Self::Standard => None,
                Self::Provable => {
                    Some(ProvableFloors { query_bits: 100.0, bchks25_bits: 80.0, bciks20_bits: 55.0 })
                }
            },
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Standard => "standard",
            Self::Provable => "provable",
        })
    }
}

impl SecurityReport {
    /// Compares this layer with a profile's floors.
    ///
    /// # Errors
    /// The first floor missed, in the order: terms of plonky2's accounting (`SH-SEC-002`), provable query phase
    /// (`SH-SEC-003`), provable totals (`SH-SEC-004`).
    pub fn check(&self, profile: Profile) -> Result<(), SecurityError> {
        let floors = profile.floors();
        for entry in &self.conjectured.terms {
            let expected_bits = match entry.term {
                Term::FriQueries => floors.plonky2_bits,
                _ => floors.term_bits,
            };
            if !meets(entry.bits, expected_bits) {
                return Err(SecurityError::TermBelowFloor {
                    layer: self.parameters.layer.clone(),
                    profile,
                    term: entry.term,
                    expected_bits,
                    got_bits: entry.bits,
                });
            }
        }
        floors.provable.map_or(Ok(()), |provable| self.check_provable(profile, provable))
    }

    fn check_provable(&self, profile: Profile, floors: ProvableFloors) -> Result<(), SecurityError> {
        let Some(analysis) = &self.bchks25.at_query_floor else {
            return Err(SecurityError::QueryPhaseBelowFloor {
                layer: self.parameters.layer.clone(),
                profile,
                term: Term::FriQueries,
                expected_bits: floors.query_bits,
                limit_bits: self.johnson_limit_bits,
            });
        };
        let totals = [(analysis, floors.bchks25_bits), (&self.bciks20.best, floors.bciks20_bits)];
        for (analysis, expected_bits) in totals {
            if !meets(analysis.union_bits, expected_bits) {
                return Err(SecurityError::TotalBelowFloor {
                    layer: self.parameters.layer.clone(),
                    profile,
                    regime: analysis.regime,
                    term: analysis.weakest().map_or(Term::FriBatching, |weakest| weakest.term),
                    expected_bits,
                    got_bits: analysis.union_bits,
                });
            }
        }
        Ok(())
    }
}

/// Whether a figure meets its floor; a figure that is not a number never does.
fn meets(got_bits: f64, expected_bits: f64) -> bool {
    got_bits >= expected_bits
}

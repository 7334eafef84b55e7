//! The parameters of one plonky2 layer that its soundness depends on, and the checks that they are coherent.

use serde::Serialize;

use super::error::SecurityError;
use super::report::SecurityReport;

/// Two-adicity of the Goldilocks field: no FRI domain is larger than `2^32`.
const TWO_ADICITY: usize = 32;
/// Bits of the base field element that carries plonky2's proof of work.
const FIELD_ELEMENT_BITS: usize = 64;

/// Everything about a plonky2 1.1.0 circuit that enters its soundness error.
///
/// The names are plonky2's. Counts are per circuit; "per challenge" means once for each of `num_challenges`
/// repetitions. The field is Goldilocks, `p = 2^64 − 2^32 + 1`, with the quadratic extension for zeta and FRI.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LayerParameters {
    /// Name used in reports and errors, such as `leaf` or `node`.
    pub layer: String,
    /// The rate of the Reed–Solomon code is `2^-rate_bits`.
    pub rate_bits: usize,
    /// FRI queries.
    pub num_query_rounds: usize,
    /// Leading zero bits of the proof of work, spent once, before the queries.
    pub proof_of_work_bits: usize,
    /// Repetitions of beta, gamma, alpha (and delta), each a base-field challenge.
    pub num_challenges: usize,
    /// The circuit has `2^degree_bits` rows.
    pub degree_bits: usize,
    /// Chunks of a quotient polynomial; constraints have degree at most one more.
    pub max_quotient_degree_factor: usize,
    /// Gate constraints, the maximum over the gates in use (they share slots through selectors).
    pub num_constraints: usize,
    /// Wires in the permutation argument.
    pub num_routed_wires: usize,
    /// Partial products per challenge, `Z` itself not counted.
    pub num_partial_products: usize,
    /// Polynomials opened at zeta: constants (with selectors), sigmas, wires, Zs, partial products, lookup
    /// polynomials and quotient chunks.
    pub num_oracle_polys: usize,
    /// Log2 of the folding factor of every FRI round.
    pub reduction_arity_bits: Vec<usize>,
    /// Height of the Merkle caps.
    pub cap_height: usize,
    /// Output of the hash of the Merkle trees and the transcript: 256 for Poseidon over Goldilocks (four
    /// elements), 200 for plonky2's `KeccakHash<25>`.
    pub hash_output_bits: usize,
    /// Whether the oracles are blinded. Soundness does not change (`degree_bits` includes the blinding rows).
    pub zero_knowledge: bool,
    /// Lookup tables, if the circuit has any.
    pub lookups: Option<LookupParameters>,
}

/// The lookup argument of a circuit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LookupParameters {
    /// `CommonCircuitData::num_lookup_polys`: RE and the partial sums, per challenge.
    pub num_lookup_polys: usize,
    /// Tables.
    pub num_tables: usize,
    /// Looked-up pairs over all tables, with the padding of the last lookup rows.
    pub num_lookups: usize,
    /// Table entries over all tables, with the padding of the last table rows.
    pub num_table_entries: usize,
}

impl LayerParameters {
    /// Computes the report of this layer.
    ///
    /// # Errors
    /// `SH-SEC-001` where the parameters describe no circuit that plonky2 would build.
    pub fn report(&self) -> Result<SecurityReport, SecurityError> {
        self.validate()?;
        Ok(SecurityReport::of(self))
    }

    /// Log2 of the FRI domain.
    #[must_use]
    pub const fn lde_bits(&self) -> usize {
        self.degree_bits + self.rate_bits
    }

    /// Functions that FRI's alpha combines: all polynomials at zeta, then the Zs and the lookup polynomials
    /// again at `g · zeta` (`CommonCircuitData::get_fri_instance`; the powers of alpha run on from the first
    /// batch to the second).
    #[must_use]
    pub fn num_batched_functions(&self) -> usize {
        let lookup_polys = self.lookups.as_ref().map_or(0, |lookups| lookups.num_lookup_polys);
        self.num_oracle_polys + self.num_challenges * (1 + lookup_polys)
    }

    /// Terms that every alpha combines into one vanishing polynomial (`eval_vanishing_poly`): per challenge
    /// `L_0 · (Z − 1)`, the checks of the partial products and of the lookups, then the gate constraints once.
    #[must_use]
    pub fn num_vanishing_terms(&self) -> usize {
        let lookup_terms = self.lookups.as_ref().map_or(0, |lookups| {
            let num_partial_sums = lookups.num_lookup_polys.saturating_sub(1);
            4 + lookups.num_tables + 2 * num_partial_sums
        });
        self.num_challenges * (1 + (self.num_partial_products + 1) + lookup_terms) + self.num_constraints
    }

    fn validate(&self) -> Result<(), SecurityError> {
        self.require("rate_bits", self.rate_bits, self.rate_bits >= 1, || "at least 1".to_owned())?;
        self.require("degree_bits", self.degree_bits, self.lde_bits() <= TWO_ADICITY, || {
            format!("at most {TWO_ADICITY} − rate_bits")
        })?;
        self.require("num_query_rounds", self.num_query_rounds, self.num_query_rounds >= 1, || {
            "at least 1".to_owned()
        })?;
        self.require(
            "proof_of_work_bits",
            self.proof_of_work_bits,
            self.proof_of_work_bits < FIELD_ELEMENT_BITS,
            || format!("below {FIELD_ELEMENT_BITS}"),
        )?;
        self.require("num_challenges", self.num_challenges, self.num_challenges >= 1, || {
            "at least 1".to_owned()
        })?;
        self.require("hash_output_bits", self.hash_output_bits, self.hash_output_bits >= 1, || {
            "at least 1".to_owned()
        })?;
        self.validate_shape()?;
        self.validate_reductions()
    }

    fn validate_shape(&self) -> Result<(), SecurityError> {
        let factor = self.max_quotient_degree_factor;
        // plonky2 evaluates the quotient on the FRI domain, so its degree cannot exceed the rate.
        self.require(
            "max_quotient_degree_factor",
            factor,
            factor >= 2 && factor <= 1 << self.rate_bits && factor < self.num_routed_wires,
            || "at least 2, at most 2^rate_bits and below num_routed_wires".to_owned(),
        )?;
        let partial_products = num_partial_products(self.num_routed_wires, factor);
        self.require(
            "num_partial_products",
            self.num_partial_products,
            self.num_partial_products == partial_products,
            || partial_products.to_string(),
        )?;
        let lookup_polys = self.lookups.as_ref().map_or(0, |lookups| lookups.num_lookup_polys);
        let least_polys = 2 * self.num_routed_wires
            + self.num_challenges * (1 + self.num_partial_products + lookup_polys + factor);
        self.require(
            "num_oracle_polys",
            self.num_oracle_polys,
            self.num_oracle_polys >= least_polys,
            || format!("at least {least_polys} (sigmas, routed wires, Zs, products, lookups, quotients)"),
        )?;
        self.require("num_constraints", self.num_constraints, self.num_constraints >= 1, || {
            "at least 1".to_owned()
        })
    }

    fn validate_reductions(&self) -> Result<(), SecurityError> {
        let total: usize = self.reduction_arity_bits.iter().sum();
        let most = self.degree_bits.min(self.lde_bits().saturating_sub(self.cap_height));
        self.require("reduction_arity_bits", total, total <= most, || {
            format!("of sum at most {most} (degree_bits, and the domain above cap_height)")
        })?;
        self.require("reduction_arity_bits", 0, !self.reduction_arity_bits.contains(&0), || {
            "positive".to_owned()
        })?;
        self.require("cap_height", self.cap_height, self.cap_height <= self.lde_bits(), || {
            format!("at most {}", self.lde_bits())
        })
    }

    fn require(
        &self,
        parameter: &'static str,
        got: usize,
        holds: bool,
        expected: impl FnOnce() -> String,
    ) -> Result<(), SecurityError> {
        if holds {
            return Ok(());
        }
        Err(SecurityError::InvalidParameter {
            layer: self.layer.clone(),
            parameter,
            expected: expected(),
            got,
        })
    }
}

/// Partial products per challenge in plonky2: the wires in chunks of the quotient's degree, the last chunk
/// being `Z(g·x)` itself.
#[must_use]
pub fn num_partial_products(num_routed_wires: usize, max_quotient_degree_factor: usize) -> usize {
    num_routed_wires.div_ceil(max_quotient_degree_factor.max(1)).saturating_sub(1)
}

/// The arities plonky2's `ConstantArityBits(arity_bits, final_poly_bits)` yields; empty for `arity_bits` 0.
///
/// Where plonky2 would panic because the degree is below one arity, the list ends.
#[must_use]
pub fn constant_arity_bits(
    arity_bits: usize,
    final_poly_bits: usize,
    degree_bits: usize,
    rate_bits: usize,
    cap_height: usize,
) -> Vec<usize> {
    let mut remaining_bits = degree_bits;
    let mut arities = Vec::new();
    while arity_bits > 0
        && remaining_bits > final_poly_bits
        && remaining_bits >= arity_bits
        && remaining_bits + rate_bits - arity_bits >= cap_height
    {
        arities.push(arity_bits);
        remaining_bits -= arity_bits;
    }
    arities
}

//! The terms outside FRI: random combinations over the base field, and the opening point over its extension.
//!
//! Transcript order in plonky2 1.1.0 (`plonk/prover.rs`, `plonk/get_challenges.rs`): FRI parameters, circuit
//! digest, hash of the public inputs, wires cap → betas, gammas (then the further deltas) → cap of Zs, partial
//! products and lookup polynomials → alphas → quotient cap → zeta → openings → FRI's alpha. Betas, gammas,
//! deltas and alphas are base-field elements, `num_challenges` of each (four deltas per repetition); zeta and
//! everything in FRI live in the quadratic extension.
//!
//! Challenges in more than one role: every vanishing polynomial (one per alpha) contains the permutation and
//! lookup checks of *all* repetitions, so a cheat must win all betas and gammas or all alphas; one zeta serves
//! all quotients; and the betas and gammas of all repetitions are also the first `2 · num_challenges` deltas.
//! The last reuse costs nothing beyond a union bound: both arguments speak about the same wires, committed
//! before, and the repetitions of each have disjoint, independent challenges.
//!
//! In the provable regimes a commitment stands for a list of codeword tuples near the committed word, so that
//! each of these errors is multiplied by [`list size`](super::proximity::Radius::list_size).

use super::analysis::{Term, TermBits};
use super::parameters::LayerParameters;

/// The order of the Goldilocks field.
const FIELD_ORDER: f64 = 18_446_744_069_414_584_321.0;

/// Log2 of the base field's order.
pub(super) fn base_field_bits() -> f64 {
    FIELD_ORDER.log2()
}

/// Log2 of the order of the quadratic extension.
pub(super) fn extension_field_bits() -> f64 {
    2.0 * base_field_bits()
}

/// The terms outside FRI, where a committed word is near at most `list_size` codeword tuples.
pub(super) fn terms(parameters: &LayerParameters, list_size: f64) -> Vec<TermBits> {
    let list_bits = list_size.log2();
    let mut terms =
        vec![TermBits { term: Term::Permutation, bits: permutation_bits(parameters) - list_bits }];
    if let Some(bits) = lookup_bits(parameters) {
        terms.push(TermBits { term: Term::Lookup, bits: bits - list_bits });
    }
    terms.push(TermBits { term: Term::ConstraintBatching, bits: constraint_bits(parameters) - list_bits });
    terms.push(TermBits { term: Term::OpeningPoint, bits: opening_bits(parameters) - list_bits });
    terms
}

/// Copy constraints: `(2 · n · r / p)^c` for `n` rows, `r` routed wires and `c` repetitions.
///
/// The chain of partial products proves `∏(w + β·id + γ) = ∏(w + β·σ + γ)` over `n · r` factors when no factor
/// on the right is zero. If a copy constraint fails, the two sides differ as polynomials of total degree
/// `n · r` in (β, γ), hence agree with probability at most `n · r / p` (Schwartz–Zippel). A zero factor on the
/// right frees the next accumulator; one of `n · r` is zero with probability at most `n · r / p`.
fn permutation_bits(parameters: &LayerParameters) -> f64 {
    let factors = rows(parameters) * parameters.num_routed_wires as f64;
    repeated(parameters, 2.0 * factors)
}

/// Lookups: `((2·s + 4·t) / p)^c` for `s` looked-up pairs and `t` table entries, padding included.
///
/// Our derivation for plonky2's use of logarithmic derivatives (ePrint 2022/1530): the running evaluation RE
/// equals that of the true table by accident for `t / p` of (B, Δ); a pair outside the table collides with an
/// entry under `in + A · out` for `t / p` of A; the two sums of fractions differ as fractions but agree at the
/// challenge for `(s + t) / p`, and a denominator is zero there for `(s + t) / p`.
fn lookup_bits(parameters: &LayerParameters) -> Option<f64> {
    let lookups = parameters.lookups.as_ref()?;
    let bad_challenges = 2.0 * lookups.num_lookups as f64 + 4.0 * lookups.num_table_entries as f64;
    Some(repeated(parameters, bad_challenges.max(1.0)))
}

/// Alpha: `((T − 1) / p)^c` for `T` terms combined by powers.
fn constraint_bits(parameters: &LayerParameters) -> f64 {
    repeated(parameters, (parameters.num_vanishing_terms() - 1).max(1) as f64)
}

/// Zeta: `(d + 1) · n / |F|` for quotient degree factor `d`.
///
/// What FRI certifies are polynomials of degree at most `n` (a quotient of degree below `n` by `X − ζ`). A
/// vanishing polynomial has then degree at most `(d + 1) · n`, as has `Z_H` times the recombined quotient. A
/// false statement needs one false identity among the `num_challenges`, and all are tested at one zeta.
fn opening_bits(parameters: &LayerParameters) -> f64 {
    let degree = (parameters.max_quotient_degree_factor as f64 + 1.0) * rows(parameters);
    extension_field_bits() - degree.log2()
}

fn rows(parameters: &LayerParameters) -> f64 {
    (parameters.degree_bits as f64).exp2()
}

/// Bits of `(bad_challenges / p)^num_challenges`, no less than zero.
fn repeated(parameters: &LayerParameters, bad_challenges: f64) -> f64 {
    let bits_each = (base_field_bits() - bad_challenges.log2()).max(0.0);
    parameters.num_challenges as f64 * bits_each
}

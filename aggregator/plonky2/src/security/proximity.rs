//! The terms of FRI in the provable regimes: how a random combination of words far from the code stays far.
//!
//! Notation: the code has dimension `k`, length `n`, rate `ρ = k/n`; `F` is the quadratic extension. A word is
//! accepted by one query with probability at most `α`, the agreement of the regime's radius:
//! `√ρ · (1 + 1/(2m))` at the Johnson radius with multiplicity `m ≥ 3`, `(1 + ρ⁺)/2` at the unique decoding
//! radius. Combining `ℓ + 1` functions by powers of one challenge is a curve of degree `ℓ`; at most `ℓ · a`
//! challenges are exceptional, so the error is `ℓ · a / |F|`:
//!
//! | theorem | `a` | source |
//! |---|---|---|
//! | [`Theorem::Bciks20`] | `max((m+½)^7 · n² / (3ρ^{3/2}), (2m+1) · (N+1) / √ρ)`, `N` the first domain | BCIKS20 (ePrint 2020/654) Theorem 7.2, used as in Lemma 8.2 and Theorem 8.3 |
//! | [`Theorem::Bchks25`] | `(2(m+½)^5 + 3(m+½)γρ) · n / (3ρ^{3/2}) + (m+½)/√ρ`, `γ = 1 − α` | BCHKS25 (ePrint 2025/2055) Theorem 4.2, with one agreement set for all functions Theorem 4.6 |
//! | unique decoding | `n` | BCIKS20 Theorem 1.5 with (1.1) |
//!
//! FRI's batching is such a curve through all opened functions on the first domain; a folding round of arity
//! `2^b` is one of degree `2^b − 1` on the *folded* domain.
//!
//! The theorems were checked against transcriptions, not the papers themselves; the ADR says which. BCHKS25 is
//! stated for the rate `(k − 1)/n`, and its multiplicity is read as ethereum/soundcalc, Plonky3 and Haböck do,
//! `γ = 1 − √ρ(1 + 1/(2m))`: as printed, `m = ⌈√ρ/η⌉` lacks the factor two, which soundcalc reports as a typo
//! that the authors confirmed. Read literally, `m` doubles at a given radius and up to 5 bits are lost.

use serde::Serialize;

use super::algebra::extension_field_bits;
use super::analysis::{Regime, Term, TermBits};
use super::parameters::LayerParameters;

/// The smallest multiplicity the theorems are stated for.
pub(super) const LEAST_MULTIPLICITY: u32 = 3;
/// The largest multiplicity tried; soundcalc, Plonky3 and winterfell stop at the same value.
pub(super) const LARGEST_MULTIPLICITY: u32 = 1000;

/// A theorem on correlated agreement up to the Johnson radius.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Theorem {
    /// Ben-Sasson, Carmon, Ishai, Kopparty, Saraf 2020: error quadratic in the domain.
    Bciks20,
    /// Ben-Sasson, Carmon, Haböck, Kopparty, Saraf 2025: error linear in the domain.
    Bchks25,
}

impl Theorem {
    pub(super) const fn regime(self) -> Regime {
        match self {
            Self::Bciks20 => Regime::JohnsonBciks20,
            Self::Bchks25 => Regime::JohnsonBchks25,
        }
    }
}

/// The distance at which an analysis counts a word as far.
#[derive(Debug, Clone, Copy)]
pub(super) enum Radius {
    /// Just inside the Johnson radius.
    Johnson { theorem: Theorem, multiplicity: u32 },
    /// Half the minimum distance.
    UniqueDecoding,
}

/// A Reed–Solomon code on a FRI domain.
#[derive(Debug, Clone, Copy)]
struct Code {
    dimension: f64,
    length: f64,
}

impl Code {
    fn rate(self) -> f64 {
        self.dimension / self.length
    }

    /// The rate BCHKS25 is stated for. A constant code keeps its own rate: over `n` points at most `n²/2`
    /// slopes are exceptional per curve degree, which the bound exceeds by far at rate `1/n`.
    fn reduced_rate(self) -> f64 {
        (self.dimension - 1.0).max(1.0) / self.length
    }
}

impl Radius {
    /// The largest probability that one query accepts a far word.
    pub(super) fn agreement(self, parameters: &LayerParameters) -> f64 {
        let rate = first_code(parameters).rate();
        match self {
            Self::Johnson { multiplicity, .. } => rate.sqrt() * (1.0 + 0.5 / f64::from(multiplicity)),
            // The opened polynomials have degree up to n, one more than the code's.
            Self::UniqueDecoding => f64::midpoint(1.0, rate + 1.0 / first_code(parameters).length),
        }
    }

    /// The most tuples of polynomials of degree at most `n` that agree with the committed words on an `α`
    /// share of the domain: `(α − ρ)/(α² − ρ)`, the pairwise Johnson bound, which holds for interleaved words
    /// as for single ones. Two such tuples agree on at most `n = ρN` points; counting pairs at every point
    /// gives `α²L² ≤ αL + ρL(L − 1)`. It is below `(m + ½)/√ρ`, the figure usually quoted.
    pub(super) fn list_size(self, parameters: &LayerParameters) -> f64 {
        match self {
            Self::Johnson { .. } => {
                let rate = first_code(parameters).rate();
                let agreement = self.agreement(parameters);
                (agreement - rate) / (agreement * agreement - rate)
            }
            Self::UniqueDecoding => 1.0,
        }
    }

    /// The terms of FRI, in protocol order.
    pub(super) fn terms(self, parameters: &LayerParameters) -> Vec<TermBits> {
        let first = first_code(parameters);
        let batching_degree = (parameters.num_batched_functions() - 1) as f64;
        let mut terms = vec![TermBits {
            term: Term::FriBatching,
            bits: self.curve_bits(parameters, first, batching_degree),
        }];
        let mut code = first;
        for (round, &arity_bits) in parameters.reduction_arity_bits.iter().enumerate() {
            let arity = (arity_bits as f64).exp2();
            code = Code { dimension: code.dimension / arity, length: code.length / arity };
            terms.push(TermBits {
                term: Term::FriFolding { round },
                bits: self.curve_bits(parameters, code, arity - 1.0),
            });
        }
        terms.push(TermBits { term: Term::FriQueries, bits: self.query_bits(parameters) });
        terms
    }

    /// `queries · log2(1/α) + proof of work`. Indices are a field element modulo a power of two, whose bias of
    /// `2^-32` at most is left out.
    pub(super) fn query_bits(self, parameters: &LayerParameters) -> f64 {
        parameters.num_query_rounds as f64 * -self.agreement(parameters).log2()
            + parameters.proof_of_work_bits as f64
    }

    fn curve_bits(self, parameters: &LayerParameters, code: Code, curve_degree: f64) -> f64 {
        let exceptional = curve_degree * self.exceptional_challenges(parameters, code);
        (extension_field_bits() - exceptional.log2()).max(0.0)
    }

    /// `a`: the exceptional challenges per degree of a curve.
    fn exceptional_challenges(self, parameters: &LayerParameters, code: Code) -> f64 {
        match self {
            Self::UniqueDecoding => code.length,
            Self::Johnson { theorem: Theorem::Bciks20, multiplicity } => {
                let m = f64::from(multiplicity);
                let rate = code.rate();
                let agreement = (m + 0.5).powi(7) * code.length.powi(2) / (3.0 * rate.powf(1.5));
                // The weights of the FRI proof have denominator N/n on a folded domain of n points.
                let weights = (2.0 * m + 1.0) * (first_code(parameters).length + 1.0) / rate.sqrt();
                agreement.max(weights)
            }
            Self::Johnson { theorem: Theorem::Bchks25, multiplicity } => {
                let m = f64::from(multiplicity) + 0.5;
                let rate = code.reduced_rate();
                let distance = 1.0 - self.agreement(parameters);
                let per_point = (2.0 * m.powi(5) + 3.0 * m * distance * rate) / (3.0 * rate.powf(1.5));
                per_point * code.length + m / rate.sqrt()
            }
        }
    }
}

fn first_code(parameters: &LayerParameters) -> Code {
    Code { dimension: (parameters.degree_bits as f64).exp2(), length: (parameters.lde_bits() as f64).exp2() }
}

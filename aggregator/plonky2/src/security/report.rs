//! The whole account of a layer: plonky2's conjecture and the provable regimes side by side.

use serde::Serialize;

use super::algebra;
use super::analysis::{Analysis, Regime, Term, TermBits};
use super::error::SecurityError;
use super::parameters::LayerParameters;
use super::profile::Profile;
use super::proximity::{LARGEST_MULTIPLICITY, LEAST_MULTIPLICITY, Radius, Theorem};

/// More queries than any layer would carry: where [`SecurityReport::minimum_queries`] gives up.
const MOST_QUERIES: usize = 256;

/// The figures of a layer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SecurityReport {
    /// What the figures were computed from.
    pub parameters: LayerParameters,
    /// What plonky2 asserts to be at least its `security_bits` when it builds a circuit:
    /// `rate_bits · queries + proof_of_work_bits`, at most the 128 bits of the extension field.
    pub plonky2_bits: f64,
    /// The same with `ρ + η` for `ρ` in the query phase, the "random words" radius of Diamond and Gruen (ePrint
    /// 2025/2010 §1.5, as Plonky3 applies it). Information only: no floor depends on it.
    pub random_words_bits: f64,
    /// What the query phase approaches, and never reaches, as the multiplicity grows:
    /// `queries · rate_bits / 2 + proof_of_work_bits`.
    pub johnson_limit_bits: f64,
    /// Terms under plonky2's conjecture.
    pub conjectured: Analysis,
    /// Terms at the Johnson radius under BCIKS20.
    pub bciks20: JohnsonReport,
    /// Terms at the Johnson radius under BCHKS25.
    pub bchks25: JohnsonReport,
    /// Terms at the unique decoding radius.
    pub unique_decoding: Analysis,
}

/// A layer at the Johnson radius under one theorem. The multiplicity is the analyst's choice: a larger one
/// brings the queries nearer to `√ρ` and costs bits in FRI's batching and folding.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct JohnsonReport {
    /// The theorem on correlated agreement.
    pub theorem: Theorem,
    /// At the multiplicity with the highest union bound.
    pub best: Analysis,
    /// At the least multiplicity whose query phase meets the provable profile's floor; none if no
    /// multiplicity does.
    pub at_query_floor: Option<Analysis>,
}

impl SecurityReport {
    /// The report of validated parameters.
    pub(super) fn of(parameters: &LayerParameters) -> Self {
        let proof_of_work_bits = parameters.proof_of_work_bits as f64;
        let queries = parameters.num_query_rounds as f64;
        Self {
            parameters: parameters.clone(),
            plonky2_bits: plonky2_bits(parameters),
            random_words_bits: (queries * random_words_bits_per_query(parameters) + proof_of_work_bits)
                .min(algebra::extension_field_bits().ceil()),
            johnson_limit_bits: queries * parameters.rate_bits as f64 / 2.0 + proof_of_work_bits,
            conjectured: conjectured(parameters),
            bciks20: JohnsonReport::of(parameters, Theorem::Bciks20),
            bchks25: JohnsonReport::of(parameters, Theorem::Bchks25),
            unique_decoding: analysis(parameters, Radius::UniqueDecoding),
        }
    }

    /// The best figure that needs no conjecture: the highest union bound over the provable regimes.
    #[must_use]
    pub fn provable_bits(&self) -> f64 {
        let unique_decoding_bits = self.unique_decoding.union_bits;
        self.bchks25.best.union_bits.max(self.bciks20.best.union_bits).max(unique_decoding_bits)
    }

    /// The fewest queries with which this layer, otherwise unchanged, passes a profile; none if no number does.
    #[must_use]
    pub fn minimum_queries(&self, profile: Profile) -> Option<usize> {
        (1..=MOST_QUERIES).find(|&num_query_rounds| {
            let parameters = LayerParameters { num_query_rounds, ..self.parameters.clone() };
            Self::of(&parameters).check(profile).is_ok()
        })
    }

    /// The report of this layer with another number of queries.
    ///
    /// # Errors
    /// `SH-SEC-001` for no queries at all.
    pub fn with_queries(&self, num_query_rounds: usize) -> Result<Self, SecurityError> {
        LayerParameters { num_query_rounds, ..self.parameters.clone() }.report()
    }
}

impl JohnsonReport {
    fn of(parameters: &LayerParameters, theorem: Theorem) -> Self {
        let at = |multiplicity| analysis(parameters, Radius::Johnson { theorem, multiplicity });
        let multiplicities = LEAST_MULTIPLICITY..=LARGEST_MULTIPLICITY;
        let least = at(LEAST_MULTIPLICITY);
        let best = multiplicities
            .clone()
            .skip(1)
            .map(at)
            .fold(least, |best, next| if next.union_bits > best.union_bits { next } else { best });
        let query_floor = Profile::Provable.floors().provable.map(|floors| floors.query_bits);
        let at_query_floor = query_floor.and_then(|floor| {
            multiplicities
                .into_iter()
                .find(|&multiplicity| {
                    Radius::Johnson { theorem, multiplicity }.query_bits(parameters) >= floor
                })
                .map(at)
        });
        Self { theorem, best, at_query_floor }
    }
}

fn analysis(parameters: &LayerParameters, radius: Radius) -> Analysis {
    let (regime, multiplicity) = match radius {
        Radius::Johnson { theorem, multiplicity } => (theorem.regime(), Some(multiplicity)),
        Radius::UniqueDecoding => (Regime::UniqueDecoding, None),
    };
    let mut terms = algebra::terms(parameters, radius.list_size(parameters));
    terms.extend(radius.terms(parameters));
    terms.push(hash_collision(parameters));
    Analysis::new(regime, multiplicity, terms)
}

/// plonky2's own accounting: one codeword per commitment, nothing lost in FRI's batching and folding.
fn conjectured(parameters: &LayerParameters) -> Analysis {
    let mut terms = algebra::terms(parameters, 1.0);
    terms.push(TermBits { term: Term::FriQueries, bits: plonky2_bits(parameters) });
    terms.push(hash_collision(parameters));
    Analysis::new(Regime::Plonky2Conjecture, None, terms)
}

/// `CircuitBuilder::check_config` of plonky2 1.1.0; it takes the field's bits as 128.
fn plonky2_bits(parameters: &LayerParameters) -> f64 {
    let query_bits = parameters.num_query_rounds * parameters.rate_bits + parameters.proof_of_work_bits;
    (query_bits as f64).min(algebra::extension_field_bits().ceil())
}

/// `−log2(ρ + η)` with `η = ρ · log2(e/ρ) / log2 |F|`.
fn random_words_bits_per_query(parameters: &LayerParameters) -> f64 {
    let rate_bits = parameters.rate_bits as f64;
    let rate = (-rate_bits).exp2();
    let margin = rate * (std::f64::consts::LOG2_E + rate_bits) / algebra::extension_field_bits();
    -(rate + margin).log2()
}

/// Birthday bound of the Merkle hash and of the transcript's capacity.
fn hash_collision(parameters: &LayerParameters) -> TermBits {
    TermBits { term: Term::HashCollision, bits: parameters.hash_output_bits as f64 / 2.0 }
}

//! One account of a layer: its error terms in bits under one regime, and their totals.

use std::fmt;

use serde::Serialize;

/// Where a soundness error comes from, in the order of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Copy constraints: beta and gamma.
    Permutation,
    /// Lookup tables: the deltas.
    Lookup,
    /// The combination of all constraints: alpha.
    ConstraintBatching,
    /// The polynomial identity at the out-of-domain point zeta.
    OpeningPoint,
    /// The combination of all opened polynomials into one: FRI's alpha.
    FriBatching,
    /// One folding round: FRI's beta of that round.
    FriFolding {
        /// Round, from 0.
        round: usize,
    },
    /// The FRI queries, proof of work included.
    FriQueries,
    /// A collision in the Merkle trees or the transcript.
    HashCollision,
}

impl fmt::Display for Term {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Permutation => "permutation (beta, gamma)",
            Self::Lookup => "lookup (delta)",
            Self::ConstraintBatching => "constraint batching (alpha)",
            Self::OpeningPoint => "opening point (zeta)",
            Self::FriBatching => "fri batching (alpha)",
            Self::FriFolding { round } => return formatter.pad(&format!("fri folding round {round} (beta)")),
            Self::FriQueries => "fri queries and proof of work",
            Self::HashCollision => "hash collision",
        };
        formatter.pad(name)
    }
}

/// What an account relies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Regime {
    /// plonky2's own conjecture: sound up to capacity, no error in FRI's commit phase.
    Plonky2Conjecture,
    /// Johnson radius, correlated agreement of BCIKS20: quadratic in the domain.
    JohnsonBciks20,
    /// Johnson radius, correlated agreement of BCHKS25: linear in the domain.
    JohnsonBchks25,
    /// Unique decoding radius, correlated agreement of BCIKS20: linear in the domain.
    UniqueDecoding,
}

impl fmt::Display for Regime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Plonky2Conjecture => "plonky2's conjecture",
            Self::JohnsonBciks20 => "johnson, BCIKS20",
            Self::JohnsonBchks25 => "johnson, BCHKS25",
            Self::UniqueDecoding => "unique decoding",
        })
    }
}

/// One soundness error, as `−log2` of the probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TermBits {
    /// Where the error comes from.
    pub term: Term,
    /// `−log2` of the error; fractional.
    pub bits: f64,
}

/// All error terms of a layer under one regime.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Analysis {
    /// What the terms rely on.
    pub regime: Regime,
    /// The multiplicity `m` of the Johnson regimes, the same in every term.
    pub multiplicity: Option<u32>,
    /// Terms in protocol order. Plonky2's conjecture has none for FRI's batching and folding.
    pub terms: Vec<TermBits>,
    /// The smallest term: the round-by-round figure, which Fiat–Shamir in the random-oracle model inherits.
    pub round_by_round_bits: f64,
    /// `−log2` of the sum of all errors: the figure of the interactive protocol.
    pub union_bits: f64,
}

impl Analysis {
    pub(super) fn new(regime: Regime, multiplicity: Option<u32>, terms: Vec<TermBits>) -> Self {
        let round_by_round_bits = terms.iter().map(|term| term.bits).fold(f64::INFINITY, f64::min);
        let union_bits = -terms.iter().map(|term| (-term.bits).exp2()).sum::<f64>().log2();
        Self { regime, multiplicity, terms, round_by_round_bits, union_bits }
    }

    /// The bits of a term, if this account has it.
    #[must_use]
    pub fn bits(&self, term: Term) -> Option<f64> {
        self.terms.iter().find(|entry| entry.term == term).map(|entry| entry.bits)
    }

    /// The term with the fewest bits, the first one where several tie.
    #[must_use]
    pub fn weakest(&self) -> Option<TermBits> {
        self.terms.iter().copied().min_by(|left, right| left.bits.total_cmp(&right.bits))
    }
}

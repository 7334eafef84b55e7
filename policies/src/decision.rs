//! The decision: made, put into a sentence, stored, read back and replayed.
//!
//! Owns the document. The gateway keeps its bytes with the job and serves them as they are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sheaf_statement::ProverId;

use crate::filter::screen;
use crate::inputs::VERSION;
use crate::score::rank;
use crate::{Inputs, Objective, PolicyError, Ranked, Reason};

/// Largest stored decision. One of [`MAX_CANDIDATES`](crate::MAX_CANDIDATES) that say all they may say is smaller.
pub const MAX_DECISION_BYTES: usize = 4 << 20;

/// Who gets the job, and why, and why the others do not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// The version of the rules, [`VERSION`].
    pub version: u32,
    /// What it was made from, in canonical form: candidates sorted by prover, and long texts cut.
    pub inputs: Inputs,
    /// The prover that gets the job: the first of `ranked`, or `None` if every candidate is rejected.
    pub chosen: Option<ProverId>,
    /// Candidates that could do it, the best first. The others are whom to ask if the first fails.
    pub ranked: Vec<Ranked>,
    /// All other candidates, by prover.
    pub rejected: Vec<Rejected>,
    /// The decision in one sentence, for people.
    pub summary: String,
}

/// A candidate that is out of the question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    /// The prover.
    pub prover: ProverId,
    /// Everything that stands against it, in the order of the codes; never empty.
    pub reasons: Vec<Reason>,
}

/// Decides who gets a job. Depends on the inputs alone, and not on the order of the candidates.
///
/// # Errors
/// [`PolicyError`] if the inputs are of another version, name a prover twice, or have more than
/// [`MAX_CANDIDATES`](crate::MAX_CANDIDATES). That nobody can do the job is no error: `chosen` is `None` then.
pub fn decide(inputs: Inputs) -> Result<Decision, PolicyError> {
    let inputs = inputs.canonical()?;
    let mut eligible = Vec::new();
    let mut rejected = Vec::new();
    for candidate in &inputs.candidates {
        match screen(candidate, &inputs) {
            Ok(candidate) => eligible.push(candidate),
            Err(reasons) => rejected.push(Rejected { prover: candidate.prover.clone(), reasons }),
        }
    }
    let ranked = rank(&eligible, inputs.request.objective);
    let chosen = ranked.first().map(|first| first.prover.clone());
    let summary = summarise(&inputs, &ranked, &rejected);
    Ok(Decision { version: VERSION, inputs, chosen, ranked, rejected, summary })
}

impl Decision {
    /// The canonical JSON: no white space, fields in the order of declaration, numbers only integers. Equal decisions
    /// have equal bytes.
    ///
    /// # Panics
    /// Never: a decision has string keys and no fallible serializers.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        match serde_json::to_vec(self) {
            Ok(bytes) => bytes,
            Err(error) => unreachable!("decisions serialize: {error}"),
        }
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote, and nothing else: every other spelling is refused. Whether the
    /// inputs lead to this decision is [`replay`](Self::replay)'s to say.
    ///
    /// # Errors
    /// [`PolicyError`] if the bytes are too many, not JSON of a decision, of another version, or not canonical.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PolicyError> {
        /// The one field that every version has.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }

        if bytes.len() > MAX_DECISION_BYTES {
            return Err(PolicyError::TooLarge { limit: MAX_DECISION_BYTES, got: bytes.len() });
        }
        let malformed = |source| PolicyError::Malformed { source };
        // First, so that a document of later rules is called that and not malformed.
        let Versioned { version } = serde_json::from_slice(bytes).map_err(malformed)?;
        if version != VERSION {
            return Err(PolicyError::UnsupportedVersion { expected: VERSION, got: version });
        }
        let decision: Self = serde_json::from_slice(bytes).map_err(malformed)?;
        // serde also takes lists for objects, keys in any order and a missing key for null.
        if decision.to_bytes() != bytes {
            return Err(PolicyError::NotCanonical);
        }
        Ok(decision)
    }

    /// Whether deciding on the stored inputs again gives this decision, byte for byte.
    #[must_use]
    pub fn replay(&self) -> bool {
        decide(self.inputs.clone()).is_ok_and(|again| again.to_bytes() == self.to_bytes())
    }
}

fn summarise(inputs: &Inputs, ranked: &[Ranked], rejected: &[Rejected]) -> String {
    let total = inputs.candidates.len();
    let against = match rejected.len() {
        0 => String::new(),
        number => format!("{number} of {total} candidates rejected ({})", tally(rejected)),
    };
    let (first, others) = match ranked {
        [] if rejected.is_empty() => return "No prover: there are no candidates.".to_owned(),
        [] => return format!("No prover: {against}."),
        [first, others @ ..] => (first, others),
    };
    let aim = match inputs.request.objective {
        Objective::Cheapest => "the lowest expected price",
        Objective::Fastest => "the shortest expected time",
        Objective::Balanced => "the best balance of price and time",
    };
    let Ranked { prover, price, expected_ms, slack_ms, .. } = first;
    let mut summary = format!(
        "Chose {prover} for {aim}: {price} USD, receipt expected in {expected_ms} ms, {slack_ms} ms to spare"
    );
    if let Some(next) = others.first() {
        summary.push_str("; next is ");
        summary.push_str(next.prover.as_str());
    }
    if !against.is_empty() {
        summary.push_str("; ");
        summary.push_str(&against);
    }
    summary.push('.');
    summary
}

/// How often each reason was given, in the order of their codes.
fn tally(rejected: &[Rejected]) -> String {
    let mut counts = BTreeMap::new();
    for reason in rejected.iter().flat_map(|rejected| &rejected.reasons) {
        *counts.entry((reason.code(), reason.name())).or_insert(0_usize) += 1;
    }
    let counts: Vec<_> =
        counts.iter().map(|((_, name), count)| format!("{} {count}", name.replace('_', " "))).collect();
    counts.join(", ")
}

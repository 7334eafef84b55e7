//! What is known when a decision is made: the job's wishes and every prover as the gateway sees it now.
//!
//! Owns the shapes and their canonical order. Gathering is the gateway's; judging is `filter`'s and `score`'s.

use std::fmt;

use serde::{Deserialize, Serialize};
use sheaf_statement::{InputVisibility, ProofSystem, ProverId, TrustTier};

use crate::{MicroUsd, PolicyError};

/// The version of the rules, of [`Inputs`] and of [`Decision`](crate::Decision). The rules of a version never change.
pub const VERSION: u32 = 1;
/// Most candidates of one decision. Bounds the stored document.
pub const MAX_CANDIDATES: usize = 256;
/// Longest text that a decision keeps of what a prover said; the rest is cut. It comes from outside, and a prover must
/// neither fill our store nor, by being refused for its chatter, stop a job that others could serve.
pub const MAX_TEXT_CHARS: usize = 300;

/// What a decision is made from, and all that it is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// [`VERSION`].
    pub version: u32,
    /// The time of the decision, in Unix milliseconds.
    pub now_ms: u64,
    /// What the application wants.
    pub request: Request,
    /// Every prover that there is, also those known to be unfit: the decision says why. In any order;
    /// [`decide`](crate::decide) sorts them by id.
    pub candidates: Vec<Candidate>,
}

/// What the application wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The most that a quote may ask; `None` for no limit.
    pub max_price: Option<MicroUsd>,
    /// When the receipt must be there, in Unix milliseconds. Finishing in that very millisecond is in time.
    pub deadline_ms: u64,
    /// What to prefer among provers that fit.
    pub objective: Objective,
    /// What the statement is to say about the input.
    pub visibility: InputVisibility,
    /// The least trust: `Proven` admits only proven, `Attested` admits both tiers.
    pub min_tier: TrustTier,
}

/// What to prefer among provers that fit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// The lowest expected price; time breaks ties.
    Cheapest,
    /// The shortest expected time; price breaks ties.
    Fastest,
    /// Price and time, each relative to the best on offer.
    #[default]
    Balanced,
}

impl Objective {
    /// Every objective.
    pub const ALL: [Self; 3] = [Self::Cheapest, Self::Fastest, Self::Balanced];

    /// The name, as in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cheapest => "cheapest",
            Self::Fastest => "fastest",
            Self::Balanced => "balanced",
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One prover as the gateway sees it now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// Its id.
    pub prover: ProverId,
    /// The proof system of its proofs. Told to whoever reads the decision; no rule looks at it.
    pub system: ProofSystem,
    /// The trust tier that its receipts have.
    pub tier: TrustTier,
    /// What its statements can say about the input. In any order; [`decide`](crate::decide) sorts them and drops
    /// repetitions.
    pub visibilities: Vec<InputVisibility>,
    /// Whether it serves the job's model.
    pub serves_model: Serves,
    /// What it asks for this job; `None` if it gave no quote.
    pub quote: Option<Quote>,
    /// How long it takes from being given a job of this model to the receipt.
    pub latency: Latency,
    /// How it fared lately.
    pub health: Health,
    /// How busy it is.
    pub load: Load,
    /// Set if it already failed this very job in a way that trying it again cannot mend.
    pub excluded: Option<Exclusion>,
}

/// Whether a prover serves the job's model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Serves {
    /// It does.
    Yes,
    /// It does not; for instance it refused to compile it.
    No {
        /// The stable code of the refusal, cut at [`MAX_TEXT_CHARS`].
        code: String,
        /// The refusal in words, cut at [`MAX_TEXT_CHARS`].
        reason: String,
    },
}

/// A prover's offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quote {
    /// What it asks.
    pub price: MicroUsd,
    /// The processor time that the price stands for. Told to whoever reads the decision; no rule looks at it.
    pub cpu_ms: u64,
}

/// Time from being given a job to the receipt, aggregation included and the prover's queue not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The median.
    pub p50_ms: u64,
    /// The 90th percentile. Taken as the median where it is below that.
    pub p90_ms: u64,
    /// The 99th percentile. Told to whoever reads the decision; no rule looks at it.
    pub p99_ms: u64,
    /// How many jobs this was measured on. 0 means that it is an estimate, of which only the median counts.
    pub samples: u64,
    /// How long a job holds its place at the prover, the median: what whoever waits for the place waits for. Less than
    /// the whole way where something follows that needs no place, such as a batch.
    pub held_ms: u64,
}

/// How a prover fared lately. What counts as lately is the gateway's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// Until when it is to be left alone, in Unix milliseconds. A time that has come ends it.
    pub quarantined_until_ms: Option<u64>,
    /// Attempts, for any job.
    pub recent_attempts: u32,
    /// Those that failed; more than there were attempts count as all of them.
    pub recent_failures: u32,
}

/// How busy a prover is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Jobs in work.
    pub running: u32,
    /// Jobs that it works on at a time.
    pub capacity: u32,
    /// Jobs routed to it that have not begun.
    pub waiting: u32,
}

/// Why a prover is not asked again for this job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// How often it tried this job.
    pub attempts: u32,
    /// The stable code of its last failure, cut at [`MAX_TEXT_CHARS`].
    pub code: String,
}

impl Inputs {
    /// The same inputs in their one canonical form, so that what is equal decides and stores equally.
    pub(crate) fn canonical(mut self) -> Result<Self, PolicyError> {
        if self.version != VERSION {
            return Err(PolicyError::UnsupportedVersion { expected: VERSION, got: self.version });
        }
        if self.candidates.len() > MAX_CANDIDATES {
            return Err(PolicyError::TooManyCandidates { limit: MAX_CANDIDATES, got: self.candidates.len() });
        }
        self.candidates.sort_by(|a, b| a.prover.cmp(&b.prover));
        if let Some([first, _]) =
            self.candidates.array_windows().find(|[first, second]| first.prover == second.prover)
        {
            return Err(PolicyError::DuplicateProver { prover: first.prover.clone() });
        }
        self.candidates.iter_mut().for_each(Candidate::canonicalise);
        Ok(self)
    }
}

impl Candidate {
    fn canonicalise(&mut self) {
        self.visibilities.sort_unstable();
        self.visibilities.dedup();
        if let Serves::No { code, reason } = &mut self.serves_model {
            cut(code);
            cut(reason);
        }
        if let Some(Exclusion { code, .. }) = &mut self.excluded {
            cut(code);
        }
    }
}

impl Load {
    /// Jobs in hand, running or waiting.
    pub(crate) const fn jobs(self) -> u64 {
        // Two u32, widened: the sum fits.
        self.running as u64 + self.waiting as u64
    }
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_objectives_are_their_json() {
        for objective in Objective::ALL {
            let json = serde_json::to_string(&objective).unwrap();
            assert_eq!(json, format!("\"{objective}\""));
            assert_eq!(serde_json::from_str::<Objective>(&json).unwrap(), objective);
        }
        assert_eq!(Objective::default(), Objective::Balanced);
    }

    #[test]
    fn serves_is_yes_or_no_with_a_reason() {
        let no = Serves::No { code: "SH-X-001".into(), reason: "too deep".into() };
        assert_eq!(serde_json::to_string(&Serves::Yes).unwrap(), r#""yes""#);
        assert_eq!(serde_json::to_string(&no).unwrap(), r#"{"no":{"code":"SH-X-001","reason":"too deep"}}"#);
        for json in [r#""no""#, r#"{"no":{"code":"a"}}"#, r#"{"no":{"code":"a","reason":"b","c":1}}"#] {
            serde_json::from_str::<Serves>(json).unwrap_err();
        }
    }

    #[test]
    fn text_is_cut_between_characters() {
        let mut text = "é".repeat(MAX_TEXT_CHARS + 1);
        cut(&mut text);
        assert_eq!(text, "é".repeat(MAX_TEXT_CHARS));
        cut(&mut text);
        assert_eq!(text.chars().count(), MAX_TEXT_CHARS);
    }
}

//! Routing: which prover gets a job, and why every other one does not.
//!
//! The gateway gathers what it knows of every prover into [`Inputs`], calls [`decide`], and stores the [`Decision`] with
//! the job. A decision holds its inputs, so [`Decision::replay`] tells at any later time whether the same inputs still
//! give the same bytes. For that, nothing here does I/O, reads a clock, draws a random number, computes with floats or
//! walks a hash map; whatever varies comes in as an input.
//!
//! | module | owns |
//! |---|---|
//! | `money` | [`MicroUsd`] |
//! | `inputs` | what is known of the job and of each prover, in one canonical order |
//! | `forecast` | when a candidate would be done: queue, usual time, cautious time |
//! | `filter` | which candidates are out of the question |
//! | `reason` | [`Reason`]: why they are, with a stable code |
//! | `score` | in what order the others are asked |
//! | `decision` | [`decide`], the document, its bytes and its replay |
//! | `error` | why there is no decision at all |
//!
//! # Rules of version 1
//!
//! A candidate is **rejected** for every reason that applies: no quote or one above the limit, a cautious finish after
//! the deadline, too low a trust tier, an input visibility it does not serve, a model it does not serve, quarantine, no
//! capacity, exclusion from this job.
//!
//! **Time.** A job that finds `n = running + waiting` jobs at a prover of capacity `c` starts at once if `n < c`, and
//! otherwise after `ceil((n − c + 1) / c)` rounds of the median time each. Expected: that wait and the median.
//! Cautious, for the deadline: that wait and the 90th percentile, or [`ESTIMATE_MARGIN_PERCENT`] more than the median
//! where nothing was measured yet. The wait is in the expected time, so a burst spreads by itself: every job given to a
//! prover makes it slower for the next one.
//!
//! **Risk.** The failure rate `f` is that of recent attempts together with [`PRIOR_ATTEMPTS`] imagined ones that fail at
//! [`PRIOR_FAILURE_PPM`], rounded down to whole percents. Price and time are both multiplied by the expected number of
//! attempts, `1 / (1 − f)`.
//!
//! **Score.** Lower is better; a million points are one *unit*.
//!
//! | objective | score | first tie-break |
//! |---|---|---|
//! | cheapest | price, in units of 1,000 micro USD | the time of fastest |
//! | fastest | time, in units of 1,000 ms | the price of cheapest |
//! | balanced | price + time, in units of the lowest price and the shortest time among the candidates that are left | the price of cheapest |
//!
//! Remaining ties go to the prover with fewer jobs in hand, and then to the smaller prover id. Units of
//! balanced are not below [`PRICE_UNIT_FLOOR`] and [`TIME_UNIT_FLOOR_MS`]: below these a ratio says nothing, and a
//! prover that asks nothing would make every other look infinitely dear.
//!
//! Integers saturate where they would overflow, so absurd inputs give an absurd order and never a panic.
//!
//! Changing any of this changes what stored inputs replay to, and so takes another [`VERSION`].
//!
//! ```
//! use sheaf_policies::*;
//! use sheaf_statement::{InputVisibility, ProofSystem, TrustTier};
//!
//! let candidate = Candidate {
//!     prover: "embedded-plonky2".parse()?,
//!     system: ProofSystem::Plonky2Goldilocks,
//!     tier: TrustTier::Proven,
//!     visibilities: vec![InputVisibility::Public],
//!     serves_model: Serves::Yes,
//!     quote: Some(Quote { price: "0.000140".parse()?, cpu_ms: 900 }),
//!     latency: Latency { p50_ms: 1_000, p90_ms: 1_400, p99_ms: 2_000, samples: 50, held_ms: 1_000 },
//!     health: Health { quarantined_until_ms: None, recent_attempts: 50, recent_failures: 0 },
//!     load: Load { running: 0, capacity: 2, waiting: 0 },
//!     excluded: None,
//! };
//! let request = Request {
//!     max_price: Some(MicroUsd(1_000)),
//!     deadline_ms: 1_700_000_030_000,
//!     objective: Objective::Balanced,
//!     visibility: InputVisibility::Public,
//!     min_tier: TrustTier::Proven,
//! };
//! let inputs = Inputs { version: VERSION, now_ms: 1_700_000_000_000, request, candidates: vec![candidate] };
//!
//! let decision = decide(inputs)?;
//! assert_eq!(decision.chosen, Some("embedded-plonky2".parse()?));
//! assert!(Decision::from_bytes(&decision.to_bytes())?.replay());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decision;
mod error;
mod filter;
mod forecast;
mod inputs;
mod money;
mod reason;
mod score;

pub use decision::{Decision, MAX_DECISION_BYTES, Rejected, decide};
pub use error::PolicyError;
pub use forecast::ESTIMATE_MARGIN_PERCENT;
pub use inputs::{
    Candidate, Exclusion, Health, Inputs, Latency, Load, MAX_CANDIDATES, MAX_TEXT_CHARS, Objective, Quote,
    Request, Serves, VERSION,
};
pub use money::MicroUsd;
pub use reason::Reason;
pub use score::{
    PRICE_UNIT_FLOOR, PRIOR_ATTEMPTS, PRIOR_FAILURE_PPM, Ranked, TIME_UNIT_FLOOR_MS, Term, TermName,
};

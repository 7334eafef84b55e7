//! Which candidates are out of the question. One function per rule; every rule is asked, so that a decision lists all
//! that stands in a prover's way and mending one thing does not reveal the next.
//!
//! Candidates that are left go to `score`.

use sheaf_statement::TrustTier;

use crate::forecast::Forecast;
use crate::{Candidate, Inputs, MicroUsd, Reason, Serves};

/// A candidate that could do the job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Eligible<'a> {
    pub(crate) candidate: &'a Candidate,
    pub(crate) price: MicroUsd,
    pub(crate) forecast: Forecast,
    /// From the cautious finish to the deadline.
    pub(crate) slack_ms: u64,
}

/// Asks every rule about one candidate.
///
/// # Errors
/// The reasons against it, in the order of their codes.
pub(crate) fn screen<'a>(candidate: &'a Candidate, inputs: &Inputs) -> Result<Eligible<'a>, Vec<Reason>> {
    let rules = [quote, deadline, tier, visibility, model, quarantine, capacity, exclusion];
    let reasons: Vec<_> = rules.iter().filter_map(|rule| rule(candidate, inputs)).collect();
    match &candidate.quote {
        Some(quote) if reasons.is_empty() => {
            let forecast = Forecast::of(candidate);
            let slack_ms = inputs.request.deadline_ms.saturating_sub(finish_ms(forecast, inputs));
            Ok(Eligible { candidate, price: quote.price, forecast, slack_ms })
        }
        // Not empty: without a quote there is the reason for that.
        _ => Err(reasons),
    }
}

fn quote(candidate: &Candidate, inputs: &Inputs) -> Option<Reason> {
    let Some(quote) = &candidate.quote else { return Some(Reason::NoQuote) };
    let expected = inputs.request.max_price?;
    (quote.price > expected).then_some(Reason::PriceAboveLimit { expected, got: quote.price })
}

/// Of a candidate without capacity only the time without its queue is judged; that there is none is another reason.
fn deadline(candidate: &Candidate, inputs: &Inputs) -> Option<Reason> {
    let expected_ms = inputs.request.deadline_ms;
    let got_ms = finish_ms(Forecast::of(candidate), inputs);
    (got_ms > expected_ms).then_some(Reason::DeadlineMissed { expected_ms, got_ms })
}

fn finish_ms(forecast: Forecast, inputs: &Inputs) -> u64 {
    inputs.now_ms.saturating_add(forecast.cautious_ms)
}

/// Tiers have no order (see [`TrustTier`]), so what each admits is written out.
fn tier(candidate: &Candidate, inputs: &Inputs) -> Option<Reason> {
    let admitted = match inputs.request.min_tier {
        TrustTier::Proven => matches!(candidate.tier, TrustTier::Proven),
        TrustTier::Attested => matches!(candidate.tier, TrustTier::Proven | TrustTier::Attested),
    };
    (!admitted).then_some(Reason::TierTooLow { expected: inputs.request.min_tier, got: candidate.tier })
}

fn visibility(candidate: &Candidate, inputs: &Inputs) -> Option<Reason> {
    let expected = inputs.request.visibility;
    let got = &candidate.visibilities;
    (!got.contains(&expected)).then(|| Reason::VisibilityNotServed { expected, got: got.clone() })
}

fn model(candidate: &Candidate, _: &Inputs) -> Option<Reason> {
    match &candidate.serves_model {
        Serves::Yes => None,
        Serves::No { code, reason } => {
            Some(Reason::ModelNotServed { cause: code.clone(), detail: reason.clone() })
        }
    }
}

fn quarantine(candidate: &Candidate, inputs: &Inputs) -> Option<Reason> {
    let now_ms = inputs.now_ms;
    let until_ms = candidate.health.quarantined_until_ms?;
    (until_ms > now_ms).then_some(Reason::Quarantined { now_ms, until_ms })
}

fn capacity(candidate: &Candidate, _: &Inputs) -> Option<Reason> {
    (candidate.load.capacity == 0).then_some(Reason::NoCapacity)
}

fn exclusion(candidate: &Candidate, _: &Inputs) -> Option<Reason> {
    let exclusion = candidate.excluded.as_ref()?;
    Some(Reason::Excluded { attempts: exclusion.attempts, cause: exclusion.code.clone() })
}

//! The phases of a job, and which may follow which.
//!
//! ```text
//!             ┌───────────◀────────────┬───────────┐  reroute
//! accepted ─▶ routed ─▶ proving ─▶ verified ─▶ batched ─▶ aggregated
//!     └───────────────(brought proof)──▲
//! accepted, routed, proving, verified, batched ─▶ failed
//! accepted, routed, proving, verified          ─▶ cancelled
//! ```
//!
//! A [`Change`] is the only way to move a job, and the only way to make one is [`Held::to`], which exists for legal
//! steps alone: an illegal transition does not compile. The store applies a change only if the job still is in the
//! phase, and under the fencing token, that the change was made from; a driver that lost its lease changes nothing.

use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sheaf_policies::MicroUsd;
use sheaf_statement::{ProverId, StatementId, TrustTier};

use crate::api::jobs::Failure;
use crate::ids::{AttemptRowId, JobId};

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    Accepted,
    Routed,
    Proving,
    Verified,
    Batched,
    Aggregated,
    Failed,
    Cancelled,
}

impl Phase {
    /// Every phase.
    pub(crate) const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Routed,
        Self::Proving,
        Self::Verified,
        Self::Batched,
        Self::Aggregated,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The name, as stored.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Routed => "routed",
            Self::Proving => "proving",
            Self::Verified => "verified",
            Self::Batched => "batched",
            Self::Aggregated => "aggregated",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Reads a stored name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.name() == name)
    }

    /// Whether nothing follows.
    pub(crate) const fn is_final(self) -> bool {
        matches!(self, Self::Aggregated | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A phase as a type, with what a job gets on entering it.
pub(crate) trait Stage {
    /// As a value.
    const PHASE: Phase;
    /// What entering it records.
    type Entry;
    /// Writes the entry into a change.
    fn record(entry: Self::Entry, change: &mut Change);
}

/// Says that a job in phase `Self` may go to `Next`.
pub(crate) trait LeadsTo<Next: Stage>: Stage {}

macro_rules! stages {
    ($($name:ident($entry:ty) = |$e:pat_param, $change:ident| $body:block)*) => {$(
        #[derive(Debug)]
        pub(crate) struct $name;
        impl Stage for $name {
            const PHASE: Phase = Phase::$name;
            type Entry = $entry;
            fn record($e: $entry, $change: &mut Change) $body
        }
    )*};
}

macro_rules! edges {
    ($($from:ident => $($to:ident),+;)*) => {$($(impl LeadsTo<$to> for $from {})+)*};
}

/// Why a job goes back to be routed anew.
#[derive(Debug, Clone)]
pub(crate) struct Reroute {
    /// The attempt that is over, if one began, and how.
    pub(crate) attempt: Option<AttemptEnd>,
    /// When to look at the job again, unix milliseconds.
    pub(crate) not_before_ms: u64,
    /// Code and words, for the event.
    pub(crate) code: String,
    pub(crate) message: String,
    /// The prover that is out for this job, and whether for good.
    pub(crate) exclude: Option<(ProverId, bool)>,
}

/// The end of an attempt.
#[derive(Debug, Clone)]
pub(crate) struct AttemptEnd {
    pub(crate) id: AttemptRowId,
    pub(crate) outcome: String,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
}

/// A chosen prover.
#[derive(Debug, Clone)]
pub(crate) struct Choice {
    pub(crate) prover: ProverId,
    pub(crate) price: MicroUsd,
    /// The decision's bytes.
    pub(crate) decision: Vec<u8>,
    pub(crate) summary: String,
}

/// A verified proof.
#[derive(Debug, Clone)]
pub(crate) struct Verification {
    pub(crate) attempt: Option<AttemptEnd>,
    pub(crate) proof: NewProof,
    /// JSON of the inference result.
    pub(crate) result: Option<String>,
    /// What opens a committed input.
    pub(crate) opening: Option<String>,
    /// The job whose proof is shared.
    pub(crate) reused_from: Option<JobId>,
}

/// A proof to be stored, if its statement has none yet.
#[derive(Debug, Clone)]
pub(crate) struct NewProof {
    pub(crate) statement_id: StatementId,
    pub(crate) tier: TrustTier,
    pub(crate) system: String,
    /// The statement's JSON.
    pub(crate) statement: String,
    /// For proven ones, what a batch plan needs: JSON.
    pub(crate) member: Option<String>,
    /// The security profile, for proven ones: batches are of one.
    pub(crate) profile: Option<String>,
    /// Blob of the proof document.
    pub(crate) blob: String,
    pub(crate) prover: Option<ProverId>,
}

stages! {
    Accepted(Reroute) = |entry, change| {
        change.event = json!({"rerouted": {"code": entry.code, "message": entry.message}});
        change.not_before_ms = Some(entry.not_before_ms);
        change.attempt_end = entry.attempt;
        change.exclude = entry.exclude.map(|(prover, is_final)| (prover, entry.code, is_final));
    }
    Routed(Choice) = |entry, change| {
        change.event = json!({"prover": entry.prover, "price": entry.price, "why": entry.summary});
        change.prover = Some(entry.prover);
        change.price = Some(entry.price);
        change.decision = Some(entry.decision);
    }
    Proving((AttemptRowId, ProverId)) = |(id, prover), change| {
        change.event = json!({"attempt": id, "prover": prover});
        change.attempt_start = Some((id, prover));
    }
    Verified(Box<Verification>) = |entry, change| {
        change.event = json!({"statement_id": entry.proof.statement_id, "trust_tier": entry.proof.tier});
        change.attempt_end = entry.attempt;
        change.statement_id = Some(entry.proof.statement_id);
        change.tier = Some(entry.proof.tier);
        change.result = entry.result;
        change.opening = entry.opening;
        change.reused_from = entry.reused_from;
        change.proof = Some(entry.proof);
    }
    Failed((Failure, Option<AttemptEnd>)) = |(failure, attempt), change| {
        change.event = json!({"failure": failure});
        change.attempt_end = attempt;
        change.failure = Some(failure);
    }
}

// Batched, Aggregated and Cancelled are entered in bulk or from outside, by statements of the store that name the
// phases they start from.
edges! {
    Accepted => Routed, Verified, Failed, Accepted;
    Routed => Proving, Accepted, Failed;
    Proving => Verified, Accepted, Failed;
}

/// A job that the caller leads, known to be in a phase.
#[derive(Debug)]
pub(crate) struct Held<P> {
    job: JobId,
    fence: u64,
    phase: PhantomData<P>,
}

impl<P: Stage> Held<P> {
    /// Of a job that was claimed in this phase. Only the store and the dispatcher's entry make one from a row.
    pub(crate) fn new(job: JobId, fence: u64) -> Self {
        Self { job, fence, phase: PhantomData }
    }

    /// The step to a phase, and the job as it will be once the store has applied it.
    pub(crate) fn to<Next: Stage>(self, entry: Next::Entry) -> (Change, Held<Next>)
    where
        P: LeadsTo<Next>,
    {
        let mut change = Change::new(self.job, self.fence, P::PHASE, Next::PHASE);
        Next::record(entry, &mut change);
        (change, Held::new(self.job, self.fence))
    }
}

/// One step of one job, with everything that is recorded along with it in the same transaction.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(super) job: JobId,
    pub(super) fence: u64,
    pub(super) from: Phase,
    pub(super) to: Phase,
    pub(super) event: Value,
    pub(super) prover: Option<ProverId>,
    pub(super) price: Option<MicroUsd>,
    pub(super) decision: Option<Vec<u8>>,
    pub(super) attempt_start: Option<(AttemptRowId, ProverId)>,
    pub(super) attempt_end: Option<AttemptEnd>,
    pub(super) statement_id: Option<StatementId>,
    pub(super) tier: Option<TrustTier>,
    pub(super) result: Option<String>,
    pub(super) opening: Option<String>,
    pub(super) reused_from: Option<JobId>,
    pub(super) proof: Option<NewProof>,
    pub(super) failure: Option<Failure>,
    pub(super) exclude: Option<(ProverId, String, bool)>,
    pub(super) not_before_ms: Option<u64>,
}

impl Change {
    /// Keeps a decision along with a step that is not its choice: why no prover qualified.
    pub(crate) fn keep_decision(&mut self, bytes: Vec<u8>) {
        self.decision = Some(bytes);
    }

    fn new(job: JobId, fence: u64, from: Phase, to: Phase) -> Self {
        Self {
            job,
            fence,
            from,
            to,
            event: Value::Null,
            prover: None,
            price: None,
            decision: None,
            attempt_start: None,
            attempt_end: None,
            statement_id: None,
            tier: None,
            result: None,
            opening: None,
            reused_from: None,
            proof: None,
            failure: None,
            exclude: None,
            not_before_ms: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use static_assertions::{assert_impl_all, assert_not_impl_any};

    use super::*;

    // Illegal steps do not compile: there is no way from one to the other.
    assert_impl_all!(Accepted: LeadsTo<Routed>, LeadsTo<Verified>, LeadsTo<Failed>, LeadsTo<Accepted>);
    assert_impl_all!(Routed: LeadsTo<Proving>, LeadsTo<Accepted>, LeadsTo<Failed>);
    assert_impl_all!(Proving: LeadsTo<Verified>, LeadsTo<Accepted>, LeadsTo<Failed>);
    assert_not_impl_any!(Accepted: LeadsTo<Proving>);
    assert_not_impl_any!(Routed: LeadsTo<Verified>, LeadsTo<Routed>);
    assert_not_impl_any!(Proving: LeadsTo<Proving>, LeadsTo<Routed>);
    assert_not_impl_any!(Verified: LeadsTo<Accepted>, LeadsTo<Routed>, LeadsTo<Proving>, LeadsTo<Verified>, LeadsTo<Failed>);
    assert_not_impl_any!(Failed: LeadsTo<Accepted>, LeadsTo<Routed>, LeadsTo<Proving>, LeadsTo<Verified>, LeadsTo<Failed>);

    #[test]
    fn stored_names_are_read_back() {
        for phase in Phase::ALL {
            assert_eq!(Phase::from_name(phase.name()), Some(phase));
        }
        assert_eq!(Phase::from_name("Accepted"), None);
    }
}

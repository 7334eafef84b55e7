//! One job, led from where it is to a verified proof.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sheaf_adapter::{AdapterError, AttemptId, ErrorKind, ProgramRef, ProveRequest, Proven, Prover};
use sheaf_local::verify::VerifiedDocument;
use sheaf_policies::{Decision, MicroUsd, PolicyError, Reason};
use sheaf_statement::{ProverId, TrustTier, VkDigest};
use tokio::sync::broadcast;
use tower::ServiceExt;

use super::candidates::inputs;
use super::expect::{Expected, to_text};
use super::guard::guarded;
use super::programs::{self, NoProgram};
use crate::api::jobs::Failure;
use crate::app::App;
use crate::clock::now_ms;
use crate::ids::{AttemptRowId, JobId};
use crate::refusal::Refusal;
use crate::store::phase::{
    Accepted, AttemptEnd, Change, Choice, Failed, Held, LeadsTo, NewProof, Phase, Proving, Reroute, Routed,
    Stage, Verification, Verified,
};
use crate::store::{
    ClaimedJob, ExclusionRow, JobRow, JobSpec, ModelRow, ProgramOutcome, ProgramRow, StoreError, Subject,
};

/// Pause before a job that waits for its twin is looked at again.
const TWIN_PAUSE_MS: u64 = 150;
/// Pause before a job for which no prover is to be had now is routed again.
const ROUTE_PAUSE_MS: u64 = 500;
/// Passing failures of one prover after which it is out for a job.
const MAX_PASSING_FAILURES: u32 = 3;
/// Most times that a job is routed anew for passing faults of provers.
const MAX_REROUTES: u32 = 8;

/// Leads one job as far as it goes. Whatever happens to the job is in the store when this returns.
///
/// # Errors
/// If the store fails; the job is then as the store has it.
pub(super) async fn drive(app: &App, job: ClaimedJob) -> Result<(), StoreError> {
    let ClaimedJob { row, input, exclusions, open_attempt } = job;
    if let Subject::Proof { blob } = &row.spec.subject {
        return bring(app, &row, blob).await;
    }
    let ready = match prepare(app, &row, input.as_deref()).await {
        Ok(ready) => ready,
        Err(refusal) => {
            let failure = failed("routing", &refusal, false);
            return fail(app, &row, failure, None).await;
        }
    };
    let lead = Lead { app, row: &row, ready: &ready, exclusions: &exclusions };
    match (row.phase, open_attempt) {
        (Phase::Accepted, _) => lead.route(Held::new(row.id, row.fence)).await,
        (Phase::Routed, _) => lead.prove(Held::new(row.id, row.fence), None, None).await,
        (Phase::Proving, Some(attempt)) => {
            // The attempt that the last leader began: made again under its own id, so that it is paid for once.
            match attempt.id.parse() {
                Ok(id) => lead.resume(Held::new(row.id, row.fence), id).await,
                Err(_) => lead.back(Held::<Proving>::new(row.id, row.fence), lost_attempt()).await,
            }
        }
        (Phase::Proving, None) => lead.back(Held::<Proving>::new(row.id, row.fence), lost_attempt()).await,
        _ => Ok(()),
    }
}

fn lost_attempt() -> Reroute {
    Reroute {
        attempt: None,
        not_before_ms: 0,
        code: "SH-JOB-006".to_owned(),
        message: "attempt was lost".to_owned(),
        exclude: None,
    }
}

/// What leading a job takes to know.
struct Ready {
    model: Arc<ModelRow>,
    input: Arc<Vec<i64>>,
    expected: Expected,
}

async fn prepare(app: &App, row: &JobRow, input: Option<&str>) -> Result<Ready, Refusal> {
    let Subject::Inference { model: key } = &row.spec.subject else {
        return Err(Refusal { code: "SH-INT-000".to_owned(), message: "not an inference".to_owned() });
    };
    let model = app.store.model(&row.tenant, *key).await.map_err(|error| Refusal::new(&error))?;
    let model = model.ok_or_else(|| Refusal {
        code: "SH-JOB-007".to_owned(),
        message: "the job's model is no longer there".to_owned(),
    })?;
    let quantised = app.models.get(&app.blobs, &model).await?;
    let damaged = |reason: String| Refusal::new(&StoreError::Damaged { what: "input", reason });
    let input: Vec<i64> =
        serde_json::from_str(input.unwrap_or_default()).map_err(|e| damaged(e.to_string()))?;
    // Large models take a while, which must not hold up the other jobs of this thread.
    let executed = tokio::task::spawn_blocking({
        let input = input.clone();
        move || Expected::new(&quantised, input)
    });
    let expected = executed.await.map_err(|error| damaged(error.to_string()))??;
    Ok(Ready { model, input: Arc::new(input), expected })
}

fn failed(stage: &str, refusal: &Refusal, retryable: bool) -> Failure {
    Failure {
        stage: stage.to_owned(),
        code: refusal.code.clone(),
        message: refusal.message.clone(),
        retryable,
    }
}

/// Fails a job from whichever phase it is led in.
async fn fail(
    app: &App,
    row: &JobRow,
    failure: Failure,
    attempt: Option<AttemptEnd>,
) -> Result<(), StoreError> {
    let entry = (failure, attempt);
    let (id, fence) = (row.id, row.fence);
    let change = match row.phase {
        Phase::Routed => Held::<Routed>::new(id, fence).to::<Failed>(entry).0,
        Phase::Proving => Held::<Proving>::new(id, fence).to::<Failed>(entry).0,
        _ => Held::<Accepted>::new(id, fence).to::<Failed>(entry).0,
    };
    commit(app, change).await.map(|_| ())
}

/// Applies a change. `false` if the job is no longer this leader's.
async fn commit(app: &App, change: Change) -> Result<bool, StoreError> {
    let applied = app.store.apply(change).await?;
    if applied {
        app.batches.notify_one();
    }
    Ok(applied)
}

/// A proof that was brought: verified, and that is all.
async fn bring(app: &App, row: &JobRow, blob: &str) -> Result<(), StoreError> {
    let bytes = match app.blobs.get(blob).await {
        Ok(bytes) => bytes,
        Err(error) => return fail(app, row, failed("verifying", &Refusal::new(&error), true), None).await,
    };
    match app.sandbox.verify_document(bytes).await {
        Ok(verified) => {
            let verification = Verification {
                attempt: None,
                proof: new_proof(&verified, blob.to_owned(), None)?,
                result: None,
                opening: None,
                reused_from: None,
            };
            let held = Held::<Accepted>::new(row.id, row.fence);
            commit(app, held.to::<Verified>(Box::new(verification)).0).await.map(|_| ())
        }
        Err(refusal) => fail(app, row, failed("verifying", &refusal, false), None).await,
    }
}

fn new_proof(
    verified: &VerifiedDocument,
    blob: String,
    prover: Option<ProverId>,
) -> Result<NewProof, StoreError> {
    let json = |what, value: serde_json::Result<String>| {
        value.map_err(|error| StoreError::Damaged { what, reason: error.to_string() })
    };
    let member = verified.member.as_ref();
    Ok(NewProof {
        statement_id: verified.statement.id(),
        tier: verified.tier,
        system: verified.system.name().to_owned(),
        statement: json("statement", serde_json::to_string(&verified.statement))?,
        member: member.map(|m| json("member", serde_json::to_string(m))).transpose()?,
        profile: member.map(|m| m.shape.profile.to_string()),
        blob,
        prover,
    })
}

/// One inference being led.
struct Lead<'a> {
    app: &'a App,
    row: &'a JobRow,
    ready: &'a Ready,
    exclusions: &'a [ExclusionRow],
}

impl Lead<'_> {
    fn spec(&self) -> &JobSpec {
        &self.row.spec
    }

    /// Chooses a prover, or finds that an identical job has the proof already.
    async fn route(&self, held: Held<Accepted>) -> Result<(), StoreError> {
        if let Some(twin) = self.app.store.twin(self.row).await? {
            match twin.statement_id {
                Some(statement) => {
                    if let Some(proof) = self.app.store.proof(statement).await? {
                        let verification = Verification {
                            attempt: None,
                            proof,
                            result: twin.result,
                            opening: twin.opening,
                            reused_from: Some(twin.id),
                        };
                        metrics::counter!("sheaf_proofs_reused_total").increment(1);
                        return self.commit(held.to::<Verified>(Box::new(verification)).0).await;
                    }
                }
                // The same is being proven: wait for it rather than prove it twice.
                None => {
                    let again = now_ms() + TWIN_PAUSE_MS;
                    return self.app.store.release(self.row.id, self.row.fence, again).await;
                }
            }
        }
        let programs = self.app.store.programs(self.ready.model.key).await?;
        let decision = match self.decide(&programs) {
            Ok(decision) => decision,
            Err(error) => {
                let failure = failed("routing", &Refusal::new(&error), false);
                return self.commit(held.to::<Failed>((failure, None)).0).await;
            }
        };
        let Some((prover, price)) = choice(&decision) else {
            return self.nowhere(held, &decision).await;
        };
        metrics::counter!("sheaf_routed_total", "prover" => prover.to_string()).increment(1);
        let leave_by_ms = leave_by_ms(&decision);
        let choice = Choice {
            prover: prover.clone(),
            price,
            decision: decision.to_bytes(),
            summary: decision.summary,
        };
        let (change, held) = held.to::<Routed>(choice);
        if !commit(self.app, change).await? {
            return Ok(());
        }
        self.prove(held, Some(prover), leave_by_ms).await
    }

    /// Asks the policies. A prover that failed this job in a passing way is the last resort: it is asked about only if
    /// no other will do.
    fn decide(&self, programs: &[ProgramRow]) -> Result<Decision, PolicyError> {
        let ask = |exclusions: &[ExclusionRow]| {
            sheaf_policies::decide(inputs(self.app, self.row, &self.ready.model, programs, exclusions))
        };
        let decision = ask(self.exclusions)?;
        let (out, last_resort): (Vec<_>, Vec<_>) = self
            .exclusions
            .iter()
            .cloned()
            .partition(|row| row.is_final || row.count >= MAX_PASSING_FAILURES);
        if decision.chosen.is_some() || last_resort.is_empty() { Ok(decision) } else { ask(&out) }
    }

    /// No prover qualifies. If that can change, the job waits; else it fails, and the decision says why.
    async fn nowhere(&self, held: Held<Accepted>, decision: &Decision) -> Result<(), StoreError> {
        let passing = |reason: &Reason| matches!(reason, Reason::Quarantined { .. } | Reason::NoCapacity);
        let may_pass =
            decision.rejected.iter().any(|r| !r.reasons.is_empty() && r.reasons.iter().all(passing));
        if may_pass {
            return self.app.store.release(self.row.id, self.row.fence, now_ms() + ROUTE_PAUSE_MS).await;
        }
        if self.row.due_ms <= now_ms() {
            // Overdue jobs are swept up, and told that.
            return self.app.store.release(self.row.id, self.row.fence, now_ms() + ROUTE_PAUSE_MS).await;
        }
        let refusal = Refusal { code: "SH-JOB-001".to_owned(), message: decision.summary.clone() };
        // What stood in the way of provers for a while only may not stand there next time.
        let retryable = decision.rejected.iter().flat_map(|rejected| &rejected.reasons).any(|reason| {
            matches!(reason, Reason::Quarantined { .. } | Reason::NoCapacity | Reason::Excluded { .. })
        });
        let (mut change, _) = held.to::<Failed>((failed("routing", &refusal, retryable), None));
        change.keep_decision(decision.to_bytes());
        self.commit(change).await
    }

    /// Has the chosen prover prove: compiles if need be, waits for a place, begins an attempt. Gives it up in time for
    /// another, if a time for that is known.
    async fn prove(
        &self,
        held: Held<Routed>,
        chosen: Option<ProverId>,
        leave_by_ms: Option<u64>,
    ) -> Result<(), StoreError> {
        let Some((id, prover)) = self.prover(chosen) else {
            return self.back(held, gone()).await;
        };
        let program = match self.program(prover).await {
            Ok(program) => program,
            Err(Trouble::Prover(error)) => {
                self.blame(&id, &error);
                return self.back(held, self.reroute(&id, &error, None)).await;
            }
            Err(Trouble::Gateway(refusal)) => {
                return self.commit(held.to::<Failed>((failed("proving", &refusal, true), None)).0).await;
            }
        };
        let Some(standing) = self.app.standings.get(&id) else {
            return self.back(held, gone()).await;
        };
        // A job that is cancelled while it waits leaves the queue when its turn comes: applying the next step finds
        // that it is gone. One that is overdue leaves at once, and likewise.
        let place = tokio::time::timeout(self.left(leave_by_ms), standing.place());
        let _place = match place.await {
            Ok(Some(place)) => place,
            Ok(None) => return self.back(held, gone()).await,
            Err(_) => return self.back(held, no_place(&id)).await,
        };
        // Others of the queue may have found out meanwhile.
        if standing.health().quarantined_until_ms.is_some() {
            return self.back(held, quarantined()).await;
        }
        let attempt = AttemptRowId::new();
        let (change, held) = held.to::<Proving>((attempt, id.clone()));
        if !commit(self.app, change).await? {
            return Ok(());
        }
        self.attempt(held, attempt, &id, prover, program, leave_by_ms).await
    }

    /// Goes on with an attempt that a leader before began.
    async fn resume(&self, held: Held<Proving>, attempt: AttemptRowId) -> Result<(), StoreError> {
        let Some((id, prover)) = self.prover(None) else {
            return self.back(held, gone()).await;
        };
        let program = match self.program(prover).await {
            Ok(program) => program,
            Err(Trouble::Prover(error)) => {
                return self.back(held, self.reroute(&id, &error, Some(attempt))).await;
            }
            Err(Trouble::Gateway(refusal)) => {
                let end = end(attempt, "failed", Some(&refusal.code), Some(&refusal.message));
                let failure = failed("proving", &refusal, true);
                return self.commit(held.to::<Failed>((failure, Some(end))).0).await;
            }
        };
        let Some(standing) = self.app.standings.get(&id) else {
            return self.back(held, gone()).await;
        };
        let Some(_place) = standing.place().await else {
            return self.back(held, gone()).await;
        };
        self.attempt(held, attempt, &id, prover, program, None).await
    }

    /// The time until the job is due, or has to be given to another.
    fn left(&self, leave_by_ms: Option<u64>) -> Duration {
        let until_ms = leave_by_ms.unwrap_or(u64::MAX).min(self.row.due_ms);
        Duration::from_millis(until_ms.saturating_sub(now_ms()).max(1))
    }

    async fn attempt(
        &self,
        held: Held<Proving>,
        attempt: AttemptRowId,
        id: &ProverId,
        prover: &Prover,
        program: Program,
        leave_by_ms: Option<u64>,
    ) -> Result<(), StoreError> {
        let began = Instant::now();
        let request = ProveRequest {
            attempt: AttemptId(attempt.to_string()),
            program: program.reference,
            input: Arc::clone(&self.ready.input),
            time_left: self.left(leave_by_ms),
        };
        let mut changes = self.app.store.changes();
        let outcome = tokio::select! {
            outcome = self.prove_and_verify(prover, program.vk, request) => outcome,
            // Nobody waits for this any more: the attempt's future is dropped, which cancels what can be.
            () = lost(self.app, &mut changes, self.row) => return Ok(()),
        };
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        match outcome {
            Ok((verified, proven)) => {
                if let Some(standing) = self.app.standings.get(id) {
                    standing.succeeded(took_ms);
                }
                metrics::histogram!("sheaf_attempt_seconds", "prover" => id.to_string())
                    .record(began.elapsed().as_secs_f64());
                let blob = self.app.blobs.put(proven.document).await?;
                let verification = Verification {
                    attempt: Some(end(attempt, "verified", None, None)),
                    proof: new_proof(&verified, blob, Some(id.clone()))?,
                    result: Some(to_text(&self.ready.expected.result)),
                    opening: proven.opening.map(|opening| format!("0x{}", hex::encode(opening.0))),
                    reused_from: None,
                };
                self.commit(held.to::<Verified>(Box::new(verification)).0).await
            }
            Err(error) => {
                self.blame(id, &error);
                if error.kind == ErrorKind::InvalidJob {
                    let end = end(attempt, error.kind.name(), Some(&error.code), Some(&error.message));
                    let refusal = Refusal { code: error.code, message: error.message };
                    let entry = (failed("proving", &refusal, false), Some(end));
                    return self.commit(held.to::<Failed>(entry).0).await;
                }
                self.back(held, self.reroute(id, &error, Some(attempt))).await
            }
        }
    }

    /// Has the prover prove, and believes none of it.
    async fn prove_and_verify(
        &self,
        prover: &Prover,
        vk: VkDigest,
        request: ProveRequest,
    ) -> Result<(VerifiedDocument, Proven), AdapterError> {
        let descriptor = prover.descriptor();
        let misbehaved =
            |code: &str, message: String| AdapterError::new(ErrorKind::Misbehaved, code.to_owned(), message);
        let proven = guarded(prover.service().oneshot(request)).await?;
        let verified = match self.app.sandbox.verify_document(proven.document.to_vec()).await {
            Ok(verified) => verified,
            // The sandbox's own trouble is not the prover's fault.
            Err(refusal) if refusal.code == "SH-SBX-001" => {
                return Err(AdapterError::new(ErrorKind::Overloaded, refusal.code, refusal.message));
            }
            Err(refusal) => return Err(misbehaved(&refusal.code, refusal.message)),
        };
        if verified.system != descriptor.system {
            let text = format!("expected a proof of {}, got one of {}", descriptor.system, verified.system);
            return Err(misbehaved("SH-JOB-004", text));
        }
        let expected = &self.ready.expected;
        expected
            .check(&verified.statement, vk, self.spec().visibility, proven.opening.as_ref())
            .map_err(|text| misbehaved("SH-JOB-005", text))?;
        if self.spec().min_tier == TrustTier::Proven && verified.tier != TrustTier::Proven {
            return Err(misbehaved("SH-JOB-004", "proof cannot be proven in a batch".to_owned()));
        }
        Ok((verified, proven))
    }

    fn prover(&self, named: Option<ProverId>) -> Option<(ProverId, &Prover)> {
        let id = named.or_else(|| self.row.prover.clone())?;
        let prover = self.app.registry.get(&id)?;
        Some((id, prover))
    }

    async fn program(&self, prover: &Prover) -> Result<Program, Trouble> {
        let visibility = self.spec().visibility;
        let row = programs::ensure(self.app, &self.ready.model, visibility, prover).await;
        match row.map(|row| row.outcome) {
            Ok(ProgramOutcome::Compiled { vk, package_blob, .. }) => {
                let package = self.app.blobs.path(&package_blob);
                Ok(Program { vk, reference: ProgramRef { vk, package, visibility } })
            }
            Ok(ProgramOutcome::Refused { code, reason }) => {
                Err(Trouble::Prover(AdapterError::new(ErrorKind::Unsupported, code, reason)))
            }
            Err(NoProgram::Prover(error)) => Err(Trouble::Prover(error)),
            Err(NoProgram::Gateway(refusal)) => Err(Trouble::Gateway(refusal)),
        }
    }

    fn blame(&self, id: &ProverId, error: &AdapterError) {
        metrics::counter!("sheaf_attempts_failed_total", "prover" => id.to_string(), "kind" => error.kind.name())
            .increment(1);
        tracing::info!(job = %self.row.id, prover = %id, kind = %error.kind, code = %error.code, "attempt failed");
        if let Some(standing) = self.app.standings.get(id) {
            standing.failed(id, error);
        }
    }

    fn reroute(&self, id: &ProverId, error: &AdapterError, attempt: Option<AttemptRowId>) -> Reroute {
        // Overload says nothing of the job, so that the prover stays in the running for it.
        let passing = error.kind == ErrorKind::Overloaded;
        Reroute {
            attempt: attempt.map(|id| end(id, error.kind.name(), Some(&error.code), Some(&error.message))),
            not_before_ms: now_ms() + if passing || !is_final(error.kind) { ROUTE_PAUSE_MS } else { 0 },
            code: error.code.clone(),
            message: error.message.clone(),
            exclude: (!passing).then(|| (id.clone(), is_final(error.kind))),
        }
    }

    /// Sends the job back to be routed anew, or fails it if that has been done often enough.
    async fn back<P>(&self, held: Held<P>, reroute: Reroute) -> Result<(), StoreError>
    where
        P: Stage + LeadsTo<Accepted> + LeadsTo<Failed>,
    {
        let routed: u32 = self.exclusions.iter().map(|row| row.count).sum();
        if routed >= MAX_REROUTES {
            let refusal = Refusal {
                code: "SH-JOB-003".to_owned(),
                message: format!("{routed} provers or attempts failed, the last: {}", reroute.message),
            };
            let entry = (failed("proving", &refusal, true), reroute.attempt);
            return self.commit(held.to::<Failed>(entry).0).await;
        }
        let applied = commit(self.app, held.to::<Accepted>(reroute).0).await?;
        if applied {
            self.app.dispatch.notify_one();
        }
        Ok(())
    }

    async fn commit(&self, change: Change) -> Result<(), StoreError> {
        commit(self.app, change).await.map(|_| ())
    }
}

/// Whether a prover that failed a job so is out for it whatever else there is.
fn is_final(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Transient | ErrorKind::Timeout | ErrorKind::Overloaded)
}

/// A compiled program, ready for its prover.
struct Program {
    vk: VkDigest,
    reference: ProgramRef,
}

/// Whose trouble it is that there is no program.
enum Trouble {
    Prover(AdapterError),
    Gateway(Refusal),
}

fn gone() -> Reroute {
    Reroute { message: "the chosen prover is no longer there".to_owned(), ..lost_attempt() }
}

fn quarantined() -> Reroute {
    Reroute {
        code: "SH-JOB-008".to_owned(),
        message: "the chosen prover was quarantined while the job waited for it".to_owned(),
        ..lost_attempt()
    }
}

fn no_place(id: &ProverId) -> Reroute {
    Reroute {
        code: "SH-JOB-009".to_owned(),
        message: "the chosen prover had no place in time".to_owned(),
        exclude: Some((id.clone(), false)),
        ..lost_attempt()
    }
}

/// When the chosen prover must have answered for the job to have time for another, if there is another and time for
/// both by cautious estimates: a prover that hangs must not cost the job its deadline.
fn leave_by_ms(decision: &Decision) -> Option<u64> {
    let (first, others) = decision.ranked.split_first()?;
    let (now_ms, due_ms) = (decision.inputs.now_ms, decision.inputs.request.deadline_ms);
    let latest = others.iter().map(|other| other.slack_ms).max()?;
    // Finding out and routing anew takes its time.
    let spare_ms = latest.saturating_sub(latest / 8 + ROUTE_PAUSE_MS);
    let needed_ms = due_ms.saturating_sub(now_ms).saturating_sub(first.slack_ms);
    (spare_ms > needed_ms).then(|| now_ms.saturating_add(spare_ms))
}

fn end(id: AttemptRowId, outcome: &str, code: Option<&str>, message: Option<&str>) -> AttemptEnd {
    AttemptEnd {
        id,
        outcome: outcome.to_owned(),
        code: code.map(ToOwned::to_owned),
        message: message.map(ToOwned::to_owned),
    }
}

fn choice(decision: &Decision) -> Option<(ProverId, MicroUsd)> {
    let chosen = decision.chosen.clone()?;
    let price = decision.ranked.iter().find(|ranked| ranked.prover == chosen)?.price;
    Some((chosen, price))
}

/// Returns once the job has ended by someone else's doing: cancelled, or failed as overdue.
async fn lost(app: &App, changes: &mut broadcast::Receiver<JobId>, row: &JobRow) {
    loop {
        // Looked at first: it may have ended before anyone listened.
        if let Ok(Some(now)) = app.store.job(&row.tenant, row.id).await
            && now.phase.is_final()
        {
            return;
        }
        loop {
            match changes.recv().await {
                Ok(id) if id != row.id => {}
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
                // This job, or too many to tell.
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => break,
            }
        }
    }
}

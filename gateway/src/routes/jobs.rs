//! Jobs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_web::http::header::{HeaderName, HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use tokio::time::Instant;

use super::answer::{ReadRefusals, WriteRefusals};
use super::extract;
use crate::api::Page;
use crate::api::jobs::{Attempt, Job, JobKind, JobLinks, JobRequest, JobStatus, JobsQuery, Outcome, Route};
use crate::api::keys::Scope;
use crate::app::App;
use crate::auth::Caller;
use crate::clock::now_ms;
use crate::ids::JobId;
use crate::normalise;
use crate::problem::{ApiError, Kind};
use crate::store::phase::Phase;
use crate::store::{Accepted, AttemptRow, JobRow, NewJob, Subject};

/// Submit a job.
///
/// Answers 202 once the job is stored; whatever crashes, it then ends once. With `Prefer: wait=N` the answer comes when
/// the job is done, with 200, or after N seconds.
#[utoipa::path(
    tag = "jobs", operation_id = "submitJob", security(("key" = ["submit"])),
    params(
        ("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$", description = "Names the request: sent again with the same body, \
            it is answered with the first job; with another body it is refused."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait for up to N seconds, at most 60.")
    ),
    request_body = JobRequest,
    responses(
        (status = 202, body = Job, description = "Stored.", headers(("location" = String, description = "The job."))),
        (status = 200, body = Job, description = "Done within the wait."),
        ReadRefusals, WriteRefusals
    )
)]
#[post("/v1/jobs")]
pub(super) async fn submit(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Submit)?;
    let bytes = extract::body(payload, app.config.max_body_bytes).await?;
    let key = extract::text(request.headers(), "idempotency-key")?;
    let idempotency = normalise::idempotency(key, "/v1/jobs", &bytes)?;
    let asked = normalise::job(extract::json::<JobRequest>(request.headers(), &bytes)?)?;
    let row = super::models::find(&app, &caller, asked.model).await?;
    let model = app.models.get(&app.blobs, &row).await?;
    let job = asked.with_model(&model, caller.tenant(), now_ms(), idempotency)?;
    accept(&app, &caller, &request, job).await
}

/// Stores a job and answers.
pub(super) async fn accept(
    app: &App,
    caller: &Caller,
    request: &HttpRequest,
    job: NewJob,
) -> Result<HttpResponse, ApiError> {
    if !app.has_room() {
        return Err(ApiError::new(Kind::Overloaded, "too many jobs wait for a prover").retry_after_s(5));
    }
    let _pass = match &job.idempotency {
        None => None,
        Some((key, _)) => {
            let name = format!("{}\n{key}", job.tenant);
            let pass = app.in_flight.enter(name);
            Some(pass.ok_or_else(|| {
                ApiError::new(Kind::InFlight, "a request with this idempotency key is being served")
                    .retry_after_s(1)
            })?)
        }
    };
    let (fresh, outcome) = (job.clone(), app.store.accept(job).await?);
    let (row, replayed) = match outcome {
        Accepted::Created => {
            app.open_jobs.fetch_add(1, Ordering::Relaxed);
            metrics::counter!("sheaf_jobs_accepted_total").increment(1);
            app.dispatch.notify_one();
            (fresh.into_row(), false)
        }
        Accepted::Replayed(id) => (find(app, caller, id).await?.as_ref().clone(), true),
        Accepted::KeyReused => {
            return Err(ApiError::new(Kind::KeyReused, "this idempotency key came with another body before"));
        }
    };
    let wait = extract::wait(request.headers());
    let row = if wait.is_zero() { row } else { until_done(app, caller, row.id, wait).await? };
    let done = row.phase.is_final() && !wait.is_zero();
    let mut answer = if done { HttpResponse::Ok() } else { HttpResponse::Accepted() };
    answer.insert_header((LOCATION, format!("/v1/jobs/{}", row.id)));
    if replayed {
        answer.insert_header((
            HeaderName::from_static("idempotent-replayed"),
            HeaderValue::from_static("true"),
        ));
    }
    Ok(answer.json(view(&row)))
}

/// Waits until a job is done, or for a time.
async fn until_done(app: &App, caller: &Caller, id: JobId, wait: Duration) -> Result<JobRow, ApiError> {
    let until = Instant::now() + wait;
    let mut changes = app.store.changes();
    loop {
        let row = find(app, caller, id).await?;
        if row.phase.is_final() {
            return Ok(row.as_ref().clone());
        }
        let next = async {
            // A notice about another job is slept through; a lagging listener looks at the job.
            while let Ok(changed) = changes.recv().await {
                if changed == id {
                    break;
                }
            }
        };
        tokio::select! {
            () = next => {}
            () = tokio::time::sleep_until(until) => return Ok(row.as_ref().clone()),
            () = app.shutdown.cancelled() => return Ok(row.as_ref().clone()),
        }
    }
}

/// A job of the caller's tenant.
pub(super) async fn find(app: &App, caller: &Caller, id: JobId) -> Result<std::sync::Arc<JobRow>, ApiError> {
    app.store.job(caller.tenant(), id).await?.ok_or_else(|| missing(&id.to_string()))
}

fn missing(id: &str) -> ApiError {
    let id: String = id.chars().take(64).collect();
    ApiError::new(Kind::NotFound, format!("no job {id}"))
}

pub(super) fn parse(id: &str) -> Result<JobId, ApiError> {
    id.parse().map_err(|_| missing(id))
}

/// List your jobs, newest first.
#[utoipa::path(
    tag = "jobs", operation_id = "listJobs", params(JobsQuery), security(("key" = ["read"])),
    responses((status = 200, body = Page<Job>, description = "A page of jobs."), ReadRefusals)
)]
#[get("/v1/jobs")]
pub(super) async fn list(
    app: web::Data<App>,
    caller: Caller,
    query: web::Query<JobsQuery>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let limit = extract::limit(query.limit)?;
    let before = extract::cursor("job_", query.cursor.as_deref())?;
    let phase = query.status.map(Phase::from);
    let page = app.store.jobs(caller.tenant(), phase, before, limit).await?;
    let items = page.items.iter().map(view).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: extract::next_cursor(page.next) }))
}

/// Get a job.
#[utoipa::path(
    tag = "jobs", operation_id = "getJob", security(("key" = ["read"])),
    params(
        ("id" = String, Path, description = "The job's id."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait until it is done, for up to N seconds.")
    ),
    responses((status = 200, body = Job, description = "The job."), ReadRefusals)
)]
#[get("/v1/jobs/{id}")]
pub(super) async fn get(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let id = parse(&id)?;
    let wait = extract::wait(request.headers());
    if wait.is_zero() {
        return Ok(HttpResponse::Ok().json(view(&*find(&app, &caller, id).await?)));
    }
    Ok(HttpResponse::Ok().json(view(&until_done(&app, &caller, id, wait).await?)))
}

/// Cancel a job.
///
/// Can be done until the job is in a batch. Doing it again changes nothing.
#[utoipa::path(
    tag = "jobs", operation_id = "cancelJob", security(("key" = ["submit"])),
    params(("id" = String, Path, description = "The job's id.")),
    responses(
        (status = 200, body = Job, description = "Cancelled."),
        ReadRefusals, WriteRefusals
    )
)]
#[delete("/v1/jobs/{id}")]
pub(super) async fn cancel(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Submit)?;
    let id = parse(&id)?;
    match app.store.cancel(caller.tenant(), id).await? {
        None => Err(missing(&id.to_string())),
        Some(Phase::Cancelled) => Ok(HttpResponse::Ok().json(view(&*find(&app, &caller, id).await?))),
        Some(phase) => Err(ApiError::new(Kind::TooLate, format!("job is {phase}"))),
    }
}

/// Say why a job's provers were chosen.
#[utoipa::path(
    tag = "jobs", operation_id = "getRoute", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The job's id.")),
    responses((status = 200, body = Route, description = "Decisions and attempts."), ReadRefusals)
)]
#[get("/v1/jobs/{id}/route")]
pub(super) async fn route(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let row = find(&app, &caller, parse(&id)?).await?;
    let (decisions, attempts) = app.store.route(row.id).await?;
    let decisions = decisions
        .iter()
        // Byte for byte: whoever replays a decision compares its bytes.
        .map(|bytes| serde_json::from_slice(bytes))
        .collect::<Result<Vec<Box<serde_json::value::RawValue>>, _>>()
        .map_err(|error| ApiError::new(Kind::Internal, error.to_string()))?;
    Ok(HttpResponse::Ok().json(Route {
        job: row.id.to_string(),
        chosen: row.prover.as_ref().map(ToString::to_string),
        decisions,
        attempts: attempts.into_iter().map(attempt).collect(),
    }))
}

/// Get a job's proof document.
#[utoipa::path(
    tag = "jobs", operation_id = "getProof", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The job's id.")),
    responses(
        (status = 200, body = Object, description = "The proof document, as its proof system has it."),
        ReadRefusals
    )
)]
#[get("/v1/jobs/{id}/proof")]
pub(super) async fn proof(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let row = find(&app, &caller, parse(&id)?).await?;
    let not_yet = || ApiError::new(Kind::NotYet, format!("job is {}: it has no verified proof", row.phase));
    let statement = row.statement_id.ok_or_else(not_yet)?;
    let proof = app.store.proof(statement).await?.ok_or_else(not_yet)?;
    let bytes = app.blobs.get(&proof.blob).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(bytes))
}

fn attempt(row: AttemptRow) -> Attempt {
    Attempt {
        id: row.id,
        prover: row.prover,
        started_ms: row.started_ms,
        ended_ms: row.ended_ms,
        outcome: row.outcome,
        code: row.code,
        message: row.message,
    }
}

/// A job on the wire.
fn view(row: &JobRow) -> Job {
    let spec = &row.spec;
    let (kind, model) = match &spec.subject {
        Subject::Inference { model } => (JobKind::Inference, Some(model.digest.to_string())),
        Subject::Proof { .. } => (JobKind::Proof, None),
    };
    let this = format!("/v1/jobs/{}", row.id);
    let outcome = match row.phase {
        Phase::Aggregated => Some(Outcome::Succeeded),
        Phase::Failed => Some(Outcome::Failed),
        Phase::Cancelled => Some(Outcome::Cancelled),
        _ => None,
    };
    let receipt = row.statement_id.filter(|_| row.phase == Phase::Aggregated);
    Job {
        id: row.id.to_string(),
        kind,
        status: row.phase.into(),
        done: row.phase.is_final(),
        outcome,
        created_ms: row.created_ms,
        updated_ms: row.updated_ms,
        due_ms: row.due_ms,
        label: spec.label.clone(),
        model,
        privacy: spec.visibility.into(),
        objective: spec.objective.into(),
        min_trust_tier: spec.min_tier.into(),
        max_price: spec.max_price.map(|price| price.to_string()),
        prover: row.prover.as_ref().map(ToString::to_string),
        price: row.price.map(|price| price.to_string()),
        trust_tier: row.tier.map(Into::into),
        statement_id: row.statement_id.map(|id| id.to_string()),
        batch_id: row.batch_id.map(|id| id.to_string()),
        reused_from: row.reused_from.map(|id| id.to_string()),
        // Written by the gateway; if it does not decode, the job is still worth showing.
        result: row.result.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        opening: row.opening.clone(),
        failure: row.failure.clone(),
        links: JobLinks {
            events: format!("{this}/events"),
            route: format!("{this}/route"),
            receipt: receipt.map(|id| format!("/v1/receipts/{id}")),
            batch: row.batch_id.map(|id| format!("/v1/batches/{id}")),
            this,
        },
    }
}

impl From<Phase> for JobStatus {
    fn from(phase: Phase) -> Self {
        match phase {
            Phase::Accepted => Self::Accepted,
            Phase::Routed => Self::Routed,
            Phase::Proving => Self::Proving,
            Phase::Verified => Self::Verified,
            Phase::Batched => Self::Batched,
            Phase::Aggregated => Self::Aggregated,
            Phase::Failed => Self::Failed,
            Phase::Cancelled => Self::Cancelled,
        }
    }
}

impl From<JobStatus> for Phase {
    fn from(status: JobStatus) -> Self {
        match status {
            JobStatus::Accepted => Self::Accepted,
            JobStatus::Routed => Self::Routed,
            JobStatus::Proving => Self::Proving,
            JobStatus::Verified => Self::Verified,
            JobStatus::Batched => Self::Batched,
            JobStatus::Aggregated => Self::Aggregated,
            JobStatus::Failed => Self::Failed,
            JobStatus::Cancelled => Self::Cancelled,
        }
    }
}

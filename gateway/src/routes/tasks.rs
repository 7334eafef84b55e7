//! Recursion tasks: what workers call.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, post, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::time::Instant;

use super::answer::{ReadRefusals, WriteRefusals};
use super::extract;
use crate::api::keys::Scope;
use crate::api::tasks::{Heartbeat, Lease, LeaseRequest, TaskResult};
use crate::app::App;
use crate::auth::Caller;
use crate::batcher::tasks;
use crate::ids::TaskId;
use crate::problem::{ApiError, Kind};

/// Longest wait for a task.
const MAX_WAIT_MS: u64 = 20_000;
/// How often a worker that waits looks for expired leases.
const LOOK: Duration = Duration::from_millis(500);

/// Lease a task.
///
/// A key whose worker returned what does not verify gets none for a while, longer each time.
#[utoipa::path(
    tag = "workers", operation_id = "leaseTask", security(("key" = ["work"])), request_body = LeaseRequest,
    responses(
        (status = 200, body = Lease, description = "A task."),
        (status = 204, description = "None within the wait."),
        ReadRefusals, WriteRefusals
    )
)]
#[post("/v1/tasks/lease")]
pub(super) async fn lease(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Work)?;
    let bytes = extract::body(payload, app.config.max_body_bytes).await?;
    let asked: LeaseRequest = extract::json(request.headers(), &bytes)?;
    let named = (1..=64).contains(&asked.worker.len())
        && asked.worker.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    if !named {
        return Err(ApiError::new(
            Kind::InvalidField,
            "worker: expected 1 to 64 of A-Z, a-z, 0-9, `.`, `_`, `-`",
        ));
    }
    let wait_ms = asked.wait_ms.unwrap_or(0);
    if wait_ms > MAX_WAIT_MS {
        let detail = format!("wait_ms: expected at most {MAX_WAIT_MS}, got {wait_ms}");
        return Err(ApiError::new(Kind::InvalidField, detail));
    }
    let until = Instant::now() + Duration::from_millis(wait_ms);
    loop {
        let notified = app.tasks.notified();
        if !app.spoilers.rests(caller.key_id())
            && let Some(lease) = tasks::lease(&app, &asked.worker).await?
        {
            return Ok(HttpResponse::Ok().json(lease));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || app.shutdown.is_cancelled() {
            return Ok(HttpResponse::NoContent().finish());
        }
        tokio::select! {
            () = notified => {}
            () = tokio::time::sleep(left.min(LOOK)) => {}
            () = app.shutdown.cancelled() => {}
        }
    }
}

/// Keep a lease.
#[utoipa::path(
    tag = "workers", operation_id = "keepTask", security(("key" = ["work"])), request_body = Heartbeat,
    params(("id" = String, Path, description = "The task's id.")),
    responses((status = 204, description = "Prolonged."), ReadRefusals, WriteRefusals)
)]
#[post("/v1/tasks/{id}/heartbeat")]
pub(super) async fn heartbeat(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Work)?;
    let bytes = extract::body(payload, app.config.max_body_bytes).await?;
    let beat: Heartbeat = extract::json(request.headers(), &bytes)?;
    tasks::heartbeat(&app, parse(&id)?, &beat.token).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Return a task's proof, or say why there is none.
///
/// The proof is verified before it counts. One that does not verify is refused, and the task is leased to another worker.
#[utoipa::path(
    tag = "workers", operation_id = "endTask", security(("key" = ["work"])), request_body = TaskResult,
    params(("id" = String, Path, description = "The task's id.")),
    responses((status = 204, description = "Taken."), ReadRefusals, WriteRefusals)
)]
#[post("/v1/tasks/{id}/result")]
pub(super) async fn result(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Work)?;
    let bytes = extract::body(payload, app.config.max_body_bytes).await?;
    let result: TaskResult = extract::json(request.headers(), &bytes)?;
    let id = parse(&id)?;
    match (result.proof, result.failure) {
        (Some(proof), None) => {
            let proof = STANDARD
                .decode(proof)
                .map_err(|error| ApiError::new(Kind::InvalidField, format!("proof: {error}")))?;
            tasks::accept(&app, caller.key_id(), id, &result.token, proof, result.cpu_ms).await?;
        }
        (None, Some(failure)) => tasks::complain(&app, caller.key_id(), id, &result.token, &failure).await?,
        _ => return Err(ApiError::new(Kind::InvalidField, "expected either proof or failure")),
    }
    Ok(HttpResponse::NoContent().finish())
}

fn parse(id: &str) -> Result<TaskId, ApiError> {
    id.parse().map_err(|_| ApiError::new(Kind::NotFound, "no such task"))
}

//! Batches.

use actix_web::{HttpResponse, get, web};

use super::answer::ReadRefusals;
use super::extract;
use crate::api::batches::{Batch, BatchTask};
use crate::api::keys::Scope;
use crate::api::{Page, PageQuery};
use crate::app::App;
use crate::auth::Caller;
use crate::ids::BatchId;
use crate::problem::{ApiError, Kind};
use crate::store::{BatchRow, TaskRow};

/// List batches, newest first.
#[utoipa::path(
    tag = "batches", operation_id = "listBatches", params(PageQuery), security(("key" = ["read"])),
    responses((status = 200, body = Page<Batch>, description = "A page of batches."), ReadRefusals)
)]
#[get("/v1/batches")]
pub(super) async fn list(
    app: web::Data<App>,
    caller: Caller,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let limit = extract::limit(query.limit)?;
    let page = app.store.batches(extract::cursor("bat_", query.cursor.as_deref())?, limit).await?;
    let items: Vec<Batch> = page.items.into_iter().map(view).collect();
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: extract::next_cursor(page.next) }))
}

/// Get a batch, with its statements and tasks.
#[utoipa::path(
    tag = "batches", operation_id = "getBatch", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The batch's id.")),
    responses((status = 200, body = Batch, description = "The batch."), ReadRefusals)
)]
#[get("/v1/batches/{id}")]
pub(super) async fn get(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let row = find(&app, &id).await?;
    let id = row.id;
    let members = app.store.members(id).await?;
    let tasks = app.store.tasks(id).await?;
    Ok(HttpResponse::Ok().json(Batch {
        statements: members.iter().map(|member| member.statement_id.to_string()).collect(),
        tasks: tasks.into_iter().map(task).collect(),
        ..view(row)
    }))
}

/// Get a batch's aggregate.
///
/// The exact bytes that receipts refer to by their SHA-256.
#[utoipa::path(
    tag = "batches", operation_id = "getAggregate", security(("key" = ["read"])),
    params(("id" = String, Path, description = "The batch's id.")),
    responses(
        (status = 200, body = Object, description = "The aggregate document (`sheaf/aggregate/v1`)."),
        ReadRefusals
    )
)]
#[get("/v1/batches/{id}/aggregate")]
pub(super) async fn aggregate(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let row = find(&app, &id).await?;
    let blob = row.aggregate_blob.ok_or_else(|| {
        ApiError::new(Kind::NotYet, format!("batch is {} and {}: it has no aggregate", row.tier, row.phase))
    })?;
    let bytes = app.blobs.get(&blob).await?;
    Ok(HttpResponse::Ok().content_type("application/json").body(bytes))
}

async fn find(app: &App, id: &str) -> Result<BatchRow, ApiError> {
    let missing = || {
        let id: String = id.chars().take(64).collect();
        ApiError::new(Kind::NotFound, format!("no batch {id}"))
    };
    let id: BatchId = id.parse().map_err(|_| missing())?;
    app.store.batch(id).await?.ok_or_else(missing)
}

fn view(row: BatchRow) -> Batch {
    Batch {
        id: row.id.to_string(),
        trust_tier: row.tier.into(),
        status: row.phase,
        closed_because: row.reason,
        created_ms: row.created_ms,
        aggregated_ms: row.aggregated_ms,
        size: row.size,
        digest: row.digest,
        aggregate_sha256: row.aggregate_sha256,
        statements: Vec::new(),
        tasks: Vec::new(),
    }
}

fn task(row: TaskRow) -> BatchTask {
    BatchTask {
        id: row.id.to_string(),
        index: row.position,
        kind: row.kind,
        children: row.children,
        members: row.members,
        status: row.phase,
        worker: row.worker,
        tries: row.tries,
        started_ms: row.started_ms,
        ended_ms: row.ended_ms,
    }
}

//! Webhooks.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};
use secrecy::ExposeSecret;
use sheaf_webhooks::{Secret, Target};

use super::answer::{ReadRefusals, WriteRefusals};
use super::extract;
use crate::api::keys::Scope;
use crate::api::webhooks::{NewWebhook, Webhook, WebhookRequest, Webhooks};
use crate::app::App;
use crate::auth::Caller;
use crate::clock::now_ms;
use crate::deliveries::policy;
use crate::ids::WebhookId;
use crate::problem::{ApiError, Kind};
use crate::refusal::Refusal;
use crate::store::WebhookRow;

/// Most webhooks of a tenant.
const MAX_WEBHOOKS: usize = 20;

/// Register a webhook.
///
/// It is sent `job.aggregated`, `job.failed` and `job.cancelled` of your tenant, signed as Standard Webhooks says, and
/// again with growing pauses until it is received. Redirects are not followed, private addresses not called.
#[utoipa::path(
    tag = "webhooks", operation_id = "registerWebhook", security(("key" = ["submit"])),
    request_body = WebhookRequest,
    responses((status = 201, body = NewWebhook, description = "Registered."), ReadRefusals, WriteRefusals)
)]
#[post("/v1/webhooks")]
pub(super) async fn register(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Submit)?;
    let bytes = extract::body(payload, app.config.max_body_bytes).await?;
    let asked: WebhookRequest = extract::json(request.headers(), &bytes)?;
    let target = Target::parse(&asked.url, &policy(&app)).map_err(|error| Refusal::new(&error))?;
    if app.store.webhooks(caller.tenant()).await?.len() >= MAX_WEBHOOKS {
        return Err(ApiError::new(Kind::InvalidField, format!("expected at most {MAX_WEBHOOKS} webhooks")));
    }
    let secret = Secret::generate();
    let row = WebhookRow {
        id: WebhookId::new(),
        tenant: caller.tenant().to_owned(),
        url: target.as_str().to_owned(),
        secret: secret.to_text().expose_secret().to_owned(),
        created_ms: now_ms(),
        disabled_ms: None,
        pending: 0,
        failed: 0,
    };
    app.store.add_webhook(row.clone()).await?;
    let answer = NewWebhook { secret: row.secret.clone(), webhook: view(row) };
    Ok(HttpResponse::Created().insert_header(("cache-control", "no-store")).json(answer))
}

/// List your tenant's webhooks, newest first.
#[utoipa::path(
    tag = "webhooks", operation_id = "listWebhooks", security(("key" = ["read"])),
    responses((status = 200, body = Webhooks, description = "Webhooks, without their secrets."), ReadRefusals)
)]
#[get("/v1/webhooks")]
pub(super) async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let rows = app.store.webhooks(caller.tenant()).await?;
    Ok(HttpResponse::Ok().json(Webhooks { items: rows.into_iter().map(view).collect() }))
}

/// Remove a webhook, and what waits to be sent to it.
#[utoipa::path(
    tag = "webhooks", operation_id = "removeWebhook", security(("key" = ["submit"])),
    params(("id" = String, Path, description = "The webhook's id.")),
    responses((status = 204, description = "Removed."), ReadRefusals)
)]
#[delete("/v1/webhooks/{id}")]
pub(super) async fn remove(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Submit)?;
    let missing = || ApiError::new(Kind::NotFound, "no such webhook");
    let id: WebhookId = id.parse().map_err(|_| missing())?;
    match app.store.remove_webhook(caller.tenant(), id).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(missing()),
    }
}

fn view(row: WebhookRow) -> Webhook {
    Webhook {
        id: row.id.to_string(),
        url: row.url,
        created_ms: row.created_ms,
        disabled_ms: row.disabled_ms,
        pending: row.pending,
        failed: row.failed,
    }
}

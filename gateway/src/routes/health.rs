//! Whether the gateway is well.

use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::problem::Problem;
use crate::app::App;
use crate::problem::{ApiError, Kind};

/// Whether the gateway is well.
#[derive(Debug, Serialize, ToSchema)]
struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The gateway's version.
    version: &'static str,
}

const HEALTH: Health = Health { status: "ok", version: env!("CARGO_PKG_VERSION") };

/// Whether the process runs.
#[utoipa::path(
    tag = "health", operation_id = "live", security(()),
    responses((status = 200, body = Health, description = "It does."))
)]
#[get("/livez")]
pub(super) async fn livez() -> HttpResponse {
    HttpResponse::Ok().json(HEALTH)
}

/// Whether it can serve: its store answers, and it is not shutting down.
#[utoipa::path(
    tag = "health", operation_id = "ready", security(()),
    responses(
        (status = 200, body = Health, description = "It can."),
        (status = 503, body = Problem, content_type = "application/problem+json", description = "It cannot now.")
    )
)]
#[get("/readyz")]
pub(super) async fn readyz(app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    if app.shutdown.is_cancelled() {
        return Err(ApiError::new(Kind::Overloaded, "shutting down").retry_after_s(5));
    }
    app.store.has_keys().await?;
    Ok(HttpResponse::Ok().json(HEALTH))
}

/// Metrics for Prometheus.
#[utoipa::path(
    tag = "health", operation_id = "metrics", security(()),
    responses((status = 200, body = String, content_type = "text/plain", description = "Metrics."))
)]
#[get("/metrics")]
pub(super) async fn metrics(app: web::Data<App>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(app.metrics.render())
}

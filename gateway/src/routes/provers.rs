//! Provers.

use actix_web::{HttpResponse, get, web};

use super::answer::ReadRefusals;
use crate::api::keys::Scope;
use crate::api::provers::{Prover, Provers, Quantiles};
use crate::app::App;
use crate::auth::Caller;
use crate::problem::ApiError;

/// List provers, with how they stand.
#[utoipa::path(
    tag = "provers", operation_id = "listProvers", security(("key" = ["read"])),
    responses((status = 200, body = Provers, description = "Every prover."), ReadRefusals)
)]
#[get("/v1/provers")]
pub(super) async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let items = app.registry.iter().filter_map(|prover| {
        let descriptor = prover.descriptor();
        let standing = app.standings.get(&descriptor.id)?;
        let (health, load) = (standing.health(), standing.load());
        let status = if health.quarantined_until_ms.is_some() { "quarantined" } else { "ready" };
        Some(Prover {
            id: descriptor.id.to_string(),
            title: descriptor.title.clone(),
            system: descriptor.system.name().to_owned(),
            trust_tier: descriptor.tier.into(),
            privacy: descriptor.visibilities.iter().copied().map(Into::into).collect(),
            version: descriptor.version.clone(),
            notes: descriptor.notes.clone(),
            status: status.to_owned(),
            quarantined_until_ms: health.quarantined_until_ms,
            quarantine_reason: standing.quarantine_reason(),
            running: load.running,
            capacity: load.capacity,
            recent_failures: health.recent_failures,
            recent_attempts: health.recent_attempts,
            latency: standing.latency().map(|seen| Quantiles {
                p50_ms: seen.p50_ms,
                p90_ms: seen.p90_ms,
                p99_ms: seen.p99_ms,
                samples: seen.samples,
            }),
        })
    });
    Ok(HttpResponse::Ok().json(Provers { items: items.collect() }))
}

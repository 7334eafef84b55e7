//! Receipts.

use actix_web::{HttpResponse, get, web};
use sheaf_statement::StatementId;

use super::answer::ReadRefusals;
use crate::api::keys::Scope;
use crate::app::App;
use crate::auth::Caller;
use crate::problem::{ApiError, Kind};
use crate::settling::view::{self, SettlementView};
use crate::store::ReceiptRow;

/// Get a statement's receipt.
///
/// `trust_tier` says which of two documents it is: `proven`, a receipt (`sheaf/receipt/v1`) that is verified against
/// the aggregate of its batch, or `attested`, an attestation (`sheaf/attestation/v1`), which is the operator's word that
/// a proof was verified, and no proof. Whoever knows a statement's id may have its receipt.
#[utoipa::path(
    tag = "receipts", operation_id = "getReceipt", security(("key" = ["read"])),
    params(("statement_id" = String, Path, description = "The statement's id.")),
    responses(
        (status = 200, body = Object, description = "A receipt, or an attestation.",
            headers(("sheaf-batch" = String, description = "The batch that it belongs to."))),
        ReadRefusals
    )
)]
#[get("/v1/receipts/{statement_id}")]
pub(super) async fn get(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let (_, row) = find(&app, &id).await?;
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("sheaf-batch", row.batch.to_string()))
        .body(row.document))
}

/// Where a statement stands on chains.
///
/// What `BatchRegistry.isProven` takes for it, and for each chain whether its batch is `pending`, `included`, `safe` or
/// `final`, with block and transaction. `sheaf verify --rpc` checks the same against the chain itself. Attested statements
/// are never settled.
#[utoipa::path(
    tag = "receipts", operation_id = "getSettlement", security(("key" = ["read"])),
    params(("statement_id" = String, Path, description = "The statement's id.")),
    responses((status = 200, body = SettlementView, description = "Where the statement stands."), ReadRefusals)
)]
#[get("/v1/receipts/{statement_id}/settlement")]
pub(super) async fn settlement(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let (id, row) = find(&app, &id).await?;
    let view = view::of_statement(&app, id, row.batch).await?;
    Ok(HttpResponse::Ok().json(view))
}

async fn find(app: &App, id: &str) -> Result<(StatementId, ReceiptRow), ApiError> {
    let missing = || {
        let id: String = id.chars().take(80).collect();
        ApiError::new(Kind::NotFound, format!("no receipt for {id}: unknown, or not aggregated yet"))
    };
    let id: StatementId = id.parse().map_err(|_| missing())?;
    let row = app.store.receipt(id).await?.ok_or_else(missing)?;
    Ok((id, row))
}

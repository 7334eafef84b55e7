//! API keys.

use actix_web::{HttpRequest, HttpResponse, delete, get, post, web};

use super::answer::{ReadRefusals, WriteRefusals};
use super::extract;
use crate::api::keys::{Key, KeyRequest, Keys, NewKey, Scope};
use crate::api::problem::Problem;
use crate::app::App;
use crate::auth::{Caller, FIRST_TENANT, KeySecret};
use crate::clock::now_ms;
use crate::ids::KeyId;
use crate::normalise::is_label;
use crate::problem::{ApiError, Kind};
use crate::store::KeyRow;

/// Longest name, in characters.
const MAX_NAME: usize = 64;
/// Shortest and longest life of a key, in seconds.
const LIFE_S: std::ops::RangeInclusive<u64> = 60..=315_360_000;

/// Make a key.
///
/// Its secret is in the answer and nowhere else: only a hash is stored. A key cannot give scopes that it does not have.
#[utoipa::path(
    tag = "keys", operation_id = "makeKey", security(("key" = ["admin"])), request_body = KeyRequest,
    responses((status = 201, body = NewKey, description = "Made."), ReadRefusals, WriteRefusals)
)]
#[post("/v1/keys")]
pub(super) async fn make(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Admin)?;
    let bytes = extract::body(payload, app.config.max_body_bytes).await?;
    let asked: KeyRequest = extract::json(request.headers(), &bytes)?;
    let row = normalise(&caller, asked)?;
    let secret = KeySecret::generate();
    app.store.add_key(row.clone(), secret.hash()).await?;
    let answer = NewKey { key: view(row), secret: secret.expose().to_owned() };
    Ok(HttpResponse::Created().insert_header(("cache-control", "no-store")).json(answer))
}

fn normalise(caller: &Caller, asked: KeyRequest) -> Result<KeyRow, ApiError> {
    let invalid = |detail: String| ApiError::new(Kind::InvalidField, detail);
    if !is_label(&asked.name, MAX_NAME) {
        let detail = format!("name: expected 1 to {MAX_NAME} characters, none of them a control character");
        return Err(invalid(detail));
    }
    let mut scopes = asked.scopes;
    if scopes.len() > Scope::ALL.len() {
        return Err(invalid(format!("scopes: expected at most {}, got {}", Scope::ALL.len(), scopes.len())));
    }
    scopes.sort_unstable();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(invalid("scopes: expected at least one".to_owned()));
    }
    if let Some(scope) = scopes.iter().find(|scope| !caller.scopes().contains(scope)) {
        return Err(ApiError::new(
            Kind::Forbidden,
            format!("your key has no scope `{}` to give", scope.name()),
        ));
    }
    let tenant = asked.tenant.unwrap_or_else(|| caller.tenant().to_owned());
    if tenant != caller.tenant() && caller.tenant() != FIRST_TENANT {
        let detail = format!("only keys of tenant `{FIRST_TENANT}` make keys of other tenants");
        return Err(ApiError::new(Kind::Forbidden, detail));
    }
    let well_formed = tenant.len() <= 32
        && tenant.starts_with(|first: char| first.is_ascii_lowercase())
        && tenant.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !well_formed {
        return Err(invalid(
            "tenant: expected 1 to 32 of a-z, 0-9 and -, beginning with a letter".to_owned(),
        ));
    }
    if let Some(seconds) = asked.expires_in_s
        && !LIFE_S.contains(&seconds)
    {
        return Err(invalid(format!("expires_in_s: expected 60 to 315360000, got {seconds}")));
    }
    let now = now_ms();
    Ok(KeyRow {
        id: KeyId::new(),
        name: asked.name,
        tenant,
        scopes,
        created_ms: now,
        expires_ms: asked.expires_in_s.map(|seconds| now + seconds * 1000),
        revoked_ms: None,
    })
}

/// List your tenant's keys, newest first.
#[utoipa::path(
    tag = "keys", operation_id = "listKeys", security(("key" = ["admin"])),
    responses((status = 200, body = Keys, description = "Keys, without their secrets."), ReadRefusals)
)]
#[get("/v1/keys")]
pub(super) async fn list(app: web::Data<App>, caller: Caller) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Admin)?;
    let rows = app.store.keys(caller.tenant()).await?;
    Ok(HttpResponse::Ok().json(Keys { items: rows.into_iter().map(view).collect() }))
}

/// Revoke a key of your tenant.
///
/// Doing it again changes nothing. A key cannot revoke itself, so that the last one is not lost by mistake.
#[utoipa::path(
    tag = "keys", operation_id = "revokeKey", security(("key" = ["admin"])),
    params(("id" = String, Path, description = "The key's id.")),
    responses(
        (status = 200, body = Key, description = "Revoked."),
        (status = 409, body = Problem, content_type = "application/problem+json", description = "Your own key."),
        ReadRefusals
    )
)]
#[delete("/v1/keys/{id}")]
pub(super) async fn revoke(
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Admin)?;
    let missing = || ApiError::new(Kind::NotFound, "no such key in your tenant");
    let id: KeyId = id.parse().map_err(|_| missing())?;
    if id == caller.key_id() {
        return Err(ApiError::new(Kind::OwnKey, "this is the key that the request was made with"));
    }
    let row = app.store.revoke_key(caller.tenant(), id).await?.ok_or_else(missing)?;
    app.keys.forget();
    Ok(HttpResponse::Ok().json(view(row)))
}

fn view(row: KeyRow) -> Key {
    Key {
        id: row.id.to_string(),
        name: row.name,
        tenant: row.tenant,
        scopes: row.scopes,
        created_ms: row.created_ms,
        expires_ms: row.expires_ms,
        revoked_ms: row.revoked_ms,
    }
}

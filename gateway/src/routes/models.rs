//! Models.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use sheaf_adapter::ModelSize;
use sheaf_model::error_bound::worst_case_error;
use sheaf_model::onnx::Limits;
use sheaf_model::{Postprocess, QuantisedModel};
use sheaf_policies::Serves;
use sheaf_statement::{InputVisibility, ModelDigest};
use std::sync::Arc;

use super::answer::{ReadRefusals, WriteRefusals};
use super::extract;
use crate::api::keys::Scope;
use crate::api::models::{Model, ModelProver, ModelQuery, ScaleQuery};
use crate::api::{Page, PageQuery};
use crate::app::App;
use crate::auth::Caller;
use crate::clock::now_ms;
use crate::dispatch;
use crate::normalise;
use crate::problem::{ApiError, Kind};
use crate::refusal::Refusal;
use crate::store::{ModelDescription, ModelKey, ModelRow, ProgramOutcome};

/// Largest ONNX file that is taken over HTTP, in bytes.
const MAX_ONNX_BYTES: usize = 64 << 20;

/// Add a model.
///
/// Reads an ONNX file, and says which provers can serve it and at what estimated cost. Programs for public inputs are
/// compiled right away, others when first needed. The same file at the same scale is the same model.
#[utoipa::path(
    tag = "models", operation_id = "addModel", params(ModelQuery),
    security(("key" = ["submit"])),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "An ONNX file."),
    responses(
        (status = 201, body = Model, description = "Added.", headers(("location" = String, description = "The model."))),
        (status = 200, body = Model, description = "Was there already."),
        ReadRefusals, WriteRefusals
    )
)]
#[post("/v1/models")]
pub(super) async fn add(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    query: web::Query<ModelQuery>,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Submit)?;
    let query = query.into_inner();
    let name = normalise::label("name", query.name)?;
    let scale_bits = normalise::scale_bits(query.scale_bits)?;
    match extract::media_type(request.headers())?.as_deref() {
        None | Some("application/octet-stream" | "application/onnx" | "application/x-onnx") => {}
        Some(other) => return Err(extract::unsupported(other, "application/octet-stream")),
    }
    let bytes = extract::body(payload, MAX_ONNX_BYTES.min(Limits::default().file_bytes)).await?;
    let model = app.sandbox.compile_onnx(bytes.to_vec(), scale_bits).await?;
    drop(bytes);
    let row = store_row(&app, model, name).await?;
    let key = row.key;
    let added = app.store.add_model(caller.tenant(), row).await?;
    let row = find(&app, &caller, key).await?;
    if added {
        compile_ahead(app.clone().into_inner(), Arc::clone(&row));
    }
    let location = format!("/v1/models/{}?scale_bits={}", key.digest, key.scale_bits);
    let mut answer = if added { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(answer.insert_header((LOCATION, location)).json(view(&app, &row).await?))
}

async fn store_row(app: &App, model: QuantisedModel, name: Option<String>) -> Result<ModelRow, ApiError> {
    let internal = |error: String| ApiError::new(Kind::Internal, error);
    // Bounds and encoding of a large model take a while.
    let work = tokio::task::spawn_blocking(move || {
        let bound = match model.postprocess {
            Postprocess::Index => None,
            _ => worst_case_error(&model, 1.0).into_iter().reduce(f64::max).filter(|bound| bound.is_finite()),
        };
        let description = ModelDescription {
            input_shape: model.input_shape.clone(),
            output_shape: model.output_shape.clone(),
            postprocess: model.postprocess,
            error_bound_unit_inputs: bound,
        };
        let key = ModelKey { digest: model.model_digest.into(), scale_bits: model.scale_bits };
        let bytes = model.to_bytes().map_err(|error| Refusal::new(&error))?;
        Ok::<_, Refusal>((key, ModelSize::of(&model), description, bytes))
    });
    let (key, size, description, bytes) = work.await.map_err(|error| internal(error.to_string()))??;
    let blob = app.blobs.put(bytes).await?;
    Ok(ModelRow { key, name, created_ms: now_ms(), blob, size, description })
}

/// Compiles for public inputs, so that the first job need not wait. Nothing depends on its being done.
fn compile_ahead(app: Arc<App>, row: Arc<ModelRow>) {
    let shutdown = app.shutdown.clone();
    let work = async move {
        let provers: Vec<_> = app.registry.iter().cloned().collect();
        for prover in provers {
            if !prover.descriptor().visibilities.contains(&InputVisibility::Public) {
                continue;
            }
            // What fails here is told to the job that needs it.
            let _ = dispatch::ensure_program(&app, &row, InputVisibility::Public, &prover).await;
        }
    };
    actix_web::rt::spawn(async move {
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = work => {}
        }
    });
}

/// List your models, newest first.
#[utoipa::path(
    tag = "models", operation_id = "listModels", params(PageQuery), security(("key" = ["read"])),
    responses((status = 200, body = Page<Model>, description = "A page of models."), ReadRefusals)
)]
#[get("/v1/models")]
pub(super) async fn list(
    app: web::Data<App>,
    caller: Caller,
    query: web::Query<PageQuery>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let limit = extract::limit(query.limit)?;
    let cursor: Option<ulid::Ulid> = extract::cursor("", query.cursor.as_deref())?;
    let page = app.store.models(caller.tenant(), cursor.map(|c| c.to_string()), limit).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in &page.items {
        items.push(view(&app, row).await?);
    }
    Ok(HttpResponse::Ok().json(Page { items, next_cursor: page.next }))
}

/// Get a model.
#[utoipa::path(
    tag = "models", operation_id = "getModel",
    params(("digest" = String, Path, description = "The model's digest."), ScaleQuery),
    security(("key" = ["read"])),
    responses((status = 200, body = Model, description = "The model."), ReadRefusals)
)]
#[get("/v1/models/{digest}")]
pub(super) async fn get(
    app: web::Data<App>,
    caller: Caller,
    digest: web::Path<String>,
    query: web::Query<ScaleQuery>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let missing = || ApiError::new(Kind::NotFound, format!("no model {digest} at this scale"));
    let digest: ModelDigest = digest.parse().map_err(|_| missing())?;
    let key =
        ModelKey { digest, scale_bits: normalise::scale_bits(query.scale_bits).map_err(|_| missing())? };
    let row = find(&app, &caller, key).await?;
    Ok(HttpResponse::Ok().json(view(&app, &row).await?))
}

/// A model of the caller's tenant.
pub(super) async fn find(app: &App, caller: &Caller, key: ModelKey) -> Result<Arc<ModelRow>, ApiError> {
    app.store.model(caller.tenant(), key).await?.ok_or_else(|| {
        let detail = format!("no model {} at scale 2^-{}", key.digest, key.scale_bits);
        ApiError::new(Kind::NotFound, detail)
    })
}

async fn view(app: &App, row: &ModelRow) -> Result<Model, ApiError> {
    let programs = app.store.programs(row.key).await?;
    let mut provers = Vec::new();
    for prover in app.registry.iter() {
        for visibility in &prover.descriptor().visibilities {
            let offer = dispatch::offer(app, prover, row, &programs, *visibility);
            let compiled = programs.iter().find_map(|program| match &program.outcome {
                ProgramOutcome::Compiled { vk, size, .. }
                    if program.prover == offer.prover && program.visibility == *visibility =>
                {
                    Some((vk.to_string(), size.clone()))
                }
                _ => None,
            });
            let (code, reason) = match offer.serves_model {
                Serves::Yes => (None, None),
                Serves::No { code, reason } => (Some(code), Some(reason)),
            };
            let serves = code.is_none();
            let (program, size) = compiled.unzip();
            provers.push(ModelProver {
                prover: offer.prover.to_string(),
                privacy: (*visibility).into(),
                trust_tier: offer.tier.into(),
                serves,
                compiled: program.is_some(),
                estimated_price: offer.quote.map(|quote| quote.price.to_string()),
                estimated_latency_ms: serves.then_some(offer.latency.p50_ms),
                program,
                size,
                code,
                reason,
            });
        }
    }
    Ok(Model {
        model: row.key.digest.to_string(),
        name: row.name.clone(),
        created_ms: row.created_ms,
        scale_bits: row.key.scale_bits,
        input_shape: row.description.input_shape.clone(),
        output_shape: row.description.output_shape.clone(),
        classes: row.description.postprocess == Postprocess::Index,
        error_bound_unit_inputs: row.description.error_bound_unit_inputs,
        provers,
    })
}

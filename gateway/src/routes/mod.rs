//! The HTTP API: handlers by noun, which extract, call once, and answer.
//!
//! | module | owns |
//! |---|---|
//! | here | which path goes where, and what surrounds every request |
//! | `extract` | bodies, queries and headers |
//! | `answer` | documented answers |
//! | others | a noun each |

mod answer;
mod batches;
mod chains;
mod dashboard;
mod docs;
mod events;
mod extract;
mod health;
mod jobs;
mod keys;
mod models;
mod proofs;
mod provers;
mod receipts;
mod tasks;
mod webhooks;

use std::time::Instant;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse, web};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::auth::Allowance;
use crate::ids::RequestId;
use crate::problem::{ApiError, Kind};

pub(crate) use docs::document;

/// Every documented operation.
pub(crate) fn operations(config: &mut ServiceConfig<'_>) {
    config
        .service(models::add)
        .service(models::list)
        .service(models::get)
        .service(jobs::submit)
        .service(jobs::list)
        .service(jobs::get)
        .service(jobs::cancel)
        .service(jobs::route)
        .service(jobs::proof)
        .service(events::follow)
        .service(proofs::bring)
        .service(receipts::get)
        .service(receipts::settlement)
        .service(batches::list)
        .service(batches::get)
        .service(batches::aggregate)
        .service(provers::list)
        .service(keys::make)
        .service(keys::list)
        .service(keys::revoke)
        .service(webhooks::register)
        .service(webhooks::list)
        .service(webhooks::remove)
        .service(tasks::lease)
        .service(tasks::heartbeat)
        .service(tasks::result)
        .service(health::livez)
        .service(health::readyz)
        .service(health::metrics);
}

/// What is not an operation: the document, its reader, the dashboard, and everything that is not there.
pub(crate) fn rest(config: &mut web::ServiceConfig, openapi: OpenApi) {
    config.app_data(web::Data::new(Allowed::new(&openapi)));
    docs::configure(config, openapi);
    dashboard::configure(config);
    chains::configure(config);
    config.default_service(web::to(nothing));
    config.app_data(
        web::QueryConfig::default().error_handler(|error, _| {
            ApiError::new(Kind::InvalidParameter, format!("query: {error}")).into()
        }),
    );
    config
        .app_data(web::PathConfig::default().error_handler(|error, _| {
            ApiError::new(Kind::InvalidParameter, format!("path: {error}")).into()
        }));
}

/// The methods of every documented path, for those who come with another.
struct Allowed(Vec<(Vec<String>, String)>);

impl Allowed {
    fn new(openapi: &OpenApi) -> Self {
        let methods = |item: &utoipa::openapi::PathItem| {
            let all = [
                ("GET", item.get.is_some()),
                ("POST", item.post.is_some()),
                ("DELETE", item.delete.is_some()),
            ];
            let there: Vec<&str> = all.iter().filter(|(_, there)| *there).map(|(name, _)| *name).collect();
            there.join(", ")
        };
        let segments = |path: &str| path.split('/').map(ToOwned::to_owned).collect();
        Self(openapi.paths.paths.iter().map(|(path, item)| (segments(path), methods(item))).collect())
    }

    fn at(&self, path: &str) -> Option<&str> {
        let given: Vec<&str> = path.split('/').collect();
        let fits = |pattern: &[String]| {
            pattern.len() == given.len()
                && pattern.iter().zip(&given).all(|(p, g)| p == g || (p.starts_with('{') && !g.is_empty()))
        };
        self.0.iter().find(|(pattern, _)| fits(pattern)).map(|(_, methods)| methods.as_str())
    }
}

async fn nothing(
    request: actix_web::HttpRequest,
    allowed: web::Data<Allowed>,
) -> Result<HttpResponse, ApiError> {
    let path: String = request.path().chars().take(200).collect();
    Err(match allowed.at(request.path()) {
        Some(methods) => {
            let detail = format!("{} {path}", request.method());
            ApiError::new(Kind::MethodNotAllowed, detail).allow(methods.to_owned())
        }
        None => ApiError::new(Kind::NoSuchPath, path),
    })
}

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Around every request: its id, rate-limit headers, counters, and refusals in their one form.
pub(crate) async fn surround(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let id = RequestId::new().to_string();
    let method = request.method().clone();
    // Errors of handlers and extractors come as responses that carry them.
    let response = next.call(request).await?;
    let status = response.status();
    let error = response.response().error().map(|error| match error.as_error::<ApiError>() {
        Some(error) => error.clone(),
        None => ApiError::of_status(status, error.to_string()),
    });
    let mut response = match error {
        Some(error) => response.into_response(error.respond(&id)),
        // The router's own 405 comes without an error.
        None if status == actix_web::http::StatusCode::METHOD_NOT_ALLOWED => {
            let error = ApiError::of_status(status, format!("{method} is not served here"));
            response.into_response(error.respond(&id))
        }
        None => response.map_into_boxed_body(),
    };
    let allowance = response.request().extensions().get::<Allowance>().copied();
    let status = response.status().as_u16();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID.clone(), value);
    }
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    if let Some((policy, limit)) = allowance.and_then(|allowance| allowance.headers()) {
        for (name, text) in [(&RATE_LIMIT_POLICY, policy), (&RATE_LIMIT, limit)] {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name.clone(), value);
            }
        }
    }
    let class = match status {
        ..400 => "ok",
        400..500 => "refused",
        _ => "failed",
    };
    metrics::counter!("sheaf_http_requests_total", "answer" => class).increment(1);
    metrics::histogram!("sheaf_http_request_seconds").record(began.elapsed().as_secs_f64());
    Ok(response)
}

//! The OpenAPI document, its reader, and the table of errors.

use actix_web::{HttpResponse, web};
use utoipa::openapi::path::Parameter;
use utoipa::openapi::schema::{SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{OpenApi, RefOr, Schema};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::table_html;

const ABOUT: &str = "One API for any prover: post a model's input, get a receipt that anyone can check. Prices are US \
    dollars as decimal strings; times are unix milliseconds. Refusals are RFC 9457 documents with a stable code, listed \
    at /docs/errors.";

/// Completes the document that was collected from the operations.
pub(crate) fn document(mut openapi: OpenApi) -> OpenApi {
    openapi.openapi = utoipa::openapi::OpenApiVersion::Version31;
    openapi.info.title = "Sheaf".to_owned();
    openapi.info.description = Some(ABOUT.to_owned());
    openapi.info.contact = None;
    openapi.info.version = env!("CARGO_PKG_VERSION").to_owned();
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key: `shf_…`. The first is printed when the gateway first starts."))
        .build();
    let components = openapi.components.get_or_insert_default();
    components.add_security_scheme("key", SecurityScheme::Http(key));
    for item in openapi.paths.paths.values_mut() {
        for operation in [&mut item.get, &mut item.post, &mut item.delete].into_iter().flatten() {
            operation.parameters.iter_mut().flatten().for_each(without_null);
        }
    }
    openapi
}

/// A parameter that is absent is absent: there is no null in a header or a query.
fn without_null(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter
        && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
        && let SchemaType::Array(types) = &mut schema.schema_type
    {
        types.retain(|kind| *kind != Type::Null);
        if let [only] = types.as_slice() {
            schema.schema_type = SchemaType::Type(only.clone());
        }
    }
}

pub(super) fn configure(config: &mut web::ServiceConfig, openapi: OpenApi) {
    let errors = || async { HttpResponse::Ok().content_type("text/html; charset=utf-8").body(table_html()) };
    let to_reader = || async { HttpResponse::Found().insert_header(("location", "/docs/")).finish() };
    config
        .route("/docs/errors", web::get().to(errors))
        .route("/docs", web::get().to(to_reader))
        // The reader is part of the binary: nothing is fetched from elsewhere.
        .service(
            SwaggerUi::new("/docs/{_:.*}")
                .url("/openapi.json", openapi)
                .config(Config::from("/openapi.json").persist_authorization(false)),
        );
}

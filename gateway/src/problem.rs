//! Every refusal of the HTTP API: one table from kind to code, status, and advice.
//!
//! Handlers return an [`ApiError`]; the request's id is put in by the outermost middleware, which renders what comes by.
//! Refusals of the layers below keep their own codes, and this module says which HTTP status a family of codes has.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpResponse, ResponseError};

use crate::api::problem::Problem;
use crate::refusal::Refusal;
use crate::store::StoreError;

/// A kind of refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    MalformedJson,
    InvalidField,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    InFlight,
    KeyReused,
    TooLate,
    TooLarge,
    MediaType,
    RateLimited,
    Overloaded,
    TooSlow,
    Internal,
    LeaseLost,
    InvalidParameter,
    NoSuchPath,
    NotYet,
    OwnKey,
}

/// A row of the table.
struct Row {
    kind: Kind,
    code: &'static str,
    status: StatusCode,
    title: &'static str,
    retryable: bool,
    mend: &'static str,
}

macro_rules! table {
    ($($kind:ident $code:literal $status:ident $retryable:literal $title:literal $mend:literal;)*) => {
        const TABLE: &[Row] = &[$(Row {
            kind: Kind::$kind,
            code: $code,
            status: StatusCode::$status,
            title: $title,
            retryable: $retryable,
            mend: $mend,
        }),*];
    };
}

table! {
    MalformedJson "SH-API-001" BAD_REQUEST false "Malformed JSON"
        "send one JSON object with the fields of /openapi.json";
    InvalidField "SH-API-002" UNPROCESSABLE_ENTITY false "Invalid field"
        "correct the field that the detail names; /openapi.json has its form";
    Unauthenticated "SH-API-003" UNAUTHORIZED false "No valid API key"
        "send `Authorization: Bearer <key>` with a key that has not expired";
    Forbidden "SH-API-004" FORBIDDEN false "Key lacks a scope"
        "use a key with the scope that the detail names";
    NotFound "SH-API-005" NOT_FOUND false "Not found"
        "check the id; jobs, models and webhooks are visible to their own tenant";
    MethodNotAllowed "SH-API-006" METHOD_NOT_ALLOWED false "Method not allowed"
        "use a method that /openapi.json lists for this path";
    InFlight "SH-API-007" CONFLICT true "Same idempotency key in flight"
        "wait for the first request's answer, then send this one again";
    KeyReused "SH-API-008" UNPROCESSABLE_ENTITY false "Idempotency key of another request"
        "use a new idempotency key for a new request";
    TooLate "SH-API-009" CONFLICT false "Too late"
        "read the job: it is past the point where this could be done";
    TooLarge "SH-API-010" PAYLOAD_TOO_LARGE false "Body too large"
        "send no more bytes than the detail allows";
    MediaType "SH-API-011" UNSUPPORTED_MEDIA_TYPE false "Unsupported media type"
        "send the content type that /openapi.json lists";
    RateLimited "SH-API-012" TOO_MANY_REQUESTS true "Too many requests"
        "wait for as long as Retry-After says";
    Overloaded "SH-API-013" SERVICE_UNAVAILABLE true "Overloaded"
        "wait for as long as Retry-After says";
    TooSlow "SH-API-014" REQUEST_TIMEOUT true "Body too slow"
        "send the body within the time that the detail names";
    Internal "SH-API-015" INTERNAL_SERVER_ERROR true "Internal error"
        "try again; if it stays, report the request id to the operator";
    LeaseLost "SH-API-016" CONFLICT false "Lease lost"
        "drop this task and lease another";
    InvalidParameter "SH-API-017" BAD_REQUEST false "Invalid parameter"
        "correct the path, query or header parameter that the detail names";
    NoSuchPath "SH-API-018" NOT_FOUND false "No such path"
        "see /openapi.json for what there is";
    NotYet "SH-API-019" NOT_FOUND true "Not there yet"
        "wait until the job is aggregated, then ask again";
    OwnKey "SH-API-020" CONFLICT false "Your own key"
        "make another key and revoke this one with it";
}

/// Families of codes from the layers below: prefix, status, whether trying again may help, advice.
const FAMILIES: &[(&str, StatusCode, bool, &str)] = &[
    (
        "SH-ONX",
        StatusCode::UNPROCESSABLE_ENTITY,
        false,
        "change the model as the detail says; README lists what is supported",
    ),
    ("SH-MOD", StatusCode::UNPROCESSABLE_ENTITY, false, "change the model, or the scale"),
    (
        "SH-REF",
        StatusCode::UNPROCESSABLE_ENTITY,
        false,
        "change the input, or add the model at a smaller scale",
    ),
    ("SH-SBX-001", StatusCode::SERVICE_UNAVAILABLE, true, "try again later"),
    (
        "SH-SBX",
        StatusCode::UNPROCESSABLE_ENTITY,
        false,
        "the input is malformed, or takes more to check than is allowed",
    ),
    (
        "SH-STO",
        StatusCode::SERVICE_UNAVAILABLE,
        true,
        "try again; if it stays, report the request id to the operator",
    ),
    ("SH-WHK", StatusCode::UNPROCESSABLE_ENTITY, false, "use an https URL of a public host"),
    ("SH-WRK", StatusCode::UNPROCESSABLE_ENTITY, false, "prove the task as given"),
    ("SH-", StatusCode::UNPROCESSABLE_ENTITY, false, "correct what the detail names"),
];

/// Why a request is not served. One word wide: it is in every handler's result.
#[derive(Debug, Clone)]
pub(crate) struct ApiError(Box<Fields>);

#[derive(Debug, Clone)]
struct Fields {
    code: String,
    status: StatusCode,
    title: &'static str,
    retryable: bool,
    mend: &'static str,
    detail: String,
    retry_after_s: Option<u64>,
    allow: Option<String>,
}

impl ApiError {
    /// A refusal of a kind.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let row = TABLE.iter().find(|row| row.kind == kind).unwrap_or(&TABLE[0]);
        Self(Box::new(Fields {
            code: row.code.to_owned(),
            status: row.status,
            title: row.title,
            retryable: row.retryable,
            mend: row.mend,
            detail: detail.into(),
            retry_after_s: None,
            allow: None,
        }))
    }

    /// With a time after which to try again.
    pub(crate) fn retry_after_s(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds.max(1));
        self
    }

    /// With the methods that would do.
    pub(crate) fn allow(mut self, methods: String) -> Self {
        self.0.allow = Some(methods);
        self
    }

    /// What an error of the framework's becomes, by its status.
    pub(crate) fn of_status(status: StatusCode, detail: String) -> Self {
        let kind = match status {
            StatusCode::NOT_FOUND => Kind::NoSuchPath,
            StatusCode::METHOD_NOT_ALLOWED => Kind::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::MediaType,
            StatusCode::REQUEST_TIMEOUT => Kind::TooSlow,
            status if status.is_client_error() => Kind::InvalidParameter,
            _ => Kind::Internal,
        };
        Self::new(kind, detail)
    }

    /// The document for one request.
    pub(crate) fn problem(&self, request_id: &str) -> Problem {
        Problem {
            kind: format!("/docs/errors#{}", self.0.code),
            title: self.0.title.to_owned(),
            status: self.0.status.as_u16(),
            detail: self.0.detail.clone(),
            code: self.0.code.clone(),
            retryable: self.0.retryable,
            request_id: request_id.to_owned(),
            mend: self.0.mend.to_owned(),
        }
    }

    /// The answer to one request.
    pub(crate) fn respond(&self, request_id: &str) -> HttpResponse {
        if self.0.status.is_server_error() {
            tracing::warn!(code = %self.0.code, detail = %self.0.detail, request_id, "request failed");
        }
        let mut response = HttpResponse::build(self.0.status);
        response.insert_header((header::CONTENT_TYPE, "application/problem+json"));
        if let Some(seconds) = self.0.retry_after_s {
            response.insert_header((header::RETRY_AFTER, HeaderValue::from(seconds)));
        }
        if let Some(methods) = &self.0.allow {
            response.insert_header((header::ALLOW, methods.as_str()));
        }
        if self.0.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"sheaf\""));
        }
        response.body(serde_json::to_vec(&self.problem(request_id)).unwrap_or_default())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}] {}", self.0.code, self.0.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    fn error_response(&self) -> HttpResponse {
        // Rendered again by the middleware, with the request's id.
        self.respond("")
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        let (_, status, retryable, mend) = FAMILIES
            .iter()
            .find(|(prefix, ..)| refusal.code.starts_with(prefix))
            .copied()
            .unwrap_or(FAMILIES[FAMILIES.len() - 1]);
        Self(Box::new(Fields {
            code: refusal.code,
            status,
            title: if status.is_server_error() { "Unavailable" } else { "Refused" },
            retryable,
            mend,
            detail: refusal.message,
            retry_after_s: status.is_server_error().then_some(1),
            allow: None,
        }))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Refusal::new(&error).into()
    }
}

/// The table as a page for people: every kind with its code, status and advice.
pub(crate) fn table_html() -> String {
    let rows: String = TABLE
        .iter()
        .map(|row| {
            format!(
                "<tr id=\"{0}\"><td><code>{0}</code></td><td>{1}</td><td>{2}</td><td>{3}</td><td>{4}</td></tr>\n",
                row.code,
                row.status.as_u16(),
                row.title,
                if row.retryable { "yes" } else { "no" },
                row.mend
            )
        })
        .collect();
    let families: String = FAMILIES
        .iter()
        .map(|(prefix, status, retryable, mend)| {
            let retryable = if *retryable { "yes" } else { "no" };
            format!(
                "<tr><td><code>{prefix}…</code></td><td>{}</td><td></td><td>{retryable}</td><td>{mend}</td></tr>\n",
                status.as_u16()
            )
        })
        .collect();
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sheaf: errors</title><h1>Errors</h1>\
         <table><tr><th>code</th><th>status</th><th>title</th><th>retryable</th><th>how to mend it</th></tr>\n\
         {rows}{families}</table></html>"
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_are_unique_and_every_kind_has_its_row() {
        let codes: BTreeSet<_> = TABLE.iter().map(|row| row.code).collect();
        assert_eq!(codes.len(), TABLE.len());
        for row in TABLE {
            assert_eq!(ApiError::new(row.kind, "x").0.code, row.code);
        }
    }

    #[test]
    fn refusals_keep_their_code_and_get_their_familys_status() {
        let refusal = |code: &str| Refusal { code: code.to_owned(), message: "m".to_owned() };
        for (code, status) in
            [("SH-ONX-017", 422), ("SH-SBX-001", 503), ("SH-SBX-003", 422), ("SH-STO-001", 503)]
        {
            let error = ApiError::from(refusal(code));
            assert_eq!((error.0.code.as_str(), error.0.status.as_u16()), (code, status));
        }
    }
}

//! Documented answers: which refusals an operation can give.

use utoipa::IntoResponses;

use crate::api::problem::Problem;

/// Refusals of an operation that reads.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers, is never made")]
pub(super) enum ReadRefusals {
    /// A parameter is malformed.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(Problem),
    /// No valid API key.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// The key lacks a scope.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// Not there.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// Too many requests.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(Problem),
    /// The gateway failed.
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(Problem),
    /// The gateway cannot serve it now.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(Problem),
}

/// Further refusals of an operation that takes a body or changes something.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "describes answers, is never made")]
pub(super) enum WriteRefusals {
    /// The body came too slowly.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(Problem),
    /// It cannot be done in the present state.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// The body is too large.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The content type is not taken.
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(Problem),
    /// The body is well formed and makes no sense.
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(Problem),
}

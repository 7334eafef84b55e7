//! Refusals on the wire: RFC 9457 documents.

use serde::Serialize;
use utoipa::ToSchema;

/// Why a request was not served (RFC 9457, `application/problem+json`).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// A URI reference that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#SH-API-008")]
    pub(crate) kind: String,
    /// The kind of problem, in words; the same for every occurrence.
    #[schema(example = "Not found")]
    pub(crate) title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    pub(crate) status: u16,
    /// What was expected and what was got, this time.
    #[schema(example = "no job job_01JZ…")]
    pub(crate) detail: String,
    /// Stable code.
    #[schema(example = "SH-API-008")]
    pub(crate) code: String,
    /// Whether the same request may succeed later.
    pub(crate) retryable: bool,
    /// Names the request in the gateway's logs; also in the `x-request-id` header.
    pub(crate) request_id: String,
    /// How to mend it.
    #[schema(example = "check the id; jobs are visible to the tenant that submitted them")]
    pub(crate) mend: String,
}

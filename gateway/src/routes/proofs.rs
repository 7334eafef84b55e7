//! Proofs that are brought.

use actix_web::{HttpRequest, HttpResponse, post, web};

use sheaf_local::binary;

use super::answer::{ReadRefusals, WriteRefusals};
use super::{extract, jobs};
use crate::api::jobs::Job;
use crate::api::keys::Scope;
use crate::app::App;
use crate::auth::Caller;
use crate::clock::now_ms;
use crate::normalise;
use crate::problem::{ApiError, Kind};
use crate::refusal::Refusal;

/// Bring a finished proof.
///
/// A proof document (`sheaf/proof/v1`, `sheaf/groth16-proof/v1`), as JSON or in its binary form. It is stored, verified,
/// and batched like any other: the answer is a job.
#[utoipa::path(
    tag = "proofs", operation_id = "bringProof", security(("key" = ["submit"])),
    params(
        ("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$", description = "As for jobs."),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait for up to N seconds, at most 60.")
    ),
    request_body(
        content((Object = "application/json"), (Vec<u8> = "application/octet-stream")),
        description = "A proof document."
    ),
    responses(
        (status = 202, body = Job, description = "Stored.", headers(("location" = String, description = "The job."))),
        (status = 200, body = Job, description = "Done within the wait."),
        ReadRefusals, WriteRefusals
    )
)]
#[post("/v1/proofs")]
pub(super) async fn bring(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    payload: web::Payload,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Submit)?;
    let bytes = extract::body(payload, sheaf_aggregator::documents::MAX_DOCUMENT_BYTES).await?;
    let key = extract::text(request.headers(), "idempotency-key")?;
    let idempotency = normalise::idempotency(key, "/v1/proofs", &bytes)?;
    let document = match extract::media_type(request.headers())?.as_deref() {
        None | Some("application/json") => {
            // Whether it is a proof is found out in a sandbox; what is no JSON object at all is refused here.
            let _: serde_json::Map<String, serde_json::Value> = extract::json(request.headers(), &bytes)?;
            bytes
        }
        Some("application/octet-stream") => {
            let document = binary::to_json(&bytes).map_err(|error| Refusal::new(&error))?;
            web::Bytes::from(document)
        }
        Some(other) => {
            return Err(extract::unsupported(other, "application/json or application/octet-stream"));
        }
    };
    if !app.has_room() {
        return Err(ApiError::new(Kind::Overloaded, "too many jobs wait for a prover").retry_after_s(5));
    }
    let blob = app.blobs.put(document).await?;
    let job = normalise::brought(caller.tenant(), blob, now_ms(), idempotency);
    jobs::accept(&app, &caller, &request, job).await
}

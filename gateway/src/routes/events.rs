//! What happens to a job, as server-sent events.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, get, web};
use futures_util::stream;
use tokio::sync::broadcast;

use super::answer::ReadRefusals;
use super::{extract, jobs};
use crate::api::jobs::JobEvent;
use crate::api::keys::Scope;
use crate::app::App;
use crate::auth::Caller;
use crate::ids::JobId;
use crate::problem::{ApiError, Kind};
use crate::store::{EventRow, StoreError};

/// How often a stream without events shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// Follow a job.
///
/// Each event has the number that `Last-Event-ID` resumes from, and data `{"job", "seq", "at_ms", "status", "detail"}`.
/// The stream ends after the event that ends the job.
#[utoipa::path(
    tag = "jobs", operation_id = "followJob", security(("key" = ["read"])),
    params(
        ("id" = String, Path, description = "The job's id."),
        ("Last-Event-ID" = Option<String>, Header, pattern = "^[0-9]{1,18}$", description = "Number of the last event that was received.")
    ),
    responses(
        (status = 200, body = JobEvent, content_type = "text/event-stream", description = "Events."),
        ReadRefusals
    )
)]
#[get("/v1/jobs/{id}/events")]
pub(super) async fn follow(
    request: HttpRequest,
    app: web::Data<App>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Scope::Read)?;
    let row = jobs::find(&app, &caller, jobs::parse(&id)?).await?;
    let after = match extract::text(request.headers(), "last-event-id")? {
        None => 0,
        Some(text) => text.trim().parse().map_err(|_| {
            ApiError::new(Kind::InvalidParameter, "last-event-id: expected the number of an event")
        })?,
    };
    let changes = app.store.changes();
    let following = Follow {
        app: app.into_inner(),
        tenant: row.tenant.clone(),
        job: row.id,
        after,
        ready: VecDeque::new(),
        changes,
        over: false,
    };
    let body = stream::unfold(following, |mut following| async move {
        let chunk = following.next().await?;
        Some((Ok::<_, StoreError>(chunk), following))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body))
}

struct Follow {
    app: Arc<App>,
    tenant: String,
    job: JobId,
    after: u64,
    ready: VecDeque<EventRow>,
    changes: broadcast::Receiver<JobId>,
    over: bool,
}

impl Follow {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                self.after = event.seq;
                self.over = event.phase.is_final();
                return Some(self.render(&event));
            }
            if self.over {
                return None;
            }
            // A store that fails ends the stream; the client comes back with the number of its last event. The job is
            // read first: once it has ended, all of its events are there.
            let ended = self.app.store.job(&self.tenant, self.job).await.ok()??.phase.is_final();
            self.ready = self.app.store.events(self.job, self.after).await.ok()?.into();
            if !self.ready.is_empty() {
                continue;
            }
            if ended {
                return None;
            }
            let changed = async {
                while let Ok(job) = self.changes.recv().await {
                    if job == self.job {
                        break;
                    }
                }
            };
            tokio::select! {
                () = changed => {}
                () = tokio::time::sleep(HEARTBEAT) => return Some(Bytes::from_static(b": alive\n\n")),
                () = self.app.shutdown.cancelled() => return None,
            }
        }
    }

    fn render(&self, event: &EventRow) -> Bytes {
        Bytes::from(format!(
            "id: {seq}\nevent: {phase}\ndata: {{\"job\":\"{job}\",\"seq\":{seq},\"at_ms\":{at},\"status\":\"{phase}\",\
             \"detail\":{data}}}\n\n",
            seq = event.seq,
            phase = event.phase,
            job = self.job,
            at = event.at_ms,
            data = event.data,
        ))
    }
}

//! What happens to a job, as a stream that outlives its connections.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::{self, BoxStream, StreamExt};
use reqwest::header::{ACCEPT, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::call::{Call, decode};
use crate::sse::{EVENT_STREAM, Parser, TooLarge};
use crate::{Client, Error, JobId, JobStatus};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Longest silence of a stream before its connection is taken for dead. The gateway's heartbeats are more frequent.
const MAX_SILENCE: Duration = Duration::from_secs(45);
/// First pause before connecting again; doubles with every connection that brought nothing.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// One thing that happened to a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JobEvent {
    /// The job.
    pub job: JobId,
    /// Its place among the job's events; rises.
    pub seq: u64,
    /// When it happened, Unix milliseconds.
    pub at_ms: u64,
    /// The job's status from then on.
    pub status: JobStatus,
    /// What else there is to say.
    #[serde(default)]
    pub detail: Value,
}

/// The stream of [`Client::events`].
///
/// Every event comes once and in order, over as many connections as it takes. Dropping the stream closes its
/// connection.
pub struct Events {
    stream: BoxStream<'static, Result<JobEvent, Error>>,
}

impl Events {
    pub(super) fn new(client: Client, job: JobId, after: Option<u64>) -> Self {
        let reader = Reader {
            client,
            job,
            last: after,
            connection: None,
            ready: VecDeque::new(),
            pause: None,
            quiet: 0,
            seen_done: false,
            ended: false,
        };
        Self { stream: stream::unfold(reader, Reader::step).fuse().boxed() }
    }

    /// The next event; `None` after the last. Loses nothing if dropped before it returns.
    pub async fn next(&mut self) -> Option<Result<JobEvent, Error>> {
        self.stream.next().await
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").finish_non_exhaustive()
    }
}

impl Stream for Events {
    type Item = Result<JobEvent, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.as_mut().poll_next(cx)
    }
}

struct Reader {
    client: Client,
    job: JobId,
    /// The last event that was seen.
    last: Option<u64>,
    connection: Option<Connection>,
    /// Events that are read and not yet handed out.
    ready: VecDeque<JobEvent>,
    /// How long the server asked to wait before connecting again.
    pause: Option<Duration>,
    /// Connections since the last event.
    quiet: u32,
    /// Whether the job was seen to be done after a connection that brought nothing.
    seen_done: bool,
    ended: bool,
}

struct Connection {
    response: Response,
    parser: Parser,
}

impl Reader {
    async fn step(mut self) -> Option<(Result<JobEvent, Error>, Self)> {
        loop {
            if self.ended {
                return None;
            }
            if let Some(event) = self.ready.pop_front() {
                self.ended = event.status.is_final();
                return Some((Ok(event), self));
            }
            if let Err(error) = self.advance().await {
                self.ended = true;
                return Some((Err(error), self));
            }
        }
    }

    /// Reads the next piece, or connects.
    async fn advance(&mut self) -> Result<(), Error> {
        let Some(connection) = &mut self.connection else { return self.connect().await };
        // A connection that breaks, ends or falls silent is made anew; only refusals end the stream.
        let piece = match timeout(MAX_SILENCE, connection.response.chunk()).await {
            Ok(Ok(Some(piece))) => piece,
            Ok(Ok(None) | Err(_)) | Err(_) => return self.disconnected().await,
        };
        let mut events = Vec::new();
        connection
            .parser
            .push(&piece, &mut events)
            .map_err(|TooLarge| Error::TooLarge { limit: TooLarge::LIMIT })?;
        self.pause = connection.parser.retry().or(self.pause);
        for event in events {
            let event: JobEvent = decode(event.data.as_bytes(), "a job's event")?;
            // A gateway that does not resume sends everything again.
            if self.last.is_none_or(|last| event.seq > last) {
                self.last = Some(event.seq);
                self.quiet = 0;
                self.seen_done = false;
                self.ready.push_back(event);
            }
        }
        Ok(())
    }

    async fn connect(&mut self) -> Result<(), Error> {
        if self.quiet > 0 {
            let backoff = FIRST_PAUSE.saturating_mul(1 << (self.quiet - 1).min(16));
            sleep(backoff.max(self.pause.unwrap_or_default()).min(LONGEST_PAUSE)).await;
        }
        self.quiet = self.quiet.saturating_add(1);
        let path = ["v1", "jobs", self.job.as_str(), "events"];
        let mut call = Call::get(&path).header(ACCEPT, HeaderValue::from_static(EVENT_STREAM));
        if let Some(last) = self.last {
            call = call.header(LAST_EVENT_ID, HeaderValue::from(last));
        }
        let response = self.client.open(call).await?;
        // "Do not connect again", says the standard.
        self.ended = response.status() == StatusCode::NO_CONTENT;
        self.connection = Some(Connection { response, parser: Parser::default() });
        Ok(())
    }

    /// After a connection that brought no event, asks whether there is anything left to wait for: whoever resumes after
    /// the last event of a job gets none. Only the second such connection ends the stream, for the job may have ended,
    /// with events, after the first.
    async fn disconnected(&mut self) -> Result<(), Error> {
        self.connection = None;
        if self.quiet == 0 {
            return Ok(());
        }
        if self.seen_done {
            self.ended = true;
        } else {
            self.seen_done = self.client.job(&self.job).await?.done;
        }
        Ok(())
    }
}

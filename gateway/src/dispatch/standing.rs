//! What is remembered of provers: places, failures, quarantine, latencies.
//!
//! Places and waiting are of this process. The rest is stored, so that a restart neither forgives a liar nor forgets how
//! fast a prover is.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sheaf_adapter::{AdapterError, ErrorKind, Registry};
use sheaf_policies::{Health, Latency, Load};
use sheaf_statement::ProverId;
use sketches_ddsketch::{Config as SketchConfig, DDSketch};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::now_ms;
use crate::store::{StandingRow, Store};

/// Attempts that count as recent.
const WINDOW: usize = 50;
/// Failures in a row after which a prover is given a rest.
const ROW: usize = 5;
/// The first rest after failures in a row, and the first quarantine after misbehaving.
const REST_MS: u64 = 30_000;
const QUARANTINE_MS: u64 = 300_000;
/// How long a prover that says that it is full is taken at its word.
const FULL_MS: u64 = 1_000;
/// Longest quarantine.
const MAX_QUARANTINE_MS: u64 = 24 * 3_600_000;
/// How often standings that changed are stored.
const SAVE: Duration = Duration::from_secs(1);
/// The name under which the latency of batches is kept, among those of provers.
const RECURSION: &str = "sheaf-recursion";

/// What is stored of a prover.
struct Record {
    quarantined_until_ms: Option<u64>,
    reason: Option<String>,
    strikes: u32,
    /// Whether each of the last attempts failed.
    outcomes: VecDeque<bool>,
    latencies: DDSketch,
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("strikes", &self.strikes).finish_non_exhaustive()
    }
}

impl Record {
    fn new() -> Self {
        Self {
            quarantined_until_ms: None,
            reason: None,
            strikes: 0,
            outcomes: VecDeque::new(),
            latencies: sketch(),
        }
    }

    fn from_row(row: StandingRow) -> Self {
        // A sketch of another version is started anew: it is an estimate, not a record.
        let latencies =
            row.latencies.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_else(sketch);
        Self {
            quarantined_until_ms: row.quarantined_until_ms,
            reason: row.reason,
            strikes: row.strikes,
            outcomes: row.outcomes.chars().map(|c| c == 'x').collect(),
            latencies,
        }
    }

    fn to_row(&self) -> StandingRow {
        StandingRow {
            quarantined_until_ms: self.quarantined_until_ms,
            reason: self.reason.clone(),
            strikes: self.strikes,
            outcomes: self.outcomes.iter().map(|failed| if *failed { 'x' } else { '.' }).collect(),
            latencies: serde_json::to_string(&self.latencies).ok(),
        }
    }

    fn add(&mut self, failed: bool) {
        self.outcomes.push_back(failed);
        while self.outcomes.len() > WINDOW {
            self.outcomes.pop_front();
        }
    }

    fn quarantine(&mut self, base_ms: u64, reason: String) {
        let ms = base_ms.saturating_mul(1 << self.strikes.min(16)).min(MAX_QUARANTINE_MS);
        self.quarantined_until_ms = Some(now_ms() + ms);
        self.reason = Some(reason);
        self.strikes += 1;
    }
}

fn sketch() -> DDSketch {
    // One per cent relative error; at most 2048 buckets, some ten kilobytes.
    DDSketch::new(SketchConfig::new(0.01, 2048, 1.0))
}

/// One prover's standing.
#[derive(Debug)]
pub(crate) struct Standing {
    capacity: u32,
    places: Arc<Semaphore>,
    waiting: AtomicU32,
    /// Held while the prover compiles: one model at a time.
    pub(crate) compiling: tokio::sync::Mutex<()>,
    /// Until when it is full, by its own account. Of this process.
    full_until_ms: AtomicU64,
    record: Mutex<Record>,
    changed: AtomicBool,
}

/// A place at a prover, for one attempt.
#[derive(Debug)]
pub(crate) struct Place(#[allow(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Standing {
    fn new(capacity: usize, record: Record) -> Self {
        Self {
            capacity: u32::try_from(capacity).unwrap_or(u32::MAX),
            places: Arc::new(Semaphore::new(capacity)),
            waiting: AtomicU32::new(0),
            compiling: tokio::sync::Mutex::new(()),
            full_until_ms: AtomicU64::new(0),
            record: Mutex::new(record),
            changed: AtomicBool::new(false),
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a place. The wait counts in [`load`](Self::load).
    pub(crate) async fn place(&self) -> Option<Place> {
        let _waiting = Waiting::new(&self.waiting);
        Arc::clone(&self.places).acquire_owned().await.ok().map(Place)
    }

    /// Attempts now and waiting.
    pub(crate) fn load(&self) -> Load {
        let free = u32::try_from(self.places.available_permits()).unwrap_or(0);
        Load {
            running: self.capacity.saturating_sub(free),
            capacity: self.capacity,
            waiting: self.waiting.load(Ordering::Relaxed),
        }
    }

    /// The same for a new job: while it is full there is no room for one, so that the job goes elsewhere.
    pub(crate) fn room(&self) -> Load {
        let full = self.full_until_ms.load(Ordering::Relaxed) > now_ms();
        Load { capacity: if full { 0 } else { self.capacity }, ..self.load() }
    }

    /// Recent failures and quarantine.
    pub(crate) fn health(&self) -> Health {
        let record = self.record();
        let failures = record.outcomes.iter().filter(|failed| **failed).count();
        Health {
            quarantined_until_ms: record.quarantined_until_ms.filter(|until| *until > now_ms()),
            recent_attempts: u32::try_from(record.outcomes.len()).unwrap_or(u32::MAX),
            recent_failures: u32::try_from(failures).unwrap_or(u32::MAX),
        }
    }

    /// Why it is quarantined, if it is.
    pub(crate) fn quarantine_reason(&self) -> Option<String> {
        let record = self.record();
        record.quarantined_until_ms.filter(|until| *until > now_ms()).and(record.reason.clone())
    }

    /// Observed latencies of attempts, if there are any.
    pub(crate) fn latency(&self) -> Option<Latency> {
        quantiles(&self.record().latencies)
    }

    /// An attempt gave a verified proof after a time.
    pub(crate) fn succeeded(&self, took_ms: u64) {
        let mut record = self.record();
        record.add(false);
        record.latencies.add(took_ms.max(1) as f64);
        record.strikes = record.strikes.saturating_sub(1);
        self.changed.store(true, Ordering::Relaxed);
    }

    /// An attempt failed.
    pub(crate) fn failed(&self, prover: &ProverId, error: &AdapterError) {
        if error.kind == ErrorKind::Overloaded {
            self.full_until_ms.store(now_ms() + FULL_MS, Ordering::Relaxed);
        }
        if !error.kind.counts_against_prover() {
            return;
        }
        let mut record = self.record();
        record.add(true);
        let row = record.outcomes.iter().rev().take_while(|failed| **failed).count();
        if error.kind == ErrorKind::Misbehaved {
            tracing::warn!(%prover, code = %error.code, "prover misbehaved and is quarantined");
            record.quarantine(QUARANTINE_MS, error.to_string());
        } else if row >= ROW {
            tracing::warn!(%prover, failures = row, "prover is given a rest");
            record.quarantine(REST_MS, format!("{row} failures in a row, the last: {error}"));
        }
        self.changed.store(true, Ordering::Relaxed);
    }
}

/// Counts a waiter, also one whose future is dropped.
struct Waiting<'a>(&'a AtomicU32);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicU32) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn quantiles(sketch: &DDSketch) -> Option<Latency> {
    let at = |q| sketch.quantile(q).ok().flatten().map(|value| value.ceil().max(0.0) as u64);
    let p50_ms = at(0.5)?;
    Some(Latency {
        p50_ms,
        p90_ms: at(0.9)?,
        p99_ms: at(0.99)?,
        samples: sketch.count() as u64,
        held_ms: p50_ms,
    })
}

/// The standings of every prover of a gateway, and of its batches.
#[derive(Debug)]
pub(crate) struct Standings {
    provers: BTreeMap<ProverId, Standing>,
    recursion: Standing,
    recursion_id: ProverId,
}

impl Standings {
    /// Reads what is remembered.
    pub(crate) async fn load(
        store: &dyn Store,
        registry: &Registry,
    ) -> Result<Self, crate::store::StoreError> {
        let mut rows: BTreeMap<ProverId, StandingRow> = store.standings().await?.into_iter().collect();
        let recursion_id = match ProverId::new(RECURSION) {
            Ok(id) => id,
            Err(error) => unreachable!("a name of ours: {error}"),
        };
        let mut record = |id: &ProverId| rows.remove(id).map_or_else(Record::new, Record::from_row);
        let recursion = Standing::new(0, record(&recursion_id));
        let provers = registry
            .iter()
            .map(|prover| {
                let id = prover.descriptor().id.clone();
                let standing = Standing::new(prover.limits().concurrency, record(&id));
                (id, standing)
            })
            .collect();
        Ok(Self { provers, recursion, recursion_id })
    }

    /// A prover's standing.
    pub(crate) fn get(&self, prover: &ProverId) -> Option<&Standing> {
        self.provers.get(prover)
    }

    /// Observed time from a verified proof to its receipt, if there was one.
    pub(crate) fn aggregation(&self) -> Option<Latency> {
        self.recursion.latency()
    }

    /// A batch took a time from its oldest verified proof to its receipts.
    pub(crate) fn aggregated(&self, took_ms: u64) {
        self.recursion.succeeded(took_ms);
    }

    /// Stores what has changed, every now and then, until told to stop; then once more.
    pub(crate) async fn keep(&self, store: &dyn Store, shutdown: &tokio_util::sync::CancellationToken) {
        loop {
            let last = tokio::select! {
                () = shutdown.cancelled() => true,
                () = tokio::time::sleep(SAVE) => false,
            };
            let all = self.provers.iter().chain([(&self.recursion_id, &self.recursion)]);
            for (id, standing) in all {
                if standing.changed.swap(false, Ordering::Relaxed) {
                    let row = standing.record().to_row();
                    if let Err(error) = store.save_standing(id.clone(), row).await {
                        tracing::error!(prover = %id, %error, "cannot store a standing");
                    }
                }
            }
            if last {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind) -> AdapterError {
        AdapterError::new(kind, "SH-TST-001", "for a test")
    }

    #[test]
    fn a_liar_is_quarantined_at_once_and_for_longer_each_time() {
        let (id, standing) = (ProverId::new("liar").unwrap(), Standing::new(1, Record::new()));
        standing.failed(&id, &error(ErrorKind::Misbehaved));
        let first = standing.health().quarantined_until_ms.unwrap() - now_ms();
        assert!(standing.quarantine_reason().unwrap().contains("SH-TST-001"));
        standing.failed(&id, &error(ErrorKind::Misbehaved));
        assert!(standing.health().quarantined_until_ms.unwrap() - now_ms() > first);
    }

    #[test]
    fn passing_faults_are_forgiven_until_there_are_five_in_a_row() {
        let (id, standing) = (ProverId::new("weak").unwrap(), Standing::new(1, Record::new()));
        for _ in 0..4 {
            standing.failed(&id, &error(ErrorKind::Timeout));
        }
        standing.succeeded(10);
        for _ in 0..4 {
            standing.failed(&id, &error(ErrorKind::Transient));
        }
        assert_eq!(standing.health().quarantined_until_ms, None);
        standing.failed(&id, &error(ErrorKind::Transient));
        assert!(standing.health().quarantined_until_ms.is_some());
        assert_eq!(standing.health().recent_failures, 9);
    }

    #[test]
    fn what_is_stored_comes_back() {
        let (id, standing) = (ProverId::new("a").unwrap(), Standing::new(1, Record::new()));
        for ms in 1..=100 {
            standing.succeeded(ms);
        }
        standing.failed(&id, &error(ErrorKind::Misbehaved));
        let again = Standing::new(1, Record::from_row(standing.record().to_row()));
        assert_eq!(again.health(), standing.health());
        assert_eq!(again.latency(), standing.latency());
        let latency = again.latency().unwrap();
        assert!((45..=55).contains(&latency.p50_ms) && latency.samples == 100, "{latency:?}");
    }
}

//! The gateway under load, beside nginx and plain SQLite.
//!
//! - `client`: the load generator, with closed and open loops.
//! - `process`: CPU time, memory and disk writes of the servers' processes.
//! - `server`, `nginx`: what is under load.
//! - `sqlite`: what the gateway's rows cost SQLite alone.
//!
//! CPU time is what the kernel charged to the server's processes, the load generator excluded. Loopback moves a packet
//! within the sender's system call, so that a server pays for the way to its client and not for the way from it.

mod client;
mod nginx;
mod process;
mod server;
mod sqlite;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use self::client::{Arrivals, Client, Outcome, Traffic, header};
use self::nginx::Nginx;
use self::process::Usage;
use self::server::{Gateway, Server};
use crate::BenchError;
use crate::measure::{line, median, note};

/// Connections of closed loops that compare CPU time.
const CONNECTIONS: usize = 64;
/// Connections of open loops: enough that none is waited for unless the server stalls.
const OPEN_CONNECTIONS: usize = 256;
/// Jobs that are read again and again.
const HOT_JOBS: usize = 256;
/// Rows of the SQLite runs.
const SQLITE_ROWS: usize = 16_384;
/// Arrivals a second while the prover works.
const BUSY_RATE: u32 = 500;

/// Puts the gateway under load.
#[derive(Debug, Args)]
pub(crate) struct GatewayArgs {
    /// The `sheaf` program; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    sheaf: Option<PathBuf>,
    /// Where databases are made: a disk, or syncs are free. The system's temporary folder by default.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Arrivals a second of the open loops.
    #[arg(long, value_delimiter = ',', default_values_t = [500, 1000, 2000, 4000])]
    rates: Vec<u32>,
    /// Length of each open loop.
    #[arg(long, value_name = "N", default_value_t = 5)]
    seconds: u32,
    /// Requests of each closed loop.
    #[arg(long, value_name = "N", default_value_t = 30_000)]
    requests: usize,
    /// Jobs that memory is measured after, at least.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    jobs: usize,
    /// Leave out what is not the gateway.
    #[arg(long)]
    alone: bool,
}

/// A closed loop against one server.
struct Measured {
    what: String,
    outcome: Outcome,
    used: Usage,
}

impl Measured {
    fn cpu_us(&self) -> f64 {
        self.used.cpu.as_secs_f64() * 1e6 / self.outcome.requests as f64
    }
}

/// An open loop against one server.
struct Paced {
    what: String,
    per_second: u32,
    outcome: Outcome,
    used: Usage,
}

pub(crate) fn run(args: &GatewayArgs) -> Result<(), BenchError> {
    // Timers fire when they are due: the default slack of 50 µs would be in every latency.
    let _ = std::fs::write("/proc/self/timerslack_ns", "1000");
    let program = match &args.sheaf {
        Some(path) => path.clone(),
        None => std::env::current_exe()
            .map_err(|source| BenchError::Io { what: "this program".to_owned(), source })?
            .with_file_name("sheaf"),
    };
    let parent = args.folder.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::tempdir_in(&parent)
        .map_err(|source| BenchError::Io { what: parent.display().to_string(), source })?;
    let folder = folder.path();
    let sync_us = sync_us(folder)?;
    let mut bench = Bench { args, closed: Vec::new(), open: Vec::new() };

    let mut gateway = Gateway::start(&program, &folder.join("gateway"))?;
    let mut jobs = Submit::new(&gateway, false);
    let memory_idle = gateway.server.usage().resident;
    let accepts = bench.accepts(&gateway, &mut jobs)?;
    let (memory_full, accepted) = (gateway.server.usage().resident, jobs.ids.len());
    bench.reads(&gateway, &jobs)?;
    let sample = gateway.get(jobs.ids.last().map_or("", |path| path))?.to_string();
    let (busy, proofs_per_second) = bench.busy(&mut gateway, &mut jobs)?;
    drop(gateway);

    let mut version = None;
    let mut inserted = Vec::new();
    if !args.alone {
        version = bench.nginx(&folder.join("nginx"), &sample)?;
        note("plain SQLite");
        let database = folder.join("gateway/sheaf.db");
        let most = Duration::from_secs(10);
        inserted = sqlite::run(&database, folder, &[1, 64, 256], SQLITE_ROWS, most)?;
    }

    line(&format!(
        "### The gateway beside {} and plain SQLite: CPU time per request\n",
        version.as_deref().unwrap_or("nginx (not installed)")
    ));
    line(&format!(
        "{} cores; one sync of 4 KiB takes {sync_us:.0} µs. Closed loops. No prover works, unless it says so: verification \
         is held back.\n",
        std::thread::available_parallelism().map_or(0, usize::from)
    ));
    line("| request | connections | CPU µs | requests/s | p50 µs | p99 µs | load generator's CPU µs |");
    line("|---|---|---|---|---|---|---|");
    for row in &bench.closed {
        line(&format!(
            "| {} | {} | **{:.1}** | {:.0} | {:.0} | {:.0} | {:.1} |",
            row.what.split('@').next().unwrap_or_default(),
            row.what.split('@').nth(1).unwrap_or_default(),
            row.cpu_us(),
            row.outcome.per_second(),
            row.outcome.quantile_us(0.5),
            row.outcome.quantile_us(0.99),
            row.outcome.client_us(),
        ));
    }
    line("\n### Durable accepts, group commit\n");
    line("| connections | accepts/s | jobs per sync | KiB written per job | CPU µs |");
    line("|---|---|---|---|---|");
    for row in &accepts {
        line(&format!(
            "| {} | **{:.0}** | {:.1} | {:.1} | {:.1} |",
            row.connections, row.per_second, row.group, row.written_kib, row.cpu_us
        ));
    }
    line("\n### Latency at fixed arrival rates (Poisson; from when a request was due)\n");
    line("| request | arrivals/s | answers/s | p50 µs | p99 µs | p99.9 µs | CPU µs |");
    line("|---|---|---|---|---|---|---|");
    for row in bench.open.iter().chain(&busy) {
        line(&format!(
            "| {} | {} | {:.0} | {:.0} | {:.0} | {:.0} | {:.1} |",
            row.what,
            row.per_second,
            row.outcome.per_second(),
            row.outcome.quantile_us(0.5),
            row.outcome.quantile_us(0.99),
            row.outcome.quantile_us(0.999),
            row.used.cpu.as_secs_f64() * 1e6 / row.outcome.requests as f64,
        ));
    }
    line(&format!(
        "\nWith the prover at work, {proofs_per_second:.1} proofs a second while {accepted} jobs waited."
    ));
    if !inserted.is_empty() {
        line("\n### Plain SQLite, WAL, synchronous=FULL\n");
        line("| rows | rows per commit | CPU µs per job | jobs/s | ms per commit |");
        line("|---|---|---|---|---|");
        for row in &inserted {
            line(&format!(
                "| {} | {} | {:.1} | {:.0} | {:.2} |",
                row.what,
                row.group,
                row.cpu.as_secs_f64() * 1e6 / row.rows as f64,
                row.rows as f64 / row.wall.as_secs_f64(),
                row.wall.as_secs_f64() * 1e3 / row.commits as f64,
            ));
        }
    }
    line("\n### Memory of the gateway\n");
    line(&format!(
        "{:.0} MB with one model and no jobs, {:.0} MB after {accepted} accepted jobs.",
        memory_idle as f64 / 1e6,
        memory_full as f64 / 1e6
    ));
    line("\n### CPU µs per request by thread of the gateway\n");
    line("| request | threads |");
    line("|---|---|");
    for row in bench.closed.iter().filter(|row| row.what.contains("/v1/")) {
        line(&format!("| {} | {} |", row.what.replace('@', ", "), threads(&row.used, row.outcome.requests)));
    }
    for row in &busy {
        line(&format!("| {} | {} |", row.what, threads(&row.used, row.outcome.requests)));
    }
    line("");
    Ok(())
}

fn threads(used: &Usage, requests: usize) -> String {
    let mut all: Vec<_> = used.threads.iter().collect();
    all.sort_by_key(|(_, ran)| std::cmp::Reverse(**ran));
    let each = all.into_iter().map(|(name, ran)| (name, ran.as_secs_f64() * 1e6 / requests as f64));
    let each = each.filter(|(_, us)| *us >= 0.1).map(|(name, us)| format!("{name} {us:.1}"));
    each.collect::<Vec<_>>().join(", ")
}

/// What accepting came to at a number of connections.
struct Accepts {
    connections: usize,
    per_second: f64,
    group: f64,
    written_kib: f64,
    cpu_us: f64,
}

struct Bench<'a> {
    args: &'a GatewayArgs,
    closed: Vec<Measured>,
    open: Vec<Paced>,
}

impl Bench<'_> {
    /// A closed loop, after a short one that warms up.
    fn closed(
        &mut self,
        what: &str,
        server: &Server,
        connections: usize,
        traffic: &mut impl Traffic,
    ) -> Result<(f64, Usage), BenchError> {
        note(&format!("{what}, {connections} connections"));
        let mut client = Client::connect(server.address, connections)?;
        client.run(self.args.requests / 10, Arrivals::Closed, traffic)?;
        let before = server.usage();
        let requests = if connections == 1 { self.args.requests / 10 } else { self.args.requests };
        let outcome = client.run(requests, Arrivals::Closed, traffic)?;
        let used = server.usage().since(&before);
        let per_second = outcome.per_second();
        self.closed.push(Measured { what: format!("{what}@{connections}"), outcome, used: used.clone() });
        Ok((per_second, used))
    }

    fn paced(
        &self,
        what: &str,
        server: &Server,
        per_second: u32,
        traffic: &mut impl Traffic,
    ) -> Result<Paced, BenchError> {
        note(&format!("{what}, {per_second} a second"));
        let mut client = Client::connect(server.address, OPEN_CONNECTIONS)?;
        let arrivals = Arrivals::Open { per_second };
        client.run((per_second / 4) as usize, arrivals, traffic)?;
        let before = server.usage();
        let outcome = client.run((per_second * self.args.seconds) as usize, arrivals, traffic)?;
        let used = server.usage().since(&before);
        Ok(Paced { what: what.to_owned(), per_second, outcome, used })
    }

    fn every_rate(
        &mut self,
        what: &str,
        server: &Server,
        traffic: &mut impl Traffic,
    ) -> Result<(), BenchError> {
        for rate in &self.args.rates {
            let paced = self.paced(what, server, *rate, traffic)?;
            self.open.push(paced);
        }
        Ok(())
    }

    fn accepts(&mut self, gateway: &Gateway, jobs: &mut Submit) -> Result<Vec<Accepts>, BenchError> {
        let mut rows = Vec::new();
        for connections in [1, CONNECTIONS, 256] {
            let before = gateway.metric("sheaf_store_group_size_count")?;
            let count = jobs.ids.len();
            let (per_second, used) = self.closed("`POST /v1/jobs`", &gateway.server, connections, jobs)?;
            let after = gateway.metric("sheaf_store_group_size_count")?;
            let measured = self.closed.last().map_or(1, |row| row.outcome.requests) as f64;
            rows.push(Accepts {
                connections,
                per_second,
                group: (jobs.ids.len() - count) as f64 / (after - before),
                written_kib: used.written as f64 / 1024.0 / measured,
                cpu_us: used.cpu.as_secs_f64() * 1e6 / measured,
            });
        }
        self.every_rate("`POST /v1/jobs`", &gateway.server, jobs)?;
        jobs.keyed = true;
        // The rest comes with keys, so that the last measurement looks its keys up among many.
        let missing = self.args.jobs.saturating_sub(jobs.ids.len());
        note(&format!("{missing} more jobs"));
        Client::connect(gateway.server.address, CONNECTIONS)?.run(missing, Arrivals::Closed, jobs)?;
        self.closed("`POST /v1/jobs` with `Idempotency-Key`", &gateway.server, CONNECTIONS, jobs)?;
        jobs.keyed = false;
        Ok(rows)
    }

    fn reads(&mut self, gateway: &Gateway, jobs: &Submit) -> Result<(), BenchError> {
        let mut hot = Read::new(gateway, &jobs.ids[jobs.ids.len().saturating_sub(HOT_JOBS)..]);
        self.closed("`GET /v1/jobs/{id}`, of 256 jobs", &gateway.server, CONNECTIONS, &mut hot)?;
        self.every_rate("`GET /v1/jobs/{id}`, of 256 jobs", &gateway.server, &mut hot)?;
        let mut any = Read::new(gateway, &jobs.ids);
        let what = format!("`GET /v1/jobs/{{id}}`, of {} jobs", jobs.ids.len());
        self.closed(&what, &gateway.server, CONNECTIONS, &mut any)?;
        self.every_rate(&what, &gateway.server, &mut any)
    }

    /// The same while the prover proves what waits.
    fn busy(&mut self, gateway: &mut Gateway, jobs: &mut Submit) -> Result<(Vec<Paced>, f64), BenchError> {
        gateway.release();
        std::thread::sleep(Duration::from_secs(1));
        let proofs = "sheaf_attempt_seconds_count";
        let (before, began) = (gateway.metric(proofs)?, Instant::now());
        let accept = self.paced("`POST /v1/jobs`, prover at work", &gateway.server, BUSY_RATE, jobs)?;
        let mut read = Read::new(gateway, &jobs.ids[jobs.ids.len().saturating_sub(HOT_JOBS)..]);
        let read = self.paced(
            "`GET /v1/jobs/{id}`, of 256 jobs, prover at work",
            &gateway.server,
            BUSY_RATE,
            &mut read,
        )?;
        let proven = gateway.metric(proofs)? - before;
        Ok((vec![accept, read], proven / began.elapsed().as_secs_f64()))
    }

    /// The same reads, answered by nginx with the body of a job. Returns its version if it is there.
    fn nginx(&mut self, folder: &Path, body: &str) -> Result<Option<String>, BenchError> {
        let Some(nginx) = Nginx::start(folder, body)? else { return Ok(None) };
        let mut read = Fixed(format!(
            "GET /v1/jobs/job_00000000000000000000000000 HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\n\
             authorization: Bearer shf_{:072}\r\n\r\n",
            nginx.proxy.address, 0
        ));
        self.closed("nginx, fixed answer", &nginx.upstream, CONNECTIONS, &mut read)?;
        self.closed("nginx, proxy to it", &nginx.proxy, CONNECTIONS, &mut read)?;
        self.every_rate("nginx, proxy", &nginx.proxy, &mut read)?;
        Ok(Some(nginx.version))
    }
}

/// Distinct jobs.
struct Submit {
    head: String,
    model: String,
    next: usize,
    keyed: bool,
    /// Paths of the jobs that were accepted.
    ids: Vec<String>,
}

impl Submit {
    fn new(gateway: &Gateway, keyed: bool) -> Self {
        let head = gateway.head("GET", "/v1/jobs", "content-type: application/json\r\n", 0);
        let head = String::from_utf8_lossy(&head).replacen("GET", "POST", 1);
        let head = head.trim_end_matches("\r\n").to_owned();
        Self { head, model: gateway.model.clone(), next: 0, keyed, ids: Vec::new() }
    }
}

impl Traffic for Submit {
    fn request(&mut self, _: usize, bytes: &mut Vec<u8>) {
        // Distinct after rounding to 2^-12.
        let (low, high) = (self.next % 2048, self.next / 2048);
        let unit = |n: usize| n as f64 / 4096.0;
        let body = format!(
            "{{\"model\":\"{}\",\"input\":[5.1,3.5,{},{}],\"min_trust_tier\":\"attested\",\"deadline_ms\":600000000}}",
            self.model,
            unit(low),
            unit(high)
        );
        // Writing to memory does not fail.
        let _ = write!(bytes, "{}\r\ncontent-length: {}\r\n", self.head, body.len());
        if self.keyed {
            let _ = write!(bytes, "idempotency-key: load-{}\r\n", self.next);
        }
        let _ = write!(bytes, "\r\n{body}");
        self.next += 1;
    }

    fn expected_status(&self) -> u16 {
        202
    }

    fn answered(&mut self, head: &[u8]) {
        self.ids.extend(header(head, "location").map(str::to_owned));
    }
}

/// Reads of jobs at random.
struct Read {
    requests: Vec<Vec<u8>>,
    random: StdRng,
}

impl Read {
    fn new(gateway: &Gateway, paths: &[String]) -> Self {
        let requests = paths.iter().map(|path| gateway.head("GET", path, "", 0)).collect();
        Self { requests, random: StdRng::seed_from_u64(1) }
    }
}

impl Traffic for Read {
    fn request(&mut self, _: usize, bytes: &mut Vec<u8>) {
        let index = self.random.random_range(0..self.requests.len());
        bytes.extend_from_slice(&self.requests[index]);
    }

    fn expected_status(&self) -> u16 {
        200
    }
}

/// One request over and over.
struct Fixed(String);

impl Traffic for Fixed {
    fn request(&mut self, _: usize, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.0.as_bytes());
    }

    fn expected_status(&self) -> u16 {
        200
    }
}

/// What appending and syncing 4 KiB takes in the middle of some tries: what no durable write can be faster than alone.
fn sync_us(folder: &Path) -> Result<f64, BenchError> {
    let path = folder.join("sync");
    let io = |source| BenchError::Io { what: path.display().to_string(), source };
    let mut file = std::fs::File::create(&path).map_err(io)?;
    let mut figures = Vec::new();
    for _ in 0..200 {
        file.write_all(&[1; 4096]).map_err(io)?;
        let began = Instant::now();
        file.sync_data().map_err(io)?;
        figures.push(began.elapsed().as_secs_f64() * 1e6);
    }
    Ok(median(figures))
}

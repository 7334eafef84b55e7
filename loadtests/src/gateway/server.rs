//! The gateway under load.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::client::once;
use super::process::{Usage, tree};
use crate::BenchError;
use crate::measure::fixture;

/// Time for a server to start, and for requests that set things up.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long verifications are held back at a time: less than the gateway gives them.
const HOLD: Duration = Duration::from_secs(60);
/// How long they then run.
const LET: Duration = Duration::from_millis(300);

/// A server process; ended on drop.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn usage(&self) -> Usage {
        Usage::of(self.child.id())
    }

    pub(crate) fn new(child: Child, address: SocketAddr) -> Self {
        Self { child, address }
    }

    fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            // A process that has ended already is fine.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(Signal::TERM);
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A gateway with one model.
#[derive(Debug)]
pub(crate) struct Gateway {
    // Before the server: what is held must go on for it to end in good order.
    hold: Option<Hold>,
    pub(crate) server: Server,
    key: String,
    pub(crate) model: String,
}

impl Gateway {
    /// Starts a gateway in a folder, with the Groth16 prover alone and no workers, and adds the iris model.
    ///
    /// Its first job is proven through, so that everything is compiled; verifications are held back from then on.
    pub(crate) fn start(program: &Path, folder: &Path) -> Result<Self, BenchError> {
        let mut child = Command::new(program)
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--workers", "0", "--rate-limit", "0"])
            .arg("--data")
            .arg(folder)
            .env("SHEAF_PROVERS__EMBEDDED", "0")
            .env("SHEAF_PROVERS__GROTH16", "1")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|source| BenchError::Io { what: program.display().to_string(), source })?;
        let mut first = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout)
                .read_line(&mut first)
                .map_err(|source| BenchError::Io { what: "gateway's first line".to_owned(), source })?;
        }
        let unfit =
            |what: &str| BenchError::step("gateway")(format!("no {what} in its first line: {first:?}"));
        let ready: Value = serde_json::from_str(&first).map_err(BenchError::step("gateway"))?;
        let url = ready["url"].as_str().ok_or_else(|| unfit("url"))?;
        let address = url.trim_start_matches("http://").parse().map_err(|_| unfit("address"))?;
        let key = ready["api_key"].as_str().ok_or_else(|| unfit("api_key"))?.to_owned();
        let mut gateway = Self { hold: None, server: Server::new(child, address), key, model: String::new() };
        let onnx = fixture("models/iris_mlp.onnx");
        let onnx = std::fs::read(&onnx)
            .map_err(|source| BenchError::Io { what: onnx.display().to_string(), source })?;
        let added = gateway.post("/v1/models", "application/octet-stream", "", &onnx)?;
        gateway.model = added["model"].as_str().unwrap_or_default().to_owned();
        let job = format!(
            "{{\"model\":\"{}\",\"input\":[1,1,1,1],\"min_trust_tier\":\"attested\"}}",
            gateway.model
        );
        let job = gateway.post("/v1/jobs", "application/json", "prefer: wait=60\r\n", job.as_bytes())?;
        if job["outcome"] != "succeeded" {
            return Err(BenchError::step("gateway")(format!("first job did not succeed: {job}")));
        }
        gateway.hold();
        Ok(gateway)
    }

    fn post(&self, path: &str, kind: &str, headers: &str, body: &[u8]) -> Result<Value, BenchError> {
        let mut request = self.head("POST", path, &format!("content-type: {kind}\r\n{headers}"), body.len());
        request.extend_from_slice(body);
        self.ask(&request)
    }

    /// A read whose answer is JSON.
    pub(crate) fn get(&self, path: &str) -> Result<Value, BenchError> {
        self.ask(&self.head("GET", path, "", 0))
    }

    fn ask(&self, request: &[u8]) -> Result<Value, BenchError> {
        let (status, body) = once(self.server.address, request, PATIENCE)?;
        if !(200..300).contains(&status) {
            let text = String::from_utf8_lossy(&body).into_owned();
            return Err(BenchError::step("gateway")(format!("answered {status}: {text}")));
        }
        serde_json::from_slice(&body).map_err(BenchError::step("gateway"))
    }

    /// The head of a request with this gateway's key.
    pub(crate) fn head(&self, method: &str, path: &str, headers: &str, length: usize) -> Vec<u8> {
        let length = if method == "GET" { String::new() } else { format!("content-length: {length}\r\n") };
        format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\naccept: application/json\r\n\
             authorization: Bearer {}\r\n{headers}{length}\r\n",
            self.server.address, self.key
        )
        .into_bytes()
    }

    /// The sum of a metric over its labels; 0 if there is none yet.
    pub(crate) fn metric(&self, name: &str) -> Result<f64, BenchError> {
        let request = self.head("GET", "/metrics", "", 0);
        let (_, body) = once(self.server.address, &request, PATIENCE)?;
        let text = String::from_utf8_lossy(&body);
        let values = text.lines().filter_map(|line| {
            let rest = line.strip_prefix(name)?;
            rest.starts_with(['{', ' ']).then(|| rest.rsplit_once(' ')?.1.parse::<f64>().ok())?
        });
        Ok(values.sum())
    }

    /// Holds verifications back, so that no proving disturbs what is measured: the dispatcher leads as many jobs as it
    /// has places, and waits for them.
    pub(crate) fn hold(&mut self) {
        self.hold = Some(Hold::new(self.server.child.id()));
    }

    /// Lets the provers work.
    pub(crate) fn release(&mut self) {
        self.hold = None;
    }
}

/// Stops the sandboxed verifiers of a gateway (SIGSTOP) but for a moment now and then, in which they answer what they
/// were asked before the gateway gives them up.
#[derive(Debug)]
struct Hold {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hold {
    fn new(pid: u32) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let ended = Arc::clone(&ended);
            move || {
                while !ended.load(Ordering::Relaxed) {
                    let until = Instant::now() + HOLD;
                    while Instant::now() < until && !ended.load(Ordering::Relaxed) {
                        // Verifiers are replaced after a number of jobs.
                        signal_children(pid, Signal::STOP);
                        std::thread::sleep(Duration::from_millis(200));
                    }
                    signal_children(pid, Signal::CONT);
                    std::thread::sleep(LET);
                }
            }
        });
        Self { ended, thread: Some(thread) }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn signal_children(parent: u32, signal: Signal) {
    for pid in tree(parent).into_iter().skip(1).filter_map(|pid| Pid::from_raw(pid as i32)) {
        let _ = kill_process(pid, signal);
    }
}

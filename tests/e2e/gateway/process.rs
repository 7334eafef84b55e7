//! `sheaf serve` as a process, its children, and their ends.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::http::Api;
use super::samples::BATCHES_SOON;
use crate::common;

/// A running gateway. Killed when dropped.
pub(crate) struct Served {
    /// Where it listens.
    pub(crate) url: String,
    /// The key that it showed, if it made one.
    pub(crate) key: Option<String>,
    /// The address that signs its attestations.
    pub(crate) operator: String,
    child: Child,
    /// Held: whoever prints into a closed pipe may end.
    _stdout: BufReader<ChildStdout>,
}

/// How to start one.
#[derive(Clone)]
pub(crate) struct Setting {
    data: PathBuf,
    listen: String,
    variables: Vec<(&'static str, String)>,
}

impl Setting {
    /// A gateway on any free port, whose batches close soon.
    pub(crate) fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), listen: "127.0.0.1:0".to_owned(), variables: Vec::new() }
            .with("SHEAF_BATCH__MAX_AGE_MS", BATCHES_SOON)
    }

    /// With a value of the configuration, as the environment gives it.
    pub(crate) fn with(mut self, variable: &'static str, value: impl ToString) -> Self {
        self.variables.push((variable, value.to_string()));
        self
    }

    /// With batches that do not close while a scenario runs: proofs are verified, and stay so.
    pub(crate) fn without_batches(self) -> Self {
        // Not longer: routing counts the wait for a batch, and a default deadline is an hour.
        self.with("SHEAF_BATCH__MAX_AGE_MS", 600_000)
    }

    /// At the address of a gateway before it, so that clients find it again.
    pub(crate) fn at(mut self, url: &str) -> Self {
        self.listen = url.trim_start_matches("http://").to_owned();
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sheaf"));
        command
            .args(["serve", "--json", "--listen", &self.listen, "--data"])
            .arg(&self.data)
            .env("SHEAF_CACHE_DIR", common::cache())
            .env("RUST_LOG", "off")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Starts it and returns once it serves.
    pub(crate) fn start(&self) -> Served {
        let mut child = self.command().stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let first: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("first line: {line:?}"));
        let url = first["url"].as_str().unwrap_or_else(|| panic!("no gateway: {first}")).to_owned();
        Served {
            url,
            key: first["api_key"].as_str().map(ToOwned::to_owned),
            operator: first["operator"].as_str().unwrap().to_owned(),
            child,
            _stdout: stdout,
        }
    }

    /// Starts one that is expected to end by itself.
    pub(crate) fn ended(&self) -> Output {
        self.command().output().unwrap()
    }
}

impl Served {
    /// The API with the first key.
    pub(crate) fn api(&self) -> Api {
        Api::new(&self.url, self.key.as_deref().expect("this start made a key"))
    }

    /// Its id.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends it as a power cut would, and returns once it is gone.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and returns how it did.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        kill_process(self.pid(), Signal::TERM).unwrap();
        self.child.wait().unwrap()
    }

    /// Its children that run a subcommand.
    pub(crate) fn running(&self, subcommand: &str) -> Vec<Pid> {
        children(self.pid())
            .into_iter()
            .filter(|child| arguments(*child).get(1).is_some_and(|first| first == subcommand))
            .collect()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The child processes of a process.
pub(crate) fn children(of: Pid) -> Vec<Pid> {
    let parent = |pid: Pid| -> Option<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero())).ok()?;
        Some(status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().to_owned())
    };
    let of = of.as_raw_nonzero().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok().and_then(Pid::from_raw))
        .filter(|pid| parent(*pid).as_deref() == Some(&of))
        .collect()
}

/// Whether a process is there and not only waits for its parent to notice that it is gone.
pub(crate) fn lives(pid: Pid) -> bool {
    std::fs::read_to_string(format!("/proc/{}/status", pid.as_raw_nonzero()))
        .is_ok_and(|status| !status.contains("State:\tZ"))
}

fn arguments(of: Pid) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{}/cmdline", of.as_raw_nonzero())).unwrap_or_default();
    bytes.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}

/// A worker of nobody's, as another machine would run it. Killed when dropped.
pub(crate) struct Worker(Child);

impl Worker {
    /// Starts one.
    pub(crate) fn start(url: &str, key: &str, name: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_sheaf"))
            .args(["worker", "--url", url, "--name", name])
            .env("SHEAF_TOKEN", key)
            .env("SHEAF_CACHE_DIR", common::cache())
            .env("RUST_LOG", "off")
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

//! The demo's gateway: the `sheaf serve` of this very program, as a child process that can be killed.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;

use crate::refusal::{FileError, Refusal};

/// The first line that `sheaf serve --json` prints.
#[derive(Debug, Deserialize)]
struct Greeting {
    url: String,
    api_key: Option<String>,
}

/// A gateway in a process of its own.
pub(super) struct Server {
    child: Child,
    data: PathBuf,
    pub(super) url: String,
    pub(super) key: String,
}

impl Server {
    /// Starts a gateway on a free port, with embedded defaults and an empty folder.
    pub(super) fn start(data: &Path) -> Result<Self, Refusal> {
        let (child, greeting) = spawn(data, "127.0.0.1:0")?;
        let key = greeting.api_key.ok_or_else(|| failed("a new gateway made no key".to_owned()))?;
        Ok(Self { child, data: data.to_owned(), url: greeting.url, key })
    }

    /// Kills it without a word (SIGKILL), and starts it again on the same port and folder.
    pub(super) fn kill_and_restart(&mut self) -> Result<(), Refusal> {
        let wait = |source| FileError::Machine { what: "the gateway's process", source };
        self.child.kill().and_then(|()| self.child.wait()).map_err(wait)?;
        let address = self.url.trim_start_matches("http://").to_owned();
        let (child, greeting) = spawn(&self.data, &address)?;
        self.child = child;
        if greeting.api_key.is_some() {
            return Err(failed("the gateway forgot its key".to_owned()));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; its workers end with it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(data: &Path, listen: &str) -> Result<(Child, Greeting), Refusal> {
    let start = |source| FileError::Machine { what: "the gateway's process", source };
    let mut child = Command::new(std::env::current_exe().map_err(start)?)
        .args(["serve", "--json", "--listen", listen, "--data"])
        .arg(data)
        // One batch for all that are proven, on the chain in the gateway's process.
        .env("SHEAF_BATCH__MAX_SIZE", "8")
        .env("SHEAF_BATCH__MAX_AGE_MS", "45000")
        .env("SHEAF_SETTLEMENT__EMBEDDED", "true")
        .env("SHEAF_SETTLEMENT__TEST_ONLY_KEY", "true")
        .env("RUST_LOG", std::env::var("RUST_LOG").unwrap_or_else(|_| "error".to_owned()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(start)?;
    let stdout = child.stdout.take().ok_or_else(|| failed("the gateway has no output".to_owned()))?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).map_err(start)?;
    match serde_json::from_str(&line) {
        Ok(greeting) => Ok((child, greeting)),
        Err(_) => {
            let _ = child.kill();
            let _ = child.wait();
            Err(failed(format!("the gateway did not start: {}", line.trim())))
        }
    }
}

fn failed(reason: String) -> Refusal {
    FileError::Demo { reason }.into()
}

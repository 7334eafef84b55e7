//! Output: text and progress for people, one JSON object for scripts.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::Duration;

use cpu_time::ProcessTime;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use crate::refusal::Refusal;

/// Where a command's results go.
pub(crate) struct Report {
    json: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Report {
    pub(crate) fn new(json: bool) -> Self {
        Self { json, bar: Mutex::new(None) }
    }

    /// A line of text, unless JSON is wanted.
    pub(crate) fn line(&self, text: impl AsRef<str>) {
        if !self.json {
            let bar = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            match bar.as_ref() {
                Some(bar) => bar.suspend(|| write_stdout(text.as_ref())),
                None => write_stdout(text.as_ref()),
            }
        }
    }

    /// The result as JSON, if that is wanted.
    pub(crate) fn result(&self, value: &Value) {
        if self.json {
            write_stdout(&value.to_string());
        }
    }

    /// A refusal: on standard error for people, on standard output for scripts.
    pub(crate) fn refused(&self, refusal: &Refusal) {
        self.done();
        if self.json {
            write_stdout(&json!({ "error": refusal }).to_string());
        } else {
            let _ = writeln!(std::io::stderr(), "refused [{}]: {}", refusal.code, refusal.message);
        }
    }

    /// Says what is being done: a spinner on a terminal, a line otherwise (on standard error).
    pub(crate) fn progress(&self, message: &str) {
        if self.json {
            return;
        }
        if !std::io::stderr().is_terminal() {
            let _ = writeln!(std::io::stderr(), "… {message}");
            return;
        }
        let mut bar = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        bar.set_message(message.to_owned());
    }

    /// Ends the spinner.
    pub(crate) fn done(&self) {
        let bar = self.bar.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
    }
}

/// Writes a line; a closed pipe is the reader's choice, not an error.
pub(crate) fn write_stdout(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// CPU time of this process, over all threads.
pub(crate) struct Stopwatch(ProcessTime);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(ProcessTime::now())
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

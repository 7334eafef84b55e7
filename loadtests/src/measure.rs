//! CPU time, memory, and where output goes.

use std::io::Write;
use std::path::{Path, PathBuf};

use cpu_time::ProcessTime;

/// Runs a step and returns its result with the CPU-seconds it took.
pub(crate) fn cpu<T>(step: impl FnOnce() -> T) -> (T, f64) {
    let start = ProcessTime::now();
    let result = step();
    (result, start.elapsed().as_secs_f64())
}

/// The middle of some figures.
pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Peak memory of this process so far, in MB; Linux only.
pub(crate) fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}

/// A line of a table.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// What is going on, beside the tables.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

pub(crate) fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(path)
}

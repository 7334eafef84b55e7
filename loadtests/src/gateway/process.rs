//! What the kernel says of a process and of all that it started; Linux only.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// CPU time, bytes written and memory of a process tree at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Usage {
    /// User and system time, ended children included.
    pub(crate) cpu: Duration,
    /// The same by thread name, of the threads that live; digits are cut out of names.
    pub(crate) threads: BTreeMap<String, Duration>,
    /// Bytes that went to the disk.
    pub(crate) written: u64,
    /// Resident memory of the process itself, in bytes.
    pub(crate) resident: u64,
}

impl Usage {
    /// Of a process tree now.
    pub(crate) fn of(pid: u32) -> Self {
        let mut usage = Self { resident: resident(pid), written: written(pid), ..Self::default() };
        let ticks = rustix::param::clock_ticks_per_second().max(1);
        for pid in tree(pid) {
            usage.cpu += Duration::from_millis(ticks_of(pid) * 1000 / ticks);
            for task in numbers(&format!("/proc/{pid}/task")) {
                let folder = format!("/proc/{pid}/task/{task}");
                let Ok(name) = fs::read_to_string(format!("{folder}/comm")) else { continue };
                let Some(ran) = first_number(&format!("{folder}/schedstat")) else { continue };
                let name: String = name.trim().chars().filter(|c| !c.is_ascii_digit() && *c != '|').collect();
                *usage.threads.entry(name).or_default() += Duration::from_nanos(ran);
            }
        }
        usage
    }

    /// What was used since.
    pub(crate) fn since(&self, before: &Self) -> Self {
        let threads = self.threads.iter().map(|(name, ran)| {
            let before = before.threads.get(name).copied().unwrap_or_default();
            (name.clone(), ran.saturating_sub(before))
        });
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            threads: threads.collect(),
            written: self.written.saturating_sub(before.written),
            resident: self.resident,
        }
    }
}

/// A process and all of its descendants.
pub(crate) fn tree(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(pid) = found.get(next).copied() {
        next += 1;
        for task in numbers(&format!("/proc/{pid}/task")) {
            let children =
                fs::read_to_string(format!("/proc/{pid}/task/{task}/children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    found
}

/// User and system time with that of ended children, in clock ticks.
fn ticks_of(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name, in parentheses, may hold anything; fields 14 to 17 of proc_pid_stat(5) are the 12th to 15th after it.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    fields.split_whitespace().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum()
}

fn resident(pid: u32) -> u64 {
    status_kib(&fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default(), "VmRSS:") * 1024
}

fn status_kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn written(pid: u32) -> u64 {
    status_kib(&fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default(), "write_bytes:")
}

fn first_number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

fn numbers(folder: &str) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

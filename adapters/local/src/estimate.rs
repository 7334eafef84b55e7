//! From CPU time to an estimate.

use std::num::NonZeroUsize;

use sheaf_adapter::Estimate;

/// The share of a proof that only one thread can do: witnesses, transcripts, the ends of parallel steps. Seen on two
/// threads: 55 CPU-ms in 35 ms.
const SERIAL: f64 = 1.0 / 3.0;

/// Threads that a proof has for itself when every place is taken. Provers compute on rayon's threads, of which there is
/// one per core.
pub(crate) fn threads_per_proof(parallel: NonZeroUsize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    (cores / parallel).max(1)
}

/// A proof of so much CPU time on so many threads.
pub(crate) fn estimate(cpu_ms: f64, threads: usize) -> Estimate {
    let latency_ms = cpu_ms * (SERIAL + (1.0 - SERIAL) / threads.max(1) as f64);
    // Casts of floats saturate.
    Estimate { cpu_ms: cpu_ms.ceil() as u64, latency_ms: latency_ms.ceil() as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_threads_shorten_the_wait_and_not_the_work() {
        assert_eq!(estimate(100.0, 1), Estimate { cpu_ms: 100, latency_ms: 100 });
        assert_eq!(estimate(100.0, 2), Estimate { cpu_ms: 100, latency_ms: 67 });
        assert_eq!(estimate(100.0, 1000).latency_ms, 34);
        assert_eq!(estimate(100.0, 0), estimate(100.0, 1));
        assert_eq!(estimate(f64::MAX, 1).cpu_ms, u64::MAX);
    }

    #[test]
    fn proofs_at_once_share_the_cores() {
        assert_eq!(threads_per_proof(NonZeroUsize::MAX), 1);
        assert!(threads_per_proof(NonZeroUsize::MIN) >= 1);
    }
}

//! Programs in memory, read from their packages when first needed.
//!
//! A package never changes, so a program is found by its vk alone. Several requests for one program that is not there
//! read it once. Everything here blocks.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use moka::sync::Cache;
use sheaf_adapter::{AdapterError, ProgramRef};
use sheaf_statement::VkDigest;

use crate::error::LocalError;

/// Largest package that is read.
const MAX_PACKAGE_BYTES: u64 = 1 << 30;

/// A program and what it weighs.
struct Entry<P> {
    program: Arc<P>,
    kib: u32,
}

impl<P> Clone for Entry<P> {
    fn clone(&self) -> Self {
        Self { program: Arc::clone(&self.program), kib: self.kib }
    }
}

/// Programs of one prover.
pub(crate) struct PackageCache<P> {
    entries: Cache<VkDigest, Entry<P>>,
    /// What a program takes in memory, in bytes.
    weight: fn(&P) -> u64,
}

impl<P> std::fmt::Debug for PackageCache<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PackageCache").finish_non_exhaustive()
    }
}

impl<P: Send + Sync + 'static> PackageCache<P> {
    /// A cache of programs that take `mib` MiB in all, by the account of `weight`.
    pub(crate) fn new(mib: u64, weight: fn(&P) -> u64) -> Self {
        let entries = Cache::builder()
            .max_capacity(mib.saturating_mul(1 << 10))
            .weigher(|_, entry: &Entry<P>| entry.kib)
            .build();
        Self { entries, weight }
    }

    fn entry(&self, program: P) -> Entry<P> {
        // A weight of nothing would let any number in.
        let kib = ((self.weight)(&program) >> 10).max(1);
        Entry { program: Arc::new(program), kib: u32::try_from(kib).unwrap_or(u32::MAX) }
    }

    /// Keeps a program that was just made.
    pub(crate) fn insert(&self, vk: VkDigest, program: P) {
        self.entries.insert(vk, self.entry(program));
    }

    /// A program from memory, or decoded from its package. Errors are not kept.
    pub(crate) fn get(
        &self,
        program: &ProgramRef,
        decode: impl FnOnce(&[u8]) -> Result<P, AdapterError>,
    ) -> Result<Arc<P>, AdapterError> {
        let load = || Ok(self.entry(decode(&read(program)?)?));
        match self.entries.try_get_with(program.vk, load) {
            Ok(entry) => Ok(entry.program),
            Err(error) => Err(AdapterError::clone(&error)),
        }
    }
}

/// Reads a package, of which the system's word on its size is not taken.
fn read(program: &ProgramRef) -> Result<Vec<u8>, AdapterError> {
    let vk = program.vk;
    let error = |source| LocalError::Read { vk, source };
    let file = File::open(&program.package).map_err(error)?;
    let expected = file.metadata().map_err(error)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(MAX_PACKAGE_BYTES)).unwrap_or_default());
    file.take(MAX_PACKAGE_BYTES + 1).read_to_end(&mut bytes).map_err(error)?;
    if bytes.len() as u64 > MAX_PACKAGE_BYTES {
        return Err(LocalError::PackageTooLarge { vk, limit: MAX_PACKAGE_BYTES }.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use sheaf_adapter::ErrorKind;
    use sheaf_statement::InputVisibility;

    use super::*;

    fn program(folder: &std::path::Path, name: u8, bytes: &[u8]) -> ProgramRef {
        let package = folder.join(name.to_string());
        std::fs::write(&package, bytes).unwrap();
        ProgramRef { vk: [name; 32].into(), package, visibility: InputVisibility::Public }
    }

    fn cache(mib: u64) -> PackageCache<Vec<u8>> {
        PackageCache::new(mib, |program| (program.len() as u64) << 20)
    }

    #[test]
    fn a_package_is_read_once_by_many_threads() {
        let folder = tempfile::tempdir().unwrap();
        let (cache, program) = (cache(64), program(folder.path(), 1, b"abc"));
        let decoded = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let found = cache.get(&program, |bytes| {
                        decoded.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(50));
                        Ok(bytes.to_vec())
                    });
                    assert_eq!(*found.unwrap(), b"abc");
                });
            }
        });
        assert_eq!(decoded.into_inner(), 1);
    }

    #[test]
    fn errors_are_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(64);
        let mut missing = program(folder.path(), 1, b"abc");
        missing.package = folder.path().join("missing");
        let error = cache.get(&missing, |bytes| Ok(bytes.to_vec())).unwrap_err();
        assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Transient, "SH-LOC-004"));
        std::fs::write(&missing.package, b"back").unwrap();
        assert_eq!(*cache.get(&missing, |bytes| Ok(bytes.to_vec())).unwrap(), b"back");
    }

    #[test]
    fn programs_leave_when_they_weigh_too_much() {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(8);
        for name in 0..100 {
            let program = program(folder.path(), name, b"abc");
            cache.get(&program, |bytes| Ok(bytes.to_vec())).unwrap();
        }
        cache.entries.run_pending_tasks();
        // Each weighs 3 MiB.
        assert!(cache.entries.entry_count() <= 2, "{}", cache.entries.entry_count());
        assert!(cache.entries.weighted_size() <= 8 << 10);
    }
}

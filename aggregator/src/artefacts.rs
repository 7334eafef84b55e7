//! Built circuits on disk.
//!
//! A file is a magic number, the SHA-256 of the rest, and the rest. Anything else is treated as absent: the store is a
//! cache of what can be built again, never the truth. Files appear whole (written aside, then renamed).

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const MAGIC: &[u8; 8] = b"shf:art1";
const HEADER_LEN: usize = MAGIC.len() + 32;

/// The store could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {path}")]
pub struct ArtefactError {
    /// The file or folder.
    path: PathBuf,
    /// What the system said.
    #[source]
    source: std::io::Error,
}

/// A folder of artefacts.
#[derive(Debug, Clone)]
pub struct ArtefactStore {
    folder: PathBuf,
}

impl ArtefactStore {
    /// A store in a folder, which is created when something is saved.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Reads an artefact. `None` if it is absent, unreadable or damaged.
    #[must_use]
    pub fn load(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = fs::read(self.path(name)).ok()?;
        let (magic, rest) = bytes.split_first_chunk::<{ MAGIC.len() }>()?;
        let (digest, payload) = rest.split_first_chunk::<32>()?;
        if magic != MAGIC || Sha256::digest(payload)[..] != digest[..] {
            return None;
        }
        bytes.drain(..HEADER_LEN);
        Some(bytes)
    }

    /// Writes an artefact.
    ///
    /// # Errors
    /// [`ArtefactError`] if the folder or the file cannot be written.
    pub fn save(&self, name: &str, payload: &[u8]) -> Result<(), ArtefactError> {
        let path = self.path(name);
        self.write(&path, payload).map_err(|source| ArtefactError { path, source })
    }

    fn write(&self, path: &Path, payload: &[u8]) -> std::io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(MAGIC)?;
        file.write_all(&Sha256::digest(payload))?;
        file.write_all(payload)?;
        file.persist(path)?;
        Ok(())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.bin"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_artefacts_are_absent() {
        let folder = tempfile::tempdir().unwrap();
        let store = ArtefactStore::new(folder.path());
        assert_eq!(store.load("a"), None);
        store.save("a", b"payload").unwrap();
        assert_eq!(store.load("a").as_deref(), Some(&b"payload"[..]));
        let path = folder.path().join("a.bin");
        let good = fs::read(&path).unwrap();
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            fs::write(&path, bad).unwrap();
            assert_eq!(store.load("a"), None, "byte {index}");
            fs::write(&path, &good[..index]).unwrap();
            assert_eq!(store.load("a"), None, "cut at {index}");
        }
    }
}

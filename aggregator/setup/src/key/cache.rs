//! Keys on disk, addressed by circuit and label.
//!
//! What is cached can be made again or fetched again, so whatever is not as it should be counts as absent. Beside each
//! key file lies its checksum, written when its points were known to be good: the folder is the owner's own, and who can
//! replace a checksum in it could replace the key by another valid one, which no check of points would notice. Compare
//! the verifying key with a pinned one where that matters.

use std::fs;
use std::path::{Path, PathBuf};

use super::{KeyFile, PointChecks, SetupKey};
use crate::hex::{parse_hex, to_hex};
use crate::{Provenance, SetupError};

/// A folder of keys.
#[derive(Debug, Clone)]
pub struct KeyCache {
    folder: PathBuf,
}

impl KeyCache {
    /// A cache in a folder, which is created when something is stored.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where the key file of a circuit is, or would be.
    #[must_use]
    pub fn path(&self, circuit: &[u8; 32], provenance: &Provenance) -> PathBuf {
        let name = match provenance {
            Provenance::TestOnly => format!("{}-{provenance}.key", to_hex(circuit)),
            Provenance::Unfinished { transcript } | Provenance::Ceremony { transcript } => {
                format!("{}-{provenance}-{}.key", to_hex(circuit), to_hex(transcript))
            }
        };
        self.folder.join(name)
    }

    /// The key of a circuit, of this provenance: `None` if it is absent, unreadable, damaged, or labelled as another.
    #[must_use]
    pub fn load(&self, circuit: &[u8; 32], provenance: &Provenance) -> Option<SetupKey> {
        let path = self.path(circuit, provenance);
        let checksum = parse_hex(fs::read_to_string(checksum_path(&path)).ok()?.strip_prefix("0x")?)?;
        let key = KeyFile::open(&path, PointChecks::SkipFor(checksum)).ok()?;
        (key.circuit == *circuit && key.provenance == *provenance).then_some(key)
    }

    /// Stores a key, made here or read with [`PointChecks::All`].
    ///
    /// # Errors
    /// [`SetupError::File`] if the folder cannot be written; those of [`KeyFile::save`].
    pub fn store(&self, key: &SetupKey) -> Result<PathBuf, SetupError> {
        let at = |path: &Path, source| SetupError::File { path: path.to_owned(), source };
        fs::create_dir_all(&self.folder).map_err(|source| at(&self.folder, source))?;
        let path = self.path(&key.circuit, &key.provenance);
        let header = KeyFile::save(key, &path)?;
        let checksum = checksum_path(&path);
        fs::write(&checksum, format!("0x{}", to_hex(&header.checksum)))
            .map_err(|source| at(&checksum, source))?;
        Ok(path)
    }
}

fn checksum_path(key: &Path) -> PathBuf {
    key.with_extension("sha256")
}

//! Files named by the SHA-256 of their content.
//!
//! A blob is written aside, synced and renamed, and its folder synced, before its name goes into the database; so a row
//! never names a blob that a crash could lose, and a blob without a row is only waste. Reading checks the name.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Result, StoreError};

/// Largest blob that is read: a program's package.
const MAX_BLOB_BYTES: u64 = 2 << 30;

/// A folder of blobs.
#[derive(Debug, Clone)]
pub(crate) struct Blobs {
    folder: Arc<PathBuf>,
}

impl Blobs {
    /// Blobs in a folder.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder: Arc::new(folder) }
    }

    /// The file of a blob.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name.get(..2).unwrap_or("__")).join(name)
    }

    /// Stores bytes and returns their name. Durable when it returns.
    pub(crate) async fn put(&self, bytes: impl AsRef<[u8]> + Send + 'static) -> Result<String> {
        let this = self.clone();
        blocking(move || this.put_blocking(bytes.as_ref())).await
    }

    /// Reads a blob and checks that it is what its name says.
    pub(crate) async fn get(&self, name: &str) -> Result<Vec<u8>> {
        let (this, name) = (self.clone(), name.to_owned());
        blocking(move || this.get_blocking(&name)).await
    }

    fn put_blocking(&self, bytes: &[u8]) -> Result<String> {
        let name = hex::encode(Sha256::digest(bytes));
        let path = self.path(&name);
        let error = |e: std::io::Error| StoreError::Blob { name: name.clone(), reason: e.to_string() };
        if path.exists() {
            return Ok(name);
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(error)?;
        // Created with mode 0600: some blobs hold secrets.
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(error)?;
        file.write_all(bytes).map_err(error)?;
        file.as_file().sync_all().map_err(error)?;
        file.persist(&path).map_err(|e| error(e.error))?;
        fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(error)?;
        Ok(name)
    }

    fn get_blocking(&self, name: &str) -> Result<Vec<u8>> {
        let error = |reason: String| StoreError::Blob { name: name.to_owned(), reason };
        let file = fs::File::open(self.path(name)).map_err(|e| error(e.to_string()))?;
        let mut bytes = Vec::new();
        file.take(MAX_BLOB_BYTES).read_to_end(&mut bytes).map_err(|e| error(e.to_string()))?;
        let got = hex::encode(Sha256::digest(&bytes));
        if got == name { Ok(bytes) } else { Err(error(format!("content has SHA-256 {got}"))) }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Closed)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_blob_that_is_not_what_its_name_says_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::new(folder.path().to_owned());
        let name = blobs.put(b"proof".to_vec()).await.unwrap();
        assert_eq!(blobs.put(b"proof".to_vec()).await.unwrap(), name);
        assert_eq!(blobs.get(&name).await.unwrap(), b"proof");
        fs::write(blobs.path(&name), b"proff").unwrap();
        assert!(matches!(blobs.get(&name).await, Err(StoreError::Blob { .. })));
        assert!(matches!(blobs.get(&"0".repeat(64)).await, Err(StoreError::Blob { .. })));
    }
}

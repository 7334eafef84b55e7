//! Key files: a [header](super::header), then the key in arkworks' uncompressed encoding.
//!
//! Both are streamed: reading and writing take a megabyte beyond the key itself.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use super::header::HEADER_LEN;
use super::{Counts, KeyHeader, SetupKey, body};
use crate::SetupError;

const BUFFER_LEN: usize = 1 << 20;

/// How far to trust the points of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointChecks {
    /// Every point is checked to be of order r: four minutes of CPU for a circuit of 2^21 rows, most of it in G2.
    All,
    /// None is, because the body has this SHA-256, known from elsewhere, and whoever computed it had checked them. A file
    /// with another checksum is refused.
    SkipFor([u8; 32]),
}

/// Reading and writing of key files.
#[derive(Debug)]
pub struct KeyFile;

impl KeyFile {
    /// Writes a key. Returns the header, whose checksum lets the file be read without checks of points later.
    ///
    /// # Errors
    /// [`SetupError::KeyShape`] for a key whose vectors do not fit one another, [`SetupError::Io`].
    pub fn write(key: &SetupKey, mut writer: impl Write) -> Result<KeyHeader, SetupError> {
        let header = KeyHeader {
            circuit: key.circuit,
            provenance: key.provenance,
            counts: Counts::of(&key.key)?,
            checksum: body::digest(&key.key)?,
        };
        header.write(&mut writer)?;
        body::write(&key.key, &mut writer)?;
        writer.flush()?;
        Ok(header)
    }

    /// Reads a key from `length` bytes, the whole file. The label is what its author says; see
    /// [`Provenance`](crate::Provenance).
    ///
    /// # Errors
    /// [`SetupError::KeyFile`] and [`SetupError::KeyShape`] for a damaged or foreign file, [`SetupError::KeyPoint`] for a
    /// point that is none, [`SetupError::Io`].
    pub fn read(mut reader: impl Read, length: u64, checks: PointChecks) -> Result<SetupKey, SetupError> {
        let header = KeyHeader::read(&mut reader)?;
        if length != HEADER_LEN as u64 + header.counts.body_len() {
            return Err(SetupError::KeyFile { what: "length" });
        }
        if matches!(checks, PointChecks::SkipFor(known) if known != header.checksum) {
            return Err(SetupError::KeyFile { what: "checksum: it is not the known one" });
        }
        let (key, checksum) = body::read(&mut reader, header.counts, checks == PointChecks::All)?;
        if checksum != header.checksum {
            return Err(SetupError::KeyFile { what: "checksum of the body" });
        }
        Ok(SetupKey::new(key, header.circuit, header.provenance))
    }

    /// Writes a key to a file that appears whole or not at all.
    ///
    /// # Errors
    /// [`SetupError::File`], and those of [`Self::write`].
    pub fn save(key: &SetupKey, path: &Path) -> Result<KeyHeader, SetupError> {
        let at = |source| SetupError::File { path: path.to_owned(), source };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(at)?;
        let header = Self::write(key, BufWriter::with_capacity(BUFFER_LEN, file.as_file_mut()))?;
        file.as_file().sync_all().map_err(at)?;
        file.persist(path).map_err(|error| at(error.error))?;
        Ok(header)
    }

    /// Reads a key from a file, as [`Self::read`] does.
    ///
    /// # Errors
    /// [`SetupError::File`], and those of [`Self::read`].
    pub fn open(path: &Path, checks: PointChecks) -> Result<SetupKey, SetupError> {
        let at = |source| SetupError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(at)?;
        let length = file.metadata().map_err(at)?.len();
        Self::read(BufReader::with_capacity(BUFFER_LEN, file), length, checks)
    }
}

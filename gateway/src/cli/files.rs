//! Files: program folders, documents, the cache.
//!
//! A program folder:
//!
//! | file | holds | who needs it |
//! |---|---|---|
//! | `program.json` | options, digests, shapes, scale, error bound | everybody |
//! | `key.json` | the verifier key | whoever verifies |
//! | `model.bin` | the quantised model, weights included | the prover |
//! | `secret.json` | the salt of private weights (with private weights only) | the prover, nobody else |
//! | `circuit.bin` | prover data, to start sooner | the prover |

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sheaf_aggregator::artefacts::ArtefactStore;
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_embedded::{Program, ProgramOptions, Shape, WeightSalt};
use sheaf_model::{Postprocess, QuantisedModel};
use sheaf_plonky2::hash::Digest;
use sheaf_statement::{ModelDigest, VkDigest};

use crate::refusal::{FileError, Refusal};

/// Largest file of any kind that is read.
const MAX_FILE_BYTES: u64 = 512 << 20;
/// Largest JSON file that describes a program or an input.
const MAX_JSON_BYTES: u64 = 64 << 20;

/// The format of [`ProgramDocument`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ProgramVersion {
    #[serde(rename = "sheaf/program/v1")]
    V1,
}

/// `program.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProgramDocument {
    pub(crate) version: ProgramVersion,
    /// SHA-256 of the ONNX file.
    pub(crate) model_digest: ModelDigest,
    pub(crate) options: ProgramOptions,
    pub(crate) scale_bits: u32,
    pub(crate) shape: Shape,
    pub(crate) input_shape: Vec<u32>,
    pub(crate) output_shape: Vec<u32>,
    /// What readers apply to the proven outputs.
    pub(crate) postprocess: Postprocess,
    /// Digest of the verifier key.
    pub(crate) key: Digest,
    /// Digest of the key of the leaf circuit for this shape.
    pub(crate) leaf_key: Digest,
    /// The program id: what statements and contracts name.
    pub(crate) vk: VkDigest,
    /// Bound on |proven − real| of any output, for every input with |x| ≤ 1; null for class indices.
    pub(crate) error_bound_unit_inputs: Option<f64>,
}

/// An input file in EZKL's format. Other fields that EZKL writes are ignored.
#[derive(Debug, Deserialize)]
pub(crate) struct InputDocument {
    pub(crate) input_data: Vec<Vec<f64>>,
}

/// Reads a file, size first.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Vec<u8>, FileError> {
    let error = |source| FileError::Read { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(error)?;
    let got = file.metadata().map_err(error)?.len();
    if got > limit {
        return Err(FileError::TooLarge { path: path.to_owned(), limit, got });
    }
    let mut bytes = Vec::new();
    // A file that grows, or a device, must not fill the memory either.
    file.take(limit + 1).read_to_end(&mut bytes).map_err(error)?;
    let got = bytes.len() as u64;
    if got > limit {
        return Err(FileError::TooLarge { path: path.to_owned(), limit, got });
    }
    Ok(bytes)
}

/// Reads a document of at most the size of any document.
pub(crate) fn read_document(path: &Path) -> Result<Vec<u8>, FileError> {
    read(path, sheaf_aggregator::documents::MAX_DOCUMENT_BYTES as u64)
}

/// Writes a file so that it appears whole, or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, bytes, make_readable)
}

/// As [`write()`], readable by the owner alone: temporary files are created with mode 0600.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, bytes, |_| Ok(()))
}

/// Refuses a file that cannot be opened, before long work for which it is needed.
pub(crate) fn must_be_readable(path: &Path) -> Result<(), FileError> {
    fs::File::open(path).map(|_| ()).map_err(|source| FileError::Read { path: path.to_owned(), source })
}

/// Refuses a path where something is.
pub(crate) fn must_be_new(path: &Path) -> Result<(), FileError> {
    match path.symlink_metadata() {
        Ok(_) => Err(FileError::Exists { path: path.to_owned() }),
        Err(_) => Ok(()),
    }
}

/// Streams a new file, so that it appears whole, or not at all, and never in place of another.
pub(crate) fn create(
    path: &Path,
    write: impl FnOnce(&mut fs::File) -> Result<(), Refusal>,
) -> Result<(), Refusal> {
    must_be_new(path)?;
    let error = |source| FileError::Write { path: path.to_owned(), source };
    let mut file = tempfile::NamedTempFile::new_in(parent(path)).map_err(error)?;
    write(file.as_file_mut())?;
    file.as_file().sync_all().map_err(error)?;
    make_readable(file.as_file()).map_err(error)?;
    file.persist_noclobber(path).map_err(|failed| match failed.error.kind() {
        std::io::ErrorKind::AlreadyExists => FileError::Exists { path: path.to_owned() },
        _ => error(failed.error),
    })?;
    Ok(())
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Writes aside, sets permissions, then renames.
fn replace(
    path: &Path,
    bytes: &[u8],
    set_permissions: impl FnOnce(&fs::File) -> std::io::Result<()>,
) -> Result<(), FileError> {
    let error = |source| FileError::Write { path: path.to_owned(), source };
    let folder = parent(path);
    fs::create_dir_all(folder).map_err(error)?;
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(error)?;
    file.write_all(bytes).map_err(error)?;
    file.as_file().sync_all().map_err(error)?;
    set_permissions(file.as_file()).map_err(error)?;
    file.persist(path).map_err(|e| error(e.error))?;
    Ok(())
}

#[cfg(unix)]
fn make_readable(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &fs::File) -> std::io::Result<()> {
    Ok(())
}

/// Reads and decodes a JSON file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path, expected: &'static str) -> Result<T, FileError> {
    let bytes = read(path, MAX_JSON_BYTES)?;
    serde_json::from_slice(&bytes).map_err(|error| FileError::Malformed {
        path: path.to_owned(),
        expected,
        reason: error.to_string(),
    })
}

/// Encodes a value as an indented JSON file.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), FileError> {
    write(path, &to_json(path, value)?)
}

fn to_json<T: Serialize>(path: &Path, value: &T) -> Result<Vec<u8>, FileError> {
    let mut bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| FileError::Write { path: path.to_owned(), source: error.into() })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes a program folder.
pub(crate) fn save_program(
    folder: &Path,
    program: &Program,
    document: &ProgramDocument,
) -> Result<(), Refusal> {
    write_json(&folder.join("key.json"), program.key())?;
    write(&folder.join("model.bin"), &program.model().to_bytes()?)?;
    if let Some(salt) = program.weight_salt() {
        let path = folder.join("secret.json");
        write_secret(&path, &to_json(&path, salt)?)?;
    }
    if let Some(bytes) = program.circuit_bytes() {
        ArtefactStore::new(folder).save("circuit", &bytes)?;
    }
    // Last, so that a folder with a program.json is complete.
    write_json(&folder.join("program.json"), document)?;
    Ok(())
}

/// Reads a program folder.
pub(crate) fn load_program(folder: &Path) -> Result<(ProgramDocument, Program), Refusal> {
    let document: ProgramDocument = read_json(&folder.join("program.json"), "program document")?;
    let model = QuantisedModel::from_bytes(&read(&folder.join("model.bin"), MAX_FILE_BYTES)?)
        .map_err(|error| Refusal::new(&error).of_file(&folder.join("model.bin")))?;
    let secret = folder.join("secret.json");
    let salt: Option<WeightSalt> =
        if secret.exists() { Some(read_json(&secret, "weight salt")?) } else { None };
    let stored = ArtefactStore::new(folder).load("circuit");
    let program = Program::restore(model, document.options, salt, stored.as_deref())?;
    if program.key().digest() != document.key {
        return Err(FileError::Malformed {
            path: folder.join("program.json"),
            expected: "program document of this folder",
            reason: format!("expected key {}, got {}", document.key, program.key().digest()),
        }
        .into());
    }
    Ok((document, program))
}

/// The store of built circuits: `SHEAF_CACHE_DIR`, or the user's cache folder.
pub(crate) fn circuits() -> CircuitsByProfile {
    CircuitsByProfile::new(cache_folder().map(ArtefactStore::new).as_ref())
}

/// Where built circuits are kept.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let from = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    from("SHEAF_CACHE_DIR")
        .or_else(|| from("XDG_CACHE_HOME").map(|folder| folder.join("sheaf")))
        .or_else(|| from("HOME").map(|folder| folder.join(".cache").join("sheaf")))
}

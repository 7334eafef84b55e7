//! Which Groth16 key a gateway settles with.
//!
//! | file of the key cache | what |
//! |---|---|
//! | `<circuit>-test-only.key` | made here from a public seed: TEST ONLY |
//! | `<circuit>-ceremony-<transcript>.key` | a ceremony's, verified here before it was stored |
//! | `<circuit>-chosen.json` | which ceremony's key is the one to use, and the digest of its verifying key |
//!
//! The circuit is named by its pin, so that nobody has to build it to find its keys.
//!
//! The cache is the owner's own folder: a key in it is believed to be what its name says. Ceremonies are verified before
//! [`choose`], which takes no key without the label that verification gives. Where a key may be used is
//! [`sheaf_setup::check_chain_id`]'s to say.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use ark_bn254::Bn254;
use ark_groth16::VerifyingKey;
use ark_serialize::CanonicalDeserialize as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sheaf_plonky2::Profile;
use sheaf_setup::hex::Hex;
use sheaf_setup::{
    ConstraintSystem, KeyCache, KeyHeader, Provenance, SetupError, SetupKey, single_party,
    verifying_key_digest,
};
use sheaf_wrap::pins::PinnedCircuit;

use crate::cli::files::cache_folder;

/// The public seed of keys for tests. Whoever reads this can prove anything under them.
pub(crate) const TEST_ONLY_SEED: &[u8] = b"sheaf/test-only/v1";
/// Longest JSON file that is read, in bytes.
const MAX_JSON_BYTES: u64 = 4096;
/// Longest verifying key that is read, in bytes: ours has three points of IC.
const MAX_VERIFYING_KEY_BYTES: u64 = 4096;

/// Which of a circuit's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The chosen ceremony's.
    Ceremony,
    /// The one from [`TEST_ONLY_SEED`], for local chains.
    TestOnly,
}

/// Why there is no key to settle with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyError {
    /// Nobody made it yet, or what is there is damaged.
    #[error("[SH-KEY-001] no test-only key for circuit {circuit}; `sheaf setup test-only` makes it")]
    NoTestOnly { circuit: Hex<32> },
    /// No ceremony was finished here.
    #[error(
        "[SH-KEY-002] no ceremony's key is chosen for circuit {circuit}; `sheaf setup finish` chooses one"
    )]
    NoneChosen { circuit: Hex<32> },
    /// The file that names the chosen key is not what it should be.
    #[error("[SH-KEY-003] {path} does not name a key: {reason}; `sheaf setup finish` writes it anew")]
    Choice { path: PathBuf, reason: String },
    /// The chosen key is gone or damaged.
    #[error("[SH-KEY-004] the chosen key is absent or damaged: {path}; `sheaf setup finish` restores it")]
    Lost { path: PathBuf },
    /// Another key lies where the chosen one was.
    #[error("[SH-KEY-005] not the chosen key: expected a verifying key with digest {expected}, got {got}")]
    Replaced { expected: Hex<32>, got: Hex<32> },
    /// Only a verified ceremony's key can be chosen.
    #[error(
        "[SH-KEY-006] {provenance} key refused: expected a ceremony that somebody contributed to, over powers of tau that are not for tests"
    )]
    NotOfCeremony { provenance: Provenance },
    /// The circuit has no pin.
    #[error("[SH-KEY-007] the circuit that wraps batches is not pinned")]
    NotPinned,
    /// There is no folder for caches.
    #[error("[SH-KEY-008] no cache folder: set SHEAF_CACHE_DIR or HOME")]
    NoCache,
    /// No key here has this verifying key.
    #[error("[SH-KEY-009] no proving key for the verifying key {digest} in the key cache")]
    Unknown { digest: String },
    /// The code makes another circuit than the one that keys are found by.
    #[error("[SH-KEY-010] the {profile} circuit is not the pinned one: expected {expected}, got {got}")]
    Circuit { profile: Profile, expected: Hex<32>, got: Hex<32> },
    /// The cache cannot be used.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// The format of [`Choice`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum ChoiceVersion {
    #[serde(rename = "sheaf/key-choice/v1")]
    V1,
}

/// `<circuit>-chosen.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Choice {
    version: ChoiceVersion,
    circuit: Hex<32>,
    /// The last hash of the ceremony's transcript.
    transcript: Hex<32>,
    /// keccak256 of the verifying key, as contracts hash it.
    verifying_key: Hex<32>,
}

/// The circuit that batches of the standard profile are wrapped with, by its pin.
pub(crate) fn pinned_circuit() -> Result<[u8; 32], KeyError> {
    let pinned = sheaf_wrap::pins::get(Profile::Standard.name()).and_then(PinnedCircuit::digest);
    pinned.ok_or(KeyError::NotPinned)
}

/// The cache that this user's programs share.
pub(crate) fn shared_cache() -> Result<KeyCache, KeyError> {
    cache_folder().map(|folder| cache_in(&folder)).ok_or(KeyError::NoCache)
}

/// Refuses a circuit that is not the pinned one of a profile, if that is pinned.
///
/// # Errors
/// [`KeyError::Circuit`].
pub(crate) fn check_circuit(profile: Profile, system: &dyn ConstraintSystem) -> Result<(), KeyError> {
    let got = system.digest();
    match sheaf_wrap::pins::get(profile.name()).and_then(PinnedCircuit::digest) {
        Some(expected) if expected != got => {
            Err(KeyError::Circuit { profile, expected: Hex(expected), got: Hex(got) })
        }
        _ => Ok(()),
    }
}

/// The key cache within the folder of all caches.
pub(crate) fn cache_in(folder: &Path) -> KeyCache {
    KeyCache::new(folder.join("keys"))
}

/// The key of a circuit, from the cache.
///
/// # Errors
/// [`KeyError`] if it is not there. A test-only key never stands in for a ceremony's.
pub(crate) fn load(cache: &KeyCache, circuit: &[u8; 32], wanted: Wanted) -> Result<SetupKey, KeyError> {
    match wanted {
        Wanted::TestOnly => {
            cache.load(circuit, &Provenance::TestOnly).ok_or(KeyError::NoTestOnly { circuit: Hex(*circuit) })
        }
        Wanted::Ceremony => {
            let choice = read_choice(&choice_path(cache, circuit), circuit)?;
            let provenance = Provenance::Ceremony { transcript: choice.transcript.0 };
            let key = cache
                .load(circuit, &provenance)
                .ok_or_else(|| KeyError::Lost { path: cache.path(circuit, &provenance) })?;
            let got = Hex(verifying_key_digest(key.verifying_key()));
            if got == choice.verifying_key {
                Ok(key)
            } else {
                Err(KeyError::Replaced { expected: choice.verifying_key, got })
            }
        }
    }
}

/// The verifying key that a gateway settles with, and where it comes from: the chosen ceremony's, or the one for tests.
/// Reads no more than that of the key's file.
///
/// # Errors
/// [`KeyError`] if it is not there.
pub(crate) fn for_settlement(test_only: bool) -> Result<(VerifyingKey<Bn254>, Provenance), KeyError> {
    let wanted = if test_only { Wanted::TestOnly } else { Wanted::Ceremony };
    verifying_key(&shared_cache()?, &pinned_circuit()?, wanted)
}

/// The key with this verifying key, by its [`digest_text`].
///
/// # Errors
/// [`KeyError::Unknown`] if there is none, [`KeyError::Lost`] if it is damaged.
pub(crate) fn by_verifying_key(digest: &str) -> Result<SetupKey, KeyError> {
    find(&shared_cache()?, digest)
}

/// keccak256 of a verifying key, as contracts hash it, with `0x`.
pub(crate) fn digest_text(key: &VerifyingKey<Bn254>) -> String {
    Hex(verifying_key_digest(key)).to_string()
}

fn verifying_key(
    cache: &KeyCache,
    circuit: &[u8; 32],
    wanted: Wanted,
) -> Result<(VerifyingKey<Bn254>, Provenance), KeyError> {
    let (provenance, expected) = match wanted {
        Wanted::TestOnly => (Provenance::TestOnly, None),
        Wanted::Ceremony => {
            let choice = read_choice(&choice_path(cache, circuit), circuit)?;
            (Provenance::Ceremony { transcript: choice.transcript.0 }, Some(choice.verifying_key))
        }
    };
    let path = cache.path(circuit, &provenance);
    let Some(key) = front(&path)
        .filter(|(header, _)| header.circuit == *circuit && header.provenance == provenance)
        .map(|(_, key)| key)
    else {
        return Err(match provenance {
            Provenance::TestOnly => KeyError::NoTestOnly { circuit: Hex(*circuit) },
            _ => KeyError::Lost { path },
        });
    };
    let got = Hex(verifying_key_digest(&key));
    match expected {
        Some(expected) if expected != got => Err(KeyError::Replaced { expected, got }),
        _ => Ok((key, provenance)),
    }
}

fn find(cache: &KeyCache, digest: &str) -> Result<SetupKey, KeyError> {
    let unknown = || KeyError::Unknown { digest: digest.chars().take(80).collect() };
    let folder = folder(cache);
    for entry in fs::read_dir(folder).map_err(|_| unknown())?.flatten() {
        let path = entry.path();
        let Some((header, key)) = front(&path) else { continue };
        if digest_text(&key) == digest {
            return cache
                .load(&header.circuit, &header.provenance)
                // The front of a file that goes on with another key's points.
                .filter(|key| digest_text(key.verifying_key()) == digest)
                .ok_or(KeyError::Lost { path });
        }
    }
    Err(unknown())
}

/// What a key file begins with; nothing if it is none.
fn front(path: &Path) -> Option<(KeyHeader, VerifyingKey<Bn254>)> {
    if path.extension().is_none_or(|extension| extension != "key") {
        return None;
    }
    let mut file = fs::File::open(path).ok()?;
    let header = KeyHeader::read(&mut file).ok()?;
    let key = VerifyingKey::deserialize_uncompressed(file.take(MAX_VERIFYING_KEY_BYTES)).ok()?;
    Some((header, key))
}

/// The test-only key of a circuit: from the cache, or made from [`TEST_ONLY_SEED`] and put there. Minutes of CPU for a
/// circuit of 2^21 rows. Its file is `cache.path(&system.digest(), &Provenance::TestOnly)`.
///
/// # Errors
/// [`SetupError`] if the circuit is malformed or the cache cannot be written.
pub(crate) fn ensure_test_only(
    cache: &KeyCache,
    system: &dyn ConstraintSystem,
    progress: &dyn Fn(&str),
) -> Result<SetupKey, SetupError> {
    progress("looking for the TEST ONLY key");
    if let Ok(key) = load(cache, &system.digest(), Wanted::TestOnly) {
        return Ok(key);
    }
    let key = single_party(system, TEST_ONLY_SEED, &|step| progress(&format!("TEST ONLY key: {step}")))?;
    progress("writing the TEST ONLY key");
    cache.store(&key)?;
    Ok(key)
}

/// Stores a ceremony's key and makes it the one to use for its circuit. Returns its file.
///
/// # Errors
/// [`KeyError::NotOfCeremony`] for a key with another label, [`KeyError::Setup`] if the cache cannot be written.
pub(crate) fn choose(cache: &KeyCache, key: &SetupKey) -> Result<PathBuf, KeyError> {
    let Provenance::Ceremony { transcript } = key.provenance() else {
        return Err(KeyError::NotOfCeremony { provenance: key.provenance() });
    };
    let file = cache.store(key)?;
    // After the key, so that a choice always names a key that is there.
    let path = choice_path(cache, &key.circuit());
    let choice = Choice {
        version: ChoiceVersion::V1,
        circuit: Hex(key.circuit()),
        transcript: Hex(transcript),
        verifying_key: Hex(verifying_key_digest(key.verifying_key())),
    };
    write_json(&path, &choice)?;
    Ok(file)
}

/// The cache's folder.
fn folder(cache: &KeyCache) -> PathBuf {
    let mut path = cache.path(&[0; 32], &Provenance::TestOnly);
    path.pop();
    path
}

fn choice_path(cache: &KeyCache, circuit: &[u8; 32]) -> PathBuf {
    folder(cache).join(format!("{}-chosen.json", hex::encode(circuit)))
}

fn read_choice(path: &Path, circuit: &[u8; 32]) -> Result<Choice, KeyError> {
    let malformed = |reason: String| KeyError::Choice { path: path.to_owned(), reason };
    let choice: Choice = read_json(path)
        .map_err(|error| malformed(error.to_string()))?
        .ok_or(KeyError::NoneChosen { circuit: Hex(*circuit) })?;
    if choice.circuit != Hex(*circuit) {
        return Err(malformed(format!("expected circuit {}, got {}", Hex(*circuit), choice.circuit)));
    }
    Ok(choice)
}

/// Nothing if there is no such file.
fn read_json<T: DeserializeOwned>(path: &Path) -> std::io::Result<Option<T>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MAX_JSON_BYTES).read_to_end(&mut bytes)?;
    Ok(Some(serde_json::from_slice(&bytes)?))
}

/// Writes aside, then renames.
fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), KeyError> {
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        serde_json::to_writer_pretty(file.as_file_mut(), value)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|source| SetupError::File { path: path.to_owned(), source }.into())
}

#[cfg(test)]
mod tests;

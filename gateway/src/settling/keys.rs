//! Which Groth16 key a gateway settles with.
//!
//! | file of the key cache | what |
//! |---|---|
//! | `<circuit>-test-only.key` | made here from a public seed: TEST ONLY |
//! | `<circuit>-ceremony-<transcript>.key` | a ceremony's, verified here before it was stored |
//! | `<circuit>-chosen.json` | which ceremony's key is the one to use, and the digest of its verifying key |
//!
//! `circuits.json` pins the digest of the circuit, so that nobody has to build it to find its keys.
//!
//! The cache is the owner's own folder: a key in it is believed to be what its name says. Ceremonies are verified before
//! [`choose`], which takes no key without the label that verification gives. Where a key may be used is
//! [`sheaf_setup::check_chain_id`]'s to say.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use ark_bn254::Bn254;
use ark_groth16::VerifyingKey;
use serde::{Deserialize, Serialize};
use sheaf_plonky2::Profile;
use sheaf_setup::hex::Hex;
use sheaf_setup::{
    ConstraintSystem, KeyCache, Provenance, SetupError, SetupKey, single_party, verifying_key_digest,
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
    #[error("[SH-KEY-002] no ceremony's key is chosen for circuit {circuit}; `sheaf setup finish` chooses one")]
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
    #[error("[SH-KEY-006] {provenance} key refused: expected a ceremony that somebody contributed to, over powers of tau that are not for tests")]
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
    /// Neither a folder is named nor a home known.
    #[error("[SH-KEY-007] no folder for keys: set SHEAF_CACHE_DIR")]
    NoFolder,
    /// The source tree is of two minds.
    #[error("[SH-KEY-008] no Groth16 circuit is pinned for the {profile} shrink circuit as it is; `sheaf setup circuit --pin` pins it")]
    NotPinned { profile: Profile },
    /// No key in the cache has this verifying key.
    #[error("[SH-KEY-009] no key in the cache has the verifying key {digest}")]
    Unknown { digest: String },
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

/// The verifying key that a gateway settles with, and where it comes from.
pub(crate) fn for_settlement(test_only: bool) -> Result<(VerifyingKey<Bn254>, Provenance), KeyError> {
    let wanted = if test_only { Wanted::TestOnly } else { Wanted::Ceremony };
    let key = load(&shared_cache()?, &pinned_circuit()?, wanted)?;
    Ok((key.verifying_key().clone(), key.provenance()))
}

/// The proving key that goes with a verifying key of this digest.
pub(crate) fn by_verifying_key(digest: &str) -> Result<SetupKey, KeyError> {
    let (cache, circuit) = (shared_cache()?, pinned_circuit()?);
    let named = |key: &SetupKey| digest_text(key.verifying_key()) == digest;
    let mut found = [Wanted::TestOnly, Wanted::Ceremony].into_iter().map(|wanted| load(&cache, &circuit, wanted));
    let key = found.find_map(|key| key.ok().filter(named));
    key.ok_or_else(|| KeyError::Unknown { digest: digest.chars().take(80).collect() })
}

/// The digest of a verifying key as text.
pub(crate) fn digest_text(key: &VerifyingKey<Bn254>) -> String {
    Hex(verifying_key_digest(key)).to_string()
}

/// The Groth16 circuits of all profiles: `gateway/src/settling/circuits.json` of the source tree.
pub(crate) type CircuitPins = BTreeMap<String, CircuitPin>;

/// A Groth16 circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CircuitPin {
    /// Digest of the key of the shrink circuit, whose proofs the Groth16 circuit verifies in the end: with another one it
    /// is another circuit.
    shrink: Digest,
    /// Digest of the Groth16 circuit.
    circuit: Hex<32>,
}

impl CircuitPin {
    /// Of a profile whose shrink circuit is pinned.
    ///
    /// # Errors
    /// [`KeyError::NotPinned`] if it is not.
    pub(crate) fn new(profile: Profile, circuit: [u8; 32]) -> Result<Self, KeyError> {
        let shrink = shrink_key(profile).ok_or(KeyError::NotPinned { profile })?;
        Ok(Self { shrink, circuit: Hex(circuit) })
    }
}

/// The key cache of this user.
///
/// # Errors
/// [`KeyError::NoFolder`].
pub(crate) fn shared_cache() -> Result<KeyCache, KeyError> {
    files::cache_folder().map(|folder| cache_in(&folder)).ok_or(KeyError::NoFolder)
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
        Wanted::TestOnly => cache
            .load(circuit, &Provenance::TestOnly)
            .ok_or(KeyError::NoTestOnly { circuit: Hex(*circuit) }),
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

/// The verifying key that a gateway settles with, and where it comes from: the chosen ceremony's, or the one for tests if
/// that may be and there is no other. Reads no more than that of the key's file.
///
/// # Errors
/// [`KeyError`] if there is none.
pub(crate) fn for_settlement(may_be_test_only: bool) -> Result<(VerifyingKey<Bn254>, Provenance), KeyError> {
    verifying_key(&shared_cache()?, &pinned_circuit()?, may_be_test_only)
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

/// Digest of the Groth16 circuit that batches are settled with: that of the standard profile.
///
/// # Errors
/// [`KeyError::NotPinned`] if what is pinned is not of the pinned shrink circuit.
pub(crate) fn pinned_circuit() -> Result<[u8; 32], KeyError> {
    pinned_in(include_str!("circuits.json"), Profile::Standard)
}

fn pinned_in(pins: &str, profile: Profile) -> Result<[u8; 32], KeyError> {
    serde_json::from_str::<CircuitPins>(pins)
        .ok()
        .and_then(|pins| pins.get(profile.name()).copied())
        .filter(|pin| shrink_key(profile) == Some(pin.shrink))
        .map(|pin| pin.circuit.0)
        .ok_or(KeyError::NotPinned { profile })
}

fn shrink_key(profile: Profile) -> Option<Digest> {
    pins::all().circuits.get(&format!("shrink-{}", profile.name())).map(|pinned| pinned.digest)
}

fn verifying_key(
    cache: &KeyCache,
    circuit: &[u8; 32],
    may_be_test_only: bool,
) -> Result<(VerifyingKey<Bn254>, Provenance), KeyError> {
    let (provenance, expected) = match read_choice(&choice_path(cache, circuit), circuit) {
        Ok(choice) => {
            (Provenance::Ceremony { transcript: choice.transcript.0 }, Some(choice.verifying_key))
        }
        Err(KeyError::NoneChosen { .. }) if may_be_test_only => (Provenance::TestOnly, None),
        Err(error) => return Err(error),
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
    let unknown = || KeyError::Unknown { digest: digest.to_owned() };
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
mod tests {
    use sheaf_setup::ArkMatrices;
    use sheaf_setup::{Phase2, PowersOfTau, check_chain_id, phase2};

    use super::*;
    use crate::refusal::Refusal;

    /// Somebody knows a square root of y: instance 1 and y, witness x.
    fn square() -> ArkMatrices {
        let x = || vec![vec![(1u64.into(), 2)]];
        ArkMatrices { num_instance: 2, num_witness: 1, matrices: [x(), x(), vec![vec![(1u64.into(), 1)]]] }
    }

    /// The key of a ceremony of one participant, over powers that are not labelled as being for tests.
    fn ceremony_key(name: &str) -> SetupKey {
        let bytes = include_bytes!("../../../aggregator/setup/tests/fixtures/snarkjs_08.ptau");
        let powers = PowersOfTau::read(std::io::Cursor::new(bytes), Some(2), &|_| ()).unwrap();
        let mut phase = Phase2::new(&powers, &square(), &|_| ()).unwrap();
        phase.contribute(name, b"", &|_| ()).unwrap();
        let (key, transcript) = phase.into_parts();
        let key = key.into_proving_key();
        phase2::verify(&transcript, &powers, &square(), &key, &|_| ()).unwrap().label(key).unwrap()
    }

    fn code(error: KeyError) -> String {
        Refusal::from(error).code
    }

    fn cache() -> (tempfile::TempDir, KeyCache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache_in(folder.path());
        (folder, cache)
    }

    #[test]
    fn the_test_only_key_is_made_once_and_then_found() {
        let (_folder, cache) = cache();
        let circuit = square().digest();
        assert_eq!(code(load(&cache, &circuit, Wanted::TestOnly).unwrap_err()), "SH-KEY-001");
        let steps = std::cell::Cell::new(0);
        let count = |_: &str| steps.set(steps.get() + 1);
        let made = ensure_test_only(&cache, &square(), &count).unwrap();
        assert!(steps.replace(0) > 1);
        assert_eq!(ensure_test_only(&cache, &square(), &count).unwrap(), made);
        assert_eq!(steps.get(), 1);
        assert_eq!(load(&cache, &circuit, Wanted::TestOnly).unwrap(), made);
        assert!(cache.path(&circuit, &Provenance::TestOnly).to_string_lossy().contains("test-only"));
        assert!(check_chain_id(&made.provenance(), 1).is_err());
        check_chain_id(&made.provenance(), 31337).unwrap();

        // A damaged one is made anew.
        fs::write(cache.path(&circuit, &Provenance::TestOnly), b"damaged").unwrap();
        assert_eq!(ensure_test_only(&cache, &square(), &count).unwrap(), made);
    }

    /// Whoever reads the source could forge proofs for a gateway that settles with a key from the public seed.
    #[test]
    fn a_test_only_key_never_stands_in_for_a_ceremonys() {
        let (_folder, cache) = cache();
        let circuit = square().digest();
        let key = ensure_test_only(&cache, &square(), &|_| ()).unwrap();
        assert_eq!(code(load(&cache, &circuit, Wanted::Ceremony).unwrap_err()), "SH-KEY-002");
        assert_eq!(code(choose(&cache, &key).unwrap_err()), "SH-KEY-006");
        assert_eq!(code(load(&cache, &circuit, Wanted::Ceremony).unwrap_err()), "SH-KEY-002");

        // Not under the name of a ceremony's key either.
        let chosen = ceremony_key("somebody");
        let path = choose(&cache, &chosen).unwrap();
        let test_only = cache.path(&circuit, &Provenance::TestOnly);
        fs::copy(&test_only, &path).unwrap();
        fs::copy(test_only.with_extension("sha256"), path.with_extension("sha256")).unwrap();
        assert_eq!(code(load(&cache, &circuit, Wanted::Ceremony).unwrap_err()), "SH-KEY-004");
    }

    #[test]
    fn the_last_finished_ceremonys_key_is_the_one_to_use() {
        let (_folder, cache) = cache();
        let circuit = square().digest();
        let (first, second) = (ceremony_key("first"), ceremony_key("second"));
        for key in [&first, &second, &first] {
            choose(&cache, key).unwrap();
            assert_eq!(load(&cache, &circuit, Wanted::Ceremony).unwrap(), *key);
        }
        // Beside it, the one for tests.
        ensure_test_only(&cache, &square(), &|_| ()).unwrap();
        assert_eq!(load(&cache, &circuit, Wanted::Ceremony).unwrap(), first);
    }

    #[test]
    fn a_choice_that_does_not_name_its_key_is_refused() {
        let (_folder, cache) = cache();
        let circuit = square().digest();
        let key = ceremony_key("somebody");
        let file = choose(&cache, &key).unwrap();
        let path = choice_path(&cache, &circuit);
        let good = fs::read_to_string(&path).unwrap();
        let refused = |text: &str| {
            fs::write(&path, text).unwrap();
            code(load(&cache, &circuit, Wanted::Ceremony).unwrap_err())
        };
        assert_eq!(refused("{}"), "SH-KEY-003");
        assert_eq!(refused(&format!("{}{good}", " ".repeat(5000))), "SH-KEY-003");
        assert_eq!(refused(&good.replace(&hex::encode(circuit), &"0".repeat(64))), "SH-KEY-003");
        let digest = hex::encode(verifying_key_digest(key.verifying_key()));
        assert_eq!(refused(&good.replace(&digest, &"0".repeat(64))), "SH-KEY-005");
        let Provenance::Ceremony { transcript } = key.provenance() else { panic!("not a ceremony's") };
        assert_eq!(refused(&good.replace(&hex::encode(transcript), &"0".repeat(64))), "SH-KEY-004");
        fs::remove_file(file).unwrap();
        assert_eq!(refused(&good), "SH-KEY-004");
    }

    #[test]
    fn the_verifying_key_to_settle_with_is_the_chosen_one() {
        let (_folder, cache) = cache();
        let circuit = square().digest();
        let refused = |may| code(verifying_key(&cache, &circuit, may).unwrap_err());
        assert_eq!((refused(false), refused(true)), ("SH-KEY-002".to_owned(), "SH-KEY-001".to_owned()));
        let test_only = ensure_test_only(&cache, &square(), &|_| ()).unwrap();
        // Not unless that is allowed.
        assert_eq!(refused(false), "SH-KEY-002");
        let (key, provenance) = verifying_key(&cache, &circuit, true).unwrap();
        assert_eq!((&key, provenance), (test_only.verifying_key(), Provenance::TestOnly));

        let chosen = ceremony_key("somebody");
        let file = choose(&cache, &chosen).unwrap();
        for may_be_test_only in [false, true] {
            let (key, provenance) = verifying_key(&cache, &circuit, may_be_test_only).unwrap();
            assert_eq!((&key, provenance), (chosen.verifying_key(), chosen.provenance()));
        }
        // Another one in its place, of the same circuit and with the same label; then none.
        let mut bytes = fs::read(&file).unwrap();
        let other = fs::read(choose(&cache, &ceremony_key("other")).unwrap()).unwrap();
        choose(&cache, &chosen).unwrap();
        bytes.truncate(192);
        bytes.extend(&other[192..]);
        fs::write(&file, bytes).unwrap();
        assert_eq!((refused(false), refused(true)), ("SH-KEY-005".to_owned(), "SH-KEY-005".to_owned()));
        fs::remove_file(file).unwrap();
        assert_eq!((refused(false), refused(true)), ("SH-KEY-004".to_owned(), "SH-KEY-004".to_owned()));
    }

    #[test]
    fn keys_are_found_by_their_verifying_key() {
        let (_folder, cache) = cache();
        let unknown = |digest: &str| code(find(&cache, digest).unwrap_err());
        assert_eq!(unknown(""), "SH-KEY-009");
        let keys = [ensure_test_only(&cache, &square(), &|_| ()).unwrap(), ceremony_key("somebody")];
        let file = choose(&cache, &keys[1]).unwrap();
        for key in &keys {
            assert_eq!(find(&cache, &digest_text(key.verifying_key())).unwrap(), *key);
        }
        let digest = digest_text(keys[1].verifying_key());
        assert_eq!(unknown(&digest.replace("0x", "")), "SH-KEY-009");
        // Damaged behind the verifying key.
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(file, bytes).unwrap();
        assert_eq!(unknown(&digest), "SH-KEY-004");
    }

    #[test]
    fn the_circuit_is_pinned_for_one_shrink_circuit() {
        let pins: CircuitPins = Profile::ALL
            .into_iter()
            .map(|profile| (profile.name().to_owned(), CircuitPin::new(profile, [7; 32]).unwrap()))
            .collect();
        let text = serde_json::to_string(&pins).unwrap();
        for profile in Profile::ALL {
            assert_eq!(pinned_in(&text, profile).unwrap(), [7; 32]);
            // As of another version of the shrink circuit.
            let shrink = shrink_key(profile).unwrap().to_string();
            let stale = text.replace(&shrink, &format!("0x{}", "0".repeat(64)));
            assert_eq!(code(pinned_in(&stale, profile).unwrap_err()), "SH-KEY-008");
        }
        assert_eq!(code(pinned_in("{}", Profile::Standard).unwrap_err()), "SH-KEY-008");
    }
}

//! Ceremonies of a circuit of one constraint, over powers of tau that snarkjs made.

use std::fs;
use std::path::{Path, PathBuf};

use sheaf_setup::{ArkMatrices, check_chain_id};

use super::*;
use crate::settling::keys::KeyError;

const POWERS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../aggregator/setup/tests/fixtures/snarkjs_08.ptau");

fn quiet(_: &str) {}

/// Somebody knows a square root of y: instance 1 and y, witness x.
fn square() -> ArkMatrices {
    let x = || vec![vec![(1u64.into(), 2)]];
    ArkMatrices { num_instance: 2, num_witness: 1, matrices: [x(), x(), vec![vec![(1u64.into(), 1)]]] }
}

/// As [`square`], y being doubled.
fn other_circuit() -> ArkMatrices {
    let mut system = square();
    system.matrices[2][0][0].0 = 2u64.into();
    system
}

/// A folder with the files 0 to 3 of a ceremony: the initial one, two participants, a beacon.
fn ceremony() -> (tempfile::TempDir, [PathBuf; 4]) {
    let folder = tempfile::tempdir().unwrap();
    let files = [0, 1, 2, 3].map(|number| folder.path().join(number.to_string()));
    ceremony::init(Path::new(POWERS), &square(), &files[0], &quiet).unwrap();
    for (number, name) in [(1, "first"), (2, "second")] {
        let transcript = ceremony::extend(&files[number - 1], &files[number], &quiet, |p| {
            p.contribute(name, b"dice", &quiet)
        })
        .unwrap();
        assert_eq!(transcript.contributions.len(), number);
    }
    ceremony::extend(&files[2], &files[3], &quiet, |p| p.beacon("lottery", b"numbers", 3, &quiet)).unwrap();
    (folder, files)
}

fn judged(file: &Path, system: &dyn ConstraintSystem) -> Result<(Judged, SetupKey), Refusal> {
    ceremony::judge(ceremony::open(file)?, Path::new(POWERS), system, &quiet)
}

fn code<T>(result: Result<T, Refusal>) -> String {
    result.err().unwrap().code
}

#[test]
fn a_ceremony_goes_from_file_to_file_and_its_key_is_then_used() {
    let (folder, files) = ceremony();
    let cache = keys::cache_in(folder.path());
    for (number, file) in files.iter().enumerate() {
        let (judged, key) = judged(file, &square()).unwrap();
        assert_eq!((judged.verified.participants, judged.verified.beacon), (number.min(2), number == 3));
        let value = judged.to_json();
        assert_eq!(value["provenance"], if number == 0 { "unfinished" } else { "ceremony" });
        assert_eq!(value["transcript"]["contributions"].as_array().unwrap().len(), number);
        // A key that nobody contributed to is not used.
        let used = use_key(&cache, key, &quiet);
        if number == 0 {
            assert_eq!(code(used), "SH-KEY-006");
            let loaded = keys::load(&cache, &square().digest(), Wanted::Ceremony).unwrap_err();
            assert!(matches!(loaded, KeyError::NoneChosen { .. }));
        } else {
            assert!(used.unwrap().exists());
            let loaded = keys::load(&cache, &square().digest(), Wanted::Ceremony).unwrap();
            assert_eq!(verifying_key_digest(loaded.verifying_key()), judged.verified.verifying_key_digest);
            check_chain_id(&loaded.provenance(), 1).unwrap();
        }
    }
}

/// Entropy may be known to an attacker: it is never all that a secret comes from.
#[test]
fn the_same_entropy_gives_another_secret_each_time() {
    let (folder, files) = ceremony();
    let again = folder.path().join("again");
    let transcript =
        ceremony::extend(&files[0], &again, &quiet, |p| p.contribute("first", b"dice", &quiet)).unwrap();
    let before = ceremony::open(&files[1]).unwrap();
    assert_ne!(transcript.contributions[0].share, before.transcript().contributions[0].share);
}

#[test]
fn nothing_follows_a_beacon_and_nothing_is_replaced() {
    let (folder, files) = ceremony();
    let extend =
        |from: &Path, to: &Path| ceremony::extend(from, to, &quiet, |p| p.contribute("late", b"", &quiet));
    assert_eq!(code(extend(&files[3], &folder.path().join("new"))), "SH-SET-046");
    let before = fs::read(&files[3]).unwrap();
    assert_eq!(code(extend(&files[2], &files[3])), "SH-CLI-010");
    assert_eq!(code(extend(&files[2], &files[2])), "SH-CLI-010");
    assert_eq!(code(ceremony::init(Path::new(POWERS), &square(), &files[3], &quiet)), "SH-CLI-010");
    assert_eq!(fs::read(&files[3]).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn a_ceremony_for_another_circuit_or_other_powers_is_refused() {
    let (folder, files) = ceremony();
    assert_eq!(code(judged(&files[3], &other_circuit())), "SH-SET-047");
    let path = folder.path().join("test.ptau");
    let powers = sheaf_setup::PowersOfTau::test_only(2, b"somebody knows").unwrap();
    powers.write(fs::File::create(&path).unwrap()).unwrap();
    let file = ceremony::open(&files[3]).unwrap();
    assert_eq!(code(ceremony::judge(file, &path, &square(), &quiet)), "SH-SET-048");

    // Over powers for tests, every key is for tests, and none is used.
    let (from, to) = (folder.path().join("a"), folder.path().join("b"));
    ceremony::init(&path, &square(), &from, &quiet).unwrap();
    ceremony::extend(&from, &to, &quiet, |p| p.contribute("somebody", b"", &quiet)).unwrap();
    let file = ceremony::open(&to).unwrap();
    let (judged, key) = ceremony::judge(file, &path, &square(), &quiet).unwrap();
    assert_eq!(judged.to_json()["provenance"], "test-only");
    assert_eq!(code(use_key(&keys::cache_in(folder.path()), key, &quiet)), "SH-KEY-006");
}

/// A transcript of somebody's contributions beside a key that does not have them.
#[test]
fn another_key_behind_a_transcript_is_refused() {
    let (folder, files) = ceremony();
    let split = |path: &Path| {
        let bytes = fs::read(path).unwrap();
        let length = u64::from_be_bytes(bytes[8..16].try_into().unwrap()) as usize;
        let (front, key) = bytes.split_at(16 + length);
        (front.to_vec(), key.to_vec())
    };
    let path = folder.path().join("mixed");
    let ((front, key), (_, old)) = (split(&files[2]), split(&files[1]));
    fs::write(&path, [front.clone(), old.clone()].concat()).unwrap();
    assert_eq!(code(judged(&path, &square())), "SH-SET-060");
    // With a header that lies.
    fs::write(&path, [&front, &key[..192], &old[192..]].concat()).unwrap();
    assert_eq!(code(judged(&path, &square())), "SH-SET-070");
    // The header's own label is not believed: it is not signed by anybody.
    let (first, _) = split(&files[0]);
    fs::write(&path, [first, key].concat()).unwrap();
    assert_eq!(code(judged(&path, &square())), "SH-SET-060");
}

#[test]
fn a_changed_contribution_is_named() {
    let (folder, files) = ceremony();
    let bytes = fs::read(&files[3]).unwrap();
    let path = folder.path().join("changed");
    for (number, name) in [(1, "first"), (2, "second"), (3, "lottery")] {
        let at = bytes.windows(name.len()).position(|window| window == name.as_bytes()).unwrap();
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        let refusal = judged(&path, &square()).unwrap_err();
        assert_eq!(refusal.code, "SH-SET-040");
        assert!(refusal.message.contains(&format!("contribution {number}")), "{}", refusal.message);
        assert!(refusal.message.contains("changed"), "{}", refusal.message);
    }
}

#[test]
fn damaged_ceremony_files_are_refused() {
    let (folder, files) = ceremony();
    let good = fs::read(&files[1]).unwrap();
    let path = folder.path().join("damaged");
    let refused = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        code(judged(&path, &square()))
    };
    for length in (0..good.len()).step_by(97).chain([good.len() - 1]) {
        refused(&good[..length]);
    }
    for index in (0..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[index] ^= 1;
        refused(&bad);
    }
    assert_eq!(refused(b""), "SH-CLI-004");
    assert_eq!(refused(b"shf:cer2 and more than that"), "SH-CLI-004");
    assert_eq!(refused(&[&good[..8], &[0xff; 8], &good[16..]].concat()), "SH-CLI-004");
    assert_eq!(refused(&[&good[..], &[0]].concat()), "SH-SET-070");
    fs::remove_file(&path).unwrap();
    assert_eq!(code(ceremony::open(&path)), "SH-CLI-001");
}

#[test]
fn test_only_says_so_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let cache = keys::cache_in(folder.path());
    let made = make_test_only(&cache, &square(), &quiet).unwrap();
    assert_eq!((&made["label"], &made["provenance"]), (&json!("TEST ONLY"), &json!("test-only")));
    assert_eq!(made["circuit"], Hex(square().digest()).to_string());
    assert_eq!(made["constraints"], 1);
    let file = made["file"].as_str().unwrap();
    assert!(file.contains("test-only") && Path::new(file).exists(), "{file}");
    // Found, not made again; the same from everybody.
    assert_eq!(make_test_only(&cache, &square(), &quiet).unwrap(), made);
    let elsewhere = keys::cache_in(&folder.path().join("elsewhere"));
    assert_eq!(make_test_only(&elsewhere, &square(), &quiet).unwrap()["key_digest"], made["key_digest"]);
}

#[test]
fn powers_suffice_for_the_rows() {
    for (constraints, instance, expected) in
        [(0, 1, 1), (1, 2, 2), (2, 2, 2), (3, 2, 3), (6, 2, 3), (7, 2, 4)]
    {
        let matrices = [0, 1, 2].map(|_| vec![vec![]; constraints]);
        let system = ArkMatrices { num_instance: instance, num_witness: 1, matrices };
        assert_eq!(ceremony::power(&system), expected, "{constraints} and {instance}");
    }
}

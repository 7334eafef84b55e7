//! Keys of a circuit of one constraint.

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
    let bytes = include_bytes!("../../../../aggregator/setup/tests/fixtures/snarkjs_08.ptau");
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
    let refused = |wanted| code(verifying_key(&cache, &circuit, wanted).unwrap_err());
    assert_eq!(refused(Wanted::Ceremony), "SH-KEY-002");
    assert_eq!(refused(Wanted::TestOnly), "SH-KEY-001");
    let test_only = ensure_test_only(&cache, &square(), &|_| ()).unwrap();
    let (key, provenance) = verifying_key(&cache, &circuit, Wanted::TestOnly).unwrap();
    assert_eq!((&key, provenance), (test_only.verifying_key(), Provenance::TestOnly));
    // Not in place of a ceremony's.
    assert_eq!(refused(Wanted::Ceremony), "SH-KEY-002");

    let chosen = ceremony_key("somebody");
    let file = choose(&cache, &chosen).unwrap();
    let (key, provenance) = verifying_key(&cache, &circuit, Wanted::Ceremony).unwrap();
    assert_eq!((&key, provenance), (chosen.verifying_key(), chosen.provenance()));
    // Another one in its place, of the same circuit and with the same label; then none.
    let mut bytes = fs::read(&file).unwrap();
    let other = fs::read(choose(&cache, &ceremony_key("other")).unwrap()).unwrap();
    choose(&cache, &chosen).unwrap();
    bytes.truncate(192);
    bytes.extend(&other[192..]);
    fs::write(&file, bytes).unwrap();
    assert_eq!(refused(Wanted::Ceremony), "SH-KEY-005");
    fs::remove_file(file).unwrap();
    assert_eq!(refused(Wanted::Ceremony), "SH-KEY-004");
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

/// Keys of another circuit would be made, and found under the pinned one's name by nobody.
#[test]
fn a_circuit_that_is_not_the_pinned_one_is_refused() {
    let error = check_circuit(Profile::Standard, &square()).unwrap_err();
    assert_eq!(code(error), "SH-KEY-010");
    assert_ne!(pinned_circuit().unwrap(), square().digest());
}

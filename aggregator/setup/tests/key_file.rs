//! Key files and their cache: every byte counts.
#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use std::fs;
use std::sync::LazyLock;

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::AffineRepr;
use ark_groth16::ProvingKey;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize};
use sha2::{Digest, Sha256};
use sheaf_setup::error::SetupError;
use sheaf_setup::key::header::HEADER_LEN;
use sheaf_setup::key::key_digest;
use sheaf_setup::{
    KeyCache, KeyFile, KeyHeader, PointChecks, Provenance, SetupKey, single_party, verifying_key_bytes,
    verifying_key_digest,
};

mod common;
use common::Circuit;

static KEY: LazyLock<SetupKey> =
    LazyLock::new(|| single_party(&Circuit::new(9, 3, 5).system, b"key file", &|_| ()).unwrap());

fn file() -> Vec<u8> {
    let mut bytes = Vec::new();
    KeyFile::write(&KEY, &mut bytes).unwrap();
    bytes
}

fn read(bytes: &[u8], checks: PointChecks) -> Result<SetupKey, SetupError> {
    KeyFile::read(bytes, bytes.len() as u64, checks)
}

/// Makes header and checksums fit a changed body, as an attacker would.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = Sha256::digest(&bytes[HEADER_LEN..]);
    bytes[112..144].copy_from_slice(&checksum);
    let checksum = Sha256::digest(&bytes[..160]);
    bytes[160..192].copy_from_slice(&checksum);
    bytes
}

#[test]
fn keys_survive_a_file() {
    let bytes = file();
    let header = KeyHeader::read(&bytes[..]).unwrap();
    assert_eq!(header.circuit, KEY.circuit());
    assert_eq!(header.provenance, Provenance::TestOnly);
    assert_eq!(header.checksum, key_digest(KEY.proving_key()).unwrap());
    for checks in [PointChecks::All, PointChecks::SkipFor(header.checksum)] {
        assert_eq!(read(&bytes, checks).unwrap(), *KEY);
    }
    // The body is arkworks' own encoding.
    let body = &bytes[HEADER_LEN..];
    assert_eq!(ProvingKey::<Bn254>::deserialize_uncompressed(body).unwrap(), *KEY.proving_key());
    let mut expected = Vec::new();
    KEY.proving_key().serialize_uncompressed(&mut expected).unwrap();
    assert_eq!(body, expected);
}

#[test]
fn a_flip_of_any_byte_and_a_cut_anywhere_are_noticed() {
    let good = file();
    let checksum = KeyHeader::read(&good[..]).unwrap().checksum;
    for index in 0..good.len() {
        let mut bad = good.clone();
        bad[index] ^= 1;
        assert!(read(&bad, PointChecks::SkipFor(checksum)).is_err(), "byte {index}");
        assert!(read(&good[..index], PointChecks::SkipFor(checksum)).is_err(), "cut at {index}");
        // A reader that ends before the length that was promised.
        assert!(KeyFile::read(&good[..index], good.len() as u64, PointChecks::SkipFor(checksum)).is_err());
    }
    let mut long = good.clone();
    long.push(0);
    assert!(matches!(read(&long, PointChecks::All), Err(SetupError::KeyFile { what: "length" })));
}

/// Somebody relabels a key whose secrets he knows, and does not touch the checksum.
#[test]
fn a_forged_label_breaks_the_header() {
    let mut bytes = file();
    bytes[47] = 2;
    assert!(matches!(
        read(&bytes, PointChecks::All),
        Err(SetupError::KeyFile { what: "checksum of the header" })
    ));
    // Test only has no transcript, and there is no fourth label.
    for (position, value) in [(60, 1), (47, 3), (150, 1)] {
        let mut bytes = file();
        bytes[position] = value;
        assert!(matches!(read(&resealed(bytes), PointChecks::All), Err(SetupError::KeyFile { .. })));
    }
}

#[test]
fn impossible_counts_are_refused_before_anything_is_allocated() {
    for (position, value) in [(80, u64::MAX), (80, 0), (88, u64::MAX), (88, 1 << 40), (96, 1 << 40), (96, 14)]
    {
        let mut bytes = file();
        bytes[position..position + 8].copy_from_slice(&value.to_be_bytes());
        let error = read(&resealed(bytes), PointChecks::All).unwrap_err();
        assert!(matches!(error, SetupError::KeyFile { .. } | SetupError::KeyShape { .. }), "{error}");
    }
    // Counts that are possible, with a length that fits: the file is shorter.
    let mut bytes = file();
    bytes[96..104].copy_from_slice(&((1u64 << 26) - 1).to_be_bytes());
    let length = u64::from_be_bytes(bytes[104..112].try_into().unwrap()) + ((1 << 26) - 16) * 64;
    bytes[104..112].copy_from_slice(&length.to_be_bytes());
    assert!(matches!(read(&resealed(bytes), PointChecks::All), Err(SetupError::KeyFile { what: "length" })));
}

#[test]
fn points_off_curve_and_subgroup_are_refused_unless_the_checksum_is_known() {
    // Of the first vector, IC: 64 + 3·128 bytes of points and 8 of length before it.
    let ic = HEADER_LEN + 64 + 3 * 128 + 8;
    let mut off_curve = file();
    off_curve[ic] ^= 1;
    let off_curve = resealed(off_curve);
    assert!(matches!(read(&off_curve, PointChecks::All), Err(SetupError::KeyPoint { what: "IC", index: 0 })));

    // A point of the twist off the subgroup, as the first of B in G2.
    let counts = KeyHeader::read(&file()[..]).unwrap().counts;
    let variables = counts.instance + counts.witness;
    let b_g2 = ic + counts.instance * 64 + 2 * 64 + 2 * (8 + variables * 64) + 8;
    let point = (0u64..)
        .find_map(|x| G2Affine::get_point_from_x_unchecked(ark_bn254::Fq2::new(x.into(), 1u64.into()), false))
        .unwrap();
    assert!(!point.is_in_correct_subgroup_assuming_on_curve());
    let mut off_subgroup = file();
    point.serialize_uncompressed(&mut off_subgroup[b_g2..b_g2 + 128]).unwrap();
    let off_subgroup = resealed(off_subgroup);
    assert!(matches!(
        read(&off_subgroup, PointChecks::All),
        Err(SetupError::KeyPoint { what: "B in G2", index: 0 })
    ));

    // Another spelling of the same point: the sign bit, which arkworks ignores here.
    let mut respelled = file();
    respelled[ic + 63] ^= 0x80;
    let respelled = resealed(respelled);
    assert!(matches!(read(&respelled, PointChecks::All), Err(SetupError::KeyPoint { what: "IC", index: 0 })));

    // The checksum of the good file does not open a bad one.
    let known = KeyHeader::read(&file()[..]).unwrap().checksum;
    for bytes in [off_curve, off_subgroup, respelled] {
        assert!(matches!(read(&bytes, PointChecks::SkipFor(known)), Err(SetupError::KeyFile { .. })));
    }
}

#[test]
fn what_is_damaged_in_the_cache_is_absent() {
    let folder = tempfile::tempdir().unwrap();
    let cache = KeyCache::new(folder.path().join("new"));
    let (circuit, label) = (KEY.circuit(), KEY.provenance());
    assert_eq!(cache.load(&circuit, &label), None);
    let path = cache.store(&KEY).unwrap();
    assert_eq!(cache.load(&circuit, &label).as_ref(), Some(&*KEY));
    assert_eq!(cache.load(&[0; 32], &label), None);
    for transcript in [[0; 32], [1; 32]] {
        assert_eq!(cache.load(&circuit, &Provenance::Ceremony { transcript }), None);
        assert_eq!(cache.load(&circuit, &Provenance::Unfinished { transcript }), None);
    }

    // A key for tests where one of a ceremony is looked for.
    let ceremony = Provenance::Ceremony { transcript: [1; 32] };
    let other = cache.path(&circuit, &ceremony);
    fs::copy(&path, &other).unwrap();
    fs::copy(path.with_extension("sha256"), other.with_extension("sha256")).unwrap();
    assert_eq!(cache.load(&circuit, &ceremony), None);
    // A key of another circuit.
    let other = cache.path(&[7; 32], &label);
    fs::copy(&path, &other).unwrap();
    fs::copy(path.with_extension("sha256"), other.with_extension("sha256")).unwrap();
    assert_eq!(cache.load(&[7; 32], &label), None);

    let good = fs::read(&path).unwrap();
    for index in (0..good.len()).step_by(37) {
        let mut bad = good.clone();
        bad[index] ^= 0x10;
        fs::write(&path, &bad).unwrap();
        assert_eq!(cache.load(&circuit, &label), None, "byte {index}");
        fs::write(&path, &good[..index]).unwrap();
        assert_eq!(cache.load(&circuit, &label), None, "cut at {index}");
    }
    // Storing again mends it; a lost or damaged checksum is a lost key.
    cache.store(&KEY).unwrap();
    assert!(cache.load(&circuit, &label).is_some());
    let checksum = path.with_extension("sha256");
    fs::write(&checksum, format!("0x{}", "00".repeat(32))).unwrap();
    assert_eq!(cache.load(&circuit, &label), None);
    fs::remove_file(&checksum).unwrap();
    assert_eq!(cache.load(&circuit, &label), None);
}

#[test]
fn verifying_keys_are_words_in_the_order_of_eip_197() {
    let key = KEY.verifying_key();
    let bytes = verifying_key_bytes(key);
    assert_eq!(bytes.len(), 32 * (14 + 2 * 3));
    let word = |index: usize| {
        use ark_ff::PrimeField;
        ark_bn254::Fq::from_be_bytes_mod_order(&bytes[32 * index..32 * index + 32])
    };
    let words: Vec<_> = (0..20).map(word).collect();
    let mut expected = vec![key.alpha_g1.x, key.alpha_g1.y];
    for point in [key.beta_g2, key.gamma_g2, key.delta_g2] {
        expected.extend([point.x.c1, point.x.c0, point.y.c1, point.y.c0]);
    }
    for point in &key.gamma_abc_g1 {
        expected.extend([point.x, point.y]);
    }
    assert_eq!(words, expected);
    // Gamma is the generator of G2 as the precompile's specification prints it.
    assert_eq!(
        words[6].to_string(),
        "11559732032986387107991004021392285783925812861821192530917403151452391805634"
    );
    let mut changed = key.clone();
    changed.gamma_abc_g1[2] = G1Affine::generator();
    assert_ne!(verifying_key_digest(key), verifying_key_digest(&changed));
}

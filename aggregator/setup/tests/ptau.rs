//! Files of powers of tau: what snarkjs writes is read, and what is not powers of one tau is refused.
#![expect(clippy::unwrap_used, reason = "clippy.toml exempts test functions, not the functions they share")]

use std::io::Cursor;

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use sheaf_setup::PowersOfTau;
use sheaf_setup::error::SetupError;
use sheaf_setup::points::PointFault;

const FIXTURE: &[u8] = include_bytes!("fixtures/snarkjs_08.ptau");
const NAMES: [&str; 4] = ["tau in G1", "tau in G2", "alpha·tau in G1", "beta·tau in G1"];

fn read(bytes: &[u8], power: Option<u32>) -> Result<PowersOfTau, SetupError> {
    PowersOfTau::read(Cursor::new(bytes), power, &|_| ())
}

fn refused(bytes: &[u8]) -> SetupError {
    read(bytes, None).unwrap_err()
}

/// Where a section's contents are.
fn section(bytes: &[u8], kind: u32) -> std::ops::Range<usize> {
    let mut position = 12;
    loop {
        let found = u32::from_le_bytes(bytes[position..position + 4].try_into().unwrap());
        let length = u64::from_le_bytes(bytes[position + 4..position + 12].try_into().unwrap());
        let end = position + 12 + usize::try_from(length).unwrap();
        if found == kind {
            return position + 12..end;
        }
        position = end;
    }
}

/// The file without a section.
fn without(bytes: &[u8], kind: u32) -> Vec<u8> {
    let range = section(bytes, kind);
    let mut bytes = [&bytes[..range.start - 12], &bytes[range.end..]].concat();
    bytes[8] -= 1;
    bytes
}

fn unprepared() -> Vec<u8> {
    (12..=15).fold(FIXTURE.to_vec(), |bytes, kind| without(&bytes, kind))
}

fn montgomery(element: &Fq) -> Vec<u8> {
    element.0.0.iter().flat_map(|limb| limb.to_le_bytes()).collect()
}

fn g1(point: G1Affine) -> Vec<u8> {
    [&point.x, &point.y].into_iter().flat_map(montgomery).collect()
}

fn g2(point: G2Affine) -> Vec<u8> {
    [&point.x.c0, &point.x.c1, &point.y.c0, &point.y.c1].into_iter().flat_map(montgomery).collect()
}

#[test]
fn a_file_of_snarkjs_is_read_whole_or_in_part() {
    let whole = read(FIXTURE, None).unwrap();
    assert_eq!((whole.power(), whole.is_test_only(), whole.is_prepared()), (8, false, true));
    let plain = read(&unprepared(), None).unwrap();
    assert!(!plain.is_prepared());
    for power in 1..=8 {
        let part = read(FIXTURE, Some(power)).unwrap();
        assert!(part.is_prepared());
        // What a transcript says about phase one does not depend on the file that somebody happened to have.
        let digest = whole.digest(power).unwrap();
        assert_eq!(part.digest(power).unwrap(), digest);
        assert_eq!(plain.digest(power).unwrap(), digest);
    }
    assert_eq!(read(FIXTURE, Some(9)).unwrap_err().code(), "SH-SET-021");
    assert_eq!(read(FIXTURE, Some(0)).unwrap_err().code(), "SH-SET-021");
    assert_eq!(read(FIXTURE, Some(29)).unwrap_err().code(), "SH-SET-021");
    assert_eq!(whole.digest(9).unwrap_err().code(), "SH-SET-021");
}

#[test]
fn our_own_powers_survive_a_file_and_stay_labelled() {
    let powers = PowersOfTau::test_only(4, b"seed").unwrap();
    let mut bytes = Vec::new();
    powers.write(&mut bytes).unwrap();
    let again = read(&bytes, None).unwrap();
    assert!(again.is_test_only() && powers.is_test_only());
    assert_eq!(again.digest(4).unwrap(), powers.digest(4).unwrap());
    assert_ne!(PowersOfTau::test_only(4, b"other").unwrap().digest(4).unwrap(), powers.digest(4).unwrap());
    assert_eq!(PowersOfTau::test_only(0, b"").unwrap_err().code(), "SH-SET-021");
    assert_eq!(PowersOfTau::test_only(29, b"").unwrap_err().code(), "SH-SET-021");
    // The file of snarkjs, written by us, is the same but for contributions.
    let snarkjs = unprepared();
    let mut bytes = Vec::new();
    read(&snarkjs, None).unwrap().write(&mut bytes).unwrap();
    for kind in 1..=6 {
        assert_eq!(bytes[section(&bytes, kind)], snarkjs[section(&snarkjs, kind)], "section {kind}");
    }
}

#[test]
fn malformed_files_are_refused() {
    let header = section(FIXTURE, 1).start;
    // Magic, version, count, a section's type and length, and each field of the header.
    let fields = [0, 4, 8, 12, 16, 20, header, header + 4, header + 36, header + 40];
    for position in fields {
        let mut bytes = FIXTURE.to_vec();
        bytes[position] ^= 0x40;
        let error = refused(&bytes);
        assert!(matches!(error, SetupError::Ptau { .. } | SetupError::Io { .. }), "byte {position}: {error}");
    }
    // A curve that is not ours.
    let mut bytes = FIXTURE.to_vec();
    bytes[header + 35] ^= 1;
    assert!(matches!(refused(&bytes), SetupError::Ptau { what: "curve", .. }));
    // Cut, or with something behind the end.
    for length in [0, 3, 11, 12, 30, 70, 5000, FIXTURE.len() - 1] {
        assert!(matches!(refused(&FIXTURE[..length]), SetupError::Ptau { .. } | SetupError::Io { .. }));
    }
    let mut bytes = FIXTURE.to_vec();
    bytes.push(0);
    assert!(matches!(refused(&bytes), SetupError::Ptau { what: "file length", .. }));
    // A section missing, an unknown one, one twice, one beyond the end of all numbers.
    for kind in (1..=7).chain(12..=15) {
        assert!(matches!(refused(&without(FIXTURE, kind)), SetupError::Ptau { .. }), "section {kind}");
    }
    let mut bytes = FIXTURE.to_vec();
    bytes[8] += 1;
    bytes.extend([99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert!(matches!(refused(&bytes), SetupError::Ptau { what: "section", .. }));
    let start = bytes.len() - 12;
    bytes[start] = 7;
    assert!(matches!(refused(&bytes), SetupError::Ptau { what: "sections", .. }));
    bytes[start + 4..].fill(0xff);
    assert!(matches!(refused(&bytes), SetupError::Ptau { what: "section length", .. }));
    // A label with contents.
    let mut bytes = FIXTURE.to_vec();
    bytes[8] += 1;
    bytes.extend(b"shtf\x01\0\0\0\0\0\0\0!");
    assert!(matches!(refused(&bytes), SetupError::Ptau { what: "test only", .. }));
}

#[test]
fn points_that_are_none_are_refused_by_name() {
    let off_subgroup = (0u64..)
        .find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(3u64)), false))
        .unwrap();
    for (kind, size) in
        [(2, 64), (3, 128), (4, 64), (5, 64), (6, 128), (12, 64), (13, 128), (14, 64), (15, 64)]
    {
        // Of a Lagrange form, only the part for the power that is asked for is read: the last.
        let range = section(FIXTURE, kind);
        let end = if kind == 12 { range.start + 511 * 64 } else { range.end };
        let last = end - size..end;
        let mut cases = vec![
            (vec![0; size], PointFault::Identity),
            (vec![0xff; size], PointFault::Encoding),
            (
                if size == 64 {
                    montgomery(&Fq::from(1u64)).repeat(2)
                } else {
                    montgomery(&Fq::from(1u64)).repeat(4)
                },
                PointFault::Curve,
            ),
        ];
        if size == 128 {
            cases.push((g2(off_subgroup), PointFault::Subgroup));
        }
        for (point, expected) in cases {
            let mut bytes = FIXTURE.to_vec();
            bytes[last.clone()].copy_from_slice(&point);
            let error = refused(&bytes);
            assert!(
                matches!(error, SetupError::PowersPoint { fault, .. } if fault == expected),
                "section {kind}: expected {expected}, got {error}"
            );
        }
    }
}

/// One power that is a good point, and not the power: whoever uses it proves with a polynomial of another degree.
#[test]
fn a_replaced_power_is_refused_wherever_it_is() {
    let (g1_point, g2_point) = (
        (G1Affine::generator() + G1Affine::generator()).into_affine(),
        (G2Affine::generator() + G2Affine::generator()).into_affine(),
    );
    for (kind, size, name) in [(2, 64, NAMES[0]), (3, 128, NAMES[1]), (4, 64, NAMES[2]), (5, 64, NAMES[3])] {
        let range = section(FIXTURE, kind);
        let count = range.len() / size;
        for index in [0, 1, 2, count / 2, count - 1] {
            let mut bytes = FIXTURE.to_vec();
            let start = range.start + index * size;
            let point = if size == 64 { g1(g1_point) } else { g2(g2_point) };
            bytes[start..start + size].copy_from_slice(&point);
            match refused(&bytes) {
                SetupError::PowersRatio { what } => {
                    assert!(index < 2 || what == name, "{what}, expected {name}")
                }
                error => panic!("section {kind}, point {index}: {error}"),
            }
        }
    }
    for (kind, size) in [(12, 64), (13, 128), (14, 64), (15, 64)] {
        let range = section(FIXTURE, kind);
        for index in [255, 300, 510] {
            let mut bytes = FIXTURE.to_vec();
            let start = range.start + index * size;
            let point = if size == 64 { g1(g1_point) } else { g2(g2_point) };
            bytes[start..start + size].copy_from_slice(&point);
            match refused(&bytes) {
                SetupError::PowersRatio { what } => assert!(what.starts_with("Lagrange"), "{what}"),
                error => panic!("section {kind}, point {index}: {error}"),
            }
        }
    }
    // beta in G2 is another's.
    let range = section(FIXTURE, 6);
    let mut bytes = FIXTURE.to_vec();
    bytes[range].copy_from_slice(&g2(g2_point));
    assert!(matches!(refused(&bytes), SetupError::PowersRatio { what: "beta in G1 and G2" }));
}

/// All vectors of another ceremony, but one: each is consistent in itself.
#[test]
fn vectors_of_two_ceremonies_do_not_mix() {
    let file = |seed: &[u8]| {
        let mut bytes = Vec::new();
        PowersOfTau::test_only(3, seed).unwrap().write(&mut bytes).unwrap();
        bytes
    };
    let (ours, theirs) = (file(b"ours"), file(b"theirs"));
    for kind in 2..=6 {
        let mut bytes = ours.clone();
        let range = section(&bytes, kind);
        bytes[range.clone()].copy_from_slice(&theirs[range]);
        assert!(matches!(refused(&bytes), SetupError::PowersRatio { .. }), "section {kind}");
    }
}

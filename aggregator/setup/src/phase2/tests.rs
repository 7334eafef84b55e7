//! One test per attack on a ceremony.

use std::sync::LazyLock;

use ark_bn254::{Fq, Fq2, G2Affine};
use ark_groth16::Groth16;
use ark_snark::SNARK;
use ark_std::rand::{SeedableRng, rngs::StdRng};

use super::transcript::challenge;
use super::*;
use crate::points::PointFault;
use crate::single::{Secrets, generate};
use crate::testing::Circuit;

fn quiet(_: &str) {}

struct Ceremony {
    circuit: Circuit,
    powers: PowersOfTau,
    initial: ProvingKey<Bn254>,
    /// After each contribution: two participants, then a beacon.
    steps: Vec<Phase2>,
}

fn scalar(n: u64) -> Fr {
    hash_to_field(b"test", &[&n.to_be_bytes()])
}

/// Powers of tau that are for tests, and pass for a ceremony's, so that labels can be tested.
fn powers(power: u32) -> PowersOfTau {
    let mut bytes = Vec::new();
    let powers = PowersOfTau::test_only(power, b"phase two").unwrap();
    powers.write(&mut bytes).unwrap();
    // Without the first section, the label.
    let bytes = [&bytes[..8], &[7, 0, 0, 0], &bytes[24..]].concat();
    let powers = PowersOfTau::read(std::io::Cursor::new(bytes), None, &quiet).unwrap();
    assert!(!powers.is_test_only() && !powers.is_prepared());
    powers
}

static CEREMONY: LazyLock<Ceremony> = LazyLock::new(|| {
    let circuit = Circuit::new(27, 3, 11);
    let powers = powers(5);
    let mut phase = Phase2::new(&powers, &circuit.system, &quiet).unwrap();
    let initial = phase.key.clone();
    let mut steps = Vec::new();
    for name in ["first", "second"] {
        phase.contribute(name, b"entropy", &quiet).unwrap();
        steps.push(phase.clone());
    }
    phase.beacon("lottery", b"numbers", 4, &quiet).unwrap();
    steps.push(phase);
    Ceremony { circuit, powers, initial, steps }
});

/// What both ways of verifying say, which is the same.
fn verdict(phase: &Phase2) -> Result<VerifiedCeremony, SetupError> {
    let Ceremony { circuit, powers, initial, .. } = &*CEREMONY;
    let from = verify_from(&phase.transcript, initial, &phase.key, &quiet);
    let alone = verify(&phase.transcript, powers, &circuit.system, &phase.key, &quiet);
    match (&from, &alone) {
        (Ok(from), Ok(alone)) => assert_eq!(from, alone),
        (Err(from), Err(alone)) => assert_eq!(from.code(), alone.code(), "{from} and {alone}"),
        _ => panic!("they differ: {from:?} and {alone:?}"),
    }
    alone
}

fn code(phase: &Phase2) -> &'static str {
    verdict(phase).unwrap_err().code()
}

/// Makes the hash chain fit again, and the last digest fit the key: what every attacker can do.
fn resealed(mut phase: Phase2) -> Phase2 {
    if let Some(last) = phase.transcript.contributions.last_mut() {
        last.key = Hex(key_digest(&phase.key).unwrap());
    }
    let contributions = std::mem::take(&mut phase.transcript.contributions);
    for mut contribution in contributions {
        let number = phase.transcript.contributions.len() + 1;
        contribution.hash = Hex(contribution.expected_hash(&phase.transcript.hash(), number));
        phase.transcript.contributions.push(contribution);
    }
    phase
}

#[test]
fn an_honest_ceremony_verifies_and_its_key_proves() {
    let Ceremony { circuit, powers, initial, steps } = &*CEREMONY;
    for (index, phase) in steps.iter().enumerate() {
        let verified = verdict(phase).unwrap();
        assert_eq!(verified.participants, (index + 1).min(2));
        assert_eq!(verified.beacon, index == 2);
        assert_eq!(verified.provenance, Provenance::Ceremony { transcript: phase.transcript.hash() });
        let key = verified.label(phase.key.clone()).unwrap();
        crate::check_chain_id(&key.provenance(), 1).unwrap();
        assert_eq!(verified.label(initial.clone()).unwrap_err().code(), "SH-SET-060");

        let mut rng = StdRng::seed_from_u64(0);
        let proof = Groth16::<Bn254>::prove(key.proving_key(), circuit, &mut rng).unwrap();
        assert!(Groth16::<Bn254>::verify(key.verifying_key(), circuit.inputs(), &proof).unwrap());
    }
    assert!(Transcript::from_json(&steps[2].transcript.to_json().unwrap()).unwrap() == steps[2].transcript);
    assert_eq!(powers.digest(5).unwrap(), steps[2].transcript.powers.digest.0);
}

#[test]
fn the_key_is_that_of_a_single_party_with_the_same_secrets() {
    // A domain that the powers were prepared for, a smaller one, and a circuit of one row.
    for (constraints, instance, power) in [(27, 3, 5), (27, 3, 7), (0, 1, 2)] {
        let circuit = Circuit::new(constraints, instance, 11);
        let secrets = Secrets { delta: scalar(1) * scalar(2), ..Secrets::from_seed(b"phase two") };
        let powers = PowersOfTau::test_only(power, b"phase two").unwrap();
        let mut phase = Phase2::new(&powers, &circuit.system, &quiet).unwrap();
        for n in [1, 2] {
            phase.apply("somebody", Source::Participant, &scalar(n), &quiet).unwrap();
        }
        assert_eq!(phase.key, generate(&circuit.system, &secrets, &quiet).unwrap());
        // Powers for tests give keys for tests, whoever contributes.
        let verified = verify(&phase.transcript, &powers, &circuit.system, &phase.key, &quiet).unwrap();
        assert_eq!(verified.provenance, Provenance::TestOnly);
        assert_eq!(phase.into_parts().0.provenance(), Provenance::TestOnly);
    }
}

#[test]
fn the_lagrange_form_of_snarkjs_gives_the_same_key() {
    let bytes = include_bytes!("../../tests/fixtures/snarkjs_08.ptau");
    let read = |power| PowersOfTau::read(std::io::Cursor::new(bytes), power, &quiet).unwrap();
    let circuit = Circuit::new(100, 3, 2);
    let prepared = Phase2::new(&read(Some(7)), &circuit.system, &quiet).unwrap();
    // Of 2^8 rows, so that the form for 2^7 is computed here.
    let computed = Phase2::new(&read(None), &circuit.system, &quiet).unwrap();
    assert_eq!(prepared.key, computed.key);
    assert_eq!(prepared.transcript, computed.transcript);
    let large = Circuit::new(260, 3, 2);
    assert_eq!(Phase2::new(&read(None), &large.system, &quiet).unwrap_err().code(), "SH-SET-021");
}

/// Delta is 1: everybody can forge.
#[test]
fn a_ceremony_without_participants_gets_no_label() {
    let Ceremony { circuit, powers, .. } = &*CEREMONY;
    let mut phase = Phase2::new(powers, &circuit.system, &quiet).unwrap();
    for beacon in [false, true] {
        if beacon {
            phase.beacon("lottery", b"numbers", 0, &quiet).unwrap();
        }
        let provenance = verdict(&phase).unwrap().provenance;
        assert_eq!(provenance, Provenance::Unfinished { transcript: phase.transcript.hash() });
        assert_eq!(crate::check_chain_id(&provenance, 1).unwrap_err().code(), "SH-SET-010");
    }
}

/// The coordinator drops a participant whose secret he does not know.
#[test]
fn a_skipped_contribution_is_noticed() {
    for dropped in [0, 1] {
        let mut phase = CEREMONY.steps[2].clone();
        phase.transcript.contributions.remove(dropped);
        assert_eq!(code(&phase), "SH-SET-040");
        // The next proof of knowledge is for another place.
        assert_eq!(code(&resealed(phase)), "SH-SET-042");
    }
    let mut phase = CEREMONY.steps[2].clone();
    phase.transcript.contributions.pop();
    assert_eq!(code(&phase), "SH-SET-060");
    // With the digest made to fit, the key has still the delta of one contribution more.
    let phase = resealed(phase);
    assert_eq!(code(&phase), "SH-SET-061");
}

#[test]
fn reordered_contributions_are_noticed() {
    let mut phase = CEREMONY.steps[1].clone();
    phase.transcript.contributions.swap(0, 1);
    assert_eq!(code(&phase), "SH-SET-040");
    assert_eq!(code(&resealed(phase)), "SH-SET-042");
}

/// The last participant throws the others' secrets away: delta becomes his alone.
#[test]
fn a_delta_that_drops_earlier_secrets_is_noticed() {
    let Ceremony { initial, steps, .. } = &*CEREMONY;
    let mut phase = steps[0].clone();
    phase.key = initial.clone();
    phase.apply("mallory", Source::Participant, &scalar(3), &quiet).unwrap();
    assert_eq!(code(&phase), "SH-SET-043");
}

/// Delta is replaced by one whose factor nobody proves to know.
#[test]
fn a_delta_without_proof_of_knowledge_is_noticed() {
    let mut phase = CEREMONY.steps[0].clone();
    phase.apply("mallory", Source::Participant, &scalar(3), &quiet).unwrap();
    let other = phase.transcript.contributions[0].proof;
    phase.transcript.contributions[1].proof = other;
    assert_eq!(code(&resealed(phase)), "SH-SET-042");
}

/// Somebody repeats another's contribution, whose factor he does not know, so as to cancel or double it.
#[test]
fn a_copied_contribution_is_noticed() {
    let Ceremony { steps, .. } = &*CEREMONY;
    let mut phase = steps[0].clone();
    let copy = phase.transcript.contributions[0].clone();
    phase.transcript.contributions.push(copy);
    assert_eq!(code(&resealed(phase)), "SH-SET-042");
}

/// A proof of knowledge under another name: somebody claims another's contribution.
#[test]
fn a_claimed_contribution_is_noticed() {
    let mut phase = CEREMONY.steps[0].clone();
    phase.transcript.contributions[0].name = "mallory".to_owned();
    assert_eq!(code(&phase), "SH-SET-040");
    assert_eq!(code(&resealed(phase)), "SH-SET-042");
}

#[test]
fn deltas_that_differ_between_the_groups_are_noticed() {
    let mut phase = CEREMONY.steps[0].clone();
    phase.apply("mallory", Source::Participant, &scalar(3), &quiet).unwrap();
    phase.key.vk.delta_g2 = (phase.key.vk.delta_g2 + G2Affine::generator()).into_affine();
    phase.transcript.contributions[1].delta_g2 = Hex(g2_bytes(&phase.key.vk.delta_g2));
    assert_eq!(code(&resealed(phase)), "SH-SET-044");
}

/// With delta = 0, e(C, delta) vanishes, and with an identity anywhere a pairing equation says nothing.
#[test]
fn identities_and_points_off_curve_or_subgroup_are_refused() {
    let off_subgroup = (0u64..)
        .find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(3u64)), false))
        .unwrap();
    let g1_cases =
        [([0; 64], PointFault::Identity), ([1; 64], PointFault::Curve), ([0xff; 64], PointFault::Encoding)];
    let g2_cases = [
        ([0; 128], PointFault::Identity),
        ([1; 128], PointFault::Curve),
        ([0xff; 128], PointFault::Encoding),
        (g2_bytes(&off_subgroup), PointFault::Subgroup),
    ];
    let refused = |change: &dyn Fn(&mut Contribution), field: &str, expected: PointFault| {
        let mut phase = CEREMONY.steps[1].clone();
        change(&mut phase.transcript.contributions[1]);
        match verdict(&resealed(phase)) {
            Err(SetupError::TranscriptPoint { number: 2, what, fault }) => {
                assert_eq!((what, fault), (field, expected));
            }
            other => panic!("{field}, {expected}: {other:?}"),
        }
    };
    for (bytes, fault) in g1_cases {
        refused(&|c| c.share = Hex(bytes), "share", fault);
        refused(&|c| c.delta_g1 = Hex(bytes), "delta in G1", fault);
    }
    for (bytes, fault) in g2_cases {
        refused(&|c| c.proof = Hex(bytes), "proof", fault);
        refused(&|c| c.delta_g2 = Hex(bytes), "delta in G2", fault);
    }
}

/// A beacon whose factor somebody chose is a contribution whose secret he may keep, under the name of a lottery.
#[test]
fn a_beacon_with_another_factor_is_noticed() {
    let mut phase = CEREMONY.steps[1].clone();
    let beacon = Beacon { bytes: b"numbers".to_vec(), iterations_log2: 4 };
    phase.apply("lottery", Source::Beacon(beacon), &scalar(3), &quiet).unwrap();
    assert_eq!(code(&phase), "SH-SET-045");
    // Another value, or fewer iterations, for the same factor.
    for (bytes, iterations_log2) in [(b"Numbers", 4), (b"numbers", 3)] {
        let mut phase = CEREMONY.steps[2].clone();
        phase.transcript.contributions[2].source =
            Source::Beacon(Beacon { bytes: bytes.to_vec(), iterations_log2 });
        assert_eq!(code(&phase), "SH-SET-040");
        assert_eq!(code(&resealed(phase)), "SH-SET-042");
    }
}

#[test]
fn nothing_follows_a_beacon() {
    let mut phase = CEREMONY.steps[2].clone();
    assert_eq!(phase.contribute("late", b"", &quiet).unwrap_err().code(), "SH-SET-046");
    assert_eq!(phase.beacon("late", b"again", 0, &quiet).unwrap_err().code(), "SH-SET-046");
    assert_eq!(phase.transcript, CEREMONY.steps[2].transcript);
    // By force: all is well but for the beacon before it.
    let beacon = phase.transcript.contributions[2].source.clone();
    phase.transcript.contributions[2].source = Source::Participant;
    phase.apply("late", Source::Participant, &scalar(3), &quiet).unwrap();
    phase.transcript.contributions[2].source = beacon;
    assert_eq!(code(&phase), "SH-SET-046");
}

/// Every part of the key, changed by whoever contributes last, with digests that fit.
#[test]
fn a_changed_key_is_noticed_and_the_part_is_named() {
    type Change = fn(&mut ProvingKey<Bn254>);
    fn add1(point: &mut G1Affine) {
        *point = (*point + G1Affine::generator()).into_affine();
    }
    fn add2(point: &mut G2Affine) {
        *point = (*point + G2Affine::generator()).into_affine();
    }
    let changes: [(&str, Change); 14] = [
        ("alpha", |key| add1(&mut key.vk.alpha_g1)),
        ("beta in G1", |key| add1(&mut key.beta_g1)),
        ("beta in G2", |key| add2(&mut key.vk.beta_g2)),
        ("gamma", |key| add2(&mut key.vk.gamma_g2)),
        ("IC", |key| add1(&mut key.vk.gamma_abc_g1[2])),
        ("A", |key| add1(&mut key.a_query[1])),
        ("B in G1", |key| add1(&mut key.b_g1_query[20])),
        ("B in G2", |key| add2(&mut key.b_g2_query[20])),
        ("L", |key| add1(&mut key.l_query[0])),
        ("L", |key| add1(key.l_query.last_mut().unwrap())),
        ("L", |key| key.l_query.swap(3, 4)),
        ("H", |key| add1(&mut key.h_query[0])),
        ("H", |key| add1(key.h_query.last_mut().unwrap())),
        ("H", |key| key.h_query[7] = G1Affine::identity()),
    ];
    let Ceremony { circuit, powers, initial, .. } = &*CEREMONY;
    for (part, change) in changes {
        let mut phase = CEREMONY.steps[1].clone();
        change(&mut phase.key);
        assert_eq!(code(&phase), "SH-SET-060");
        let phase = resealed(phase);
        match verify_from(&phase.transcript, initial, &phase.key, &quiet) {
            Err(SetupError::KeyMismatch { what }) => assert_eq!(what, part),
            other => panic!("{part}: {other:?}"),
        }
        // Here IC and L are one equation.
        let part = if ["IC", "L"].contains(&part) { "IC and L" } else { part };
        match verify(&phase.transcript, powers, &circuit.system, &phase.key, &quiet) {
            Err(SetupError::KeyMismatch { what }) => assert_eq!(what, part),
            other => panic!("{part}: {other:?}"),
        }
    }
    let deltas: [Change; 2] = [|key| add1(&mut key.delta_g1), |key| add2(&mut key.vk.delta_g2)];
    for change in deltas {
        let mut phase = CEREMONY.steps[1].clone();
        change(&mut phase.key);
        assert_eq!(code(&resealed(phase)), "SH-SET-061");
    }
}

/// The last participant updates delta and "forgets" to divide L or H by it, so that only the others' proofs fail.
#[test]
fn vectors_that_were_not_updated_are_noticed() {
    for part in ["L", "H"] {
        let before = &CEREMONY.steps[0].key;
        let mut phase = CEREMONY.steps[1].clone();
        match part {
            "L" => phase.key.l_query = before.l_query.clone(),
            _ => phase.key.h_query = before.h_query.clone(),
        }
        assert_eq!(code(&resealed(phase)), "SH-SET-064");
    }
}

#[test]
fn malformed_points_of_the_key_are_refused() {
    let off_curve = G1Affine::new_unchecked(Fq::from(5u64), Fq::from(5u64));
    let off_subgroup = (0u64..)
        .find_map(|x| G2Affine::get_point_from_x_unchecked(Fq2::new(Fq::from(x), Fq::from(3u64)), false))
        .unwrap();
    let mut phase = CEREMONY.steps[1].clone();
    phase.key.l_query[1] = off_curve;
    assert_eq!(code(&resealed(phase)), "SH-SET-063");
    let mut phase = CEREMONY.steps[1].clone();
    phase.key.h_query[1] = off_curve;
    assert_eq!(code(&resealed(phase)), "SH-SET-063");
    // These are compared with the initial key's there, and checked where there is none.
    let Ceremony { circuit, powers, .. } = &*CEREMONY;
    let changes: [fn(&mut ProvingKey<Bn254>, G1Affine, G2Affine); 5] = [
        |key, g1, _| key.a_query[1] = g1,
        |key, g1, _| key.b_g1_query[1] = g1,
        |key, _, g2| key.b_g2_query[1] = g2,
        |key, g1, _| key.vk.gamma_abc_g1[1] = g1,
        |key, _, g2| key.vk.beta_g2 = g2,
    ];
    for change in changes {
        let mut phase = CEREMONY.steps[1].clone();
        change(&mut phase.key, off_curve, off_subgroup);
        let phase = resealed(phase);
        let error = verify(&phase.transcript, powers, &circuit.system, &phase.key, &quiet).unwrap_err();
        assert_eq!(error.code(), "SH-SET-063");
    }
}

#[test]
fn a_key_of_another_size_is_refused() {
    let changes: [fn(&mut ProvingKey<Bn254>); 2] = [
        |key| {
            // One witness variable less, throughout.
            key.a_query.pop();
            key.b_g1_query.pop();
            key.b_g2_query.pop();
            key.l_query.pop();
        },
        |key| key.h_query.truncate(15),
    ];
    let Ceremony { circuit, powers, initial, .. } = &*CEREMONY;
    for change in changes {
        let mut phase = CEREMONY.steps[1].clone();
        change(&mut phase.key);
        let phase = resealed(phase);
        let error = verify(&phase.transcript, powers, &circuit.system, &phase.key, &quiet).unwrap_err();
        assert_eq!(error.code(), "SH-SET-062");
        verify_from(&phase.transcript, initial, &phase.key, &quiet).unwrap_err();
    }
    // Vectors that do not even fit one another.
    let mut key = CEREMONY.steps[1].key.clone();
    key.a_query.pop();
    assert_eq!(key_digest(&key).unwrap_err().code(), "SH-SET-062");
}

#[test]
fn another_circuit_other_powers_and_another_initial_key_are_refused() {
    let Ceremony { circuit, powers, initial, steps } = &*CEREMONY;
    let phase = &steps[2];
    let other = Circuit::new(27, 3, 12);
    let error = verify(&phase.transcript, powers, &other.system, &phase.key, &quiet).unwrap_err();
    assert_eq!(error.code(), "SH-SET-047");
    // The transcript says the other circuit's digest from the start, and hashes fit.
    let mut lie = Phase2::new(powers, &circuit.system, &quiet).unwrap();
    lie.transcript.circuit = Hex(other.system.digest());
    lie.apply("mallory", Source::Participant, &scalar(1), &quiet).unwrap();
    let error = verify(&lie.transcript, powers, &other.system, &lie.key, &quiet).unwrap_err();
    assert_eq!(error.code(), "SH-SET-064");

    for others in [PowersOfTau::test_only(5, b"others"), PowersOfTau::test_only(5, b"phase two")] {
        let error =
            verify(&phase.transcript, &others.unwrap(), &circuit.system, &phase.key, &quiet).unwrap_err();
        assert_eq!(error.code(), "SH-SET-048");
    }
    // The transcript says the true powers' digest, and was made with others.
    let mut lie =
        Phase2::new(&PowersOfTau::test_only(5, b"others").unwrap(), &circuit.system, &quiet).unwrap();
    lie.transcript.powers = phase.transcript.powers;
    lie.apply("mallory", Source::Participant, &scalar(1), &quiet).unwrap();
    let error = verify(&lie.transcript, powers, &circuit.system, &lie.key, &quiet).unwrap_err();
    assert_eq!(error.code(), "SH-SET-064");

    let mut wrong = initial.clone();
    wrong.l_query.swap(0, 1);
    let error = verify_from(&phase.transcript, &wrong, &phase.key, &quiet).unwrap_err();
    assert_eq!(error.code(), "SH-SET-049");
    // Fields of the head, changed behind everybody's back.
    let changes: [fn(&mut Transcript); 5] = [
        |t| t.circuit.0[0] ^= 1,
        |t| t.powers.digest.0[0] ^= 1,
        |t| t.powers.power -= 1,
        |t| t.powers.test_only = true,
        |t| t.initial_key.0[0] ^= 1,
    ];
    for change in changes {
        let mut phase = phase.clone();
        change(&mut phase.transcript);
        assert_eq!(code(&phase), "SH-SET-040");
    }
}

#[test]
fn a_ceremony_goes_on_only_from_its_own_key() {
    let phase = CEREMONY.steps[0].clone();
    let (key, transcript) = phase.clone().into_parts();
    assert_eq!(key.provenance(), Provenance::Unfinished { transcript: transcript.hash() });
    let mut resumed = Phase2::resume(key.clone(), transcript).unwrap();
    resumed.contribute("next", b"", &quiet).unwrap();
    verdict(&resumed).unwrap();
    let later = CEREMONY.steps[1].transcript.clone();
    assert_eq!(Phase2::resume(key, later).unwrap_err().code(), "SH-SET-060");
}

#[test]
fn contributions_differ_however_bad_the_entropy() {
    let shares: Vec<_> =
        CEREMONY.steps[1].transcript.contributions.iter().map(|contribution| contribution.share).collect();
    assert_ne!(shares[0], shares[1]);
}

#[test]
fn challenges_depend_on_all_that_they_bind() {
    let source = |n| Source::Beacon(Beacon { bytes: vec![n], iterations_log2: 0 });
    let all = [
        challenge(&[0; 32], 1, "a", &Source::Participant, &[0; 64]),
        challenge(&[1; 32], 1, "a", &Source::Participant, &[0; 64]),
        challenge(&[0; 32], 2, "a", &Source::Participant, &[0; 64]),
        challenge(&[0; 32], 1, "b", &Source::Participant, &[0; 64]),
        challenge(&[0; 32], 1, "a", &source(0), &[0; 64]),
        challenge(&[0; 32], 1, "a", &source(1), &[0; 64]),
        challenge(&[0; 32], 1, "a", &Source::Participant, &[1; 64]),
    ];
    for (index, one) in all.iter().enumerate() {
        assert!(!all[..index].contains(one));
    }
}

#[test]
fn transcripts_are_read_strictly() {
    let good = CEREMONY.steps[2].transcript.to_json().unwrap();
    let text = String::from_utf8(good).unwrap();
    let code = |text: &str| Transcript::from_json(text.as_bytes()).unwrap_err().code();
    for (from, to, expected) in [
        ("sheaf/setup/v1", "sheaf/setup/v2", "SH-SET-032"),
        ("\"name\": \"first\"", "\"name\": \"\"", "SH-SET-033"),
        ("\"name\": \"first\"", "\"name\": \"a\\u0007\"", "SH-SET-033"),
        ("\"iterations_log2\": 4", "\"iterations_log2\": 31", "SH-SET-034"),
        ("\"name\": \"first\"", "\"name\": \"first\", \"more\": 1", "SH-SET-031"),
        ("\"name\": \"first\",", "", "SH-SET-031"),
        ("\"share\": \"0x", "\"share\": \"", "SH-SET-031"),
        ("\"share\": \"0x", "\"share\": \"0X", "SH-SET-031"),
        ("\"share\": \"0x", "\"share\": \"0x00", "SH-SET-031"),
        ("\"participant\"", "\"nobody\"", "SH-SET-031"),
        ("\"test_only\": false", "\"test_only\": 0", "SH-SET-031"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert_eq!(code(&changed), expected, "{from} → {to}");
    }
    assert_eq!(code(&format!("{text}x")), "SH-SET-031");
    assert_eq!(code(&format!("{text}{}", " ".repeat(8 << 20))), "SH-SET-030");

    let mut phase = CEREMONY.steps[0].clone();
    let long = "x".repeat(101);
    for name in ["", "a\nb", &long] {
        assert_eq!(phase.contribute(name, b"", &quiet).unwrap_err().code(), "SH-SET-033");
    }
    for (bytes, iterations) in [(&[][..], 1), (&[0; 257][..], 1), (&[0][..], 31)] {
        assert_eq!(phase.beacon("b", bytes, iterations, &quiet).unwrap_err().code(), "SH-SET-034");
    }
    let one = phase.transcript.contributions[0].clone();
    phase.transcript.contributions = vec![one; 4096];
    assert_eq!(phase.contribute("n", b"", &quiet).unwrap_err().code(), "SH-SET-035");
    let one = phase.transcript.contributions[0].clone();
    phase.transcript.contributions.push(one);
    assert_eq!(phase.transcript.check().unwrap_err().code(), "SH-SET-035");
}

use sheaf_plonky2::hash::{empty_digest, tagged_hash_digests};
use sheaf_statement::Word;

use super::*;
use crate::tree::Step;

fn any(seed: u64) -> Digest {
    tagged_hash(Tag::Input, &[F::from_canonical_u64(seed)])
}

fn entry(program: u64, values: u64) -> Entry {
    let path = InclusionPath { leaf: Vec::new(), tree: vec![Step::Left(empty_digest())] };
    Entry { leaf_key: any(1), program_key: any(program), values: any(values), path }
}

fn point() -> Point {
    Point::new([3, 5]).unwrap()
}

#[test]
fn runs_are_in_the_order_of_their_first_entries() {
    let given = vec![entry(20, 0), entry(10, 1), entry(20, 2), entry(30, 3), entry(10, 4)];
    let listing = Listing::new(given.clone()).unwrap();
    assert_eq!(listing.positions(), [0, 2, 1, 4, 3]);
    for (entry, position) in given.iter().zip(listing.positions()) {
        assert_eq!(listing.entries()[*position], *entry);
    }
    let runs: Vec<_> = listing.runs().collect();
    assert_eq!(runs.iter().map(|(_, run)| run.len()).collect::<Vec<_>>(), [2, 2, 1]);
    for ((program, run), key) in runs.into_iter().zip([20, 10, 30]) {
        assert_eq!(program, tagged_hash_digests(Tag::Program, &[any(1), any(key)]));
        assert!(run.iter().all(|entry| entry.program() == program));
    }
}

/// Programs of one key under two leaf circuits are two programs.
#[test]
fn leaf_key_tells_runs_apart() {
    let other = Entry { leaf_key: any(2), ..entry(10, 0) };
    assert_eq!(Listing::new(vec![entry(10, 0), other]).unwrap().runs().count(), 2);
}

#[test]
fn elements_are_system_program_and_values() {
    let entry = entry(10, 0);
    let elements = entry.elements();
    assert_eq!(elements[0], F::from_canonical_u64(0xd534_6c8c));
    assert_eq!(elements[1..5], entry.program().elements());
    assert_eq!(elements[5..], entry.values.elements());
}

/// The sum that Horner's rule is for: `n·r^(9n) + Σ_i Σ_j e_ij · r^(9(n−1−i) + j)`.
#[test]
fn value_is_that_of_the_polynomial() {
    let listing = Listing::new((0..5).map(|i| entry(10 + i % 2, i)).collect()).unwrap();
    let r = QuadraticExtension(point().elements());
    let count = listing.entries().len();
    let power = |exponent: usize| (0..exponent).fold(QuadraticExtension::ONE, |power, _| power * r);
    let mut sum = QuadraticExtension::from(F::from_canonical_usize(count)) * power(ELEMENTS * count);
    for (i, entry) in listing.entries().iter().enumerate() {
        for (j, element) in entry.elements().into_iter().enumerate() {
            let element: QuadraticExtension<F> = element.into();
            sum += element * power(ELEMENTS * (count - 1 - i) + j);
        }
    }
    assert_eq!(listing.evaluate(&point()), sum.0.map(|coordinate| coordinate.to_canonical_u64()));
}

/// X² = 7, by hand: one statement of zeros but for its system, at r = X.
#[test]
fn point_is_of_the_extension_by_the_root_of_seven() {
    let x = Point::new([0, 1]).unwrap();
    let listing = Listing::new(vec![entry(10, 0)]).unwrap();
    let e = listing.entries()[0].elements().map(|element| u128::from(element.to_canonical_u64()));
    let modulus = u128::from(sheaf_plonky2::hash::GOLDILOCKS_MODULUS);
    let seven = |exponent: u32| 7_u128.pow(exponent);
    // Even powers of X are powers of seven, odd ones the same times X; the count is at X^9.
    let even = [0, 2, 4, 6, 8].into_iter().map(|j| e[j] * seven(j as u32 / 2) % modulus);
    let odd = [1, 3, 5, 7].into_iter().map(|j| e[j] * seven(j as u32 / 2) % modulus);
    let expected = [even.sum::<u128>() % modulus, (odd.sum::<u128>() + seven(4)) % modulus];
    assert_eq!(listing.evaluate(&x).map(u128::from), expected);
}

#[test]
fn commitment_is_to_the_count_the_elements_and_zeros() {
    let listing = Listing::new(vec![entry(10, 0), entry(10, 1)]).unwrap();
    let mut hashed = vec![F::TWO];
    hashed.extend(listing.elements());
    hashed.extend(vec![F::ZERO; ELEMENTS * (CAPACITY - 2)]);
    assert_eq!(listing.commitment(), tagged_hash(Tag::Listing, &hashed));
    let shorter = Listing::new(vec![entry(10, 0)]).unwrap();
    let smaller = Listing::with_capacity(vec![entry(10, 0)], CAPACITY - 1).unwrap();
    assert_ne!(shorter.commitment(), listing.commitment());
    assert_ne!(shorter.commitment(), smaller.commitment());
}

#[test]
fn claim_is_in_the_order_of_the_public_inputs() {
    let claim = Listing::new(vec![entry(10, 0)]).unwrap().claim(point());
    let elements = claim.elements();
    assert_eq!(elements[..4], claim.commitment.elements());
    assert_eq!(elements[4..6], point().elements());
    assert_eq!(elements[6..].iter().map(|s| s.to_canonical_u64()).collect::<Vec<_>>(), claim.value);
}

#[test]
fn no_statement_and_one_too_many_are_rejected() {
    for count in [0, CAPACITY as u64 + 1] {
        let error = Listing::new((0..count).map(|i| entry(10, i)).collect()).unwrap_err();
        let ListingError::Size { expected: CAPACITY, got } = error else { panic!("{error}") };
        assert_eq!(got as u64, count);
    }
    assert!(Listing::new((0..CAPACITY as u64).map(|i| entry(10, i)).collect()).is_ok());
}

#[test]
fn path_longer_than_any_batch_has_is_rejected() {
    let step = Step::Left(empty_digest());
    let mut long = entry(10, 0);
    long.path.leaf = vec![step; MAX_LEAF_STEPS];
    long.path.tree = vec![step; MAX_TREE_STEPS];
    assert!(Listing::new(vec![entry(10, 1), long.clone()]).is_ok());
    long.path.leaf.push(step);
    let error = Listing::new(vec![entry(10, 1), long.clone()]).unwrap_err();
    assert!(matches!(error, ListingError::PathLength { index: 1, expected: MAX_LEAF_STEPS, .. }), "{error}");
    long.path.leaf.clear();
    long.path.tree.push(step);
    let error = Listing::new(vec![entry(10, 1), long]).unwrap_err();
    assert!(matches!(error, ListingError::PathLength { index: 1, expected: MAX_TREE_STEPS, .. }), "{error}");
}

#[test]
fn path_to_another_batch_is_rejected() {
    let (first, mut second) = (entry(10, 0), entry(10, 0));
    let batch = first.batch();
    second.path.tree.push(Step::Left(empty_digest()));
    let listing = Listing::new(vec![first, second]).unwrap();
    let ListingError::Path { position: 1, expected, got } = listing.check_paths(&batch).unwrap_err() else {
        panic!("the second path is the wrong one")
    };
    assert_eq!((expected, got), (batch, listing.entries()[1].batch()));
}

#[test]
fn coordinate_of_the_point_at_its_limit_is_rejected() {
    let limit = 1 << Point::BITS;
    assert!(Point::new([limit - 1; 2]).is_ok());
    for coordinates in [[limit, 0], [0, limit]] {
        let error = Point::new(coordinates).unwrap_err();
        assert!(matches!(error, ListingError::Point { got } if got == limit), "{error}");
    }
}

fn statement(system: ProofSystem, words: Vec<Word>) -> Statement {
    Statement::new(system, program_vk(&any(1), &any(10)), words).unwrap()
}

#[test]
fn entry_of_another_program_or_system_is_rejected() {
    let path = InclusionPath::default();
    let good = statement(ProofSystem::Plonky2Goldilocks, vec![Word::from([0; 32])]);
    let entry = Entry::new(&good, any(1), any(10), path.clone()).unwrap();
    assert_eq!(entry.program().to_bytes(), *good.vk().as_bytes());
    assert_eq!(entry.values, public_values_digest(&[F::ZERO]));
    for (leaf_key, program_key) in [(any(2), any(10)), (any(1), any(11))] {
        let error = Entry::new(&good, leaf_key, program_key, path.clone()).unwrap_err();
        assert!(matches!(error, ListingError::VkMismatch { .. }), "{error}");
    }
    let foreign = statement(ProofSystem::Groth16Bn254, vec![Word::from([0; 32])]);
    let error = Entry::new(&foreign, any(1), any(10), path).unwrap_err();
    assert!(matches!(error, ListingError::System { got: ProofSystem::Groth16Bn254, .. }), "{error}");
}

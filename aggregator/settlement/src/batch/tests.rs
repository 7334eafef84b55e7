use proptest::prelude::*;

use super::*;

fn canonical() -> impl Strategy<Value = B256> {
    let limb = prop_oneof![0..MODULUS, Just(0), Just(MODULUS - 1)];
    proptest::array::uniform4(limb)
        .prop_map(|[a, b, c, d]| B256::from(U256::from_limbs([d, c, b, a]).to_be_bytes::<32>()))
}

fn word() -> impl Strategy<Value = U256> {
    proptest::array::uniform4(any::<u64>()).prop_map(U256::from_limbs)
}

prop_compose! {
    fn batches()(
        proof in proptest::array::uniform8(word()),
        commitment in canonical(),
        runs in proptest::collection::vec((canonical(), any::<[u8; 4]>(), 1..5u32), 1..5),
    )(
        digests in proptest::collection::vec(canonical(), runs.iter().map(|run| run.2 as usize).sum::<usize>()),
        (proof, commitment, runs) in Just((proof, commitment, runs)),
    ) -> BatchCalldata {
        let runs = runs.into_iter().map(|(program, system, count)| Run { program, system, count }).collect();
        BatchCalldata::new(proof, commitment, runs, digests).unwrap()
    }
}

/// The evaluation as the decision record writes it, by Horner's rule over all elements backwards.
fn evaluation_by_horner(batch: &BatchCalldata, r: Extension) -> Extension {
    let mut sum = Extension::from(u64::from(batch.size()));
    let r9 = (0..9).fold(Extension::ONE, |power, _| power * r);
    for leaf in batch.leaves() {
        let inner = elements_of(&leaf)
            .iter()
            .rev()
            .fold(Extension { c0: 0, c1: 0 }, |sum, element| sum * r + Extension::from(*element));
        sum = sum * r9 + inner;
    }
    sum
}

proptest! {
    #[test]
    fn bytes_come_back(batch in batches()) {
        prop_assert_eq!(BatchCalldata::from_bytes(&batch.to_bytes()), Ok(batch));
    }

    /// Attack: say the same batch with other bytes, or another with bytes cut off or put behind.
    #[test]
    fn every_other_length_is_rejected(batch in batches(), extra in 1..70usize, cut in any::<prop::sample::Index>()) {
        let mut bytes = batch.to_bytes();
        let short = &bytes[..cut.index(bytes.len())];
        let is_refused = |bytes: &[u8]| matches!(BatchCalldata::from_bytes(bytes), Err(BatchError::Length { .. }));
        prop_assert!(is_refused(short));
        bytes.resize(bytes.len() + extra, 0);
        prop_assert!(is_refused(&bytes));
    }

    /// Attack: change what is proven and keep the challenge. Every byte behind the proof is under the seed.
    #[test]
    fn every_byte_behind_the_proof_moves_the_challenge_or_is_rejected(
        batch in batches(),
        at in any::<prop::sample::Index>(),
        flip in 1..=255u8,
    ) {
        let mut bytes = batch.to_bytes();
        let at = 256 + at.index(bytes.len() - 256);
        bytes[at] ^= flip;
        if let Ok(other) = BatchCalldata::from_bytes(&bytes) {
            prop_assert_ne!(other.challenge(), batch.challenge());
            prop_assert_ne!(other.public_inputs(), batch.public_inputs());
        }
    }

    #[test]
    fn evaluation_is_the_polynomial_of_the_decision_record(batch in batches(), c0 in 0..MODULUS, c1 in 0..MODULUS) {
        let r = Extension { c0, c1 };
        prop_assert_eq!(batch.evaluation_at(r), evaluation_by_horner(&batch, r));
    }

    #[test]
    fn challenge_and_public_inputs_are_in_range(batch in batches()) {
        let r = batch.challenge();
        prop_assert!(r.c0 < 1 << 60 && r.c1 < 1 << 60);
        let [x1, x2] = batch.public_inputs();
        prop_assert!(x1.bit_len() <= 252 && x2.bit_len() <= 252);
    }

    #[test]
    fn every_path_leads_to_the_root(count in 1..70usize, seed in any::<[u8; 32]>()) {
        let leaves: Vec<B256> = (0..count).map(|i| keccak256([&seed[..], &i.to_be_bytes()].concat())).collect();
        let tree = EvmTree::new(leaves.clone());
        for (position, leaf) in leaves.iter().enumerate() {
            let path = tree.path(position).unwrap();
            prop_assert_eq!(path.root(leaf), tree.root());
            prop_assert!(path.index >> path.siblings.len() == 0);
            prop_assert!(path.siblings.len() <= MAX_PATH_LEN);
            // Attack: another leaf under the same path, or the same leaf on the other side.
            prop_assert_ne!(path.root(&keccak256(leaf)), tree.root());
            if !path.siblings.is_empty() {
                let other = EvmPath { index: path.index ^ 1, ..path };
                prop_assert_ne!(other.root(leaf), tree.root());
            }
        }
        prop_assert_eq!(
            tree.path(count).unwrap_err(),
            BatchError::LeafIndex { leaves: count, got: count }
        );
    }
}

fn leaf_of(n: u8) -> Leaf {
    Leaf {
        program: B256::with_last_byte(1),
        system: [0xd5, 0x34, 0x6c, 0x8c],
        public_inputs: B256::with_last_byte(n),
    }
}

fn batch_of(count: usize) -> Result<BatchCalldata, BatchError> {
    let leaves: Vec<Leaf> = (0..count).map(|i| leaf_of(i as u8)).collect();
    BatchCalldata::of_leaves([U256::ZERO; 8], B256::ZERO, &leaves)
}

#[test]
fn batches_have_one_to_4096_leaves() {
    assert_eq!(batch_of(0), Err(BatchError::LeafCount { got: 0 }));
    assert_eq!(batch_of(4097), Err(BatchError::LeafCount { got: 4097 }));
    let batch = batch_of(4096).unwrap();
    assert_eq!(batch.tree().path(4095).unwrap().siblings.len(), MAX_PATH_LEN);
    assert_eq!(BatchCalldata::from_bytes(&batch.to_bytes()).unwrap(), batch);
}

/// Attack: a run of no statements, which would make two spellings of one batch.
#[test]
fn empty_run_is_rejected() {
    let batch = batch_of(2).unwrap();
    let runs = vec![batch.runs()[0], Run { count: 0, ..batch.runs()[0] }];
    let result = BatchCalldata::new(*batch.proof(), batch.commitment(), runs, batch.digests().to_vec());
    assert_eq!(result, Err(BatchError::EmptyRun { index: 1 }));
}

/// Attack: counts that overflow to a small sum.
#[test]
fn counts_that_would_overflow_are_rejected() {
    let batch = batch_of(2).unwrap();
    let runs = vec![Run { count: u32::MAX, ..batch.runs()[0] }, Run { count: 3, ..batch.runs()[0] }];
    let result = BatchCalldata::new(*batch.proof(), batch.commitment(), runs, batch.digests().to_vec());
    assert_eq!(result, Err(BatchError::LeafCount { got: u64::from(u32::MAX) + 3 }));
}

#[test]
fn runs_count_the_digests() {
    let batch = batch_of(3).unwrap();
    let result = BatchCalldata::new(
        *batch.proof(),
        batch.commitment(),
        batch.runs().to_vec(),
        batch.digests()[1..].to_vec(),
    );
    assert_eq!(result, Err(BatchError::DigestCount { expected: 3, got: 2 }));
}

/// Attack: v + p in the place of v is the same field element, so that one proof would be of two lists.
#[test]
fn value_that_is_not_canonical_is_rejected() {
    let batch = batch_of(2).unwrap();
    let bytes = batch.to_bytes();
    // The commitment's c1, the program id's last element and a digest's first element.
    for (at, what) in [(264, "commitment"), (290 + 24, "program id"), (330 + 32, "public inputs digest")] {
        for value in [MODULUS, u64::MAX] {
            let mut bytes = bytes.clone();
            bytes[at..at + 8].copy_from_slice(&value.to_be_bytes());
            let got = BatchCalldata::from_bytes(&bytes);
            assert!(matches!(got, Err(BatchError::NotCanonical { what: it, .. }) if it == what), "{got:?}");
            bytes[at..at + 8].copy_from_slice(&(MODULUS - 1).to_be_bytes());
            assert!(BatchCalldata::from_bytes(&bytes).is_ok());
        }
    }
}

/// Attack: offer an inner node as a leaf, with the path cut to fit.
#[test]
fn leaves_and_nodes_do_not_collide() {
    let tree = batch_of(4).unwrap().tree();
    let path = tree.path(0).unwrap();
    let inner = node(&tree.leaves()[0], &tree.leaves()[1]);
    // The node is on the way up, but what contracts start from is hashed as a leaf.
    let disguised = keccak256([&[0][..], inner.as_slice()].concat());
    let cut = EvmPath { index: 0, siblings: path.siblings[1..].to_vec() };
    assert_ne!(cut.root(&disguised), tree.root());
}

#[test]
fn neighbours_share_a_run() {
    let other = Leaf { system: [0; 4], ..leaf_of(3) };
    let leaves = [leaf_of(1), leaf_of(2), other, leaf_of(1)];
    let batch = BatchCalldata::of_leaves([U256::ZERO; 8], B256::ZERO, &leaves).unwrap();
    assert_eq!(batch.runs().iter().map(|run| run.count).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(batch.leaves().collect::<Vec<_>>(), leaves);
}

#[test]
fn path_has_one_spelling_in_json() {
    let path = batch_of(3).unwrap().tree().path(1).unwrap();
    let json = serde_json::to_string(&path).unwrap();
    assert_eq!(serde_json::from_str::<EvmPath>(&json).unwrap(), path);
    for bad in [
        json.replace("0x", "0X"),
        json.replace("0x", ""),
        json.to_uppercase(),
        json.replace('}', ",\"a\":1}"),
    ] {
        assert!(serde_json::from_str::<EvmPath>(&bad).is_err(), "{bad}");
    }
    let long = EvmPath { index: 0, siblings: vec![B256::ZERO; MAX_PATH_LEN + 1] };
    assert!(serde_json::from_str::<EvmPath>(&serde_json::to_string(&long).unwrap()).is_err());
}

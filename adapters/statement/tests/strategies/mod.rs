//! Random statements and damaged encodings for the property tests.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use sheaf_statement::{ProofSystem, Statement, Word};

/// p = 2^64 − 2^32 + 1.
const GOLDILOCKS: u64 = 0xffff_ffff_0000_0001;

/// Any statement of up to five words, with words at the edges more often than chance has them.
pub(crate) fn statements() -> impl Strategy<Value = Statement> {
    let goldilocks = vec(prop_oneof![Just(0), Just(GOLDILOCKS - 1), 0..GOLDILOCKS], 0..6);
    let scalar = any::<[u8; 32]>().prop_map(|mut bytes| {
        // r begins with 0x30, so this is below it.
        bytes[0] %= 0x30;
        Word::from(bytes)
    });
    let scalars = vec(prop_oneof![any::<u64>().prop_map(Word::from), scalar], 0..6);
    prop_oneof![
        (any::<[u8; 32]>(), goldilocks).prop_map(|(vk, words)| {
            Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, vk.into(), &words).unwrap()
        }),
        (any::<[u8; 32]>(), scalars)
            .prop_map(|(vk, words)| { Statement::new(ProofSystem::Groth16Bn254, vk.into(), words).unwrap() }),
    ]
}

/// One way to damage an encoding.
#[derive(Debug, Clone)]
pub(crate) enum Damage {
    Set(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Swap(Index, Index),
    Append(Vec<u8>),
}

impl Damage {
    /// Any damage, somewhere.
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let at = any::<Index>;
        // Runs of 32 bytes add, drop and double whole words.
        let run = || prop_oneof![1..8_usize, Just(32)];
        let bytes = || prop_oneof![vec(any::<u8>(), 1..40), vec(any::<u8>(), 32)];
        prop_oneof![
            (at(), any::<u8>()).prop_map(|(at, byte)| Self::Set(at, byte)),
            (at(), bytes()).prop_map(|(at, bytes)| Self::Insert(at, bytes)),
            (at(), run()).prop_map(|(at, run)| Self::Remove(at, run)),
            (at(), run()).prop_map(|(at, run)| Self::Repeat(at, run)),
            (at(), at()).prop_map(|(a, b)| Self::Swap(a, b)),
            bytes().prop_map(Self::Append),
        ]
    }

    /// Applies it to bytes that are not empty.
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len();
        match self {
            Self::Set(at, byte) => bytes[at.index(len)] = *byte,
            Self::Insert(at, inserted) => {
                let at = at.index(len);
                bytes.splice(at..at, inserted.iter().copied());
            }
            Self::Remove(at, run) => {
                // Keeps one byte, so that more damage can follow.
                let start = at.index(len).max(1);
                bytes.drain(start.min(len)..(start + run).min(len));
            }
            Self::Repeat(at, run) => {
                let start = at.index(len);
                let end = (start + run).min(len);
                let repeated = bytes[start..end].to_vec();
                bytes.splice(end..end, repeated);
            }
            Self::Swap(a, b) => bytes.swap(a.index(len), b.index(len)),
            Self::Append(appended) => bytes.extend_from_slice(appended),
        }
    }
}

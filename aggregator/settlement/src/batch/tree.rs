//! The keccak256 tree that contracts know a batch by.
//!
//! ```text
//! leaf   keccak256(0x00 ‖ keccak256(abi.encode(programId, publicInputsDigest, context)))
//! node   keccak256(0x01 ‖ left ‖ right)                      an odd node moves up as it is
//! ```

use alloy::primitives::{B256, Keccak256, keccak256};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{BatchError, Leaf, MAX_LEAVES};

/// Most siblings of a path.
pub const MAX_PATH_LEN: usize = MAX_LEAVES.trailing_zeros() as usize;

const LEAF: [u8; 1] = [0];
const NODE: [u8; 1] = [1];

/// A statement's leaf. Hashed twice, so that no node's preimage is a leaf's.
#[must_use]
pub fn leaf(leaf: &Leaf) -> B256 {
    let inner = keccak(&[leaf.program.as_slice(), leaf.public_inputs.as_slice(), leaf.context().as_slice()]);
    keccak(&[&LEAF, inner.as_slice()])
}

/// The parent of two nodes.
#[must_use]
pub fn node(left: &B256, right: &B256) -> B256 {
    keccak(&[&NODE, left.as_slice(), right.as_slice()])
}

fn keccak(parts: &[&[u8]]) -> B256 {
    match parts {
        [one] => keccak256(one),
        parts => {
            let mut hasher = Keccak256::new();
            parts.iter().for_each(|part| hasher.update(part));
            hasher.finalize()
        }
    }
}

/// How to get from a leaf to the root, as `isProven` takes it.
///
/// As JSON: `{"index": 5, "siblings": ["0x<64 lower-case digits>", …]}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvmPath {
    /// Bit i says whether the i-th sibling is on the left. Where a node moved up alone there is no sibling and no bit, so
    /// this is the leaf's position only in a tree without odd levels.
    pub index: u64,
    /// From the leaf upwards, at most [`MAX_PATH_LEN`].
    #[serde(serialize_with = "write_words", deserialize_with = "read_words")]
    pub siblings: Vec<B256>,
}

impl EvmPath {
    /// The root that this path leads to from a leaf.
    #[must_use]
    pub fn root(&self, leaf: &B256) -> B256 {
        self.siblings.iter().enumerate().fold(*leaf, |child, (level, sibling)| {
            // Beyond 64 levels there are no bits: all siblings are on the right.
            match self.index.checked_shr(level as u32).unwrap_or(0) & 1 {
                0 => node(&child, sibling),
                _ => node(sibling, &child),
            }
        })
    }
}

/// The tree over at least one leaf.
#[derive(Debug, Clone)]
pub struct EvmTree {
    /// Leaves first, the root alone in the last.
    levels: Vec<Vec<B256>>,
}

impl EvmTree {
    /// The tree over these leaves. Without any, its root is zero, which no batch has.
    #[must_use]
    pub fn new(leaves: Vec<B256>) -> Self {
        let mut levels = vec![leaves];
        while let Some(level) = levels.last().filter(|level| level.len() > 1) {
            let parent = |pair: &[B256]| match pair {
                [left, right] => node(left, right),
                odd => odd.first().copied().unwrap_or_default(),
            };
            let next = level.chunks(2).map(parent).collect();
            levels.push(next);
        }
        Self { levels }
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.levels.last().and_then(|level| level.first()).copied().unwrap_or_default()
    }

    /// The leaves.
    #[must_use]
    pub fn leaves(&self) -> &[B256] {
        self.levels.first().map_or(&[], Vec::as_slice)
    }

    /// The path of the leaf at a position.
    ///
    /// # Errors
    /// [`BatchError::LeafIndex`] if there is no such leaf.
    pub fn path(&self, position: usize) -> Result<EvmPath, BatchError> {
        let leaves = self.leaves().len();
        if position >= leaves {
            return Err(BatchError::LeafIndex { leaves, got: position });
        }
        let mut path = EvmPath { index: 0, siblings: Vec::new() };
        for (height, level) in self.levels.iter().enumerate() {
            let at = position >> height;
            // The root has none, and an odd node moves up without one.
            let Some(sibling) = level.get(at ^ 1) else { continue };
            path.index |= (at as u64 & 1) << path.siblings.len();
            path.siblings.push(*sibling);
        }
        Ok(path)
    }
}

fn write_words<S: Serializer>(words: &[B256], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(words.iter().map(|word| format!("{word:#x}")))
}

fn read_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<B256>, D::Error> {
    use serde::de::Error as _;

    let texts = Vec::<String>::deserialize(deserializer)?;
    if texts.len() > MAX_PATH_LEN {
        return Err(D::Error::invalid_length(texts.len(), &"at most 12 siblings"));
    }
    let parse = |text: &String| {
        let digits =
            text.strip_prefix("0x").filter(|digits| !digits.contains(|c: char| c.is_ascii_uppercase()));
        let mut word = B256::ZERO;
        match digits.map(|digits| hex::decode_to_slice(digits, word.as_mut_slice())) {
            Some(Ok(())) => Ok(word),
            _ => Err(D::Error::custom("expected 0x and 64 lower-case hexadecimal digits")),
        }
    };
    texts.iter().map(parse).collect()
}

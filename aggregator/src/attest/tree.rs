//! The tree of attested statements, and what is signed of it.
//!
//! ```text
//! leaf    keccak256(0x00 ‖ "sheaf/attested/v1" ‖ statement id)
//! node    keccak256(0x01 ‖ left ‖ right)                            an odd node moves up as it is
//! batch   keccak256("sheaf/attestation/v1" ‖ root ‖ count as 4 bytes ‖ time in ms as 8 bytes)
//! signed  keccak256("\x19Ethereum Signed Message:\n32" ‖ batch)     EIP-191, so that wallets and contracts recover it
//! ```
//!
//! Integers are big-endian. The first byte keeps leaves and nodes apart, the tags keep leaves and batches apart from
//! whatever else is hashed. The proven tree is of Poseidon digests, so that nothing is in both.

use serde::{Deserialize, Serialize};
use sha3::{Digest as _, Keccak256};
use sheaf_statement::StatementId;

use super::{AttestedBatch, KeccakDigest};

const LEAF: u8 = 0;
const NODE: u8 = 1;
const LEAF_TAG: &[u8] = b"sheaf/attested/v1";
const BATCH_TAG: &[u8] = b"sheaf/attestation/v1";
const EIP_191: &[u8] = b"\x19Ethereum Signed Message:\n32";

/// One step of a path: the sibling, and which side it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttestedStep {
    /// The sibling is the left child.
    Left(KeccakDigest),
    /// The sibling is the right child.
    Right(KeccakDigest),
}

/// The root that a path leads to.
pub(super) fn root(statement: &StatementId, path: &[AttestedStep]) -> KeccakDigest {
    path.iter().fold(leaf(statement), |child, step| match step {
        AttestedStep::Left(sibling) => node(sibling, &child),
        AttestedStep::Right(sibling) => node(&child, sibling),
    })
}

/// Most steps of a path in a tree of so many leaves.
pub(super) fn max_path_len(count: u32) -> usize {
    count.next_power_of_two().trailing_zeros() as usize
}

/// The root over at least one statement, and the path of each.
pub(super) fn tree(statements: &[StatementId]) -> (KeccakDigest, Vec<Vec<AttestedStep>>) {
    let mut level: Vec<KeccakDigest> = statements.iter().map(leaf).collect();
    let mut paths = vec![Vec::new(); statements.len()];
    let mut height = 0;
    while level.len() > 1 {
        for (index, path) in paths.iter_mut().enumerate() {
            let position = index >> height;
            let Some(sibling) = level.get(position ^ 1) else { continue };
            path.push(match position % 2 {
                0 => AttestedStep::Right(*sibling),
                _ => AttestedStep::Left(*sibling),
            });
        }
        let parent = |pair: &[KeccakDigest]| pair.get(1).map_or(pair[0], |right| node(&pair[0], right));
        level = level.chunks(2).map(parent).collect();
        height += 1;
    }
    (level[0], paths)
}

/// What the operator signs.
pub(super) fn signed_digest(batch: &AttestedBatch) -> KeccakDigest {
    let message = keccak(&[
        BATCH_TAG,
        batch.root.as_bytes(),
        &batch.count.to_be_bytes(),
        &batch.attested_at_ms.to_be_bytes(),
    ]);
    keccak(&[EIP_191, message.as_bytes()])
}

fn leaf(statement: &StatementId) -> KeccakDigest {
    keccak(&[&[LEAF], LEAF_TAG, statement.as_bytes()])
}

fn node(left: &KeccakDigest, right: &KeccakDigest) -> KeccakDigest {
    keccak(&[&[NODE], left.as_bytes(), right.as_bytes()])
}

fn keccak(parts: &[&[u8]]) -> KeccakDigest {
    let mut hasher = Keccak256::new();
    parts.iter().for_each(|part| hasher.update(part));
    <[u8; 32]>::from(hasher.finalize()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_leads_to_the_root_and_is_no_longer_than_the_count_allows() {
        for count in (1..=33).chain([64, 100]) {
            let statements: Vec<StatementId> = (0..count).map(|i| [i as u8; 32].into()).collect();
            let (expected, paths) = tree(&statements);
            for (statement, path) in statements.iter().zip(&paths) {
                assert_eq!(root(statement, path), expected);
            }
            assert_eq!(paths.iter().map(Vec::len).max(), Some(max_path_len(count)), "{count}");
        }
    }

    /// Attack: offer an inner node as a leaf, or a leaf as an inner node, with the path cut or extended to fit.
    #[test]
    fn leaves_and_nodes_do_not_collide() {
        let statements: Vec<StatementId> = (0..4).map(|i| [i; 32].into()).collect();
        let (expected, paths) = tree(&statements);
        let inner = node(&leaf(&statements[0]), &leaf(&statements[1]));
        assert_ne!(root(&(*inner.as_bytes()).into(), &paths[0][1..]), expected);
        assert_ne!(root(&statements[0], &paths[0][..1]), expected);
        assert_eq!(node(&inner, &node(&leaf(&statements[2]), &leaf(&statements[3]))), expected);
    }
}

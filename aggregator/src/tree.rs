//! Digests of the batch tree, natively: what the circuits compute, for those who check a path.
//!
//! ```text
//! statement  S = H(Statement, program key, values digest)          one per slot; an empty slot has E = H(Empty)
//! subtree    binary tree of H(Node, left, right) over the slots
//! leaf       L = H(Leaf, leaf key, subtree)                        bound to the circuit that verified the proofs
//! batch      binary tree of H(Node, left, right) over leaves, of any shape; a lone leaf is its own root
//! ```
//!
//! The tags keep a statement, a leaf and an inner node apart, so that paths may have different lengths. A program is
//! identified by H(Program, leaf key, program key): a path can only end at a statement of that program if the genuine
//! leaf circuit verified its proof.

use serde::{Deserialize, Serialize};
use sheaf_plonky2::hash::{Digest, Tag, empty_digest, tagged_hash_digests};
use sheaf_statement::VkDigest;

/// Longest path on either side of the leaf: batches stay far below 2^32 statements.
pub const MAX_PATH_LEN: usize = 32;

/// Identifies a program: commits to the program's circuit and to the leaf circuit that verified it.
#[must_use]
pub fn program_id(leaf_key: &Digest, program_key: &Digest) -> Digest {
    tagged_hash_digests(Tag::Program, &[*leaf_key, *program_key])
}

/// [`program_id`] as consumers know it: a statement's vk.
#[must_use]
pub fn program_vk(leaf_key: &Digest, program_key: &Digest) -> VkDigest {
    program_id(leaf_key, program_key).to_bytes().into()
}

/// The digest of a statement in its slot.
#[must_use]
pub fn statement_digest(program_key: &Digest, values: &Digest) -> Digest {
    tagged_hash_digests(Tag::Statement, &[*program_key, *values])
}

/// The digest of a leaf as its parent knows it.
#[must_use]
pub fn leaf_digest(leaf_key: &Digest, subtree: &Digest) -> Digest {
    tagged_hash_digests(Tag::Leaf, &[*leaf_key, *subtree])
}

/// The digest of an inner node.
#[must_use]
pub fn node_digest(left: &Digest, right: &Digest) -> Digest {
    tagged_hash_digests(Tag::Node, &[*left, *right])
}

/// One step of a path: the sibling, and which side it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// The sibling is the left child.
    Left(Digest),
    /// The sibling is the right child.
    Right(Digest),
}

impl Step {
    fn parent(&self, child: &Digest) -> Digest {
        match self {
            Step::Left(sibling) => node_digest(sibling, child),
            Step::Right(sibling) => node_digest(child, sibling),
        }
    }
}

/// How a statement hangs in the batch tree, from the bottom up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InclusionPath {
    /// Within the leaf.
    pub leaf: Vec<Step>,
    /// From the leaf to the root.
    pub tree: Vec<Step>,
}

impl InclusionPath {
    /// The root that the path leads to.
    #[must_use]
    pub fn root(&self, leaf_key: &Digest, statement: &Digest) -> Digest {
        let subtree = self.leaf.iter().fold(*statement, |child, step| step.parent(&child));
        let leaf = leaf_digest(leaf_key, &subtree);
        self.tree.iter().fold(leaf, |child, step| step.parent(&child))
    }
}

/// The subtree of a leaf: its digest, and the path of every statement.
#[must_use]
pub fn subtree(statements: &[Digest], slots: usize) -> (Digest, Vec<Vec<Step>>) {
    let mut level = statements.to_vec();
    level.resize(slots.next_power_of_two(), empty_digest());
    let mut paths = vec![Vec::new(); statements.len()];
    let mut height = 0;
    while level.len() > 1 {
        for (index, path) in paths.iter_mut().enumerate() {
            let position = index >> height;
            let sibling = level[position ^ 1];
            path.push(if position % 2 == 0 { Step::Right(sibling) } else { Step::Left(sibling) });
        }
        level = level.chunks(2).map(|pair| node_digest(&pair[0], &pair[1])).collect();
        height += 1;
    }
    (level[0], paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_of_a_subtree_leads_to_its_digest() {
        let statements: Vec<Digest> = (0..8)
            .map(|i| {
                statement_digest(
                    &empty_digest(),
                    &[empty_digest(), leaf_digest(&empty_digest(), &empty_digest())][i % 2],
                )
            })
            .collect();
        for slots in 1..=8 {
            for used in 1..=slots {
                let (root, paths) = subtree(&statements[..used], slots);
                for (statement, steps) in statements.iter().zip(paths) {
                    assert_eq!(steps.iter().fold(*statement, |child, step| step.parent(&child)), root);
                }
            }
        }
    }

    #[test]
    fn roles_do_not_collide() {
        let (a, b) = (empty_digest(), statement_digest(&empty_digest(), &empty_digest()));
        let all = [
            statement_digest(&a, &b),
            leaf_digest(&a, &b),
            node_digest(&a, &b),
            node_digest(&b, &a),
            empty_digest(),
        ];
        for (i, x) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|y| x != y));
        }
    }
}

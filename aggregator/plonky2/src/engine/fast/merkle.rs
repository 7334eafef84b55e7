//! Merkle trees with plonky2's shape, caps and proofs, stored level by level.
//!
//! plonky2 keeps leaves inside its tree. Here leaves stay in the columns they were computed in, and a tree holds
//! digests only.

use plonky2::field::goldilocks_field::GoldilocksField as F;
use plonky2::hash::merkle_proofs::MerkleProof;
use plonky2::hash::merkle_tree::MerkleCap;
use plonky2::hash::poseidon::PoseidonHash;

use super::poseidon::Lanes;
use super::sponge::{Digest, compress_pairs, hash_all};

/// Digests from the leaves, `levels[0]`, up to the cap.
#[derive(Clone, Debug)]
pub struct Tree {
    levels: Vec<Vec<Digest>>,
}

impl Tree {
    /// Hashes `count` leaves of `len` elements, a power of two of at least `2^cap_height`, and everything above.
    /// `load` is as for [`hash_all`].
    ///
    /// # Panics
    /// Where there are fewer leaves than the cap has digests, as plonky2's trees do.
    pub fn build(
        count: usize,
        len: usize,
        cap_height: usize,
        load: impl Fn(usize, usize) -> Lanes + Sync,
    ) -> Self {
        assert!(count >= 1 << cap_height, "cap of 2^{cap_height} digests over {count} leaves");
        let mut level = hash_all(count, len, load);
        let mut levels = Vec::new();
        while level.len() > 1 << cap_height {
            let parents = compress_pairs(&level);
            levels.push(std::mem::replace(&mut level, parents));
        }
        levels.push(level);
        Self { levels }
    }

    /// The digests `cap_height` levels below the root.
    #[must_use]
    pub fn cap(&self) -> MerkleCap<F, PoseidonHash> {
        MerkleCap(self.levels.last().cloned().unwrap_or_default())
    }

    /// The siblings on the way from leaf `index` to the cap.
    #[must_use]
    pub fn prove(&self, index: usize) -> MerkleProof<F, PoseidonHash> {
        let below_cap = self.levels.len() - 1;
        let siblings =
            self.levels[..below_cap].iter().enumerate().map(|(i, level)| level[(index >> i) ^ 1]).collect();
        MerkleProof { siblings }
    }
}

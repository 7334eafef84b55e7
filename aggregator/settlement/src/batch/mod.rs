//! What a batch is on chain: its calldata, what the contract computes from it, and its keccak256 tree.
//!
//! ```text
//! BatchCalldata ─▶ to_bytes ─▶ postBatch(selector, bytes)          from_bytes takes exactly these back
//!       ├─▶ challenge ─▶ evaluation ─▶ public_inputs               what the Groth16 proof has to agree with
//!       └─▶ tree ─▶ root, path of each leaf                        what isProven takes
//! ```
//!
//! Integer arithmetic alone, no I/O, no proving. The mathematics is that of `docs/adr/0011-settlement.md`; the contract
//! computes the same, and `vectors/batches.json` has answers that both are tested against.

mod bytes;
mod error;
mod field;
mod tree;

use alloy::primitives::{B256, U256, keccak256};
use sheaf_statement::{ProofSystem, VkDigest};

pub use error::BatchError;
pub use field::{Extension, MODULUS};
pub use tree::{EvmPath, EvmTree, MAX_PATH_LEN, leaf, node};

/// Most leaves in a batch.
pub const MAX_LEAVES: usize = 4096;

/// What the seed of the challenge starts with: keccak256 of this text.
pub const BINDING_TAG: &str = "sheaf/calldata-binding/v1";

/// Bits of each coordinate of the challenge.
const CHALLENGE_BITS: usize = 60;

/// Elements of a leaf: system, program id (4), public inputs digest (4).
const LEAF_ELEMENTS: usize = 9;

/// Statements of one program that stand together, whose ids are sent once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The program's id: four big-endian Goldilocks elements, each canonical.
    pub program: B256,
    /// The proof system's id.
    pub system: [u8; 4],
    /// Statements of the run, at least one.
    pub count: u32,
}

/// A statement as the chain knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// The program's id.
    pub program: B256,
    /// The proof system's id.
    pub system: [u8; 4],
    /// Digest of the public inputs.
    pub public_inputs: B256,
}

impl Leaf {
    /// The leaf of a statement whose public inputs have this digest.
    #[must_use]
    pub fn new(system: ProofSystem, program: VkDigest, public_inputs: [u8; 32]) -> Self {
        Self {
            program: B256::from(*program.as_bytes()),
            system: *system.id().as_bytes(),
            public_inputs: B256::from(public_inputs),
        }
    }

    /// What contracts call `context`: the proof system's id, then zeros.
    #[must_use]
    pub fn context(&self) -> B256 {
        context(self.system)
    }
}

/// The `context` of a proof system: its id, then 28 zeros.
#[must_use]
pub fn context(system: [u8; 4]) -> B256 {
    let mut context = B256::ZERO;
    context[..4].copy_from_slice(&system);
    context
}

/// The bytes that `postBatch` takes, decoded. Always within the limits: see [`new`](Self::new).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchCalldata {
    proof: [U256; 8],
    commitment: B256,
    runs: Vec<Run>,
    digests: Vec<B256>,
}

impl BatchCalldata {
    /// A batch of these parts.
    ///
    /// `proof` is A (x, y), B (x.c1, x.c0, y.c1, y.c0), C (x, y); whether it proves anything is for the chain to say.
    ///
    /// # Errors
    /// [`BatchError`] unless there are 1 to [`MAX_LEAVES`] leaves, the runs are not empty and count as many statements as
    /// there are digests, and the commitment, program ids and digests are canonical.
    pub fn new(
        proof: [U256; 8],
        commitment: B256,
        runs: Vec<Run>,
        digests: Vec<B256>,
    ) -> Result<Self, BatchError> {
        // A u64 sum of at most 2^16 counts below 2^32 does not overflow; more runs than leaves are refused anyway.
        if runs.len() > MAX_LEAVES {
            return Err(BatchError::RunCount { got: runs.len() });
        }
        for (index, run) in runs.iter().enumerate() {
            if run.count == 0 {
                return Err(BatchError::EmptyRun { index });
            }
            field::elements(&run.program).ok_or(BatchError::NotCanonical { what: "program id", index })?;
        }
        let leaves: u64 = runs.iter().map(|run| u64::from(run.count)).sum();
        if leaves == 0 || leaves > MAX_LEAVES as u64 {
            return Err(BatchError::LeafCount { got: leaves });
        }
        if leaves != digests.len() as u64 {
            return Err(BatchError::DigestCount { expected: leaves, got: digests.len() });
        }
        field::elements(&commitment).ok_or(BatchError::NotCanonical { what: "commitment", index: 0 })?;
        for (index, digest) in digests.iter().enumerate() {
            field::elements(digest)
                .ok_or(BatchError::NotCanonical { what: "public inputs digest", index })?;
        }
        Ok(Self { proof, commitment, runs, digests })
    }

    /// A batch of these leaves in order, with neighbours of one program and system in one run.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_leaves(proof: [U256; 8], commitment: B256, leaves: &[Leaf]) -> Result<Self, BatchError> {
        let mut runs: Vec<Run> = Vec::new();
        for leaf in leaves {
            match runs.last_mut() {
                Some(run) if run.program == leaf.program && run.system == leaf.system => run.count += 1,
                _ => runs.push(Run { program: leaf.program, system: leaf.system, count: 1 }),
            }
        }
        Self::new(proof, commitment, runs, leaves.iter().map(|leaf| leaf.public_inputs).collect())
    }

    /// The Groth16 proof's eight coordinates.
    #[must_use]
    pub fn proof(&self) -> &[U256; 8] {
        &self.proof
    }

    /// The Poseidon commitment to the list of leaves.
    #[must_use]
    pub fn commitment(&self) -> B256 {
        self.commitment
    }

    /// The runs, none empty.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// The public inputs digests, in order.
    #[must_use]
    pub fn digests(&self) -> &[B256] {
        &self.digests
    }

    /// Number of leaves, from 1 to [`MAX_LEAVES`].
    #[must_use]
    pub fn size(&self) -> u32 {
        // At most MAX_LEAVES by construction.
        self.digests.len() as u32
    }

    /// The leaves in order.
    pub fn leaves(&self) -> impl Iterator<Item = Leaf> {
        self.runs
            .iter()
            .flat_map(|run| std::iter::repeat_n(run, run.count as usize))
            .zip(&self.digests)
            .map(|(run, digest)| Leaf { program: run.program, system: run.system, public_inputs: *digest })
    }

    /// r = (r0, r1), drawn from everything the evaluation is of: keccak256(TAG ‖ commitment ‖ n ‖ runs ‖ digests), 60 bits
    /// a coordinate.
    #[must_use]
    pub fn challenge(&self) -> Extension {
        let mut preimage = keccak256(BINDING_TAG).to_vec();
        preimage.extend_from_slice(self.commitment.as_slice());
        preimage.extend_from_slice(&U256::from(self.size()).to_be_bytes::<32>());
        self.write_listing(&mut preimage);
        let seed = U256::from_be_bytes(keccak256(preimage).0);
        let coordinate =
            |shift: usize| ((seed >> shift) & U256::from((1u64 << CHALLENGE_BITS) - 1)).to::<u64>();
        Extension { c0: coordinate(0), c1: coordinate(CHALLENGE_BITS) }
    }

    /// s = (s0, s1): n and the leaves' elements as a polynomial, at the challenge.
    #[must_use]
    pub fn evaluation(&self) -> Extension {
        self.evaluation_at(self.challenge())
    }

    /// The same at any r.
    #[must_use]
    pub fn evaluation_at(&self, r: Extension) -> Extension {
        let mut powers = [Extension::ONE; LEAF_ELEMENTS + 1];
        for j in 1..powers.len() {
            powers[j] = powers[j - 1] * r;
        }
        let start = Extension::from(u64::from(self.size()));
        self.leaves().fold(start, |sum, leaf| {
            let terms = elements_of(&leaf).into_iter().zip(powers);
            terms.fold(sum * powers[LEAF_ELEMENTS], |sum, (element, power)| {
                sum + power * Extension::from(element)
            })
        })
    }

    /// The two public inputs of the Groth16 proof, (x1, x2), both below 2^252.
    #[must_use]
    pub fn public_inputs(&self) -> [U256; 2] {
        let [c0, c1, c2, c3] = limbs(&self.commitment);
        let (r, s) = (self.challenge(), self.evaluation());
        let pack = |parts: [u64; 4]| U256::from_limbs(parts);
        [pack([c0, c1, c2, r.c0]), pack([c3, s.c0, s.c1, r.c1])]
    }

    /// The keccak256 tree over the leaves.
    #[must_use]
    pub fn tree(&self) -> EvmTree {
        EvmTree::new(self.leaves().map(|leaf| tree::leaf(&leaf)).collect())
    }

    /// The root that the registry stores.
    #[must_use]
    pub fn root(&self) -> B256 {
        self.tree().root()
    }
}

/// A leaf's nine elements in order.
fn elements_of(leaf: &Leaf) -> [u64; LEAF_ELEMENTS] {
    let [p0, p1, p2, p3] = limbs(&leaf.program);
    let [d0, d1, d2, d3] = limbs(&leaf.public_inputs);
    [u64::from(u32::from_be_bytes(leaf.system)), p0, p1, p2, p3, d0, d1, d2, d3]
}

/// Four big-endian u64, canonical or not.
fn limbs(word: &B256) -> [u64; 4] {
    let [l3, l2, l1, l0] = U256::from_be_bytes(word.0).into_limbs();
    [l0, l1, l2, l3]
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vector_tests;

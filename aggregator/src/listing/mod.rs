//! Lists of statements, as a settlement puts them on chain: what the [`commit`](crate::commit) proof is about, natively.
//!
//! ```text
//! receipts or members ─▶ Entry… ─▶ Listing: in runs, one after another ─▶ c ─▶ r, from the contract's calldata ─▶ Claim
//! ```
//!
//! The mathematics are in docs/adr/0011-settlement.md. How `r` is drawn from calldata is the settlement's; a list only has
//! to be fixed before, which is what [`Listing::commitment`] is for.

mod error;

use std::collections::BTreeMap;

use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::types::{Field, PrimeField64};
use sheaf_embedded::public_values_digest;
use sheaf_plonky2::F;
use sheaf_plonky2::hash::{Digest, Tag, tagged_hash};
use sheaf_statement::{ProofSystem, Statement};

pub use error::ListingError;

use crate::circuits::commit::{MAX_LEAF_STEPS, MAX_TREE_STEPS};
use crate::documents::ReceiptDocument;
use crate::plan::Member;
use crate::tree::{InclusionPath, program_id, program_vk, statement_digest};
use crate::verify::public_values;

/// Places of a list, in every profile: a list's commitment depends on it.
pub const CAPACITY: usize = 128;

/// Field elements of a statement in a list: its proof system, the program id, the digest of the public values.
pub const ELEMENTS: usize = 9;

/// The first element of every statement: the proof system's id as an integer. Only proofs of this system have leaves.
pub(crate) const SYSTEM_ELEMENT: F = {
    let id = ProofSystem::Plonky2Goldilocks.id();
    plonky2::field::goldilocks_field::GoldilocksField(u32::from_be_bytes(*id.as_bytes()) as u64)
};

/// A statement of a batch, and how it hangs there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Digest of the verifier key of the leaf circuit that verified it.
    pub leaf_key: Digest,
    /// Digest of the program's verifier key.
    pub program_key: Digest,
    /// Digest of the public values.
    pub values: Digest,
    /// Where the statement is in the batch.
    pub path: InclusionPath,
}

impl Entry {
    /// The entry of a receipt's statement.
    ///
    /// # Errors
    /// [`ListingError`] if the statement is of a system that is not proven in batches or of another program than the
    /// receipt says, or its public inputs are not field elements.
    pub fn of_receipt(receipt: &ReceiptDocument) -> Result<Self, ListingError> {
        let program = &receipt.program;
        Self::new(&receipt.statement, program.leaf_key, program.key, receipt.path.clone())
    }

    /// The entry of a batch's member, given its path.
    ///
    /// # Errors
    /// As [`of_receipt`](Self::of_receipt).
    pub fn of_member(member: &Member, path: InclusionPath) -> Result<Self, ListingError> {
        Self::new(&member.statement, member.leaf_key, member.program_key, path)
    }

    fn new(
        statement: &Statement,
        leaf_key: Digest,
        program_key: Digest,
        path: InclusionPath,
    ) -> Result<Self, ListingError> {
        let id = statement.id();
        let system = statement.system();
        if system != ProofSystem::Plonky2Goldilocks {
            return Err(ListingError::System { id, got: system });
        }
        let (expected, got) = (statement.vk(), program_vk(&leaf_key, &program_key));
        if expected != got {
            return Err(ListingError::VkMismatch { id, expected, got });
        }
        let values = public_values(statement).map_err(|source| ListingError::PublicInputs { id, source })?;
        Ok(Self { leaf_key, program_key, values: public_values_digest(&values), path })
    }

    /// The program's id: the statement's vk.
    #[must_use]
    pub fn program(&self) -> Digest {
        program_id(&self.leaf_key, &self.program_key)
    }

    /// The batch digest that the path leads to.
    #[must_use]
    pub fn batch(&self) -> Digest {
        self.path.root(&self.leaf_key, &statement_digest(&self.program_key, &self.values))
    }

    /// The statement as it is listed.
    #[must_use]
    pub fn elements(&self) -> [F; ELEMENTS] {
        let mut elements = [SYSTEM_ELEMENT; ELEMENTS];
        elements[1..5].copy_from_slice(&self.program().elements());
        elements[5..].copy_from_slice(&self.values.elements());
        elements
    }
}

/// A point of evaluation: an element of F_p\[X\]/(X² − 7), of coordinates below 2^60.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point([u64; 2]);

impl Point {
    /// Bits of a coordinate. Fewer than an element's, so that a coordinate fits a contract's public input beside three
    /// elements.
    pub const BITS: usize = 60;

    /// A point, by its coordinates: `r0 + r1·X`.
    ///
    /// # Errors
    /// [`ListingError::Point`] if a coordinate is not below 2^60.
    pub fn new(coordinates: [u64; 2]) -> Result<Self, ListingError> {
        match coordinates.into_iter().find(|coordinate| coordinate >> Self::BITS != 0) {
            Some(got) => Err(ListingError::Point { got }),
            None => Ok(Self(coordinates)),
        }
    }

    /// The coordinates.
    #[must_use]
    pub fn coordinates(&self) -> [u64; 2] {
        self.0
    }

    /// The coordinates as field elements.
    #[must_use]
    pub fn elements(&self) -> [F; 2] {
        self.0.map(F::from_canonical_u64)
    }
}

/// What a commit proof says, in its public inputs: a list with this commitment has this value at this point, and its
/// statements are of one proven batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// `c`.
    pub commitment: Digest,
    /// `r`.
    pub point: Point,
    /// `s`, canonical: both below the field's modulus.
    pub value: [u64; 2],
}

impl Claim {
    /// Public inputs of the commit circuit.
    pub const ELEMENTS: usize = 8;

    /// The public inputs: c0 c1 c2 c3 r0 r1 s0 s1.
    #[must_use]
    pub fn elements(&self) -> [F; Self::ELEMENTS] {
        let [c0, c1, c2, c3] = self.commitment.elements();
        let [r0, r1] = self.point.elements();
        let [s0, s1] = self.value.map(F::from_canonical_u64);
        [c0, c1, c2, c3, r0, r1, s0, s1]
    }
}

/// Statements in the order in which a settlement lists them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    entries: Vec<Entry>,
    /// Of each entry as it was given.
    positions: Vec<usize>,
    capacity: usize,
}

impl Listing {
    /// Lists entries in runs, a run being all statements of one program. Runs are in the order of their first entries, and
    /// the entries of a run in the order in which they are given.
    ///
    /// # Errors
    /// [`ListingError`] if there are none or more than [`CAPACITY`], or a path is longer than any batch has.
    pub fn new(entries: Vec<Entry>) -> Result<Self, ListingError> {
        Self::with_capacity(entries, CAPACITY)
    }

    /// [`new`](Self::new) for lists of another capacity, which no pinned circuit is for.
    pub(crate) fn with_capacity(entries: Vec<Entry>, capacity: usize) -> Result<Self, ListingError> {
        if entries.is_empty() || entries.len() > capacity {
            return Err(ListingError::Size { expected: capacity, got: entries.len() });
        }
        for (index, Entry { path, .. }) in entries.iter().enumerate() {
            for (expected, steps) in [(MAX_LEAF_STEPS, &path.leaf), (MAX_TREE_STEPS, &path.tree)] {
                if steps.len() > expected {
                    return Err(ListingError::PathLength { index, expected, got: steps.len() });
                }
            }
        }
        let mut runs = BTreeMap::new();
        let run_of: Vec<usize> = entries
            .iter()
            .map(|entry| {
                let next = runs.len();
                *runs.entry(entry.program().to_bytes()).or_insert(next)
            })
            .collect();
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by_key(|index| run_of[*index]);
        let mut positions = vec![0; entries.len()];
        for (position, index) in order.iter().enumerate() {
            positions[*index] = position;
        }
        let entries = order.into_iter().map(|index| entries[index].clone()).collect();
        Ok(Self { entries, positions, capacity })
    }

    /// The entries, in the order of the list.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// For each entry as it was given to [`new`](Self::new), its place in the list.
    #[must_use]
    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    /// The runs: programs and their entries, in the order of the list.
    pub fn runs(&self) -> impl Iterator<Item = (Digest, &[Entry])> {
        self.entries.chunk_by(|a, b| a.program() == b.program()).map(|run| (run[0].program(), run))
    }

    /// How many places the list has, used or not.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The elements of the statements, [`ELEMENTS`] each, without the places that are not in use.
    #[must_use]
    pub fn elements(&self) -> Vec<F> {
        self.entries.iter().flat_map(Entry::elements).collect()
    }

    /// `c`, which fixes the list.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        let mut hashed = vec![F::from_canonical_usize(self.entries.len())];
        hashed.extend(self.elements());
        hashed.resize(1 + ELEMENTS * self.capacity, F::ZERO);
        tagged_hash(Tag::Listing, &hashed)
    }

    /// `s`: the list as a polynomial, at a point.
    #[must_use]
    pub fn evaluate(&self, point: &Point) -> [u64; 2] {
        let r = QuadraticExtension(point.elements());
        let start = QuadraticExtension::from(F::from_canonical_usize(self.entries.len()));
        let value = self.entries.iter().fold(start, |before, entry| {
            entry.elements().into_iter().rev().fold(before, |sum, element| sum * r + element.into())
        });
        value.0.map(|coordinate| coordinate.to_canonical_u64())
    }

    /// What a commit proof of this list says, evaluated at a point.
    #[must_use]
    pub fn claim(&self, point: Point) -> Claim {
        Claim { commitment: self.commitment(), point, value: self.evaluate(&point) }
    }

    /// Checks that every path leads to a batch digest.
    ///
    /// # Errors
    /// [`ListingError::Path`] for the first that does not.
    pub fn check_paths(&self, batch: &Digest) -> Result<(), ListingError> {
        let wrong = self.entries.iter().map(Entry::batch).enumerate().find(|(_, got)| got != batch);
        match wrong {
            Some((position, got)) => Err(ListingError::Path { position, expected: *batch, got }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;

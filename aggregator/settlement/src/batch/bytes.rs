//! A batch as bytes: packed, big-endian, exactly one spelling.
//!
//! ```text
//! 0     proof: A (x, y), B (x.c1, x.c0, y.c1, y.c0), C (x, y)    8 × 32
//! 256   commitment                                               32
//! 288   number of runs                                           2
//! 290   runs: program id (32), system (4), count (4)             40 each
//!       public inputs digests                                    32 each
//! ```

use alloy::primitives::{B256, U256};

use super::{BatchCalldata, BatchError, MAX_LEAVES, Run};

const WORD: usize = 32;
const COMMITMENT_AT: usize = 8 * WORD;
/// Where the runs are counted, and what the challenge's seed covers from here on.
const RUNS_AT: usize = COMMITMENT_AT + WORD;
const RUN_LEN: usize = WORD + 4 + 4;

impl BatchCalldata {
    /// The bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(encoded_len(self.runs.len(), self.digests.len()));
        for coordinate in &self.proof {
            bytes.extend_from_slice(&coordinate.to_be_bytes::<32>());
        }
        bytes.extend_from_slice(self.commitment.as_slice());
        self.write_listing(&mut bytes);
        bytes
    }

    /// What these bytes, and no others, encode.
    ///
    /// # Errors
    /// [`BatchError`] if they are not what [`to_bytes`](Self::to_bytes) gives for some batch.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, BatchError> {
        let mut reader = Reader { rest: bytes, length: bytes.len() };
        let mut proof = [U256::ZERO; 8];
        for coordinate in &mut proof {
            *coordinate = U256::from_be_bytes(reader.take::<WORD>()?);
        }
        let commitment = B256::from(reader.take::<WORD>()?);
        let run_count = usize::from(u16::from_be_bytes(reader.take::<2>()?));
        if run_count > MAX_LEAVES {
            return Err(BatchError::RunCount { got: run_count });
        }
        let mut runs = Vec::with_capacity(run_count);
        for _ in 0..run_count {
            runs.push(Run {
                program: B256::from(reader.take::<WORD>()?),
                system: reader.take::<4>()?,
                count: u32::from_be_bytes(reader.take::<4>()?),
            });
        }
        let leaves: u64 = runs.iter().map(|run| u64::from(run.count)).sum();
        if leaves == 0 || leaves > MAX_LEAVES as u64 {
            return Err(BatchError::LeafCount { got: leaves });
        }
        // Below MAX_LEAVES, so that it fits.
        let expected = encoded_len(run_count, leaves as usize);
        if bytes.len() != expected {
            return Err(BatchError::Length { expected, got: bytes.len() });
        }
        let mut digests = Vec::with_capacity(leaves as usize);
        for _ in 0..leaves {
            digests.push(B256::from(reader.take::<WORD>()?));
        }
        Self::new(proof, commitment, runs, digests)
    }

    /// Runs and digests, as they are hashed into the seed too.
    pub(super) fn write_listing(&self, bytes: &mut Vec<u8>) {
        // At most MAX_LEAVES runs by construction.
        bytes.extend_from_slice(&(self.runs.len() as u16).to_be_bytes());
        for run in &self.runs {
            bytes.extend_from_slice(run.program.as_slice());
            bytes.extend_from_slice(&run.system);
            bytes.extend_from_slice(&run.count.to_be_bytes());
        }
        for digest in &self.digests {
            bytes.extend_from_slice(digest.as_slice());
        }
    }
}

fn encoded_len(runs: usize, leaves: usize) -> usize {
    RUNS_AT + 2 + RUN_LEN * runs + WORD * leaves
}

struct Reader<'a> {
    rest: &'a [u8],
    length: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], BatchError> {
        // What is missing is known only once the runs are, so this says how much there must be at least.
        let (taken, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(BatchError::Length { expected: self.length - self.rest.len() + N, got: self.length })?;
        self.rest = rest;
        Ok(*taken)
    }
}

//! The chain's blocks on disk: what each was made from, appended and synced before anybody is told of it.
//!
//! ```text
//! file     "sheaf/embedded-chain/v1\n" ‖ keccak256(genesis) ‖ record…
//! record   length of the payload (4) ‖ first 4 bytes of keccak256(length) ‖ first 8 bytes of keccak256(payload) ‖ payload
//! payload  block hash (32) ‖ timestamp (8) ‖ base fee (8) ‖ salt (8) ‖ raw transaction, or nothing
//! ```
//!
//! Integers are big-endian. A crash can leave the last record incomplete: it is cut off, nobody has been told of its block.
//! Any other damage is an error, and left as it is. The length has a check of its own, so that a damaged one does not
//! make everything behind it look like an incomplete record.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use alloy::primitives::{B256, Bytes, keccak256};

use super::{EmbeddedError, Genesis};

const MAGIC: &[u8; 24] = b"sheaf/embedded-chain/v1\n";
const HEADER_LEN: usize = MAGIC.len() + 32;
const FRAME_LEN: usize = 4 + 4 + 8;
const FIXED_LEN: usize = 32 + 8 + 8 + 8;
/// No transaction is larger: the gas limit of a transaction pays for less calldata than that.
const MAX_PAYLOAD: usize = 4 << 20;

/// What a block is made from. With the block before it, this determines everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BlockPlan {
    /// Hash of the block it made.
    pub(super) hash: B256,
    pub(super) timestamp_s: u64,
    pub(super) base_fee_wei: u64,
    /// Makes blocks differ that are otherwise the same, on two sides of a fork.
    pub(super) salt: u64,
    /// The one transaction, EIP-2718 encoded.
    pub(super) transaction: Option<Bytes>,
}

#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    /// Bytes that are known to be good; what is behind them a failed write left.
    length: u64,
}

impl Journal {
    /// Opens or makes the file, and reads what is in it.
    pub(super) fn open(path: &Path, genesis: &Genesis) -> Result<(Self, Vec<BlockPlan>), EmbeddedError> {
        let io = |action| move |source| EmbeddedError::Io { action, path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(io("open"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(EmbeddedError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(io("lock")(source)),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io("read"))?;
        let header = [&MAGIC[..], genesis_digest(genesis).as_slice()].concat();
        // A crash while the file was made leaves a part of the header, and nothing that anybody was told of.
        if bytes.len() < HEADER_LEN && header.starts_with(&bytes) {
            file.rewind().map_err(io("write"))?;
            file.write_all(&header).map_err(io("write"))?;
            file.sync_all().map_err(io("sync"))?;
            sync_folder(path).map_err(io("sync"))?;
            bytes = header.clone();
        }
        if !bytes.starts_with(&header) {
            let got = hex::encode(&bytes[..bytes.len().min(HEADER_LEN)]);
            let expected = hex::encode(header);
            return Err(EmbeddedError::OtherGenesis { path: path.to_owned(), expected, got });
        }
        let (plans, length) = read_records(&bytes, path)?;
        let mut journal = Self { file, path: path.to_owned(), length: length as u64 };
        if length < bytes.len() {
            journal.cut().map_err(io("cut"))?;
        }
        Ok((journal, plans))
    }

    /// Writes a block down. When this returns, it outlives a crash; when it fails, it is as if it had not been tried.
    pub(super) fn append(&mut self, plan: &BlockPlan) -> Result<(), EmbeddedError> {
        let payload = encode(plan);
        let mut record = Vec::with_capacity(FRAME_LEN + payload.len());
        // Transactions are far below 4 GiB: the pool refuses larger ones.
        let length = (payload.len() as u32).to_be_bytes();
        record.extend_from_slice(&length);
        record.extend_from_slice(&keccak256(length)[..4]);
        record.extend_from_slice(&keccak256(&payload)[..8]);
        record.extend_from_slice(&payload);
        let written = self.write(&record);
        if let Err(source) = written {
            // If this fails too, the next append cuts first, and the next open finds a torn record.
            let _ = self.cut();
            return Err(EmbeddedError::Io { action: "append to", path: self.path.clone(), source });
        }
        self.length += record.len() as u64;
        Ok(())
    }

    /// A journal that cannot be written: its file is open for reading alone.
    #[cfg(test)]
    pub(super) fn broken(path: &Path) -> Self {
        Self { file: File::open(path).unwrap(), path: path.to_owned(), length: HEADER_LEN as u64 }
    }

    fn write(&mut self, record: &[u8]) -> std::io::Result<()> {
        if self.file.metadata()?.len() != self.length {
            self.cut()?;
        }
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(record)?;
        self.file.sync_data()
    }

    fn cut(&mut self) -> std::io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.sync_data()
    }
}

/// A new file is there after a crash only if its folder says so.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// All whole records, and where they end.
fn read_records(bytes: &[u8], path: &Path) -> Result<(Vec<BlockPlan>, usize), EmbeddedError> {
    let mut plans = Vec::new();
    let mut offset = HEADER_LEN;
    while offset < bytes.len() {
        let damaged = || EmbeddedError::Damaged { path: path.to_owned(), offset: offset as u64 };
        let rest = &bytes[offset..];
        let Some((frame, body)) = rest.split_first_chunk::<FRAME_LEN>() else { break };
        let [l0, l1, l2, l3, k0, k1, k2, k3, checksum @ ..] = *frame;
        let length = [l0, l1, l2, l3];
        // A file can grow before its content comes.
        if rest.iter().all(|byte| *byte == 0) {
            break;
        }
        let length_intact = keccak256(length)[..4] == [k0, k1, k2, k3];
        let length = u32::from_be_bytes(length) as usize;
        if !length_intact || !(FIXED_LEN..=MAX_PAYLOAD).contains(&length) {
            return Err(damaged());
        }
        let Some(payload) = body.get(..length) else { break };
        let intact = keccak256(payload)[..8] == checksum;
        let last = offset + FRAME_LEN + length == bytes.len();
        match (intact, last) {
            (true, _) => plans.push(decode(payload).ok_or_else(damaged)?),
            (false, true) => break,
            (false, false) => return Err(damaged()),
        }
        offset += FRAME_LEN + length;
    }
    Ok((plans, offset))
}

fn encode(plan: &BlockPlan) -> Vec<u8> {
    let transaction = plan.transaction.as_ref().map_or(&[][..], |raw| raw);
    let mut payload = Vec::with_capacity(FIXED_LEN + transaction.len());
    payload.extend_from_slice(plan.hash.as_slice());
    for number in [plan.timestamp_s, plan.base_fee_wei, plan.salt] {
        payload.extend_from_slice(&number.to_be_bytes());
    }
    payload.extend_from_slice(transaction);
    payload
}

fn decode(payload: &[u8]) -> Option<BlockPlan> {
    let (hash, rest) = payload.split_first_chunk::<32>()?;
    let (timestamp, rest) = rest.split_first_chunk::<8>()?;
    let (base_fee, rest) = rest.split_first_chunk::<8>()?;
    let (salt, transaction) = rest.split_first_chunk::<8>()?;
    Some(BlockPlan {
        hash: B256::from(*hash),
        timestamp_s: u64::from_be_bytes(*timestamp),
        base_fee_wei: u64::from_be_bytes(*base_fee),
        salt: u64::from_be_bytes(*salt),
        transaction: (!transaction.is_empty()).then(|| Bytes::copy_from_slice(transaction)),
    })
}

fn genesis_digest(genesis: &Genesis) -> B256 {
    let Genesis { chain_id, funded, base_fee_wei, timestamp_s, safe_depth, final_depth } = genesis;
    let mut bytes = Vec::new();
    for number in [chain_id, base_fee_wei, timestamp_s, safe_depth, final_depth] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    for (address, balance) in funded {
        bytes.extend_from_slice(address.as_slice());
        bytes.extend_from_slice(&balance.to_be_bytes::<32>());
    }
    keccak256(bytes)
}

//! The canonical bytes of a statement: the writer, and a reader that accepts nothing the writer does not write.
//!
//! The crate's documentation has the layout as a table and the order in which faults are reported.

use crate::public_inputs::check_word_count;
use crate::{MAX_PUBLIC_INPUTS, ProofSystem, ProofSystemId, Statement, StatementError, VkDigest, Word};

/// Begins every encoding, so that no other document of ours, and no other version of this one, hashes to a statement
/// id.
pub const DOMAIN_TAG: &[u8; 18] = b"sheaf/statement/v1";

/// The length of the longest encoding in bytes, which lets a reader bound a body before it collects it.
pub const MAX_ENCODED_LEN: usize = HEADER_LEN + WORD_LEN * MAX_PUBLIC_INPUTS;

/// Bytes before the first word.
const HEADER_LEN: usize = 1 + DOMAIN_TAG.len() + 4 + SYSTEM_LEN + 4 + VK_LEN + 4;
const SYSTEM_LEN: usize = 4;
const VK_LEN: usize = 32;
const WORD_LEN: usize = 32;

pub(crate) fn encode(statement: &Statement) -> Vec<u8> {
    let words = statement.public_inputs().words();
    let mut bytes = Vec::with_capacity(HEADER_LEN + WORD_LEN * words.len());
    bytes.push(const { DOMAIN_TAG.len() as u8 });
    bytes.extend_from_slice(DOMAIN_TAG);
    bytes.extend_from_slice(&const { (SYSTEM_LEN as u32).to_be_bytes() });
    bytes.extend_from_slice(statement.system().id().as_bytes());
    bytes.extend_from_slice(&const { (VK_LEN as u32).to_be_bytes() });
    bytes.extend_from_slice(statement.vk().as_bytes());
    // `PublicInputs` holds at most `MAX_PUBLIC_INPUTS` words, so the cast loses nothing.
    bytes.extend_from_slice(&(words.len() as u32).to_be_bytes());
    for word in words {
        bytes.extend_from_slice(word.as_bytes());
    }
    bytes
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Statement, StatementError> {
    let mut reader = Reader { rest: bytes };

    let [tag_len] = reader.take("domain tag")?;
    check_length("domain tag", DOMAIN_TAG.len(), tag_len.into())?;
    let tag = reader.take("domain tag")?;
    if tag != *DOMAIN_TAG {
        return Err(StatementError::WrongDomainTag { got: tag });
    }

    check_length("proof system id", SYSTEM_LEN, reader.take_u32("proof system id")?)?;
    let id: [u8; SYSTEM_LEN] = reader.take("proof system id")?;
    let system = ProofSystem::try_from(ProofSystemId::from(id))?;

    check_length("vk digest", VK_LEN, reader.take_u32("vk digest")?)?;
    let vk: [u8; VK_LEN] = reader.take("vk digest")?;

    let count = reader.take_u32("public inputs")?;
    let words = reader.take_words(count)?;
    Statement::new(system, VkDigest::from(vk), words)
}

fn check_length(field: &'static str, expected: usize, got: usize) -> Result<(), StatementError> {
    if got != expected {
        return Err(StatementError::FieldLength { field, expected, got });
    }
    Ok(())
}

/// The bytes that are not yet read.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], StatementError> {
        let (&head, rest) = self.rest.split_first_chunk().ok_or(StatementError::Truncated {
            field,
            expected: N,
            got: self.rest.len(),
        })?;
        self.rest = rest;
        Ok(head)
    }

    /// A u32 as usize; where usize is narrower, a number past every limit stays past it.
    fn take_u32(&mut self, field: &'static str) -> Result<usize, StatementError> {
        Ok(usize::try_from(u32::from_be_bytes(self.take(field)?)).unwrap_or(usize::MAX))
    }

    /// `count` words and the end of the bytes. Allocates once both the count and the bytes are known to be right.
    fn take_words(self, count: usize) -> Result<Vec<Word>, StatementError> {
        check_word_count(count)?;
        let (expected, got) = (WORD_LEN * count, self.rest.len());
        if got < expected {
            return Err(StatementError::Truncated { field: "public inputs", expected, got });
        }
        if got > expected {
            return Err(StatementError::TrailingBytes { got: got - expected });
        }
        let (words, _) = self.rest.as_chunks::<WORD_LEN>();
        Ok(words.iter().copied().map(Word::from).collect())
    }
}

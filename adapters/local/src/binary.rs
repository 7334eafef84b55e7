//! Proof documents in binary: a third smaller than their JSON, and one spelling for each.
//!
//! Integers are big-endian; a *field* is its length in four bytes, then its bytes.
//!
//! | content | `sheaf/proof/v1` | `sheaf/groth16-proof/v1` |
//! |---|---|---|
//! | one byte: the version's length; then the version | `0x0e` | `0x16` |
//! | field: canonical bytes of the statement | ✓ | ✓ |
//! | key | profile (1 byte: 0 standard, 1 provable), log₂ of rows (1), blinded (1: 0 or 1), cap (16 × 32), circuit digest (32) | field: key bytes; setup (1 byte: 0 development) |
//! | field: proof bytes | ✓ | ✓ |
//!
//! Nothing follows. The decoder takes exactly what the encoder writes, and verifies nothing.

use sheaf_aggregator::documents::{Document, MAX_DOCUMENT_BYTES, ProofDocument, ProofVersion};
use sheaf_embedded::{ProgramKey, Shape};
use sheaf_plonky2::Profile;
use sheaf_plonky2::config::CAP_HEIGHT;
use sheaf_plonky2::hash::{Digest, DigestError};
use sheaf_plonky2::key::CircuitKey;
use sheaf_statement::{Statement, StatementError};

const PLONKY2: &[u8] = b"sheaf/proof/v1";
const GROTH16: &[u8] = b"sheaf/groth16-proof/v1";

/// Why bytes are not a proof document in binary.
#[derive(Debug, thiserror::Error)]
pub enum BinaryError {
    /// Larger than any document.
    #[error("[SH-BIN-001] binary proof too large: expected at most {MAX_DOCUMENT_BYTES} bytes, got {got}")]
    TooLarge {
        /// Bytes given.
        got: usize,
    },
    /// Of no known format.
    #[error("[SH-BIN-002] unknown binary proof: expected the length and name of a known version")]
    Version,
    /// It ends inside something.
    #[error("[SH-BIN-003] binary proof ends inside its {what}")]
    Truncated {
        /// What is cut.
        what: &'static str,
    },
    /// Bytes follow.
    #[error("[SH-BIN-004] binary proof has {got} trailing bytes")]
    Trailing {
        /// How many.
        got: usize,
    },
    /// A byte that stands for nothing.
    #[error("[SH-BIN-005] binary proof has an unknown {what}: {got}")]
    Byte {
        /// What it is of.
        what: &'static str,
        /// The byte.
        got: u8,
    },
    /// The statement does not decode.
    #[error("[SH-BIN-006] statement of a binary proof refused: {0}")]
    Statement(#[from] StatementError),
    /// A digest of the key is not canonical.
    #[error("[SH-BIN-007] key of a binary proof refused: {0}")]
    Digest(#[from] DigestError),
}

/// The JSON of a proof document in binary.
///
/// # Errors
/// [`BinaryError`] naming the first thing that does not decode.
pub fn to_json(bytes: &[u8]) -> Result<Vec<u8>, BinaryError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(BinaryError::TooLarge { got: bytes.len() });
    }
    let mut reader = Reader(bytes);
    let length = reader.byte("version")?;
    let version = reader.take(usize::from(length), "version")?;
    let statement = |reader: &mut Reader<'_>| -> Result<Statement, BinaryError> {
        Ok(Statement::from_bytes(reader.field("statement")?)?)
    };
    let json = match version {
        PLONKY2 => {
            let document = ProofDocument {
                version: ProofVersion::V1,
                statement: statement(&mut reader)?,
                program: program_key(&mut reader)?,
                proof: reader.field("proof")?.to_vec(),
            };
            document.to_json()
        }
        GROTH16 => {
            let document = sheaf_groth16::ProofDocument {
                version: sheaf_groth16::ProofVersion::V1,
                statement: statement(&mut reader)?,
                key: reader.field("key")?.to_vec(),
                setup: match reader.byte("setup")? {
                    0 => sheaf_groth16::Setup::Development,
                    got => return Err(BinaryError::Byte { what: "setup", got }),
                },
                proof: reader.field("proof")?.to_vec(),
            };
            document.to_json()
        }
        _ => return Err(BinaryError::Version),
    };
    match reader.0.len() {
        0 => Ok(json),
        got => Err(BinaryError::Trailing { got }),
    }
}

fn program_key(reader: &mut Reader<'_>) -> Result<ProgramKey, BinaryError> {
    let profile = match reader.byte("profile")? {
        0 => Profile::Standard,
        1 => Profile::Provable,
        got => return Err(BinaryError::Byte { what: "profile", got }),
    };
    let degree_bits = usize::from(reader.byte("rows")?);
    let zero_knowledge = match reader.byte("blinding")? {
        0 => false,
        1 => true,
        got => return Err(BinaryError::Byte { what: "blinding", got }),
    };
    let mut cap = [sheaf_plonky2::hash::empty_digest(); 1 << CAP_HEIGHT];
    for digest in &mut cap {
        *digest = reader.digest()?;
    }
    let circuit = CircuitKey::from_parts(cap, reader.digest()?);
    Ok(ProgramKey { shape: Shape { profile, degree_bits, zero_knowledge }, circuit })
}

/// A proof of the embedded prover in binary.
#[must_use]
pub fn from_proof(document: &ProofDocument) -> Vec<u8> {
    let mut bytes = vec![PLONKY2.len() as u8];
    bytes.extend_from_slice(PLONKY2);
    field(&mut bytes, &document.statement.to_bytes());
    let shape = document.program.shape;
    bytes.push(match shape.profile {
        Profile::Standard => 0,
        Profile::Provable => 1,
    });
    bytes.push(u8::try_from(shape.degree_bits).unwrap_or(u8::MAX));
    bytes.push(u8::from(shape.zero_knowledge));
    let circuit = &document.program.circuit;
    for digest in circuit.cap().iter().chain([circuit.circuit_digest()]) {
        bytes.extend_from_slice(&digest.to_bytes());
    }
    field(&mut bytes, &document.proof);
    bytes
}

/// A Groth16 proof in binary.
#[must_use]
pub fn from_groth16(document: &sheaf_groth16::ProofDocument) -> Vec<u8> {
    let mut bytes = vec![GROTH16.len() as u8];
    bytes.extend_from_slice(GROTH16);
    field(&mut bytes, &document.statement.to_bytes());
    field(&mut bytes, &document.key);
    bytes.push(match document.setup {
        sheaf_groth16::Setup::Development => 0,
    });
    field(&mut bytes, &document.proof);
    bytes
}

fn field(bytes: &mut Vec<u8>, content: &[u8]) {
    bytes.extend_from_slice(&(content.len() as u32).to_be_bytes());
    bytes.extend_from_slice(content);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize, what: &'static str) -> Result<&'a [u8], BinaryError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(BinaryError::Truncated { what })?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self, what: &'static str) -> Result<u8, BinaryError> {
        let (&byte, rest) = self.0.split_first().ok_or(BinaryError::Truncated { what })?;
        self.0 = rest;
        Ok(byte)
    }

    fn field(&mut self, what: &'static str) -> Result<&'a [u8], BinaryError> {
        let (length, rest) = self.0.split_first_chunk::<4>().ok_or(BinaryError::Truncated { what })?;
        self.0 = rest;
        self.take(u32::from_be_bytes(*length) as usize, what)
    }

    fn digest(&mut self) -> Result<Digest, BinaryError> {
        let (digest, rest) =
            self.0.split_first_chunk::<32>().ok_or(BinaryError::Truncated { what: "key" })?;
        self.0 = rest;
        Ok(Digest::from_bytes(digest)?)
    }
}

#[cfg(test)]
mod tests {
    use sheaf_statement::{ProofSystem, VkDigest, Word};

    use super::*;

    fn plonky2() -> ProofDocument {
        let digest = sheaf_plonky2::hash::empty_digest();
        let circuit = CircuitKey::from_parts([digest; 1 << CAP_HEIGHT], digest);
        let shape = Shape { profile: Profile::Provable, degree_bits: 9, zero_knowledge: true };
        ProofDocument {
            version: ProofVersion::V1,
            statement: Statement::from_u64_words(
                ProofSystem::Plonky2Goldilocks,
                VkDigest::from([7; 32]),
                &[1, 2],
            )
            .unwrap(),
            program: ProgramKey { shape, circuit },
            proof: vec![1, 2, 3],
        }
    }

    fn groth16() -> sheaf_groth16::ProofDocument {
        sheaf_groth16::ProofDocument {
            version: sheaf_groth16::ProofVersion::V1,
            statement: Statement::new(ProofSystem::Groth16Bn254, [7; 32].into(), vec![Word::from(5)])
                .unwrap(),
            key: vec![4; 99],
            setup: sheaf_groth16::Setup::Development,
            proof: vec![9; 256],
        }
    }

    #[test]
    fn binary_and_json_are_the_same_document() {
        let document = plonky2();
        assert_eq!(to_json(&from_proof(&document)).unwrap(), document.to_json());
        let document = groth16();
        assert_eq!(to_json(&from_groth16(&document)).unwrap(), document.to_json());
    }

    #[test]
    fn every_cut_and_every_addition_is_rejected() {
        for bytes in [from_proof(&plonky2()), from_groth16(&groth16())] {
            for length in 0..bytes.len() {
                assert!(to_json(&bytes[..length]).is_err(), "cut at {length}");
            }
            let longer = [bytes.as_slice(), &[0]].concat();
            assert!(matches!(to_json(&longer), Err(BinaryError::Trailing { got: 1 })));
        }
    }

    #[test]
    fn bytes_that_stand_for_nothing_are_rejected() {
        let good = from_proof(&plonky2());
        let key = 1 + PLONKY2.len() + 4 + plonky2().statement.to_bytes().len();
        for (at, value) in [(key, 2), (key + 2, 2)] {
            let mut bad = good.clone();
            bad[at] = value;
            assert!(matches!(to_json(&bad), Err(BinaryError::Byte { .. })), "{at}");
        }
        // A digest's element at or above the modulus is a second spelling of a smaller one.
        let mut bad = good.clone();
        bad[key + 3..key + 11].fill(0xff);
        assert!(matches!(to_json(&bad), Err(BinaryError::Digest(_))));
        let mut bad = good;
        bad[1] ^= 1;
        assert!(matches!(to_json(&bad), Err(BinaryError::Version)));
        assert!(matches!(to_json(&vec![0; MAX_DOCUMENT_BYTES + 1]), Err(BinaryError::TooLarge { .. })));
    }
}

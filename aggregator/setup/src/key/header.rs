//! The header of a key file: 192 bytes, integers big-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `shf:gkey` |
//! | 8..12 | version, 1 |
//! | 12..44 | digest of the circuit |
//! | 44..48 | provenance: 0 test only, 1 unfinished, 2 ceremony |
//! | 48..80 | last hash of the transcript; zeros for test only |
//! | 80..88 | instance variables, the constant one included |
//! | 88..96 | witness variables |
//! | 96..104 | points of the H query: one less than a power of two |
//! | 104..112 | length of the body in bytes |
//! | 112..144 | SHA-256 of the body |
//! | 144..160 | zeros |
//! | 160..192 | SHA-256 of bytes 0..160 |

use std::io::{Read, Write};

use ark_bn254::Bn254;
use ark_groth16::ProvingKey;
use sha2::{Digest as _, Sha256};

use crate::constraints::MAX_SIZE;
use crate::{Provenance, SetupError};

/// Bytes of a header.
pub const HEADER_LEN: usize = 192;
const MAGIC: &[u8; 8] = b"shf:gkey";
const VERSION: u32 = 1;
const SIGNED_LEN: usize = HEADER_LEN - 32;

/// How many points a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Instance variables, the constant one included: points of IC.
    pub instance: usize,
    /// Witness variables: points of L. A and B have one for every variable.
    pub witness: usize,
    /// Points of H.
    pub quotient: usize,
}

impl Counts {
    /// Of a key.
    ///
    /// # Errors
    /// [`SetupError::KeyShape`] if its vectors do not fit one another.
    pub fn of(key: &ProvingKey<Bn254>) -> Result<Self, SetupError> {
        let counts = Self {
            instance: key.vk.gamma_abc_g1.len(),
            witness: key.l_query.len(),
            quotient: key.h_query.len(),
        };
        let variables = counts.instance + counts.witness;
        for (what, got) in
            [("A", key.a_query.len()), ("B in G1", key.b_g1_query.len()), ("B in G2", key.b_g2_query.len())]
        {
            if got != variables {
                return Err(SetupError::KeyShape { what, expected: variables, got });
            }
        }
        counts.validate()
    }

    fn validate(self) -> Result<Self, SetupError> {
        let rows = self.quotient.saturating_add(1);
        if self.instance == 0 {
            return Err(SetupError::KeyShape { what: "IC", expected: 1, got: 0 });
        }
        for (what, got) in [("A", self.instance.saturating_add(self.witness)), ("H", rows)] {
            if got > MAX_SIZE {
                return Err(SetupError::KeyShape { what, expected: MAX_SIZE, got });
            }
        }
        if !rows.is_power_of_two() {
            return Err(SetupError::KeyShape {
                what: "H",
                expected: rows.next_power_of_two() - 1,
                got: self.quotient,
            });
        }
        Ok(self)
    }

    /// Bytes of such a key in arkworks' uncompressed encoding.
    #[must_use]
    pub fn body_len(&self) -> u64 {
        let [instance, witness, quotient] = [self.instance, self.witness, self.quotient].map(|n| n as u64);
        let (g1, g2, vectors) = (64, 128, 6);
        (3 + instance + witness + quotient) * g1 + 3 * g2 + (instance + witness) * (2 * g1 + g2) + vectors * 8
    }
}

/// What a key file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHeader {
    /// Digest of the circuit.
    pub circuit: [u8; 32],
    /// Where its author says that the key comes from.
    pub provenance: Provenance,
    /// Points.
    pub counts: Counts,
    /// SHA-256 of the body.
    pub checksum: [u8; 32],
}

impl KeyHeader {
    /// Reads and checks a header.
    ///
    /// # Errors
    /// [`SetupError::KeyFile`] or [`SetupError::KeyShape`] if it is none, or damaged; [`SetupError::Io`].
    pub fn read(mut reader: impl Read) -> Result<Self, SetupError> {
        let mut bytes = [0; HEADER_LEN];
        reader.read_exact(&mut bytes)?;
        if bytes[..8] != *MAGIC {
            return Err(SetupError::KeyFile { what: "magic" });
        }
        if number(&bytes, 8..12) != u64::from(VERSION) {
            return Err(SetupError::KeyFile { what: "version" });
        }
        if Sha256::digest(&bytes[..SIGNED_LEN])[..] != bytes[SIGNED_LEN..] {
            return Err(SetupError::KeyFile { what: "checksum of the header" });
        }
        let transcript = digest(&bytes, 48);
        let provenance = match (number(&bytes, 44..48), transcript) {
            (0, transcript) if transcript == [0; 32] => Provenance::TestOnly,
            (1, transcript) => Provenance::Unfinished { transcript },
            (2, transcript) => Provenance::Ceremony { transcript },
            _ => return Err(SetupError::KeyFile { what: "provenance" }),
        };
        let count =
            |range| usize::try_from(number(&bytes, range)).map_err(|_| SetupError::KeyFile { what: "count" });
        let counts = Counts { instance: count(80..88)?, witness: count(88..96)?, quotient: count(96..104)? }
            .validate()?;
        if number(&bytes, 104..112) != counts.body_len() {
            return Err(SetupError::KeyFile { what: "length of the body" });
        }
        if bytes[144..SIGNED_LEN] != [0; 16] {
            return Err(SetupError::KeyFile { what: "reserved bytes" });
        }
        Ok(Self { circuit: digest(&bytes, 12), provenance, counts, checksum: digest(&bytes, 112) })
    }

    pub(super) fn write(&self, mut writer: impl Write) -> Result<(), SetupError> {
        let mut bytes = [0; HEADER_LEN];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_be_bytes());
        bytes[12..44].copy_from_slice(&self.circuit);
        let (tag, transcript) = match self.provenance {
            Provenance::TestOnly => (0u32, [0; 32]),
            Provenance::Unfinished { transcript } => (1, transcript),
            Provenance::Ceremony { transcript } => (2, transcript),
        };
        bytes[44..48].copy_from_slice(&tag.to_be_bytes());
        bytes[48..80].copy_from_slice(&transcript);
        let Counts { instance, witness, quotient } = self.counts;
        let numbers = [instance as u64, witness as u64, quotient as u64, self.counts.body_len()];
        for (target, number) in bytes[80..112].chunks_exact_mut(8).zip(numbers) {
            target.copy_from_slice(&number.to_be_bytes());
        }
        bytes[112..144].copy_from_slice(&self.checksum);
        let checksum = Sha256::digest(&bytes[..SIGNED_LEN]);
        bytes[SIGNED_LEN..].copy_from_slice(&checksum);
        writer.write_all(&bytes)?;
        Ok(())
    }
}

fn number(bytes: &[u8; HEADER_LEN], range: std::ops::Range<usize>) -> u64 {
    bytes[range].iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn digest(bytes: &[u8; HEADER_LEN], start: usize) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(&bytes[start..start + 32]);
    digest
}

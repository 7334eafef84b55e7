//! Reading `.ptau` files, version 1, as `snarkjs powersoftau` writes them. Integers are little-endian.
//!
//! ```text
//! "ptau"  version u32 = 1  sections u32      then per section: type u32, length u64, bytes
//!  1  32 u32, modulus of the base field (32 bytes), power u32, power of the ceremony u32
//!  2  tau^i in G1, 2^(power+1) − 1 points       4  alpha·tau^i in G1, 2^power points     6  beta in G2
//!  3  tau^i in G2, 2^power points               5  beta·tau^i in G1, 2^power points      7  contributions (not read)
//! 12  Lagrange forms of 2, one per power from 0 to power + 1; 13, 14, 15 of 3, 4, 5, from 0 to power (optional)
//! ```
//! One more type is ours: an empty section [`TEST_ONLY`] says that somebody knows the secrets.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use ark_bn254::Fq;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInteger, PrimeField};
use rayon::prelude::*;

use super::lem::{self, Coordinate};
use super::{Lagrange, MAX_POWER, PowersOfTau, in_range};
use crate::SetupError;

pub(super) const MAGIC: &[u8; 4] = b"ptau";
pub(super) const VERSION: u32 = 1;
/// `shtf`, read as a little-endian number.
pub(super) const TEST_ONLY: u32 = u32::from_le_bytes(*b"shtf");
/// Points that are decoded together.
const CHUNK: usize = 1 << 14;
/// Known sections, and the name of what they hold.
const SECTIONS: [(u32, &str); 12] = [
    (1, "header"),
    (2, "tau in G1"),
    (3, "tau in G2"),
    (4, "alpha·tau in G1"),
    (5, "beta·tau in G1"),
    (6, "beta in G2"),
    (7, "contributions"),
    (12, "Lagrange form of tau in G1"),
    (13, "Lagrange form of tau in G2"),
    (14, "Lagrange form of alpha·tau in G1"),
    (15, "Lagrange form of beta·tau in G1"),
    (TEST_ONLY, "test only"),
];

impl PowersOfTau {
    /// [`Self::read`] from a file.
    ///
    /// # Errors
    /// [`SetupError::File`], and those of [`Self::read`].
    pub fn open(path: &Path, power: Option<u32>, progress: &dyn Fn(&str)) -> Result<Self, SetupError> {
        let file = File::open(path).map_err(|source| SetupError::File { path: path.to_owned(), source })?;
        Self::read(BufReader::with_capacity(1 << 20, file), power, progress)
    }

    /// Reads the powers that a circuit of 2^`power` rows needs, or all, and checks them: every point on its curve and of
    /// order r, the vectors powers of one tau, alpha and beta (pairings of random linear combinations), the Lagrange form,
    /// if there is one, that of the powers. Memory grows with what is read, at most to the file's length.
    ///
    /// # Errors
    /// [`SetupError::Ptau`] for a malformed file, [`SetupError::Power`] if it has too few powers,
    /// [`SetupError::PowersPoint`] and [`SetupError::PowersRatio`] for powers that are none, [`SetupError::Io`].
    pub fn read(
        mut reader: impl Read + Seek,
        power: Option<u32>,
        progress: &dyn Fn(&str),
    ) -> Result<Self, SetupError> {
        let sections = Sections::read(&mut reader)?;
        let in_file = sections.header(&mut reader)?;
        let power = in_range(power.unwrap_or(in_file))?;
        if power > in_file {
            return Err(SetupError::Power { min: power, max: MAX_POWER, got: in_file });
        }
        let rows = 1u64 << power;
        // Where the Lagrange form of 2^power begins: behind those of all smaller powers.
        let offset = rows - 1;

        progress("reading powers of tau");
        let mut powers = Self {
            power,
            test_only: sections.0.contains_key(&TEST_ONLY),
            tau_g1: sections.points(&mut reader, 2, 0, 2 * rows - 1)?,
            tau_g2: sections.points(&mut reader, 3, 0, rows)?,
            alpha_tau_g1: sections.points(&mut reader, 4, 0, rows)?,
            beta_tau_g1: sections.points(&mut reader, 5, 0, rows)?,
            beta_g2: sections.points(&mut reader, 6, 0, 1)?[0],
            lagrange: None,
        };
        if sections.0.contains_key(&12) {
            progress("reading their Lagrange form");
            powers.lagrange = Some(Lagrange {
                tau_g1: sections.points(&mut reader, 12, offset, rows)?,
                tau_g2: sections.points(&mut reader, 13, offset, rows)?,
                alpha_tau_g1: sections.points(&mut reader, 14, offset, rows)?,
                beta_tau_g1: sections.points(&mut reader, 15, offset, rows)?,
            });
        }
        powers.check(progress)?;
        Ok(powers)
    }
}

/// Where each section is: start and length in bytes.
struct Sections(BTreeMap<u32, (u64, u64)>);

impl Sections {
    fn read(reader: &mut (impl Read + Seek)) -> Result<Self, SetupError> {
        let length = reader.seek(SeekFrom::End(0))?;
        reader.seek(SeekFrom::Start(0))?;
        let magic = read_array::<4>(reader)?;
        if &magic != MAGIC {
            return Err(ptau("magic", "ptau", magic.escape_ascii()));
        }
        let version = read_u32(reader)?;
        if version != VERSION {
            return Err(ptau("version", VERSION, version));
        }
        let count = read_u32(reader)?;
        let mut sections = BTreeMap::new();
        let mut position = 12u64;
        for _ in 0..count {
            let kind = read_u32(reader)?;
            if !SECTIONS.iter().any(|(known, _)| *known == kind) {
                return Err(ptau("section", "a known type", kind));
            }
            let size = u64::from_le_bytes(read_array(reader)?);
            let start = position + 12;
            position = start.checked_add(size).filter(|end| *end <= length).ok_or_else(|| {
                ptau("section length", format!("at most {}", length - start.min(length)), size)
            })?;
            if sections.insert(kind, (start, size)).is_some() {
                return Err(ptau("sections", "one of each type", format!("type {kind} twice")));
            }
            reader.seek(SeekFrom::Start(position))?;
        }
        if position != length {
            return Err(ptau("file length", position, length));
        }
        Ok(Self(sections))
    }

    /// Reads the header and compares the length of every section of points with it. Returns the power.
    fn header(&self, reader: &mut (impl Read + Seek)) -> Result<u32, SetupError> {
        let (start, length) = self.section(1)?;
        if length != 44 {
            return Err(ptau("header length", 44, length));
        }
        reader.seek(SeekFrom::Start(start))?;
        let size = read_u32(reader)?;
        if size != 32 {
            return Err(ptau("field size", 32, size));
        }
        if read_array::<32>(reader)?[..] != Fq::MODULUS.to_bytes_le()[..] {
            return Err(ptau("curve", "BN254", "another modulus"));
        }
        let (power, ceremony) = (read_u32(reader)?, read_u32(reader)?);
        if !(1..=MAX_POWER).contains(&power) {
            return Err(ptau("power", format!("1 to {MAX_POWER}"), power));
        }
        if !(power..=MAX_POWER).contains(&ceremony) {
            return Err(ptau("power of the ceremony", format!("{power} to {MAX_POWER}"), ceremony));
        }
        let rows = 1u64 << power;
        let prepared = (12..=15).any(|kind| self.0.contains_key(&kind));
        let expected = [(2, 64 * (2 * rows - 1)), (3, 128 * rows), (4, 64 * rows), (5, 64 * rows), (6, 128)];
        let lagrange = [
            (12, 64 * (4 * rows - 1)),
            (13, 128 * (2 * rows - 1)),
            (14, 64 * (2 * rows - 1)),
            (15, 64 * (2 * rows - 1)),
        ];
        for (kind, expected) in expected.into_iter().chain(lagrange.into_iter().filter(|_| prepared)) {
            let (_, length) = self.section(kind)?;
            if length != expected {
                return Err(ptau(name(kind), expected, length));
            }
        }
        self.section(7)?;
        if let Some((_, length @ 1..)) = self.0.get(&TEST_ONLY) {
            return Err(ptau(name(TEST_ONLY), 0, length));
        }
        Ok(power)
    }

    fn section(&self, kind: u32) -> Result<(u64, u64), SetupError> {
        self.0.get(&kind).copied().ok_or_else(|| ptau("sections", name(kind), "none"))
    }

    /// Points `first` to `first + count` of a section, decoded and checked one by one.
    fn points<P: SWCurveConfig<BaseField: Coordinate>>(
        &self,
        reader: &mut (impl Read + Seek),
        kind: u32,
        first: u64,
        count: u64,
    ) -> Result<Vec<Affine<P>>, SetupError> {
        let (start, _) = self.section(kind)?;
        let size = lem::size::<P>();
        reader.seek(SeekFrom::Start(start + first * size as u64))?;
        // The section's length was compared with the file's.
        let count = usize::try_from(count).map_err(|_| ptau(name(kind), "fewer points", count))?;
        let mut points = Vec::with_capacity(count);
        let mut buffer = vec![0; CHUNK * size];
        while points.len() < count {
            let bytes = &mut buffer[..(count - points.len()).min(CHUNK) * size];
            reader.read_exact(bytes)?;
            let decoded: Vec<_> = bytes.par_chunks_exact(size).map(lem::decode).collect();
            for point in decoded {
                points.push(point.map_err(|fault| SetupError::PowersPoint {
                    section: name(kind),
                    index: points.len(),
                    fault,
                })?);
            }
        }
        Ok(points)
    }
}

fn name(kind: u32) -> &'static str {
    SECTIONS.iter().find(|(known, _)| *known == kind).map_or("unknown", |(_, name)| name)
}

fn ptau(what: &'static str, expected: impl ToString, got: impl ToString) -> SetupError {
    SetupError::Ptau { what, expected: expected.to_string(), got: got.to_string() }
}

fn read_u32(reader: &mut impl Read) -> Result<u32, SetupError> {
    Ok(u32::from_le_bytes(read_array(reader)?))
}

fn read_array<const N: usize>(reader: &mut impl Read) -> Result<[u8; N], SetupError> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}

//! A key in arkworks' uncompressed encoding, in pieces of bounded size.

use std::io::{Read, Write};

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize, Compress, Valid, Validate};
use rayon::prelude::*;
use sha2::{Digest as _, Sha256};

use super::Counts;
use crate::SetupError;

/// Points that are encoded or decoded together.
const CHUNK: usize = 1 << 14;

/// A writer that hashes.
struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(super) fn digest(key: &ProvingKey<Bn254>) -> Result<[u8; 32], SetupError> {
    let mut hasher = Hasher(Sha256::new());
    write(key, &mut hasher)?;
    Ok(hasher.0.finalize().into())
}

pub(super) fn write(key: &ProvingKey<Bn254>, writer: &mut impl Write) -> Result<(), SetupError> {
    // Named one by one, so that a field more in arkworks does not go missing here.
    let ProvingKey { vk, beta_g1, delta_g1, a_query, b_g1_query, b_g2_query, h_query, l_query } = key;
    let VerifyingKey { alpha_g1, beta_g2, gamma_g2, delta_g2, gamma_abc_g1 } = vk;
    write_points(&[*alpha_g1], writer)?;
    write_points(&[*beta_g2, *gamma_g2, *delta_g2], writer)?;
    write_vector(gamma_abc_g1, writer)?;
    write_points(&[*beta_g1, *delta_g1], writer)?;
    write_vector(a_query, writer)?;
    write_vector(b_g1_query, writer)?;
    write_vector(b_g2_query, writer)?;
    write_vector(h_query, writer)?;
    write_vector(l_query, writer)
}

fn write_vector<P: CanonicalSerialize + Sync>(
    points: &[P],
    writer: &mut impl Write,
) -> Result<(), SetupError> {
    writer.write_all(&(points.len() as u64).to_le_bytes())?;
    write_points(points, writer)
}

fn write_points<P: CanonicalSerialize + Sync>(
    points: &[P],
    writer: &mut impl Write,
) -> Result<(), SetupError> {
    let Some(size) = points.first().map(CanonicalSerialize::uncompressed_size) else { return Ok(()) };
    let mut buffer = vec![0; size * points.len().min(CHUNK)];
    for points in points.chunks(CHUNK) {
        let bytes = &mut buffer[..size * points.len()];
        bytes
            .par_chunks_exact_mut(size)
            .zip(points)
            .try_for_each(|(bytes, point)| point.serialize_uncompressed(bytes))
            .map_err(|_| SetupError::KeyFile { what: "encoding" })?;
        writer.write_all(bytes)?;
    }
    Ok(())
}

/// Reads a body of known size, and its hash. With `check`, every point is checked to be of order r, or the identity, and
/// written in the one way that we write it; without, only coordinates are checked to be below the modulus.
pub(super) fn read(
    reader: &mut impl Read,
    counts: Counts,
    check: bool,
) -> Result<(ProvingKey<Bn254>, [u8; 32]), SetupError> {
    let mut body = Body { reader, hasher: Sha256::new(), check };
    let variables = counts.instance + counts.witness;
    let [alpha_g1] = body.array::<G1Affine, 1>("alpha")?;
    let [beta_g2, gamma_g2, delta_g2] = body.array::<G2Affine, 3>("beta, gamma, delta")?;
    let gamma_abc_g1 = body.vector("IC", counts.instance)?;
    let [beta_g1, delta_g1] = body.array::<G1Affine, 2>("beta, delta")?;
    let key = ProvingKey {
        vk: VerifyingKey { alpha_g1, beta_g2, gamma_g2, delta_g2, gamma_abc_g1 },
        beta_g1,
        delta_g1,
        a_query: body.vector("A", variables)?,
        b_g1_query: body.vector("B in G1", variables)?,
        b_g2_query: body.vector("B in G2", variables)?,
        h_query: body.vector("H", counts.quotient)?,
        l_query: body.vector("L", counts.witness)?,
    };
    Ok((key, body.hasher.finalize().into()))
}

struct Body<'a, R> {
    reader: &'a mut R,
    hasher: Sha256,
    check: bool,
}

impl<R: Read> Body<'_, R> {
    fn bytes(&mut self, bytes: &mut [u8]) -> Result<(), SetupError> {
        self.reader.read_exact(bytes)?;
        self.hasher.update(bytes);
        Ok(())
    }

    fn array<P: Point, const N: usize>(&mut self, what: &'static str) -> Result<[P; N], SetupError> {
        let points = self.points(what, N)?;
        points.try_into().map_err(|_| SetupError::KeyFile { what })
    }

    fn vector<P: Point>(&mut self, what: &'static str, count: usize) -> Result<Vec<P>, SetupError> {
        let mut length = [0; 8];
        self.bytes(&mut length)?;
        if u64::from_le_bytes(length) != count as u64 {
            return Err(SetupError::KeyFile { what: "length of a vector" });
        }
        self.points(what, count)
    }

    fn points<P: Point>(&mut self, what: &'static str, count: usize) -> Result<Vec<P>, SetupError> {
        // The file was found to be as long as its header says, so this is not more memory than it has bytes.
        let mut points = Vec::with_capacity(count);
        let size = P::default().uncompressed_size();
        let mut buffer = vec![0; size * count.min(CHUNK)];
        let check = self.check;
        while points.len() < count {
            let bytes = &mut buffer[..size * (count - points.len()).min(CHUNK)];
            self.bytes(bytes)?;
            let decoded: Vec<_> =
                bytes.par_chunks_exact(size).map(|bytes| decode::<P>(bytes, check)).collect();
            for point in decoded {
                points.push(point.ok_or(SetupError::KeyPoint { what, index: points.len() })?);
            }
        }
        Ok(points)
    }
}

trait Point: CanonicalDeserialize + CanonicalSerialize + Default + Send {}
impl<P: CanonicalDeserialize + CanonicalSerialize + Default + Send> Point for P {}

fn decode<P: Point>(bytes: &[u8], check: bool) -> Option<P> {
    let point = P::deserialize_with_mode(bytes, Compress::No, Validate::No).ok()?;
    if check {
        Valid::check(&point).ok()?;
        // arkworks ignores the sign bit of an uncompressed point.
        let mut again = [0; 128];
        let again = again.get_mut(..bytes.len())?;
        point.serialize_uncompressed(&mut *again).ok()?;
        if again != bytes {
            return None;
        }
    }
    Some(point)
}

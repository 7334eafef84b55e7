//! The bytes in which the embedded prover keeps a program between runs.
//!
//! A tag and version, SHA-256 of the rest, then the parts in postcard. Written and read by this machine alone; the digest
//! finds damage, of which plonky2's decoder does not always survive the sight.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use sheaf_adapter::{AdapterError, ErrorKind};
use sheaf_aggregator::tree::program_vk;
use sheaf_embedded::{CompileError, Program, ProgramOptions};
use sheaf_model::QuantisedModel;
use sheaf_plonky2::hash::Digest;
use sheaf_statement::VkDigest;

use crate::error::{LocalError, coded};

/// Domain tag and version. Another layout, or another circuit for the same model, gets another version.
const TAG: &str = "sheaf/embedded-package/v1\n";
const DIGEST_BYTES: usize = 32;
/// Prover data are about 20 kB a row. Past this size, building them again is less trouble than keeping them.
const MAX_CIRCUIT_BYTES: usize = 64 << 20;

/// The parts of a package.
#[derive(Serialize, Deserialize)]
struct Package<'a> {
    options: ProgramOptions,
    /// Key of the leaf circuit that the program's vk commits to. Kept, because that of a rare shape takes seconds to build.
    leaf_key: Digest,
    /// Canonical bytes of the model.
    model: &'a [u8],
    /// Prover data, which can be built again.
    #[serde(borrow)]
    circuit: Option<&'a [u8]>,
}

/// Encodes a program.
pub(super) fn encode(program: &Program, leaf_key: Digest) -> Result<Vec<u8>, LocalError> {
    let model = program.model().to_bytes().map_err(|error| LocalError::Encode(error.into()))?;
    let circuit = program.circuit_bytes().filter(|bytes| bytes.len() <= MAX_CIRCUIT_BYTES);
    let package =
        Package { options: *program.options(), leaf_key, model: &model, circuit: circuit.as_deref() };
    encode_parts(&package)
}

fn encode_parts(package: &Package<'_>) -> Result<Vec<u8>, LocalError> {
    let header = [TAG.as_bytes(), &[0; DIGEST_BYTES]].concat();
    let body = header.len();
    let mut bytes = postcard::to_extend(package, header).map_err(|error| LocalError::Encode(error.into()))?;
    let digest = Sha256::digest(&bytes[body..]);
    bytes[TAG.len()..body].copy_from_slice(&digest);
    Ok(bytes)
}

/// Decodes the program that is known by a vk.
pub(super) fn decode(bytes: &[u8], expected: VkDigest) -> Result<Program, AdapterError> {
    let Package { options, leaf_key, model, circuit } = decode_parts(bytes)?;
    let model = QuantisedModel::from_bytes(model).map_err(|error| coded(ErrorKind::Transient, &error))?;
    let vk = |program: &Program| program_vk(&leaf_key, &program.key().digest());
    if let Some(circuit) = circuit {
        // Data of another version of plonky2, say. They are a cache: what they cannot give is built.
        let restored = Program::restore(model.clone(), options, None, Some(circuit));
        if let Ok(program) = restored
            && vk(&program) == expected
        {
            return Ok(program);
        }
        tracing::warn!(program = %expected, "stored prover data are of no use; building the circuit again");
    }
    let program = Program::restore(model, options, None, None).map_err(|error| not_ours(&error))?;
    let got = vk(&program);
    if got != expected {
        return Err(LocalError::OtherProgram { expected, got }.into());
    }
    Ok(program)
}

fn decode_parts(bytes: &[u8]) -> Result<Package<'_>, LocalError> {
    let rest = bytes.strip_prefix(TAG.as_bytes()).ok_or(LocalError::Tag { tag: TAG.trim_end() })?;
    let (digest, body) = rest.split_first_chunk::<DIGEST_BYTES>().ok_or(LocalError::Damaged)?;
    if Sha256::digest(body)[..] != digest[..] {
        return Err(LocalError::Damaged);
    }
    match postcard::take_from_bytes(body) {
        Ok((package, [])) => Ok(package),
        Ok(_) => Err(LocalError::Layout(postcard::Error::DeserializeBadEncoding)),
        Err(error) => Err(LocalError::Layout(error)),
    }
}

/// A model that was compiled once and is now refused is not the job's fault.
fn not_ours(error: &CompileError) -> AdapterError {
    coded(ErrorKind::Transient, error)
}

#[cfg(test)]
mod tests;

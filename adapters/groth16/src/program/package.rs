//! The bytes in which a prover keeps a program between runs.
//!
//! A tag and version, then the parts in postcard, then keccak256 of all before. The circuit is not stored: it is laid
//! down again from the model. The digest finds damage, and no malice: points of the proving key are not checked to be on
//! their curve, which would take longer than setup. A wrong one gives proofs that do not verify, and none of those is
//! returned. The verifying key is decoded strictly.

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_groth16::ProvingKey;
use ark_serialize::{CanonicalDeserialize, CanonicalSerialize, SerializationError};
use serde::{Deserialize, Serialize};
use sha3::{Digest, Keccak256};
use sheaf_model::QuantisedModel;
use sheaf_statement::InputVisibility;

use super::error::Groth16Error;
use super::prover::{Groth16Program, circuit};
use crate::circuit::Circuit;
use crate::document::Setup;
use crate::encoding::{G1_BYTES, G2_BYTES};
use crate::key::VerifyingKey;

/// Domain tag and version. Another layout, or another circuit for the same model, gets another version.
const TAG: &[u8] = b"sheaf/groth16-program/v1\n";
const DIGEST_BYTES: usize = 32;

/// The parts of a package.
#[derive(Serialize, Deserialize)]
struct Package<'a> {
    setup: Setup,
    input: InputVisibility,
    /// Canonical bytes of the model.
    model: &'a [u8],
    /// Canonical bytes of the verifying key.
    key: &'a [u8],
    /// The proving key's other points, uncompressed, as arkworks writes them: β and δ in G1, then the queries A, B in G1,
    /// B in G2, H, L. Their numbers follow from the circuit.
    #[serde(borrow)]
    points: &'a [u8],
}

impl Groth16Program {
    /// The program as an opaque package; see [`from_bytes`](Self::from_bytes). About 400 bytes a constraint.
    ///
    /// # Errors
    /// [`Groth16Error::PackageModel`] if the model is longer than any decoder accepts.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Groth16Error> {
        let model = self.model.to_bytes()?;
        let key = self.key.to_bytes();
        let points = encode_points(&self.proving_key, Counts::of(&self.circuit).bytes())
            .map_err(|source| Groth16Error::PackagePoint { source })?;
        let package = Package {
            setup: self.setup_kind(),
            input: self.input,
            model: &model,
            key: &key,
            points: &points,
        };
        let mut bytes = postcard::to_extend(&package, TAG.to_vec())
            .map_err(|source| Groth16Error::PackageLayout { source })?;
        bytes.extend(Keccak256::digest(&bytes));
        Ok(bytes)
    }

    /// Restores a program from a package that this machine wrote. A stranger's must not be given to this: it costs up to
    /// what the limits allow, and its verifying key may be of any circuit, so that statements under it may mean anything.
    ///
    /// # Errors
    /// [`Groth16Error`] if the bytes are not a package, are damaged, or hold the keys of another circuit.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Groth16Error> {
        let Some((body, digest)) = bytes.strip_prefix(TAG).and_then(|rest| rest.split_last_chunk()) else {
            return Err(Groth16Error::PackageTag);
        };
        let digested = &bytes[..bytes.len() - DIGEST_BYTES];
        if <[u8; DIGEST_BYTES]>::from(Keccak256::digest(digested)) != *digest {
            return Err(Groth16Error::PackageDigest);
        }
        let layout = |source| Groth16Error::PackageLayout { source };
        let (package, rest) = postcard::take_from_bytes::<Package<'_>>(body).map_err(layout)?;
        if !rest.is_empty() {
            return Err(layout(postcard::Error::DeserializeBadEncoding));
        }
        let Package { setup: Setup::Development, input, model, key, points } = package;
        let model = QuantisedModel::from_bytes(model)?;
        let circuit = circuit(&model, input)?;
        let key = VerifyingKey::from_bytes(key).map_err(|source| Groth16Error::PackageKey { source })?;
        let (expected, got) = (circuit.instance_columns - 1, key.public_inputs());
        if got != expected {
            return Err(Groth16Error::PackageInputs { expected, got });
        }
        let proving_key = decode_points(&circuit, &key, points)?;
        Ok(Self { model, input, circuit, proving_key, key })
    }
}

/// How many points a circuit's proving key has.
struct Counts {
    /// Of the queries A and B: every column.
    columns: usize,
    /// Of the query H: the degree of the quotient, and one.
    quotient: usize,
    /// Of the query L: every witness column.
    witnesses: usize,
}

impl Counts {
    fn of(circuit: &Circuit) -> Self {
        // arkworks' domain: a row per constraint and per column of the instance, rounded up to a power of two.
        let domain = (circuit.constraints() + circuit.instance_columns).next_power_of_two();
        Self {
            columns: circuit.columns,
            quotient: domain - 1,
            witnesses: circuit.columns - circuit.instance_columns,
        }
    }

    fn bytes(&self) -> usize {
        G1_BYTES * (2 + 2 * self.columns + self.quotient + self.witnesses) + G2_BYTES * self.columns
    }
}

fn encode_points(key: &ProvingKey<Bn254>, expected: usize) -> Result<Vec<u8>, SerializationError> {
    let mut bytes = Vec::with_capacity(expected);
    key.beta_g1.serialize_uncompressed(&mut bytes)?;
    key.delta_g1.serialize_uncompressed(&mut bytes)?;
    for point in key.a_query.iter().chain(&key.b_g1_query) {
        point.serialize_uncompressed(&mut bytes)?;
    }
    for point in &key.b_g2_query {
        point.serialize_uncompressed(&mut bytes)?;
    }
    for point in key.h_query.iter().chain(&key.l_query) {
        point.serialize_uncompressed(&mut bytes)?;
    }
    Ok(bytes)
}

fn decode_points(
    circuit: &Circuit,
    key: &VerifyingKey,
    mut bytes: &[u8],
) -> Result<ProvingKey<Bn254>, Groth16Error> {
    let counts = Counts::of(circuit);
    let (expected, got) = (counts.bytes(), bytes.len());
    if got != expected {
        return Err(Groth16Error::PackagePoints { expected, got });
    }
    let mut decode = || -> Result<ProvingKey<Bn254>, SerializationError> {
        let [beta_g1, delta_g1] = [g1(&mut bytes), g1(&mut bytes)];
        Ok(ProvingKey {
            vk: key.ark().clone(),
            beta_g1: beta_g1?,
            delta_g1: delta_g1?,
            a_query: many(counts.columns, || g1(&mut bytes))?,
            b_g1_query: many(counts.columns, || g1(&mut bytes))?,
            b_g2_query: many(counts.columns, || G2Affine::deserialize_uncompressed_unchecked(&mut bytes))?,
            h_query: many(counts.quotient, || g1(&mut bytes))?,
            l_query: many(counts.witnesses, || g1(&mut bytes))?,
        })
    };
    decode().map_err(|source| Groth16Error::PackagePoint { source })
}

fn g1(bytes: &mut &[u8]) -> Result<G1Affine, SerializationError> {
    G1Affine::deserialize_uncompressed_unchecked(bytes)
}

fn many<T, E>(count: usize, mut read: impl FnMut() -> Result<T, E>) -> Result<Vec<T>, E> {
    let mut items = Vec::with_capacity(count);
    for _ in 0..count {
        items.push(read()?);
    }
    Ok(items)
}

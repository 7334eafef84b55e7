//! Phase two: a key of one circuit, made by many parties.
//!
//! # Protocol
//! After Bowe, Gabizon and Miers, "Scalable Multi-party Computation for zk-SNARK Parameters in the Random Beacon Model"
//! (<https://eprint.iacr.org/2017/1050>), section 6: gamma is 1, and delta is the product of everybody's secrets.
//!
//! 1. The powers of tau, and the circuit, give the *initial key*, whose delta is 1. Anyone can compute it.
//! 2. A participant draws a secret d, multiplies delta in G1 and G2 by it and divides every point of H and L by it; no
//!    other point of the key depends on delta. It publishes a *share* d·G1 and a *proof* d·R, where R is a hash to G2 of
//!    the running transcript hash and of the share: only who knows d can make it, and it fits no other place of no other
//!    transcript. Then it forgets d.
//! 3. A *beacon* may end the sequence: a contribution whose d everybody computes from a value that nobody could foresee
//!    (a later block hash, a lottery draw), slowed down by 2^n hashes.
//! 4. Anyone can [`verify()`] the transcript and the last key.
//!
//! # What it gives
//! If at least one participant drew its d at random and forgot it, nobody knows delta, so nobody can forge a proof, if
//! phase one was honest in the same sense. Participants need not trust the coordinator nor one another: whoever finds its
//! contribution's hash in a transcript that verifies knows that the key depends on its secret.
//!
//! # What it does not give
//! * It says nothing about phase one: whoever knows tau, alpha or beta forges proofs whatever happens here. See
//!   [`crate::powers`].
//! * It cannot tell participants from one another: a hundred contributions may be one person's. Names are not checked;
//!   participants publish the hashes of their contributions elsewhere.
//! * It does not make somebody forget a secret, nor does it keep a coordinator from leaving participants out.
//! * It does not say that the circuit is right: only that the key is this circuit's.
//!
//! | module | owns |
//! |---|---|
//! | [`transcript`] | the document, its hash chain, its proofs of knowledge |
//! | [`mod@verify`] | verification of a transcript and the key that it ends in |
//! | `initial` | the key with delta = 1 |

mod combine;
mod initial;
pub mod transcript;
pub mod verify;

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::Field;
use ark_groth16::ProvingKey;
use rand::TryRngCore as _;
use rayon::prelude::*;
use zeroize::Zeroizing;

pub use transcript::{Beacon, Contribution, PhaseOne, Source, Transcript};
pub use verify::{VerifiedCeremony, verify, verify_from};

use crate::constraints::ConstraintSystem;
use crate::hash::hash_to_field;
use crate::hex::Hex;
use crate::key::{SetupKey, key_digest};
use crate::points::{g1_bytes, g2_bytes};
use crate::powers::PowersOfTau;
use crate::{Provenance, SetupError};

/// Points that are scaled together.
const CHUNK: usize = 1 << 12;

/// A ceremony under way: the latest key, and how it came about.
#[derive(Debug, Clone)]
pub struct Phase2 {
    key: ProvingKey<Bn254>,
    transcript: Transcript,
}

impl Phase2 {
    /// Begins a ceremony: computes the initial key.
    ///
    /// For the circuit's very number of rows and [prepared](PowersOfTau::is_prepared) powers this takes a scalar
    /// multiplication per entry of a matrix, three for B; otherwise the Lagrange form is computed first, which takes
    /// hours for 2^21 rows.
    ///
    /// # Errors
    /// [`SetupError::Power`] if there are too few powers; [`SetupError::CircuitSize`], [`SetupError::NoConstantOne`] or
    /// [`SetupError::Entry`] for a malformed circuit.
    pub fn new(
        powers: &PowersOfTau,
        system: &dyn ConstraintSystem,
        progress: &dyn Fn(&str),
    ) -> Result<Self, SetupError> {
        let (key, power) = initial::initial_key(powers, system, progress)?;
        let transcript = Transcript {
            version: transcript::VERSION.to_owned(),
            circuit: Hex(system.digest()),
            powers: PhaseOne { digest: Hex(powers.digest(power)?), power, test_only: powers.is_test_only() },
            initial_key: Hex(key_digest(&key)?),
            contributions: Vec::new(),
        };
        Ok(Self { key, transcript })
    }

    /// Goes on with a ceremony: checks the transcript's chain, and that it ends in this key. Does not check that the key
    /// is the circuit's: [`verify()`] does.
    ///
    /// # Errors
    /// Those of [`Transcript::check`]; [`SetupError::KeyDigest`] or [`SetupError::KeyDelta`] for another key.
    pub fn resume(key: SetupKey, transcript: Transcript) -> Result<Self, SetupError> {
        let key = key.into_proving_key();
        verify::check_end(&transcript, &key)?;
        Ok(Self { key, transcript })
    }

    /// Adds a contribution. The secret is drawn from the operating system's randomness and from `entropy`, and erased;
    /// `entropy` alone need not be secret, nor good. Returns the contribution's hash, for the participant to publish.
    ///
    /// # Errors
    /// [`SetupError::Name`], [`SetupError::AfterBeacon`], [`SetupError::TooManyContributions`],
    /// [`SetupError::Randomness`]. The ceremony is as it was then.
    pub fn contribute(
        &mut self,
        name: &str,
        entropy: &[u8],
        progress: &dyn Fn(&str),
    ) -> Result<[u8; 32], SetupError> {
        let mut system = Zeroizing::new([0; 32]);
        rand::rngs::OsRng
            .try_fill_bytes(&mut *system)
            .map_err(|source| SetupError::Randomness { source: Box::new(source) })?;
        let secret = Zeroizing::new(hash_to_field(b"sheaf/setup/secret/v1", &[&*system, entropy]));
        self.apply(name, Source::Participant, &secret, progress)
    }

    /// Ends the ceremony with a beacon: a value that nobody could foresee when the last participant contributed,
    /// announced beforehand, hashed 2^`iterations_log2` times.
    ///
    /// # Errors
    /// As [`Self::contribute`], and [`SetupError::BeaconParameters`] for 0 or more than 256 bytes, or more than 2^30
    /// iterations.
    pub fn beacon(
        &mut self,
        name: &str,
        bytes: &[u8],
        iterations_log2: u8,
        progress: &dyn Fn(&str),
    ) -> Result<[u8; 32], SetupError> {
        let beacon = Beacon { bytes: bytes.to_vec(), iterations_log2 };
        beacon.validate()?;
        progress("iterating the beacon");
        let secret = beacon.scalar(&self.transcript.hash());
        self.apply(name, Source::Beacon(beacon), &secret, progress)
    }

    /// The transcript so far.
    #[must_use]
    pub fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// The key so far, labelled as unfinished (or for tests): [`verify()`] it for a better label.
    #[must_use]
    pub fn into_parts(self) -> (SetupKey, Transcript) {
        let provenance = if self.transcript.powers.test_only {
            Provenance::TestOnly
        } else {
            Provenance::Unfinished { transcript: self.transcript.hash() }
        };
        (SetupKey::new(self.key, self.transcript.circuit.0, provenance), self.transcript)
    }

    pub(crate) fn apply(
        &mut self,
        name: &str,
        source: Source,
        secret: &Fr,
        progress: &dyn Fn(&str),
    ) -> Result<[u8; 32], SetupError> {
        self.transcript.check_open(name)?;
        let inverse = Zeroizing::new(secret.inverse().ok_or(SetupError::Degenerate)?);

        let previous = self.transcript.hash();
        let number = self.transcript.contributions.len() + 1;
        let share = g1_bytes(&(G1Affine::generator() * secret).into_affine());
        let challenge: G2Affine = transcript::challenge(&previous, number, name, &source, &share);
        let proof = (challenge * secret).into_affine();

        progress("updating H");
        scale(&mut self.key.h_query, &inverse);
        progress("updating L");
        scale(&mut self.key.l_query, &inverse);
        self.key.delta_g1 = (self.key.delta_g1 * secret).into_affine();
        self.key.vk.delta_g2 = (self.key.vk.delta_g2 * secret).into_affine();

        progress("hashing the key");
        let mut contribution = Contribution {
            name: name.to_owned(),
            source,
            share: Hex(share),
            proof: Hex(g2_bytes(&proof)),
            delta_g1: Hex(g1_bytes(&self.key.delta_g1)),
            delta_g2: Hex(g2_bytes(&self.key.vk.delta_g2)),
            key: Hex(key_digest(&self.key)?),
            hash: Hex([0; 32]),
        };
        contribution.hash = Hex(contribution.expected_hash(&previous, number));
        let hash = contribution.hash.0;
        self.transcript.contributions.push(contribution);
        Ok(hash)
    }
}

/// Multiplies every point by the same scalar.
fn scale(points: &mut [G1Affine], scalar: &Fr) {
    points.par_chunks_mut(CHUNK).for_each(|points| {
        // In projective coordinates, because these use the curve's endomorphism.
        let products: Vec<G1Projective> = points.iter().map(|point| point.into_group() * scalar).collect();
        points.copy_from_slice(&G1Projective::normalize_batch(&products));
    });
}

#[cfg(test)]
mod tests;

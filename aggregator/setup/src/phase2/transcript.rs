//! The transcript of a ceremony: a JSON document, `sheaf/setup/v1`.
//!
//! ```json
//! {
//!   "version": "sheaf/setup/v1",
//!   "circuit": "0x<digest of the circuit>",
//!   "powers": { "digest": "0x<digest of the powers of tau>", "power": 21, "test_only": false },
//!   "initial_key": "0x<SHA-256 of the key with delta = 1>",
//!   "contributions": [
//!     {
//!       "name": "somebody",
//!       "source": "participant",
//!       "share": "0x<64 bytes>", "proof": "0x<128 bytes>",
//!       "delta_g1": "0x<64 bytes>", "delta_g2": "0x<128 bytes>",
//!       "key": "0x<SHA-256 of the key>", "hash": "0x<32 bytes>"
//!     },
//!     { "name": "block 123", "source": { "beacon": { "bytes": "0x…", "iterations_log2": 20 } }, … }
//!   ]
//! }
//! ```
//! Exactly these fields; points as EIP-197 has them; byte strings as `0x` and lower-case digits.
//!
//! # Hashes
//! `H(tag, parts…)` is the SHA-256 of the tag and the parts, each behind its length as a big-endian u64.
//! ```text
//! h_0 = H("sheaf/setup/transcript/v1", circuit, powers.digest, power (u32), test_only (u8), initial_key)
//! c_i = i (u64), name, source      source: empty for a participant; for a beacon iterations_log2 (u8), bytes
//! R_i = hash to G2 of H("sheaf/setup/challenge/v1", h_(i−1), c_i…, share)
//! h_i = H("sheaf/setup/contribution/v1", h_(i−1), c_i…, share, proof, delta_g1, delta_g2, key)
//! ```

use ark_bn254::{Fr, G1Affine, G2Affine};
use ark_ec::{AffineRepr, CurveGroup};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::SetupError;
use crate::hash::{hash_parts, hash_to_field, hash_to_g2};
use crate::hex::{self, Hex};
use crate::points::{PointFault, g1_from_bytes, g2_from_bytes, pairings_equal};

/// The version that is read and written.
pub const VERSION: &str = "sheaf/setup/v1";
/// Longest document that is read.
pub const MAX_TRANSCRIPT_LEN: usize = 8 << 20;
/// Most contributions.
pub const MAX_CONTRIBUTIONS: usize = 4096;
/// Longest name, in bytes.
pub const MAX_NAME_LEN: usize = 100;
/// Longest beacon, in bytes.
pub const MAX_BEACON_LEN: usize = 256;
/// A verifier computes so many hashes at most, as a power of two: minutes.
pub const MAX_BEACON_ITERATIONS_LOG2: u8 = 30;

/// How a key came about. See the module for the format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// [`VERSION`].
    pub version: String,
    /// Digest of the circuit.
    pub circuit: Hex<32>,
    /// Phase one.
    pub powers: PhaseOne,
    /// SHA-256 of the key with delta = 1.
    pub initial_key: Hex<32>,
    /// In order.
    pub contributions: Vec<Contribution>,
}

/// The powers of tau that a ceremony builds on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PhaseOne {
    /// [`PowersOfTau::digest`](crate::powers::PowersOfTau::digest) for this power.
    pub digest: Hex<32>,
    /// log2 of the circuit's rows.
    pub power: u32,
    /// Whether somebody is known to know the secrets.
    pub test_only: bool,
}

/// One factor of delta.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contribution {
    /// What the participant calls itself: 1 to [`MAX_NAME_LEN`] bytes, no control characters. Not checked otherwise.
    pub name: String,
    /// Where the factor comes from.
    pub source: Source,
    /// The factor d times the generator of G1.
    pub share: Hex<64>,
    /// d times the challenge in G2.
    pub proof: Hex<128>,
    /// delta in G1, after.
    pub delta_g1: Hex<64>,
    /// delta in G2, after.
    pub delta_g2: Hex<128>,
    /// SHA-256 of the key, after.
    pub key: Hex<32>,
    /// The running hash, after.
    pub hash: Hex<32>,
}

/// Where a factor of delta comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Somebody's secret.
    Participant,
    /// A public value; nothing may follow it.
    Beacon(Beacon),
}

/// A public value that nobody could foresee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beacon {
    /// The value: 1 to [`MAX_BEACON_LEN`] bytes.
    #[serde(with = "hex::bytes")]
    pub bytes: Vec<u8>,
    /// log2 of the number of times that it is hashed, at most [`MAX_BEACON_ITERATIONS_LOG2`].
    pub iterations_log2: u8,
}

/// delta in both groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delta {
    pub(crate) g1: G1Affine,
    pub(crate) g2: G2Affine,
}

impl Transcript {
    /// Reads a transcript. Says nothing about whether it is a good one.
    ///
    /// # Errors
    /// [`SetupError::Transcript`] or [`SetupError::TranscriptJson`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, SetupError> {
        if bytes.len() > MAX_TRANSCRIPT_LEN {
            return Err(SetupError::Transcript { what: "length", max: MAX_TRANSCRIPT_LEN, got: bytes.len() });
        }
        let transcript: Self =
            serde_json::from_slice(bytes).map_err(|source| SetupError::TranscriptJson { source })?;
        transcript.validate()?;
        Ok(transcript)
    }

    /// The document.
    ///
    /// # Errors
    /// [`SetupError::TranscriptJson`], which does not happen.
    pub fn to_json(&self) -> Result<Vec<u8>, SetupError> {
        serde_json::to_vec_pretty(self).map_err(|source| SetupError::TranscriptJson { source })
    }

    /// The running hash after the last contribution: names the whole transcript.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        self.contributions.last().map_or_else(|| self.first_hash(), |last| last.hash.0)
    }

    /// SHA-256 of the key after the last contribution.
    #[must_use]
    pub fn key_digest(&self) -> [u8; 32] {
        self.contributions.last().map_or(self.initial_key.0, |last| last.key.0)
    }

    fn first_hash(&self) -> [u8; 32] {
        let Self { version: _, circuit, powers, initial_key, contributions: _ } = self;
        let PhaseOne { digest, power, test_only } = powers;
        hash_parts(
            b"sheaf/setup/transcript/v1",
            &[&circuit.0, &digest.0, &power.to_be_bytes(), &[u8::from(*test_only)], &initial_key.0],
        )
    }

    fn validate(&self) -> Result<(), SetupError> {
        if self.version != VERSION {
            return Err(SetupError::TranscriptVersion { got: self.version.chars().take(40).collect() });
        }
        if self.contributions.len() > MAX_CONTRIBUTIONS {
            return Err(SetupError::TooManyContributions { max: MAX_CONTRIBUTIONS });
        }
        for contribution in &self.contributions {
            validate_name(&contribution.name)?;
            if let Source::Beacon(beacon) = &contribution.source {
                beacon.validate()?;
            }
        }
        Ok(())
    }

    /// Whether a contribution of this name may follow.
    pub(super) fn check_open(&self, name: &str) -> Result<(), SetupError> {
        validate_name(name)?;
        let number = self.contributions.len() + 1;
        if matches!(self.contributions.last(), Some(Contribution { source: Source::Beacon(_), .. })) {
            return Err(SetupError::AfterBeacon { number });
        }
        if number > MAX_CONTRIBUTIONS {
            return Err(SetupError::TooManyContributions { max: MAX_CONTRIBUTIONS });
        }
        Ok(())
    }

    /// Checks every contribution: its place in the hash chain, its points, its proof of knowledge, and that it multiplied
    /// delta by its share, in both groups; of a beacon, that its share is the one that the value gives. Needs neither key
    /// nor circuit, and a few milliseconds each.
    ///
    /// # Errors
    /// The first fault, with the contribution's number (from 1): [`SetupError::TranscriptHash`],
    /// [`SetupError::TranscriptPoint`], [`SetupError::ProofOfKnowledge`], [`SetupError::DeltaStep`],
    /// [`SetupError::DeltaGroups`], [`SetupError::BeaconShare`], [`SetupError::AfterBeacon`]; and those of
    /// [`Self::from_json`].
    pub fn check(&self) -> Result<(), SetupError> {
        self.check_chain().map(|_| ())
    }

    /// [`Self::check`], and the delta that it ends in.
    pub(crate) fn check_chain(&self) -> Result<Delta, SetupError> {
        self.validate()?;
        let mut delta = Delta { g1: G1Affine::generator(), g2: G2Affine::generator() };
        let mut hash = self.first_hash();
        let mut ended = false;
        for (index, contribution) in self.contributions.iter().enumerate() {
            let number = index + 1;
            if ended {
                return Err(SetupError::AfterBeacon { number });
            }
            delta = contribution.check(number, &hash, delta)?;
            hash = contribution.hash.0;
            ended = matches!(contribution.source, Source::Beacon(_));
        }
        Ok(delta)
    }
}

impl Contribution {
    pub(super) fn expected_hash(&self, previous: &[u8; 32], number: usize) -> [u8; 32] {
        let Self { name, source, share, proof, delta_g1, delta_g2, key, hash: _ } = self;
        hash_parts(
            b"sheaf/setup/contribution/v1",
            &[
                previous,
                &(number as u64).to_be_bytes(),
                name.as_bytes(),
                &source.bytes(),
                &share.0,
                &proof.0,
                &delta_g1.0,
                &delta_g2.0,
                &key.0,
            ],
        )
    }

    fn check(&self, number: usize, previous: &[u8; 32], before: Delta) -> Result<Delta, SetupError> {
        if self.hash.0 != self.expected_hash(previous, number) {
            return Err(SetupError::TranscriptHash { number });
        }
        let point = |what| move |fault: PointFault| SetupError::TranscriptPoint { number, what, fault };
        let share = g1_from_bytes(&self.share.0).map_err(point("share"))?;
        let proof = g2_from_bytes(&self.proof.0).map_err(point("proof"))?;
        let after = Delta {
            g1: g1_from_bytes(&self.delta_g1.0).map_err(point("delta in G1"))?,
            g2: g2_from_bytes(&self.delta_g2.0).map_err(point("delta in G2"))?,
        };
        let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
        let challenge = challenge(previous, number, &self.name, &self.source, &self.share.0);
        if !pairings_equal(share, challenge, g1, proof) {
            return Err(SetupError::ProofOfKnowledge { number });
        }
        if !pairings_equal(after.g1, challenge, before.g1, proof) {
            return Err(SetupError::DeltaStep { number });
        }
        if !pairings_equal(after.g1, g2, g1, after.g2) {
            return Err(SetupError::DeltaGroups { number });
        }
        match &self.source {
            Source::Beacon(beacon) if (g1 * beacon.scalar(previous)).into_affine() != share => {
                Err(SetupError::BeaconShare { number })
            }
            _ => Ok(after),
        }
    }
}

impl Source {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Participant => Vec::new(),
            Self::Beacon(Beacon { bytes, iterations_log2 }) => {
                [&[*iterations_log2], bytes.as_slice()].concat()
            }
        }
    }
}

impl Beacon {
    pub(super) fn validate(&self) -> Result<(), SetupError> {
        let bytes = self.bytes.len();
        if (1..=MAX_BEACON_LEN).contains(&bytes) && self.iterations_log2 <= MAX_BEACON_ITERATIONS_LOG2 {
            Ok(())
        } else {
            Err(SetupError::BeaconParameters { bytes, iterations_log2: self.iterations_log2 })
        }
    }

    /// The factor that the value gives behind this running hash.
    pub(super) fn scalar(&self, previous: &[u8; 32]) -> Fr {
        let mut digest = hash_parts(b"sheaf/setup/beacon/v1", &[&self.bytes]);
        for _ in 0..1u64 << self.iterations_log2 {
            digest = Sha256::digest(digest).into();
        }
        hash_to_field(b"sheaf/setup/beacon/scalar/v1", &[&digest, previous])
    }
}

/// Whose multiple proves knowledge of a share's logarithm, here and nowhere else.
pub(super) fn challenge(
    previous: &[u8; 32],
    number: usize,
    name: &str,
    source: &Source,
    share: &[u8; 64],
) -> G2Affine {
    hash_to_g2(
        b"sheaf/setup/challenge/v1",
        &[previous, &(number as u64).to_be_bytes(), name.as_bytes(), &source.bytes(), share],
    )
}

fn validate_name(name: &str) -> Result<(), SetupError> {
    if name.is_empty() || name.len() > MAX_NAME_LEN || name.chars().any(char::is_control) {
        return Err(SetupError::Name { max: MAX_NAME_LEN });
    }
    Ok(())
}

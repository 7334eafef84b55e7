//! Verification of a ceremony, which anyone can run.
//!
//! [`verify()`] needs the powers of tau and the circuit, and believes nobody. [`verify_from`] is faster for who has
//! computed the initial key himself.

use ark_bn254::Bn254;
use ark_groth16::ProvingKey;

use super::combine::{check_delta_dependent_points, check_key, check_points, check_update};
use super::transcript::{Delta, Source, Transcript};
use crate::constraints::ConstraintSystem;
use crate::hash::hash_parts;
use crate::hex::Hex;
use crate::key::{SetupKey, key_digest};
use crate::powers::PowersOfTau;
use crate::vk::verifying_key_digest;
use crate::{Provenance, SetupError};

/// What a ceremony that verifies amounts to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedCeremony {
    /// What its key may be called: test only if the powers are, unfinished without a participant's contribution.
    pub provenance: Provenance,
    /// Contributions of participants. The key is safe if one of them was honest, and they may all be one person.
    pub participants: usize,
    /// Whether a beacon closed it.
    pub beacon: bool,
    /// Digest of the circuit.
    pub circuit: [u8; 32],
    /// SHA-256 of the key.
    pub key_digest: [u8; 32],
    /// keccak256 of the verifying key: [`verifying_key_digest`].
    pub verifying_key_digest: [u8; 32],
}

impl VerifiedCeremony {
    /// Labels the key that was verified.
    ///
    /// # Errors
    /// [`SetupError::KeyDigest`] for another key.
    pub fn label(&self, key: ProvingKey<Bn254>) -> Result<SetupKey, SetupError> {
        let got = key_digest(&key)?;
        if got != self.key_digest {
            return Err(SetupError::KeyDigest { expected: Hex(self.key_digest), got: Hex(got) });
        }
        Ok(SetupKey::new(key, self.circuit, self.provenance))
    }
}

/// Verifies a transcript and the key that it ends in, from the powers of tau and the circuit alone: every contribution
/// ([`Transcript::check`]); then that the key is this circuit's for these powers and the last delta. The key may come
/// from a file read with [`PointChecks::SkipFor`](crate::key::PointChecks::SkipFor): every point is checked here.
///
/// `initial_key` in the transcript is not recomputed: it enters the hashes, and no conclusion rests on it.
///
/// # Errors
/// The first fault: those of [`Transcript::check`]; [`SetupError::KeyDigest`], [`SetupError::KeyDelta`];
/// [`SetupError::Circuit`], [`SetupError::PhaseOne`] if circuit or powers are not the transcript's;
/// [`SetupError::KeyPoint`], [`SetupError::KeyShape`], [`SetupError::KeyMismatch`] naming the part of the key; and those
/// of a malformed circuit.
pub fn verify(
    transcript: &Transcript,
    powers: &PowersOfTau,
    system: &dyn ConstraintSystem,
    key: &ProvingKey<Bn254>,
    progress: &dyn Fn(&str),
) -> Result<VerifiedCeremony, SetupError> {
    progress("checking the transcript");
    let delta = check_end(transcript, key)?;
    let circuit = system.digest();
    if transcript.circuit.0 != circuit {
        return Err(SetupError::Circuit { expected: Hex(circuit), got: transcript.circuit });
    }
    let digest = powers.digest(transcript.powers.power)?;
    if transcript.powers.digest.0 != digest || transcript.powers.test_only != powers.is_test_only() {
        return Err(SetupError::PhaseOne { expected: Hex(digest), got: transcript.powers.digest });
    }
    check_points(key, progress)?;
    check_key(powers, system, key, delta, &seed(transcript), progress)?;
    Ok(verified(transcript, key))
}

/// Verifies a transcript and the key that it ends in against the initial key: every contribution
/// ([`Transcript::check`]); then that nothing but delta changed, and that H and L were divided by it. Believes that
/// `initial` is the circuit's key for the powers: [`Phase2::new`](super::Phase2::new) gives it.
///
/// # Errors
/// The first fault, as [`verify()`]; [`SetupError::InitialKey`] if the initial key is not the transcript's.
pub fn verify_from(
    transcript: &Transcript,
    initial: &ProvingKey<Bn254>,
    key: &ProvingKey<Bn254>,
    progress: &dyn Fn(&str),
) -> Result<VerifiedCeremony, SetupError> {
    progress("checking the transcript");
    let delta = check_end(transcript, key)?;
    let digest = key_digest(initial)?;
    if transcript.initial_key.0 != digest {
        return Err(SetupError::InitialKey { expected: Hex(digest), got: transcript.initial_key });
    }
    check_delta_dependent_points(key)?;
    check_update(initial, key, delta, &seed(transcript), progress)?;
    Ok(verified(transcript, key))
}

/// Checks the chain, and that it ends in this key. Returns the last delta.
pub(super) fn check_end(transcript: &Transcript, key: &ProvingKey<Bn254>) -> Result<Delta, SetupError> {
    let delta = transcript.check_chain()?;
    let (expected, got) = (transcript.key_digest(), key_digest(key)?);
    if expected != got {
        return Err(SetupError::KeyDigest { expected: Hex(expected), got: Hex(got) });
    }
    if key.delta_g1 != delta.g1 || key.vk.delta_g2 != delta.g2 {
        return Err(SetupError::KeyDelta);
    }
    Ok(delta)
}

/// The transcript's hash commits to circuit, powers, delta and key.
fn seed(transcript: &Transcript) -> [u8; 32] {
    hash_parts(b"sheaf/setup/verify/v1", &[&transcript.hash(), &transcript.key_digest()])
}

fn verified(transcript: &Transcript, key: &ProvingKey<Bn254>) -> VerifiedCeremony {
    let beacon = |source: &Source| matches!(source, Source::Beacon(_));
    let participants = transcript.contributions.iter().filter(|c| !beacon(&c.source)).count();
    let hash = transcript.hash();
    VerifiedCeremony {
        provenance: match (transcript.powers.test_only, participants) {
            (true, _) => Provenance::TestOnly,
            (false, 0) => Provenance::Unfinished { transcript: hash },
            (false, _) => Provenance::Ceremony { transcript: hash },
        },
        participants,
        beacon: transcript.contributions.last().is_some_and(|last| beacon(&last.source)),
        circuit: transcript.circuit.0,
        key_digest: transcript.key_digest(),
        verifying_key_digest: verifying_key_digest(&key.vk),
    }
}

//! Why no key is made, read or believed.

use std::path::PathBuf;

use crate::constraints::Matrix;
use crate::hex::Hex;
use crate::points::PointFault;

/// Why no key is made, read or believed: the first thing that does not hold. Contributions are numbered from 1.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The circuit is larger than any domain, or than memory would be.
    #[error("[SH-SET-001] circuit too large: expected at most {max} {what}, got {got}")]
    CircuitSize {
        /// Of what.
        what: &'static str,
        /// The limit.
        max: usize,
        /// In the circuit.
        got: usize,
    },
    /// The circuit has no variable for the constant one.
    #[error("[SH-SET-002] circuit without instance variables: expected at least the constant one")]
    NoConstantOne,
    /// An entry outside of its matrix.
    #[error(
        "[SH-SET-003] entry outside of matrix {matrix:?}: expected row < {rows}, variable < {variables}, got row {row}, variable {variable}"
    )]
    Entry {
        /// The matrix.
        matrix: Matrix,
        /// Of the entry.
        row: usize,
        /// Of the matrix.
        rows: usize,
        /// Of the entry.
        variable: usize,
        /// Of the matrix.
        variables: usize,
    },
    /// A secret for which there is no key. No seed that anyone will find gives one.
    #[error("[SH-SET-004] secrets give no key: delta is zero, or tau is in the domain")]
    Degenerate,
    /// A file could not be read or written.
    #[error("[SH-SET-005] cannot access {path}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Reading or writing failed, or the data ended too early.
    #[error("[SH-SET-006] input or output failed")]
    Io {
        /// What the system said.
        #[from]
        source: std::io::Error,
    },
    /// The operating system gave no randomness.
    #[error("[SH-SET-007] no randomness from the operating system")]
    Randomness {
        /// What it said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A key whose secrets somebody knows, where value depends on it.
    #[error(
        "[SH-SET-010] {provenance} key refused on chain {chain_id}: expected a local development chain, or a key of a verified ceremony"
    )]
    PublicChain {
        /// [`Provenance::name`](crate::Provenance::name).
        provenance: &'static str,
        /// The chain.
        chain_id: u64,
    },

    /// Not a powers of tau file, or one that breaks its own rules.
    #[error("[SH-SET-020] not a powers of tau file: expected {what} {expected}, got {got}")]
    Ptau {
        /// What differs.
        what: &'static str,
        /// What it should be.
        expected: String,
        /// In the file.
        got: String,
    },
    /// Too few powers of tau, or more than there can be.
    #[error("[SH-SET-021] power of two out of range: expected {min} to {max}, got {got}")]
    Power {
        /// The least that serves.
        min: u32,
        /// The most that there can be.
        max: u32,
        /// What there is.
        got: u32,
    },
    /// A point among the powers that cannot be one.
    #[error("[SH-SET-022] {section}, point {index}: {fault}")]
    PowersPoint {
        /// Where.
        section: &'static str,
        /// From 0.
        index: usize,
        /// What is wrong with it.
        fault: PointFault,
    },
    /// The points are not powers of one tau.
    #[error("[SH-SET-023] inconsistent powers of tau: {what}")]
    PowersRatio {
        /// What does not fit.
        what: &'static str,
    },

    /// A transcript beyond its limits.
    #[error("[SH-SET-030] transcript too large: expected {what} of at most {max}, got {got}")]
    Transcript {
        /// Of what.
        what: &'static str,
        /// The limit.
        max: usize,
        /// In the transcript.
        got: usize,
    },
    /// Not a transcript.
    #[error("[SH-SET-031] malformed transcript")]
    TranscriptJson {
        /// Where, and why.
        #[source]
        source: serde_json::Error,
    },
    /// A transcript of another version.
    #[error(
        "[SH-SET-032] unknown transcript version: expected {}, got {got:?}",
        crate::phase2::transcript::VERSION
    )]
    TranscriptVersion {
        /// In the transcript, cut.
        got: String,
    },
    /// A name that is empty, too long, or not printable.
    #[error("[SH-SET-033] malformed name: expected 1 to {max} bytes without control characters")]
    Name {
        /// The limit.
        max: usize,
    },
    /// A beacon that is empty, too long or too slow.
    #[error(
        "[SH-SET-034] malformed beacon: expected 1 to {} bytes and at most 2^{} iterations, got {bytes} and 2^{iterations_log2}",
        crate::phase2::transcript::MAX_BEACON_LEN,
        crate::phase2::transcript::MAX_BEACON_ITERATIONS_LOG2
    )]
    BeaconParameters {
        /// Its length.
        bytes: usize,
        /// Its iterations.
        iterations_log2: u8,
    },
    /// Nobody verifies so many.
    #[error("[SH-SET-035] too many contributions: expected at most {max}")]
    TooManyContributions {
        /// The limit.
        max: usize,
    },
    /// A contribution that the running hash does not cover as it stands: changed, moved, or put behind another.
    #[error("[SH-SET-040] contribution {number}: hash does not follow from the transcript before it")]
    TranscriptHash {
        /// Which.
        number: usize,
    },
    /// A contribution with a point that cannot be one.
    #[error("[SH-SET-041] contribution {number}: {what}: {fault}")]
    TranscriptPoint {
        /// Which.
        number: usize,
        /// Of its points.
        what: &'static str,
        /// What is wrong with it.
        fault: PointFault,
    },
    /// Whoever made this contribution did not know its factor, or made it for another place.
    #[error("[SH-SET-042] contribution {number}: proof of knowledge does not hold")]
    ProofOfKnowledge {
        /// Which.
        number: usize,
    },
    /// Delta after is not delta before times the factor: a contribution was dropped, or delta replaced.
    #[error("[SH-SET-043] contribution {number}: delta is not the one before times the share")]
    DeltaStep {
        /// Which.
        number: usize,
    },
    /// The two groups have different deltas.
    #[error("[SH-SET-044] contribution {number}: delta differs between G1 and G2")]
    DeltaGroups {
        /// Which.
        number: usize,
    },
    /// The factor of a beacon is not the one that its value gives.
    #[error("[SH-SET-045] contribution {number}: share is not the beacon's")]
    BeaconShare {
        /// Which.
        number: usize,
    },
    /// A beacon is the end.
    #[error("[SH-SET-046] contribution {number}: nothing may follow a beacon")]
    AfterBeacon {
        /// Which.
        number: usize,
    },
    /// Another circuit.
    #[error("[SH-SET-047] transcript is of another circuit: expected {expected}, got {got}")]
    Circuit {
        /// The circuit at hand.
        expected: Hex<32>,
        /// In the transcript.
        got: Hex<32>,
    },
    /// Other powers of tau.
    #[error("[SH-SET-048] transcript builds on other powers of tau: expected {expected}, got {got}")]
    PhaseOne {
        /// Of the powers at hand.
        expected: Hex<32>,
        /// In the transcript.
        got: Hex<32>,
    },
    /// Another initial key.
    #[error("[SH-SET-049] transcript begins with another key: expected {expected}, got {got}")]
    InitialKey {
        /// Of the key at hand.
        expected: Hex<32>,
        /// In the transcript.
        got: Hex<32>,
    },

    /// The key is not the one that was promised.
    #[error("[SH-SET-060] not the key of this transcript: expected SHA-256 {expected}, got {got}")]
    KeyDigest {
        /// In the transcript.
        expected: Hex<32>,
        /// Of the key.
        got: Hex<32>,
    },
    /// The key has another delta than the last contribution.
    #[error("[SH-SET-061] delta of the key is not the last contribution's")]
    KeyDelta,
    /// A vector of the key has the wrong length.
    #[error("[SH-SET-062] key does not fit: expected {expected} points of {what}, got {got}")]
    KeyShape {
        /// Which vector.
        what: &'static str,
        /// Points that there should be.
        expected: usize,
        /// Points that there are.
        got: usize,
    },
    /// A point of the key that is none.
    #[error("[SH-SET-063] key has a malformed point: {what}, {index}")]
    KeyPoint {
        /// Which vector.
        what: &'static str,
        /// From 0.
        index: usize,
    },
    /// A part of the key is not the circuit's, for these powers and this delta.
    #[error("[SH-SET-064] key is not the circuit's: {what}")]
    KeyMismatch {
        /// Which part.
        what: &'static str,
    },
    /// Not a key file, or a damaged one.
    #[error("[SH-SET-070] not a key file, or damaged: {what}")]
    KeyFile {
        /// What is wrong.
        what: &'static str,
    },
}

impl SetupError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::CircuitSize { .. } => "SH-SET-001",
            Self::NoConstantOne => "SH-SET-002",
            Self::Entry { .. } => "SH-SET-003",
            Self::Degenerate => "SH-SET-004",
            Self::File { .. } => "SH-SET-005",
            Self::Io { .. } => "SH-SET-006",
            Self::Randomness { .. } => "SH-SET-007",
            Self::PublicChain { .. } => "SH-SET-010",
            Self::Ptau { .. } => "SH-SET-020",
            Self::Power { .. } => "SH-SET-021",
            Self::PowersPoint { .. } => "SH-SET-022",
            Self::PowersRatio { .. } => "SH-SET-023",
            Self::Transcript { .. } => "SH-SET-030",
            Self::TranscriptJson { .. } => "SH-SET-031",
            Self::TranscriptVersion { .. } => "SH-SET-032",
            Self::Name { .. } => "SH-SET-033",
            Self::BeaconParameters { .. } => "SH-SET-034",
            Self::TooManyContributions { .. } => "SH-SET-035",
            Self::TranscriptHash { .. } => "SH-SET-040",
            Self::TranscriptPoint { .. } => "SH-SET-041",
            Self::ProofOfKnowledge { .. } => "SH-SET-042",
            Self::DeltaStep { .. } => "SH-SET-043",
            Self::DeltaGroups { .. } => "SH-SET-044",
            Self::BeaconShare { .. } => "SH-SET-045",
            Self::AfterBeacon { .. } => "SH-SET-046",
            Self::Circuit { .. } => "SH-SET-047",
            Self::PhaseOne { .. } => "SH-SET-048",
            Self::InitialKey { .. } => "SH-SET-049",
            Self::KeyDigest { .. } => "SH-SET-060",
            Self::KeyDelta => "SH-SET-061",
            Self::KeyShape { .. } => "SH-SET-062",
            Self::KeyPoint { .. } => "SH-SET-063",
            Self::KeyMismatch { .. } => "SH-SET-064",
            Self::KeyFile { .. } => "SH-SET-070",
        }
    }
}

//! Ceremony files, and the steps from one to the next.
//!
//! | bytes | what |
//! |---|---|
//! | 0..8 | `shf:cer1` |
//! | 8..16 | length of the transcript, a big-endian u64 |
//! | then | the transcript, `sheaf/setup/v1` JSON: see [`sheaf_setup::phase2::transcript`] |
//! | then | a key file to the end: see [`sheaf_setup::key::header`] |
//!
//! Such a file comes from anybody. Its transcript binds its key; nothing else in it is believed.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sheaf_setup::hex::Hex;
use sheaf_setup::phase2::transcript::MAX_TRANSCRIPT_LEN;
use sheaf_setup::phase2::{self, Source};
use sheaf_setup::{
    ConstraintSystem, KeyFile, KeyHeader, Phase2, PointChecks, PowersOfTau, SetupError, SetupKey, Transcript,
    VerifiedCeremony,
};

use crate::cli::files;
use crate::refusal::{FileError, Refusal};

const MAGIC: &[u8; 8] = b"shf:cer1";
const BUFFER_LEN: usize = 1 << 20;

/// A ceremony file of which the transcript was read, and not the key.
#[derive(Debug)]
pub(crate) struct CeremonyFile {
    path: PathBuf,
    transcript: Transcript,
    /// Of the key file within the file.
    key_at: u64,
}

/// A ceremony that verifies.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) transcript: Transcript,
    pub(crate) verified: VerifiedCeremony,
}

/// log2 of the rows that powers of tau have to suffice for: constraints, and a row for each instance variable.
pub(crate) fn power(system: &dyn ConstraintSystem) -> u32 {
    let rows = system.num_constraints().saturating_add(system.num_instance());
    // There is no file of powers for a single row.
    (usize::BITS - rows.saturating_sub(1).leading_zeros()).max(1)
}

/// Begins a ceremony and writes its file.
pub(crate) fn init(
    powers: &Path,
    system: &dyn ConstraintSystem,
    out: &Path,
    progress: &dyn Fn(&str),
) -> Result<Transcript, Refusal> {
    let powers = open_powers(powers, system, progress)?;
    if !powers.is_prepared() {
        progress("the powers are not prepared for phase 2: this takes hours for 2^21 rows");
    }
    let phase = Phase2::new(&powers, system, progress)?;
    drop(powers);
    write(phase, out, progress)
}

/// Adds a contribution to a ceremony, and writes it to another file.
pub(crate) fn extend(
    ceremony: &Path,
    out: &Path,
    progress: &dyn Fn(&str),
    add: impl FnOnce(&mut Phase2) -> Result<[u8; 32], SetupError>,
) -> Result<Transcript, Refusal> {
    files::must_be_new(out)?;
    let file = open(ceremony)?;
    let last = file.transcript.contributions.last();
    if matches!(last, Some(last) if matches!(last.source, Source::Beacon(_))) {
        let number = file.transcript.contributions.len() + 1;
        return Err(Refusal::from(SetupError::AfterBeacon { number }).of_file(ceremony));
    }
    progress("reading the key");
    // A point off the curve, or of small order, that was multiplied by the secret would tell of it.
    let (key, transcript) = file.into_key(PointChecks::All)?;
    let mut phase =
        Phase2::resume(key, transcript).map_err(|error| Refusal::from(error).of_file(ceremony))?;
    add(&mut phase)?;
    write(phase, out, progress)
}

/// Verifies a ceremony. Returns its key too, with the label that verification gives it.
pub(crate) fn judge(
    file: CeremonyFile,
    powers: &Path,
    system: &dyn ConstraintSystem,
    progress: &dyn Fn(&str),
) -> Result<(Judged, SetupKey), Refusal> {
    let path = file.path.clone();
    let powers = open_powers(powers, system, progress)?;
    progress("reading the key");
    // Verification checks the points.
    let checksum = file.transcript.key_digest();
    let (key, transcript) = file.into_key(PointChecks::SkipFor(checksum))?;
    let key = key.into_proving_key();
    let verified = phase2::verify(&transcript, &powers, system, &key, progress)
        .map_err(|error| Refusal::from(error).of_file(&path))?;
    let key = verified.label(key)?;
    Ok((Judged { transcript, verified }, key))
}

fn open_powers(
    path: &Path,
    system: &dyn ConstraintSystem,
    progress: &dyn Fn(&str),
) -> Result<PowersOfTau, Refusal> {
    PowersOfTau::open(path, Some(power(system)), progress).map_err(|error| Refusal::from(error).of_file(path))
}

/// Reads a ceremony file up to its key, and checks that the transcript ends in the key that it names.
pub(crate) fn open(path: &Path) -> Result<CeremonyFile, Refusal> {
    let read = |source| Refusal::from(FileError::Read { path: path.to_owned(), source });
    let malformed = |reason: &str| {
        let (path, expected) = (path.to_owned(), "ceremony file");
        Refusal::from(FileError::Malformed { path, expected, reason: reason.to_owned() })
    };
    let mut file = File::open(path).map_err(read)?;
    let length = file.metadata().map_err(read)?.len();
    let mut front = [0; 16];
    file.read_exact(&mut front).map_err(|_| malformed("too short"))?;
    let (magic, transcript_len) = front.split_at(8);
    if magic != MAGIC {
        return Err(malformed("magic"));
    }
    let transcript_len = transcript_len.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    if transcript_len > MAX_TRANSCRIPT_LEN as u64 || transcript_len > length.saturating_sub(16) {
        return Err(malformed("length of the transcript"));
    }
    let mut transcript = Vec::new();
    (&mut file).take(transcript_len).read_to_end(&mut transcript).map_err(read)?;
    let of_file = |error: SetupError| Refusal::from(error).of_file(path);
    let transcript = Transcript::from_json(&transcript).map_err(of_file)?;
    let header = KeyHeader::read(&mut file).map_err(of_file)?;
    let (expected, got) = (Hex(transcript.key_digest()), Hex(header.checksum));
    if expected != got {
        return Err(of_file(SetupError::KeyDigest { expected, got }));
    }
    Ok(CeremonyFile { path: path.to_owned(), transcript, key_at: 16 + transcript_len })
}

impl CeremonyFile {
    pub(crate) fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    fn into_key(self, checks: PointChecks) -> Result<(SetupKey, Transcript), Refusal> {
        let read = |source| Refusal::from(FileError::Read { path: self.path.clone(), source });
        let mut file = File::open(&self.path).map_err(read)?;
        let length = file.metadata().map_err(read)?.len().saturating_sub(self.key_at);
        file.seek(SeekFrom::Start(self.key_at)).map_err(read)?;
        let key = KeyFile::read(BufReader::with_capacity(BUFFER_LEN, file), length, checks)
            .map_err(|error| Refusal::from(error).of_file(&self.path))?;
        Ok((key, self.transcript))
    }
}

fn write(phase: Phase2, out: &Path, progress: &dyn Fn(&str)) -> Result<Transcript, Refusal> {
    progress("writing the ceremony file");
    let (key, transcript) = phase.into_parts();
    let document = transcript.to_json()?;
    files::create(out, |file| {
        let mut writer = BufWriter::with_capacity(BUFFER_LEN, file);
        let error = |source| FileError::Write { path: out.to_owned(), source };
        writer.write_all(MAGIC).map_err(error)?;
        writer.write_all(&(document.len() as u64).to_be_bytes()).map_err(error)?;
        writer.write_all(&document).map_err(error)?;
        // It flushes what it writes.
        KeyFile::write(&key, &mut writer).map_err(|error| Refusal::from(error).of_file(out))?;
        Ok(())
    })?;
    Ok(transcript)
}

impl Judged {
    pub(crate) fn to_json(&self) -> Value {
        let Self { transcript, verified } = self;
        json!({
            "verified": true,
            "provenance": verified.provenance.name(),
            "participants": verified.participants,
            "beacon": verified.beacon,
            "circuit": Hex(verified.circuit),
            "key_digest": Hex(verified.verifying_key_digest),
            "hash": Hex(transcript.hash()),
            "transcript": transcript,
        })
    }
}

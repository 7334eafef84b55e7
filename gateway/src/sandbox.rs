//! Hostile bytes, handled by a child process.
//!
//! Models, proofs, keys and receipts come from anyone. Decoding and verifying them is done by another process of the
//! same program, which limits its own memory, CPU time and files before it reads its first byte, and which the parent
//! ends after a while. Whatever happens there — a panic, an abort inside plonky2, memory exhausted, an endless loop —
//! is a coded refusal here.
//!
//! The child gets a [`Job`] on standard input and answers with an [`Answer`] on standard output, both in postcard. It has
//! an empty environment and never writes files.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sheaf_aggregator::documents::ReceiptDocument;
use sheaf_aggregator::verify::{CircuitsByProfile, verify_aggregate, verify_proof, verify_receipt};
use sheaf_embedded::ProgramKey;
use sheaf_model::QuantisedModel;
use sheaf_model::onnx;
use wait_timeout::ChildExt;

use crate::refusal::Refusal;

/// The hidden subcommand that runs [`child`].
pub(crate) const CHILD_COMMAND: &str = "sandbox-child";

/// Address space of the child.
const MEMORY_BYTES: u64 = 4 << 30;
/// CPU time of the child.
const CPU_SECONDS: u64 = 120;
/// How long the parent waits.
const WALL: Duration = Duration::from_secs(300);
/// Largest answer that is read: a quantised model of the largest size.
const MAX_ANSWER_BYTES: u64 = 128 << 20;
/// Threads of the child. Each reserves address space, so their number must not depend on the machine.
const THREADS: &str = "2";

/// What a child is asked to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Job {
    /// Read an ONNX file.
    CompileOnnx { bytes: Vec<u8>, scale_bits: u32 },
    /// Decode and verify proof documents.
    VerifyProofs { documents: Vec<Vec<u8>> },
    /// Verify an aggregate, then receipts against it.
    VerifyReceipts { aggregate: Vec<u8>, receipts: Vec<Vec<u8>>, program: Option<Vec<u8>> },
}

/// What a child answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// The quantised model, encoded.
    Model(Vec<u8>),
    /// For each proof, nothing or why it is refused.
    Proofs(Vec<Option<Refusal>>),
    /// Why the aggregate is refused, or for each receipt nothing or why it is.
    Receipts(Result<Vec<Option<Refusal>>, Refusal>),
    /// The job itself is refused.
    Refused(Refusal),
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SandboxError {
    /// The child cannot be started or spoken to.
    #[error("[SH-SBX-001] cannot run the sandboxed process: {source}")]
    Start { source: std::io::Error },
    /// The child took too long.
    #[error("[SH-SBX-002] input took longer than {} s to check", WALL.as_secs())]
    Time,
    /// The child ended without an answer: crashed, or out of memory or CPU time.
    #[error(
        "[SH-SBX-003] checking the input ended the sandboxed process ({status}): malformed data, or more than {} GiB or {CPU_SECONDS} CPU-seconds needed",
        MEMORY_BYTES >> 30
    )]
    Died { status: String },
    /// The child's answer makes no sense.
    #[error("[SH-SBX-004] unintelligible answer from the sandboxed process")]
    Answer,
}

/// Reads an ONNX file in a child.
pub(crate) fn compile_onnx(bytes: Vec<u8>, scale_bits: u32) -> Result<QuantisedModel, Refusal> {
    match run(&Job::CompileOnnx { bytes, scale_bits })? {
        Answer::Model(bytes) => Ok(QuantisedModel::from_bytes(&bytes)?),
        Answer::Refused(refusal) => Err(refusal),
        _ => Err(SandboxError::Answer.into()),
    }
}

/// Verifies proof documents in a child. Returns for each why it is refused, if it is.
pub(crate) fn verify_proofs(documents: Vec<Vec<u8>>) -> Result<Vec<Option<Refusal>>, Refusal> {
    let expected = documents.len();
    match run(&Job::VerifyProofs { documents })? {
        Answer::Proofs(outcomes) if outcomes.len() == expected => Ok(outcomes),
        Answer::Refused(refusal) => Err(refusal),
        _ => Err(SandboxError::Answer.into()),
    }
}

/// Verifies receipts of one aggregate in a child. Returns for each why it is refused, if it is.
///
/// # Errors
/// If the aggregate is refused, or the child gives no answer.
pub(crate) fn verify_receipts(
    aggregate: Vec<u8>,
    receipts: Vec<Vec<u8>>,
    program: Option<Vec<u8>>,
) -> Result<Vec<Option<Refusal>>, Refusal> {
    let expected = receipts.len();
    match run(&Job::VerifyReceipts { aggregate, receipts, program })? {
        Answer::Receipts(Ok(outcomes)) if outcomes.len() == expected => Ok(outcomes),
        Answer::Receipts(Err(refusal)) | Answer::Refused(refusal) => Err(refusal),
        _ => Err(SandboxError::Answer.into()),
    }
}

/// Runs a job in a child process.
fn run(job: &Job) -> Result<Answer, SandboxError> {
    let start = |source| SandboxError::Start { source };
    let request = postcard::to_stdvec(job).map_err(|_| SandboxError::Answer)?;
    let program = std::env::current_exe().map_err(start)?;
    let mut child = Command::new(program)
        .arg(CHILD_COMMAND)
        .env_clear()
        .env("RAYON_NUM_THREADS", THREADS)
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(start)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(SandboxError::Answer);
    };
    // Both ends are served at once, or a child that answers before it has read everything would block both.
    let writer = std::thread::spawn(move || {
        // A child that dies early closes the pipe; its exit status tells more than this error.
        let _ = stdin.write_all(&request);
    });
    let reader = std::thread::spawn(move || {
        let mut answer = Vec::new();
        let _ = stdout.take(MAX_ANSWER_BYTES).read_to_end(&mut answer);
        answer
    });
    let status = match child.wait_timeout(WALL).map_err(start)? {
        Some(status) => status,
        None => {
            child.kill().and_then(|()| child.wait()).map_err(start)?;
            return Err(SandboxError::Time);
        }
    };
    let _ = writer.join();
    let answer = reader.join().map_err(|_| SandboxError::Answer)?;
    if !status.success() {
        return Err(SandboxError::Died { status: status.to_string() });
    }
    postcard::from_bytes(&answer).map_err(|_| SandboxError::Answer)
}

/// The child's whole life.
pub(crate) fn child() -> Result<(), Refusal> {
    limit().map_err(|source| SandboxError::Start { source })?;
    let mut request = Vec::new();
    std::io::stdin().read_to_end(&mut request).map_err(|source| SandboxError::Start { source })?;
    let job: Job = postcard::from_bytes(&request).map_err(|_| SandboxError::Answer)?;
    drop(request);
    let answer = postcard::to_stdvec(&answer(job)).map_err(|_| SandboxError::Answer)?;
    std::io::stdout().write_all(&answer).map_err(|source| SandboxError::Start { source })?;
    Ok(())
}

/// Lowers this process's limits; there is no way back up.
fn limit() -> std::io::Result<()> {
    use rlimit::Resource;
    for (resource, limit) in [
        (Resource::AS, MEMORY_BYTES),
        (Resource::CPU, CPU_SECONDS),
        (Resource::FSIZE, 0),
        (Resource::CORE, 0),
        (Resource::NOFILE, 16),
    ] {
        let (_, hard) = rlimit::getrlimit(resource)?;
        rlimit::setrlimit(resource, limit.min(hard), limit.min(hard))?;
    }
    Ok(())
}

fn answer(job: Job) -> Answer {
    // No store: a child must not write, nor trust what a cache holds more than what it computes.
    let circuits = CircuitsByProfile::new(None);
    match job {
        Job::CompileOnnx { bytes, scale_bits } => match compile(&bytes, scale_bits) {
            Ok(model) => Answer::Model(model),
            Err(refusal) => Answer::Refused(refusal),
        },
        Job::VerifyProofs { documents } => {
            let check = |bytes: Vec<u8>| {
                let profile = sheaf_aggregator::documents::profile_of_proof(&bytes);
                let checked = profile.map_err(|error| Refusal::new(&error)).and_then(|profile| {
                    verify_proof(&bytes, circuits.get(profile)).map_err(|error| Refusal::new(&error))
                });
                checked.err()
            };
            Answer::Proofs(documents.into_iter().map(check).collect())
        }
        Job::VerifyReceipts { aggregate, receipts, program } => {
            Answer::Receipts(check_receipts(&aggregate, &receipts, program.as_deref(), &circuits))
        }
    }
}

fn compile(bytes: &[u8], scale_bits: u32) -> Result<Vec<u8>, Refusal> {
    Ok(onnx::compile(bytes, scale_bits)?.to_bytes()?)
}

fn check_receipts(
    aggregate: &[u8],
    receipts: &[Vec<u8>],
    program: Option<&[u8]>,
    circuits: &CircuitsByProfile,
) -> Result<Vec<Option<Refusal>>, Refusal> {
    let program: Option<ProgramKey> = program.map(serde_json::from_slice).transpose().map_err(|error| {
        Refusal { code: "SH-CLI-004".to_owned(), message: format!("not a program key: {error}") }
    })?;
    let aggregate = verify_aggregate(aggregate, circuits)?;
    let check = |bytes: &Vec<u8>| -> Result<ReceiptDocument, Refusal> {
        Ok(verify_receipt(bytes, &aggregate, program.as_ref(), circuits)?)
    };
    Ok(receipts.iter().map(|bytes| check(bytes).err()).collect())
}

//! Hostile bytes, handled by a child process.
//!
//! Models, proofs, keys and receipts come from anyone. Decoding and verifying them is done by another process of the
//! same program, which limits its own memory, CPU time and files before it reads its first byte, and which the parent
//! ends after a while. Whatever happens there — a panic, an abort inside plonky2, memory exhausted, an endless loop —
//! is a coded refusal here.
//!
//! The child gets [`Job`]s on standard input and gives an [`Answer`] to each on standard output, both in postcard, each
//! after its length in four bytes. It has an empty environment and never writes files.
//!
//! | module | owns |
//! |---|---|
//! | here | jobs, limits, and one job in a child of its own, for the command line |
//! | `child` | what happens in the child |
//! | `pool` | children that are kept for the service |

mod child;
mod pool;

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sheaf_aggregator::plan::PlannedTask;
use sheaf_local::verify::VerifiedDocument;
use sheaf_model::QuantisedModel;
use sheaf_plonky2::Profile;
use wait_timeout::ChildExt;

pub(crate) use child::child;
pub(crate) use pool::Sandbox;

use crate::refusal::Refusal;

/// The hidden subcommand that runs [`child`].
pub(crate) const CHILD_COMMAND: &str = "sandbox-child";

/// Address space of the child.
const MEMORY_BYTES: u64 = 4 << 30;
/// CPU time of one job.
const CPU_SECONDS: u64 = 120;
/// CPU time of a child that is kept for many jobs.
const LIFETIME_CPU_SECONDS: u64 = 600;
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
    /// Decode and verify a proof document of any system.
    VerifyDocument { document: Vec<u8> },
    /// Verify what a worker returned for a task.
    VerifyTask { profile: Profile, task: PlannedTask, proof: Vec<u8> },
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
    /// What the document proves.
    Document(Box<VerifiedDocument>),
    /// The task's proof holds.
    Task,
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

/// Runs a job in a child process of its own.
fn run(job: &Job) -> Result<Answer, SandboxError> {
    let start = |source| SandboxError::Start { source };
    let request = frame(job)?;
    let mut child = command(&program()?).spawn().map_err(start)?;
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
    let Some((_, answer)) = answer.split_first_chunk::<4>() else { return Err(SandboxError::Answer) };
    postcard::from_bytes(answer).map_err(|_| SandboxError::Answer)
}

/// The program that children run: this one.
fn program() -> Result<std::path::PathBuf, SandboxError> {
    std::env::current_exe().map_err(|source| SandboxError::Start { source })
}

/// How a child is started.
fn command(program: &std::path::Path) -> Command {
    let mut command = Command::new(program);
    command
        .arg(CHILD_COMMAND)
        .env_clear()
        .env("RAYON_NUM_THREADS", THREADS)
        .env("MALLOC_ARENA_MAX", "2")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    command
}

/// A message with its length in front.
fn frame<T: Serialize>(message: &T) -> Result<Vec<u8>, SandboxError> {
    let mut bytes = postcard::to_extend(message, vec![0; 4]).map_err(|_| SandboxError::Answer)?;
    let length = u32::try_from(bytes.len() - 4).map_err(|_| SandboxError::Answer)?;
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    Ok(bytes)
}

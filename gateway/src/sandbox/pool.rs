//! Children that are kept, for the service.
//!
//! Starting a process and rebuilding common data cost more than verifying a proof, so a child that has answered well is
//! used again, for a number of jobs and no longer: what one job left behind cannot grow. A child that dies, overruns its
//! time or answers nonsense is ended, and only the job that it had is refused, and that only by a child of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sheaf_aggregator::plan::PlannedTask;
use sheaf_local::verify::VerifiedDocument;
use sheaf_model::QuantisedModel;
use sheaf_plonky2::Profile;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::Semaphore;

use super::{Answer, Job, MAX_ANSWER_BYTES, SandboxError, command, frame, program};
use crate::refusal::Refusal;

/// Jobs that one child does.
const JOBS_PER_CHILD: u32 = 64;
/// How long a job may take here; the command line waits longer.
const WALL: Duration = Duration::from_secs(120);

/// A bounded number of sandboxed children.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    program: Option<PathBuf>,
    places: Semaphore,
    idle: Mutex<Vec<Kept>>,
}

#[derive(Debug)]
struct Kept {
    child: Child,
    stdin: ChildStdin,
    stdout: ChildStdout,
    jobs: u32,
}

impl Sandbox {
    /// At most `places` children at once, of the given program or this one.
    pub(crate) fn new(places: usize, program: Option<PathBuf>) -> Self {
        let (places, idle) = (Semaphore::new(places.max(1)), Mutex::new(Vec::new()));
        Self(Arc::new(Inner { program, places, idle }))
    }

    /// Reads an ONNX file.
    pub(crate) async fn compile_onnx(
        &self,
        bytes: Vec<u8>,
        scale_bits: u32,
    ) -> Result<QuantisedModel, Refusal> {
        match self.run(&Job::CompileOnnx { bytes, scale_bits }).await? {
            Answer::Model(bytes) => Ok(QuantisedModel::from_bytes(&bytes)?),
            Answer::Refused(refusal) => Err(refusal),
            _ => Err(SandboxError::Answer.into()),
        }
    }

    /// Verifies a proof document.
    pub(crate) async fn verify_document(&self, document: Vec<u8>) -> Result<VerifiedDocument, Refusal> {
        match self.run(&Job::VerifyDocument { document }).await? {
            Answer::Document(verified) => Ok(*verified),
            Answer::Refused(refusal) => Err(refusal),
            _ => Err(SandboxError::Answer.into()),
        }
    }

    /// Verifies what a worker returned.
    pub(crate) async fn verify_task(
        &self,
        profile: Profile,
        task: PlannedTask,
        proof: Vec<u8>,
    ) -> Result<(), Refusal> {
        match self.run(&Job::VerifyTask { profile, task, proof }).await? {
            Answer::Task => Ok(()),
            Answer::Refused(refusal) => Err(refusal),
            _ => Err(SandboxError::Answer.into()),
        }
    }

    async fn run(&self, job: &Job) -> Result<Answer, SandboxError> {
        let request = frame(job)?;
        let _place = self.0.places.acquire().await.map_err(|_| SandboxError::Answer)?;
        // Dropping `kept` on any way out but the last kills the child: it is never used again after a fault.
        let (mut kept, answer) = loop {
            let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let fresh = idle.is_none();
            let mut kept = match idle {
                Some(kept) => kept,
                None => start(self.0.program.as_deref())?,
            };
            match tokio::time::timeout(WALL, kept.ask(&request)).await {
                Err(_) => return Err(SandboxError::Time),
                Ok(Ok(answer)) => break (kept, answer),
                // It may have been killed while it was idle, or by what jobs before this one left of its limits. This
                // job is judged by a child that had no other.
                Ok(Err(_)) if !fresh => {}
                Ok(Err(_)) => {
                    let status = kept.child.wait().await.map_err(|source| SandboxError::Start { source })?;
                    return Err(SandboxError::Died { status: status.to_string() });
                }
            }
        };
        let answer = postcard::from_bytes(&answer).map_err(|_| SandboxError::Answer)?;
        kept.jobs += 1;
        if kept.jobs < JOBS_PER_CHILD {
            self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
        Ok(answer)
    }
}

fn start(named: Option<&Path>) -> Result<Kept, SandboxError> {
    let start = |source| SandboxError::Start { source };
    let program = named.map_or_else(program, |path| Ok(path.to_owned()))?;
    let mut command = tokio::process::Command::from(command(&program));
    command.kill_on_drop(true).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(start)?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(SandboxError::Answer);
    };
    Ok(Kept { child, stdin, stdout, jobs: 0 })
}

impl Kept {
    async fn ask(&mut self, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let Self { child, stdin, stdout, .. } = self;
        let write = async {
            stdin.write_all(request).await?;
            stdin.flush().await
        };
        let read = async {
            let length = u64::from(stdout.read_u32_le().await?);
            if length > MAX_ANSWER_BYTES {
                return Err(std::io::Error::other("answer too long"));
            }
            let mut answer = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
            stdout.read_exact(&mut answer).await?;
            Ok(answer)
        };
        match tokio::try_join!(write, read) {
            Ok(((), answer)) => Ok(answer),
            Err(error) => {
                // It may be alive and talking nonsense; whoever waits for its status must not wait for ever.
                let _ = child.start_kill();
                Err(error)
            }
        }
    }
}

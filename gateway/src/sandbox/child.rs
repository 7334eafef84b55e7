//! What happens in the child.

use std::io::{Read, Write};

use cpu_time::ProcessTime;
use sheaf_aggregator::documents::ReceiptDocument;
use sheaf_aggregator::verify::{CircuitsByProfile, verify_aggregate, verify_proof, verify_receipt};
use sheaf_aggregator::work::verify_task;
use sheaf_embedded::ProgramKey;
use sheaf_local::verify::verify_document;
use sheaf_model::onnx;

use super::{Answer, CPU_SECONDS, Job, LIFETIME_CPU_SECONDS, MEMORY_BYTES, SandboxError, frame};
use crate::refusal::Refusal;

/// Largest job that is read.
const MAX_JOB_BYTES: u32 = 1 << 30;

/// The child's whole life: jobs until standard input ends.
pub(crate) fn child() -> Result<(), Refusal> {
    let start = |source| SandboxError::Start { source };
    limit().map_err(start)?;
    // No store: a child must not write, nor trust what a cache holds more than what it computes. Circuits that are
    // built are kept for the child's life.
    let circuits = CircuitsByProfile::new(None);
    loop {
        let mut length = [0; 4];
        match std::io::stdin().read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(start(error).into()),
        }
        let length = u32::from_le_bytes(length);
        let mut request = Vec::new();
        std::io::stdin()
            .take(u64::from(length.min(MAX_JOB_BYTES)))
            .read_to_end(&mut request)
            .map_err(start)?;
        allow_a_job().map_err(start)?;
        let job: Job = postcard::from_bytes(&request).map_err(|_| SandboxError::Answer)?;
        drop(request);
        let answer = frame(&answer(job, &circuits))?;
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&answer).and_then(|()| stdout.flush()).map_err(start)?;
    }
}

/// Lowers this process's limits; there is no way back up.
fn limit() -> std::io::Result<()> {
    use rlimit::Resource;
    for (resource, limit) in [
        (Resource::AS, MEMORY_BYTES),
        (Resource::CPU, LIFETIME_CPU_SECONDS),
        (Resource::FSIZE, 0),
        (Resource::CORE, 0),
        (Resource::NOFILE, 16),
    ] {
        let (_, hard) = rlimit::getrlimit(resource)?;
        rlimit::setrlimit(resource, limit.min(hard), limit.min(hard))?;
    }
    Ok(())
}

/// Gives the next job its share of the process's CPU time.
fn allow_a_job() -> std::io::Result<()> {
    let used = ProcessTime::now().as_duration().as_secs();
    let (_, hard) = rlimit::getrlimit(rlimit::Resource::CPU)?;
    rlimit::setrlimit(rlimit::Resource::CPU, (used + CPU_SECONDS).min(hard), hard)
}

fn answer(job: Job, circuits: &CircuitsByProfile) -> Answer {
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
            Answer::Receipts(check_receipts(&aggregate, &receipts, program.as_deref(), circuits))
        }
        Job::VerifyDocument { document } => match verify_document(&document, circuits) {
            Ok(verified) => Answer::Document(Box::new(verified)),
            Err(refusal) => Answer::Refused(Refusal { code: refusal.code, message: refusal.message }),
        },
        Job::VerifyTask { profile, task, proof } => {
            let kind = (&task.kind).into();
            match verify_task(&kind, profile, &task.digest, &proof, circuits.get(profile)) {
                Ok(()) => Answer::Task,
                Err(error) => Answer::Refused(Refusal::new(&error)),
            }
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

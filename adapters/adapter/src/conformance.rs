//! Checks that every adapter must pass, whatever is behind it.
//!
//! Used from an adapter's own tests: [`check`] compiles a model, proves an input, has the proof verified by a verifier
//! that is not the adapter's, and tries what a gateway will try on a bad day. It returns everything that is wrong, each
//! with the clause of the [`Adapter`] contract that it breaks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sheaf_model::{QuantisedModel, reference};
use sheaf_statement::{InputVisibility, Statement, Word};

use crate::{Adapter, AttemptId, CompiledProgram, ErrorKind, ModelSize, ProgramRef, ProveRequest, Proven};

/// A verifier of ours for the adapter's proof documents: the statement that is proven, or why none is.
pub type Verifier<'a> = &'a (dyn Fn(&[u8]) -> Result<Statement, String> + Send + Sync);

/// What an adapter is checked with.
pub struct Sample<'a> {
    /// A model that the prover takes.
    pub model: Arc<QuantisedModel>,
    /// A fixed-point input that executes.
    pub input: Vec<i64>,
    /// A fixed-point input of the right length that overflows, if the model has one.
    pub overflowing: Option<Vec<i64>>,
    /// Where packages can be written.
    pub folder: &'a Path,
    /// Verifies what comes out.
    pub verifier: Verifier<'a>,
}

/// Runs every check for every visibility that the adapter declares. Empty if all hold.
pub async fn check(adapter: &dyn Adapter, sample: &Sample<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    let descriptor = adapter.descriptor().clone();
    if descriptor != *adapter.descriptor() {
        faults.push("the descriptor changes between two calls".to_owned());
    }
    let size = ModelSize::of(&sample.model);
    for visibility in InputVisibility::ALL {
        let declared = descriptor.visibilities.contains(&visibility);
        let estimate = adapter.estimate(&size, visibility);
        if estimate != adapter.estimate(&size, visibility) {
            faults.push(format!("{visibility}: two estimates of one model differ"));
        }
        if estimate.is_ok() != declared {
            faults.push(format!("{visibility}: declared: {declared}, but the estimate is {estimate:?}"));
        }
        match adapter.compile(Arc::clone(&sample.model), visibility).await {
            Ok(_) if !declared => faults.push(format!("{visibility}: compiles though not declared")),
            Ok(program) => faults.extend(check_program(adapter, sample, visibility, program).await),
            Err(error) if !declared && error.kind == ErrorKind::Unsupported => {}
            Err(error) => faults.push(format!("{visibility}: compiling failed as {}: {error}", error.kind)),
        }
    }
    faults
}

async fn check_program(
    adapter: &dyn Adapter,
    sample: &Sample<'_>,
    visibility: InputVisibility,
    compiled: CompiledProgram,
) -> Vec<String> {
    let mut faults = Vec::new();
    let mut fault = |text: String| faults.push(format!("{visibility}: {text}"));
    let package = sample.folder.join(format!("{}-{visibility}", adapter.descriptor().id));
    if let Err(error) = std::fs::write(&package, &compiled.package) {
        fault(format!("cannot write the package: {error}"));
        return faults;
    }
    let program = ProgramRef { vk: compiled.vk, package, visibility };
    // An id names one attempt of one job: a prover may answer the second use of one as it did the first.
    let request = |attempt: &str, input: &[i64]| ProveRequest {
        attempt: AttemptId(format!("conformance-{visibility}-{attempt}")),
        program: program.clone(),
        input: Arc::new(input.to_vec()),
        time_left: Duration::from_secs(600),
    };

    // The same attempt twice, as after a crash: both answers must do.
    for _ in 0..2 {
        match adapter.prove(request("honest", &sample.input)).await {
            Ok(proven) => {
                if let Err(reason) = check_proof(adapter, sample, &program, &proven) {
                    fault(reason);
                }
            }
            Err(error) => fault(format!("an honest input is refused: {error}")),
        }
    }
    let mut long = sample.input.clone();
    long.push(0);
    for (what, input) in [("too-short", &sample.input[1..]), ("too-long", &long[..])] {
        match adapter.prove(request(what, input)).await {
            Ok(_) => fault(format!("a {what} input is proven")),
            Err(error) if error.kind == ErrorKind::InvalidJob => {}
            Err(error) => fault(format!("a {what} input must be the job's fault, not {}", error.kind)),
        }
    }
    if let Some(input) = &sample.overflowing {
        match adapter.prove(request("overflowing", input)).await {
            Ok(_) => fault("an overflowing input is proven".to_owned()),
            Err(error) if error.kind == ErrorKind::InvalidJob => {}
            Err(error) => fault(format!("an overflow must be the job's fault, not {}", error.kind)),
        }
    }
    let mut foreign = request("foreign", &sample.input);
    foreign.program.package = sample.folder.join("no-such-package");
    foreign.program.vk = [0xee; 32].into();
    match adapter.prove(foreign).await {
        Ok(_) => fault("a program without a package is proven".to_owned()),
        // That would end a job which another prover, or this one with its file back, can serve.
        Err(error) if error.kind == ErrorKind::InvalidJob => {
            fault("a program without a package is not the job's fault".to_owned());
        }
        Err(_) => {}
    }
    faults
}

fn check_proof(
    adapter: &dyn Adapter,
    sample: &Sample<'_>,
    program: &ProgramRef,
    proven: &Proven,
) -> Result<(), String> {
    let statement = (sample.verifier)(&proven.document).map_err(|e| format!("its proof is refused: {e}"))?;
    if statement.system() != adapter.descriptor().system {
        return Err(format!("its proof is of {}, not of the declared system", statement.system()));
    }
    if statement.vk() != program.vk {
        return Err("its proof is of another program".to_owned());
    }
    let execution = reference::execute(&sample.model, &sample.input).map_err(|e| e.to_string())?;
    let words =
        |values: &[i64]| values.iter().map(|&v| Word::from_signed(statement.system(), v)).collect::<Vec<_>>();
    let got = statement.public_inputs().words();
    let outputs = words(&execution.outputs);
    let Some((head, tail)) = got.len().checked_sub(outputs.len()).map(|at| got.split_at(at)) else {
        return Err("its statement has fewer words than the model has outputs".to_owned());
    };
    if tail != outputs {
        return Err("its statement does not end in the outputs of reference execution".to_owned());
    }
    match program.visibility {
        InputVisibility::Public if head != words(&sample.input) => {
            Err("its statement does not begin with the input".to_owned())
        }
        InputVisibility::Private if !head.is_empty() => {
            Err("its statement says more than the outputs of a private input".to_owned())
        }
        InputVisibility::Committed if head.is_empty() || proven.opening.is_none() => {
            Err("its statement has no commitment, or nothing opens it".to_owned())
        }
        _ => Ok(()),
    }
}

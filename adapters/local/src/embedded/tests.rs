//! How failures of the prover below are told.

use sheaf_model::ModelError;
use sheaf_plonky2::engine::EngineError;

use super::*;

#[test]
fn failures_of_compiling_are_told_by_whom_they_concern() {
    let error = compile_error(&CompileError::Model(ModelError::ScaleBits { got: 99 }));
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::InvalidJob, "SH-EMB-001"));
    let error = compile_error(&CompileError::PrivateFanIn { node: "n".to_owned() });
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Unsupported, "SH-EMB-011"));
    let too_large = CircuitError::ShapeTooLarge { shape: "program-standard-16".to_owned() };
    let error = circuit_error(&too_large);
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Unsupported, "SH-AGG-002"));
    let defect = CircuitError::NotUniform { name: "leaf".to_owned() };
    let error = circuit_error(&defect);
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Transient, "SH-AGG-003"));
}

#[test]
fn failures_of_proving_are_told_by_whom_they_concern() {
    let error = prove_error(&ProveError::InputLength { expected: 4, got: 3 });
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::InvalidJob, "SH-EMB-007"));
    let error = prove_error(&ProveError::Engine(EngineError::Unsatisfied));
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Transient, "SH-EMB-009"));
}

/// Errors are kept and shown, and an accumulator says a lot about a private input.
#[test]
fn an_overflow_does_not_tell_the_value() {
    let error = prove_error(&ProveError::Overflow { place: "node `fc1`".to_owned(), value: 123_456_789 });
    assert_eq!((error.kind, error.code.as_str()), (ErrorKind::InvalidJob, "SH-EMB-008"));
    assert!(error.message.contains("node `fc1`") && !error.message.contains("123"), "{error}");
}

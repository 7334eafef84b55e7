//! `sheaf model compile`.

use serde_json::json;
use sheaf_aggregator::tree::program_vk;
use sheaf_embedded::{Program, ProgramOptions};
use sheaf_model::Postprocess;
use sheaf_model::error_bound::worst_case_error;
use sheaf_model::onnx::Limits;

use crate::cli::args::CompileArgs;
use crate::cli::files::{self, ProgramDocument, ProgramVersion};
use crate::cli::report::{Report, Stopwatch};
use crate::refusal::Refusal;
use crate::sandbox;

pub(crate) fn compile(args: &CompileArgs, report: &Report) -> Result<(), Refusal> {
    let watch = Stopwatch::start();
    let bytes = files::read(&args.model, Limits::default().file_bytes as u64)?;
    let options = ProgramOptions {
        profile: args.profile.into(),
        input: args.input.into(),
        weights: args.weights.into(),
    };
    let (document, program) =
        compile_bytes(bytes, args.scale_bits, options, report).map_err(|r| r.of_file(&args.model))?;
    files::save_program(&args.out, &program, &document)?;
    report.done();
    report.line(format!("compiled {} into {}", args.model.display(), args.out.display()));
    report.line(format!("  model digest  {}", document.model_digest));
    report.line(format!("  program id    {}", document.vk));
    report.line(format!("  circuit       2^{} rows, {}", document.shape.degree_bits, document.shape.name()));
    if let Some(bound) = document.error_bound_unit_inputs {
        report.line(format!(
            "  error bound   {bound:.2e} for any input within ±1, at scale 2^-{}",
            document.scale_bits
        ));
    }
    report.result(&json!({ "program": document, "out": args.out, "cpu_seconds": watch.cpu_seconds() }));
    Ok(())
}

/// Compiles an ONNX file: reading in the sandbox, the circuit here.
pub(crate) fn compile_bytes(
    bytes: Vec<u8>,
    scale_bits: u32,
    options: ProgramOptions,
    report: &Report,
) -> Result<(ProgramDocument, Program), Refusal> {
    report.progress("reading the model");
    let model = sandbox::compile_onnx(bytes, scale_bits)?;
    let error_bound_unit_inputs = match model.postprocess {
        Postprocess::Index => None,
        _ => worst_case_error(&model, 1.0).into_iter().reduce(f64::max).filter(|bound| bound.is_finite()),
    };
    report.progress("building the circuit");
    let program = Program::compile(model, options)?;
    let shape = program.key().shape;
    let circuits = files::circuits();
    let leaf_key = circuits.get(shape.profile).leaf_key(&shape, &|message| report.progress(message))?;
    let model = program.model();
    let document = ProgramDocument {
        version: ProgramVersion::V1,
        model_digest: model.model_digest.into(),
        options,
        scale_bits,
        shape,
        input_shape: model.input_shape.clone(),
        output_shape: model.output_shape.clone(),
        postprocess: model.postprocess,
        key: program.key().digest(),
        leaf_key,
        vk: program_vk(&leaf_key, &program.key().digest()),
        error_bound_unit_inputs,
    };
    Ok((document, program))
}

//! What proving the fixture models takes.
//!
//! ```text
//! cargo run --release -p sheaf-groth16 --example measure
//! cargo run --release -p sheaf-groth16 --example measure -- limit
//! ```
//!
//! The second measures one circuit that is about as large as the limits allow. Times are CPU seconds of the whole
//! process, all threads together, as Linux counts them (hundredths); verification is the mean of a hundred. The last
//! column is the most memory that the process has had so far.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::error::Error;
use std::path::Path;

use sheaf_groth16::{CircuitSize, Groth16Program, verify_proof};
use sheaf_model::{
    Layer, LayerKind, Operand, Origin, Postprocess, QuantisedModel, Term, Weight, onnx, reference,
};
use sheaf_statement::InputVisibility;

const MODELS: [&str; 8] = [
    "iris_mlp",
    "iris_softmax",
    "digits_mlp",
    "digits_argmax",
    "digits_cnn",
    "digits_cnn_avg",
    "digits_cnn_nhwc",
    "digits_residual",
];
const SCALE_BITS: u32 = 12;
const LARGEST_INPUTS: u32 = 140;
const LARGEST_OUTPUTS: usize = 24_800;
const VERIFICATIONS: u32 = 100;

fn main() -> Result<(), Box<dyn Error>> {
    let columns =
        "model, constraints, coefficients, public inputs, setup, prove, verify, package, document, memory";
    println!("| {} |\n|{}", columns.replace(", ", " | "), "---|".repeat(columns.split(", ").count()));
    if std::env::args().any(|argument| argument == "limit") {
        return measure("limit", largest(), &[1; LARGEST_INPUTS as usize]);
    }
    MODELS.into_iter().try_for_each(measure_fixture)
}

fn measure_fixture(name: &str) -> Result<(), Box<dyn Error>> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures");
    let model = onnx::compile(&std::fs::read(fixtures.join(format!("models/{name}.onnx")))?, SCALE_BITS)?;
    let input = std::fs::read(fixtures.join(format!("inputs/{name}_0.json")))?;
    let input: serde_json::Value = serde_json::from_slice(&input)?;
    let input: Vec<f64> = serde_json::from_value(input["input_data"][0].clone())?;
    let input = reference::quantise_input(&model, &input)?;
    measure(name, model, &input)
}

/// One linear layer, close to the limits of both rows and coefficients.
fn largest() -> QuantisedModel {
    let term = |id| Term { operand: Operand::Value(id), weight: id };
    let rows = vec![(0..LARGEST_INPUTS).map(term).collect(); LARGEST_OUTPUTS];
    QuantisedModel {
        model_digest: [0; 32],
        scale_bits: SCALE_BITS,
        input_shape: vec![LARGEST_INPUTS],
        output_shape: vec![1],
        weights: (0..LARGEST_INPUTS.into())
            .map(|value| Weight { value, origin: Origin::Parameter })
            .collect(),
        layers: vec![Layer { node: "dense".to_owned(), kind: LayerKind::Linear { rows, relu: true } }],
        outputs: vec![LARGEST_INPUTS],
        postprocess: Postprocess::None,
    }
}

fn measure(name: &str, model: QuantisedModel, input: &[i64]) -> Result<(), Box<dyn Error>> {
    let size = CircuitSize::of(&model, InputVisibility::Public);

    let (setup, program) = timed(|| Groth16Program::setup(model, InputVisibility::Public))?;
    let program = program?;
    let (prove, inference) = timed(|| program.prove(input))?;
    let document = inference?.document.to_json();
    let (verify, result) = timed(|| (0..VERIFICATIONS).try_for_each(|_| verify_proof(&document).map(drop)))?;
    result?;
    println!(
        "| {name} | {} | {} | {} | {setup:.2} s | {prove:.2} s | {:.1} ms | {:.1} MB | {:.1} kB | {} MB |",
        program.constraints(),
        size.terms,
        size.public_inputs,
        verify * 1e3 / f64::from(VERIFICATIONS),
        program.to_bytes()?.len() as f64 / 1e6,
        document.len() as f64 / 1e3,
        peak_megabytes()?,
    );
    Ok(())
}

/// CPU seconds that a call takes, and its result.
fn timed<T>(call: impl FnOnce() -> T) -> Result<(f64, T), Box<dyn Error>> {
    let before = cpu_seconds()?;
    let result = call();
    Ok((cpu_seconds()? - before, result))
}

/// User and system time of this process: the 14th and 15th fields of its `stat`, in hundredths of a second.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The second field is a name in parentheses, which may hold anything.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in /proc/self/stat")?;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<Result<f64, _>>()? / 100.0)
}

/// The most memory that this process has had, in MB.
fn peak_megabytes() -> Result<usize, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    let kilobytes: usize = peak.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024 / 1_000_000)
}

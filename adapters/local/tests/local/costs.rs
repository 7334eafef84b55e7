//! What estimates rest on. Prints tables; nothing here can fail but the provers.
//!
//! `cargo test --release -p sheaf-local --test local -- --ignored --nocapture costs`

use std::sync::Arc;
use std::time::Instant;

use cpu_time::ProcessTime;
use sheaf_adapter::{Adapter, ModelSize};
use sheaf_aggregator::verify::CircuitsByProfile;
use sheaf_local::{EmbeddedAdapter, EmbeddedSettings, Groth16Adapter, Groth16Settings};
use sheaf_model::QuantisedModel;
use sheaf_statement::InputVisibility::{self, Private, Public};

use crate::models::{request, store, trained, wide};

type Sample = (String, Arc<QuantisedModel>, Vec<i64>, InputVisibility);

fn named(name: &str, (model, input): (Arc<QuantisedModel>, Vec<i64>), visibility: InputVisibility) -> Sample {
    (name.to_owned(), model, input, visibility)
}

fn trained_models() -> Vec<Sample> {
    ["iris_mlp", "digits_mlp", "digits_cnn", "digits_residual", "digits_argmax"]
        .map(|name| named(name, trained(name), Public))
        .to_vec()
}

#[tokio::test]
#[ignore = "takes minutes and gigabytes, and prints figures"]
async fn costs_of_the_embedded_prover() {
    let mut samples = trained_models();
    // Three quarters full.
    samples.extend((8..=15).map(|bits| named("wide", wide(3 << (bits - 1)), Public)));
    samples.extend([100, 10_000].map(|sums| named("wide", wide(sums), Private)));
    let circuits = Arc::new(CircuitsByProfile::new(None));
    table(&samples, || EmbeddedAdapter::new(Arc::clone(&circuits), EmbeddedSettings::default())).await;
}

#[tokio::test]
#[ignore = "takes minutes and gigabytes, and prints figures"]
async fn costs_of_the_groth16_prover() {
    let mut samples = trained_models();
    samples.extend([100, 300, 1000, 3000, 6000].map(|sums| named("wide", wide(sums), Public)));
    samples.push(named("wide", wide(1000), Private));
    table(&samples, || Groth16Adapter::new(Groth16Settings::default())).await;
}

#[expect(clippy::print_stdout, reason = "a table for people is what this is for")]
async fn table<A: Adapter>(samples: &[Sample], fresh: impl Fn() -> A) {
    println!(
        "| model | input | size | compile | package | load and prove | prove | wall | estimated before | after |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (name, model, input, visibility) in samples {
        let folder = tempfile::tempdir().unwrap();
        let adapter = fresh();
        let before = adapter.estimate(&ModelSize::of(model), *visibility).unwrap();
        let start = ProcessTime::now();
        let compiled = adapter.compile(Arc::clone(model), *visibility).await.unwrap();
        let compile = start.elapsed();
        let program = store(folder.path(), &compiled, *visibility);
        let adapter = fresh();
        let mut proofs = Vec::new();
        for _ in 0..4 {
            let (cpu, wall) = (ProcessTime::now(), Instant::now());
            adapter.prove(request(&program, input)).await.unwrap();
            proofs.push((cpu.elapsed().as_millis(), wall.elapsed().as_millis()));
        }
        let first = proofs.remove(0).0;
        proofs.sort_unstable();
        let (cpu, wall) = proofs[proofs.len() / 2];
        println!(
            "| {name} | {visibility} | {} | {} ms | {} kB | {first} ms | {cpu} ms | {wall} ms | {} ms | {} ms |",
            compiled.size,
            compile.as_millis(),
            compiled.package.len() / 1000,
            before.cpu_ms,
            compiled.estimate.cpu_ms,
        );
    }
}

//! Where proving time goes: CPU seconds by phase for circuits of 2^8, 2^12 and 2^13 rows, and plonky2's for the same.
//!
//! ```text
//! cargo run --release -p sheaf-plonky2 --example engine_profile -- [repetitions]
//! ```
//!
//! Both engines prove in turns in one process, so that whatever else the machine does weighs on both. CPU time is the
//! whole process's, from `/proc/self/stat`, in ticks of 10 ms: figures are good to that over the number of repetitions.
#![expect(clippy::print_stdout, reason = "a report is what this program is for")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result};
use plonky2::field::types::Sample;
use plonky2::hash::poseidon::{Poseidon, PoseidonHash};
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::witness::{PartialWitness, PartitionWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;
use sheaf_plonky2::engine::fast::poseidon::{LANES, State, permute};
use sheaf_plonky2::engine::{C, Circuit, D, Engine, F, FastEngine, Plonky2Engine, Proof};

fn main() -> Result<()> {
    let repetitions = std::env::args().nth(1).map_or(Ok(10), |n| n.parse()).context("repetitions")?;
    profile_permutation();
    let (inner, inputs) = hash_chain(4, 180)?;
    profile("hash chain, rate 4", &inner, inputs, 8 * repetitions)?;
    let (inner, inputs) = hash_chain(3, 180)?;
    let proof = FastEngine::new().prove(&inner, inputs)?;
    for verified in [1, 2] {
        let (outer, inputs) = recursion(&inner, &proof, verified)?;
        profile(&format!("recursion over {verified}, rate 3"), &outer, inputs, repetitions)?;
    }
    Ok(())
}

/// The best of many short stretches: of all phases, the permutation is the one small enough for that.
fn profile_permutation() {
    let mut scalar: [[F; 12]; LANES] = std::array::from_fn(|_| std::array::from_fn(|_| F::rand()));
    let mut vector: State = [[1; LANES]; 12];
    let scalar_ns = best(|| scalar.iter_mut().for_each(|state| *state = F::poseidon(*state)));
    let vector_ns = best(|| permute(&mut vector));
    black_box((scalar, vector));
    println!(
        "poseidon: plonky2 {scalar_ns:.0} ns, vector {vector_ns:.0} ns a permutation: {:.2} x",
        scalar_ns / vector_ns
    );
}

fn best(mut work: impl FnMut()) -> f64 {
    const CALLS: u32 = 50;
    let stretch = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..CALLS).for_each(|_| work());
        start.elapsed().as_nanos() as f64
    };
    let fastest = (0..2000).map(|_| stretch(&mut work)).fold(f64::INFINITY, f64::min);
    fastest / f64::from(CALLS) / LANES as f64
}

fn config(rate_bits: usize) -> CircuitConfig {
    let mut config = CircuitConfig::standard_recursion_config();
    config.fri_config.rate_bits = rate_bits;
    config.fri_config.num_query_rounds = 84 / rate_bits;
    config
}

fn hash_chain(rate_bits: usize, length: usize) -> Result<(Circuit, PartialWitness<F>)> {
    let mut builder = CircuitBuilder::<F, D>::new(config(rate_bits));
    let start = builder.add_virtual_targets(4);
    let mut state = start.clone();
    for _ in 0..length {
        state = builder.hash_n_to_hash_no_pad::<PoseidonHash>(state).elements.to_vec();
        state[0] = builder.mul_add(state[1], state[2], state[3]);
    }
    builder.register_public_inputs(&state);
    let mut inputs = PartialWitness::new();
    inputs.set_target_arr(&start, &F::rand_vec(4))?;
    Ok((builder.build::<C>(), inputs))
}

fn recursion(inner: &Circuit, proof: &Proof, verified: usize) -> Result<(Circuit, PartialWitness<F>)> {
    let mut builder = CircuitBuilder::<F, D>::new(config(3));
    let key = builder.constant_verifier_data(&inner.verifier_only);
    let mut inputs = PartialWitness::new();
    for _ in 0..verified {
        let target = builder.add_virtual_proof_with_pis(&inner.common);
        builder.verify_proof::<C>(&target, &key, &inner.common);
        inputs.set_proof_with_pis_target(&target, proof)?;
    }
    Ok((builder.build::<C>(), inputs))
}

fn profile(name: &str, circuit: &Circuit, inputs: PartialWitness<F>, repetitions: u32) -> Result<()> {
    let (fast, plonky2) = (FastEngine::new(), Plonky2Engine::new());
    println!("\n{name}: 2^{} rows, {repetitions} repetitions", circuit.common.degree_bits());

    let mut phases = Phases::default();
    let (mut fast_cpu, mut plonky2_cpu) = (0.0, 0.0);
    let (mut fast_wall, mut plonky2_wall) = (0.0, 0.0);
    for _ in 0..repetitions {
        // Wires that nothing reads are random, so each witness has another proof of work.
        let witness = generate_partial_witness(inputs.clone(), &circuit.prover_only, &circuit.common)?;
        let copy = witness.clone();
        let (start, cpu) = (Instant::now(), cpu_seconds()?);
        let proof = phases.record(&fast, circuit, copy)?;
        fast_cpu += cpu_seconds()? - cpu;
        fast_wall += ms(start);
        circuit.verify(proof)?;

        let (start, cpu) = (Instant::now(), cpu_seconds()?);
        black_box(plonky2.prove_witness(circuit, witness)?);
        plonky2_cpu += cpu_seconds()? - cpu;
        plonky2_wall += ms(start);
    }
    let n = f64::from(repetitions);
    phases.print(n);
    for (engine, cpu, wall) in [("fast", fast_cpu, fast_wall), ("plonky2", plonky2_cpu, plonky2_wall)] {
        println!("  {engine:24} {:8.2} ms CPU, mean {:8.2} ms wall", 1e3 * cpu / n, wall / n);
    }
    println!(
        "  {:24} {:8.2} x CPU, mean {:7.2} x wall",
        "ratio",
        plonky2_cpu / fast_cpu,
        plonky2_wall / fast_wall
    );
    Ok(())
}

/// CPU seconds and best wall milliseconds by phase, in order of appearance.
#[derive(Default)]
struct Phases {
    order: Vec<&'static str>,
    cpu: BTreeMap<&'static str, f64>,
    wall: BTreeMap<&'static str, f64>,
}

impl Phases {
    fn record(
        &mut self,
        engine: &FastEngine,
        circuit: &Circuit,
        witness: PartitionWitness<'_, F>,
    ) -> Result<Proof> {
        let mut failed = None;
        let (mut cpu, mut start) = (cpu_seconds()?, Instant::now());
        let proof = engine.prove_phases(circuit, witness, &mut |phase| {
            let elapsed = ms(start);
            match cpu_seconds() {
                Ok(now) => {
                    *self.cpu.entry(phase).or_insert_with(|| {
                        self.order.push(phase);
                        0.0
                    }) += now - cpu;
                    cpu = now;
                }
                Err(error) => failed = Some(error),
            }
            let best = self.wall.entry(phase).or_insert(f64::INFINITY);
            *best = best.min(elapsed);
            start = Instant::now();
        })?;
        failed.map_or(Ok(proof), Err)
    }

    fn print(&self, repetitions: f64) {
        for phase in &self.order {
            println!(
                "  {phase:24} {:8.2} ms CPU, best {:8.2} ms wall",
                1e3 * self.cpu[phase] / repetitions,
                self.wall[phase]
            );
        }
    }
}

fn ms(start: Instant) -> f64 {
    1e3 * start.elapsed().as_secs_f64()
}

/// User and system time of this process. Linux counts them in hundredths of a second, whatever its clock.
fn cpu_seconds() -> Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // Fields 14 and 15; the second, the program's name, is in parentheses and may have spaces.
    let fields = stat.rsplit_once(')').context("malformed /proc/self/stat")?.1;
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / 100.0)
}

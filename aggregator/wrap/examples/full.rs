//! Scratch: sizes and times of the full wrap over a stand-in for the shrink layer.
use plonky2::field::types::Field;
use plonky2::fri::FriConfig;
use plonky2::fri::reduction_strategies::FriReductionStrategy as Red;
use plonky2::gates::noop::NoopGate;
use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};
use plonky2::plonk::proof::ProofWithPublicInputs;
use sheaf_plonky2::{C, D, F};
use sheaf_wrap::layers::{LastCircuit, wrap_config};
use std::time::Instant;
fn cfg(rate: usize, q: usize, pow: u32, red: Red) -> CircuitConfig {
    CircuitConfig {
        num_challenges: 3,
        security_bits: 90,
        fri_config: FriConfig {
            rate_bits: rate,
            cap_height: 4,
            proof_of_work_bits: pow,
            reduction_strategy: red,
            num_query_rounds: q,
        },
        ..CircuitConfig::standard_recursion_config()
    }
}
fn cpu() -> f64 {
    let s = std::fs::read_to_string("/proc/self/stat").unwrap();
    let f: Vec<&str> = s.rsplit(')').next().unwrap().split_whitespace().collect();
    (f[11].parse::<f64>().unwrap() + f[12].parse::<f64>().unwrap()) / 100.0
}
fn rss() -> String {
    std::fs::read_to_string("/proc/self/status")
        .unwrap()
        .lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap()
        .to_owned()
}
type Cd = CircuitData<F, C, D>;
fn layer(
    inner: &Cd,
    proof: &ProofWithPublicInputs<F, C, D>,
    c: CircuitConfig,
    rows: usize,
) -> (Cd, ProofWithPublicInputs<F, C, D>) {
    let mut b = CircuitBuilder::<F, D>::new(c);
    let pt = b.add_virtual_proof_with_pis(&inner.common);
    let vd = b.constant_verifier_data(&inner.verifier_only);
    b.register_public_inputs(&pt.public_inputs);
    b.verify_proof::<C>(&pt, &vd, &inner.common);
    println!("rows {}", b.num_gates());
    while b.num_gates() < rows {
        b.add_gate(NoopGate, vec![]);
    }
    let d = b.build::<C>();
    let mut pw = PartialWitness::new();
    pw.set_proof_with_pis_target(&pt, proof).unwrap();
    let p = d.prove(pw).unwrap();
    (d, p)
}
fn main() {
    let std3 = || cfg(3, 27, 19, Red::ConstantArityBits(4, 5));
    let mut b = CircuitBuilder::<F, D>::new(std3());
    let ts = b.add_virtual_targets(8);
    b.register_public_inputs(&ts);
    for _ in 0..4030 {
        b.add_gate(NoopGate, vec![]);
    }
    let l0 = b.build::<C>();
    let mut pw = PartialWitness::new();
    for (i, t) in ts.iter().enumerate() {
        pw.set_target(*t, F::from_canonical_usize(i + 5)).unwrap();
    }
    let p0 = l0.prove(pw).unwrap();
    let (l1, p1) = layer(&l0, &p0, std3(), 4300);
    println!("commit-like 2^{}", l1.common.degree_bits());
    let t = cpu();
    let (l2, p2) = layer(&l1, &p1, cfg(6, 14, 16, Red::Fixed(vec![4, 4])), 0);
    println!("shrink-like 2^{} build+prove {:.1}", l2.common.degree_bits(), cpu() - t);
    let t = cpu();
    let w = Instant::now();
    if std::env::args().nth(1).is_some() {
        let last = LastCircuit::new(
            &l2.verifier_data(),
            CircuitConfig {
                fri_config: FriConfig { rate_bits: 3, ..wrap_config().fri_config },
                security_bits: 1,
                ..wrap_config()
            },
        );
        println!("{last:?} {:?}", {
            let s = sheaf_wrap::circuit::section_sizes(&last.verifier()).unwrap();
            (s.iter().map(|s| s.1).sum::<usize>(), s)
        });
        return;
    }
    let last = LastCircuit::new(&l2.verifier_data(), wrap_config());
    println!("last: {last:?} build cpu {:.1} wall {:.1}", cpu() - t, w.elapsed().as_secs_f64());
    let t = cpu();
    let proof = last.prove(&p2).unwrap();
    println!("last: prove cpu {:.1} {}", cpu() - t, rss());
    let v = last.verifier();
    let t = cpu();
    let sizes = sheaf_wrap::circuit::section_sizes(&v).unwrap();
    println!("{sizes:?} total {} cpu {:.1}", sizes.iter().map(|s| s.1).sum::<usize>(), cpu() - t);
    let t = cpu();
    let a = sheaf_wrap::circuit::assignment(&v, &proof).unwrap();
    println!("assignment cpu {:.1} witness {} {}", cpu() - t, a.witness.len(), rss());
    let t = cpu();
    let m = sheaf_wrap::circuit::constraints(&v).unwrap();
    println!("constraints cpu {:.1} entries {} {}", cpu() - t, m.num_entries(), rss());
    let t = cpu();
    let w = Instant::now();
    let key = sheaf_setup::single_party(&m, b"full", &|s| println!("  {s}")).unwrap();
    println!("setup cpu {:.1} wall {:.1} {}", cpu() - t, w.elapsed().as_secs_f64(), rss());
    let inputs: Vec<_> = a.instance[1..].to_vec();
    let t = cpu();
    let w = Instant::now();
    let proof = sheaf_wrap::groth16::prove(
        key.proving_key(),
        a,
        sheaf_wrap::groth16::Blinding { r: 3u64.into(), s: 9u64.into() },
    )
    .unwrap();
    println!("prove cpu {:.1} wall {:.1} {}", cpu() - t, w.elapsed().as_secs_f64(), rss());
    println!("verifies: {}", sheaf_wrap::groth16::verify(key.verifying_key(), &inputs, &proof));
}

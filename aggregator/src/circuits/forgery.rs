//! For tests of dishonest provers: proofs by force of witnesses that break constraints.

use std::panic::{AssertUnwindSafe, catch_unwind};

use plonky2::iop::generator::GeneratedValues;
use plonky2::iop::witness::{PartialWitness, PartitionWitness, WitnessWrite};
use plonky2::plonk::circuit_data::{CircuitConfig, CircuitData};
use plonky2::plonk::prover::prove_with_partition_witness;
use plonky2::util::timing::TimingTree;
use sheaf_plonky2::engine::{Engine, FastEngine, Proof};
use sheaf_plonky2::{C, D, F, Profile};

/// Proves a witness that breaks nothing.
pub(super) fn honest(circuit: &CircuitData<F, C, D>, inputs: PartialWitness<F>) -> Proof {
    let proof = FastEngine::new().prove(circuit, inputs).unwrap();
    circuit.verify(proof.clone()).unwrap();
    proof
}

/// What comes of proving a witness by force.
pub(super) struct Forgery {
    /// How often two sources of one value disagreed: the number of values at which the witness is wrong.
    pub(super) conflicts: usize,
    /// The proof, unless plonky2 panicked on values out of some generator's range.
    pub(super) proof: Option<Proof>,
    /// Whether the circuit's verifier takes the proof.
    pub(super) accepted: bool,
}

/// Proves with plonky2's prover, which checks nothing. Generators run as in plonky2, except that a value once set stays
/// when another source disagrees. Copied wires share one value here, so that no witness can break a copy constraint;
/// what a disagreement breaks is the gate whose output is overruled, and it is the verifier who has to notice.
pub(super) fn forge(circuit: &CircuitData<F, C, D>, inputs: PartialWitness<F>) -> Forgery {
    let mut conflicts = 0;
    let attempt = catch_unwind(AssertUnwindSafe(|| {
        let witness = force_witness(circuit, inputs, &mut conflicts);
        let mut timing = TimingTree::default();
        prove_with_partition_witness(&circuit.prover_only, &circuit.common, witness, &mut timing).ok()
    }));
    let proof = attempt.ok().flatten();
    let verify = |proof| catch_unwind(AssertUnwindSafe(|| circuit.verify(proof))).is_ok_and(|r| r.is_ok());
    let accepted = proof.clone().is_some_and(verify);
    Forgery { conflicts, proof, accepted }
}

pub(super) fn force_witness<'a>(
    circuit: &'a CircuitData<F, C, D>,
    inputs: PartialWitness<F>,
    conflicts: &mut usize,
) -> PartitionWitness<'a, F> {
    let prover = &circuit.prover_only;
    let (wires, rows) = (circuit.common.config.num_wires, circuit.common.degree());
    let mut witness = PartitionWitness::new(wires, rows, &prover.representative_map);
    for (target, value) in inputs.target_values {
        witness.set_target(target, value).unwrap();
    }
    let mut finished = vec![false; prover.generators.len()];
    let mut pending: Vec<usize> = (0..finished.len()).collect();
    let mut buffer = GeneratedValues::empty();
    while !pending.is_empty() {
        let mut next = Vec::new();
        for index in pending {
            if finished[index] {
                continue;
            }
            finished[index] = prover.generators[index].0.run(&witness, &mut buffer);
            for (target, value) in buffer.target_values.drain(..) {
                match witness.set_target_returning_rep(target, value) {
                    Ok(Some(set)) => {
                        next.extend(prover.generator_indices_by_watches.get(&set).into_iter().flatten());
                    }
                    Ok(None) => {}
                    Err(_) => *conflicts += 1,
                }
            }
        }
        pending = next;
    }
    assert!(finished.iter().all(|done| *done), "a witness with gaps tests nothing");
    witness
}

/// Asserts that a proof came out, wrong in exactly so many values, and that it is refused.
pub(super) fn assert_rejected(
    circuit: &CircuitData<F, C, D>,
    inputs: PartialWitness<F>,
    wrong_values: usize,
) {
    let forgery = forge(circuit, inputs);
    assert!(forgery.proof.is_some());
    assert!(!forgery.accepted, "accepted with {} wrong values", forgery.conflicts);
    assert_eq!(forgery.conflicts, wrong_values);
}

/// Asserts that no accepted proof comes out when a whole verification inside the circuit fails: it leaves wrong values
/// all over, up to generators that panic, in which case the dishonest prover has nothing to show at all.
pub(super) fn assert_verification_rejected(circuit: &CircuitData<F, C, D>, inputs: PartialWitness<F>) {
    let forgery = forge(circuit, inputs);
    assert!(forgery.conflicts > 0 || forgery.proof.is_none());
    assert!(!forgery.accepted);
}

/// Sets the one value in which two witnesses differ, to something that neither of them has.
pub(super) fn with_difference_set(
    mut witness: PartialWitness<F>,
    other: &PartialWitness<F>,
    value: F,
) -> PartialWitness<F> {
    let mut differing = witness.target_values.iter_mut().filter(|(t, v)| other.target_values[*t] != **v);
    let (_, difference) = differing.next().unwrap();
    *difference = value;
    assert!(differing.next().is_none());
    witness
}

/// The configuration in use, but for the work, which is most of what a proof of such a small circuit costs.
pub(super) fn idle_config() -> CircuitConfig {
    let mut config = Profile::Standard.recursion_config();
    config.fri_config.proof_of_work_bits = 0;
    CircuitConfig { security_bits: 80, ..config }
}

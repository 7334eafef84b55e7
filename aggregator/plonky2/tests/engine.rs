//! The engines against plonky2 and each other: same hashes, same trees, same proofs, and no proof of a false witness.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

use plonky2::field::extension::Extendable;
use plonky2::field::types::{Field, Field64, PrimeField64, Sample};
use plonky2::gates::lookup_table::LookupTable;
use plonky2::hash::hash_types::HashOut;
use plonky2::hash::merkle_tree::MerkleTree;
use plonky2::hash::poseidon::{Poseidon, PoseidonHash};
use plonky2::iop::generator::generate_partial_witness;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, PartitionWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::CircuitConfig;
use plonky2::plonk::config::Hasher;
use plonky2::plonk::prover::prove_with_partition_witness;
use plonky2::util::timing::TimingTree;
use proptest::prelude::*;
use sheaf_plonky2::engine::fast::columns::Columns;
use sheaf_plonky2::engine::fast::commit::{Committer, CpuCommitter, extension_domain};
use sheaf_plonky2::engine::fast::merkle::Tree;
use sheaf_plonky2::engine::fast::ntt::{Domain, points, reverse_bits};
use sheaf_plonky2::engine::fast::poseidon::{LANES, State, canonical, permute};
use sheaf_plonky2::engine::fast::sponge::{compress_pairs, hash_all};
use sheaf_plonky2::engine::{C, Circuit, D, Engine, EngineError, F, FastEngine, Plonky2Engine, Proof};

// ---- Permutation ----------------------------------------------------------------------------------------------------

const ORDER: u64 = F::ORDER;

fn assert_permutes_like_plonky2(state: State) {
    let mut permuted = state;
    permute(&mut permuted);
    for k in 0..LANES {
        let input = std::array::from_fn(|i| F::from_noncanonical_u64(state[i][k]));
        let expected = F::poseidon(input).map(|x| x.to_canonical_u64());
        let got: [u64; 12] = std::array::from_fn(|i| canonical(permuted[i][k]));
        assert_eq!(got, expected, "lane {k} of {state:x?}");
    }
}

#[test]
fn permutation_agrees_at_the_edges() {
    let edges = [0, 1, ORDER - 1, ORDER, ORDER + 1, u64::MAX, u64::MAX - 1, 0xffff_ffff, 1 << 32, 1 << 63];
    for x in edges {
        assert_permutes_like_plonky2([[x; LANES]; 12]);
        for y in edges {
            assert_permutes_like_plonky2(std::array::from_fn(|i| {
                std::array::from_fn(|k| if (i + k) % 3 == 0 { x } else { y })
            }));
        }
    }
}

proptest! {
    #[test]
    fn permutation_agrees_on_any_words(words in prop::array::uniform12(prop::array::uniform8(any::<u64>()))) {
        assert_permutes_like_plonky2(words);
    }

    #[test]
    fn permutation_agrees_near_the_order(offsets in prop::array::uniform12(prop::array::uniform8(-70_000i64..70_000))) {
        assert_permutes_like_plonky2(offsets.map(|lanes| lanes.map(|x| ORDER.wrapping_add_signed(x))));
    }
}

#[test]
fn permutation_agrees_over_a_long_chain() {
    let mut states: [[F; 12]; LANES] = std::array::from_fn(|_| std::array::from_fn(|_| F::rand()));
    let mut vector: State = std::array::from_fn(|i| std::array::from_fn(|k| states[k][i].0));
    for _ in 0..2000 {
        permute(&mut vector);
        for state in &mut states {
            *state = F::poseidon(*state);
        }
    }
    for k in 0..LANES {
        let got: [F; 12] = std::array::from_fn(|i| F::from_noncanonical_u64(vector[i][k]));
        assert_eq!(got, states[k]);
    }
}

// ---- Hashes and trees -----------------------------------------------------------------------------------------------

fn random_columns(columns: usize, rows: usize) -> Columns {
    Columns::from_flat(F::rand_vec(columns * rows), rows)
}

#[test]
fn hashes_agree_at_every_length_and_count() {
    for len in 0..=40 {
        for count in [1, 2, 7, 8, 9, 65, 200] {
            let columns = random_columns(len + 1, count);
            let expected: Vec<_> =
                (0..count).map(|i| PoseidonHash::hash_or_noop(&columns.row(i)[..len])).collect();
            assert_eq!(hash_all(count, len, |i, j| columns.lanes(i, j)), expected, "{count} of length {len}");
        }
    }
}

#[test]
fn compression_agrees() {
    for count in [1, 3, 8, 100] {
        let digests: Vec<_> = (0..2 * count).map(|_| HashOut::<F>::rand()).collect();
        let expected: Vec<_> =
            digests.chunks(2).map(|pair| PoseidonHash::two_to_one(pair[0], pair[1])).collect();
        assert_eq!(compress_pairs(&digests), expected);
    }
}

#[test]
fn trees_agree_at_every_leaf_length_and_cap_height() {
    for len in 1..=40 {
        for (log_leaves, cap_height) in [(0, 0), (3, 0), (3, 3), (6, 4), (7, 1)] {
            let leaves = 1 << log_leaves;
            let columns = random_columns(len, leaves);
            let rows = (0..leaves).map(|i| columns.row(i)).collect();
            let expected = MerkleTree::<F, PoseidonHash>::new(rows, cap_height);
            let tree = Tree::build(leaves, len, cap_height, |i, j| columns.lanes(i, j));
            assert_eq!(tree.cap(), expected.cap);
            for i in 0..leaves {
                assert_eq!(tree.prove(i), expected.prove(i), "leaf {i} of {leaves}, cap {cap_height}");
            }
        }
    }
}

// ---- Transforms -----------------------------------------------------------------------------------------------------

#[test]
fn interpolation_inverts_evaluation_on_any_coset() {
    for log_size in [4, 5, 8, 11, 13] {
        for shift in [F::ONE, F::coset_shift(), F::rand()] {
            let domain = Domain::new(log_size, shift);
            let coeffs = F::rand_vec(1 << log_size);
            let mut values: Vec<F> = vec![F::ZERO; 1 << log_size];
            domain.extend_piece(&coeffs, 0, &mut values);
            let xs = points(log_size, shift);
            for p in [0, 1, 5, (1 << log_size) - 1] {
                let w = F::primitive_root_of_unity(log_size);
                assert_eq!(xs[p], shift * w.exp_u64(reverse_bits(p, log_size) as u64));
                let expected = coeffs.iter().rev().fold(F::ZERO, |sum, &c| sum * xs[p] + c);
                assert_eq!(values[p], expected, "position {p} of 2^{log_size}");
            }
            domain.interpolate(&mut values);
            assert_eq!(values, coeffs);
        }
    }
}

#[test]
fn commitments_agree() {
    use plonky2::field::polynomial::PolynomialCoeffs;
    use plonky2::fri::oracle::PolynomialBatch;
    for (degree_bits, rate_bits, columns) in [(5, 3, 7), (8, 4, 20), (6, 6, 3), (12, 3, 5)] {
        let coeffs = random_columns(columns, 1 << degree_bits);
        let polys = coeffs.iter().map(|column| PolynomialCoeffs::new(column.to_vec())).collect();
        let timing = &mut TimingTree::default();
        let expected = PolynomialBatch::<F, C, D>::from_coeffs(polys, rate_bits, false, 4, timing, None);
        let domain = extension_domain(degree_bits, rate_bits);
        let commitment = CpuCommitter.commit(coeffs, &domain, rate_bits, 4);
        assert_eq!(commitment.tree.cap(), expected.merkle_tree.cap);
        for (i, leaf) in expected.merkle_tree.leaves.iter().enumerate() {
            assert_eq!(&commitment.values.row(i), leaf);
        }
    }
}

// ---- Proofs ---------------------------------------------------------------------------------------------------------

fn config(rate_bits: usize, num_challenges: usize) -> CircuitConfig {
    let mut config = CircuitConfig::standard_recursion_config();
    config.num_challenges = num_challenges;
    config.security_bits = 40;
    config.fri_config.rate_bits = rate_bits;
    config.fri_config.num_query_rounds = 12;
    config.fri_config.proof_of_work_bits = 10;
    config
}

/// A circuit of a bit of everything: hashes, arithmetic in both fields, bits, constants, random access.
fn mixed_circuit(config: CircuitConfig, hashes: usize) -> (Circuit, PartialWitness<F>, Target) {
    let mut builder = CircuitBuilder::<F, D>::new(config);
    let x = builder.add_virtual_target();
    let mut state = vec![x, builder.constant(F::from_canonical_u64(77))];
    for _ in 0..hashes {
        state = builder.hash_n_to_hash_no_pad::<PoseidonHash>(state).elements.to_vec();
    }
    let bits = builder.split_le(state[0], 64);
    let index = builder.le_sum(bits[..4].iter());
    let table: Vec<_> = (0..16).map(|i| builder.constant(F::from_canonical_u64(i * i))).collect();
    let looked_up = builder.random_access(index, table);
    let extension = builder.add_virtual_extension_target();
    let square = builder.mul_extension(extension, extension);
    let inverse = builder.inverse_extension(square);
    let product = builder.mul_extension(inverse, square);
    builder.connect(product.0[0], extension.0[1]);
    let exponent = builder.exp_from_bits(state[1], bits.iter().take(20));
    builder.register_public_inputs(&[looked_up, exponent, x]);
    let circuit = builder.build::<C>();
    let mut inputs = PartialWitness::new();
    inputs.set_target(x, F::from_canonical_u64(5)).unwrap();
    let value = <F as Extendable<D>>::Extension::from_canonical_u64(3);
    let with_one = value + plonky2::field::extension::quadratic::QuadraticExtension([F::ZERO, F::ONE]);
    inputs.set_extension_target(extension, with_one).unwrap();
    (circuit, inputs, x)
}

fn witness<'a>(circuit: &'a Circuit, inputs: &PartialWitness<F>) -> PartitionWitness<'a, F> {
    generate_partial_witness(inputs.clone(), &circuit.prover_only, &circuit.common).unwrap()
}

fn plonky2_proof(circuit: &Circuit, witness: PartitionWitness<'_, F>) -> Proof {
    // On one thread plonky2 too finds the least nonce.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let timing = &mut TimingTree::default();
    pool.install(|| prove_with_partition_witness(&circuit.prover_only, &circuit.common, witness, timing))
        .unwrap()
}

fn assert_same_bytes(circuit: &Circuit, inputs: &PartialWitness<F>) {
    assert!(FastEngine::covers(circuit));
    // One witness for both: plonky2 fills wires that no constraint reads with random values.
    let witness = witness(circuit, inputs);
    let expected = plonky2_proof(circuit, witness.clone());
    let proof = FastEngine::new().prove_witness(circuit, witness).unwrap();
    assert_eq!(proof.to_bytes(), expected.to_bytes());
    circuit.verify(proof).unwrap();
}

#[test]
fn proofs_have_the_bytes_of_plonky2() {
    for (rate_bits, challenges, hashes) in [(3, 2, 1), (3, 3, 40), (4, 2, 200), (5, 3, 10), (6, 2, 3)] {
        let (circuit, inputs, _) = mixed_circuit(config(rate_bits, challenges), hashes);
        assert_same_bytes(&circuit, &inputs);
    }
}

#[test]
fn proofs_have_the_bytes_of_plonky2_whatever_the_reduction() {
    use plonky2::fri::reduction_strategies::FriReductionStrategy::{Fixed, MinSize};
    for strategy in [Fixed(vec![]), Fixed(vec![1, 2, 3]), Fixed(vec![3, 3, 1]), MinSize(None)] {
        let mut config = config(3, 2);
        config.fri_config.reduction_strategy = strategy;
        config.fri_config.cap_height = 1;
        let (circuit, inputs, _) = mixed_circuit(config, 80);
        assert_same_bytes(&circuit, &inputs);
    }
}

#[test]
fn proofs_have_the_bytes_of_plonky2_when_the_degree_factor_is_no_power_of_two() {
    let mut config = config(3, 2);
    config.max_quotient_degree_factor = 7;
    let mut builder = CircuitBuilder::<F, D>::new(config);
    let x = builder.add_virtual_target();
    let mut y = x;
    for _ in 0..2000 {
        y = builder.mul_add(y, x, y);
    }
    builder.register_public_input(y);
    let circuit = builder.build::<C>();
    let mut inputs = PartialWitness::new();
    inputs.set_target(x, F::from_canonical_u64(3)).unwrap();
    assert_same_bytes(&circuit, &inputs);
}

#[test]
fn recursive_proofs_have_the_bytes_of_plonky2() {
    let (inner, inputs, _) = mixed_circuit(config(3, 2), 4);
    let proof = FastEngine::new().prove(&inner, inputs).unwrap();
    let mut builder = CircuitBuilder::<F, D>::new(config(3, 2));
    let target = builder.add_virtual_proof_with_pis(&inner.common);
    let key = builder.constant_verifier_data(&inner.verifier_only);
    builder.verify_proof::<C>(&target, &key, &inner.common);
    let outer = builder.build::<C>();
    let mut inputs = PartialWitness::new();
    inputs.set_proof_with_pis_target(&target, &proof).unwrap();
    assert_same_bytes(&outer, &inputs);
}

#[test]
fn proofs_are_the_same_on_any_number_of_threads() {
    let (circuit, inputs, _) = mixed_circuit(config(3, 2), 20);
    let witness = witness(&circuit, &inputs);
    let prove = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| FastEngine::new().prove_witness(&circuit, witness.clone())).unwrap().to_bytes()
    };
    let expected = prove(1);
    assert!([2, 5].into_iter().all(|threads| prove(threads) == expected));
}

// ---- What the contract excludes -------------------------------------------------------------------------------------

fn engines() -> [Box<dyn Engine>; 2] {
    [Box::new(FastEngine::new()), Box::new(Plonky2Engine::new())]
}

/// plonky2's prover is content with such a witness and gives a proof that its verifier refuses. Some values are in no
/// constraint, like the wires of padding rows; what is proved with those changed must verify.
#[test]
fn changed_witness_values_are_rejected() {
    let (circuit, inputs, _) = mixed_circuit(config(3, 2), 10);
    let honest = witness(&circuit, &inputs);
    let wires = circuit.common.degree() * circuit.common.config.num_wires;
    let set: Vec<usize> = (0..wires).filter(|&i| honest.values[i].is_some()).collect();
    let mut rejected = 0;
    for &i in set.iter().step_by(set.len() / 40) {
        let mut changed = honest.clone();
        changed.values[i] = changed.values[i].map(|x| x + F::ONE);
        let [fast, plonky2] = engines().map(|engine| engine.prove_witness(&circuit, changed.clone()));
        match (fast, plonky2) {
            (Err(EngineError::Unsatisfied), Err(EngineError::Unsatisfied)) => rejected += 1,
            (Ok(fast), Ok(plonky2)) => {
                circuit.verify(fast).unwrap();
                circuit.verify(plonky2).unwrap();
            }
            (fast, plonky2) => panic!("value {i}: {:?}, {:?}", fast.err(), plonky2.err()),
        }
    }
    assert!(rejected > 20, "{rejected} of 40 rejected");
}

#[test]
fn changed_public_input_is_rejected() {
    let (circuit, inputs, x) = mixed_circuit(config(3, 2), 10);
    for engine in engines() {
        let mut changed = witness(&circuit, &inputs);
        let index = changed.representative_map[x.index(changed.num_wires, changed.degree)];
        changed.values[index] = Some(F::from_canonical_u64(6));
        assert!(matches!(engine.prove_witness(&circuit, changed), Err(EngineError::Unsatisfied)));
    }
}

#[test]
fn missing_public_input_is_an_error() {
    let (circuit, inputs, x) = mixed_circuit(config(3, 2), 1);
    for engine in engines() {
        let mut changed = witness(&circuit, &inputs);
        let index = changed.representative_map[x.index(changed.num_wires, changed.degree)];
        changed.values[index] = None;
        let result = engine.prove_witness(&circuit, changed);
        assert!(matches!(result, Err(EngineError::Unsatisfied | EngineError::Panicked { .. })), "{result:?}");
    }
}

#[test]
fn missing_and_contradictory_inputs_are_errors() {
    let mut builder = CircuitBuilder::<F, D>::new(config(3, 2));
    let (x, y) = (builder.add_virtual_target(), builder.add_virtual_target());
    let product = builder.mul(x, y);
    builder.connect(product, x);
    builder.register_public_input(product);
    let circuit = builder.build::<C>();
    let inputs = |values: &[(Target, u64)]| {
        let mut inputs = PartialWitness::new();
        for &(target, value) in values {
            inputs.set_target(target, F::from_canonical_u64(value)).unwrap();
        }
        inputs
    };
    for engine in engines() {
        let missing = engine.prove(&circuit, inputs(&[(x, 3)]));
        assert!(matches!(missing, Err(EngineError::Witness { .. })), "{missing:?}");
        let contradictory = engine.prove(&circuit, inputs(&[(x, 3), (y, 2)]));
        assert!(matches!(contradictory, Err(EngineError::Witness { .. })), "{contradictory:?}");
        engine
            .prove(&circuit, inputs(&[(x, 3), (y, 1)]))
            .map(|proof| circuit.verify(proof))
            .unwrap()
            .unwrap();
    }
}

#[test]
fn witness_of_another_circuit_is_rejected() {
    let (circuit, ..) = mixed_circuit(config(3, 2), 1);
    let (other, inputs, _) = mixed_circuit(config(3, 2), 100);
    for engine in engines() {
        let result = engine.prove_witness(&circuit, witness(&other, &inputs));
        assert!(matches!(result, Err(EngineError::Shape { .. })), "{result:?}");
    }
}

#[test]
fn circuits_that_fast_leaves_out_are_proved_by_plonky2() {
    let mut hiding = config(3, 2);
    hiding.zero_knowledge = true;
    let (circuit, inputs, _) = mixed_circuit(hiding, 1);
    assert!(!FastEngine::covers(&circuit));
    circuit.verify(FastEngine::new().prove(&circuit, inputs).unwrap()).unwrap();

    let mut builder = CircuitBuilder::<F, D>::new(config(3, 2));
    let x = builder.add_virtual_target();
    let table: LookupTable = std::sync::Arc::new((0..16).map(|i| (i, i * i)).collect());
    let table = builder.add_lookup_table_from_pairs(table);
    let y = builder.add_lookup_from_index(x, table);
    builder.register_public_input(y);
    let circuit = builder.build::<C>();
    assert!(!FastEngine::covers(&circuit));
    let mut inputs = PartialWitness::new();
    inputs.set_target(x, F::from_canonical_u64(7)).unwrap();
    let proof = FastEngine::new().prove(&circuit, inputs).unwrap();
    assert_eq!(proof.public_inputs, [F::from_canonical_u64(49)]);
    circuit.verify(proof).unwrap();
}

/// plonky2's prover gives proofs for such parameters, and its verifier refuses them all.
#[test]
fn circuit_that_folds_further_than_its_degree_is_an_error() {
    use plonky2::fri::reduction_strategies::FriReductionStrategy::Fixed;
    let mut config = config(3, 2);
    config.fri_config.reduction_strategy = Fixed(vec![3, 3, 1]);
    config.fri_config.cap_height = 1;
    let (circuit, inputs, _) = mixed_circuit(config, 40);
    assert_eq!(circuit.common.degree_bits(), 6);
    for engine in engines() {
        assert!(engine.prove(&circuit, inputs.clone()).is_err(), "{}", engine.name());
    }
}

#[test]
fn tiny_circuit_is_proved() {
    let mut builder = CircuitBuilder::<F, D>::new(config(3, 2));
    let x = builder.add_virtual_target();
    builder.assert_one(x);
    let circuit = builder.build::<C>();
    let mut inputs = PartialWitness::new();
    inputs.set_target(x, F::ONE).unwrap();
    circuit.verify(FastEngine::new().prove(&circuit, inputs).unwrap()).unwrap();
}

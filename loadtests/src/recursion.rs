//! A batch through Sheaf's tree, and through plain 2-to-1 plonky2 recursion.
//!
//! The plain way is what plonky2's own examples do: its standard recursion configuration (two challenges, 28 queries), its
//! own prover, each circuit verifying two proofs of the level below with that level's key as a constant. It proves less:
//! all programs in it are one, and nothing says which statements are in a batch. Each of its first three levels is
//! proven and measured; the levels above repeat the third, which has reached the fixed point of 2^13 rows.

use plonky2::iop::witness::{PartialWitness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitConfig, CommonCircuitData, VerifierOnlyCircuitData};
use plonky2::plonk::proof::ProofWithPublicInputs;
use sheaf_aggregator::documents::{Document, ProofDocument, ProofVersion};
use sheaf_aggregator::tree::program_vk;
use sheaf_aggregator::verify::{VerifiedProof, verify_proof};
use sheaf_aggregator::{Aggregator, Circuits};
use sheaf_embedded::{InputVisibility, Program, ProgramOptions, WeightVisibility};
use sheaf_model::{onnx, reference};
use sheaf_plonky2::engine::{Engine, FastEngine, Plonky2Engine};
use sheaf_plonky2::{C, D, F, Profile};
use sheaf_statement::{ProofSystem, Statement};

use crate::BenchError;
use crate::measure::{cpu, fixture, line, note, peak_memory_mb};

/// Levels of plain recursion that are measured.
const PLAIN_LEVELS: usize = 3;

pub(crate) fn run(batches: &[usize]) -> Result<(), BenchError> {
    let most = batches.iter().copied().max().unwrap_or(1).max(2);
    let circuits = Circuits::new(Profile::Standard, None);
    let (proofs, proving) = proofs(most, &circuits)?;
    note(&format!("{most} program proofs, {:.3} CPU-seconds each", proving / most as f64));

    let levels = plain_levels(&proofs)?;
    line("### Plain 2-to-1 plonky2 recursion, standard configuration (CPU-seconds)\n");
    line("| level | rows | prove |");
    line("|---|---|---|");
    for (index, (degree_bits, seconds)) in levels.iter().enumerate() {
        line(&format!("| {} | 2^{degree_bits} | {seconds:.2} |", index + 1));
    }

    let shape = proofs[0].program.shape;
    let (prepared, prepare) = cpu(|| circuits.prepare(&[shape], &|message| note(message)));
    prepared.map_err(BenchError::step("circuits"))?;
    line(&format!("\n### Sheaf's tree (CPU-seconds; circuits are built once, in {prepare:.1})\n"));
    line(
        "| engine | statements | leaves | nodes | whole batch | per statement | plain, per statement | ratio | peak memory |",
    );
    line("|---|---|---|---|---|---|---|---|---|");
    let fast = FastEngine::new();
    let reference = Plonky2Engine::new();
    for size in batches {
        row("fast", &fast, &circuits, &proofs[..*size], &levels)?;
    }
    // The same tree on plonky2's own prover, to tell what the tree gains from what the engine does.
    row(
        "plonky2",
        &reference,
        &circuits,
        &proofs[..batches.iter().copied().filter(|b| *b <= 17).max().unwrap_or(1)],
        &levels,
    )?;
    line("");
    Ok(())
}

fn row(
    name: &str,
    engine: &dyn Engine,
    circuits: &Circuits,
    proofs: &[VerifiedProof],
    levels: &[(usize, f64)],
) -> Result<(), BenchError> {
    note(&format!("aggregating {} statements with {name}", proofs.len()));
    let (batch, seconds) = cpu(|| Aggregator::new(circuits, engine).aggregate(proofs, &|_| ()));
    let batch = batch.map_err(BenchError::step("aggregate"))?;
    let size = proofs.len();
    let per_statement = seconds / size as f64;
    let plain = plain_cost(size, levels) / size as f64;
    let memory = peak_memory_mb().map_or_else(|| "–".to_owned(), |mb| format!("{mb:.0} MB"));
    let ratio = if size > 1 { format!("**{:.2}**", per_statement / plain) } else { "–".to_owned() };
    line(&format!(
        "| {name} | {size} | {} | {} | {seconds:.1} | {per_statement:.2} | {plain:.2} | {ratio} | {memory} |",
        batch.leaves, batch.nodes
    ));
    Ok(())
}

/// What plain recursion costs for a batch: pairs level by level, an odd one moving up.
fn plain_cost(size: usize, levels: &[(usize, f64)]) -> f64 {
    let mut width = size;
    let mut level = 0;
    let mut cost = 0.0;
    while width > 1 {
        cost += (width / 2) as f64 * levels[level.min(levels.len() - 1)].1;
        width = width.div_ceil(2);
        level += 1;
    }
    cost
}

/// Distinct proofs of one model, and the CPU-seconds they took.
fn proofs(count: usize, circuits: &Circuits) -> Result<(Vec<VerifiedProof>, f64), BenchError> {
    let path = fixture("models/digits_mlp.onnx");
    let bytes =
        std::fs::read(&path).map_err(|source| BenchError::Io { what: path.display().to_string(), source })?;
    let model = onnx::compile(&bytes, 12).map_err(BenchError::step("compile"))?;
    let options = ProgramOptions {
        profile: Profile::Standard,
        input: InputVisibility::Public,
        weights: WeightVisibility::Public,
    };
    let program = Program::compile(model, options).map_err(BenchError::step("compile"))?;
    let leaf_key = circuits
        .leaf_key(&program.key().shape, &|message| note(message))
        .map_err(BenchError::step("circuits"))?;
    let vk = program_vk(&leaf_key, &program.key().digest());
    let engine = FastEngine::new();
    let mut all = Vec::with_capacity(count);
    let mut proving = 0.0;
    for index in 0..count {
        // Statements must differ, or a batch would hold fewer of them.
        let pixel = |position: usize| {
            if position == 0 { index as f64 / 4096.0 } else { (position * 7 % 17) as f64 / 16.0 }
        };
        let input: Vec<f64> = (0..64).map(pixel).collect();
        let input = reference::quantise_input(program.model(), &input).map_err(BenchError::step("input"))?;
        let (inference, seconds) = cpu(|| program.prove(&engine, &input));
        let inference = inference.map_err(BenchError::step("prove"))?;
        proving += seconds;
        let statement =
            Statement::from_u64_words(ProofSystem::Plonky2Goldilocks, vk, &inference.public_values)
                .map_err(BenchError::step("statement"))?;
        let document = ProofDocument {
            version: ProofVersion::V1,
            statement,
            program: program.key().clone(),
            proof: inference.proof,
        };
        all.push(verify_proof(&document.to_json(), circuits).map_err(BenchError::step("verify"))?);
    }
    Ok((all, proving))
}

/// Rows and CPU-seconds of a proof at each of the first levels of plain recursion.
fn plain_levels(proofs: &[VerifiedProof]) -> Result<Vec<(usize, f64)>, BenchError> {
    let common = proofs[0].program.shape.common_data().map_err(BenchError::step("shape"))?;
    let mut key = proofs[0].program.circuit.to_verifier_data();
    let mut children = [proofs[0].proof.clone(), proofs[1].proof.clone()];
    let mut common = common;
    let mut levels = Vec::new();
    for level in 1..=PLAIN_LEVELS {
        note(&format!("plain recursion, level {level}"));
        let (proof, next_common, next_key, seconds) = plain_node(&children, &common, &key)?;
        levels.push((next_common.degree_bits(), seconds));
        children = [proof.clone(), proof];
        (common, key) = (next_common, next_key);
    }
    Ok(levels)
}

type PlainNode =
    (ProofWithPublicInputs<F, C, D>, CommonCircuitData<F, D>, VerifierOnlyCircuitData<C, D>, f64);

fn plain_node(
    children: &[ProofWithPublicInputs<F, C, D>; 2],
    common: &CommonCircuitData<F, D>,
    key: &VerifierOnlyCircuitData<C, D>,
) -> Result<PlainNode, BenchError> {
    let mut builder = CircuitBuilder::<F, D>::new(CircuitConfig::standard_recursion_config());
    let constant_key = builder.constant_verifier_data(key);
    let mut values = Vec::new();
    let targets: Vec<_> = children
        .iter()
        .map(|_| {
            let target = builder.add_virtual_proof_with_pis(common);
            builder.verify_proof::<C>(&target, &constant_key, common);
            values.extend_from_slice(&target.public_inputs);
            target
        })
        .collect();
    let digest = builder.hash_n_to_hash_no_pad::<plonky2::hash::poseidon::PoseidonHash>(values);
    builder.register_public_inputs(&digest.elements);
    let data = builder.build::<C>();
    let mut witness = PartialWitness::new();
    for (target, child) in targets.iter().zip(children) {
        witness.set_proof_with_pis_target(target, child).map_err(BenchError::step("plain witness"))?;
    }
    let (proof, seconds) = cpu(|| data.prove(witness));
    let proof = proof.map_err(BenchError::step("plain proof"))?;
    data.verify(proof.clone()).map_err(BenchError::step("plain verification"))?;
    Ok((proof, data.common, data.verifier_only, seconds))
}

//! Dishonest aggregators. Each test builds the witness of one, proves it, and finds that no proof comes out which the
//! circuit's verifier accepts; or that what can be proven says nothing about any program.

use std::sync::{Arc, LazyLock};

use plonky2::field::types::Field;
use plonky2::iop::target::Target;
use plonky2::iop::witness::{PartialWitness, Witness, WitnessWrite};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use plonky2::plonk::circuit_data::{CircuitData, VerifierCircuitData};
use sheaf_embedded::{Program, ProgramKey, Shape, public_values_digest};
use sheaf_plonky2::engine::{FastEngine, Proof};
use sheaf_plonky2::hash::{Digest, empty_digest};
use sheaf_plonky2::key::CircuitKey;
use sheaf_plonky2::{C, D, F, Profile};

use self::testing::program;
use super::forgery::{
    Forgery, assert_rejected, assert_verification_rejected, force_witness, forge, honest, with_difference_set,
};
use super::leaf::LeafTargets;
use super::node::{Child, NodeTargets};
use super::registry::Circuit;
use super::root::RootTargets;
use super::{Circuits, uniform};
use crate::tree::{InclusionPath, Step, leaf_digest, node_digest, program_vk, statement_digest, subtree};

#[path = "../testing.rs"]
mod testing;

/// As the code makes them: a change of a circuit has to get past these tests before it is pinned.
static CIRCUITS: LazyLock<Circuits> = LazyLock::new(|| Circuits::unpinned(Profile::Standard));

static PROGRAMS: LazyLock<[Program; 2]> = LazyLock::new(|| [program(1, 3), program(2, 3)]);

/// Three proofs, of programs 0, 1 and 0.
static PROOFS: LazyLock<[ProgramProof; 3]> = LazyLock::new(|| {
    [(0, 10), (1, 20), (0, 30)].map(|(index, input)| {
        let program = &PROGRAMS[index];
        let inference = program.prove(&FastEngine::new(), &[input, 700]).unwrap();
        let values: Vec<F> = inference.public_values.into_iter().map(F::from_canonical_u64).collect();
        let proof = program.key().verifier().unwrap().verify(&values, &inference.proof).unwrap();
        ProgramProof { key: program.key(), values: public_values_digest(&values), proof }
    })
});

/// Honest leaves over the first one, two and three of [`PROOFS`].
static LEAVES: LazyLock<[Proof; 3]> = LazyLock::new(|| [1, 2, 3].map(|used| honest_leaf(&PROOFS[..used])));

/// An honest node over the first two of [`LEAVES`].
static NODE: LazyLock<Proof> = LazyLock::new(|| {
    let children = [0, 1].map(|index| as_leaf(&LEAVES[index], &leaf().key));
    honest(&node().data, node().targets.witness(&node().key_digest, children).unwrap())
});

static ROGUE: LazyLock<Rogue> = LazyLock::new(Rogue::build);

/// A tree of the rogue's: the genuine node circuit over two rogue proofs as nodes, claiming the rogue key for its own.
static ROGUE_TREE: LazyLock<Proof> = LazyLock::new(|| {
    let children = [as_node(&ROGUE.claims_itself, &ROGUE.key); 2];
    honest(&node().data, node().targets.witness(&ROGUE.key.digest(), children).unwrap())
});

struct ProgramProof {
    key: &'static ProgramKey,
    values: Digest,
    proof: Proof,
}

impl ProgramProof {
    fn statement(&self) -> Digest {
        statement_digest(&self.key.digest(), &self.values)
    }
}

/// A circuit of the uniform shape that proves nothing: its public inputs are whatever its prover likes.
struct Rogue {
    key: CircuitKey,
    /// Claims the genuine node's key as its own.
    claims_node: Proof,
    /// Claims the rogue key, as a node of a tree made of it would.
    claims_itself: Proof,
    /// The rogue cap with the node's circuit digest. plonky2 feeds only the latter to the transcript.
    mixed_key: CircuitKey,
    /// Verifies under the mixed key; claims the genuine node's key as its own.
    mixed: Proof,
}

impl Rogue {
    /// The digest that every rogue proof outputs: a leaf that no leaf circuit ever saw.
    fn digest() -> Digest {
        leaf_digest(&leaf().key_digest, &forged_statement())
    }

    fn build() -> Self {
        let mut builder = CircuitBuilder::<F, D>::new(Profile::Standard.recursion_config());
        uniform::declare_gates(&mut builder);
        let inputs = builder.add_virtual_targets(uniform::NUM_PUBLIC_INPUTS);
        builder.register_public_inputs(&inputs);
        uniform::pad(&mut builder, Profile::Standard);
        let mut data = builder.build::<C>();
        assert_eq!(
            data.common,
            *CIRCUITS.uniform(),
            "a rogue of another shape proves nothing about the attack"
        );
        let key = CircuitKey::new(&data.verifier_only).unwrap();
        let claims_node = Self::prove(&data, &inputs, &node().key_digest);
        let claims_itself = Self::prove(&data, &inputs, &key.digest());

        data.verifier_only.circuit_digest = node().data.verifier_only.circuit_digest;
        data.prover_only.circuit_digest = data.verifier_only.circuit_digest;
        let mixed_key = CircuitKey::new(&data.verifier_only).unwrap();
        let mixed = Self::prove(&data, &inputs, &node().key_digest);
        Self { key, claims_node, claims_itself, mixed_key, mixed }
    }

    fn prove(data: &CircuitData<F, C, D>, inputs: &[Target], claimed_key: &Digest) -> Proof {
        let mut witness = PartialWitness::new();
        let values = [Self::digest(), *claimed_key].map(|digest| digest.elements()).concat();
        witness.set_target_arr(inputs, &values).unwrap();
        honest(data, witness)
    }
}

/// A statement of program 0 that has no proof.
fn forged_statement() -> Digest {
    statement_digest(&PROGRAMS[0].key().digest(), &public_values_digest(&[F::ONE; 5]))
}

fn leaf() -> &'static Circuit<LeafTargets> {
    static LEAF: LazyLock<Arc<Circuit<LeafTargets>>> =
        LazyLock::new(|| CIRCUITS.leaf(&PROGRAMS[0].key().shape, &|_| ()).unwrap());
    &LEAF
}

fn node() -> &'static Circuit<NodeTargets> {
    CIRCUITS.node(&|_| ()).unwrap()
}

fn root() -> &'static Circuit<RootTargets> {
    // The node goes first: the root is built with its key.
    node();
    CIRCUITS.root(&|_| ()).unwrap()
}

fn as_leaf<'a>(proof: &'a Proof, key: &'a CircuitKey) -> Child<'a> {
    Child { proof, key, is_node: false }
}

fn as_node<'a>(proof: &'a Proof, key: &'a CircuitKey) -> Child<'a> {
    Child { proof, key, is_node: true }
}

/// The leaf's witness over some of [`PROOFS`].
fn leaf_witness(proofs: &[ProgramProof]) -> PartialWitness<F> {
    let inputs: Vec<_> = proofs.iter().map(|p| (p.key, &p.proof)).collect();
    leaf().targets.witness(&inputs).unwrap()
}

fn honest_leaf(proofs: &[ProgramProof]) -> Proof {
    honest(&leaf().data, leaf_witness(proofs))
}

/// The first and the second digest among a proof's public inputs.
fn digests(proof: &Proof) -> [Digest; 2] {
    let digest = |start: usize| {
        let elements = std::array::from_fn(|i| proof.public_inputs[start + i]);
        Digest::from(plonky2::hash::hash_types::HashOut { elements })
    };
    [digest(0), digest(4)]
}

#[test]
fn leaf_computes_the_native_subtree() {
    let slots = leaf().targets.slots();
    let statements: Vec<Digest> = PROOFS.iter().map(ProgramProof::statement).collect();
    assert_eq!(slots, 3, "the tests fill one, two and all slots");
    for used in 1..=slots {
        let [digest, key] = digests(&LEAVES[used - 1]);
        assert_eq!(digest, subtree(&statements[..used], slots).0);
        assert_eq!(key.elements(), [F::ZERO; 4]);
    }
}

#[test]
fn node_computes_the_native_digest_and_claims_its_key() {
    let child = |index: usize| leaf_digest(&leaf().key_digest, &digests(&LEAVES[index])[0]);
    assert_eq!(digests(&NODE), [node_digest(&child(0), &child(1)), node().key_digest]);
}

/// Attack: pass a node off as a leaf, whose digest nobody compares with the node's key. The witness is flawless, and
/// gives a digest bound to the node circuit: paths through it identify programs by a leaf circuit that is none.
#[test]
fn node_dressed_as_leaf_matches_no_program_and_is_rejected() {
    let children = [as_node(&NODE, &node().key), as_leaf(&NODE, &node().key)];
    let inputs = node().targets.witness(&node().key_digest, children).unwrap();
    let mut conflicts = 0;
    let witness = force_witness(&node().data, inputs, &mut conflicts);
    assert_eq!(conflicts, 0);
    let inner = digests(&NODE)[0];
    let dressed = leaf_digest(&node().key_digest, &inner);
    let parent = witness.get_targets(&node().data.prover_only.public_inputs);
    assert_eq!(parent[..4], node_digest(&inner, &dressed).elements());
    assert_ne!(dressed, inner);

    // Taken for the leaf that it is dressed as, it names programs that nobody knows.
    for program in PROGRAMS.iter() {
        let key = program.key().digest();
        assert_ne!(program_vk(&node().key_digest, &key), program_vk(&leaf().key_digest, &key));
    }
    // Under the genuine leaf's key, no path ends at it.
    assert_ne!(leaf_digest(&leaf().key_digest, &inner), dressed);
}

/// Attack: declare a leaf to be a node, so that its digest is taken unbound. Its key is not the node's (4 elements), nor
/// is the key that it claims, zero (4 more).
#[test]
fn leaf_dressed_as_node_is_rejected() {
    let children = [as_node(&LEAVES[0], &leaf().key), as_leaf(&LEAVES[1], &leaf().key)];
    let witness = node().targets.witness(&node().key_digest, children).unwrap();
    assert_rejected(&node().data, witness, 8);
}

/// Attack: the same, with the parent claiming the leaf's key as the node's, so that the child's key is right. A leaf
/// claims no key in its public inputs, so not even this can be proven.
#[test]
fn leaf_dressed_as_node_under_its_own_key_is_rejected() {
    let children = [as_leaf(&LEAVES[1], &leaf().key), as_node(&LEAVES[0], &leaf().key)];
    let witness = node().targets.witness(&leaf().key_digest, children).unwrap();
    assert_rejected(&node().data, witness, 4);
}

/// Attack: a circuit of one's own, which outputs any digest and claims to be the node. Only the digest of the key that
/// its proof verifies with gives it away.
#[test]
fn rogue_circuit_dressed_as_node_is_rejected() {
    assert_eq!(digests(&ROGUE.claims_node), [Rogue::digest(), node().key_digest]);
    let children = [as_node(&ROGUE.claims_node, &ROGUE.key), as_leaf(&LEAVES[0], &leaf().key)];
    let witness = node().targets.witness(&node().key_digest, children).unwrap();
    assert_rejected(&node().data, witness, 4);
}

/// Attack: the same, with the node's circuit digest in a key whose cap is the rogue's. plonky2's verifier takes the
/// proof under such a key, because only the circuit digest enters the transcript; the key's digest covers the cap too.
#[test]
fn child_with_a_mixed_key_is_rejected() {
    let verifier_only = ROGUE.mixed_key.to_verifier_data();
    assert_eq!(verifier_only.circuit_digest, node().data.verifier_only.circuit_digest);
    let verifier = VerifierCircuitData { verifier_only, common: CIRCUITS.uniform().clone() };
    verifier.verify(ROGUE.mixed.clone()).unwrap();

    let children = [as_node(&ROGUE.mixed, &ROGUE.mixed_key), as_leaf(&LEAVES[0], &leaf().key)];
    let witness = node().targets.witness(&node().key_digest, children).unwrap();
    assert_rejected(&node().data, witness, 4);
}

/// Attack: a node over genuine nodes that claims another key, to have a rogue join the tree further up.
#[test]
fn node_that_claims_another_key_than_its_children_is_rejected() {
    let children = [as_node(&NODE, &node().key), as_leaf(&LEAVES[0], &leaf().key)];
    let witness = node().targets.witness(&ROGUE.key.digest(), children).unwrap();
    assert_rejected(&node().data, witness, 8);
}

/// Attack: a tree built of a rogue circuit as "node", topped with the genuine node circuit, which takes part as long as
/// it claims the rogue key, and put below a genuine node. The key that verifies is right, the one claimed is not.
#[test]
fn child_that_claims_another_key_is_rejected() {
    assert_eq!(digests(&ROGUE_TREE)[1], ROGUE.key.digest());
    let children = [as_node(&ROGUE_TREE, &node().key), as_leaf(&LEAVES[0], &leaf().key)];
    let witness = node().targets.witness(&node().key_digest, children).unwrap();
    assert_rejected(&node().data, witness, 4);
}

/// Attack: a flag other than 0 and 1 mixes a child's two digests in any proportion. The child fits both roles, so that
/// nothing but the flag itself is wrong.
#[test]
fn node_flag_that_is_no_bit_is_rejected() {
    let second = as_leaf(&LEAVES[0], &leaf().key);
    let [yes, no] = [as_node(&NODE, &node().key), as_leaf(&NODE, &node().key)]
        .map(|first| node().targets.witness(&node().key_digest, [first, second]).unwrap());
    assert_rejected(&node().data, with_difference_set(yes, &no, F::TWO), 1);
}

/// Attack: the rogue's tree as the top of a batch. The node circuit is genuine and its proof verifies; the key that it
/// claims is not the constant.
#[test]
fn root_over_a_node_with_another_key_is_rejected() {
    assert_eq!(digests(&ROGUE_TREE)[0], node_digest(&Rogue::digest(), &Rogue::digest()));
    let witness = root().targets.witness(as_node(&ROGUE_TREE, &node().key)).unwrap();
    assert_rejected(&root().data, witness, 4);

    // As a leaf it gets through, even by force, but bound to the node circuit, and so matches no receipt.
    let witness = root().targets.witness(as_leaf(&ROGUE_TREE, &node().key)).unwrap();
    let Forgery { conflicts: 0, proof: Some(proof), accepted: true } = forge(&root().data, witness) else {
        panic!("an honest witness is refused");
    };
    let batch = leaf_digest(&node().key_digest, &digests(&ROGUE_TREE)[0]);
    assert_eq!(proof.public_inputs, batch.elements());
    let path = InclusionPath { leaf: Vec::new(), tree: vec![Step::Right(Rogue::digest())] };
    let claimed = path.root(&leaf().key_digest, &forged_statement());
    assert_eq!(claimed, digests(&ROGUE_TREE)[0]);
    assert_ne!(claimed, batch);
}

/// Attack: a lone leaf as the top of a batch, declared a node to have its digest taken unbound.
#[test]
fn root_over_a_leaf_dressed_as_node_is_rejected() {
    let witness = root().targets.witness(as_node(&LEAVES[0], &leaf().key)).unwrap();
    assert_rejected(&root().data, witness, 8);
}

/// Attack: a proof listed for other public values than it proves.
#[test]
fn altered_values_digest_is_rejected() {
    let mut proof = PROOFS[0].proof.clone();
    proof.public_inputs[0] += F::ONE;
    let witness = leaf().targets.witness(&[(PROOFS[0].key, &proof)]).unwrap();
    assert_verification_rejected(&leaf().data, witness);
}

/// Attack: a proof of one program listed under the key of another of the same shape.
#[test]
fn key_of_another_program_is_rejected() {
    assert_ne!(PROOFS[0].key, PROOFS[1].key);
    let witness = leaf().targets.witness(&[(PROOFS[1].key, &PROOFS[0].proof)]).unwrap();
    assert_verification_rejected(&leaf().data, witness);
}

/// Attack: declare a slot empty, where no statement is looked at, and hand out a path to the statement of the proof
/// that stands in it.
#[test]
fn statement_of_an_empty_slot_is_rejected() {
    let slots = leaf().targets.slots();
    // In a leaf with one statement the other slots hold the same proof again, declared empty.
    let listed = PROOFS[0].statement();
    let (digest, paths) = subtree(&[listed], slots);
    assert_eq!(digests(&LEAVES[0])[0], digest);
    let batch = leaf_digest(&leaf().key_digest, &digest);
    let ends_at = |leaf_path: &[Step], statement: &Digest| {
        InclusionPath { leaf: leaf_path.to_vec(), tree: Vec::new() }.root(&leaf().key_digest, statement)
    };
    assert_eq!(ends_at(&paths[0], &listed), batch);
    // The path of the second slot has the true siblings, and leads to the batch from nothing but the empty digest.
    let (claimed, paths) = subtree(&[listed; 2], slots);
    assert_ne!(claimed, digest);
    assert_eq!(ends_at(&paths[1], &empty_digest()), batch);
    assert_ne!(ends_at(&paths[1], &listed), batch);
}

/// Attack: a flag other than 0 and 1, which lists a mixture of the statement and nothing.
#[test]
fn empty_flag_that_is_no_bit_is_rejected() {
    let proof = (PROOFS[0].key, &PROOFS[0].proof);
    let [one, two] = [&[proof][..], &[proof; 2]].map(|proofs| leaf().targets.witness(proofs).unwrap());
    assert_rejected(&leaf().data, with_difference_set(two, &one, F::TWO), 1);
}

/// Attack: a leaf over honest proofs that outputs the digest of another subtree, one with a forged statement.
#[test]
fn forged_subtree_digest_is_rejected() {
    let mut witness = leaf_witness(&PROOFS[..1]);
    let (forged, _) = subtree(&[forged_statement()], leaf().targets.slots());
    witness.set_target_arr(&leaf().data.prover_only.public_inputs[..4], &forged.elements()).unwrap();
    assert_rejected(&leaf().data, witness, 4);
}

/// Attack: a program key with the cap of one program and the circuit digest of another, for which proofs can be made as
/// in [`child_with_a_mixed_key_is_rejected`]. Its digest covers both parts, so they speak for neither program.
#[test]
fn mixed_program_key_matches_no_program_and_is_rejected() {
    let keys = PROGRAMS.each_ref().map(|program| program.key().circuit.to_verifier_data());
    let [mut mixed, other] = keys;
    mixed.circuit_digest = other.circuit_digest;
    let mixed = CircuitKey::new(&mixed).unwrap().digest();
    for program in PROGRAMS.iter() {
        let key = program.key().digest();
        assert_ne!(program_vk(&leaf().key_digest, &key), program_vk(&leaf().key_digest, &mixed));
        assert_ne!(statement_digest(&key, &PROOFS[0].values), statement_digest(&mixed, &PROOFS[0].values));
    }
}

/// The largest programs need the longest indices into a FRI domain, for which plonky2 may take to other gates.
#[test]
fn leaves_of_the_largest_programs_have_the_uniform_shape() {
    let shape = Shape { degree_bits: 16, ..PROGRAMS[0].key().shape };
    let (builder, _) = super::leaf::assemble(&shape).unwrap();
    let common = builder.build_with_options::<C>(false).common;
    assert!(common == *CIRCUITS.uniform(), "{}", shape.name());
    // One doubling more and plonky2's verifier takes an `ExponentiationGate`, which leaves and nodes do not declare.
    let shape = Shape { degree_bits: 17, ..shape };
    assert!(super::leaf::assemble(&shape).is_err());
}

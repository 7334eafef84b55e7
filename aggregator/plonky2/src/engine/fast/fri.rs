//! The FRI proof: folded codewords, proof of work, queries. plonky2's protocol and transcript; see its `fri/prover.rs`.

use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::polynomial::PolynomialCoeffs;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::fri::FriParams;
use plonky2::fri::proof::{FriInitialTreeProof, FriProof, FriQueryRound, FriQueryStep};
use plonky2::hash::hashing::PlonkyPermutation;
use plonky2::hash::merkle_proofs::MerkleProof;
use plonky2::hash::poseidon::{PoseidonHash, PoseidonPermutation, SPONGE_RATE};
use plonky2::iop::challenger::Challenger;
use rayon::prelude::*;

use super::merkle::Tree;
use super::ntt::{Domain, MIN_SIZE, tiny_lde};
use super::opening::{E, ExtensionPolynomial};
use super::poseidon::{LANES, State, canonical, permute};
use super::{D, F};

/// Nonces tried between looks at the result, a few milliseconds' work.
const GRIND_WINDOW: u64 = 1 << 13;

/// A row and its path in one of the initial trees.
pub(super) type InitialOpening = (Vec<F>, MerkleProof<F, PoseidonHash>);

/// A committed codeword: leaf `i` holds values `i·arity..(i + 1)·arity` in bit-reversed order.
struct Layer {
    values: [Vec<F>; 2],
    arity: usize,
    tree: Tree,
}

/// Proves that `poly` extends to the codeword the verifier will compute from the initial trees, which `open` opens.
///
/// `on_phase` is told after each of: fold, grind, query.
pub(super) fn prove(
    mut poly: ExtensionPolynomial,
    params: &FriParams,
    challenger: &mut Challenger<F, PoseidonHash>,
    open: impl Fn(usize) -> Vec<InitialOpening> + Sync,
    on_phase: &mut dyn FnMut(&'static str),
) -> FriProof<F, PoseidonHash, D> {
    let mut shift = F::MULTIPLICATIVE_GROUP_GENERATOR;
    let mut layers = Vec::with_capacity(params.reduction_arity_bits.len());
    for &arity_bits in &params.reduction_arity_bits {
        let layer = Layer::commit(&poly, shift, 1 << arity_bits, params);
        challenger.observe_cap(&layer.tree.cap());
        layers.push(layer);
        poly = fold(&poly, 1 << arity_bits, challenger.get_extension_challenge::<D>());
        shift = shift.exp_power_of_2(arity_bits);
    }
    let final_poly: Vec<E> = (0..poly.len()).map(|i| poly.coeff(i)).collect();
    on_phase("fri fold");

    let pow_witness = grind(challenger, &final_poly, params.config.proof_of_work_bits);
    challenger.observe_extension_elements::<D>(&final_poly);
    challenger.observe_element(pow_witness);
    // The verifier's check of the nonce draws one challenge.
    challenger.get_challenge();
    on_phase("fri grind");

    let query_round_proofs = challenger
        .get_n_challenges(params.config.num_query_rounds)
        .into_par_iter()
        .map(|x| {
            let index = x.to_canonical_u64() as usize % params.lde_size();
            FriQueryRound {
                initial_trees_proof: FriInitialTreeProof { evals_proofs: open(index) },
                steps: query_steps(&layers, index),
            }
        })
        .collect();
    on_phase("fri query");
    FriProof {
        commit_phase_merkle_caps: layers.iter().map(|layer| layer.tree.cap()).collect(),
        query_round_proofs,
        final_poly: PolynomialCoeffs::new(final_poly),
        pow_witness,
    }
}

impl Layer {
    fn commit(poly: &ExtensionPolynomial, shift: F, arity: usize, params: &FriParams) -> Self {
        let rate_bits = params.config.rate_bits;
        let values = extend(poly, shift, rate_bits);
        let leaves = values[0].len() / arity;
        let tree = Tree::build(leaves, D * arity, params.config.cap_height, |leaf, j| {
            let part = &values[j % D];
            std::array::from_fn(|k| part.get((leaf + k) * arity + j / D).map_or(0, |x| x.0))
        });
        Self { values, arity, tree }
    }
}

fn extend(poly: &ExtensionPolynomial, shift: F, rate_bits: usize) -> [Vec<F>; 2] {
    let len = poly.len();
    if len < MIN_SIZE {
        return [0, 1].map(|part| tiny_lde(&poly.parts[part], rate_bits, shift));
    }
    let domain = Domain::new(len.trailing_zeros() as usize + rate_bits, shift);
    [0, 1].map(|part| {
        let mut values = vec![F::ZERO; len << rate_bits];
        values
            .par_chunks_exact_mut(len)
            .enumerate()
            .for_each(|(piece, out)| domain.extend_piece(&poly.parts[part], piece, out));
        values
    })
}

/// P(x) = Σ x^i·P_i(x^arity) becomes Σ beta^i·P_i(x).
fn fold(poly: &ExtensionPolynomial, arity: usize, beta: E) -> ExtensionPolynomial {
    let (a, b) = (0..poly.len() / arity)
        .map(|i| {
            let QuadraticExtension([a, b]) =
                (0..arity).rev().fold(E::ZERO, |sum, j| sum * beta + poly.coeff(i * arity + j));
            (a, b)
        })
        .unzip();
    ExtensionPolynomial { parts: [a, b] }
}

fn query_steps(layers: &[Layer], mut index: usize) -> Vec<FriQueryStep<F, PoseidonHash, D>> {
    layers
        .iter()
        .map(|layer| {
            index /= layer.arity;
            let values = index * layer.arity..(index + 1) * layer.arity;
            FriQueryStep {
                evals: values.map(|i| QuadraticExtension([layer.values[0][i], layer.values[1][i]])).collect(),
                merkle_proof: layer.tree.prove(index),
            }
        })
        .collect()
}

/// The least nonce that makes the challenge after it start with `bits` zeros, once `observed` has been absorbed.
///
/// plonky2 takes whichever nonce a thread finds first; the least one is as good to a verifier, and makes proofs
/// reproducible.
fn grind(challenger: &Challenger<F, PoseidonHash>, observed: &[E], bits: u32) -> F {
    // A challenge has just been drawn, so the challenger's input buffer is empty and `compact` is its bare state.
    let mut sponge: PoseidonPermutation<F> = challenger.clone().compact();
    let observed: Vec<F> = observed.iter().flat_map(|x| x.0).collect();
    let (blocks, pending) = observed.as_chunks::<SPONGE_RATE>();
    for block in blocks {
        sponge.set_from_slice(block, 0);
        sponge.permute();
    }
    sponge.set_from_slice(pending, 0);
    let base: State = std::array::from_fn(|i| [sponge.as_ref()[i].0; LANES]);

    let find = |first: u64| {
        let mut state = base;
        state[pending.len()] = std::array::from_fn(|k| first + k as u64);
        permute(&mut state);
        let responses = state[SPONGE_RATE - 1].map(canonical);
        (first..)
            .zip(responses)
            .find(|(_, response)| response.leading_zeros() >= bits)
            .map(|(nonce, _)| nonce)
    };
    // The field has 2^64 − 2^32 nonces and one in 2^bits will do: the search ends long before it overflows.
    let nonce = (0..).step_by(GRIND_WINDOW as usize).find_map(|window: u64| {
        let lanes = LANES as u64;
        (0..GRIND_WINDOW / lanes)
            .into_par_iter()
            .map(|i| find(window + i * lanes))
            .find_first(Option::is_some)
    });
    F::from_canonical_u64(nonce.flatten().unwrap_or_default())
}

//! A proof's elements as variables.

use ark_bn254::Fr;
use ark_ff::Zero;
use plonky2::field::extension::FieldExtension;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::polynomial::PolynomialCoeffs;
use plonky2::field::types::Field;
use plonky2::fri::proof::{FriInitialTreeProof, FriProof, FriQueryRound, FriQueryStep};
use plonky2::hash::merkle_proofs::MerkleProof;
use plonky2::hash::merkle_tree::MerkleCap;
use plonky2::plonk::proof::{OpeningSet, Proof, ProofWithPublicInputs};
use sheaf_plonky2::{D, F};

use super::{InnerProof, InnerVerifier, canonical};
use crate::WrapError;
use crate::config::{Bn254Config, Bn254Digest, Bn254Hasher};
use crate::gadgets::extension::Ext;
use crate::gadgets::goldilocks::Gl;
use crate::r1cs::{Builder, Lc};

type E = QuadraticExtension<F>;
type Cap = MerkleCap<F, Bn254Hasher>;

/// The openings, as the vanishing polynomial takes them.
pub(super) struct Openings {
    pub(super) constants: Vec<Ext>,
    pub(super) sigmas: Vec<Ext>,
    pub(super) wires: Vec<Ext>,
    pub(super) zs: Vec<Ext>,
    pub(super) partial_products: Vec<Ext>,
    pub(super) quotient: Vec<Ext>,
    pub(super) zs_next: Vec<Ext>,
}

impl Openings {
    /// All openings at zeta in FRI's order: oracle by oracle.
    pub(super) fn at_zeta(&self) -> impl Iterator<Item = &Ext> {
        [&self.constants, &self.sigmas, &self.wires, &self.zs, &self.partial_products, &self.quotient]
            .into_iter()
            .flatten()
    }
}

/// Everything of a proof but its query rounds.
pub(super) struct ProofInputs {
    pub(super) public_inputs: Vec<Gl>,
    pub(super) wires_cap: Vec<Lc>,
    pub(super) zs_cap: Vec<Lc>,
    pub(super) quotient_cap: Vec<Lc>,
    pub(super) openings: Openings,
    pub(super) fri_caps: Vec<Vec<Lc>>,
    pub(super) final_poly: Vec<Ext>,
    pub(super) pow_witness: Gl,
}

pub(super) fn coordinates(value: E) -> [u64; 2] {
    let coordinates: [F; 2] = value.to_basefield_array();
    coordinates.map(canonical)
}

impl ProofInputs {
    pub(super) fn new(builder: &mut Builder, proof: &InnerProof) -> Self {
        let public_inputs = proof.public_inputs.iter().map(|v| builder.canonical_gl(canonical(*v))).collect();
        let cap = |builder: &mut Builder, cap: &Cap| -> Vec<Lc> {
            cap.0.iter().map(|digest| builder.witness(digest.0)).collect()
        };
        let exts = |builder: &mut Builder, values: &[E]| -> Vec<Ext> {
            values.iter().map(|value| builder.canonical_ext(coordinates(*value))).collect()
        };
        let inner = &proof.proof;
        let o = &inner.openings;
        Self {
            public_inputs,
            wires_cap: cap(builder, &inner.wires_cap),
            zs_cap: cap(builder, &inner.plonk_zs_partial_products_cap),
            quotient_cap: cap(builder, &inner.quotient_polys_cap),
            openings: Openings {
                constants: exts(builder, &o.constants),
                sigmas: exts(builder, &o.plonk_sigmas),
                wires: exts(builder, &o.wires),
                zs: exts(builder, &o.plonk_zs),
                partial_products: exts(builder, &o.partial_products),
                quotient: exts(builder, &o.quotient_polys),
                zs_next: exts(builder, &o.plonk_zs_next),
            },
            fri_caps: inner.opening_proof.commit_phase_merkle_caps.iter().map(|c| cap(builder, c)).collect(),
            final_poly: exts(builder, &inner.opening_proof.final_poly.coeffs),
            pow_witness: builder.canonical_gl(canonical(inner.opening_proof.pow_witness)),
        }
    }
}

/// How many elements each part of a circuit's proofs has.
fn oracle_sizes(circuit: &InnerVerifier) -> [usize; 4] {
    let common = &circuit.common;
    let zs = common.config.num_challenges * (1 + common.num_partial_products);
    [
        common.num_constants + common.config.num_routed_wires,
        common.config.num_wires,
        zs,
        common.config.num_challenges * common.quotient_degree_factor,
    ]
}

/// A proof of a circuit's shape that holds nothing but zeros: what a circuit's constraints are laid down with.
pub(crate) fn zero_proof(circuit: &InnerVerifier) -> InnerProof {
    let common = &circuit.common;
    let params = &common.fri_params;
    let cap_height = params.config.cap_height;
    let cap = || MerkleCap(vec![Bn254Digest::default(); 1 << cap_height]);
    let exts = |count: usize| vec![E::ZERO; count];
    let path = |height: usize| MerkleProof { siblings: vec![Bn254Digest(Fr::zero()); height - cap_height] };
    let sizes = oracle_sizes(circuit);
    let lde_bits = params.degree_bits + params.config.rate_bits;
    let initial = sizes.map(|size| (vec![F::ZERO; size], path(lde_bits)));
    let mut height = lde_bits;
    let steps: Vec<FriQueryStep<F, Bn254Hasher, D>> = params
        .reduction_arity_bits
        .iter()
        .map(|bits| {
            height -= bits;
            FriQueryStep { evals: exts(1 << bits), merkle_proof: path(height) }
        })
        .collect();
    let round =
        FriQueryRound { initial_trees_proof: FriInitialTreeProof { evals_proofs: initial.to_vec() }, steps };
    let challenges = common.config.num_challenges;
    let folded: usize = params.reduction_arity_bits.iter().sum();
    ProofWithPublicInputs {
        public_inputs: vec![F::ZERO; common.num_public_inputs],
        proof: Proof {
            wires_cap: cap(),
            plonk_zs_partial_products_cap: cap(),
            quotient_polys_cap: cap(),
            openings: OpeningSet {
                constants: exts(common.num_constants),
                plonk_sigmas: exts(common.config.num_routed_wires),
                wires: exts(common.config.num_wires),
                plonk_zs: exts(challenges),
                plonk_zs_next: exts(challenges),
                partial_products: exts(challenges * common.num_partial_products),
                quotient_polys: exts(sizes[3]),
                lookup_zs: Vec::new(),
                lookup_zs_next: Vec::new(),
            },
            opening_proof: FriProof {
                commit_phase_merkle_caps: params.reduction_arity_bits.iter().map(|_| cap()).collect(),
                query_round_proofs: vec![round; params.config.num_query_rounds],
                final_poly: PolynomialCoeffs::new(exts(1 << (params.degree_bits - folded))),
                pow_witness: F::ZERO,
            },
        },
    }
}

/// Demands that a proof has exactly the elements that the circuit's proofs have.
pub(super) fn check_shape(circuit: &InnerVerifier, proof: &InnerProof) -> Result<(), WrapError> {
    let expected = zero_proof(circuit);
    match first_difference(&expected, proof) {
        None => Ok(()),
        Some(what) => Err(WrapError::Shape { what }),
    }
}

fn first_difference(
    expected: &ProofWithPublicInputs<F, Bn254Config, D>,
    got: &InnerProof,
) -> Option<&'static str> {
    let (e, g) = (&expected.proof, &got.proof);
    let (eo, go) = (&e.openings, &g.openings);
    let (ef, gf) = (&e.opening_proof, &g.opening_proof);
    let lengths = [
        ("public inputs", expected.public_inputs.len(), got.public_inputs.len()),
        ("wires cap", e.wires_cap.0.len(), g.wires_cap.0.len()),
        (
            "partial products cap",
            e.plonk_zs_partial_products_cap.0.len(),
            g.plonk_zs_partial_products_cap.0.len(),
        ),
        ("quotient cap", e.quotient_polys_cap.0.len(), g.quotient_polys_cap.0.len()),
        ("opened constants", eo.constants.len(), go.constants.len()),
        ("opened sigmas", eo.plonk_sigmas.len(), go.plonk_sigmas.len()),
        ("opened wires", eo.wires.len(), go.wires.len()),
        ("opened products", eo.plonk_zs.len(), go.plonk_zs.len()),
        ("opened next products", eo.plonk_zs_next.len(), go.plonk_zs_next.len()),
        ("opened partial products", eo.partial_products.len(), go.partial_products.len()),
        ("opened quotients", eo.quotient_polys.len(), go.quotient_polys.len()),
        ("opened lookups", 0, go.lookup_zs.len() + go.lookup_zs_next.len()),
        ("folding caps", ef.commit_phase_merkle_caps.len(), gf.commit_phase_merkle_caps.len()),
        ("final polynomial", ef.final_poly.len(), gf.final_poly.len()),
        ("query rounds", ef.query_round_proofs.len(), gf.query_round_proofs.len()),
    ];
    let caps = ef.commit_phase_merkle_caps.iter().zip(&gf.commit_phase_merkle_caps);
    let caps = caps.map(|(e, g)| ("folding cap", e.0.len(), g.0.len()));
    let mut differing = lengths.into_iter().chain(caps).filter(|(_, expected, got)| expected != got);
    if let Some((what, ..)) = differing.next() {
        return Some(what);
    }
    let rounds = ef.query_round_proofs.iter().zip(&gf.query_round_proofs);
    rounds.filter(|(e, g)| round_shape(e) != round_shape(g)).map(|_| "query round").next()
}

fn round_shape(round: &FriQueryRound<F, Bn254Hasher, D>) -> Vec<(usize, usize)> {
    let initial = round.initial_trees_proof.evals_proofs.iter().map(|(leaf, path)| (leaf.len(), path.len()));
    initial.chain(round.steps.iter().map(|step| (step.evals.len(), step.merkle_proof.len()))).collect()
}

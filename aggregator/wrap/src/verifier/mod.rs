//! plonky2's verifier as rank-one constraints.
//!
//! Follows `plonky2::plonk::verifier` step by step: the transcript, the vanishing polynomial at zeta with every gate of the
//! circuit, the quotient, then FRI. What it proves: somebody knows a proof that plonky2's verifier accepts for the public
//! inputs under the circuit that is a constant here. Deviations, none of which a cheating prover gains from:
//!
//! - A Merkle leaf's elements are integers below 2^64, not all below p. A tree over v + p in place of v is a tree over the
//!   same residues, which are all that the protocol speaks of.
//! - A digest whose 46 leading bits equal those of BN254's modulus is refused (probability 2^-46).
//! - Where plonky2 divides, an inverse is demanded: challenges at which plonky2 would divide by zero are refused.

mod fri;
mod gates;
mod inputs;
mod vanishing;

use plonky2::field::types::{Field, PrimeField64};
use plonky2::plonk::circuit_data::VerifierCircuitData;
use plonky2::plonk::proof::ProofWithPublicInputs;
use sheaf_plonky2::{D, F};

use self::inputs::ProofInputs;
pub(crate) use self::inputs::zero_proof;
use crate::WrapError;
use crate::config::{Bn254Config, digest_limbs};
use crate::gadgets::extension::Ext;
use crate::gadgets::goldilocks::Gl;
use crate::gadgets::transcript::{Challenge, TranscriptGadget};
use crate::r1cs::Builder;

/// A proof of the last plonky2 circuit.
pub type InnerProof = ProofWithPublicInputs<F, Bn254Config, D>;
/// What verifies it.
pub type InnerVerifier = VerifierCircuitData<F, Bn254Config, D>;

/// The challenges of a proof, in the order in which they are drawn.
struct Challenges {
    betas: Vec<Gl>,
    gammas: Vec<Gl>,
    alphas: Vec<Gl>,
    zeta: Ext,
    fri_alpha: Ext,
    fri_betas: Vec<Ext>,
    /// The response to the proof of work.
    work: Challenge,
    queries: Vec<Challenge>,
}

/// Demands a valid proof. Returns its public inputs, canonical.
pub(crate) fn verify(
    builder: &mut Builder,
    circuit: &InnerVerifier,
    proof: &InnerProof,
) -> Result<Vec<Gl>, WrapError> {
    supported(circuit)?;
    inputs::check_shape(circuit, proof)?;
    let common = &circuit.common;

    builder.section("proof elements");
    let inputs = ProofInputs::new(builder, proof);
    builder.section("public inputs' hash");
    let hash = builder.hash_public_inputs(&inputs.public_inputs);
    builder.section("transcript");
    let challenges = draw(builder, circuit, &inputs, &hash);

    vanishing::enforce(builder, common, &inputs, &hash, &challenges)?;
    fri::enforce(builder, circuit, proof, &inputs, &challenges);
    builder.section("");
    Ok(inputs.public_inputs)
}

/// Refuses circuits with what recursion circuits do not have.
fn supported(circuit: &InnerVerifier) -> Result<(), WrapError> {
    let common = &circuit.common;
    let refuse = |what: &str| Err(WrapError::Circuit { what: what.to_owned() });
    if common.num_lookup_polys != 0 {
        return refuse("lookups");
    }
    if common.config.num_challenges > fri::CHUNK {
        return refuse("more challenges than a chunk of powers");
    }
    if common.fri_params.hiding || common.config.zero_knowledge {
        return refuse("blinded polynomials");
    }
    Ok(())
}

fn draw(
    builder: &mut Builder,
    circuit: &InnerVerifier,
    inputs: &ProofInputs,
    public_inputs_hash: &[Gl; 4],
) -> Challenges {
    let common = &circuit.common;
    let params = &common.fri_params;
    let mut transcript = TranscriptGadget::new(builder);
    let t = &mut transcript;

    let config = &params.config;
    let mut constants =
        vec![config.rate_bits as u64, config.cap_height as u64, config.proof_of_work_bits.into()];
    constants.extend(config.reduction_strategy.serialize::<F>().iter().map(F::to_canonical_u64));
    constants.extend([config.num_query_rounds as u64, params.hiding.into(), params.degree_bits as u64]);
    constants.extend(params.reduction_arity_bits.iter().map(|bits| *bits as u64));
    constants.extend(digest_limbs(circuit.verifier_only.circuit_digest.0));
    constants.into_iter().for_each(|constant| t.observe_constant(builder, constant));
    for element in public_inputs_hash {
        // Reduced, not canonical: what is hashed must be.
        let (element, _) = builder.reduce_canonical(element);
        t.observe(builder, element.lc());
    }

    let count = common.config.num_challenges;
    let many = |t: &mut TranscriptGadget, builder: &mut Builder| -> Vec<Gl> {
        (0..count).map(|_| t.challenge(builder)).collect()
    };
    inputs.wires_cap.iter().for_each(|digest| t.observe_digest(builder, digest));
    let betas = many(t, builder);
    let gammas = many(t, builder);
    inputs.zs_cap.iter().for_each(|digest| t.observe_digest(builder, digest));
    let alphas = many(t, builder);
    inputs.quotient_cap.iter().for_each(|digest| t.observe_digest(builder, digest));
    let zeta = t.ext_challenge(builder);
    for opening in inputs.openings.at_zeta().chain(&inputs.openings.zs_next) {
        t.observe_ext(builder, opening);
    }
    let fri_alpha = t.ext_challenge(builder);
    let fri_betas = inputs
        .fri_caps
        .iter()
        .map(|cap| {
            cap.iter().for_each(|digest| t.observe_digest(builder, digest));
            t.ext_challenge(builder)
        })
        .collect();
    inputs.final_poly.iter().for_each(|coefficient| t.observe_ext(builder, coefficient));
    t.observe(builder, inputs.pow_witness.lc());
    let work = t.challenge_bits(builder);
    let queries = (0..config.num_query_rounds).map(|_| t.challenge_bits(builder)).collect();
    Challenges { betas, gammas, alphas, zeta, fri_alpha, fri_betas, work, queries }
}

/// The canonical integer of a constant.
fn canonical(value: F) -> u64 {
    value.to_canonical_u64()
}

/// A root of unity of order 2^bits.
fn root_of_unity(bits: usize) -> F {
    F::primitive_root_of_unity(bits)
}

#[cfg(test)]
mod tests;

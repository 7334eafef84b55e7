//! The verifier's constraint check at its point, run by the prover on itself.
//!
//! plonky2's prover divides by the vanishing polynomial without looking at the remainder, so a broken constraint gives a
//! proof nobody accepts. One evaluation tells: if the identity holds at a random point of the extension field, it holds
//! everywhere but with the probability that the protocol's soundness rests on.

use plonky2::field::extension::{Extendable, FieldExtension};
use plonky2::field::types::Field;
use plonky2::hash::hash_types::HashOut;
use plonky2::plonk::proof::OpeningSet;
use plonky2::plonk::vars::EvaluationVars;

use super::gates::Selectors;
use super::opening::E;
use super::quotient::Challenges;
use super::{Circuit, D, F};

/// Whether the opened values satisfy every constraint of the circuit: vanishing(zeta) = Z_H(zeta) · quotient(zeta).
pub(super) fn holds(
    circuit: &Circuit,
    selectors: &Selectors,
    public_inputs_hash: &HashOut<F>,
    openings: &OpeningSet<F, D>,
    challenges: &Challenges<'_>,
    zeta: E,
) -> bool {
    let common = &circuit.common;
    let zeta_to_n = zeta.exp_power_of_2(common.degree_bits());
    let z_h = zeta_to_n - E::ONE;
    let mut terms = z_at_one(circuit, openings, z_h, zeta);
    terms.extend(products(circuit, openings, challenges, zeta));
    terms.extend(gates(circuit, selectors, public_inputs_hash, openings));
    let quotients = openings.quotient_polys.chunks(common.quotient_degree_factor);
    challenges.alphas.iter().zip(quotients).all(|(&alpha, quotient)| {
        let alpha = <E as FieldExtension<D>>::from_basefield(alpha);
        horner(&terms, alpha) == z_h * horner(quotient, zeta_to_n)
    })
}

fn horner(coeffs: &[E], x: E) -> E {
    coeffs.iter().rev().fold(E::ZERO, |sum, &c| sum * x + c)
}

/// L_0(x) · (Z(x) − 1).
fn z_at_one(circuit: &Circuit, openings: &OpeningSet<F, D>, z_h: E, zeta: E) -> Vec<E> {
    let n = <F as Extendable<D>>::Extension::from_canonical_usize(circuit.common.degree());
    let l_0 = z_h / (n * (zeta - E::ONE));
    openings.plonk_zs.iter().map(|&z| l_0 * (z - E::ONE)).collect()
}

fn products(circuit: &Circuit, openings: &OpeningSet<F, D>, challenges: &Challenges<'_>, zeta: E) -> Vec<E> {
    let common = &circuit.common;
    let (chunk, count) = (common.quotient_degree_factor, common.num_partial_products);
    let routed = common.config.num_routed_wires;
    let mut checks = Vec::new();
    for (c, (&beta, &gamma)) in challenges.betas.iter().zip(challenges.gammas).enumerate() {
        let between = &openings.partial_products[c * count..(c + 1) * count];
        let before = std::iter::once(&openings.plonk_zs[c]).chain(between);
        let after = between.iter().chain(std::iter::once(&openings.plonk_zs_next[c]));
        for (j, (&before, &after)) in before.zip(after).enumerate() {
            let (mut numerator, mut denominator) = (before, after);
            for w in j * chunk..((j + 1) * chunk).min(routed) {
                let wire = openings.wires[w] + <E as FieldExtension<D>>::from_basefield(gamma);
                numerator *= wire + FieldExtension::<D>::scalar_mul(&zeta, beta * common.k_is[w]);
                denominator *= wire + FieldExtension::<D>::scalar_mul(&openings.plonk_sigmas[w], beta);
            }
            checks.push(numerator - denominator);
        }
    }
    checks
}

fn gates(
    circuit: &Circuit,
    selectors: &Selectors,
    public_inputs_hash: &HashOut<F>,
    openings: &OpeningSet<F, D>,
) -> Vec<E> {
    let common = &circuit.common;
    let vars = EvaluationVars {
        local_constants: &openings.constants,
        local_wires: &openings.wires,
        public_inputs_hash,
    };
    let mut sums = vec![E::ZERO; common.num_gate_constraints];
    for (i, gate) in common.gates.iter().enumerate() {
        let (selector, group) = selectors.of_gate(i);
        let constraints = gate.0.eval_filtered(
            vars,
            i,
            selector,
            group,
            common.selectors_info.num_selectors(),
            common.num_lookup_selectors,
        );
        for (sum, term) in sums.iter_mut().zip(constraints) {
            *sum += term;
        }
    }
    sums
}

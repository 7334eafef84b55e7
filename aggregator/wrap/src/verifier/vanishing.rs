//! The vanishing polynomial at zeta, and the quotient it must be a multiple of.

use std::ops::Range;

use plonky2::field::types::{Field, PrimeField64};
use plonky2::plonk::circuit_data::CommonCircuitData;
use ruint::aliases::U256;
use serde::Deserialize;
use sheaf_plonky2::{D, F};

use super::gates::{self, GateInputs};
use super::inputs::{Openings, ProofInputs};
use super::{Challenges, canonical};
use crate::WrapError;
use crate::gadgets::extension::Ext;
use crate::gadgets::goldilocks::Gl;
use crate::r1cs::Builder;

/// plonky2's value of selectors in rows of other groups (`UNUSED_SELECTOR`).
const UNUSED_SELECTOR: u64 = u32::MAX as u64;

/// Which selector tells a gate apart, and from which others. plonky2 shows this in its serialised form only.
#[derive(Deserialize)]
struct Selectors {
    selector_indices: Vec<usize>,
    groups: Vec<Range<usize>>,
}

/// Most bits of a constraint before it is multiplied by a power of alpha and summed up with others.
const CONSTRAINT_BITS: usize = 176;

/// Demands that the quotient's opening is the vanishing polynomial's, for every challenge.
pub(super) fn enforce(
    builder: &mut Builder,
    common: &CommonCircuitData<F, D>,
    inputs: &ProofInputs,
    public_inputs_hash: &[Gl; 4],
    challenges: &Challenges,
) -> Result<(), WrapError> {
    builder.section("vanishing polynomial");
    let openings = &inputs.openings;
    let zeta = &challenges.zeta;
    let mut zeta_power = zeta.clone();
    for _ in 0..common.degree_bits() {
        zeta_power = builder.ext_mul_reduced(&zeta_power, &zeta_power);
    }
    let one = builder.ext_constant([1, 0]);
    let z_h = builder.ext_sub(&zeta_power, &one);

    // L_0(zeta) = (zeta^n − 1) / (n · (zeta − 1))
    let zeta_minus_one = builder.ext_sub(zeta, &one);
    let inverse = inverse(builder, &zeta_minus_one);
    let l_0 = builder.ext_mul(&z_h, &inverse);
    let n_inverse = canonical(F::from_canonical_usize(common.degree()).inverse());
    let l_0 = builder.ext_reduce(&l_0);
    let l_0 = builder.ext_reduce(&l_0.scale(n_inverse));

    let mut terms = Vec::new();
    for z in &openings.zs {
        let difference = builder.ext_sub(z, &one);
        terms.push(builder.ext_mul(&l_0, &difference));
    }
    for index in 0..common.config.num_challenges {
        permutation_terms(builder, common, openings, challenges, index, &mut terms);
    }

    let num_terms = terms.len() + common.num_gate_constraints;
    let powers: Vec<Vec<Gl>> =
        challenges.alphas.iter().map(|alpha| powers(builder, alpha, num_terms)).collect();
    let mut sums: Vec<Ext> = powers.iter().map(|powers| combine(builder, &terms, powers)).collect();
    add_gates(builder, common, openings, public_inputs_hash, &powers, terms.len(), &mut sums)?;

    builder.section("vanishing polynomial");
    let factor = common.quotient_degree_factor;
    let zeta_powers = builder.ext_powers(&zeta_power, factor);
    for (sum, chunk) in sums.iter().zip(openings.quotient.chunks(factor)) {
        let mut quotient = Ext::zero();
        for (opening, power) in chunk.iter().zip(&zeta_powers) {
            quotient = quotient.add(&builder.ext_mul(opening, power));
        }
        let quotient = builder.ext_reduce(&quotient);
        let expected = builder.ext_mul(&z_h, &quotient);
        builder.ext_enforce_same(sum, &expected);
    }
    Ok(())
}

/// `1 / a`, which therefore is not zero.
pub(super) fn inverse(builder: &mut Builder, a: &Ext) -> Ext {
    use plonky2::field::extension::FieldExtension;
    use plonky2::field::extension::quadratic::QuadraticExtension;
    let value = QuadraticExtension::<F>::from_basefield_array(a.values().map(F::from_canonical_u64));
    let value: [F; 2] = value.try_inverse().unwrap_or(QuadraticExtension::ZERO).to_basefield_array();
    let inverse = builder.ext(value.map(|coordinate| coordinate.to_canonical_u64()));
    let product = builder.ext_mul(a, &inverse);
    let one = builder.ext_constant([1, 0]);
    builder.ext_enforce_same(&product, &one);
    inverse
}

/// `1, a, a², …`, reduced.
fn powers(builder: &mut Builder, a: &Gl, count: usize) -> Vec<Gl> {
    let mut powers = vec![builder.gl_constant(1)];
    while powers.len() < count {
        let next = builder.gl_mul(&powers[powers.len() - 1], a);
        powers.push(builder.reduce(&next));
    }
    powers
}

/// `Σ power_i · term_i`, not reduced.
fn combine(builder: &mut Builder, terms: &[Ext], powers: &[Gl]) -> Ext {
    let mut sum = Ext::zero();
    for (term, power) in terms.iter().zip(powers) {
        let is_small = term.0.iter().all(|c| c.max() >> CONSTRAINT_BITS == U256::ZERO);
        let term = if is_small { term.clone() } else { builder.ext_reduce(term) };
        let product = builder.ext_mul_base(&term, power);
        sum = sum.add(&product);
    }
    sum
}

/// For each chunk of routed wires: `previous · Π (wire + β·k·ζ + γ) − next · Π (wire + β·σ + γ)`.
fn permutation_terms(
    builder: &mut Builder,
    common: &CommonCircuitData<F, D>,
    openings: &Openings,
    challenges: &Challenges,
    index: usize,
    terms: &mut Vec<Ext>,
) {
    let (beta, gamma) = (&challenges.betas[index], &challenges.gammas[index]);
    let gamma = Ext::from_base(gamma.clone());
    let beta_zeta = builder.ext_mul_base(&challenges.zeta, beta);
    let beta_zeta = builder.ext_reduce(&beta_zeta);
    let routed = common.config.num_routed_wires;
    let mut numerators = Vec::with_capacity(routed);
    let mut denominators = Vec::with_capacity(routed);
    for wire in 0..routed {
        let shifted = openings.wires[wire].add(&gamma);
        numerators.push(shifted.add(&beta_zeta.scale(canonical(common.k_is[wire]))));
        let beta_sigma = builder.ext_mul_base(&openings.sigmas[wire], beta);
        denominators.push(shifted.add(&beta_sigma));
    }
    let count = common.num_partial_products;
    let partials = &openings.partial_products[index * count..(index + 1) * count];
    let accumulators: Vec<&Ext> =
        [&openings.zs[index]].into_iter().chain(partials).chain([&openings.zs_next[index]]).collect();
    let chunk = common.quotient_degree_factor;
    let chunks = numerators.chunks(chunk).zip(denominators.chunks(chunk));
    for ((numerators, denominators), accumulators) in chunks.zip(accumulators.windows(2)) {
        let product = |builder: &mut Builder, start: &Ext, factors: &[Ext]| {
            factors.iter().fold(start.clone(), |product, factor| builder.ext_mul_reduced(factor, &product))
        };
        let left = product(builder, accumulators[0], numerators);
        let right = product(builder, accumulators[1], denominators);
        terms.push(builder.ext_sub(&left, &right));
    }
}

/// Adds every gate's constraints, filtered, to the sums for each challenge.
fn add_gates(
    builder: &mut Builder,
    common: &CommonCircuitData<F, D>,
    openings: &Openings,
    public_inputs_hash: &[Gl; 4],
    powers: &[Vec<Gl>],
    offset: usize,
    sums: &mut [Ext],
) -> Result<(), WrapError> {
    let unreadable = |error: serde_json::Error| WrapError::Circuit { what: format!("selectors: {error}") };
    let selectors: Selectors =
        serde_json::to_value(&common.selectors_info).and_then(serde_json::from_value).map_err(unreadable)?;
    let constants = &openings.constants[selectors.groups.len()..];
    let inputs = GateInputs { constants, wires: &openings.wires, public_inputs_hash };
    builder.section("gates");
    let filters = filters(builder, &selectors, &openings.constants);
    for (gate, filter) in common.gates.iter().zip(&filters) {
        let constraints = gates::constraints(builder, gate, &inputs)?;
        if constraints.is_empty() {
            continue;
        }
        for (sum, powers) in sums.iter_mut().zip(powers) {
            let combined = combine(builder, &constraints, &powers[offset..]);
            let filtered = builder.ext_mul(&combined, filter);
            *sum = sum.add(&filtered);
        }
    }
    Ok(())
}

/// Every gate's filter: the product of `value − selector` over the other gates of its group, and over the value of rows
/// of other groups if there are several.
fn filters(builder: &mut Builder, selectors: &Selectors, constants: &[Ext]) -> Vec<Ext> {
    let mut filters = vec![Ext::zero(); selectors.selector_indices.len()];
    for (group, selector) in selectors.groups.iter().zip(constants) {
        let difference = |builder: &Builder, value: u64| {
            let value = builder.ext_constant([value, 0]);
            builder.ext_sub(&value, selector)
        };
        // Products of what is before a gate, then of what follows it.
        let mut before = match selectors.groups.len() {
            1 => builder.ext_constant([1, 0]),
            _ => difference(builder, UNUSED_SELECTOR),
        };
        let mut prefixes = Vec::new();
        for index in group.clone() {
            prefixes.push(before.clone());
            let factor = difference(builder, index as u64);
            before = builder.ext_mul_reduced(&before, &factor);
        }
        let mut after = builder.ext_constant([1, 0]);
        for (index, prefix) in group.clone().zip(prefixes).rev() {
            filters[index] = builder.ext_mul_reduced(&prefix, &after);
            let factor = difference(builder, index as u64);
            after = builder.ext_mul_reduced(&after, &factor);
        }
    }
    filters
}

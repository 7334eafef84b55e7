//! FRI: queries of the oracles, folded down to the final polynomial.

use ark_bn254::Fr;
use plonky2::field::extension::FieldExtension;
use plonky2::field::extension::quadratic::QuadraticExtension;
use plonky2::field::types::{Field, PrimeField64};
use plonky2::fri::proof::FriQueryRound;
use ruint::aliases::U256;
use sheaf_plonky2::{D, F};

use super::inputs::{ProofInputs, coordinates};
use super::{Challenges, InnerProof, InnerVerifier, canonical, root_of_unity};
use crate::config::Bn254Hasher;
use crate::gadgets::extension::Ext;
use crate::gadgets::goldilocks::{Gl, P};
use crate::gadgets::merkle::Cap;
use crate::r1cs::{Builder, Lc};

/// Powers of alpha that are kept; higher ones are made of these and of powers of `alpha^CHUNK`.
pub(super) const CHUNK: usize = 16;
/// Index bits that one table of constants is looked up by.
const TABLE_BITS: usize = 4;

/// What is the same for all queries.
struct Shared<'a> {
    circuit: &'a InnerVerifier,
    inputs: &'a ProofInputs,
    /// The constants' cap is the circuit's, the others are the proof's.
    caps: [Cap; 4],
    fri_caps: Vec<Cap>,
    alpha: Vec<Ext>,
    alpha_chunks: Vec<Ext>,
    /// Openings at zeta and at g·zeta, combined by alpha.
    reduced: [Ext; 2],
    points: [Ext; 2],
    /// `β^j / arity` for every folding.
    betas: Vec<Vec<Ext>>,
}

/// Demands that the openings are those of polynomials of low degree under the caps.
pub(super) fn enforce(
    builder: &mut Builder,
    circuit: &InnerVerifier,
    proof: &InnerProof,
    inputs: &ProofInputs,
    challenges: &Challenges,
) {
    builder.section("fri: shared");
    let params = &circuit.common.fri_params;
    enforce_work(builder, &challenges.work.bits, params.config.proof_of_work_bits);
    let shared = shared(builder, circuit, inputs, challenges);
    for (query, round) in challenges.queries.iter().zip(&proof.proof.opening_proof.query_round_proofs) {
        enforce_query(builder, &shared, &query.bits[..params.degree_bits + params.config.rate_bits], round);
    }
}

/// The response's leading bits are zero. plonky2 counts them in 64 bits.
fn enforce_work(builder: &mut Builder, bits: &[Lc], work: u32) {
    let leading = Builder::number(&bits[64 - work as usize..]);
    builder.enforce_equal(&leading, &Lc::zero());
}

fn shared<'a>(
    builder: &mut Builder,
    circuit: &'a InnerVerifier,
    inputs: &'a ProofInputs,
    challenges: &Challenges,
) -> Shared<'a> {
    let openings: Vec<&Ext> = inputs.openings.at_zeta().collect();
    let alpha = builder.ext_powers(&challenges.fri_alpha, CHUNK + 1);
    let alpha_chunks = builder.ext_powers(&alpha[CHUNK].clone(), openings.len().div_ceil(CHUNK));
    let next: Vec<&Ext> = inputs.openings.zs_next.iter().collect();
    let reduced = [&openings, &next].map(|values| {
        let sum = combine(builder, values, &alpha, &alpha_chunks, |b, value, power| b.ext_mul(value, power));
        builder.ext_reduce(&sum)
    });
    let g = canonical(root_of_unity(circuit.common.degree_bits()));
    let next_point = builder.ext_reduce(&challenges.zeta.scale(g));
    let cap = &circuit.verifier_only.constants_sigmas_cap.0;
    let constants_cap = Cap::Constant(cap.iter().map(|digest| digest.0).collect());
    let variable = |cap: &Vec<Lc>| Cap::Variable(cap.clone());
    let betas = challenges
        .fri_betas
        .iter()
        .zip(&circuit.common.fri_params.reduction_arity_bits)
        .map(|(beta, bits)| {
            let powers = builder.ext_powers(beta, 1 << bits);
            let scale = canonical(F::from_canonical_usize(1 << bits).inverse());
            powers.iter().map(|power| builder.ext_reduce(&power.scale(scale))).collect()
        })
        .collect();
    Shared {
        circuit,
        inputs,
        caps: [
            constants_cap,
            variable(&inputs.wires_cap),
            variable(&inputs.zs_cap),
            variable(&inputs.quotient_cap),
        ],
        fri_caps: inputs.fri_caps.iter().map(variable).collect(),
        alpha,
        alpha_chunks,
        reduced,
        points: [challenges.zeta.clone(), next_point],
        betas,
    }
}

/// `Σ alpha^i · value_i`, not reduced: chunk by chunk.
fn combine<T>(
    builder: &mut Builder,
    values: &[T],
    alpha: &[Ext],
    alpha_chunks: &[Ext],
    multiply: impl Fn(&mut Builder, &T, &Ext) -> Ext,
) -> Ext {
    let mut sum = Ext::zero();
    for (index, chunk) in values.chunks(CHUNK).enumerate() {
        let mut inner = Ext::zero();
        for (value, power) in chunk.iter().zip(alpha) {
            inner = inner.add(&multiply(builder, value, power));
        }
        let outer = if index == 0 { inner } else { builder.ext_mul(&inner, &alpha_chunks[index]) };
        sum = sum.add(&outer);
    }
    sum
}

fn enforce_query(
    builder: &mut Builder,
    shared: &Shared<'_>,
    index_bits: &[Lc],
    round: &FriQueryRound<F, Bn254Hasher, D>,
) {
    let params = &shared.circuit.common.fri_params;

    builder.section("fri: oracles");
    let mut values = Vec::new();
    let mut oracle_starts = Vec::new();
    for ((leaf, path), cap) in round.initial_trees_proof.evals_proofs.iter().zip(&shared.caps) {
        oracle_starts.push(values.len());
        let leaf: Vec<Gl> = leaf.iter().map(|value| builder.gl(canonical(*value))).collect();
        let elements: Vec<Lc> = leaf.iter().map(|value| value.lc().clone()).collect();
        builder.enforce_path(&elements, index_bits, &siblings(&path.siblings), cap);
        values.extend(leaf);
    }

    builder.section("fri: points");
    let arity_bits = &params.reduction_arity_bits;
    let first_arity = arity_bits.first().copied().unwrap_or(0);
    let mut inverse_start = inverse_coset_start(builder, index_bits, first_arity);
    let x = point(builder, &index_bits[..first_arity], &inverse_start);

    builder.section("fri: combining");
    let zs = oracle_starts[2]..oracle_starts[2] + shared.inputs.openings.zs_next.len();
    let mut previous: Option<Ext> = None;
    let batches = [&values[..], &values[zs]];
    for ((batch, reduced), opened_at) in batches.into_iter().zip(&shared.reduced).zip(&shared.points) {
        let sum = combine(builder, batch, &shared.alpha, &shared.alpha_chunks, |b, value: &Gl, power| {
            b.ext_mul_base(power, value)
        });
        let numerator = builder.ext_sub(&sum, reduced);
        let denominator = builder.ext_sub(&Ext::from_base(x.clone()), opened_at);
        let quotient = divide(builder, &numerator, &denominator);
        // Powers of alpha run on from batch to batch; the first has nothing before it.
        previous = Some(match previous {
            None => quotient,
            Some(before) => builder.ext_mul(&before, &shared.alpha[batch.len()]).add(&quotient),
        });
    }
    let mut previous = previous.unwrap_or_else(Ext::zero);

    let mut folded = 0;
    for (step_index, (step, bits)) in round.steps.iter().zip(arity_bits).enumerate() {
        builder.section("fri: folding");
        let evals: Vec<Ext> = step.evals.iter().map(|value| builder.ext(coordinates(*value))).collect();
        let within = &index_bits[folded..folded + bits];
        let queried = Ext(std::array::from_fn(|coordinate| {
            let items: Vec<Lc> = evals.iter().map(|value| value.0[coordinate].lc().clone()).collect();
            Gl::bounded(builder.select(within, &items), U256::from(u64::MAX))
        }));
        builder.ext_enforce_same(&previous, &queried);

        let powers = inverse_powers(builder, &inverse_start, 1 << bits);
        previous = interpolate(builder, &evals, &shared.betas[step_index], &powers[..1 << bits]);

        builder.section("fri: folded oracles");
        let leaf: Vec<Lc> = evals.iter().flat_map(|value| value.0.iter().map(|c| c.lc().clone())).collect();
        folded += bits;
        let cap = &shared.fri_caps[step_index];
        builder.enforce_path(&leaf, &index_bits[folded..], &siblings(&step.merkle_proof.siblings), cap);

        builder.section("fri: points");
        // 1/x^arity is also 1/start^arity; the next coset's start leaves out the bits of its own folding.
        let next_bits = arity_bits.get(step_index + 1).copied().unwrap_or(0);
        let inverse_point = &powers[1 << bits];
        inverse_start = next_inverse_start(builder, inverse_point, &index_bits[folded..folded + next_bits]);
    }

    builder.section("fri: final polynomial");
    let value = evaluate_final(builder, &shared.inputs.final_poly, &inverse_start);
    builder.ext_enforce_same(&previous, &value);
}

fn siblings(path: &[crate::config::Bn254Digest]) -> Vec<Fr> {
    path.iter().map(|digest| digest.0).collect()
}

/// `numerator / denominator`, not reduced below p.
fn divide(builder: &mut Builder, numerator: &Ext, denominator: &Ext) -> Ext {
    type E = QuadraticExtension<F>;
    let value = |a: &Ext| E::from_basefield_array(a.values().map(F::from_canonical_u64));
    let inverse = value(denominator).try_inverse().unwrap_or(E::ZERO);
    let quotient = builder.ext(coordinates(value(numerator) * inverse));
    let product = builder.ext_mul(&quotient, denominator);
    builder.ext_enforce_same(&product, numerator);
    quotient
}

/// `factor^Σ bit_i · 2^(len − 1 − i)` for each value of the bits, first bit least significant in the table's index: the
/// exponent is the reversed index.
fn table(factors: &[F]) -> Vec<u64> {
    (0..1usize << factors.len())
        .map(|index| {
            let set = factors.iter().enumerate().filter(|(bit, _)| index >> bit & 1 == 1);
            canonical(set.map(|(_, factor)| *factor).product())
        })
        .collect()
}

/// The entry of a table of constants: a constraint for each product of bits.
fn look_up(builder: &mut Builder, bits: &[Lc], table: &[u64]) -> Gl {
    // Σ over subsets of bits of (Möbius transform of the table) · product of the bits. Coefficients may be negative, the
    // sum is an entry.
    let mut coefficients: Vec<Fr> = table.iter().map(|entry| Fr::from(*entry)).collect();
    for bit in 0..bits.len() {
        for index in (0..coefficients.len()).filter(|index| index >> bit & 1 == 1) {
            let without = coefficients[index ^ 1 << bit];
            coefficients[index] -= without;
        }
    }
    let mut products: Vec<Lc> = vec![builder.constant(Fr::from(1u64))];
    for (position, bit) in bits.iter().enumerate() {
        for index in 0..1 << position {
            let product = if index == 0 { bit.clone() } else { builder.multiply(&products[index], bit) };
            products.push(product);
        }
    }
    let mut sum = Lc::zero();
    for (product, coefficient) in products.iter().zip(coefficients) {
        sum.add_scaled(product, coefficient);
    }
    Gl::bounded(sum, U256::from(P - 1))
}

/// What each index bit multiplies a point of the domain by: `ω^(2^(n − 1 − i))`, as indices are bit-reversed.
fn bit_factors(lde_bits: usize) -> Vec<F> {
    let root = root_of_unity(lde_bits);
    (0..lde_bits).map(|bit| root.exp_power_of_2(lde_bits - 1 - bit)).collect()
}

/// `1 / (shift · Π_{i ≥ skipped} factor_i^bit_i)`: the inverse of the start of the coset that a query is folded with.
fn inverse_coset_start(builder: &mut Builder, index_bits: &[Lc], skipped: usize) -> Gl {
    let factors: Vec<F> = bit_factors(index_bits.len()).into_iter().map(|factor| factor.inverse()).collect();
    let shift = canonical(F::coset_shift().inverse());
    let mut product = builder.gl_constant(shift);
    let chunks = index_bits[skipped..].chunks(TABLE_BITS).zip(factors[skipped..].chunks(TABLE_BITS));
    for (bits, factors) in chunks {
        let entry = look_up(builder, bits, &table(factors));
        if !Gl::fits(product.max(), entry.max()) {
            product = builder.reduce(&product);
        }
        product = builder.gl_mul(&product, &entry);
    }
    builder.reduce(&product)
}

/// The roots of unity that the low bits of an index select: `g^reversed(bits)`.
fn within_table(bits: usize) -> Vec<u64> {
    let root = root_of_unity(bits);
    let factors: Vec<F> = (0..bits).map(|bit| root.exp_power_of_2(bits - 1 - bit)).collect();
    table(&factors)
}

/// The queried point, given the inverse of its coset's start: `x · (1/start) = g^within`.
fn point(builder: &mut Builder, within: &[Lc], inverse_start: &Gl) -> Gl {
    let root = look_up(builder, within, &within_table(within.len()));
    let start = F::from_canonical_u64(inverse_start.value()).try_inverse().unwrap_or(F::ZERO);
    let x = builder.gl(canonical(start * F::from_canonical_u64(root.value())));
    let product = builder.gl_mul(&x, inverse_start);
    builder.enforce_same(&product, &root);
    x
}

/// The inverse of the next coset's start: `start = point / g^within`.
fn next_inverse_start(builder: &mut Builder, inverse_point: &Gl, within: &[Lc]) -> Gl {
    if within.is_empty() {
        return inverse_point.clone();
    }
    let root = look_up(builder, within, &within_table(within.len()));
    let product = builder.gl_mul(inverse_point, &root);
    builder.reduce(&product)
}

/// `1, a, …, a^count`, reduced.
fn inverse_powers(builder: &mut Builder, a: &Gl, count: usize) -> Vec<Gl> {
    let mut powers = vec![builder.gl_constant(1), a.clone()];
    while powers.len() <= count {
        let next = builder.gl_mul(&powers[powers.len() - 1], a);
        powers.push(builder.reduce(&next));
    }
    powers
}

/// The value at β of the polynomial through `evals` on the coset `start · <g>`, whose order is bit-reversed:
/// `Σ_j (Σ_k g^(−jk) · eval_k) · β^j / arity · start^(−j)`.
///
/// Powers of a root of order 2^k ≤ 64 are powers of two up to sign, so that the inner sum costs nothing and stays short.
fn interpolate(builder: &mut Builder, evals: &[Ext], betas: &[Ext], inverse_powers: &[Gl]) -> Ext {
    let arity = evals.len();
    let bits = arity.trailing_zeros() as usize;
    let root = root_of_unity(bits).inverse();
    let mut value = Ext::zero();
    for (j, (beta, power)) in betas.iter().zip(inverse_powers).enumerate() {
        let (mut plus, mut minus) = (Ext::zero(), Ext::zero());
        for k in 0..arity {
            let reversed = (0..bits).fold(0, |sum, bit| sum << 1 | (k >> bit & 1));
            let factor = canonical(root.exp_u64((j * k) as u64));
            if factor <= P / 2 {
                plus = plus.add(&evals[reversed].scale(factor));
            } else {
                minus = minus.add(&evals[reversed].scale(P - factor));
            }
        }
        let coefficient = builder.ext_sub(&plus, &minus);
        let term = builder.ext_mul(&coefficient, beta);
        let term = if j == 0 { term } else { builder.ext_mul_base(&term, power) };
        value = value.add(&term);
    }
    value
}

/// The final polynomial at the inverse of `inverse_point`: powers below √length, and multiples of √length.
fn evaluate_final(builder: &mut Builder, coefficients: &[Ext], inverse_point: &Gl) -> Ext {
    let x = F::from_canonical_u64(inverse_point.value()).try_inverse().unwrap_or(F::ZERO);
    let x = builder.gl(x.to_canonical_u64());
    let product = builder.gl_mul(&x, inverse_point);
    let one = builder.gl_constant(1);
    builder.enforce_same(&product, &one);

    let chunk = coefficients.len().isqrt().next_power_of_two();
    let small = inverse_powers(builder, &x, chunk);
    let large = inverse_powers(builder, &small[chunk].clone(), coefficients.len() / chunk);
    let mut value = Ext::zero();
    for (index, coefficients) in coefficients.chunks(chunk).enumerate() {
        let mut inner = coefficients[0].clone();
        for (coefficient, power) in coefficients.iter().zip(&small).skip(1) {
            inner = inner.add(&builder.ext_mul_base(coefficient, power));
        }
        let outer = if index == 0 { inner } else { builder.ext_mul_base(&inner, &large[index]) };
        value = value.add(&outer);
    }
    value
}

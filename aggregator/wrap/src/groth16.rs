//! Groth16 over BN254, for assignments that are there already.
//!
//! ark-groth16's prover takes a synthesizer, and holds every constraint as vectors of terms; at two million constraints
//! that is gigabytes. This one takes the constraints' values. Proofs are the same, given the same randomness (a test
//! compares), and so are keys.

use ark_bn254::{Bn254, Fr, G1Projective, G2Projective};
use ark_ec::{AffineRepr, CurveGroup, VariableBaseMSM};
use ark_ff::{FftField, Field, PrimeField};
use ark_groth16::{Proof, ProvingKey};
use ark_poly::{EvaluationDomain, GeneralEvaluationDomain};
use rayon::prelude::*;

use crate::WrapError;
use crate::r1cs::Assignment;

/// The two numbers that make a proof zero-knowledge. Ours hides nothing, but fresh ones cost nothing either.
#[derive(Debug, Clone, Copy)]
pub struct Blinding {
    /// Blinds A.
    pub r: Fr,
    /// Blinds B.
    pub s: Fr,
}

/// Proves an assignment that satisfies its constraints.
///
/// # Errors
/// `SH-WRP-006` if the key is of a circuit of another size.
pub fn prove(
    key: &ProvingKey<Bn254>,
    assignment: Assignment,
    blinding: Blinding,
) -> Result<Proof<Bn254>, WrapError> {
    let Assignment { instance, witness, a, b, c } = assignment;
    let expect = |what, expected: usize, got: usize| match expected == got {
        true => Ok(()),
        false => Err(WrapError::Key { what, expected, got }),
    };
    expect("public inputs", instance.len(), key.vk.gamma_abc_g1.len())?;
    expect("witness variables", witness.len(), key.l_query.len())?;
    expect("variables", instance.len() + witness.len(), key.a_query.len())?;
    let domain = domain(a.len() + instance.len())?;
    expect("domain elements", domain.size(), key.h_query.len() + 1)?;

    let h = quotient(&domain, &instance, a, b, c);
    let h_acc = G1Projective::msm_bigint(&key.h_query, &h);
    drop(h);
    let witness: Vec<_> = witness.par_iter().map(|value| value.into_bigint()).collect();
    let l_acc = G1Projective::msm_bigint(&key.l_query, &witness);
    let mut all: Vec<_> = instance.iter().map(|value| value.into_bigint()).collect();
    all.extend(witness);

    let Blinding { r, s } = blinding;
    let a = G1Projective::msm_bigint(&key.a_query, &all) + key.vk.alpha_g1 + key.delta_g1 * r;
    let b_g1 = G1Projective::msm_bigint(&key.b_g1_query, &all) + key.beta_g1 + key.delta_g1 * s;
    let b = G2Projective::msm_bigint(&key.b_g2_query, &all) + key.vk.beta_g2 + key.vk.delta_g2 * s;
    let c = l_acc + h_acc + a * s + b_g1 * r - key.delta_g1 * (r * s);
    Ok(Proof { a: a.into_affine(), b: b.into_affine(), c: c.into_affine() })
}

fn domain(size: usize) -> Result<GeneralEvaluationDomain<Fr>, WrapError> {
    GeneralEvaluationDomain::new(size).ok_or_else(|| WrapError::Circuit {
        what: format!("{size} constraints, more than the field has roots for"),
    })
}

/// Coefficients of `(A · B − C) / Z`, as ark's `LibsnarkReduction` has them: rows for the instance follow the
/// constraints, so that no two instances have the same A.
fn quotient(
    domain: &GeneralEvaluationDomain<Fr>,
    instance: &[Fr],
    mut a: Vec<Fr>,
    mut b: Vec<Fr>,
    mut c: Vec<Fr>,
) -> Vec<<Fr as PrimeField>::BigInt> {
    let size = domain.size();
    a.extend_from_slice(instance);
    a.resize(size, Fr::from(0u64));
    b.resize(size, Fr::from(0u64));
    c.resize(size, Fr::from(0u64));
    let coset = domain.get_coset(Fr::GENERATOR).unwrap_or(*domain);
    let to_coset = |values: &mut Vec<Fr>| {
        domain.ifft_in_place(values);
        coset.fft_in_place(values);
    };
    to_coset(&mut a);
    to_coset(&mut b);
    a.par_iter_mut().zip(&b).for_each(|(a, b)| *a *= b);
    drop(b);
    to_coset(&mut c);
    let vanishing = domain.evaluate_vanishing_polynomial(Fr::GENERATOR);
    let inverse = vanishing.inverse().unwrap_or_default();
    a.par_iter_mut().zip(&c).for_each(|(a, c)| *a = (*a - c) * inverse);
    drop(c);
    coset.ifft_in_place(&mut a);
    // The quotient's degree is two below the domain's size.
    a.truncate(size - 1);
    a.par_iter().map(|value| value.into_bigint()).collect()
}

/// Whether a proof holds for these public inputs.
#[must_use]
pub fn verify(key: &ark_groth16::VerifyingKey<Bn254>, inputs: &[Fr], proof: &Proof<Bn254>) -> bool {
    if inputs.len() + 1 != key.gamma_abc_g1.len()
        || proof.a.is_zero()
        || proof.b.is_zero()
        || proof.c.is_zero()
    {
        return false;
    }
    let prepared = ark_groth16::prepare_verifying_key(key);
    ark_groth16::Groth16::<Bn254>::verify_proof(&prepared, proof, inputs).unwrap_or(false)
}

impl Blinding {
    /// From 64 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 64]) -> Self {
        let (r, s) = bytes.split_at(32);
        Self { r: Fr::from_le_bytes_mod_order(r), s: Fr::from_le_bytes_mod_order(s) }
    }
}

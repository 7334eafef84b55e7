//! Whether a key is a circuit's, for given powers of tau and a given delta, without computing the key anew.
//!
//! Of each vector of a key, a random linear combination is compared with what it should be. For A that is
//! `Σ_v r_v·A_v(tau) = P(tau)`, where P is the polynomial with the values `Σ_v r_v·A[row][v]` on the domain: an inverse
//! FFT of scalars gives its coefficients, and the powers of tau its value in the group. So nothing here needs the
//! Lagrange form, and a key of 2^21 rows takes a dozen multi-exponentiations. Coefficients have 128 bits and come from a
//! hash of all that is combined.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, VariableBaseMSM};
use ark_ff::{BigInt, PrimeField, Zero};
use ark_groth16::ProvingKey;
use ark_poly::EvaluationDomain;
use rayon::prelude::*;

use super::transcript::Delta;
use crate::SetupError;
use crate::constraints::{ConstraintSystem, Matrix, Shape};
use crate::hash::coefficients;
use crate::key::Counts;
use crate::points::{PointFault, checked, pairings_equal};
use crate::powers::PowersOfTau;

/// Every point on its curve, and of order r or the identity, which is what a variable gets that occurs nowhere.
pub(super) fn check_points(key: &ProvingKey<Bn254>, progress: &dyn Fn(&str)) -> Result<(), SetupError> {
    progress("checking the key's points");
    let vk = &key.vk;
    vector("alpha, beta, delta in G1", &[vk.alpha_g1, key.beta_g1, key.delta_g1])?;
    vector("beta, gamma, delta in G2", &[vk.beta_g2, vk.gamma_g2, vk.delta_g2])?;
    vector("IC", &vk.gamma_abc_g1)?;
    vector("A", &key.a_query)?;
    vector("B in G1", &key.b_g1_query)?;
    vector("B in G2", &key.b_g2_query)?;
    check_delta_dependent_points(key)
}

pub(super) fn check_delta_dependent_points(key: &ProvingKey<Bn254>) -> Result<(), SetupError> {
    vector("H", &key.h_query)?;
    vector("L", &key.l_query)
}

fn vector<P: ark_ec::short_weierstrass::SWCurveConfig>(
    what: &'static str,
    points: &[ark_ec::short_weierstrass::Affine<P>],
) -> Result<(), SetupError> {
    let fault = points
        .par_iter()
        .position_first(|point| !matches!(checked(*point), Ok(_) | Err(PointFault::Identity)));
    match fault {
        Some(index) => Err(SetupError::KeyPoint { what, index }),
        None => Ok(()),
    }
}

/// The key is that of `system` for these powers and this delta. Its points are known to be of order r.
pub(super) fn check_key(
    powers: &PowersOfTau,
    system: &dyn ConstraintSystem,
    key: &ProvingKey<Bn254>,
    delta: Delta,
    seed: &[u8; 32],
    progress: &dyn Fn(&str),
) -> Result<(), SetupError> {
    let shape = Shape::of(system)?;
    let rows = powers.rows(shape.power())?;
    let counts = Counts::of(key)?;
    for (what, expected, got) in [
        ("IC", shape.num_instance, counts.instance),
        ("L", shape.num_witness, counts.witness),
        ("H", rows - 1, counts.quotient),
    ] {
        if expected != got {
            return Err(SetupError::KeyShape { what, expected, got });
        }
    }
    let require = |holds, what| if holds { Ok(()) } else { Err(SetupError::KeyMismatch { what }) };
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    require(key.vk.alpha_g1 == powers.alpha_tau_g1[0], "alpha")?;
    require(key.beta_g1 == powers.beta_tau_g1[0], "beta in G1")?;
    require(key.vk.beta_g2 == powers.beta_g2, "beta in G2")?;
    require(key.vk.gamma_g2 == g2, "gamma")?;
    require(key.delta_g1 == delta.g1, "delta in G1")?;
    require(key.vk.delta_g2 == delta.g2, "delta in G2")?;
    require(pairings_equal(delta.g1, g2, g1, delta.g2), "delta in G1 and G2")?;

    progress("checking A");
    let weights = coefficients(seed, "variables", shape.num_variables());
    let polynomial = Rows { system, shape, weights: &weights };
    let tau_g1 = &powers.tau_g1[..rows];
    let a = polynomial.of(Matrix::A)?;
    require(msm(&key.a_query, &weights) == msm(tau_g1, &a), "A")?;
    let mut l = msm(&powers.beta_tau_g1[..rows], &a);
    drop(a);

    progress("checking B");
    let b = polynomial.of(Matrix::B)?;
    require(msm(&key.b_g1_query, &weights) == msm(tau_g1, &b), "B in G1")?;
    let expected = G2Projective::msm_bigint(&powers.tau_g2[..rows], &b);
    require(G2Projective::msm_bigint(&key.b_g2_query, &weights) == expected, "B in G2")?;
    l += msm(&powers.alpha_tau_g1[..rows], &b);
    drop(b);

    progress("checking IC and L");
    l += msm(tau_g1, &polynomial.of(Matrix::C)?);
    // The instance's part of the sum is in IC as it is (gamma = 1), the witness's in L, divided by delta.
    let (instance, witness) = weights.split_at(shape.num_instance);
    let rest = l - msm(&key.vk.gamma_abc_g1, instance);
    require(pairings_equal(rest, g2, msm(&key.l_query, witness), delta.g2), "IC and L")?;

    progress("checking H");
    let weights = coefficients(seed, "H", rows - 1);
    let expected =
        msm(&powers.tau_g1[rows..2 * rows - 1], &weights) - msm(&powers.tau_g1[..rows - 1], &weights);
    require(pairings_equal(expected, g2, msm(&key.h_query, &weights), delta.g2), "H")
}

/// The key is the initial one but for delta, and what is divided by it. The points of H and L are known to be of order r,
/// and the initial key to be right.
pub(super) fn check_update(
    initial: &ProvingKey<Bn254>,
    key: &ProvingKey<Bn254>,
    delta: Delta,
    seed: &[u8; 32],
    progress: &dyn Fn(&str),
) -> Result<(), SetupError> {
    let require = |holds, what| if holds { Ok(()) } else { Err(SetupError::KeyMismatch { what }) };
    let g2 = G2Affine::generator();
    require(key.vk.alpha_g1 == initial.vk.alpha_g1, "alpha")?;
    require(key.beta_g1 == initial.beta_g1, "beta in G1")?;
    require(key.vk.beta_g2 == initial.vk.beta_g2, "beta in G2")?;
    require(key.vk.gamma_g2 == initial.vk.gamma_g2, "gamma")?;
    require(key.vk.gamma_abc_g1 == initial.vk.gamma_abc_g1, "IC")?;
    require(key.a_query == initial.a_query, "A")?;
    require(key.b_g1_query == initial.b_g1_query, "B in G1")?;
    require(key.b_g2_query == initial.b_g2_query, "B in G2")?;
    require(key.delta_g1 == delta.g1, "delta in G1")?;
    require(key.vk.delta_g2 == delta.g2, "delta in G2")?;
    for (what, before, after) in
        [("H", &initial.h_query, &key.h_query), ("L", &initial.l_query, &key.l_query)]
    {
        progress(what);
        if before.len() != after.len() {
            return Err(SetupError::KeyShape { what, expected: before.len(), got: after.len() });
        }
        let weights = coefficients(seed, what, before.len());
        require(pairings_equal(msm(before, &weights), g2, msm(after, &weights), delta.g2), what)?;
    }
    Ok(())
}

fn msm(points: &[G1Affine], weights: &[BigInt<4>]) -> G1Projective {
    G1Projective::msm_bigint(points, weights)
}

/// Weighted sums over the rows of the circuit's matrices.
struct Rows<'a> {
    system: &'a dyn ConstraintSystem,
    shape: Shape,
    weights: &'a [BigInt<4>],
}

impl Rows<'_> {
    /// Coefficients of the polynomial whose value in a row is the sum of the row's entries times their variables'
    /// weights.
    fn of(&self, matrix: Matrix) -> Result<Vec<BigInt<4>>, SetupError> {
        // 128-bit numbers are below the modulus.
        let weights: Vec<Fr> =
            self.weights.iter().map(|weight| Fr::from_bigint(*weight).unwrap_or_default()).collect();
        let mut values = vec![Fr::zero(); self.shape.rows()];
        self.shape.visit(self.system, matrix, |row, variable, coefficient| {
            values[row] += weights[variable] * coefficient;
        })?;
        self.shape.domain.ifft_in_place(&mut values);
        Ok(values.iter().map(|value| value.into_bigint()).collect())
    }
}

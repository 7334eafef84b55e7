//! The key with delta = 1, from powers of tau and a circuit.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup, PrimeGroup};
use ark_ff::{BigInteger, PrimeField, Zero};
use ark_groth16::{ProvingKey, VerifyingKey};
use rayon::prelude::*;

use crate::SetupError;
use crate::constraints::{ConstraintSystem, Matrix, Shape};
use crate::powers::PowersOfTau;

/// Entries whose products are computed in parallel, before they are added up one by one.
const BATCH: usize = 1 << 15;
/// Below so many bits, doubling and adding is faster than splitting the scalar with the endomorphism.
const SHORT_BITS: u32 = 100;

/// The key, and log2 of the circuit's rows.
pub(super) fn initial_key(
    powers: &PowersOfTau,
    system: &dyn ConstraintSystem,
    progress: &dyn Fn(&str),
) -> Result<(ProvingKey<Bn254>, u32), SetupError> {
    let shape = Shape::of(system)?;
    let rows = powers.rows(shape.power())?;
    let lagrange = powers.lagrange(shape.power(), progress)?;
    let sum = Columns { system, shape };

    progress("A");
    let mut a_query = sum.zeros();
    sum.add(Matrix::A, &lagrange.tau_g1, &mut a_query)?;
    let a_query = normalize(a_query);
    progress("B in G1");
    let mut b_g1_query = sum.zeros();
    sum.add(Matrix::B, &lagrange.tau_g1, &mut b_g1_query)?;
    let b_g1_query = normalize(b_g1_query);
    progress("B in G2");
    let mut b_g2_query = sum.zeros();
    sum.add(Matrix::B, &lagrange.tau_g2, &mut b_g2_query)?;
    let b_g2_query = normalize(b_g2_query);
    progress("L");
    // beta·A + alpha·B + C, of the instance for the verifying key and of the witness for L.
    let mut l = sum.zeros();
    sum.add(Matrix::A, &lagrange.beta_tau_g1, &mut l)?;
    sum.add(Matrix::B, &lagrange.alpha_tau_g1, &mut l)?;
    sum.add(Matrix::C, &lagrange.tau_g1, &mut l)?;
    let mut gamma_abc_g1 = normalize(l);
    let l_query = gamma_abc_g1.split_off(shape.num_instance);
    drop(lagrange);
    progress("H");
    // tau^i·Z(tau), Z = X^rows − 1.
    let h_query: Vec<G1Projective> = powers.tau_g1[rows..2 * rows - 1]
        .par_iter()
        .zip(&powers.tau_g1[..rows - 1])
        .map(|(high, low)| high.into_group() - low)
        .collect();

    let key = ProvingKey {
        vk: VerifyingKey {
            alpha_g1: powers.alpha_tau_g1[0],
            beta_g2: powers.beta_g2,
            gamma_g2: G2Affine::generator(),
            delta_g2: G2Affine::generator(),
            gamma_abc_g1,
        },
        beta_g1: powers.beta_tau_g1[0],
        delta_g1: G1Affine::generator(),
        a_query,
        b_g1_query,
        b_g2_query,
        h_query: normalize(h_query),
        l_query,
    };
    Ok((key, shape.power()))
}

struct Columns<'a> {
    system: &'a dyn ConstraintSystem,
    shape: Shape,
}

impl Columns<'_> {
    fn zeros<P: SWCurveConfig>(&self) -> Vec<Projective<P>> {
        vec![Projective::zero(); self.shape.num_variables()]
    }

    /// `sums[variable] += coefficient · bases[row]`, for every entry.
    fn add<P: SWCurveConfig<ScalarField = Fr>>(
        &self,
        matrix: Matrix,
        bases: &[Affine<P>],
        sums: &mut [Projective<P>],
    ) -> Result<(), SetupError> {
        let mut batch = Vec::with_capacity(BATCH);
        let mut flush = |batch: &mut Vec<(usize, usize, Fr)>| {
            let products: Vec<_> = batch
                .par_iter()
                .map(|(row, variable, coefficient)| (*variable, product(&bases[*row], coefficient)))
                .collect();
            batch.clear();
            for (variable, product) in products {
                sums[variable] += product;
            }
        };
        self.shape.visit(self.system, matrix, |row, variable, coefficient| {
            batch.push((row, variable, coefficient));
            if batch.len() == BATCH {
                flush(&mut batch);
            }
        })?;
        flush(&mut batch);
        Ok(())
    }
}

/// Most coefficients of a circuit are small, or small and negative.
fn product<P: SWCurveConfig<ScalarField = Fr>>(base: &Affine<P>, coefficient: &Fr) -> Projective<P> {
    let (positive, negative) = (coefficient.into_bigint(), (-*coefficient).into_bigint());
    let (magnitude, sign) = if negative < positive { (negative, true) } else { (positive, false) };
    let base = if sign { -*base } else { *base };
    match magnitude.num_bits() {
        0 => Projective::zero(),
        1 => base.into_group(),
        2..=SHORT_BITS => ark_ec::scalar_mul::double_and_add_affine(&base, magnitude),
        _ => base.into_group().mul_bigint(magnitude),
    }
}

fn normalize<P: SWCurveConfig>(points: Vec<Projective<P>>) -> Vec<Affine<P>> {
    points.par_chunks(BATCH).flat_map_iter(Projective::normalize_batch).collect()
}

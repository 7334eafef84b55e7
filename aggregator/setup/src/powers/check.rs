//! Whether vectors of points are powers of one tau.
//!
//! A vector v is `v_0, tau·v_0, tau²·v_0, …` if and only if `v_(i+1) = tau·v_i` for all i. All these equations are
//! multiplied with coefficients of 128 bits, which come from a hash of the vectors, and their sum is checked with one
//! pairing equation; it holds for wrong vectors with probability 2^-128.

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, VariableBaseMSM};
use ark_ff::{BigInt, PrimeField};
use ark_poly::EvaluationDomain;
use sha2::{Digest as _, Sha256};

use super::{Lagrange, PowersOfTau, domain};
use crate::SetupError;
use crate::hash::coefficients;
use crate::points::{g1_bytes, g2_bytes, pairings_equal};

impl PowersOfTau {
    /// Every point is known to be of order r and not the identity.
    pub(super) fn check(&self, progress: &dyn Fn(&str)) -> Result<(), SetupError> {
        let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
        let require = |holds, what| if holds { Ok(()) } else { Err(SetupError::PowersRatio { what }) };
        require(self.tau_g1[0] == g1, "first power in G1")?;
        require(self.tau_g2[0] == g2, "first power in G2")?;

        progress("checking powers of tau");
        let seed = self.seed()?;
        let tau_g2 = self.tau_g2[1];
        require(pairings_equal(self.tau_g1[1], g2, g1, tau_g2), "tau in G1 and G2")?;
        require(pairings_equal(self.beta_tau_g1[0], g2, g1, self.beta_g2), "beta in G1 and G2")?;
        for (what, points) in [
            ("tau in G1", &self.tau_g1),
            ("alpha·tau in G1", &self.alpha_tau_g1),
            ("beta·tau in G1", &self.beta_tau_g1),
        ] {
            let coefficients = coefficients(&seed, what, points.len() - 1);
            let low = G1Projective::msm_bigint(&points[..points.len() - 1], &coefficients);
            let high = G1Projective::msm_bigint(&points[1..], &coefficients);
            require(pairings_equal(high, g2, low, tau_g2), what)?;
        }
        let coefficients = coefficients(&seed, "tau in G2", self.tau_g2.len() - 1);
        let low = G2Projective::msm_bigint(&self.tau_g2[..self.tau_g2.len() - 1], &coefficients);
        let high = G2Projective::msm_bigint(&self.tau_g2[1..], &coefficients);
        require(pairings_equal(g1, high, self.tau_g1[1], low), "tau in G2")?;
        match &self.lagrange {
            Some(lagrange) => self.check_lagrange(lagrange, &seed, progress),
            None => Ok(()),
        }
    }

    /// Σ r_i·L_i(tau) is the value at tau of the polynomial that is r_i on the domain, whose coefficients an inverse FFT
    /// of scalars gives.
    fn check_lagrange(
        &self,
        lagrange: &Lagrange,
        seed: &[u8; 32],
        progress: &dyn Fn(&str),
    ) -> Result<(), SetupError> {
        progress("checking their Lagrange form");
        let rows = 1 << self.power;
        let values = coefficients(seed, "Lagrange", rows);
        let polynomial = interpolate(&values, self.power)?;
        for (what, powers, lagrange) in [
            ("Lagrange form of tau in G1", &self.tau_g1, &lagrange.tau_g1),
            ("Lagrange form of alpha·tau in G1", &self.alpha_tau_g1, &lagrange.alpha_tau_g1),
            ("Lagrange form of beta·tau in G1", &self.beta_tau_g1, &lagrange.beta_tau_g1),
        ] {
            let expected = G1Projective::msm_bigint(&powers[..rows], &polynomial);
            if G1Projective::msm_bigint(lagrange, &values) != expected {
                return Err(SetupError::PowersRatio { what });
            }
        }
        let expected = G2Projective::msm_bigint(&self.tau_g2, &polynomial);
        if G2Projective::msm_bigint(&lagrange.tau_g2, &values) != expected {
            return Err(SetupError::PowersRatio { what: "Lagrange form of tau in G2" });
        }
        Ok(())
    }

    /// A hash of all that is combined.
    fn seed(&self) -> Result<[u8; 32], SetupError> {
        let mut hasher = Sha256::new_with_prefix(b"sheaf/setup/powers/check/v1");
        hasher.update(self.digest(self.power)?);
        if let Some(Lagrange { tau_g1, tau_g2, alpha_tau_g1, beta_tau_g1 }) = &self.lagrange {
            for point in [tau_g1, alpha_tau_g1, beta_tau_g1].into_iter().flatten() {
                hasher.update(g1_bytes(point));
            }
            tau_g2.iter().for_each(|point| hasher.update(g2_bytes(point)));
        }
        Ok(hasher.finalize().into())
    }
}

/// Coefficients of the polynomial with these values on the domain of 2^power elements.
fn interpolate(values: &[BigInt<4>], power: u32) -> Result<Vec<BigInt<4>>, SetupError> {
    // 128-bit numbers are below the modulus.
    let mut values: Vec<Fr> = values.iter().filter_map(|value| Fr::from_bigint(*value)).collect();
    domain(power)?.ifft_in_place(&mut values);
    Ok(values.iter().map(|value| value.into_bigint()).collect())
}

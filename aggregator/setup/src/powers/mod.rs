//! Phase one: powers of tau, which are the same for all circuits.
//!
//! Owns reading them from a `.ptau` file of snarkjs, checking them, and their Lagrange form over a domain. Does not own
//! making them with many parties: public ceremonies did that (e.g. the "perpetual powers of tau"). What is checked
//! here is that the powers are those of *some* tau, alpha and beta; that nobody knows these is what the transcript of
//! that ceremony says (`snarkjs powersoftau verify`), and no check of ours replaces it.

mod check;
mod lem;
mod ptau;
mod write;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective, g1, g2};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::One;
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use sha2::{Digest as _, Sha256};

use crate::SetupError;
use crate::fixed_base::FixedBase;
use crate::points::{g1_bytes, g2_bytes};
use crate::single::{Secrets, powers};

/// Largest power that is read: 2^28 rows, all that the scalar field has a domain for.
pub const MAX_POWER: u32 = 28;

/// Powers of tau for circuits of up to `2^power` rows: checked when read.
#[derive(Debug, Clone, PartialEq)]
pub struct PowersOfTau {
    power: u32,
    test_only: bool,
    /// tau^i, i from 0 to 2^(power + 1) − 2.
    pub(crate) tau_g1: Vec<G1Affine>,
    /// tau^i in G2, i below 2^power, as in the next two.
    pub(crate) tau_g2: Vec<G2Affine>,
    /// alpha·tau^i.
    pub(crate) alpha_tau_g1: Vec<G1Affine>,
    /// beta·tau^i.
    pub(crate) beta_tau_g1: Vec<G1Affine>,
    pub(crate) beta_g2: G2Affine,
    /// Of the domain of 2^power elements, where the source has it.
    lagrange: Option<Lagrange>,
}

/// L_i(tau) over a domain, and its multiples.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lagrange {
    pub(crate) tau_g1: Vec<G1Affine>,
    pub(crate) tau_g2: Vec<G2Affine>,
    pub(crate) alpha_tau_g1: Vec<G1Affine>,
    pub(crate) beta_tau_g1: Vec<G1Affine>,
}

impl PowersOfTau {
    /// Powers from a seed: whoever knows it can prove anything under any key made from them. TEST ONLY: keys made from
    /// them are [`Provenance::TestOnly`](crate::Provenance::TestOnly) however many parties contribute. Comes with its
    /// Lagrange form.
    ///
    /// # Errors
    /// [`SetupError::Power`] unless 1 ≤ `power` ≤ [`MAX_POWER`].
    pub fn test_only(power: u32, seed: &[u8]) -> Result<Self, SetupError> {
        Self::with_secrets(power, &Secrets::from_seed(seed))
    }

    pub(crate) fn with_secrets(power: u32, secrets: &Secrets) -> Result<Self, SetupError> {
        let Secrets { tau, alpha, beta, .. } = *secrets;
        let rows = 1 << in_range(power)?;
        let domain = domain(power)?;
        let (generator, generator_g2) = (G1Affine::generator(), G2Affine::generator());
        let table = FixedBase::<g1::Config>::new(generator, 7 * rows);
        let table_g2 = FixedBase::<g2::Config>::new(generator_g2, 2 * rows);
        let coefficients = domain.evaluate_all_lagrange_coefficients(tau);
        let scaled = |factor: Fr| coefficients.iter().map(|c| factor * c).collect::<Vec<_>>();
        Ok(Self {
            power,
            test_only: true,
            tau_g1: table.multiples(&powers(tau, Fr::one(), 2 * rows - 1)),
            tau_g2: table_g2.multiples(&powers(tau, Fr::one(), rows)),
            alpha_tau_g1: table.multiples(&powers(tau, alpha, rows)),
            beta_tau_g1: table.multiples(&powers(tau, beta, rows)),
            beta_g2: (generator_g2 * beta).into_affine(),
            lagrange: Some(Lagrange {
                tau_g1: table.multiples(&coefficients),
                tau_g2: table_g2.multiples(&coefficients),
                alpha_tau_g1: table.multiples(&scaled(alpha)),
                beta_tau_g1: table.multiples(&scaled(beta)),
            }),
        })
    }

    /// log2 of the rows that these powers suffice for.
    #[must_use]
    pub fn power(&self) -> u32 {
        self.power
    }

    /// Whether somebody is known to know the secrets.
    #[must_use]
    pub fn is_test_only(&self) -> bool {
        self.test_only
    }

    /// Whether the Lagrange form over 2^power rows came with them, so that a key for so many rows takes minutes, not
    /// hours.
    #[must_use]
    pub fn is_prepared(&self) -> bool {
        self.lagrange.is_some()
    }

    /// SHA-256 of the powers that circuits of 2^`power` rows depend on. The same for every file that has them: longer,
    /// prepared, or not.
    ///
    /// # Errors
    /// [`SetupError::Power`] if there are not so many powers.
    pub fn digest(&self, power: u32) -> Result<[u8; 32], SetupError> {
        let rows = self.rows(power)?;
        let mut hasher = Sha256::new_with_prefix(b"sheaf/setup/powers/v1");
        hasher.update(power.to_be_bytes());
        hasher.update([u8::from(self.test_only)]);
        for points in [&self.tau_g1[..2 * rows - 1], &self.alpha_tau_g1[..rows], &self.beta_tau_g1[..rows]] {
            points.iter().for_each(|point| hasher.update(g1_bytes(point)));
        }
        for point in self.tau_g2[..rows].iter().chain([&self.beta_g2]) {
            hasher.update(g2_bytes(point));
        }
        Ok(hasher.finalize().into())
    }

    /// 2^power, if these powers suffice for it.
    pub(crate) fn rows(&self, power: u32) -> Result<usize, SetupError> {
        if power > self.power {
            Err(SetupError::Power { min: power, max: MAX_POWER, got: self.power })
        } else {
            Ok(1 << power)
        }
    }

    /// The Lagrange form over 2^power rows: the one that came with the powers, or an inverse FFT in the groups, which
    /// takes about power/2 · 2^power scalar multiplications four times over.
    pub(crate) fn lagrange(
        &self,
        power: u32,
        progress: &dyn Fn(&str),
    ) -> Result<std::borrow::Cow<'_, Lagrange>, SetupError> {
        let rows = self.rows(power)?;
        if let (Some(lagrange), true) = (&self.lagrange, power == self.power) {
            return Ok(std::borrow::Cow::Borrowed(lagrange));
        }
        let domain = domain(power)?;
        let g1 = |points: &[G1Affine]| {
            let mut points: Vec<G1Projective> = points[..rows].iter().map(|p| p.into_group()).collect();
            domain.ifft_in_place(&mut points);
            G1Projective::normalize_batch(&points)
        };
        progress("Lagrange form of tau in G1");
        let tau_g1 = g1(&self.tau_g1);
        progress("Lagrange form of alpha·tau in G1");
        let alpha_tau_g1 = g1(&self.alpha_tau_g1);
        progress("Lagrange form of beta·tau in G1");
        let beta_tau_g1 = g1(&self.beta_tau_g1);
        progress("Lagrange form of tau in G2");
        let mut points: Vec<G2Projective> = self.tau_g2[..rows].iter().map(|p| p.into_group()).collect();
        domain.ifft_in_place(&mut points);
        let tau_g2 = G2Projective::normalize_batch(&points);
        Ok(std::borrow::Cow::Owned(Lagrange { tau_g1, tau_g2, alpha_tau_g1, beta_tau_g1 }))
    }
}

fn in_range(power: u32) -> Result<u32, SetupError> {
    // At least 1, so that tau itself is among the powers in G2.
    if (1..=MAX_POWER).contains(&power) {
        Ok(power)
    } else {
        Err(SetupError::Power { min: 1, max: MAX_POWER, got: power })
    }
}

pub(crate) fn domain(power: u32) -> Result<Radix2EvaluationDomain<Fr>, SetupError> {
    Radix2EvaluationDomain::new(1 << power).ok_or(SetupError::Power { min: 0, max: MAX_POWER, got: power })
}

//! Keys whose secrets come from one seed: whoever knows the seed can prove anything. TEST ONLY.

use ark_bn254::{Bn254, Fr, G1Affine, G2Affine, g1, g2};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{Field, Zero};
use ark_groth16::{ProvingKey, VerifyingKey};
use ark_poly::EvaluationDomain;
use rayon::prelude::*;

use crate::constraints::{ConstraintSystem, Matrix, Shape};
use crate::fixed_base::FixedBase;
use crate::hash::hash_to_field;
use crate::{Provenance, SetupError, SetupKey};

/// The secrets of a setup.
#[derive(Clone, Copy)]
pub(crate) struct Secrets {
    pub(crate) tau: Fr,
    pub(crate) alpha: Fr,
    pub(crate) beta: Fr,
    pub(crate) delta: Fr,
}

impl Secrets {
    pub(crate) fn from_seed(seed: &[u8]) -> Self {
        let scalar = |name: &[u8]| hash_to_field(b"sheaf/setup/single/v1", &[name, seed]);
        Self { tau: scalar(b"tau"), alpha: scalar(b"alpha"), beta: scalar(b"beta"), delta: scalar(b"delta") }
    }
}

/// Makes a key from a seed, the same key from the same seed. TEST ONLY: it is labelled [`Provenance::TestOnly`] for
/// good, and [`check_chain_id`](crate::check_chain_id) refuses it anywhere but on a local development chain.
///
/// Gamma is 1, as in keys of a ceremony. 2^21 rows take about a gigabyte of memory more than the circuit.
///
/// # Errors
/// [`SetupError::CircuitSize`], [`SetupError::NoConstantOne`] or [`SetupError::Entry`] for a malformed circuit;
/// [`SetupError::Degenerate`] if tau falls into the domain, which happens for no seed that anyone will find.
pub fn single_party(
    system: &dyn ConstraintSystem,
    seed: &[u8],
    progress: &dyn Fn(&str),
) -> Result<SetupKey, SetupError> {
    let key = generate(system, &Secrets::from_seed(seed), progress)?;
    Ok(SetupKey::new(key, system.digest(), Provenance::TestOnly))
}

/// The key of a circuit for given secrets, gamma being 1.
pub(crate) fn generate(
    system: &dyn ConstraintSystem,
    secrets: &Secrets,
    progress: &dyn Fn(&str),
) -> Result<ProvingKey<Bn254>, SetupError> {
    let shape = Shape::of(system)?;
    let Secrets { tau, alpha, beta, delta } = *secrets;
    let vanishing = shape.domain.evaluate_vanishing_polynomial(tau);
    let (Some(delta_inverse), false) = (delta.inverse(), vanishing.is_zero()) else {
        return Err(SetupError::Degenerate);
    };

    progress("evaluating the circuit's polynomials");
    let lagrange = shape.domain.evaluate_all_lagrange_coefficients(tau);
    let evaluate = |matrix| {
        let mut column = vec![Fr::zero(); shape.num_variables()];
        shape.visit(system, matrix, |row, variable, coefficient| {
            column[variable] += lagrange[row] * coefficient;
        })?;
        Ok::<_, SetupError>(column)
    };
    let (a, b, mut l) = (evaluate(Matrix::A)?, evaluate(Matrix::B)?, evaluate(Matrix::C)?);
    drop(lagrange);
    l.par_iter_mut().zip(&a).zip(&b).for_each(|((l, a), b)| *l += beta * a + alpha * b);
    l[shape.num_instance..].par_iter_mut().for_each(|l| *l *= delta_inverse);

    progress("B in G2");
    let (g1, g2) = (G1Affine::generator(), G2Affine::generator());
    let b_g2_query = FixedBase::<g2::Config>::new(g2, b.len()).multiples(&b);
    let table = FixedBase::<g1::Config>::new(g1, 3 * a.len() + shape.rows());
    progress("B in G1");
    let b_g1_query = table.multiples(&b);
    drop(b);
    progress("A");
    let a_query = table.multiples(&a);
    drop(a);
    progress("L");
    let gamma_abc_g1 = table.multiples(&l[..shape.num_instance]);
    let l_query = table.multiples(&l[shape.num_instance..]);
    drop(l);
    progress("H");
    // One less than rows: the quotient's degree is at most rows − 2.
    let h_query = table.multiples(&powers(tau, vanishing * delta_inverse, shape.rows() - 1));

    Ok(ProvingKey {
        vk: VerifyingKey {
            alpha_g1: (g1 * alpha).into_affine(),
            beta_g2: (g2 * beta).into_affine(),
            gamma_g2: g2,
            delta_g2: (g2 * delta).into_affine(),
            gamma_abc_g1,
        },
        beta_g1: (g1 * beta).into_affine(),
        delta_g1: (g1 * delta).into_affine(),
        a_query,
        b_g1_query,
        b_g2_query,
        h_query,
        l_query,
    })
}

/// `factor · base^i` for i below `count`.
pub(crate) fn powers(base: Fr, factor: Fr, count: usize) -> Vec<Fr> {
    let mut power = factor;
    (0..count)
        .map(|_| {
            let this = power;
            power *= base;
            this
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use ark_groth16::Groth16;
    use ark_groth16::r1cs_to_qap::LibsnarkReduction;
    use ark_snark::SNARK;
    use ark_std::rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::testing::Circuit;

    type Ark = Groth16<Bn254, LibsnarkReduction>;

    /// arkworks' own key for the same secrets. It draws tau last, from a generator that we can copy.
    fn ark_key(circuit: &Circuit, secrets: &Secrets) -> (ProvingKey<Bn254>, Fr) {
        let shape = Shape::of(&circuit.system).unwrap();
        let tau = shape.domain.sample_element_outside_domain(&mut StdRng::seed_from_u64(9));
        let key = Ark::generate_parameters_with_qap(
            circuit,
            secrets.alpha,
            secrets.beta,
            Fr::from(1u64),
            secrets.delta,
            G1Affine::generator().into_group(),
            G2Affine::generator().into_group(),
            &mut StdRng::seed_from_u64(9),
        );
        (key.unwrap(), tau)
    }

    #[test]
    fn the_key_is_that_of_arkworks() {
        // Domains that are just full, just over, and of one public input or many.
        for (constraints, instance) in [(0, 1), (1, 1), (5, 3), (30, 2), (31, 2), (100, 28), (100, 29)] {
            let circuit = Circuit::new(constraints, instance, 7);
            let mut secrets = Secrets::from_seed(b"arkworks");
            let (expected, tau) = ark_key(&circuit, &secrets);
            secrets.tau = tau;
            for system in [&circuit.system, &circuit.ark_matrices()] {
                let key = generate(system, &secrets, &|_| ()).unwrap();
                assert_eq!(key, expected, "{constraints} constraints, {instance} instance variables");
            }
        }
    }

    #[test]
    fn arkworks_proves_and_verifies_with_the_key() {
        let circuit = Circuit::new(50, 4, 1);
        let key = single_party(&circuit.system, b"seed", &|_| ()).unwrap();
        let mut rng = StdRng::seed_from_u64(0);
        let proof = Ark::prove(key.proving_key(), &circuit, &mut rng).unwrap();
        assert!(Ark::verify(key.verifying_key(), circuit.inputs(), &proof).unwrap());
        let mut wrong = circuit.inputs().to_vec();
        wrong[1] += Fr::from(1u64);
        assert!(!Ark::verify(key.verifying_key(), &wrong, &proof).unwrap());
    }

    #[test]
    fn a_seed_gives_one_key_labelled_for_tests() {
        let circuit = Circuit::new(20, 2, 1);
        let key = single_party(&circuit.system, b"seed", &|_| ()).unwrap();
        assert_eq!(key, single_party(&circuit.system, b"seed", &|_| ()).unwrap());
        assert_eq!(key.provenance(), Provenance::TestOnly);
        assert_eq!(crate::check_chain_id(&key.provenance(), 1).unwrap_err().code(), "SH-SET-010");
        let other = single_party(&circuit.system, b"sees", &|_| ()).unwrap();
        let (vk, other) = (key.verifying_key(), other.verifying_key());
        assert_ne!(vk.alpha_g1, other.alpha_g1);
        assert_ne!(vk.beta_g2, other.beta_g2);
        assert_ne!(vk.delta_g2, other.delta_g2);
        assert_ne!(vk.gamma_abc_g1, other.gamma_abc_g1);
    }

    #[test]
    fn degenerate_secrets_are_refused() {
        let circuit = Circuit::new(20, 2, 1);
        let good = Secrets::from_seed(b"seed");
        let root = Shape::of(&circuit.system).unwrap().domain.element(3);
        for secrets in [Secrets { delta: Fr::zero(), ..good }, Secrets { tau: root, ..good }] {
            let error = generate(&circuit.system, &secrets, &|_| ()).unwrap_err();
            assert!(matches!(error, SetupError::Degenerate));
        }
    }
}

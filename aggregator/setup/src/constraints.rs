//! The circuits that keys are made for.

use ark_bn254::Fr;
use ark_ff::{BigInteger, PrimeField, Zero};
use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
use sha2::{Digest as _, Sha256};

use crate::SetupError;

/// Most variables, and most constraints and instance variables together. The field has no larger domain than 2^28, and
/// powers of tau reach twice the domain.
pub const MAX_SIZE: usize = 1 << 27;

/// One of the matrices of `(A·z) ∘ (B·z) = C·z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Matrix {
    /// Left factors.
    A,
    /// Right factors.
    B,
    /// Products.
    C,
}

impl Matrix {
    /// All three, in order.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::C];
}

/// A rank-1 constraint system over the scalar field of BN254.
///
/// Variables are numbered as arkworks numbers them: 0 is the constant one, then the other instance variables, then the
/// witness. Every call has to give the same answers: a key is made in several passes.
pub trait ConstraintSystem: Sync {
    /// Instance variables, the leading one included: at least 1.
    fn num_instance(&self) -> usize;

    /// Witness variables.
    fn num_witness(&self) -> usize;

    /// Constraints: rows of each matrix.
    fn num_constraints(&self) -> usize;

    /// Calls `visit(row, variable, coefficient)` for every entry of a matrix, row by row. A variable may occur in a row
    /// more than once; its coefficients add up.
    fn for_each(&self, matrix: Matrix, visit: &mut dyn FnMut(usize, usize, Fr));

    /// What the circuit is called in key files and transcripts: by default the SHA-256 of its sizes and of all entries
    /// in the order in which they are visited. An implementor that answers something else has to make sure that two
    /// circuits never share a digest.
    fn digest(&self) -> [u8; 32] {
        constraint_digest(self)
    }
}

/// Matrices in the layout of arkworks: per row, pairs of coefficient and variable.
#[derive(Debug, Clone)]
pub struct ArkMatrices {
    /// Instance variables, the leading one included.
    pub num_instance: usize,
    /// Witness variables.
    pub num_witness: usize,
    /// A, B and C, of as many rows each.
    pub matrices: [Vec<Vec<(Fr, usize)>>; 3],
}

impl ConstraintSystem for ArkMatrices {
    fn num_instance(&self) -> usize {
        self.num_instance
    }

    fn num_witness(&self) -> usize {
        self.num_witness
    }

    fn num_constraints(&self) -> usize {
        self.matrices.iter().map(Vec::len).max().unwrap_or(0)
    }

    fn for_each(&self, matrix: Matrix, visit: &mut dyn FnMut(usize, usize, Fr)) {
        for (row, entries) in self.matrices[matrix as usize].iter().enumerate() {
            for &(coefficient, variable) in entries {
                visit(row, variable, coefficient);
            }
        }
    }
}

/// The default of [`ConstraintSystem::digest`].
///
/// SHA-256 of `sheaf/setup/circuit/v1`, the three sizes as big-endian u64, then for A, B and C every entry as 1, row and
/// variable (u64 each) and 32 bytes of coefficient, closed by a 0; all integers big-endian.
#[must_use]
pub fn constraint_digest<S: ConstraintSystem + ?Sized>(system: &S) -> [u8; 32] {
    let mut hasher = Sha256::new_with_prefix(b"sheaf/setup/circuit/v1");
    for size in [system.num_instance(), system.num_witness(), system.num_constraints()] {
        hasher.update((size as u64).to_be_bytes());
    }
    for matrix in Matrix::ALL {
        system.for_each(matrix, &mut |row, variable, coefficient| {
            let mut entry = [1; 49];
            entry[1..9].copy_from_slice(&(row as u64).to_be_bytes());
            entry[9..17].copy_from_slice(&(variable as u64).to_be_bytes());
            entry[17..].copy_from_slice(&coefficient.into_bigint().to_bytes_be());
            hasher.update(entry);
        });
        hasher.update([0]);
    }
    hasher.finalize().into()
}

/// The sizes of a circuit, checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) num_instance: usize,
    pub(crate) num_witness: usize,
    pub(crate) num_constraints: usize,
    /// Rows of the QAP: constraints, then a row per instance variable that keeps the A polynomials of the instance
    /// independent, as in arkworks' `LibsnarkReduction`.
    pub(crate) domain: Radix2EvaluationDomain<Fr>,
}

impl Shape {
    pub(crate) fn of(system: &dyn ConstraintSystem) -> Result<Self, SetupError> {
        let (num_instance, num_witness) = (system.num_instance(), system.num_witness());
        let num_constraints = system.num_constraints();
        let limit = |what, got| {
            if got > MAX_SIZE { Err(SetupError::CircuitSize { what, max: MAX_SIZE, got }) } else { Ok(()) }
        };
        limit("instance variables", num_instance)?;
        limit("variables", num_instance.saturating_add(num_witness))?;
        limit("rows", num_constraints.saturating_add(num_instance))?;
        if num_instance == 0 {
            return Err(SetupError::NoConstantOne);
        }
        let rows = num_constraints + num_instance;
        let domain = Radix2EvaluationDomain::new(rows).ok_or(SetupError::CircuitSize {
            what: "rows",
            max: MAX_SIZE,
            got: rows,
        })?;
        Ok(Self { num_instance, num_witness, num_constraints, domain })
    }

    /// Variables, the constant one included.
    pub(crate) fn num_variables(&self) -> usize {
        self.num_instance + self.num_witness
    }

    /// Rows of the QAP: a power of two.
    pub(crate) fn rows(&self) -> usize {
        self.domain.size()
    }

    /// log2 of [`Self::rows`].
    pub(crate) fn power(&self) -> u32 {
        self.rows().trailing_zeros()
    }

    /// Visits the entries of a matrix of the QAP that are not zero, the rows of the instance included.
    pub(crate) fn visit(
        &self,
        system: &dyn ConstraintSystem,
        matrix: Matrix,
        mut visit: impl FnMut(usize, usize, Fr),
    ) -> Result<(), SetupError> {
        let mut fault = None;
        let variables = self.num_variables();
        system.for_each(matrix, &mut |row, variable, coefficient| {
            if row >= self.num_constraints || variable >= variables {
                fault.get_or_insert(SetupError::Entry {
                    matrix,
                    row,
                    rows: self.num_constraints,
                    variable,
                    variables,
                });
            } else if !coefficient.is_zero() {
                visit(row, variable, coefficient);
            }
        });
        if let Some(fault) = fault {
            return Err(fault);
        }
        if matrix == Matrix::A {
            for variable in 0..self.num_instance {
                visit(self.num_constraints + variable, variable, Fr::from(1u64));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Circuit;

    #[test]
    fn every_entry_and_size_enters_the_digest() {
        let system = Circuit::new(6, 2, 3).system;
        let parts = |s: &ArkMatrices| (s.num_instance, s.num_witness, s.matrices.clone());
        let mut seen = vec![(parts(&system), system.digest())];
        let mut differs = |changed: ArkMatrices| {
            let (parts, digest) = (parts(&changed), changed.digest());
            // Of two equal entries in a row, it is the same circuit whichever goes.
            for (other, others) in &seen {
                assert_eq!(parts == *other, digest == *others);
            }
            seen.push((parts, digest));
        };
        differs(ArkMatrices { num_instance: 3, ..system.clone() });
        differs(ArkMatrices { num_witness: system.num_witness + 1, ..system.clone() });
        for matrix in 0..3 {
            for row in 0..6 {
                for entry in 0..system.matrices[matrix][row].len() {
                    let mut changed = system.clone();
                    changed.matrices[matrix][row][entry].0 += Fr::from(1u64);
                    differs(changed);
                    let mut changed = system.clone();
                    changed.matrices[matrix][row][entry].1 += 1;
                    differs(changed);
                    let mut changed = system.clone();
                    changed.matrices[matrix][row].remove(entry);
                    differs(changed);
                }
            }
        }
        // An empty row more.
        let mut changed = system.clone();
        changed.matrices[0].push(vec![]);
        differs(changed);
        // A row that moves from one matrix into the next.
        let mut changed = system.clone();
        let row = changed.matrices[0].pop().unwrap();
        changed.matrices[1].insert(0, row);
        differs(changed);
    }

    #[test]
    fn malformed_circuits_are_refused() {
        let good = Circuit::new(6, 2, 3).system;
        let code = |system: &ArkMatrices| crate::single_party(system, b"", &|_| ()).unwrap_err().code();
        let mut changed = good.clone();
        changed.matrices[2][5].push((Fr::from(1u64), good.num_instance + good.num_witness));
        assert_eq!(code(&changed), "SH-SET-003");
        assert_eq!(code(&ArkMatrices { num_instance: 0, ..good.clone() }), "SH-SET-002");
        assert_eq!(code(&ArkMatrices { num_witness: usize::MAX, ..good.clone() }), "SH-SET-001");
        assert_eq!(code(&ArkMatrices { num_instance: usize::MAX, ..good }), "SH-SET-001");
    }
}

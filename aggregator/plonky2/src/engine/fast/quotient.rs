//! The quotient of all constraints by the vanishing polynomial of the trace domain.
//!
//! Constraints are evaluated at `2^q·n` points, `q` bits being what their degree needs, even where the rate is lower.
//! In bit-reversed order these points are a prefix of every column, so batches of rows are copied, not gathered; the
//! rows of the circuit's own commitment come from plonky2 and are transposed batch by batch.

use plonky2::field::packed::PackedField;
use plonky2::field::types::Field;
use plonky2::hash::hash_types::HashOut;
use plonky2::util::log2_ceil;
use rayon::prelude::*;

use super::columns::Columns;
use super::gates::{BATCH, Gates, Row, Selectors, row};
use super::ntt::{Domain, Packed, points, reverse_bits};
use super::{Circuit, EngineError, F};

/// What the verifier has drawn by now.
pub(super) struct Challenges<'a> {
    pub(super) betas: &'a [F],
    pub(super) gammas: &'a [F],
    pub(super) alphas: &'a [F],
}

/// The quotient's coefficients, `quotient_degree_factor` columns a challenge.
///
/// # Errors
/// [`EngineError::Unsatisfied`] where the degree alone shows that some constraint does not vanish.
pub(super) fn quotient(
    circuit: &Circuit,
    selectors: &Selectors,
    public_inputs_hash: &HashOut<F>,
    wires: &Columns,
    zs: &Columns,
    challenges: &Challenges<'_>,
) -> Result<Columns, EngineError> {
    let common = &circuit.common;
    let factor = common.quotient_degree_factor;
    let bits = common.degree_bits() + log2_ceil(factor);
    let points = Points::new(common.degree_bits(), log2_ceil(factor));
    let gates = Gates::new(common, selectors);
    let task = Task { circuit, gates, public_inputs_hash, wires, zs, challenges, points };
    let mut values = Columns::zeros(challenges.alphas.len(), 1 << bits);
    let batches: Vec<Vec<F>> = (0..(1 << bits) / BATCH)
        .into_par_iter()
        .map_init(|| Scratch::new(circuit), |scratch, batch| task.evaluate(scratch, batch * BATCH))
        .collect();
    let domain = Domain::new(bits, F::coset_shift());
    values.par_iter_mut().enumerate().for_each(|(c, column)| {
        for (out, batch) in column.chunks_exact_mut(BATCH).zip(&batches) {
            out.copy_from_slice(&batch[c * BATCH..][..BATCH]);
        }
        domain.interpolate(column);
    });
    split(values, common.degree(), factor)
}

/// Cuts each polynomial of less than `degree · factor` coefficients into `factor` columns.
fn split(coeffs: Columns, degree: usize, factor: usize) -> Result<Columns, EngineError> {
    let kept = degree * factor;
    let mut flat = Vec::with_capacity(coeffs.count() * kept);
    for column in coeffs.iter() {
        let (quotient, excess) = column.split_at(kept);
        if excess.iter().any(Field::is_nonzero) {
            return Err(EngineError::Unsatisfied);
        }
        flat.extend_from_slice(quotient);
    }
    Ok(Columns::from_flat(flat, degree))
}

/// The evaluation points and what depends on nothing else.
struct Points {
    xs: Vec<F>,
    /// L_0 at every point.
    l_0: Vec<F>,
    /// 1 / Z_H, which takes one value on each run of `n` points.
    z_h_inverse: Vec<F>,
    degree_bits: usize,
}

impl Points {
    fn new(degree_bits: usize, quotient_bits: usize) -> Self {
        let shift = F::coset_shift();
        let n = F::from_canonical_usize(1 << degree_bits);
        let xs = points(degree_bits + quotient_bits, shift);
        // x^n over the runs is itself a small coset, in bit-reversed order.
        let z_h: Vec<F> = points(quotient_bits, shift.exp_power_of_2(degree_bits))
            .into_iter()
            .map(|x_to_n| x_to_n - F::ONE)
            .collect();
        let l_0 = xs
            .par_chunks(1 << degree_bits)
            .zip(&z_h)
            .flat_map_iter(|(xs, &z_h)| {
                let denominators: Vec<F> = xs.iter().map(|&x| n * (x - F::ONE)).collect();
                F::batch_multiplicative_inverse(&denominators).into_iter().map(move |inverse| z_h * inverse)
            })
            .collect();
        Self { xs, l_0, z_h_inverse: F::batch_multiplicative_inverse(&z_h), degree_bits }
    }

    /// The position of `g·x`, for `x` at position `p`.
    fn next(&self, p: usize) -> usize {
        let (run, offset) = (p >> self.degree_bits, p & ((1 << self.degree_bits) - 1));
        let row = (reverse_bits(offset, self.degree_bits) + 1) & ((1 << self.degree_bits) - 1);
        run << self.degree_bits | reverse_bits(row, self.degree_bits)
    }
}

/// Buffers of one thread, column after column of [`BATCH`] values.
struct Scratch {
    constants: Vec<F>,
    sigmas: Vec<F>,
    wires: Vec<F>,
    gates: Vec<F>,
}

impl Scratch {
    fn new(circuit: &Circuit) -> Self {
        let common = &circuit.common;
        let columns = |n: usize| vec![F::ZERO; n * BATCH];
        Self {
            constants: columns(common.num_constants),
            sigmas: columns(common.config.num_routed_wires),
            wires: columns(common.config.num_wires),
            gates: columns(common.num_gate_constraints),
        }
    }
}

struct Task<'a> {
    circuit: &'a Circuit,
    gates: Gates<'a>,
    public_inputs_hash: &'a HashOut<F>,
    wires: &'a Columns,
    zs: &'a Columns,
    challenges: &'a Challenges<'a>,
    points: Points,
}

impl Task<'_> {
    /// Quotients at [`BATCH`] points from position `first` on, challenge by challenge.
    fn evaluate(&self, scratch: &mut Scratch, first: usize) -> Vec<F> {
        self.load(scratch, first);
        self.gates.evaluate(&scratch.constants, &scratch.wires, self.public_inputs_hash, &mut scratch.gates);
        let mut sums = vec![[Packed::ZEROS; BATCH / Packed::WIDTH]; self.challenges.alphas.len()];
        // Horner's rule from the last term to the first: gates, products, Z(1) = 1; see `eval_vanishing_poly`.
        for constraint in scratch.gates.chunks_exact(BATCH).rev() {
            self.absorb(&mut sums, &row(constraint));
        }
        let products: Vec<Row> = self.product_checks(scratch, first);
        for term in products.iter().rev() {
            self.absorb(&mut sums, term);
        }
        let l_0 = row(&self.points.l_0[first..][..BATCH]);
        for c in (0..self.challenges.alphas.len()).rev() {
            let z = row(&self.zs.column(c)[first..][..BATCH]);
            self.absorb(&mut sums, &std::array::from_fn(|v| l_0[v] * (z[v] - F::ONE)));
        }
        let z_h_inverse = Packed::from(self.points.z_h_inverse[first >> self.points.degree_bits]);
        sums.iter().flatten().flat_map(|&sum| (sum * z_h_inverse).as_slice().to_vec()).collect()
    }

    #[inline(always)]
    fn absorb(&self, sums: &mut [Row], term: &Row) {
        for (sum, &alpha) in sums.iter_mut().zip(self.challenges.alphas) {
            let alpha = Packed::from(alpha);
            for (sum, &term) in sum.iter_mut().zip(term) {
                *sum = *sum * alpha + term;
            }
        }
    }

    fn load(&self, scratch: &mut Scratch, first: usize) {
        for (out, column) in scratch.wires.chunks_exact_mut(BATCH).zip(self.wires.iter()) {
            out.copy_from_slice(&column[first..][..BATCH]);
        }
        let rows = &self.circuit.prover_only.constants_sigmas_commitment.merkle_tree.leaves[first..][..BATCH];
        for (k, row) in rows.iter().enumerate() {
            let (constants, sigmas) = row.split_at(self.circuit.common.num_constants);
            for (out, &x) in scratch.constants.chunks_exact_mut(BATCH).zip(constants) {
                out[k] = x;
            }
            for (out, &x) in scratch.sigmas.chunks_exact_mut(BATCH).zip(sigmas) {
                out[k] = x;
            }
        }
    }

    /// For each challenge and chunk of wires: previous product · numerators − next product · denominators.
    fn product_checks(&self, scratch: &Scratch, first: usize) -> Vec<Row> {
        let common = &self.circuit.common;
        let (count, products) = (self.challenges.betas.len(), common.num_partial_products);
        let chunk = common.quotient_degree_factor;
        let xs = row(&self.points.xs[first..][..BATCH]);
        let next: [usize; BATCH] = std::array::from_fn(|k| self.points.next(first + k));
        let mut checks = Vec::with_capacity(count * (products + 1));
        for (c, (&beta, &gamma)) in self.challenges.betas.iter().zip(self.challenges.gammas).enumerate() {
            let product = |j: usize| row(&self.zs.column(count + c * products + j)[first..][..BATCH]);
            let mut previous = row(&self.zs.column(c)[first..][..BATCH]);
            for j in 0..=products {
                let after = if j < products {
                    product(j)
                } else {
                    let z = self.zs.column(c);
                    row(&next.map(|p| z[p]))
                };
                let (mut numerator, mut denominator) = (previous, after);
                for w in j * chunk..((j + 1) * chunk).min(common.config.num_routed_wires) {
                    let wire = row(&scratch.wires[w * BATCH..][..BATCH]);
                    let sigma = row(&scratch.sigmas[w * BATCH..][..BATCH]);
                    let shift = beta * common.k_is[w];
                    for v in 0..BATCH / Packed::WIDTH {
                        let w = wire[v] + gamma;
                        numerator[v] *= w + xs[v] * shift;
                        denominator[v] *= w + sigma[v] * beta;
                    }
                }
                checks.push(std::array::from_fn(|v| numerator[v] - denominator[v]));
                previous = after;
            }
        }
        checks
    }
}

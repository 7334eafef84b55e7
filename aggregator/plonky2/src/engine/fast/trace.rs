//! Columns of the execution trace: wires, and the running products of the permutation argument.
//!
//! Rows are in bit-reversed order, ready for [`super::ntt::Domain::interpolate`].

use plonky2::field::packed::PackedField;
use plonky2::field::types::Field;
use plonky2::iop::witness::PartitionWitness;
use rayon::prelude::*;

use super::columns::Columns;
use super::ntt::{Packed, points, reverse_bits};
use super::{Circuit, F};

/// Rows that are worked on together: a few vectors, and one allocation's worth of scratch a task.
const BATCH: usize = 32;
/// Wires gathered together, a cache line of representatives.
const GATHERED: usize = 8;

/// The value of every wire at every row, zero where the witness has none.
pub(super) fn wires(circuit: &Circuit, witness: &PartitionWitness<'_, F>) -> Columns {
    let (degree_bits, rows, columns) =
        (circuit.common.degree_bits(), witness.degree, circuit.common.config.num_wires);
    let mut wires = Columns::zeros(columns, rows);
    // The witness is in rows: a few columns at a time make use of the cache lines they share.
    wires.par_pieces_mut(GATHERED * rows).enumerate().for_each(|(group, out)| {
        let first = group * GATHERED;
        let width = out.len() / rows;
        for row in 0..rows {
            let p = reverse_bits(row, degree_bits);
            let targets = &witness.representative_map[row * columns + first..][..width];
            for (c, &target) in targets.iter().enumerate() {
                out[c * rows + p] = witness.values[target].unwrap_or(F::ZERO);
            }
        }
    });
    wires
}

/// For each challenge Z; then, challenge by challenge, the products between Z(x) and Z(gx). plonky2 section 5.3.1.
pub(super) fn permutation(circuit: &Circuit, wires: &Columns, betas: &[F], gammas: &[F]) -> Columns {
    let common = &circuit.common;
    let (rows, degree_bits, challenges) = (common.degree(), common.degree_bits(), betas.len());
    let products = common.num_partial_products;
    let mut columns = Columns::zeros(challenges * (1 + products), rows);

    // Ratios first, in the place of what they're multiplied up to: column by column over chunks of wires.
    let ratios = chunk_ratios(circuit, wires, betas, gammas);
    for (c, ratios) in ratios.iter().enumerate() {
        let mut z = F::ONE;
        let mut zs = vec![F::ZERO; rows];
        for row in 0..rows {
            let p = reverse_bits(row, degree_bits);
            zs[p] = z;
            z *= ratios.column(products)[p];
        }
        columns
            .par_iter_mut()
            .enumerate()
            .filter(|&(i, _)| i == c || (i >= challenges && (i - challenges) / products == c))
            .for_each(|(i, out)| {
                if i == c {
                    out.copy_from_slice(&zs);
                } else {
                    let prefix = ratios.column((i - challenges) % products);
                    for ((out, z), q) in pack_mut(out).iter_mut().zip(pack(&zs)).zip(pack(prefix)) {
                        *out = *z * *q;
                    }
                }
            });
    }
    columns
}

/// For each challenge and row: products of numerator over denominator of the permutation argument, up to and including
/// each chunk of `quotient_degree_factor` wires.
fn chunk_ratios(circuit: &Circuit, wires: &Columns, betas: &[F], gammas: &[F]) -> Vec<Columns> {
    let (common, prover) = (&circuit.common, &circuit.prover_only);
    let (rows, degree_bits, routed) = (common.degree(), common.degree_bits(), common.config.num_routed_wires);
    let chunks = common.num_partial_products + 1;
    let xs = points(degree_bits, F::ONE);
    let batch = BATCH.min(rows);
    // Per batch: chunks × batch ratios of each challenge.
    let batches: Vec<Vec<F>> = (0..rows / batch)
        .into_par_iter()
        .map(|b| {
            let positions = b * batch..(b + 1) * batch;
            let mut sigmas = vec![F::ZERO; routed * batch];
            for (k, p) in positions.clone().enumerate() {
                for (j, &sigma) in prover.sigmas[reverse_bits(p, degree_bits)].iter().enumerate() {
                    sigmas[j * batch + k] = sigma;
                }
            }
            let mut out = Vec::with_capacity(betas.len() * chunks * batch);
            for (&beta, &gamma) in betas.iter().zip(gammas) {
                let (numerators, denominators) = chunk_products(
                    circuit,
                    wires,
                    &sigmas,
                    &xs[positions.clone()],
                    positions.start,
                    beta,
                    gamma,
                );
                let start = out.len();
                out.extend(F::batch_multiplicative_inverse(&denominators));
                for (q, n) in pack_mut(&mut out[start..]).iter_mut().zip(pack(&numerators)) {
                    *q *= *n;
                }
                for j in 1..chunks {
                    let (done, rest) = out[start + (j - 1) * batch..].split_at_mut(batch);
                    for (q, previous) in pack_mut(&mut rest[..batch]).iter_mut().zip(pack(done)) {
                        *q *= *previous;
                    }
                }
            }
            out
        })
        .collect();
    (0..betas.len())
        .map(|c| {
            let mut ratios = Columns::zeros(chunks, rows);
            ratios.par_iter_mut().enumerate().for_each(|(j, column)| {
                for (out, ratios) in column.chunks_exact_mut(batch).zip(&batches) {
                    out.copy_from_slice(&ratios[(c * chunks + j) * batch..][..batch]);
                }
            });
            ratios
        })
        .collect()
}

/// Products over each chunk of wires of `w + β·k·x + γ` and of `w + β·σ + γ`, for a batch of rows from `first` on.
fn chunk_products(
    circuit: &Circuit,
    wires: &Columns,
    sigmas: &[F],
    xs: &[F],
    first: usize,
    beta: F,
    gamma: F,
) -> (Vec<F>, Vec<F>) {
    let common = &circuit.common;
    let batch = xs.len();
    let chunk = common.quotient_degree_factor;
    let size = (common.num_partial_products + 1) * batch;
    let (mut numerators, mut denominators) = (vec![F::ONE; size], vec![F::ONE; size]);
    for j in 0..common.config.num_routed_wires {
        let place = j / chunk * batch..(j / chunk + 1) * batch;
        let shift = beta * common.k_is[j];
        let terms = pack(&wires.column(j)[first..first + batch])
            .iter()
            .zip(pack(&sigmas[j * batch..(j + 1) * batch]))
            .zip(pack(xs));
        let products =
            pack_mut(&mut numerators[place.clone()]).iter_mut().zip(pack_mut(&mut denominators[place]));
        for (((&w, &sigma), &x), (n, d)) in terms.zip(products) {
            let w = w + gamma;
            *n *= w + x * shift;
            *d *= w + sigma * beta;
        }
    }
    (numerators, denominators)
}

fn pack(slice: &[F]) -> &[Packed] {
    Packed::pack_slice(slice)
}

fn pack_mut(slice: &mut [F]) -> &mut [Packed] {
    Packed::pack_slice_mut(slice)
}

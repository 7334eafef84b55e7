//! Gate constraints over a batch of points.
//!
//! plonky2 evaluates most of the gates of its recursive verifier one point at a time. The ones that matter are written
//! anew here over vectors of points ([`poseidon`], [`extension`]); the others, custom ones included, run their own
//! `eval_unfiltered_base_batch`. A gate is recognised by its type, and wires are where plonky2 1.1.0 puts them. Were
//! they elsewhere one day, proofs would fail [`super::check`], which goes through plonky2's code, and not go out.

mod extension;
mod poseidon;

use std::ops::Range;

use plonky2::field::packed::PackedField;
use plonky2::field::types::Field;
use plonky2::gates::gate::{AnyGate, GateRef};
use plonky2::hash::hash_types::HashOut;
use plonky2::plonk::circuit_data::CommonCircuitData;
use plonky2::plonk::vars::EvaluationVarsBaseBatch;
use serde::Deserialize;

use super::ntt::Packed;
use super::{D, EngineError, F, NAME};

/// Points evaluated together. plonky2's value; the scratch of a batch fits the L2 cache.
pub(super) const BATCH: usize = 32;
/// A vector for each few points of a batch.
pub(super) type Row = [Packed; BATCH / Packed::WIDTH];

/// plonky2's filter for circuits with several selectors: rows of other groups have this value (`UNUSED_SELECTOR`).
const UNUSED: u32 = u32::MAX;

/// [`BATCH`] values as vectors.
#[inline(always)]
pub(super) fn row(values: &[F]) -> Row {
    let packed = Packed::pack_slice(values);
    std::array::from_fn(|v| packed[v])
}

/// plonky2's `SelectorsInfo`, whose fields are private and whose `Serialize` is not.
#[derive(Debug, Deserialize)]
pub(super) struct Selectors {
    /// For each gate, the constant column that selects it.
    selector_indices: Vec<usize>,
    /// For each selector, the gates it tells apart.
    groups: Vec<Range<usize>>,
}

impl Selectors {
    pub(super) fn of(common: &CommonCircuitData<F, D>) -> Result<Self, EngineError> {
        serde_json::to_value(&common.selectors_info)
            .and_then(serde_json::from_value)
            .map_err(|error| EngineError::Prover { engine: NAME, source: error.into() })
    }

    /// The selector's column and its group for a gate.
    pub(super) fn of_gate(&self, gate: usize) -> (usize, Range<usize>) {
        let selector = self.selector_indices[gate];
        (selector, self.groups[selector].clone())
    }

    /// Zero wherever the gate at `index` isn't, for a batch of `constants`.
    fn filter(&self, index: usize, constants: &[F]) -> Row {
        let (selector, group) = self.of_gate(index);
        let unused = (self.groups.len() > 1).then_some(F::from_canonical_u32(UNUSED));
        let others = group.filter(|&i| i != index).map(F::from_canonical_usize).chain(unused);
        let selector = row(&constants[selector * BATCH..][..BATCH]);
        others.fold([Packed::ONES; BATCH / Packed::WIDTH], |filter, other| {
            let other = Packed::from(other);
            std::array::from_fn(|v| filter[v] * (other - selector[v]))
        })
    }
}

/// Values of a batch of points: wires, and the constants that belong to gates. Column after column.
#[derive(Clone, Copy)]
struct Points<'a> {
    constants: &'a [F],
    wires: &'a [F],
}

impl Points<'_> {
    #[inline(always)]
    fn wire(&self, i: usize) -> Row {
        row(&self.wires[i * BATCH..][..BATCH])
    }
}

/// Sums of constraints over gates, each gate's filtered. Constraints come in plonky2's order.
struct Sums<'a> {
    sums: std::slice::ChunksExactMut<'a, F>,
    filter: Row,
}

impl Sums<'_> {
    #[inline(always)]
    fn add(&mut self, constraint: &Row) {
        if let Some(sum) = self.sums.next() {
            for ((sum, &filter), &c) in
                Packed::pack_slice_mut(sum).iter_mut().zip(&self.filter).zip(constraint)
            {
                *sum += filter * c;
            }
        }
    }
}

/// A gate written over vectors of points.
trait VectorGate: Sync {
    fn evaluate(&self, points: Points<'_>, sums: &mut Sums<'_>);
}

/// How to evaluate each of a circuit's gates.
pub(super) struct Gates<'a> {
    common: &'a CommonCircuitData<F, D>,
    selectors: &'a Selectors,
    vectorised: Vec<Option<Box<dyn VectorGate>>>,
}

impl<'a> Gates<'a> {
    pub(super) fn new(common: &'a CommonCircuitData<F, D>, selectors: &'a Selectors) -> Self {
        Self { common, selectors, vectorised: common.gates.iter().map(recognise).collect() }
    }

    /// Constraint `j` of every gate times its filter, summed over gates, into column `j` of `sums`.
    pub(super) fn evaluate(
        &self,
        constants: &[F],
        wires: &[F],
        public_inputs_hash: &HashOut<F>,
        sums: &mut [F],
    ) {
        sums.fill(F::ZERO);
        let own = self.common.selectors_info.num_selectors() + self.common.num_lookup_selectors;
        let points = Points { constants: &constants[own * BATCH..], wires };
        for (i, (gate, vectorised)) in self.common.gates.iter().zip(&self.vectorised).enumerate() {
            let filter = self.selectors.filter(i, constants);
            let mut sums = Sums { sums: sums.chunks_exact_mut(BATCH), filter };
            if let Some(gate) = vectorised {
                gate.evaluate(points, &mut sums);
            } else if gate.0.num_constraints() > 0 {
                let vars = EvaluationVarsBaseBatch::new(BATCH, points.constants, wires, public_inputs_hash);
                for constraint in gate.0.eval_unfiltered_base_batch(vars).chunks_exact(BATCH) {
                    sums.add(&row(constraint));
                }
            }
        }
    }
}

fn recognise(gate: &GateRef<F, D>) -> Option<Box<dyn VectorGate>> {
    let any = AnyGate::as_any(gate.0.as_ref());
    poseidon::recognise(any).or_else(|| extension::recognise(any))
}

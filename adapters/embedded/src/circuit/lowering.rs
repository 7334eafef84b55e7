//! The walk over a quantised model that lays down gates and records the plan.

use std::collections::BTreeMap;

use plonky2::field::types::Field;
use plonky2::iop::target::{BoolTarget, Target};
use plonky2::plonk::circuit_builder::CircuitBuilder;
use sheaf_plonky2::hash::{Digest, Tag, tagged_hash, tagged_hash_circuit};
use sheaf_plonky2::{D, F};

use super::gates::dot::{LANE_CONSTANTS, LANES, WIDTH};
use super::gates::requantise::{RequantiseMode, SLOTS};
use super::gates::{DotGate, RequantiseGate};
use super::plan::{Cell, Factor, Plan, Step, from_signed};
use super::shape::{MIN_DEGREE_BITS, declare_gates, pad};
use crate::program::{InputVisibility, ProgramOptions};
use sheaf_model::{LayerKind, Operand, Origin, QuantisedModel, Row, ValueId};

/// Random field elements that hide what a commitment commits to.
pub(crate) const SALT_LEN: usize = 4;
/// A salt.
pub(crate) type Salt = [F; SALT_LEN];

/// Private weights below 2^15 in magnitude take one slot each, others two.
const NARROW_WEIGHT_BITS: u32 = 15;
/// Largest magnitude of a private weight, in bits.
pub(crate) const WIDE_WEIGHT_BITS: u32 = 19;

/// A circuit before plonky2 builds it, and how to fill it.
pub(crate) struct Lowered {
    pub(crate) builder: CircuitBuilder<F, D>,
    pub(crate) plan: Plan,
    /// Where the salt of the input commitment goes, if there is one.
    pub(crate) input_salt: Option<[Target; SALT_LEN]>,
    /// Where the salt of the weight commitment goes, if there is one.
    pub(crate) weight_salt: Option<[Target; SALT_LEN]>,
    /// Cells of the outputs, in order.
    pub(crate) outputs: Vec<Cell>,
}

/// The weights that privacy covers, in the order in which their commitment hashes them.
pub(crate) fn parameters(model: &QuantisedModel) -> Vec<i64> {
    model.weights.iter().filter(|w| w.origin == Origin::Parameter).map(|w| w.value).collect()
}

/// The commitment to a model's private weights.
pub(crate) fn commit_weights(salt: &Salt, parameters: &[i64]) -> Digest {
    tagged_hash(Tag::Weights, &salted(salt, parameters.iter().copied()))
}

/// The commitment to an input.
pub(crate) fn commit_input(salt: &Salt, input: &[i64]) -> Digest {
    tagged_hash(Tag::Input, &salted(salt, input.iter().copied()))
}

fn salted(salt: &Salt, values: impl Iterator<Item = i64>) -> Vec<F> {
    salt.iter().copied().chain(values.map(from_signed)).collect()
}

/// Whether some parameter needs the wide range check.
pub(crate) fn weights_are_wide(model: &QuantisedModel) -> bool {
    parameters(model).iter().any(|w| !(-(1 << NARROW_WEIGHT_BITS)..1 << NARROW_WEIGHT_BITS).contains(w))
}

/// Bits that the circuit allows a private weight of this model.
pub(crate) fn private_weight_bits(model: &QuantisedModel) -> u32 {
    if weights_are_wide(model) { WIDE_WEIGHT_BITS } else { NARROW_WEIGHT_BITS }
}

/// Lays down the circuit of a model. `weight_commitment` is given exactly when the weights are private.
pub(crate) fn lower(
    model: &QuantisedModel,
    options: &ProgramOptions,
    weight_commitment: Option<&Digest>,
) -> Lowered {
    let mut lowering = Lowering::new(model, options);
    let inputs = lowering.inputs();
    if let Some(commitment) = weight_commitment {
        lowering.private_weights(commitment);
    }
    for (index, layer) in model.layers.iter().enumerate() {
        lowering.layer(index, &layer.kind);
    }
    lowering.finish(options, inputs)
}

/// A dot lane that waits for its row to be full.
struct PendingLane {
    acc_in: Option<Target>,
    bias: F,
    products: Vec<(F, Target)>,
    out: Target,
}

struct Lowering<'m> {
    model: &'m QuantisedModel,
    builder: CircuitBuilder<F, D>,
    plan: Plan,
    /// The target of every cell, whoever fills it.
    targets: Vec<Target>,
    /// The cell of every value of the model.
    values: Vec<Cell>,
    /// Cells of private weights by weight index; empty if weights are public.
    weight_cells: BTreeMap<u32, Cell>,
    /// The cell that holds 1.0, made when a private bias first needs it.
    one: Option<Cell>,
    weight_salt: Option<[Target; SALT_LEN]>,
    pending_lanes: Vec<PendingLane>,
    /// The requantise row in use of each mode, and its next slot.
    open_slots: BTreeMap<RequantiseMode, (usize, usize)>,
}

impl<'m> Lowering<'m> {
    fn new(model: &'m QuantisedModel, options: &ProgramOptions) -> Self {
        let mut builder = CircuitBuilder::new(options.profile.program_config(options.zero_knowledge()));
        declare_gates(&mut builder);
        builder.set_domain_separator(domain_separator(model, options));
        Self {
            model,
            builder,
            plan: Plan::default(),
            targets: Vec::new(),
            values: Vec::new(),
            weight_cells: BTreeMap::new(),
            one: None,
            weight_salt: None,
            pending_lanes: Vec::with_capacity(LANES),
            open_slots: BTreeMap::new(),
        }
    }

    /// A cell that the plan writes to `target`.
    fn cell(&mut self, target: Target) -> Cell {
        self.targets.push(target);
        self.plan.cell(Some(target))
    }

    /// A cell that plonky2's generators write.
    fn derived_cell(&mut self, target: Target) -> Cell {
        self.targets.push(target);
        self.plan.cell(None)
    }

    /// A cell on a wire of no gate, for a value that the plan writes.
    fn free_cell(&mut self) -> Cell {
        let target = self.builder.add_virtual_target();
        self.cell(target)
    }

    /// Every input, range-checked.
    fn inputs(&mut self) -> Vec<Cell> {
        let count: u32 = self.model.input_shape.iter().product();
        for index in 0..count as usize {
            let raw = self.free_cell();
            self.plan.steps.push(Step::Input { index, out: raw });
            let value = self.requantise(RequantiseMode { shift: 0, relu: false }, raw, None);
            self.values.push(value);
        }
        self.values.clone()
    }

    /// Private weights: witnesses, range-checked, and bound by a salted commitment that is a constant of the circuit,
    /// so that one verifier key still means one set of weights.
    fn private_weights(&mut self, commitment: &Digest) {
        let wide = weights_are_wide(self.model);
        // A rounding shift by 16 that gives zero: a check of 16 bits.
        let narrow_check = RequantiseMode { shift: NARROW_WEIGHT_BITS + 1, relu: false };
        let zero = self.builder.zero();
        let salt: [Target; SALT_LEN] = std::array::from_fn(|_| self.builder.add_virtual_target());
        let mut hashed = salt.to_vec();
        for (index, weight) in (0..).zip(&self.model.weights) {
            if weight.origin != Origin::Parameter {
                continue;
            }
            let cell = self.free_cell();
            self.plan.steps.push(Step::Weight { index: self.weight_cells.len(), out: cell });
            let top = self.requantise(narrow_check, cell, None);
            if wide {
                // The multiple of 2^16 must itself fit four bits: 2^24 times it fits an activation.
                let scaled = self.lane(&[(F::from_canonical_u64(1 << 24), top)], F::ZERO, None);
                self.requantise(RequantiseMode { shift: 0, relu: false }, scaled, None);
            } else {
                self.builder.connect(self.targets[top], zero);
            }
            self.weight_cells.insert(index, cell);
            hashed.push(self.targets[cell]);
        }
        let computed = tagged_hash_circuit(&mut self.builder, Tag::Weights, &hashed);
        let expected = self.builder.constant_hash(commitment.to_hash());
        self.builder.connect_hashes(computed, expected);
        self.weight_salt = Some(salt);
    }

    fn layer(&mut self, index: usize, kind: &LayerKind) {
        match kind {
            LayerKind::Linear { rows, relu } => {
                let mode = RequantiseMode { shift: self.model.scale_bits, relu: *relu };
                for row in rows {
                    let sum = self.linear(row);
                    self.activation(mode, sum, index);
                }
            }
            LayerKind::Add { left, right, relu } => {
                for (a, b) in left.iter().zip(right) {
                    let products = [(F::ONE, self.value(*a)), (F::ONE, self.value(*b))];
                    let sum = self.lane(&products, F::ZERO, None);
                    self.activation(RequantiseMode { shift: 0, relu: *relu }, sum, index);
                }
            }
            LayerKind::Relu { inputs } => {
                for input in inputs {
                    let input = self.value(*input);
                    self.activation(RequantiseMode { shift: 0, relu: true }, input, index);
                }
            }
            LayerKind::Max { windows } => {
                for window in windows {
                    let greatest = self.max(window, index);
                    self.values.push(greatest);
                }
            }
            LayerKind::ArgMax { windows } => {
                for window in windows {
                    let position = self.arg_max(window, index);
                    self.values.push(position);
                }
            }
        }
    }

    fn value(&self, id: ValueId) -> Cell {
        self.values[id as usize]
    }

    /// Requantises a sum into the next value of the model.
    fn activation(&mut self, mode: RequantiseMode, sum: Cell, layer: usize) {
        let value = self.requantise(mode, sum, Some(layer));
        self.values.push(value);
    }

    /// Σ weight·operand: in dot lanes, unless some weight is private.
    fn linear(&mut self, row: &Row) -> Cell {
        if row.iter().any(|term| self.weight_cells.contains_key(&term.weight)) {
            return self.products(row);
        }
        let scale = F::from_canonical_u64(1 << self.model.scale_bits);
        let mut bias = F::ZERO;
        let mut products = Vec::with_capacity(row.len());
        for term in row {
            let weight = from_signed(self.model.weights[term.weight as usize].value);
            match term.operand {
                Operand::Value(id) => products.push((weight, self.value(id))),
                Operand::One => bias += weight * scale,
            }
        }
        self.dot(&products, bias)
    }

    /// Σ weight·operand on arithmetic rows, with the weights on wires.
    fn products(&mut self, row: &Row) -> Cell {
        let mut sum = self.builder.zero();
        let mut terms = Vec::with_capacity(row.len());
        for term in row {
            let x = match term.operand {
                Operand::Value(id) => self.value(id),
                Operand::One => self.one(),
            };
            let factor = match self.weight_cells.get(&term.weight) {
                Some(weight) => {
                    sum = self.builder.mul_add(self.targets[*weight], self.targets[x], sum);
                    Factor::Private(*weight)
                }
                None => {
                    let weight = from_signed(self.model.weights[term.weight as usize].value);
                    sum = self.builder.mul_const_add(weight, self.targets[x], sum);
                    Factor::Public(weight)
                }
            };
            terms.push((factor, x));
        }
        let out = self.derived_cell(sum);
        self.plan.steps.push(Step::Products { terms, out });
        out
    }

    /// The constant activation 1.0.
    fn one(&mut self) -> Cell {
        if let Some(cell) = self.one {
            return cell;
        }
        let value = F::from_canonical_u64(1 << self.model.scale_bits);
        let target = self.builder.constant(value);
        let out = self.derived_cell(target);
        self.plan.steps.push(Step::Constant { value, out });
        *self.one.insert(out)
    }

    /// The greatest of a window, as first + Σ max(0, next − greatest so far).
    fn max(&mut self, window: &[ValueId], layer: usize) -> Cell {
        let Some((first, rest)) = window.split_first() else {
            unreachable!("windows are validated non-empty")
        };
        let mut greatest = self.value(*first);
        let mut steps: Vec<Cell> = Vec::new();
        for next in rest {
            let mut products = vec![(F::ONE, self.value(*next)), (F::NEG_ONE, greatest)];
            // Up to WIDTH terms cost one lane, so the sum so far is only collapsed when it no longer fits.
            if steps.len() + 2 > WIDTH {
                greatest = self.sum(greatest, &steps);
                steps.clear();
                products[1].1 = greatest;
            }
            products.extend(steps.iter().map(|step| (F::NEG_ONE, *step)));
            let difference = self.dot(&products, F::ZERO);
            steps.push(self.requantise(RequantiseMode { shift: 0, relu: true }, difference, Some(layer)));
        }
        if steps.is_empty() { greatest } else { self.sum(greatest, &steps) }
    }

    fn sum(&mut self, first: Cell, rest: &[Cell]) -> Cell {
        let products: Vec<_> = std::iter::once(&first).chain(rest).map(|cell| (F::ONE, *cell)).collect();
        self.dot(&products, F::ZERO)
    }

    /// The position of the first greatest value of a window.
    ///
    /// One-hot bits b (boolean, summing to one) choose M = Σ bⱼ·vⱼ and the result Σ j·bⱼ. For every j,
    /// M − vⱼ − Σ_{i>j} bᵢ ≥ 0: the chosen value is no less than any, and greater than every earlier one.
    fn arg_max(&mut self, window: &[ValueId], layer: usize) -> Cell {
        let window: Vec<Cell> = window.iter().map(|id| self.value(*id)).collect();
        let bits: Vec<Cell> = window.iter().map(|_| self.free_cell()).collect();
        self.plan.steps.push(Step::OneHot { window: window.clone(), out: bits.clone() });
        let mut greatest = self.builder.zero();
        let mut later = None;
        let mut chosen = Vec::new();
        for (bit, value) in bits.iter().zip(&window) {
            let (bit_target, value_target) = (self.targets[*bit], self.targets[*value]);
            self.builder.assert_bool(BoolTarget::new_unsafe(bit_target));
            greatest = self.builder.mul_add(bit_target, value_target, greatest);
            chosen.push((Factor::Private(*bit), *value));
        }
        let greatest = self.derived_cell(greatest);
        self.plan.steps.push(Step::Products { terms: chosen, out: greatest });

        for (bit, value) in bits.iter().zip(&window).rev() {
            let mut products = vec![(F::ONE, greatest), (F::NEG_ONE, *value)];
            products.extend(later.map(|cell| (F::NEG_ONE, cell)));
            let margin = self.dot(&products, F::ZERO);
            let clipped = self.requantise(RequantiseMode { shift: 0, relu: true }, margin, Some(layer));
            self.builder.connect(self.targets[margin], self.targets[clipped]);
            let mut sum = vec![(F::ONE, *bit)];
            sum.extend(later.map(|cell| (F::ONE, cell)));
            later = Some(self.dot(&sum, F::ZERO));
        }
        if let Some(total) = later {
            self.builder.assert_one(self.targets[total]);
        }
        let weighted: Vec<_> =
            (0..).zip(&bits).map(|(index, bit)| (F::from_canonical_u64(index), *bit)).collect();
        self.dot(&weighted, F::ZERO)
    }

    /// bias + Σ constant·x, in as many chained lanes as it takes.
    fn dot(&mut self, products: &[(F, Cell)], bias: F) -> Cell {
        let mut chunks = products.chunks(WIDTH);
        let mut sum = self.lane(chunks.next().unwrap_or_default(), bias, None);
        for chunk in chunks {
            sum = self.lane(chunk, F::ZERO, Some(sum));
        }
        sum
    }

    fn lane(&mut self, products: &[(F, Cell)], bias: F, acc_in: Option<Cell>) -> Cell {
        let out = self.free_cell();
        self.pending_lanes.push(PendingLane {
            acc_in: acc_in.map(|cell| self.targets[cell]),
            bias,
            products: products.iter().map(|(constant, x)| (*constant, self.targets[*x])).collect(),
            out: self.targets[out],
        });
        self.plan.steps.push(Step::Lane { acc_in, bias, products: products.to_vec(), out });
        if self.pending_lanes.len() == LANES {
            self.flush_lanes();
        }
        out
    }

    /// Lays down the pending lanes as one row. Lanes beyond them have zero constants and zero wires.
    fn flush_lanes(&mut self) {
        if self.pending_lanes.is_empty() {
            return;
        }
        let zero = self.builder.zero();
        let mut constants = vec![F::ZERO; LANES * LANE_CONSTANTS];
        for (lane, pending) in self.pending_lanes.iter().enumerate() {
            let lane_constants = &mut constants[lane * LANE_CONSTANTS..][..LANE_CONSTANTS];
            lane_constants[WIDTH] = pending.bias;
            for (place, (constant, _)) in lane_constants.iter_mut().zip(&pending.products) {
                *place = *constant;
            }
        }
        let row = self.builder.add_gate(DotGate, constants);
        for (lane, pending) in self.pending_lanes.drain(..).enumerate() {
            for (k, (_, x)) in pending.products.iter().enumerate() {
                self.builder.connect(*x, Target::wire(row, DotGate::x(lane, k)));
            }
            // Unconnected, this wire would let a prover add whatever he likes.
            self.builder.connect(pending.acc_in.unwrap_or(zero), Target::wire(row, DotGate::acc_in(lane)));
            self.builder.connect(pending.out, Target::wire(row, DotGate::acc_out(lane)));
        }
    }

    fn requantise(&mut self, mode: RequantiseMode, input: Cell, layer: Option<usize>) -> Cell {
        let (row, slot) = match self.open_slots.remove(&mode) {
            Some(open) => open,
            None => (self.builder.add_gate(RequantiseGate, mode.constants()), 0),
        };
        if slot + 1 < SLOTS {
            self.open_slots.insert(mode, (row, slot + 1));
        }
        self.builder.connect(self.targets[input], Target::wire(row, RequantiseGate::input(slot)));
        let out = self.cell(Target::wire(row, RequantiseGate::output(slot)));
        self.plan.steps.push(Step::Requantise { row, slot, mode, input, out, layer });
        out
    }

    /// The digest of the public values becomes the circuit's public inputs, and open rows are closed.
    fn finish(mut self, options: &ProgramOptions, inputs: Vec<Cell>) -> Lowered {
        self.flush_lanes();
        for (mode, (row, first_free)) in std::mem::take(&mut self.open_slots) {
            self.plan.steps.extend((first_free..SLOTS).map(|slot| Step::IdleSlot { row, slot, mode }));
        }
        let input_targets: Vec<Target> = inputs.iter().map(|cell| self.targets[*cell]).collect();
        let (mut public, input_salt) = match options.input {
            InputVisibility::Public => (input_targets, None),
            InputVisibility::Private => (Vec::new(), None),
            InputVisibility::Committed => {
                let salt: [Target; SALT_LEN] = std::array::from_fn(|_| self.builder.add_virtual_target());
                let hashed = [salt.as_slice(), &input_targets].concat();
                let commitment = tagged_hash_circuit(&mut self.builder, Tag::Input, &hashed);
                (commitment.elements.to_vec(), Some(salt))
            }
        };
        let outputs: Vec<Cell> = self.model.outputs.iter().map(|id| self.value(*id)).collect();
        public.extend(outputs.iter().map(|cell| self.targets[*cell]));
        let digest = tagged_hash_circuit(&mut self.builder, Tag::PublicInputs, &public);
        self.builder.register_public_inputs(&digest.elements);
        pad(&mut self.builder, (1 << (MIN_DEGREE_BITS - 1)) + 1);
        Lowered { builder: self.builder, plan: self.plan, input_salt, weight_salt: self.weight_salt, outputs }
    }
}

/// Ties the transcript, and with it the verifier key, to the model file and the options.
///
/// The constants of the circuit already determine the quantised model; the separator adds the file it came from.
fn domain_separator(model: &QuantisedModel, options: &ProgramOptions) -> Vec<F> {
    let digest = model.model_digest.as_chunks::<4>().0.iter().map(|limb| u32::from_be_bytes(*limb));
    let tail = [model.scale_bits, options.input as u32, options.weights as u32];
    let words = digest.chain(tail).map(F::from_canonical_u32);
    std::iter::once(F::from_canonical_u64(u64::from_be_bytes(*b"shf:onnx"))).chain(words).collect()
}

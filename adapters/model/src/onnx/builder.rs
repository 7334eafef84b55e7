//! The model under construction.
//!
//! Layers are appended as nodes are lowered, with weights still in f64, and values get their final numbers at once.
//! Until [`Builder::finish`] rounds the weights, a linear layer that only one tensor refers to can still take a
//! following ReLU, bias or scale into its rows, which saves a layer and its rounding.

use std::collections::HashMap;

use super::tensor::{Activation, Array, Element};
use super::{Limits, OnnxError};
use crate::{Layer, LayerKind, Operand, Origin, Row, Term, ValueId, Weight};

/// No draft: there are never that many.
const NONE: u32 = u32::MAX;

/// A weight before rounding.
#[derive(Debug, Clone, Copy)]
struct Draft {
    value: f64,
    origin: Origin,
}

/// Layers and weights so far, and what is left of the limits.
pub(super) struct Builder {
    limits: Limits,
    drafts: Vec<Draft>,
    /// The draft of each constant's element, by source and position; [`NONE`] where it is not used yet.
    by_source: Vec<Vec<u32>>,
    structural: HashMap<u64, u32>,
    layers: Vec<Layer>,
    /// The first value of each layer.
    starts: Vec<u32>,
    values: usize,
    terms: usize,
    moved: usize,
    sources: u32,
}

impl Builder {
    /// A model of `inputs` inputs and no layers.
    pub(super) fn new(limits: Limits, inputs: usize) -> Self {
        Self {
            limits,
            drafts: Vec::new(),
            by_source: Vec::new(),
            structural: HashMap::new(),
            layers: Vec::new(),
            starts: Vec::new(),
            values: inputs,
            terms: 0,
            moved: 0,
            sources: 0,
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// A new source of weight keys.
    pub(super) fn source(&mut self) -> u32 {
        self.sources += 1;
        self.sources
    }

    /// Counts a layer against the limits. To be called before its rows or windows are allocated.
    ///
    /// # Errors
    /// [`OnnxError::Limit`] for too many values or terms.
    pub(super) fn reserve(&mut self, subject: String, outputs: usize, terms: usize) -> Result<(), OnnxError> {
        let values = self.values.saturating_add(outputs);
        if values > self.limits.values {
            return Err(OnnxError::Limit { subject, what: "values", limit: self.limits.values, got: values });
        }
        let total = self.terms.saturating_add(terms);
        if total > self.limits.terms {
            return Err(OnnxError::Limit { subject, what: "terms", limit: self.limits.terms, got: total });
        }
        self.terms = total;
        Ok(())
    }

    /// Counts elements that are read or moved, before they are.
    ///
    /// # Errors
    /// [`OnnxError::Limit`] for too many in one tensor or in total.
    pub(super) fn charge(&mut self, subject: String, elements: usize) -> Result<(), OnnxError> {
        let limit = self.limits.tensor_elements;
        if elements > limit {
            return Err(OnnxError::Limit { subject, what: "elements", limit, got: elements });
        }
        self.moved = self.moved.saturating_add(elements);
        let limit = self.limits.moved_elements;
        if self.moved > limit {
            return Err(OnnxError::Limit { subject, what: "moved elements", limit, got: self.moved });
        }
        Ok(())
    }

    /// The weight of a constant's element.
    pub(super) fn weight(&mut self, element: Element) -> u32 {
        let (source, position) = ((element.key >> 32) as usize, element.key as u32 as usize);
        if self.by_source.len() <= source {
            self.by_source.resize_with(source + 1, Vec::new);
        }
        let drafts = &mut self.by_source[source];
        if drafts.len() <= position {
            drafts.resize(position + 1, NONE);
        }
        if drafts[position] == NONE {
            drafts[position] = self.drafts.len() as u32;
            self.drafts.push(Draft { value: element.value, origin: Origin::Parameter });
        }
        drafts[position]
    }

    /// A weight of the architecture: ±1, or 1/k for an integer k.
    pub(super) fn structural(&mut self, value: f64) -> u32 {
        *self.structural.entry(value.to_bits()).or_insert_with(|| {
            self.drafts.push(Draft { value, origin: Origin::Structural });
            (self.drafts.len() - 1) as u32
        })
    }

    /// The product of a value with a constant's element.
    pub(super) fn term(&mut self, id: ValueId, element: Element) -> Term {
        Term { operand: Operand::Value(id), weight: self.weight(element) }
    }

    /// A constant's element as a bias.
    pub(super) fn bias(&mut self, element: Element) -> Term {
        Term { operand: Operand::One, weight: self.weight(element) }
    }

    /// Appends a layer, whose limits have been reserved, and returns its values in `shape`.
    pub(super) fn push(&mut self, node: &str, shape: Vec<usize>, kind: LayerKind) -> Activation {
        Activation { array: self.push_any(node, shape, kind), exclusive: true }
    }

    /// As [`push`](Self::push), for values that are no activations.
    pub(super) fn push_any(&mut self, node: &str, shape: Vec<usize>, kind: LayerKind) -> Array<ValueId> {
        let start = self.values;
        self.values += kind.outputs();
        self.starts.push(start as u32);
        self.layers.push(Layer { node: node.to_owned(), kind });
        Array { shape, elements: (start as u32..self.values as u32).collect() }
    }

    /// The layer that makes exactly the values of `activation`, if nothing else refers to them.
    fn own_layer(&self, activation: &Activation) -> Option<usize> {
        let ids = &activation.array.elements;
        let first = ids.first().filter(|_| activation.exclusive)?;
        let index = self.starts.partition_point(|start| start <= first).checked_sub(1)?;
        let outputs = self.layers[index].kind.outputs();
        let range = self.starts[index]..self.starts[index] + outputs as u32;
        // No operator repeats a value in an exclusive tensor, so as many ids within the range are all of the range.
        (ids.len() == outputs && ids.iter().all(|id| range.contains(id))).then_some(index)
    }

    /// Lets the layer that makes `activation` take a ReLU on, if it can.
    pub(super) fn fuse_relu(&mut self, activation: &Activation) -> bool {
        let Some(index) = self.own_layer(activation) else { return false };
        match &mut self.layers[index].kind {
            LayerKind::Linear { relu, .. } | LayerKind::Add { relu, .. } => {
                *relu = true;
                true
            }
            _ => false,
        }
    }

    /// Lets the linear layer that makes `activation` take on a scale and a bias per value, if it can: if no ReLU
    /// follows it, and if no weight (a convolution's are shared) would be scaled in two ways.
    ///
    /// # Errors
    /// [`OnnxError::Limit`] if this costs too much, [`OnnxError::NotFinite`] if a scaled weight overflows.
    pub(super) fn fuse_affine(
        &mut self,
        subject: &str,
        activation: &Activation,
        scale: Option<&[Element]>,
        bias: Option<&[Element]>,
    ) -> Result<bool, OnnxError> {
        let Some(index) = self.own_layer(activation) else { return Ok(false) };
        let LayerKind::Linear { rows, relu: false } = &mut self.layers[index].kind else { return Ok(false) };
        // Taken out of the layer while weights are made, and put back whatever happens.
        let mut taken = std::mem::take(rows);
        let fused = self.scale_and_shift(subject, activation, self.starts[index], &mut taken, scale, bias);
        if let LayerKind::Linear { rows, .. } = &mut self.layers[index].kind {
            *rows = taken;
        }
        fused
    }

    fn scale_and_shift(
        &mut self,
        subject: &str,
        activation: &Activation,
        start: ValueId,
        rows: &mut [Row],
        scale: Option<&[Element]>,
        bias: Option<&[Element]>,
    ) -> Result<bool, OnnxError> {
        let row_of = |position: usize| (activation.array.elements[position] - start) as usize;
        if let Some(scale) = scale {
            self.charge(subject.to_owned(), rows.iter().map(Vec::len).sum())?;
            let Some(scaled) = Scaled::new(rows, scale, row_of) else { return Ok(false) };
            self.replace_weights(subject, rows, scaled)?;
        }
        if let Some(bias) = bias {
            self.reserve(subject.to_owned(), 0, bias.len())?;
            for (position, &element) in bias.iter().enumerate() {
                let term = self.bias(element);
                rows[row_of(position)].push(term);
            }
        }
        Ok(true)
    }

    fn replace_weights(
        &mut self,
        subject: &str,
        rows: &mut [Row],
        mut scaled: Scaled,
    ) -> Result<(), OnnxError> {
        for term in rows.iter_mut().flatten() {
            let Some((by, product)) = &mut scaled.by[(term.weight - scaled.first) as usize] else { continue };
            if *product == NONE {
                let value = self.drafts[term.weight as usize].value * by.value;
                if !value.is_finite() {
                    return Err(OnnxError::NotFinite { subject: subject.to_owned(), index: 0, value });
                }
                *product = self.drafts.len() as u32;
                self.drafts.push(Draft { value, origin: Origin::Parameter });
            }
            term.weight = *product;
        }
        Ok(())
    }

    /// Rounds the weights that layers still refer to, numbered in order of first use.
    ///
    /// # Errors
    /// [`OnnxError::WeightTooLarge`], naming the node.
    pub(super) fn finish(mut self, scale_bits: u32) -> Result<(Vec<Weight>, Vec<Layer>), OnnxError> {
        let scale = f64::from(1u32 << scale_bits);
        let limit = f64::from(1u32 << 27);
        let mut weights = Vec::new();
        let mut numbers: Vec<Option<u32>> = vec![None; self.drafts.len()];
        for layer in &mut self.layers {
            let LayerKind::Linear { rows, .. } = &mut layer.kind else { continue };
            for term in rows.iter_mut().flatten() {
                let number = &mut numbers[term.weight as usize];
                if number.is_none() {
                    let Draft { value, origin } = self.drafts[term.weight as usize];
                    // Exact scaling, then half away from zero.
                    let fixed = (value * scale).round();
                    if fixed < -limit || fixed >= limit {
                        return Err(OnnxError::WeightTooLarge {
                            node: layer.node.clone(),
                            value,
                            scale_bits,
                        });
                    }
                    *number = Some(weights.len() as u32);
                    weights.push(Weight { value: fixed as i64, origin });
                }
                term.weight = number.unwrap_or_default();
            }
        }
        Ok((weights, self.layers))
    }
}

/// Which element scales each weight of some rows.
struct Scaled {
    /// The least of the weights.
    first: u32,
    /// By weight, from the first: the element, and the draft of the product or [`NONE`].
    by: Vec<Option<(Element, u32)>>,
}

impl Scaled {
    /// None if a weight would be scaled by two elements and so become two weights, or if the rows' weights lie so far
    /// apart that a table of them would cost more than the rows.
    fn new(rows: &[Row], scale: &[Element], row_of: impl Fn(usize) -> usize) -> Option<Self> {
        let weights = || rows.iter().flatten().map(|term| term.weight);
        let (first, last) = (weights().min()?, weights().max()?);
        let span = (last - first) as usize + 1;
        if span > 1024 + 4 * weights().count() {
            return None;
        }
        let mut by = vec![None; span];
        for (position, &element) in scale.iter().enumerate() {
            for term in &rows[row_of(position)] {
                let (other, _) = by[(term.weight - first) as usize].get_or_insert((element, NONE));
                if other.key != element.key {
                    return None;
                }
            }
        }
        Some(Self { first, by })
    }
}

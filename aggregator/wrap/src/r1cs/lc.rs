//! Linear combinations of variables.

use ark_bn254::Fr;
use ark_ff::{One, Zero};

/// A linear combination, with what it comes to.
///
/// In a run for an assignment only the value is kept.
#[derive(Debug, Clone, Default)]
pub struct Lc {
    value: Fr,
    /// Variables, not sorted, and possibly more than once each.
    terms: Vec<(u32, Fr)>,
    /// How many terms there were when they were last merged.
    merged: usize,
}

impl Lc {
    /// Nothing.
    #[must_use]
    pub fn zero() -> Self {
        Self::default()
    }

    pub(super) fn term(value: Fr, variable: u32, coefficient: Fr) -> Self {
        let terms = if coefficient.is_zero() { Vec::new() } else { vec![(variable, coefficient)] };
        Self { value, terms, merged: 0 }
    }

    pub(super) fn of_value(value: Fr) -> Self {
        Self { value, terms: Vec::new(), merged: 0 }
    }

    /// What it comes to.
    #[must_use]
    pub fn value(&self) -> Fr {
        self.value
    }

    pub(super) fn terms(&self) -> &[(u32, Fr)] {
        &self.terms
    }

    /// `self + other`.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.add_scaled(other, Fr::one());
        sum
    }

    /// `self − other`.
    #[must_use]
    pub fn sub(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        sum.add_scaled(other, -Fr::one());
        sum
    }

    /// `factor · self`.
    #[must_use]
    pub fn scale(&self, factor: Fr) -> Self {
        let mut product = Self::zero();
        product.add_scaled(self, factor);
        product
    }

    /// `self ← self + factor · other`.
    pub fn add_scaled(&mut self, other: &Self, factor: Fr) {
        if factor.is_one() {
            self.value += other.value;
            self.terms.extend_from_slice(&other.terms);
        } else if !factor.is_zero() {
            self.value += factor * other.value;
            self.terms.extend(other.terms.iter().map(|(variable, c)| (*variable, factor * c)));
        }
        self.compact_if_long();
    }

    /// The same with every variable once: for what is used several times.
    #[must_use]
    pub fn compact(mut self) -> Self {
        if self.terms.len() > 1 {
            self.terms = merged(&self.terms);
        }
        self
    }

    /// Combinations that grow by sums of themselves would double each time: merged once they have doubled.
    fn compact_if_long(&mut self) {
        const SHORT: usize = 64;
        if self.terms.len() > 2 * self.merged.max(SHORT) {
            self.terms = merged(&self.terms);
            self.merged = self.terms.len();
        }
    }
}

/// Terms sorted by variable, each variable once, none with coefficient zero.
pub(super) fn merged(terms: &[(u32, Fr)]) -> Vec<(u32, Fr)> {
    let mut sorted = terms.to_vec();
    sorted.sort_unstable_by_key(|(variable, _)| *variable);
    let mut merged: Vec<(u32, Fr)> = Vec::with_capacity(sorted.len());
    for (variable, coefficient) in sorted {
        match merged.last_mut() {
            Some((last, sum)) if *last == variable => *sum += coefficient,
            _ => merged.push((variable, coefficient)),
        }
    }
    merged.retain(|(_, coefficient)| !coefficient.is_zero());
    merged
}

//! How large a model's circuit is, counted without building it.
//!
//! Owns the limits, which hold before a circuit is laid down: models come from strangers, and setup takes memory and time
//! in proportion.

use sheaf_model::{ACTIVATION_BITS, LayerKind, QuantisedModel};
use sheaf_statement::InputVisibility;
use thiserror::Error;

/// Most rows of the quadratic program: a row per constraint, one per public input, one for the constant.
///
/// A circuit at the limits takes 71 CPU seconds and 2.3 GB to set up and 12 CPU seconds to prove, and its package has
/// 405 MB: `cargo run --release -p sheaf-groth16 --example measure -- limit`.
pub const MAX_ROWS: usize = 1 << 20;
/// Most nonzero coefficients in the three matrices, 40 bytes each.
pub const MAX_TERMS: usize = 1 << 23;
/// Most public inputs. The longest statement and its key then fit a document; see
/// [`MAX_DOCUMENT_BYTES`](crate::MAX_DOCUMENT_BYTES).
pub const MAX_PUBLIC_INPUTS: usize = 1 << 15;

/// The size of a model's circuit.
///
/// Counts saturate where they leave usize, which is far beyond every limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CircuitSize {
    /// Constraints; exact.
    pub constraints: usize,
    /// Public inputs, which are the words of a statement; exact.
    pub public_inputs: usize,
    /// Witness columns; exact.
    pub witnesses: usize,
    /// Nonzero coefficients; an upper bound, as terms of equal columns merge.
    pub terms: usize,
}

/// Why there is no circuit of a model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SizeError {
    /// Too many rows.
    #[error(
        "[SH-G16-001] circuit too large: expected at most {MAX_ROWS} rows of constraints and public inputs, got {got}"
    )]
    Rows {
        /// The circuit's number.
        got: usize,
    },
    /// Too many coefficients.
    #[error("[SH-G16-002] circuit too dense: expected at most {MAX_TERMS} coefficients, got up to {got}")]
    Terms {
        /// The circuit's number, at most.
        got: usize,
    },
    /// Too many words for a statement in a document.
    #[error("[SH-G16-003] too many public inputs: expected at most {MAX_PUBLIC_INPUTS}, got {got}")]
    PublicInputs {
        /// The circuit's number.
        got: usize,
    },
}

impl SizeError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rows { .. } => "SH-G16-001",
            Self::Terms { .. } => "SH-G16-002",
            Self::PublicInputs { .. } => "SH-G16-003",
        }
    }
}

/// The number of constraints that proving a model takes. Any model will do, also one that is too large.
pub fn constraint_count(model: &QuantisedModel, input: InputVisibility) -> usize {
    CircuitSize::of(model, input).constraints
}

impl CircuitSize {
    /// Counts a model's circuit. Linear in the model, and allocates nothing.
    pub fn of(model: &QuantisedModel, input: InputVisibility) -> Self {
        let mut size = Self::default();
        let inputs = model.input_count();
        match input {
            InputVisibility::Public => size.public_inputs = inputs,
            InputVisibility::Private | InputVisibility::Committed => size.witnesses = inputs,
        }
        size.decompositions(inputs, ACTIVATION_BITS, 2);
        for layer in &model.layers {
            size.layer(&layer.kind, model.scale_bits);
        }
        // An output's row: its value, the constant, its word.
        size.rows(model.outputs.len(), 3);
        size.public_inputs = size.public_inputs.saturating_add(model.outputs.len());
        size
    }

    /// Holds the limits.
    ///
    /// # Errors
    /// [`SizeError`] for the first that is passed.
    pub fn check(&self) -> Result<(), SizeError> {
        if self.public_inputs > MAX_PUBLIC_INPUTS {
            return Err(SizeError::PublicInputs { got: self.public_inputs });
        }
        // arkworks gives every public input and the constant a row of their own.
        let rows = self.constraints.saturating_add(self.public_inputs).saturating_add(1);
        if rows > MAX_ROWS {
            return Err(SizeError::Rows { got: rows });
        }
        if self.terms > MAX_TERMS {
            return Err(SizeError::Terms { got: self.terms });
        }
        Ok(())
    }

    fn layer(&mut self, kind: &LayerKind, scale_bits: u32) {
        match kind {
            LayerKind::Linear { rows, .. } => {
                for row in rows {
                    self.requantisations(1, scale_bits, row.len());
                }
            }
            LayerKind::Add { left, .. } => self.requantisations(left.len(), 0, 2),
            LayerKind::Relu { inputs } => self.requantisations(inputs.len(), 0, 1),
            LayerKind::Max { windows } => {
                for window in windows {
                    let steps = window.len().saturating_sub(1);
                    self.decompositions(steps, ACTIVATION_BITS, 3);
                    self.rows(steps, 5);
                    self.witnesses = self.witnesses.saturating_add(steps);
                }
            }
            LayerKind::ArgMax { windows } => {
                for window in windows {
                    let places = window.len();
                    self.rows(places, 5);
                    self.rows(places, 4);
                    self.decompositions(places, ACTIVATION_BITS - 1, 3);
                    self.rows(1, places.saturating_add(1));
                    // The winner's value, whether it comes after each place but the last, and the index.
                    self.witnesses = self.witnesses.saturating_add(places).saturating_add(1);
                }
            }
        }
    }

    /// `count` roundings by `shift` bits of sums of `terms` terms.
    fn requantisations(&mut self, count: usize, shift: u32, terms: usize) {
        self.decompositions(count, shift.saturating_add(ACTIVATION_BITS), terms.saturating_add(1));
        self.rows(count, ACTIVATION_BITS as usize + 3);
        self.witnesses = self.witnesses.saturating_add(count);
    }

    /// `count` decompositions into `bits` bits of values of `terms` terms.
    fn decompositions(&mut self, count: usize, bits: u32, terms: usize) {
        let bits = bits as usize;
        self.rows(count, bits.saturating_add(1).saturating_add(terms));
        self.rows(count.saturating_mul(bits), 3);
        self.witnesses = self.witnesses.saturating_add(count.saturating_mul(bits));
    }

    /// `count` rows of `terms` coefficients.
    fn rows(&mut self, count: usize, terms: usize) {
        self.constraints = self.constraints.saturating_add(count);
        self.terms = self.terms.saturating_add(count.saturating_mul(terms));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{argmax_model, every_layer_model};
    use super::super::{Circuit, ONE};
    use super::*;

    #[test]
    fn counts_are_those_of_the_circuit() {
        for model in [every_layer_model(), argmax_model()] {
            for input in [InputVisibility::Public, InputVisibility::Private] {
                let size = CircuitSize::of(&model, input);
                let circuit = Circuit::new(&model, input == InputVisibility::Public);
                let terms: usize = circuit.matrices.iter().flatten().map(Vec::len).sum();
                assert_eq!(size.constraints, circuit.constraints());
                assert_eq!(size.public_inputs + ONE + 1, circuit.instance_columns);
                assert_eq!(size.witnesses, circuit.columns - circuit.instance_columns);
                assert!(size.terms >= terms, "{} < {terms}", size.terms);
                assert!(size.terms - terms < terms / 10, "bound {} is far from {terms}", size.terms);
            }
        }
    }

    #[test]
    fn each_limit_is_the_first_refused() {
        let size = CircuitSize { constraints: 1 << 19, public_inputs: 8, witnesses: 0, terms: MAX_TERMS };
        assert_eq!(size.check(), Ok(()));
        let rows = CircuitSize { constraints: MAX_ROWS - 9, ..size };
        assert_eq!(rows.check(), Ok(()));
        let rows = CircuitSize { constraints: MAX_ROWS - 8, ..size };
        assert_eq!(rows.check(), Err(SizeError::Rows { got: MAX_ROWS + 1 }));
        let terms = CircuitSize { terms: MAX_TERMS + 1, ..size };
        assert_eq!(terms.check(), Err(SizeError::Terms { got: MAX_TERMS + 1 }));
        let words = CircuitSize { public_inputs: MAX_PUBLIC_INPUTS + 1, ..size };
        assert_eq!(words.check(), Err(SizeError::PublicInputs { got: MAX_PUBLIC_INPUTS + 1 }));
    }

    #[test]
    fn absurd_models_are_counted_without_overflow() {
        let mut model = every_layer_model();
        model.input_shape = vec![u32::MAX; 4];
        model.scale_bits = u32::MAX;
        assert!(CircuitSize::of(&model, InputVisibility::Private).check().is_err());
    }
}

//! Which gate is filtered by which selector: plonky2 keeps that private.

use std::ops::Range;

use plonky2::plonk::circuit_data::CommonCircuitData;
use serde::Deserialize;

use super::{D, EngineError, F, NAME};

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
}

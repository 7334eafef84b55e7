//! What every layer in use is worth in bits.

use sheaf_embedded::Shape;
use sheaf_plonky2::security::{SecurityError, SecurityReport, layer_parameters};

use crate::circuits::{CircuitError, Circuits};

/// Why no report can be made, or a layer falls below its profile.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// A circuit cannot be had.
    #[error(transparent)]
    Circuit(#[from] CircuitError),
    /// A layer's figures.
    #[error(transparent)]
    Security(#[from] SecurityError),
}

/// The reports of every layer that a batch of these shapes goes through, each checked against the profile.
///
/// # Errors
/// [`LayerError`] naming the first layer and term below its floor.
pub fn reports(circuits: &Circuits, shapes: &[Shape]) -> Result<Vec<SecurityReport>, LayerError> {
    let mut reports = Vec::new();
    for (name, common) in circuits.common_data(shapes)? {
        let report = layer_parameters(&name, &common).report()?;
        report.check(circuits.profile())?;
        reports.push(report);
    }
    Ok(reports)
}

//! What a program reveals, and how it is sized.

use serde::{Deserialize, Serialize};
use sheaf_plonky2::Profile;
pub use sheaf_statement::InputVisibility;

/// What the verifier key says about the weights. Either way, it binds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u32)]
pub enum WeightVisibility {
    /// Weights are constants of the circuit: anyone with the model can derive the key.
    Public = 0,
    /// Weights are witnesses; the key holds a salted commitment. The architecture and the scale stay public.
    Private = 1,
}

/// Everything besides the model that determines a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramOptions {
    /// Security profile of the program's proofs.
    pub profile: Profile,
    /// What statements say about the input.
    pub input: InputVisibility,
    /// What the key says about the weights.
    pub weights: WeightVisibility,
}

impl ProgramOptions {
    /// Whether proofs must be blinded: plonky2's proofs open wire values, which leak a private witness otherwise.
    #[must_use]
    pub fn zero_knowledge(&self) -> bool {
        self.input != InputVisibility::Public || self.weights == WeightVisibility::Private
    }
}

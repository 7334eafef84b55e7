//! How far a receipt can be trusted.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What stands behind a statement in a batch.
///
/// There is no order between the tiers on purpose: code must ask for the one it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrustTier {
    /// The proof was verified inside the recursion circuit; the statement is under the batch's proven root.
    Proven,
    /// We verified the proof natively and only list the statement, under a separate root that the operator signs. No
    /// contract function answers "proven" for it.
    Attested,
}

impl fmt::Display for TrustTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Proven => "proven",
            Self::Attested => "attested",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_the_displayed_name() {
        for tier in [TrustTier::Proven, TrustTier::Attested] {
            let json = serde_json::to_string(&tier).unwrap();
            assert_eq!(json, format!("\"{tier}\""));
            assert_eq!(serde_json::from_str::<TrustTier>(&json).unwrap(), tier);
        }
    }

    #[test]
    fn other_spelling_is_rejected() {
        for json in ["\"Proven\"", "\"PROVEN\"", "\"verified\"", "0", "null"] {
            serde_json::from_str::<TrustTier>(json).unwrap_err();
        }
    }
}

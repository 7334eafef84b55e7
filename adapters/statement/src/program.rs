//! Programs: what is proven, apart from any one run of it.

use serde::{Deserialize, Deserializer, Serialize};

use crate::object::from_object;
use crate::{ModelDigest, ProofSystem, VkDigest};

/// A model as one proof system proves it.
///
/// Several programs may share a model: that is what lets one request be routed across proof systems. Which pairs of
/// model and vk belong together is the gateway's to know; nothing here checks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Program {
    /// The model, whoever proves it.
    pub model: ModelDigest,
    /// The proof system of its proofs.
    pub system: ProofSystem,
    /// The verification key that its proofs verify under.
    pub vk: VkDigest,
}

impl<'de> Deserialize<'de> for Program {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            model: ModelDigest,
            system: ProofSystem,
            vk: VkDigest,
        }

        let Fields { model, system, vk } = from_object(deserializer)?;
        Ok(Self { model, system, vk })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> Program {
        Program { model: [1; 32].into(), system: ProofSystem::Groth16Bn254, vk: [2; 32].into() }
    }

    #[test]
    fn json_round_trips() {
        let json = serde_json::to_string(&program()).unwrap();
        assert_eq!(serde_json::from_str::<Program>(&json).unwrap(), program());
    }

    #[test]
    fn unknown_field_and_array_form_are_rejected() {
        let Program { model, system, vk } = program();
        let array = serde_json::to_string(&(model, system, vk)).unwrap();
        serde_json::from_str::<Program>(&array).unwrap_err();
        let json = serde_json::to_string(&program()).unwrap();
        serde_json::from_str::<Program>(&json.replace('}', ",\"x\":1}")).unwrap_err();
    }
}

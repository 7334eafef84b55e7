//! Statements: what one proof claims, and its id. The bytes themselves are laid out in `encoding`.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha3::{Digest, Keccak256};

use crate::object::from_object;
use crate::public_inputs::BoundedWords;
use crate::{ProofSystem, PublicInputs, StatementError, StatementId, VkDigest, Word, encoding};

/// A claim that a proof can prove: under this proof system and verification key, these public inputs.
///
/// Can be built only with canonical words, so two equal claims are equal values with equal bytes and ids.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Statement {
    vk: VkDigest,
    public_inputs: PublicInputs,
}

impl Statement {
    /// Checks the words and makes the statement.
    ///
    /// # Errors
    /// As [`PublicInputs::new`].
    pub fn new(system: ProofSystem, vk: VkDigest, words: Vec<Word>) -> Result<Self, StatementError> {
        Ok(Self::from_public_inputs(vk, PublicInputs::new(system, words)?))
    }

    /// The statement about public inputs that are checked already; the proof system is theirs.
    pub const fn from_public_inputs(vk: VkDigest, public_inputs: PublicInputs) -> Self {
        Self { vk, public_inputs }
    }

    /// The statement of a system whose words fit 64 bits.
    ///
    /// # Errors
    /// As [`PublicInputs::from_u64_words`].
    pub fn from_u64_words(system: ProofSystem, vk: VkDigest, words: &[u64]) -> Result<Self, StatementError> {
        Ok(Self::from_public_inputs(vk, PublicInputs::from_u64_words(system, words)?))
    }

    /// The proof system.
    pub const fn system(&self) -> ProofSystem {
        self.public_inputs.system()
    }

    /// The digest of the verification key.
    pub const fn vk(&self) -> VkDigest {
        self.vk
    }

    /// The public inputs.
    pub const fn public_inputs(&self) -> &PublicInputs {
        &self.public_inputs
    }

    /// The public-input words as u64.
    ///
    /// # Errors
    /// As [`PublicInputs::u64_words`].
    pub fn u64_words(&self) -> Result<Vec<u64>, StatementError> {
        self.public_inputs.u64_words()
    }

    /// The canonical bytes, at most [`MAX_ENCODED_LEN`](crate::MAX_ENCODED_LEN); the crate's documentation lays them
    /// out.
    pub fn to_bytes(&self) -> Vec<u8> {
        encoding::encode(self)
    }

    /// Decodes canonical bytes, and nothing but those: what decodes re-encodes to the same bytes.
    ///
    /// # Errors
    /// The first fault in the order of the fields; see the crate's documentation. Allocates only after every length is
    /// checked against the bytes that are there.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StatementError> {
        encoding::decode(bytes)
    }

    /// keccak256 of the canonical bytes. Holds no proof bytes.
    pub fn id(&self) -> StatementId {
        <[u8; 32]>::from(Keccak256::digest(self.to_bytes())).into()
    }
}

/// A statement's JSON, its strings decoded but its words not yet checked against the system's modulus.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementFields {
    system: ProofSystem,
    vk: VkDigest,
    public_inputs: BoundedWords,
}

impl TryFrom<StatementFields> for Statement {
    type Error = StatementError;

    fn try_from(fields: StatementFields) -> Result<Self, StatementError> {
        let StatementFields { system, vk, public_inputs: BoundedWords(words) } = fields;
        Self::new(system, vk, words)
    }
}

impl Serialize for Statement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Statement", 3)?;
        object.serialize_field("system", &self.system())?;
        object.serialize_field("vk", &self.vk)?;
        object.serialize_field("public_inputs", self.public_inputs.words())?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Statement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_object::<D, StatementFields>(deserializer)?.try_into().map_err(StatementError::into_serde)
    }
}

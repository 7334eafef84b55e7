//! The canonical bytes of a [`QuantisedModel`]: a tag and version, then the model in postcard.
//!
//! A model has exactly one encoding and bytes decode to at most one model, so that a digest of the bytes identifies
//! the model. Postcard's integers alone do not give that (they tolerate padded varints), hence the comparison after
//! decoding.

use thiserror::Error;

use super::{ModelError, QuantisedModel};

/// Domain tag and version. Another layout of the types gets another version.
const TAG: &[u8] = b"sheaf/quantised-model/v1\n";

/// Longest accepted encoding, in bytes. A decoded model takes up to some thirty times its bytes.
pub const MAX_ENCODED_BYTES: usize = 64 << 20;

/// Why bytes are not a model.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// More bytes than [`MAX_ENCODED_BYTES`].
    #[error("[SH-MOD-020] encoded model too long: expected at most {MAX_ENCODED_BYTES} bytes, got {got}")]
    TooLong {
        /// Number of bytes.
        got: usize,
    },
    /// The bytes are of another kind or version.
    #[error("[SH-MOD-021] unknown encoding: expected the tag `sheaf/quantised-model/v1`")]
    Tag,
    /// The bytes after the tag are not in the model's layout.
    #[error("[SH-MOD-022] malformed model encoding")]
    Malformed {
        /// Postcard's account of it.
        #[source]
        source: postcard::Error,
    },
    /// Bytes are left over after the model.
    #[error("[SH-MOD-023] trailing bytes after the model: expected none, got {got}")]
    Trailing {
        /// Number of bytes left over.
        got: usize,
    },
    /// The model has another, shorter encoding.
    #[error("[SH-MOD-024] non-canonical model: decoding and encoding again gives other bytes")]
    NonCanonical,
    /// The model breaks an invariant.
    #[error(transparent)]
    Invalid(#[from] ModelError),
}

impl DecodeError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "SH-MOD-020",
            Self::Tag => "SH-MOD-021",
            Self::Malformed { .. } => "SH-MOD-022",
            Self::Trailing { .. } => "SH-MOD-023",
            Self::NonCanonical => "SH-MOD-024",
            Self::Invalid(error) => error.code(),
        }
    }
}

impl QuantisedModel {
    /// The model's one encoding. Does not validate: only what [`from_bytes`](Self::from_bytes) returns is known to
    /// be valid.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] if postcard fails, which it does for no value of this type;
    /// [`DecodeError::TooLong`] if no decoder would accept the bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        let bytes =
            postcard::to_extend(self, TAG.to_vec()).map_err(|source| DecodeError::Malformed { source })?;
        if bytes.len() > MAX_ENCODED_BYTES {
            Err(DecodeError::TooLong { got: bytes.len() })
        } else {
            Ok(bytes)
        }
    }

    /// Decodes and validates a model.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are too long, of another kind, malformed, not canonical, or of an invalid model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_ENCODED_BYTES {
            return Err(DecodeError::TooLong { got: bytes.len() });
        }
        let body = bytes.strip_prefix(TAG).ok_or(DecodeError::Tag)?;
        let (model, rest) =
            postcard::take_from_bytes::<Self>(body).map_err(|source| DecodeError::Malformed { source })?;
        if !rest.is_empty() {
            return Err(DecodeError::Trailing { got: rest.len() });
        }
        if model.to_bytes()? != bytes {
            return Err(DecodeError::NonCanonical);
        }
        model.validate()?;
        Ok(model)
    }
}

#[cfg(test)]
mod tests;

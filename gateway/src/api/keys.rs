//! API keys on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// Read jobs, receipts, batches, models and provers.
    Read,
    /// Add models, submit and cancel jobs, bring proofs, register webhooks.
    Submit,
    /// Lease recursion tasks and return proofs.
    Work,
    /// Make and revoke keys.
    Admin,
}

impl Scope {
    /// Every scope.
    pub(crate) const ALL: [Self; 4] = [Self::Read, Self::Submit, Self::Work, Self::Admin];

    /// Its name, as in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Submit => "submit",
            Self::Work => "work",
            Self::Admin => "admin",
        }
    }
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyRequest {
    /// A name for people.
    #[schema(min_length = 1, max_length = 64, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]+$")]
    pub(crate) name: String,
    /// What it may do.
    #[schema(min_items = 1, max_items = 4)]
    pub(crate) scopes: Vec<Scope>,
    /// Whose jobs it sees: your own tenant by default.
    #[schema(pattern = "^[a-z][a-z0-9-]{0,31}$")]
    pub(crate) tenant: Option<String>,
    /// After how many seconds it expires; never if absent.
    #[schema(minimum = 60, maximum = 315_360_000)]
    #[serde(default, deserialize_with = "crate::api::whole")]
    pub(crate) expires_in_s: Option<u64>,
}

/// A key, without what makes it one.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Key {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// Whose jobs it sees.
    pub(crate) tenant: String,
    /// What it may do.
    pub(crate) scopes: Vec<Scope>,
    /// When it was made, unix milliseconds.
    pub(crate) created_ms: u64,
    /// When it expires.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expires_ms: Option<u64>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) revoked_ms: Option<u64>,
}

/// A new key. The secret is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewKey {
    /// The key.
    #[serde(flatten)]
    pub(crate) key: Key,
    /// The secret, for `Authorization: Bearer …`.
    pub(crate) secret: String,
}

/// Every key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Keys {
    /// Newest first.
    pub(crate) items: Vec<Key>,
}

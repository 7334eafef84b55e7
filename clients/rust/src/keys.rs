//! API keys: making and revoking them. Takes a key with the scope `admin`.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::names::open_enum;
use crate::{Client, Error, KeyId};

open_enum! {
    /// What a key may do.
    Scope {
        /// Read jobs, receipts, batches, models and provers.
        Read = "read",
        /// Add models, submit and cancel jobs, bring proofs, register webhooks.
        Submit = "submit",
        /// Lease recursion tasks and return proofs.
        Work = "work",
        /// Make and revoke keys.
        Admin = "admin",
    }
}

/// A key to make.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyRequest {
    /// A name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Whose jobs it sees; your own tenant if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// After how many seconds it expires; never if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_s: Option<u64>,
}

/// A key, without what makes it one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// Its name.
    pub name: String,
    /// Whose jobs it sees.
    pub tenant: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// When it was made, Unix milliseconds.
    pub created_ms: u64,
    /// When it expires, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<u64>,
    /// When it was revoked, Unix milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_ms: Option<u64>,
}

/// A new key. The gateway shows its secret this once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewKey {
    /// The key.
    pub key: Key,
    /// What goes into [`Client::new`].
    pub secret: SecretString,
}

impl Client {
    /// Makes a key. Not tried again after a failure: that could make two.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn create_key(&self, request: &KeyRequest) -> Result<NewKey, Error> {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(flatten)]
            key: Key,
            secret: String,
        }

        let answer = self.send(Call::post(&["v1", "keys"]).json(request)?).await?;
        let Wire { key, secret } = answer.decode("a new key")?;
        Ok(NewKey { key, secret: secret.into() })
    }

    /// Every key, newest first.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn keys(&self) -> Result<Vec<Key>, Error> {
        #[derive(Deserialize)]
        struct Keys {
            items: Vec<Key>,
        }

        let Keys { items } = self.send(Call::get(&["v1", "keys"])).await?.decode("a list of keys")?;
        Ok(items)
    }

    /// Revokes a key: requests with it are refused from now on.
    ///
    /// # Errors
    /// As the gateway answers.
    pub async fn revoke_key(&self, key: &KeyId) -> Result<(), Error> {
        self.send(Call::delete(&["v1", "keys", key.as_str()])).await.map(|_| ())
    }
}

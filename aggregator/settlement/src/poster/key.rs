//! The key that pays: from a keystore or the environment, for one chain at a time, and never printed.

use std::fmt;
use std::path::Path;

use alloy::consensus::{SignableTransaction as _, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718 as _;
use alloy::primitives::{Address, B256, Bytes};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroize as _};

use super::PosterError;
use crate::embedded;

/// A secp256k1 key that transactions are signed with.
///
/// It holds money, and should hold no more than it may spend. It belongs to one poster: a transaction from elsewhere takes
/// a nonce that the poster counts on, which the poster mends, but at a price. Erased from memory when dropped.
#[derive(Clone)]
pub struct SigningKey {
    signer: PrivateKeySigner,
    /// The one chain that it signs for, if it is that of everybody.
    only_chain: Option<u64>,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("address", &self.address()).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// The embedded chain's public key. Signs for that chain alone.
    ///
    /// # Errors
    /// [`PosterError::KeyMalformed`] never: the key is a constant.
    pub fn dev() -> Result<Self, PosterError> {
        let key = Self::of_bytes(&embedded::dev_secret(), "the dev seed")?;
        Ok(Self { only_chain: Some(embedded::CHAIN_ID), ..key })
    }

    /// The key in an environment variable, as 64 hexadecimal digits with or without `0x`.
    ///
    /// # Errors
    /// [`PosterError::KeyMissing`] or [`PosterError::KeyMalformed`].
    pub fn from_env(variable: &str) -> Result<Self, PosterError> {
        let text = std::env::var(variable)
            .map(SecretString::from)
            .map_err(|_| PosterError::KeyMissing { variable: variable.to_owned() })?;
        Self::from_hex(&text, &format!("environment variable {variable}"))
    }

    /// The key of 64 hexadecimal digits, with or without `0x`. `origin` says in errors where it was.
    ///
    /// # Errors
    /// [`PosterError::KeyMalformed`].
    pub fn from_hex(text: &SecretString, origin: &str) -> Result<Self, PosterError> {
        let digits = text.expose_secret().trim();
        let mut secret = B256::ZERO;
        let decoded =
            hex::decode_to_slice(digits.strip_prefix("0x").unwrap_or(digits), secret.as_mut_slice());
        let key = match decoded {
            Ok(()) => Self::of_bytes(&secret, origin),
            Err(_) => Err(PosterError::KeyMalformed { origin: origin.to_owned() }),
        };
        secret.0.zeroize();
        key
    }

    /// The key in an encrypted keystore (version 3, as geth, cast and clef write it), opened with the first line of a
    /// password file, which must be its owner's alone. Takes as long as the keystore's key derivation does: seconds.
    ///
    /// # Errors
    /// [`PosterError::KeyFile`], [`PosterError::KeyFileMode`] or [`PosterError::Keystore`].
    pub fn from_keystore(keystore: &Path, password_file: &Path) -> Result<Self, PosterError> {
        let name = |path: &Path| path.display().to_string();
        let unread = |path: &Path| {
            let path = name(path);
            move |source| PosterError::KeyFile { path, source }
        };
        refuse_shared(password_file).map_err(|error| match error {
            Shared::Io(source) => unread(password_file)(source),
            Shared::Mode(mode) => PosterError::KeyFileMode { path: name(password_file), mode },
        })?;
        std::fs::metadata(keystore).map_err(unread(keystore))?;
        let text =
            std::fs::read_to_string(password_file).map(SecretString::from).map_err(unread(password_file))?;
        let password = text.expose_secret().lines().next().unwrap_or_default();
        let signer = PrivateKeySigner::decrypt_keystore(keystore, password)
            .map_err(|_| PosterError::Keystore { path: name(keystore) })?;
        Ok(Self { signer, only_chain: None })
    }

    fn of_bytes(secret: &B256, origin: &str) -> Result<Self, PosterError> {
        let signer = PrivateKeySigner::from_bytes(secret)
            .map_err(|_| PosterError::KeyMalformed { origin: origin.to_owned() })?;
        Ok(Self { signer, only_chain: None })
    }

    /// Who pays.
    #[must_use]
    pub fn address(&self) -> Address {
        self.signer.address()
    }

    /// Refuses a chain that the key must not sign for.
    ///
    /// # Errors
    /// [`PosterError::KeyChain`].
    pub fn check_chain(&self, chain_id: u64) -> Result<(), PosterError> {
        match self.only_chain {
            Some(expected) if expected != chain_id => {
                Err(PosterError::KeyChain { signer: self.address(), expected, got: chain_id })
            }
            _ => Ok(()),
        }
    }

    /// Signs a transaction. Deterministic (RFC 6979): the same transaction has the same hash.
    ///
    /// # Errors
    /// [`PosterError::KeyChain`] if the key must not sign for the transaction's chain, [`PosterError::Signing`] if it
    /// cannot.
    pub fn sign(&self, transaction: TxEip1559) -> Result<Signed, PosterError> {
        self.check_chain(transaction.chain_id)?;
        let signature = self
            .signer
            .sign_hash_sync(&transaction.signature_hash())
            .map_err(|error| PosterError::Signing { why: error.to_string() })?;
        let envelope = TxEnvelope::Eip1559(transaction.into_signed(signature));
        Ok(Signed { hash: *envelope.tx_hash(), raw: envelope.encoded_2718().into() })
    }
}

/// A signed transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Its hash.
    pub hash: B256,
    /// What is sent.
    pub raw: Bytes,
}

enum Shared {
    Io(std::io::Error),
    #[cfg_attr(not(unix), expect(dead_code, reason = "modes are of Unix"))]
    Mode(u32),
}

#[cfg(unix)]
fn refuse_shared(path: &Path) -> Result<(), Shared> {
    use std::os::unix::fs::PermissionsExt as _;

    let mode = std::fs::metadata(path).map_err(Shared::Io)?.permissions().mode() & 0o777;
    if mode & 0o077 == 0 { Ok(()) } else { Err(Shared::Mode(mode)) }
}

#[cfg(not(unix))]
fn refuse_shared(path: &Path) -> Result<(), Shared> {
    std::fs::metadata(path).map(drop).map_err(Shared::Io)
}

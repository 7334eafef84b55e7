//! The operator's key: signing for the EVM, and who signed.

use std::fmt;

use k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
use k256::elliptic_curve::rand_core::OsRng;
use sha3::{Digest as _, Keccak256};

use super::{Address, AttestError, KeccakDigest, OperatorSignature};

/// What the EVM adds to a recovery id of 0 or 1.
const RECOVERY_OFFSET: u8 = 27;

/// A secp256k1 key that attestations are signed with.
///
/// Whoever holds it can attest to anything, so it is kept like a wallet's key and apart from one that holds money.
/// Erased from memory when dropped, and never printed.
#[derive(Clone)]
pub struct OperatorKey(SigningKey);

impl OperatorKey {
    /// The key of 32 secret bytes, a big-endian number.
    ///
    /// # Errors
    /// [`AttestError::Key`] if the number is zero or not below the group order.
    pub fn from_bytes(secret: &[u8; 32]) -> Result<Self, AttestError> {
        SigningKey::from_slice(secret).map(Self).map_err(|_| AttestError::Key)
    }

    /// A new key, from the system's randomness.
    #[must_use]
    pub fn generate() -> Self {
        Self(SigningKey::random(&mut OsRng))
    }

    /// The secret bytes, for whoever writes the key's file. [`from_bytes`](Self::from_bytes) takes them back.
    #[must_use]
    pub fn secret_bytes(&self) -> [u8; 32] {
        self.0.to_bytes().into()
    }

    /// The address that contracts and wallets know the key by.
    #[must_use]
    pub fn address(&self) -> Address {
        address(self.0.verifying_key())
    }

    /// Signs a digest. Deterministic (RFC 6979), with a low s.
    pub(super) fn sign(&self, digest: &KeccakDigest) -> Result<OperatorSignature, AttestError> {
        let (signature, recovery) =
            self.0.sign_prehash_recoverable(digest.as_bytes()).map_err(|_| AttestError::Signing)?;
        // Such an r has no v in the EVM.
        if recovery.is_x_reduced() {
            return Err(AttestError::Signing);
        }
        let mut bytes = [0; 65];
        bytes[..64].copy_from_slice(&signature.to_bytes());
        bytes[64] = RECOVERY_OFFSET + recovery.to_byte();
        Ok(bytes.into())
    }
}

impl fmt::Debug for OperatorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OperatorKey").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// Who signed a digest: what the EVM's `ecrecover` answers, except that a high s is refused.
pub(super) fn signer(digest: &KeccakDigest, signature: &OperatorSignature) -> Result<Address, AttestError> {
    let [rs @ .., v] = signature.as_bytes();
    let recovery = v
        .checked_sub(RECOVERY_OFFSET)
        .filter(|parity| *parity < 2)
        .and_then(RecoveryId::from_byte)
        .ok_or(AttestError::RecoveryByte { got: *v })?;
    let signature = Signature::from_slice(rs).map_err(|_| AttestError::NoSigner)?;
    // With s, −s also verifies, so that anybody could make a second attestation of one.
    if signature.normalize_s().is_some() {
        return Err(AttestError::HighS);
    }
    VerifyingKey::recover_from_prehash(digest.as_bytes(), &signature, recovery)
        .map(|key| address(&key))
        .map_err(|_| AttestError::NoSigner)
}

fn address(key: &VerifyingKey) -> Address {
    let point = key.to_encoded_point(false);
    // Without the byte that says how the point is encoded.
    let digest: [u8; 32] = Keccak256::digest(&point.as_bytes()[1..]).into();
    let [_, _, _, _, _, _, _, _, _, _, _, _, last @ ..] = digest;
    last.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(secret: &str) -> OperatorKey {
        OperatorKey::from_bytes(&hex::decode(secret).unwrap().try_into().unwrap()).unwrap()
    }

    /// The example of web3.js' documentation: `accounts.sign('Some data', …)`.
    #[test]
    fn signatures_are_those_of_wallets() {
        let key = key("4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318");
        assert_eq!(key.address().to_string(), "0x2c7536e3605d9c16a7a3d7b1898e529396a65c23");
        let digest: KeccakDigest =
            "0x1da44b586eb0729ff70a73c326926f6ed5a25f5b056e7f47fbc6e58d86871655".parse().unwrap();
        let signature = key.sign(&digest).unwrap();
        assert_eq!(
            signature.to_string(),
            "0xb91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd\
             6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a0291c"
        );
        assert_eq!(signer(&digest, &signature).unwrap(), key.address());
    }

    #[test]
    fn generated_keys_differ_and_come_back_from_their_bytes() {
        let [a, b] = [OperatorKey::generate(), OperatorKey::generate()];
        assert_ne!(a.address(), b.address());
        assert_eq!(OperatorKey::from_bytes(&a.secret_bytes()).unwrap().address(), a.address());
    }

    #[test]
    fn secret_out_of_range_is_rejected() {
        for secret in [[0; 32], [0xff; 32]] {
            assert!(matches!(OperatorKey::from_bytes(&secret), Err(AttestError::Key)));
        }
    }

    /// A key ends up in logs by way of the structure that holds it.
    #[test]
    fn debug_output_hides_the_secret() {
        let secret = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
        let text = format!("{:?}", key(secret));
        assert_eq!(text, "OperatorKey { address: 0x2c7536e3605d9c16a7a3d7b1898e529396a65c23, .. }");
    }
}

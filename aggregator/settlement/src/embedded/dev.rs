//! The chain's id and its public key pair.

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::local::PrivateKeySigner;

/// `SHEAF` in ASCII, read as a number: an id that no public chain has.
pub const CHAIN_ID: u64 = 0x53_48_45_41_46;

/// The dev key is keccak256 of this text. Everybody knows it: [`SigningKey::dev`](crate::poster::SigningKey::dev) signs
/// for [`CHAIN_ID`] and nothing else.
pub const DEV_SEED: &str = "sheaf/embedded-chain/dev-key/v1";

/// The dev key's secret, which is none.
#[must_use]
pub fn dev_secret() -> B256 {
    keccak256(DEV_SEED)
}

/// The address of the dev key, which has a million ether on a chain of the default genesis.
#[must_use]
pub fn dev_address() -> Address {
    // The hash is a scalar: a constant, which a test looks at.
    PrivateKeySigner::from_bytes(&dev_secret()).map(|signer| signer.address()).unwrap_or_default()
}

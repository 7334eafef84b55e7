//! Contracts for tests: the real registry and router, with a verifier that believes everything.

use std::time::Duration;

use alloy::hex;
use alloy::primitives::{Address, B256, Bytes};
use alloy::sol_types::SolValue as _;

use crate::contracts::{DeployError, Deployer, deploy_registry, deploy_router};
use crate::poster::{SigningKey, Submission};
use crate::rpc::Endpoint;

/// `Gullible` of `clients/contracts/test/support/Verifiers.sol`, compiled: a batch is `abi.encode(root, size)`.
const GULLIBLE: &str = include_str!("testing/gullible.hex");

/// Under what the verifier that believes everything is found.
pub const GULLIBLE_SELECTOR: [u8; 4] = *b"gull";

/// Where the contracts are.
#[derive(Debug, Clone, Copy)]
pub struct TestContracts {
    /// Believes everything.
    pub verifier: Address,
    /// Owned by the key that deployed it, with no delay.
    pub router: Address,
    /// The registry.
    pub registry: Address,
}

/// Deploys registry, router, and the verifier that believes everything.
///
/// # Errors
/// [`DeployError`].
pub async fn deploy(
    endpoint: &Endpoint,
    key: &SigningKey,
    chain_id: u64,
) -> Result<TestContracts, DeployError> {
    let deployer = Deployer { endpoint, key, chain_id };
    let code = hex::decode(GULLIBLE.trim()).unwrap_or_default();
    let arguments = alloy::primitives::FixedBytes(GULLIBLE_SELECTOR).abi_encode();
    let verifier = deployer.create("the verifier", [code, arguments].concat().into()).await?;
    let router = deploy_router(key.address(), key.address(), 0, vec![verifier])?;
    let router = deployer.create("the router", router).await?;
    let registry = deployer.create("the registry", deploy_registry(router)?).await?;
    Ok(TestContracts { verifier, router, registry })
}

/// A batch that the verifier believes, with a root of its own.
#[must_use]
pub fn batch(n: u8) -> Submission {
    let root = B256::repeat_byte(n);
    let batch: Bytes = (root, u32::from(n)).abi_encode().into();
    Submission { root, size: u32::from(n), selector: GULLIBLE_SELECTOR, batch, deadline_ms: None }
}

/// Time that endpoints of tests have.
pub const TIMEOUT: Duration = Duration::from_secs(5);

//! Puts the contracts on a chain: for the embedded one, for tests, and for whoever sets up a chain of his own.
//!
//! Not durable: a crash in between leaves contracts behind that nobody uses, and the next try deploys others.

use std::time::Duration;

use alloy::consensus::TxEip1559;
use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256, Bytes, TxKind, U256};
use serde::{Deserialize, Serialize};

use super::{ArtefactError, Groth16Key, deploy_registry, deploy_router, deploy_verifier, selector_of};
use crate::poster::{PosterError, SigningKey};
use crate::rpc::{CallRequest, Endpoint, ReceiptRef, RpcError};

/// Between two looks for a receipt.
const LOOK_INTERVAL: Duration = Duration::from_millis(250);
/// Looks for a receipt: five minutes.
const MAX_LOOKS: u32 = 1200;

/// Why something is not deployed.
#[derive(Debug, thiserror::Error)]
pub enum DeployError {
    /// The endpoint.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The key.
    #[error(transparent)]
    Key(#[from] PosterError),
    /// The artefact.
    #[error(transparent)]
    Artefact(#[from] ArtefactError),
    /// The chain refuses it.
    #[error("[SH-STL-202] {what} cannot be deployed: {why}")]
    Reverted {
        /// What was tried.
        what: &'static str,
        /// The contract's words.
        why: String,
    },
    /// It is not mined within five minutes.
    #[error("[SH-STL-203] transaction {transaction} is not mined after five minutes")]
    NotMined {
        /// Which transaction.
        transaction: B256,
    },
}

impl DeployError {
    /// Stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rpc(error) => error.code(),
            Self::Key(error) => error.code(),
            Self::Artefact(error) => error.code(),
            Self::Reverted { .. } => "SH-STL-202",
            Self::NotMined { .. } => "SH-STL-203",
        }
    }
}

/// Where the contracts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The verifier.
    pub verifier: Address,
    /// What the router finds it by.
    pub selector: [u8; 4],
    /// The router.
    pub router: Address,
    /// The registry.
    pub registry: Address,
}

/// Sends transactions one after the other, and waits for each.
#[derive(Debug, Clone, Copy)]
pub struct Deployer<'a> {
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// Who pays.
    pub key: &'a SigningKey,
    /// The chain's id, which the endpoint must say too.
    pub chain_id: u64,
}

impl Deployer<'_> {
    /// Deploys a verifier for a key, a router with it in force, and a registry.
    ///
    /// `delay_s` is how long the router's owner has to wait with later verifiers: days on a public chain.
    ///
    /// # Errors
    /// [`DeployError`].
    pub async fn deploy_all(
        &self,
        key: &Groth16Key,
        owner: Address,
        guardian: Address,
        delay_s: u64,
    ) -> Result<Deployment, DeployError> {
        let verifier = self.create("the verifier", deploy_verifier(key.clone())?).await?;
        let router =
            self.create("the router", deploy_router(owner, guardian, delay_s, vec![verifier])?).await?;
        let registry = self.create("the registry", deploy_registry(router)?).await?;
        Ok(Deployment { verifier, selector: selector_of(key), router, registry })
    }

    /// Deploys a contract.
    ///
    /// # Errors
    /// [`DeployError`].
    pub async fn create(&self, what: &'static str, init_code: Bytes) -> Result<Address, DeployError> {
        let receipt = self.send(what, TxKind::Create, init_code).await?;
        receipt
            .contract_address
            .ok_or_else(|| DeployError::Reverted { what, why: "no address in the receipt".to_owned() })
    }

    /// Calls a contract in a transaction.
    ///
    /// # Errors
    /// [`DeployError`].
    pub async fn call(
        &self,
        what: &'static str,
        to: Address,
        data: Bytes,
    ) -> Result<ReceiptRef, DeployError> {
        self.send(what, TxKind::Call(to), data).await
    }

    async fn send(&self, what: &'static str, to: TxKind, data: Bytes) -> Result<ReceiptRef, DeployError> {
        let Self { endpoint, key, chain_id } = *self;
        endpoint.require_chain(chain_id).await?;
        let call = CallRequest { from: key.address(), to: to.to().copied(), data: data.clone(), gas: None };
        let gas = endpoint.estimate_gas(&call).await?;
        let gas = gas.map_err(|reason| DeployError::Reverted { what, why: reason.to_string() })?;
        let tip = endpoint.suggested_tip().await?;
        let signed = key.sign(TxEip1559 {
            chain_id,
            nonce: endpoint.nonce(key.address(), BlockNumberOrTag::Pending).await?,
            gas_limit: gas.saturating_add(gas / 10),
            max_fee_per_gas: endpoint.next_base_fee().await?.saturating_mul(2).saturating_add(tip),
            max_priority_fee_per_gas: tip,
            to,
            value: U256::ZERO,
            access_list: Default::default(),
            input: data,
        })?;
        endpoint.send_raw(&signed.raw).await?;
        for _ in 0..MAX_LOOKS {
            match endpoint.receipt(signed.hash).await? {
                Some(receipt) if receipt.status == 1 => return Ok(receipt),
                Some(_) => {
                    return Err(DeployError::Reverted { what, why: "it reverted when mined".to_owned() });
                }
                None => tokio::time::sleep(LOOK_INTERVAL).await,
            }
        }
        Err(DeployError::NotMined { transaction: signed.hash })
    }
}

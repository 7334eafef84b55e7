//! Chains, and what is on them.

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::{Address, U256};
use ark_bn254::{Bn254, Fr};
use ark_ff::BigInt;
use ark_groth16::VerifyingKey;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sheaf_settlement::contracts::{Deployer, Deployment, Groth16Key, key_from_bytes, selector_of};
use sheaf_settlement::embedded::{CHAIN_ID, EmbeddedChain, Genesis};
use sheaf_settlement::poster::{ChainConfig, Poster, PosterStore, SigningKey};
use sheaf_settlement::rpc::Endpoint;
use sheaf_setup::{check_chain_id, verifying_key_bytes};

use super::keys;
use crate::config::{ChainSettings, Config};
use crate::refusal::Refusal;

/// Name of the chain in the process.
pub(crate) const EMBEDDED: &str = "embedded";
/// Time that the chain in the process has for an answer.
const EMBEDDED_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything that settling takes.
#[derive(Debug)]
pub(crate) struct Settler {
    pub(crate) posters: Vec<Poster>,
    pub(crate) verifying_key: VerifyingKey<Bn254>,
    /// keccak256 of the verifying key, by which workers find the proving key.
    pub(crate) key_digest: String,
    /// What routers find the verifier by.
    pub(crate) selector: [u8; 4],
    /// The chain in this process, if there is one.
    pub(crate) embedded: Option<EmbeddedChain>,
}

/// Where the embedded chain's contracts are, as kept beside its journal.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deployed {
    key: String,
    deployment: Deployment,
}

/// What a configuration asks for; nothing if settlement is off.
pub(crate) async fn start(
    config: &Config,
    store: Arc<dyn PosterStore>,
) -> Result<Option<Arc<Settler>>, Refusal> {
    let settings = &config.settlement;
    if !settings.embedded && settings.chains.is_empty() {
        return Ok(None);
    }
    let (verifying_key, provenance) = keys::for_settlement(settings.test_only_key)?;
    let key = contract_key(&verifying_key)?;
    let key_digest = keys::digest_text(&verifying_key);
    let mut posters = Vec::new();
    let mut embedded = None;
    if settings.embedded {
        let chain = EmbeddedChain::open(&config.data.join("chain.journal"), Genesis::default())?;
        let endpoint = Endpoint::new(EMBEDDED, chain.transport(), EMBEDDED_TIMEOUT);
        let deployment = deployed(config, &endpoint, &key, &key_digest).await?;
        check_chain_id(&provenance, CHAIN_ID)?;
        let chain_config = ChainConfig {
            name: EMBEDDED.parse()?,
            chain_id: CHAIN_ID,
            registry: deployment.registry,
            rpc_urls: Vec::new(),
            policy: Default::default(),
        };
        posters.push(Poster::new(chain_config, vec![endpoint], SigningKey::dev()?, Arc::clone(&store))?);
        embedded = Some(chain);
    }
    for chain in &settings.chains {
        check_chain_id(&provenance, chain.chain_id)?;
        posters.push(connect(chain, Arc::clone(&store)).await?);
    }
    let selector = selector_of(&key);
    Ok(Some(Arc::new(Settler { posters, verifying_key, key_digest, selector, embedded })))
}

async fn connect(settings: &ChainSettings, store: Arc<dyn PosterStore>) -> Result<Poster, Refusal> {
    let key = match (&settings.keystore, &settings.password_file) {
        (Some(keystore), Some(password)) => SigningKey::from_keystore(keystore, password)?,
        _ => SigningKey::from_env(&settings.key_variable)?,
    };
    let registry: Address = settings.registry.parse().map_err(|_| Refusal {
        code: "SH-CFG-002".to_owned(),
        message: format!("settlement.chains.registry: expected an address, got {}", settings.registry),
    })?;
    let config = ChainConfig {
        name: settings.name.parse()?,
        chain_id: settings.chain_id,
        registry,
        rpc_urls: settings.rpc_urls.iter().map(|url| SecretString::from(url.as_str())).collect(),
        policy: settings.policy.clone(),
    };
    let poster = Poster::connect(config, key, store)?;
    poster.check().await?;
    Ok(poster)
}

/// The contracts on the embedded chain, deployed when they are first needed. With another key they are others.
async fn deployed(
    config: &Config,
    endpoint: &Endpoint,
    key: &Groth16Key,
    digest: &str,
) -> Result<Deployment, Refusal> {
    let path = config.data.join("chain.json");
    if let Ok(bytes) = std::fs::read(&path)
        && let Ok(Deployed { key, deployment }) = serde_json::from_slice(&bytes)
        && key == digest
        && !endpoint.code(deployment.registry).await?.is_empty()
    {
        return Ok(deployment);
    }
    let signer = SigningKey::dev()?;
    let deployer = Deployer { endpoint, key: &signer, chain_id: CHAIN_ID };
    let deployment = deployer.deploy_all(key, signer.address(), signer.address(), 0).await?;
    let text = serde_json::to_vec(&Deployed { key: digest.to_owned(), deployment })
        .map_err(|error| Refusal { code: "SH-SRV-003".to_owned(), message: error.to_string() })?;
    // A crash before this leaves contracts that nobody uses, and new ones are deployed.
    std::fs::write(&path, text).map_err(|error| Refusal {
        code: "SH-SRV-003".to_owned(),
        message: format!("{}: {error}", path.display()),
    })?;
    Ok(deployment)
}

/// A verifying key as the verifier contract's constructor takes it.
fn contract_key(key: &VerifyingKey<Bn254>) -> Result<Groth16Key, Refusal> {
    let bytes = verifying_key_bytes(key);
    key_from_bytes(&bytes).ok_or_else(|| Refusal {
        code: "SH-WRP-006".to_owned(),
        message: format!("verifying key of another circuit: expected 640 bytes, got {}", bytes.len()),
    })
}

/// A public input of the Groth16 proof. Packed ones are below 2^252, and so below the field's modulus.
pub(crate) fn field(value: U256) -> Fr {
    Fr::new(BigInt(value.into_limbs()))
}

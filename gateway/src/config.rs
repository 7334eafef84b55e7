//! Configuration of the service: one struct, a file, environment variables, and flags on top.
//!
//! `gateway/sheaf.toml` is the commented template; a test holds its values against the defaults here.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sheaf_aggregator::listing::CAPACITY;
use sheaf_settlement::poster::PostingPolicy;

/// What a gateway can be told. Every value has a default that works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where everything is kept.
    pub data: PathBuf,
    /// Threads that serve HTTP; 0 for one per core.
    pub http_threads: usize,
    /// Requests a second that a key may send; 0 for no limit.
    pub rate_per_second: u32,
    /// Requests that a key may send at once.
    pub rate_burst: u32,
    /// Largest body of a request but for models and proofs, in bytes.
    pub max_body_bytes: usize,
    /// Jobs that may wait for a prover; more are refused until some are done.
    pub max_open_jobs: u64,
    /// Sandboxed processes for hostile bytes.
    pub sandboxes: usize,
    /// Worker processes that are started along; 0 if all workers are elsewhere.
    pub workers: usize,
    /// The `sheaf` program that sandboxes and workers run; this one if absent.
    pub program: Option<PathBuf>,
    /// Whether webhooks may go to private addresses and over plain HTTP.
    pub webhooks_allow_private: bool,
    /// When batches close.
    pub batch: BatchConfig,
    /// What proofs cost.
    pub price: PriceConfig,
    /// The provers that run in this process.
    pub provers: ProverConfig,
    /// Where batches are settled.
    pub settlement: SettlementConfig,
}

/// Where batches are settled: nowhere, unless something is named here.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettlementConfig {
    /// On a chain in this process, kept in the data folder: to try out, and for tests. Served as JSON-RPC at
    /// `/v1/chains/embedded/rpc`.
    pub embedded: bool,
    /// Whether the key may be the one that everybody can forge proofs under. Refused for every public chain.
    pub test_only_key: bool,
    /// Chains outside.
    pub chains: Vec<ChainSettings>,
}

/// A chain outside. Every batch is posted on every chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainSettings {
    /// What it is called here.
    pub name: String,
    /// Its id.
    pub chain_id: u64,
    /// Address of the batch registry.
    pub registry: String,
    /// JSON-RPC endpoints, the best first.
    pub rpc_urls: Vec<String>,
    /// Encrypted keystore of the account that pays; goes with `password_file`.
    #[serde(default)]
    pub keystore: Option<PathBuf>,
    /// File with the keystore's password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Environment variable with the account's key, where there is no keystore.
    #[serde(default = "default_key_variable")]
    pub key_variable: String,
    /// How batches are posted.
    #[serde(default)]
    pub policy: PostingPolicy,
}

fn default_key_variable() -> String {
    "SHEAF_POSTER_KEY".to_owned()
}

/// When a batch closes: on whichever comes first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BatchConfig {
    /// Statements in it.
    pub max_size: usize,
    /// Age of its oldest proof, in milliseconds.
    pub max_age_ms: u64,
    /// Time kept in hand before the tightest due time, beyond what aggregating is expected to take.
    pub slack_ms: u64,
}

/// What proofs cost, in millionths of a US dollar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PriceConfig {
    /// A second of one core.
    pub cpu_second_microusd: u64,
    /// A job's share of a batch's recursion, in milliseconds of CPU time; proven statements only.
    pub aggregation_cpu_ms: u64,
}

/// The provers that run in this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProverConfig {
    /// Proofs at once of the embedded plonky2 prover; 0 to do without it.
    pub embedded: usize,
    /// Proofs at once of the Groth16 prover; 0 to do without it.
    pub groth16: usize,
    /// Time for one try of a proof, in milliseconds.
    pub timeout_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7430)),
            data: PathBuf::from("sheaf-data"),
            http_threads: 0,
            rate_per_second: 1000,
            rate_burst: 2000,
            max_body_bytes: 4 << 20,
            max_open_jobs: 1_000_000,
            sandboxes: 2,
            workers: 1,
            program: None,
            webhooks_allow_private: false,
            batch: BatchConfig::default(),
            price: PriceConfig::default(),
            provers: ProverConfig::default(),
            settlement: SettlementConfig::default(),
        }
    }
}

impl Default for BatchConfig {
    fn default() -> Self {
        Self { max_size: 64, max_age_ms: 3_000, slack_ms: 5_000 }
    }
}

impl Default for PriceConfig {
    fn default() -> Self {
        // Five US cents an hour, and what a statement takes of a batch of some tens.
        Self { cpu_second_microusd: 14, aggregation_cpu_ms: 1_500 }
    }
}

impl Default for ProverConfig {
    fn default() -> Self {
        Self { embedded: 1, groth16: 1, timeout_ms: 300_000 }
    }
}

/// Variables with our prefix that are for other parts of the program.
const ELSEWHERE: [&str; 6] =
    ["SHEAF_CACHE_DIR", "SHEAF_TOKEN", "SHEAF_URL", "SHEAF_KEY", "SHEAF_POSTER_KEY", "SHEAF_ANVIL"];

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It does not decode.
    #[error("[SH-CFG-001] configuration refused: {source}")]
    Malformed {
        /// Which key, and why.
        #[from]
        source: config::ConfigError,
    },
    /// A value makes no sense.
    #[error("[SH-CFG-002] {key}: expected {expected}, got {got}")]
    Value {
        /// The key.
        key: &'static str,
        /// What would do.
        expected: &'static str,
        /// What it is.
        got: String,
    },
}

impl Config {
    /// Reads a file, if there is one, and environment variables such as `SHEAF_BATCH__MAX_SIZE`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is refused.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut builder = config::Config::builder();
        if let Some(path) = file {
            builder = builder.add_source(config::File::from(path).format(config::FileFormat::Toml));
        }
        let environment = config::Environment::with_prefix("SHEAF")
            .prefix_separator("_")
            .separator("__")
            .try_parsing(true)
            .source(Some(
                std::env::vars()
                    // These are for other parts of the program.
                    .filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()))
                    .collect(),
            ));
        let config: Self = builder.add_source(environment).build()?.try_deserialize()?;
        config.check()?;
        Ok(config)
    }

    /// Checks values against one another.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for the first that makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse = |key, expected, got: String| -> Result<(), ConfigError> {
            Err(ConfigError::Value { key, expected, got })
        };
        if !(1..=4096).contains(&self.batch.max_size) {
            return refuse("batch.max_size", "1 to 4096", self.batch.max_size.to_string());
        }
        let settles = self.settlement.embedded || !self.settlement.chains.is_empty();
        if settles && self.batch.max_size > CAPACITY {
            return refuse(
                "batch.max_size",
                "at most 128 where batches are settled",
                self.batch.max_size.to_string(),
            );
        }
        if !(1024..=64 << 20).contains(&self.max_body_bytes) {
            return refuse("max_body_bytes", "1024 to 67108864", self.max_body_bytes.to_string());
        }
        if !(1..=64).contains(&self.sandboxes) {
            return refuse("sandboxes", "1 to 64", self.sandboxes.to_string());
        }
        if self.workers > 64 {
            return refuse("workers", "at most 64", self.workers.to_string());
        }
        if self.provers.timeout_ms < 1000 {
            return refuse("provers.timeout_ms", "at least 1000", self.provers.timeout_ms.to_string());
        }
        if self.rate_per_second > 0 && self.rate_burst == 0 {
            return refuse("rate_burst", "at least 1 where there is a rate", "0".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_says_what_the_defaults_are() {
        let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("sheaf.toml");
        assert_eq!(Config::load(Some(&template)).unwrap(), Config::default());
    }

    #[test]
    fn unknown_keys_and_senseless_values_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        for (text, named) in [
            ("lisen = \"127.0.0.1:1\"", "lisen"),
            ("[batch]\nmax_size = 0", "batch.max_size"),
            ("[batch]\nmax_size = \"many\"", "max_size"),
            ("sandboxes = 0", "sandboxes"),
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Config::load(Some(&path)).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }
}

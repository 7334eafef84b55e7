//! The contracts: what they are called with, what they answer, and the code to deploy them.
//!
//! Interfaces as in `clients/contracts/src`; the artefacts are those committed in `clients/contracts/artifacts`, which CI
//! compares with their source.

mod artefacts;
mod deploy;
mod reason;

use alloy::primitives::{Address, B256, Bytes, U256, keccak256};
use alloy::sol;
use alloy::sol_types::{SolCall as _, SolConstructor as _, SolValue as _};

pub use artefacts::ArtefactError;
pub use deploy::{DeployError, Deployer, Deployment};
pub use reason::RevertReason;

use crate::batch::{EvmPath, Leaf};

sol! {
    /// A verification key of Groth16 over BN254 for two public inputs. G2 as EIP-197 wants it: x.c1, x.c0, y.c1, y.c0.
    #[derive(Debug, PartialEq, Eq)]
    struct Groth16Key {
        uint256[2] alpha;
        uint256[4] beta;
        uint256[4] gamma;
        uint256[4] delta;
        uint256[2][3] ic;
    }

    /// Verifies batches.
    interface IBatchVerifier {
        #[derive(Debug)]
        error BatchLength(uint256 received, uint256 expected);
        #[derive(Debug)]
        error EmptyBatch();
        #[derive(Debug)]
        error EmptyRun(uint256 run);
        #[derive(Debug)]
        error TooManyLeaves(uint256 received, uint256 maximum);
        #[derive(Debug)]
        error NonCanonicalDigest();
        #[derive(Debug)]
        error InvalidProof();
        #[derive(Debug)]
        error InvalidKey();
        #[derive(Debug)]
        error UnsafeKey();

        function verifyBatch(bytes calldata batch) external view returns (bytes32 root, uint32 size);
        function selector() external view returns (bytes4);
    }

    /// The verifier of batches whose leaves are in calldata.
    contract CalldataBatchVerifier {
        constructor(Groth16Key memory key);
        function keyDigest() external view returns (bytes32);
    }

    /// Finds verifiers by selector.
    contract VerifierRouter {
        #[derive(Debug)]
        error UnknownVerifier(bytes4 selector);
        #[derive(Debug)]
        error VerifierPending(bytes4 selector, uint64 activeFrom);
        #[derive(Debug)]
        error VerifierIsFrozen(bytes4 selector);

        constructor(address owner, address guardian, uint64 delay, address[] memory initial);
        function propose(address verifier) external returns (bytes4 selector);
        function activate(bytes4 selector) external;
        function freeze(bytes4 selector) external;
        function getVerifier(bytes4 selector) external view returns (address);
        function isFrozen(bytes4 selector) external view returns (bool);
        function statusOf(bytes4 selector) external view returns (uint8);
    }

    /// Keeps the roots of batches.
    contract BatchRegistry {
        #[derive(Debug)]
        event BatchPosted(bytes32 indexed root, bytes4 indexed selector, uint32 size, address indexed poster);
        #[derive(Debug)]
        error AlreadyPosted(bytes32 root);

        constructor(address router);
        function postBatch(bytes4 selector, bytes calldata batch) external returns (bytes32 root);
        function isProven(bytes32 root, bytes32 programId, bytes32 publicInputsDigest, bytes32 context, uint256 index, bytes32[] calldata path) external view returns (bool);
        function batchOf(bytes32 root) external view returns (uint64 blockNumber, uint32 size, bytes4 selector);
        function router() external view returns (address);
    }
}

/// What the digest of a calldata verifier's key starts with.
pub const CALLDATA_VERIFIER_TAG: &str = "sheaf/verifier/calldata/v1";

/// The digest that names a key of the calldata verifier: keccak256(abi.encode([`CALLDATA_VERIFIER_TAG`], key)).
#[must_use]
pub fn key_digest(key: &Groth16Key) -> B256 {
    keccak256((CALLDATA_VERIFIER_TAG, key.clone()).abi_encode_params())
}

/// A verifying key from its words in the order of the constructor's arguments: alpha (x, y), beta, gamma, delta (x.c1,
/// x.c0, y.c1, y.c0 each), and three points (x, y). Nothing for any other length. Whether these are points is the
/// contract's to check.
#[must_use]
pub fn key_from_bytes(bytes: &[u8]) -> Option<Groth16Key> {
    let words: Vec<U256> =
        bytes.chunks(32).map(|word| U256::try_from_be_slice(word).unwrap_or_default()).collect();
    let words: [U256; 20] = words.try_into().ok().filter(|_| bytes.len() == 20 * 32)?;
    let four = |start: usize| std::array::from_fn(|index| words[start + index]);
    let two = |start: usize| [words[start], words[start + 1]];
    Some(Groth16Key {
        alpha: two(0),
        beta: four(2),
        gamma: four(6),
        delta: four(10),
        ic: [two(14), two(16), two(18)],
    })
}

/// The selector that the router finds the key's verifier by.
#[must_use]
pub fn selector_of(key: &Groth16Key) -> [u8; 4] {
    let [a, b, c, d, ..] = key_digest(key).0;
    [a, b, c, d]
}

/// Code that deploys a calldata verifier for a key.
///
/// # Errors
/// [`ArtefactError`] if the committed artefact is not one.
pub fn deploy_verifier(key: Groth16Key) -> Result<Bytes, ArtefactError> {
    let arguments = CalldataBatchVerifier::constructorCall { key }.abi_encode();
    artefacts::init_code(artefacts::VERIFIER, &arguments)
}

/// Code that deploys a router with verifiers in force from the start.
///
/// # Errors
/// [`ArtefactError`] if the committed artefact is not one.
pub fn deploy_router(
    owner: Address,
    guardian: Address,
    delay_s: u64,
    initial: Vec<Address>,
) -> Result<Bytes, ArtefactError> {
    let arguments = VerifierRouter::constructorCall { owner, guardian, delay: delay_s, initial }.abi_encode();
    artefacts::init_code(artefacts::ROUTER, &arguments)
}

/// Code that deploys a registry.
///
/// # Errors
/// [`ArtefactError`] if the committed artefact is not one.
pub fn deploy_registry(router: Address) -> Result<Bytes, ArtefactError> {
    let arguments = BatchRegistry::constructorCall { router }.abi_encode();
    artefacts::init_code(artefacts::REGISTRY, &arguments)
}

/// The call that posts a batch.
#[must_use]
pub fn post_batch(selector: [u8; 4], batch: Bytes) -> Bytes {
    BatchRegistry::postBatchCall { selector: selector.into(), batch }.abi_encode().into()
}

/// The call that asks whether a statement is proven.
#[must_use]
pub fn is_proven(root: B256, leaf: &Leaf, path: &EvmPath) -> Bytes {
    let call = BatchRegistry::isProvenCall {
        root,
        programId: leaf.program,
        publicInputsDigest: leaf.public_inputs,
        context: leaf.context(),
        index: alloy::primitives::U256::from(path.index),
        path: path.siblings.clone(),
    };
    call.abi_encode().into()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod verifier_tests;

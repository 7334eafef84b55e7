// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// What the registry refuses.
interface RegistryErrors {
    /// The root stands under a verifier that is in force.
    error AlreadyPosted(bytes32 root);
    error NoRouter(address router);
}

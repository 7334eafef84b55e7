// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// What an application asks the verifier that EZKL writes for a model.
interface IEzklVerifier {
    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool);
}

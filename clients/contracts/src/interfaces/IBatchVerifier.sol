// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// Checks batches of statements, and says which tree of statements was proven. Keeps nothing.
interface IBatchVerifier {
    /// The root of the keccak256 tree over the batch's statements, and how many there are. Reverts unless they are proven.
    /// @param batch Proof and statements, laid out as the implementation says.
    function verifyBatch(bytes calldata batch) external view returns (bytes32 root, uint32 size);

    /// Names this verifier and its key. Two verifiers with one selector must accept the same batches.
    function selector() external view returns (bytes4);
}

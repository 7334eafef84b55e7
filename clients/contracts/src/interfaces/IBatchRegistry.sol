// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IVerifierRouter } from "./IVerifierRouter.sol";

/// Which statements were proven. Anyone may post, nobody may remove.
interface IBatchRegistry {
    event BatchPosted(bytes32 indexed root, bytes4 indexed selector, uint32 size, address indexed poster);

    /// Verifies a batch and records its root. Reverts with `AlreadyPosted` if the root stands under a verifier that is
    /// not frozen; one that was recorded under a frozen verifier can be posted anew under another.
    function postBatch(bytes4 selector, bytes calldata batch) external returns (bytes32 root);

    /// Whether a statement is in a recorded batch whose verifier is not frozen.
    /// @param root The batch's root, as `BatchPosted` announced it.
    /// @param programId Which program: its circuit's and its leaf circuit's key.
    /// @param publicInputsDigest Which inputs and outputs; `PublicInputs` computes it.
    /// @param context The proof system's id in the first four bytes, then zeros.
    /// @param index Bit i: whether the i-th sibling is on the left. No bits beyond the path.
    /// @param path Siblings from the leaf to the root.
    function isProven(
        bytes32 root,
        bytes32 programId,
        bytes32 publicInputsDigest,
        bytes32 context,
        uint256 index,
        bytes32[] calldata path
    ) external view returns (bool);

    /// What is recorded under a root, also when its verifier is frozen. Zeros if nothing is.
    function batchOf(bytes32 root) external view returns (uint64 blockNumber, uint32 size, bytes4 selector);

    /// Where verifiers are looked up.
    function router() external view returns (IVerifierRouter);
}

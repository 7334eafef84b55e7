// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// ERC-8039 (draft), as its authors last published it: a verifier of one statement of one proof system.
interface IERC8039 {
    /// This function's selector if the proof is valid, zero if not. Does not revert for an invalid proof.
    function verifyProof(bytes calldata publicInputs, bytes calldata proof) external view returns (bytes4 magicValue);

    function getProofType() external view returns (bytes32 proofType);

    function metadata() external view returns (string memory);
}

/// ERC-8039 as it was first drafted, with a schema that names the statement.
interface IERC8039Schema {
    /// This function's selector if the proof is valid, zero if not. Does not revert for an invalid proof.
    function isValidProof(bytes32 schema, bytes32[] calldata publicInputs, bytes calldata proof)
        external
        view
        returns (bytes4 magicValue);
}

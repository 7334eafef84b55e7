// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// ERC-8039 (draft), as its authors last published it: a verifier of one statement of one proof system.
///
/// The magic value is said to be this function's selector, which is 0xb8e72af6; the authors' own code has 0x534f5876 in its
/// place, which is no hash of it. Here it is the selector.
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

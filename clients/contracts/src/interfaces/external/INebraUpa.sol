// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// Where a proof stands in a submission to NEBRA's UPA.
struct ProofReference {
    bytes32 submissionId;
    bytes32[] merkleProof;
    uint16 location;
}

/// What an application asks NEBRA's UPA, by public inputs. Circuits were numbered by uint256 once, and are by bytes32 now.
interface INebraUpa {
    function isProofVerified(bytes32 circuitId, uint256[] calldata publicInputs) external view returns (bool);

    function isProofVerified(bytes32 circuitId, uint256[] calldata publicInputs, ProofReference calldata proofReference)
        external
        view
        returns (bool);

    function isProofVerified(uint256 circuitId, uint256[] calldata publicInputs) external view returns (bool);

    function isProofVerified(uint256 circuitId, uint256[] calldata publicInputs, ProofReference calldata proofReference)
        external
        view
        returns (bool);
}

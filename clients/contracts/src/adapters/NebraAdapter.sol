// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchRegistry } from "../interfaces/IBatchRegistry.sol";
import { IPublicInputs } from "../interfaces/IPublicInputs.sol";
import { INebraUpa, ProofReference } from "../interfaces/external/INebraUpa.sol";
import { SheafProofs } from "../libraries/SheafProofs.sol";
import { Adapter } from "./Adapter.sol";

/// Answers like NEBRA's UPA.
///
/// | UPA                        | here                                                                      |
/// |----------------------------|---------------------------------------------------------------------------|
/// | circuitId                  | program id                                                                |
/// | publicInputs               | public values as BN254 scalars; a negative one is r less its magnitude    |
/// | submissionId               | a batch's root                                                            |
/// | merkleProof, location      | path, index                                                               |
/// | a submission of one proof  | a batch of one statement, whose root is its leaf: no reference is needed  |
///
/// Not here: asking by `proofId`, which is a hash that a leaf is not; whole submissions; submitting and challenging, which
/// there is no need for. Values above (p - 1) / 2 in magnitude, which Goldilocks has no place for, are not verified.
contract NebraAdapter is Adapter, INebraUpa {
    constructor(IBatchRegistry batches_, IPublicInputs hasher_, bytes4 system) Adapter(batches_, hasher_, system) { }

    function isProofVerified(bytes32 circuitId, uint256[] calldata publicInputs) external view returns (bool) {
        return _alone(circuitId, publicInputs);
    }

    function isProofVerified(bytes32 circuitId, uint256[] calldata publicInputs, ProofReference calldata proofReference)
        external
        view
        returns (bool)
    {
        return _referenced(circuitId, publicInputs, proofReference);
    }

    function isProofVerified(uint256 circuitId, uint256[] calldata publicInputs) external view returns (bool) {
        return _alone(bytes32(circuitId), publicInputs);
    }

    function isProofVerified(uint256 circuitId, uint256[] calldata publicInputs, ProofReference calldata proofReference)
        external
        view
        returns (bool)
    {
        return _referenced(bytes32(circuitId), publicInputs, proofReference);
    }

    function _alone(bytes32 programId, uint256[] calldata publicInputs) private view returns (bool) {
        (bool fits, bytes32 digest) = _digestOfScalars(publicInputs);
        if (!fits) return false;
        bytes32 leaf = SheafProofs.leafOf(programId, digest, context);
        return batches.isProven(leaf, programId, digest, context, 0, new bytes32[](0));
    }

    function _referenced(bytes32 programId, uint256[] calldata publicInputs, ProofReference calldata place)
        private
        view
        returns (bool)
    {
        (bool fits, bytes32 digest) = _digestOfScalars(publicInputs);
        return
            fits && batches.isProven(place.submissionId, programId, digest, context, place.location, place.merkleProof);
    }
}

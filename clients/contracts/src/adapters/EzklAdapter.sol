// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchRegistry } from "../interfaces/IBatchRegistry.sol";
import { IPublicInputs } from "../interfaces/IPublicInputs.sol";
import { IEzklVerifier } from "../interfaces/external/IEzklVerifier.sol";
import { Adapter } from "./Adapter.sol";

/// Answers like the verifier that EZKL writes for one model; so there is one of these for a program.
///
/// | EZKL       | here                                                                      |
/// |------------|---------------------------------------------------------------------------|
/// | (the code) | program id                                                                |
/// | instances  | public values as BN254 scalars; a negative one is r less its magnitude    |
/// | proof      | `abi.encode(root, index, path)`                                           |
///
/// Not here: EZKL's scale, which is another than a program's, and its hashed or encrypted instances. The form with the key's
/// address in front, for verifiers whose key is a contract of its own, is not here either.
contract EzklAdapter is Adapter, IEzklVerifier {
    bytes32 public immutable programId;

    constructor(IBatchRegistry batches_, IPublicInputs hasher_, bytes4 system, bytes32 programId_)
        Adapter(batches_, hasher_, system)
    {
        programId = programId_;
    }

    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool) {
        (bool fits, bytes32 digest) = _digestOfScalars(instances);
        return fits && _isProven(programId, digest, proof);
    }
}

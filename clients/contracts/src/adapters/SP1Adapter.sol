// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchRegistry } from "../interfaces/IBatchRegistry.sol";
import { IPublicInputs } from "../interfaces/IPublicInputs.sol";
import { ISP1Verifier } from "../interfaces/external/ISP1Verifier.sol";
import { Adapter } from "./Adapter.sol";

/// Answers like SP1's verifier.
///
/// | SP1           | here                                                                    |
/// |---------------|-------------------------------------------------------------------------|
/// | programVKey   | program id                                                              |
/// | publicValues  | public values, 32 bytes each, as `abi.encode(int64, ..)` writes them    |
/// | proofBytes    | `abi.encode(root, index, path)`                                         |
///
/// Not here: public values of any other form, such as structs with addresses or hashes; a model has none.
contract SP1Adapter is Adapter, ISP1Verifier {
    error InvalidProof();

    constructor(IBatchRegistry batches_, IPublicInputs hasher_, bytes4 system) Adapter(batches_, hasher_, system) { }

    function verifyProof(bytes32 programVKey, bytes calldata publicValues, bytes calldata proofBytes) external view {
        (bool fits, bytes32 digest) = _digestOfWords(publicValues);
        if (!fits || !_isProven(programVKey, digest, proofBytes)) revert InvalidProof();
    }
}

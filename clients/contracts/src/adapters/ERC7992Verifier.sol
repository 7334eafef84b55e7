// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchRegistry } from "../interfaces/IBatchRegistry.sol";
import { IPublicInputs } from "../interfaces/IPublicInputs.sol";
import { IERC165 } from "../interfaces/external/IERC165.sol";
import { IERCZKMLRegistry, IERCZKMLVerifier } from "../interfaces/external/IERC7992.sol";
import { Adapter } from "./Adapter.sol";

/// The verifier of ERC-7992 (draft).
///
/// | ERC-7992         | here                                                                                      |
/// |------------------|-------------------------------------------------------------------------------------------|
/// | the model        | `vkHash` is the program id, `proofSystemId` the proof system                              |
/// | inputCommitment  | Sheaf's salted commitment to the input: four elements, the first public values            |
/// | output           | the outputs, 32 bytes each, as `abi.encode(int64, ..)` writes them                        |
/// | proof            | `abi.encode(root, index, path)`                                                           |
///
/// Not here: programs whose inputs are public or private. A contract cannot see of which kind a program is, and would take
/// the first four public inputs of one for a commitment: who pins a model id sees to it that its program commits to inputs.
/// `ModelMismatch`, `InputCommitmentMismatch` and `OutputMismatch` are never raised: the registry of batches says whether the
/// whole is proven, not which part is not.
contract ERC7992Verifier is Adapter, IERCZKMLVerifier, IERC165 {
    uint256 private constant P = 0xFFFFFFFF00000001;
    /// (p - 1) / 2: numbers have at most this magnitude.
    uint256 private constant HALF = 0x7FFFFFFF80000000;

    IERCZKMLRegistry private immutable _models;

    constructor(IBatchRegistry batches_, IPublicInputs hasher_, bytes4 system, IERCZKMLRegistry models)
        Adapter(batches_, hasher_, system)
    {
        _models = models;
    }

    function verifyInference(uint256 modelId, bytes32 inputCommitment, bytes calldata output, bytes calldata proof)
        external
    {
        (IERCZKMLRegistry.ModelCommitment memory model, bool deprecated,) = _models.getModel(modelId);
        if (deprecated) revert VerificationRefused_ModelDeprecated(modelId);
        if (bytes32(model.proofSystemId) != context) revert UnsupportedProofSystem(model.proofSystemId);
        (bool fits, bytes32 digest) = _digest(inputCommitment, output);
        if (!fits || !_isProven(model.vkHash, digest, proof)) revert InvalidProof();
        emit InferenceVerified(modelId, inputCommitment, output, msg.sender);
    }

    function proofSystemOf(uint256 modelId) external view returns (bytes4) {
        (IERCZKMLRegistry.ModelCommitment memory model,,) = _models.getModel(modelId);
        return model.proofSystemId;
    }

    function registry() external view returns (address) {
        return address(_models);
    }

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERCZKMLVerifier).interfaceId || interfaceId == type(IERC165).interfaceId;
    }

    /// The digest of a commitment's elements and outputs.
    function _digest(bytes32 commitment, bytes calldata output) private view returns (bool fits, bytes32 digest) {
        if (output.length % 32 != 0) return (false, 0);
        uint256 outputs = output.length / 32;
        uint256[] memory elements = new uint256[](4 + outputs);
        for (uint256 i; i < 4; ++i) {
            elements[i] = (uint256(commitment) >> (192 - 64 * i)) & type(uint64).max;
        }
        for (uint256 i; i < outputs; ++i) {
            uint256 word = uint256(bytes32(output[32 * i:]));
            unchecked {
                if (word + HALF >= P) return (false, 0);
                elements[4 + i] = word > HALF ? word + P : word;
            }
        }
        return _ask(abi.encodeWithSelector(IPublicInputs.digestOfElements.selector, elements));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchRegistry } from "../interfaces/IBatchRegistry.sol";
import { IPublicInputs } from "../interfaces/IPublicInputs.sol";
import { IERC165 } from "../interfaces/external/IERC165.sol";
import { IERC8039, IERC8039Schema } from "../interfaces/external/IERC8039.sol";
import { Adapter } from "./Adapter.sol";

/// Answers ERC-8039 (draft) for one program, in the form last published and in the first.
///
/// | ERC-8039                    | here                                                                                   |
/// |-----------------------------|----------------------------------------------------------------------------------------|
/// | publicInputs (bytes)        | public values, 32 bytes each, as `abi.encode(int64, ..)` writes them                   |
/// | publicInputs (bytes32[])    | the same, a lane each                                                                  |
/// | proof                       | `abi.encode(root, index, path)`                                                        |
/// | schema                      | `schema()`: name, version, program id and layout, hashed as the draft recommends       |
/// | getProofType                | keccak256("plonky2-sheaf")                                                             |
///
/// Not here: a chain id, a contract or an expiry among the public inputs. A program has inputs and outputs, so what binds a
/// statement to an application has to be an input of its model, or be remembered by the application.
contract ERC8039Adapter is Adapter, IERC8039, IERC8039Schema, IERC165 {
    /// Lane after lane a signed number in two's complement, big-endian, of a magnitude of at most (2^64 - 2^32) / 2.
    bytes32 public constant LAYOUT = keccak256("sheaf: signed numbers of 64 bits, inputs then outputs");

    bytes32 public immutable programId;
    string public metadata;

    constructor(
        IBatchRegistry batches_,
        IPublicInputs hasher_,
        bytes4 system,
        bytes32 programId_,
        string memory metadata_
    ) Adapter(batches_, hasher_, system) {
        programId = programId_;
        metadata = metadata_;
    }

    function verifyProof(bytes calldata publicInputs, bytes calldata proof) external view returns (bytes4) {
        return _holds(publicInputs, proof) ? IERC8039.verifyProof.selector : bytes4(0);
    }

    function isValidProof(bytes32 schema_, bytes32[] calldata publicInputs, bytes calldata proof)
        external
        view
        returns (bytes4)
    {
        bool holds = schema_ == schema() && _holds(abi.encodePacked(publicInputs), proof);
        return holds ? IERC8039Schema.isValidProof.selector : bytes4(0);
    }

    function getProofType() external pure returns (bytes32) {
        return keccak256("plonky2-sheaf");
    }

    function schema() public view returns (bytes32) {
        return keccak256(abi.encode(keccak256("sheaf-inference"), uint32(1), programId, LAYOUT));
    }

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC8039).interfaceId || interfaceId == type(IERC8039Schema).interfaceId
            || interfaceId == type(IERC165).interfaceId;
    }

    function _holds(bytes memory words, bytes calldata proof) private view returns (bool) {
        (bool fits, bytes32 digest) = _digestOfWords(words);
        return fits && _isProven(programId, digest, proof);
    }
}

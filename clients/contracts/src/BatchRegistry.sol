// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { RegistryErrors } from "./errors/RegistryErrors.sol";
import { IBatchRegistry } from "./interfaces/IBatchRegistry.sol";
import { IBatchVerifier } from "./interfaces/IBatchVerifier.sol";
import { IVerifierRouter } from "./interfaces/IVerifierRouter.sol";
import { SheafProofs } from "./libraries/SheafProofs.sol";

/// Keeps the root of every batch that a verifier accepted. No owner, no upgrade, no fee.
///
/// A freeze of a verifier takes effect here on both sides: nothing is posted through it, and `isProven` answers false for
/// what was. A verifier is frozen when it was found to accept what is not true, and then nothing that it accepted counts.
/// It costs a read 400 gas. What is recorded stays recorded, so that a root whose verifier was frozen can be posted anew
/// under another one, and every path to it is good again.
contract BatchRegistry is IBatchRegistry, RegistryErrors {
    IVerifierRouter public immutable router;

    /// One slot a batch: selector in the highest four bytes, size in bits 64 to 96, block number in the lowest 64. A recorded
    /// batch has a size of one or more.
    mapping(bytes32 root => uint256) private _records;

    constructor(IVerifierRouter router_) {
        if (address(router_).code.length == 0) revert NoRouter(address(router_));
        router = router_;
    }

    function postBatch(bytes4 selector, bytes calldata batch) external returns (bytes32 root) {
        IBatchVerifier verifier = router.getVerifier(selector);
        uint32 size;
        (root, size) = verifier.verifyBatch(batch);
        uint256 recorded = _records[root];
        if (recorded != 0 && !_isFrozen(recorded)) revert AlreadyPosted(root);
        _records[root] = uint256(bytes32(selector)) | uint256(size) << 64 | uint64(block.number);
        emit BatchPosted(root, selector, size, msg.sender);
    }

    function isProven(
        bytes32 root,
        bytes32 programId,
        bytes32 publicInputsDigest,
        bytes32 context,
        uint256 index,
        bytes32[] calldata path
    ) external view returns (bool) {
        uint256 record = _records[root];
        // Of an unknown root the size is zero, and no path fits.
        if (!SheafProofs.isPath(_size(record), index, path.length)) return false;
        bytes32 leaf = SheafProofs.leafOf(programId, publicInputsDigest, context);
        return SheafProofs.rootOf(leaf, index, path) == root && !_isFrozen(record);
    }

    function batchOf(bytes32 root) external view returns (uint64 blockNumber, uint32 size, bytes4 selector) {
        uint256 record = _records[root];
        return (uint64(record), _size(record), _selector(record));
    }

    /// `router.isFrozen` of a record's selector. In assembly, which saves a read 300 gas.
    function _isFrozen(uint256 record) private view returns (bool frozen) {
        address target = address(router);
        bytes4 name = IVerifierRouter.isFrozen.selector;
        assembly ("memory-safe") {
            mstore(0x00, name)
            mstore(0x04, and(record, shl(224, 0xFFFFFFFF)))
            // The call is the last argument, and so the first to be evaluated.
            if iszero(and(gt(returndatasize(), 31), staticcall(gas(), target, 0x00, 0x24, 0x00, 0x20))) {
                revert(0x00, 0x00)
            }
            frozen := mload(0x00)
        }
    }

    function _size(uint256 record) private pure returns (uint32) {
        return uint32(record >> 64);
    }

    function _selector(uint256 record) private pure returns (bytes4) {
        return bytes4(bytes32(record));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchRegistry } from "../interfaces/IBatchRegistry.sol";

/// What a contract needs to rely on a statement: one line,
///
///     SheafProofs.requireProven(registry, statement, place);
library SheafProofs {
    /// What was proven: this program, on these public values, by this proof system.
    struct Statement {
        bytes32 programId;
        bytes32 publicInputsDigest;
        bytes32 context;
    }

    /// Where it stands: in which batch, and the path there.
    struct Place {
        bytes32 root;
        uint256 index;
        bytes32[] path;
    }

    error NotProven(bytes32 root, bytes32 leaf);
    error OtherVerifier(bytes4 expected, bytes4 received);

    /// The context of a proof system: its id, then zeros.
    function contextOf(bytes4 system) internal pure returns (bytes32) {
        return bytes32(system);
    }

    /// Names a statement, wherever it stands. What is to happen once per statement is remembered under this.
    function leafOf(Statement memory statement) internal pure returns (bytes32) {
        return leafOf(statement.programId, statement.publicInputsDigest, statement.context);
    }

    /// keccak256(0x00 || keccak256(programId || publicInputsDigest || context)). 180 gas.
    function leafOf(bytes32 programId, bytes32 publicInputsDigest, bytes32 context)
        internal
        pure
        returns (bytes32 leaf)
    {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, programId)
            mstore(add(free, 0x20), publicInputsDigest)
            mstore(add(free, 0x40), context)
            mstore8(0x00, 0)
            mstore(0x01, keccak256(free, 0x60))
            leaf := keccak256(0x00, 0x21)
        }
    }

    /// keccak256(0x01 || left || right).
    function nodeOf(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0x01), left, right));
    }

    /// The root that a path leads to. Bit i of `index` says whether the i-th sibling is on the left. 143 gas a level.
    /// Of the index 250 bits are looked at, which is more than any tree is high.
    function rootOf(bytes32 leaf, uint256 index, bytes32[] calldata path) internal pure returns (bytes32 root) {
        root = leaf;
        assembly ("memory-safe") {
            // 0x01, left, right, from here:
            let start := add(mload(0x40), 0x1f)
            let left := add(start, 1)
            let right := add(start, 0x21)
            mstore8(start, 1)
            index := shl(5, index)
            let sibling := path.offset
            // Two levels a turn: turning costs as much as half a level.
            for { let end := add(sibling, shl(5, and(path.length, not(1)))) } lt(sibling, end) { } {
                let side := and(index, 0x20)
                mstore(add(left, side), root)
                mstore(sub(right, side), calldataload(sibling))
                side := and(shr(1, index), 0x20)
                mstore(add(left, side), keccak256(start, 0x41)) // hashed before it is stored
                mstore(sub(right, side), calldataload(add(sibling, 0x20)))
                root := keccak256(start, 0x41)
                index := shr(2, index)
                sibling := add(sibling, 0x40)
            }
            if and(path.length, 1) {
                let side := and(index, 0x20)
                mstore(add(left, side), root)
                mstore(sub(right, side), calldataload(sibling))
                root := keccak256(start, 0x41)
            }
        }
    }

    /// Whether a path is one that a tree of `size` leaves can have, and says nothing that it does not use. Without this
    /// one statement would have many ways to be asked for.
    function isPath(uint256 size, uint256 index, uint256 length) internal pure returns (bool fits) {
        assembly ("memory-safe") {
            // No longer than the tree is high: 2^(length - 1) < size. A shift by 256 or more gives zero, so that is asked too.
            fits := and(and(lt(length, 33), gt(size, shr(1, shl(length, 1)))), iszero(shr(length, index)))
        }
    }

    /// Whether a statement is proven, as the registry says.
    function isProven(IBatchRegistry registry, Statement memory statement, Place calldata place)
        internal
        view
        returns (bool)
    {
        return registry.isProven(
            place.root, statement.programId, statement.publicInputsDigest, statement.context, place.index, place.path
        );
    }

    /// Reverts with `NotProven` unless a statement is proven.
    function requireProven(IBatchRegistry registry, Statement memory statement, Place calldata place) internal view {
        if (!isProven(registry, statement, place)) revert NotProven(place.root, leafOf(statement));
    }

    /// The same for who trusts one verifier only, and none that the router's owner may add later.
    function requireProvenBy(IBatchRegistry registry, bytes4 selector, Statement memory statement, Place calldata place)
        internal
        view
    {
        requireProven(registry, statement, place);
        (,, bytes4 recorded) = registry.batchOf(place.root);
        if (recorded != selector) revert OtherVerifier(selector, recorded);
    }
}

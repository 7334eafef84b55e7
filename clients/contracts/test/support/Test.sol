// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Vm } from "./Vm.sol";

/// What forge calls a test contract, with the few assertions that the tests use.
abstract contract Test {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// Tells forge that this is a test.
    bool public constant IS_TEST = true;

    error NotEqual(bytes32 left, bytes32 right);
    error NotTrue(string what);
    error TooMuch(uint256 value, uint256 limit);

    function assertEq(bytes32 left, bytes32 right) internal pure {
        if (left != right) revert NotEqual(left, right);
    }

    function assertEq(uint256 left, uint256 right) internal pure {
        assertEq(bytes32(left), bytes32(right));
    }

    function assertEq(address left, address right) internal pure {
        assertEq(uint256(uint160(left)), uint256(uint160(right)));
    }

    function assertTrue(bool value, string memory what) internal pure {
        if (!value) revert NotTrue(what);
    }

    function assertFalse(bool value, string memory what) internal pure {
        assertTrue(!value, what);
    }

    function assertLe(uint256 value, uint256 limit) internal pure {
        if (value > limit) revert TooMuch(value, limit);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { BatchRegistry } from "../src/BatchRegistry.sol";
import { VerifierRouter } from "../src/VerifierRouter.sol";
import { IBatchVerifier } from "../src/interfaces/IBatchVerifier.sol";
import { Test } from "./support/Test.sol";
import { Gullible } from "./support/Verifiers.sol";

/// What halmos proves for every value of the arguments, not for those that a fuzzer happens to draw. The verifier accepts
/// anything, so that any root at all may be recorded; keccak256 is a function of which nothing is known.
contract SymbolicTest is Test {
    bytes4 private constant NAME = 0x11223344;

    VerifierRouter private router;
    BatchRegistry private registry;

    function setUp() public {
        IBatchVerifier[] memory initial = new IBatchVerifier[](1);
        initial[0] = new Gullible(NAME);
        router = new VerifierRouter(address(this), address(this), 0, initial);
        registry = new BatchRegistry(router);
    }

    function ask(bytes32 root, bytes32[3] memory statement, uint256 index, bytes32[] memory path)
        private
        view
        returns (bool)
    {
        return registry.isProven(root, statement[0], statement[1], statement[2], index, path);
    }

    function pathOf(bytes32[4] memory siblings, uint256 length) private pure returns (bytes32[] memory path) {
        path = new bytes32[](length);
        for (uint256 i; i < length; ++i) {
            path[i] = siblings[i];
        }
    }

    function check_an_unknown_root_never_proves(
        bytes32 known,
        uint32 size,
        bytes32 root,
        bytes32[3] memory statement,
        uint256 index,
        bytes32[4] memory siblings
    ) public {
        registry.postBatch(NAME, abi.encode(known, size));
        vm.assume(root != known);
        for (uint256 length; length < 5; ++length) {
            assert(!ask(root, statement, index, pathOf(siblings, length)));
        }
    }

    function check_nothing_recorded_proves_nothing(
        bytes32 root,
        bytes32[3] memory statement,
        uint256 index,
        bytes32[4] memory siblings
    ) public view {
        for (uint256 length; length < 5; ++length) {
            assert(!ask(root, statement, index, pathOf(siblings, length)));
        }
    }

    function check_a_path_longer_than_the_tree_is_high_never_proves(
        bytes32 seed,
        bytes32[3] memory statement,
        uint256 index,
        bytes32[4] memory siblings
    ) public {
        // Trees of 1 to 8 leaves have heights 0, 1, 2, 2, 3, 3, 3, 3.
        uint8[9] memory height = [0, 0, 1, 2, 2, 3, 3, 3, 3];
        for (uint32 size = 1; size < 9; ++size) {
            bytes32 root = keccak256(abi.encode(seed, size));
            registry.postBatch(NAME, abi.encode(root, size));
            for (uint256 length = height[size] + 1; length < 5; ++length) {
                assert(!ask(root, statement, index, pathOf(siblings, length)));
            }
        }
    }

    function check_bits_beyond_the_path_never_prove(
        bytes32 root,
        bytes32[3] memory statement,
        uint256 index,
        bytes32[4] memory siblings
    ) public {
        registry.postBatch(NAME, abi.encode(root, uint32(8)));
        for (uint256 length; length < 5; ++length) {
            if (index >> length != 0) assert(!ask(root, statement, index, pathOf(siblings, length)));
        }
    }

    function check_nothing_is_proven_or_posted_after_a_freeze(
        bytes32 root,
        bytes32 other,
        uint256 pick,
        bytes32[3] memory statement,
        bytes32[4] memory siblings
    ) public {
        registry.postBatch(NAME, abi.encode(root, uint32(8)));
        router.freeze(NAME);
        // Every index that a path of this length can have: other ones are refused anyway, as the check above shows. One is picked, so that paths add up and do not multiply.
        for (uint256 length; length < 4; ++length) {
            for (uint256 index; index < 1 << length; ++index) {
                if (pick == (1 << length) + index) assert(!ask(root, statement, index, pathOf(siblings, length)));
            }
        }
        (bool posted,) =
            address(registry).call(abi.encodeCall(registry.postBatch, (NAME, abi.encode(other, uint32(8)))));
        assert(!posted);
    }
}

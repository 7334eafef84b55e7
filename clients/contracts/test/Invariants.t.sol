// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { BatchRegistry } from "../src/BatchRegistry.sol";
import { VerifierRouter } from "../src/VerifierRouter.sol";
import { IBatchVerifier } from "../src/interfaces/IBatchVerifier.sol";
import { IVerifierRouter } from "../src/interfaces/IVerifierRouter.sol";
import { Batches } from "./support/Batches.sol";
import { Test } from "./support/Test.sol";
import { Gullible } from "./support/Verifiers.sol";

/// Does to router and registry whatever may be done, in any order, and notes what should be so.
contract Actor is Test {
    uint64 public constant DELAY = 3 days;
    uint256 private constant NAMES = 5;

    struct Record {
        bytes32 root;
        uint64 number;
        bytes4 selector;
    }

    VerifierRouter public router;
    BatchRegistry public registry;
    Record[] public records;
    mapping(bytes32 root => uint256) public recordOf; // one more than its place
    mapping(bytes4 => bool) public frozen;
    mapping(bytes4 => address) public activeAs;
    mapping(bytes4 => uint256) public proposedOn;
    /// Something that should never be, if it ever was.
    string public fault;

    constructor() {
        router = new VerifierRouter(address(this), address(this), DELAY, new IBatchVerifier[](0));
        registry = new BatchRegistry(router);
    }

    function count() external view returns (uint256) {
        return records.length;
    }

    function name(uint256 seed) public pure returns (bytes4) {
        return bytes4(uint32(seed % NAMES + 1));
    }

    function wait_(uint256 seconds_) external {
        vm.warp(block.timestamp + seconds_ % (2 * DELAY));
        vm.roll(block.number + 1);
    }

    function propose(uint256 seed) external {
        bytes4 selector = name(seed);
        bool taken = router.statusOf(selector) != IVerifierRouter.Status.Unknown;
        Gullible verifier = new Gullible(selector);
        try router.propose(verifier) {
            if (taken || frozen[selector] || activeAs[selector] != address(0)) fault = "a selector was reused";
            proposedOn[selector] = block.timestamp;
        } catch {
            if (!taken) fault = "a proposal was refused";
        }
    }

    function cancel(uint256 seed) external {
        bytes4 selector = name(seed);
        try router.cancel(selector) {
            if (frozen[selector] || activeAs[selector] != address(0)) fault = "what is no proposal was cancelled";
        } catch { }
    }

    function activate(uint256 seed) external {
        bytes4 selector = name(seed);
        try router.activate(selector) {
            if (frozen[selector]) fault = "a tombstone was activated";
            if (block.timestamp < proposedOn[selector] + DELAY) fault = "the delay was cut";
            activeAs[selector] = address(router.getVerifier(selector));
        } catch { }
    }

    function freeze(uint256 seed) external {
        // Seldom, or soon nothing is left to look at.
        if (seed % 7 != 0) return;
        bytes4 selector = name(seed / 7);
        try router.freeze(selector) {
            frozen[selector] = true;
        } catch { }
    }

    function post(uint256 seed, uint256 statement) external {
        bytes4 selector = name(seed);
        bytes32 root = leaf(statement);
        bool inForce = activeAs[selector] != address(0) && !frozen[selector];
        uint256 place = recordOf[root];
        bool stands = place != 0 && !frozen[records[place - 1].selector];
        try registry.postBatch(selector, abi.encode(root, uint32(1))) {
            if (!inForce) fault = "posted through what is not in force";
            if (stands) fault = "a standing record was replaced";
            if (place == 0) {
                records.push();
                recordOf[root] = place = records.length;
            }
            records[place - 1] = Record(root, uint64(block.number), selector);
        } catch {
            if (inForce && !stands) fault = "a batch was refused";
        }
    }

    /// One of few statements, each a batch of its own.
    function leaf(uint256 statement) public pure returns (bytes32) {
        return Batches.leaf(bytes32(statement % 8), 0, 0);
    }

    function isProven(uint256 statement) external view returns (bool) {
        return registry.isProven(leaf(statement), bytes32(statement % 8), 0, 0, 0, new bytes32[](0));
    }
}

contract InvariantsTest is Test {
    Actor private actor;

    function setUp() public {
        vm.warp(1_700_000_000);
        actor = new Actor();
    }

    function targetContracts() external view returns (address[] memory list) {
        list = new address[](1);
        list[0] = address(actor);
    }

    function invariant_nothing_happened_that_may_not() public view {
        assertTrue(bytes(actor.fault()).length == 0, actor.fault());
    }

    function invariant_roots_neither_vanish_nor_change() public view {
        for (uint256 i; i < actor.count(); ++i) {
            (bytes32 root, uint64 number, bytes4 selector) = actor.records(i);
            (uint64 blockNumber, uint32 size, bytes4 recorded) = actor.registry().batchOf(root);
            assertEq(blockNumber, number);
            assertEq(size, 1);
            assertEq(recorded, selector);
        }
    }

    function invariant_what_is_proven_is_recorded_under_what_is_not_frozen() public view {
        for (uint256 statement; statement < 8; ++statement) {
            uint256 place = actor.recordOf(actor.leaf(statement));
            bool expected;
            if (place != 0) {
                (,, bytes4 selector) = actor.records(place - 1);
                expected = !actor.frozen(selector);
            }
            assertTrue(actor.isProven(statement) == expected, "proven");
        }
    }

    function invariant_tombstones_are_final() public view {
        for (uint256 seed; seed < 5; ++seed) {
            bytes4 selector = actor.name(seed);
            bool tombstone = actor.router().statusOf(selector) == IVerifierRouter.Status.Frozen;
            assertTrue(tombstone == actor.frozen(selector), "tombstone");
            assertTrue(actor.router().isFrozen(selector) == tombstone, "isFrozen");
        }
    }

    function invariant_a_selector_stays_with_its_verifier() public view {
        for (uint256 seed; seed < 5; ++seed) {
            bytes4 selector = actor.name(seed);
            if (actor.activeAs(selector) == address(0)) continue;
            assertEq(address(actor.router().entryOf(selector).verifier), actor.activeAs(selector));
        }
    }
}

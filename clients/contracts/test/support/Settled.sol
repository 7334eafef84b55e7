// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { BatchRegistry } from "../../src/BatchRegistry.sol";
import { VerifierRouter } from "../../src/VerifierRouter.sol";
import { IBatchVerifier } from "../../src/interfaces/IBatchVerifier.sol";
import { CalldataBatchVerifier } from "../../src/verifiers/CalldataBatchVerifier.sol";
import { Batches, Run } from "./Batches.sol";
import { Test } from "./Test.sol";
import { Trapdoor } from "./Trapdoor.sol";

/// Everything deployed, with the verifier in force from the start.
abstract contract Settled is Test {
    address internal constant OWNER = address(0xA11CE);
    address internal constant GUARDIAN = address(0xB0B);
    address internal constant STRANGER = address(0xC0DE);
    uint64 internal constant DELAY = 7 days;
    bytes32 internal constant C =
        bytes32(uint256(0x0000000100000002_0000000300000004_0000000500000006_0000000700000008));

    CalldataBatchVerifier internal verifier;
    VerifierRouter internal router;
    BatchRegistry internal registry;
    bytes4 internal selector;

    function setUp() public virtual {
        vm.warp(1_700_000_000);
        verifier = new CalldataBatchVerifier(Trapdoor.key());
        IBatchVerifier[] memory initial = new IBatchVerifier[](1);
        initial[0] = verifier;
        router = new VerifierRouter(OWNER, GUARDIAN, DELAY, initial);
        registry = new BatchRegistry(router);
        selector = verifier.selector();
    }

    function post(Run[] memory runs) internal returns (bytes32) {
        return registry.postBatch(selector, Batches.encode(C, runs, 1));
    }

    /// Posts one statement of no meaning but this one, and its place: the second of three.
    function postStatement(bytes32 program, bytes4 system, bytes32 digest)
        internal
        returns (bytes32 root, uint256 index, bytes32[] memory path)
    {
        Run[] memory runs = new Run[](1);
        runs[0] = Run(program, system, Batches.digests(3, 77));
        runs[0].digests[1] = digest;
        (root, index, path) = Batches.tree(Batches.leaves(runs), 1);
        assertEq(post(runs), root);
    }

    function freeze() internal {
        vm.prank(GUARDIAN);
        router.freeze(selector);
    }
}

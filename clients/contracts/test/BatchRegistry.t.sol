// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { BatchRegistry } from "../src/BatchRegistry.sol";
import { RegistryErrors } from "../src/errors/RegistryErrors.sol";
import { RouterErrors } from "../src/errors/RouterErrors.sol";
import { VerifierErrors } from "../src/errors/VerifierErrors.sol";
import { IBatchRegistry } from "../src/interfaces/IBatchRegistry.sol";
import { IVerifierRouter } from "../src/interfaces/IVerifierRouter.sol";
import { Batches, Run } from "./support/Batches.sol";
import { Settled } from "./support/Settled.sol";
import { Gullible } from "./support/Verifiers.sol";

contract BatchRegistryTest is Settled {
    function testFuzz_every_statement_of_a_batch_is_proven(uint256 seed) public {
        Run[] memory runs = Batches.random(seed, 3, 7);
        bytes32[] memory leaves = Batches.leaves(runs);
        bytes32 posted = post(runs);
        uint256 position;
        for (uint256 i; i < runs.length; ++i) {
            for (uint256 k; k < runs[i].digests.length; ++k) {
                (bytes32 root, uint256 index, bytes32[] memory path) = Batches.tree(leaves, position++);
                assertEq(root, posted);
                bytes32 context = bytes32(runs[i].system);
                assertTrue(registry.isProven(root, runs[i].program, runs[i].digests[k], context, index, path), "proven");
                checkNothingElse(root, runs[i].program, runs[i].digests[k], context, index, path);
            }
        }
    }

    /// Attack: ask for another statement, or for this one elsewhere.
    function checkNothingElse(
        bytes32 root,
        bytes32 program,
        bytes32 digest,
        bytes32 context,
        uint256 index,
        bytes32[] memory path
    ) private view {
        bytes32 one = bytes32(uint256(1));
        assertFalse(registry.isProven(root ^ one, program, digest, context, index, path), "root");
        assertFalse(registry.isProven(root, program ^ one, digest, context, index, path), "program");
        assertFalse(registry.isProven(root, program, digest ^ one, context, index, path), "digest");
        assertFalse(registry.isProven(root, program, digest, context ^ one, index, path), "context");
        assertFalse(registry.isProven(root, program, digest, context, index | 1 << path.length, path), "surplus bit");
        assertFalse(registry.isProven(root, program, digest, context, index | 1 << 255, path), "last bit");
        bytes32[] memory longer = Batches.push(path, bytes32(0));
        assertFalse(registry.isProven(root, program, digest, context, index, longer), "longer path");
        if (path.length == 0) return;
        for (uint256 i; i < path.length; ++i) {
            assertFalse(registry.isProven(root, program, digest, context, index ^ 1 << i, path), "side");
            path[i] ^= one;
            assertFalse(registry.isProven(root, program, digest, context, index, path), "sibling");
            path[i] ^= one;
        }
        bytes32[] memory shorter = new bytes32[](path.length - 1);
        for (uint256 i; i < shorter.length; ++i) {
            shorter[i] = path[i];
        }
        assertFalse(registry.isProven(root, program, digest, context, index & ~(1 << shorter.length), shorter), "cut");
    }

    /// Attack: offer the hashes of an inner node as if they were a statement.
    function test_a_node_is_no_statement() public {
        Run[] memory runs = Batches.run(4, 1);
        bytes32[] memory leaves = Batches.leaves(runs);
        bytes32 root = post(runs);
        (,, bytes32[] memory path) = Batches.tree(leaves, 0);
        bytes32[] memory upper = new bytes32[](1);
        upper[0] = path[1];
        assertFalse(registry.isProven(root, leaves[0], leaves[1], bytes32(0), 0, upper), "two words of a node");
        assertFalse(registry.isProven(root, leaves[0], leaves[1], bytes32(uint256(1) << 248), 0, upper), "with its tag");
    }

    /// Attack: a path so long that shifts by its length wrap around.
    function testFuzz_a_path_longer_than_a_tree_is_refused(uint256 length, uint256 index) public {
        bytes32 root = post(Batches.run(3, 1));
        bytes32[] memory path = new bytes32[](length % 400 + 3);
        assertFalse(registry.isProven(root, bytes32(0), bytes32(0), bytes32(0), index, path), "long");
    }

    function testFuzz_an_unknown_root_proves_nothing(bytes32 program, bytes32 digest, bytes32 context, bytes32 sibling)
        public
        view
    {
        bytes32[] memory path = new bytes32[](0);
        assertFalse(
            registry.isProven(Batches.leaf(program, digest, context), program, digest, context, 0, path), "leaf"
        );
        path = new bytes32[](1);
        path[0] = sibling;
        bytes32 leaf = Batches.leaf(program, digest, context);
        bytes32 root = keccak256(abi.encodePacked(bytes1(0x01), leaf, sibling));
        assertFalse(registry.isProven(root, program, digest, context, 0, path), "of two");
        assertFalse(registry.isProven(bytes32(0), program, digest, context, 0, path), "zero");
    }

    function test_what_is_recorded_and_announced() public {
        vm.roll(123456);
        Run[] memory runs = Batches.run(5, 1);
        bytes memory batch = Batches.encode(C, runs, 1);
        (bytes32 root,,) = Batches.tree(Batches.leaves(runs), 0);
        vm.expectEmit(true, true, true, true);
        emit IBatchRegistry.BatchPosted(root, selector, 5, STRANGER);
        vm.prank(STRANGER);
        assertEq(registry.postBatch(selector, batch), root);
        checkRecord(root, 123456, 5, selector);
        checkRecord(bytes32(uint256(root) + 1), 0, 0, bytes4(0));
    }

    function checkRecord(bytes32 root, uint64 number, uint32 size, bytes4 by) private view {
        (uint64 blockNumber, uint32 recorded, bytes4 recordedBy) = registry.batchOf(root);
        assertEq(blockNumber, number);
        assertEq(recorded, size);
        assertEq(recordedBy, by);
    }

    /// Attack: post again, to move the block of a record, with the same proof or another of the same statements.
    function test_a_root_is_posted_once() public {
        vm.roll(5);
        Run[] memory runs = Batches.run(3, 1);
        bytes32 root = post(runs);
        vm.roll(6);
        for (uint256 salt = 1; salt < 3; ++salt) {
            bytes memory batch = Batches.encode(C, runs, salt);
            vm.expectRevert(abi.encodeWithSelector(RegistryErrors.AlreadyPosted.selector, root));
            registry.postBatch(selector, batch);
        }
        checkRecord(root, 5, 3, selector);
    }

    function test_what_the_verifier_refuses_is_not_recorded() public {
        Run[] memory runs = Batches.run(3, 1);
        bytes memory batch = Batches.encode(C, runs, 1);
        batch[batch.length - 1] ^= 0x01;
        vm.expectRevert(VerifierErrors.InvalidProof.selector);
        registry.postBatch(selector, batch);
    }

    function test_an_unknown_verifier_is_refused() public {
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.UnknownVerifier.selector, bytes4(0x12345678)));
        registry.postBatch(0x12345678, "");
    }

    /// Attack: post through a verifier that the guardian froze.
    function test_nothing_is_posted_through_a_frozen_verifier() public {
        bytes memory batch = Batches.encode(C, Batches.run(3, 1), 1);
        freeze();
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.VerifierIsFrozen.selector, selector));
        registry.postBatch(selector, batch);
    }

    function test_what_a_frozen_verifier_accepted_is_not_proven_but_still_recorded() public {
        Run[] memory runs = Batches.run(3, 1);
        bytes32 posted = post(runs);
        (bytes32 root, uint256 index, bytes32[] memory path) = Batches.tree(Batches.leaves(runs), 1);
        assertEq(root, posted);
        bytes32 context = bytes32(runs[0].system);
        assertTrue(registry.isProven(root, runs[0].program, runs[0].digests[1], context, index, path), "before");
        freeze();
        assertFalse(registry.isProven(root, runs[0].program, runs[0].digests[1], context, index, path), "after");
        checkRecord(root, uint64(block.number), 3, selector);
    }

    /// The same batch proven for the mended verifier has the same root, so that the paths that people hold are good again.
    function test_a_root_of_a_frozen_verifier_is_posted_anew_under_another() public {
        Gullible mended = new Gullible(0x11223344);
        vm.prank(OWNER);
        router.propose(mended);
        vm.warp(block.timestamp + DELAY);
        vm.prank(OWNER);
        router.activate(0x11223344);
        Run[] memory runs = Batches.run(3, 1);
        bytes32 root = post(runs);
        vm.expectRevert(abi.encodeWithSelector(RegistryErrors.AlreadyPosted.selector, root));
        registry.postBatch(0x11223344, abi.encode(root, uint32(3)));
        freeze();
        vm.roll(block.number + 10);
        registry.postBatch(0x11223344, abi.encode(root, uint32(3)));
        checkRecord(root, uint64(block.number), 3, 0x11223344);
        (, uint256 index, bytes32[] memory path) = Batches.tree(Batches.leaves(runs), 1);
        assertTrue(
            registry.isProven(root, runs[0].program, runs[0].digests[1], bytes32(runs[0].system), index, path), "again"
        );
    }

    function test_a_registry_has_a_router() public {
        vm.expectRevert(abi.encodeWithSelector(RegistryErrors.NoRouter.selector, STRANGER));
        new BatchRegistry(IVerifierRouter(STRANGER));
    }

    /// Attack: have an attested statement pass for a proven one. A batch that is just that leaf is the best case for it:
    /// the tree of attested statements is hashed as `aggregator/src/attest/tree.rs` says, and its root is even recorded.
    function testFuzz_no_attested_leaf_passes_for_a_proven_one(
        bytes32 statement,
        bytes32 sibling,
        bytes32 program,
        bytes32 digest,
        bytes32 context
    ) public {
        vm.prank(OWNER);
        Gullible gullible = new Gullible(0x11223344);
        vm.prank(OWNER);
        router.propose(gullible);
        vm.warp(block.timestamp + DELAY);
        vm.prank(OWNER);
        router.activate(0x11223344);

        bytes32 attested = keccak256(abi.encodePacked(bytes1(0), "sheaf/attested/v1", statement));
        bytes32 root = keccak256(abi.encodePacked(bytes1(0x01), attested, sibling));
        registry.postBatch(0x11223344, abi.encode(root, uint32(2)));
        registry.postBatch(0x11223344, abi.encode(attested, uint32(1)));

        bytes32[] memory path = new bytes32[](1);
        path[0] = sibling;
        bytes32[] memory none = new bytes32[](0);
        bytes32 tag = "sheaf/attested/v1";
        bytes32[5] memory words = [statement, program, digest, context, tag];
        for (uint256 i; i < 125; ++i) {
            (bytes32 a, bytes32 b, bytes32 c) = (words[i % 5], words[i / 5 % 5], words[i / 25]);
            assertFalse(registry.isProven(root, a, b, c, 0, path), "in a tree");
            assertFalse(registry.isProven(attested, a, b, c, 0, none), "alone");
        }
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { CalldataBatchVerifier } from "../src/verifiers/CalldataBatchVerifier.sol";
import { Batches, Run } from "./support/Batches.sol";
import { Settled } from "./support/Settled.sol";

/// What things cost, into snapshots/: the command that writes GAS.md reads it there.
contract GasTest is Settled {
    /// A transaction: 21,000, calldata and execution. At most 260,000 and 1,200 a statement.
    /// forge-config: default.isolate = true
    function test_post() public {
        for (uint256 n = 1; n <= 256; n *= 2) {
            measurePost(n);
        }
    }

    function measurePost(uint256 n) private {
        bytes memory batch = Batches.encode(C, Batches.run(n, n), n);
        registry.postBatch(selector, batch);
        uint256 gas_ = vm.snapshotGasLastCall("postBatch", vm.toString(n));
        assertLe(gas_, 260_000 + 1200 * n);
    }

    /// A read inside another contract's transaction that has read before: at most 3,500 at depth 10.
    function test_read() public {
        (Run[] memory runs, bytes32 root, uint256 index, bytes32[] memory path) = posted(1024);
        bytes32 context = bytes32(runs[0].system);
        for (uint256 i; i < 2; ++i) {
            registry.isProven(root, runs[0].program, runs[0].digests[700], context, index, path);
        }
        assertLe(vm.snapshotGasLastCall("isProven", "warm, depth 10"), 3500);
    }

    function posted(uint256 n) private returns (Run[] memory runs, bytes32 root, uint256 index, bytes32[] memory path) {
        runs = Batches.run(n, n);
        (root, index, path) = Batches.tree(Batches.leaves(runs), 700 % n);
        post(runs);
    }
}

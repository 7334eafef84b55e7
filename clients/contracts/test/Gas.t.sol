// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { PublicInputs } from "../src/PublicInputs.sol";
import { CreditLimits } from "../src/examples/CreditLimits.sol";
import { SheafProofs } from "../src/libraries/SheafProofs.sol";
import { Batches, Run } from "./support/Batches.sol";
import { LoneGroth16 } from "./support/LoneGroth16.sol";
import { Settled } from "./support/Settled.sol";
import { Trapdoor } from "./support/Trapdoor.sol";

/// What things cost, into snapshots/, from which tools/gas.mjs writes GAS.md.
///
/// Where a test is isolated, its calls are transactions: 21,000, calldata and execution. Where it is not, the gas is what a
/// contract's call of another takes, less the 100 or 2,600 for touching its address.
contract GasTest is Settled {
    bytes4 private constant SYSTEM = 0xd5346c8c;

    /// At most 260,000 and 1,200 a statement.
    /// forge-config: default.isolate = true
    function test_post() public {
        for (uint256 n = 1; n <= 256; n *= 2) {
            measurePost(n);
        }
        measurePost(4096);
    }

    function measurePost(uint256 n) private {
        bytes memory batch = Batches.encode(C, Batches.run(n, n), n);
        registry.postBatch(selector, batch);
        assertLe(vm.snapshotGasLastCall("postBatch", vm.toString(n)), 260_000 + 1200 * n);
        // What EIP-7623 makes of it, where it is in force: a transaction pays for its calldata at least this.
        bytes memory call = abi.encodeCall(registry.postBatch, (selector, batch));
        vm.snapshotValue("postBatchFloor", vm.toString(n), floor(call));
    }

    /// 21,000, and 10 for each zero byte and 40 for each other one.
    function floor(bytes memory call) private pure returns (uint256 gas_) {
        gas_ = 21_000;
        for (uint256 i; i < call.length; ++i) {
            gas_ += call[i] == 0 ? 10 : 40;
        }
    }

    /// Another program for every statement, which is the dearest.
    /// forge-config: default.isolate = true
    function test_post_runs_of_one() public {
        Run[] memory runs = new Run[](128);
        for (uint256 i; i < 128; ++i) {
            runs[i] = Batches.run(1, i)[0];
        }
        registry.postBatch(selector, Batches.encode(C, runs, 1));
        vm.snapshotGasLastCall("postBatch", "128 programs");
    }

    /// A verification of one proof with two public inputs, by the same code, as a transaction.
    /// forge-config: default.isolate = true
    function test_lone() public {
        LoneGroth16 lone = new LoneGroth16(Trapdoor.key());
        uint256[8] memory proof = Trapdoor.prove(12345, 67890, 1);
        // A plain call, which forge makes a transaction; one that may only read it does not.
        (bool done,) = address(lone).call(abi.encodeCall(lone.verify, (abi.encodePacked(proof), 12345, 67890)));
        assertTrue(done, "verified");
        vm.snapshotGasLastCall("lone", "Groth16, 2 inputs");
    }

    /// At most 3,500 at depth 10 once read, 13,000 the first time.
    function test_read() public {
        for (uint256 n = 1; n <= 4096; n *= 2) {
            measureRead(n);
        }
    }

    function measureRead(uint256 n) private {
        Run[] memory runs = Batches.run(n, n);
        (bytes32 root, uint256 index, bytes32[] memory path) = Batches.tree(Batches.leaves(runs), 700 % n);
        post(runs);
        bytes32 context = bytes32(runs[0].system);
        bytes32 digest = runs[0].digests[700 % n];
        string memory name = string.concat("depth ", vm.toString(path.length));

        vm.cool(address(registry));
        vm.cool(address(router));
        assertTrue(registry.isProven(root, runs[0].program, digest, context, index, path), "proven");
        uint256 cold = vm.snapshotGasLastCall("isProven", string.concat(name, ", cold"));
        assertTrue(registry.isProven(root, runs[0].program, digest, context, index, path), "proven");
        uint256 warm = vm.snapshotGasLastCall("isProven", string.concat(name, ", warm"));
        if (path.length <= 10) {
            assertLe(warm, 3500);
            assertLe(cold, 13_000 - 2600);
        }
    }

    /// A consumer's transaction: 16 inputs and 4 outputs hashed, asked for in a batch of 128, and acted upon.
    /// forge-config: default.isolate = true
    function test_consumer() public {
        bytes32 program = Batches.digest(keccak256("program"));
        PublicInputs hasher = new PublicInputs();
        CreditLimits lender =
            new CreditLimits(registry, hasher, address(this), CreditLimits.Terms(program, SYSTEM, 16, 4, 8));
        int64[] memory inputs = new int64[](16);
        int64[] memory outputs = new int64[](4);
        int64[] memory values = new int64[](20);
        for (uint256 i; i < 20; ++i) {
            values[i] = int64(int256(i * 1000)) - 5000;
            if (i < 16) inputs[i] = values[i];
            else outputs[i - 16] = values[i];
        }
        Run[] memory runs = new Run[](1);
        runs[0] = Run(program, SYSTEM, Batches.digests(128, 1));
        runs[0].digests[77] = hasher.digestOf(values);
        SheafProofs.Place memory place;
        (place.root, place.index, place.path) = Batches.tree(Batches.leaves(runs), 77);
        post(runs);
        lender.assess(STRANGER, keccak256(abi.encode(inputs)));
        lender.setLimit(STRANGER, inputs, outputs, place);
        vm.snapshotGasLastCall("consumer", "CreditLimits.setLimit, 20 values, depth 7");
    }
}

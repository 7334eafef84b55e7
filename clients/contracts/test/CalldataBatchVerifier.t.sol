// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { VerifierErrors } from "../src/errors/VerifierErrors.sol";
import { CalldataBatchVerifier } from "../src/verifiers/CalldataBatchVerifier.sol";
import { Groth16Key } from "../src/verifiers/Groth16Verifier.sol";
import { Batches, Run } from "./support/Batches.sol";
import { Test } from "./support/Test.sol";
import { Trapdoor } from "./support/Trapdoor.sol";

contract CalldataBatchVerifierTest is Test {
    uint256 private constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;
    bytes32 private constant C =
        bytes32(uint256(0x0000000100000002_0000000300000004_0000000500000006_0000000700000008));

    /// A precompile that fails takes all gas it is given.
    uint256 private constant GAS = 10_000_000;

    CalldataBatchVerifier private verifier;

    function setUp() public {
        verifier = new CalldataBatchVerifier(Trapdoor.key());
    }

    function expect(bytes memory batch, bytes memory data) private {
        vm.expectRevert(data);
        verifier.verifyBatch{ gas: GAS }(batch);
    }

    function deploy(Groth16Key memory key) external {
        new CalldataBatchVerifier(key);
    }

    function test_the_selector_is_the_start_of_the_hash_of_the_key() public view {
        bytes32 digest = keccak256(abi.encode("sheaf/verifier/calldata/v1", Trapdoor.key()));
        assertEq(verifier.keyDigest(), digest);
        assertEq(verifier.selector(), bytes4(digest));
    }

    function testFuzz_what_is_proven_is_accepted_and_its_root_is_that_of_the_tree(uint256 seed, bytes32 word)
        public
        view
    {
        bytes32 commitment = Batches.digest(word);
        Run[] memory runs = Batches.random(seed, 4, 9);
        (bytes32 root, uint32 size) = verifier.verifyBatch(Batches.encode(commitment, runs, seed));
        (bytes32 expected,,) = Batches.tree(Batches.leaves(runs), 0);
        assertEq(root, expected);
        assertEq(size, Batches.size(runs));
    }

    function test_every_size_up_to_33_and_the_largest() public view {
        for (uint256 n = 1; n <= 33; ++n) {
            checkSize(n);
        }
        checkSize(128);
        checkSize(4096);
    }

    function checkSize(uint256 n) private view {
        Run[] memory runs = Batches.run(n, n);
        (bytes32 root, uint32 size) = verifier.verifyBatch(Batches.encode(C, runs, n));
        (bytes32 expected,,) = Batches.tree(Batches.leaves(runs), 0);
        assertEq(root, expected);
        assertEq(size, n);
    }

    /// Elements as large as they can be overflow nothing.
    function test_the_largest_elements_are_accepted() public view {
        bytes32 largest = bytes32(uint256(0xFFFFFFFF00000000_FFFFFFFF00000000_FFFFFFFF00000000_FFFFFFFF00000000));
        Run[] memory runs = new Run[](2);
        for (uint256 i; i < 2; ++i) {
            runs[i] = Run(largest, 0xFFFFFFFF, new bytes32[](3));
            for (uint256 k; k < 3; ++k) {
                runs[i].digests[k] = largest;
            }
        }
        (bytes32 root,) = verifier.verifyBatch(Batches.encode(largest, runs, 1));
        (bytes32 expected,,) = Batches.tree(Batches.leaves(runs), 0);
        assertEq(root, expected);
    }

    /// The same statements cut into runs in another way are the same tree.
    function test_runs_do_not_show_in_the_root() public view {
        Run[] memory one = Batches.run(5, 1);
        Run[] memory two = new Run[](2);
        two[0] = Run(one[0].program, one[0].system, new bytes32[](2));
        two[1] = Run(one[0].program, one[0].system, new bytes32[](3));
        for (uint256 i; i < 5; ++i) {
            if (i < 2) two[0].digests[i] = one[0].digests[i];
            else two[1].digests[i - 2] = one[0].digests[i];
        }
        (bytes32 a,) = verifier.verifyBatch(Batches.encode(C, one, 1));
        (bytes32 b,) = verifier.verifyBatch(Batches.encode(C, two, 1));
        assertEq(a, b);
    }

    /// Attack: change any one byte of a proven batch. Tried by the bit, wherever it is.
    function testFuzz_a_flipped_bit_is_refused(uint256 seed, uint256 position) public {
        bytes memory batch = Batches.encode(Batches.digest(bytes32(seed)), Batches.random(seed, 3, 4), seed);
        position %= batch.length * 8;
        batch[position / 8] ^= bytes1(uint8(1 << (position % 8)));
        vm.expectRevert();
        verifier.verifyBatch{ gas: GAS }(batch);
    }

    /// Attack: a coordinate and the modulus, which is the same point written in another way.
    function test_a_coordinate_beyond_the_modulus_is_refused() public {
        Run[] memory runs = Batches.run(2, 1);
        bytes memory good = Batches.encode(C, runs, 1);
        verifier.verifyBatch(good);
        for (uint256 i; i < 8; ++i) {
            bytes memory batch = Batches.encode(C, runs, 1);
            assembly ("memory-safe") {
                let at := add(add(batch, 0x20), shl(5, i))
                mstore(at, add(mload(at), Q))
            }
            expect(batch, abi.encodeWithSelector(VerifierErrors.InvalidProof.selector));
        }
    }

    /// Attack: an element and the modulus. The circuit sees the same element, the tree another leaf.
    function test_an_element_beyond_the_modulus_is_refused_wherever_it_stands() public {
        bytes memory data = abi.encodeWithSelector(VerifierErrors.NonCanonicalDigest.selector);
        for (uint256 i; i < 4; ++i) {
            uint256 unit = 1 << (64 * i);
            // 5, and 5 + p; p itself; 2^64 - 1
            uint256[3] memory bad = [(5 + Batches.P) * unit, Batches.P * unit, type(uint64).max * unit];
            for (uint256 k; k < 3; ++k) {
                Run[] memory runs = Batches.run(3, 1);
                runs[0].digests[k] = bytes32(bad[k]);
                expect(Batches.encode(C, runs, 1), data);
                runs = Batches.run(3, 1);
                runs[0].program = bytes32(bad[k]);
                expect(Batches.encode(C, runs, 1), data);
                runs = Batches.run(3, 1);
                expect(Batches.encode(bytes32(bad[k]), runs, 1), data);
            }
        }
    }

    function testFuzz_a_word_is_accepted_just_if_its_elements_are_below_the_modulus(uint256 word, uint256 mask) public {
        // Many elements with all of their upper half set.
        word |= mask & 0xFFFFFFFF00000000FFFFFFFF00000000FFFFFFFF00000000FFFFFFFF00000000;
        Run[] memory runs = Batches.run(1, 1);
        runs[0].digests[0] = bytes32(word);
        bytes memory batch = Batches.encode(C, runs, 1);
        if (Batches.digest(bytes32(word)) != bytes32(word)) {
            vm.expectRevert(VerifierErrors.NonCanonicalDigest.selector);
        }
        verifier.verifyBatch(batch);
    }

    /// Attack: bytes that no one looks at, or too few.
    function testFuzz_a_batch_has_the_length_its_runs_call_for(uint256 cut) public {
        bytes memory batch = Batches.encode(C, Batches.run(3, 1), 1);
        uint256 whole = batch.length;
        expect(
            abi.encodePacked(batch, bytes1(0)),
            abi.encodeWithSelector(VerifierErrors.BatchLength.selector, whole + 1, whole)
        );
        cut %= whole;
        assembly ("memory-safe") {
            mstore(batch, cut)
        }
        uint256 expected = cut < 290 ? 290 : cut < 330 ? 330 : whole;
        expect(batch, abi.encodeWithSelector(VerifierErrors.BatchLength.selector, cut, expected));
    }

    function test_no_runs_are_refused() public {
        expect(
            Batches.encodeRaw(C, abi.encodePacked(uint16(0))),
            abi.encodeWithSelector(VerifierErrors.EmptyBatch.selector)
        );
    }

    function test_an_empty_run_is_refused() public {
        Run[] memory runs = Batches.random(1, 2, 3);
        assertEq(runs.length, 2);
        runs[1].digests = new bytes32[](0);
        expect(Batches.encode(C, runs, 1), abi.encodeWithSelector(VerifierErrors.EmptyRun.selector, 1));
    }

    function test_more_leaves_than_a_batch_may_have_are_refused() public {
        expect(
            Batches.encodeRaw(C, Batches.listing(Batches.run(4097, 1))),
            abi.encodeWithSelector(VerifierErrors.TooManyLeaves.selector, 4097, 4096)
        );
    }

    /// Attack: counts whose sum or product wraps around.
    function test_huge_counts_are_refused() public {
        bytes memory list = abi.encodePacked(uint16(2));
        for (uint256 i; i < 2; ++i) {
            list = abi.encodePacked(list, C, bytes4(0), type(uint32).max);
        }
        expect(
            Batches.encodeRaw(C, list),
            abi.encodeWithSelector(VerifierErrors.TooManyLeaves.selector, 2 * uint256(type(uint32).max), 4096)
        );
    }

    /// Attack: a proof of other public inputs.
    function test_a_proof_of_another_batch_is_refused() public {
        bytes memory batch = Batches.encode(C, Batches.run(3, 1), 1);
        bytes memory other = Batches.encode(C, Batches.run(3, 2), 1);
        for (uint256 i; i < 256; ++i) {
            batch[i] = other[i];
        }
        expect(batch, abi.encodeWithSelector(VerifierErrors.InvalidProof.selector));
    }

    /// Attack: points at infinity, for which a pairing is one.
    function test_a_proof_of_nothing_is_refused() public {
        expect(
            Batches.encodeRaw(C, Batches.listing(Batches.run(3, 1))),
            abi.encodeWithSelector(VerifierErrors.InvalidProof.selector)
        );
    }

    /// Attack: deploy under a key with a point that is none.
    function test_a_key_with_a_bad_point_is_refused() public {
        for (uint256 i; i < 7; ++i) {
            for (uint256 zero; zero < 2; ++zero) {
                Groth16Key memory key = Trapdoor.key();
                spoil(key, i, zero == 1);
                vm.expectRevert(VerifierErrors.InvalidKey.selector);
                this.deploy{ gas: GAS }(key);
            }
        }
    }

    function spoil(Groth16Key memory key, uint256 i, bool zero) private pure {
        if (i < 4) {
            uint256[2] memory point = i == 0 ? key.alpha : key.ic[i - 1];
            if (zero) point[0] = 0;
            point[1] = zero ? 0 : point[1] + 1;
        } else {
            uint256[4] memory point = i == 4 ? key.beta : i == 5 ? key.gamma : key.delta;
            if (zero) (point[0], point[1], point[2]) = (0, 0, 0);
            point[3] = zero ? 0 : point[3] + 1;
        }
    }

    /// Attack: a key that nobody contributed to, so that C forges anything.
    function test_a_key_with_gamma_equal_to_delta_is_refused() public {
        Groth16Key memory key = Trapdoor.key();
        key.gamma = key.delta;
        vm.expectRevert(VerifierErrors.UnsafeKey.selector);
        new CalldataBatchVerifier(key);
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { PublicInputs } from "../src/PublicInputs.sol";
import { IPublicInputs } from "../src/interfaces/IPublicInputs.sol";
import { Test } from "./support/Test.sol";

contract PublicInputsTest is Test {
    uint64 private constant P = 0xFFFFFFFF00000001;
    int64 private constant HALF = 0x7FFFFFFF80000000;

    PublicInputs private hasher;

    function setUp() public {
        hasher = new PublicInputs();
    }

    /// `test/vectors/public_inputs.json` was written by plonky2's own Poseidon.
    function test_digests_are_those_of_the_prover() public view {
        string memory json = vm.readFile("test/vectors/public_inputs.json");
        bytes32[] memory digests = vm.parseJsonBytes32Array(json, ".digests");
        assertLe(10, digests.length);
        for (uint256 i; i < digests.length; ++i) {
            int256[] memory wide = vm.parseJsonIntArray(json, string.concat(".values[", vm.toString(i), "]"));
            int64[] memory values = new int64[](wide.length);
            for (uint256 k; k < wide.length; ++k) {
                values[k] = int64(wide[k]);
                assertEq(uint256(int256(values[k])), uint256(wide[k]));
            }
            assertEq(hasher.digestOf(values), digests[i]);
        }
    }

    function testFuzz_a_number_is_its_element(int64[] memory values) public view {
        uint256[] memory elements = new uint256[](values.length);
        for (uint256 i; i < values.length; ++i) {
            values[i] /= 2;
            elements[i] = values[i] < 0 ? P - uint64(-values[i]) : uint64(values[i]);
        }
        assertEq(hasher.digestOf(values), hasher.digestOfElements(elements));
    }

    function testFuzz_any_change_changes_the_digest(uint256[] memory elements, uint256 position) public view {
        for (uint256 i; i < elements.length; ++i) {
            elements[i] %= P;
        }
        bytes32 before = hasher.digestOfElements(elements);
        uint256[] memory longer = new uint256[](elements.length + 1);
        for (uint256 i; i < elements.length; ++i) {
            longer[i] = elements[i];
        }
        assertTrue(hasher.digestOfElements(longer) != before, "a zero more");
        if (elements.length == 0) return;
        position %= elements.length;
        elements[position] = (elements[position] + 1) % P;
        assertTrue(hasher.digestOfElements(elements) != before, "one more");
    }

    /// Attack: a number and the modulus, which is the same element, so that one proof says two things.
    function test_numbers_beyond_half_the_modulus_are_refused() public {
        int64[] memory values = new int64[](11);
        values[9] = HALF;
        values[10] = -HALF;
        hasher.digestOf(values);
        values[10] = HALF + 1;
        vm.expectRevert(abi.encodeWithSelector(IPublicInputs.ValueOutOfRange.selector, 10));
        hasher.digestOf(values);
        values[3] = -HALF - 1;
        vm.expectRevert(abi.encodeWithSelector(IPublicInputs.ValueOutOfRange.selector, 3));
        hasher.digestOf(values);
        values[3] = type(int64).min;
        vm.expectRevert(abi.encodeWithSelector(IPublicInputs.ValueOutOfRange.selector, 3));
        hasher.digestOf(values);
    }

    function test_elements_beyond_the_modulus_are_refused() public {
        uint256[] memory elements = new uint256[](9);
        elements[8] = P - 1;
        hasher.digestOfElements(elements);
        elements[8] = P;
        vm.expectRevert(abi.encodeWithSelector(IPublicInputs.ElementNotCanonical.selector, 8));
        hasher.digestOfElements(elements);
        elements[8] = type(uint64).max;
        vm.expectRevert(abi.encodeWithSelector(IPublicInputs.ElementNotCanonical.selector, 8));
        hasher.digestOfElements(elements);
    }

    /// Attack: words that are no 64-bit numbers, by a hand-made call.
    function testFuzz_words_of_more_than_64_bits_are_refused(uint256 word) public view {
        if (word >> 64 == 0) word |= 1 << 64;
        bytes memory data = abi.encode(uint256(32), uint256(1), word);
        (bool done,) = address(hasher).staticcall(abi.encodePacked(IPublicInputs.digestOfElements.selector, data));
        assertFalse(done, "element");
        if (word >> 63 != type(uint256).max >> 63) {
            (done,) = address(hasher).staticcall(abi.encodePacked(IPublicInputs.digestOf.selector, data));
            assertFalse(done, "number");
        }
    }

    /// Two blocks less one block: what a permutation costs, with taking in eight numbers.
    function test_gas() public {
        uint256[3] memory gas_;
        for (uint256 blocks = 1; blocks < 3; ++blocks) {
            int64[] memory values = new int64[](8 * blocks);
            for (uint256 i; i < values.length; ++i) {
                values[i] = -int64(int256(i * 12345));
            }
            hasher.digestOf(values);
            gas_[blocks] = vm.snapshotGasLastCall("publicInputs", string.concat(vm.toString(8 * blocks), " values"));
        }
        vm.snapshotValue("publicInputs", "8 values more", gas_[2] - gas_[1]);
    }
}

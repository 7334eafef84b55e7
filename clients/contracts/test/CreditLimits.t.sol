// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { PublicInputs } from "../src/PublicInputs.sol";
import { CreditLimits } from "../src/examples/CreditLimits.sol";
import { SheafProofs } from "../src/libraries/SheafProofs.sol";
import { Batches } from "./support/Batches.sol";
import { Settled } from "./support/Settled.sol";

contract CreditLimitsTest is Settled {
    bytes4 private constant SYSTEM = 0xd5346c8c;
    address private constant BORROWER = address(0xB0220);
    address private constant ASSESSOR = address(0xA55E5);

    PublicInputs private hasher;
    CreditLimits private lender;
    bytes32 private program;

    function setUp() public override {
        super.setUp();
        hasher = new PublicInputs();
        program = Batches.digest(keccak256("program"));
        lender = new CreditLimits(registry, hasher, ASSESSOR, CreditLimits.Terms(program, SYSTEM, 4, 1, 8));
        assess(BORROWER);
    }

    function assess(address borrower) private {
        vm.prank(ASSESSOR);
        lender.assess(borrower, keccak256(abi.encode(features())));
    }

    function features() private pure returns (int64[] memory list) {
        list = new int64[](4);
        (list[0], list[1], list[2], list[3]) = (100, -200, 300, 7);
    }

    function one(int64 value) private pure returns (int64[] memory list) {
        list = new int64[](1);
        list[0] = value;
    }

    /// Posts the inference that makes this output of the features.
    function prove(int64 output) private returns (SheafProofs.Place memory place) {
        int64[] memory values = new int64[](5);
        for (uint256 i; i < 4; ++i) {
            values[i] = features()[i];
        }
        values[4] = output;
        (place.root, place.index, place.path) = postStatement(program, SYSTEM, hasher.digestOf(values));
    }

    function test_a_proven_output_becomes_a_limit() public {
        SheafProofs.Place memory place = prove(5000 << 8);
        vm.prank(STRANGER);
        lender.setLimit(BORROWER, features(), one(5000 << 8), place);
        assertEq(lender.limitOf(BORROWER), 5000);
        vm.prank(BORROWER);
        lender.draw(4000);
        assertEq(lender.limitOf(BORROWER), 1000);
        vm.expectRevert(abi.encodeWithSelector(CreditLimits.BeyondLimit.selector, 1001, 1000));
        vm.prank(BORROWER);
        lender.draw(1001);
    }

    function test_a_negative_output_is_no_limit() public {
        SheafProofs.Place memory place = prove(-5);
        lender.setLimit(BORROWER, features(), one(-5), place);
        assertEq(lender.limitOf(BORROWER), 0);
    }

    /// Attack: another output than the one that was proven.
    function test_an_output_that_was_not_proven_is_refused() public {
        SheafProofs.Place memory place = prove(5000);
        vm.expectRevert();
        lender.setLimit(BORROWER, features(), one(5001), place);
    }

    /// Attack: bring the statement again, to draw again.
    function test_a_statement_acts_once() public {
        SheafProofs.Place memory place = prove(5000 << 8);
        lender.setLimit(BORROWER, features(), one(5000 << 8), place);
        bytes32 leaf = Batches.leaf(program, digestOf(5000 << 8), bytes32(SYSTEM));
        vm.expectRevert(abi.encodeWithSelector(CreditLimits.AlreadyActed.selector, leaf));
        lender.setLimit(BORROWER, features(), one(5000 << 8), place);
        // A new assessment makes room for a new decision, also for the same one.
        assess(BORROWER);
        lender.setLimit(BORROWER, features(), one(5000 << 8), place);
    }

    function digestOf(int64 output) private view returns (bytes32) {
        int64[] memory values = new int64[](5);
        for (uint256 i; i < 4; ++i) {
            values[i] = features()[i];
        }
        values[4] = output;
        return hasher.digestOf(values);
    }

    /// Attack: a proven statement about somebody else's features.
    function test_features_of_another_are_refused() public {
        SheafProofs.Place memory place = prove(5000);
        vm.expectRevert(abi.encodeWithSelector(CreditLimits.OtherFeatures.selector, STRANGER));
        lender.setLimit(STRANGER, features(), one(5000), place);
    }

    /// Attack: cut the same values into inputs and outputs at another place.
    function test_values_cut_elsewhere_are_refused() public {
        SheafProofs.Place memory place = prove(5000);
        int64[] memory inputs = new int64[](3);
        int64[] memory outputs = new int64[](2);
        vm.expectRevert(abi.encodeWithSelector(CreditLimits.WrongLength.selector, 3, 2));
        lender.setLimit(BORROWER, inputs, outputs, place);
    }

    function test_only_the_assessor_assesses() public {
        vm.expectRevert(abi.encodeWithSelector(CreditLimits.NotAssessor.selector, STRANGER));
        vm.prank(STRANGER);
        lender.assess(STRANGER, 0);
    }

    function test_nothing_acts_after_a_freeze() public {
        SheafProofs.Place memory place = prove(5000);
        freeze();
        vm.expectRevert(
            abi.encodeWithSelector(
                SheafProofs.NotProven.selector, place.root, Batches.leaf(program, digestOf(5000), bytes32(SYSTEM))
            )
        );
        lender.setLimit(BORROWER, features(), one(5000), place);
    }
}

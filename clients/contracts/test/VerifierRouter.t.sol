// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { VerifierRouter } from "../src/VerifierRouter.sol";
import { RouterErrors } from "../src/errors/RouterErrors.sol";
import { IBatchVerifier } from "../src/interfaces/IBatchVerifier.sol";
import { IVerifierRouter } from "../src/interfaces/IVerifierRouter.sol";
import { Settled } from "./support/Settled.sol";
import { Gullible } from "./support/Verifiers.sol";

contract VerifierRouterTest is Settled {
    bytes4 private constant NEW = 0x11223344;

    function propose(bytes4 name) private returns (Gullible added) {
        added = new Gullible(name);
        vm.prank(OWNER);
        assertEq(router.propose(added), name);
    }

    function status(bytes4 name, IVerifierRouter.Status expected) private view {
        assertEq(uint256(router.statusOf(name)), uint256(expected));
    }

    function test_initial_verifiers_are_in_force() public view {
        assertEq(address(router.getVerifier(selector)), address(verifier));
        status(selector, IVerifierRouter.Status.Active);
        assertFalse(router.isFrozen(selector), "frozen");
    }

    function testFuzz_a_verifier_comes_into_force_after_the_delay_and_not_before(uint256 early) public {
        Gullible added = propose(NEW);
        uint64 from = uint64(block.timestamp) + DELAY;
        status(NEW, IVerifierRouter.Status.Pending);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.VerifierPending.selector, NEW, from));
        router.getVerifier(NEW);

        vm.warp(block.timestamp + early % DELAY);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.TimelockRunning.selector, NEW, from, block.timestamp));
        vm.prank(OWNER);
        router.activate(NEW);

        vm.warp(from);
        vm.expectEmit(true, true, true, true);
        emit IVerifierRouter.VerifierActivated(NEW, address(added));
        vm.prank(OWNER);
        router.activate(NEW);
        assertEq(address(router.getVerifier(NEW)), address(added));
    }

    function test_only_the_owner_adds() public {
        Gullible added = new Gullible(NEW);
        for (uint256 i; i < 2; ++i) {
            address caller = i == 0 ? GUARDIAN : STRANGER;
            vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotOwner.selector, caller));
            vm.prank(caller);
            router.propose(added);
        }
        propose(0x55667788);
        vm.warp(block.timestamp + DELAY);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotOwner.selector, GUARDIAN));
        vm.prank(GUARDIAN);
        router.activate(0x55667788);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotOwner.selector, STRANGER));
        vm.prank(STRANGER);
        router.setGuardian(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotOwner.selector, STRANGER));
        vm.prank(STRANGER);
        router.offerOwnership(STRANGER);
    }

    function test_only_owner_and_guardian_freeze_and_cancel() public {
        propose(NEW);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotGuardian.selector, STRANGER));
        vm.prank(STRANGER);
        router.freeze(selector);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotGuardian.selector, STRANGER));
        vm.prank(STRANGER);
        router.cancel(NEW);
        vm.prank(OWNER);
        router.freeze(selector);
        vm.prank(GUARDIAN);
        router.cancel(NEW);
    }

    function test_a_freeze_is_at_once_and_for_ever() public {
        vm.expectEmit(true, true, true, true);
        emit IVerifierRouter.VerifierFrozen(selector, GUARDIAN);
        freeze();
        assertTrue(router.isFrozen(selector), "frozen");
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.VerifierIsFrozen.selector, selector));
        router.getVerifier(selector);

        vm.expectRevert(abi.encodeWithSelector(RouterErrors.VerifierIsFrozen.selector, selector));
        vm.prank(OWNER);
        router.freeze(selector);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotPending.selector, selector));
        vm.prank(OWNER);
        router.activate(selector);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotPending.selector, selector));
        vm.prank(OWNER);
        router.cancel(selector);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.SelectorTaken.selector, selector));
        vm.prank(OWNER);
        router.propose(verifier);
    }

    /// Attack: another verifier under the name of one that is in force, pending or frozen.
    function test_a_selector_is_never_reused() public {
        Gullible impostor = new Gullible(selector);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.SelectorTaken.selector, selector));
        vm.prank(OWNER);
        router.propose(impostor);

        propose(NEW);
        Gullible second = new Gullible(NEW);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.SelectorTaken.selector, NEW));
        vm.prank(OWNER);
        router.propose(second);

        vm.prank(GUARDIAN);
        router.freeze(NEW);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.SelectorTaken.selector, NEW));
        vm.prank(OWNER);
        router.propose(second);
    }

    function test_what_was_cancelled_may_be_proposed_again_and_waits_again() public {
        propose(NEW);
        vm.warp(block.timestamp + DELAY);
        vm.prank(GUARDIAN);
        router.cancel(NEW);
        status(NEW, IVerifierRouter.Status.Unknown);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotPending.selector, NEW));
        vm.prank(OWNER);
        router.activate(NEW);
        propose(NEW);
        vm.expectRevert();
        vm.prank(OWNER);
        router.activate(NEW);
    }

    /// Attack: propose a verifier, and have other code at its address or another name when it comes into force.
    function test_what_changed_since_it_was_proposed_is_refused() public {
        Gullible added = propose(NEW);
        vm.warp(block.timestamp + DELAY);
        added.rename(0x99999999);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.VerifierChanged.selector, NEW));
        vm.prank(OWNER);
        router.activate(NEW);
        added.rename(NEW);
        vm.etch(address(added), abi.encodePacked(address(added).code, bytes1(0)));
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.VerifierChanged.selector, NEW));
        vm.prank(OWNER);
        router.activate(NEW);
    }

    function test_an_unknown_selector_is_neither_found_nor_frozen() public {
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.UnknownVerifier.selector, NEW));
        router.getVerifier(NEW);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.UnknownVerifier.selector, NEW));
        vm.prank(OWNER);
        router.freeze(NEW);
    }

    function test_selector_zero_is_refused() public {
        Gullible added = new Gullible(0);
        vm.expectRevert(RouterErrors.ZeroSelector.selector);
        vm.prank(OWNER);
        router.propose(added);
    }

    function test_ownership_is_taken_only_by_whom_it_was_offered() public {
        vm.prank(OWNER);
        router.offerOwnership(GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotCandidate.selector, STRANGER));
        vm.prank(STRANGER);
        router.acceptOwnership();
        assertEq(router.owner(), OWNER);
        vm.prank(GUARDIAN);
        router.acceptOwnership();
        assertEq(router.owner(), GUARDIAN);
        vm.expectRevert(abi.encodeWithSelector(RouterErrors.NotCandidate.selector, GUARDIAN));
        vm.prank(GUARDIAN);
        router.acceptOwnership();
        vm.prank(GUARDIAN);
        router.setGuardian(STRANGER);
        assertEq(router.guardian(), STRANGER);
    }

    function test_a_router_has_an_owner() public {
        vm.expectRevert(RouterErrors.ZeroAddress.selector);
        new VerifierRouter(address(0), GUARDIAN, DELAY, new IBatchVerifier[](0));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { RouterErrors } from "./errors/RouterErrors.sol";
import { IBatchVerifier } from "./interfaces/IBatchVerifier.sol";
import { IVerifierRouter } from "./interfaces/IVerifierRouter.sol";

/// Finds verifiers by selector.
///
/// The owner adds verifiers, each after a delay in which everyone can look at it. Owner and guardian freeze one at once,
/// for instance when a bug is found in it. Nobody thaws one or reuses its selector: the mended verifier is a new one.
contract VerifierRouter is IVerifierRouter, RouterErrors {
    /// One slot, so that a look-up reads one.
    struct Entry {
        IBatchVerifier verifier;
        uint64 activeFrom;
        Status status;
    }

    /// Seconds between a proposal and its activation.
    uint64 public immutable delay;

    address public owner;
    address public candidate;
    address public guardian;

    mapping(bytes4 selector => Entry) private _entries;
    /// Hash of the code that was proposed.
    mapping(bytes4 selector => bytes32) private _codeHashes;

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        _;
    }

    modifier onlyOwnerOrGuardian() {
        if (msg.sender != owner && msg.sender != guardian) revert NotGuardian(msg.sender);
        _;
    }

    /// @param delay_ Days on a public chain; a test may have none.
    /// @param initial Verifiers in force from the start: whoever uses the router has seen them.
    constructor(address owner_, address guardian_, uint64 delay_, IBatchVerifier[] memory initial) {
        if (owner_ == address(0)) revert ZeroAddress();
        owner = owner_;
        guardian = guardian_;
        delay = delay_;
        emit OwnershipTransferred(address(0), owner_);
        emit GuardianChanged(address(0), guardian_);
        for (uint256 i; i < initial.length; ++i) {
            bytes4 selector = _propose(initial[i], uint64(block.timestamp));
            _activate(selector);
        }
    }

    /// Proposes a verifier under the selector that it names itself by, and starts its delay.
    function propose(IBatchVerifier verifier) external onlyOwner returns (bytes4 selector) {
        return _propose(verifier, uint64(block.timestamp) + delay);
    }

    /// Takes a proposal back; it may be made again.
    function cancel(bytes4 selector) external onlyOwnerOrGuardian {
        if (_entries[selector].status != Status.Pending) revert NotPending(selector);
        delete _entries[selector];
        delete _codeHashes[selector];
        emit ProposalCancelled(selector);
    }

    /// Puts a proposed verifier in force once its delay is over.
    function activate(bytes4 selector) external onlyOwner {
        Entry storage entry = _entries[selector];
        if (entry.status != Status.Pending) revert NotPending(selector);
        if (block.timestamp < entry.activeFrom) {
            revert TimelockRunning(selector, entry.activeFrom, block.timestamp);
        }
        _activate(selector);
    }

    /// Ends a pending or active verifier at once and for ever: nothing is posted through it any more, and what was posted
    /// is not proven any more.
    function freeze(bytes4 selector) external onlyOwnerOrGuardian {
        Entry storage entry = _entries[selector];
        if (entry.status == Status.Unknown) revert UnknownVerifier(selector);
        if (entry.status == Status.Frozen) revert VerifierIsFrozen(selector);
        entry.status = Status.Frozen;
        emit VerifierFrozen(selector, msg.sender);
    }

    function setGuardian(address guardian_) external onlyOwner {
        emit GuardianChanged(guardian, guardian_);
        guardian = guardian_;
    }

    /// Offers ownership; the candidate has to accept. Offering it to nobody takes an offer back.
    function offerOwnership(address candidate_) external onlyOwner {
        candidate = candidate_;
        emit OwnershipOffered(owner, candidate_);
    }

    function acceptOwnership() external {
        if (msg.sender != candidate) revert NotCandidate(msg.sender);
        emit OwnershipTransferred(owner, msg.sender);
        owner = msg.sender;
        candidate = address(0);
    }

    function getVerifier(bytes4 selector) external view returns (IBatchVerifier) {
        Entry memory entry = _entries[selector];
        if (entry.status == Status.Active) return entry.verifier;
        if (entry.status == Status.Frozen) revert VerifierIsFrozen(selector);
        if (entry.status == Status.Pending) revert VerifierPending(selector, entry.activeFrom);
        revert UnknownVerifier(selector);
    }

    /// In assembly, since every read of the registry asks it: 190 gas less than `statusOf(selector) == Status.Frozen`.
    function isFrozen(bytes4 selector) external view returns (bool frozen) {
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x20, _entries.slot)
            // Status stands above verifier and activeFrom, and Frozen is 3.
            frozen := eq(shr(224, sload(keccak256(0x00, 0x40))), 3)
        }
    }

    function statusOf(bytes4 selector) external view returns (Status) {
        return _entries[selector].status;
    }

    /// What is known of a selector, also when it is pending or frozen.
    function entryOf(bytes4 selector) external view returns (Entry memory) {
        return _entries[selector];
    }

    function _propose(IBatchVerifier verifier, uint64 activeFrom) private returns (bytes4 selector) {
        selector = verifier.selector();
        if (selector == bytes4(0)) revert ZeroSelector();
        if (_entries[selector].status != Status.Unknown) revert SelectorTaken(selector);
        _entries[selector] = Entry({ verifier: verifier, activeFrom: activeFrom, status: Status.Pending });
        _codeHashes[selector] = address(verifier).codehash;
        emit VerifierProposed(selector, address(verifier), activeFrom);
    }

    function _activate(bytes4 selector) private {
        IBatchVerifier verifier = _entries[selector].verifier;
        // What was looked at during the delay is what comes into force.
        if (address(verifier).codehash != _codeHashes[selector] || verifier.selector() != selector) {
            revert VerifierChanged(selector);
        }
        _entries[selector].status = Status.Active;
        emit VerifierActivated(selector, address(verifier));
    }
}

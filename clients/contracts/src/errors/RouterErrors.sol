// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// What the router refuses.
interface RouterErrors {
    error UnknownVerifier(bytes4 selector);
    error VerifierPending(bytes4 selector, uint64 activeFrom);
    error VerifierIsFrozen(bytes4 selector);
    /// The selector is pending or active, or was once.
    error SelectorTaken(bytes4 selector);
    error NotPending(bytes4 selector);
    error TimelockRunning(bytes4 selector, uint64 activeFrom, uint256 now_);
    /// The verifier's code or selector is not what was proposed.
    error VerifierChanged(bytes4 selector);
    /// Zero is what an empty record holds.
    error ZeroSelector();
    error NotOwner(address caller);
    error NotGuardian(address caller);
    error NotCandidate(address caller);
    error ZeroAddress();
}

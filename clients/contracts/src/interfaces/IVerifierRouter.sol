// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchVerifier } from "./IBatchVerifier.sol";

/// Which verifiers are in force. A selector goes from unknown to pending to active to frozen, and never back, except that
/// what is pending may be cancelled.
interface IVerifierRouter {
    enum Status {
        Unknown,
        Pending,
        Active,
        Frozen
    }

    event VerifierProposed(bytes4 indexed selector, address indexed verifier, uint64 activeFrom);
    event ProposalCancelled(bytes4 indexed selector);
    event VerifierActivated(bytes4 indexed selector, address indexed verifier);
    event VerifierFrozen(bytes4 indexed selector, address indexed by);
    event GuardianChanged(address indexed previous, address indexed current);
    event OwnershipOffered(address indexed owner, address indexed candidate);
    event OwnershipTransferred(address indexed previous, address indexed current);

    /// The verifier in force under a selector. Reverts with `UnknownVerifier`, `VerifierPending` or `VerifierIsFrozen`.
    function getVerifier(bytes4 selector) external view returns (IBatchVerifier);

    /// Whether a selector was frozen. What is frozen stays so.
    function isFrozen(bytes4 selector) external view returns (bool);

    function statusOf(bytes4 selector) external view returns (Status);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// What a verifier refuses. Inherited, so that the errors are in the verifier's ABI also where assembly raises them.
interface VerifierErrors {
    /// The batch ends before its list of runs does, or has other than the bytes its runs call for.
    error BatchLength(uint256 received, uint256 expected);
    /// No statements.
    error EmptyBatch();
    /// A run of no statements.
    error EmptyRun(uint256 run);
    /// More statements than a batch may have.
    error TooManyLeaves(uint256 received, uint256 maximum);
    /// The commitment, a program id or a public inputs digest has an element that is not below the Goldilocks modulus.
    error NonCanonicalDigest();
    /// The pairing check fails, or a coordinate of the proof is not one.
    error InvalidProof();
    /// A point of the key is not on its curve, not in its subgroup, or at infinity.
    error InvalidKey();
    /// gamma equals delta: the key is from a setup whose second phase nobody ran, and anyone can forge under it.
    error UnsafeKey();
}

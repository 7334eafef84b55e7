// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

/// Computes the public inputs digest of a statement from its public values, as a proof does.
///
/// A program's public values are its inputs, if they are public, or the four elements of their commitment, if they are
/// committed; then its outputs. Numbers are fixed point, at the program's scale.
interface IPublicInputs {
    /// A number whose magnitude is above (p - 1) / 2: two such numbers would mean one element.
    error ValueOutOfRange(uint256 position);
    /// An element that is not below p.
    error ElementNotCanonical(uint256 position);

    /// The digest of signed values; a negative one stands for p less its magnitude.
    function digestOf(int64[] calldata values) external pure returns (bytes32);

    /// The digest of values that are elements already, for instance of a commitment followed by outputs.
    function digestOfElements(uint256[] calldata elements) external pure returns (bytes32);
}

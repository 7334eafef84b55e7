// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchRegistry } from "../interfaces/IBatchRegistry.sol";
import { IPublicInputs } from "../interfaces/IPublicInputs.sol";

/// What the adapters share: they answer another system's question by asking the batch registry.
///
/// An adapter proves nothing and keeps nothing. Where the other system takes proof bytes, it takes
/// `abi.encode(root, index, path)`: where in which batch the statement stands. Where the other system takes a program's key,
/// it takes a program id. Public values are the program's, in its order (see `IPublicInputs`).
abstract contract Adapter {
    /// Order of BN254's groups: what a scalar is below.
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    IBatchRegistry public immutable batches;
    IPublicInputs public immutable hasher;
    /// The proof system's id, then zeros.
    bytes32 public immutable context;

    /// The hasher failed without saying why: too little gas, most likely. Neither yes nor no.
    error HasherFailed();

    constructor(IBatchRegistry batches_, IPublicInputs hasher_, bytes4 system) {
        batches = batches_;
        hasher = hasher_;
        context = bytes32(system);
    }

    /// Whether a statement stands where the proof bytes say. False also for bytes that are no place.
    function _isProven(bytes32 programId, bytes32 digest, bytes calldata proof) internal view returns (bool) {
        (bool fits, bytes32 root, uint256 index, bytes32[] calldata path) = _place(proof);
        return fits && batches.isProven(root, programId, digest, context, index, path);
    }

    /// Reads `abi.encode(root, index, path)`, in just this encoding.
    function _place(bytes calldata proof)
        internal
        pure
        returns (bool fits, bytes32 root, uint256 index, bytes32[] calldata path)
    {
        assembly ("memory-safe") {
            path.offset := add(proof.offset, 0x80)
            path.length := 0
            let length := calldataload(add(proof.offset, 0x60))
            fits := and(
                and(gt(proof.length, 0x7f), lt(length, 33)),
                and(eq(calldataload(add(proof.offset, 0x40)), 0x60), eq(proof.length, add(0x80, shl(5, length))))
            )
            if fits {
                root := calldataload(proof.offset)
                index := calldataload(add(proof.offset, 0x20))
                path.length := length
            }
        }
    }

    /// The digest of numbers of 32 bytes each, as `abi.encode(int64, ..)` writes them. Not fit if one has a larger magnitude
    /// than (p - 1) / 2, or the bytes are not whole words.
    function _digestOfWords(bytes memory words) internal view returns (bool fits, bytes32 digest) {
        if (words.length % 32 != 0) return (false, 0);
        return _ask(abi.encodePacked(IPublicInputs.digestOf.selector, uint256(32), words.length / 32, words));
    }

    /// The digest of numbers given as BN254 scalars, a negative one as r less its magnitude, which is how circuits over
    /// BN254 have them. Not fit if one has a larger magnitude than (p - 1) / 2, so that a statement has one such form.
    function _digestOfScalars(uint256[] calldata scalars) internal view returns (bool fits, bytes32 digest) {
        uint256[] memory words = new uint256[](scalars.length);
        for (uint256 i; i < scalars.length; ++i) {
            uint256 scalar = scalars[i];
            if (scalar >= R) return (false, 0);
            unchecked {
                words[i] = scalar > R / 2 ? scalar - R : scalar;
            }
        }
        return _ask(abi.encodeWithSelector(IPublicInputs.digestOf.selector, words));
    }

    /// Asks the hasher; a refusal of values is an answer.
    function _ask(bytes memory call) internal view returns (bool fits, bytes32 digest) {
        bytes memory answer;
        (fits, answer) = address(hasher).staticcall(call);
        if (fits && answer.length == 32) return (true, abi.decode(answer, (bytes32)));
        if (fits || answer.length < 4) revert HasherFailed();
        return (false, 0);
    }
}

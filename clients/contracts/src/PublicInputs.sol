// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { PoseidonGoldilocks } from "./generated/PoseidonGoldilocks.sol";
import { IPublicInputs } from "./interfaces/IPublicInputs.sol";

/// Sheaf's tagged hash of public values: Poseidon over Goldilocks as a sponge of rate 8 in overwrite mode, whose capacity starts
/// as (tag, length, 0, 0). A contract of its own, because it is 15 KB of code; it keeps nothing, and one is enough on a chain.
contract PublicInputs is IPublicInputs, PoseidonGoldilocks {
    uint256 private constant P = 0xFFFFFFFF00000001;
    /// (p - 1) / 2
    uint256 private constant HALF = 0x7FFFFFFF80000000;
    /// "shf:pubs"
    uint256 private constant TAG = 0x7368663a70756273;
    uint256 private constant RATE = 8;

    function digestOf(int64[] calldata values) external pure returns (bytes32) {
        uint256 data;
        assembly ("memory-safe") {
            data := values.offset
        }
        return _digest(data, values.length, true);
    }

    function digestOfElements(uint256[] calldata elements) external pure returns (bytes32) {
        uint256 data;
        assembly ("memory-safe") {
            data := elements.offset
        }
        return _digest(data, elements.length, false);
    }

    /// Memory is this function's and the permutation's alone.
    function _digest(uint256 data, uint256 length, bool signed) private pure returns (bytes32 digest) {
        assembly {
            // Elements 8 and 9 are the fifth word.
            mstore(0x80, 0)
            mstore(0xa0, 0)
            mstore(0xc0, 0)
            mstore(0xe0, 0)
            mstore(0x100, or(TAG, shl(85, length)))
            mstore(0x120, 0)
        }
        uint256 done;
        do {
            uint256 bad = _absorb(data + 32 * done, _min(length - done, RATE), signed);
            if (bad != RATE) {
                if (signed) revert ValueOutOfRange(done + bad);
                revert ElementNotCanonical(done + bad);
            }
            _permute();
            done += RATE;
        } while (done < length);
        assembly {
            function element(lane) -> e {
                e := mod(and(lane, 0x1fffffffffffffffffffff), P)
            }
            let low := mload(0x80)
            let high := mload(0xa0)
            digest := or(shl(192, element(low)), shl(128, element(shr(85, low))))
            digest := or(digest, or(shl(64, element(high)), element(shr(85, high))))
        }
    }

    /// Overwrites the first elements of the state. Returns the position of the first that is not fit, or RATE.
    function _absorb(uint256 data, uint256 count, bool signed) private pure returns (uint256 bad) {
        bad = RATE;
        assembly {
            for { let i := 0 } lt(i, count) { i := add(i, 1) } {
                let value := calldataload(add(data, shl(5, i)))
                let fits := lt(value, P)
                if signed {
                    // From -HALF to HALF; what is not the 64-bit number that it should be is far outside.
                    fits := lt(add(value, HALF), P)
                    value := add(value, mul(P, shr(255, value)))
                }
                if iszero(fits) {
                    bad := i
                    break
                }
                let slot := add(0x80, shl(4, and(i, 6)))
                switch and(i, 1)
                case 0 { mstore(slot, or(shl(85, shr(85, mload(slot))), value)) }
                default { mstore(slot, or(and(mload(slot), 0x1fffffffffffffffffffff), shl(85, value))) }
            }
        }
    }

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}

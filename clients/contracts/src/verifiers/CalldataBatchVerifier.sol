// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchVerifier } from "../interfaces/IBatchVerifier.sol";
import { Groth16Key, Groth16Verifier } from "./Groth16Verifier.sol";

/// Checks a batch whose statements stand in calldata. A Groth16 proof over BN254 says that all of them were proven;
/// a random evaluation ties the statements to the proof, so that no keccak256 is hashed in a circuit.
///
/// A batch, tightly packed, big-endian, without a byte to spare:
///
///     0    A (x, y), B (x.c1, x.c0, y.c1, y.c0), C (x, y)    256 bytes; every coordinate below the field's modulus
///     256  commitment c: four Goldilocks elements             32 bytes
///     288  how many runs                                      2 bytes
///     290  for each run: programId, system, count             32 + 4 + 4 bytes; count >= 1
///     ...  for each statement: publicInputsDigest             32 bytes; 1 to 4096 of them
///
/// A statement is nine Goldilocks elements: the system, four of the program, four of the public inputs. The proof commits
/// to the list of them by c, a hash that only the circuit computes. Given r, drawn from c and the list here, both sides
/// evaluate the list as a polynomial s(r) over F_p[X]/(X^2 - 7). Two different lists agree with probability below
/// (9 n + 1) / 2^120.
contract CalldataBatchVerifier is IBatchVerifier, Groth16Verifier {
    /// First word under every seed.
    bytes32 public constant BINDING_TAG = keccak256("sheaf/calldata-binding/v1");
    uint256 public constant MAX_LEAVES = 4096;

    /// keccak256(abi.encode("sheaf/verifier/calldata/v1", key)).
    bytes32 public immutable keyDigest;

    constructor(Groth16Key memory key) Groth16Verifier(key) {
        keyDigest = keccak256(abi.encode("sheaf/verifier/calldata/v1", key));
    }

    /// The first four bytes of `keyDigest`.
    function selector() external view returns (bytes4) {
        return bytes4(keyDigest);
    }

    function verifyBatch(bytes calldata batch) external view returns (bytes32 root, uint32 size) {
        uint256 leaves = _count(batch);
        uint256 x1;
        uint256 x2;
        (root, x1, x2) = _evaluate(batch, leaves);
        _verify(batch, x1, x2);
        size = uint32(leaves); // at most MAX_LEAVES
    }

    /// Counts the statements, and sees to it that the batch has the length that its runs call for.
    function _count(bytes calldata batch) private pure returns (uint256 leaves) {
        if (batch.length < 290) revert BatchLength(batch.length, 290);
        uint256 runs;
        assembly ("memory-safe") {
            runs := shr(240, calldataload(add(batch.offset, 288)))
        }
        uint256 expected = 290 + 40 * runs;
        if (batch.length < expected) revert BatchLength(batch.length, expected);
        for (uint256 run; run < runs; ++run) {
            uint256 count;
            assembly ("memory-safe") {
                // The last four bytes of the run.
                count := and(calldataload(add(add(batch.offset, 298), mul(run, 40))), 0xFFFFFFFF)
            }
            if (count == 0) revert EmptyRun(run);
            leaves += count;
        }
        if (leaves == 0) revert EmptyBatch();
        if (leaves > MAX_LEAVES) revert TooManyLeaves(leaves, MAX_LEAVES);
        expected += 32 * leaves;
        if (batch.length != expected) revert BatchLength(batch.length, expected);
    }

    /// Draws r, evaluates the statements at it, and builds their tree: 4,100 gas and 500 a statement.
    ///
    /// Memory from 0x80 is this function's alone: nothing was allocated before it is called, and nothing that it leaves
    /// there is read later. So its addresses are literals, which saves a tenth of what a statement costs.
    ///
    ///     0x000  zero byte, inner hash: what a leaf is the hash of
    ///     0x080  programId, publicInputsDigest, context: what an inner hash is the hash of
    ///     0x0e0  r .. r^9, two words each; r^5 and r^7 less 2^64 times the next. Then 7 times the second word of r^9
    ///     0x340  TAG, c, n, runs, digests: what the seed is the hash of. Later in place of TAG, c, n: s, and whether an
    ///            element is not canonical; in place of the digests the leaves, then level upon level of nodes
    function _evaluate(bytes calldata batch, uint256 leaves)
        private
        pure
        returns (bytes32 root, uint256 x1, uint256 x2)
    {
        bytes32 tag = BINDING_TAG;
        bool misfit;
        assembly {
            // Whether an element of a word is p = 2^64 - 2^32 + 1 or more. Just those carry when 2^32 - 1 is added; a carry
            // out of an element is one into the lowest bit of the next, which otherwise flips.
            function isMisfit(w) -> yes {
                let sum := add(w, 0x00000000FFFFFFFF00000000FFFFFFFF00000000FFFFFFFF00000000FFFFFFFF)
                yes := or(
                    lt(sum, w),
                    and(not(xor(sum, w)), 0x0000000000000001000000000000000100000000000000010000000000000000)
                )
            }

            // Takes 2^64 times the coordinate of the next power from that of a power. Modulo p, -2^64 is p - 2^32 + 1.
            function lower(slot) {
                mstore(slot, mod(add(mload(slot), mul(0xFFFFFFFE00000002, mload(add(slot, 0x40)))), 0xFFFFFFFF00000001))
            }

            // Writes r .. r^9, and what `absorb` wants in place of r^5 and r^7. Sums of products of two elements, both below 2^64, are far from overflowing.
            function writePowers(r0, r1) {
                mstore(0xe0, r0)
                mstore(0x100, r1)
                let seven := mul(7, r1)
                let q0 := r0
                let q1 := r1
                for { let at := 0x120 } lt(at, 0x320) { at := add(at, 0x40) } {
                    let t := mod(add(mul(q0, r0), mul(q1, seven)), 0xFFFFFFFF00000001)
                    q1 := mod(add(mul(q0, r1), mul(q1, r0)), 0xFFFFFFFF00000001)
                    q0 := t
                    mstore(at, q0)
                    mstore(add(at, 0x20), q1)
                }
                mstore(0x320, mul(7, q1))
                lower(0x1e0)
                lower(0x200)
                lower(0x260)
                lower(0x280)
            }

            // The part of every statement of a run that is the same: system + program_0 r + .. + program_3 r^4.
            function prefix(program, system) -> k0, k1 {
                let d := shr(192, program)
                k0 := add(system, mul(d, mload(0xe0)))
                k1 := mul(d, mload(0x100))
                d := and(shr(128, program), 0xFFFFFFFFFFFFFFFF)
                k0 := add(k0, mul(d, mload(0x120)))
                k1 := add(k1, mul(d, mload(0x140)))
                d := and(shr(64, program), 0xFFFFFFFFFFFFFFFF)
                k0 := add(k0, mul(d, mload(0x160)))
                k1 := add(k1, mul(d, mload(0x180)))
                d := and(program, 0xFFFFFFFFFFFFFFFF)
                k0 := add(k0, mul(d, mload(0x1a0)))
                k1 := add(k1, mul(d, mload(0x1c0)))
            }

            // Takes the digests from `from` to `end` into s, and puts leaves in their places: 490 gas each.
            //
            // A word is w = d0 2^192 + d1 2^128 + d2 2^64 + d3. Of its halves h = d0 2^64 + d1 and l = d2 2^64 + d3 no lower
            // part has to be cut out: d0 r^5 + d1 r^6 = d0 (r^5 - 2^64 r^6) + h r^6, and l likewise. Of what is added up
            // nothing is above 2^192. `kept` loses a bit for each carry that `isMisfit` looks for; bit 0, which nothing
            // carries into, stands for the one out of the word.
            function absorb(from, end, k0, k1) -> kept {
                let a0 := mload(0x340)
                let a1 := mload(0x360)
                kept := not(0)
                for { } lt(from, end) { from := add(from, 0x20) } {
                    let w := mload(from)
                    mstore(0xa0, w)
                    {
                        let sum := add(w, 0x00000000FFFFFFFF00000000FFFFFFFF00000000FFFFFFFF00000000FFFFFFFF)
                        kept := and(kept, xor(xor(sum, w), lt(sum, w)))
                    }
                    let h := shr(128, w)
                    let d0 := shr(192, w)
                    let l := and(w, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF)
                    let d2 := shr(64, l)
                    // Nested to the right, so that the stack holds one sum.
                    let t :=
                        mod(
                            add(
                                mul(l, mload(0x2a0)),
                                add(
                                    mul(d2, mload(0x260)),
                                    add(
                                        mul(h, mload(0x220)),
                                        add(
                                            mul(d0, mload(0x1e0)),
                                            add(mul(a1, mload(0x320)), add(mul(a0, mload(0x2e0)), k0))
                                        )
                                    )
                                )
                            ),
                            0xFFFFFFFF00000001
                        )
                    a1 := mod(
                        add(
                            mul(l, mload(0x2c0)),
                            add(
                                mul(d2, mload(0x280)),
                                add(
                                    mul(h, mload(0x240)),
                                    add(
                                        mul(d0, mload(0x200)),
                                        add(mul(a1, mload(0x2e0)), add(mul(a0, mload(0x300)), k1))
                                    )
                                )
                            )
                        ),
                        0xFFFFFFFF00000001
                    )
                    a0 := t
                    mstore(0x01, keccak256(0x80, 0x60))
                    mstore(from, keccak256(0x00, 0x21))
                }
                mstore(0x340, a0)
                mstore(0x360, a1)
            }

            // The root over `count` leaves from `base`: 120 gas a node. What a node is the hash of begins one byte before
            // its children; that byte is the last of a child that was hashed already, or of the runs.
            function climb(base, count) -> top {
                for { } gt(count, 1) { count := shr(1, add(count, 1)) } {
                    let from := sub(base, 1)
                    let end := add(from, shl(5, and(count, not(1))))
                    let to := base
                    for { } lt(from, end) { from := add(from, 0x40) } {
                        mstore8(from, 1)
                        mstore(to, keccak256(from, 0x41))
                        to := add(to, 0x20)
                    }
                    // An odd one moves up as it is.
                    if and(count, 1) { mstore(to, mload(add(from, 1))) }
                }
                top := mload(base)
            }

            mstore(0x340, tag)
            mstore(0x360, calldataload(add(batch.offset, 256)))
            mstore(0x380, leaves)
            calldatacopy(0x3a0, add(batch.offset, 288), sub(batch.length, 288))
            {
                let seed := keccak256(0x340, sub(batch.length, 192)) // three words, and all from 288
                writePowers(and(seed, 0x0FFFFFFFFFFFFFFF), and(shr(60, seed), 0x0FFFFFFFFFFFFFFF))
            }

            misfit := isMisfit(mload(0x360))
            mstore(0x340, leaves)
            mstore(0x360, 0)
            mstore(0x00, 0)
            let base := sub(add(batch.length, 0x280), shl(5, leaves)) // 0x3a0 - 288 = 0x280
            let run := add(batch.offset, 290)
            for { let at := base } lt(at, add(batch.length, 0x280)) { run := add(run, 40) } {
                let program := calldataload(run)
                let tail := calldataload(add(run, 8))
                let end := add(at, shl(5, and(tail, 0xFFFFFFFF)))
                tail := and(shr(32, tail), 0xFFFFFFFF)
                mstore(0x80, program)
                mstore(0xc0, shl(224, tail))
                {
                    let k0, k1 := prefix(program, tail)
                    let kept := absorb(at, end, k0, k1)
                    kept := iszero(
                        eq(
                            and(kept, 0x0000000000000001000000000000000100000000000000010000000000000001),
                            0x0000000000000001000000000000000100000000000000010000000000000001
                        )
                    )
                    misfit := or(misfit, or(isMisfit(program), kept))
                }
                at := end
            }
            root := climb(base, leaves)

            // x1: c0, c1, c2, r0; x2: c3, s0, s1, r1; the first of each in the lowest bits.
            let c := calldataload(add(batch.offset, 256))
            x1 := or(
                or(shr(192, c), and(shr(64, c), 0xFFFFFFFFFFFFFFFF0000000000000000)),
                or(and(shl(64, c), 0xFFFFFFFFFFFFFFFF00000000000000000000000000000000), shl(192, mload(0xe0)))
            )
            x2 := or(
                or(and(c, 0xFFFFFFFFFFFFFFFF), shl(64, mload(0x340))),
                or(shl(128, mload(0x360)), shl(192, mload(0x100)))
            )
        }
        if (misfit) revert NonCanonicalDigest();
    }
}

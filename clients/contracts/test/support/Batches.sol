// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Trapdoor } from "./Trapdoor.sol";

/// Statements of one program in a batch.
struct Run {
    bytes32 program;
    bytes4 system;
    bytes32[] digests;
}

/// Batches, written once more in the plainest way: what the contracts are compared with.
library Batches {
    uint256 internal constant P = 0xFFFFFFFF00000001;

    /// A batch with a proof under `Trapdoor.key()`.
    function encode(bytes32 commitment, Run[] memory runs, uint256 salt) internal view returns (bytes memory) {
        bytes memory list = listing(runs);
        (uint256 x1, uint256 x2) = publicInputs(commitment, runs, list);
        uint256[8] memory proof = Trapdoor.prove(x1, x2, salt);
        return abi.encodePacked(proof, commitment, list);
    }

    /// A batch from its parts, with the proof that the contract will look for: also when the parts are not in order.
    function encodeRaw(bytes32 commitment, bytes memory list) internal pure returns (bytes memory) {
        uint256[8] memory proof;
        return abi.encodePacked(proof, commitment, list);
    }

    /// What stands from byte 288.
    function listing(Run[] memory runs) internal pure returns (bytes memory list) {
        list = abi.encodePacked(uint16(runs.length));
        for (uint256 i; i < runs.length; ++i) {
            list = abi.encodePacked(list, runs[i].program, runs[i].system, uint32(runs[i].digests.length));
        }
        for (uint256 i; i < runs.length; ++i) {
            list = abi.encodePacked(list, runs[i].digests);
        }
    }

    function size(Run[] memory runs) internal pure returns (uint256 count) {
        for (uint256 i; i < runs.length; ++i) {
            count += runs[i].digests.length;
        }
    }

    /// The two public inputs, by Horner's rule over the elements one by one.
    function publicInputs(bytes32 commitment, Run[] memory runs, bytes memory list)
        internal
        pure
        returns (uint256 x1, uint256 x2)
    {
        uint256 n = size(runs);
        uint256 seed = uint256(keccak256(abi.encodePacked(keccak256("sheaf/calldata-binding/v1"), commitment, n, list)));
        uint256[2] memory r = [seed % (1 << 60), (seed >> 60) % (1 << 60)];
        uint256[2] memory s = evaluate(runs, r);
        uint256[4] memory c = elements(commitment);
        x1 = c[0] + (c[1] << 64) + (c[2] << 128) + (r[0] << 192);
        x2 = c[3] + (s[0] << 64) + (s[1] << 128) + (r[1] << 192);
    }

    function evaluate(Run[] memory runs, uint256[2] memory r) internal pure returns (uint256[2] memory a) {
        uint256[2][10] memory powers;
        powers[0] = [uint256(1), 0];
        for (uint256 j = 1; j < 10; ++j) {
            powers[j] = product(powers[j - 1], r);
        }
        a[0] = size(runs);
        for (uint256 i; i < runs.length; ++i) {
            for (uint256 k; k < runs[i].digests.length; ++k) {
                uint256[4] memory p = elements(runs[i].program);
                uint256[4] memory d = elements(runs[i].digests[k]);
                uint256[9] memory e = [uint256(uint32(runs[i].system)), p[0], p[1], p[2], p[3], d[0], d[1], d[2], d[3]];
                a = product(a, powers[9]);
                for (uint256 j; j < 9; ++j) {
                    a[0] = addmod(a[0], mulmod(e[j], powers[j][0], P), P);
                    a[1] = addmod(a[1], mulmod(e[j], powers[j][1], P), P);
                }
            }
        }
    }

    function product(uint256[2] memory a, uint256[2] memory b) internal pure returns (uint256[2] memory) {
        return [
            addmod(mulmod(a[0], b[0], P), mulmod(7, mulmod(a[1], b[1], P), P), P),
            addmod(mulmod(a[0], b[1], P), mulmod(a[1], b[0], P), P)
        ];
    }

    function elements(bytes32 word) internal pure returns (uint256[4] memory) {
        uint256 w = uint256(word);
        return [w >> 192, (w >> 128) & type(uint64).max, (w >> 64) & type(uint64).max, w & type(uint64).max];
    }

    /// The nearest canonical digest to a random word.
    function digest(bytes32 word) internal pure returns (bytes32) {
        uint256[4] memory e = elements(word);
        return bytes32((e[0] % P) << 192 | (e[1] % P) << 128 | (e[2] % P) << 64 | (e[3] % P));
    }

    /// `count` digests that differ.
    function digests(uint256 count, uint256 salt) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            list[i] = digest(keccak256(abi.encode("digest", salt, i)));
        }
    }

    /// One run.
    function run(uint256 count, uint256 salt) internal pure returns (Run[] memory runs) {
        runs = new Run[](1);
        runs[0] = Run(digest(keccak256(abi.encode("program", salt))), bytes4(0x00000001), digests(count, salt));
    }

    /// Runs as random as a seed.
    function random(uint256 seed, uint256 maxRuns, uint256 maxCount) internal pure returns (Run[] memory runs) {
        runs = new Run[](seed % maxRuns + 1);
        for (uint256 i; i < runs.length; ++i) {
            bytes32 word = keccak256(abi.encode(seed, i));
            runs[i] = Run(digest(word), bytes4(word), digests(uint256(word) % maxCount + 1, uint256(word)));
        }
    }

    function leaf(bytes32 program, bytes32 digest_, bytes32 context) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(bytes1(0), keccak256(abi.encode(program, digest_, context))));
    }

    function leaves(Run[] memory runs) internal pure returns (bytes32[] memory list) {
        list = new bytes32[](size(runs));
        uint256 next;
        for (uint256 i; i < runs.length; ++i) {
            for (uint256 k; k < runs[i].digests.length; ++k) {
                list[next++] = leaf(runs[i].program, runs[i].digests[k], bytes32(runs[i].system));
            }
        }
    }

    /// Root, and index and path of the leaf at a position.
    function tree(bytes32[] memory level, uint256 position)
        internal
        pure
        returns (bytes32 root, uint256 index, bytes32[] memory path)
    {
        path = new bytes32[](0);
        while (level.length > 1) {
            uint256 sibling = position ^ 1;
            if (sibling < level.length) {
                index |= (position & 1) << path.length;
                path = push(path, level[sibling]);
            }
            bytes32[] memory above = new bytes32[]((level.length + 1) / 2);
            for (uint256 i; i < above.length; ++i) {
                above[i] = 2 * i + 1 < level.length
                    ? keccak256(abi.encodePacked(bytes1(0x01), level[2 * i], level[2 * i + 1]))
                    : level[2 * i];
            }
            level = above;
            position /= 2;
        }
        root = level[0];
    }

    function push(bytes32[] memory list, bytes32 last) internal pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i; i < list.length; ++i) {
            longer[i] = list[i];
        }
        longer[list.length] = last;
    }
}

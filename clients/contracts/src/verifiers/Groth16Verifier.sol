// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { VerifierErrors } from "../errors/VerifierErrors.sol";

/// A Groth16 verifying key over BN254 for two public inputs. Points of G2 as EIP-197 wants them: x.c1, x.c0, y.c1, y.c0.
struct Groth16Key {
    uint256[2] alpha;
    uint256[4] beta;
    uint256[4] gamma;
    uint256[4] delta;
    uint256[2][3] ic;
}

/// The pairing check of Groth16 under one key, which is part of the code.
abstract contract Groth16Verifier is VerifierErrors {
    /// Modulus of the field that coordinates are in.
    uint256 private constant Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583;

    // The check is e(A, B) e(-alpha, beta) e(vk_x, -gamma) e(C, -delta) = 1: what is negated is the key's, once and for
    // all, so that the proof goes to the precompile as it came and the precompile refuses coordinates of Q and above.
    uint256 private immutable NEG_ALPHA_X;
    uint256 private immutable NEG_ALPHA_Y;
    uint256 private immutable BETA_0;
    uint256 private immutable BETA_1;
    uint256 private immutable BETA_2;
    uint256 private immutable BETA_3;
    uint256 private immutable NEG_GAMMA_0;
    uint256 private immutable NEG_GAMMA_1;
    uint256 private immutable NEG_GAMMA_2;
    uint256 private immutable NEG_GAMMA_3;
    uint256 private immutable NEG_DELTA_0;
    uint256 private immutable NEG_DELTA_1;
    uint256 private immutable NEG_DELTA_2;
    uint256 private immutable NEG_DELTA_3;
    uint256 private immutable IC0_X;
    uint256 private immutable IC0_Y;
    uint256 private immutable IC1_X;
    uint256 private immutable IC1_Y;
    uint256 private immutable IC2_X;
    uint256 private immutable IC2_Y;

    constructor(Groth16Key memory key) {
        _checkKey(key);
        NEG_ALPHA_X = key.alpha[0];
        NEG_ALPHA_Y = Q - key.alpha[1];
        BETA_0 = key.beta[0];
        BETA_1 = key.beta[1];
        BETA_2 = key.beta[2];
        BETA_3 = key.beta[3];
        NEG_GAMMA_0 = key.gamma[0];
        NEG_GAMMA_1 = key.gamma[1];
        NEG_GAMMA_2 = _negated(key.gamma[2]);
        NEG_GAMMA_3 = _negated(key.gamma[3]);
        NEG_DELTA_0 = key.delta[0];
        NEG_DELTA_1 = key.delta[1];
        NEG_DELTA_2 = _negated(key.delta[2]);
        NEG_DELTA_3 = _negated(key.delta[3]);
        IC0_X = key.ic[0][0];
        IC0_Y = key.ic[0][1];
        IC1_X = key.ic[1][0];
        IC1_Y = key.ic[1][1];
        IC2_X = key.ic[2][0];
        IC2_Y = key.ic[2][1];
    }

    /// Reverts with `InvalidProof` unless the proof holds for two public inputs below the scalar field's modulus.
    /// Overwrites memory from 0x80 to 0x440.
    /// @param proof A, B, C in its first 256 bytes.
    /// 194,500 gas, of which the precompiles take 193,300.
    function _verify(bytes calldata proof, uint256 x1, uint256 x2) internal view {
        _copyKey();
        bool valid = _addInputs(x1, x2);
        assembly {
            // A and B; C
            calldatacopy(0x80, proof.offset, 0xc0)
            calldatacopy(0x2c0, add(proof.offset, 0xc0), 0x40)
            valid := and(valid, staticcall(gas(), 8, 0x80, 0x300, 0x00, 0x20))
            valid := and(valid, eq(mload(0x00), 1))
        }
        if (!valid) revert InvalidProof();
    }

    /// The key's part of the pairing's input, which lies from 0x80: A, B, -alpha, beta, vk_x, -gamma, C, -delta.
    function _copyKey() private view {
        uint256 a = NEG_ALPHA_X;
        uint256 b = NEG_ALPHA_Y;
        uint256 c = BETA_0;
        uint256 d = BETA_1;
        uint256 e = BETA_2;
        uint256 f = BETA_3;
        assembly {
            mstore(0x140, a)
            mstore(0x160, b)
            mstore(0x180, c)
            mstore(0x1a0, d)
            mstore(0x1c0, e)
            mstore(0x1e0, f)
        }
        a = NEG_GAMMA_0;
        b = NEG_GAMMA_1;
        c = NEG_GAMMA_2;
        d = NEG_GAMMA_3;
        assembly {
            mstore(0x240, a)
            mstore(0x260, b)
            mstore(0x280, c)
            mstore(0x2a0, d)
        }
        a = NEG_DELTA_0;
        b = NEG_DELTA_1;
        c = NEG_DELTA_2;
        d = NEG_DELTA_3;
        assembly {
            mstore(0x300, a)
            mstore(0x320, b)
            mstore(0x340, c)
            mstore(0x360, d)
        }
    }

    /// vk_x = ic0 + x1 ic1 + x2 ic2, to 0x200. Works from 0x380 to 0x440.
    function _addInputs(uint256 x1, uint256 x2) private view returns (bool done) {
        uint256 a = IC1_X;
        uint256 b = IC1_Y;
        uint256 c = IC2_X;
        uint256 d = IC2_Y;
        assembly {
            mstore(0x380, a)
            mstore(0x3a0, b)
            mstore(0x3c0, x1)
            done := staticcall(gas(), 7, 0x380, 0x60, 0x380, 0x40)
            mstore(0x3c0, c)
            mstore(0x3e0, d)
            mstore(0x400, x2)
            done := and(done, staticcall(gas(), 7, 0x3c0, 0x60, 0x3c0, 0x40))
            done := and(done, staticcall(gas(), 6, 0x380, 0x80, 0x380, 0x40))
        }
        a = IC0_X;
        b = IC0_Y;
        assembly {
            mstore(0x3c0, a)
            mstore(0x3e0, b)
            done := and(done, staticcall(gas(), 6, 0x380, 0x80, 0x200, 0x40))
        }
    }

    function _checkKey(Groth16Key memory key) private view {
        bool whole = _nonZero(key.alpha) && _nonZero(key.ic[0]) && _nonZero(key.ic[1]) && _nonZero(key.ic[2])
            && _nonZero(key.beta) && _nonZero(key.gamma) && _nonZero(key.delta);
        if (!whole) revert InvalidKey();
        if (keccak256(abi.encode(key.gamma)) == keccak256(abi.encode(key.delta))) revert UnsafeKey();
        // What this product is does not matter: the precompile fails unless every point is on its curve and in its group.
        bytes memory pairs =
            abi.encodePacked(key.alpha, key.beta, key.ic[0], key.gamma, key.ic[1], key.delta, key.ic[2], key.delta);
        (bool valid,) = address(8).staticcall(pairs);
        if (!valid) revert InvalidKey();
    }

    function _nonZero(uint256[2] memory point) private pure returns (bool) {
        return point[0] | point[1] != 0;
    }

    function _nonZero(uint256[4] memory point) private pure returns (bool) {
        return point[0] | point[1] | point[2] | point[3] != 0;
    }

    /// A coordinate below Q, negated. Zero is its own negation.
    function _negated(uint256 coordinate) private pure returns (uint256) {
        return coordinate == 0 ? 0 : Q - coordinate;
    }
}

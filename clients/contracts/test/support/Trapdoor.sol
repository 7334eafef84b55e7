// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Groth16Key } from "../../src/verifiers/Groth16Verifier.sol";

/// A Groth16 key whose secrets everybody knows, so that a test can make a proof of anything. Never a real one.
///
/// With G the generators: alpha = 5 G, ic = 7 G, 11 G, 13 G, beta = G, gamma = 2 G, delta = 3 G. A proof with B = G holds
/// if A = alpha + 2 vk_x + 3 C, whatever C is.
library Trapdoor {
    uint256 internal constant ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint256 private constant GAMMA = 2;
    uint256 private constant DELTA = 3;

    function key() internal view returns (Groth16Key memory k) {
        k.alpha = times(5);
        k.beta = g2();
        k.gamma = [
            14583779054894525174450323658765874724019480979794335525732096752006891875705,
            18029695676650738226693292988307914797657423701064905010927197838374790804409,
            11474861747383700316476719153975578001603231366361248090558603872215261634898,
            2140229616977736810657479771656733941598412651537078903776637920509952744750
        ];
        k.delta = [
            7273165102799931111715871471550377909735733521218303035754523677688038059653,
            2725019753478801796453339367788033689375851816420509565303521482350756874229,
            957874124722006818841961785324909313781880061366718538693995380805373202866,
            2512659008974376214222774206987427162027254181373325676825515531566330959255
        ];
        k.ic = [times(7), times(11), times(13)];
    }

    function g2() internal pure returns (uint256[4] memory) {
        return [
            11559732032986387107991004021392285783925812861821192530917403151452391805634,
            10857046999023057135944570762232829481370756359578518086990519993285655852781,
            4082367875863433681332203403145435568316851327593401208105741076214120093531,
            8495653923123431417604973247489272438418190587263600148770280649306958101930
        ];
    }

    /// A proof of two public inputs; another one for every `salt`.
    function prove(uint256 x1, uint256 x2, uint256 salt) internal view returns (uint256[8] memory proof) {
        uint256 c = salt % (ORDER - 1) + 1;
        uint256 vkx = addmod(7, addmod(mulmod(11, x1, ORDER), mulmod(13, x2, ORDER), ORDER), ORDER);
        uint256 a = addmod(5, addmod(mulmod(GAMMA, vkx, ORDER), mulmod(DELTA, c, ORDER), ORDER), ORDER);
        uint256[2] memory pointA = times(a);
        uint256[4] memory pointB = g2();
        uint256[2] memory pointC = times(c);
        return [pointA[0], pointA[1], pointB[0], pointB[1], pointB[2], pointB[3], pointC[0], pointC[1]];
    }

    /// A multiple of the generator.
    function times(uint256 scalar) internal view returns (uint256[2] memory point) {
        (bool done, bytes memory out) = address(7).staticcall(abi.encode(1, 2, scalar));
        require(done, "ecMul");
        return abi.decode(out, (uint256[2]));
    }
}

// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { Groth16Key, Groth16Verifier } from "../../src/verifiers/Groth16Verifier.sol";

/// Verifies one proof and notes nothing: what verifying each proof alone costs at the least, in this repository's style.
contract LoneGroth16 is Groth16Verifier {
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    error NoScalar();

    constructor(Groth16Key memory key) Groth16Verifier(key) { }

    function verify(bytes calldata proof, uint256 x1, uint256 x2) external view {
        if (x1 >= R || x2 >= R) revert NoScalar();
        if (proof.length != 256) revert BatchLength(proof.length, 256);
        _verify(proof, x1, x2);
    }
}

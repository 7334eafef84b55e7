// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchVerifier } from "../../src/interfaces/IBatchVerifier.sol";

/// Accepts whatever it is given, under any selector: a batch is a root and a size.
contract Gullible is IBatchVerifier {
    bytes4 public selector;

    constructor(bytes4 selector_) {
        selector = selector_;
    }

    function rename(bytes4 selector_) external {
        selector = selector_;
    }

    function verifyBatch(bytes calldata batch) external pure returns (bytes32 root, uint32 size) {
        return abi.decode(batch, (bytes32, uint32));
    }
}

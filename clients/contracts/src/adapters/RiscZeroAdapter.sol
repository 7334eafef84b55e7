// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchRegistry } from "../interfaces/IBatchRegistry.sol";
import { IPublicInputs } from "../interfaces/IPublicInputs.sol";
import { IRiscZeroVerifier } from "../interfaces/external/IRiscZeroVerifier.sol";
import { Adapter } from "./Adapter.sol";

/// Answers like RISC Zero's verifier.
///
/// | RISC Zero      | here                                                                                       |
/// |----------------|--------------------------------------------------------------------------------------------|
/// | imageId        | program id                                                                                 |
/// | journal        | public values, 32 bytes each, as `abi.encode(int64, ..)` writes them                       |
/// | journalDigest  | sha256 of the journal, with a seal that brings the journal; or the public inputs digest    |
/// | seal           | `abi.encode(root, index, path, journal)`; or `abi.encode(root, index, path)`               |
///
/// With the journal in the seal an application need not change: it goes on hashing its journal with SHA-256. Without it the
/// application computes the public inputs digest itself. Neither kind of digest can be passed off as the other: that takes
/// a preimage under SHA-256 or Poseidon.
///
/// Not here: `verifyIntegrity`, since there are no receipt claims, exit codes or assumptions.
contract RiscZeroAdapter is Adapter, IRiscZeroVerifier {
    /// RISC Zero's error, by name.
    error VerificationFailed();

    constructor(IBatchRegistry batches_, IPublicInputs hasher_, bytes4 system) Adapter(batches_, hasher_, system) { }

    function verify(bytes calldata seal, bytes32 imageId, bytes32 journalDigest) external view {
        bool proven;
        if (seal.length >= 0x80 && bytes32(seal[0x40:0x60]) == bytes32(uint256(0x80))) {
            proven = _isJournalProven(seal, imageId, journalDigest);
        } else {
            proven = _isProven(imageId, journalDigest, seal);
        }
        if (!proven) revert VerificationFailed();
    }

    function _isJournalProven(bytes calldata seal, bytes32 imageId, bytes32 journalDigest) private view returns (bool) {
        (bytes32 root, uint256 index, bytes32[] memory path, bytes memory journal) =
            abi.decode(seal, (bytes32, uint256, bytes32[], bytes));
        if (sha256(journal) != journalDigest) return false;
        (bool fits, bytes32 digest) = _digestOfWords(journal);
        return fits && batches.isProven(root, imageId, digest, context, index, path);
    }
}

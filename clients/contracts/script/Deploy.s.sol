// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { BatchRegistry } from "../src/BatchRegistry.sol";
import { PublicInputs } from "../src/PublicInputs.sol";
import { VerifierRouter } from "../src/VerifierRouter.sol";
import { IBatchVerifier } from "../src/interfaces/IBatchVerifier.sol";
import { CalldataBatchVerifier } from "../src/verifiers/CalldataBatchVerifier.sol";
import { Groth16Key } from "../src/verifiers/Groth16Verifier.sol";

interface ScriptVm {
    function startBroadcast() external;
    function stopBroadcast() external;
}

/// Deploys everything that a chain needs once: the verifier of a key, in force from the start, router, registry, hasher.
///
///     forge script script/Deploy.s.sol --sig "run(bytes,address,address,uint64)" KEY OWNER GUARDIAN DELAY --rpc-url URL --broadcast
///
/// KEY is `abi.encode` of a `Groth16Key`: twenty words. DELAY is in seconds: days, on a public chain.
contract Deploy {
    ScriptVm private constant vm = ScriptVm(address(uint160(uint256(keccak256("hevm cheat code")))));

    bool public constant IS_SCRIPT = true;

    function run(bytes calldata key, address owner, address guardian, uint64 delay)
        external
        returns (
            CalldataBatchVerifier verifier,
            VerifierRouter router,
            BatchRegistry registry,
            PublicInputs publicInputs
        )
    {
        vm.startBroadcast();
        verifier = new CalldataBatchVerifier(abi.decode(key, (Groth16Key)));
        IBatchVerifier[] memory initial = new IBatchVerifier[](1);
        initial[0] = verifier;
        router = new VerifierRouter(owner, guardian, delay, initial);
        registry = new BatchRegistry(router);
        publicInputs = new PublicInputs();
        vm.stopBroadcast();
    }
}

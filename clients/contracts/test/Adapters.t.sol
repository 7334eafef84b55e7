// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { PublicInputs } from "../src/PublicInputs.sol";
import { Adapter } from "../src/adapters/Adapter.sol";
import { ERC7992Registry } from "../src/adapters/ERC7992Registry.sol";
import { ERC7992Verifier } from "../src/adapters/ERC7992Verifier.sol";
import { ERC8039Adapter } from "../src/adapters/ERC8039Adapter.sol";
import { EzklAdapter } from "../src/adapters/EzklAdapter.sol";
import { NebraAdapter } from "../src/adapters/NebraAdapter.sol";
import { RiscZeroAdapter } from "../src/adapters/RiscZeroAdapter.sol";
import { SP1Adapter } from "../src/adapters/SP1Adapter.sol";
import { IPublicInputs } from "../src/interfaces/IPublicInputs.sol";
import { IERCZKMLRegistry, IERCZKMLVerifier } from "../src/interfaces/external/IERC7992.sol";
import { IERC8039, IERC8039Schema } from "../src/interfaces/external/IERC8039.sol";
import { INebraUpa, ProofReference } from "../src/interfaces/external/INebraUpa.sol";
import { IRiscZeroVerifier } from "../src/interfaces/external/IRiscZeroVerifier.sol";
import { ISP1Verifier } from "../src/interfaces/external/ISP1Verifier.sol";
import { Batches, Run } from "./support/Batches.sol";
import { Settled } from "./support/Settled.sol";

/// A statement of three numbers is proven; every adapter says so of it, and of no other.
contract AdaptersTest is Settled {
    bytes4 private constant SYSTEM = 0xd5346c8c;
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint64 private constant P = 0xFFFFFFFF00000001;

    PublicInputs private hasher;
    bytes32 private program;
    bytes32 private digest;
    bytes32 private root;
    uint256 private index;
    bytes32[] private path;
    bytes private place;

    function setUp() public override {
        super.setUp();
        hasher = new PublicInputs();
        program = Batches.digest(keccak256("program"));
        digest = hasher.digestOf(numbers());
        (root, index, path) = postStatement(program, SYSTEM, digest);
        place = abi.encode(root, index, path);
    }

    function numbers() private pure returns (int64[] memory list) {
        list = new int64[](3);
        (list[0], list[1], list[2]) = (3, -4, 1 << 40);
    }

    function words() private pure returns (bytes memory) {
        return abi.encode(int64(3), int64(-4), int64(1 << 40));
    }

    function scalars() private pure returns (uint256[] memory list) {
        list = new uint256[](3);
        (list[0], list[1], list[2]) = (3, R - 4, 1 << 40);
    }

    /// The bytes with one number more.
    function changed(bytes memory data) private pure returns (bytes memory) {
        data[31] ^= 0x01;
        return data;
    }

    function test_selectors_are_the_other_systems() public pure {
        assertEq(IRiscZeroVerifier.verify.selector, bytes4(0xab750e75));
        assertEq(ISP1Verifier.verifyProof.selector, bytes4(0x41493c60));
        assertEq(EzklAdapter.verifyProof.selector, bytes4(keccak256("verifyProof(bytes,uint256[])")));
        assertEq(IERC8039.verifyProof.selector, bytes4(keccak256("verifyProof(bytes,bytes)")));
    }

    // NEBRA

    function nebra() private returns (INebraUpa) {
        return new NebraAdapter(registry, hasher, SYSTEM);
    }

    /// Overloads have no `.selector`, so the call is made by its signature.
    function test_nebra_selectors() public {
        address upa = address(nebra());
        ProofReference memory where = ProofReference(root, path, uint16(index));
        string[2] memory circuits = ["bytes32", "uint256"];
        for (uint256 i; i < 2; ++i) {
            string memory name =
                string.concat("isProofVerified(", circuits[i], ",uint256[],(bytes32,bytes32[],uint16))");
            (bool done, bytes memory answer) = upa.call(abi.encodeWithSignature(name, program, scalars(), where));
            assertTrue(done && abi.decode(answer, (bool)), name);
            name = string.concat("isProofVerified(", circuits[i], ",uint256[])");
            (done, answer) = upa.call(abi.encodeWithSignature(name, program, scalars()));
            assertTrue(done && !abi.decode(answer, (bool)), name);
        }
    }

    function test_nebra_by_reference() public {
        INebraUpa upa = nebra();
        ProofReference memory where = ProofReference(root, path, uint16(index));
        assertTrue(upa.isProofVerified(program, scalars(), where), "bytes32");
        assertTrue(upa.isProofVerified(uint256(program), scalars(), where), "uint256");
        uint256[] memory other = scalars();
        other[1] -= 1;
        assertFalse(upa.isProofVerified(program, other, where), "other inputs");
        assertFalse(upa.isProofVerified(bytes32(uint256(program) + 1), scalars(), where), "other circuit");
        where.location ^= 1;
        assertFalse(upa.isProofVerified(program, scalars(), where), "other place");
        assertFalse(upa.isProofVerified(program, scalars()), "no reference");
    }

    function test_nebra_alone() public {
        INebraUpa upa = nebra();
        Run[] memory runs = new Run[](1);
        runs[0] = Run(program, SYSTEM, new bytes32[](1));
        runs[0].digests[0] = digest;
        assertFalse(upa.isProofVerified(program, scalars()), "before");
        post(runs);
        assertTrue(upa.isProofVerified(program, scalars()), "bytes32");
        assertTrue(upa.isProofVerified(uint256(program), scalars()), "uint256");
    }

    /// Attack: the same statement in other words, to pass for another one.
    function test_a_statement_has_one_form_in_scalars() public {
        INebraUpa upa = nebra();
        ProofReference memory where = ProofReference(root, path, uint16(index));
        uint256[4] memory forms = [P - 4, R - 4 + R, type(uint256).max - 3, R + 3];
        for (uint256 i; i < 4; ++i) {
            uint256[] memory other = scalars();
            other[i == 3 ? 0 : 1] = forms[i];
            assertFalse(upa.isProofVerified(program, other, where), "form");
        }
    }

    // RISC Zero

    function test_risc_zero_with_a_journal() public {
        (bytes32 journalDigest, bytes32 otherDigest) = (sha256(words()), sha256(changed(words())));
        RiscZeroAdapter adapter = new RiscZeroAdapter(registry, hasher, SYSTEM);
        bytes memory seal = abi.encode(root, index, path, words());
        adapter.verify(seal, program, journalDigest);
        vm.expectRevert(RiscZeroAdapter.VerificationFailed.selector);
        adapter.verify(seal, program, otherDigest);
        vm.expectRevert(RiscZeroAdapter.VerificationFailed.selector);
        adapter.verify(abi.encode(root, index, path, changed(words())), program, otherDigest);
        vm.expectRevert(RiscZeroAdapter.VerificationFailed.selector);
        adapter.verify(abi.encode(root, index + 1, path, words()), program, journalDigest);
        vm.expectRevert(RiscZeroAdapter.VerificationFailed.selector);
        adapter.verify(seal, digest, journalDigest);
    }

    function test_risc_zero_with_a_digest() public {
        bytes32 journalDigest = sha256(words());
        RiscZeroAdapter adapter = new RiscZeroAdapter(registry, hasher, SYSTEM);
        adapter.verify(place, program, digest);
        vm.expectRevert(RiscZeroAdapter.VerificationFailed.selector);
        adapter.verify(place, program, bytes32(uint256(digest) + 1));
        // What counts is the seal's own journal: a digest of the one kind is not taken for one of the other.
        vm.expectRevert(RiscZeroAdapter.VerificationFailed.selector);
        adapter.verify(place, program, journalDigest);
        vm.expectRevert(RiscZeroAdapter.VerificationFailed.selector);
        adapter.verify(abi.encode(root, index, path, words()), program, digest);
        vm.expectRevert(RiscZeroAdapter.VerificationFailed.selector);
        adapter.verify("", program, digest);
    }

    // SP1

    function test_sp1() public {
        SP1Adapter adapter = new SP1Adapter(registry, hasher, SYSTEM);
        adapter.verifyProof(program, words(), place);
        bytes[4] memory values = [changed(words()), abi.encodePacked(words(), uint8(0)), abi.encode(3, -4), bytes("")];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(SP1Adapter.InvalidProof.selector);
            adapter.verifyProof(program, values[i], place);
        }
        vm.expectRevert(SP1Adapter.InvalidProof.selector);
        adapter.verifyProof(digest, words(), place);
        vm.expectRevert(SP1Adapter.InvalidProof.selector);
        adapter.verifyProof(program, words(), changed(place));
    }

    /// Attack: a number that is not what its element says, so that public values decode to something else.
    function test_sp1_numbers_out_of_range_are_refused() public {
        SP1Adapter adapter = new SP1Adapter(registry, hasher, SYSTEM);
        vm.expectRevert(SP1Adapter.InvalidProof.selector);
        adapter.verifyProof(program, abi.encode(uint256(3), uint256(P - 4), uint256(1 << 40)), place);
    }

    // EZKL

    function test_ezkl() public {
        EzklAdapter adapter = new EzklAdapter(registry, hasher, SYSTEM, program);
        assertTrue(adapter.verifyProof(place, scalars()), "proven");
        uint256[] memory other = scalars();
        other[2] = 0;
        assertFalse(adapter.verifyProof(place, other), "other instances");
        other[2] = R;
        assertFalse(adapter.verifyProof(place, other), "no scalar");
        assertFalse(new EzklAdapter(registry, hasher, SYSTEM, digest).verifyProof(place, scalars()), "other program");
        assertFalse(new EzklAdapter(registry, hasher, 0, program).verifyProof(place, scalars()), "other system");
    }

    /// Attack: bytes that decode to a place in more than one way, or to none.
    function testFuzz_a_place_has_one_encoding(uint256 position, uint8 flip, bytes memory tail) public {
        EzklAdapter adapter = new EzklAdapter(registry, hasher, SYSTEM, program);
        bytes memory bad = place;
        position %= bad.length;
        bad[position] ^= bytes1(flip);
        assertTrue(adapter.verifyProof(bad, scalars()) == (flip == 0), "flipped");
        bool proven = adapter.verifyProof(abi.encodePacked(place, tail), scalars());
        assertTrue(proven == (tail.length == 0), "longer");
        bad = place;
        assembly ("memory-safe") {
            mstore(bad, position)
        }
        assertFalse(adapter.verifyProof(bad, scalars()), "cut");
    }

    /// Attack: starve the hasher of gas, to get a no where there is a yes.
    function test_too_little_gas_is_no_answer() public {
        EzklAdapter adapter = new EzklAdapter(registry, hasher, SYSTEM, program);
        uint256[] memory many = new uint256[](400);
        try adapter.verifyProof{ gas: 1_000_000 }(place, many) {
            assertTrue(false, "answered");
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), Adapter.HasherFailed.selector);
        }
    }

    // ERC-8039

    function test_erc8039() public {
        ERC8039Adapter adapter = new ERC8039Adapter(registry, hasher, SYSTEM, program, "a model");
        assertEq(adapter.verifyProof(words(), place), IERC8039.verifyProof.selector);
        assertEq(adapter.verifyProof(changed(words()), place), bytes4(0));
        assertEq(adapter.verifyProof(words(), ""), bytes4(0));
        assertEq(adapter.verifyProof(abi.encodePacked(words(), uint8(1)), place), bytes4(0));
        assertEq(adapter.verifyProof(abi.encode(uint256(3), uint256(P - 4), uint256(1 << 40)), place), bytes4(0));
        assertEq(keccak256(bytes(adapter.metadata())), keccak256("a model"));
        assertTrue(adapter.supportsInterface(type(IERC8039).interfaceId), "interface");
        assertTrue(adapter.supportsInterface(0x01ffc9a7), "ERC-165");
        assertFalse(adapter.supportsInterface(0xffffffff), "ERC-165");
    }

    function test_erc8039_by_schema() public {
        ERC8039Adapter adapter = new ERC8039Adapter(registry, hasher, SYSTEM, program, "a model");
        bytes32[] memory lanes = new bytes32[](3);
        for (uint256 i; i < 3; ++i) {
            lanes[i] = bytes32(uint256(int256(numbers()[i])));
        }
        assertEq(adapter.isValidProof(adapter.schema(), lanes, place), IERC8039Schema.isValidProof.selector);
        assertEq(adapter.isValidProof(program, lanes, place), bytes4(0));
        lanes[0] = 0;
        assertEq(adapter.isValidProof(adapter.schema(), lanes, place), bytes4(0));
        ERC8039Adapter other = new ERC8039Adapter(registry, hasher, SYSTEM, digest, "another");
        assertTrue(other.schema() != adapter.schema(), "schemas");
    }

    // ERC-7992

    function models() private returns (ERC7992Registry list, ERC7992Verifier asking, uint256 id) {
        list = new ERC7992Registry();
        asking = new ERC7992Verifier(registry, hasher, SYSTEM, list);
        id = list.registerModel(model());
    }

    function model() private view returns (IERCZKMLRegistry.ModelCommitment memory) {
        return IERCZKMLRegistry.ModelCommitment("weights", "circuit", program, SYSTEM, "ipfs://");
    }

    function test_erc7992_verifies_a_committed_input() public {
        (, ERC7992Verifier asking, uint256 id) = models();
        bytes32 commitment = Batches.digest(keccak256("commitment"));
        bytes memory output = abi.encode(int64(-7), int64(9));
        uint256[] memory elements = new uint256[](6);
        for (uint256 i; i < 4; ++i) {
            elements[i] = Batches.elements(commitment)[i];
        }
        (elements[4], elements[5]) = (P - 7, 9);
        bytes32[] memory way;
        bytes32 top;
        uint256 position;
        (top, position, way) = postStatement(program, SYSTEM, hasher.digestOfElements(elements));
        bytes memory proof = abi.encode(top, position, way);

        vm.expectEmit(true, true, true, true);
        emit IERCZKMLVerifier.InferenceVerified(id, commitment, output, address(this));
        asking.verifyInference(id, commitment, output, proof);
        assertEq(asking.proofSystemOf(id), SYSTEM);

        bytes4 invalid = IERCZKMLVerifier.InvalidProof.selector;
        vm.expectRevert(invalid);
        asking.verifyInference(id, bytes32(uint256(commitment) + 1), output, proof);
        vm.expectRevert(invalid);
        asking.verifyInference(id, commitment, abi.encode(int64(-7), int64(10)), proof);
        vm.expectRevert(invalid);
        asking.verifyInference(id, commitment, abi.encodePacked(output, uint8(0)), proof);
        vm.expectRevert(invalid);
        asking.verifyInference(id, commitment, abi.encode(uint256(P - 7), uint256(9)), proof);
        vm.expectRevert(invalid);
        asking.verifyInference(id, bytes32(type(uint256).max), output, proof);
        vm.expectRevert(invalid);
        asking.verifyInference(id, commitment, output, place);
    }

    function test_erc7992_refuses_what_it_cannot_check() public {
        (ERC7992Registry list, ERC7992Verifier asking, uint256 id) = models();
        IERCZKMLRegistry.ModelCommitment memory other = model();
        other.proofSystemId = 0x11223344;
        uint256 foreign = list.registerModel(other);
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLVerifier.UnsupportedProofSystem.selector, bytes4(0x11223344)));
        asking.verifyInference(foreign, 0, "", "");
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLRegistry.ModelNotFound.selector, 99));
        asking.verifyInference(99, 0, "", "");
        list.deprecateModel(id);
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLVerifier.VerificationRefused_ModelDeprecated.selector, id));
        asking.verifyInference(id, 0, "", "");
    }

    /// Attack: swap the program under an id that others have pinned.
    function test_erc7992_an_update_changes_no_program() public {
        (ERC7992Registry list,, uint256 id) = models();
        IERCZKMLRegistry.ModelCommitment memory other = model();
        other.uri = "https://";
        list.updateModel(id, other);
        (IERCZKMLRegistry.ModelCommitment memory now_,, address owner) = list.getModel(id);
        assertEq(keccak256(bytes(now_.uri)), keccak256("https://"));
        assertEq(owner, address(this));
        for (uint256 i; i < 4; ++i) {
            other = model();
            if (i == 0) other.vkHash = 0;
            else if (i == 1) other.modelHash = 0;
            else if (i == 2) other.circuitHash = 0;
            else other.proofSystemId = 0;
            vm.expectRevert(abi.encodeWithSelector(ERC7992Registry.CommitmentIsFixed.selector, id));
            list.updateModel(id, other);
        }
    }

    function test_erc7992_a_model_is_its_owners() public {
        (ERC7992Registry list,, uint256 id) = models();
        bytes memory refusal = abi.encodeWithSelector(IERCZKMLRegistry.NotModelOwner.selector, id, STRANGER);
        vm.expectRevert(refusal);
        vm.prank(STRANGER);
        list.updateModel(id, model());
        vm.expectRevert(refusal);
        vm.prank(STRANGER);
        list.deprecateModel(id);
        list.deprecateModel(id);
        (, bool deprecated,) = list.getModel(id);
        assertTrue(deprecated, "deprecated");
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLRegistry.ModelIsDeprecated.selector, id));
        list.deprecateModel(id);
        vm.expectRevert(abi.encodeWithSelector(IERCZKMLRegistry.ModelIsDeprecated.selector, id));
        list.updateModel(id, model());
        assertEq(list.registerModel(model()), id + 1);
        assertTrue(list.supportsInterface(type(IERCZKMLRegistry).interfaceId), "interface");
    }

    /// A freeze reaches the adapters, since all of them ask the registry.
    function test_a_freeze_reaches_the_adapters() public {
        EzklAdapter ezkl = new EzklAdapter(registry, hasher, SYSTEM, program);
        SP1Adapter sp1 = new SP1Adapter(registry, hasher, SYSTEM);
        freeze();
        assertFalse(ezkl.verifyProof(place, scalars()), "frozen");
        vm.expectRevert(SP1Adapter.InvalidProof.selector);
        sp1.verifyProof(program, words(), place);
    }
}

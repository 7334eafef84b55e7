// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IBatchRegistry } from "../interfaces/IBatchRegistry.sol";
import { IPublicInputs } from "../interfaces/IPublicInputs.sol";
import { SheafProofs } from "../libraries/SheafProofs.sol";

/// An example of a consumer: a lender whose credit limits are a model's to set. It moves no money.
///
/// An assessor says which features a borrower has. The model, pinned by its program id, makes a limit of them, and anyone
/// brings its answer here, trusted or not: it counts because the registry says that it was proven. What every consumer has to
/// see to, and where this one does:
///
/// 1. which program (`programId`): a proof of another model is a proof of nothing here;
/// 2. whose inputs (`assessmentOf`): a proof does not say where its inputs come from;
/// 3. how many inputs and outputs (`inputCount`, `outputCount`): or one list of values could be cut in two ways;
/// 4. once (`acted`): a statement stays proven for ever, and may stand in many batches; its leaf is its name in all of them;
/// 5. what the numbers mean: fixed point, with `scaleBits` bits behind the point.
contract CreditLimits {
    struct Assessment {
        bytes32 features;
        uint64 round;
    }

    struct Terms {
        bytes32 programId;
        bytes4 system;
        uint32 inputCount;
        uint32 outputCount;
        uint8 scaleBits;
    }

    IBatchRegistry public immutable registry;
    IPublicInputs public immutable publicInputs;
    address public immutable assessor;
    bytes32 public immutable programId;
    bytes32 public immutable context;
    uint256 public immutable inputCount;
    uint256 public immutable outputCount;
    uint256 public immutable scaleBits;

    /// The features' hash, keccak256(abi.encode(int64[])), and how often the borrower was assessed.
    mapping(address borrower => Assessment) public assessmentOf;
    /// What a borrower may still draw, in whole units.
    mapping(address borrower => uint256) public limitOf;
    /// Which statement has acted for which borrower's which assessment.
    mapping(bytes32 => bool) public acted;

    event Assessed(address indexed borrower, bytes32 features, uint64 round);
    event LimitSet(address indexed borrower, uint256 limit, bytes32 indexed leaf);
    event Drawn(address indexed borrower, uint256 amount);

    error NotAssessor(address caller);
    error OtherFeatures(address borrower);
    error WrongLength(uint256 inputs, uint256 outputs);
    error AlreadyActed(bytes32 leaf);
    error BeyondLimit(uint256 amount, uint256 limit);

    constructor(IBatchRegistry registry_, IPublicInputs publicInputs_, address assessor_, Terms memory terms) {
        registry = registry_;
        publicInputs = publicInputs_;
        assessor = assessor_;
        programId = terms.programId;
        context = SheafProofs.contextOf(terms.system);
        inputCount = terms.inputCount;
        outputCount = terms.outputCount;
        scaleBits = terms.scaleBits;
    }

    /// Says which features a borrower has; a new assessment makes room for a new decision.
    function assess(address borrower, bytes32 features) external {
        if (msg.sender != assessor) revert NotAssessor(msg.sender);
        uint64 round = assessmentOf[borrower].round + 1;
        assessmentOf[borrower] = Assessment(features, round);
        emit Assessed(borrower, features, round);
    }

    /// Sets a borrower's limit to the first output of a proven inference; a negative one is no limit at all.
    function setLimit(
        address borrower,
        int64[] calldata inputs,
        int64[] calldata outputs,
        SheafProofs.Place calldata place
    ) external {
        if (inputs.length != inputCount || outputs.length != outputCount) {
            revert WrongLength(inputs.length, outputs.length);
        }
        Assessment memory assessment = assessmentOf[borrower];
        if (keccak256(abi.encode(inputs)) != assessment.features) revert OtherFeatures(borrower);

        SheafProofs.Statement memory statement = SheafProofs.Statement({
            programId: programId, publicInputsDigest: publicInputs.digestOf(_joined(inputs, outputs)), context: context
        });
        SheafProofs.requireProven(registry, statement, place);

        bytes32 leaf = SheafProofs.leafOf(statement);
        bytes32 act = keccak256(abi.encode(leaf, borrower, assessment.round));
        if (acted[act]) revert AlreadyActed(leaf);
        acted[act] = true;

        uint256 limit = outputs[0] < 0 ? 0 : uint256(int256(outputs[0])) >> scaleBits;
        limitOf[borrower] = limit;
        emit LimitSet(borrower, limit, leaf);
    }

    /// Uses some of the caller's limit. A lender would pay out here.
    function draw(uint256 amount) external {
        uint256 limit = limitOf[msg.sender];
        if (amount > limit) revert BeyondLimit(amount, limit);
        limitOf[msg.sender] = limit - amount;
        emit Drawn(msg.sender, amount);
    }

    /// Public values: inputs, then outputs.
    function _joined(int64[] calldata inputs, int64[] calldata outputs) private pure returns (int64[] memory values) {
        values = new int64[](inputs.length + outputs.length);
        for (uint256 i; i < inputs.length; ++i) {
            values[i] = inputs[i];
        }
        for (uint256 i; i < outputs.length; ++i) {
            values[inputs.length + i] = outputs[i];
        }
    }
}

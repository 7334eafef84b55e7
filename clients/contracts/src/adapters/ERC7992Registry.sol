// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import { IERC165 } from "../interfaces/external/IERC165.sol";
import { IERCZKMLRegistry } from "../interfaces/external/IERC7992.sol";

/// The registry of ERC-7992 (draft). Anyone registers models; an id is never given twice.
///
/// `vkHash` is the program id, `proofSystemId` the system's (ERC-7992 and Sheaf name systems in the same way). `modelHash`,
/// `circuitHash` and `uri` are the owner's word: nothing here checks them.
///
/// The draft leaves to an implementation what an update may change. Here it is the `uri` alone: who pinned a model id pinned
/// a program, and another program is another model.
contract ERC7992Registry is IERCZKMLRegistry, IERC165 {
    struct Model {
        ModelCommitment commitment;
        address owner;
        bool deprecated;
    }

    /// An update that changes more than the `uri`.
    error CommitmentIsFixed(uint256 modelId);

    /// The last id that was given; the first is 1.
    uint256 public models;

    mapping(uint256 modelId => Model) private _models;

    modifier onlyModelOwner(uint256 modelId) {
        address owner = _models[modelId].owner;
        if (owner == address(0)) revert ModelNotFound(modelId);
        if (owner != msg.sender) revert NotModelOwner(modelId, msg.sender);
        _;
    }

    function registerModel(ModelCommitment calldata commitment) external returns (uint256 modelId) {
        modelId = ++models;
        _models[modelId] = Model({ commitment: commitment, owner: msg.sender, deprecated: false });
        emit ModelRegistered(modelId, msg.sender, commitment);
    }

    function updateModel(uint256 modelId, ModelCommitment calldata newCommitment) external onlyModelOwner(modelId) {
        Model storage model = _models[modelId];
        if (model.deprecated) revert ModelIsDeprecated(modelId);
        ModelCommitment memory old = model.commitment;
        bool same = old.modelHash == newCommitment.modelHash && old.circuitHash == newCommitment.circuitHash
            && old.vkHash == newCommitment.vkHash && old.proofSystemId == newCommitment.proofSystemId;
        if (!same) revert CommitmentIsFixed(modelId);
        model.commitment.uri = newCommitment.uri;
        emit ModelUpdated(modelId, old, newCommitment);
    }

    function deprecateModel(uint256 modelId) external onlyModelOwner(modelId) {
        Model storage model = _models[modelId];
        if (model.deprecated) revert ModelIsDeprecated(modelId);
        model.deprecated = true;
        emit ModelDeprecated(modelId);
    }

    function getModel(uint256 modelId)
        external
        view
        returns (ModelCommitment memory commitment, bool deprecated, address owner)
    {
        Model storage model = _models[modelId];
        if (model.owner == address(0)) revert ModelNotFound(modelId);
        return (model.commitment, model.deprecated, model.owner);
    }

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERCZKMLRegistry).interfaceId || interfaceId == type(IERC165).interfaceId;
    }
}

"""Compares two answers: what differs by nature gets a common name, all else must be equal."""

from __future__ import annotations

import base64
import json
from typing import Any

from tests.integration.conformance_world import World

_NUMBERS = {
    "absoluteSlot",
    "blockHeight",
    "blockTime",
    "contextSlot",
    "lastValidBlockHeight",
    "parent",
    "parentSlot",
    "root",
    "slot",
    "slotIndex",
    "subscription",
    "transactionCount",
    "transactionIndex",
}
"""Members that count slots, blocks, seconds or votes: of the same type on every node, not the same value."""
_HASHES = {"blockhash", "previousBlockhash", "recentBlockhash", "identity"}
_VOTE_PROGRAM = "Vote111111111111111111111111111111111111111"
_VOTE_BYTES = bytes.fromhex("0761481d357474bb7c4d7624ebd3bdb3d8355e73d11043fc0da3538000000000")
_UNORDERED = {"getProgramAccounts", "getTokenAccountsByOwner", "getTokenAccountsByDelegate"}
_NUMBER_METHODS = {"getSlot", "getBlockHeight", "getTransactionCount", "getBlockTime"}
_SLOT_LISTS = {"getBlocks"}
_HASH_METHODS = {"getGenesisHash"}

Difference = tuple[str, Any, Any]


def normal(world: World, method: str, answer: Any) -> Any:
    """An answer without what differs from node to node by nature."""
    answer = json.loads(json.dumps(answer))
    result = answer.get("result") if isinstance(answer, dict) else None
    if result is not None:
        if method in _NUMBER_METHODS and isinstance(result, int):
            answer["result"] = "<number>"
        elif method in _HASH_METHODS:
            answer["result"] = "<hash>"
        elif method in _SLOT_LISTS and result and result[0] > 0:
            answer["result"] = [slot - result[0] for slot in result]
        elif method == "getRecentPrioritizationFees":
            # How far it looks back is a matter of time, and what others paid is 0 here: compared is the form.
            answer["result"] = [{**each, "prioritizationFee": "<number>"} for each in result[-1:]]
        elif method in _UNORDERED:
            listed = result["value"] if isinstance(result, dict) else result
            listed.sort(key=lambda item: item["pubkey"])
        elif method == "getBlock":
            _without_votes(world, result)
    return _named(world, answer, "")


def _without_votes(world: World, block: dict[str, Any]) -> None:
    """Only the validator votes, and pays its leader."""
    if "transactions" in block:
        block["transactions"] = [each for each in block["transactions"] if not _is_vote(each)]
    if "signatures" in block:
        block["signatures"] = [each for each in block["signatures"] if each in world.labels]


def _is_vote(transaction: dict[str, Any]) -> bool:
    body = transaction["transaction"]
    if isinstance(body, list):
        return _VOTE_BYTES in base64.b64decode(body[0])
    return _VOTE_PROGRAM in json.dumps(body)


def _named(world: World, value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return {name: _named(world, member, name) for name, member in value.items()}
    if isinstance(value, list):
        if key == "transaction" and len(value) == 2:
            return ["<bytes>", value[1]]
        return [_named(world, member, key) for member in value]
    if isinstance(value, int) and not isinstance(value, bool) and key in _NUMBERS:
        return "<number>"
    if isinstance(value, str):
        if key in _HASHES:
            return "<hash>"
        # The data of an instruction that names a slot: 13 bytes, of which base58 makes more or fewer characters.
        if key == "data" and value.startswith("1111") and 12 <= len(value) <= 19:
            return "<data with a slot>"
        for text, label in world.labels.items():
            value = value.replace(text, label)
    return value


def differences(ours: Any, theirs: Any, path: str = "") -> list[Difference]:
    """Every place where two answers differ in a member, a type or a value."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = []
        for name in sorted(set(ours) | set(theirs)):
            here = f"{path}.{name}" if path else name
            if name not in ours or name not in theirs:
                found.append((here, ours.get(name, "<absent>"), theirs.get(name, "<absent>")))
            else:
                found += differences(ours[name], theirs[name], here)
        return found
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        found = []
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            found += differences(*pair, f"{path}.{index}")
        return found
    same_type = type(ours) is type(theirs)
    return [] if same_type and ours == theirs else [(path, ours, theirs)]

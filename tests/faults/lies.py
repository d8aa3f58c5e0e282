"""What a node can get wrong in what it says: blocks left out, forks, pages, transactions that are not as they were."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import Any

import based58

from tests.faults.proxy import Asked, Fault, Reply


def edited(method: str, change: Callable[[Asked, Any, Random], Any]) -> Fault:
    """The result of a method, changed."""

    async def edit(asked: Asked, reply: Reply, random: Random) -> None:
        if asked.method == method and b'"result"' in reply.body:
            reply.say(asked.id, change(asked, reply.result, random))

    return edit


def unlisted(slot: int) -> Fault:
    """getBlocks leaves a slot out."""
    return edited("getBlocks", lambda asked, slots, random: [listed for listed in slots if listed != slot])


def listing(change: Callable[[list[int]], list[int]]) -> Fault:
    """getBlocks answers with other slots."""
    return edited("getBlocks", lambda asked, slots, random: change(slots))


def block(slot: int, change: Callable[[dict[str, Any]], Any]) -> Fault:
    """The block of a slot, changed."""
    return edited("getBlock", lambda asked, found, random: change(found) if asked.slot == slot else found)


def blocks(change: Callable[[dict[str, Any], Random], Any]) -> Fault:
    """Every block, changed."""
    return edited("getBlock", lambda asked, found, random: change(found, random))


def swapped(one: int, other: int) -> Fault:
    """Two blocks, each in the answer of the other."""

    async def swap(asked: Asked, reply: Reply, random: Random) -> None:
        if asked.method == "getBlock" and asked.slot in (one, other):
            instead = other if asked.slot == one else one
            reply.say(asked.id, await asked.truth("getBlock", instead, *asked.params[1:]))

    return swap


def repeated(slot: int, of: int) -> Fault:
    """The block of another slot once more."""

    async def repeat(asked: Asked, reply: Reply, random: Random) -> None:
        if asked.method == "getBlock" and asked.slot == slot:
            reply.say(asked.id, await asked.truth("getBlock", of, *asked.params[1:]))

    return repeat


def fork(since: int, name: str = "fork") -> Fault:
    """Another chain from a slot on: other hashes, and each block without its last transaction."""

    def other(real: str) -> str:
        return based58.b58encode(sha256(f"{name} {real}".encode()).digest()).decode()

    def change(asked: Asked, found: dict[str, Any], random: Random) -> dict[str, Any]:
        if asked.slot >= since:
            found["blockhash"] = other(found["blockhash"])
            if "transactions" in found:
                found["transactions"] = found["transactions"][:-1]
            if found["parentSlot"] >= since:
                found["previousBlockhash"] = other(found["previousBlockhash"])
        return found

    return edited("getBlock", change)


def final_until(tip: int) -> Fault:
    """Nothing after a slot is final yet; all of it is confirmed."""
    return _held_back(tip, only_final=True)


def confirmed_until(tip: int) -> Fault:
    """The chain goes no further than a slot."""
    return _held_back(tip, only_final=False)


def _held_back(tip: int, *, only_final: bool) -> Fault:
    async def hold_back(asked: Asked, reply: Reply, random: Random) -> None:
        options = next((param for param in asked.params if isinstance(param, dict)), {})
        if only_final and options.get("commitment", "finalized") != "finalized":
            return
        if asked.method == "getSlot":
            reply.say(asked.id, min(reply.result, tip))
        elif asked.method == "getBlocks":
            reply.say(asked.id, [slot for slot in reply.result if slot <= tip])
        elif asked.method == "getBlock" and asked.slot > tip:
            reply.refuse(asked.id, -32004, f"Block not available for slot {asked.slot}")

    return hold_back


def pages_of(length: int) -> Fault:
    """getSignaturesForAddress gives so many at once at most, as if they were a thousand."""
    return edited("getSignaturesForAddress", lambda asked, page, random: page[:length])


def newest_page(unknown: Callable[[str], bool]) -> Fault:
    """For a `before` or `until` that the node does not know it answers as if nothing had been given."""

    async def forget(asked: Asked, reply: Reply, random: Random) -> None:
        if asked.method != "getSignaturesForAddress":
            return
        options = dict(asked.params[1]) if len(asked.params) > 1 else {}
        given = [name for name in ("before", "until") if unknown(str(options.get(name, "")))]
        if given:
            for name in given:
                options.pop(name)
            reply.say(asked.id, await asked.truth(asked.method, asked.params[0], options))

    return forget
